//! Features that come ready-made, from an encoder on another machine.

use crate::message::{FeatureView, MessageError};

/// Takes features over from messages, if they are the policy's own.
pub(super) struct PrecomputedFeature {
    encoder: String,
    width: usize,
}

impl PrecomputedFeature {
    /// For features of this fingerprint and width.
    pub fn new(encoder: String, width: usize) -> Self {
        Self { encoder, width }
    }

    /// The fingerprint of what makes them.
    pub fn encoder(&self) -> &str {
        &self.encoder
    }

    /// Copies a feature; false when the modality is absent.
    pub fn read(&self, view: &FeatureView<'_>, feature: &mut [f32]) -> Result<bool, MessageError> {
        if view.encoder != self.encoder {
            return Err(MessageError::invalid(
                "the feature's encoder",
                format_args!("{:?}", view.encoder),
                format_args!("only features of {:?} are allowed here", self.encoder),
            ));
        }
        if view.values.is_empty() {
            return Ok(false);
        }
        if view.values.len() != self.width {
            return Err(MessageError::invalid(
                "width",
                view.values.len(),
                format_args!(
                    "{} numbers are needed, or none where the modality is absent",
                    self.width
                ),
            ));
        }
        for (i, (value, number)) in view.values.iter().zip(feature).enumerate() {
            if !value.is_finite() {
                return Err(MessageError::invalid(
                    format_args!("number {i} of the feature"),
                    value,
                    "only finite numbers are allowed",
                ));
            }
            *number = value as f32;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::FeatureTemplate;
    use crate::time::Stamp;

    fn read(encoder: &str, values: &[f32]) -> Result<(bool, [f32; 2]), String> {
        let mut template = FeatureTemplate::new(encoder);
        let message = template.encode(Stamp::default(), "", values);
        let mut feature = [9.0; 2];
        PrecomputedFeature::new("eye 1".into(), 2)
            .read(&FeatureView::parse(message).unwrap(), &mut feature)
            .map(|present| (present, feature))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn numbers_of_the_right_encoder_are_taken_as_they_are() {
        assert_eq!(read("eye 1", &[0.1, -2.5]), Ok((true, [0.1, -2.5])));
        assert_eq!(read("eye 1", &[]), Ok((false, [9.0; 2])));
    }

    #[test]
    fn another_encoder_another_width_and_what_is_not_finite_are_refused() {
        for (encoder, values, parts) in [
            ("eye 2", &[1.0, 2.0][..], ["\"eye 2\"", "\"eye 1\""]),
            ("eye 2", &[], ["\"eye 2\"", "\"eye 1\""]),
            ("eye 1", &[1.0; 3], ["width is 3", "2 numbers"]),
            ("eye 1", &[1.0, f32::NAN], ["number 1", "NaN"]),
            ("eye 1", &[f32::INFINITY, 0.0], ["number 0", "inf"]),
        ] {
            let text = read(encoder, values).unwrap_err();
            for part in parts {
                assert!(text.contains(part), "{part} is not in {text}");
            }
        }
    }
}
