//! Looks at the graph of ROS about once a second: what keeps topics silent, and who else commands the robot.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::command_topic::CommandTopic;
use super::graph;
use super::modality_topic::{ModalityTopic, Notice};
use super::names::Names;
use super::permission_topic::PermissionTopic;
use crate::errors::ConfigErrors;
use crate::message::{Level, Status};

/// How often it looks. The main thread does, between two spins, and the control thread has nothing to do with it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is wrong with topics, on its way to the status. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

/// The topics of a node, and what was said of them.
pub struct GraphWatch {
    topics: Vec<ModalityTopic>,
    permissions: Vec<PermissionTopic>,
    commands: Vec<CommandTopic>,
    is_listening: bool,
    warnings: Warnings,
    /// What the log has said of the present state.
    said: Vec<String>,
    looked: Instant,
}

impl Warnings {
    /// The sentences.
    pub fn get(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// They as a part of the status of a node.
    pub fn status(&self, node_name: &str) -> Status {
        let warnings = self.get();
        let (level, message) = match warnings.is_empty() {
            true => (Level::Ok, "as wired".to_owned()),
            false => (Level::Warn, warnings.join("; ")),
        };
        Status {
            level,
            name: format!("{node_name}: topics"),
            message,
            values: Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GraphWatch {
    /// Watches these topics.
    pub fn new(topics: Vec<ModalityTopic>) -> Self {
        Self {
            topics,
            permissions: Vec::new(),
            commands: Vec::new(),
            is_listening: true,
            warnings: Warnings::default(),
            said: Vec::new(),
            looked: Instant::now(),
        }
    }

    /// Watches these as well.
    pub fn watch(&mut self, topics: Vec<ModalityTopic>, commands: Vec<CommandTopic>) {
        self.topics.extend(topics);
        self.commands.extend(commands);
    }

    /// Wants what arrives from here on, and looks after the topics again.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn listen(&mut self, node: &mut r2r::Node) -> Result<(), ConfigErrors> {
        for topic in &mut self.topics {
            topic.subscribe_again(node)?;
        }
        self.is_listening = true;
        Ok(())
    }

    /// Does not want what arrives from here on, and says nothing of the topics.
    pub fn ignore(&mut self) {
        self.is_listening = false;
    }

    pub fn and_permissions(self, permissions: Vec<PermissionTopic>) -> Self {
        Self {
            permissions,
            ..self
        }
    }

    /// Takes what has arrived about who may move the robot. To be called after every spin, before anything else.
    pub fn hear_permissions(&mut self) {
        for topic in &mut self.permissions {
            topic.drain();
        }
    }

    /// What is wrong, for the status.
    pub fn warnings(&self) -> Warnings {
        self.warnings.clone()
    }

    /// Takes what has arrived from the middleware, and looks at the graph when it is time to. To be called after every
    /// spin.
    pub fn serve(&mut self, node: &mut r2r::Node) {
        for topic in &mut self.topics {
            match self.is_listening {
                true => topic.drain(),
                false => topic.discard(),
            }
        }
        let now = Instant::now();
        if now.saturating_duration_since(self.looked) >= LOOK_EVERY {
            self.looked = now;
            self.look(node, now);
        }
    }

    fn look(&mut self, node: &mut r2r::Node, now: Instant) {
        let mut grave: Vec<String> = same_name(node).into_iter().collect();
        let mut notices: Vec<Notice> = Vec::new();
        for command in self.commands.iter_mut().filter(|_| self.is_listening) {
            let source = command.look(node, now);
            grave.extend(source.rivals);
            notices.extend(source.unheard);
        }
        for topic in self.topics.iter_mut().filter(|_| self.is_listening) {
            notices.extend(topic.look(node, now));
        }
        for topic in &mut self.permissions {
            notices.extend(topic.look(node, now));
        }
        for text in grave.iter().filter(|text| !self.said.contains(text)) {
            log::error!("{text}");
        }
        for notice in notices.iter().filter(|n| !self.said.contains(&n.text)) {
            match notice.is_warning {
                true => log::warn!("{}", notice.text),
                false => log::info!("{}", notice.text),
            }
        }
        let warnings = notices.iter().filter(|notice| notice.is_warning);
        let warnings = grave.iter().chain(warnings.map(|notice| &notice.text));
        *self.warnings.lock() = warnings.cloned().collect();
        let said = notices.into_iter().map(|notice| notice.text);
        self.said = grave.into_iter().chain(said).collect();
    }
}

/// Whether another node has this node's name. Each publishes its status, and its parameters' events, once.
fn same_name(node: &r2r::Node) -> Option<String> {
    let own = graph::own_name(node);
    let status = Names::of_process(node).resolve("~/status");
    let count = |topic: &str| {
        let publishers = graph::publishers(node, topic);
        publishers.iter().filter(|p| p.node == own).count()
    };
    let nodes = count(&status).max(count("/parameter_events"));
    (nodes > 1).then(|| {
        format!(
            "{nodes} nodes have the name {own}: their topics, services and parameters are mixed up, and each may command \
             the robot; end all but one, or give them names or namespaces of their own (-r __node:=NAME, -r __ns:=/NAME)"
        )
    })
}
