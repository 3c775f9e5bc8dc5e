//! `late_fusion record`: from topics to a bag, losing as little as the publishers allow.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::context;
use super::names::Names;
use super::node::follow_clock;
use super::recorded_topic::{Arrival, RecordedTopic};
use super::recorder_status::RecorderStatus;
use super::subscription::Subscription;
use crate::bag::{Episodes, Recording, SplitLimits, Summary, TopicDescription};
use crate::clock::Clock;
use crate::config::{NodeConfig, NodeName};
use crate::errors::ConfigErrors;
use crate::message::{Definitions, MessageType};
use crate::time::Stamp;

/// The name of the recorder's node; the parameter file it reads is the node's.
const NODE: &str = "late_fusion_record";

/// How long a step waits for messages.
const SPIN: Duration = Duration::from_millis(50);

/// How often the graph is looked at for publishers that came.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often everything goes to the operating system, which keeps it when this process is killed.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// What a recording holds so far.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The episodes, by how they ended.
    pub episodes: Episodes,
    /// Messages of all topics.
    pub messages: u64,
    /// Their size, before compression.
    pub bytes: u64,
}

/// A finished recording.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the bag holds.
    pub bag: Summary,
    /// The episodes, by how they ended.
    pub episodes: Episodes,
    /// Full name, messages and malformed messages of every topic.
    pub topics: Vec<(String, u64, u64)>,
    /// Messages that came before the first `/clock` and had no time to be recorded under.
    pub before_clock: u64,
}

/// A recording being made.
pub struct Recorder {
    node: r2r::Node,
    /// While there is nothing to wait for, a spin does not wait either.
    _heartbeat: r2r::Timer,
    clock: Clock,
    clock_subscription: Option<Subscription>,
    topics: Vec<RecordedTopic>,
    status: RecorderStatus,
    episode_topic: usize,
    sender: Sender<Arrival>,
    arrivals: Receiver<Arrival>,
    bag: Recording,
    episodes: Episodes,
    looked: Option<Instant>,
    flushed: Instant,
    started: Instant,
    /// The newest latched message of each topic from before the first `/clock`: it will not be sent again.
    held: BTreeMap<usize, Vec<u8>>,
    before_clock: u64,
    said_no_clock: bool,
    /// When the last message was recorded.
    last: Stamp,
}

/// A clock that goes back by more was reset.
const RESET_S: f64 = 1.0;

impl Recorder {
    /// Starts to record the topics of `config`, as the node `robot` would hear them, into the new folder `parent`/`name`.
    /// Remappings come from this process' `--ros-args`.
    ///
    /// # Errors
    /// Every problem of the command line, the topics and their definitions, before any file is made.
    pub fn start(
        config: &NodeConfig,
        robot: &NodeName,
        parent: &Path,
        name: &str,
    ) -> Result<Self, ConfigErrors> {
        let created = context::create_node(NODE)?;
        let simulated = config.use_sim_time;
        let wanted = wanted_topics(config, &Names::of(robot, &created.arguments))?;
        let mut node = created.node;
        let described = describe(&wanted)?;
        let clock = Clock::new(simulated);
        let clock_subscription = match simulated {
            true => Some(follow_clock(&mut node, clock.clone(), || {})?),
            false => None,
        };
        let heartbeat = node
            .create_wall_timer(SPIN)
            .map_err(|e| format!("ROS refuses a timer: {e}"))?;
        let status = RecorderStatus::new(&mut node, NODE)?;
        let limits = SplitLimits {
            bytes: config.record.max_bag_size,
            duration_s: config.record.max_bag_duration_s,
        };
        let bag = Recording::create(parent, name, described, limits)?;
        let now = Instant::now();
        let topics: Vec<RecordedTopic> = wanted
            .into_iter()
            .map(|(name, message)| RecordedTopic::new(name, message, now))
            .collect();
        let (sender, arrivals) = channel();
        Ok(Self {
            node,
            _heartbeat: heartbeat,
            clock,
            clock_subscription,
            // `wanted_topics` puts it last.
            episode_topic: topics.len() - 1,
            topics,
            status,
            sender,
            arrivals,
            bag,
            episodes: Episodes::default(),
            looked: None,
            flushed: now,
            started: now,
            held: BTreeMap::new(),
            before_clock: 0,
            said_no_clock: false,
            last: Stamp::default(),
        })
    }

    /// The recording's folder.
    pub fn folder(&self) -> &Path {
        self.bag.folder()
    }

