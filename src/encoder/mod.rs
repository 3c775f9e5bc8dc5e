//! From a message to a feature: the one code path that the node and the trainer share.
//!
//! A [`FeatureExtractor`] reads a serialized message, prepares it, runs the modality's frozen encoder and pools its
//! output into one vector. `onnx` is the only file that names the inference library.

mod accepted;
mod compressed_depth;
mod decode;
mod external;
mod extractor;
mod file;
mod fingerprint;
mod finite;
mod image;
mod joints;
mod jpeg;
mod message_picture;
mod needed;
mod onnx;
mod picture;
mod pixels;
mod png;
mod pooling;
mod precomputed;
mod prepare;
mod probe;
mod protobuf;
mod provider;
mod rgb_picture;
mod runtime;
mod rvl;
mod summary;
mod text;
mod thumbnail;
mod tokens;
mod vector;
mod view;
mod vocabulary;

pub use accepted::{accepts, message_for};
pub use extractor::{Extraction, FeatureExtractor};
pub use file::{ModelHashes, hashes_of_model, sha256_of};
pub use fingerprint::fingerprint;
pub use message_picture::Room;
pub use pooling::LearnedPooling;
pub use probe::{Probe, probe};
pub use provider::{Device, ExecutionProvider, SessionOptions};
pub use rgb_picture::RgbPicture;
pub use runtime::Runtime;
pub use summary::Summary;
pub use thumbnail::Thumbnail;
#[doc(hidden)] // For the fuzz targets.
pub use tokens::Tokens;
