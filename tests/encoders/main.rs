//! Encoders against the real ONNX Runtime: the two that ship, and small ones shaped like what users bring.
//!
//! Needs the environment variable `LATE_FUSION_ONNXRUNTIME`, which `source scripts/env.bash` sets.

mod external;
mod golden;
mod jpegs;
mod library;
mod pictures;
mod refusals;
mod sentences;
mod support;
mod vectors;
