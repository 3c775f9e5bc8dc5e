//! A jpeg that is not whole is refused, in whatever way it was written, and a whole one never is.

use late_fusion::encoder::FeatureExtractor;
use late_fusion::message::MessageType;

use crate::support::*;

/// The jpegs that `tests/encoders/jpegs/make.py` made, of the same picture.
const WAYS: [&str; 9] = [
    "baseline",
    "baseline_full",
    "baseline_restarts",
    "baseline_optimised",
    "progressive",
    "progressive_full",
    "progressive_restarts",
    "grey",
    "grey_progressive",
];

const END: &[u8] = &[0xff, 0xd9];

fn jpeg(way: &str) -> Vec<u8> {
    std::fs::read(root().join(format!("tests/encoders/jpegs/{way}.jpg"))).unwrap()
}

fn eye() -> FeatureExtractor {
    extractor(image_source(image_encoder("map mean")))
}

/// The feature of a jpeg, or what is wrong with it.
fn see(eye: &mut FeatureExtractor, jpeg: &[u8]) -> Result<Vec<f32>, String> {
    let message = compressed("jpeg", jpeg);
    let seen = feature(eye, MessageType::CompressedImage, &message);
    seen.map(|(feature, _)| feature).map_err(|e| e.to_string())
}

/// Where the data of the first scan begins.
fn data(jpeg: &[u8]) -> usize {
    let scan = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xda])
        .unwrap();
    scan + 2 + usize::from(u16::from_be_bytes([jpeg[scan + 2], jpeg[scan + 3]]))
}

#[test]
fn a_whole_jpeg_is_seen_whatever_follows_it() {
    let mut eye = eye();
    for way in WAYS {
        let whole = jpeg(way);
        let seen = see(&mut eye, &whole).unwrap_or_else(|why| panic!("{way}: {why}"));
        for behind in [&[0; 3][..], b"\xff\xd8\xff\xe0 another one", &[0xff; 5]] {
            let longer = [&whole, behind].concat();
            assert_eq!(see(&mut eye, &longer).as_ref(), Ok(&seen), "{way}");
        }
        // Bytes that fill up before a marker are allowed.
        let filled = [&whole[..whole.len() - 2], &[0xff; 3], END].concat();
        assert_eq!(see(&mut eye, &filled).as_ref(), Ok(&seen), "{way}");
    }
}

#[test]
fn a_jpeg_that_is_cut_anywhere_is_refused_even_with_an_end_marker() {
    let mut eye = eye();
    for way in WAYS {
        let whole = jpeg(way);
        let data = data(&whole);
        for cut in data..whole.len() - 2 {
            for end in [&[][..], END] {
                let broken = [&whole[..cut], end].concat();
                let refusal = see(&mut eye, &broken).expect_err(&format!("{way} cut at {cut}"));
                assert_names(&refusal, &["data", "jpeg", "damaged"]);
            }
        }
        let middle = [&whole[..data + (whole.len() - data) * 6 / 10], END].concat();
        let refusal = see(&mut eye, &middle).unwrap_err();
        assert_names(&refusal, &["the data of scan", "ends after", "blocks"]);
    }
}

#[test]
fn a_jpeg_that_lost_a_part_of_its_middle_is_refused() {
    let mut eye = eye();
    for way in WAYS {
        let whole = jpeg(way);
        let data = data(&whole);
        // Codes find back into step behind a gap. What they make of it has as many blocks as were lost where those were few,
        // and then nobody can know; never where they were many.
        for gap in (data..whole.len() - 220).step_by(3) {
            let broken = [&whole[..gap], &whole[gap + 200..]].concat();
            assert!(
                see(&mut eye, &broken).is_err(),
                "{way}: 200 bytes from {gap}"
            );
        }
    }
}

