//! A command topic, watched for other nodes that command the same robot, and for whoever obeys.

use std::time::{Duration, Instant};

use super::graph;
use super::modality_topic::Notice;
use super::names::Names;
use crate::config::CommandConfig;

/// How long nobody may take the commands before it is said.
const NO_SUBSCRIBER_AFTER: Duration = Duration::from_secs(5);

/// Watches a command topic.
pub struct CommandTopic {
    /// Its full name.
    topic: String,
    /// The parameter that names it.
    parameter: String,
    message: &'static str,
    publisher: r2r::PublisherUntyped,
    alone_since: Option<Instant>,
}

/// What is to be said of the command topic, and whether two nodes command one robot.
pub struct CommandNotices {
    /// The sentences about other nodes that command.
    pub rivals: Vec<String>,
    /// That nobody takes the commands.
    pub unheard: Option<Notice>,
}

impl CommandTopic {
    /// Watches the topic of a publisher of this node.
    pub fn new(
        node: &r2r::Node,
        command: &CommandConfig,
        publisher: r2r::PublisherUntyped,
    ) -> Self {
        Self {
            topic: Names::of_process(node).resolve(&command.topic),
            parameter: format!("{}.topic", command.place),
            message: command.message.ros_name(),
            publisher,
            alone_since: None,
        }
    }

    /// Looks who else publishes the topic, and whether anyone subscribes to it.
    pub fn look(&mut self, node: &r2r::Node, now: Instant) -> CommandNotices {
        let own = graph::own_name(node);
        let mut publishers = graph::publishers(node, &self.topic);
        // A second node of this node's name is found by what both publish once.
        publishers.retain(|publisher| publisher.node != own);
        publishers.sort_by(|a, b| a.node.cmp(&b.node));
        publishers.dedup_by(|a, b| a.node == b.node);
        let (topic, parameter) = (&self.topic, &self.parameter);
        let rival = |p: &graph::Publisher| {
            format!(
                "topic {topic}: {} publishes commands too ({}), so two nodes command one robot; end one of them, or set \
                 {parameter} to a topic of its own",
                p.node, p.message
            )
        };
        CommandNotices {
            rivals: publishers.iter().map(rival).collect(),
            unheard: self.unheard(now),
        }
    }

    /// Whether nobody takes the commands: the middleware counts only subscribers of the same type and of a quality of
    /// service that matches.
    fn unheard(&mut self, now: Instant) -> Option<Notice> {
        let count = self.publisher.get_inter_process_subscription_count();
        if count.is_ok_and(|count| count > 0) {
            self.alone_since = None;
            return None;
        }
        let since = *self.alone_since.get_or_insert(now);
        let is_long = now.saturating_duration_since(since) >= NO_SUBSCRIBER_AFTER;
        is_long.then(|| Notice {
            text: format!(
                "topic {topic}: no subscriber receives the commands; it would have to subscribe to {message}, with \
                 durability: volatile (`ros2 topic info -v {topic}` lists who is there)",
                topic = self.topic,
                message = self.message
            ),
            is_warning: true,
            of_silence: false,
        })
    }
}
