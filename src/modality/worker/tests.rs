use std::sync::mpsc::{self, Receiver, Sender};

use super::*;
use crate::encoder::Extraction;
use crate::fusion::Projection;
use crate::message::{self, MessageType};
use crate::modality::{
    Fault, FeatureBuilder, FeatureReader, FeatureSink, FeatureWriter, History, Projector,
    Unchanged, Validity, feature_slot,
};
use crate::time::Stamp;
use crate::trace::Recorder;

/// Ample for a thread to get its turn; nothing waits this long where all is well.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of one number, which stays as it is.
fn sink(slot: FeatureWriter) -> FeatureSink {
    let builder = FeatureBuilder::new(History::new(1, 1), Projector::new(Projection::identity(1)));
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
            received_behind_ns: 0,
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
        Self::of(Validity::WhileFresh)
    }

    fn of(validity: Validity) -> Self {
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
            Encoding::new(MessageType::Image, validity, extract).with_max_frozen_s(2.0),
            slot,
            notify,
            Recorder::unheard(),
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
        self.put_unchanged(bytes, Unchanged::default());
    }

    fn put_unchanged(&self, bytes: &[u8], unchanged: Unchanged) {
        self.worker.slot().put(Message {
            bytes: Arc::new(bytes.to_vec()),
            received: Stamp::from_ros(1000, 0),
            unchanged,
            epoch: Default::default(),
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
fn in_simulated_time_a_message_came_no_earlier_than_its_stamp() {
    struct Ahead;

    impl Extract for Ahead {
        fn extract(
            &mut self,
            _: MessageType,
            message: &Message,
            _: &mut [f32],
        ) -> Result<Extraction, MessageError> {
            let stamp = Stamp::from_nanos(message.received.nanos() + 50);
            Ok(Extraction {
                stamp: Some(stamp),
                present: true,
                ..Extraction::absent()
            })
        }
    }

    for (simulated, behind_ns) in [(false, 50), (true, 0)] {
        let encoding = Encoding::new(MessageType::Image, Validity::WhileFresh, Ahead);
        let mut encoding = encoding.in_simulated_time(simulated);
        let message = Message {
            bytes: Arc::default(),
            received: Stamp::from_nanos(1000),
            unchanged: Unchanged::default(),
            epoch: Default::default(),
        };
        let encoded = encoding.encode(&message, &mut [0.0]).unwrap().unwrap();
        assert_eq!(encoded.stamp.nanos() - encoded.received.nanos(), behind_ns);
    }
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
    let encode = seen.stages.encode;
    assert!(encode.max_ms >= encode.p50_ms && encode.p50_ms > 0.0);
}

#[test]
fn where_a_value_holds_until_the_next_message_a_bad_one_ends_it() {
    let mut bench = Bench::of(Validity::UntilNext);
    bench.through(&[1, 5]);
    assert_eq!(bench.feature(), (5, true, 1.0));
    for (count, bad) in [(1, 255), (2, 254)] {
        bench.through(&[bad, 6]);
        let (stamp, present, _) = bench.feature();
        assert_eq!((stamp, present), (1000, false), "when it was received");
        let seen = bench.worker.stats().snapshot();
        assert_eq!(
            (seen.received, seen.encoded, seen.dropped),
            (1 + count, 1, count)
        );
        assert!(seen.last_error.is_some());
    }
    bench.through(&[2, 7]);
    assert_eq!(bench.feature(), (7, true, 2.0));
    assert_eq!(bench.worker.stats().snapshot().last_error, None);
}

#[test]
fn what_came_while_one_was_encoded_is_superseded_by_the_newest() {
    let mut bench = Bench::new();
    bench.put(&[1]);
    assert_eq!(bench.enter(), 1);
    assert!(bench.worker.stats().snapshot().busy_s.is_some());
    for byte in 2..=9 {
        bench.put(&[byte]);
    }
    bench.go_on.send(()).unwrap();
    assert_eq!(bench.enter(), 9);
    bench.go_on.send(()).unwrap();
    assert!(bench.feature().1);
    assert_eq!(bench.feature(), (1000, true, 9.0));
    assert_eq!(bench.worker.stats().snapshot().busy_s, None);
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
fn the_instruction_in_use_is_known_until_a_blank_or_malformed_one() {
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
                received_behind_ns: 0,
            })
        }
    }
    let (notify, notified) = mpsc::channel();
    let (writer, _features) = feature_slot(1);
    let notify = move || notify.send(()).unwrap();
    let slot = sink(writer);
    let worker = Worker::start(
        "said",
        Encoding::new(MessageType::String, Validity::UntilNext, Said),
        slot,
        notify,
        Recorder::unheard(),
        &Shutdown::default(),
    )
    .unwrap();
    let said = |bytes: Vec<u8>| {
        worker.slot().put(Message {
            bytes: Arc::new(bytes),
            received: Stamp::default(),
            unchanged: Unchanged::default(),
            epoch: Default::default(),
        });
        notified.recv_timeout(PATIENCE).unwrap();
        worker.stats().sentence()
    };
    let open = || message::encode_text("open it");
    assert_eq!(said(open()).as_deref(), Some("open it"));
    assert_eq!(said(message::encode_text(" \u{3000}")), None);
    assert_eq!(said(open()).as_deref(), Some("open it"));
    let mut malformed = open();
    malformed[9] = 0xff;
    assert_eq!(said(malformed), None);
}

