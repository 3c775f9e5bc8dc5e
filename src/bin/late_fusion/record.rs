//! `late_fusion record`: demonstrations from topics into a bag.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use late_fusion::config::{NODE_NAME, NodeConfig, Overrides, only_robot};
use late_fusion::errors::ConfigErrors;
use late_fusion::ros::{Progress, Recorder, Report, watch_signals};
use late_fusion::shutdown::Shutdown;

use super::parameters::parameters;

/// Record demonstrations into a rosbag2 folder.
///
/// Records the topic of every modality in the parameter file, the expert's action (record.expert_action_topic, of the type
/// action.message or record.expert_action_message) and the episode markers (record.episode_topic, std_msgs/msg/String:
/// `start`, then `success` or `failure`; `change` if the goal changes during the episode).
///
/// Stop it with Ctrl-C. The recording survives even if the process is killed. It is an ordinary ROS 2 bag, a folder with
/// MCAP files and metadata.yaml, for `ros2 bag info`, `ros2 bag play`, Foxglove and `late_fusion train`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The node's parameter file. May be repeated; later files override earlier ones.
    #[arg(long, value_name = "FILE", required = true)]
    params_file: Vec<PathBuf>,

    /// Folder in which the recording, itself a folder, is created.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// Name of the recording [default: the time, in UTC].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// ROS arguments after --ros-args: which robot is meant (-r __ns:=/left), remappings of topics (-r), other
    /// parameters (-p use_sim_time:=true).
    #[arg(
        allow_hyphen_values = true,
        trailing_var_arg = true,
        value_name = "--ros-args"
    )]
    ros_arguments: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  late_fusion record --params-file config/late_fusion.param.yaml --out demonstrations
  late_fusion record --params-file config/late_fusion.param.yaml --out demonstrations \\
      --name first --ros-args -r camera/image_raw:=/wrist/image_raw -p use_sim_time:=true";

/// How often the line on a terminal changes.
const TERMINAL_EVERY: Duration = Duration::from_millis(200);

/// How often a line is added where the output is not a terminal.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Records until Ctrl-C.
///
/// # Errors
/// Every problem of the parameter file and the output before anything is recorded; afterwards what the file
/// system says.
pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    let ros = parameters(&arguments.params_file, &arguments.ros_arguments)?;
    let overrides = Overrides::read(&ros)?;
    let robot = only_robot(&ros, &overrides, NODE_NAME)?;
    let checked = NodeConfig::from_parameters(overrides.of(&robot)?)?;
    let name = arguments
        .name
        .unwrap_or_else(|| time_name(SystemTime::now()));
    not_a_file(&arguments.out)?;
    let shutdown = Shutdown::default();
    watch_signals(&shutdown)?;
    let mut recorder = Recorder::start(&checked.config, &robot, &arguments.out, &name)?;
    let folder = recorder.folder().to_owned();
    let topics: Vec<&str> = recorder.topics().collect();
    let mut line = Line::new();
    for warning in checked.warnings {
        line.say(&format!("warning: {warning}"));
    }
    line.say(&format!(
        "recording {} into {}; stop with Ctrl-C",
        topics.join(", "),
        folder.display()
    ));
    while !shutdown.is_requested() {
        for notice in recorder.step()? {
            line.say(&format!("warning: {notice}"));
        }
        line.show(&recorder.progress());
    }
    let report = recorder.finish()?;
    line.say(&summary(&report, &folder));
    Ok(())
}

/// Recordings were files once.
fn not_a_file(out: &Path) -> Result<(), ConfigErrors> {
    let is_file = out.extension().is_some_and(|extension| extension == "mcap");
    match is_file {
        false => Ok(()),
        true => Err(format!(
            "--out {}: a recording is a folder; give the folder to create it in, and its name with --name",
            out.display()
        )
        .into()),
    }
}

/// `2026-11-22_14-05-09`, in UTC.
fn time_name(now: SystemTime) -> String {
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or_default();
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.format("%Y-%m-%d_%H-%M-%S").to_string()
}

/// The line that shows how the recording is going: rewritten on a terminal, repeated now and then elsewhere.
struct Line {
    started: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Line {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            shown: None,
            is_terminal: std::io::stdout().is_terminal(),
        }
    }

    fn show(&mut self, progress: &Progress) {
        let every = match self.is_terminal {
            true => TERMINAL_EVERY,
            false => LOG_EVERY,
        };
        if self.shown.is_some_and(|shown| shown.elapsed() < every) {
            return;
        }
        self.shown = Some(Instant::now());
        let episodes = progress.episodes;
        let state = match episodes.running {
            true => "an episode is running",
            false => "between episodes",
        };
        let text = format!(
            "{:7.1} s  {} episodes ({} success, {} failure), {state}  {} messages  {:.1} MB",
            self.started.elapsed().as_secs_f64(),
            episodes.succeeded + episodes.failed,
            episodes.succeeded,
            episodes.failed,
            progress.messages,
            progress.bytes as f64 * 1e-6
        );
        match self.is_terminal {
            // To the line's start, and away with what the line before had more.
            true => put(&format!("\r{text}\x1b[K")),
            false => put(&format!("{text}\n")),
        }
    }

    /// A line that stays.
    fn say(&mut self, text: &str) {
        let end = match self.is_terminal && self.shown.take().is_some() {
            true => "\n",
            false => "",
        };
        put(&format!("{end}{text}\n"));
    }
}

/// A recording goes on when the one who watched it has left, so what cannot be printed is let go.
fn put(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn summary(report: &Report, folder: &Path) -> String {
    let episodes = report.episodes;
    let mut lines = vec![format!(
        "{}: {} messages, {:.1} MB, {} episodes ({} success, {} failure)",
        folder.display(),
        report.bag.messages,
        report.bag.bytes as f64 * 1e-6,
        episodes.succeeded + episodes.failed,
        episodes.succeeded,
        episodes.failed
    )];
    for (topic, messages, malformed) in &report.topics {
        let note = match malformed {
            0 => String::new(),
            count => format!(", {count} of them malformed"),
        };
        lines.push(format!("  {topic}: {messages} messages{note}"));
    }
    if episodes.unfinished > 0 {
        lines.push(format!(
            "  {} episodes were not ended before the next one started",
            episodes.unfinished
        ));
    }
    if episodes.running {
        lines.push("  the last episode had not ended".to_owned());
    }
    if report.before_clock > 0 {
        lines.push(format!(
            "  {} messages arrived before the first /clock and were not recorded",
            report.before_clock
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_named_by_the_time() {
        for (seconds, name) in [
            (0, "1970-01-01_00-00-00"),
            (951_782_400, "2000-02-29_00-00-00"),
            (1_798_761_599, "2026-12-31_23-59-59"),
            (4_107_542_400, "2100-03-01_00-00-00"),
        ] {
            assert_eq!(time_name(UNIX_EPOCH + Duration::from_secs(seconds)), name);
        }
        // A clock that was never set.
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(time_name(before), "1970-01-01_00-00-00");
    }

    #[test]
    fn a_file_is_refused_with_what_to_say_instead() {
        assert_eq!(not_a_file(Path::new("demonstrations")), Ok(()));
        let text = not_a_file(Path::new("a/first.mcap"))
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("a/first.mcap") && text.contains("--name"),
            "{text}"
        );
    }
}
