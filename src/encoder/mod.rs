//! From a message to a feature: the one code path that the node and the trainer share.
//!
//! A [`FeatureExtractor`] reads a serialized message, prepares it, runs the modality's frozen encoder and pools its
//! output into one vector. `onnx` is the only file that names the inference library.

mod decode;
mod extractor;
mod file;
mod image;
mod onnx;
mod pooling;
mod prepare;
mod provider;
mod runtime;
mod text;
mod thumbnail;
mod tokens;
mod vector;

pub use extractor::{Extraction, FeatureExtractor, Probe, Summary, accepts, probe};
pub use file::sha256_of;
pub use pooling::{Keypoints, MapShape};
pub use provider::{Device, ExecutionProvider, SessionOptions};
pub use runtime::Runtime;
pub use thumbnail::Thumbnail;
