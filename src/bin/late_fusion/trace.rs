//! `late_fusion trace`: what a running node does, moment by moment, as a file for ui.perfetto.dev.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use late_fusion::errors::ConfigErrors;
use late_fusion::ros::{TraceListener, watch_signals};
use late_fusion::shutdown::Shutdown;
use late_fusion::trace::{Gathered, Record, write_chrome_trace};

/// Record a timeline of a running node, for ui.perfetto.dev.
///
/// Traces a late_fusion node or encoder node for some seconds, and writes the Chrome trace event format, which
/// https://ui.perfetto.dev and chrome://tracing open. For each modality it shows every message that was used: waiting in the
/// slot, preparation, inference, delivery. For the control thread it shows every tick: how late it woke, its decision and
/// reason, publishing. Arrows lead from a message's arrival to the first command based on it. The node records only while
/// it is being traced.
///
/// Ctrl-C stops earlier and writes what was recorded so far.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  late_fusion trace\n  late_fusion trace --seconds 30 --out start.json\n  late_fusion \
                  trace /left/late_fusion --out left.json"
)]
pub struct Arguments {
    /// Full name of the node, or the end of it [default: the only one running].
    #[arg(value_name = "NODE")]
    node: Option<String>,

    /// How long to trace, in seconds, 600 at most.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 5.0,
        allow_negative_numbers = true
    )]
    seconds: f64,

    /// File to write; an existing one is overwritten.
    #[arg(long, value_name = "FILE.json", default_value = "trace.json")]
    out: PathBuf,

    /// How long to look for the node, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 5.0,
        allow_negative_numbers = true
    )]
    patience: f64,
}

/// What is heard is kept in memory until it is written.
const LONGEST_S: f64 = 600.0;

/// A node that says nothing for so long is gone, or hangs: it speaks once a second, also where nothing happens.
const SILENT_AFTER: Duration = Duration::from_secs(4);

/// How often the line on a terminal changes.
const LINE_EVERY: Duration = Duration::from_millis(200);

/// Listens, and writes the file.
///
/// # Errors
/// Every problem of the arguments together, before anything is heard; what ROS refuses, that no node was found, or several,
/// and what the file system says.
pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let seconds = arguments.seconds;
    if !(seconds > 0.0 && seconds <= LONGEST_S) {
        errors.add(format!(
            "--seconds is {seconds}; it must be more than 0 and at most {LONGEST_S}"
        ));
    }
    let patience = Duration::try_from_secs_f64(arguments.patience);
    if patience.is_err() {
        errors.add(format!(
            "--patience is {}; it must be 0 or more seconds",
            arguments.patience
        ));
    }
    let out = Output::new(&arguments.out).map_err(|error| errors.add(error));
    let (Ok(patience), Ok(out), true) = (patience, out, errors.is_empty()) else {
        return Err(errors);
    };
    let shutdown = Shutdown::default();
    watch_signals(&shutdown)?;
    let goes_on = || !shutdown.is_requested();
    let mut listener = TraceListener::new()?;
    let Some(node) = listener.find(arguments.node.as_deref(), patience, goes_on)? else {
        return Ok(());
    };
    listener.listen(&node)?;
    eprintln!("tracing {node} for {seconds} s; Ctrl-C stops earlier");
    let mut gathered = Gathered::default();
    let heard = listen(
        &mut listener,
        &mut gathered,
        Duration::from_secs_f64(seconds),
        goes_on,
    )?;
    if !gathered.has_begun() {
        return match goes_on() {
            true => Err(format!(
                "node {node}: no message on {node}/trace for {} s; is it an older version, or hanging?",
                SILENT_AFTER.as_secs()
            )
            .into()),
            false => Ok(()),
        };
    }
    let events = out.write(&mut gathered)?;
    println!("{}", summary(&gathered, &arguments.out, heard, events));
    Ok(())
}

/// Gathers what is heard for so long from the first batch on, until the node falls silent or somebody says that it is
/// enough; returns how long that was.
fn listen(
    listener: &mut TraceListener,
    gathered: &mut Gathered,
    wanted: Duration,
    goes_on: impl Fn() -> bool,
) -> Result<Duration, ConfigErrors> {
    let is_terminal = std::io::stderr().is_terminal();
    let (mut began, mut last, mut shown) = (None, Instant::now(), Instant::now());
    loop {
        let batches = listener.step()?;
        let now = Instant::now();
        for batch in batches {
            last = now;
            began.get_or_insert(now);
            gathered.take(batch);
        }
        let heard = began.map_or(Duration::ZERO, |began| now - began);
        let is_silent = now - last >= SILENT_AFTER;
        let is_over = heard >= wanted || is_silent || !goes_on();
        if is_terminal && (is_over || now - shown >= LINE_EVERY) {
            shown = now;
            let end = if is_over { "\n" } else { "" };
            let records = gathered.records().len();
            eprint!(
                "\r{:.1} s, {records} ticks and messages{end}",
                heard.as_secs_f64()
            );
        }
        if is_over {
            if is_silent && began.is_some() {
                eprintln!(
                    "warning: no message from the node for {} s; has it ended?",
                    SILENT_AFTER.as_secs()
                );
            }
            return Ok(heard);
        }
    }
}

fn summary(gathered: &Gathered, path: &Path, heard: Duration, events: u64) -> String {
    let count =
        |is_one: fn(&Record) -> bool| gathered.records().iter().filter(|r| is_one(r)).count();
    let ticks = count(|record| matches!(record, Record::Tick(_)));
    let messages = count(|record| matches!(record, Record::Message(_)));
    let stops = match count(|record| matches!(record, Record::StandIn(_))) {
        0 => String::new(),
        stops => format!(", {stops} stops of the supervisor"),
    };
    let lost = match gathered.lost() {
        0 => "none was lost".to_owned(),
        lost => {
            format!("WARNING: {lost} more were lost, in full rings of the node or on the way here")
        }
    };
    let strangers = match gathered.strangers() {
        0 => String::new(),
        _ => "\nWARNING: another process of the same name published as well, or the node was started again; only the \
              first one is shown"
            .to_owned(),
    };
    format!(
        "{}: {ticks} ticks and {messages} messages{stops} in {:.1} s, {events} events; {lost}. Open it in \
         https://ui.perfetto.dev{strangers}",
        path.display(),
        heard.as_secs_f64()
    )
}

/// The file that is to be written, beside its place until it is whole. Where nothing comes of it, nothing is left.
struct Output {
    path: PathBuf,
    part: PathBuf,
    file: File,
}

impl Output {
    /// Makes the file, so that a folder that cannot be written to is found before anything is heard.
    fn new(path: &Path) -> Result<Self, String> {
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(format!(
                "--out {} is not a file name; it must be the path of a file",
                path.display()
            ));
        };
        let mut part = name.to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(part);
        let file = File::create(&part)
            .map_err(|e| format!("--out {}: the file cannot be made: {e}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            part,
            file,
        })
    }

    /// Writes the file, and returns how many events are in it.
    fn write(self, gathered: &mut Gathered) -> Result<u64, ConfigErrors> {
        let mut write = || {
            let mut out = BufWriter::new(&self.file);
            let events = write_chrome_trace(gathered, &mut out)?;
            out.flush()?;
            std::fs::rename(&self.part, &self.path)?;
            Ok(events)
        };
        let cannot = |e: std::io::Error| format!("--out {}: {e}", self.path.display());
        Ok(write().map_err(cannot)?)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Where it has become the file, it is not there any more.
        let _ = std::fs::remove_file(&self.part);
    }
}
