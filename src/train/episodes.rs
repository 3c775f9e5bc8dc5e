//! What an episode is: from where to where somebody did one thing.

use serde::Deserialize;

use crate::bag::same_topic;
use crate::errors::ConfigErrors;
use crate::message::{JoyView, MessageType};
use crate::time::Stamp;

/// What a training file says about episodes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episodes {
    /// The topic of markers, or of the joystick.
    topic: Option<String>,
    /// The button of the joystick that is held during an episode, counted from 0.
    button: Option<u32>,
    /// Instead of a topic: what each of them is.
    each: Option<Each>,
    /// The pause between two labels that separates episodes, in seconds.
    gap_s: Option<f64>,
    /// Which of them are learned from.
    #[serde(rename = "use", default)]
    pub used: Used,
}

/// What is an episode where nobody marks any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Each {
    /// A recording, from its first label to its last.
    Bag,
    /// Labels between two pauses.
    Gap,
}

/// Which episodes are learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Used {
    /// Those that ended in `success`.
    #[default]
    Success,
    /// All that have an end.
    All,
}

/// Pauses that may separate episodes, in seconds.
const GAPS_S: std::ops::RangeInclusive<f64> = 0.05..=3600.0;

/// Words of markers.
const START: &str = "start";
const SUCCESS: &str = "success";

impl Episodes {
    pub(super) fn check(&self, errors: &mut ConfigErrors) {
        match (&self.topic, self.each) {
            (None, None) => errors.add(
                "episodes.topic is missing: the topic of the markers start, success and failure; or the joystick's, with \
                 button. Where nobody marked episodes, say each: bag or each: gap instead",
            ),
            (Some(_), Some(_)) => errors.add("episodes has topic and each; one of them says what an episode is"),
            _ => {}
        }
        if self.each.is_some() && self.button.is_some() {
            errors.add("episodes.button is of a joystick; it needs its topic instead of each");
        }
        match (self.each, self.gap_s) {
            (Some(Each::Gap), None) => {
                errors.add("episodes.gap_s is missing: the pause between two labels that separates episodes, in seconds");
            }
            (Some(Each::Gap), Some(gap_s)) if !GAPS_S.contains(&gap_s) => errors.add(format!(
                "episodes.gap_s is {gap_s}; allowed: {} to {}",
                GAPS_S.start(),
                GAPS_S.end()
            )),
            (Some(Each::Bag) | None, Some(_)) => errors.add("episodes.gap_s goes with each: gap"),
            _ => {}
        }
    }

    /// The topic that says where episodes begin and end, and the type of its messages; `None` where none does.
    pub(super) fn topic(&self) -> Option<(&str, MessageType)> {
        let message = match self.button {
            Some(_) => MessageType::Joy,
            None => MessageType::String,
        };
        self.topic.as_deref().map(|topic| (topic, message))
    }

    /// How an episode is told, for those that found none.
    pub(super) fn in_words(&self) -> String {
        let only = match self.used {
            Used::Success => "; with `episodes.use: success` only those that succeeded are used",
            Used::All => "",
        };
        match (&self.topic, self.button, self.each) {
            (Some(topic), Some(button), _) => {
                format!("An episode lasts as long as button {button} of {topic} is held")
            }
            (Some(topic), None, _) => {
                format!(
                    "An episode is marked on {topic} by `start` and then `success` or `failure`{only}"
                )
            }
            (None, _, Some(Each::Gap)) => format!(
                "An episode lasts until labels pause for {} s",
                self.gap_s.unwrap_or_default()
            ),
            (None, ..) => "An episode is a recording with labels".to_owned(),
        }
    }
}

/// Makes markers of what a recording has instead.
#[derive(Debug)]
pub(super) struct Boundaries<'a> {
    episodes: &'a Episodes,
    is_open: bool,
    last_label: Option<Stamp>,
}

