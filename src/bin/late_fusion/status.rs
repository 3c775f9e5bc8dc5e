//! `late_fusion status`: how a running node is, live in the terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use late_fusion::errors::ConfigErrors;
use late_fusion::message::{Level, Status};
use late_fusion::ros::{HeardStatus, StatusListener, watch_signals};
use late_fusion::shutdown::Shutdown;

/// Show the state of a running node, live in the terminal.
///
/// Shows every part of a late_fusion node or encoder node with its state and figures, as published on ~/status and
/// /diagnostics: the control loop, each modality, its encoder, the guard, the policy. On a terminal the view is refreshed
/// with every message until Ctrl-C; otherwise every message is printed as lines of its own.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  late_fusion status\n  late_fusion status /left/late_fusion\n  late_fusion status --once \
                  | grep ERROR"
)]
pub struct Arguments {
    /// Full name of the node, or the end of it [default: the only one running].
    #[arg(value_name = "NODE")]
    node: Option<String>,

    /// Print the state once and exit.
    #[arg(long)]
    once: bool,

    /// How long to look for the node, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    patience: f64,
}

/// A node that says nothing for so long is gone, or hangs: it speaks once a second.
const SILENT_AFTER: Duration = Duration::from_secs(3);

/// With --once, how long the parts are waited for that only come once a second.
const WHOLE_WITHIN: Duration = Duration::from_secs(3);

/// Shows the state until Ctrl-C.
///
/// # Errors
/// What ROS refuses, and that no node was found, or several.
pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    let patience = Duration::try_from_secs_f64(arguments.patience).map_err(|_| {
        format!(
            "--patience is {}; it must be 0 or more seconds",
            arguments.patience
        )
    })?;
    let shutdown = Shutdown::default();
    watch_signals(&shutdown)?;
    let mut listener = StatusListener::new()?;
    let goes_on = || !shutdown.is_requested();
    let Some(node) = listener.find(arguments.node.as_deref(), patience, goes_on)? else {
        return Ok(());
    };
    listener.listen(&node)?;
    let mut state = State::new(node, Instant::now());
    if arguments.once {
        return once(&mut listener, &mut state, goes_on);
    }
    let is_terminal = io::stdout().is_terminal();
    let screen = is_terminal.then(Screen::begin);
    while goes_on() {
        let heard = listener.step();
        let is_news = !heard.is_empty();
        let now = Instant::now();
        heard.into_iter().for_each(|h| state.take(h, now));
        let text = match (&screen, is_news || state.has_fallen_silent(now)) {
            (_, false) => continue,
            (Some(_), true) => state.picture(now),
            (None, true) => state.lines(now),
        };
        // A pipe that nobody reads any more ends it.
        if write_out(&text).is_err() {
            break;
        }
    }
    Ok(())
}

fn once(
    listener: &mut StatusListener,
    state: &mut State,
    goes_on: impl Fn() -> bool,
) -> Result<(), ConfigErrors> {
    let began = Instant::now();
    while goes_on() && !state.is_whole {
        let now = Instant::now();
        listener.step().into_iter().for_each(|h| state.take(h, now));
        if began.elapsed() > WHOLE_WITHIN {
            break;
        }
    }
    if state.parts.is_empty() && goes_on() {
        return Err(format!(
            "node {}: no message for {:.0} s; is it hanging?",
            state.node,
            WHOLE_WITHIN.as_secs_f64()
        )
        .into());
    }
    // Whoever reads may have seen enough.
    let _ = write_out(&state.lines(Instant::now()));
    Ok(())
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The terminal's other screen, without a cursor and without wrapping of long lines, for as long as it lives.
struct Screen;

impl Screen {
    fn begin() -> Self {
        let _ = write_out("\x1b[?1049h\x1b[?25l\x1b[?7l");
        Self
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = write_out("\x1b[?7h\x1b[?25h\x1b[?1049l");
    }
}

/// What is known of a node.
struct State {
    node: String,
    /// In the order in which the node names them.
    parts: Vec<Status>,
    /// Whether all its parts have been heard.
    is_whole: bool,
    heard: Instant,
    /// When it was last said that it is silent.
    told: Instant,
}

impl State {
    fn new(node: String, now: Instant) -> Self {
        Self {
            node,
            parts: Vec::new(),
            is_whole: false,
            heard: now,
            told: now,
        }
    }

    fn take(&mut self, heard: HeardStatus, now: Instant) {
        (self.heard, self.told) = (now, now);
        if heard.is_whole {
            // A part that is gone is gone: another policy has other modalities.
            (self.parts, self.is_whole) = (heard.parts, true);
            return;
        }
        for part in heard.parts {
            match self.parts.iter().position(|known| known.name == part.name) {
                Some(i) => self.parts[i] = part,
                None => self.parts.push(part),
            }
        }
    }

    /// Whether it is time to say, again, that nothing is heard.
    fn has_fallen_silent(&mut self, now: Instant) -> bool {
        let is_silent = now - self.told >= SILENT_AFTER;
        if is_silent {
            self.told = now;
        }
        is_silent
    }

    fn silence(&self, now: Instant) -> Option<String> {
        let silent = now - self.heard;
        (silent >= SILENT_AFTER).then(|| {
            format!(
                "node {}: no message for {:.0} s; has it ended?",
                self.node,
                silent.as_secs_f64()
            )
        })
    }

    /// A line for every part, for programs.
    fn lines(&self, now: Instant) -> String {
        if let Some(silence) = self.silence(now) {
            return format!("{silence}\n");
        }
        let mut text = String::new();
        for part in &self.parts {
            let (level, name) = (word(part.level), printable(&part.name));
            text += &format!("{level:5} {name}: {}{}\n", printable(&part.message), {
                let values = values(part);
                match values.is_empty() {
                    true => values,
                    false => format!("  [{values}]"),
                }
            });
        }
        text
    }

    /// Everything, drawn over what was there, for people.
    fn picture(&self, now: Instant) -> String {
        let mut lines = vec![format!("\x1b[1m{}\x1b[0m", printable(&self.node))];
        lines.extend(self.silence(now).map(|s| format!("\x1b[31m{s}\x1b[0m")));
        if self.parts.is_empty() {
            lines.push("waiting for its status".to_owned());
        }
        let width = self.parts.iter().map(|p| p.name.chars().count()).max();
        let width = width.unwrap_or(0);
        for part in &self.parts {
            let (color, name) = (color(part.level), printable(&part.name));
            lines.push(String::new());
            lines.push(format!(
                "{color}{:5}\x1b[0m {name:width$}  {}",
                word(part.level),
                printable(&part.message)
            ));
            let values = values(part);
            if !values.is_empty() {
                lines.push(format!("      {:width$}  \x1b[2m{values}\x1b[0m", ""));
            }
        }
        let drawn: String = lines.iter().map(|l| format!("{l}\x1b[K\n")).collect();
        format!("\x1b[H{drawn}\x1b[J")
    }
}

fn values(part: &Status) -> String {
    let known = part.values.iter().filter(|(_, value)| !value.is_empty());
    let texts: Vec<String> = known
        .map(|(key, value)| format!("{} {}", printable(key), printable(value)))
        .collect();
    texts.join("  ")
}

/// A node may be anybody's: what it says must not steer the terminal.
fn printable(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect()
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "OK",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
        Level::Stale => "STALE",
    }
}

