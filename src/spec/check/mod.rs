//! Reading and checking `policy.yaml`: every problem at once, with its key, value and what is allowed.

mod entry;
mod fusion;
mod modality;

use std::path::Path;

use self::entry::{check_names, check_width};
use super::keys::{MODALITY_KEYS, explain};
use super::*;
use crate::errors::ConfigErrors;
use crate::files;

pub use modality::MAX_TOKENS;

/// The most steps that a chunk may have.
pub const MAX_STEPS: usize = 256;

/// The most modalities that one policy may have.
pub const MAX_MODALITIES: usize = 16;

impl PolicySpec {
    /// Reads and checks `policy.yaml` in a policy folder.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, otherwise every problem of its content.
    pub fn load(folder: &Path) -> Result<Self, ConfigErrors> {
        let path = folder.join("policy.yaml");
        let place = path.display();
        let text = files::read_text(&path).map_err(|e| {
            format!(
                "policy {place}: {e}; a policy is a folder with policy.yaml and weights.safetensors, \
                 as `late_fusion train` writes it"
            )
        })?;
        check_format(&text).map_err(|why| format!("policy {place}: {why}"))?;
        let spec: Self = serde_yaml::from_str(&text)
            .map_err(|e| format!("policy {place}: {}", explain(&e, MODALITY_KEYS)))?;
        let mut found = ConfigErrors::new();
        spec.check(&mut found);
        let mut errors = ConfigErrors::new();
        errors.add_all(&format!("policy {place}"), found);
        errors.or(spec)
    }

    /// Adds everything that is wrong with the content to `errors`.
    pub fn check(&self, errors: &mut ConfigErrors) {
        let count = self.modalities.len();
        if count == 0 || count > MAX_MODALITIES {
            errors.add(format!(
                "modalities has {count} entries; 1 to {MAX_MODALITIES} are allowed"
            ));
        }
        check_names("modality", self.modalities.iter().map(|m| &m.name), errors);
        for modality in &self.modalities {
            let mut found = ConfigErrors::new();
            modality.check(&mut found);
            errors.add_all(&format!("modality {}", modality.name), found);
        }
        self.check_moved_since(errors);
        self.head.check(errors);
        let mut found = ConfigErrors::new();
        self.fusion
            .check(&self.modalities, &self.actions, &mut found);
        errors.add_all("fusion", found);
        if self.actions.is_empty() {
            errors.add("actions is empty; at least one is needed");
        }
        check_names("action", self.actions.iter().map(|a| &a.name), errors);
        for action in &self.actions {
            action.check(errors);
        }
        self.recorded.check(&self.modalities, errors);
    }
}

impl PolicySpec {
    fn check_moved_since(&self, errors: &mut ConfigErrors) {
        for modality in &self.modalities {
            let Some(since) = &modality.moved_since else {
                continue;
            };
            let comes =
                |other: &&ModalitySpec| other.name != modality.name && !other.source.is_text();
            let others: Vec<&str> = (self.modalities.iter().filter(comes))
                .map(|other| other.name.as_str())
                .collect();
            if !others.contains(&since.as_str()) {
                errors.add(format!(
                    "modality {}: moved_since is {since}; it must be another modality that is no text: {}",
                    modality.name,
                    match others.is_empty() {
                        true => "there is none".to_owned(),
                        false => others.join(", "),
                    }
                ));
            }
        }
    }
}

impl RecordedSpec {
    fn check(&self, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
        if let Some(rate) = self.label_rate_hz
            && !(rate.is_finite() && rate > 0.0)
        {
            errors.add(format!(
                "recorded.label_rate_hz is {rate}; it must be a positive number of labels per second"
            ));
        }
        for (name, age_s) in &self.observation_age_s {
            if !modalities.iter().any(|m| m.name == *name) {
                errors.add(format!(
                    "recorded.observation_age_s.{name}: there is no such modality"
                ));
            }
            if !age_s.is_finite() {
                errors.add(format!(
                    "recorded.observation_age_s.{name} is {age_s}; it must be a finite number of seconds"
                ));
            }
        }
    }
}

impl HeadSpec {
    fn check(&self, errors: &mut ConfigErrors) {
        let Self::Mlp { hidden, chunk } = self;
        for (i, width) in hidden.iter().enumerate() {
            check_width(&format!("head.hidden[{i}]"), *width, errors);
        }
        if let Some(chunk) = chunk {
            if !(1..=MAX_STEPS).contains(&chunk.steps) {
                errors.add(format!(
                    "head.chunk.steps is {}; 1 to {MAX_STEPS} are allowed",
                    chunk.steps
                ));
            }
            if !(chunk.step_s.is_finite() && chunk.step_s > 0.0) {
                errors.add(format!(
                    "head.chunk.step_s is {}; it must be a positive number of seconds",
                    chunk.step_s
                ));
            }
        }
    }
}

impl ActionSpec {
    fn check(&self, errors: &mut ConfigErrors) {
        let (name, min, max, stop) = (&self.name, self.min, self.max, self.stop_value());
        if !(min.is_finite() && max.is_finite() && min < max) {
            errors.add(format!(
                "action {name}: min is {min} and max is {max}; both must be finite, and min less than max"
            ));
        } else if !(min..=max).contains(&stop) && !self.may_hold() {
            errors.add(format!(
                "action {name}: stop is {stop}; it must lie within min and max, {min} to {max}"
            ));
        }
        for (key, number) in [
            ("max_rate", self.max_rate),
            ("max_acceleration", self.max_acceleration),
            ("deadband", self.deadband),
            ("smoothing", self.smoothing),
        ] {
            if let Some(number) = number
                && !(number.is_finite() && number > 0.0)
            {
                errors.add(format!(
                    "action {name}: {key} is {number}; it must be a positive number, or be left out"
                ));
            }
        }
    }

    /// Whether it may turn out to be a position, which needs no value to be stopped.
    fn may_hold(&self) -> bool {
        let may_be_position = matches!(self.quantity, None | Some(ActionQuantity::Position));
        self.stop.is_none() && may_be_position
    }
}

/// The format is looked at before anything else, because the keys of another one have other meanings.
fn check_format(text: &str) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: Option<u32>,
    }
    let format = serde_yaml::from_str(text)
        .ok()
        .and_then(|Format { format }| format);
    match format {
        None | Some(FORMAT) => Ok(()),
        Some(2) => Err(format!(
            "format is 2, of an older release; this one reads format {FORMAT}. Convert it: `late_fusion convert FOLDER`"
        )),
        Some(older) if older < FORMAT => Err(format!(
            "format is {older}, of an older release; this one reads format {FORMAT}. Train the policy again"
        )),
        Some(newer) => Err(format!(
            "format is {newer}, of a newer release; this one reads format {FORMAT}"
        )),
    }
}

#[cfg(test)]
mod tests;
