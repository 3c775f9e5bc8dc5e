//! The second look at a bag: the features of the messages that its episodes use, computed by the very code that
//! the node runs, or taken from the cache.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use super::augment::Augmentation;
use super::cache::{Cache, Key};
use super::encoders::Extractors;
use super::extraction::{Copies, Extracted, Job, assume, at_once, hand_over, work_off};
use super::piece::{Entry, Outcome, Piece, Shape};
use super::pieces::{Done, Pieces};
use super::survey::Recording;
use super::training::copies;
use super::typos::Typos;
use crate::bag::{Place, Reader};
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::progress::Progress;
use crate::spec::{ModalitySpec, SourceSpec};

/// The features of one modality in one bag.
pub enum Features {
    /// Small ones: those of joints and sentences.
    Memory {
        /// What came of each message, by their numbers.
        entries: Vec<Entry>,
        /// The features of those that are present, one after the other, each followed by those of its copies.
        values: Vec<f32>,
    },
    /// Those of encoders, piece by piece.
    Kept(Vec<Arc<Piece>>),
}

/// Computes features, one bag after the other.
pub struct Encoding<'a> {
    modalities: &'a [ModalitySpec],
    topics: Vec<&'a str>,
    extractors: Extractors,
    cache: &'a Cache,
    /// For each modality, what is altered about the copies of its pictures.
    augmentations: &'a [Option<Augmentation>],
    /// For each modality, what is mistyped in the copies of its sentences.
    typos: Vec<Option<Typos>>,
    /// Whether pictures are looked at and not encoded.
    assumes_pictures: bool,
    /// For each modality, the sentences met so far: there are few of them, and each is encoded once.
    sentences: Vec<HashMap<Vec<u8>, Extracted>>,
    /// How many pictures were encoded.
    pub encoded: u64,
    /// How many pictures came from the cache.
    pub cached: u64,
}

/// Pictures that wait in front of each thread; enough that none idles, too few to matter as memory.
const WAITING: usize = 4;

impl<'a> Encoding<'a> {
    /// For these modalities, as their extractors see them, read from `topics`, with copies of what `augmentations` and
    /// `typos` have an entry for.
    pub fn new(
        modalities: &'a [ModalitySpec],
        topics: Vec<&'a str>,
        extractors: Extractors,
        cache: &'a Cache,
        augmentations: &'a [Option<Augmentation>],
        typos: Vec<Option<Typos>>,
    ) -> Self {
        Self {
            sentences: vec![HashMap::new(); modalities.len()],
            modalities,
            topics,
            extractors,
            cache,
            augmentations,
            typos,
            assumes_pictures: false,
            encoded: 0,
            cached: 0,
        }
    }

    /// Looks at pictures without encoding them, and gives zeros for their features.
    pub fn assuming_pictures(self) -> Self {
        Self {
            assumes_pictures: true,
            ..self
        }
    }

    /// The features of one bag, one entry per modality. `progress` advances by [`work`] of the bag.
    ///
    /// # Errors
    /// A bag that cannot be read.
    pub fn run(
        &mut self,
        recording: &Recording,
        progress: &Progress,
    ) -> Result<Vec<Features>, ConfigErrors> {
        let wanted = wanted(recording, self.modalities.len());
        let keys = (0..wanted.len()).filter(|i| self.caches(*i)).map(|i| {
            let key = Key {
                source: &self.modalities[i].source,
                message: recording.message_types[i],
                bag_sha256: &recording.digest,
                topic: self.topics[i],
                numbers: &wanted[i],
                augmentation: self.augmentations[i].as_ref(),
                typos: self.typos[i],
            };
            (i, key, self.shape(i))
        });
        let pieces = Pieces::new(self.cache, keys);
        let mut missing = wanted.clone();
        for (i, numbers) in missing.iter_mut().enumerate() {
            let Some(left) = pieces.missing(i) else {
                continue;
            };
            let cached = (numbers.len() - left.len()) as u64;
            progress.skip(cached);
            if matches!(self.modalities[i].source, SourceSpec::Image { .. }) {
                self.cached += cached;
                self.encoded += left.len() as u64;
            }
            *numbers = left;
        }
        let mut small = self.extract(recording, &missing, &pieces, progress)?;
        let mut kept = pieces.finish();
        let features = (0..wanted.len()).map(|i| match kept.remove(&i) {
            Some(pieces) if self.keeps(i) => Ok(Features::Kept(pieces)),
            Some(pieces) => in_memory(&pieces),
            None => Ok(small.remove(&i).unwrap_or(Features::Memory {
                entries: Vec::new(),
                values: Vec::new(),
            })),
        });
        features.collect()
    }

