//! What `/diagnostics` shows beyond `~/status`: the encoders, the guard and the policy.

use super::{ModalityStatus, StatusSource, pairs};
use crate::control::{Decision, StopReason, TickReport};
use crate::message::{Level, Status};

/// An encoder that has worked at one message for longer than this hangs.
const HANGS_AFTER_S: f64 = 1.0;

/// The parts of a node that has a policy.
#[derive(Debug, Default)]
pub struct Parts {
    /// Numbers that the guard had limited when it was last shown.
    limited: u64,
}

impl Parts {
    /// What is to be said of them after a tick, once a second.
    pub fn statuses(
        &mut self,
        node_name: &str,
        source: &StatusSource,
        report: &TickReport,
    ) -> Vec<Status> {
        let modalities = source.modalities.iter().zip(&source.spec.modalities);
        let encoders =
            modalities.filter_map(|(modality, spec)| encoder(node_name, modality, &spec.name));
        let mut statuses: Vec<Status> = encoders.collect();
        statuses.push(self.guard(node_name, report));
        statuses.push(policy(node_name, source, report));
        statuses
    }

    fn guard(&mut self, node_name: &str, report: &TickReport) -> Status {
        // A policy that takes over begins at 0.
        let before = std::mem::replace(&mut self.limited, report.limited);
        let lately = report.limited.saturating_sub(before);
        let (level, message) = match (report.ticks, lately) {
            (0, _) => (Level::Stale, "no command yet".to_owned()),
            (_, 0) => (Level::Ok, "every command is inside its limits".to_owned()),
            (_, lately) => (
                Level::Warn,
                format!(
                    "the policy goes beyond the limits: {lately} values limited since the last message"
                ),
            ),
        };
        Status {
            level,
            name: format!("{node_name}: guard"),
            message,
            values: pairs(&[
                ("limited", report.limited.to_string()),
                ("stops", report.stops.to_string()),
            ]),
        }
    }
}

fn policy(node_name: &str, source: &StatusSource, report: &TickReport) -> Status {
    let spec = &source.spec;
    let (level, message) = match report.decision {
        Decision::Stop(reason @ StopReason::NonFinite { .. })
        | Decision::Silent(reason @ StopReason::NonFinite { .. }) => {
            (Level::Error, reason.describe(spec).to_string())
        }
        _ => (Level::Ok, format!("{:?} is loaded", spec.name)),
    };
    let listed = |names: Vec<&str>| names.join(", ");
    let modalities = spec.modalities.iter().map(|m| m.name.as_str());
    let actions = spec.actions.iter().map(|a| a.name.as_str());
    Status {
        level,
        name: format!("{node_name}: policy"),
        message,
        values: pairs(&[
            ("name", spec.name.clone()),
            ("folder", source.folder.display().to_string()),
            ("modalities", listed(modalities.collect())),
            ("actions", listed(actions.collect())),
            ("steps", spec.head.steps().to_string()),
        ]),
    }
}

fn encoder(node_name: &str, modality: &ModalityStatus, name: &str) -> Option<Status> {
    let summary = modality.encoder.as_ref()?;
    let model = summary.model.as_ref()?;
    let seen = modality.stats.snapshot();
    let (level, message) = match seen.busy_s {
        Some(busy_s) if busy_s > HANGS_AFTER_S => (
            Level::Error,
            format!("it has worked at one message for {busy_s:.1} s"),
        ),
        _ if seen.encoded == 0 => (Level::Stale, "nothing encoded yet".to_owned()),
        _ => (Level::Ok, "encoding".to_owned()),
    };
    let device = summary.device.map_or(String::new(), |d| d.to_string());
    Some(Status {
        level,
        name: format!("{node_name}: {name} encoder"),
        message,
        values: pairs(&[
            ("model", model.display().to_string()),
            ("device", device),
            ("width", summary.width.to_string()),
            ("rate_hz", format!("{:.2}", seen.rate_hz)),
            ("encode_p50_ms", format!("{:.2}", seen.stages.encode.p50_ms)),
            ("encode_p99_ms", format!("{:.2}", seen.stages.encode.p99_ms)),
            ("superseded", modality.slot.superseded().to_string()),
        ]),
    })
}
