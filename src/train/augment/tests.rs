//! Every alteration against OpenCV and NumPy (`tests/golden/augment.py` says how), what is drawn, and what is refused.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::occlusion::Occlusion;
use super::tone::Tone;
use super::warp::Move;
use super::*;
use crate::encoder::RgbPicture;

const WIDTH: usize = 40;
const HEIGHT: usize = 28;

/// A copy as OpenCV and NumPy make it.
#[derive(Deserialize)]
struct Golden {
    name: String,
    drawn: Map<String, Json>,
    rgb: String,
}

fn golden() -> Vec<Golden> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/augment.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn picture(golden: &Golden) -> RgbPicture {
    RgbPicture {
        width: WIDTH,
        height: HEIGHT,
        data: base64::decode(&golden.rgb).unwrap(),
    }
}

fn value<T: serde::de::DeserializeOwned>(json: &Json) -> T {
    serde_json::from_value(json.clone()).unwrap()
}

/// The alteration that a golden file names.
fn alteration(drawn: &Map<String, Json>) -> Alteration {
    let mut found = Alteration::NONE;
    for (key, json) in drawn {
        let Alteration {
            moved,
            occlusion,
            blur,
            tone,
            ..
        } = &mut found;
        match key.as_str() {
            "zoom" => moved.zoom = value(json),
            "shift" => moved.shift = value(json),
            "rotation_deg" => moved.rotation_deg = value(json),
            "corners" => moved.corners = value(json),
            "from" => occlusion.from = value(json),
            "size" => occlusion.size = value(json),
            "colour" => occlusion.colour = value(json),
            "blur" => *blur = value(json),
            "gamma" => tone.gamma = value(json),
            "brightness" => tone.brightness = value(json),
            "white_balance" => tone.white_balance = value(json),
            "saturation" => tone.saturation = value(json),
            "contrast" => tone.contrast = value(json),
            other => panic!("{other} is not altered"),
        }
    }
    found
}