    /// Whether the features of a modality are read from where they are kept whenever they are learned from. Those of
    /// pictures are, whoever encoded them; others are small.
    pub fn keeps(&self, modality: usize) -> bool {
        self.caches(modality) && !self.modalities[modality].source.is_text()
    }

    /// Whether the features of a modality are kept for the next training. Those of encoders are; others are as small as the
    /// messages that they are from.
    fn caches(&self, modality: usize) -> bool {
        let is_encoded = match self.modalities[modality].source {
            SourceSpec::Image { .. } | SourceSpec::Text { .. } | SourceSpec::Feature { .. } => true,
            SourceSpec::Vector { .. } => false,
        };
        is_encoded && !self.assumes_pictures
    }

    /// What is kept of a message: its feature and those of its altered copies.
    fn shape(&self, modality: usize) -> Shape {
        let copies = copies(self.augmentations[modality].as_ref(), self.typos[modality]);
        Shape {
            width: self.modalities[modality].width,
            features: 1 + copies,
        }
    }

    /// Reads the bag once and extracts the missing messages of every modality. Those that are kept go to `pieces`.
    fn extract(
        &mut self,
        recording: &Recording,
        missing: &[Vec<u32>],
        pieces: &Pieces,
        progress: &Progress,
    ) -> Result<BTreeMap<usize, Features>, ConfigErrors> {
        let types = &recording.message_types;
        let (jobs, queue) = sync_channel::<Job>(WAITING * self.extractors.threads.len());
        let queue = Mutex::new(queue);
        let quick = &mut self.extractors.quick;
        let (sentences, typos) = (&mut self.sentences, &self.typos);
        let copies = Copies {
            augmentations: self.augmentations,
            recording: &recording.digest,
            topics: &self.topics,
        };
        let copies = &copies;
        let assumes_pictures = self.assumes_pictures;
        let modalities = self.modalities;
        for extractor in quick.values_mut() {
            extractor.forget();
        }
        let is_in_parts = |message: &MessageType| *message == MessageType::JointState;
        let in_parts: Vec<bool> = types.iter().map(is_in_parts).collect();
        let read: Result<Vec<Done>, ConfigErrors> = std::thread::scope(|scope| {
            let queue = &queue;
            let threads: Vec<_> = self
                .extractors
                .threads
                .iter_mut()
                .map(|own| {
                    scope.spawn(move || work_off(queue, own, types, copies, pieces, progress))
                })
                .collect();
            let done = read(recording, missing, &in_parts, |job, is_wanted| match quick
                .get_mut(&job.modality)
            {
                Some(extractor) => {
                    progress.advance(u64::from(is_wanted), String::new);
                    let (modality, number) = (job.modality, job.number);
                    let own = &mut sentences[modality];
                    let done = at_once(job, extractor, types[modality], own, typos[modality]);
                    let done = done.filter(|_| is_wanted);
                    if !pieces.have(modality) {
                        return done;
                    }
                    pieces.take(modality, number, done);
                    None
                }
                None if assumes_pictures => {
                    progress.advance(1, String::new);
                    let (message, width) = (types[job.modality], modalities[job.modality].width);
                    Some(assume(job, message, width))
                }
                None => {
                    hand_over(&jobs, job);
                    None
                }
            });
            drop(jobs);
            for thread in threads {
                if let Err(panic) = thread.join() {
                    std::panic::resume_unwind(panic);
                }
            }
            done
        });
        let mut done = read?;
        for (i, extractor) in quick.iter().filter(|(i, _)| !pieces.have(**i)) {
            let came = |(modality, entry, _): &Done| {
                modality == i && matches!(entry.outcome, Outcome::Present)
            };
            if let Some(reason) = extractor.reason().filter(|_| !done.iter().any(came)) {
                log::warn!(
                    "bag {}: modality {}: {reason}",
                    recording.path.display(),
                    self.modalities[*i].name
                );
            }
        }
        done.sort_by_key(|(modality, entry, _)| (*modality, entry.number));
        let mut small: BTreeMap<usize, (Vec<Entry>, Vec<f32>)> = BTreeMap::new();
        for (modality, entry, feature) in done {
            let (entries, values) = small.entry(modality).or_default();
            entries.push(entry);
            values.extend(feature);
        }
        let small = small.into_iter();
        Ok(small
            .map(|(i, (entries, values))| (i, Features::Memory { entries, values }))
            .collect())
    }
}

