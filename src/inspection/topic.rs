//! One topic of the recordings: its messages one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use super::typical::Typical;
use crate::bag::RecordView;
use crate::encoder::Thumbnail;
use crate::message::{CompressedImageView, ImageView, MessageType, header_stamp};
use crate::time::{Clocks, Stamp};

/// What is known of a topic.
#[derive(Debug)]
pub struct TopicSummary {
    message_type: String,
    /// As what its messages are read; none where they are not.
    readable: Option<MessageType>,
    other_types: BTreeSet<String>,
    messages: u64,
    last: Option<Stamp>,
    intervals_s: Typical,
    longest_gap_s: f64,
    lags_s: Typical,
    /// The largest time by which a stamp is ahead of when its message was recorded.
    ahead_s: f64,
    clocks: Clocks,
    unset_stamps: u64,
    malformed: u64,
    first_malformed: Option<String>,
    /// How many pictures there are of which kind, such as `rgb8 640×480`.
    kinds: BTreeMap<String, u64>,
    picture: Option<Picture>,
    tries: u64,
    first_undecodable: Option<String>,
}

/// A picture of what a camera saw.
#[derive(Clone, Debug)]
pub struct Picture {
    /// When it was recorded.
    pub logged: Stamp,
    /// The picture as jpeg, as large as it was recorded.
    pub jpeg: Vec<u8>,
}

/// So many pictures of a camera are tried until one can be decoded.
const TRIES: u64 = 50;

/// A pause is odd that is so many times as long as usual, and so long, in seconds.
const ODD_GAP: f64 = 10.0;
const ODD_GAP_S: f64 = 0.5;

/// Stamps are odd that are so far from when their messages were recorded, in seconds.
const LATE_S: f64 = 0.2;
const AHEAD_S: f64 = 0.1;

impl TopicSummary {
    /// A topic whose first message this is, before it is taken in.
    pub(super) fn of(record: &RecordView) -> Self {
        // A PointCloud2 need not be a feature.
        let known = MessageType::from_ros_name(record.message_type)
            .filter(|known| *known != MessageType::PointCloud2);
        let defined = || MessageType::defined(record.message_type, record.definition).ok();
        Self {
            message_type: record.message_type.to_string(),
            readable: known.or_else(defined),
            other_types: BTreeSet::new(),
            messages: 0,
            last: None,
            intervals_s: Typical::default(),
            longest_gap_s: 0.0,
            lags_s: Typical::default(),
            ahead_s: 0.0,
            clocks: Clocks::default(),
            unset_stamps: 0,
            malformed: 0,
            first_malformed: None,
            kinds: BTreeMap::new(),
            picture: None,
            tries: 0,
            first_undecodable: None,
        }
    }

    /// Another recording begins: what lies between the two is no gap.
    pub(super) fn begin_recording(&mut self) {
        self.last = None;
    }

    pub(super) fn take(&mut self, record: &RecordView) {
        self.messages += 1;
        if let Some(last) = self.last.replace(record.log_time) {
            let interval_s = record.log_time.seconds_since(last);
            self.intervals_s.add(interval_s);
            self.longest_gap_s = self.longest_gap_s.max(interval_s);
        }
        if **record.message_type != *self.message_type {
            self.other_types.insert(record.message_type.to_string());
            return;
        }
        let Some(readable) = self.readable else {
            return;
        };
        match readable.check(record.bytes) {
            Ok(_) => self.stamped(readable, record),
            Err(e) => {
                self.malformed += 1;
                self.first_malformed.get_or_insert_with(|| e.to_string());
                return;
            }
        }
        if let Some(kind) = kind_of_picture(readable, record.bytes) {
            *self.kinds.entry(kind).or_default() += 1;
            self.decode(readable, record);
        }
    }

    fn stamped(&mut self, readable: MessageType, record: &RecordView) {
        let stamp = readable
            .has_header()
            .then(|| header_stamp(record.bytes).ok())
            .flatten();
        let Some(stamp) = stamp else {
            return;
        };
        if stamp.is_unset() {
            self.unset_stamps += 1;
            return;
        }
        self.clocks.compare(Some(stamp), record.log_time);
        let lag_s = record.log_time.seconds_since(stamp);
        self.lags_s.add(lag_s);
        self.ahead_s = self.ahead_s.max(-lag_s);
    }

