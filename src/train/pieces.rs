//! The pieces of one bag, put together as the features of its messages come. A piece is kept as soon as it is whole, so
//! that memory does not grow with the bag, and a training that is interrupted goes on behind the last whole ones.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::cache::{Cache, Key};
use super::piece::{Entry, Piece, Shape};

/// What came of one message: the modality's index, and what is kept of it.
pub type Done = (usize, Entry, Vec<f32>);

/// The pieces of some modalities of one bag.
pub struct Pieces<'a> {
    cache: &'a Cache,
    modalities: BTreeMap<usize, OfModality<'a>>,
}

struct OfModality<'a> {
    /// Of all its messages.
    key: Key<'a>,
    shape: Shape,
    parts: Mutex<Vec<Part>>,
}

enum Part {
    Kept(Arc<Piece>),
    Waiting {
        /// How many messages have not come.
        missing: usize,
        /// What came of the others.
        done: Vec<(Entry, Vec<f32>)>,
    },
}

impl<'a> Pieces<'a> {
    /// Those of the messages that the keys name, by the modality's index. What the cache has is taken from there; a file of
    /// it that is not used is said to be.
    pub fn new(cache: &'a Cache, keys: impl Iterator<Item = (usize, Key<'a>, Shape)>) -> Self {
        let modalities = keys.map(|(i, key, shape)| {
            let parts = key.numbers.chunks(shape.messages_per_piece());
            let parts = parts.map(|numbers| {
                let found = cache.load(&key.with(numbers), shape).unwrap_or_else(|why| {
                    log::warn!("features kept in {why}; they are computed again");
                    None
                });
                let waiting = || Part::Waiting {
                    missing: numbers.len(),
                    done: Vec::new(),
                };
                found.map_or_else(waiting, |piece| Part::Kept(Arc::new(piece)))
            });
            let parts = Mutex::new(parts.collect());
            (i, OfModality { key, shape, parts })
        });
        Self {
            cache,
            modalities: modalities.collect(),
        }
    }

    /// Whether features of this modality belong here.
    pub fn have(&self, modality: usize) -> bool {
        self.modalities.contains_key(&modality)
    }

    /// The messages of a modality whose features have not come; none for one that does not belong here.
    pub fn missing(&self, modality: usize) -> Option<Vec<u32>> {
        let of = self.modalities.get(&modality)?;
        let parts = of.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = of.key.numbers.chunks(of.shape.messages_per_piece());
        let waiting = parts.iter().zip(numbers);
        let waiting = waiting.filter(|(part, _)| matches!(part, Part::Waiting { .. }));
        Some(waiting.flat_map(|(_, numbers)| numbers).copied().collect())
    }

    /// Takes what came of a message of one of the modalities; `None` where it has nothing to do with it. Threads may call it at
    /// the same time.
    pub fn take(&self, modality: usize, number: u32, found: Option<Done>) {
        let Some(of) = self.modalities.get(&modality) else {
            return;
        };
        let Ok(place) = of.key.numbers.binary_search(&number) else {
            return;
        };
        let part = place / of.shape.messages_per_piece();
        let Some(whole) = of.whole(part, found) else {
            return;
        };
        // While it is written the other threads go on.
        let piece = self.keep(of, part, whole);
        of.parts.lock().unwrap_or_else(PoisonError::into_inner)[part] = Part::Kept(Arc::new(piece));
    }

    /// All pieces, by modality and in order.
    pub fn finish(self) -> BTreeMap<usize, Vec<Arc<Piece>>> {
        let modalities = self.modalities.into_iter().map(|(i, of)| {
            let parts = of.parts.into_inner();
            let parts = parts.unwrap_or_else(PoisonError::into_inner).into_iter();
            let pieces = parts.filter_map(|part| match part {
                Part::Kept(piece) => Some(piece),
                Part::Waiting { .. } => None,
            });
            (i, pieces.collect())
        });
        modalities.collect()
    }

    fn keep(&self, of: &OfModality, part: usize, mut whole: Vec<(Entry, Vec<f32>)>) -> Piece {
        whole.sort_by_key(|(entry, _)| entry.number);
        let (entries, values): (Vec<Entry>, Vec<Vec<f32>>) = whole.into_iter().unzip();
        let mut piece = Piece::new(entries, &values.concat(), of.shape);
        let mut numbers = of.key.numbers.chunks(of.shape.messages_per_piece());
        let key = of.key.with(numbers.nth(part).unwrap_or_default());
        self.cache.keep(&key, &mut piece);
        piece
    }
}

impl OfModality<'_> {
    /// Adds to a part, and gives all of it with the last message that it has waited for.
    fn whole(&self, part: usize, found: Option<Done>) -> Option<Vec<(Entry, Vec<f32>)>> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let Part::Waiting { missing, done } = &mut parts[part] else {
            return None;
        };
        done.extend(found.map(|(_, entry, values)| (entry, values)));
        *missing -= 1;
        (*missing == 0).then(|| std::mem::take(done))
    }
}
