//! What the recorder says of itself on `~/status`: up to which time it has recorded, and how much of each topic.
//!
//! Topics have no order among themselves. Who publishes on several of them and cares for the order in which they are
//! recorded, as a simulator does, waits until the recorder has said that it has everything so far.

use r2r::QosProfile;

use super::recorded_topic::RecordedTopic;
use crate::clock::Clock;
use crate::errors::ConfigErrors;
use crate::message::{DIAGNOSTICS_NAME, Level, Status, encode_diagnostics};
use crate::time::Stamp;

/// Publishes what has been recorded.
pub struct RecorderStatus {
    publisher: r2r::PublisherUntyped,
    name: String,
    said: Option<(Option<Stamp>, u64)>,
    has_failed: bool,
}

impl RecorderStatus {
    /// Offers `~/status`, latched.
    ///
    /// # Errors
    /// When ROS refuses the topic.
    pub fn new(node: &mut r2r::Node, name: &str) -> Result<Self, ConfigErrors> {
        let latched = QosProfile::default().keep_last(1).transient_local();
        let publisher = node
            .create_publisher_untyped("~/status", DIAGNOSTICS_NAME, latched)
            .map_err(|e| format!("topic ~/status: cannot publish: {e}"))?;
        Ok(Self {
            publisher,
            name: format!("{name}: recording"),
            said: None,
            has_failed: false,
        })
    }

    /// Says how much of each topic is in the bag, and that nothing will be recorded under a time before the clock's; only
    /// when the messages or simulated time have gone on. Returns what should be said when it cannot, once: a recording
    /// is worth more than what is said of it.
    pub fn say(&mut self, clock: &Clock, topics: &[RecordedTopic]) -> Option<String> {
        let now = clock.now();
        let messages = topics.iter().map(RecordedTopic::messages).sum();
        let told = (
            matches!(clock, Clock::Simulated(_)).then_some(now),
            messages,
        );
        if self.said == Some(told) {
            return None;
        }
        let values = topics
            .iter()
            .map(|topic| (topic.name().to_owned(), topic.messages().to_string()))
            .collect();
        let status = Status {
            level: Level::Ok,
            name: self.name.clone(),
            message: "recording".to_owned(),
            values,
        };
        match self
            .publisher
            .publish_raw(&encode_diagnostics(now, &[status]))
        {
            Ok(()) => {
                self.said = Some(told);
                None
            }
            Err(error) => (!std::mem::replace(&mut self.has_failed, true))
                .then(|| format!("topic ~/status: cannot publish: {error}")),
        }
    }
}
