//! Action chunks, played: what the control loop does between two predictions of a policy that foresees several steps.
//!
//! A chunk holds the actions for one moment and for `steps − 1` moments after it, `step_s` apart. The first is the moment of
//! the prediction, or before it by as much as the observation is older than those the policy was learned from (`lateness`
//! has the mathematics). Each control period asks every chunk for its action at the time that has passed since its first
//! moment, and an [`Ensemble`] says what each of them counts: for every chunk that is the same moment of the demonstration,
//! so that chunks from observations of different ages can be averaged. A cross-fade alone goes by the time since the
//! prediction, for it has to begin where the robot is led to now. Numbers are interpolated linearly between steps and averaged between chunks. Named
//! choices, which have nothing between them, are held from step to step and voted on.
//!
//! Nothing here reads a clock or knows of freshness and limits: `control` decides whether anything is played at all, and
//! the guard comes after it.

mod blend;
mod combine;
mod ensemble;
mod fused;
mod lateness;
mod player;
mod temporal;
mod timing;

pub use ensemble::{Ensemble, MOST_CHUNKS};
pub use fused::Fused;
pub use player::Player;
pub use temporal::Favor;
