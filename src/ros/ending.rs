//! SIGINT and SIGTERM for a tool that must finish its work before it ends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use crate::problems::Problems;

/// Whether someone has asked this process to end.
#[derive(Clone, Debug)]
pub struct Ending(Arc<AtomicBool>);

impl Ending {
    /// From here on SIGINT and SIGTERM no longer end the process, but are told.
    ///
    /// # Errors
    /// What the system says when it refuses the thread or the signal handlers.
    pub fn watch() -> Result<Self, Problems> {
        let told = Arc::new(AtomicBool::new(false));
        Self::spawn(told.clone()).map_err(|e| format!("signals cannot be watched: {e}"))?;
        Ok(Self(told))
    }

    fn spawn(told: Arc<AtomicBool>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let guard = runtime.enter();
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        drop(guard);
        let wait = async move {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
            told.store(true, Ordering::Release);
        };
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || runtime.block_on(wait))?;
        Ok(())
    }

    /// Whether one of the signals has come.
    pub fn told(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
