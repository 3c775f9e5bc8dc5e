//! The thread beside the control loop: waits for signals and keeps the status up to date.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};

use super::status::LOOK_EVERY;
use crate::problems::Problems;

/// The running watcher.
pub struct Watcher {
    told: Arc<AtomicBool>,
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl Watcher {
    /// Starts the thread, which calls `look` every [`LOOK_EVERY`] and once at the end; from here on SIGINT and SIGTERM end
    /// the node in good order.
    ///
    /// # Errors
    /// What the system says when it refuses the thread or the signal handlers.
    pub fn start(mut look: impl FnMut(Instant) + Send + 'static) -> Result<Self, Problems> {
        let problem = |e: std::io::Error| Problems::from(format!("the watcher cannot start: {e}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(problem)?;
        let guard = runtime.enter();
        let mut interrupted = signal(SignalKind::interrupt()).map_err(problem)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(problem)?;
        drop(guard);
        let (told, ending) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let watch = {
            let (told, ending) = (told.clone(), ending.clone());
            async move {
                let mut due = tokio::time::interval(LOOK_EVERY);
                while !ending.load(Ordering::Acquire) {
                    tokio::select! {
                        _ = interrupted.recv() => told.store(true, Ordering::Release),
                        _ = terminated.recv() => told.store(true, Ordering::Release),
                        _ = due.tick() => look(Instant::now()),
                    }
                }
                look(Instant::now());
            }
        };
        let handle = thread::Builder::new()
            .name("watcher".into())
            .spawn(move || runtime.block_on(watch))
            .map_err(problem)?;
        Ok(Self {
            told,
            ending,
            handle,
        })
    }

    /// Whether SIGINT or SIGTERM has come.
    pub fn told_to_end(&self) -> bool {
        self.told.load(Ordering::Acquire)
    }

    /// Publishes the last state and ends the thread.
    pub fn stop(self) {
        self.ending.store(true, Ordering::Release);
        if self.handle.join().is_err() {
            log::error!("the watcher had ended before its time");
        }
    }
}
