//! Full names of topics, as the graph and bags know them; r2r keeps what rcl resolved to itself.

use crate::config::{NodeName, Remapping, RosArguments};

/// How a node expands and remaps names.
#[derive(Clone, Debug)]
pub struct Names {
    namespace: String,
    node: String,
    rules: Vec<(String, String)>,
}

impl Names {
    /// The names of a node, with the `-r from:=to` rules of a command line.
    pub fn of(node: &NodeName, arguments: &RosArguments) -> Self {
        let mut names = Self {
            namespace: node.namespace().trim_end_matches('/').to_owned(),
            node: node.name().to_owned(),
            rules: Vec::new(),
        };
        for rule in arguments.remappings() {
            names.add_rule(rule);
        }
        names
    }

    /// The names of this process' node, which was created from its command line.
    pub fn of_process(node: &r2r::Node) -> Self {
        // A node that exists has both, and its command line could be parsed.
        let namespace = node.namespace().unwrap_or_default();
        let name = NodeName::new(&namespace, &node.name().unwrap_or_default());
        let arguments = RosArguments::of_process().unwrap_or_default();
        Self::of(&name, &arguments)
    }

    fn add_rule(&mut self, rule: &Remapping) {
        // `rostopic://` keeps a rule to topics, `rosservice://` to services, `node:` to one node.
        let from = rule.from.strip_prefix("rostopic://").unwrap_or(&rule.from);
        let is_ours = rule.node.as_ref().is_none_or(|node| *node == self.node);
        if is_ours && !from.contains(':') {
            self.rules.push((self.expand(from), self.expand(&rule.to)));
        }
    }

    /// The full name of a topic, remapped.
    pub fn resolve(&self, topic: &str) -> String {
        let full = self.expand(topic);
        let rule = self.rules.iter().find(|(from, _)| *from == full);
        rule.map_or(full.clone(), |(_, to)| to.clone())
    }

    fn expand(&self, topic: &str) -> String {
        let namespace = &self.namespace;
        let topic = topic
            .replace("{node}", &self.node)
            .replace("{ns}", namespace)
            .replace("{namespace}", namespace);
        match topic.strip_prefix('~') {
            _ if topic.starts_with('/') => topic,
            Some(private) => format!("{namespace}/{}{private}", self.node),
            None => format!("{namespace}/{topic}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(namespace: &str, arguments: &str) -> Names {
        let arguments = RosArguments::parse(arguments.split(' ').map(str::to_owned)).unwrap();
        Names::of(&NodeName::new(namespace, "late_fusion"), &arguments)
    }

    #[test]
    fn names_are_expanded_as_ros_does() {
        for (namespace, topic, full) in [
            ("/", "camera/image_raw", "/camera/image_raw"),
            ("/arm", "camera/image_raw", "/arm/camera/image_raw"),
            ("/arm", "/camera/image_raw", "/camera/image_raw"),
            ("/arm", "~/status", "/arm/late_fusion/status"),
            ("/", "~/status", "/late_fusion/status"),
            ("/arm", "{node}/{ns}", "/arm/late_fusion//arm"),
        ] {
            assert_eq!(names(namespace, "record").resolve(topic), full);
        }
    }

    #[test]
    fn rules_of_the_command_line_apply_in_their_order() {
        let given = "record --out a -r ignored:=x --ros-args -r joints:=/a --remap joints:=/b \
                     -r other:image:=x -r late_fusion:image:=cam/image -r rosservice://text:=x -- -r text:=y";
        let names = names("/arm", given);
        for (topic, full) in [
            ("ignored", "/arm/ignored"),
            ("joints", "/a"),
            ("/arm/joints", "/a"),
            ("image", "/arm/cam/image"),
            ("text", "/arm/text"),
        ] {
            assert_eq!(names.resolve(topic), full);
        }
    }
}
