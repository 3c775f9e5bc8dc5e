//! CDR as ROS 2 puts it on the wire (XCDR1): a bounds-checked reader that borrows, and a writer.

use super::MessageError;
use crate::time::Stamp;

/// Bytes of the encapsulation header in front of every message; alignment counts from behind them.
const HEADER: usize = 4;

/// Reads the fields of a message one after the other. Nothing is copied and nothing is allocated.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    big_endian: bool,
}

macro_rules! read_number {
    ($name:ident, $number:ty) => {
        #[doc = concat!("The next `", stringify!($number), "`.")]
        ///
        /// # Errors
        /// When the message ends before it does.
        pub fn $name(&mut self, field: &'static str) -> Result<$number, MessageError> {
            const SIZE: usize = size_of::<$number>();
            self.align(SIZE);
            let bytes = self.take(field, SIZE as u64)?;
            let bytes: [u8; SIZE] = bytes.try_into().unwrap_or([0; SIZE]);
            Ok(match self.big_endian {
                true => <$number>::from_be_bytes(bytes),
                false => <$number>::from_le_bytes(bytes),
            })
        }
    };
}

impl<'a> Reader<'a> {
    /// A reader at the first field of a serialized message.
    ///
    /// # Errors
    /// When the encapsulation header is not that of plain CDR.
    pub fn new(message: &'a [u8]) -> Result<Self, MessageError> {
        let big_endian = match message {
            [0, 0, _, _, ..] => true,
            [0, 1, _, _, ..] => false,
            other => {
                let start = other[..other.len().min(HEADER)].to_vec();
                return Err(MessageError::Encapsulation(start));
            }
        };
        Ok(Self {
            body: &message[HEADER..],
            at: 0,
            big_endian,
        })
    }

    read_number!(u8, u8);
    read_number!(i32, i32);
    read_number!(u32, u32);
    read_number!(f32, f32);
    read_number!(f64, f64);

    /// The next `builtin_interfaces/msg/Time`.
    ///
    /// # Errors
    /// When the message ends before it does.
    pub fn stamp(&mut self, field: &'static str) -> Result<Stamp, MessageError> {
        Ok(Stamp::from_ros(self.i32(field)?, self.u32(field)?))
    }

    /// The next `std_msgs/msg/Header`, of which only the stamp is of interest.
    ///
    /// # Errors
    /// When the message ends before it does.
    pub fn header(&mut self) -> Result<Stamp, MessageError> {
        let stamp = self.stamp("header.stamp")?;
        let frame_id = self.u32("header.frame_id")?;
        self.take("header.frame_id", frame_id.into())?;
        Ok(stamp)
    }

