//! The topic of one modality: subscribed to so that every publisher is heard, and watched for what keeps it silent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use r2r::QosProfile;

use super::graph::{self, Publisher};
use super::names::Names;
use super::subscription::Subscription;
use crate::clock::Clock;
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::modality::{Epochs, Message, MessageFanout, Unchanged};

/// How long a topic may be without a publisher before it is said.
const NO_PUBLISHER_AFTER: Duration = Duration::from_secs(5);

/// Joint states come in parts from several publishers, and none may push out another's while the node is busy.
const DEPTH_OF_PARTS: usize = 100;

/// What a modality's topic is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What the parameters of the topic begin with, such as `modalities.scene.`.
    pub parameters: String,
    /// The topic, as the parameters name it.
    pub topic: String,
    /// The type of its messages.
    pub message: MessageType,
    /// Whether a message holds until the next one, as a sentence does, and so must not be lost.
    pub holds: bool,
    /// Whether one from before the node started counts.
    pub accept_earlier: bool,
    /// Whether the robot must stop without it.
    pub required: bool,
}

/// A modality's topic.
pub struct ModalityTopic {
    wanted: Wanted,
    /// Its full name.
    topic: String,
    fanout: Arc<MessageFanout>,
    clock: Clock,
    epochs: Epochs,
    /// With the quality of service of each; those that were given up are to be made again.
    subscriptions: Vec<(QosProfile, Option<Subscription>)>,
    /// Whether best-effort publishers are heard.
    hears_best_effort: bool,
    /// Since when nobody has published it.
    silent_since: Option<Instant>,
    /// What was found when it was looked for similar topics, since then.
    similar: Option<String>,
}

/// What is to be said of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether the node cannot work as it was asked to while this is so.
    pub is_warning: bool,
    /// Whether it is of a topic without messages, so that the next one makes it untrue.
    pub of_silence: bool,
}

impl ModalityTopic {
    /// Subscribes to a topic; its messages go to `fanout`.
    ///
    /// What holds until its next message is subscribed to reliably, and as volatile: so a message from before the node
    /// started does not count. Where it shall, there is a second, latched subscription, for a volatile publisher never
    /// reaches that one. The same message again costs nothing.
    ///
    /// # Errors
    /// The topic and type, when ROS refuses the subscription.
    pub fn subscribe(
        node: &mut r2r::Node,
        wanted: Wanted,
        fanout: Arc<MessageFanout>,
        clock: &Clock,
        epochs: &Epochs,
    ) -> Result<Self, ConfigErrors> {
        let topic = Names::of_process(node).resolve(&wanted.topic);
        let mut subscribed = Self {
            hears_best_effort: !wanted.holds,
            wanted,
            topic,
            fanout,
            clock: clock.clone(),
            epochs: epochs.clone(),
            subscriptions: Vec::new(),
            silent_since: None,
            similar: None,
        };
        let is_simulated = matches!(clock, Clock::Simulated(_));
        subscribed
            .fanout
            .expect(is_simulated, subscribed.wanted.holds);
        let depth = match subscribed.wanted.message {
            MessageType::JointState => DEPTH_OF_PARTS,
            _ => 1,
        };
        if subscribed.wanted.holds {
            let reliable = QosProfile::default().keep_last(depth);
            if subscribed.wanted.accept_earlier {
                subscribed.add(node, reliable.clone().transient_local())?;
            }
            subscribed.add(node, reliable)?;
        } else {
            subscribed.add(node, QosProfile::sensor_data().keep_last(depth))?;
        }
        Ok(subscribed)
    }

    /// Takes what has arrived from the middleware.
    pub fn drain(&mut self) {
        for (_, subscription) in &mut self.subscriptions {
            subscription.as_mut().map(Subscription::drain);
        }
    }

    /// For a node that is unconfigured: drops what has arrived, and gives up the subscription that it came by, unless an
    /// earlier message is to count later. r2r frees a subscription that was given up when its next message comes; so one
    /// to a topic that is silent is kept, or each configuration would leave one more behind.
    pub fn discard(&mut self) {
        (self.silent_since, self.similar) = (None, None);
        if self.wanted.accept_earlier {
            return self.drain();
        }
        for (_, subscription) in &mut self.subscriptions {
            if subscription.as_mut().is_some_and(Subscription::drain) {
                *subscription = None;
            }
        }
        self.fanout.forget();
    }

    /// Makes the subscriptions again that were given up.
    ///
    /// # Errors
    /// The topic and type, when ROS refuses one.
    pub fn subscribe_again(&mut self, node: &mut r2r::Node) -> Result<(), ConfigErrors> {
        for i in 0..self.subscriptions.len() {
            if let (qos, None) = &self.subscriptions[i] {
                let subscription = self.subscription(node, qos.clone())?;
                self.subscriptions[i].1 = Some(subscription);
            }
        }
        Ok(())
    }

