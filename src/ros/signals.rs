//! The signals that ask a process to end: Ctrl-C, `ros2 launch`, systemd, and a terminal or ssh session that is gone.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use crate::errors::ConfigErrors;
use crate::shutdown::{Cause, Shutdown};

/// From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT no longer end the process at once, but request `shutdown`.
///
/// # Errors
/// What the system says when it refuses the thread or the signal handlers.
pub fn watch_signals(shutdown: &Shutdown) -> Result<(), ConfigErrors> {
    spawn(shutdown).map_err(|e| format!("signal handlers cannot be installed: {e}").into())
}

fn spawn(shutdown: &Shutdown) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    drop(guard);
    let asked = shutdown.clone();
    let wait = async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
            _ = hangup.recv() => "SIGHUP",
            _ = quit.recv() => "SIGQUIT",
        };
        asked.request(Cause::Told(name.to_owned()));
        // The runtime keeps the handlers, so that a second signal does not cut the end short.
        std::future::pending::<()>().await;
    };
    // Without this thread the signals would be caught by handlers that nobody listens to, and the process could not be ended.
    shutdown.spawn("signals", move || runtime.block_on(wait))?;
    Ok(())
}
