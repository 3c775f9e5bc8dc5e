//! What is kept of a modality's messages until it is learned from.

use crate::map::MapShape;
use crate::spec::{Activation, ModalitySpec, Pooling, SourceSpec};

/// What the encoder of a modality gives while its policy is being learned: its feature, or the whole map where the
/// pooling itself is learned.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingInput {
    /// The source, with a pooling that needs nothing learned.
    pub source: SourceSpec,
    /// Width of one feature.
    pub width: usize,
    /// How many of the newest features are seen at once.
    pub history: usize,
    /// The map, where it is pooled later.
    pub map: Option<MapShape>,
    /// How many features of altered copies follow the feature of a message.
    pub copies: usize,
}

impl TrainingInput {
    /// Of a modality whose encoder has not been looked at yet.
    pub fn undetermined(modality: &ModalitySpec) -> Self {
        let mut source = modality.source.clone();
        if let SourceSpec::Image { encoder } = &mut source
            && encoder.pooling.is_learned()
        {
            encoder.pooling = Pooling::Flatten;
            (encoder.keypoints, encoder.filters) = (None, None);
        }
        Self {
            source,
            width: modality.width,
            history: modality.history,
            map: None,
            copies: 0,
        }
    }

    /// Width of a row of what is kept.
    pub fn row_width(&self) -> usize {
        self.width * self.history
    }

    /// The modality as an extractor is to see it.
    pub fn modality(&self, name: &str) -> ModalitySpec {
        ModalitySpec {
            name: name.to_owned(),
            source: self.source.clone(),
            width: self.width,
            history: 1,
            moved_since: None,
            projection: None,
            projection_hidden: vec![],
            projection_activation: Activation::None,
        }
    }
}
