//! Numbers as a status shows them: keys with values.

use crate::control::Timekeeping;
use crate::modality::StageLatencies;
use crate::window::Quantiles;

/// Keys and values of a status.
pub fn pairs(values: &[(&str, String)]) -> Vec<(String, String)> {
    values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}

/// A key for each number of a stage.
pub fn quantiles(stage: &str, quantiles: Quantiles) -> [(String, String); 4] {
    let Quantiles {
        p50_ms,
        p99_ms,
        p999_ms,
        max_ms,
    } = quantiles;
    [
        ("p50", p50_ms),
        ("p99", p99_ms),
        ("p999", p999_ms),
        ("max", max_ms),
    ]
    .map(|(which, ms)| (format!("{stage}_{which}_ms"), format!("{ms:.3}")))
}

/// What is to be said of a modality's way to its feature.
pub fn stages(latencies: &StageLatencies) -> impl Iterator<Item = (String, String)> {
    let StageLatencies {
        transport,
        wait,
        prepare,
        encode,
    } = *latencies;
    let stages = [
        ("transport", transport),
        ("wait", wait),
        ("prepare", prepare),
        ("encode", encode),
    ];
    stages
        .into_iter()
        .flat_map(|(stage, q)| quantiles(stage, q))
}

/// What is to be said of wake-ups and ticks.
pub fn timekeeping(kept: &Timekeeping) -> Vec<(String, String)> {
    let counts = [
        ("late_wakeups", kept.late_wakeups),
        ("overruns", kept.overruns),
        ("skipped_late", kept.skipped_late),
        ("skipped_overrun", kept.skipped_overrun),
        ("supervisor_stops", kept.stood_in),
    ];
    let counts = counts.map(|(key, count)| (key.to_owned(), count.to_string()));
    let stages = [("wakeup", kept.wakeup), ("tick", kept.tick)];
    let stages = stages.into_iter().flat_map(|(name, q)| quantiles(name, q));
    stages.chain(counts).collect()
}
