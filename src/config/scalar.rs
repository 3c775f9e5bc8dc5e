//! What a YAML scalar is as a ROS 2 parameter: the rules of rcl_yaml_param_parser, which are not quite YAML's own.

use super::Value;

/// The value that rcl makes of a scalar. Quoted text and what is tagged `!!str` is text, whatever it looks like.
pub(super) fn value(text: &str, is_text: bool) -> Value {
    if is_text {
        return Value::String(text.to_owned());
    }
    match text {
        "Y" | "y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "N" | "n" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        _ => integer(text)
            .map(Value::Integer)
            .or_else(|| double(text).map(Value::Double))
            .unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

/// C's `strtoll` with base 0: decimal, octal after a leading 0, hexadecimal after 0x.
fn integer(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let hexadecimal = digits.strip_prefix("0x").or(digits.strip_prefix("0X"));
    let (radix, digits) = match hexadecimal {
        Some(digits) => (16, digits),
        None if digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    // Rust would take a second sign.
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if is_negative { -magnitude } else { magnitude }).ok()
}

/// C's `strtod`, and YAML's words for what is not finite. What a double cannot hold is left as text, as rcl does.
fn double(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let number: f64 = text.parse().ok()?;
    let is_word = !text.contains(|c: char| c.is_ascii_digit());
    let is_zero = || {
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        !mantissa.contains(|c: char| ('1'..='9').contains(&c))
    };
    let fits = number.is_normal() || is_word || (number == 0.0 && is_zero());
    fits.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_has_the_type_that_ros_gives_it() {
        for (text, expected) in [
            ("true", Value::Bool(true)),
            ("off", Value::Bool(false)),
            ("tRue", Value::String("tRue".into())),
            ("42", Value::Integer(42)),
            ("-0x10", Value::Integer(-16)),
            ("010", Value::Integer(8)),
            ("08", Value::Double(8.0)),
            ("+7", Value::Integer(7)),
            ("--7", Value::String("--7".into())),
            ("0x", Value::String("0x".into())),
            ("9223372036854775807", Value::Integer(i64::MAX)),
            ("-9223372036854775808", Value::Integer(i64::MIN)),
            ("9223372036854775808", Value::Double(2f64.powi(63))),
            ("1.", Value::Double(1.0)),
            (".5", Value::Double(0.5)),
            ("1e3", Value::Double(1000.0)),
            ("0e9", Value::Double(0.0)),
            (".inf", Value::Double(f64::INFINITY)),
            ("-.inf", Value::Double(f64::NEG_INFINITY)),
            ("Infinity", Value::Double(f64::INFINITY)),
            ("1e999", Value::String("1e999".into())),
            ("1e-400", Value::String("1e-400".into())),
            ("1_000", Value::String("1_000".into())),
            ("~", Value::String("~".into())),
            ("null", Value::String("null".into())),
            ("", Value::String("".into())),
            ("a: b", Value::String("a: b".into())),
        ] {
            assert_eq!(value(text, false), expected, "{text}");
        }
        assert!(matches!(value(".nan", false), Value::Double(v) if v.is_nan()));
        assert_eq!(value("42", true), Value::String("42".into()));
    }
}
