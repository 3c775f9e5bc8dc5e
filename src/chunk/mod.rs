//! Action chunks, played: what the control loop does between two predictions of a policy that foresees several steps.
//!
//! A chunk holds the actions for the moment of its prediction and for `steps − 1` moments after it, `step_s` apart. Each
//! control period asks every chunk for its action at the time that has passed since its prediction, and an [`Ensemble`]
//! says what each of them counts. Numbers are interpolated linearly between steps and averaged between chunks. Named
//! choices, which have nothing between them, are held from step to step and voted on.
//!
//! Nothing here reads a clock or knows of freshness and limits: `control` decides whether anything is played at all, and
//! the guard comes after it.

mod blend;
mod combine;
mod ensemble;
mod player;
mod temporal;
mod timing;

pub use ensemble::Ensemble;
pub use player::{Fused, MOST_CHUNKS, Player};
pub use temporal::Favor;
