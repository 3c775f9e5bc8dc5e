//! Paths to numbers in messages: `pose.pose.position.x`, `ranges[3]`, `position[shoulder_pan]`, `min(ranges[0:90])`.

use std::fmt;

use crate::message::Quantity;

/// One number of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// From the outermost field to the innermost.
    pub(super) steps: Vec<Step>,
}

/// A field, and which of its elements where it has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub field: String,
    pub pick: Pick,
}

/// Which elements of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// It has one.
    Only,
    /// The one of this index.
    At(usize),
    /// The one at the place that this name has in the message's names.
    Named(String),
    /// The smallest of those with these indices: from, to (excluded), one in so many.
    SmallestOf(usize, usize, usize),
}

/// What a path may look like, for error messages.
const ALLOWED: &str = "a path to a number looks like twist.twist.linear.x, ranges[3], position[shoulder_pan], \
                       min(ranges[0:90]), or, for several numbers, ranges[0:360:4]";

/// Numbers that one path may stand for.
const MOST: usize = 4096;

impl Path {
    /// Reads one path.
    ///
    /// # Errors
    /// What a path may look like.
    pub fn parse(text: &str) -> Result<Self, String> {
        match Self::expand(text)?.as_slice() {
            [only] => Self::single(only),
            several => Err(format!(
                "{text:?} stands for {} numbers where one is needed",
                several.len()
            )),
        }
    }

    /// The texts of the paths that a text stands for: several where it has a range of indices.
    ///
    /// # Errors
    /// What a path may look like.
    pub fn expand(text: &str) -> Result<Vec<String>, String> {
        let wrong = || format!("{text:?} is not a path; {ALLOWED}");
        if text.starts_with("min(") {
            return Self::single(text).map(|_| vec![text.to_owned()]);
        }
        let Some((before, range, after)) = range_in(text) else {
            return Self::single(text).map(|_| vec![text.to_owned()]);
        };
        let (from, to, step) = indices(range).ok_or_else(wrong)?;
        let mut all = Vec::new();
        for index in (from..to).step_by(step) {
            all.extend(Self::expand(&format!("{before}[{index}]{after}"))?);
            if all.len() > MOST {
                return Err(format!("{text:?} stands for more than {MOST} numbers"));
            }
        }
        Ok(all)
    }

    /// The name by which its last array is asked, as the joint in `position[elbow]`.
    pub fn name(&self) -> Option<&str> {
        match &self.steps.last()?.pick {
            Pick::Named(name) => Some(name),
            _ => None,
        }
    }

    /// What the number is, as far as its field's name says it: of joints, and within a twist or a wrench.
    pub fn quantity(&self) -> Option<Quantity> {
        let within = |word: &str| self.steps.iter().any(|step| step.field == word);
        match self.steps.last()?.field.as_str() {
            "position" | "positions" => Some(Quantity::Positions),
            "velocity" | "velocities" => Some(Quantity::Velocities),
            "acceleration" | "accelerations" => Some(Quantity::Accelerations),
            "effort" => Some(Quantity::Effort),
            "x" | "y" | "z" if within("linear") || within("angular") => Some(Quantity::Velocities),
            "x" | "y" | "z" if within("force") || within("torque") => Some(Quantity::Effort),
            "x" | "y" | "z" if within("position") => Some(Quantity::Positions),
            _ => None,
        }
    }

    fn single(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a path; {ALLOWED}");
        let (inside, is_smallest) = match text.strip_prefix("min(") {
            Some(rest) => (rest.strip_suffix(')').ok_or_else(wrong)?, true),
            None => (text, false),
        };
        let mut steps = Vec::new();
        for part in split(inside) {
            steps.push(step(part).ok_or_else(wrong)?);
        }
        let ranges = steps
            .iter()
            .filter(|step| matches!(step.pick, Pick::SmallestOf(..)))
            .count();
        let is_last =
            matches!(steps.last(), Some(step) if matches!(step.pick, Pick::SmallestOf(..)));
        if ranges != usize::from(is_smallest) || (is_smallest && !is_last) {
            return Err(wrong());
        }
        Ok(Self { steps })
    }
}

