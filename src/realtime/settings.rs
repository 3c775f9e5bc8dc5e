//! Priority, CPUs and locked memory: asked for by parameters, applied or refused with the reason.

use std::io;
use std::num::NonZeroU64;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::thread::set_current_timer_slack;

use super::CpuList;
use super::rights;
use super::slice::shorten_slice;

/// What is asked of the kernel for the control thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Realtime {
    /// Priority under SCHED_FIFO, 1 to 99; 0 leaves the thread as it is.
    pub priority: u8,
    /// The CPUs that it may run on.
    pub cpus: CpuList,
    /// Whether the memory of the whole process stays in RAM.
    pub lock_memory: bool,
}

/// What became of one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its parameter.
    pub parameter: &'static str,
    /// What is in force, in words.
    pub in_force: String,
    /// One sentence that says why it is not what was asked for, and what to do, if so.
    pub refusal: Option<String>,
    /// Whether anything was asked for.
    pub is_asked: bool,
}

impl Setting {
    fn new(
        parameter: &'static str,
        asked: Option<(String, Result<(), String>)>,
        otherwise: &str,
    ) -> Self {
        let is_asked = asked.is_some();
        let (in_force, refusal) = match asked {
            None => (otherwise.to_owned(), None),
            Some((wanted, Ok(()))) => (wanted, None),
            Some((_, Err(why))) => (otherwise.to_owned(), Some(why)),
        };
        Self {
            parameter,
            in_force,
            refusal,
            is_asked,
        }
    }
}

impl Realtime {
    /// Gives priority and CPUs to the calling thread, short slices where it has no priority, and the finest timer that there
    /// is. Threads that it starts have neither its priority nor its policy.
    pub fn apply_to_this_thread(&self) -> Vec<Setting> {
        be_punctual();
        vec![self.apply_priority(), self.apply_cpus()]
    }

    /// Gives the calling thread the priority to watch over one that has these settings: a thread that computes for ever
    /// leaves its CPU to a higher one only. What is refused here is refused, and told, there as well.
    pub fn apply_to_its_supervisor(&self) {
        be_punctual();
        if self.priority > 0 {
            let _ = set_fifo((self.priority + 1).min(HIGHEST)).or_else(|_| set_fifo(self.priority));
        }
    }

    fn apply_priority(&self) -> Setting {
        let priority = self.priority;
        let asked = (priority > 0).then(|| {
            let applied = set_fifo(priority).map_err(|error| {
                let why = match rights::may_have_priority(priority) {
                    false => rights::lacking_for_priority(priority),
                    true => format!(
                        "the kernel refuses it ({error}), although rights and limits allow it; a control group without \
                         real-time budget (cpu.rt_runtime_us) does that"
                    ),
                };
                format!(
                    "parameter realtime.priority is {priority}, but the control thread runs without real-time priority and \
                     may be late when the machine is busy: {why}"
                )
            });
            (format!("SCHED_FIFO {priority}"), applied)
        });
        Setting::new("realtime.priority", asked, "normal")
    }

    fn apply_cpus(&self) -> Setting {
        let asked = (!self.cpus.is_any()).then(|| {
            let applied = self.cpus.apply_to_this_thread().map_err(|why| {
                let cpus = &self.cpus;
                format!("parameter realtime.cpus is \"{cpus}\", but the control thread runs on any CPU: {why}")
            });
            (self.cpus.to_string(), applied)
        });
        Setting::new("realtime.cpus", asked, "any")
    }

    /// Keeps the memory of the whole process in RAM, what it has now and what it will have.
    pub fn apply_to_memory(&self) -> Setting {
        let asked = self.lock_memory.then(|| {
            let locked = match rights::may_lock_memory() {
                false => Err(rights::lacking_for_locked_memory()),
                true => mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE)
                    .map_err(|error| format!("the kernel refuses it ({error})")),
            };
            let locked = locked.map_err(|why| {
                format!(
                    "parameter realtime.lock_memory is true, but the memory may be swapped out, and the control thread may \
                     then be late: {why}"
                )
            });
            ("locked".to_owned(), locked)
        });
        Setting::new("realtime.lock_memory", asked, "not locked")
    }
}

/// Asks for what needs no right. A kernel that refuses stays as it is: later, never wrong.
fn be_punctual() {
    // By default the kernel may end a sleep 50 µs late, to save a wake-up.
    let _ = set_current_timer_slack(NonZeroU64::new(1));
    let _ = shorten_slice();
}

/// The highest priority under SCHED_FIFO (sched(7)).
const HIGHEST: u8 = 99;

/// Puts the calling thread under SCHED_FIFO; not the threads that it starts, such as those of a library that it calls.
fn set_fifo(priority: u8) -> io::Result<()> {
    let parameters = libc::sched_param {
        sched_priority: priority.into(),
    };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: the pointer is to a value that outlives the call, which only reads it. 0 is the calling thread.
    match unsafe { libc::sched_setscheduler(0, policy, &parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asked_for_is_left_alone_and_refused_by_nobody() {
        let applied = std::thread::spawn(|| Realtime::default().apply_to_this_thread());
        let mut settings = applied.join().unwrap();
        settings.push(Realtime::default().apply_to_memory());
        let in_force: Vec<&str> = settings.iter().map(|s| s.in_force.as_str()).collect();
        assert_eq!(in_force, ["normal", "any", "not locked"]);
        assert!(settings.iter().all(|s| !s.is_asked && s.refusal.is_none()));
    }

    #[test]
    fn a_cpu_that_is_not_there_is_refused_by_name() {
        let asked = Realtime {
            cpus: "1023".parse().unwrap(),
            ..Realtime::default()
        };
        let applied = std::thread::spawn(move || asked.apply_to_this_thread());
        let [_, cpus] = applied.join().unwrap().try_into().unwrap();
        assert_eq!(cpus.in_force, "any");
        let refusal = cpus.refusal.unwrap();
        assert!(refusal.contains("realtime.cpus is \"1023\""), "{refusal}");
    }
}
