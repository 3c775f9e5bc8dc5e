//! Chunks played with time as an argument, each ensemble against a computation of its own.

use super::*;
use crate::chunk::Favor;
use crate::chunk::MOST_CHUNKS;
use crate::spec::examples;

const PERIOD_S: f64 = 0.01;

/// One number per action, in chunks of so many steps, 50 ms apart.
fn player(steps: usize, ensemble: Ensemble) -> Player {
    Player::new(&spec("{method: concat}", steps), ensemble, PERIOD_S)
}

fn spec(fusion: &str, steps: usize) -> PolicySpec {
    let step_s = 0.05;
    PolicySpec {
        head: HeadSpec::Mlp {
            hidden: vec![],
            chunk: Some(ChunkSpec { steps, step_s }),
        },
        ..examples::policy(
            vec![examples::vector("a", ["x"])],
            serde_yaml::from_str(fusion).unwrap(),
            vec![examples::action("speed", 9.0)],
        )
    }
}

fn at(ms: i64) -> Stamp {
    Stamp::from_nanos(1_000_000_000 + ms * 1_000_000)
}

/// A feature of this time, and nothing else.
fn fused(ms: i64) -> Fused {
    let mut fused = [None; MAX_MODALITIES];
    fused[0] = Some(at(ms));
    fused
}

/// The number that leaves at `ms` when the newest feature is of `feature_ms`, and whether a chunk was predicted for it.
fn tick(player: &mut Player, ms: i64, feature_ms: i64, chunk: &[f64]) -> (f64, bool) {
    let fused = fused(feature_ms);
    let due = player.is_due(at(ms), &fused);
    if due {
        player.record(at(ms), &fused).copy_from_slice(chunk);
    }
    let mut action = [f64::NAN];
    player.play(at(ms), &mut action);
    (action[0], due)
}

/// A chunk at a time since its prediction, by interpolation between its points as it is taught at school.
fn interpolated(chunk: &[f64], ms: i64) -> f64 {
    let x = (ms as f64 / 50.0).min(chunk.len() as f64 - 1.0);
    let (left, right) = (x.floor(), x.ceil());
    match left == right {
        true => chunk[left as usize],
        false => chunk[left as usize] * (right - x) + chunk[right as usize] * (x - left),
    }
}

/// Some chunk, another one for every number.
fn some_chunk(steps: usize, number: i64) -> Vec<f64> {
    let step = |step: usize| (number as f64 * 1.7 + step as f64 * 0.9).sin();
    (0..steps).map(step).collect()
}

fn assert_close(found: f64, expected: f64, what: impl std::fmt::Display) {
    assert!(
        (found - expected).abs() < 1e-12,
        "{what}: {found}, expected {expected}"
    );
}

#[test]
fn between_slow_features_the_newest_chunk_is_played_on() {
    let mut player = player(4, Ensemble::None);
    let mut predictions = 0;
    for ms in (0..1000).step_by(10) {
        let feature_ms = ms / 100 * 100;
        let chunk = some_chunk(4, feature_ms);
        let (found, predicted) = tick(&mut player, ms, feature_ms, &chunk);
        assert_eq!(predicted, ms == feature_ms, "{ms} ms");
        assert_close(found, interpolated(&chunk, ms - feature_ms), ms);
        predictions += usize::from(predicted);
    }
    assert_eq!(predictions, 10);
}

#[test]
fn past_the_last_step_the_policy_is_asked_again() {
    let mut player = player(3, Ensemble::None);
    let asked: Vec<i64> = (0..=350)
        .step_by(10)
        .filter(|ms| tick(&mut player, *ms, 0, &[1.0, 2.0, 3.0]).1)
        .collect();
    // The last step is due after 100 ms.
    assert_eq!(asked, [0, 110, 220, 330]);
}

#[test]
fn one_action_at_a_time_is_predicted_anew_every_period() {
    let mut player = player(1, Ensemble::Blend { blend_s: 1.0 });
    for ms in [0, 10, 20, 30] {
        assert_eq!(
            tick(&mut player, ms, 0, &[ms as f64]),
            (ms as f64, true),
            "nothing is faded between single actions"
        );
    }
}