    /// The next string, without its closing NUL.
    ///
    /// # Errors
    /// When the message ends before it does, when it is not UTF-8, and when there is a NUL inside.
    pub fn string(&mut self, field: &'static str) -> Result<&'a str, MessageError> {
        let length = self.u32(field)?;
        let bytes = self.take(field, length.into())?;
        let text = match bytes {
            // Some vendors send an empty string as no bytes at all.
            [] => bytes,
            [text @ .., 0] => text,
            _ => {
                return Err(MessageError::invalid(
                    field,
                    "a string without its closing NUL",
                    "CDR strings end in one",
                ));
            }
        };
        if let Some(at) = text.iter().position(|b| *b == 0) {
            return Err(MessageError::invalid(
                field,
                format_args!("a string with NUL at byte {at}"),
                "text without NUL is allowed",
            ));
        }
        std::str::from_utf8(text).map_err(|e| {
            MessageError::invalid(
                field,
                format_args!("not UTF-8 from byte {}", e.valid_up_to()),
                "UTF-8 text is allowed",
            )
        })
    }

    /// The bytes of the next string, which need not be UTF-8, without its closing NUL.
    ///
    /// # Errors
    /// When the message ends before it does.
    pub(super) fn text(&mut self, field: &'static str) -> Result<&'a [u8], MessageError> {
        let bytes = self.bytes(field)?;
        Ok(bytes.strip_suffix(&[0]).unwrap_or(bytes))
    }

    /// The next `sequence<octet>`.
    ///
    /// # Errors
    /// When the message ends before it does.
    pub fn bytes(&mut self, field: &'static str) -> Result<&'a [u8], MessageError> {
        let length = self.u32(field)?;
        self.take(field, length.into())
    }

    /// The bytes of `count` numbers of `size` bytes each, aligned as the first of them is.
    pub(super) fn numbers(
        &mut self,
        field: &'static str,
        count: u32,
        size: usize,
    ) -> Result<&'a [u8], MessageError> {
        // An empty sequence ends with its length: there is no padding to the numbers that are not there.
        if count == 0 {
            return Ok(&[]);
        }
        self.align(size);
        self.take(field, u64::from(count) * size as u64)
    }

    pub(super) fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    /// Moves on to a multiple of `size`, which is 1, 4 or 8.
    fn align(&mut self, size: usize) {
        self.at = self.at.next_multiple_of(size);
    }

    fn take(&mut self, field: &'static str, needed: u64) -> Result<&'a [u8], MessageError> {
        // Projection may have moved past the end.
        let rest = self.body.get(self.at..).unwrap_or_default();
        match usize::try_from(needed) {
            Ok(count) if count <= rest.len() => {
                self.at += count;
                Ok(&rest[..count])
            }
            _ => Err(MessageError::Truncated {
                field,
                needed,
                left: rest.len(),
            }),
        }
    }
}

/// Writes the fields of a message one after the other, little-endian.
#[derive(Clone, Debug)]
pub struct Writer {
    message: Vec<u8>,
}

macro_rules! write_number {
    ($name:ident, $number:ty) => {
        #[doc = concat!("Writes a `", stringify!($number), "` and says at which byte of the message it begins.")]
        pub fn $name(&mut self, value: $number) -> usize {
            let size = size_of::<$number>();
            let padded = (self.message.len() - HEADER).next_multiple_of(size) + HEADER;
            self.message.resize(padded, 0);
            self.message.extend_from_slice(&value.to_le_bytes());
            padded
        }
    };
}

impl Writer {
    /// A message without fields.
    pub fn new() -> Self {
        Self {
            message: vec![0, 1, 0, 0],
        }
    }

    write_number!(u8, u8);
    write_number!(i32, i32);
    write_number!(u32, u32);
    write_number!(f64, f64);

    /// Writes a `builtin_interfaces/msg/Time` and says at which byte of the message it begins.
    pub fn stamp(&mut self, stamp: Stamp) -> usize {
        let (sec, nanosec) = stamp.to_ros();
        let at = self.i32(sec);
        self.u32(nanosec);
        at
    }

    /// Writes a `std_msgs/msg/Header` and says at which byte of the message its stamp begins.
    pub fn header(&mut self, stamp: Stamp, frame_id: &str) -> usize {
        let at = self.stamp(stamp);
        self.string(frame_id);
        at
    }

    /// Writes a string. ROS strings end at their first NUL, so each is replaced by its visible symbol.
    pub fn string(&mut self, text: &str) {
        let visible = text.replace('\0', "\u{2400}");
        self.length(visible.len() + 1);
        self.message.extend_from_slice(visible.as_bytes());
        self.message.push(0);
    }

    /// Writes the number of elements of the sequence that follows.
    ///
    /// # Panics
    /// Beyond four billion elements, which no message of ours comes near.
    pub fn length(&mut self, elements: usize) {
        self.u32(u32::try_from(elements).expect("a sequence of at most 2^32 elements"));
    }

    /// Writes a `sequence<octet>`.
    ///
    /// # Panics
    /// As for [`Writer::length`].
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.message.extend_from_slice(bytes);
    }

    /// Writes zeros for a number of `size` bytes and says at which byte of the message it begins.
    pub(super) fn room(&mut self, size: usize) -> usize {
        let at = (self.message.len() - HEADER).next_multiple_of(size) + HEADER;
        self.message.resize(at + size, 0);
        at
    }

    /// Bytes that have been written.
    pub(super) fn len(&self) -> usize {
        self.message.len()
    }

    /// Changes what has been written.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut [u8])) {
        change(&mut self.message);
    }

    /// The serialized message.
    pub fn finish(self) -> Vec<u8> {
        self.message
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}
