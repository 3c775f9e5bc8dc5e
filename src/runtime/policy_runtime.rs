//! Everything that belongs to one policy, made for those who work with it: the control thread, the supervisor, the status,
//! the explainer.

use super::{MessageFanouts, ModalityStatus, StatusSource};
use crate::config::{Loaded, NodeConfig};
use crate::control::{
    Attribution, Controller, Displacement, Ends, Features, Measured, PolicyExecutor, TickMeter,
    Tracing, Waker, commanded_slot,
};
use crate::errors::ConfigErrors;
use crate::modality::{
    Encoding, Epochs, FeatureBuilder, FeatureSink, History, Projector, Validity, Worker,
    feature_slot, measured_slot, timeline_slot,
};
use crate::safety::{Guard, StopCommand, stop_action_slot};
use crate::shutdown::Shutdown;

/// A policy whose encoders run.
pub struct PolicyRuntime {
    /// For the control thread.
    pub executor: Box<PolicyExecutor>,
    /// For the supervisor.
    pub stop: StopCommand,
    /// For the status.
    pub status: StatusSource,
    /// For the explainer, where the parameters ask for one.
    pub attribution: Option<Attribution>,
    /// The encoders' threads; they end when this is dropped.
    pub workers: Vec<Worker>,
}

impl PolicyRuntime {
    /// Starts the encoders of a loaded policy, and takes all memory that driving needs.
    ///
    /// # Errors
    /// A policy with too many modalities to be explained, a thread that the system refuses.
    pub fn start(
        config: &NodeConfig,
        loaded: Loaded,
        fanouts: &MessageFanouts,
        epochs: &Epochs,
        waker: &Waker,
        tracing: &Tracing,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let Loaded {
            policy,
            wiring,
            extractors,
            explained,
            ..
        } = loaded;
        let spec = policy.spec().clone();
        let traced = tracing.policy(&spec);
        let (attribution, snapshots) = match config.contributions_rate_hz {
            0.0 => (None, None),
            rate_hz => {
                let (attribution, snapshots) = Attribution::new(explained, rate_hz)?;
                (Some(attribution), Some(snapshots))
            }
        };
        let parts = wiring.modalities.iter().zip(&wiring.freshness);
        let parts = parts.zip(extractors).zip(&spec.modalities);
        let parts = parts.zip(policy.projections());
        let (mut workers, mut modalities) = (Vec::new(), Vec::new());
        let (mut slots, mut displacements) = (Vec::new(), Vec::new());
        let mut measured = Measured {
            places: wiring.measured,
            numbers: Vec::new(),
        };
        for ((((wired, freshness), extractor), modality), projection) in parts {
            let index = measured.numbers.len();
            let mut places = measured.places.iter().flatten();
            let (left, numbers) = match places.any(|place| place.modality == index) {
                true => {
                    let (left, numbers) = measured_slot(modality.width);
                    (Some(left), Some(numbers))
                }
                false => (None, None),
            };
            measured.numbers.push(numbers);
            let (slot, reader) = feature_slot(projection.width());
            slots.push(reader);
            let projector =
                Projector::new(projection.clone()).with_max_distance(wired.max_distance);
            let timeline = spec.moved_since(modality).map(|since| {
                let (writer, reader) = timeline_slot(modality.width);
                let displacement = Displacement::new(since, projector.clone());
                displacements.push((index, displacement, reader));
                writer
            });
            let (Some(extractor), Some(fanout)) = (extractor, fanouts.get(&wired.name)) else {
                modalities.push(ModalityStatus::disabled());
                continue;
            };
            let history = History::new(modality.width, modality.history);
            let builder = FeatureBuilder::new(history, projector);
            let sink = FeatureSink::new(builder, slot)
                .with_measured(left)
                .with_timeline(timeline);
            let waker = waker.clone();
            let notify = move || waker.wake();
            let (name, message) = (&wired.name, wired.message);
            let validity = match config.lockstep {
                true => Validity::UntilNext,
                false => Validity::of(&modality.source, wired.max_age_s),
            };
            let encoder = Some(extractor.describe());
            let encoding = Encoding::new(message, validity, extractor)
                .with_max_frozen_s(wired.max_frozen_s)
                .with_stamp_delay_s(wired.stamp_delay_s)
                .in_simulated_time(config.use_sim_time);
            let recorder = tracing.worker(&traced, index);
            let worker = Worker::start(name, encoding, sink, notify, recorder, shutdown)?;
            fanout.attach(worker.slot().clone());
            let status = ModalityStatus::of(&worker, freshness.clone(), fanout.clone());
            modalities.push(ModalityStatus { encoder, ..status });
            workers.push(worker);
        }
        let mut features = Features::new(slots);
        for (modality, displacement, timeline) in displacements {
            features.displace(modality, displacement, timeline);
        }
        let (commands, commanded) = commanded_slot(spec.actions.len());
        let (left, reports) = triple_buffer::triple_buffer(&TickMeter::new().report());
        let period_s = 1.0 / config.control_rate_hz;
        let timing = config.action.timing(config.control_rate_hz);
        let templates = wiring.commands.templates(timing);
        let (stop_actions, actions) = stop_action_slot(wiring.limits.len());
        let stop = StopCommand {
            templates: templates.clone(),
            actions,
        };
        let ends = Ends {
            features,
            measured,
            awaited: wiring.awaited,
            templates,
            stop_actions,
            reports: left,
            snapshots,
            commanded: commands,
        };
        let guard = Guard::new(wiring.limits).with_ramp(config.stop.ramp);
        let controller =
            Controller::new(policy, guard, wiring.freshness, config.ensemble, period_s)
                .with_epochs(epochs.clone());
        Ok(Self {
            stop,
            status: StatusSource {
                spec,
                folder: config.policy.clone(),
                modalities,
                reports,
                commanded,
            },
            executor: Box::new(PolicyExecutor::new(controller, ends).traced_as(traced)),
            attribution,
            workers,
        })
    }
}