    fn decode(&mut self, readable: MessageType, record: &RecordView) {
        if self.picture.is_some() || self.tries >= TRIES {
            return;
        }
        self.tries += 1;
        match Thumbnail::whole(readable, record.bytes) {
            Ok(Thumbnail { jpeg, .. }) => {
                self.picture = Some(Picture {
                    logged: record.log_time,
                    jpeg,
                });
            }
            Err(e) => {
                self.first_undecodable.get_or_insert_with(|| e.to_string());
            }
        }
    }

    /// The type of its messages in ROS.
    pub fn message_type(&self) -> &str {
        &self.message_type
    }

    /// How many messages there are.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Messages per second, by the median interval; none where there are fewer than two.
    pub fn rate_hz(&self) -> Option<f64> {
        let interval_s = self.intervals_s.median()?;
        (interval_s > 0.0).then(|| 1.0 / interval_s)
    }

    /// The longest pause between two messages of one recording, in seconds.
    pub fn longest_gap_s(&self) -> f64 {
        self.longest_gap_s
    }

    /// How long after its stamp a message was recorded, by the median, in seconds; none without stamps.
    pub fn lag_s(&self) -> Option<f64> {
        self.lags_s.median()
    }

    /// Which kinds of pictures there are, and how many of each.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, u64)> {
        self.kinds
            .iter()
            .map(|(kind, count)| (kind.as_str(), *count))
    }

    /// The first picture that could be decoded.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref()
    }

    /// Why there is no picture of a camera, where there is none.
    pub fn why_no_picture(&self) -> Option<String> {
        let why = self.first_undecodable.as_ref()?;
        (self.picture.is_none()).then(|| {
            format!(
                "none of the first {} pictures can be decoded, the first: {why}",
                self.tries
            )
        })
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let usual_s = self.intervals_s.median().unwrap_or_default();
        let is_steady = !matches!(self.readable, Some(MessageType::String | MessageType::Joy));
        if is_steady && self.longest_gap_s > ODD_GAP_S.max(ODD_GAP * usual_s) {
            warnings.push(format!(
                "nothing came for {:.2} s, where a message comes every {usual_s:.3} s",
                self.longest_gap_s
            ));
        }
        if !self.other_types.is_empty() {
            let others: Vec<&str> = self.other_types.iter().map(String::as_str).collect();
            warnings.push(format!(
                "its messages are of several types: {} and {}",
                self.message_type,
                others.join(", ")
            ));
        }
        if let Some(first) = &self.first_malformed {
            warnings.push(format!(
                "{} of {} messages are malformed, the first: {first}",
                self.malformed, self.messages
            ));
        }
        warnings.extend(self.why_no_picture());
        if self.kinds.len() > 1 {
            let kinds: Vec<String> = self
                .kinds()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            warnings.push(format!("its pictures differ: {}", kinds.join(", ")));
        }
        warnings.extend(self.odd_stamps());
        warnings
    }

    fn odd_stamps(&self) -> Option<String> {
        if self.clocks.differ() {
            return Some("its stamps and recording times come from different clocks".to_owned());
        }
        if self.unset_stamps > 0 && self.lags_s.median().is_some() {
            return Some(format!("{} messages have no stamp", self.unset_stamps));
        }
        if self.ahead_s > AHEAD_S {
            return Some(format!(
                "stamps are up to {:.3} s ahead of the times of recording",
                self.ahead_s
            ));
        }
        let lag_s = self.lag_s().filter(|lag_s| *lag_s > LATE_S)?;
        Some(format!(
            "messages are recorded {lag_s:.3} s after their stamps; a policy will see that late too"
        ))
    }
}

/// What a picture is like, as far as its message says it: `rgb8 640×480`.
fn kind_of_picture(message: MessageType, bytes: &[u8]) -> Option<String> {
    match message {
        MessageType::Image => {
            let view = ImageView::parse(bytes).ok()?;
            Some(format!(
                "{} {}×{}",
                view.encoding.ros_name(),
                view.width,
                view.height
            ))
        }
        MessageType::CompressedImage => {
            let view = CompressedImageView::parse(bytes).ok()?;
            let reader = image::ImageReader::new(Cursor::new(view.data)).with_guessed_format();
            let size = reader.ok().and_then(|reader| reader.into_dimensions().ok());
            let format = view
                .format
                .split(';')
                .next_back()
                .unwrap_or_default()
                .trim();
            Some(match size {
                Some((width, height)) => format!("{format} {width}×{height}"),
                None => format.to_owned(),
            })
        }
        _ => None,
    }
}
