//! What a node and its policy look like to people, of the same sources as the status.

use std::time::Instant;

use super::{Explained, ModalityStatus, StatusSource};
use crate::control::{Explanation, TickReport};
use crate::display::{ActionView, Camera, Health, ModalityView, View};
use crate::message::{Level, MessageType};
use crate::spec::ModalitySpec;
use crate::time::Stamp;
use crate::window::Quantiles;

/// Shows in `view` what there is to see of a policy at `now`, which is `at` on a clock that never steps. `commands`
/// says whether commands leave.
pub fn show(
    view: &mut View,
    source: &mut StatusSource,
    report: &TickReport,
    explained: &Explained,
    (at, now): (Instant, Stamp),
    commands: bool,
) {
    let explanation = explained.get(at);
    let commanded = source.commanded.read();
    let actions = source.spec.actions.iter().zip(commanded);
    view.actions = actions
        .map(|(action, value)| ActionView {
            name: action.name.clone(),
            unit: action.unit.clone(),
            value: Some(*value).filter(|value| commands && value.is_finite()),
            min: Some(action.min).filter(|min| min.is_finite()),
            max: Some(action.max).filter(|max| max.is_finite()),
        })
        .collect();
    let parts = source.modalities.iter().zip(&source.spec.modalities);
    view.modalities = parts
        .zip(report.latencies)
        .map(|((modality, spec), latency)| {
            let mut seen = modality_at(now, modality, spec, latency);
            explain(&mut seen, explanation.as_ref(), view.actions.len());
            seen
        })
        .collect();
    view.policy = source.spec.name.clone();
    view.folder = source.folder.display().to_string();
    view.instruction = source.instruction();
    view.rate_hz = report.rate_hz;
    view.interval_p99_ms = report.interval_p99_ms;
}

/// The modalities whose messages are pictures.
pub fn cameras(source: &StatusSource) -> Vec<Camera> {
    let parts = source.modalities.iter().zip(&source.spec.modalities);
    let camera = |(modality, spec): (&ModalityStatus, &ModalitySpec)| {
        let message = modality.fanout.message_type()?;
        let is_picture = matches!(message, MessageType::Image | MessageType::CompressedImage);
        is_picture.then(|| Camera {
            modality: spec.name.clone(),
            message,
            fanout: modality.fanout.clone(),
        })
    };
    parts.filter_map(camera).collect()
}

fn modality_at(
    now: Stamp,
    modality: &ModalityStatus,
    spec: &ModalitySpec,
    latency: Quantiles,
) -> ModalityView {
    let seen = modality.stats.snapshot();
    let (level, message, age_s) = modality.judge(now, &seen);
    let stages = &seen.stages;
    ModalityView {
        name: spec.name.clone(),
        kind: spec.source.kind(),
        health: match level {
            _ if !modality.enabled => Health::Silent,
            Level::Ok => Health::Ok,
            Level::Warn => Health::Warning,
            Level::Error => Health::Error,
            Level::Stale => Health::Silent,
        },
        message,
        age_s,
        max_age_s: modality.freshness.as_ref().and_then(|f| f.max_age_s),
        rate_hz: seen.rate_hz,
        encode_ms: stages.wait.p50_ms + stages.prepare.p50_ms + stages.encode.p50_ms,
        command_ms: latency.p50_ms,
        ..ModalityView::default()
    }
}

/// Says why the robot moves, where that is known of this modality. Another policy may have taken over since.
fn explain(seen: &mut ModalityView, explanation: Option<&Explanation>, actions: usize) {
    let Some(explanation) = explanation else {
        return;
    };
    let of = explanation.modalities.iter().position(|m| *m == seen.name);
    if let Some(of) = of
        && explanation.contributions[of].len() == actions
    {
        seen.share = Some(explanation.shares[of]);
        seen.contributions
            .clone_from(&explanation.contributions[of]);
    }
}
