//! Where gradient descent was, on disk, so that a training that is interrupted goes on from there.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::adamw::Learned;
use super::epoch::Epoch;
use super::identity::Identity;
use super::sealed::{Kind, Refusal, sweep};

/// The file of one training.
pub struct Checkpoint {
    path: PathBuf,
    identity: Identity,
    every: Duration,
    next: Instant,
    is_written: bool,
    has_complained: bool,
}

/// Where gradient descent is between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// The epochs that are over.
    pub epochs: Vec<Epoch>,
    /// How many steps of the present epoch were made.
    pub step: usize,
    /// The sum of the losses of their samples.
    pub sum: f64,
    /// The samples in the order of the present epoch; of the one before it where no step was made.
    pub order: Vec<u32>,
    /// How far the streams of random numbers have gone.
    pub streams: Vec<u64>,
}

/// What stands before the numbers. Losses are written as their bits, which no reader of decimals can miss.
#[derive(Serialize, Deserialize)]
struct Head {
    identity: Identity,
    epochs: Vec<[Option<u64>; 3]>,
    step: usize,
    sum: u64,
    samples: usize,
    streams: Vec<u64>,
    tensors: Vec<(String, usize)>,
}

const KIND: Kind = Kind {
    magic: *b"lf-check",
    format: 1,
    most_bytes: 8 << 30,
};

/// Writing takes no larger part of the time than one of so many.
const SELDOM: u32 = 50;

impl Checkpoint {
    /// Of a training, written to `path` so often at most.
    pub fn new(path: PathBuf, every: Duration, identity: Identity) -> Self {
        Self {
            path,
            identity,
            every,
            next: Instant::now() + every,
            is_written: false,
            has_complained: false,
        }
    }

    /// Where an interrupted run of the same training was, if there was one. A file that is not used is said to be.
    pub fn load(&self) -> Option<(Position, Vec<Learned>)> {
        if let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_stem()) {
            sweep(folder, &format!("{}.", name.display()));
        }
        let found = KIND.read(&self.path).and_then(|sealed| {
            let Some(sealed) = sealed else {
                return Ok(None);
            };
            let (identity, position, learned) = decode(sealed.body()).ok_or(Refusal::Content)?;
            Ok(Some((identity, position, learned)))
        });
        match found {
            Ok(None) => None,
            Ok(Some((identity, position, learned))) => match self.identity.differs(&identity) {
                None => Some((position, learned)),
                Some(why) => {
                    self.refused(why);
                    None
                }
            },
            Err(why) => {
                self.refused(why);
                None
            }
        }
    }

    /// Says that the file is not used.
    pub fn refused(&self, why: impl std::fmt::Display) {
        log::warn!(
            "the checkpoint {} is not used: {why}; gradient descent starts over",
            self.path.display()
        );
    }

    /// Says where an interrupted run is gone on with.
    pub fn goes_on(&self, done: usize, all: usize) {
        eprintln!(
            "gradient descent resumes after {done} of {all} steps, from the checkpoint {}",
            self.path.display()
        );
    }

    /// Whether it is time to write. Behind the last step it is where something was written before: what is left may still fail.
    pub fn is_due(&self, is_over: bool) -> bool {
        Instant::now() >= self.next || (is_over && self.is_written)
    }

    /// Writes where gradient descent is. Where that fails, which is said once, the training goes on without.
    pub fn save(&mut self, position: &Position, learned: &[Learned]) {
        let begun = Instant::now();
        let parts = self.encode(position, learned);
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        match KIND.write(&self.path, &parts) {
            Ok(()) => self.is_written = true,
            Err(_) if self.has_complained => {}
            Err(e) => {
                self.has_complained = true;
                log::warn!(
                    "the checkpoint {} cannot be written: {e}; this training goes on, but could not if it were interrupted",
                    self.path.display()
                );
            }
        }
        let pause = match self.every.is_zero() {
            true => self.every,
            false => self.every.max(begun.elapsed() * SELDOM),
        };
        self.next = Instant::now() + pause;
    }

    /// Removes the file of a training that is over.
    pub fn remove(&self) {
        // There is none where the training was quick.
        let _ = fs::remove_file(&self.path);
    }

    fn encode(&self, position: &Position, learned: &[Learned]) -> Vec<Vec<u8>> {
        let epochs = position.epochs.iter().map(|epoch| {
            let validation = epoch.validation_loss.map(f64::to_bits);
            let of = |loss: f64| Some(loss.to_bits());
            [of(epoch.training_loss), validation, of(epoch.learning_rate)]
        });
        let tensors = learned.iter();
        let head = Head {
            identity: self.identity.clone(),
            epochs: epochs.collect(),
            step: position.step,
            sum: position.sum.to_bits(),
            samples: position.order.len(),
            streams: position.streams.clone(),
            tensors: tensors.map(|t| (t.name.clone(), t.values.len())).collect(),
        };
        // Numbers and texts, which JSON has words for.
        let mut head = serde_json::to_vec(&head).unwrap_or_default();
        head.push(b'\n');
        let order = position
            .order
            .iter()
            .flat_map(|sample| sample.to_le_bytes());
        let mut parts = vec![head, order.collect()];
        for Learned {
            values,
            first,
            second,
            ..
        } in learned
        {
            for numbers in [values, first, second] {
                parts.push(numbers.iter().flat_map(|v| v.to_le_bytes()).collect());
            }
        }
        parts
    }
}

