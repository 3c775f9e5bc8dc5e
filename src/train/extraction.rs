//! From one message to its feature, and to those of its altered copies, in one of several threads.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender};

use super::augment::Augmentation;
use super::piece::{Entry, Outcome};
use super::pieces::{Done, Pieces};
use super::typos::Typos;
use crate::encoder::FeatureExtractor;
use crate::message::{MessageType, text};
use crate::progress::Progress;
use crate::time::Stamp;

/// What came of one message: its stamp, how much older its feature is, the outcome, and the feature.
pub type Extracted = (Option<i64>, i64, Outcome, Vec<f32>);

/// One message on its way to a thread.
pub struct Job {
    /// The modality's index.
    pub modality: usize,
    /// The message's number within its topic.
    pub number: u32,
    /// When it was recorded.
    pub logged: Stamp,
    /// The serialized message.
    pub bytes: Vec<u8>,
}

/// Passes a job on to the threads.
pub fn hand_over(jobs: &SyncSender<Job>, job: Job) {
    // A thread that panicked makes this fail; the panic itself comes out when the threads are joined.
    let _ = jobs.send(job);
}

/// One thread: takes jobs until there are no more, and gives what comes of them to `pieces`.
pub fn work_off(
    queue: &Mutex<Receiver<Job>>,
    extractors: &mut BTreeMap<usize, FeatureExtractor>,
    types: &[MessageType],
    copies: &Copies,
    pieces: &Pieces,
    progress: &Progress,
) {
    loop {
        let next = queue.lock().ok().and_then(|queue| queue.recv().ok());
        let Some(job) = next else {
            return;
        };
        let (modality, number) = (job.modality, job.number);
        let done = extractors.get_mut(&modality).and_then(|extractor| {
            let found = extract(extractor, types[modality], &job)?;
            let found = copies.beside(found, extractor, &job);
            Some(job.done(found))
        });
        pieces.take(modality, number, done);
        progress.advance(1, String::new);
    }
}

/// A job that is done where the bag is read; `None` where the message has nothing to do with the modality. `sentences` are
/// those of the modality that were met before.
pub fn at_once(
    job: Job,
    extractor: &mut FeatureExtractor,
    message: MessageType,
    sentences: &mut HashMap<Vec<u8>, Extracted>,
    typos: Option<Typos>,
) -> Option<Done> {
    if message != MessageType::String {
        return extract(extractor, message, &job).map(|found| job.done(found));
    }
    let found = match sentences.get(&job.bytes) {
        Some(met) => met.clone(),
        None => {
            let found = extract(extractor, message, &job)?;
            let found = match typos {
                Some(typos) => mistyped(found, typos, extractor, &job),
                None => found,
            };
            sentences.insert(job.bytes.clone(), found.clone());
            found
        }
    };
    Some(job.done(found))
}

/// Puts the features of a sentence's copies behind its own.
fn mistyped(
    found: Extracted,
    typos: Typos,
    extractor: &mut FeatureExtractor,
    job: &Job,
) -> Extracted {
    let (stamp_ns, behind_ns, outcome, mut values) = found;
    if let (Outcome::Present, Ok(sentence)) = (&outcome, text(&job.bytes)) {
        let width = values.len();
        for copy in typos.copies(sentence) {
            let begin = values.len();
            values.extend_from_within(..width);
            // A mistyped word can have more tokens than the right one. Where they become too many for the encoder, the
            // sentence itself is learned from instead, which stands there already.
            let _ = extractor.extract_sentence(&copy, &mut values[begin..]);
        }
    }
    (stamp_ns, behind_ns, outcome, values)
}

/// What comes of a message; `None` where it has nothing to do with the modality.
fn extract(extractor: &mut FeatureExtractor, message: MessageType, job: &Job) -> Option<Extracted> {
    let mut values = vec![0.0; extractor.width()];
    match extractor.extract_received(message, &job.bytes, job.logged, &mut values) {
        Err(e) => Some((None, 0, Outcome::Unreadable(e.to_string()), Vec::new())),
        Ok(extraction) if !extraction.relevant => None,
        Ok(extraction) => {
            let stamp = extraction.stamp.filter(|stamp| !stamp.is_unset());
            let (stamp_ns, behind_ns) = (stamp.map(|stamp| stamp.nanos()), extraction.behind_ns);
            Some(match extraction.present {
                true => (stamp_ns, behind_ns, Outcome::Present, values),
                false => (stamp_ns, behind_ns, Outcome::Absent, Vec::new()),
            })
        }
    }
}

/// A job whose message is looked at and not encoded: in place of its feature it has zeros.
pub fn assume(job: Job, message: MessageType, width: usize) -> Done {
    let found = match message.check(&job.bytes) {
        Ok(stamp) => {
            let stamp = stamp.filter(|stamp| !stamp.is_unset());
            let stamp_ns = stamp.map(|stamp| stamp.nanos());
            (stamp_ns, 0, Outcome::Present, vec![0.0; width])
        }
        Err(e) => (None, 0, Outcome::Unreadable(e.to_string()), Vec::new()),
    };
    job.done(found)
}

/// The features of altered copies.
pub struct Copies<'a> {
    /// For each modality, what is altered about the copies of its pictures.
    pub augmentations: &'a [Option<Augmentation>],
    /// The digest of the recording.
    pub recording: &'a str,
    /// For each modality, its topic.
    pub topics: &'a [&'a str],
}

impl Copies<'_> {
    /// Puts the features of a picture's copies behind its own. The extractor has just seen the picture, and kept it.
    fn beside(&self, found: Extracted, extractor: &mut FeatureExtractor, job: &Job) -> Extracted {
        let augmentation = self.augmentations[job.modality].as_ref();
        let Some(augmentation) = augmentation.filter(|_| found.2 == Outcome::Present) else {
            return found;
        };
        let Some(picture) = extractor.picture().cloned() else {
            return found;
        };
        let (stamp_ns, behind_ns, outcome, mut values) = found;
        let width = values.len();
        let topic = self.topics[job.modality];
        let copies = augmentation.of_message(self.recording, topic, job.number);
        for alteration in copies.take(augmentation.copies) {
            let begin = values.len();
            values.resize(begin + width, 0.0);
            let copy = alteration.apply(&picture);
            if let Err(e) = extractor.extract_picture(&copy, &mut values[begin..]) {
                return (None, 0, Outcome::Unreadable(e.to_string()), Vec::new());
            }
        }
        (stamp_ns, behind_ns, outcome, values)
    }
}

impl Job {
    fn done(self, (stamp_ns, behind_ns, outcome, values): Extracted) -> Done {
        let entry = Entry {
            number: self.number,
            stamp_ns,
            behind_ns,
            outcome,
        };
        (self.modality, entry, values)
    }
}
