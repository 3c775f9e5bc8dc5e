//! Distances as grey.

use std::fmt::Display;

use super::rows::convert_rows;
use crate::message::{DepthUnit, ImageView, MessageError};
use crate::spec::ImageInputSpec;

/// Which distances are told apart: from 0 to a distance from which on everything is white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct DepthRange {
    /// What a metre adds to the grey.
    per_metre: f32,
}

impl DepthRange {
    /// Up to this distance, in metres.
    pub fn up_to(max_m: f32) -> Self {
        Self {
            per_metre: 255.0 / max_m,
        }
    }

    /// The grey of a distance in metres; black where none was measured or what is there is too near to be measured, and
    /// white beyond the range (REP 117: NaN, −∞ and +∞).
    pub fn of_metres(self, metres: f32) -> u8 {
        // Converting saturates, and makes 0 of NaN.
        (metres * self.per_metre + 0.5) as u8
    }

    /// The grey of a distance in millimetres; 0 is none.
    pub fn of_millimetres(self, millimetres: u16) -> u8 {
        self.of_metres(f32::from(millimetres) / 1000.0)
    }
}

/// What a picture must show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum Subject {
    /// Colours or grey.
    Colour,
    /// Distances.
    Depth(DepthRange),
    /// Either.
    Any(DepthRange),
}

impl Subject {
    /// What an encoder with this input is for.
    pub fn of(input: &ImageInputSpec) -> Self {
        match input.depth {
            Some(depth) => Self::Depth(DepthRange::up_to(depth.max_m)),
            None => Self::Colour,
        }
    }

    /// The range of a picture of distances, which `field` holds as `found`.
    pub fn depth(self, field: &str, found: impl Display) -> Result<DepthRange, MessageError> {
        match self {
            Self::Depth(range) | Self::Any(range) => Ok(range),
            Self::Colour => Err(MessageError::invalid(
                field,
                format_args!("{found}, a depth picture"),
                "the encoder's input is a color picture; a policy whose encoder.input has the key depth, such as \
                 {max_m: 4.0}, takes depth",
            )),
        }
    }

    /// That a picture of colours is allowed, which `field` holds as `found`.
    pub fn colour(self, field: &str, found: impl Display) -> Result<(), MessageError> {
        match self {
            Self::Colour | Self::Any(_) => Ok(()),
            Self::Depth(_) => Err(MessageError::invalid(
                field,
                format_args!("{found}, a color picture"),
                "encoder.input of the policy has the key depth, and 16UC1 and 32FC1 are allowed",
            )),
        }
    }
}

/// Fills `pixels` with the grey of each distance.
pub(super) fn convert(view: &ImageView<'_>, unit: DepthUnit, range: DepthRange, pixels: &mut [u8]) {
    match (unit, view.is_bigendian) {
        (DepthUnit::Millimetres, false) => convert_rows(view, pixels, |bytes| {
            [range.of_millimetres(u16::from_le_bytes(bytes))]
        }),
        (DepthUnit::Millimetres, true) => convert_rows(view, pixels, |bytes| {
            [range.of_millimetres(u16::from_be_bytes(bytes))]
        }),
        (DepthUnit::Metres, false) => convert_rows(view, pixels, |bytes| {
            [range.of_metres(f32::from_le_bytes(bytes))]
        }),
        (DepthUnit::Metres, true) => convert_rows(view, pixels, |bytes| {
            [range.of_metres(f32::from_be_bytes(bytes))]
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_grey_up_to_the_range_and_none_is_black() {
        let range = DepthRange::up_to(4.0);
        for (metres, grey) in [(0.0, 0), (1.0, 64), (2.0, 128), (4.0, 255), (9.0, 255)] {
            assert_eq!(range.of_metres(metres), grey, "{metres} m");
            assert_eq!(range.of_millimetres((metres * 1000.0) as u16), grey);
        }
        assert_eq!(range.of_millimetres(u16::MAX), 255);
        for (none, grey) in [
            (f32::NAN, 0),
            (f32::NEG_INFINITY, 0),
            (-1.0, 0),
            (f32::INFINITY, 255),
        ] {
            assert_eq!(range.of_metres(none), grey, "{none} m");
        }
    }

    #[test]
    fn what_is_not_wanted_is_refused_and_the_key_is_named() {
        let range = DepthRange::up_to(4.0);
        let error = Subject::Colour.depth("encoding", "\"16UC1\"").unwrap_err();
        assert!(error.to_string().contains("depth, such as {max_m: 4.0}"));
        let error = Subject::Depth(range).colour("encoding", "\"rgb8\"");
        assert!(error.unwrap_err().to_string().contains("16UC1 and 32FC1"));
        assert!(Subject::Colour.colour("", "").is_ok());
        assert_eq!(Subject::Depth(range).depth("", ""), Ok(range));
        assert_eq!(Subject::Any(range).depth("", ""), Ok(range));
        assert!(Subject::Any(range).colour("", "").is_ok());
    }
}
