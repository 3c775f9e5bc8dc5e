//! What the parameters lead to, loaded: by the node, and by `late_fusion check`, which so finds the same errors.

use super::guarding;
use super::node::NodeConfig;
use super::wiring::{Wiring, check_distances};
use crate::chunk::Ensemble;
use crate::encoder::{FeatureExtractor, Runtime, sha256_of};
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::policy::Policy;
use crate::spec::{
    ActionQuantity, ActionSpec, FusionSpec, ModalitySpec, PolicySpec, SourceSpec, Weights,
};

/// A policy with its encoders, joined with the parameters.
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Its topics, limits and fields.
    pub wiring: Wiring,
    /// What turns messages into features, in the policy's order of modalities; none where one is not enabled.
    pub extractors: Vec<Option<FeatureExtractor>>,
    /// A second copy of the policy, to explain the first one with.
    pub explained: Policy,
    /// What the user should know before the robot moves.
    pub warnings: Vec<String>,
    /// The sha256 of its two files.
    pub files: [String; 2],
}

/// The files of a policy.
const FILES: [&str; 2] = ["policy.yaml", "weights.safetensors"];

impl Loaded {
    /// Loads everything that `config` names.
    ///
    /// # Errors
    /// Every problem of policy, encoders and wiring, at once where one does not hide the other.
    pub fn new(config: &NodeConfig) -> Result<Self, ConfigErrors> {
        Self::load(config, None)
    }

    /// Loads everything that `config` names, for a policy that is to take over from `present` while the node runs.
    ///
    /// # Errors
    /// As for [`Loaded::new`], and actions that are not those of `present`.
    pub fn successor(config: &NodeConfig, present: &PolicySpec) -> Result<Self, ConfigErrors> {
        Self::load(config, Some(present))
    }

    fn load(config: &NodeConfig, present: Option<&PolicySpec>) -> Result<Self, ConfigErrors> {
        if config.policy.as_os_str().is_empty() {
            return Err(ConfigErrors::from(
                "parameter policy is missing; it must be a folder with policy.yaml and weights.safetensors, as \
                 `late_fusion train` writes it"
                    .to_owned(),
            ));
        }
        // One that cannot be read is named where it is loaded.
        let files = FILES.map(|file| sha256_of(&config.policy.join(file)).unwrap_or_default());
        let spec = PolicySpec::load(&config.policy)?;
        let mut errors = ConfigErrors::new();
        if let Some(present) = present {
            check_same_actions(&spec, present, &mut errors);
        }
        let wiring = Wiring::new(config, &spec).map_err(|found| errors.extend(found));
        if let (Some(present), Ok(wiring)) = (present, &wiring) {
            check_same_stops(&spec, present, config, wiring, &mut errors);
        }
        let weights = Weights::load(&config.policy.join("weights.safetensors"))
            .map_err(|found| errors.extend(found));
        let loaded = weights.and_then(|weights| {
            let policy = Policy::build(spec.clone(), &config.policy, &weights)
                .map_err(|found| errors.extend(found));
            let extractors =
                load_extractors(config, &spec, &weights).map_err(|found| errors.extend(found));
            let explained = Policy::build(spec.clone(), &config.policy, &weights);
            let mut warnings = unused_modalities(config, &spec);
            warnings.extend(nothing_to_put_together(config.ensemble, &spec));
            warnings.extend(another_rate(config.control_rate_hz, config.lockstep, &spec));
            if let Ok(wiring) = &wiring {
                if let Ok(policy) = &policy {
                    check_distances(policy, wiring, &mut errors);
                }
                warnings.extend(unlearned_absences(&spec, wiring, &weights));
                warnings.extend(ageing_sentences(&spec, wiring));
                warnings.extend(guarding::unlimited(&spec, &wiring.limits));
            }
            Ok((policy?, extractors?, explained.map_err(drop)?, warnings))
        });
        match (loaded, wiring) {
            (Ok((policy, extractors, explained, warnings)), Ok(wiring)) if errors.is_empty() => {
                Ok(Self {
                    policy,
                    wiring,
                    extractors,
                    explained,
                    warnings,
                    files,
                })
            }
            _ => Err(errors),
        }
    }
}

