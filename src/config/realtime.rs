//! The parameters of what the control thread asks of the kernel, and of when it is taken for hung.

use super::declaration::Declarations;
use crate::realtime::{CpuList, Realtime};

/// Declares priority, CPUs and locked memory.
pub(super) fn declare(d: &mut Declarations) -> Realtime {
    let priority = d.integer(
        "realtime.priority",
        0,
        0..=99,
        "SCHED_FIFO priority of the control thread, 1 to 99; 0 for normal scheduling. The supervisor runs one level \
         higher, encoders always at normal scheduling.",
    );
    let cpus = cpus(
        d,
        "realtime.cpus",
        &CpuList::default(),
        "CPUs that the control thread may run on, such as 3 or 0,2-3; empty for any.",
    );
    let lock_memory = d.bool(
        "realtime.lock_memory",
        false,
        "Lock the memory of the whole process in RAM (mlockall), so that the control thread never waits for the disk.",
    );
    Realtime {
        // Another one is an error of the range.
        priority: u8::try_from(priority).unwrap_or_default(),
        cpus,
        lock_memory,
    }
}

/// Declares when the supervisor takes the control thread for hung.
pub(super) fn min_silence_s(d: &mut Declarations) -> f64 {
    d.double(
        "supervisor.min_silence_s",
        0.1,
        0.0..=1.0,
        "The supervisor stops the robot when no command has been published for three control periods, but not before this \
         many seconds. Use 0 together with realtime.priority; a busy machine can delay a thread without it for longer than \
         three short periods.",
    )
}

/// Declares a list of CPUs.
pub(super) fn cpus(
    d: &mut Declarations,
    name: &str,
    default: &CpuList,
    description: &'static str,
) -> CpuList {
    let text = d.string(name, &default.as_parameter(), description);
    text.parse().unwrap_or_else(|()| {
        d.problem(format!(
            "parameter {name} is {text:?}; allowed: {}",
            CpuList::ALLOWED
        ));
        CpuList::default()
    })
}
