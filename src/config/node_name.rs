//! Full names of nodes, and which sections of a parameter file are theirs.

use std::fmt;

/// The full name of a node: its namespace and its own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeName {
    namespace: String,
    name: String,
}

impl NodeName {
    /// A node's name in a namespace such as `/arm`; the root is `/`.
    pub fn new(namespace: &str, name: &str) -> Self {
        let namespace = namespace.trim_matches('/');
        Self {
            namespace: match namespace {
                "" => String::new(),
                inner => format!("/{inner}"),
            },
            name: name.to_owned(),
        }
    }

    /// Its namespace; `/` at the root.
    pub fn namespace(&self) -> &str {
        match self.namespace.as_str() {
            "" => "/",
            namespace => namespace,
        }
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the parameters of a section are for this node, by the rule of rclcpp and rclpy: `*` stands for one part of
    /// the name, `**` for any number of parts, and a name without a leading slash begins at the root.
    pub(super) fn is_meant_by(&self, section: &str) -> bool {
        let full = self.to_string();
        let parts: Vec<&str> = full[1..].split('/').collect();
        let pattern: Vec<&str> = parts_of(section).collect();
        matches(&pattern, &parts)
    }

    /// Whether a section that matches is for this node by its name, and not for any node that happens to be there.
    pub(super) fn is_named_by(&self, section: &str) -> bool {
        parts_of(section).next_back() == Some(self.name.as_str())
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The node that a section without wildcards is for.
pub(super) fn named_in_full(section: &str) -> Option<NodeName> {
    if section.contains('*') {
        return None;
    }
    let section = section.strip_prefix('/').unwrap_or(section);
    Some(match section.rsplit_once('/') {
        Some((namespace, name)) => NodeName::new(namespace, name),
        None => NodeName::new("", section),
    })
}

/// What is wrong with a section's name, if anything is; rcl reads no file that has such a one.
pub(super) fn problem(section: &str) -> Option<String> {
    let is_name = |part: &str| {
        let starts_right = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        starts_right && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let wrong = parts_of(section).find(|part| !(is_name(part) || matches!(*part, "*" | "**")));
    wrong.map(|part| {
        format!(
            "section {section}: {part:?} is not part of a node's name; it is made of letters, digits and _, starts with \
             no digit, or is * or **"
        )
    })
}

fn parts_of(section: &str) -> std::str::Split<'_, char> {
    section.strip_prefix('/').unwrap_or(section).split('/')
}

fn matches(pattern: &[&str], parts: &[&str]) -> bool {
    // Which beginnings of `pattern` match the parts looked at so far.
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    let skip_any = |reached: &mut [bool]| {
        for (i, word) in pattern.iter().enumerate() {
            reached[i + 1] |= reached[i] && *word == "**";
        }
    };
    skip_any(&mut reached);
    for part in parts {
        let mut next = vec![false; pattern.len() + 1];
        for (i, word) in pattern.iter().enumerate() {
            match *word {
                "**" => next[i + 1] |= reached[i + 1],
                "*" => next[i + 1] |= reached[i],
                word => next[i + 1] |= reached[i] && word == *part,
            }
        }
        skip_any(&mut next);
        reached = next;
    }
    reached[pattern.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_rclcpp() {
        let root = NodeName::new("/", "late_fusion");
        let arm = NodeName::new("/arm", "late_fusion");
        let deep = NodeName::new("/a/b", "late_fusion");
        for (section, expected) in [
            ("late_fusion", [true, false, false]),
            ("/late_fusion", [true, false, false]),
            ("/**", [true, true, true]),
            ("**", [true, true, true]),
            ("/*", [true, false, false]),
            ("/*/*", [false, true, false]),
            ("/**/*", [true, true, true]),
            ("/**/late_fusion", [true, true, true]),
            ("/*/late_fusion", [false, true, false]),
            ("/*/*/late_fusion", [false, false, true]),
            ("/arm/late_fusion", [false, true, false]),
            ("arm/late_fusion", [false, true, false]),
            ("/arm/*", [false, true, false]),
            ("/arm/**", [false, true, false]),
            ("/a/**", [false, false, true]),
            ("/**/b/**", [false, false, true]),
            ("/late_fusion/**", [true, false, false]),
            ("camera", [false, false, false]),
        ] {
            let found = [&root, &arm, &deep].map(|node| node.is_meant_by(section));
            assert_eq!(found, expected, "{section}");
        }
    }

    #[test]
    fn names_are_put_together_and_taken_apart() {
        assert_eq!(NodeName::new("", "a").to_string(), "/a");
        assert_eq!(NodeName::new("/arm/", "a").to_string(), "/arm/a");
        assert_eq!(named_in_full("arm/a"), Some(NodeName::new("/arm", "a")));
        assert_eq!(named_in_full("/a"), Some(NodeName::new("/", "a")));
        assert_eq!(named_in_full("/*/a"), None);
        assert!(problem("/**/late_fusion").is_none());
        for wrong in ["/late fusion", "late_*", "//a", "a/", "1a", ""] {
            assert!(problem(wrong).is_some(), "{wrong}");
        }
    }
}
