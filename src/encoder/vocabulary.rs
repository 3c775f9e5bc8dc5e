//! A look at the vocabulary of a tokenizer's file before the library has it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The longest token, in bytes. The library keeps those of a Unigram model in a tree as deep as the longest of them, and frees
/// it by recursion: some ten thousand bytes overflow the stack.
const LONGEST: usize = 1024;

/// Checks that a file is JSON to its end, which the library takes for granted, and that no token is too long for it.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn check(json: &[u8]) -> Result<(), String> {
    serde_json::from_slice::<File>(json)
        .map(|_| ())
        .map_err(|e| e.to_string())
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "model")]
    _model: Option<Model>,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "vocab")]
    _vocab: Option<Vocabulary>,
}

/// Tokens with their numbers, or, of a Unigram model, pairs of tokens and how likely they are.
struct Vocabulary;

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tokens;
        impl<'de> Visitor<'de> for Tokens {
            type Value = Vocabulary;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vocabulary")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
                while map.next_entry::<Token, IgnoredAny>()?.is_some() {}
                Ok(Vocabulary)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vocabulary, A::Error> {
                while seq.next_element::<(Token, IgnoredAny)>()?.is_some() {}
                Ok(Vocabulary)
            }
        }
        deserializer.deserialize_any(Tokens)
    }
}

struct Token;

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Token;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a token")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Token, E> {
                match text.len() {
                    0..=LONGEST => Ok(Token),
                    long => Err(E::custom(format!(
                        "a token of the vocabulary has {long} bytes; at most {LONGEST} are allowed"
                    ))),
                }
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_be_long_but_not_without_end() {
        let unigram =
            |token: &str| format!(r#"{{"model": {{"vocab": [["a", -1.0], ["{token}", -2.0]]}}}}"#);
        let pairs = |token: &str| {
            format!(r#"{{"model": {{"vocab": {{"a": 0, "{token}": 1}}, "merges": []}}}}"#)
        };
        let (long, longer) = ("x".repeat(LONGEST), "x".repeat(LONGEST + 1));
        for file in [unigram, pairs] as [fn(&str) -> String; 2] {
            assert_eq!(check(file(&long).as_bytes()), Ok(()));
            let refusal = check(file(&longer).as_bytes()).unwrap_err();
            assert!(refusal.contains("1025 bytes; at most 1024"), "{refusal}");
        }
        assert_eq!(check(b"{}"), Ok(()));
        for wrong in ["", "{", "{} {}", r#"{"model": {"vocab": 3}}"#] {
            assert!(check(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
