//! A look at an encoder before there is a policy.

use std::path::Path;

use super::extractor::Source;
use super::provider::SessionOptions;
use super::runtime::Runtime;
use crate::errors::ConfigErrors;
use crate::map::MapShape;
use crate::spec::{ModalitySpec, Weights};

/// What an encoder gives, for a policy that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Width of the feature.
    pub width: usize,
    /// The shape of the model's output before pooling, where it is a map.
    pub map: Option<MapShape>,
}

/// Loads what `spec` names to see what it gives. Nothing learned is at hand yet, so nothing can be pooled by it.
///
/// # Errors
/// As for [`super::FeatureExtractor::load`].
pub fn probe(
    spec: &ModalitySpec,
    folder: &Path,
    runtime: &Runtime,
    options: &SessionOptions,
) -> Result<Probe, ConfigErrors> {
    let source = Source::load(spec, folder, &Weights::default(), runtime, options)?;
    Ok(Probe {
        width: source.width(),
        map: match &source {
            Source::Image(encoder) => encoder.map(),
            Source::Text(_) | Source::Vector(_) | Source::Remote(_) => None,
        },
    })
}
