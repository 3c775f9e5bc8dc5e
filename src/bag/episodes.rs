//! The episodes of a recording, by its markers: one reader for the recorder, the trainer and the explanation.

use super::Marker;
use crate::message::text;

/// How many episodes there were, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Episodes {
    /// Episodes that ended in `success`.
    pub succeeded: usize,
    /// Episodes that ended in `failure`.
    pub failed: usize,
    /// Episodes without an end, because another began.
    pub unfinished: usize,
    /// Whether one has started and not ended.
    pub running: bool,
}

/// What a marker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An episode begins. One that was running has no end.
    Begin,
    /// From here on something else is meant in the running episode.
    Change,
    /// The running episode ends.
    End {
        /// Whether what was meant is done.
        success: bool,
    },
}

/// What became of a marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// What it does, if anything.
    pub step: Option<Step>,
    /// What is odd about it, in words.
    pub odd: Option<String>,
}

impl Episodes {
    /// Takes in a marker as it was recorded.
    pub fn mark_message(&mut self, message: &[u8]) -> Marked {
        match text(message) {
            Ok(text) => self.mark(text),
            Err(e) => Marked {
                step: None,
                odd: Some(format!("an episode marker cannot be read: {e}")),
            },
        }
    }

    /// Takes in a marker.
    pub fn mark(&mut self, text: &str) -> Marked {
        let (step, odd) = match (Marker::of(text), self.running) {
            (None, _) => (
                None,
                Some(format!(
                    "the episode marker is {text:?}; start, change, success and failure are understood"
                )),
            ),
            (Some(Marker::Start), was_running) => {
                self.unfinished += usize::from(was_running);
                self.running = true;
                let odd = was_running.then(|| {
                    "an episode started before the one before it had ended in success or failure"
                        .to_owned()
                });
                (Some(Step::Begin), odd)
            }
            (Some(Marker::Change), true) => (Some(Step::Change), None),
            (Some(end @ (Marker::Success | Marker::Failure)), true) => {
                let success = end == Marker::Success;
                self.succeeded += usize::from(success);
                self.failed += usize::from(!success);
                self.running = false;
                (Some(Step::End { success }), None)
            }
            (Some(Marker::Change), false) => (
                None,
                Some("the instruction changes here, but no episode has started".to_owned()),
            ),
            (Some(Marker::Success | Marker::Failure), false) => (
                None,
                Some(format!(
                    "an episode ended in {} that had not started",
                    text.trim()
                )),
            ),
        };
        Marked { step, odd }
    }

    /// The counts once the recording is over: an episode that is still running has no end.
    pub fn finished(mut self) -> Self {
        self.unfinished += usize::from(self.running);
        self.running = false;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn episodes_are_counted_by_how_they_ended() {
        let mut episodes = Episodes::default();
        for marker in [
            "start",
            "success",
            "start 3 of 9",
            "change",
            "failure",
            "start",
            "success\n",
            "start",
        ] {
            let marked = episodes.mark(marker);
            assert!(marked.step.is_some() && marked.odd.is_none(), "{marked:?}");
        }
        let expected = Episodes {
            succeeded: 2,
            failed: 1,
            unfinished: 0,
            running: true,
        };
        assert_eq!(episodes, expected);
        let expected = Episodes {
            unfinished: 1,
            running: false,
            ..expected
        };
        assert_eq!(episodes.finished(), expected);
    }

    #[test]
    fn odd_markers_are_said_and_do_nothing() {
        let mut episodes = Episodes::default();
        for (marker, part) in [
            ("success", "had not started"),
            ("change", "no episode has started"),
            ("", "start, change, success and failure"),
            ("begin", "\"begin\""),
        ] {
            let Marked { step, odd } = episodes.mark(marker);
            assert_eq!(step, None);
            let said = odd.unwrap();
            assert!(said.contains(part), "{part:?} is not in {said:?}");
        }
        assert_eq!(episodes, Episodes::default());
    }

    #[test]
    fn an_episode_that_starts_within_another_leaves_that_one_without_an_end() {
        let mut episodes = Episodes::default();
        episodes.mark("start");
        let Marked { step, odd } = episodes.mark("start");
        assert_eq!(step, Some(Step::Begin));
        assert!(odd.unwrap().contains("before"));
        assert_eq!((episodes.unfinished, episodes.running), (1, true));
        assert_eq!(
            episodes.mark("failure").step,
            Some(Step::End { success: false })
        );
    }
}
