//! Pictures of every encoding and layout lead to the same feature, and broken ones to an error that names what is wrong.

use std::io::Cursor;

use late_fusion::encoder::{FeatureExtractor, RgbPicture};
use late_fusion::message::MessageType;

use crate::support::*;

/// An encoder of 32 × 24 pixels.
fn small() -> FeatureExtractor {
    extractor(image_source(image_encoder("map mean")))
}

fn raw(extractor: &mut FeatureExtractor, message: &[u8]) -> Vec<f32> {
    feature(extractor, MessageType::Image, message).unwrap().0
}

fn png(width: usize, height: usize, data: &[u8], color: image::ExtendedColorType) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let (width, height) = (width as u32, height as u32);
    image::write_buffer_with_format(
        &mut file,
        data,
        width,
        height,
        color,
        image::ImageFormat::Png,
    )
    .unwrap();
    file.into_inner()
}

fn refused(extractor: &mut FeatureExtractor, message: &[u8], parts: &[&str]) {
    let error = feature(extractor, MessageType::CompressedImage, message).unwrap_err();
    assert_names(&error.to_string(), parts);
}

/// The scene with each pixel rearranged.
fn rearranged<const N: usize>(
    width: usize,
    height: usize,
    arrange: impl Fn([u8; 3]) -> [u8; N],
) -> Vec<u8> {
    let scene = scene(width, height);
    let pixels = scene.chunks_exact(3);
    pixels.flat_map(|p| arrange([p[0], p[1], p[2]])).collect()
}

#[test]
fn the_same_message_gives_the_same_bits_and_so_does_its_lossless_png() {
    let mut extractor = small();
    for (width, height) in [(32, 24), (640, 480), (100, 75), (20, 200)] {
        let first = raw(&mut extractor, &scene_message(width, height));
        assert_eq!(raw(&mut extractor, &scene_message(width, height)), first);
        let file = png(
            width,
            height,
            &scene(width, height),
            image::ExtendedColorType::Rgb8,
        );
        let message = compressed("png", &file);
        let decoded = feature(&mut extractor, MessageType::CompressedImage, &message).unwrap();
        assert_eq!(decoded.0, first, "{width} × {height}");
    }
}

#[test]
fn the_order_of_colours_an_opacity_and_further_bits_change_nothing() {
    let mut extractor = small();
    for (width, height) in [(32, 24), (160, 120)] {
        let expected = raw(&mut extractor, &scene_message(width, height));
        let bgr = rearranged(width, height, |[r, g, b]| [b, g, r]);
        let rgba = rearranged(width, height, |[r, g, b]| [r, g, b, 9]);
        let bgra = rearranged(width, height, |[r, g, b]| [b, g, r, 255]);
        let wide = rearranged(width, height, |[r, g, b]| [r, r, g, g, b, b]);
        let file = png(width, height, &wide, image::ExtendedColorType::Rgb16);
        let message = compressed("rgb16; png compressed bgr16", &file);
        let decoded = feature(&mut extractor, MessageType::CompressedImage, &message).unwrap();
        assert_eq!(decoded.0, expected, "png of 16 bits");
        for (encoding, channels, data) in [
            ("bgr8", 3, bgr),
            ("rgba8", 4, rgba),
            ("bgra8", 4, bgra),
            ("rgb16", 6, wide),
        ] {
            let message = image(width, height, channels * width, encoding, &data);
            assert_eq!(raw(&mut extractor, &message), expected, "{encoding}");
        }
    }
}

#[test]
fn grey_is_equal_parts_of_all_colours() {
    let mut extractor = small();
    let grey = rearranged(80, 60, |[r, _, _]| [r]);
    let coloured = rearranged(80, 60, |[r, _, _]| [r, r, r]);
    let expected = raw(&mut extractor, &image(80, 60, 240, "rgb8", &coloured));
    assert_eq!(
        raw(&mut extractor, &image(80, 60, 80, "mono8", &grey)),
        expected
    );
    let with_opacity = rearranged(80, 60, |[r, _, _]| [r, 77]);
    for (data, color) in [
        (&grey, image::ExtendedColorType::L8),
        (&with_opacity, image::ExtendedColorType::La8),
    ] {
        let message = compressed("png", &png(80, 60, data, color));
        let decoded = feature(&mut extractor, MessageType::CompressedImage, &message).unwrap();
        assert_eq!(decoded.0, expected, "{color:?}");
    }
}

