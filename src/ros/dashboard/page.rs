//! The page itself: one file with everything that it needs, and a word to the browser that nothing else belongs to it.

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("page.html");

/// The page, which may run its own script and ask its own server, may load nothing else, and may not be put into
/// another.
pub(super) struct Page {
    policy: HeaderValue,
}

impl Page {
    /// The page.
    pub fn new() -> Self {
        let digest = base64::encode(Sha256::digest(script().as_bytes()));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src blob: data:; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let policy = HeaderValue::try_from(policy);
        Self {
            policy: policy.expect("letters, digits and signs of ASCII"),
        }
    }

    /// It as a response.
    pub fn response(&self) -> Response {
        let headers = [(header::CONTENT_SECURITY_POLICY, self.policy.clone())];
        (headers, Html(PAGE)).into_response()
    }
}

/// What the browser runs, to the byte.
fn script() -> &'static str {
    let (_, rest) = PAGE.split_once("<script>").unwrap_or_default();
    rest.split_once("</script>").unwrap_or_default().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_one_script_and_loads_nothing_from_elsewhere() {
        assert!(script().len() > 1000);
        assert_eq!(PAGE.matches("<script").count(), 1);
        for outside in [
            "http://",
            "https://",
            "//cdn",
            "src=\"",
            "@import",
            "innerHTML",
        ] {
            assert!(!PAGE.contains(outside), "{outside}");
        }
    }
}
