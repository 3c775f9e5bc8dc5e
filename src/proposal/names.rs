//! Names and texts as the proposed files have them.

/// A name as policies have them: lower-case letters, digits and `_`.
pub(super) fn as_name(text: &str) -> String {
    let legal = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '_',
    };
    let name: String = text.chars().map(legal).collect();
    let name = name.trim_matches('_');
    match name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        true => format!("n{name}"),
        false => name.to_owned(),
    }
}

/// A text as YAML reads it, whatever is in it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_a_policy_may_have() {
        for (text, name) in [
            ("Shoulder Pan", "shoulder_pan"),
            ("/front/camera", "front_camera"),
            ("1", "n1"),
            ("", "n"),
        ] {
            assert_eq!(as_name(text), name);
        }
    }
}
