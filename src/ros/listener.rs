//! `late_fusion init --live`: what a running robot publishes, heard for a while.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::context;
use super::recorded_topic::{Arrival, RecordedTopic};
use crate::bag::{Place, RecordView};
use crate::clock::Clock;
use crate::errors::ConfigErrors;
use crate::message::{Definitions, MessageType};

const NODE: &str = "late_fusion_init";

/// How long a step waits for messages.
const SPIN: Duration = Duration::from_millis(50);

/// How often the graph is looked at for topics and publishers that came.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Topics of these types say something to those who look for cameras, sentences, joints, odometry and commands.
const HEARD: [&str; 9] = [
    "sensor_msgs/msg/Image",
    "sensor_msgs/msg/CompressedImage",
    "std_msgs/msg/String",
    "sensor_msgs/msg/JointState",
    "nav_msgs/msg/Odometry",
    "geometry_msgs/msg/Twist",
    "geometry_msgs/msg/TwistStamped",
    "trajectory_msgs/msg/JointTrajectory",
    "std_msgs/msg/Float64MultiArray",
];

/// Topics that every node has, and those of ROS's own tools.
const OF_ROS: [&str; 5] = [
    "/rosout",
    "/parameter_events",
    "/clock",
    "/diagnostics",
    "/robot_description",
];

/// Listens to everything in the graph that a policy could learn from.
pub struct Listener {
    node: r2r::Node,
    /// While there is nothing to wait for, a spin does not wait either.
    _heartbeat: r2r::Timer,
    clock: Clock,
    topics: Vec<Heard>,
    others: BTreeMap<String, String>,
    sender: Sender<Arrival>,
    arrivals: Receiver<Arrival>,
    looked: Option<Instant>,
}

struct Heard {
    topic: RecordedTopic,
    name: Arc<str>,
    message_type: Arc<str>,
    definition: Arc<str>,
    message: MessageType,
}

impl Listener {
    /// A node that has heard nothing yet.
    ///
    /// # Errors
    /// What ROS says where it cannot start one.
    pub fn start() -> Result<Self, ConfigErrors> {
        let mut node = context::create_node(NODE)?.node;
        let heartbeat = node
            .create_wall_timer(SPIN)
            .map_err(|e| format!("ROS refuses a timer: {e}"))?;
        let (sender, arrivals) = channel();
        Ok(Self {
            node,
            _heartbeat: heartbeat,
            clock: Clock::new(false),
            topics: Vec::new(),
            others: BTreeMap::new(),
            sender,
            arrivals,
            looked: None,
        })
    }

    /// Waits a moment, and hands what has arrived to `take`, in the order in which it came.
    ///
    /// # Errors
    /// When ROS refuses a subscription.
    pub fn step(&mut self, mut take: impl FnMut(&RecordView)) -> Result<(), ConfigErrors> {
        let now = Instant::now();
        if self.looked.is_none_or(|looked| now - looked >= LOOK_EVERY) {
            self.looked = Some(now);
            self.look()?;
        }
        self.node.spin_once(SPIN);
        for heard in &mut self.topics {
            heard.topic.drain();
        }
        while let Ok((index, bytes)) = self.arrivals.try_recv() {
            let heard = &mut self.topics[index];
            heard.topic.count(&bytes, Instant::now());
            take(&RecordView {
                topic: &heard.name,
                message_type: &heard.message_type,
                definition: &heard.definition,
                log_time: self.clock.now(),
                bytes: &bytes,
                place: Place::NONE,
            });
        }
        Ok(())
    }

    /// Topics that something commands a robot by, with their types, to which somebody listens and nobody publishes.
    pub fn unheard_commands(&self) -> Vec<(&str, MessageType)> {
        let is_command = |heard: &&Heard| {
            heard.topic.messages() == 0
                && matches!(
                    heard.message,
                    MessageType::Twist
                        | MessageType::TwistStamped
                        | MessageType::JointTrajectory
                        | MessageType::Float64MultiArray
                )
        };
        let unheard = self.topics.iter().filter(is_command);
        unheard.map(|heard| (&*heard.name, heard.message)).collect()
    }

    /// The topics of other types, each with its type.
    pub fn others(&self) -> impl Iterator<Item = (&str, &str)> {
        let others = self.others.iter();
        others.map(|(name, message_type)| (name.as_str(), message_type.as_str()))
    }

    fn look(&mut self) -> Result<(), ConfigErrors> {
        // The graph may not be readable for a moment; the next look is near.
        let found = self.node.get_topic_names_and_types().unwrap_or_default();
        let found: BTreeMap<_, _> = found.into_iter().collect();
        for (name, types) in found {
            let is_known = self.topics.iter().any(|heard| *heard.name == *name);
            if is_known || OF_ROS.contains(&name.as_str()) {
                continue;
            }
            let known = |wanted: &&str| types.iter().any(|own| own == wanted);
            match HEARD.into_iter().find(known) {
                Some(message) => self.topics.push(Heard::new(name, message)?),
                None => {
                    self.others.insert(name, types.join(", "));
                }
            }
        }
        for (index, heard) in self.topics.iter_mut().enumerate() {
            // A topic of two types is told by whoever reads the proposal's topics with `ros2 topic info`.
            let _ = heard
                .topic
                .look(&mut self.node, index, &self.sender, &mut |_| {})?;
        }
        Ok(())
    }
}

impl Heard {
    fn new(name: String, message: &str) -> Result<Self, ConfigErrors> {
        let message = match MessageType::from_ros_name(message) {
            Some(known) => known,
            None => MessageType::installed(message)?,
        };
        let definition = Definitions::of_environment().of(message.ros_name())?;
        Ok(Self {
            topic: RecordedTopic::new(name.clone(), message, Instant::now()),
            name: name.into(),
            message_type: message.ros_name().into(),
            definition: definition.into(),
            message,
        })
    }
}
