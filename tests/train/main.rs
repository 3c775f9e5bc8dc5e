//! `late_fusion train` from bags to a policy that the node loads.
//!
//! The tests with encoders need the environment variable `LATE_FUSION_ONNXRUNTIME`, which `source scripts/env.bash`
//! sets.

mod arrival;
mod augment;
mod bad_input;
mod bags;
mod comparing;
mod encoders;
mod episodes;
mod features;
mod fields;
mod interruption;
mod labels;
mod learning;
mod paraphrases;
mod proposal;
mod recordings;
mod support;
