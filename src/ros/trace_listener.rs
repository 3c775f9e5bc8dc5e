//! What a running node does, moment by moment, as another process hears it.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use r2r::QosProfile;

use super::status_listener::StatusListener;
use super::trace_topic::DEPTH;
use crate::errors::ConfigErrors;
use crate::message::{MessageType, text};
use crate::trace::Batch;

/// A node of this process that listens to what one of ours does.
pub struct TraceListener {
    nodes: StatusListener,
    heard: Option<Receiver<Result<Batch, String>>>,
}

impl TraceListener {
    /// Joins the graph of ROS, as the command line of this process says.
    ///
    /// # Errors
    /// What ROS says when it refuses a node.
    pub fn new() -> Result<Self, ConfigErrors> {
        Ok(Self {
            nodes: StatusListener::of_tool("trace")?,
            heard: None,
        })
    }

    /// Looks for the node that is meant; see [`StatusListener::find`].
    ///
    /// # Errors
    /// That there is none, or several.
    pub fn find(
        &mut self,
        wanted: Option<&str>,
        patience: Duration,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<String>, ConfigErrors> {
        self.nodes.find(wanted, patience, go_on)
    }

    /// Listens to the node of that full name from here on: it begins to record once it sees that.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn listen(&mut self, name: &str) -> Result<(), ConfigErrors> {
        let (sender, heard) = channel();
        let topic = format!("{name}/trace");
        let deliver = {
            let topic = topic.clone();
            move |bytes: Vec<u8>| {
                let batch = text(&bytes).map_err(|e| format!("topic {topic}: {e}"));
                let batch = batch.and_then(|text| {
                    serde_json::from_str(text).map_err(|e| {
                        format!("topic {topic}: a message that is not part of a trace ({e}); is the node of another version?")
                    })
                });
                // The receiver lives as long as the subscription.
                let _ = sender.send(batch);
            }
        };
        let qos = QosProfile::default().keep_last(DEPTH);
        self.nodes
            .subscribe(&topic, MessageType::String.ros_name(), qos, deliver)?;
        self.heard = Some(heard);
        Ok(())
    }

    /// Waits a moment, and returns what was heard.
    ///
    /// # Errors
    /// What is wrong with a message on the topic.
    pub fn step(&mut self) -> Result<Vec<Batch>, ConfigErrors> {
        self.nodes.serve();
        let heard = self.heard.iter().flat_map(Receiver::try_iter);
        Ok(heard.collect::<Result<_, String>>()?)
    }
}
