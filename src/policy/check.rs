//! Reading and checking `policy.yaml`: every problem at once, with its key, value and what is allowed.

use std::collections::BTreeSet;
use std::path::Path;

use super::spec::*;
use crate::problems::Problems;

/// The most modalities that one policy may have.
pub const MAX_MODALITIES: usize = 16;

impl PolicySpec {
    /// Reads and checks `policy.yaml` in a policy folder.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, otherwise every problem of its content.
    pub fn load(folder: &Path) -> Result<Self, Problems> {
        let path = folder.join("policy.yaml");
        let place = path.display();
        let text = std::fs::read_to_string(&path).map_err(|e| {
            format!(
                "policy {place}: {e}; a policy is a folder with policy.yaml and weights.safetensors, \
                 as `late_fusion train` writes it"
            )
        })?;
        let spec: Self = serde_yaml::from_str(&text).map_err(|e| format!("policy {place}: {e}"))?;
        let mut found = Problems::new();
        spec.check(&mut found);
        let mut problems = Problems::new();
        problems.add_all(&format!("policy {place}"), found);
        problems.or(spec)
    }

    /// Adds everything that is wrong with the content to `problems`.
    pub fn check(&self, problems: &mut Problems) {
        if self.format != FORMAT {
            problems.add(format!(
                "format is {}; this release reads format {FORMAT}",
                self.format
            ));
        }
        let count = self.modalities.len();
        if count == 0 || count > MAX_MODALITIES {
            problems.add(format!(
                "modalities has {count} entries; 1 to {MAX_MODALITIES} are allowed"
            ));
        }
        check_names(
            "modality",
            self.modalities.iter().map(|m| &m.name),
            problems,
        );
        for modality in &self.modalities {
            let mut found = Problems::new();
            modality.check(&mut found);
            problems.add_all(&format!("modality {}", modality.name), found);
        }
        let HeadSpec::Mlp { hidden, .. } = &self.head;
        for (i, width) in hidden.iter().enumerate() {
            check_width(&format!("head.hidden[{i}]"), *width, problems);
        }
        if self.actions.is_empty() {
            problems.add("actions is empty; at least one is needed");
        }
        check_names("action", self.actions.iter().map(|a| &a.name), problems);
        for action in &self.actions {
            action.check(problems);
        }
    }
}

impl ModalitySpec {
    /// Width of what is aligned: the newest feature and its history.
    pub fn input_width(&self) -> usize {
        self.width * self.history
    }

    /// Width at which the modality is fused.
    pub fn fused_width(&self) -> usize {
        self.align.unwrap_or(self.input_width())
    }

    fn check(&self, problems: &mut Problems) {
        check_width("width", self.width, problems);
        if let Some(align) = self.align {
            check_width("align", align, problems);
        }
        match &self.source {
            SourceSpec::Image { encoder } => {
                check_hash("encoder.sha256", &encoder.sha256, problems);
                encoder.input.check(problems);
                if matches!(encoder.pooling, Pooling::MaskedMean) {
                    problems.add(
                        "encoder.pooling is masked_mean, which needs an attention mask; \
                         none, mean, cls and flatten are allowed for an image",
                    );
                }
            }
            SourceSpec::Text { encoder } => {
                check_hash("encoder.sha256", &encoder.sha256, problems);
                check_hash(
                    "encoder.tokenizer_sha256",
                    &encoder.tokenizer_sha256,
                    problems,
                );
                if encoder.max_tokens < 3 {
                    problems.add(format!(
                        "encoder.max_tokens is {}; at least 3 are needed (two are special tokens)",
                        encoder.max_tokens
                    ));
                }
                if matches!(encoder.pooling, Pooling::Flatten) {
                    problems.add(
                        "encoder.pooling is flatten, whose width would change with the sentence; \
                         none, mean, cls and masked_mean are allowed for text",
                    );
                }
            }
            SourceSpec::Feature { .. } => {}
            SourceSpec::Vector { names } => {
                if names.len() != self.width {
                    problems.add(format!(
                        "names has {} entries but width is {}; they must agree",
                        names.len(),
                        self.width
                    ));
                }
                let mut seen = BTreeSet::new();
                for name in names.iter().filter(|name| !seen.insert(*name)) {
                    problems.add(format!("names has {name:?} twice; each must be unique"));
                }
            }
        }
    }
}

impl ImageInputSpec {
    fn check(&self, problems: &mut Problems) {
        for (key, pixels) in [("width", self.width), ("height", self.height)] {
            if !(1..=4096).contains(&pixels) {
                problems.add(format!(
                    "encoder.input.{key} is {pixels}; 1 to 4096 pixels are allowed"
                ));
            }
        }
        if !(self.rescale.is_finite() && self.rescale > 0.0) {
            problems.add(format!(
                "encoder.input.rescale is {}; it must be positive",
                self.rescale
            ));
        }
        if self.mean.iter().any(|v| !v.is_finite()) {
            problems.add(format!(
                "encoder.input.mean is {:?}; only finite numbers are allowed",
                self.mean
            ));
        }
        if self.std.iter().any(|v| !(v.is_finite() && *v > 0.0)) {
            problems.add(format!(
                "encoder.input.std is {:?}; each must be positive",
                self.std
            ));
        }
    }
}

impl ActionSpec {
    fn check(&self, problems: &mut Problems) {
        let (name, min, max, stop) = (&self.name, self.min, self.max, self.stop);
        if !(min.is_finite() && max.is_finite() && min < max) {
            problems.add(format!(
                "action {name}: min is {min} and max is {max}; both must be finite, and min less than max"
            ));
        } else if !(min..=max).contains(&stop) {
            problems.add(format!(
                "action {name}: stop is {stop}; it must lie within min and max, {min} to {max}"
            ));
        }
    }
}

fn check_width(key: &str, width: usize, problems: &mut Problems) {
    if !(1..=1 << 20).contains(&width) {
        problems.add(format!("{key} is {width}; 1 to {} are allowed", 1 << 20));
    }
}

fn check_hash(key: &str, hash: &str, problems: &mut Problems) {
    if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        problems.add(format!(
            "{key} is {hash:?}; it must be the 64 hexadecimal digits that sha256sum prints"
        ));
    }
}

fn check_names<'a>(what: &str, names: impl Iterator<Item = &'a String>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for name in names {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            problems.add(format!(
                "{what} {name:?}: a name is made of lower-case letters, digits and _"
            ));
        }
        if !seen.insert(name) {
            problems.add(format!(
                "{what} {name:?} appears twice; names must be unique"
            ));
        }
    }
}
