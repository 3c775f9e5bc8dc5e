//! Chunks in the control loop: when the policy is asked, what a stop and a missing modality do to what was predicted, and
//! the guard behind it all.

use super::*;
use crate::chunk::Favor;

const STEPS: usize = 6;
const STEP_S: f64 = 0.05;
const PERIOD_S: f64 = 0.01;
const MAX_RATE: f64 = 3.0;

const ENSEMBLES: [Ensemble; 4] = [
    Ensemble::None,
    Ensemble::Temporal {
        favor: Favor::Oldest,
        decay: 0.1,
    },
    Ensemble::Temporal {
        favor: Favor::Newest,
        decay: 0.5,
    },
    Ensemble::Blend { blend_s: 0.08 },
];

/// The camera's feature is the chunk itself, and the instruction's is added to every step.
fn player(ensemble: Ensemble, required: [bool; 2], max_rate: Option<f64>) -> Controller {
    let text = format!(
        "{{format: 3, name: chunks, modalities: [\
         {{name: camera, kind: vector, names: [a, b, c, d, e, f], width: {STEPS}}}, \
         {{name: instruction, kind: vector, names: [x], width: 1}}], fusion: {{method: concat}}, \
         head: {{kind: mlp, hidden: [], chunk: {{steps: {STEPS}, step_s: {STEP_S}}}}}, \
         actions: [{{name: speed, min: -2, max: 2, stop: 0.5}}]}}"
    );
    let spec: PolicySpec = serde_yaml::from_str(&text).unwrap();
    let mut weights = Weights::default();
    for (name, width) in [("camera", STEPS), ("instruction", 1)] {
        weights.insert(
            format!("standardize.{name}.mean"),
            vec![width],
            vec![0.0; width],
        );
        weights.insert(
            format!("standardize.{name}.std"),
            vec![width],
            vec![1.0; width],
        );
    }
    let row = |step: usize| (0..=STEPS).map(move |i| f32::from(u8::from(i == step || i == STEPS)));
    let matrix = (0..STEPS).flat_map(row).collect();
    weights.insert("head.0.weight", vec![STEPS, STEPS + 1], matrix);
    weights.insert("head.0.bias", vec![STEPS], vec![0.0; STEPS]);
    weights.insert("action.mean", vec![1], vec![0.0]);
    weights.insert("action.std", vec![1], vec![1.0]);
    let limit = Limit {
        max_rate,
        ..Limit::from(&spec.actions[0])
    };
    let policy = Policy::build(spec, std::path::Path::new(""), &weights).unwrap();
    let freshness = [Some(0.2), None].into_iter().zip(required);
    let freshness = freshness.map(|(max_age_s, required)| Freshness {
        required,
        max_age_s,
        max_future_s: 0.1,
        ends_with_epoch: false,
    });
    let guard = Guard::new(vec![limit]);
    Controller::new(policy, guard, freshness.collect(), ensemble, PERIOD_S)
}

fn ms(ms: i64) -> Stamp {
    Stamp::from_nanos(10_000_000_000 + ms * 1_000_000)
}

fn elapsed(ms: i64) -> Duration {
    Duration::from_millis(10_000 + ms as u64)
}

fn camera(stamp_ms: i64, chunk: [f32; STEPS]) -> ProjectedFeature {
    ProjectedFeature {
        epoch: Epoch::default(),
        made: None,
        stamp: ms(stamp_ms),
        received: Stamp::default(),
        fault: None,
        present: true,
        values: chunk.to_vec().into(),
    }
}

fn instruction(stamp_ms: i64, value: f32) -> ProjectedFeature {
    ProjectedFeature {
        epoch: Epoch::default(),
        made: None,
        stamp: ms(stamp_ms),
        received: Stamp::default(),
        fault: None,
        present: true,
        values: vec![value].into(),
    }
}

const RISING: [f32; STEPS] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25];
const FALLING: [f32; STEPS] = [1.25, 1.0, 0.75, 0.5, 0.25, 0.0];

