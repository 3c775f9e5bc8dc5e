//! From what several chunks say to one action.

/// What one chunk says about this moment, and what that counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeightedStep<'a> {
    /// The action of the step that it has come to.
    pub step: &'a [f64],
    /// The action of the step after it.
    pub next: &'a [f64],
    /// How much of the way to that it has gone, 0 to 1.
    pub way: f64,
    /// What it counts, 0 to 1.
    pub weight: f64,
}

/// Writes the weighted mean of what is said, each interpolated between its two steps. The weights add up to 1.
pub(super) fn mean<'a>(sayings: impl Iterator<Item = WeightedStep<'a>>, action: &mut [f64]) {
    action.fill(0.0);
    for saying in sayings {
        let numbers = saying.step.iter().zip(saying.next);
        for (sum, (step, next)) in action.iter_mut().zip(numbers) {
            *sum += saying.weight * (step + (next - step) * saying.way);
        }
    }
}

/// Writes the choice that has the most weight; between equals the one that is said last. `said` gives each of `count`
/// sayings, and `ballots` is memory for as many entries.
pub(super) fn vote<'a>(
    count: usize,
    said: impl Fn(usize) -> WeightedStep<'a>,
    ballots: &mut Vec<(usize, f64)>,
    action: &mut [f64],
) {
    ballots.clear();
    for at in (0..count).rev() {
        let saying = said(at);
        let same = |ballot: &&mut (usize, f64)| said(ballot.0).step == saying.step;
        match ballots.iter_mut().find(same) {
            Some((_, votes)) => *votes += saying.weight,
            None => ballots.push((at, saying.weight)),
        }
    }
    let mut most = f64::NEG_INFINITY;
    for (at, votes) in ballots.iter() {
        if *votes > most {
            most = *votes;
            action.copy_from_slice(said(*at).step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: &[f64] = &[-1.0, 0.5];
    const RIGHT: &[f64] = &[1.0, 0.5];
    const STOP: &[f64] = &[0.0, 0.0];

    fn saying(step: &'static [f64], weight: f64) -> WeightedStep<'static> {
        WeightedStep {
            step,
            next: STOP,
            way: 0.5,
            weight,
        }
    }

    #[test]
    fn numbers_are_averaged() {
        let mut action = [9.0; 2];
        let sayings = [saying(LEFT, 0.25), saying(RIGHT, 0.75)];
        mean(sayings.into_iter(), &mut action);
        assert_eq!(action, [0.25, 0.25]);
    }

    #[test]
    fn of_choices_one_wins() {
        let (mut action, mut ballots) = ([9.0; 2], Vec::new());
        let mut elect = |sayings: &[WeightedStep<'static>]| {
            vote(sayings.len(), |i| sayings[i], &mut ballots, &mut action);
            action
        };
        let many_small = [saying(LEFT, 0.35), saying(STOP, 0.4), saying(LEFT, 0.25)];
        assert_eq!(elect(&many_small), LEFT);
        assert_eq!(elect(&[saying(LEFT, 0.5), saying(RIGHT, 0.5)]), RIGHT);
        assert_eq!(elect(&[saying(LEFT, 1.0), saying(STOP, 0.0)]), LEFT);
    }
}