    /// Full names of the topics being recorded.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(RecordedTopic::name)
    }

    /// Waits a moment for messages and records them. Returns what the person recording should know.
    ///
    /// # Errors
    /// When the file cannot be written, or ROS refuses a subscription.
    pub fn step(&mut self) -> Result<Vec<String>, ConfigErrors> {
        let mut notices = Vec::new();
        let now = Instant::now();
        if self.looked.is_none_or(|looked| now - looked >= LOOK_EVERY) {
            self.looked = Some(now);
            for (index, topic) in self.topics.iter_mut().enumerate() {
                let bag = &mut self.bag;
                let mut offer = |qos| bag.offer(index, qos);
                notices.extend(topic.look(&mut self.node, index, &self.sender, &mut offer)?);
                notices.extend(topic.silence(now));
            }
            notices.extend(self.clock_silence(now));
        }
        self.node.spin_once(SPIN);
        if let Some(clock) = &mut self.clock_subscription {
            clock.drain();
        }
        for topic in &mut self.topics {
            topic.drain();
        }
        let now = Instant::now();
        while let Ok((index, bytes)) = self.arrivals.try_recv() {
            self.take(index, bytes, now, &mut notices)?;
        }
        if now - self.flushed >= FLUSH_EVERY {
            self.flush(now)?;
        }
        notices.extend(self.status.say(&self.clock, &self.topics));
        Ok(notices)
    }

    /// What there is so far.
    pub fn progress(&self) -> Progress {
        Progress {
            episodes: self.episodes,
            messages: self.bag.messages(),
            bytes: self.bag.payload_bytes(),
        }
    }

    /// Completes the recording.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<Report, ConfigErrors> {
        Ok(Report {
            bag: self.bag.finish()?,
            episodes: self.episodes,
            topics: self
                .topics
                .iter()
                .map(|t| (t.name().to_owned(), t.messages(), t.malformed()))
                .collect(),
            before_clock: self.before_clock,
        })
    }

    fn take(
        &mut self,
        index: usize,
        bytes: Vec<u8>,
        now: Instant,
        notices: &mut Vec<String>,
    ) -> Result<(), ConfigErrors> {
        // A simulator's time of zero is no time yet.
        if self.clock.now().is_unset() {
            let replaced = match self.topics[index].is_latched() {
                true => self.held.insert(index, bytes).is_some(),
                false => true,
            };
            self.before_clock += u64::from(replaced);
            return Ok(());
        }
        for (index, bytes) in std::mem::take(&mut self.held) {
            self.record(index, &bytes, now, notices)?;
        }
        self.record(index, &bytes, now, notices)
    }

    fn record(
        &mut self,
        index: usize,
        bytes: &[u8],
        now: Instant,
        notices: &mut Vec<String>,
    ) -> Result<(), ConfigErrors> {
        let time = self.clock.now();
        notices.extend(self.went_back(time));
        let topic = &mut self.topics[index];
        self.bag.write(index, time, bytes)?;
        notices.extend(topic.count(bytes, now));
        if index == self.episode_topic {
            notices.extend(self.episodes.mark_message(bytes).odd);
            self.flush(now)?;
        }
        Ok(())
    }

    fn went_back(&mut self, time: Stamp) -> Option<String> {
        let last = std::mem::replace(&mut self.last, time);
        let back_s = last.seconds_since(time);
        (back_s > RESET_S).then(|| {
            format!(
                "the clock went back by {back_s:.1} s. Recordings are read in the order of their times, so what follows \
                 will be mixed with what came before; end this recording and begin another"
            )
        })
    }

    fn flush(&mut self, now: Instant) -> Result<(), ConfigErrors> {
        self.flushed = now;
        self.bag.flush()
    }

    fn clock_silence(&mut self, now: Instant) -> Option<String> {
        let waited = now - self.started;
        if self.said_no_clock || waited < Duration::from_secs(5) || !self.clock.now().is_unset() {
            return None;
        }
        self.said_no_clock = true;
        Some(format!(
            "/clock: nothing has come for {:.0} s, and with use_sim_time nothing is recorded before it",
            waited.as_secs_f64()
        ))
    }
}

/// The topics of the recording under their full names, each once, the episode markers last.
fn wanted_topics(
    config: &NodeConfig,
    names: &Names,
) -> Result<Vec<(String, MessageType)>, ConfigErrors> {
    let modalities = config.modalities.iter().map(|m| (&m.topic, m.message));
    let others =
        (config.demonstrated()).chain([(&config.record.episode_topic, MessageType::String)]);
    let mut errors = ConfigErrors::new();
    if config.modalities.is_empty() {
        errors.add("parameter modalities is empty; at least one modality is needed to record");
    }
    let mut wanted: Vec<(String, MessageType)> = Vec::new();
    for (topic, message) in modalities.chain(others) {
        let name = names.resolve(topic);
        match wanted.iter().position(|(known, _)| *known == name) {
            Some(at) if wanted[at].1 != message => errors.add(format!(
                "topic {name} is wanted as {} and as {}; a topic has one type",
                wanted[at].1.ros_name(),
                message.ros_name()
            )),
            Some(at) => {
                let again = wanted.remove(at);
                wanted.push(again);
            }
            None => wanted.push((name, message)),
        }
    }
    errors.or(wanted)
}

fn describe(wanted: &[(String, MessageType)]) -> Result<Vec<TopicDescription>, ConfigErrors> {
    let definitions = Definitions::of_environment();
    let mut errors = ConfigErrors::new();
    let mut described = Vec::new();
    for (name, message) in wanted {
        let message_type = message.ros_name();
        match definitions.of(message_type) {
            Ok(definition) => described.push(TopicDescription {
                name: name.clone(),
                message_type: message_type.to_owned(),
                definition,
                type_hash: definitions.type_hash(message_type).unwrap_or_default(),
            }),
            Err(missing) => errors.extend(missing),
        }
    }
    errors.or(described)
}
