//! A feature made elsewhere: `sensor_msgs/msg/PointCloud2` with one row of numbers, and one field whose name says what
//! made them.

use super::cdr::{Reader, Writer};
use super::{Floats, MessageError};
use crate::time::Stamp;

/// `sensor_msgs/msg/PointField.FLOAT32`
const FLOAT32: u8 = 7;

/// Bytes of one number.
const SIZE: u32 = 4;

/// A feature, still in the message: its layout and data agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct FeatureView<'a> {
    /// The stamp of the message that it was made from.
    pub stamp: Stamp,
    /// The fingerprint of what made it.
    pub encoder: &'a str,
    /// The numbers, as the message has them; none where the modality is absent, as after a blank instruction.
    pub values: Floats<'a>,
}

impl<'a> FeatureView<'a> {
    /// Reads a serialized message.
    ///
    /// # Errors
    /// When the message ends too early, or is a point cloud of another kind: with more than one row or field, of
    /// another type of number, or with padding.
    pub fn parse(message: &'a [u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(message)?;
        let stamp = reader.header()?;
        demand(&mut reader, "height", 1, "a feature is one row")?;
        let width = reader.u32("width")?;
        demand(
            &mut reader,
            "fields",
            1,
            "a feature has one field, named by what made it",
        )?;
        let encoder = reader.string("fields[0].name")?;
        demand(&mut reader, "fields[0].offset", 0, "0 is allowed")?;
        let datatype = reader.u8("fields[0].datatype")?;
        if datatype != FLOAT32 {
            return Err(MessageError::invalid(
                "fields[0].datatype",
                datatype,
                format_args!("the numbers of a feature are FLOAT32, {FLOAT32}"),
            ));
        }
        demand(
            &mut reader,
            "fields[0].count",
            1,
            "a point has one number of it",
        )?;
        let big_endian = reader.u8("is_bigendian")? != 0;
        demand(&mut reader, "point_step", SIZE, "a number has 4 bytes")?;
        let row_step = reader.u32("row_step")?;
        let expected = u64::from(width) * u64::from(SIZE);
        let agrees = |field: &str, bytes: u64| match bytes == expected {
            true => Ok(()),
            false => Err(MessageError::invalid(
                field,
                format_args!("{bytes} bytes"),
                format_args!("width {width} times {SIZE} makes {expected}"),
            )),
        };
        agrees("row_step", row_step.into())?;
        let data = reader.bytes("data")?;
        agrees("data", data.len() as u64)?;
        reader.u8("is_dense")?;
        Ok(Self {
            stamp,
            encoder,
            values: Floats::of(data, SIZE as usize, big_endian),
        })
    }
}

/// The next number, which has one value only.
fn demand(
    reader: &mut Reader<'_>,
    field: &'static str,
    value: u32,
    allowed: &str,
) -> Result<(), MessageError> {
    match reader.u32(field)? {
        found if found == value => Ok(()),
        found => Err(MessageError::invalid(field, found, allowed)),
    }
}

/// The stamp in the header of a message that begins with one, whatever is wrong with the rest.
///
/// # Errors
/// When the message ends too early.
pub fn header_stamp(message: &[u8]) -> Result<Stamp, MessageError> {
    Reader::new(message)?.stamp("header.stamp")
}

/// The frame in the header of a message that begins with one.
///
/// # Errors
/// When the message ends too early, or the frame is no text.
pub fn frame_id(message: &[u8]) -> Result<&str, MessageError> {
    let mut reader = Reader::new(message)?;
    reader.stamp("header.stamp")?;
    reader.string("header.frame_id")
}

/// A feature message, laid out once for each frame that it is sent in, and filled in every time.
#[derive(Clone, Debug)]
pub struct FeatureTemplate {
    encoder: String,
    frame_id: String,
    message: Vec<u8>,
    places: Places,
}

/// The bytes of the message at which what changes begins.
#[derive(Clone, Copy, Debug)]
struct Places {
    stamp: usize,
    width: usize,
    row_step: usize,
    length: usize,
}

impl FeatureTemplate {
    /// For features of this encoder.
    pub fn new(encoder: &str) -> Self {
        let (message, places) = lay_out(encoder, "");
        Self {
            encoder: encoder.to_owned(),
            frame_id: String::new(),
            message,
            places,
        }
    }

    /// The message with these numbers; none where the modality is absent. Allocates nothing once it has been as long
    /// as this, as long as the frame stays the same.
    ///
    /// # Panics
    /// Beyond a billion numbers, which no encoder comes near.
    pub fn encode(&mut self, stamp: Stamp, frame_id: &str, values: &[f32]) -> &[u8] {
        if frame_id != self.frame_id {
            (self.message, self.places) = lay_out(&self.encoder, frame_id);
            frame_id.clone_into(&mut self.frame_id);
        }
        let (sec, nanosec) = stamp.to_ros();
        let bytes = u32::try_from(size_of_val(values)).expect("a feature of at most 4 GB");
        let width = bytes / SIZE;
        let places = self.places;
        for (at, bytes) in [
            (places.stamp, sec.to_le_bytes()),
            (places.stamp + 4, nanosec.to_le_bytes()),
            (places.width, width.to_le_bytes()),
            (places.row_step, bytes.to_le_bytes()),
            (places.length, bytes.to_le_bytes()),
        ] {
            self.message[at..at + 4].copy_from_slice(&bytes);
        }
        self.message.truncate(places.length + 4);
        self.message
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
        // Every number is finite.
        self.message.push(1);
        &self.message
    }
}

/// Everything up to the data.
fn lay_out(encoder: &str, frame_id: &str) -> (Vec<u8>, Places) {
    let mut writer = Writer::new();
    let stamp = writer.header(Stamp::default(), frame_id);
    writer.u32(1);
    let width = writer.u32(0);
    writer.length(1);
    writer.string(encoder);
    writer.u32(0);
    writer.u8(FLOAT32);
    writer.u32(1);
    writer.u8(0);
    writer.u32(SIZE);
    let row_step = writer.u32(0);
    let length = writer.u32(0);
    let places = Places {
        stamp,
        width,
        row_step,
        length,
    };
    (writer.finish(), places)
}
