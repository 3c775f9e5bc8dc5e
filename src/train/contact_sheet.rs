//! What altered copies look like, for people: of each camera a picture of the recordings, and some copies of it.

use super::augment::Augmentation;
use super::file::TrainingFile;
use super::survey::{Recording, Seen};
use crate::bag::Reader;
use crate::encoder::RgbPicture;
use crate::errors::ConfigErrors;
use crate::message::MessageError;
use crate::spec::SourceSpec;

/// The pictures of one camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The modality.
    pub modality: String,
    /// How many of the copies are learned from: the first ones.
    pub learned_from: usize,
    /// A picture as its encoder is given it.
    pub original: Vec<u8>,
    /// Copies of it, each with what was drawn for it. All are jpegs.
    pub copies: Vec<(Vec<String>, Vec<u8>)>,
}

/// So many copies show what the ranges mean.
const COPIES: usize = 5;

/// The rows of all cameras that have copies: of each, a picture from the middle of what is learned from.
///
/// # Errors
/// A bag that is not any more what it was.
pub fn contact_sheet(
    file: &TrainingFile,
    recordings: &[Recording],
) -> Result<Vec<Row>, ConfigErrors> {
    let mut rows = Vec::new();
    for (i, modality) in file.policy.modalities.iter().enumerate() {
        let SourceSpec::Image { encoder } = &modality.source else {
            continue;
        };
        let (Some(augmentation), Some((recording, seen))) = (
            file.training.augmentation(&modality.name, &modality.source),
            middle(recordings, i),
        ) else {
            continue;
        };
        let (message_type, topic) = (recording.message_types[i], &file.streams[i].topic);
        let place = recording.places[i][seen.number as usize];
        let mut row = None;
        Reader::with(recording.layout.clone()).fetch(&[place], |_, _, bytes| {
            let picture = RgbPicture::of_input(message_type, bytes, &encoder.input);
            let name = &modality.name;
            row = Some(picture.and_then(|picture| {
                Row::new(
                    name,
                    &picture,
                    &augmentation,
                    &recording.digest,
                    topic,
                    seen.number,
                )
            }));
        })?;
        match row {
            Some(Ok(row)) => rows.push(row),
            Some(Err(e)) => log::warn!(
                "the report shows no copies for modality {}: picture {} of bag {}: {e}",
                modality.name,
                seen.number,
                recording.path.display()
            ),
            None => {}
        }
    }
    Ok(rows)
}

/// A message of a modality from the middle of what is learned from.
fn middle(recordings: &[Recording], modality: usize) -> Option<(&Recording, &Seen)> {
    let all = || {
        recordings.iter().flat_map(|recording| {
            let episodes = recording.episodes.iter();
            let seen = episodes.flat_map(move |episode| &episode.candidates[modality]);
            seen.map(move |seen| (recording, seen))
        })
    };
    all().nth(all().count() / 2)
}

impl Row {
    fn new(
        modality: &str,
        picture: &RgbPicture,
        augmentation: &Augmentation,
        recording: &str,
        topic: &str,
        number: u32,
    ) -> Result<Self, MessageError> {
        let alterations = augmentation.of_message(recording, topic, number);
        let copies = alterations
            .take(COPIES)
            .map(|drawn| Ok((drawn.in_words(), drawn.apply(picture).jpeg()?)));
        Ok(Self {
            modality: modality.to_owned(),
            learned_from: augmentation.copies.min(COPIES),
            original: picture.jpeg()?,
            copies: copies.collect::<Result<_, MessageError>>()?,
        })
    }
}