#[test]
fn chunks_of_other_modalities_or_of_another_time_are_forgotten() {
    let temporal = Ensemble::Temporal {
        favor: Favor::Oldest,
        decay: 0.0,
    };
    let mut player = player(4, temporal);
    assert_eq!(tick(&mut player, 0, 0, &[2.0; 4]), (2.0, true));
    assert_eq!(tick(&mut player, 10, 10, &[4.0; 4]), (3.0, true));
    let mut more = fused(10);
    more[1] = Some(at(5));
    for (set, value) in [(more, 7.0), (fused(10), -1.0)] {
        assert!(player.is_due(at(20), &set));
        player.record(at(20), &set).fill(value);
        let mut action = [f64::NAN];
        player.play(at(20), &mut action);
        assert_eq!(action, [value], "no other chunk has a say in it");
    }
    assert_eq!(tick(&mut player, -500, 10, &[5.0; 4]), (5.0, true));
    player.forget();
    assert_eq!(tick(&mut player, -490, 10, &[6.0; 4]), (6.0, true));
}

/// Algorithm 2 of the paper as its authors compute it: a table of every prediction (rows) for every time (columns), the
/// column of now, exp(−m·i) over its entries from the oldest on.
#[test]
fn the_temporal_ensemble_is_that_of_the_paper() {
    const STEPS: usize = 4;
    const TIMES: usize = 20;
    let decay = 0.3;
    for favor in [Favor::Oldest, Favor::Newest] {
        let mut player = player(STEPS, Ensemble::Temporal { favor, decay });
        let mut table = vec![vec![None; TIMES + STEPS]; TIMES];
        for t in 0..TIMES {
            let chunk = some_chunk(STEPS, t as i64);
            for (step, number) in chunk.iter().enumerate() {
                table[t][t + step] = Some(*number);
            }
            let mut column: Vec<f64> = table.iter().filter_map(|row| row[t]).collect();
            assert_eq!(column.len(), STEPS.min(t + 1));
            if favor == Favor::Newest {
                column.reverse();
            }
            let weight = |i: usize| f64::exp(-decay * i as f64);
            let sum: f64 = (0..column.len()).map(weight).sum();
            let numbers = column.iter().enumerate();
            let mean = numbers.map(|(i, number)| weight(i) * number).sum::<f64>() / sum;
            let ms = t as i64 * 50;
            let (found, predicted) = tick(&mut player, ms, ms, &chunk);
            assert!(predicted);
            assert_close(found, mean, format!("{favor:?} at step {t}"));
        }
    }
}

#[test]
fn between_predictions_every_chunk_of_a_temporal_ensemble_is_interpolated() {
    let temporal = Ensemble::Temporal {
        favor: Favor::Newest,
        decay: 0.7,
    };
    let mut player = player(6, temporal);
    for ms in (0..900).step_by(10) {
        let feature_ms = ms / 70 * 70;
        let (found, _) = tick(&mut player, ms, feature_ms, &some_chunk(6, feature_ms));
        let (mut sum, mut weights) = (0.0, 0.0);
        // Those of the last 250 ms, newest first.
        for made in (0..=feature_ms).rev().filter(|made| made % 70 == 0) {
            if ms - made <= 250 {
                let weight = f64::exp(-0.7 * ((feature_ms - made) / 70) as f64);
                sum += weight * interpolated(&some_chunk(6, made), ms - made);
                weights += weight;
            }
        }
        assert_close(found, sum / weights, ms);
    }
}

