//! The parameters of action chunks.

use super::declaration::Declarations;
use crate::chunk::{Ensemble, Favor};

/// What the user may ask for, before the numbers that belong to it are known.
#[derive(Clone, Copy)]
enum Kind {
    None,
    Temporal,
    Blend,
}

/// Declares `chunk.ensemble` and what belongs to it.
pub(super) fn declare(d: &mut Declarations) -> Option<Ensemble> {
    let kind = d.choice(
        "chunk.ensemble",
        "none",
        &["none", "temporal", "blend"],
        "How overlapping action chunks are combined. none: only the newest chunk is used; temporal: weighted mean of \
         all chunks that cover the current time; blend: cross-fade to the newest chunk.",
        |word| match word {
            "none" => Some(Kind::None),
            "temporal" => Some(Kind::Temporal),
            "blend" => Some(Kind::Blend),
            _ => None,
        },
    );
    let favor = d.choice(
        "chunk.favor",
        "oldest",
        &["oldest", "newest"],
        "For temporal: which chunk has the largest weight. oldest: smoother; newest: reacts faster.",
        |word| match word {
            "oldest" => Some(Favor::Oldest),
            "newest" => Some(Favor::Newest),
            _ => None,
        },
    );
    let decay = d.double(
        "chunk.decay",
        0.01,
        0.0..=1000.0,
        "For temporal: m in the weights exp(-m i), where i counts chunks from the favored one; 0 weights all chunks \
         equally.",
    );
    let blend_s = d.double(
        "chunk.blend_s",
        0.1,
        0.0..=60.0,
        "For blend: duration of the cross-fade to a new chunk, in seconds.",
    );
    Some(match kind? {
        Kind::None => Ensemble::None,
        Kind::Temporal => Ensemble::Temporal {
            favor: favor?,
            decay,
        },
        Kind::Blend => Ensemble::Blend { blend_s },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Value;

    fn declared(given: &[(&str, Value)]) -> Result<Option<Ensemble>, String> {
        let given: BTreeMap<String, Value> = given
            .iter()
            .map(|(name, value)| (format!("chunk.{name}"), value.clone()))
            .collect();
        let mut declarations = Declarations::new(given);
        let ensemble = declare(&mut declarations);
        let finished = declarations.finish(ensemble);
        finished
            .map(|checked| checked.config)
            .map_err(|errors| errors.to_string())
    }

    fn word(word: &str) -> Value {
        Value::String(word.into())
    }

    #[test]
    fn each_ensemble_has_its_own_numbers() {
        assert_eq!(declared(&[]), Ok(Some(Ensemble::None)));
        let temporal = [
            ("ensemble", word("temporal")),
            ("favor", word("newest")),
            ("decay", Value::Double(0.5)),
        ];
        let expected = Ensemble::Temporal {
            favor: Favor::Newest,
            decay: 0.5,
        };
        assert_eq!(declared(&temporal), Ok(Some(expected)));
        let blend = [("ensemble", word("blend")), ("blend_s", Value::Integer(1))];
        assert_eq!(declared(&blend), Ok(Some(Ensemble::Blend { blend_s: 1.0 })));
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let told = declared(&[
            ("ensemble", word("mean")),
            ("favor", word("middle")),
            ("decay", Value::Double(-1.0)),
            ("blend_s", Value::Double(f64::NAN)),
            ("decays", Value::Double(1.0)),
        ])
        .unwrap_err();
        for part in [
            "chunk.ensemble is \"mean\"; allowed: none, temporal, blend",
            "chunk.favor is \"middle\"; allowed: oldest, newest",
            "chunk.decay is -1",
            "chunk.blend_s is NaN",
            "did you mean chunk.decay?",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }
}