#[test]
fn slow_features_are_played_on_fast_and_ages_are_those_of_the_prediction() {
    let mut controller = player(Ensemble::None, BOTH, None);
    let mut action = [f64::NAN];
    for tick in 0..60 {
        let now_ms = tick * 10;
        // Every 100 ms a picture, which is 30 ms old when it is encoded.
        let taken_ms = now_ms / 100 * 100 - 30;
        let (chunk, sign) = match now_ms / 100 % 2 {
            0 => (RISING, 1.0),
            _ => (FALLING, -1.0),
        };
        let features = [camera(taken_ms, chunk), instruction(0, 0.0)];
        let decision = controller
            .tick(ms(now_ms), elapsed(now_ms), features.iter(), &mut action)
            .decision;
        assert_eq!(decision, Decision::Act { limited: 0 }, "{now_ms} ms");
        let expected = f64::from(chunk[0]) + sign * (now_ms % 100) as f64 * 0.25 / 50.0;
        assert!((action[0] - expected).abs() < 1e-9, "{now_ms} ms");
        let seen = controller.prediction();
        assert_eq!(seen.present[..2], BOTH);
        assert!((seen.ages_s[0] - 0.03).abs() < 1e-9, "{now_ms} ms");
    }
}

/// Ticks at `now_ms` with these features, and gives the decision and what leaves.
fn tick(
    controller: &mut Controller,
    now_ms: i64,
    features: &[ProjectedFeature; 2],
) -> (Decision, f64) {
    let mut action = [f64::NAN];
    let decision = controller
        .tick(ms(now_ms), elapsed(now_ms), features.iter(), &mut action)
        .decision;
    (decision, action[0])
}

#[test]
fn a_chunk_with_steps_left_does_not_outlive_its_camera_and_a_stop_forgets_it() {
    for ensemble in ENSEMBLES {
        let mut controller = player(ensemble, BOTH, None);
        let features = [camera(0, RISING), instruction(0, 0.0)];
        for now_ms in (0..=200).step_by(10) {
            let (decision, action) = tick(&mut controller, now_ms, &features);
            assert_eq!(decision, Decision::Act { limited: 0 }, "{ensemble}");
            assert!((action - now_ms as f64 * 0.005).abs() < 1e-9, "{ensemble}");
        }
        let (decision, action) = tick(&mut controller, 201, &features);
        assert!(
            matches!(
                decision,
                Decision::Stop(StopReason::Stale { modality: 0, .. })
            ),
            "{ensemble}: {decision:?}"
        );
        assert_eq!(action, 0.5);
        // The first picture after it decides alone: nothing is averaged with, or faded from, what was before.
        let features = [camera(205, FALLING), instruction(0, 0.0)];
        let (_, action) = tick(&mut controller, 210, &features);
        assert_eq!(action, 1.25, "{ensemble}");
    }
}

#[test]
fn a_chunk_is_not_played_on_after_a_stop_from_elsewhere() {
    for ensemble in ENSEMBLES {
        let features = [camera(0, RISING), instruction(0, 0.0)];
        let [mut stopped, mut interrupted] = [(); 2].map(|()| player(ensemble, BOTH, None));
        for now_ms in (0..=100).step_by(10) {
            tick(&mut stopped, now_ms, &features);
            tick(&mut interrupted, now_ms, &features);
        }
        let mut action = [f64::NAN];
        stopped.stop(elapsed(105), StopReason::ShuttingDown, &mut action);
        assert_eq!(action, [0.5]);
        interrupted.was_stopped(&mut action);
        for controller in [&mut stopped, &mut interrupted] {
            let (decision, action) = tick(controller, 110, &features);
            assert_eq!(decision, Decision::Act { limited: 0 });
            assert!(action.abs() < 1e-9, "{ensemble}: it begins anew, {action}");
        }
    }
}

#[test]
fn a_camera_that_is_not_required_takes_its_chunks_with_it() {
    for ensemble in ENSEMBLES {
        // One loses its camera in mid-motion, the other begins at that moment and never had any.
        let [mut cut, mut blind] = [(), ()].map(|()| player(ensemble, [false, true], None));
        let told = |now_ms| instruction(now_ms / 100 * 100, (now_ms / 100) as f32 * 0.25);
        for now_ms in (0..=400).step_by(10) {
            let sees = camera((now_ms / 40 * 40).min(200), FALLING);
            let (_, action) = tick(&mut cut, now_ms, &[sees, told(now_ms)]);
            let alone = f64::from(told(now_ms).values[0]);
            assert_ne!(action, alone, "{ensemble} at {now_ms} ms");
        }
        for now_ms in (410..800).step_by(10) {
            let found = tick(&mut cut, now_ms, &[camera(200, FALLING), told(now_ms)]);
            let expected = tick(
                &mut blind,
                now_ms,
                &[ProjectedFeature::absent(STEPS), told(now_ms)],
            );
            assert_eq!(found, expected, "{ensemble} at {now_ms} ms");
        }
    }
}

