//! Every encoding against the conversion that OpenCV and NumPy make; `tests/golden/images.py` says how.

use std::path::Path;

use serde::Deserialize;

use super::*;
use crate::encoder::decode::Decoder;
use crate::message::CompressedImageView;

/// A picture, and red, green and blue of its pixels.
#[derive(Deserialize)]
struct Golden {
    name: String,
    r#type: String,
    message: String,
    rgb: String,
}

fn golden() -> Vec<Golden> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/images.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    base64::decode(text).unwrap()
}

/// Red, green and blue of each pixel.
fn rgb(picture: Picture<'_>) -> Vec<u8> {
    let places = picture.pixel.rgb_places();
    let row = picture.width * picture.pixel.bytes();
    let rows = picture.data.chunks(picture.step).take(picture.height);
    let pixels = rows.flat_map(|bytes| bytes[..row].chunks_exact(picture.pixel.bytes()));
    pixels
        .flat_map(|pixel| places.map(|at| pixel[at]))
        .collect()
}

/// What is seen of a message, with its width.
fn see(message_type: &str, message: &[u8], wanted: Subject) -> Result<(usize, Vec<u8>), String> {
    let (mut converter, mut decoder) = (Converter::default(), Decoder::default());
    let picture = match message_type {
        "Image" => converter.convert(&ImageView::parse(message).unwrap(), wanted),
        _ => {
            let view = CompressedImageView::parse(message).unwrap();
            decoder.decode(view.format, view.data, wanted)
        }
    };
    let picture = picture.map_err(|why| why.to_string())?;
    Ok((picture.width, rgb(picture)))
}

/// The largest difference between two pictures, at the edge and away from it.
fn differences(a: &[u8], b: &[u8], width: usize) -> (u8, u8) {
    assert_eq!(a.len(), b.len());
    let height = a.len() / 3 / width;
    let (mut at_edge, mut inside) = (0, 0);
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let (x, y) = (i / 3 % width, i / 3 / width);
        let is_inside = (1..width - 1).contains(&x) && (1..height - 1).contains(&y);
        let worst = if is_inside { &mut inside } else { &mut at_edge };
        *worst = a.abs_diff(*b).max(*worst);
    }
    (at_edge, inside)
}

fn is_depth(name: &str) -> bool {
    ["16UC1", "32FC1", "depth"]
        .iter()
        .any(|start| name.starts_with(start))
}