#[test]
fn padding_behind_rows_is_never_seen() {
    let mut extractor = small();
    for (width, height) in [(32, 24), (50, 40)] {
        let row = 3 * width;
        let expected = raw(&mut extractor, &scene_message(width, height));
        // Three bytes are a whole pixel, four are not.
        for padding in [3, 4] {
            let padded: Vec<u8> = scene(width, height)
                .chunks_exact(row)
                .flat_map(|row| [row, &[200, 0, 255, 90][..padding]].concat())
                .collect();
            let message = image(width, height, row + padding, "rgb8", &padded);
            assert_eq!(raw(&mut extractor, &message), expected, "{padding} bytes");
        }
    }
}

#[test]
fn a_jpeg_that_is_cut_off_is_an_error_and_not_a_grey_half() {
    let mut extractor = small();
    let jpeg = std::fs::read(root().join("tests/golden/scene_640x480.jpg")).unwrap();
    for length in [
        jpeg.len() / 8,
        jpeg.len() / 2,
        jpeg.len() * 9 / 10,
        jpeg.len() - 2,
    ] {
        refused(
            &mut extractor,
            &compressed("jpeg", &jpeg[..length]),
            &["data", "jpeg", "damaged"],
        );
    }
    assert!(
        feature(
            &mut extractor,
            MessageType::CompressedImage,
            &compressed("jpeg", &jpeg)
        )
        .is_ok()
    );
}

#[test]
fn a_png_that_is_cut_off_or_changed_is_an_error() {
    let mut extractor = small();
    let whole = png(40, 30, &scene(40, 30), image::ExtendedColorType::Rgb8);
    refused(
        &mut extractor,
        &compressed("png", &whole[..whole.len() / 2]),
        &["data", "png", "damaged"],
    );
    for cut in 8..whole.len() {
        refused(
            &mut extractor,
            &compressed("png", &whole[..cut]),
            &["data", "png", "damaged"],
        );
    }
    for at in 8..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        let message = compressed("png", &changed);
        assert!(
            feature(&mut extractor, MessageType::CompressedImage, &message).is_err(),
            "byte {at} is another"
        );
    }
    let longer = [&whole[..], b"more"].concat();
    let message = compressed("png", &longer);
    assert!(feature(&mut extractor, MessageType::CompressedImage, &message).is_ok());
}

#[test]
fn a_file_of_another_kind_is_named_by_its_first_bytes_and_its_format() {
    let mut extractor = small();
    refused(
        &mut extractor,
        &compressed("webp", b"RIFF...."),
        &["\"webp\"", "52, 49, 46, 46", "jpeg"],
    );
    refused(
        &mut extractor,
        &compressed("jpeg", b""),
        &["0 bytes", "\"jpeg\""],
    );
}

#[test]
fn a_header_of_100_megapixels_is_refused_before_anything_is_allocated() {
    let mut extractor = small();
    // The sizes are written into the headers of small files.
    let mut jpeg = std::fs::read(root().join("tests/golden/scene_640x480.jpg")).unwrap();
    let frame = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    refused(
        &mut extractor,
        &compressed("jpeg", &jpeg),
        &["jpeg of 10000 × 10000", "64 megapixels"],
    );
    let mut file = png(4, 4, &[0; 48], image::ExtendedColorType::Rgb8);
    file[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    let checksum = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&checksum.to_be_bytes());
    refused(
        &mut extractor,
        &compressed("png", &file),
        &["png of 10000 × 10000", "64 megapixels"],
    );
}

/// The checksum of a png's chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1))
        })
    })
}

#[test]
fn a_feature_that_is_not_finite_is_an_error() {
    let mut spec = image_encoder("map mean");
    spec.model = "tests/models/image_log.onnx".into();
    spec.sha256 = late_fusion::encoder::sha256_of(&root().join(&spec.model)).unwrap();
    spec.output = "log".into();
    spec.pooling = late_fusion::spec::Pooling::None;
    (spec.input.width, spec.input.height) = (8, 8);
    (spec.input.mean, spec.input.std) = ([0.0; 3], [1.0; 3]);
    let mut extractor = extractor(image_source(spec));
    let white = image(8, 8, 24, "rgb8", &[255; 192]);
    assert_eq!(raw(&mut extractor, &white), [0.0; 3]);
    let black = image(8, 8, 24, "rgb8", &[0; 192]);
    let error = feature(&mut extractor, MessageType::Image, &black).unwrap_err();
    assert_names(
        &error.to_string(),
        &["number 0 of the feature", "-inf", "finite"],
    );
}

