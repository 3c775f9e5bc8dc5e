//! What stands for a permission: a bool, and the buttons of a joystick.

use super::super::*;
use super::STAMP;
use crate::message::cdr::Writer;

#[test]
fn a_bool_is_true_or_false_and_nothing_else() {
    for bytes in golden!("bool") {
        assert_eq!(boolean(bytes), Ok(true));
    }
    for padded in [&[0, 1, 0, 0, 0][..], &[0, 1, 0, 3, 0, 0, 0, 0]] {
        assert_eq!(boolean(padded), Ok(false));
    }
    for (bytes, part) in [
        (&[][..], "starts with []"),
        (&[0, 1, 0, 0], "data needs 1 more bytes"),
        (&[0, 1, 0, 0, 7], "data is 7; 0 (false) or 1 (true)"),
        (&[1, 1, 1, 1, 1], "starts with [01, 01, 01, 01]"),
        (&[0, 1, 0, 0, 1, 0, 0, 0, 0], "message of 9 bytes"),
    ] {
        let told = boolean(bytes).unwrap_err().to_string();
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn a_button_is_found_by_its_index_and_is_pressed_or_not() {
    for bytes in golden!("joy") {
        let joy = JoyView::parse(bytes).unwrap();
        assert_eq!(joy.stamp, STAMP);
        let pressed: Vec<_> = (0..3).map(|button| joy.is_pressed(button)).collect();
        assert_eq!(pressed, [Ok(false), Ok(false), Ok(true)]);
        for button in [4, u32::MAX] {
            let told = joy.is_pressed(button).unwrap_err().to_string();
            assert!(
                told.contains("buttons is 4 long; a button of index"),
                "{told}"
            );
        }
        let told = joy.is_pressed(3).unwrap_err().to_string();
        assert!(told.contains("buttons[3] is -1; 0 (released)"), "{told}");
    }
    let mut writer = Writer::new();
    writer.header(STAMP, "");
    writer.length(0);
    writer.length(0);
    let none = writer.finish();
    assert!(JoyView::parse(&none).unwrap().is_pressed(0).is_err());
}