#[test]
fn every_alteration_is_that_of_opencv() {
    let golden = golden();
    let original = picture(&golden[0]);
    let mut wrong = Vec::new();
    for expected in &golden {
        let copy = alteration(&expected.drawn).apply(&original);
        let expected_copy = picture(expected);
        let pairs = copy.data.iter().zip(&expected_copy.data);
        let off: Vec<u8> = pairs.map(|(a, b)| a.abs_diff(*b)).collect();
        let mean = off.iter().map(|b| f64::from(*b)).sum::<f64>() / off.len() as f64;
        let most = *off.iter().max().unwrap();
        // A Gaussian has no end: where it is cut off is up to whoever blurs, and decides most where there is little of it.
        let (most_allowed, mean_allowed) = match expected.drawn.contains_key("blur") {
            true => (8, 0.6),
            false => (1, 0.02),
        };
        println!("{}: {most} at most, {mean:.4} on average", expected.name);
        if most > most_allowed || mean > mean_allowed {
            wrong.push(&expected.name);
        }
        assert!(
            expected.name == "as it is" || expected_copy != original,
            "{} does something",
            expected.name
        );
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn augment(text: &str) -> Augment {
    Augment::read(serde_yaml::from_str(text).unwrap()).unwrap()
}

fn source(text: &str) -> SourceSpec {
    let input = "name: p, width: 8, height: 8";
    let encoder = "model: m, sha256: '', output: o";
    let text = format!("{{kind: image, encoder: {{{encoder}, input: {{{input}{text}}}}}}}");
    serde_yaml::from_str(&text).unwrap()
}

const WIDE: &str = "{copies: 3, zoom: [0.5, 2], shift: [-0.5, 0.5], rotation_deg: [-180, 180], perspective: [0, 0.2], \
     occlusion: [0, 0.9], blur: [0, 0.1], gamma: [0.2, 5], brightness: [0.1, 10], white_balance: [0.1, 10], \
     saturation: [0, 10], contrast: [0.1, 10], noise: [0, 0.5]}";

const NEUTRAL: &str = "zoom: [1, 1], shift: [0, 0], rotation_deg: [0, 0], perspective: [0, 0], occlusion: [0, 0], blur: [0, 0], \
     gamma: [1, 1], brightness: [1, 1], white_balance: [1, 1], saturation: [1, 1], contrast: [1, 1], noise: [0, 0]";

#[test]
fn ranges_that_alter_nothing_give_the_very_picture() {
    let original = picture(&golden()[0]);
    let one = format!("{{copies: 1, {NEUTRAL}, modalities: {{other: {{zoom: [2, 2]}}}}}}");
    let one = augment(&one);
    assert_eq!(
        one.of("scene", &source("")),
        None,
        "copies would be for nothing"
    );
    let ranges = one.ranges.clone();
    let neutral = Augmentation {
        ranges,
        ..Augmentation::default()
    };
    for drawn in neutral.of_message("bag", "camera", 1).take(20) {
        assert_eq!(drawn.apply(&original), original);
        assert_eq!(drawn.in_words(), Vec::<String>::new());
    }
    // Each step on its own, as well: what does nothing must not round either.
    let mut copy = original.clone();
    Tone::NONE.apply(&mut copy, 0);
    assert_eq!(copy, original);
    let warp = super::warp::Warp::new(&Move::NONE, WIDTH, HEIGHT);
    assert_eq!(warp.apply(&original), original);
}

#[test]
fn noise_has_the_asked_deviation_and_no_mean() {
    let grey = RgbPicture {
        width: 200,
        height: 200,
        data: vec![128; 3 * 200 * 200],
    };
    let mut alteration = Alteration::NONE;
    for noise in [0.01, 0.06] {
        alteration.tone.noise = noise;
        let copy = alteration.apply(&grey);
        let off = copy.data.iter().map(|byte| f64::from(*byte) - 128.0);
        let count = copy.data.len() as f64;
        let mean = off.clone().sum::<f64>() / count;
        let variance = off.map(|off| off * off).sum::<f64>() / count;
        // Rounding adds a twelfth.
        let expected = (255.0 * noise).powi(2) + 1.0 / 12.0;
        assert!(mean.abs() < 4.0 * (variance / count).sqrt(), "{mean}");
        assert!(
            (variance / expected - 1.0).abs() < 0.03,
            "{variance} for {expected}"
        );
        let apart = |step: usize| {
            let pairs = copy.data.iter().zip(&copy.data[step..]);
            let product = |(a, b): (&u8, &u8)| (f64::from(*a) - 128.0) * (f64::from(*b) - 128.0);
            pairs.map(product).sum::<f64>() / count / variance
        };
        for step in [1, 3, 600] {
            assert!(apart(step).abs() < 0.02, "numbers {step} apart go together");
        }
        alteration.noise_seed += 1;
        assert_ne!(alteration.apply(&grey), copy, "another seed");
    }
}

#[test]
fn a_message_has_the_same_copies_every_time_and_another_one_others() {
    let wide = augment(WIDE).of("scene", &source("")).unwrap();
    let copies = |recording: &str, topic: &str, number| -> Vec<Alteration> {
        let copies = wide.of_message(recording, topic, number);
        copies.take(3).collect()
    };
    let first = copies("bag", "camera", 7);
    assert_eq!(first, copies("bag", "camera", 7));
    let others = [
        copies("bag", "camera", 8),
        copies("bag", "wrist", 7),
        copies("another", "camera", 7),
    ];
    for other in &others {
        for copy in &first {
            assert!(!other.contains(copy));
        }
    }
    assert_ne!(first[0], first[1]);
}

#[test]
fn what_is_drawn_fills_its_range_and_is_told() {
    let golden = golden();
    let original = picture(&golden[0]);
    let one = augment("{copies: 1, brightness: [0.5, 1.5], shift: [-0.25, 0.125]}");
    let one = one.of("scene", &source("")).unwrap();
    let drawn: Vec<Alteration> = one.of_message("bag", "camera", 1).take(300).collect();
    let ends = |number: fn(&Alteration) -> f64| {
        let numbers = || drawn.iter().map(number);
        (
            numbers().fold(9.0, f64::min),
            numbers().fold(-9.0, f64::max),
        )
    };
    let near = |(a, b): (f64, f64), (least, most): (f64, f64)| {
        (least..least + 0.05).contains(&a) && (most - 0.05..=most).contains(&b)
    };
    assert!(near(ends(|a| a.tone.brightness), (0.5, 1.5)));
    assert!(near(ends(|a| a.moved.shift[0]), (-0.25, 0.125)));
    assert!(near(ends(|a| a.moved.shift[1]), (-0.25, 0.125)));
    assert!(drawn.iter().all(|a| a.tone.white_balance == [1.0; 3]));
    let words: Vec<Vec<String>> = drawn.iter().map(Alteration::in_words).collect();
    assert!(words.iter().all(|words| words[0].starts_with("shift ")));
    let both = words.iter().find(|words| words.len() == 2).unwrap();
    assert!(both[1].starts_with("brightness × "), "{both:?}");
    // The widest ranges, and pictures of which little is left.
    let wide = augment(WIDE).of("scene", &source("")).unwrap();
    for (width, height) in [(WIDTH, HEIGHT), (1, 1), (2, 7)] {
        let small = RgbPicture {
            width,
            height,
            data: original.data[..3 * width * height].to_vec(),
        };
        for copy in wide.of_message("bag", "camera", 2).take(50) {
            let copy = copy.apply(&small);
            assert_eq!(copy.data.len(), small.data.len());
        }
    }
}

#[test]
fn half_of_the_copies_are_only_moved_and_the_others_look_each_in_their_own_way() {
    let all = |text: &str| -> Vec<Alteration> {
        let one = augment(text).of("scene", &source("")).unwrap();
        one.of_message("bag", "camera", 1).take(1000).collect()
    };
    let part = |of: &[Alteration], is: fn(&Alteration) -> bool| {
        of.iter().filter(|copy| is(copy)).count() as f64 / of.len() as f64
    };
    let wide = all(WIDE);
    assert!(wide.iter().all(|copy| copy.moved != Move::NONE));
    let is_clean = |copy: &Alteration| copy.in_words().len() <= 4;
    let clean = part(&wide, is_clean);
    assert!((0.45..0.55).contains(&clean), "{clean}");
    for (look, is_altered) in [
        ("blur", (|copy| copy.blur > 0.0) as fn(&Alteration) -> bool),
        ("noise", |copy| copy.tone.noise > 0.0),
        ("gamma", |copy| copy.tone.gamma != 1.0),
        ("occlusion", |copy| !copy.occlusion.is_none()),
    ] {
        let altered = part(&wide, is_altered);
        assert!((0.22..0.34).contains(&altered), "{look}: {altered}");
    }
    // Where nothing moves, no copy is its picture.
    for text in [
        "{copies: 1, blur: [0.01, 0.1]}",
        "{copies: 1, blur: [0.01, 0.1], noise: [0.1, 0.2]}",
    ] {
        assert!(
            all(text).iter().all(|copy| !copy.in_words().is_empty()),
            "{text}"
        );
    }
}

#[test]
fn distances_are_moved_and_hidden_and_have_no_colours() {
    let depth = source(", depth: {max_m: 4.0}");
    let one = augment(WIDE).of("scene", &depth).unwrap();
    for drawn in one.of_message("bag", "camera", 1).take(20) {
        assert_eq!((drawn.tone, drawn.blur), (Tone::NONE, 0.0));
        assert_ne!(drawn.moved, Move::NONE);
        let Occlusion { colour, .. } = drawn.occlusion;
        assert!(colour[0] == colour[1] && colour[1] == colour[2]);
    }
    let coloured = augment("{copies: 2, brightness: [0.5, 1.5]}");
    assert_eq!(coloured.of("scene", &depth), None);
}

#[test]
fn a_modality_may_have_ranges_of_its_own() {
    let both = augment(
        "{copies: 2, shift: [0.1, 0.1], zoom: [2, 2], modalities: {wrist: {shift: [0, 0]}}}",
    );
    let moved = |name: &str| {
        let one = both.of(name, &source("")).unwrap();
        one.of_message("bag", "camera", 1).next().unwrap().moved
    };
    let (scene, wrist) = (moved("scene"), moved("wrist"));
    assert_eq!((scene.shift, scene.zoom), ([0.1; 2], 2.0));
    assert_eq!((wrist.shift, wrist.zoom), ([0.0; 2], 2.0));
    let words: SourceSpec = serde_yaml::from_str("{kind: vector, names: [a]}").unwrap();
    assert_eq!(both.of("joints", &words), None);
}

/// All that is said of a training's `augment`.
fn refusal(text: &str) -> String {
    let value = serde_yaml::from_str(text).unwrap();
    Augment::read(value).unwrap_err().to_string()
}

#[test]
fn everything_that_is_not_allowed_is_named_at_once() {
    let text = "{copies: 33, brightness: [1.4, 0.7], contrast: [-1, 1], gamma: 0.8, zoom: [0, 1], occlusion: [0, 1], \
                noise: [], blur: [0, big], perspective: [0.0, 0.25], rotation_deg: [.nan, 3], shfit: [0, 0.1], \
                saturation: , modalities: {wrist: {shift: [0, 0.6], copies: 3}, elbow: [0, 1]}}";
    let said = refusal(text);
    for part in [
        "training.augment.copies is 33; 1 to 32 are allowed",
        "training.augment.brightness is [1.4, 0.7]; a range begins with its smaller end: [0.7, 1.4]",
        "training.augment.contrast is [-1, 1]; 0.1 to 10 is allowed (factor)",
        "training.augment.gamma is 0.8; the two ends of a range are needed, [0.8, 1.25] for example",
        "training.augment.zoom is [0, 1]; 0.5 to 2 is allowed",
        "training.augment.occlusion is [0, 1]; 0 to 0.9 is allowed (part of the side)",
        "training.augment.noise is []; the two ends of a range",
        "training.augment.blur is [0, big]; the two ends of a range",
        "training.augment.perspective is [0.0, 0.25]; 0 to 0.2 is allowed",
        "training.augment.rotation_deg is [.nan, 3]; -180 to 180 is allowed (degrees)",
        "training.augment: the key `shfit` is unknown",
        "did you mean `shift`?",
        "training.augment.saturation is empty; the two ends",
        "training.augment.modalities.wrist.shift is [0, 0.6]; -0.5 to 0.5",
        "training.augment.modalities.wrist: the key `copies` is unknown",
        "training.augment.modalities.elbow is [0, 1]; ranges are needed",
    ] {
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
    for (text, part) in [
        ("{copies: 2}", "training.augment alters nothing"),
        (&format!("{{copies: 2, {NEUTRAL}}}"), "alters nothing"),
        ("{shift: [0, 0.1]}", "the key `copies` is missing; 1 to 32"),
        ("{copies: 0, shift: [0, 0.1]}", "copies is 0; 1 to 32"),
        ("{copies: 1.5, shift: [0, 0.1]}", "copies is 1.5; 1 to 32"),
        ("true", "training.augment is true; it is as in {copies: 2"),
        ("{copies: 1, modalities: 3}", "modalities is 3; it is as in"),
    ] {
        let said = refusal(text);
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
}

#[test]
fn what_does_not_fit_the_modalities_is_named() {
    let camera = |name: &str, depth: &str, history: usize| ModalitySpec {
        name: name.into(),
        history,
        source: source(depth),
        ..serde_yaml::from_str("{name: x, width: 1, kind: vector, names: [a]}").unwrap()
    };
    let said = |text: &str, modalities: &[ModalitySpec]| {
        let mut errors = ConfigErrors::new();
        augment(text).check(modalities, &mut errors);
        errors.or(()).map_err(|errors| errors.to_string())
    };
    let all = [
        camera("scene", "", 1),
        camera("depth", ", depth: {max_m: 4}", 1),
    ];
    assert_eq!(said(WIDE, &all), Ok(()));
    let text = "{copies: 1, shift: [0, 0.1], modalities: {depth: {noise: [0, 0.1]}, wrist: {zoom: [1, 2]}}}";
    let refused = said(text, &all).unwrap_err();
    for part in [
        "training.augment.modalities.depth.noise is for colors",
        "training.augment.modalities.wrist: there is no modality of pictures of this name; there are: scene, depth",
    ] {
        assert!(refused.contains(part), "{part}\nis not in\n{refused}");
    }
    let refused = said(WIDE, &[camera("scene", "", 2)]).unwrap_err();
    assert!(
        refused.contains("modality scene has a history of 2"),
        "{refused}"
    );
    let coloured = "{copies: 1, noise: [0, 0.1]}";
    let refused = said(coloured, &all[1..]).unwrap_err();
    assert!(refused.contains("pictures of no modality"), "{refused}");
}

#[test]
fn the_key_of_before_is_refused_with_what_to_write_instead() {
    let mut errors = ConfigErrors::new();
    let training = "random_shift: {copies: 4, max_fraction: 0.1}";
    refuse_random_shift(&serde_yaml::from_str(training).unwrap(), &mut errors);
    let said = errors.to_string();
    let part = "write augment: {copies: 4, shift: [-0.1, 0.1]}";
    assert!(said.contains(part), "{said}");
}
