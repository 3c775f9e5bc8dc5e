//! One policy as the status shows it: its modalities, and what the control thread says of its ticks.

use std::path::PathBuf;

use super::ModalityStatus;
use crate::control::{CommandedReader, StopReason, TickReport};
use crate::message::Status;
use crate::modality::Finding;
use crate::spec::PolicySpec;
use crate::time::Stamp;

/// What the status shows of one policy.
pub struct StatusSource {
    /// What the policy says of itself.
    pub spec: PolicySpec,
    /// The folder that it was loaded from.
    pub folder: PathBuf,
    /// Its modalities, in its order.
    pub modalities: Vec<ModalityStatus>,
    /// The state of the control thread after each tick of this policy.
    pub reports: triple_buffer::Output<TickReport>,
    /// The numbers of its newest command.
    pub commanded: CommandedReader,
}

impl StatusSource {
    /// The modalities that are subscribed to and have received nothing yet.
    pub fn silent(&self) -> Vec<&str> {
        self.modalities
            .iter()
            .zip(&self.spec.modalities)
            .filter(|(modality, _)| modality.enabled && modality.stats.snapshot().stamp.is_none())
            .map(|(_, spec)| spec.name.as_str())
            .collect()
    }

    /// The sentences in use, of all text modalities.
    pub fn instruction(&self) -> String {
        let sentences: Vec<String> = self
            .modalities
            .iter()
            .filter_map(|m| m.stats.sentence())
            .collect();
        sentences.join(" / ")
    }

    /// A reason not to act in words, with what its modality has to say to it.
    pub fn explain(&self, reason: StopReason) -> String {
        let words = reason.describe(&self.spec);
        let (StopReason::Absent { modality } | StopReason::Stale { modality, .. }) = reason else {
            return words.to_string();
        };
        let source = &self.modalities[modality];
        let seen = source.stats.snapshot();
        let why = match (seen.last_error, seen.reason) {
            (Some(error), _) => Some(format!("the last message was dropped: {error}")),
            (None, _) if seen.received == 0 && source.enabled => {
                Some("no message has been received".to_owned())
            }
            (None, reason) => reason,
        };
        let parts = [Some(words.to_string()), why, source.fanout.notice()];
        let stamps = source.fanout.last_findings().into_iter();
        let stamps = stamps.filter(Finding::is_about_stamps);
        let parts = parts.into_iter().flatten();
        let parts: Vec<String> = parts.chain(stamps.map(|f| f.to_string())).collect();
        parts.join("; ")
    }

    /// What is wrong at `now` with modalities although their messages arrive, by their names.
    pub fn findings(&self, now: Stamp) -> impl Iterator<Item = (&str, Finding)> {
        let modalities = self.modalities.iter().zip(&self.spec.modalities);
        modalities.flat_map(move |(modality, spec)| {
            let findings = modality.findings(now).into_iter();
            findings.map(|finding| (spec.name.as_str(), finding))
        })
    }

    /// The state of every modality at `now`, for a node of that name.
    pub fn statuses(&self, now: Stamp, node_name: &str) -> impl Iterator<Item = Status> {
        let modalities = self.modalities.iter().zip(&self.spec.modalities);
        modalities.map(move |(modality, spec)| modality.status(now, node_name, &spec.name))
    }
}
