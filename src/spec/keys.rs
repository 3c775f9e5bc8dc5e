//! Keys that a file must not have, told with the one that was probably meant.

use std::fmt::Display;

/// Keys that every modality may have, beside those of its kind.
pub(crate) const MODALITY_KEYS: &[&str] = &[
    "name",
    "kind",
    "width",
    "history",
    "moved_since",
    "projection",
    "projection_hidden",
    "projection_activation",
];

/// What serde says about a file, with a guess at the key or the word that was meant. `also` are keys that are allowed in
/// that place and that serde does not list.
pub(crate) fn explain(error: &dyn Display, also: &[&str]) -> String {
    let text = error.to_string();
    match guess(&text, also) {
        Some(guess) => format!("{text}; did you mean `{guess}`?"),
        None => text,
    }
}

fn guess(text: &str, also: &[&str]) -> Option<String> {
    let behind = ["unknown field `", "unknown variant `"]
        .iter()
        .find_map(|start| text.split_once(start))?
        .1;
    let (found, expected) = behind.split_once('`')?;
    // Every second part is between backquotes.
    let listed = expected.split('`').skip(1).step_by(2);
    nearest(found, listed.chain(also.iter().copied())).map(str::to_owned)
}

/// Nobody mistypes a longer name.
const MOST_BYTES: usize = 256;

/// The name that is nearest to another, if it is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Names may come from outside and be megabytes long, and comparing two takes as long as the product of their lengths.
    let is_short = |name: &str| name.len() <= MOST_BYTES;
    let most = 1 + name.len() / 5;
    known
        .filter(|known| is_short(name) && is_short(known))
        .map(|known| (strsim::levenshtein(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= most)
        .map(|(_, known)| known)
}

/// For what stands alone under its name: there are no further keys.
pub(super) fn none<'de, D: serde::Deserializer<'de>>(keys: D) -> Result<(), D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct None {}
    <None as serde::Deserialize>::deserialize(keys).map(|None {}| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mistyped_is_found_and_what_is_endless_not_looked_at() {
        let known = || ["policy", "modality"].into_iter();
        assert_eq!(nearest("polcy", known()), Some("policy"));
        assert_eq!(nearest("speed", known()), None);
        // Compared, these would take hours.
        let (one, other) = ("a".repeat(20_000_000), "a".repeat(20_000_001));
        assert_eq!(nearest(&one, [other.as_str()].into_iter()), None);
    }
}
