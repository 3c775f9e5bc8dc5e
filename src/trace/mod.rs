//! What a node did, moment by moment, for a timeline: rings that its threads record into without waiting, the batches that
//! leave the process while somebody listens, and the Chrome trace that is made of them.

mod batch;
mod chrome;
mod gathered;
mod ring;
mod timebase;

pub use batch::{
    Batch, Decided, MessageRecord, Outcome, Record, StandInCause, StandInRecord, TickRecord,
    TracedModalities,
};
pub use chrome::write_chrome_trace;
pub use gathered::Gathered;
pub use ring::{Recorder, Switch, Tape, ring};
pub use timebase::Timebase;
