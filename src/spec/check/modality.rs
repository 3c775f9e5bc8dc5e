//! One modality of a policy.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{check_hash, check_width};
use crate::errors::ConfigErrors;
use crate::spec::{ImageInputSpec, ModalitySpec, Normalize, Pooling, RegionSpec, SourceSpec};

/// The most tokens that a sentence may have: eight times what the longest sentence encoders take.
pub const MAX_TOKENS: usize = 1 << 16;

/// The most features that a history may have.
const MAX_HISTORY: usize = 32;

/// The least and the largest range of a depth camera, in metres.
const MIN_DEPTH_M: f32 = 0.01;
const MAX_DEPTH_M: f32 = 1000.0;

impl ModalitySpec {
    /// Width of what is projected: the newest feature, its history, and how far it has moved.
    pub fn input_width(&self) -> usize {
        self.width * (self.history + usize::from(self.moved_since.is_some()))
    }

    /// Width at which the modality is fused.
    pub fn fused_width(&self) -> usize {
        self.projection.unwrap_or(self.input_width())
    }

    /// The names of the learned projection's layers and how many numbers each makes, in their order; none without
    /// `projection`.
    pub fn projection_layers(&self) -> Vec<(String, usize)> {
        let Some(projection) = self.projection else {
            return Vec::new();
        };
        let hidden = self.projection_hidden.iter().enumerate();
        hidden
            .map(|(i, width)| (format!("projection.{}.hidden.{i}", self.name), *width))
            .chain([(format!("projection.{}", self.name), projection)])
            .collect()
    }

    pub(super) fn check(&self, errors: &mut ConfigErrors) {
        if let Some(since) = &self.moved_since {
            if !matches!(self.source, SourceSpec::Vector { .. }) {
                errors.add(format!(
                    "moved_since is {since}; only the numbers of a vector move, this modality is of the kind {}",
                    self.source.kind()
                ));
            }
            if self.history > 1 {
                errors.add(format!(
                    "moved_since is {since} and history is {}; use one of them",
                    self.history
                ));
            }
        }
        check_width("width", self.width, errors);
        if !(1..=MAX_HISTORY).contains(&self.history) {
            errors.add(format!(
                "history is {}; 1 (the newest alone) to {MAX_HISTORY} are allowed",
                self.history
            ));
        }
        if let Some(projection) = self.projection {
            check_width("projection", projection, errors);
        } else {
            if !self.projection_activation.is_none() {
                errors.add(
                    "projection_activation is given without projection; it follows a projection, whose width is missing",
                );
            }
            if !self.projection_hidden.is_empty() {
                errors.add(format!(
                    "projection_hidden is {:?} without projection; these are its hidden layers, and its width is missing",
                    self.projection_hidden
                ));
            }
        }
        for width in &self.projection_hidden {
            check_width("projection_hidden", *width, errors);
        }
        match &self.source {
            SourceSpec::Image { encoder } => {
                check_hash("encoder.sha256", &encoder.sha256, errors);
                check_external_data(&encoder.external_data, errors);
                encoder.input.check(errors);
                if matches!(encoder.pooling, Pooling::MaskedMean) {
                    errors.add(
                        "encoder.pooling is masked_mean, which needs an attention mask; \
                         none, mean, cls, flatten, grid, spatial_softmax and convolution are allowed for an image",
                    );
                }
                if encoder.pooling.is_learned() && self.history > 1 {
                    errors.add(format!(
                        "history is {}; use 1 with the learned poolings, spatial_softmax and convolution",
                        self.history
                    ));
                }
                if encoder.pooling.is_learned() && encoder.normalize == Normalize::L2 {
                    errors.add(
                        "encoder.normalize is l2; what the learned poolings give, spatial_softmax and convolution, is not \
                         scaled: leave normalize out",
                    );
                }
                let grid = encoder.pooling == Pooling::Grid;
                let keypoints = encoder.pooling == Pooling::SpatialSoftmax;
                let filters = encoder.pooling == Pooling::Convolution;
                check_size("encoder.cells", encoder.cells, 32, "grid", grid, errors);
                check_size(
                    "encoder.keypoints",
                    encoder.keypoints,
                    256,
                    "spatial_softmax",
                    keypoints,
                    errors,
                );
                check_size(
                    "encoder.filters",
                    encoder.filters,
                    256,
                    "convolution",
                    filters,
                    errors,
                );
            }
            SourceSpec::Text { encoder } => {
                check_hash("encoder.sha256", &encoder.sha256, errors);
                check_external_data(&encoder.external_data, errors);
                check_hash(
                    "encoder.tokenizer_sha256",
                    &encoder.tokenizer_sha256,
                    errors,
                );
                if !(3..=MAX_TOKENS).contains(&encoder.max_tokens) {
                    errors.add(format!(
                        "encoder.max_tokens is {}; 3 (two are special tokens) to {MAX_TOKENS} are allowed",
                        encoder.max_tokens
                    ));
                }
                if !matches!(
                    encoder.pooling,
                    Pooling::None | Pooling::Mean | Pooling::Cls | Pooling::MaskedMean
                ) {
                    errors.add(
                        "encoder.pooling is flatten, grid, spatial_softmax or convolution, which a sentence has no \
                         fixed shape for; none, mean, cls and masked_mean are allowed for text",
                    );
                }
            }
            SourceSpec::Vector { names } => {
                if names.len() != self.width {
                    errors.add(format!(
                        "names has {} entries but width is {}; they must agree",
                        names.len(),
                        self.width
                    ));
                }
                let mut seen = BTreeSet::new();
                for name in names.iter().filter(|name| !seen.insert(*name)) {
                    errors.add(format!("names has {name:?} twice; each must be unique"));
                }
            }
            SourceSpec::Feature { encoder } => {
                if encoder.trim().is_empty() || encoder.contains('\0') {
                    errors.add(format!(
                        "encoder is {encoder:?}; it must be the fingerprint that the messages of the feature carry"
                    ));
                }
            }
        }
    }
}

