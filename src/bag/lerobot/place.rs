//! Where the picture of a message is: in a video, until it is asked for.

use crate::time::Stamp;

/// What stands in a record instead of the message. No CDR message begins so.
const MAGIC: [u8; 4] = *b"LRV1";

/// A picture of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The camera, counted among those with videos.
    pub camera: u32,
    /// The video, counted among those of the dataset.
    pub video: u32,
    /// The picture in it, counted from 0.
    pub frame: u64,
    /// The stamp of the message that is made of it.
    pub stamp: Stamp,
    /// The length and the time of the last change of the video, so that another video is another recording.
    pub version: [u64; 2],
}

/// Bytes of a place.
const LENGTH: usize = 4 + 4 + 4 + 8 + 8 + 16;

impl Place {
    /// The bytes that stand for it.
    pub fn bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.camera.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.video.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.frame.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.stamp.nanos().to_le_bytes());
        bytes[28..36].copy_from_slice(&self.version[0].to_le_bytes());
        bytes[36..].copy_from_slice(&self.version[1].to_le_bytes());
        bytes
    }

    /// The place that bytes stand for; `None` for a message.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let four = |at: usize| bytes[at..at + 4].try_into().ok().map(u32::from_le_bytes);
        let eight = |at: usize| bytes[at..at + 8].try_into().ok().map(u64::from_le_bytes);
        let place = Self {
            camera: four(4)?,
            video: four(8)?,
            frame: eight(12)?,
            stamp: Stamp::from_nanos(eight(20)? as i64),
            version: [eight(28)?, eight(36)?],
        };
        bytes.starts_with(&MAGIC).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_a_message_is_none() {
        let place = Place {
            camera: 1,
            video: 2,
            frame: 3,
            stamp: Stamp::from_nanos(4),
            version: [5, 6],
        };
        assert_eq!(Place::parse(&place.bytes()), Some(place));
        assert_eq!(Place::parse(&[0; LENGTH]), None);
        assert_eq!(Place::parse(b"LRV1"), None);
    }
}