fn decode(body: &[u8]) -> Option<(Identity, Position, Vec<Learned>)> {
    let line = body.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&body[..line]).ok()?;
    let mut rest = &body[line + 1..];
    let mut words = |count: usize| {
        let (taken, others) = rest.split_at_checked(count.checked_mul(4)?)?;
        rest = others;
        let words = taken.chunks_exact(4);
        Some(words.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])))
    };
    let order = words(head.samples)?.collect();
    let mut learned = Vec::new();
    for (name, count) in head.tensors {
        let mut numbers = || Some(words(count)?.map(f32::from_bits).collect());
        learned.push(Learned {
            name,
            values: numbers()?,
            first: numbers()?,
            second: numbers()?,
        });
    }
    let epochs = head.epochs.into_iter().map(|[training, validation, rate]| {
        Some(Epoch {
            training_loss: f64::from_bits(training?),
            validation_loss: validation.map(f64::from_bits),
            learning_rate: f64::from_bits(rate?),
        })
    });
    let position = Position {
        epochs: epochs.collect::<Option<_>>()?,
        step: head.step,
        sum: f64::from_bits(head.sum),
        order,
        streams: head.streams,
    };
    rest.is_empty()
        .then_some((head.identity, position, learned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{FusionSpec, examples};
    use crate::train::dataset::Dataset;
    use crate::train::training::Training;

    fn identity(seed: u64, label: f32) -> Identity {
        let place = examples::vector("place", ["x"]);
        let action = examples::action("v", 1.0);
        let spec = examples::policy(vec![place], FusionSpec::Concat, vec![action]);
        let training = format!(
            "{{epochs: 3, batch_size: 4, learning_rate: 0.1, weight_decay: 0, validation_fraction: 0, seed: {seed}}}"
        );
        let training: Training = serde_yaml::from_str(&training).unwrap();
        let mut dataset = Dataset::new(Vec::new(), 1);
        dataset.labels.push(&[label]);
        Identity::of(&spec, &training, &dataset)
    }

    fn position() -> (Position, Vec<Learned>) {
        let epoch = |validation_loss| Epoch {
            training_loss: 0.1 + 0.2,
            validation_loss,
            learning_rate: 1e-300,
        };
        let position = Position {
            epochs: vec![epoch(None), epoch(Some(1.0 / 3.0))],
            step: 7,
            sum: 0.7 + 0.1,
            order: vec![3, 0, 2],
            streams: vec![5, u64::MAX],
        };
        let learned = Learned {
            name: "head.weight".into(),
            values: vec![0.1, -0.0],
            first: vec![f32::MIN_POSITIVE, 1.0],
            second: vec![2.0, 3.0],
        };
        (position, vec![learned])
    }

    #[test]
    fn it_reads_back_equal_and_only_for_the_very_training_that_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let of = |identity| Checkpoint::new(path.clone(), Duration::ZERO, identity);
        let (position, learned) = position();
        assert_eq!(of(identity(1, 0.5)).load(), None);
        of(identity(1, 0.5)).save(&position, &learned);
        assert_eq!(of(identity(1, 0.5)).load(), Some((position, learned)));
        assert_eq!(of(identity(2, 0.5)).load(), None, "another seed");
        assert_eq!(of(identity(1, 0.25)).load(), None, "other labels");
        let whole = fs::read(&path).unwrap();
        for cut in [0, 30, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(of(identity(1, 0.5)).load(), None, "cut off at {cut}");
        }
        of(identity(1, 0.5)).remove();
        assert!(!path.exists());
    }

    #[test]
    fn where_it_cannot_be_written_the_training_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/folder");
        let (position, learned) = position();
        Checkpoint::new(path, Duration::ZERO, identity(1, 0.5)).save(&position, &learned);
    }
}
