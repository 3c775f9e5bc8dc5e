//! What the parameters lead to, loaded: by the node, and by `late_fusion check`, which so finds the same problems.

use super::node::NodeConfig;
use super::wiring::Wiring;
use crate::encoder::{FeatureExtractor, Runtime, SessionOptions};
use crate::policy::{Policy, PolicySpec, Weights};
use crate::problems::Problems;

/// A policy with its encoders, joined with the parameters.
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Its topics, limits and fields.
    pub wiring: Wiring,
    /// What turns messages into features, in the policy's order of modalities.
    pub extractors: Vec<FeatureExtractor>,
}

impl Loaded {
    /// Loads everything that `config` names.
    ///
    /// # Errors
    /// Every problem of policy, encoders and wiring, at once where one does not hide the other.
    pub fn new(config: &NodeConfig) -> Result<Self, Problems> {
        if config.policy.as_os_str().is_empty() {
            return Err(Problems::from(
                "parameter policy is missing; it must be a folder with policy.yaml and weights.safetensors, as \
                 `late_fusion train` writes it (a parameter file counts in the sections /** and of the node's name)"
                    .to_owned(),
            ));
        }
        let spec = PolicySpec::load(&config.policy)?;
        let mut problems = Problems::new();
        let wiring = Wiring::new(config, &spec).map_err(|found| problems.extend(found));
        let weights = Weights::load(&config.policy.join("weights.safetensors"))
            .map_err(|found| problems.extend(found));
        let loaded = weights.and_then(|weights| {
            let policy = Policy::build(spec.clone(), &config.policy, &weights)
                .map_err(|found| problems.extend(found));
            let extractors =
                load_extractors(config, &spec, &weights).map_err(|found| problems.extend(found));
            Ok((policy?, extractors?))
        });
        match (loaded, wiring) {
            (Ok((policy, extractors)), Ok(wiring)) => Ok(Self {
                policy,
                wiring,
                extractors,
            }),
            _ => Err(problems),
        }
    }
}

fn load_extractors(
    config: &NodeConfig,
    spec: &PolicySpec,
    weights: &Weights,
) -> Result<Vec<FeatureExtractor>, Problems> {
    let runtime = Runtime::load(config.onnxruntime.as_deref())?;
    let options = SessionOptions {
        provider: config.execution_provider,
        intra_op_threads: config.intra_op_threads,
    };
    FeatureExtractor::load_all(
        &spec.modalities,
        &config.policy,
        weights,
        &runtime,
        &options,
    )
}
