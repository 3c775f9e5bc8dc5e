//! The log of the node: to the console as every ROS node does it, and to `/rosout`.
//!
//! Whoever publishes may be told to log: r2r says with the `log` macros that it could not publish, `/rosout` included.
//! So a line that comes while this thread is writing one goes to the standard error alone, no lock is waited for while
//! another thread publishes, and the control thread, which must not wait for the console, publishes [`without_log`].

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use log::{Level, Log, Metadata, Record};
use r2r::{LogSeverity, QosProfile};

use super::logger_levels::{LoggerLevels, Threshold};
use crate::clock::Clock;
use crate::errors::ConfigErrors;
use crate::message::{LOG_NAME, LogLevel, encode_log};

thread_local! {
    static HERE: Cell<Here> = const { Cell::new(Here::Free) };
}

/// What a thread does with the log at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Here {
    /// Nothing.
    Free,
    /// It writes a line.
    Writing,
    /// It must not.
    Silent,
}

struct RosLogger {
    name: String,
    threshold: Threshold,
    clock: Clock,
    rosout: Outlet,
}

/// What publishes a message.
type Publish = Box<dyn FnMut(&[u8]) + Send>;

/// Publishes messages one after the other, whichever threads they come from.
struct Outlet {
    publish: Mutex<Publish>,
    /// Messages on their way; locked for a push or a pop only.
    waiting: Mutex<VecDeque<Vec<u8>>>,
}

/// Messages that wait while the middleware is busy with one; the oldest are dropped, for they have been printed.
const MOST_WAITING: usize = 1000;

/// Sends what the `log` macros say to the console and to `/rosout` from here on, and lets it be asked for how much that is.
///
/// # Errors
/// The topic or the service that ROS refuses.
pub fn start(node: &mut r2r::Node, clock: &Clock) -> Result<LoggerLevels, ConfigErrors> {
    let qos = QosProfile::default().keep_last(1000).transient_local();
    let publisher = node
        .create_publisher_untyped("/rosout", LOG_NAME, qos)
        .map_err(|e| format!("topic /rosout: {e}"))?;
    let threshold = Threshold::take_over(node.logger());
    let levels = LoggerLevels::new(node, threshold.clone())?;
    let logger = RosLogger {
        name: node.logger().to_owned(),
        threshold,
        clock: clock.clone(),
        rosout: Outlet::new(move |message| {
            // What cannot be published has been printed.
            let _ = publisher.publish_raw(message);
        }),
    };
    log::set_max_level(log::LevelFilter::Debug);
    log::set_boxed_logger(Box::new(logger)).map_err(|e| format!("the log: {e}"))?;
    Ok(levels)
}

/// Does what must not wait for the log: what it says is dropped, and its result has to tell.
pub fn without_log<T>(work: impl FnOnce() -> T) -> T {
    let _restored = Restored::after(Here::Silent);
    work()
}

/// Puts a thread's state back when it is dropped, also by a panic.
struct Restored(Here);

impl Restored {
    fn after(here: Here) -> Self {
        Self(HERE.replace(here))
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        HERE.set(self.0);
    }
}

impl Outlet {
    fn new(publish: impl FnMut(&[u8]) + Send + 'static) -> Self {
        Self {
            publish: Mutex::new(Box::new(publish)),
            waiting: Mutex::default(),
        }
    }

    /// Publishes a message, or leaves it to the thread that is publishing.
    fn put(&self, message: Vec<u8>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(message);
        drop(waiting);
        // Looked for again after each turn: one that came just before the lock was released is nobody else's.
        while self.has_waiting() {
            let Ok(mut publish) = self.publish.try_lock() else {
                return;
            };
            while let Some(message) = self.next() {
                publish(&message);
            }
        }
    }

    fn has_waiting(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        !waiting.is_empty()
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_front()
    }
}

impl Log for RosLogger {
    fn enabled(&self, metadata: &Metadata) -> bool {
        // r2r and the libraries below speak of their own affairs.
        let is_worth_it =
            metadata.target().starts_with("late_fusion") || metadata.level() <= Level::Warn;
        is_worth_it && self.threshold.lets_through(rosout_level(metadata.level()))
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        match HERE.get() {
            Here::Free => {}
            Here::Writing => {
                eprintln!("[{}] [{}]: {}", record.level(), self.name, record.args());
                return;
            }
            Here::Silent => return,
        }
        let _restored = Restored::after(Here::Writing);
        // A NUL would poison the lock inside r2r's logging for good.
        let text = record.args().to_string().replace('\0', "\u{fffd}");
        let file = record.file().unwrap_or_default();
        let line = record.line().unwrap_or_default();
        r2r::log(&text, &self.name, file, line, severity(record.level()));
        let level = rosout_level(record.level());
        let message = encode_log(self.clock.now(), level, &self.name, &text, file, line);
        self.rosout.put(message);
    }