#[test]
fn a_number_that_is_not_finite_in_any_step_is_a_stop_at_once() {
    for ensemble in ENSEMBLES {
        let mut controller = player(ensemble, BOTH, None);
        let still = instruction(0, 0.0);
        tick(&mut controller, 0, &[camera(0, RISING), still.clone()]);
        let mut late = FALLING;
        late[STEPS - 1] = f32::INFINITY;
        let found = tick(&mut controller, 10, &[camera(10, late), still.clone()]);
        let reason = StopReason::NonFinite { action: 0 };
        assert_eq!(found, (Decision::Stop(reason), 0.5), "{ensemble}");
        let found = tick(&mut controller, 20, &[camera(20, FALLING), still]);
        assert_eq!(found, (Decision::Act { limited: 0 }, 1.25), "{ensemble}");
    }
}

/// A generator of numbers that is good enough to try things (Knuth's constants).
struct Dice(u64);

impl Dice {
    /// A number from 0 to 1.
    fn roll(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.roll() < probability
    }
}

/// What happened in the runs of one ensemble, so that nobody proves something about nothing.
#[derive(Debug, Default)]
struct Tally {
    limited: usize,
    free: usize,
    stops: usize,
}

#[test]
fn no_seam_leaves_the_guard_faster_than_its_rate() {
    for ensemble in ENSEMBLES {
        let mut tally = Tally::default();
        for run in 0..100 {
            seams(ensemble, run, &mut tally);
        }
        assert!(
            tally.limited > 1000 && tally.free > 1000 && tally.stops > 100,
            "{ensemble}: {tally:?}"
        );
    }
}

/// Plays random chunks at random times, with modalities that come and go, and looks at every step that leaves.
fn seams(ensemble: Ensemble, run: u64, tally: &mut Tally) {
    let mut dice = Dice(run);
    let mut controller = player(ensemble, [run.is_multiple_of(2), true], Some(MAX_RATE));
    let mut features = [ProjectedFeature::absent(STEPS), instruction(0, 0.0)];
    let (mut now_ms, mut before, mut looking) = (0, 0.5, true);
    let mut has_commanded = false;
    for _ in 0..400 {
        let dt_ms = 1 + (dice.roll() * 25.0) as i64;
        now_ms += dt_ms;
        looking ^= dice.happens(0.03);
        if looking && dice.happens(0.3) {
            // From time to time a chunk that makes a jump of its own, leaves the limits, or is not finite.
            let size = if dice.happens(0.2) { 9.0 } else { 0.1 };
            let mut chunk = [0.0; STEPS].map(|_: f32| ((dice.roll() - 0.5) * size) as f32);
            if dice.happens(0.02) {
                chunk[STEPS / 2] = f32::NAN;
            }
            features[0] = camera(now_ms, chunk);
        }
        if dice.happens(0.02) {
            features[1] = instruction(now_ms, (dice.roll() - 0.5) as f32);
        }
        let (decision, action) = tick(&mut controller, now_ms, &features);
        match decision {
            Decision::Act { limited } => {
                // The first command comes a period after rest.
                let passed_s = match has_commanded {
                    false => PERIOD_S,
                    true => dt_ms as f64 * 1e-3,
                };
                has_commanded = true;
                let dt_s = passed_s.min(PERIOD_S);
                let step = (action - before).abs();
                assert!(
                    step <= MAX_RATE * dt_s + 1e-12,
                    "{ensemble}: {step} in {dt_s} s"
                );
                tally.limited += limited;
                tally.free += 1 - limited;
            }
            Decision::Stop(_) | Decision::Silent(_) => {
                assert_eq!(action, 0.5);
                tally.stops += 1;
            }
        }
        before = action;
    }
}

#[test]
fn what_is_foreseen_is_what_comes_where_nothing_new_is_seen() {
    for (ensemble, max_rate) in ENSEMBLES
        .into_iter()
        .flat_map(|e| [(e, None), (e, Some(MAX_RATE))])
    {
        let mut controller = player(ensemble, BOTH, max_rate);
        for (seen_ms, chunk) in [(0, RISING), (40, FALLING)] {
            let features = [camera(seen_ms, chunk), instruction(0, 0.0)];
            let mut actions = [f64::NAN; 4];
            let (decision, own) = tick(&mut controller, seen_ms, &features);
            actions[0] = own;
            controller.foresee(ms(seen_ms), decision, &mut actions);
            for (later, foreseen) in actions.into_iter().enumerate().skip(1) {
                let (_, action) = tick(&mut controller, seen_ms + later as i64 * 10, &features);
                assert!(
                    (action - foreseen).abs() < 1e-9,
                    "{ensemble}, {later} after {seen_ms} ms: {action} and not {foreseen}"
                );
            }
        }
    }
}
