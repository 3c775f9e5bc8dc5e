//! What is wrong with inputs although they arrive, said in the log when it begins.

use std::time::{Duration, Instant};

use crate::modality::Finding;

/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The same of the same modality is said again only after so long, though it may come and go: a simulator stands still
/// between any two episodes.
const SAY_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Says each finding once while it lasts.
#[derive(Debug, Default)]
pub struct HealthLog {
    looked: Option<Instant>,
    said: Vec<Said>,
}

#[derive(Debug)]
struct Said {
    modality: String,
    finding: Finding,
    at: Instant,
    lasts: bool,
}

impl HealthLog {
    /// Logs what is new at `now`, of the findings that are asked for once a second.
    pub fn look<'a, I>(&mut self, now: Instant, findings: impl FnOnce() -> I)
    where
        I: Iterator<Item = (&'a str, Finding)>,
    {
        let early = |looked: Instant| now.saturating_duration_since(looked) < LOOK_EVERY;
        if self.looked.is_some_and(early) {
            return;
        }
        self.looked = Some(now);
        for text in self.news(now, findings()) {
            log::warn!("{text}");
        }
    }

    fn news<'a>(
        &mut self,
        now: Instant,
        findings: impl Iterator<Item = (&'a str, Finding)>,
    ) -> Vec<String> {
        let mut news = Vec::new();
        let lasted: Vec<bool> = self.said.iter().map(|said| said.lasts).collect();
        self.said.iter_mut().for_each(|said| said.lasts = false);
        for (modality, finding) in findings {
            let known = self
                .said
                .iter()
                .position(|said| said.modality == modality && said.finding.is_same_kind(&finding));
            let is_news = match known {
                Some(i) => {
                    self.said[i].lasts = true;
                    let since = now.saturating_duration_since(self.said[i].at);
                    !lasted[i] && since >= SAY_AGAIN_AFTER
                }
                None => true,
            };
            if !is_news {
                continue;
            }
            news.push(format!("modality {modality}: {finding}"));
            let said = Said {
                modality: modality.to_owned(),
                finding,
                at: now,
                lasts: true,
            };
            match known {
                Some(i) => self.said[i] = said,
                None => self.said.push(said),
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_said_once_and_what_comes_again_only_after_a_while() {
        let (start, mut log) = (Instant::now(), HealthLog::default());
        let frozen = |for_s| Finding::Unchanged {
            what: "picture",
            for_s,
        };
        let mut news = |second, findings: &[(&'static str, Finding)]| {
            let now = start + Duration::from_secs(second);
            log.news(now, findings.iter().copied()).len()
        };
        assert_eq!(news(0, &[("scene", frozen(1.0))]), 1);
        assert_eq!(
            news(1, &[("scene", frozen(2.0)), ("wrist", frozen(2.0))]),
            1
        );
        let slow = Finding::Slow {
            rate_hz: 1.0,
            usual_hz: 30.0,
        };
        assert_eq!(news(2, &[("scene", frozen(3.0)), ("scene", slow)]), 1);
        assert_eq!(news(3, &[]), 0);
        assert_eq!(news(4, &[("scene", frozen(1.0))]), 0, "it came and went");
        assert_eq!(news(5, &[]), 0);
        assert_eq!(news(70, &[("scene", frozen(1.0))]), 1);
        assert_eq!(news(200, &[("scene", frozen(130.0))]), 0, "it lasts");
    }
}
