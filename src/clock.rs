//! The clock of the node: the system's, or the simulator's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::Stamp;

/// Where the time comes from. Cheap to clone and to read from any thread, without a lock.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// The newest time on `/clock`; zero before the first.
    Simulated(Arc<AtomicI64>),
}

impl Clock {
    /// The clock that the parameter `use_sim_time` asks for.
    pub fn new(use_sim_time: bool) -> Self {
        match use_sim_time {
            true => Self::Simulated(Arc::default()),
            false => Self::System,
        }
    }

    /// The time now.
    pub fn now(&self) -> Stamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                Stamp::from_nanos(since.map_or(0, |d| d.as_nanos() as i64))
            }
            Self::Simulated(nanos) => Stamp::from_nanos(nanos.load(Ordering::Acquire)),
        }
    }

    /// Sets a simulated clock; the system's is not ours to set.
    pub fn set(&self, now: Stamp) {
        if let Self::Simulated(nanos) = self {
            nanos.store(now.nanos(), Ordering::Release);
        }
    }
}
