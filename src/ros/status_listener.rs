//! What a running node says of itself, as another process hears it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use r2r::QosProfile;

use super::context;
use super::graph;
use super::subscription::Subscription;
use crate::errors::ConfigErrors;
use crate::message::{DIAGNOSTICS_NAME, Status, diagnostics};

/// How long a step waits for messages.
const SPIN: Duration = Duration::from_millis(50);

/// Once one node is found, how long others are waited for that may be meant as well.
const OTHERS: Duration = Duration::from_secs(1);

/// Where every node of ours says how it is.
const DIAGNOSTICS: &str = "/diagnostics";

/// A node of this process that listens to one of ours.
pub struct StatusListener {
    node: r2r::Node,
    /// While there is nothing to wait for, a spin does not wait either.
    _timer: r2r::Timer,
    subscriptions: Vec<Subscription>,
    sender: Sender<HeardStatus>,
    heard: Receiver<HeardStatus>,
    /// The tool that looks for a node.
    tool: &'static str,
}

/// One message of a node about its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardStatus {
    /// The parts under their own names, without the node's.
    pub parts: Vec<Status>,
    /// Whether these are all parts that it has: `~/status` shows fewer than `/diagnostics`.
    pub is_whole: bool,
}

/// Which node is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    One(String),
    Nobody,
    Several(Vec<String>),
}

impl StatusListener {
    /// Joins the graph of ROS, as the command line of this process says.
    ///
    /// # Errors
    /// What ROS says when it refuses a node.
    pub fn new() -> Result<Self, ConfigErrors> {
        Self::of_tool("status")
    }

    /// The same for another tool that looks for a node.
    pub(super) fn of_tool(tool: &'static str) -> Result<Self, ConfigErrors> {
        let name = format!("late_fusion_{tool}_{}", std::process::id());
        let mut node = context::create_node(&name)?.node;
        let timer = node
            .create_wall_timer(SPIN)
            .map_err(|e| format!("ROS refuses a timer: {e}"))?;
        let (sender, heard) = channel();
        Ok(Self {
            node,
            _timer: timer,
            subscriptions: Vec::new(),
            sender,
            heard,
            tool,
        })
    }

    /// Looks for the node that is meant, for so long at most: by its full name, or by the end of it; without a name, the
    /// only one. Returns its full name, or `None` once `go_on` says no.
    ///
    /// # Errors
    /// That there is none, or several.
    pub fn find(
        &mut self,
        wanted: Option<&str>,
        patience: Duration,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<String>, ConfigErrors> {
        let (began, mut found) = (Instant::now(), None);
        while go_on() {
            self.node.spin_once(SPIN);
            let nodes = self.nodes();
            let is_over = began.elapsed() >= patience;
            match choose(wanted, &nodes) {
                Choice::Nobody if is_over => return Err(none_found(wanted, &nodes, patience)),
                Choice::Nobody => found = None,
                choice => {
                    // Others may be about to be discovered; a full name means one node, whoever else is there.
                    let since: Instant = *found.get_or_insert_with(Instant::now);
                    let is_named = matches!(&choice, Choice::One(node) if wanted == Some(node));
                    if is_named || is_over || since.elapsed() >= OTHERS {
                        return one(choice, self.tool).map(Some);
                    }
                }
            }
        }
        Ok(None)
    }

    /// Listens to the node of that full name from here on.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn listen(&mut self, name: &str) -> Result<(), ConfigErrors> {
        let latched = QosProfile::default().keep_last(1).transient_local();
        let (everyone, full) = (QosProfile::default(), name.trim_start_matches('/'));
        let own = name.rsplit('/').next().unwrap_or_default();
        for (topic, qos, prefix, is_whole) in [
            (format!("{name}/status"), latched, own, false),
            (DIAGNOSTICS.to_owned(), everyone, full, true),
        ] {
            let (sender, prefix) = (self.sender.clone(), format!("{prefix}: "));
            let deliver = move |bytes: Vec<u8>| {
                // What is no message of this type is not from a node of ours.
                let parts = parts_of(diagnostics(&bytes).unwrap_or_default(), &prefix);
                if !parts.is_empty() {
                    // The receiver lives as long as the subscriptions.
                    let _ = sender.send(HeardStatus { parts, is_whole });
                }
            };
            self.subscribe(&topic, DIAGNOSTICS_NAME, qos, deliver)?;
        }
        Ok(())
    }

    /// Hears one topic more.
    pub(super) fn subscribe(
        &mut self,
        topic: &str,
        message: &str,
        qos: QosProfile,
        deliver: impl FnMut(Vec<u8>) + Send + 'static,
    ) -> Result<(), ConfigErrors> {
        let subscription = Subscription::of_type(&mut self.node, topic, message, qos, deliver)?;
        self.subscriptions.push(subscription);
        Ok(())
    }