/// A marker, and when it would have been recorded.
pub(super) type Mark = (Stamp, &'static str);

impl<'a> Boundaries<'a> {
    pub fn new(episodes: &'a Episodes) -> Self {
        Self {
            episodes,
            is_open: false,
            last_label: None,
        }
    }

    /// The markers that stand before a label.
    pub fn before_label(&mut self, logged: Stamp) -> impl Iterator<Item = Mark> + use<> {
        let last = self.last_label.replace(logged);
        let pause_s = last.map_or(0.0, |last| logged.seconds_since(last));
        let ends = match (self.episodes.each, self.episodes.gap_s) {
            (Some(Each::Gap), Some(gap_s)) => pause_s > gap_s,
            _ => false,
        };
        let end = last
            .filter(|_| ends && self.is_open)
            .map(|last| (last, SUCCESS));
        let begins = self.episodes.each.is_some() && (ends || !self.is_open);
        self.is_open |= begins;
        end.into_iter().chain(begins.then_some((logged, START)))
    }

    /// The marker that a message of the joystick is, if any.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn of_joystick(
        &mut self,
        topic: &str,
        logged: Stamp,
        message: &[u8],
    ) -> Result<Option<Mark>, String> {
        let Some(button) = self.episodes.button else {
            return Ok(None);
        };
        if !self
            .episodes
            .topic
            .as_deref()
            .is_some_and(|own| same_topic(topic, own))
        {
            return Ok(None);
        }
        let pressed = JoyView::parse(message).and_then(|joy| joy.is_pressed(button));
        let pressed =
            pressed.map_err(|e| format!("a message of the joystick cannot be read: {e}"))?;
        let was = std::mem::replace(&mut self.is_open, pressed);
        Ok(match (was, pressed) {
            (false, true) => Some((logged, START)),
            (true, false) => Some((logged, SUCCESS)),
            _ => None,
        })
    }

    /// The marker at the end of the recording.
    pub fn at_end(&self) -> Option<Mark> {
        let ends = self.episodes.each.is_some() && self.is_open;
        self.last_label.filter(|_| ends).map(|last| (last, SUCCESS))
    }

    /// Whether messages on a topic are markers as they are.
    pub fn are_markers(&self, topic: &str) -> bool {
        let own = self
            .episodes
            .topic
            .as_deref()
            .filter(|_| self.episodes.button.is_none());
        own.is_some_and(|own| same_topic(topic, own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Episodes, String> {
        let episodes: Episodes = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
        let mut errors = ConfigErrors::new();
        episodes.check(&mut errors);
        errors.or(episodes).map_err(|e| e.to_string())
    }

    fn marks(text: &str, labels_s: &[f64]) -> Vec<(f64, &'static str)> {
        let episodes = read(text).unwrap();
        let mut boundaries = Boundaries::new(&episodes);
        let mut marks = Vec::new();
        for at in labels_s {
            marks.extend(boundaries.before_label(Stamp::from_nanos((at * 1e9) as i64)));
        }
        marks.extend(boundaries.at_end());
        let seconds = |(at, word): Mark| (at.nanos() as f64 / 1e9, word);
        marks.into_iter().map(seconds).collect()
    }

    #[test]
    fn recordings_and_pauses_are_episodes_that_succeeded() {
        let labels = [1.0, 1.5, 4.0, 4.5];
        assert_eq!(
            marks("{each: bag}", &labels),
            [(1.0, START), (4.5, SUCCESS)]
        );
        assert_eq!(
            marks("{each: gap, gap_s: 2.0}", &labels),
            [(1.0, START), (1.5, SUCCESS), (4.0, START), (4.5, SUCCESS)]
        );
        assert_eq!(marks("{each: gap, gap_s: 2.0}", &[]), []);
        assert_eq!(marks("{topic: episode}", &labels), []);
    }

    #[test]
    fn what_says_nothing_or_two_things_is_refused() {
        for (text, part) in [
            ("{}", "episodes.topic is missing"),
            ("{topic: a, each: bag}", "one of them"),
            ("{each: bag, button: 1}", "episodes.button"),
            ("{each: gap}", "gap_s is missing"),
            ("{each: gap, gap_s: 0}", "gap_s is 0; allowed: 0.05 to 3600"),
            ("{each: bag, gap_s: 1}", "goes with each: gap"),
            ("{each: day}", "unknown variant `day`"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(part), "{part} in {told}");
        }
    }
}
