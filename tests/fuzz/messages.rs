//! Messages, on their way to a feature: what joins the joints of several messages, takes over features that were made
//! elsewhere, and brings pictures to a size.

use std::cell::RefCell;
use std::path::Path;
use std::sync::OnceLock;

use late_fusion::encoder::{FeatureExtractor, Thumbnail};
use late_fusion::message::{ImageEncoding, MessageError, MessageType, cdr::Writer};
use late_fusion::spec::{ModalitySpec, Weights};
use late_fusion::time::Stamp;

use crate::MB;
use crate::memory::bounded;
use crate::mutate::{Edit, spoil, try_out};

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::fs::read(folder.join(format!("{name}.cdr"))).unwrap()
}

/// A modality, the type of its messages, and the golden ones.
const DOORS: [(&str, MessageType, [&str; 2]); 4] = [
    (
        "{name: a, kind: vector, names: [hand_z, hand_x, hand_y], width: 3}",
        MessageType::JointState,
        ["joint_state", "joint_state.be"],
    ),
    (
        "{name: a, kind: vector, names: [x, y, z, w], width: 4}",
        MessageType::Float32MultiArray,
        ["float32_multi_array", "float32_multi_array.be"],
    ),
    (
        "{name: a, kind: vector, names: [x, y, z], width: 3}",
        MessageType::Float64MultiArray,
        ["float64_multi_array", "float64_multi_array.be"],
    ),
    (
        "{name: a, kind: feature, width: 3, encoder: late_fusion/1/image/6ff7eab7/3/00112233445566778899aabbccddeeff}",
        MessageType::PointCloud2,
        ["feature", "feature.be"],
    ),
];

struct Door {
    extractor: RefCell<FeatureExtractor>,
    message: MessageType,
    samples: [Vec<u8>; 2],
}

fn doors() -> Vec<Door> {
    let doors = DOORS.iter();
    doors
        .map(|(spec, message, names)| {
            let spec: ModalitySpec = serde_yaml::from_str(spec).unwrap();
            let extractor = FeatureExtractor::without_encoder(&spec, &Weights::default());
            Door {
                extractor: RefCell::new(extractor),
                message: *message,
                samples: names.map(golden),
            }
        })
        .collect()
}

/// Reads one message and says whether it gave a feature.
fn extract(door: &Door, bytes: &[u8], received: i64) -> Result<bool, MessageError> {
    let mut extractor = door.extractor.borrow_mut();
    let mut feature = vec![0.0; extractor.width()];
    bounded(64 << 10, || {
        let received = Stamp::from_nanos(received);
        let found = extractor.extract_received(door.message, bytes, received, &mut feature)?;
        let finite = feature.iter().all(|number: &f32| number.is_finite());
        assert!(finite, "{feature:?} came of it");
        Ok(found.present)
    })
}

#[test]
fn what_is_spoilt_here_gave_features() {
    for door in doors() {
        for (i, bytes) in door.samples.iter().enumerate() {
            let found = extract(&door, bytes, 1);
            assert!(found.is_ok_and(|present| present), "{:?} {i}", door.message);
        }
    }
    assert!((0..5).all(|which| look(&picture(which))));
}

#[test]
fn no_numbers_panic_or_are_not_finite() {
    let doors = doors();
    try_out(20_000, |which, edits| {
        let door = &doors[usize::from(which) % doors.len()];
        // Several messages, each spoilt in one place: what one leaves behind is met by the next.
        for edit in edits {
            let whole = door.samples[usize::from(edit.0 / 128)].clone();
            let _ = extract(door, &spoil(whole, &[*edit]), edit.2 as i64);
        }
        if which >= 250 {
            door.extractor.borrow_mut().forget();
        }
    });
}

const ENCODINGS: [ImageEncoding; 5] = [
    ImageEncoding::Rgb8,
    ImageEncoding::Bgr8,
    ImageEncoding::Mono8,
    ImageEncoding::Rgba8,
    ImageEncoding::Bgra8,
];

/// A picture of 6 by 4 pixels, with a little space behind each row.
fn picture(which: u8) -> Vec<u8> {
    let encoding = ENCODINGS[usize::from(which) % ENCODINGS.len()];
    let step = 6 * encoding.channels() + 2;
    let mut writer = Writer::new();
    writer.header(Stamp::from_nanos(1), "camera");
    writer.u32(4);
    writer.u32(6);
    writer.string(encoding.ros_name());
    writer.u8(0);
    writer.u32(step as u32);
    writer.length(4 * step);
    for i in 0..4 * step {
        writer.u8((i * i) as u8);
    }
    writer.finish()
}

fn look(bytes: &[u8]) -> bool {
    bounded(MB, || Thumbnail::of(MessageType::Image, bytes, 32).is_ok())
}

#[test]
fn no_image_panics_or_costs_memory() {
    static PICTURES: OnceLock<[Vec<u8>; 5]> = OnceLock::new();
    let pictures = PICTURES.get_or_init(|| [0, 1, 2, 3, 4].map(picture));
    try_out(10_000, |which, edits: &[Edit]| {
        look(&spoil(pictures[usize::from(which) % 5].clone(), edits));
    });
}
