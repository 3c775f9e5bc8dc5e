//! Features made elsewhere, as point clouds.

use super::*;

const ENCODER: &str = "late_fusion/1/image/6ff7eab7/3/00112233445566778899aabbccddeeff";

#[test]
fn a_feature_is_read_whatever_the_order_of_bytes_of_message_and_data() {
    let [little, big] = golden!("feature");
    let [data_big, both_big] = golden!("feature_big");
    for bytes in [little, big, data_big, both_big] {
        let view = FeatureView::parse(bytes).unwrap();
        assert_eq!((view.stamp, view.encoder), (STAMP, ENCODER));
        let values: Vec<f64> = view.values.iter().collect();
        assert_eq!(values, [0.5, -1.25, 3.0]);
        assert_eq!(frame_id(bytes), Ok("camera_optical"));
    }
    for bytes in golden!("feature_absent") {
        let view = FeatureView::parse(bytes).unwrap();
        assert_eq!((view.stamp, view.encoder), (STAMP, ENCODER));
        assert!(view.values.is_empty());
    }
}

#[test]
fn a_feature_is_written_byte_for_byte_as_another_implementation_does() {
    let [expected, _] = golden!("feature");
    let [absent, _] = golden!("feature_absent");
    let mut template = FeatureTemplate::new(ENCODER);
    for _ in 0..2 {
        let values = [0.5, -1.25, 3.0];
        assert_eq!(template.encode(STAMP, "camera_optical", &values), expected);
        assert_eq!(template.encode(STAMP, "", &[]), absent);
    }
}

/// A point cloud as a lidar or a liar could send it. Of its numbers, one is another than a feature has.
fn cloud(changed: &str, value: u32) -> Vec<u8> {
    let number = |field: &str, usual: u32| if field == changed { value } else { usual };
    let mut writer = cdr::Writer::new();
    writer.header(STAMP, "camera");
    writer.u32(number("height", 1));
    writer.u32(number("width", 3));
    writer.u32(number("fields", 1));
    writer.string("x");
    writer.u32(number("offset", 0));
    writer.u8(number("datatype", 7) as u8);
    writer.u32(number("count", 1));
    writer.u8(0);
    writer.u32(number("point_step", 4));
    writer.u32(number("row_step", 12));
    let length = number("data", 12);
    writer.u32(length);
    let mut message = writer.finish();
    message.resize(message.len() + length as usize, 0);
    message.push(1);
    message
}

#[test]
fn a_point_cloud_that_is_no_feature_is_refused_with_its_field() {
    assert!(FeatureView::parse(&cloud("", 0)).is_ok());
    for (field, value, words) in [
        ("height", 2, "one row"),
        ("width", 4, "makes 16"),
        ("width", u32::MAX, "makes 17179869180"),
        ("fields", 4, "one field"),
        ("fields", 0, "one field"),
        ("offset", 4, "fields[0].offset is 4"),
        ("datatype", 8, "FLOAT32"),
        ("count", 3, "one number"),
        ("point_step", 16, "4 bytes"),
        ("row_step", 16, "row_step is 16 bytes"),
        ("data", 8, "data is 8 bytes"),
        ("data", 0, "data is 0 bytes"),
    ] {
        let error = FeatureView::parse(&cloud(field, value)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words), "{field} {value}: {text}");
    }
}
