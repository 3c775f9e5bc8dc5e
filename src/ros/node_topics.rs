//! The topics of the node. They are made once, when it is configured for the first time. While it is unconfigured nothing
//! that arrives counts; publishers stay as long as the node does.

use std::sync::Arc;

use super::command_topic::CommandTopic;
use super::explainer_topics::ExplainerTopics;
use super::graph_watch::GraphWatch;
use super::modality_topic::{ModalityTopic, Wanted};
use super::publisher::CommandPublisher;
use crate::clock::Clock;
use crate::config::NodeConfig;
use crate::errors::ConfigErrors;
use crate::modality::{Epochs, MessageFanout};
use crate::runtime::{MessageFanouts, Ports};

/// The same, as policies read and write them.
pub type NodeTopics = Ports<CommandPublisher, ExplainerTopics>;

/// Subscribes to the topics of all modalities that the parameters enable, offers those of commands and contributions,
/// and has `graph` watch them.
///
/// # Errors
/// The topic that ROS refuses.
pub fn offer(
    node: &mut r2r::Node,
    config: &NodeConfig,
    clock: &Clock,
    epochs: &Epochs,
    graph: &mut GraphWatch,
) -> Result<NodeTopics, ConfigErrors> {
    let mut topics = Vec::new();
    let mut fanouts = MessageFanouts::new();
    for wired in config.modalities.iter().filter(|m| m.enabled) {
        let fanout = Arc::new(MessageFanout::new(wired.message));
        let wanted = Wanted {
            parameters: format!("modalities.{}.", wired.name),
            topic: wired.topic.clone(),
            message: wired.message,
            holds: wired.is_latched(),
            accept_earlier: wired.accept_earlier,
            required: wired.required,
        };
        topics.push(ModalityTopic::subscribe(
            node,
            wanted,
            fanout.clone(),
            clock,
            epochs,
        )?);
        fanouts.insert(wired.name.clone(), fanout);
    }
    let explanations = match config.contributions_rate_hz > 0.0 {
        true => Some(ExplainerTopics::new(node)?),
        false => None,
    };
    let stops = CommandPublisher::new(node, config)?;
    let commands = CommandPublisher::new(node, config)?;
    let watched = config.action.commands.iter().zip(commands.publishers());
    let watched = watched.map(|(command, publisher)| CommandTopic::new(node, command, publisher));
    graph.watch(topics, watched.collect());
    Ok(Ports {
        fanouts,
        commands,
        stops,
        explanations,
    })
}