#[test]
fn a_picture_without_contrast_is_absent_where_contrast_is_asked_for() {
    let grey = |byte: u8, other: u8| {
        let mut data = vec![byte; 640 * 480 * 3];
        // Not in the first rows: those alone decide nothing.
        data[640 * 400 * 3..].fill(other);
        image(640, 480, 640 * 3, "rgb8", &data)
    };
    let present = |extractor: &mut FeatureExtractor, message: &[u8]| {
        let read = feature(extractor, MessageType::Image, message);
        read.unwrap().1.present
    };
    let mut any = small();
    assert!(present(&mut any, &grey(0, 0)));
    let mut asking = small().with_min_contrast(0.03);
    assert!(!present(&mut asking, &grey(0, 0)));
    assert!(!present(&mut asking, &grey(250, 255)));
    assert!(present(&mut asking, &grey(0, 8)));
    assert!(present(&mut asking, &scene_message(640, 480)));
    let black = png(32, 24, &[0; 32 * 24 * 4], image::ExtendedColorType::Rgba8);
    let read = feature(
        &mut asking,
        MessageType::CompressedImage,
        &compressed("png", &black),
    );
    assert!(!read.unwrap().1.present);
}

#[test]
fn a_finger_on_the_lens_is_no_contrast_nor_are_hot_pixels() {
    let picture = |width: usize, height: usize, pixel: &dyn Fn(usize) -> [u8; 3]| {
        let data: Vec<u8> = (0..width * height).flat_map(pixel).collect();
        image(width, height, 3 * width, "rgb8", &data)
    };
    // At the encoder's own size, where nothing is smoothed, and at another.
    for (width, height) in [(32, 24), (160, 120)] {
        let pixels = width * height;
        let mut asking = small().with_min_contrast(0.03);
        let mut present = |pixel: &dyn Fn(usize) -> [u8; 3]| {
            let message = picture(width, height, pixel);
            let read = feature(&mut asking, MessageType::Image, &message);
            read.unwrap().1.present
        };
        assert!(!present(&|_| [190, 40, 25]), "a red finger");
        assert!(
            !present(&|i| [190 + (i % 5) as u8, 40, 25]),
            "with a little noise"
        );
        let spots = |spot: u8, other: u8| {
            move |i: usize| match i % (pixels / 2) {
                7 => [spot; 3],
                _ => [other; 3],
            }
        };
        assert!(!present(&spots(255, 3)), "a dark one with hot pixels");
        assert!(!present(&spots(0, 250)), "a bright one with dead pixels");
        assert!(
            present(&|i| [190, 40, (i * 30 / pixels) as u8]),
            "one channel shows something"
        );
        assert!(present(&|i| [if i * 10 < pixels { 90 } else { 30 }; 3]));
        assert!(present(&|i| [if i * 10 > pixels * 9 { 90 } else { 30 }; 3]));
    }
}

#[test]
fn a_picture_that_is_kept_is_what_the_encoder_was_given() {
    for (name, width, height) in [("map mean", 32, 24), ("u8 nhwc", 48, 32)] {
        let encoder = image_encoder(name);
        let input = encoder.input.clone();
        let mut keeping = extractor(image_source(encoder)).keeping_pictures();
        let expected = raw(&mut keeping, &scene_message(width, height));
        let kept = keeping.picture().unwrap().clone();
        assert_eq!((kept.width, kept.height), (width, height));
        assert_eq!(kept.data, scene(width, height), "{name}");
        let bgr = rearranged(width, height, |[r, g, b]| [b, g, r]);
        raw(&mut keeping, &image(width, height, 3 * width, "bgr8", &bgr));
        assert_eq!(keeping.picture(), Some(&kept), "{name}");

        // Of another size, it is what it was made into.
        let large = raw(&mut keeping, &scene_message(160, 120));
        let resized = keeping.picture().unwrap().clone();
        let of_input =
            RgbPicture::of_input(MessageType::Image, &scene_message(160, 120), &input).unwrap();
        assert_eq!(of_input, resized, "{name}");
        let mut feature = vec![0.0; keeping.width()];
        for (picture, expected) in [(&resized, &large), (&kept, &expected)] {
            keeping.extract_picture(picture, &mut feature).unwrap();
            assert_eq!(&feature, expected, "{name}");
        }
        assert_ne!(large, expected, "{name}");
        for data in [vec![], vec![0; 3 * width * height - 1]] {
            let broken = RgbPicture {
                data,
                ..kept.clone()
            };
            let refused = keeping.extract_picture(&broken, &mut feature).unwrap_err();
            assert_names(&refused.to_string(), &["three bytes for each pixel"]);
        }
    }
    let mut forgetting = small();
    raw(&mut forgetting, &scene_message(32, 24));
    assert_eq!(forgetting.picture(), None);
}
