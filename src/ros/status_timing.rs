//! How well the control thread keeps time, as the status shows it.

use crate::control::Timekeeping;
use crate::modality::StageLatencies;
use crate::realtime::Setting;
use crate::window::Quantiles;

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

/// What is in force of what was asked of the kernel.
pub fn settings(settings: &[Setting]) -> Vec<(String, String)> {
    let each = settings.iter();
    each.map(|setting| {
        let refused = match setting.refusal {
            Some(_) => " (refused; the log says why)",
            None => "",
        };
        let value = format!("{}{refused}", setting.in_force);
        (setting.parameter.to_owned(), value)
    })
    .collect()
}

/// The parameters that were refused, for a message that people read.
pub fn refused(settings: &[Setting]) -> Option<String> {
    let refused: Vec<&str> = settings
        .iter()
        .filter(|setting| setting.refusal.is_some())
        .map(|setting| setting.parameter)
        .collect();
    (!refused.is_empty()).then(|| format!("refused: {}", refused.join(", ")))
}

/// Logs what became of what was asked of the kernel.
pub fn log_settings(settings: &[Setting]) {
    for setting in settings.iter().filter(|setting| setting.is_asked) {
        match &setting.refusal {
            Some(why) => log::warn!("{why}"),
            None => log::info!("{}: {}", setting.parameter, setting.in_force),
        }
    }
}
