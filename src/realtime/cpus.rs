//! Which CPUs a thread may run on.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// CPUs by their numbers, ascending; none of them means that it does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuList(Vec<usize>);

impl CpuList {
    /// What a list may say, for error messages.
    pub const ALLOWED: &str =
        "CPU numbers from 0 to 1023 and ranges of them, such as \"2\" or \"0,2-3\"; \"\" for any";

    /// Whether it does not matter.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// The list as a parameter says it.
    pub fn as_parameter(&self) -> String {
        match self.is_any() {
            true => String::new(),
            false => self.to_string(),
        }
    }

    /// The numbers.
    pub fn numbers(&self) -> &[usize] {
        &self.0
    }

    /// Holds the calling thread, and for good the threads that it starts meanwhile, on these CPUs.
    ///
    /// # Errors
    /// Which CPUs there are instead.
    pub fn hold_this_thread(&self) -> Result<HeldThread, String> {
        let before = sched_getaffinity(None).map_err(|e| e.to_string())?;
        if !self.is_any() {
            self.apply_to_this_thread()?;
        }
        Ok(HeldThread {
            before,
            _of_this_thread: PhantomData,
        })
    }

    /// Lets the calling thread run on these CPUs and no others; all of them, or nothing changes.
    ///
    /// # Errors
    /// Which CPUs there are instead.
    pub fn apply_to_this_thread(&self) -> Result<(), String> {
        let before = sched_getaffinity(None).map_err(|e| e.to_string())?;
        let mut wanted = CpuSet::new();
        for cpu in &self.0 {
            wanted.set(*cpu);
        }
        let set = sched_setaffinity(None, &wanted).and_then(|()| sched_getaffinity(None));
        // The kernel leaves out silently what the machine or its cpuset does not have.
        if set.as_ref().is_ok_and(|set| *set == wanted) {
            return Ok(());
        }
        let _ = sched_setaffinity(None, &before);
        Err(format!(
            "it may run on CPUs {} only, which is what the machine has and what its cpuset leaves (in a container see \
             --cpuset-cpus)",
            Self::from(&before)
        ))
    }
}

/// A thread that is held on some CPUs; dropping this lets it run where it ran before. Only for that thread to drop.
pub struct HeldThread {
    before: CpuSet,
    _of_this_thread: PhantomData<*const ()>,
}

impl Drop for HeldThread {
    fn drop(&mut self) {
        // It ran there before, so it may.
        let _ = sched_setaffinity(None, &self.before);
    }
}

impl From<&CpuSet> for CpuList {
    fn from(set: &CpuSet) -> Self {
        Self(
            (0..CpuSet::MAX_CPU)
                .filter(|cpu| set.is_set(*cpu))
                .collect(),
        )
    }
}

impl FromStr for CpuList {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut cpus = Vec::new();
        if text.trim().is_empty() {
            return Ok(Self(cpus));
        }
        let number = |text: &str| {
            let number: Option<usize> = text.trim().parse().ok();
            number.filter(|number| *number < CpuSet::MAX_CPU).ok_or(())
        };
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(());
            }
            cpus.extend(first..=last);
        }
        cpus.sort_unstable();
        cpus.dedup();
        Ok(Self(cpus))
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("any");
        }
        let runs = self.0.chunk_by(|one, next| one + 1 == *next);
        for (i, run) in runs.enumerate() {
            let comma = if i > 0 { "," } else { "" };
            match run {
                [only] => write!(f, "{comma}{only}")?,
                _ => write!(f, "{comma}{}-{}", run[0], run[run.len() - 1])?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_taskset_reads_them() {
        for (text, numbers, shown) in [
            ("", &[][..], "any"),
            ("2", &[2], "2"),
            ("3,0-1, 1", &[0, 1, 3], "0-1,3"),
            ("1023", &[1023], "1023"),
        ] {
            let list: CpuList = text.parse().unwrap();
            assert_eq!(
                (list.numbers(), list.to_string().as_str()),
                (numbers, shown)
            );
        }
        for wrong in ["a", "1024", "-1", "3-1", "1,,2", "0x1", "1;2"] {
            assert_eq!(wrong.parse::<CpuList>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn a_thread_runs_where_it_is_told_to_or_where_it_ran_before() {
        std::thread::spawn(|| {
            let before = CpuList::from(&sched_getaffinity(None).unwrap());
            let refusal = CpuList(vec![before.0[0], 1023])
                .apply_to_this_thread()
                .unwrap_err();
            assert!(refusal.contains(&before.to_string()), "{refusal}");
            let now = || CpuList::from(&sched_getaffinity(None).unwrap());
            assert_eq!(now(), before);
            let first = CpuList(before.0[..1].to_vec());
            let held = first.hold_this_thread().unwrap();
            let started = std::thread::spawn(|| CpuList::from(&sched_getaffinity(None).unwrap()));
            assert_eq!((now(), started.join().unwrap()), (first.clone(), first));
            drop(held);
            assert_eq!(now(), before);
            let last = CpuList(before.0[before.0.len() - 1..].to_vec());
            last.apply_to_this_thread().unwrap();
            assert_eq!(CpuList::from(&sched_getaffinity(None).unwrap()), last);
        })
        .join()
        .unwrap();
    }
}
