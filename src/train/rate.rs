//! How often the demonstrator said what to do.

use super::samples::median;
use super::survey::Demonstration;
use crate::spec::{HeadSpec, PolicySpec};

/// Labels per second, by the median interval within episodes; none where no episode has two labels.
pub fn label_rate_hz<'a>(episodes: impl Iterator<Item = &'a Demonstration>) -> Option<f64> {
    let pairs = episodes.flat_map(|episode| episode.labels.windows(2));
    let intervals_ns = pairs
        .map(|pair| (pair[1].seconds_since(&pair[0]) * 1e9).round() as i64)
        .filter(|interval_ns| *interval_ns > 0);
    let interval_ns = median(intervals_ns.collect())?;
    // Clocks are not better than that.
    Some((1e12 / interval_ns as f64).round() / 1e3)
}

/// A step may be this part of the labels' interval at least: below, neighbouring steps share a label.
const FINEST: f64 = 0.8;

/// Says that a chunk has finer steps than the labels it was learned from.
pub fn too_fine(policy: &PolicySpec) -> Option<String> {
    let HeadSpec::Mlp { chunk, .. } = &policy.head;
    let (chunk, rate_hz) = ((*chunk)?, policy.recorded.label_rate_hz?);
    (chunk.steps > 1 && chunk.step_s * rate_hz < FINEST).then(|| {
        format!(
            "head.chunk.step_s is {}, but labels come every {:.4} s ({rate_hz} Hz), so that several steps repeat one label; \
             set step_s to {:.4} or more",
            chunk.step_s,
            1.0 / rate_hz,
            1.0 / rate_hz
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Stamp;
    use crate::train::survey::Label;

    fn episodes(times_ms: &[&[i64]]) -> Vec<Demonstration> {
        let label = |ms: &i64| Label {
            stamp: None,
            logged: Stamp::from_nanos(ms * 1_000_000),
            action: vec![],
        };
        let episode = |ms: &&[i64]| Demonstration {
            labels: ms.iter().map(label).collect(),
            ..Demonstration::default()
        };
        times_ms.iter().map(episode).collect()
    }

    #[test]
    fn the_rate_is_that_of_most_labels() {
        // A pause within an episode, a label twice at one time, and the time between episodes do not count.
        let bag = episodes(&[&[0, 50, 100, 100, 150, 3150, 3200], &[9000, 9050]]);
        assert_eq!(label_rate_hz(bag.iter()), Some(20.0));
        assert_eq!(label_rate_hz(episodes(&[&[0], &[50]]).iter()), None);
    }

    #[test]
    fn steps_finer_than_labels_are_told() {
        let text = "{format: 3, name: n, modalities: [{name: m, kind: vector, names: [x], width: 1}], \
                    fusion: {method: concat}, head: {kind: mlp, hidden: [], chunk: {steps: 4, step_s: 0.05}}, \
                    actions: [{name: a, min: 0, max: 1}]}";
        let mut spec: PolicySpec = serde_yaml::from_str(text).unwrap();
        let mut told = |rate_hz| {
            spec.recorded.label_rate_hz = rate_hz;
            too_fine(&spec)
        };
        assert_eq!(told(None), None);
        assert_eq!(told(Some(20.0)), None);
        assert_eq!(told(Some(40.0)), None, "every second label");
        let text = told(Some(10.0)).unwrap();
        assert!(
            text.contains("0.05") && text.contains("0.1000 s (10 Hz)"),
            "{text}"
        );
    }
}
