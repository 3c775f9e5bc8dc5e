//! Real-time late fusion for robots: every modality is encoded on its own, the newest features are fused at a
//! fixed control rate, and an action command leaves through a guard. See `ARCHITECTURE.md` for the map.

#![forbid(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

pub mod bag;
pub mod chunk;
pub mod clock;
pub mod config;
pub mod contribution;
pub mod control;
pub mod display;
pub mod encoder;
pub mod errors;
pub mod executable;
pub mod explain;
mod files;
pub mod fusion;
pub mod head;
mod heap;
mod html;
pub mod inspection;
mod layers;
pub mod map;
pub mod message;
pub mod modality;
pub mod number;
pub mod policy;
pub mod progress;
pub mod proposal;
pub mod realtime;
#[cfg(feature = "ros")]
pub mod ros;
pub mod runtime;
pub mod safety;
pub mod shutdown;
pub mod spec;
pub mod time;
pub mod trace;
#[cfg(feature = "train")]
pub mod train;
mod window;
