//! Who publishes what, as the graph of ROS knows it.

use r2r::QosProfile;
use r2r::qos::{DurabilityPolicy, ReliabilityPolicy};

/// Topics that every node publishes, so that their publishers are the nodes of the graph.
const OF_EVERY_NODE: [&str; 2] = ["/parameter_events", "/rosout"];

/// A publisher of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// The full name of its node.
    pub node: String,
    /// The type of its messages, such as `std_msgs/msg/String`.
    pub message: String,
    /// Whether it sends again what was lost.
    pub reliable: bool,
    /// Whether it keeps messages for subscribers that come later.
    pub latched: bool,
}

/// The publishers of a topic, by its full name, as far as they have been discovered.
pub fn publishers(node: &r2r::Node, topic: &str) -> Vec<Publisher> {
    // The graph may not be readable for a moment; the next look is near.
    let found = node
        .get_publishers_info_by_topic(topic, false)
        .unwrap_or_default();
    found
        .into_iter()
        .map(|endpoint| Publisher {
            node: full_name(&endpoint.node_namespace, &endpoint.node_name),
            message: endpoint.topic_type,
            reliable: is_reliable(&endpoint.qos_profile),
            latched: is_latched(&endpoint.qos_profile),
        })
        .collect()
}

/// The full names of the nodes that have been discovered, without the one that asks.
pub fn other_nodes(node: &r2r::Node) -> Vec<String> {
    let own = own_name(node);
    let mut nodes: Vec<String> = OF_EVERY_NODE
        .iter()
        .flat_map(|topic| publishers(node, topic))
        .map(|publisher| publisher.node)
        .filter(|name| *name != own)
        .collect();
    nodes.sort();
    nodes.dedup();
    nodes
}

/// The full name of a node.
pub fn own_name(node: &r2r::Node) -> String {
    full_name(
        &node.namespace().unwrap_or_default(),
        &node.name().unwrap_or_default(),
    )
}

/// Names in a list, each once.
pub fn listed<'a>(publishers: impl Iterator<Item = &'a Publisher>) -> String {
    let mut names: Vec<&str> = publishers.map(|p| p.node.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// Topics of other namespaces that a publisher may have meant for `topic`, with the end of its name: below the
/// namespaces of these nodes, and below the nodes themselves.
pub fn similar_topics(topic: &str, nodes: &[String]) -> Vec<String> {
    let segments: Vec<&str> = topic.split('/').filter(|s| !s.is_empty()).collect();
    let mut places = vec![""];
    for node in nodes {
        let namespace = node.rsplit_once('/').map_or("", |(namespace, _)| namespace);
        places.extend([namespace, node]);
    }
    places.sort_unstable();
    places.dedup();
    let ends = (0..segments.len()).map(|from| segments[from..].join("/"));
    ends.flat_map(|end| {
        let place = |place: &&str| format!("{place}/{end}");
        places.iter().map(place).collect::<Vec<_>>()
    })
    .filter(|similar| similar != topic)
    .collect()
}

/// What the middleware calls a node whose name it has not been told, because it is yet to come or no node of ROS.
const UNKNOWN: &str = "_NODE_NAME_UNKNOWN_";

fn full_name(namespace: &str, name: &str) -> String {
    if name == UNKNOWN {
        return "a node of unknown name".to_owned();
    }
    format!("{}/{name}", namespace.trim_end_matches('/'))
}

fn is_reliable(profile: &QosProfile) -> bool {
    profile.reliability != ReliabilityPolicy::BestEffort
}

fn is_latched(profile: &QosProfile) -> bool {
    profile.durability == DurabilityPolicy::TransientLocal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_may_have_been_meant_for_another_namespace() {
        let nodes = ["/robot_1/policy_runtime".to_owned(), "/camera".to_owned()];
        let similar = similar_topics("/camera/image_raw", &nodes);
        for topic in [
            "/robot_1/camera/image_raw",
            "/robot_1/policy_runtime/camera/image_raw",
            "/camera/camera/image_raw",
            "/image_raw",
            "/robot_1/image_raw",
        ] {
            assert!(
                similar.contains(&topic.to_owned()),
                "{topic} in {similar:?}"
            );
        }
        assert!(!similar.contains(&"/camera/image_raw".to_owned()));
        assert_eq!(
            similar_topics("/robot_1/joints", &nodes)[0],
            "/camera/robot_1/joints"
        );
        assert!(similar_topics("/robot_1/joints", &[]).contains(&"/joints".to_owned()));
    }

    #[test]
    fn names_are_full_in_every_namespace() {
        assert_eq!(full_name("/", "camera"), "/camera");
        assert_eq!(full_name("/robot", "camera"), "/robot/camera");
        assert!(!full_name(UNKNOWN, UNKNOWN).contains('_'));
    }
}
