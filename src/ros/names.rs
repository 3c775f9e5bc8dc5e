//! Full names of topics, as the graph and bags know them; r2r keeps what rcl resolved to itself.

/// How this process' node expands and remaps names.
#[derive(Clone, Debug)]
pub struct Names {
    namespace: String,
    node: String,
    rules: Vec<(String, String)>,
}

impl Names {
    /// The names of a node, with the `-r from:=to` rules of this process' command line.
    pub fn of(node: &r2r::Node) -> Self {
        // A node that exists has both; without them a name stays as good as it is.
        let namespace = node.namespace().unwrap_or_default();
        let name = node.name().unwrap_or_default();
        Self::new(&namespace, &name, std::env::args())
    }

    fn new(namespace: &str, node: &str, arguments: impl Iterator<Item = String>) -> Self {
        let mut names = Self {
            namespace: namespace.trim_end_matches('/').to_owned(),
            node: node.to_owned(),
            rules: Vec::new(),
        };
        let mut is_ours = false;
        let mut is_rule = false;
        for argument in arguments {
            match argument.as_str() {
                "--ros-args" => is_ours = true,
                "--" => is_ours = false,
                rule if is_rule => names.add_rule(rule),
                _ => {}
            }
            is_rule = is_ours && matches!(argument.as_str(), "-r" | "--remap");
        }
        names
    }

    fn add_rule(&mut self, rule: &str) {
        let Some((from, to)) = rule.split_once(":=") else {
            return;
        };
        // `rostopic://` keeps a rule to topics, `rosservice://` to services, `node:` to one node.
        let from = from.strip_prefix("rostopic://").unwrap_or(from);
        let from = match from.split_once(':') {
            Some((node, from)) if node == self.node => from,
            Some(_) => return,
            None => from,
        };
        self.rules.push((self.expand(from), self.expand(to)));
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
        Names::new(
            namespace,
            "late_fusion",
            arguments.split(' ').map(str::to_owned),
        )
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
