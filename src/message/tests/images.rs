//! Pictures: what is read of them, and what is refused.

use super::*;

#[test]
fn an_image_is_read_with_its_row_padding() {
    for bytes in golden!("image_rgb8") {
        let view = ImageView::parse(bytes).unwrap();
        assert_eq!((view.width, view.height, view.step), (3, 2, 12));
        assert_eq!((view.stamp, view.encoding.ros_name()), (STAMP, "rgb8"));
        let rows: Vec<&[u8]> = view.rows().collect();
        assert_eq!(
            rows,
            [
                [0, 1, 2, 3, 4, 5, 6, 7, 8],
                [12, 13, 14, 15, 16, 17, 18, 19, 20]
            ]
        );
        assert!(bytes.as_ptr_range().contains(&view.data.as_ptr()), "copied");
    }
    let bytes = include_bytes!("../../../tests/golden/image_mono8.cdr");
    let view = ImageView::parse(bytes).unwrap();
    assert_eq!(view.encoding.ros_name(), "mono8");
    assert_eq!(view.rows().last(), Some([10, 11, 12, 13, 14].as_slice()));
}

#[test]
fn a_wrong_image_is_refused_with_its_field_value_and_what_is_allowed() {
    let huge = 100_000_000;
    for (message, parts) in [
        (image(0, 0, "rgb8", 0, 0), ["0 × 0", "1 × 1"]),
        (image(4, 0, "rgb8", 12, 0), ["4 × 0", "1 × 1"]),
        (
            image(10_000, 10_000, "rgb8", 30_000, 0),
            ["10000 × 10000", "64 megapixels"],
        ),
        (
            image(u32::MAX, u32::MAX, "rgb8", u32::MAX, 0),
            ["4294967295", "64 megapixels"],
        ),
        (
            image(4, 2, "h264", 8, 16),
            ["h264", "rgb8, bgr8, mono8, rgba8, bgra8"],
        ),
        (image(4, 2, "rgb8", 11, 22), ["step is 11", "12 bytes"]),
        (image(4, 2, "rgb8", 12, 23), ["data is 23 bytes", "24"]),
        (
            image(4, 2, "rgb8", huge, 24),
            ["data is 24 bytes", "200000000"],
        ),
        (image(3, 2, "yuyv", 6, 12), ["3 × 2 of yuyv", "even width"]),
        (image(4, 3, "nv12", 4, 18), ["4 × 3 of nv12", "even height"]),
        (image(1, 9, "bayer_rggb8", 1, 9), ["1 × 9", "2 × 2"]),
        (
            image(4, 2, "nv21", 4, 8),
            ["data is 8", "times 3/2 for both planes makes 12"],
        ),
    ] {
        let text = ImageView::parse(&message).unwrap_err().to_string();
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }
}

#[test]
fn a_compressed_image_gives_its_format_and_file() {
    for bytes in golden!("compressed_image") {
        let view = CompressedImageView::parse(bytes).unwrap();
        assert_eq!((view.stamp, view.format), (STAMP, "jpeg"));
        assert_eq!(view.data, [0xff, 0xd8, 0xff, 0xd9]);
    }
}

#[test]
fn a_picture_of_two_planes_has_both_whatever_is_counted_in_its_step() {
    for (encoding, width, height, step, data, found) in [
        ("nv12", 4, 2, 4, 12, (4, 4)),
        ("nv12", 4, 2, 6, 18, (6, 6)),
        ("nv21", 4, 2, 6, 12, (4, 4)),
        ("nv24", 4, 2, 4, 24, (4, 16)),
        ("nv24", 4, 2, 12, 24, (4, 16)),
    ] {
        let message = image(width, height, encoding, step, data);
        let view = ImageView::parse(&message).unwrap();
        assert_eq!(
            (view.step, view.second_plane().len()),
            found,
            "{encoding} {step}"
        );
        assert_eq!(view.rows().len(), 2);
    }
}
