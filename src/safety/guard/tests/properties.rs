//! Whatever a policy wants and whenever a command is due, no limit is broken.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

const PERIOD_S: f64 = 0.02;

/// A policy's output: jumps, ramps, noise, or held for a while.
struct Policy {
    kind: u32,
    value: f64,
}

impl Policy {
    fn next(&mut self, rng: &mut StdRng) -> f64 {
        if rng.random_bool(0.03) {
            self.kind = rng.random_range(0..4);
            self.value = rng.random_range(-3.0..3.0);
        }
        match self.kind {
            0 => self.value,
            1 => {
                self.value += rng.random_range(0.0..0.05);
                self.value
            }
            2 => rng.random_range(-3.0..3.0),
            _ => self.value + rng.random_range(-0.02..0.02),
        }
    }
}

fn limit(rng: &mut StdRng) -> Limit {
    let mut maybe =
        |range: std::ops::Range<f64>| rng.random_bool(0.7).then(|| rng.random_range(range));
    Limit {
        max_rate: maybe(0.1..5.0),
        max_acceleration: maybe(0.1..20.0),
        deadband: maybe(0.0..0.2).unwrap_or(0.0),
        smoothing_s: maybe(0.0..0.2).unwrap_or(0.0),
        stop: match maybe(-0.5..0.5) {
            Some(stop) => Stop::At(stop),
            None => Stop::Hold,
        },
        ..Limit::range(-1.0, 1.0)
    }
}

/// Mostly a period, sometimes nearly nothing, sometimes late; never by more than a period where acceleration is looked at
/// from outside, for a pause is a change of rate that nobody commanded.
fn interval(rng: &mut StdRng, longest: f64) -> f64 {
    match rng.random_range(0..10) {
        0 => 1e-6,
        1 => PERIOD_S * longest,
        2 => PERIOD_S * rng.random_range(0.0..longest),
        _ => PERIOD_S * rng.random_range(0.9..1.1),
    }
}

#[test]
fn no_output_at_no_time_breaks_a_limit_of_value_rate_or_acceleration() {
    let mut bound = [0; 3];
    for seed in 0..400 {
        let mut rng = StdRng::seed_from_u64(seed);
        let limit = limit(&mut rng);
        let mut guard = Guard::new(vec![limit]);
        guard.set_period(PERIOD_S);
        guard.measure(0, Some(0.25));
        let mut policy = Policy {
            kind: 0,
            value: 2.0,
        };
        // What is measured is where it starts.
        let mut last = 0.25;
        let mut rate = 0.0_f64;
        for tick in 0..600 {
            let wanted = policy.next(&mut rng);
            let since_s = match tick {
                0 => PERIOD_S,
                _ => interval(&mut rng, 2.0),
            };
            let mut action = [wanted];
            guard.check(&mut action, since_s);
            let [now] = action;
            let place =
                format!("seed {seed}, tick {tick}: {last} to {now} in {since_s}, {limit:?}");
            assert!((-1.0..=1.0).contains(&now), "{place}");
            bound[0] += usize::from(now.abs() == 1.0);
            let step = (now - last).abs();
            if let Some(most) = limit.max_rate {
                assert!(step <= most * since_s.min(PERIOD_S) + 1e-12, "{place}");
                bound[1] += usize::from(step >= most * since_s.min(PERIOD_S) - 1e-12);
            }
            let next_rate = (now - last) / since_s;
            if let Some(most) = limit.max_acceleration {
                // A late command makes no larger step, so that the rate falls: time was lost.
                let is_slower = next_rate.abs() <= rate.abs() && next_rate * rate >= 0.0;
                let is_late = since_s > PERIOD_S;
                let change = (next_rate - rate).abs();
                // What the rounding of a value is, over that time.
                let rounding = 1e-15 / since_s + 1e-9;
                assert!(
                    change <= most * since_s + rounding || (is_late && is_slower),
                    "{place}: from {rate} to {next_rate} per second"
                );
                bound[2] += usize::from(change >= most * since_s - rounding);
            }
            (last, rate) = (now, next_rate);
        }
    }
    assert!(bound.iter().all(|count| *count > 1000), "{bound:?}");
}

#[test]
fn after_any_pause_nothing_goes_faster_than_before_it() {
    for seed in 0..200 {
        let mut rng = StdRng::seed_from_u64(seed);
        let limit = limit(&mut rng);
        let mut guard = Guard::new(vec![limit]);
        guard.set_period(PERIOD_S);
        guard.measure(0, Some(0.0));
        let (mut last, mut rate) = (0.0, 0.0_f64);
        for tick in 0..400 {
            let since_s = match tick {
                0 => PERIOD_S,
                _ => interval(&mut rng, 50.0),
            };
            let mut action = [rng.random_range(-3.0..3.0)];
            guard.check(&mut action, since_s);
            let [now] = action;
            assert!((-1.0..=1.0).contains(&now));
            let step = (now - last).abs();
            let place = format!("seed {seed}, tick {tick}: {step} in {since_s}, {limit:?}");
            if let Some(most) = limit.max_rate {
                assert!(step <= most * since_s.min(PERIOD_S) + 1e-12, "{place}");
            }
            if let Some(most) = limit.max_acceleration {
                let counted_s = since_s.min(2.0 * PERIOD_S);
                let most = (rate.abs() + most * counted_s) * counted_s;
                assert!(step <= most + 1e-12, "{place}");
            }
            (last, rate) = (now, (now - last) / since_s);
        }
    }
}

#[test]
fn a_ramped_stop_breaks_no_limit_and_arrives() {
    for seed in 0..200 {
        let mut rng = StdRng::seed_from_u64(seed);
        let stop = rng.random_range(-0.5..0.5);
        let limit = Limit {
            stop: Stop::At(stop),
            max_rate: Some(rng.random_range(0.5..5.0)),
            max_acceleration: Some(rng.random_range(1.0..20.0)),
            ..limit(&mut rng)
        };
        let mut guard = Guard::new(vec![limit]).with_ramp(true);
        guard.set_period(PERIOD_S);
        let (mut last, mut rate) = (stop, 0.0);
        let mut action = [0.0];
        for tick in 0..3000 {
            let since_s = PERIOD_S * rng.random_range(0.8..1.0);
            // Policy, stop, policy again before it has come to rest, and the stop for good.
            match tick {
                0..150 | 160..300 => {
                    action = [rng.random_range(-3.0..3.0)];
                    guard.check(&mut action, since_s);
                }
                _ => assert!(guard.slow_down(&mut action, since_s)),
            }
            let [now] = action;
            let next_rate = (now - last) / since_s;
            let place =
                format!("seed {seed}, tick {tick}: {last} to {now} in {since_s}, {limit:?}");
            assert!(
                (now - last).abs() <= limit.max_rate.unwrap() * since_s + 1e-12,
                "{place}"
            );
            let change: f64 = next_rate - rate;
            assert!(
                change.abs() <= limit.max_acceleration.unwrap() * since_s + 1e-9,
                "{place}: from {rate} to {next_rate}"
            );
            (last, rate) = (now, next_rate);
        }
        assert_eq!(action, [stop]);
        assert!(!guard.is_slowing_down());
    }
}
