//! A last moment before the process is aborted. Memory that cannot be had aborts it, in Rust as in C++, and so does an
//! exception that nobody catches; nothing is unwound then, and without that moment nobody would stop the robot.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// How long the thread waits that aborts the process: the supervisor looks every 10 ms, and repeats the stop action.
const LAST_MOMENT: libc::timespec = libc::timespec {
    tv_sec: 0,
    tv_nsec: 150_000_000,
};

static ABORTING: AtomicBool = AtomicBool::new(false);

/// Whether the process is about to be aborted: whoever commands a robot stops it now.
pub fn is_aborting() -> bool {
    ABORTING.load(Ordering::Acquire)
}

/// From here on a thread that aborts the process gives the others a moment before.
///
/// # Errors
/// What the system says when it refuses the handler.
pub fn delay_abort() -> io::Result<()> {
    // SAFETY: all zeros are a valid `sigaction`: no flags, an empty mask. The pointer is to a value that outlives the call,
    // which only reads it, and the handler does nothing but what a handler may do (signal-safety(7)).
    let refused = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(libc::c_int) = wait_and_abort;
        action.sa_sigaction = handler as libc::sighandler_t;
        libc::sigaction(libc::SIGABRT, &action, ptr::null_mut())
    };
    match refused {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Runs in the thread that aborts the process, with nothing allocated and no lock taken.
extern "C" fn wait_and_abort(signal: libc::c_int) {
    ABORTING.store(true, Ordering::Release);
    // SAFETY: an atomic store aside, only functions that are async-signal-safe, on values of this frame.
    unsafe {
        libc::nanosleep(&LAST_MOMENT, ptr::null_mut());
        // The default is to end the process. The signal is blocked while its handler runs, so it comes right after this.
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