#[test]
fn a_feature_says_when_it_came_where_that_counts() {
    for (validity, received) in [
        (Validity::WhileFresh, Stamp::from_ros(1000, 0)),
        (Validity::UntilNext, Stamp::default()),
    ] {
        let mut bench = Bench::of(validity);
        bench.through(&[7, 5]);
        assert_eq!(bench.feature(), (5, true, 7.0));
        assert_eq!(bench.features.read().received, received);
    }
}

#[test]
fn a_picture_that_has_been_the_same_for_too_long_is_at_fault() {
    // By arrival, and where arrival does not count, as in lockstep, by stamps.
    for (validity, stamp) in [(Validity::WhileFresh, 5), (Validity::UntilNext, 9)] {
        for (since_s, is_at_fault) in [(2, false), (3, true)] {
            let mut bench = Bench::of(validity);
            let unchanged = Unchanged {
                repeats: 9,
                received: Stamp::from_ros(1000 - since_s, 0),
                stamp: Stamp::from_ros(9 - since_s, 0),
            };
            bench.put_unchanged(&[7, stamp], unchanged);
            bench.enter();
            bench.go_on.send(()).unwrap();
            assert!(bench.feature().1, "it is there");
            let fault = bench.features.read().fault;
            let for_s = f64::from(since_s);
            let expected = Fault::Frozen { for_s, max_s: 2.0 };
            assert_eq!(fault, is_at_fault.then_some(expected), "{validity:?}");
        }
    }
}

#[test]
fn a_feature_far_from_the_training_data_is_told_and_at_fault_beyond_its_limit() {
    let projection = Projection::identity(1).with_usual_distance(4.0);
    let projector = Projector::new(projection).with_max_distance(2.0);
    let builder = FeatureBuilder::new(History::new(1, 1), projector);
    let (writer, mut features) = feature_slot(1);
    let mut sink = FeatureSink::new(builder, writer);
    let message = Message {
        bytes: Arc::default(),
        received: Stamp::default(),
        unchanged: Unchanged::default(),
        epoch: Default::default(),
    };
    let mut deliver = |value: f32, present, fault| {
        sink.room()[0] = value;
        let encoded = Encoded {
            stamp: Stamp::from_ros(1, 0),
            received: Stamp::default(),
            epoch: Default::default(),
            present,
            behind_ns: 0,
            fault,
            refusal: None,
        };
        let times = sink.deliver(&encoded, &message);
        (times, features.read().fault)
    };
    assert_eq!(deliver(-8.0, true, None), (Some(2.0), None));
    let far = Fault::Distant {
        times: 2.5,
        max_times: 2.0,
    };
    assert_eq!(deliver(10.0, true, None), (Some(2.5), Some(far)));
    let frozen = Fault::Frozen {
        for_s: 3.0,
        max_s: 2.0,
    };
    assert_eq!(deliver(10.0, true, Some(frozen)), (Some(2.5), Some(frozen)));
    assert_eq!(deliver(10.0, false, None), (None, None));
    assert_eq!(deliver(4.0, true, None), (Some(1.0), None));
}