    /// Waits a moment, and returns what was heard.
    pub fn step(&mut self) -> Vec<HeardStatus> {
        self.serve();
        self.heard.try_iter().collect()
    }

    /// Waits a moment, and delivers what has arrived.
    pub(super) fn serve(&mut self) {
        self.node.spin_once(SPIN);
        for subscription in &mut self.subscriptions {
            subscription.drain();
        }
    }

    /// The full names of the nodes that say how they are, on `/diagnostics` and on a topic of their own.
    fn nodes(&self) -> Vec<String> {
        let publishers = graph::publishers(&self.node, DIAGNOSTICS);
        let mut nodes: Vec<String> = publishers.into_iter().map(|p| p.node).collect();
        nodes.sort();
        nodes.dedup();
        nodes.retain(|node| {
            let own = graph::publishers(&self.node, &format!("{node}/status"));
            own.iter().any(|p| p.message == DIAGNOSTICS_NAME)
        });
        nodes
    }
}

/// The parts of one node among those of all, under their own names.
fn parts_of(statuses: Vec<Status>, prefix: &str) -> Vec<Status> {
    let own = |mut status: Status| {
        status.name = status.name.strip_prefix(prefix)?.to_owned();
        Some(status)
    };
    statuses.into_iter().filter_map(own).collect()
}

fn choose(wanted: Option<&str>, nodes: &[String]) -> Choice {
    let is_meant = |node: &String| match wanted {
        None => true,
        Some(wanted) if wanted.starts_with('/') => node == wanted,
        Some(wanted) => node.ends_with(&format!("/{wanted}")),
    };
    let meant: Vec<String> = nodes.iter().filter(|n| is_meant(n)).cloned().collect();
    match meant.as_slice() {
        [] => Choice::Nobody,
        [node] => Choice::One(node.clone()),
        _ => Choice::Several(meant),
    }
}

fn one(choice: Choice, tool: &str) -> Result<String, ConfigErrors> {
    match choice {
        Choice::One(node) => Ok(node),
        Choice::Nobody => Err("no node was found".to_owned().into()),
        Choice::Several(nodes) => Err(format!(
            "{} nodes could be meant: {}; name one: late_fusion {tool} {}",
            nodes.len(),
            nodes.join(", "),
            nodes[0]
        )
        .into()),
    }
}

fn none_found(wanted: Option<&str>, nodes: &[String], patience: Duration) -> ConfigErrors {
    let seconds = patience.as_secs_f64();
    let who = match wanted {
        Some(wanted) => format!("no node {wanted} was found within {seconds} s"),
        None => format!("no node was found within {seconds} s"),
    };
    let why = match nodes {
        [] => {
            let domain = std::env::var("ROS_DOMAIN_ID").unwrap_or_else(|_| "0".to_owned());
            format!(
                "is late_fusion_node running, in the same domain (ROS_DOMAIN_ID is {domain} here), and on a machine that \
                 this one may discover (ROS_AUTOMATIC_DISCOVERY_RANGE, ROS_LOCALHOST_ONLY)?"
            )
        }
        nodes => format!("these were: {}", nodes.join(", ")),
    };
    format!("{who}; {why}").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Level;

    #[test]
    fn a_node_is_meant_by_its_full_name_or_the_end_of_it() {
        let nodes = ["/late_fusion", "/left/late_fusion", "/left/scene_encoder"];
        let nodes = nodes.map(str::to_owned);
        let one = |name: &str| Choice::One(name.to_owned());
        assert_eq!(choose(None, &[]), Choice::Nobody);
        assert_eq!(choose(None, &nodes[..1]), one("/late_fusion"));
        assert_eq!(choose(None, &nodes), Choice::Several(nodes.to_vec()));
        assert_eq!(choose(Some("/late_fusion"), &nodes), one("/late_fusion"));
        assert_eq!(
            choose(Some("scene_encoder"), &nodes),
            one("/left/scene_encoder")
        );
        assert_eq!(
            choose(Some("left/late_fusion"), &nodes),
            one("/left/late_fusion")
        );
        let both = Choice::Several(nodes[..2].to_vec());
        assert_eq!(choose(Some("late_fusion"), &nodes), both);
        assert_eq!(choose(Some("fusion"), &nodes), Choice::Nobody);
    }

    #[test]
    fn of_all_parts_only_those_of_the_node_are_shown() {
        let status = |name: &str| Status {
            level: Level::Ok,
            name: name.to_owned(),
            message: String::new(),
            values: Vec::new(),
        };
        let all = [
            "left/late_fusion: control",
            "late_fusion: control",
            "lidar: control",
        ];
        let parts = parts_of(all.map(status).to_vec(), "late_fusion: ");
        assert_eq!(parts, [status("control")]);
    }
}