/// What is kept in these pieces.
///
/// # Errors
/// A file that cannot be read.
fn in_memory(pieces: &[Arc<Piece>]) -> Result<Features, ConfigErrors> {
    let mut entries = Vec::new();
    let mut values = Vec::new();
    for piece in pieces {
        entries.extend_from_slice(&piece.entries);
        let begin = values.len();
        values.resize(begin + piece.features() * piece.shape.width, 0.0);
        piece
            .read(0, &mut values[begin..])
            .map_err(|e| ConfigErrors::from(e.to_string()))?;
    }
    Ok(Features::Memory { entries, values })
}

/// How many messages of a bag have to be encoded or taken from the cache.
pub fn work(recording: &Recording, modalities: usize) -> u64 {
    let wanted = wanted(recording, modalities);
    wanted.iter().map(|numbers| numbers.len() as u64).sum()
}

/// For each modality the messages that any episode might use, each once, in their order.
fn wanted(recording: &Recording, modalities: usize) -> Vec<Vec<u32>> {
    (0..modalities)
        .map(|i| {
            let episodes = recording.episodes.iter();
            let mut numbers: Vec<u32> = episodes
                .flat_map(|episode| &episode.candidates[i])
                .map(|seen| seen.number)
                .collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        })
        .collect()
}

/// Fetches every wanted message of a bag and offers it to `take`, once per modality that wants it. Of modalities whose
/// messages come in parts it offers the others as well, in the order of their times: each has something that those after
/// it rest on.
///
/// # Errors
/// When the bag is not any more what it was at the first look.
fn read(
    recording: &Recording,
    wanted: &[Vec<u32>],
    in_parts: &[bool],
    mut take: impl FnMut(Job, bool) -> Option<Done>,
) -> Result<Vec<Done>, ConfigErrors> {
    let mut messages: Vec<(Place, usize, u32)> = Vec::new();
    for (modality, numbers) in wanted.iter().enumerate() {
        let places = &recording.places[modality];
        let all: Vec<u32> = match (in_parts[modality], numbers.last()) {
            (true, Some(last)) => (0..=*last).collect(),
            _ => numbers.clone(),
        };
        let each = all.into_iter();
        messages.extend(each.map(|number| (places[number as usize], modality, number)));
    }
    messages.sort_unstable();
    let places: Vec<Place> = messages.iter().map(|(place, ..)| *place).collect();
    let mut done = Vec::new();
    let mut parts: Vec<Job> = Vec::new();
    Reader::with(recording.layout.clone()).fetch(&places, |i, logged, bytes| {
        let (_, modality, number) = messages[i];
        let job = Job {
            modality,
            number,
            logged,
            bytes: bytes.to_vec(),
        };
        match in_parts[modality] {
            true => parts.push(job),
            false => done.extend(take(job, true)),
        }
    })?;
    parts.sort_by_key(|job| (job.modality, job.number));
    for job in parts {
        let is_wanted = wanted[job.modality].binary_search(&job.number).is_ok();
        done.extend(take(job, is_wanted));
    }
    Ok(done)
}
