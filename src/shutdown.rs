//! Asking a process to end in good order, from wherever the reason is found.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

/// A request to end that any thread can make and every thread can see. Cheap to clone; all clones are one request.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(Arc<OnceLock<Cause>>);

/// Why a process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was told to, for example by SIGINT.
    Told(String),
    /// Something failed that it cannot go on without.
    Failed(String),
}

impl Shutdown {
    /// Asks the process to end; the first cause stands.
    pub fn request(&self, cause: Cause) {
        // Only the first one is of interest.
        let _ = self.0.set(cause);
    }

    /// Whether somebody has asked.
    pub fn is_requested(&self) -> bool {
        self.0.get().is_some()
    }

    /// Why, if somebody has asked.
    pub fn cause(&self) -> Option<&Cause> {
        self.0.get()
    }

    /// Starts a thread whose panic asks the process to end: a thread that is missing must never go unnoticed.
    ///
    /// # Errors
    /// What the system says when it gives no thread.
    pub fn spawn(
        &self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let (shutdown, thread_name) = (self.clone(), name.to_owned());
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                let why = panic_message(panic.as_ref());
                shutdown.request(Cause::Failed(format!(
                    "the thread {thread_name:?} panicked: {why}"
                )));
            }
        })
    }
}

/// What a panic had to say.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_stands_for_all_clones() {
        let shutdown = Shutdown::default();
        let seen = shutdown.clone();
        assert!(!seen.is_requested());
        shutdown.request(Cause::Told("SIGINT".into()));
        shutdown.request(Cause::Failed("later".into()));
        assert_eq!(seen.cause(), Some(&Cause::Told("SIGINT".into())));
    }

    #[test]
    fn a_thread_that_panics_asks_the_process_to_end() {
        let shutdown = Shutdown::default();
        let thread = shutdown.spawn("worker", || panic!("index {}", 7)).unwrap();
        assert!(thread.join().is_ok(), "the panic is caught");
        let expected = Cause::Failed("the thread \"worker\" panicked: index 7".into());
        assert_eq!(shutdown.cause(), Some(&expected));
        let shutdown = Shutdown::default();
        shutdown.spawn("fine", || {}).unwrap().join().unwrap();
        assert!(!shutdown.is_requested());
    }
}
