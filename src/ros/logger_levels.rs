//! From which severity on the node logs: at first what `--log-level` says, then what `~/set_logger_levels` says.
//!
//! rcutils keeps a table of levels that must not be written while another thread logs. So it is told once, before any other
//! thread of ours is there, to let everything through, and from then on lines are filtered here.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use r2r::rcl_interfaces::msg::{LoggerLevel, SetLoggerLevelsResult};
use r2r::rcl_interfaces::srv::{GetLoggerLevels, SetLoggerLevels};

use super::requests::Requests;
use crate::errors::ConfigErrors;
use crate::message::LogLevel;

/// The levels of `rcl_interfaces/msg/LoggerLevel`, and their names in `--log-level`.
const LEVELS: [(u32, &str); 6] = [
    (0, "as at the start"),
    (10, "debug"),
    (20, "info"),
    (30, "warn"),
    (40, "error"),
    (50, "fatal"),
];

/// That of a logger that is another's, in an answer.
const UNKNOWN: u32 = 0;

/// The level in force. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Threshold {
    now: Arc<AtomicU32>,
    at_start: u32,
}

/// `~/get_logger_levels` and `~/set_logger_levels`, as nodes of rclcpp offer them.
pub struct LoggerLevels {
    logger: String,
    threshold: Threshold,
    get: Requests<GetLoggerLevels::Service>,
    set: Requests<SetLoggerLevels::Service>,
}

impl Threshold {
    /// That of the command line for the logger of a node that was just created, from here on for us to decide.
    pub fn take_over(logger: &str) -> Self {
        // The name of a node has no NUL.
        let name = CString::new(logger).unwrap_or_default();
        // SAFETY: the name lives longer than both calls, which copy it, and logging was set up when the node was created.
        let at_start = unsafe {
            let level = r2r_rcl::rcutils_logging_get_logger_effective_level(name.as_ptr());
            r2r_rcl::rcutils_logging_set_logger_level(name.as_ptr(), LogLevel::Debug as i32);
            level
        };
        Self::starting_at(u32::try_from(at_start).unwrap_or(LogLevel::Info as u32))
    }

    /// One at this level.
    pub fn starting_at(level: u32) -> Self {
        Self {
            now: Arc::new(level.into()),
            at_start: level,
        }
    }

    /// Whether lines of this severity are written.
    pub fn lets_through(&self, level: LogLevel) -> bool {
        level as u32 >= self.now.load(Ordering::Relaxed)
    }

    fn set(&self, level: u32) -> Result<(), String> {
        if !LEVELS.iter().any(|(known, _)| *known == level) {
            let levels = LEVELS.map(|(level, name)| format!("{level} ({name})"));
            return Err(format!(
                "level {level} is unknown; allowed: {}",
                levels.join(", ")
            ));
        }
        let level = if level == 0 { self.at_start } else { level };
        self.now.store(level, Ordering::Relaxed);
        Ok(())
    }
}

impl LoggerLevels {
    /// Offers the services for the logger of the node.
    ///
    /// # Errors
    /// The service that ROS refuses.
    pub fn new(node: &mut r2r::Node, threshold: Threshold) -> Result<Self, ConfigErrors> {
        Ok(Self {
            logger: node.logger().to_owned(),
            threshold,
            get: Requests::new(node, "~/get_logger_levels")?,
            set: Requests::new(node, "~/set_logger_levels")?,
        })
    }

    /// Answers every request that has arrived.
    pub fn answer(&mut self) {
        let (logger, threshold) = (&self.logger, &self.threshold);
        self.get.answer(|request| GetLoggerLevels::Response {
            levels: (request.names.iter())
                .map(|name| LoggerLevel {
                    name: name.replace('\0', ""),
                    level: match name == logger {
                        true => threshold.now.load(Ordering::Relaxed),
                        false => UNKNOWN,
                    },
                })
                .collect(),
        });
        self.set.answer(|request| SetLoggerLevels::Response {
            results: (request.levels.iter())
                .map(|asked| match asked.name == *logger {
                    true => threshold.set(asked.level),
                    false => Err(format!(
                        "logger {:?} is not one of this node's; it has {logger:?}",
                        asked.name
                    )),
                })
                .map(|result| SetLoggerLevelsResult {
                    successful: result.is_ok(),
                    reason: result.err().unwrap_or_default().replace('\0', ""),
                })
                .collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_lets_itself_through_and_what_is_graver_and_0_is_that_of_the_start() {
        let threshold = Threshold::starting_at(30);
        let lets_through = || {
            use LogLevel::{Debug, Error, Info, Warn};
            [Debug, Info, Warn, Error].map(|level| threshold.lets_through(level))
        };
        let at_start = [false, false, true, true];
        for (level, through) in [(10, [true; 4]), (50, [false; 4]), (0, at_start)] {
            threshold.set(level).unwrap();
            assert_eq!(lets_through(), through, "{level}");
        }
        let refusal = threshold.set(25).unwrap_err();
        assert!(
            refusal.contains("level 25") && refusal.contains("30 (warn)"),
            "{refusal}"
        );
    }
}
