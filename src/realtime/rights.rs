//! What this process may ask of the kernel, and how it is granted.

use rustix::process::{Resource, getrlimit};
use rustix::thread::{CapabilitySet, capabilities};

/// Whether the process has a capability that counts outside of a user namespace of its own.
fn has(capability: CapabilitySet) -> bool {
    let held = capabilities(None).is_ok_and(|sets| sets.effective.contains(capability));
    // In a namespace of its own (rootless containers) a process holds every capability, and the kernel asks for another.
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let is_initial = map.split_whitespace().eq(["0", "0", "4294967295"]);
    held && is_initial
}

/// Whether a thread of this process may have the priority, as far as its rights go.
pub(super) fn may_have_priority(priority: u8) -> bool {
    let limit = getrlimit(Resource::Rtprio).current;
    has(CapabilitySet::SYS_NICE) || limit.is_none_or(|limit| limit >= u64::from(priority))
}

/// Which right the priority lacks, and how it is granted.
pub(super) fn lacking_for_priority(priority: u8) -> String {
    let limit = getrlimit(Resource::Rtprio).current.unwrap_or_default();
    format!(
        "this process lacks the right: its limit rtprio is {limit}, and it does not have CAP_SYS_NICE. Grant it with the line \
         \"<user> - rtprio {priority}\" in a file in /etc/security/limits.d (from the next login on, to be seen with \
         `ulimit -r`), with LimitRTPRIO={priority} in a systemd unit, or with `docker run --ulimit rtprio={priority}` (or \
         --cap-add SYS_NICE)"
    )
}

/// Whether this process may lock all memory that it has and will have. With a limit the first allocation beyond it would
/// fail and end the process, so a limit that just suffices now does not.
pub(super) fn may_lock_memory() -> bool {
    has(CapabilitySet::IPC_LOCK) || getrlimit(Resource::Memlock).current.is_none()
}

/// Which right locking all memory lacks, and how it is granted.
pub(super) fn lacking_for_locked_memory() -> String {
    let limit = getrlimit(Resource::Memlock).current.unwrap_or_default();
    format!(
        "this process lacks the right: its limit memlock is {} KiB, where it must be unlimited, and it does not have \
         CAP_IPC_LOCK. Grant it with the line \"<user> - memlock unlimited\" in a file in /etc/security/limits.d (from the \
         next login on, to be seen with `ulimit -l`), with LimitMEMLOCK=infinity in a systemd unit, or with `docker run \
         --ulimit memlock=-1` (or --cap-add IPC_LOCK)",
        limit / 1024
    )
}
