//! What the kernel offers to a thread that has to keep time: its monotonic clock, priority, CPUs and memory that stays.

mod abort;
mod cpus;
mod monotonic;
mod rights;
mod settings;
mod slice;

pub use abort::{delay_abort, is_aborting};
pub use cpus::{CpuList, HeldThread};
pub use monotonic::Monotonic;
pub use settings::{Realtime, Setting};
