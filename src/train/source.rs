//! What a training file says about a modality's source: what `policy.yaml` says, without what training finds out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::message::{Path, is_path};
use crate::spec::{
    ImageEncoderSpec, ImageInputSpec, Normalize, Pooling, SourceSpec, TextEncoderSpec,
};

/// The kind of a modality with what only that kind has.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Source {
    Image {
        encoder: ImageEncoder,
    },
    Text {
        encoder: TextEncoder,
    },
    Vector {
        names: Vec<String>,
    },
    Feature {
        width: usize,
        encoder: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageEncoder {
    model: PathBuf,
    input: ImageInputSpec,
    output: String,
    #[serde(default)]
    pooling: Pooling,
    cells: Option<usize>,
    keypoints: Option<usize>,
    filters: Option<usize>,
    #[serde(default)]
    normalize: Normalize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextEncoder {
    model: PathBuf,
    tokenizer: PathBuf,
    max_tokens: usize,
    output: String,
    #[serde(default)]
    pooling: Pooling,
    #[serde(default)]
    normalize: Normalize,
}

/// The hash of a file that was not read yet; well-formed, so that the policy's own checks can run before.
const UNREAD: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The fingerprint of an encoder that the training file leaves to the bags.
pub(super) const UNSAID: &str = "whatever made the features in the bags";

impl Source {
    /// As the policy says it, with hashes and a width that are still to be determined.
    pub(super) fn undetermined(self) -> (SourceSpec, usize) {
        match self {
            Self::Image { encoder } => {
                let encoder = ImageEncoderSpec {
                    model: encoder.model,
                    sha256: UNREAD.into(),
                    external_data: BTreeMap::new(),
                    input: encoder.input,
                    output: encoder.output,
                    pooling: encoder.pooling,
                    cells: encoder.cells,
                    keypoints: encoder.keypoints,
                    filters: encoder.filters,
                    normalize: encoder.normalize,
                };
                (SourceSpec::Image { encoder }, 1)
            }
            Self::Text { encoder } => {
                let encoder = TextEncoderSpec {
                    model: encoder.model,
                    sha256: UNREAD.into(),
                    external_data: BTreeMap::new(),
                    tokenizer: encoder.tokenizer,
                    tokenizer_sha256: UNREAD.into(),
                    max_tokens: encoder.max_tokens,
                    output: encoder.output,
                    pooling: encoder.pooling,
                    normalize: encoder.normalize,
                };
                (SourceSpec::Text { encoder }, 1)
            }
            Self::Vector { names } => {
                let names: Vec<String> = names.iter().flat_map(|name| expanded(name)).collect();
                let width = names.len();
                (SourceSpec::Vector { names }, width)
            }
            Self::Feature { width, encoder } => {
                let encoder = encoder.unwrap_or_else(|| UNSAID.into());
                (SourceSpec::Feature { encoder }, width)
            }
        }
    }
}

/// The names that a name stands for: of a path with a range of indices, one for each. What is not a path is refused where it is read.
fn expanded(name: &str) -> Vec<String> {
    let paths = is_path(name).then(|| Path::expand(name).ok()).flatten();
    paths.unwrap_or_else(|| vec![name.to_owned()])
}