#[test]
fn every_encoding_gives_the_colours_of_opencv() {
    let golden = golden();
    for encoding in ImageEncoding::ros_names() {
        let found = golden
            .iter()
            .any(|golden| golden.name.starts_with(encoding));
        assert!(found, "{encoding} is not compared");
    }
    let mut wrong = Vec::new();
    for golden in golden {
        let name = &golden.name;
        let wanted = match is_depth(name) {
            true => Subject::Depth(DepthRange::up_to(4.0)),
            false => Subject::Colour,
        };
        let (width, seen) = see(&golden.r#type, &bytes(&golden.message), wanted)
            .unwrap_or_else(|why| panic!("{name}: {why}"));
        let (at_edge, inside) = differences(&seen, &bytes(&golden.rgb), width);
        // At its edge OpenCV repeats what is inside. Two decoders of jpegs may round each of three components differently.
        let (edge_allowed, allowed) = match name {
            _ if name.starts_with("bayer") => (255, 2),
            _ if name.contains("jpeg") => (3, 3),
            _ => (1, 1),
        };
        if at_edge > edge_allowed || inside > allowed {
            wrong.push(format!("{name}: {at_edge} at the edge, {inside} inside"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn depth_and_colour_are_taken_only_where_they_are_wanted() {
    let range = DepthRange::up_to(4.0);
    for golden in golden() {
        let message = bytes(&golden.message);
        let [colour, depth, any] = [Subject::Colour, Subject::Depth(range), Subject::Any(range)]
            .map(|wanted| see(&golden.r#type, &message, wanted));
        assert!(any.is_ok(), "{}", golden.name);
        let (taken, refused, part) = match is_depth(&golden.name) {
            true => (depth, colour, "{max_m: 4.0}"),
            false => (colour, depth, "16UC1 and 32FC1"),
        };
        assert!(taken.is_ok(), "{}", golden.name);
        if golden.name.starts_with("depth of which nothing") {
            continue;
        }
        let refused = refused.expect_err(&golden.name);
        assert!(refused.contains(part), "{}: {refused}", golden.name);
    }
}

#[test]
fn pictures_of_one_size_take_the_memory_of_the_first() {
    let mut converter = Converter::default();
    let golden = golden();
    let is_converted = |golden: &&Golden| golden.name.starts_with("bayer_rggb16, 12");
    let message = bytes(&golden.iter().find(is_converted).unwrap().message);
    let view = ImageView::parse(&message).unwrap();
    let mut place = || {
        let picture = converter.convert(&view, Subject::Colour).unwrap();
        picture.data.as_ptr()
    };
    assert_eq!(place(), place());
}

#[test]
fn eight_bits_stay_in_the_message() {
    let mut converter = Converter::default();
    for golden in golden() {
        let eight = ["rgb8", "bgr8", "mono8", "rgba8", "bgra8", "8UC"];
        if eight.iter().any(|start| golden.name.starts_with(start)) {
            let message = bytes(&golden.message);
            let view = ImageView::parse(&message).unwrap();
            let picture = converter.convert(&view, Subject::Colour).unwrap();
            assert!(std::ptr::eq(picture.data, view.data), "{}", golden.name);
        }
    }
}

#[test]
fn packed_depth_that_lies_is_refused() {
    let packed = |name: &str| {
        let golden = golden();
        let found = golden.iter().find(|golden| golden.name.starts_with(name));
        let message = bytes(&found.unwrap().message);
        CompressedImageView::parse(&message).unwrap().data.to_vec()
    };
    let (millimetres, metres) = (
        packed("depth, 16UC1; compressedDepth png"),
        packed("depth in metres"),
    );
    let nan = f32::NAN.to_le_bytes();
    let without_scale = [&metres[..4], &nan, &metres[8..]].concat();
    let colour = packed("png, 12 x 8");
    let rvl = packed("depth, 16UC1; compressedDepth rvl");
    let narrower = [&rvl[..12], &[11], &rvl[13..]].concat();
    for (format, data, part) in [
        ("16UC1; compressedDepth png", &millimetres[..11], "11 bytes"),
        (
            "16UC1; compressedDepth zip",
            &[0; 40],
            "a png behind 12 bytes",
        ),
        ("16UC1; compressedDepth rvl", &[0; 15], "no size"),
        ("16UC1; compressedDepth rvl", &[9; 40], "64 megapixels"),
        (
            "16UC1; compressedDepth rvl",
            &rvl[..rvl.len() - 4],
            "of 96 pixels",
        ),
        (
            "16UC1; compressedDepth rvl",
            &narrower,
            "of 88 is of another length",
        ),
        ("rgb8; compressedDepth png", &millimetres, "16UC1 and 32FC1"),
        ("32FC1; compressedDepth png", &without_scale, "finite"),
        (
            "16UC1; compressedDepth png",
            &[&[0; 12], &colour[..]].concat(),
            "one channel of 16 bits",
        ),
        (
            "16UC1; compressedDepth png",
            &millimetres[..millimetres.len() - 20],
            "damaged",
        ),
    ] {
        let mut decoder = Decoder::default();
        let wanted = Subject::Depth(DepthRange::up_to(4.0));
        let why = decoder
            .decode(format, data, wanted)
            .err()
            .unwrap()
            .to_string();
        assert!(why.contains(part), "{format}: {why}");
    }
}
