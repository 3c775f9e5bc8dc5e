//! The log of the node: to the console as every ROS node does it, and to `/rosout`.

use std::sync::Mutex;

use log::{Level, Log, Metadata, Record};
use r2r::{LogSeverity, QosProfile};

use crate::clock::Clock;
use crate::errors::ConfigErrors;
use crate::message::{LOG_NAME, LogLevel, encode_log};

struct RosLogger {
    name: String,
    clock: Clock,
    /// Never touched by the control thread, which does not log.
    rosout: Mutex<r2r::PublisherUntyped>,
}

/// Sends everything that the `log` macros say to the console and to `/rosout` from here on.
///
/// # Errors
/// The topic, when ROS refuses the publisher.
pub fn start(node: &mut r2r::Node, clock: &Clock) -> Result<(), ConfigErrors> {
    let qos = QosProfile::default().keep_last(1000).transient_local();
    let publisher = node
        .create_publisher_untyped("/rosout", LOG_NAME, qos)
        .map_err(|e| format!("topic /rosout: {e}"))?;
    let logger = RosLogger {
        name: node.logger().to_owned(),
        clock: clock.clone(),
        rosout: Mutex::new(publisher),
    };
    // The console's level is rcutils' to decide (`--log-level`); /rosout gets what is worth keeping.
    log::set_max_level(log::LevelFilter::Debug);
    log::set_boxed_logger(Box::new(logger)).map_err(|e| format!("the log: {e}").into())
}

impl Log for RosLogger {
    fn enabled(&self, metadata: &Metadata) -> bool {
        // r2r and the libraries below speak of their own affairs.
        metadata.target().starts_with("late_fusion") || metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // A NUL would poison the lock inside r2r's logging for good.
        let text = record.args().to_string().replace('\0', "\u{fffd}");
        let file = record.file().unwrap_or_default();
        let line = record.line().unwrap_or_default();
        r2r::log(&text, &self.name, file, line, severity(record.level()));
        if record.level() <= Level::Info {
            let level = rosout_level(record.level());
            let message = encode_log(self.clock.now(), level, &self.name, &text, file, line);
            if let Ok(publisher) = self.rosout.lock() {
                // What cannot be published has been printed.
                let _ = publisher.publish_raw(&message);
            }
        }
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
