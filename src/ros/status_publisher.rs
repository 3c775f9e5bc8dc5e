//! The topics on which a node says how it is: `~/status` on every change, and both `~/status` and `/diagnostics` once a
//! second.

use std::time::{Duration, Instant};

use r2r::QosProfile;

use super::graph;
use crate::errors::ConfigErrors;
use crate::message::{DIAGNOSTICS_NAME, Status, encode_diagnostics, encode_diagnostics_of};
use crate::time::Stamp;

/// How often the state is published without a change.
const REPEAT_EVERY: Duration = Duration::from_secs(1);

/// Publishes a state of which `Shown` is what counts as a change.
pub struct StatusPublisher<Shown> {
    status: r2r::PublisherUntyped,
    diagnostics: r2r::PublisherUntyped,
    /// The node's own name, and its full one without the first slash: nodes of one name in several namespaces are several
    /// to those who read `/diagnostics`.
    names: [String; 2],
    hardware_id: String,
    shown: Option<Shown>,
    repeated: Option<Instant>,
}

/// The state of a node.
pub struct Report {
    /// When it was so.
    pub stamp: Stamp,
    /// Its parts, for `~/status` and `/diagnostics`.
    pub statuses: Vec<Status>,
    /// More parts, for `/diagnostics` alone; empty where nobody asked for them.
    pub more: Vec<Status>,
}

impl<Shown: PartialEq> StatusPublisher<Shown> {
    /// Offers `~/status`, latched, and `/diagnostics`.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn new(node: &mut r2r::Node) -> Result<Self, ConfigErrors> {
        let latched = QosProfile::default().keep_last(1).transient_local();
        let mut offer = |topic: &str, qos| {
            node.create_publisher_untyped(topic, DIAGNOSTICS_NAME, qos)
                .map_err(|e| ConfigErrors::from(format!("topic {topic}: cannot publish: {e}")))
        };
        let (status, diagnostics) = (
            offer("~/status", latched)?,
            offer("/diagnostics", QosProfile::default())?,
        );
        let full = graph::own_name(node);
        Ok(Self {
            status,
            diagnostics,
            names: [
                node.name().unwrap_or_default(),
                full.trim_start_matches('/').to_owned(),
            ],
            hardware_id: host_name(),
            shown: None,
            repeated: None,
        })
    }

    /// What was shown last.
    pub fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// Takes the next state for a new one, whatever it is.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// Publishes what `report` gives, where `shown` is new or it is time to. It is told whether more parts are asked for.
    pub fn publish(
        &mut self,
        now: Instant,
        shown: Shown,
        report: impl FnOnce(&Shown, bool) -> Report,
    ) {
        let repeat = self.repeated.is_none_or(|at| now - at >= REPEAT_EVERY);
        if repeat || self.shown.as_ref() != Some(&shown) {
            let Report {
                stamp,
                mut statuses,
                more,
            } = report(&shown, repeat);
            // Publishing fails only when the node is gone.
            let _ = self
                .status
                .publish_raw(&encode_diagnostics(stamp, &statuses));
            if repeat {
                statuses.extend(more);
                let [own, full] = &self.names;
                for status in &mut statuses {
                    if let Some(part) = status.name.strip_prefix(own.as_str()) {
                        status.name = format!("{full}{part}");
                    }
                }
                let message = encode_diagnostics_of(stamp, &self.hardware_id, &statuses);
                let _ = self.diagnostics.publish_raw(&message);
                self.repeated = Some(now);
            }
        }
        self.shown = Some(shown);
    }
}

/// The machine that the node runs on, as the hardware of its diagnostics.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "unknown host".to_owned(),
        name => name.to_owned(),
    }
}