/// Whether a name is a path rather than the name of a joint or of an element.
pub fn is_path(name: &str) -> bool {
    name.contains(['.', '[', '('])
}

/// The parts of a path, at those dots that are not within brackets: names of joints may have some.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    text.split(move |c| {
        is_inside = match c {
            '[' => true,
            ']' => false,
            _ => is_inside,
        };
        c == '.' && !is_inside
    })
}

fn step(part: &str) -> Option<Step> {
    let (field, pick) = match part.split_once('[') {
        None => (part, Pick::Only),
        Some((field, rest)) => {
            let inside = rest.strip_suffix(']')?;
            let pick = match (inside.parse(), indices(inside)) {
                (Ok(index), _) => Pick::At(index),
                (_, Some((from, to, step))) => Pick::SmallestOf(from, to, step),
                _ if inside.is_empty() || inside.contains(['[', ']', ':']) => return None,
                _ => Pick::Named(inside.to_owned()),
            };
            (field, pick)
        }
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!field.is_empty() && field.chars().all(is_name)).then(|| Step {
        field: field.to_owned(),
        pick,
    })
}

/// The first range of indices in a text, with what is before and behind its brackets.
fn range_in(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('[').map(|at| from + at) {
        let close = open + text[open..].find(']')?;
        let inside = &text[open + 1..close];
        if indices(inside).is_some() {
            return Some((&text[..open], inside, &text[close + 1..]));
        }
        from = close;
    }
    None
}

/// `from:to` or `from:to:step`.
fn indices(text: &str) -> Option<(usize, usize, usize)> {
    let numbers: Option<Vec<usize>> = text.split(':').map(|number| number.parse().ok()).collect();
    match numbers?.as_slice() {
        [from, to] if from < to => Some((*from, *to, 1)),
        [from, to, step] if from < to && *step > 0 => Some((*from, *to, *step)),
        _ => None,
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_smallest =
            matches!(self.steps.last(), Some(step) if matches!(step.pick, Pick::SmallestOf(..)));
        if is_smallest {
            f.write_str("min(")?;
        }
        for (i, step) in self.steps.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { "." } else { "" }, step.field)?;
            match &step.pick {
                Pick::Only => {}
                Pick::At(index) => write!(f, "[{index}]")?,
                Pick::Named(name) => write!(f, "[{name}]")?,
                Pick::SmallestOf(from, to, 1) => write!(f, "[{from}:{to}]")?,
                Pick::SmallestOf(from, to, step) => write!(f, "[{from}:{to}:{step}]")?,
            }
        }
        f.write_str(if is_smallest { ")" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_the_round_trip() {
        for text in [
            "data",
            "pose.pose.position.x",
            "ranges[3]",
            "position[arm.joint_1]",
            "transforms[0].transform.translation.x",
            "min(ranges[0:90])",
            "min(ranges[0:90:3])",
        ] {
            assert_eq!(Path::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_range_stands_for_several_numbers() {
        let expand = |text: &str| Path::expand(text).unwrap();
        assert_eq!(
            expand("ranges[0:360:120]"),
            ["ranges[0]", "ranges[120]", "ranges[240]"]
        );
        assert_eq!(
            expand("a[0:2].b[3:5]"),
            ["a[0].b[3]", "a[0].b[4]", "a[1].b[3]", "a[1].b[4]"]
        );
        assert_eq!(expand("position[pan]"), ["position[pan]"]);
        let error = Path::parse("ranges[0:3]").unwrap_err();
        assert!(error.contains("3 numbers where one is needed"), "{error}");
    }

    #[test]
    fn what_is_no_path_is_told_what_one_looks_like() {
        for text in [
            "",
            ".",
            "a..b",
            "a[",
            "a[]",
            "a[1]b",
            "a[3:1]",
            "a[0:4:0]",
            "min(a)",
            "min(a[3])",
            "min(a[0:3].b)",
            "a b",
            "a[b:c]",
            "max(a[0:3])",
        ] {
            let error = Path::expand(text).unwrap_err();
            assert!(
                error.contains("is not a path") && error.contains("ranges[0:360:4]"),
                "{text}: {error}"
            );
        }
        assert!(Path::expand("a[0:100000]").unwrap_err().contains("4096"));
    }
}