impl ImageInputSpec {
    fn check(&self, errors: &mut ConfigErrors) {
        for (key, pixels) in [("width", self.width), ("height", self.height)] {
            if !(1..=4096).contains(&pixels) {
                errors.add(format!(
                    "encoder.input.{key} is {pixels}; 1 to 4096 pixels are allowed"
                ));
            }
        }
        self.region.check(errors);
        if !(self.rescale.is_finite() && self.rescale > 0.0) {
            errors.add(format!(
                "encoder.input.rescale is {}; it must be positive",
                self.rescale
            ));
        }
        if self.mean.iter().any(|v| !v.is_finite()) {
            errors.add(format!(
                "encoder.input.mean is {:?}; only finite numbers are allowed",
                self.mean
            ));
        }
        if self.std.iter().any(|v| !(v.is_finite() && *v > 0.0)) {
            errors.add(format!(
                "encoder.input.std is {:?}; each must be positive",
                self.std
            ));
        }
        if let Some(depth) = self.depth
            && !(MIN_DEPTH_M..=MAX_DEPTH_M).contains(&depth.max_m)
        {
            errors.add(format!(
                "encoder.input.depth.max_m is {}; {MIN_DEPTH_M} to {MAX_DEPTH_M} metres are allowed",
                depth.max_m
            ));
        }
    }
}

impl RegionSpec {
    fn check(&self, errors: &mut ConfigErrors) {
        let Self {
            left,
            top,
            width,
            height,
        } = *self;
        for (begin, first, size, length) in [
            ("left", left, "width", width),
            ("top", top, "height", height),
        ] {
            let fits = first >= 0.0 && length >= LEAST_REGION && first + length <= 1.0 + ROUNDING;
            if !fits {
                errors.add(format!(
                    "encoder.input.region.{begin} is {first} and {size} is {length}; in fractions of the picture, {begin} \
                     must be at least 0, {size} at least {LEAST_REGION}, and both together at most 1"
                ));
            }
        }
    }
}

/// The narrowest part of a picture that is shown to an encoder.
const LEAST_REGION: f64 = 0.01;

/// By how much decimal fractions that make 1 together may miss it.
const ROUNDING: f64 = 1e-6;

fn check_external_data(hashes: &BTreeMap<String, String>, errors: &mut ConfigErrors) {
    for (file, hash) in hashes {
        check_hash(&format!("encoder.external_data {file:?}"), hash, errors);
    }
}

/// A size that one pooling needs and the others have no use for.
fn check_size(
    key: &str,
    size: Option<usize>,
    most: usize,
    pooling: &str,
    needed: bool,
    errors: &mut ConfigErrors,
) {
    match size {
        None if needed => errors.add(format!(
            "{key} is missing; pooling {pooling} needs it, 1 to {most}"
        )),
        Some(_) if !needed => {
            errors.add(format!("{key} is for pooling {pooling} only; leave it out"))
        }
        Some(size) if !(1..=most).contains(&size) => {
            errors.add(format!("{key} is {size}; 1 to {most} are allowed"));
        }
        _ => {}
    }
}
