//! The pictures of some frames, out of their recording and into png, with every processor's help.

use std::collections::BTreeMap;

use super::statistics::Brightness;
use crate::bag::{Place, Reader};
use crate::encoder::RgbPicture;
use crate::errors::ConfigErrors;
use crate::message::MessageType;

/// One camera's pictures in a recording.
pub(super) struct Camera<'a> {
    /// The modality's name.
    pub name: &'a str,
    /// The type of its messages.
    pub message_type: MessageType,
    /// Where the messages of its topic are.
    pub places: &'a [Place],
}

/// What is known of all pictures of one camera.
pub(super) struct Seen {
    /// Columns and rows, which all its pictures share; none before the first.
    pub size: Option<(usize, usize)>,
    /// How bright they are.
    pub brightness: Brightness,
}

impl Seen {
    /// Of no picture yet.
    pub fn nothing() -> Self {
        Self {
            size: None,
            brightness: Brightness::new(),
        }
    }
}

/// A picture on its way from its message to its file.
struct Work {
    camera: usize,
    number: u32,
    message: Vec<u8>,
    done: Result<(RgbPicture, Vec<u8>), String>,
}

/// Pictures as png, by camera and the number of their message.
pub(super) type Pictures = BTreeMap<(usize, u32), Vec<u8>>;

/// Reads the messages of these numbers of every camera.
///
/// # Errors
/// A message that cannot be read any more, one without a picture, and a camera whose pictures have several sizes.
pub(super) fn read(
    reader: &mut Reader,
    cameras: &[Camera],
    wanted: &[Vec<u32>],
    seen: &mut [Seen],
) -> Result<Pictures, ConfigErrors> {
    let mut places: Vec<(Place, usize, u32)> = Vec::new();
    for (camera, numbers) in wanted.iter().enumerate() {
        let each = numbers.iter();
        places.extend(each.map(|n| (cameras[camera].places[*n as usize], camera, *n)));
    }
    places.sort_unstable();
    places.dedup();
    let only: Vec<Place> = places.iter().map(|(place, ..)| *place).collect();
    let mut work: Vec<Work> = Vec::with_capacity(places.len());
    reader.fetch(&only, |i, _, bytes| {
        work.push(Work {
            camera: places[i].1,
            number: places[i].2,
            message: bytes.to_vec(),
            done: Err(String::new()),
        });
    })?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = work.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for share in work.chunks_mut(share) {
            scope.spawn(|| {
                for work in share {
                    let message_type = cameras[work.camera].message_type;
                    work.done = made_png(message_type, &work.message);
                }
            });
        }
    });
    let mut pictures = Pictures::new();
    for Work {
        camera,
        number,
        done,
        ..
    } in work
    {
        let name = cameras[camera].name;
        let (picture, png) =
            done.map_err(|e| format!("modality {name}: a picture cannot be exported: {e}"))?;
        let found = (picture.width, picture.height);
        let size = *seen[camera].size.get_or_insert(found);
        if size != found {
            return Err(format!(
                "modality {name}: its pictures have {} × {} pixels and then {} × {}; a LeRobot dataset has \
                 one size for each camera. Export the recordings apart",
                size.0, size.1, found.0, found.1
            )
            .into());
        }
        pictures.insert((camera, number), png);
        // Not for each frame that it is in: it is the camera that is measured. (Where frames that share a picture are
        // written apart, it counts for both.)
        seen[camera].brightness.add(&picture.data);
    }
    Ok(pictures)
}

fn made_png(message_type: MessageType, message: &[u8]) -> Result<(RgbPicture, Vec<u8>), String> {
    let picture = RgbPicture::colours(message_type, message).map_err(|e| e.to_string())?;
    let png = picture.png().map_err(|e| e.to_string())?;
    Ok((picture, png))
}
