//! What the library has to say while a tool runs, on the console.

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Console;

/// Prints warnings and errors of this crate and what it depends on to stderr from here on.
pub fn start() {
    // It fails only when there is a log already, and then nothing is lost.
    if log::set_logger(&Console).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

impl Log for Console {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            let level = record.level().as_str().to_lowercase();
            eprintln!("{level}: {}", record.args());
        }
    }

    fn flush(&self) {}
}
