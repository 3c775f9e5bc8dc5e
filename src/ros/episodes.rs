//! Counting the episodes of a recording while it is made.

use crate::bag::Marker;

/// How many episodes there were, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Episodes {
    /// Episodes that ended in `success`.
    pub succeeded: usize,
    /// Episodes that ended in `failure`.
    pub failed: usize,
    /// Whether one has started and not ended.
    pub running: bool,
}

impl Episodes {
    /// Takes in a marker.
    ///
    /// # Errors
    /// What is odd about it, in words. It is recorded all the same.
    pub fn mark(&mut self, text: &str) -> Result<(), String> {
        let Some(marker) = Marker::of(text) else {
            return Err(format!(
                "the episode marker is {text:?}; start, change, success and failure are understood"
            ));
        };
        let was_running = self.running;
        match marker {
            Marker::Start => {
                self.running = true;
                if was_running {
                    return Err(
                        "an episode started before the one before it had ended in success or failure"
                            .into(),
                    );
                }
            }
            Marker::Change if was_running => {}
            Marker::Change => {
                return Err(
                    "something else is meant from here on, but no episode has started".into(),
                );
            }
            Marker::Success | Marker::Failure if was_running => {
                self.running = false;
                self.succeeded += usize::from(marker == Marker::Success);
                self.failed += usize::from(marker == Marker::Failure);
            }
            Marker::Success | Marker::Failure => {
                return Err(format!(
                    "an episode ended in {} that had not started",
                    text.trim()
                ));
            }
        }
        Ok(())
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
            assert_eq!(episodes.mark(marker), Ok(()));
        }
        let expected = Episodes {
            succeeded: 2,
            failed: 1,
            running: true,
        };
        assert_eq!(episodes, expected);
    }

    #[test]
    fn odd_markers_are_said_and_not_counted() {
        let mut episodes = Episodes::default();
        for (marker, part) in [
            ("success", "had not started"),
            ("change", "no episode has started"),
            ("", "start, change, success and failure"),
            ("begin", "\"begin\""),
        ] {
            let said = episodes.mark(marker).unwrap_err();
            assert!(said.contains(part), "{part:?} is not in {said:?}");
        }
        assert_eq!(episodes, Episodes::default());
        episodes.mark("start").unwrap();
        assert!(episodes.mark("start").unwrap_err().contains("before"));
        assert!(episodes.running);
    }
}
