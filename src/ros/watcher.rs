//! The thread beside the control loop that keeps the status up to date.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::status::LOOK_EVERY;
use crate::errors::ConfigErrors;
use crate::shutdown::Shutdown;

/// The running watcher.
pub struct Watcher {
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl Watcher {
    /// Starts the thread, which calls `look` every [`LOOK_EVERY`] and once at the end.
    ///
    /// # Errors
    /// What the system says when it refuses the thread.
    pub fn start(
        mut look: impl FnMut(Instant) + Send + 'static,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let ending = Arc::<AtomicBool>::default();
        let watch = {
            let ending = ending.clone();
            move || {
                while !ending.load(Ordering::Acquire) {
                    look(Instant::now());
                    thread::park_timeout(LOOK_EVERY);
                }
                look(Instant::now());
            }
        };
        let handle = shutdown
            .spawn("watcher", watch)
            .map_err(|e| format!("the watcher cannot start: {e}"))?;
        Ok(Self { ending, handle })
    }

    /// Publishes the last state and ends the thread.
    pub fn stop(self) {
        self.ending.store(true, Ordering::Release);
        self.handle.thread().unpark();
        // A panic is caught where the thread was started.
        let _ = self.handle.join();
    }
}