#[test]
fn a_blend_fades_from_what_was_played_to_the_newest_chunk() {
    let mut player = player(5, Ensemble::Blend { blend_s: 0.12 });
    let mut before = f64::NAN;
    for ms in (0..1200).step_by(10) {
        // Sometimes a feature comes before the fade to the one before it is over.
        let made: Vec<i64> = [0, 150, 200, 240, 500, 560, 700, 900, 1080]
            .into_iter()
            .filter(|made| *made <= ms)
            .collect();
        let feature_ms = made[made.len() - 1];
        let (found, predicted) = tick(&mut player, ms, feature_ms, &some_chunk(5, feature_ms));
        assert_eq!(predicted, ms == feature_ms || ms == 450, "{ms} ms");
        let mut expected = f64::NAN;
        // At 450 ms the chunk of 240 ms is over, and what it foresaw is predicted again.
        let again = [(450, 240)].into_iter().filter(|(made, _)| *made <= ms);
        let mut chunks: Vec<(i64, i64)> = made.iter().map(|m| (*m, *m)).chain(again).collect();
        chunks.sort_unstable();
        for (made, seed) in chunks {
            let number = interpolated(&some_chunk(5, seed), ms - made);
            let share = ((ms - made) as f64 / 120.0).min(1.0);
            expected = match expected.is_nan() {
                true => number,
                false => expected + (number - expected) * share,
            };
        }
        assert_close(found, expected, ms);
        assert!(before.is_nan() || (found - before).abs() < 0.35, "{ms} ms");
        before = found;
    }
}

#[test]
fn choices_are_held_and_voted_on_but_never_averaged() {
    const VOTE: &str =
        "{method: vote, rule: majority, choices: [{name: a, action: [1]}, {name: b, action: [5]}]}";
    let play = |ensemble: Ensemble, ticks: &[(i64, i64, [f64; 3])]| -> Vec<f64> {
        let mut player = Player::new(&spec(VOTE, 3), ensemble, PERIOD_S);
        let ticks = ticks.iter();
        ticks
            .map(|(ms, feature_ms, chunk)| tick(&mut player, *ms, *feature_ms, chunk).0)
            .collect()
    };
    let chunk = [1.0, 5.0, 1.0];
    let times = [0, 40, 50, 90, 100, 140];
    let held = play(Ensemble::None, &times.map(|ms| (ms, 0, chunk)));
    assert_eq!(held, [1.0, 1.0, 5.0, 5.0, 1.0, 1.0]);

    let changes = [
        (0, 0, [1.0; 3]),
        (10, 10, [1.0; 3]),
        (20, 20, [5.0; 3]),
        (30, 30, [5.0; 3]),
        (40, 40, [5.0; 3]),
    ];
    let temporal = |favor, decay| play(Ensemble::Temporal { favor, decay }, &changes);
    assert_eq!(temporal(Favor::Oldest, 0.0), [1.0, 1.0, 1.0, 5.0, 5.0]);
    assert_eq!(temporal(Favor::Oldest, 1.0), [1.0; 5]);
    assert_eq!(temporal(Favor::Newest, 1.0), [1.0, 1.0, 5.0, 5.0, 5.0]);
    let fade = Ensemble::Blend { blend_s: 0.04 };
    let turn = [0, 20, 30, 40, 50].map(|ms| {
        let new = ms >= 20;
        (
            ms,
            if new { 20 } else { 0 },
            [if new { 5.0 } else { 1.0 }; 3],
        )
    });
    assert_eq!(play(fade, &turn), [1.0, 1.0, 1.0, 5.0, 5.0]);
}

#[test]
fn a_soft_vote_over_choices_gives_numbers() {
    let soft =
        "{method: vote, rule: soft, choices: [{name: a, action: [1]}, {name: b, action: [5]}]}";
    let mut player = Player::new(&spec(soft, 3), Ensemble::None, PERIOD_S);
    tick(&mut player, 0, 0, &[1.5, 2.5, 3.5]);
    assert_eq!(tick(&mut player, 20, 0, &[]).0, 1.9);
}

#[test]
fn of_more_chunks_than_there_is_room_for_the_oldest_are_forgotten() {
    let temporal = Ensemble::Temporal {
        favor: Favor::Newest,
        decay: 0.0,
    };
    let mut player = player(256, temporal);
    for ms in 0..300 {
        tick(&mut player, ms, ms, &[ms as f64; 256]);
    }
    let (found, _) = tick(&mut player, 300, 300, &[300.0; 256]);
    let mean = (45..=300).sum::<i64>() as f64 / MOST_CHUNKS as f64;
    assert!((found - mean).abs() < 1e-9, "{found}, expected {mean}");
}

/// What a policy says that learned from messages `LEARNED_MS` old to do at every time what that time is in milliseconds.
fn ramp(stamp_ms: i64, steps: usize) -> Vec<f64> {
    let due_ms = |step: usize| stamp_ms + LEARNED_MS + 50 * step as i64;
    (0..steps).map(|step| due_ms(step) as f64).collect()
}

