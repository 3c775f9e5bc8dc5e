//! The topic of a deadman or of an emergency stop: heard whoever publishes it, and watched for what keeps it silent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use r2r::QosProfile;

use super::graph;
use super::modality_topic::Notice;
use super::names::Names;
use super::subscription::Subscription;
use crate::clock::Clock;
use crate::config::{DeadmanConfig, EmergencyStopConfig};
use crate::errors::ConfigErrors;
use crate::message::{JoyView, MessageError, MessageType, boolean};
use crate::safety::Permission;
use crate::time::Stamp;

/// How long a topic may be without a publisher before it is said.
const NO_PUBLISHER_AFTER: Duration = Duration::from_secs(5);

/// A press that is followed at once by a release must not be pushed out by it, also while the node is busy.
const DEPTH_OF_PRESSES: usize = 100;

/// A topic that says whether the robot may be moved.
pub struct PermissionTopic {
    /// What its parameters begin with.
    parameters: &'static str,
    /// Its full name.
    topic: String,
    message: MessageType,
    subscriptions: Vec<Subscription>,
    unreadable: Arc<Unreadable>,
    silent_since: Option<Instant>,
}

/// What was wrong with messages.
#[derive(Default)]
struct Unreadable(Mutex<Wrong>);

#[derive(Default)]
struct Wrong {
    /// What was wrong with the last one of them.
    why: Option<String>,
    /// Whether it came since the last look.
    is_new: bool,
    /// Whether the one after it could be read.
    is_over: bool,
}

impl PermissionTopic {
    /// Subscribes to an emergency stop. Three subscriptions hear every press there can be: the first whatever the
    /// publisher's quality of service, but it may lose one; the second loses none of a reliable publisher; the third also
    /// gets what a latched publisher said before the node started, for what is pressed must not be missed. The same press
    /// again changes nothing, except that one which is heard once more right after a reset latches again.
    ///
    /// # Errors
    /// The topic, when ROS refuses the subscription.
    pub fn emergency_stop(
        node: &mut r2r::Node,
        config: &EmergencyStopConfig,
        permission: &Arc<Permission>,
    ) -> Result<Self, ConfigErrors> {
        let reliable = QosProfile::default().keep_last(DEPTH_OF_PRESSES);
        let profiles = [
            reliable.clone().best_effort(),
            reliable.clone(),
            reliable.transient_local(),
        ];
        let mut topic = Self::new(node, "emergency_stop.", &config.topic, MessageType::Bool);
        for qos in profiles {
            let permission = permission.clone();
            topic.subscribe(node, &config.topic, qos, move |bytes| {
                let pressed = boolean(bytes);
                permission.emergency_stop_says(pressed.as_ref().ok().copied(), Instant::now());
                pressed.map(drop)
            })?;
        }
        Ok(topic)
    }

    /// Subscribes to a deadman: only what is said from here on counts, the newest message alone, and what is lost is made
    /// good by the next. So a single subscription that hears every publisher suffices.
    ///
    /// # Errors
    /// The topic, when ROS refuses the subscription.
    pub fn deadman(
        node: &mut r2r::Node,
        config: &DeadmanConfig,
        permission: &Arc<Permission>,
        clock: &Clock,
    ) -> Result<Self, ConfigErrors> {
        let (message, button) = (config.message, config.button);
        let (permission, clock) = (permission.clone(), clock.clone());
        let mut topic = Self::new(node, "deadman.", &config.topic, message);
        let qos = QosProfile::default().keep_last(1).best_effort();
        topic.subscribe(node, &config.topic, qos, move |bytes| {
            let said = deadman_in(bytes, message, button);
            let (pressed, stamp) = match &said {
                Ok((pressed, stamp)) => (Some(*pressed), *stamp),
                Err(_) => (None, None),
            };
            permission.deadman_says(pressed, Instant::now(), age(stamp, &clock));
            said.map(drop)
        })?;
        Ok(topic)
    }