#[test]
fn restart_markers_that_are_lost_or_out_of_order_are_named() {
    let mut eye = eye();
    for way in ["baseline_restarts", "progressive_restarts"] {
        let whole = jpeg(way);
        let data = data(&whole);
        let is_restart = |pair: &[u8]| pair[0] == 0xff && (0xd0..=0xd7).contains(&pair[1]);
        let markers: Vec<usize> = (data..whole.len() - 1)
            .filter(|&at| is_restart(&whole[at..at + 2]))
            .collect();
        let without = [&whole[..markers[1]], &whole[markers[2]..]].concat();
        let refusal = see(&mut eye, &without).unwrap_err();
        assert_names(&refusal, &["restart marker 1 is missing"]);
    }
}

#[test]
fn a_header_that_lies_about_the_size_is_refused() {
    let mut eye = eye();
    for way in WAYS {
        let whole = jpeg(way);
        let is_frame = |pair: &[u8]| pair[0] == 0xff && matches!(pair[1], 0xc0 | 0xc2);
        let frame = whole.windows(2).position(is_frame).unwrap();
        for (place, change) in [(5, 16), (5, -16), (7, 16), (7, -16)] {
            let mut lying = whole.clone();
            let size = &mut lying[frame + place + 1];
            *size = size.checked_add_signed(change).unwrap();
            let refusal = see(&mut eye, &lying).expect_err(&format!("{way}: {place} {change}"));
            assert_names(&refusal, &["damaged", "scan"]);
        }
    }
}

#[test]
fn a_progressive_jpeg_whose_last_scans_are_missing_is_refused() {
    let mut eye = eye();
    let whole = jpeg("progressive");
    let is_scan = |at: &usize| whole[*at..].starts_with(&[0xff, 0xda]);
    let scans: Vec<usize> = (0..whole.len()).filter(is_scan).collect();
    assert!(scans.len() > 5);
    // Tables of codes stand before scans; with them or without, the picture is as whole as before.
    for scan in &scans[1..] {
        let refusal = see(&mut eye, &[&whole[..*scan], END].concat()).unwrap_err();
        assert_names(&refusal, &["was not sent in full"]);
    }
}

#[test]
fn frames_of_a_camera_that_leaves_out_the_standard_tables_are_checked_by_them() {
    let mut eye = eye();
    let whole = jpeg("baseline");
    // A frame that was taken out of an AVI may have its mark; others say nothing.
    let mark = b"\xff\xe0\0\x10AVI1\0\0\0\0\0\0\0\0\0\0";
    for mark in [&mark[..], &[]] {
        let bare = without_tables(&whole, mark);
        assert!(bare.len() < whole.len() - 400, "the tables are gone");
        assert_eq!(see(&mut eye, &bare), see(&mut eye, &whole));
        let cut = [&bare[..bare.len() * 3 / 4], END].concat();
        assert_names(&see(&mut eye, &cut).unwrap_err(), &["ends after"]);
    }
}

#[test]
fn a_jpeg_that_lost_tables_of_its_own_is_refused() {
    let mut eye = eye();
    for way in ["baseline_optimised", "progressive"] {
        let bare = without_tables(&jpeg(way), &[]);
        assert_names(&see(&mut eye, &bare).unwrap_err(), &["damaged"]);
    }
}

/// A jpeg without its tables of codes and without what its first segment says, but with this one.
fn without_tables(whole: &[u8], mark: &[u8]) -> Vec<u8> {
    let mut at = 2;
    let mut bare = [&whole[..2], mark].concat();
    while whole[at + 1] != 0xda {
        let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        if !matches!(whole[at + 1], 0xc4 | 0xe0) {
            bare.extend_from_slice(&whole[at..end]);
        }
        at = end;
    }
    bare.extend_from_slice(&whole[at..]);
    bare
}

#[test]
fn noise_never_panics_and_takes_no_more_memory_than_the_picture() {
    let mut eye = eye();
    // A small generator of numbers that are always the same.
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    for way in WAYS {
        let whole = jpeg(way);
        for _ in 0..300 {
            let mut noisy = whole.clone();
            for _ in 0..1 + next() % 4 {
                let at = 2 + next() % (noisy.len() - 2);
                noisy[at] = next() as u8;
            }
            let _ = see(&mut eye, &noisy);
        }
    }
}