const LEARNED_MS: i64 = 80;

fn recorded(mut spec: PolicySpec, ages_ms: &[(&str, i64)]) -> PolicySpec {
    let ages = ages_ms.iter();
    let ages = ages.map(|(name, ms)| ((*name).to_owned(), *ms as f64 / 1e3));
    spec.recorded.observation_age_s = ages.collect();
    spec
}

#[test]
fn at_every_time_leaves_what_was_demonstrated_for_it_however_late_observations_are() {
    let temporal = |favor| Ensemble::Temporal { favor, decay: 0.2 };
    for ensemble in [
        Ensemble::None,
        temporal(Favor::Oldest),
        temporal(Favor::Newest),
        Ensemble::Blend { blend_s: 0.06 },
    ] {
        // As late as in the recordings, later, and once so, once so.
        for ages_ms in [[80, 80], [140, 140], [80, 170], [230, 95]] {
            let spec = recorded(spec("{method: concat}", 9), &[("a", LEARNED_MS)]);
            let mut player = Player::new(&spec, ensemble, PERIOD_S);
            let mut newest_ms = None;
            for ms in (0..2000).step_by(10) {
                // Messages are stamped every 100 ms.
                let arrived = (0..20).filter(|i| 100 * i + ages_ms[(i % 2) as usize] <= ms);
                newest_ms = arrived.max().map(|i| 100 * i).or(newest_ms);
                let Some(stamp_ms) = newest_ms else { continue };
                let (found, _) = tick(&mut player, ms, stamp_ms, &ramp(stamp_ms, 9));
                assert_close(
                    found,
                    ms as f64,
                    format!("{ensemble:?}, {ages_ms:?}, {ms} ms"),
                );
            }
        }
    }
}

#[test]
fn what_is_earlier_than_in_the_recordings_waits_at_its_first_step() {
    let spec = recorded(spec("{method: concat}", 9), &[("a", LEARNED_MS)]);
    let mut player = Player::new(&spec, Ensemble::None, PERIOD_S);
    for ms in (20..420).step_by(10) {
        let stamp_ms = (ms - 20) / 100 * 100;
        let (found, _) = tick(&mut player, ms, stamp_ms, &ramp(stamp_ms, 9));
        assert_close(found, ms.max(stamp_ms + LEARNED_MS) as f64, ms);
    }
}

#[test]
fn of_an_observation_later_than_its_chunk_is_long_the_last_step_leaves() {
    let spec = recorded(spec("{method: concat}", 3), &[("a", LEARNED_MS)]);
    let mut player = Player::new(&spec, Ensemble::None, PERIOD_S);
    assert_eq!(tick(&mut player, 500, 0, &[1.0, 2.0, 3.0]).0, 3.0);
}

#[test]
fn a_prediction_renewed_by_fresh_joints_is_no_later_for_its_picture() {
    let mut spec = spec("{method: concat}", 4);
    spec.modalities.push(examples::vector("b", ["x"]));
    let play = |ages_ms: &[(&str, i64)]| -> Vec<f64> {
        let mut player = Player::new(&recorded(spec.clone(), ages_ms), Ensemble::None, PERIOD_S);
        let ticks = (100..200).step_by(10).map(|ms| {
            let mut fused = [None; MAX_MODALITIES];
            // A picture that was 60 ms old when it came, and joints of 10 ms before each tick.
            (fused[0], fused[1]) = (Some(at(40)), Some(at(ms - 10)));
            assert!(player.is_due(at(ms), &fused));
            player
                .record(at(ms), &fused)
                .copy_from_slice(&[0.0, 1.0, 2.0, 3.0]);
            let mut action = [f64::NAN];
            player.play(at(ms), &mut action);
            action[0]
        });
        ticks.collect()
    };
    assert_eq!(play(&[("a", 60), ("b", 10)]), [0.0; 10]);
    assert_eq!(play(&[("a", 10), ("b", 10)]), [1.0; 10], "50 ms later");
    assert_eq!(play(&[("b", 10)]), [0.0; 10], "of no age in the recordings");
    assert_eq!(play(&[]), [0.0; 10]);
}
