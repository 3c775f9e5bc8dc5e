//! The second look at a bag: the control loop of the node goes through it once more, and says why.

use std::sync::Arc;
use std::time::Duration;

use nalgebra::DVector;

use super::bag_index::BagIndex;
use super::figures::{DecisionKind, Sample, StopCause, Weighing, Why};
use super::stream::Stream;
use crate::bag::{Reader, RecordView, same_topic};
use crate::chunk::Ensemble;
use crate::config::{Loaded, ModalityConfig};
use crate::contribution::Contributions;
use crate::control::{Controller, Decision, Displacement, MeasuredAt, Tick};
use crate::encoder::Thumbnail;
use crate::errors::ConfigErrors;
use crate::message::{CommandSet, MessageType};
use crate::modality::{Encoding, Message, ProjectedFeature, Projector, Unchanged, Validity};
use crate::policy::Policy;
use crate::progress::Progress;
use crate::safety::Guard;
use crate::spec::PolicySpec;
use crate::time::Stamp;

/// What came of it.
pub struct Replayed {
    /// The samples, one every step.
    pub samples: Vec<Sample>,
    /// Pictures of the cameras, now and then.
    pub frames: Vec<Frame>,
    /// What one should know.
    pub notes: Vec<String>,
}

/// What a camera saw at a sample.
pub struct Frame {
    /// The camera's index among the modalities.
    pub modality: usize,
    /// Which of the pictures in the row it is.
    pub place: usize,
    /// The picture.
    pub picture: Thumbnail,
}

/// Frames in a row, where there are so many samples.
pub const FRAMES: usize = 12;

/// Pixels across; a picture shows them half as wide, for screens with fine pixels.
const FRAME_WIDTH: usize = 160;

/// An action that was recorded counts for so long.
const RECORDED_HOLDS_S: f64 = 0.5;

/// Actions that were recorded.
struct Shown {
    /// The newest number of each, by whichever message it came; none yet where it is not finite.
    newest: Vec<f64>,
    /// Whole actions, each from when it was commanded.
    actions: Vec<(Stamp, Vec<f64>)>,
}

impl Shown {
    fn new(width: usize) -> Self {
        Self {
            newest: vec![f64::NAN; width],
            actions: Vec::new(),
        }
    }
}

struct Replay<'a> {
    index: &'a BagIndex,
    wiring: &'a [ModalityConfig],
    commands: CommandSet,
    measured: &'a [Option<MeasuredAt>],
    spec: PolicySpec,
    controller: Controller,
    explained: Policy,
    contributions: Contributions,
    streams: Vec<Stream>,
    displacements: Vec<Option<Displacement>>,
    command: Vec<f64>,
    expert: Shown,
    recorded: Shown,
    samples: Vec<Sample>,
    frames: Vec<Frame>,
    /// How many samples there will be, and the nanoseconds between them.
    count: usize,
    step_ns: i64,
}

/// How many samples a stretch of time has, at its beginning and every step after.
pub fn samples_in(begin: Stamp, end: Stamp, step_ns: i64) -> usize {
    ((end.nanos() - begin.nanos()) / step_ns) as usize + 1
}

