//! Compressed pictures, as a camera driver or a hostile program sends them.

use std::path::Path;
use std::sync::OnceLock;

use image::{ExtendedColorType, ImageEncoder};
use late_fusion::encoder::Thumbnail;
use late_fusion::message::{CompressedImageView, MAX_MEGAPIXELS, MessageType, cdr::Writer};
use late_fusion::time::Stamp;

use crate::MB;
use crate::cdr::images;
use crate::memory::bounded;
use crate::mutate::{Edit, spoil, try_out};

/// A picture of every kind that is read.
fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/scene_640x480.jpg");
        let pixels: Vec<u8> = (0..4 * 24 * 16).map(|i: u32| (i * i % 251) as u8).collect();
        let mut pictures = vec![std::fs::read(golden).unwrap()];
        for (kind, channels) in [
            (ExtendedColorType::L8, 1),
            (ExtendedColorType::La8, 2),
            (ExtendedColorType::Rgb8, 3),
            (ExtendedColorType::Rgba8, 4),
        ] {
            let pixels = &pixels[..channels * 24 * 16];
            let mut png = Vec::new();
            let encoder = image::codecs::png::PngEncoder::new(&mut png);
            encoder.write_image(pixels, 24, 16, kind).unwrap();
            pictures.push(png);
            if channels % 2 == 1 {
                let mut jpeg = Vec::new();
                let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 80);
                encoder.encode(pixels, 24, 16, kind).unwrap();
                pictures.push(jpeg);
            }
        }
        for message in images("CompressedImage") {
            let view = CompressedImageView::parse(&message).unwrap();
            pictures.push(view.data.to_vec());
        }
        pictures
    })
}

/// A png's chunks with their checksums made right again, so that what is spoilt inside is met.
fn with_checksums(mut png: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let end = at.saturating_add(8).saturating_add(length);
        let Some(content) = png.get(at + 4..end) else {
            break;
        };
        let crc = crc32fast::hash(content).to_be_bytes();
        if let Some(place) = png.get_mut(end..end + 4) {
            place.copy_from_slice(&crc);
        }
        at = end + 4;
    }
    png
}

fn message(picture: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.header(Stamp::from_nanos(1), "camera");
    // What is packed how, and with what before it, is said by the name alone.
    let is_file = |at: usize, start: &[u8]| picture.get(at..).is_some_and(|p| p.starts_with(start));
    let has_scale = picture.get(4..8).is_some_and(|scale| scale != [0; 4]);
    writer.string(match (is_file(12, b"\x89PNG"), has_scale) {
        _ if is_file(0, b"\xff\xd8") || is_file(0, b"\x89PNG") => "jpeg",
        (true, true) => "32FC1; compressedDepth png",
        (true, false) => "16UC1; compressedDepth png",
        (false, true) => "32FC1; compressedDepth rvl",
        (false, false) => "16UC1; compressedDepth rvl",
    });
    writer.length(picture.len());
    for byte in picture {
        writer.u8(*byte);
    }
    writer.finish()
}

fn look(picture: &[u8]) -> bool {
    let bytes = message(picture);
    // The largest picture that is allowed, in four channels of 16 bits, as it is decoded.
    let bound = MAX_MEGAPIXELS as usize * 8_000_000 + 64 * MB;
    bounded(bound, || {
        Thumbnail::of(MessageType::CompressedImage, &bytes, 32).is_ok()
    })
}

fn spoilt(which: u8, edits: &[Edit]) -> Vec<u8> {
    let samples = samples();
    let picture = spoil(samples[usize::from(which) % samples.len()].clone(), edits);
    match picture.starts_with(b"\x89PNG") {
        true => with_checksums(picture),
        false => picture,
    }
}

#[test]
fn what_is_spoilt_here_was_a_picture() {
    assert!(samples().iter().all(|picture| look(picture)));
    let png = samples()
        .iter()
        .find(|picture| picture.starts_with(b"\x89PNG"));
    assert_eq!(&with_checksums(png.unwrap().clone()), png.unwrap());
}

#[test]
fn a_header_that_claims_too_much_costs_nothing() {
    let mut jpeg = samples()[0].clone();
    let frame = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    let mut png = samples()
        .iter()
        .find(|picture| picture.starts_with(b"\x89PNG"))
        .unwrap()
        .clone();
    png[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    for picture in [jpeg, with_checksums(png)] {
        let bytes = message(&picture);
        let look = || Thumbnail::of(MessageType::CompressedImage, &bytes, 32);
        let refused = bounded(MB, look).unwrap_err().to_string();
        assert!(refused.contains("10000 × 10000 pixels"), "{refused}");
    }
}

#[test]
fn no_picture_panics_or_costs_more_memory_than_the_largest_allowed() {
    try_out(2_000, |which, edits| {
        look(&spoilt(which, edits));
    });
}

#[test]
fn no_picture_of_a_camera_panics_or_costs_much_more_memory_than_itself() {
    let samples = images("Image");
    try_out(5_000, |which, edits| {
        let bytes = spoil(samples[usize::from(which) % samples.len()].clone(), edits);
        bounded(8 * MB, || {
            let _ = Thumbnail::of(MessageType::Image, &bytes, 8);
        });
    });
}
