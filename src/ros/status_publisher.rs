//! The topics on which a node says how it is: `~/status` on every change, and both `~/status` and `/diagnostics` once a
//! second.

use std::time::{Duration, Instant};

use r2r::QosProfile;

use crate::errors::ConfigErrors;
use crate::message::DIAGNOSTICS_NAME;

/// How often the state is published without a change.
const REPEAT_EVERY: Duration = Duration::from_secs(1);

/// Publishes a state of which `Shown` is what counts as a change.
pub struct StatusPublisher<Shown> {
    status: r2r::PublisherUntyped,
    diagnostics: r2r::PublisherUntyped,
    shown: Option<Shown>,
    repeated: Option<Instant>,
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
        Ok(Self {
            status: offer("~/status", latched)?,
            diagnostics: offer("/diagnostics", QosProfile::default())?,
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

    /// Publishes what `encode` gives, where `shown` is new or it is time to.
    pub fn publish(&mut self, now: Instant, shown: Shown, encode: impl FnOnce(&Shown) -> Vec<u8>) {
        let repeat = self.repeated.is_none_or(|at| now - at >= REPEAT_EVERY);
        if repeat || self.shown.as_ref() != Some(&shown) {
            let message = encode(&shown);
            // Publishing fails only when the node is gone.
            let _ = self.status.publish_raw(&message);
            if repeat {
                let _ = self.diagnostics.publish_raw(&message);
                self.repeated = Some(now);
            }
        }
        self.shown = Some(shown);
    }
}