/// A command must not change its layout or its units while a robot follows it.
fn check_same_actions(spec: &PolicySpec, present: &PolicySpec, errors: &mut ConfigErrors) {
    let in_words = |actions: &[ActionSpec]| -> Vec<String> {
        let action = |a: &ActionSpec| format!("{} ({})", a.name, a.unit);
        actions.iter().map(action).collect()
    };
    let (actions, needed) = (in_words(&spec.actions), in_words(&present.actions));
    if actions != needed {
        errors.add(format!(
            "actions are {}; to take over from the policy {:?} while the node runs, they must be {}, in this order",
            actions.join(", "),
            present.name,
            needed.join(", ")
        ));
    }
}

/// What stops a robot must not change while it is driven: a position that is held, and a number that means something else.
fn check_same_stops(
    spec: &PolicySpec,
    present: &PolicySpec,
    config: &NodeConfig,
    wiring: &Wiring,
    errors: &mut ConfigErrors,
) {
    if spec.actions.len() != present.actions.len() {
        return;
    }
    let of = |spec| {
        guarding::quantities(
            config,
            spec,
            Some(&wiring.commands),
            &mut ConfigErrors::new(),
        )
    };
    let word = |quantity: Option<ActionQuantity>| {
        quantity.map_or("unknown".to_owned(), |quantity| quantity.to_string())
    };
    let quantities = of(spec).into_iter().zip(of(present));
    for (action, (own, needed)) in spec.actions.iter().zip(quantities) {
        if own != needed {
            errors.add(format!(
                "action {}: its quantity is {}; to take over from the policy {:?} while the node runs, it must be {}",
                action.name,
                word(own),
                present.name,
                word(needed)
            ));
        }
    }
}

/// Only the encoders that run here are loaded, and the ONNX Runtime only for them, or where it is named.
fn load_extractors(
    config: &NodeConfig,
    spec: &PolicySpec,
    weights: &Weights,
) -> Result<Vec<Option<FeatureExtractor>>, ConfigErrors> {
    let wired = |m: &ModalitySpec| config.modalities.iter().find(|w| w.name == m.name);
    let enabled = |m: &ModalitySpec| wired(m).is_none_or(|w| w.enabled);
    let needs_encoder = |m: &ModalitySpec| {
        let is_encoded = matches!(m.source, SourceSpec::Image { .. } | SourceSpec::Text { .. });
        is_encoded && wired(m).is_none_or(|w| w.enabled && w.message != MessageType::PointCloud2)
    };
    let each = spec.modalities.iter();
    let here: Vec<ModalitySpec> = each.clone().filter(|m| needs_encoder(m)).cloned().collect();
    let mut loaded = Vec::new();
    if !here.is_empty() || config.onnxruntime.is_some() {
        let runtime = Runtime::load(config.onnxruntime.as_deref())?;
        let options = |name: &str| {
            let wired = config.modalities.iter().find(|wired| wired.name == name);
            wired.map_or_else(|| config.session.clone(), |wired| wired.session.clone())
        };
        loaded = FeatureExtractor::load_all(&here, &config.policy, weights, &runtime, options)?;
    }
    let mut loaded = loaded.into_iter();
    Ok(each
        .map(|m| match needs_encoder(m) {
            true => loaded.next().map(|extractor| {
                let min_contrast = wired(m).map_or(0.0, |w| w.min_contrast);
                extractor.with_min_contrast(min_contrast)
            }),
            false => enabled(m).then(|| FeatureExtractor::without_encoder(m, weights)),
        })
        .collect())
}

/// Says which sentences are encoded elsewhere, where they are sent once, and yet may not stay.
fn ageing_sentences(spec: &PolicySpec, wiring: &Wiring) -> Vec<String> {
    let modalities = spec.modalities.iter().zip(&wiring.modalities);
    modalities
        .filter(|(m, wired)| {
            matches!(m.source, SourceSpec::Text { .. }) && wired.message == MessageType::PointCloud2
        })
        .filter_map(|(m, wired)| {
            let max_age_s = wired.max_age_s?;
            Some(format!(
                "modality {0}: a sentence's feature is sent once, and counts for {max_age_s} s only; with \
                 modalities.{0}.max_age_s: .inf it holds until the next one",
                m.name
            ))
        })
        .collect()
}

/// Names modalities that are subscribed to although the policy does not have them.
fn unused_modalities(config: &NodeConfig, spec: &PolicySpec) -> Vec<String> {
    let names: Vec<&str> = spec.modalities.iter().map(|m| m.name.as_str()).collect();
    let enabled = config.modalities.iter().filter(|m| m.enabled);
    enabled
        .filter(|m| !names.contains(&m.name.as_str()))
        .map(|m| {
            format!(
                "modality {}: the policy {:?} has no such modality and acts without it; it has {}",
                m.name,
                spec.name,
                names.join(", ")
            )
        })
        .collect()
}

