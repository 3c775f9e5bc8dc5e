//! A picture that comes again and again, byte for byte: a camera that is frozen, or one that shows a still pattern.

use super::{Message, Unchanged};
use crate::message::{
    CompressedImageView, FeatureView, Floats, ImageEncoding, ImageView, MessageType,
};
use crate::time::Stamp;

/// Compares the pictures of a topic, each with the one before it. Real sensors have noise, so a picture mostly differs
/// within its first bytes, and comparing costs nothing.
#[derive(Debug, Default)]
pub struct FrozenCheck {
    message_type: Option<MessageType>,
    last: Option<Message>,
}

/// What a message shows, without its stamp and without what may lie between its fields.
#[derive(PartialEq)]
enum Content<'a> {
    Pixels([usize; 2], ImageEncoding, &'a [u8]),
    File(&'a [u8]),
    Numbers(Floats<'a>),
}

impl FrozenCheck {
    /// Of messages of one type: of pictures, and of features of pictures. Joints may stand still.
    pub fn new(message_type: MessageType) -> Self {
        let compared = matches!(
            message_type,
            MessageType::Image | MessageType::CompressedImage | MessageType::PointCloud2
        );
        Self {
            message_type: compared.then_some(message_type),
            last: None,
        }
    }

    /// What is compared, in words.
    pub fn what(&self) -> &'static str {
        match self.message_type {
            Some(MessageType::PointCloud2) => "feature",
            _ => "picture",
        }
    }

    /// As if no message had come.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// Compares it with the message before it, and writes into it for how long it has been the same.
    pub fn take(&mut self, message: &mut Message) {
        let Some(message_type) = self.message_type else {
            return;
        };
        let Some((stamp, content)) = read(message_type, &message.bytes) else {
            // What cannot be read shows nothing; that is said elsewhere.
            return;
        };
        let first = Unchanged {
            repeats: 0,
            received: message.received,
            stamp,
        };
        let before = self.last.as_ref().filter(|last| {
            read(message_type, &last.bytes).is_some_and(|(_, shown)| shown == content)
                // Time that goes back is another time.
                && message.received >= last.received
        });
        message.unchanged = before.map_or(first, |last| Unchanged {
            repeats: last.unchanged.repeats.saturating_add(1),
            ..last.unchanged
        });
        self.last = Some(message.clone());
    }

    /// The newest message, with for how long it has been the same.
    pub fn newest(&self) -> Option<&Message> {
        self.last.as_ref()
    }
}

fn read(message_type: MessageType, bytes: &[u8]) -> Option<(Stamp, Content<'_>)> {
    match message_type {
        MessageType::Image => {
            let view = ImageView::parse(bytes).ok()?;
            let size = [view.width, view.height];
            let pixels = Content::Pixels(size, view.encoding, view.data);
            Some((view.stamp, pixels))
        }
        MessageType::CompressedImage => {
            let view = CompressedImageView::parse(bytes).ok()?;
            Some((view.stamp, Content::File(view.data)))
        }
        MessageType::PointCloud2 => {
            let view = FeatureView::parse(bytes).ok()?;
            (!view.values.is_empty()).then_some((view.stamp, Content::Numbers(view.values)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::message::cdr::Writer;

    fn at(ms: i64) -> Stamp {
        Stamp::from_nanos(1_000_000_000 + ms * 1_000_000)
    }

    /// A grey picture of four pixels; what lies between the fields depends on the frame.
    fn picture(ms: i64, frame: &str, pixels: [u8; 4]) -> Message {
        let mut writer = Writer::new();
        writer.header(at(ms), frame);
        writer.u32(2);
        writer.u32(2);
        writer.string("mono8");
        writer.u8(0);
        writer.u32(2);
        writer.length(4);
        for pixel in pixels {
            writer.u8(pixel);
        }
        Message {
            bytes: Arc::new(writer.finish()),
            received: at(ms + 5),
            unchanged: Unchanged::default(),
            epoch: Default::default(),
        }
    }

    fn take(check: &mut FrozenCheck, mut message: Message) -> Unchanged {
        check.take(&mut message);
        message.unchanged
    }

    #[test]
    fn the_same_pixels_under_other_stamps_and_frames_are_the_same_picture() {
        let mut check = FrozenCheck::new(MessageType::Image);
        let pixels = [1, 2, 3, 4];
        assert_eq!(take(&mut check, picture(0, "camera", pixels)).repeats, 0);
        let again = take(&mut check, picture(40, "a", pixels));
        assert_eq!(
            (again.repeats, again.received, again.stamp),
            (1, at(5), at(0))
        );
        // What cannot be read is no other picture.
        let mut broken = picture(80, "a", [9; 4]);
        broken.bytes = Arc::new(broken.bytes[..20].to_vec());
        assert_eq!(take(&mut check, broken), Unchanged::default());
        let again = take(&mut check, picture(120, "a", pixels));
        assert_eq!(again.repeats, 2);
        check.forget();
        assert_eq!(take(&mut check, picture(160, "a", pixels)).repeats, 0);
        assert_eq!((again.for_s(at(125), at(120)) * 1e3).round(), 120.0);
        let by_stamps = again.for_s(Stamp::default(), at(110));
        assert_eq!((by_stamps * 1e3).round(), 110.0);
        let other = take(&mut check, picture(160, "a", [1, 2, 3, 5]));
        assert_eq!((other.repeats, other.for_s(at(165), at(160))), (0, 0.0));
    }

    #[test]
    fn time_that_goes_back_begins_anew() {
        let mut check = FrozenCheck::new(MessageType::Image);
        take(&mut check, picture(900, "", [7; 4]));
        assert_eq!(take(&mut check, picture(0, "", [7; 4])).repeats, 0);
        assert_eq!(take(&mut check, picture(10, "", [7; 4])).repeats, 1);
    }

    #[test]
    fn joints_may_stand_still() {
        let mut check = FrozenCheck::new(MessageType::JointState);
        for _ in 0..3 {
            assert_eq!(take(&mut check, picture(0, "", [7; 4])).repeats, 0);
        }
    }
}