    /// Looks who publishes the topic, and subscribes as they can be heard. Returns what is to be said.
    pub fn look(&mut self, node: &mut r2r::Node, now: Instant) -> Vec<Notice> {
        let publishers = graph::publishers(node, &self.topic);
        let name = self.wanted.message.ros_name();
        let (ours, others): (Vec<Publisher>, Vec<Publisher>) =
            publishers.into_iter().partition(|p| p.message == name);
        let mut notices: Vec<Notice> = others.iter().map(|p| self.other_type(p)).collect();
        notices.dedup();
        if ours.iter().any(|p| !p.reliable) {
            notices.extend(self.hear_best_effort(node, &ours));
        }
        if ours.is_empty() {
            let since = *self.silent_since.get_or_insert(now);
            if others.is_empty() && now.saturating_duration_since(since) >= NO_PUBLISHER_AFTER {
                notices.push(self.no_publisher(node));
            }
        } else {
            (self.silent_since, self.similar) = (None, None);
            // What this node says itself, for somebody on its page, was not said earlier.
            let own = graph::own_name(node);
            let others: Vec<&Publisher> = ours.iter().filter(|p| p.node != own).collect();
            notices.extend(self.said_earlier(&others));
        }
        self.fanout
            .set_notice(in_one(&notices, false), in_one(&notices, true));
        notices
    }

    fn add(&mut self, node: &mut r2r::Node, qos: QosProfile) -> Result<(), ConfigErrors> {
        let subscription = self.subscription(node, qos.clone())?;
        self.subscriptions.push((qos, Some(subscription)));
        Ok(())
    }

    fn subscription(
        &self,
        node: &mut r2r::Node,
        qos: QosProfile,
    ) -> Result<Subscription, ConfigErrors> {
        let (fanout, clock, epochs) =
            (self.fanout.clone(), self.clock.clone(), self.epochs.clone());
        let deliver = move |bytes| {
            fanout.put(Message {
                bytes: Arc::new(bytes),
                received: clock.now(),
                unchanged: Unchanged::default(),
                epoch: epochs.current(),
            });
        };
        let (topic, message) = (&self.wanted.topic, self.wanted.message);
        Subscription::new(node, topic, message, qos, deliver)
    }

    fn other_type(&self, publisher: &Publisher) -> Notice {
        let (topic, parameters) = (&self.topic, &self.wanted.parameters);
        let (node, other) = (&publisher.node, &publisher.message);
        let wanted = self.wanted.message.ros_name();
        Notice {
            text: format!(
                "topic {topic}: {node} publishes it as {other}, and {parameters}message is {wanted}: its messages are \
                 not received; set {parameters}message to the type that is published, or {parameters}topic to a topic \
                 of type {wanted}"
            ),
            is_warning: true,
            of_silence: false,
        }
    }

    /// A reliable subscription does not match a best-effort publisher, so it gets one of its own.
    fn hear_best_effort(&mut self, node: &mut r2r::Node, ours: &[Publisher]) -> Option<Notice> {
        if !self.wanted.holds {
            return None;
        }
        let names = graph::listed(ours.iter().filter(|p| !p.reliable));
        let topic = &self.topic;
        let mut text = format!(
            "topic {topic}: {names} publishes it with best-effort reliability; a message that is lost is not sent again; \
             publish it with reliability: reliable"
        );
        if !self.hears_best_effort {
            let qos = QosProfile::default().keep_last(1).best_effort();
            match self.add(node, qos) {
                Ok(()) => self.hears_best_effort = true,
                Err(errors) => text += &format!(" ({errors})"),
            }
        }
        Some(Notice {
            text,
            is_warning: true,
            of_silence: false,
        })
    }

    fn no_publisher(&mut self, node: &r2r::Node) -> Notice {
        let (topic, message) = (&self.topic, self.wanted.message.ros_name());
        if self.similar.is_none() {
            let similar = graph::similar_topics(topic, &graph::other_nodes(node));
            let published = similar.into_iter().find_map(|similar| {
                let publishers = graph::publishers(node, &similar);
                let publisher = publishers.into_iter().find(|p| p.message == message)?;
                Some((similar, publisher.node))
            });
            // Asked once for every time of silence: in a large graph it is many questions.
            self.similar = Some(published.map_or(String::new(), |(similar, node)| {
                format!(
                    "; {node} publishes {similar}: set {}topic to that, or remap one of the two",
                    self.wanted.parameters
                )
            }));
        }
        Notice {
            text: format!(
                "topic {topic}: no node publishes it as {message}{}",
                self.similar.as_deref().unwrap_or_default()
            ),
            is_warning: self.wanted.required,
            of_silence: true,
        }
    }

    /// What was said before the node started does not count, or cannot be had.
    fn said_earlier(&self, ours: &[&Publisher]) -> Option<Notice> {
        if ours.is_empty() || !self.wanted.holds || self.fanout.has_received() {
            return None;
        }
        let (topic, parameters) = (&self.topic, &self.wanted.parameters);
        let (latched, volatile): (Vec<&Publisher>, _) = ours.iter().partition(|p| p.latched);
        let text = match (self.wanted.accept_earlier, latched.is_empty()) {
            (false, false) => format!(
                "topic {topic}: no message since the node started; an earlier one, which {} may have (durability: \
                 transient_local), counts only with {parameters}accept_earlier: true",
                graph::listed(latched.into_iter())
            ),
            (true, true) => format!(
                "topic {topic}: no message since the node started; {parameters}accept_earlier is true, but {} keeps no \
                 earlier one (durability: volatile); publish it with durability: transient_local",
                graph::listed(volatile.into_iter())
            ),
            _ => return None,
        };
        Some(Notice {
            text,
            is_warning: false,
            of_silence: true,
        })
    }
}

fn in_one(notices: &[Notice], of_silence: bool) -> Option<String> {
    let notices = notices.iter().filter(|n| n.of_silence == of_silence);
    let texts: Vec<&str> = notices.map(|notice| notice.text.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
