//! How soon a thread is served that has no real-time priority.

use std::io;
use std::mem::{size_of, zeroed};

/// The shortest slice that Linux gives, in nanoseconds.
const SHORTEST_NS: u64 = 100_000;

/// The calling thread, for the kernel.
const THIS_THREAD: libc::pid_t = 0;

/// Asks for short slices of CPU time for the calling thread. From Linux 6.12 on a thread that wakes takes the CPU at once from
/// one whose slices are longer; otherwise it may wait for the end of that one's slice, about 3 ms (the kernel's document
/// sched-eevdf). It gets no more of the CPU than before, and needs no right. Earlier kernels take no notice.
///
/// # Errors
/// What the kernel says.
pub(super) fn shorten_slice() -> io::Result<()> {
    let mut attributes = attributes()?;
    if attributes.sched_policy != libc::SCHED_OTHER as u32 {
        return Ok(());
    }
    attributes.sched_runtime = SHORTEST_NS;
    // SAFETY: the kernel only reads the value, which says its own size and outlives the call.
    let refused = unsafe {
        libc::syscall(
            libc::SYS_sched_setattr,
            THIS_THREAD,
            &raw const attributes,
            NO_FLAGS,
        )
    };
    match refused {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// How the calling thread is scheduled.
fn attributes() -> io::Result<libc::sched_attr> {
    // SAFETY: it is numbers only, and zero is one.
    let mut attributes: libc::sched_attr = unsafe { zeroed() };
    let size = size_of::<libc::sched_attr>() as libc::c_uint;
    // SAFETY: the kernel writes at most `size` bytes to a value of that size, which outlives the call.
    let refused = unsafe {
        libc::syscall(
            libc::SYS_sched_getattr,
            THIS_THREAD,
            &raw mut attributes,
            size,
            NO_FLAGS,
        )
    };
    match refused {
        0 => Ok(attributes),
        _ => Err(io::Error::last_os_error()),
    }
}

const NO_FLAGS: libc::c_uint = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_has_short_slices_and_the_policy_and_niceness_that_it_had() {
        std::thread::spawn(|| {
            // SAFETY: it sets a number of the calling thread.
            unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 3) };
            let before = attributes().unwrap();
            shorten_slice().unwrap();
            let after = attributes().unwrap();
            let kept = |of: &libc::sched_attr| (of.sched_policy, of.sched_nice, of.sched_flags);
            assert_eq!(kept(&after), kept(&before));
            assert_eq!(after.sched_nice, 3);
            // A kernel that knows no slices says 0 before and after.
            let slices = (before.sched_runtime, after.sched_runtime);
            assert!(slices == (0, 0) || slices.1 == SHORTEST_NS, "{slices:?}");
        })
        .join()
        .unwrap();
    }
}
