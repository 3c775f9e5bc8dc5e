//! One topic of a recording: found in the graph, subscribed to as well as its publishers allow, and counted.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use r2r::QosProfile;
use r2r::qos::{DurabilityPolicy, ReliabilityPolicy};

use super::offered_qos::offered_qos;
use super::subscription::Subscription;
use crate::bag::OfferedQos;
use crate::errors::ConfigErrors;
use crate::message::MessageType;

/// Silence after which a topic is named in a warning.
const SILENT_AFTER: Duration = Duration::from_secs(5);

/// A message on its way to the bag: the topic's index and its bytes.
pub type Arrival = (usize, Vec<u8>);

/// A topic being recorded.
pub struct RecordedTopic {
    name: String,
    message: MessageType,
    subscription: Option<(Subscription, Offer)>,
    heard: Instant,
    messages: u64,
    malformed: u64,
    said_silent: bool,
    said_other_type: bool,
}

/// What all publishers of a topic offer, and so what a subscription may ask of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offer {
    reliable: bool,
    latched: bool,
}

impl RecordedTopic {
    /// A topic under its full name that nothing has come from yet.
    pub fn new(name: String, message: MessageType, now: Instant) -> Self {
        Self {
            name,
            message,
            subscription: None,
            heard: now,
            messages: 0,
            malformed: 0,
            said_silent: false,
            said_other_type: false,
        }
    }

    /// Its full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Messages so far.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// How many of them nobody will be able to read.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// Whether its messages are kept for those who come late, as an instruction's are.
    pub fn is_latched(&self) -> bool {
        matches!(self.subscription, Some((_, Offer { latched: true, .. })))
    }

    /// Subscribes once there are publishers, and again when one has come that offers less than the others. Tells `offered`
    /// what each of them offers, and returns what should be said about them.
    ///
    /// # Errors
    /// When ROS refuses the subscription.
    pub fn look(
        &mut self,
        node: &mut r2r::Node,
        index: usize,
        arrivals: &Sender<Arrival>,
        offered: &mut dyn FnMut(OfferedQos),
    ) -> Result<Option<String>, ConfigErrors> {
        // The graph may not be readable for a moment; the next look is near.
        let publishers = node
            .get_publishers_info_by_topic(&self.name, false)
            .unwrap_or_default();
        let wanted = self.message.ros_name();
        let (ours, others): (Vec<_>, Vec<_>) =
            publishers.into_iter().partition(|p| p.topic_type == wanted);
        let said = others
            .first()
            .filter(|_| !self.said_other_type)
            .map(|other| {
                format!(
                    "{} is published as {}, which cannot be recorded as {wanted}",
                    self.name, other.topic_type
                )
            });
        self.said_other_type |= said.is_some();
        for publisher in &ours {
            offered(offered_qos(&publisher.qos_profile));
        }
        let Some(mut offer) = Offer::of_all(ours.iter().map(|p| &p.qos_profile)) else {
            return Ok(said);
        };
        if let Some((_, current)) = &self.subscription {
            // A publisher that went away is no reason to change what works.
            offer = offer.and(*current);
            if offer == *current {
                return Ok(said);
            }
        }
        let arrivals = arrivals.clone();
        let deliver = move |bytes| {
            // The receiver lives as long as the recorder that drains this subscription.
            let _ = arrivals.send((index, bytes));
        };
        let subscription =
            Subscription::new(node, &self.name, self.message, offer.profile(), deliver)?;
        self.subscription = Some((subscription, offer));
        Ok(said)
    }

    /// Takes what has arrived from the middleware.
    pub fn drain(&mut self) {
        if let Some((subscription, _)) = &mut self.subscription {
            subscription.drain();
        }
    }

    /// Counts a message that goes into the bag. Returns what should be said about it.
    pub fn count(&mut self, bytes: &[u8], now: Instant) -> Option<String> {
        self.messages += 1;
        self.heard = now;
        self.said_silent = false;
        let error = self.message.check(bytes).err()?;
        self.malformed += 1;
        (self.malformed == 1).then(|| {
            format!(
                "{}: a message is malformed: {error}. It is recorded as it came; more of them are only counted",
                self.name
            )
        })
    }

    /// What should be said when nothing comes. Text, and what is latched, comes when there is something to say, so only its absence
    /// from the start is worth a word.
    pub fn silence(&mut self, now: Instant) -> Option<String> {
        let silent = now.saturating_duration_since(self.heard);
        let expected =
            !(self.message == MessageType::String || self.is_latched()) || self.messages == 0;
        if self.said_silent || silent < SILENT_AFTER || !expected {
            return None;
        }
        self.said_silent = true;
        let why = match self.subscription {
            None => format!("no one publishes it as {}", self.message.ros_name()),
            Some(_) => "its publisher is there".to_owned(),
        };
        Some(format!(
            "{}: nothing has come for {:.0} s; {why}",
            self.name,
            silent.as_secs_f64()
        ))
    }
}

impl Offer {
    /// What all of the publishers offer; `None` when there are none.
    fn of_all<'a>(profiles: impl Iterator<Item = &'a QosProfile>) -> Option<Self> {
        profiles
            .map(|profile| Self {
                reliable: profile.reliability == ReliabilityPolicy::Reliable,
                latched: profile.durability == DurabilityPolicy::TransientLocal,
            })
            .reduce(Self::and)
    }

    fn and(self, other: Self) -> Self {
        Self {
            reliable: self.reliable && other.reliable,
            latched: self.latched && other.latched,
        }
    }

    /// A subscription that misses as little as the publishers allow. The depth bridges a slow moment of the disk.
    fn profile(self) -> QosProfile {
        let profile = QosProfile::default().keep_last(50);
        let profile = match self.reliable {
            true => profile.reliable(),
            false => profile.best_effort(),
        };
        match self.latched {
            true => profile.transient_local(),
            false => profile.volatile(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_asks_for_what_every_publisher_offers() {
        let reliable = QosProfile::default().reliable().volatile();
        let latched = reliable.clone().transient_local();
        let best_effort = QosProfile::default().best_effort().volatile();
        for (offers, expected) in [
            (vec![], None),
            (vec![&reliable], Some((true, false))),
            (vec![&latched], Some((true, true))),
            (vec![&latched, &reliable], Some((true, false))),
            (vec![&reliable, &best_effort], Some((false, false))),
        ] {
            let offer = Offer::of_all(offers.into_iter());
            assert_eq!(offer.map(|o| (o.reliable, o.latched)), expected);
        }
    }
}
