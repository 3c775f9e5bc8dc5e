//! Training with encoders: one code path for training and running, and features that are computed once.

use std::fs;

use late_fusion::bag::Reader;
use late_fusion::encoder::{FeatureExtractor, Runtime, SessionOptions};
use late_fusion::message::MessageType;
use late_fusion::policy::Policy;
use late_fusion::spec::Weights;
use late_fusion::time::Stamp;
use late_fusion::train::{dataset, train};

use super::support::*;

/// Three episodes in each of two bags, with a camera, a sentence and joints.
pub fn workshop() -> Workshop {
    assert!(
        std::env::var_os("LATE_FUSION_ONNXRUNTIME").is_some(),
        "this test needs the environment variable LATE_FUSION_ONNXRUNTIME, the path of libonnxruntime.so: \
         run `source scripts/env.bash` first"
    );
    let modalities = format!(
        "\nmodalities:{}{}\n  - {{name: place, topic: joint_states, kind: vector, names: [x, y]}}\naction:",
        camera(),
        instruction("\n    projection: 4")
    );
    let (before, rest) = POINT.split_once("\nmodalities:").unwrap();
    let (_, after) = rest.split_once("\naction:").unwrap();
    let file = format!("{before}{modalities}{after}").replace("epochs: 60", "epochs: 2");
    let workshop = Workshop::new(&file);
    for (bag, sentence) in [
        ("a.mcap", "open the drawer"),
        ("b.mcap", "close the drawer"),
    ] {
        let mut recorder = Recorder::new(&workshop.bag(bag));
        for episode in 0..3 {
            recorder.say(sentence);
            recorder.mark("start");
            for step in 0..12u8 {
                let stamp = recorder.now();
                let image = picture(stamp, 40 * episode + step);
                recorder.write("/camera", MessageType::Image, &image);
                recorder.place(stamp, [f64::from(step), 0.0]);
                recorder.label(stamp, [0.01 * f64::from(step), f64::from(episode) - 1.0]);
                recorder.wait(25);
            }
            recorder.mark("success");
            // Between episodes nobody needs a picture.
            let idle = picture(recorder.now(), 250);
            for _ in 0..5 {
                recorder.write("/camera", MessageType::Image, &idle);
            }
        }
        recorder.finish();
    }
    workshop
}

/// A picture in which every number differs from its neighbours.
fn picture(stamp: Stamp, shade: u8) -> Vec<u8> {
    let numbers = 0..3 * CAMERA[0] * CAMERA[1];
    rgb8(
        stamp,
        CAMERA,
        numbers.map(|i| (i * 7 + usize::from(shade) * 31) as u8),
    )
}

#[test]
fn training_learns_from_the_features_that_the_node_computes() {
    let workshop = workshop();
    let data = dataset(&workshop.options).unwrap();
    assert_eq!(data.len(), 72);
    train(&workshop.options).unwrap();
    let policy = Policy::load(&workshop.options.out).unwrap();
    let runtime = Runtime::load(None).unwrap();
    let (folder, options) = (policy.folder(), SessionOptions::default());
    let modalities = &policy.spec().modalities;
    let mut extractors =
        FeatureExtractor::load_all(modalities, folder, &Weights::default(), &runtime, |_| {
            options.clone()
        })
        .unwrap();
    let topics = [
        ("/camera", MessageType::Image),
        ("/instruction", MessageType::String),
        ("/joint_states", MessageType::JointState),
    ];
    let mut newest: Vec<Vec<f32>> = modalities.iter().map(|m| vec![0.0; m.width]).collect();
    let samples: Vec<u32> = (0..72).collect();
    let mut trained: Vec<_> = (0..3).map(|i| data.features_of(i, &samples)).collect();
    for bag in ["a.mcap", "b.mcap"] {
        for record in Reader::open(&workshop.bag(bag)).unwrap().records() {
            if let Some(i) = topics.iter().position(|(name, _)| *name == &*record.topic) {
                let (_, message) = topics[i];
                let extracted = extractors[i].extract(message, &record.bytes, &mut newest[i]);
                assert!(extracted.unwrap().present);
            } else if &*record.topic == "/expert_action" {
                for (i, (run, trained)) in newest.iter().zip(&mut trained).enumerate() {
                    let trained = trained.next().unwrap().unwrap();
                    let bits = |values: &[f32]| -> Vec<u32> {
                        // What encoders made is kept in half precision.
                        let kept = |v: &f32| match i {
                            0 | 1 => half::f16::from_f32(*v).to_f32(),
                            _ => *v,
                        };
                        values.iter().map(|v| kept(v).to_bits()).collect()
                    };
                    assert_eq!(bits(run), bits(&trained));
                }
            }
        }
    }
    assert!(trained.iter_mut().all(|rows| rows.next().is_none()));
}

#[test]
fn what_is_encoded_is_encoded_once_and_a_damaged_cache_is_healed() {
    let mut workshop = workshop();
    workshop.options.force = true;
    let weights = |workshop: &Workshop| {
        let report = train(&workshop.options).unwrap();
        let weights = fs::read(workshop.options.out.join("weights.safetensors")).unwrap();
        (weights, report.pictures.encoded, report.pictures.cached)
    };
    // Each of the two bags has 3 episodes of 12 pictures, and one picture before each episode but the first.
    let (first, encoded, cached) = weights(&workshop);
    assert_eq!((encoded, cached), (76, 0));
    let (second, encoded, cached) = weights(&workshop);
    assert_eq!((encoded, cached), (0, 76));
    assert!(first == second, "from the cache comes the same policy");

    let files = kept_features(&workshop.options.cache);
    assert_eq!(files.len(), 4, "pictures and sentences of two bags");
    for (path, pictures) in [(&files[0], (38, 38)), (&files[3], (0, 76))] {
        let whole = fs::read(path).unwrap();
        let mut damaged = whole.clone();
        damaged[whole.len() / 2] ^= 1;
        for damage in [&whole[..whole.len() / 3], &damaged, b""] {
            fs::write(path, damage).unwrap();
            let (healed, encoded, cached) = weights(&workshop);
            assert_eq!((encoded, cached), pictures);
            assert!(first == healed, "the same policy");
            assert!(fs::read(path).unwrap() == whole, "the file is whole again");
        }
    }
    assert_eq!(kept_features(&workshop.options.cache), files);
}

#[test]
fn the_policy_finds_its_encoders_from_its_own_folder() {
    let workshop = workshop();
    train(&workshop.options).unwrap();
    let yaml = fs::read_to_string(workshop.options.out.join("policy.yaml")).unwrap();
    assert!(!yaml.contains("model: /"), "{yaml}");
    assert_names(&yaml, &["image_u8_nhwc.onnx", "tokenizer.json"]);
    let spec = Policy::load(&workshop.options.out).unwrap().spec().clone();
    assert_eq!(spec.modalities[0].width, 96);
    assert_eq!(spec.modalities[1].projection, Some(4));
}
