//! Altered copies of pictures: they are kept beside their pictures, learned from, shown in the report, and what is learned
//! from them holds under other light.

use std::fs;

use late_fusion::message::MessageType;
use late_fusion::policy::Policy;
use late_fusion::time::Stamp;
use late_fusion::train::{dataset, train};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::encoders::workshop;
use super::support::*;

/// A light disc on a dark ground, its middle at a part of each side, under light of this colour.
fn disc(stamp: Stamp, place: [f64; 2], light: [f64; 3]) -> Vec<u8> {
    let [width, height] = CAMERA;
    let pixel = |i: usize| {
        let (column, row) = (i % width, i / width);
        let across = column as f64 - place[0] * width as f64;
        let down = row as f64 - place[1] * height as f64;
        let far = across.hypot(down) / 7.0;
        let shade = (-far * far).exp();
        let colour = [
            50.0 + 120.0 * shade,
            60.0 + 60.0 * shade,
            80.0 - 20.0 * shade,
        ];
        [0, 1, 2].map(|i| (colour[i] * light[i]) as u8)
    };
    rgb8(stamp, CAMERA, (0..width * height).flat_map(pixel))
}

const DAYLIGHT: [f64; 3] = [1.0; 3];

/// Trains to tell where the disc is, and gives the mean error under daylight and under each other light.
fn errors_under(lights: &[[f64; 3]], augment: &str) -> (f64, Vec<f64>) {
    let scene = format!("\nmodalities:{}\naction:", camera());
    let (before, rest) = POINT.split_once("\nmodalities:").unwrap();
    let (_, after) = rest.split_once("\naction:").unwrap();
    let file = format!("{before}{scene}{after}").replace("seed: 1", &format!("seed: 1{augment}"));
    let workshop = Workshop::new(&file);
    let mut random = StdRng::seed_from_u64(5);
    let mut somewhere = || [0; 2].map(|_| random.random_range(0.2..0.8));
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    for _ in 0..10 {
        recorder.mark("start");
        for _ in 0..20 {
            let (stamp, place) = (recorder.now(), somewhere());
            let picture = disc(stamp, place, DAYLIGHT);
            recorder.write("/camera", MessageType::Image, &picture);
            recorder.label(stamp, place);
            recorder.wait(25);
        }
        recorder.mark("success");
    }
    recorder.finish();
    train(&workshop.options).unwrap();

    let mut policy = Policy::load(&workshop.options.out).unwrap();
    let mut eye = extractor_of(&workshop.options.out, 0);
    let places: Vec<[f64; 2]> = (0..60).map(|_| somewhere()).collect();
    let mut mean_error = |light: [f64; 3]| {
        let mut sum = 0.0;
        for place in &places {
            let picture = disc(Stamp::from_nanos(1), *place, light);
            let (mut feature, mut action) = (vec![0.0; eye.width()], [0.0; 2]);
            eye.extract(MessageType::Image, &picture, &mut feature)
                .unwrap();
            policy.act(&[Some(&feature)], &[0.0], &mut action);
            sum += (action[0] - place[0]).hypot(action[1] - place[1]);
        }
        sum / places.len() as f64
    };
    let others = lights.iter().map(|light| mean_error(*light)).collect();
    (mean_error(DAYLIGHT), others)
}

#[test]
fn a_policy_that_learned_from_altered_copies_holds_under_other_light() {
    let lights = [[1.4; 3], [0.6; 3], [1.0, 0.85, 0.7], [0.7, 0.9, 1.2]];
    let (plain, plain_moved) = errors_under(&lights, "");
    let augment = ", augment: {copies: 6, brightness: [0.5, 1.5], white_balance: [0.6, 1.3]}";
    let (augmented, augmented_moved) = errors_under(&lights, augment);
    println!("{plain:.4} {plain_moved:.4?}, augmented {augmented:.4} {augmented_moved:.4?}");
    assert!(
        plain < 0.05 && augmented < 0.05,
        "both tell where it is by daylight"
    );
    for ((light, plain), augmented) in lights.iter().zip(plain_moved).zip(augmented_moved) {
        assert!(
            2.0 * augmented < plain,
            "{light:?}: {augmented} and {plain}"
        );
    }
}

/// The workshop with this in its training.
fn with(workshop: &Workshop, augment: &str) {
    let text = fs::read_to_string(&workshop.options.file).unwrap();
    let text = text.replace("seed: 1", &format!("seed: 1, {augment}"));
    fs::write(&workshop.options.file, text).unwrap();
}