    fn flush(&self) {}
}

fn severity(level: Level) -> LogSeverity {
    match level {
        Level::Error => LogSeverity::Error,
        Level::Warn => LogSeverity::Warn,
        Level::Info => LogSeverity::Info,
        Level::Debug | Level::Trace => LogSeverity::Debug,
    }
}

fn rosout_level(level: Level) -> LogLevel {
    match level {
        Level::Error => LogLevel::Error,
        Level::Warn => LogLevel::Warn,
        Level::Info => LogLevel::Info,
        Level::Debug | Level::Trace => LogLevel::Debug,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, OnceLock, mpsc};
    use std::time::Duration;

    use super::*;

    /// Ample for a thread to get its turn; nothing waits this long where all is well.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Runs `work` on a thread of its own, and fails if it does not end.
    fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, end) = mpsc::channel();
        std::thread::spawn(move || done.send(work()).unwrap());
        end.recv_timeout(PATIENCE).expect("it does not end")
    }

    fn say(logger: &RosLogger, text: &str) {
        let mut record = Record::builder();
        record.target("late_fusion").level(Level::Error);
        logger.log(&record.args(format_args!("{text}")).build());
    }

    /// A logger whose publisher fails, and says so in the log, as r2r's does.
    fn failing() -> (Arc<OnceLock<RosLogger>>, Arc<AtomicUsize>) {
        let logger = Arc::<OnceLock<RosLogger>>::default();
        let tries = Arc::<AtomicUsize>::default();
        let rosout = Outlet::new({
            let (logger, tries) = (logger.clone(), tries.clone());
            move |_| {
                tries.fetch_add(1, Ordering::Relaxed);
                say(logger.get().unwrap(), "could not publish 1");
            }
        });
        let name = "late_fusion".to_owned();
        let clock = Clock::System;
        let threshold = Threshold::starting_at(LogLevel::Info as u32);
        let whole = RosLogger {
            name,
            threshold,
            clock,
            rosout,
        };
        assert!(logger.set(whole).is_ok());
        (logger, tries)
    }

    #[test]
    fn a_publisher_that_logs_its_failure_does_not_lock_the_log() {
        let (logger, tries) = failing();
        for count in 1..=3 {
            let logger = logger.clone();
            ends(move || say(logger.get().unwrap(), "a line"));
            assert_eq!(
                tries.load(Ordering::Relaxed),
                count,
                "its own lines are not published"
            );
        }
    }

    #[test]
    fn a_thread_that_must_not_wait_is_never_in_the_log() {
        let (logger, tries) = failing();
        // Somebody is publishing, for as long as they like.
        let publishing = logger.get().unwrap().rosout.publish.lock().unwrap();
        ends({
            let logger = logger.clone();
            move || without_log(|| say(logger.get().unwrap(), "could not publish 1"))
        });
        assert!(!logger.get().unwrap().rosout.has_waiting());
        drop(publishing);
        ends({
            let logger = logger.clone();
            move || say(logger.get().unwrap(), "a line")
        });
        assert_eq!(tries.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_line_is_left_to_the_thread_that_is_publishing() {
        let (entered, is_in) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let outlet = Arc::new(Outlet::new(move |message: &[u8]| {
            entered.send(message.to_vec()).unwrap();
            may_go_on.recv_timeout(PATIENCE).unwrap();
        }));
        let busy = std::thread::spawn({
            let outlet = outlet.clone();
            move || outlet.put(vec![1])
        });
        assert_eq!(is_in.recv_timeout(PATIENCE), Ok(vec![1]));
        ends({
            let outlet = outlet.clone();
            move || outlet.put(vec![2])
        });
        go_on.send(()).unwrap();
        assert_eq!(is_in.recv_timeout(PATIENCE), Ok(vec![2]), "nothing is lost");
        go_on.send(()).unwrap();
        busy.join().unwrap();
    }
}