/// Goes through the bag.
///
/// # Errors
/// A bag that cannot be read, a policy with too many modalities to be explained.
pub fn replay(
    reader: &mut Reader,
    index: &BagIndex,
    loaded: Loaded,
    step_ns: i64,
    simulated_time: bool,
) -> Result<Replayed, ConfigErrors> {
    let Loaded {
        policy,
        wiring,
        extractors,
        explained,
        ..
    } = loaded;
    let spec = policy.spec().clone();
    let projectors = policy.projections().iter().zip(&wiring.modalities);
    let projectors: Vec<Projector> = projectors
        .map(|(projection, wired)| {
            Projector::new(projection.clone()).with_max_distance(wired.max_distance)
        })
        .collect();
    let displacements = spec.modalities.iter().zip(&projectors);
    let displacements = displacements
        .map(|(modality, projector)| {
            let since = spec.moved_since(modality)?;
            Some(Displacement::new(since, projector.clone()))
        })
        .collect();
    let streams = spec.modalities.iter().zip(&index.message_types);
    let streams = streams
        .zip(extractors)
        .zip(projectors)
        .zip(&wiring.modalities)
        .map(|((((spec, message), extractor), projector), wired)| {
            let validity = Validity::of(&spec.source, wired.max_age_s);
            let encoding = message.zip(extractor).map(|(message, extractor)| {
                Encoding::new(message, validity, extractor)
                    .with_max_frozen_s(wired.max_frozen_s)
                    .with_stamp_delay_s(wired.stamp_delay_s)
                    .in_simulated_time(simulated_time)
            });
            Stream::new(spec, encoding, projector)
        })
        .collect();
    let period_s = step_ns as f64 * 1e-9;
    // What is explained is a prediction, not the mean of several.
    let ensemble = Ensemble::None;
    let guard = Guard::new(wiring.limits);
    let count = samples_in(index.begin, index.end, step_ns);
    let width = spec.actions.len();
    let mut replay = Replay {
        index,
        wiring: &wiring.modalities,
        commands: wiring.commands.clone(),
        measured: &wiring.measured,
        command: vec![0.0; width],
        controller: Controller::new(policy, guard, wiring.freshness, ensemble, period_s),
        contributions: Contributions::new(&explained)?,
        explained,
        spec,
        streams,
        displacements,
        expert: Shown::new(width),
        recorded: Shown::new(width),
        samples: Vec::with_capacity(count),
        frames: Vec::new(),
        count,
        step_ns,
    };
    let progress = Progress::new("explaining", count as u64);
    let mut records = reader.records();
    while let Some(record) = records.next_view() {
        if record.log_time.seconds_since(index.end) > RECORDED_HOLDS_S {
            break;
        }
        replay.before(record.log_time, &progress);
        replay.take(&record);
    }
    replay.before(Stamp::from_nanos(i64::MAX), &progress);
    progress.finish();
    Ok(replay.finish())
}