#[test]
fn altered_copies_follow_every_picture_and_are_kept_with_it() {
    let mut workshop = workshop();
    let plain = dataset(&workshop.options).unwrap();
    let learned_from_plain = train(&workshop.options).unwrap().epochs;
    with(
        &workshop,
        "augment: {copies: 3, shift: [-0.1, 0.1], noise: [0.01, 0.1]}",
    );
    let first = dataset(&workshop.options).unwrap();
    assert_eq!(first, dataset(&workshop.options).unwrap(), "from the cache");
    workshop.options.cache = workshop.path("another cache");
    assert_eq!(first, dataset(&workshop.options).unwrap(), "made again");
    let [pictures, ..] = &first.features[..] else {
        panic!("no pictures")
    };
    assert_eq!(pictures.len(), 4 * plain.features[0].len());
    let mut seen = 0;
    for (row, of_plain) in first.rows[0].iter().zip(&plain.rows[0]) {
        let row = *row as usize;
        let taken = plain.features[0].row(*of_plain as usize).unwrap();
        let pictures = |row| pictures.row(row).unwrap();
        assert_eq!(pictures(row), taken, "samples use what the camera took");
        let copies = (1..4).map(|copy| pictures(row + copy));
        seen += copies.filter(|copy| *copy != taken).count();
    }
    assert_eq!(seen, 3 * first.len(), "every copy differs from its picture");
    assert_eq!(
        first.features[1..],
        plain.features[1..],
        "only pictures have copies"
    );
    workshop.options.force = true;
    let report = train(&workshop.options).unwrap();
    assert_ne!(
        report.epochs, learned_from_plain,
        "copies are learned from as well"
    );
}

#[test]
fn the_report_shows_a_picture_and_its_copies_with_what_was_drawn() {
    let workshop = workshop();
    with(
        &workshop,
        "augment: {copies: 2, zoom: [1.1, 1.5], white_balance: [0.8, 1.2]}",
    );
    train(&workshop.options).unwrap();
    let page = fs::read_to_string(workshop.options.out.join("report.html")).unwrap();
    let (_, sheet) = page.split_once("<h2>Altered copies</h2>").unwrap();
    let (sheet, _) = sheet.split_once("<h2>").unwrap();
    assert_names(
        sheet,
        &[
            "<h3>scene</h3>",
            "as recorded",
            "zoom × 1.",
            "white balance × ",
        ],
    );
    assert_eq!(
        sheet.matches("another picture").count(),
        3,
        "of five copies"
    );
    let jpegs: Vec<image::DynamicImage> = sheet
        .split("data:image/jpeg;base64,")
        .skip(1)
        .map(|rest| {
            let jpeg = base64::decode(rest.split_once('"').unwrap().0).unwrap();
            image::load_from_memory(&jpeg).unwrap()
        })
        .collect();
    assert_eq!(jpegs.len(), 6);
    let size = (CAMERA[0] as u32, CAMERA[1] as u32);
    assert!(
        jpegs
            .iter()
            .all(|jpeg| (jpeg.width(), jpeg.height()) == size)
    );
    assert!(jpegs[1..].iter().all(|copy| *copy != jpegs[0]));
    let json = fs::read_to_string(workshop.options.out.join("report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let augment = &json["training"]["augment"];
    assert_eq!(
        (&augment["copies"], &augment["zoom"][1]),
        (&2.into(), &1.5.into())
    );
}

#[test]
fn what_cannot_be_augmented_is_refused_with_everything_else_that_is_wrong() {
    let workshop = workshop();
    let text = fs::read_to_string(&workshop.options.file).unwrap();
    let text = text.replace("kind: image", "kind: image\n    history: 2");
    fs::write(&workshop.options.file, &text).unwrap();
    with(
        &workshop,
        "augment: {copies: 1, zoom: [1, 1.2], modalities: {place: {shift: [0, 0]}}}",
    );
    assert_names(
        &workshop.refusal(),
        &[
            "modality scene has a history of 2",
            "training.augment.modalities.place: there is no modality of pictures",
        ],
    );
    fs::write(
        &workshop.options.file,
        text.replace("epochs: 2", "epochs: 0"),
    )
    .unwrap();
    with(
        &workshop,
        "random_shift: {copies: 3, max_fraction: 0.1}, augment: {copies: 0, blur: [0, 1]}",
    );
    assert_names(
        &workshop.refusal(),
        &[
            "training.random_shift is now training.augment; write augment: {copies: 3, shift: [-0.1, 0.1]}",
            "training.augment.copies is 0; 1 to 32",
            "training.augment.blur is [0, 1]; 0 to 0.1",
            "training.epochs is 0",
        ],
    );
}
