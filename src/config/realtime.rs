//! The parameters of what the control thread asks of the kernel, and of when it is taken for hung.

use super::declaration::Declarations;
use crate::realtime::{CpuList, Realtime};

/// Declares priority, CPUs and locked memory.
pub(super) fn declare(d: &mut Declarations) -> Realtime {
    let priority = d.integer(
        "realtime.priority",
        0,
        0..=99,
        "Priority of the control thread under SCHED_FIFO, 1 to 99; 0 for the normal policy. Its supervisor has one more, encoders never have it.",
    );
    let cpus = cpus(
        d,
        "realtime.cpus",
        &CpuList::default(),
        "The CPUs that the control thread may run on, such as 3 or 0,2-3; empty for any.",
    );
    let lock_memory = d.bool(
        "realtime.lock_memory",
        false,
        "Whether the memory of the whole process stays in RAM (mlockall), so that no tick waits for the disk.",
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
        "The supervisor stops the robot when no command has left for three periods, and no sooner than after so many seconds. \
         0 for a control thread with a realtime.priority; without one, a busy machine now and then holds it up for longer \
         than three short periods.",
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