fn color(level: Level) -> &'static str {
    match level {
        Level::Ok => "\x1b[32m",
        Level::Warn => "\x1b[33m",
        Level::Error => "\x1b[31m",
        Level::Stale => "\x1b[35m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, level: Level, message: &str) -> Status {
        Status {
            level,
            name: name.to_owned(),
            message: message.to_owned(),
            values: vec![
                ("age_s".to_owned(), "0.1".to_owned()),
                ("last_error".to_owned(), String::new()),
            ],
        }
    }

    fn heard(is_whole: bool, parts: &[Status]) -> HeardStatus {
        HeardStatus {
            parts: parts.to_vec(),
            is_whole,
        }
    }

    #[test]
    fn the_newest_state_of_every_part_is_shown_and_parts_that_are_gone_are_not() {
        let now = Instant::now();
        let mut state = State::new("/late_fusion".to_owned(), now);
        let control = |message: &str| part("control", Level::Error, message);
        let scene = part("scene", Level::Ok, "fresh");
        state.take(heard(false, &[control("stopped"), scene.clone()]), now);
        assert!(!state.is_whole);
        let guard = part("guard", Level::Warn, "limited");
        state.take(
            heard(true, &[control("stopped"), scene, guard.clone()]),
            now,
        );
        state.take(heard(false, &[control("stopped again")]), now);
        assert_eq!(
            state.lines(now),
            "ERROR control: stopped again  [age_s 0.1]\nOK    scene: fresh  [age_s 0.1]\nWARN  guard: limited  [age_s 0.1]\n"
        );
        state.take(heard(true, &[guard]), now);
        assert_eq!(state.lines(now), "WARN  guard: limited  [age_s 0.1]\n");
    }

    #[test]
    fn a_node_that_falls_silent_is_told_again_and_again() {
        let begin = Instant::now();
        let mut state = State::new("/late_fusion".to_owned(), begin);
        let after = |ms| begin + Duration::from_millis(ms);
        let told: Vec<bool> = [1000, 3000, 3500, 6000]
            .map(|ms| state.has_fallen_silent(after(ms)))
            .to_vec();
        assert_eq!(told, [false, true, false, true]);
        assert_eq!(
            state.lines(after(6000)),
            "node /late_fusion: no message for 6 s; has it ended?\n"
        );
        state.take(
            heard(true, &[part("scene", Level::Ok, "fresh")]),
            after(7000),
        );
        assert!(!state.has_fallen_silent(after(9000)));
    }

    #[test]
    fn what_a_node_says_cannot_steer_the_terminal() {
        let now = Instant::now();
        let mut state = State::new("/late_fusion".to_owned(), now);
        let hostile = part("scene", Level::Ok, "a\x1b[2Jb\nc\u{9b}");
        state.take(heard(true, &[hostile]), now);
        assert!(state.picture(now).contains("  a [2Jb c "));
        assert_eq!(state.lines(now).lines().count(), 1);
    }
}
