//! The pictures of the cameras as jpeg, each made once for all who look, when the first of them does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;

use crate::display::Camera;
use crate::encoder::{RgbPicture, Room};
use crate::message::{CompressedImageView, MessageError, MessageType};
use crate::modality::Message;

/// How large a picture is made that is not a jpeg already.
const ROOM: Room = Room::Within(480, 360);

/// A jpeg of a camera that has more bytes is made smaller.
const MOST_BYTES: usize = 1_000_000;

/// The newest pictures that somebody has looked at.
#[derive(Default)]
pub(super) struct Cameras(Mutex<BTreeMap<String, Arc<Mutex<Option<Shown>>>>>);

/// A picture as the browser gets it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shown {
    /// What tells it from others of the camera.
    pub tag: String,
    /// The file.
    pub jpeg: Bytes,
}

impl Cameras {
    /// The newest picture of a camera; `None` where none has come. It may take a moment. Others who ask for the same
    /// one meanwhile wait for it.
    ///
    /// # Errors
    /// What is wrong with the newest message.
    pub fn newest(&self, camera: &Camera) -> Result<Option<Shown>, MessageError> {
        let Some(message) = camera.newest() else {
            return Ok(None);
        };
        let tag = format!("\"{}\"", message.received.nanos());
        let kept = {
            let mut cameras = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cameras.entry(camera.modality.clone()).or_default().clone()
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shown) = kept.as_ref().filter(|shown| shown.tag == tag) {
            return Ok(Some(shown.clone()));
        }
        let jpeg = jpeg_of(camera.message, &message)?;
        Ok(Some(kept.insert(Shown { tag, jpeg }).clone()))
    }
}

/// A jpeg as it came, everything else as one.
fn jpeg_of(message_type: MessageType, message: &Message) -> Result<Bytes, MessageError> {
    if message_type == MessageType::CompressedImage {
        let view = CompressedImageView::parse(&message.bytes)?;
        let is_jpeg = view.data.starts_with(&[0xff, 0xd8, 0xff]);
        if is_jpeg && view.data.len() <= MOST_BYTES {
            return Ok(Bytes::copy_from_slice(view.data));
        }
    }
    let picture = RgbPicture::of(message_type, &message.bytes, ROOM)?;
    picture.jpeg().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::encode_jpeg;
    use crate::modality::MessageFanout;
    use crate::time::Stamp;

    #[test]
    fn a_jpeg_stays_as_it_came_and_is_made_once() {
        let fanout = Arc::new(MessageFanout::new(MessageType::CompressedImage));
        let camera = Camera {
            modality: "scene".into(),
            message: MessageType::CompressedImage,
            fanout: fanout.clone(),
        };
        let cameras = Cameras::default();
        assert!(cameras.newest(&camera).unwrap().is_none());
        let send = |jpeg: &[u8], second| {
            fanout.put(Message {
                bytes: Arc::new(encode_jpeg(Stamp::default(), jpeg)),
                received: Stamp::from_ros(second, 0),
                unchanged: Default::default(),
                epoch: Default::default(),
            });
        };
        send(&[0xff, 0xd8, 0xff, 7], 1);
        let first = cameras.newest(&camera).unwrap().unwrap();
        assert_eq!(first.jpeg, [0xff, 0xd8, 0xff, 7][..]);
        let again = cameras.newest(&camera).unwrap().unwrap();
        assert_eq!(again.tag, first.tag);
        assert_eq!(again.jpeg.as_ptr(), first.jpeg.as_ptr());
        send(&[0xff, 0xd8, 0xff, 8], 2);
        let second = cameras.newest(&camera).unwrap().unwrap();
        assert_ne!(second.tag, first.tag);
        send(b"no picture", 3);
        assert!(cameras.newest(&camera).is_err());
    }
}
