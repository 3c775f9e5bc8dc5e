//! Fully connected layers and what stands between them: shared by projections, heads and voters.

mod activation;
mod layer;
mod mlp;

pub use activation::{rectified, relu, tanh};
pub use layer::Layer;
pub use mlp::Mlp;