impl Replay<'_> {
    /// All samples that come before a message of this time.
    fn before(&mut self, time: Stamp, progress: &Progress) {
        while self.samples.len() < self.count {
            let since_ns = self.step_ns * self.samples.len() as i64;
            let now = Stamp::from_nanos(self.index.begin.nanos() + since_ns);
            if now >= time {
                return;
            }
            self.sample(now);
            progress.advance(1, String::new);
        }
    }

    fn take(&mut self, record: &RecordView) {
        for (wired, stream) in self.wiring.iter().zip(&mut self.streams) {
            if same_topic(record.topic, &wired.topic) {
                stream.put(Message {
                    bytes: Arc::new(record.bytes.to_vec()),
                    received: record.log_time,
                    unchanged: Unchanged::default(),
                    epoch: Default::default(),
                });
            }
        }
        let kept = [
            (&self.index.expert, &mut self.expert),
            (&self.index.recorded, &mut self.recorded),
        ];
        for (topics, shown) in kept {
            let Some((_, number)) = topics.iter().find(|(t, _)| same_topic(record.topic, t)) else {
                continue;
            };
            let newest = &mut shown.newest;
            if let Ok(stamp) = self.commands.decode(*number, record.bytes, newest)
                && newest.iter().all(|number| number.is_finite())
            {
                let stamp = stamp.filter(|s| !s.is_unset() && !self.index.other_clock);
                let at = stamp.unwrap_or(record.log_time);
                shown.actions.push((at, newest.clone()));
            }
        }
    }

    fn sample(&mut self, now: Stamp) {
        for stream in &mut self.streams {
            stream.look();
            if let (true, Some(message)) = (self.index.other_clock, &stream.message) {
                let received_ns = message.received.nanos();
                stream.feature.stamp = Stamp::from_nanos(received_ns - stream.behind_ns);
            }
        }
        for (stream, displacement) in self.streams.iter().zip(&mut self.displacements) {
            if let (Some(displacement), Some(timeline)) = (displacement, &stream.timeline) {
                let since = self.streams[displacement.since()].stamp;
                displacement.complete(&stream.feature, since, timeline);
            }
        }
        self.picture();
        for (action, place) in self.measured.iter().enumerate() {
            if let Some(place) = place
                && let Some(position) = self.streams[place.modality].measured(place.number)
            {
                self.controller.measure(action, place.modality, position);
            }
        }
        let features = self.streams.iter().zip(&self.displacements);
        let features = features.map(fused);
        let elapsed = Duration::from_nanos(self.step_ns as u64 * self.samples.len() as u64);
        let Tick { decision, seen } =
            self.controller
                .tick(now, elapsed, features, &mut self.command);
        let count = self.streams.len();
        let ages_s: Vec<Option<f64>> = (0..count)
            .map(|i| seen.present[i].then_some(seen.ages_s[i]))
            .collect();
        let (decision, stop) = match decision {
            Decision::Act { .. } => (DecisionKind::Act, None),
            Decision::Stop(reason) => {
                (DecisionKind::Stop, Some(StopCause::of(&reason, &self.spec)))
            }
            Decision::Silent(reason) => {
                (DecisionKind::Wait, Some(StopCause::of(&reason, &self.spec)))
            }
        };
        let why = stop.is_none().then(|| self.why(&ages_s));
        self.samples.push(Sample {
            time_s: now.seconds_since(self.index.origin),
            decision,
            stop,
            ages_s,
            sentences: self.streams.iter().map(|s| s.sentence.clone()).collect(),
            command: self.command.clone(),
            why,
            expert: None,
            recorded: None,
        });
    }

    fn why(&mut self, ages_s: &[Option<f64>]) -> Why {
        let features = self.streams.iter().zip(&self.displacements).map(fused);
        let features: Vec<Option<&DVector<f32>>> = features
            .zip(ages_s)
            .map(|(feature, age_s)| age_s.map(|_| &feature.values))
            .collect();
        let ages_s: Vec<f64> = ages_s.iter().map(|age_s| age_s.unwrap_or(0.0)).collect();
        let found = &mut self.contributions;
        found.compute_on_projected(&mut self.explained, &features, &ages_s);
        Why {
            contributions: (0..found.modalities())
                .map(|m| found.of(m).to_vec())
                .collect(),
            all: found.of_all().to_vec(),
            nothing: found.of_nothing().to_vec(),
            fusion: Weighing::of(self.explained.trace()),
        }
    }

    /// Keeps what the cameras see, where this sample is in the middle of a frame's place in the row.
    fn picture(&mut self) {
        let (at, frames) = (self.samples.len(), FRAMES.min(self.count));
        let place = at * frames / self.count;
        if at != (2 * place + 1) * self.count / (2 * frames) {
            return;
        }
        for (modality, stream) in self.streams.iter().enumerate() {
            let (Some(message), Some(message_type)) = (&stream.message, stream.message_type())
            else {
                continue;
            };
            if matches!(
                message_type,
                MessageType::Image | MessageType::CompressedImage
            ) && let Ok(picture) = Thumbnail::of(message_type, &message.bytes, FRAME_WIDTH)
            {
                self.frames.push(Frame {
                    modality,
                    place,
                    picture,
                });
            }
        }
    }

    fn finish(mut self) -> Replayed {
        let origin = self.index.origin;
        for sample in &mut self.samples {
            sample.expert = newest(&self.expert.actions, origin, sample.time_s);
            sample.recorded = newest(&self.recorded.actions, origin, sample.time_s);
        }
        let streams = self.wiring.iter().zip(&self.streams);
        let notes = streams.filter_map(|(wired, stream)| {
            let (count, first) = &stream.unreadable;
            let first = first.as_ref()?;
            Some(format!(
                "modality {}: messages that could not be read: {count}, the first: {first}",
                wired.name
            ))
        });
        Replayed {
            notes: notes.collect(),
            samples: self.samples,
            frames: self.frames,
        }
    }
}

/// What is fused of a modality.
fn fused<'a>(
    (stream, displacement): (&'a Stream, &'a Option<Displacement>),
) -> &'a ProjectedFeature {
    displacement
        .as_ref()
        .map_or(&stream.feature, Displacement::feature)
}

/// The newest action at a time, while it still counts.
fn newest(actions: &[(Stamp, Vec<f64>)], origin: Stamp, time_s: f64) -> Option<Vec<f64>> {
    // Half a microsecond is what seconds as floating-point numbers may be off.
    let age_s = |stamp: Stamp| time_s - stamp.seconds_since(origin) + 5e-7;
    let mut found: Option<&(Stamp, Vec<f64>)> = None;
    for action in actions.iter().filter(|(stamp, _)| age_s(*stamp) >= 0.0) {
        if found.is_none_or(|(stamp, _)| action.0 >= *stamp) {
            found = Some(action);
        }
    }
    let (stamp, action) = found?;
    (age_s(*stamp) <= RECORDED_HOLDS_S).then(|| action.clone())
}