    /// Takes what has arrived from the middleware.
    pub fn drain(&mut self) {
        for subscription in &mut self.subscriptions {
            subscription.drain();
        }
    }

    /// Looks who publishes the topic. Returns what is to be said.
    pub fn look(&mut self, node: &r2r::Node, now: Instant) -> Vec<Notice> {
        let publishers = graph::publishers(node, &self.topic);
        let (topic, parameters) = (&self.topic, self.parameters);
        let name = self.message.ros_name();
        let others = publishers.iter().filter(|p| p.message != name);
        let mut texts: Vec<String> = others
            .map(|publisher| {
                format!(
                    "topic {topic}: {} publishes it as {}, and {parameters}topic must be of type {name}: its messages are \
                     not received",
                    publisher.node, publisher.message
                )
            })
            .collect();
        texts.dedup();
        if publishers.iter().any(|p| p.message == name) {
            self.silent_since = None;
        } else {
            let since = *self.silent_since.get_or_insert(now);
            if texts.is_empty() && now.saturating_duration_since(since) >= NO_PUBLISHER_AFTER {
                texts.push(format!(
                    "topic {topic}: no node publishes it as {name} ({parameters}topic)"
                ));
            }
        }
        texts.extend(self.unreadable.told().map(|why| {
            format!("topic {topic}: a message could not be read ({parameters}topic): {why}")
        }));
        let warning = |text| Notice {
            text,
            is_warning: true,
            of_silence: false,
        };
        texts.into_iter().map(warning).collect()
    }

    fn new(node: &r2r::Node, parameters: &'static str, topic: &str, message: MessageType) -> Self {
        Self {
            parameters,
            topic: Names::of_process(node).resolve(topic),
            message,
            subscriptions: Vec::new(),
            unreadable: Arc::default(),
            silent_since: None,
        }
    }

    fn subscribe(
        &mut self,
        node: &mut r2r::Node,
        topic: &str,
        qos: QosProfile,
        hear: impl Fn(&[u8]) -> Result<(), MessageError> + Send + 'static,
    ) -> Result<(), ConfigErrors> {
        let unreadable = self.unreadable.clone();
        let deliver = move |bytes: Vec<u8>| unreadable.note(hear(&bytes));
        let subscription = Subscription::new(node, topic, self.message, qos, deliver)?;
        self.subscriptions.push(subscription);
        Ok(())
    }
}

impl Unreadable {
    fn note(&self, read: Result<(), MessageError>) {
        let mut wrong = self.lock();
        match read {
            Ok(()) => wrong.is_over = true,
            Err(why) => {
                *wrong = Wrong {
                    why: Some(why.to_string()),
                    is_new: true,
                    is_over: false,
                }
            }
        }
    }

    /// What was wrong with a message since the last look, or is with the newest.
    fn told(&self) -> Option<String> {
        let mut wrong = self.lock();
        if wrong.is_over && !wrong.is_new {
            wrong.why = None;
        }
        wrong.is_new = false;
        wrong.why.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Wrong> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the deadman is pressed, and the stamp of the message where it has one.
fn deadman_in(
    bytes: &[u8],
    message: MessageType,
    button: u32,
) -> Result<(bool, Option<Stamp>), MessageError> {
    match message {
        MessageType::Joy => {
            let joy = JoyView::parse(bytes)?;
            Ok((joy.is_pressed(button)?, Some(joy.stamp)))
        }
        _ => Ok((boolean(bytes)?, None)),
    }
}

/// How old a message is by its stamp. One that is unset, or ahead of the node's clock, says nothing.
fn age(stamp: Option<Stamp>, clock: &Clock) -> Duration {
    let stamp = stamp.filter(|stamp| !stamp.is_unset());
    let age_s = stamp.map_or(0.0, |stamp| clock.now().seconds_since(stamp));
    Duration::try_from_secs_f64(age_s).unwrap_or_default()
}