/// Says that an ensemble was asked for of a policy that has nothing for it.
fn nothing_to_put_together(ensemble: Ensemble, spec: &PolicySpec) -> Option<String> {
    (ensemble != Ensemble::None && spec.head.steps() == 1).then(|| {
        format!(
            "parameter chunk.ensemble is {ensemble}, but the policy {:?} predicts one action at a time, so there are no chunks to combine and it runs every period. Train it with a chunk (head: chunk)",
            spec.name
        )
    })
}

/// Rates further apart than this part are said to differ.
const ALIKE: f64 = 0.2;

/// Says that actions are held for another time than they were given for. In a chunk their time is explicit, and in lockstep
/// it is the simulator's.
fn another_rate(rate_hz: f64, lockstep: bool, spec: &PolicySpec) -> Option<String> {
    let label_rate_hz = spec.recorded.label_rate_hz?;
    let differ = (rate_hz / label_rate_hz - 1.0).abs() > ALIKE;
    (differ && !lockstep && spec.head.steps() == 1).then(|| {
        format!(
            "parameter control_rate_hz is {rate_hz}, but the policy {:?} was trained on {label_rate_hz} labels per \
             second, so each of its actions lasts {:.2} times as long as when it was demonstrated. Set control_rate_hz to \
             {label_rate_hz}, or train the policy with a chunk (head: chunk)",
            spec.name,
            label_rate_hz / rate_hz,
        )
    })
}

/// Says which modalities the policy may have to do without although it never learned to.
fn unlearned_absences(spec: &PolicySpec, wiring: &Wiring, weights: &Weights) -> Vec<String> {
    if matches!(spec.fusion, FusionSpec::Weighted(_)) {
        return Vec::new();
    }
    let optional = wiring.modalities.iter().filter(|m| !m.required);
    optional
        .filter(|m| !weights.contains(&format!("missing.{}", m.name)))
        .map(|m| {
            format!(
                "modality {}: it is not required, but the policy {:?} was not trained without it; while it is \
                 missing, the mean of its training features stands in. Train with training.modality_dropout",
                m.name, spec.name
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{ChunkSpec, HeadSpec, RecordedSpec, examples};

    /// A policy of the modality `a` that was learned from such recordings.
    fn recorded(recorded: RecordedSpec) -> PolicySpec {
        PolicySpec {
            recorded,
            ..examples::policy(
                vec![examples::vector("a", ["x"])],
                FusionSpec::Concat,
                vec![examples::action("speed", 1.0)],
            )
        }
    }

    #[test]
    fn a_control_rate_that_is_not_the_recordings_is_told() {
        let spec = |steps: usize, label_rate_hz: Option<f64>| {
            let step_s = 0.05;
            let mut spec = recorded(RecordedSpec {
                label_rate_hz,
                ..RecordedSpec::default()
            });
            spec.head = HeadSpec::Mlp {
                hidden: vec![],
                chunk: Some(ChunkSpec { steps, step_s }),
            };
            spec
        };
        let at_40_hz = spec(1, Some(40.0));
        let told = another_rate(20.0, false, &at_40_hz).unwrap();
        for part in [
            "control_rate_hz is 20,",
            "40 labels per second",
            "2.00 times",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
        for rate_hz in [31.9, 48.1] {
            assert!(another_rate(rate_hz, false, &at_40_hz).is_some());
        }
        for rate_hz in [32.1, 40.0, 47.9] {
            assert_eq!(another_rate(rate_hz, false, &at_40_hz), None);
        }
        assert_eq!(another_rate(20.0, true, &at_40_hz), None, "in lockstep");
        let (chunks, unknown) = (spec(2, Some(40.0)), spec(1, None));
        assert_eq!(another_rate(20.0, false, &chunks), None);
        assert_eq!(another_rate(20.0, false, &unknown), None);
    }

    #[test]
    fn what_a_policy_says_about_its_recordings_is_checked() {
        let ages = [("a", f64::INFINITY), ("b", 0.1)];
        let spec = recorded(RecordedSpec {
            label_rate_hz: Some(0.0),
            observation_age_s: ages.map(|(name, age_s)| (name.into(), age_s)).into(),
        });
        let mut errors = ConfigErrors::new();
        spec.check(&mut errors);
        let told = errors.to_string();
        for part in [
            "recorded.label_rate_hz is 0; it must be a positive",
            "recorded.observation_age_s.a is inf; it must be a finite",
            "recorded.observation_age_s.b: there is no such modality",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }
}
