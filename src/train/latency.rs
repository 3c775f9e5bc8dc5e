//! How much later than the recorder the node can use a message.

use serde::Deserialize;

/// The longest latency that a training file may ask for.
const LONGEST_S: f64 = 10.0;

/// `latency_s` of a modality: one number, or the two ends of a range. Out of a range any latency is learned with, so that
/// the policy can be driven with each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Given")]
pub struct Latency {
    least_s: f64,
    most_s: f64,
}

/// As a file says it.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a number of seconds, or a range of them: [0.0, 0.1]"
)]
enum Given {
    Number(f64),
    Range([f64; 2]),
}

impl From<Given> for Latency {
    fn from(given: Given) -> Self {
        let [least_s, most_s] = match given {
            Given::Number(seconds) => [seconds; 2],
            Given::Range(ends) => ends,
        };
        Self { least_s, most_s }
    }
}

impl Latency {
    /// What is wrong with it, and what is allowed. What holds until its next message, such as a sentence, is the same
    /// message with every latency of a range.
    pub fn error(&self, holds: bool) -> Option<String> {
        let Self { least_s, most_s } = *self;
        let is_allowed = |seconds: f64| (0.0..=LONGEST_S).contains(&seconds);
        if !is_allowed(least_s) || !is_allowed(most_s) {
            return Some(format!(
                "latency_s is {self}; 0 to {LONGEST_S} s are allowed"
            ));
        }
        if least_s > most_s {
            return Some(format!(
                "latency_s is {self}; a range begins with its shorter end: [{most_s}, {least_s}]"
            ));
        }
        (holds && self.is_range()).then(|| {
            format!("latency_s is {self}; a text needs a single number, because a sentence holds until the next one")
        })
    }

    /// Whether there is more than one latency to learn with.
    pub fn is_range(&self) -> bool {
        self.least_s < self.most_s
    }

    /// The shortest, in nanoseconds.
    pub fn least_ns(&self) -> i64 {
        nanos(self.least_s)
    }

    /// The one in the middle, in nanoseconds.
    pub fn middle_ns(&self) -> i64 {
        nanos((self.least_s + self.most_s) / 2.0)
    }

    /// The longest, in nanoseconds.
    pub fn most_ns(&self) -> i64 {
        nanos(self.most_s)
    }
}

impl std::fmt::Display for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.least_s.to_bits() == self.most_s.to_bits() {
            true => write!(f, "{}", self.least_s),
            false => write!(f, "[{}, {}]", self.least_s, self.most_s),
        }
    }
}

fn nanos(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(text: &str) -> Latency {
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn it_is_a_number_or_a_range() {
        let one = latency("0.06");
        assert!(!one.is_range() && one.error(true).is_none());
        assert_eq!(
            [one.least_ns(), one.middle_ns(), one.most_ns()],
            [60_000_000; 3]
        );
        let range = latency("[0, 0.1]");
        assert!(range.is_range() && range.error(false).is_none());
        assert_eq!(
            [range.least_ns(), range.middle_ns(), range.most_ns()],
            [0, 50_000_000, 100_000_000]
        );
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        for (text, holds, said) in [
            ("-0.1", false, "latency_s is -0.1; 0 to 10 s are allowed"),
            ("[0, 11]", false, "latency_s is [0, 11]; 0 to 10 s"),
            (".nan", false, "latency_s is NaN; 0 to 10 s"),
            ("[0.2, 0.1]", false, "shorter end: [0.1, 0.2]"),
            ("[0, 0.1]", true, "a text needs a single number"),
        ] {
            let error = latency(text).error(holds).unwrap();
            assert!(error.contains(said), "{text}: {error}");
        }
        for text in ["soon", "[1]", "[1, 2, 3]"] {
            let error = serde_yaml::from_str::<Latency>(text).unwrap_err();
            assert!(error.to_string().contains("a number of seconds"), "{error}");
        }
    }
}
