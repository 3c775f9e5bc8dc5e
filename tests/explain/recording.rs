//! A camera falls silent for a while, the sentence changes, a picture is damaged, and the joints end early.

use std::path::Path;

use late_fusion::bag::{TopicId, Writer};
use late_fusion::message::{MessageType, cdr, encode_text};
use late_fusion::time::Stamp;

/// When things happen, in milliseconds from the start of the episode.
pub const DAMAGED: i64 = 300;
pub const DARK_FROM: i64 = 1000;
pub const DARK_TO: i64 = 1500;
pub const SENTENCE_CHANGES: i64 = 800;
pub const JOINTS_END: i64 = 1800;
pub const END: i64 = 2000;

pub const STEP_MS: i64 = 50;

struct Recorder {
    writer: Writer,
    topics: Vec<(&'static str, TopicId)>,
    now: Stamp,
    /// How far the stamps of the messages are behind the times of recording.
    behind_s: i64,
    /// Whether each joint has a message of its own.
    in_parts: bool,
}

impl Recorder {
    fn stamp(&self) -> Stamp {
        Stamp::from_nanos(self.now.nanos() - self.behind_s * 1_000_000_000)
    }

    fn write(&mut self, topic: &'static str, message: MessageType, bytes: &[u8]) {
        let known = self.topics.iter().find(|(name, _)| *name == topic);
        let id = known.map(|(_, id)| *id).unwrap_or_else(|| {
            let id = self.writer.add_topic(topic, message.ros_name(), "");
            self.topics.push((topic, id.unwrap()));
            self.topics[self.topics.len() - 1].1
        });
        self.writer.write(id, self.now, bytes).unwrap();
    }

    fn say(&mut self, topic: &'static str, text: &str) {
        self.write(topic, MessageType::String, &encode_text(text));
    }

    fn picture(&mut self, red: u8, damaged: bool) {
        let mut message = cdr::Writer::new();
        message.header(self.stamp(), "camera");
        message.u32(24);
        message.u32(32);
        message.string("rgb8");
        message.u8(0);
        message.u32(96);
        message.length(96 * 24);
        for byte in [red, 10, 20].iter().cycle().take(96 * 24) {
            message.u8(*byte);
        }
        let bytes = message.finish();
        let whole = bytes.len() - if damaged { 100 } else { 0 };
        self.write("/camera", MessageType::Image, &bytes[..whole]);
    }

    fn joints(&mut self, [left, right]: [f64; 2]) {
        match self.in_parts {
            false => self.joint_state(&[("left", left), ("right", right)]),
            true => {
                self.joint_state(&[("left", left), ("elbow", 9.0)]);
                self.joint_state(&[("right", right)]);
                self.joint_state(&[("wheel", 9.0)]);
            }
        }
    }

    fn joint_state(&mut self, joints: &[(&str, f64)]) {
        let mut message = cdr::Writer::new();
        message.header(self.stamp(), "base");
        message.length(joints.len());
        joints.iter().for_each(|(name, _)| message.string(name));
        message.length(joints.len());
        joints.iter().for_each(|(_, position)| {
            message.f64(*position);
        });
        message.length(0);
        message.length(0);
        self.write("/joint_states", MessageType::JointState, &message.finish());
    }

    fn expert(&mut self, action: [f64; 2]) {
        let mut message = cdr::Writer::new();
        message.length(0);
        message.u32(0);
        message.length(2);
        action.iter().for_each(|number| {
            message.f64(*number);
        });
        let bytes = message.finish();
        self.write("/expert_action", MessageType::Float64MultiArray, &bytes);
    }
}

pub fn joints_at(ms: i64) -> [f64; 2] {
    [ms as f64 * 1e-3, 0.5 - ms as f64 * 5e-4]
}

/// An episode that failed at once, and the one that is explained.
pub fn record(path: &Path, behind_s: i64) {
    record_as(path, behind_s, false);
}

/// The same, with one message for all joints or one for each.
pub fn record_as(path: &Path, behind_s: i64, in_parts: bool) {
    let mut recorder = Recorder {
        writer: Writer::create(path).unwrap(),
        topics: Vec::new(),
        now: Stamp::from_ros(990, 0),
        behind_s,
        in_parts,
    };
    recorder.say("/episode", "start");
    recorder.say("/episode", "failure");
    recorder.say("/instruction", "open the drawer");
    for ms in (0..=END).step_by(STEP_MS as usize) {
        recorder.now = Stamp::from_nanos(1_000_000_000_000 + ms * 1_000_000);
        if ms == 0 {
            recorder.say("/episode", "start");
        }
        if ms == SENTENCE_CHANGES {
            recorder.say("/instruction", "close the drawer");
        }
        if !(DARK_FROM + 1..DARK_TO).contains(&ms) {
            recorder.picture((ms / 10) as u8, ms == DAMAGED);
        }
        if ms <= JOINTS_END {
            recorder.joints(joints_at(ms));
        }
        recorder.expert([ms as f64 * 1e-3, 0.25]);
    }
    recorder.say("/episode", "success");
    recorder.writer.finish().unwrap();
}
