//! Who may ask: everyone who knows the token, from a page of ours.
//!
//! A browser asks on behalf of whatever page is open in it. Three things keep other pages out: they cannot read our
//! answers (no CORS), cannot send our header without being asked for permission that they never get, and cannot pass
//! for us under a name of theirs that leads to this machine (DNS rebinding), for without a token only names of this
//! machine count.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, header};
use sha2::{Digest, Sha256};

/// The header that our page sends with everything but its own first request.
pub(super) const HEADER: &str = "x-late-fusion";

/// What is asked of those who ask.
pub(super) struct Access {
    /// The digest of the token, so that comparing takes equally long whatever was guessed.
    token: Option<[u8; 32]>,
    /// Whether only this machine can connect.
    is_local: bool,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The token is missing or wrong.
    Token,
    /// It is not a page of ours that asks.
    Page(&'static str),
}

impl Access {
    /// For a page that is served on this address, to those who know the token, if there is one.
    pub fn new(address: IpAddr, token: Option<&str>) -> Self {
        Self {
            token: token.map(digest),
            is_local: address.is_loopback(),
        }
    }

    /// Whether a browser may be given the page itself, which tells nothing of the robot.
    pub fn may_open(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let host = text(headers, header::HOST.as_str()).ok_or(Refused::Page("no Host"))?;
        match self.is_local && self.token.is_none() && !is_this_machine(host) {
            true => Err(Refused::Page(
                "the host is not a name of this machine; without dashboard.token only localhost and 127.0.0.1 are",
            )),
            false => Ok(()),
        }
    }

    /// Whether the page may ask this.
    pub fn may_ask(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refused> {
        self.may_open(headers)?;
        if let Some(origin) = text(headers, header::ORIGIN.as_str()) {
            let host = text(headers, header::HOST.as_str()).unwrap_or_default();
            let ours = ["http://", "https://"].map(|scheme| format!("{scheme}{host}"));
            if !ours.iter().any(|ours| ours.eq_ignore_ascii_case(origin)) {
                return Err(Refused::Page("another page asks (Origin)"));
            }
        }
        if let Some(site) = text(headers, "sec-fetch-site")
            && !matches!(site, "same-origin" | "none")
        {
            return Err(Refused::Page("another page asks (Sec-Fetch-Site)"));
        }
        if *method != Method::GET && text(headers, HEADER).is_none() {
            return Err(Refused::Page("the header X-Late-Fusion is missing"));
        }
        let Some(token) = &self.token else {
            return Ok(());
        };
        let given = text(headers, header::AUTHORIZATION.as_str());
        let given = given.and_then(|given| given.strip_prefix("Bearer "));
        match given.is_some_and(|given| digest(given) == *token) {
            true => Ok(()),
            false => Err(Refused::Token),
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether a `Host`, with or without a port, can only be this machine.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        let entry = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        given.iter().map(entry).collect()
    }

    #[test]
    fn without_a_token_only_names_of_this_machine_count() {
        let access = Access::new("127.0.0.1".parse().unwrap(), None);
        for (host, is_ours) in [
            ("127.0.0.1:8650", true),
            ("127.0.0.1", true),
            ("localhost:9000", true),
            ("LOCALHOST", true),
            ("[::1]:8650", true),
            ("evil.example:8650", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("192.168.1.2:8650", false),
            ("", false),
        ] {
            let asked = headers(&[("host", host), (HEADER, "1")]);
            let answer = access.may_ask(&Method::POST, &asked);
            assert_eq!(answer.is_ok(), is_ours, "{host}: {answer:?}");
        }
        assert!(access.may_open(&HeaderMap::new()).is_err());
    }

    #[test]
    fn other_pages_are_refused_whatever_they_know() {
        let access = Access::new("0.0.0.0".parse().unwrap(), Some(TOKEN));
        let known = [
            ("host", "robot:8650"),
            ("authorization", "Bearer 0123456789abcdef"),
        ];
        let with = |more: &[(&'static str, &'static str)]| {
            access.may_ask(&Method::POST, &headers(&[&known[..], more].concat()))
        };
        assert_eq!(with(&[(HEADER, "1")]), Ok(()));
        assert_eq!(
            with(&[(HEADER, "1"), ("origin", "http://robot:8650")]),
            Ok(())
        );
        for more in [
            &[][..],
            &[(HEADER, "1"), ("origin", "http://evil.example")],
            &[(HEADER, "1"), ("origin", "http://robot:8651")],
            &[(HEADER, "1"), ("origin", "null")],
            &[(HEADER, "1"), ("sec-fetch-site", "cross-site")],
            &[(HEADER, "1"), ("sec-fetch-site", "same-site")],
        ] {
            assert!(matches!(with(more), Err(Refused::Page(_))), "{more:?}");
        }
    }

    #[test]
    fn a_token_is_asked_for_by_everything_but_the_page() {
        let access = Access::new("0.0.0.0".parse().unwrap(), Some(TOKEN));
        let asked = |token: &'static str| {
            let given = [("host", "robot"), ("authorization", token), (HEADER, "1")];
            access.may_ask(&Method::GET, &headers(&given))
        };
        assert_eq!(asked("Bearer 0123456789abcdef"), Ok(()));
        for wrong in ["Bearer 0123456789abcdee", "Bearer ", "0123456789abcdef", ""] {
            assert_eq!(asked(wrong), Err(Refused::Token), "{wrong}");
        }
        assert_eq!(access.may_open(&headers(&[("host", "robot")])), Ok(()));
    }
}
