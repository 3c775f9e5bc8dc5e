use std::sync::mpsc::{self, Receiver, Sender};

use super::*;
use crate::encoder::Extraction;
use crate::fusion::Projection;
use crate::message;
use crate::modality::{
    FeatureBuilder, FeatureReader, FeatureSink, FeatureWriter, History, feature_slot,
};

/// Ample for a thread to get its turn; nothing waits this long where all is well.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of one number, which stays as it is.
fn sink(slot: FeatureWriter) -> FeatureSink {
    let builder = FeatureBuilder::new(History::new(1, 1), Projection::identity(1));
    FeatureSink::new(builder, slot)
}

/// Reads one byte as the feature, 0 as absent; refuses 255 and panics at 254. The stamp is the second byte, in seconds.
struct Bytes {
    entered: Sender<u8>,
    go_on: Receiver<()>,
}

impl Extract for Bytes {
    fn extract(
        &mut self,
        _: MessageType,
        message: &Message,
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError> {
        let bytes = &message.bytes;
        self.entered.send(bytes[0]).unwrap();
        self.go_on.recv_timeout(PATIENCE).unwrap();
        match bytes[0] {
            255 => return Err(MessageError::invalid("byte", 255, "0 to 253 are allowed")),
            254 => panic!("this library has a bug"),
            byte => feature[0] = f32::from(byte),
        }
        Ok(Extraction {
            stamp: bytes.get(1).map(|&sec| Stamp::from_ros(sec.into(), 0)),
            present: bytes[0] != 0,
            relevant: true,
            behind_ns: 0,
        })
    }
}

/// A worker whose extraction is entered and left under the test's control.
struct Bench {
    worker: Worker,
    features: FeatureReader,
    entered: Receiver<u8>,
    go_on: Sender<()>,
    notified: Receiver<()>,
}

impl Bench {
    fn new() -> Self {
        let (writer, features) = feature_slot(1);
        let (entered_sender, entered) = mpsc::channel();
        let (go_on, go_on_receiver) = mpsc::channel();
        let (notify, notified) = mpsc::channel();
        let extract = Bytes {
            entered: entered_sender,
            go_on: go_on_receiver,
        };
        let notify = move || notify.send(()).unwrap();
        let slot = sink(writer);
        let worker = Worker::start(
            "bytes",
            MessageType::Image,
            extract,
            slot,
            notify,
            &Shutdown::default(),
        );
        Self {
            worker: worker.unwrap(),
            features,
            entered,
            go_on,
            notified,
        }
    }

    fn put(&self, bytes: &[u8]) {
        self.worker.slot().put(Message {
            bytes: Arc::new(bytes.to_vec()),
            received: Stamp::from_ros(1000, 0),
        });
    }

    /// Puts a message in and lets it be read to its end.
    fn through(&self, bytes: &[u8]) {
        self.put(bytes);
        self.enter();
        self.go_on.send(()).unwrap();
    }

    /// Waits until a message is being read.
    fn enter(&self) -> u8 {
        self.entered.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits for a feature: its stamp in seconds, whether it is present, and its number.
    fn feature(&mut self) -> (i32, bool, f32) {
        self.notified.recv_timeout(PATIENCE).unwrap();
        let feature = self.features.read();
        (feature.stamp.to_ros().0, feature.present, feature.values[0])
    }
}

#[test]
fn a_feature_carries_the_stamp_of_its_message_or_else_when_it_was_received() {
    let mut bench = Bench::new();
    for (bytes, stamp) in [(&[7, 5][..], 5), (&[7, 0], 1000), (&[7], 1000)] {
        bench.through(bytes);
        assert_eq!(bench.feature(), (stamp, true, 7.0), "{bytes:?}");
    }
    assert_eq!(
        bench.worker.stats().snapshot().stamp,
        Some(Stamp::from_ros(1000, 0))
    );
}

#[test]
fn an_absent_feature_is_published_as_such() {
    let mut bench = Bench::new();
    bench.through(&[0, 5]);
    let (stamp, present, _) = bench.feature();
    assert_eq!((stamp, present), (5, false));
}

#[test]
fn bad_messages_are_counted_and_the_worker_lives() {
    let mut bench = Bench::new();
    bench.through(&[1, 5]);
    assert_eq!(bench.feature(), (5, true, 1.0));
    for bad in [255, 254] {
        bench.through(&[bad, 6]);
    }
    bench.put(&[2, 7]);
    assert_eq!(bench.enter(), 2);
    let seen = bench.worker.stats().snapshot();
    assert_eq!((seen.received, seen.encoded, seen.dropped), (3, 1, 2));
    assert!(seen.last_error.unwrap().contains("panicked"));
    assert_eq!(
        bench.features.read().values.as_slice(),
        [1.0],
        "the good one stands"
    );
    bench.go_on.send(()).unwrap();
    assert_eq!(bench.feature(), (7, true, 2.0));
    let seen = bench.worker.stats().snapshot();
    assert_eq!((seen.received, seen.encoded, seen.dropped), (4, 2, 2));
    assert_eq!(seen.last_error, None);
    assert!(seen.encode_p99_ms >= seen.encode_p50_ms && seen.encode_p50_ms > 0.0);
}

#[test]
fn what_came_while_one_was_encoded_is_superseded_by_the_newest() {
    let mut bench = Bench::new();
    bench.put(&[1]);
    assert_eq!(bench.enter(), 1);
    for byte in 2..=9 {
        bench.put(&[byte]);
    }
    bench.go_on.send(()).unwrap();
    assert_eq!(bench.enter(), 9);
    bench.go_on.send(()).unwrap();
    assert!(bench.feature().1);
    assert_eq!(bench.feature(), (1000, true, 9.0));
    assert_eq!(bench.worker.slot().superseded(), 7);
}

#[test]
fn stopping_waits_for_the_thread() {
    let bench = Bench::new();
    let slot = bench.worker.slot().clone();
    bench.worker.stop();
    assert_eq!(std::sync::Arc::strong_count(&slot), 1, "the thread is gone");
}

#[test]
fn the_instruction_in_use_is_known_until_a_blank_one() {
    struct Said;
    impl Extract for Said {
        fn extract(
            &mut self,
            _: MessageType,
            message: &Message,
            _: &mut [f32],
        ) -> Result<Extraction, MessageError> {
            Ok(Extraction {
                stamp: None,
                present: !message::text(&message.bytes)?.trim().is_empty(),
                relevant: true,
                behind_ns: 0,
            })
        }
    }
    let (notify, notified) = mpsc::channel();
    let (writer, _features) = feature_slot(1);
    let notify = move || notify.send(()).unwrap();
    let slot = sink(writer);
    let worker = Worker::start(
        "said",
        MessageType::String,
        Said,
        slot,
        notify,
        &Shutdown::default(),
    )
    .unwrap();
    for (text, in_use) in [("open it", Some("open it")), (" \u{3000}", None)] {
        worker.slot().put(Message {
            bytes: Arc::new(message::encode_text(text)),
            received: Stamp::default(),
        });
        notified.recv_timeout(PATIENCE).unwrap();
        assert_eq!(worker.stats().sentence().as_deref(), in_use);
    }
}
