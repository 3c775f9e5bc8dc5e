//! What a policy's files say, as data: `policy.yaml`, checked, and the tensors of `weights.safetensors`.

mod check;
mod convert;
mod encoder;
// Not cfg(test): integration tests and benches are crates of their own, and need it too.
#[doc(hidden)]
pub mod examples;
mod fusion;
pub(crate) mod keys;
mod modality;
mod policy;
mod weights;

pub use check::{MAX_MODALITIES, MAX_STEPS, MAX_TOKENS};
pub use convert::convert;
pub use encoder::*;
pub use fusion::*;
pub use modality::*;
pub use policy::*;
pub use weights::Weights;
