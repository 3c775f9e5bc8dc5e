//! What the node says about itself: on `~/status` and `/diagnostics`, and in the log.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::graph_watch::Warnings;
use super::health_log::HealthLog;
use super::lifecycle_status::{LifecycleStatus, Seen};
use super::parts::Parts;
use super::status_publisher::{Report, StatusPublisher};
use super::status_source::{StatusSource, pairs};
use super::status_timing::{quantiles, refused, settings as settings_values, timekeeping};
use crate::clock::Clock;
use crate::config::NodeConfig;
use crate::control::{Decision, State, StopReason, TickReport};
use crate::errors::ConfigErrors;
use crate::message::{Level, Status};
use crate::realtime::Setting;
use crate::safety::Permission;

/// How often a change is looked for.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A lasting stop is logged again this often.
const LOG_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A control loop that decides nothing for longer than this, and three periods, has stalled.
const STALLED_AFTER: Duration = Duration::from_millis(500);

/// Publishes the state of the node. Runs beside the control thread and takes nothing from it but reports.
pub struct StatusReporter {
    source: Option<StatusSource>,
    node: NodeSources,
    /// Until it is active for the first time, a node that configures itself has nothing to say.
    is_quiet: bool,
    clock: Clock,
    node_name: String,
    publisher: StatusPublisher<Shown>,
    stalled_after: Duration,
    ticks_come_from: TickSource,
    logged: Option<Instant>,
    health: HealthLog,
    parts: Parts,
}

/// What it shows of the node, whatever policy it has.
pub struct NodeSources {
    /// What to show of the policy in use, or that there is none; the newest counts.
    pub policies: Receiver<Option<StatusSource>>,
    /// The state of the managed node.
    pub lifecycle: LifecycleStatus,
    /// What is wrong with topics.
    pub warnings: Warnings,
    /// Whether the robot may be moved.
    pub permission: Arc<Permission>,
    /// What became of what the control thread asked of the kernel, once it has.
    pub settings: Arc<OnceLock<Vec<Setting>>>,
}

/// What makes the control loop tick.
#[derive(Clone, Copy)]
enum TickSource {
    SystemClock,
    SimulatedClock,
    Observations,
}

/// What counts as a change.
#[derive(Clone, PartialEq)]
struct Shown {
    cause: Cause,
    lifecycle: Seen,
    instruction: String,
    warnings: Vec<String>,
}

#[derive(Clone, Copy)]
enum Cause {
    Starting,
    /// The node is in this state, in which it does not drive.
    NotActive(State),
    Active,
    Waiting(StopReason),
    Stopped(StopReason),
    /// The control loop has decided nothing for this long.
    Stalled(Duration),
    /// The last command could not be published.
    Unsent,
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Waiting(a), Self::Waiting(b)) | (Self::Stopped(a), Self::Stopped(b)) => {
                a.same_cause(b)
            }
            (Self::NotActive(a), Self::NotActive(b)) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl StatusReporter {
    /// Offers the topics, to show these.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn new(
        node: &mut r2r::Node,
        config: &NodeConfig,
        clock: Clock,
        sources: NodeSources,
    ) -> Result<Self, ConfigErrors> {
        let three_periods = Duration::from_secs_f64(3.0 / config.control_rate_hz);
        Ok(Self {
            publisher: StatusPublisher::new(node)?,
            node_name: node.name().unwrap_or_default(),
            source: None,
            node: sources,
            is_quiet: config.autostart,
            clock,
            stalled_after: three_periods.max(STALLED_AFTER),
            ticks_come_from: match (config.use_sim_time, config.lockstep) {
                (_, true) => TickSource::Observations,
                (true, false) => TickSource::SimulatedClock,
                (false, false) => TickSource::SystemClock,
            },
            logged: None,
            health: HealthLog::default(),
            parts: Parts::default(),
        })
    }

    /// Publishes what has changed, and everything once a second. To be called every [`LOOK_EVERY`].
    pub fn look(&mut self, now: Instant) {
        // The state first: an active node has left its source before.
        let lifecycle = self.node.lifecycle.get();
        if let Some(newest) = self.node.policies.try_iter().last() {
            self.source = newest;
            self.publisher.forget();
        }
        if let Some(source) = &self.source {
            let stamp = self.clock.now();
            self.health.look(now, || source.findings(stamp));
        }
        self.is_quiet &= lifecycle.state != State::Active;
        let report = self.source.as_mut().map(|source| *source.reports.read());
        let cause = self.cause(now, lifecycle.state, report.as_ref());
        let is_ending = matches!(cause, Cause::Waiting(_) | Cause::Stopped(_));
        if self.is_quiet && !is_ending {
            return;
        }
        let shown = Shown {
            cause,
            lifecycle,
            instruction: self
                .source
                .as_ref()
                .map_or(String::new(), StatusSource::instruction),
            warnings: self.node.warnings.get(),
        };
        let logged_before = self.logged.map_or(Duration::MAX, |at| now - at);
        let last = self.publisher.shown();
        if last.is_none_or(|last| last.cause != cause)
            || (logged_before >= LOG_AGAIN_AFTER && !matches!(cause, Cause::Active))
        {
            if let Some(source) = &self.source {
                self.log(cause, source);
            }
            self.logged = Some(now);
        }
        let Self {
            publisher,
            source,
            clock,
            node_name,
            node,
            parts,
            ..
        } = self;
        let ticks_come_from = self.ticks_come_from;
        publisher.publish(now, shown, |shown, wants_more| {
            let now = clock.now();
            let (mut statuses, mut more) = (Vec::new(), Vec::new());
            match (source, &report) {
                (Some(source), Some(report)) => {
                    let applied = node.settings.get().map_or(&[][..], Vec::as_slice);
                    let mut control =
                        control_status(node_name, source, report, shown, clock, ticks_come_from);
                    control.values.extend(timekeeping(&report.timekeeping));
                    control.values.extend(settings_values(applied));
                    if control.level == Level::Ok
                        && let Some(refused) = refused(applied)
                    {
                        control.level = Level::Warn;
                        control.message = format!("{}; {refused}", control.message);
                    }
                    statuses.push(control);
                    let modalities = source.statuses(now, node_name).zip(report.latencies);
                    statuses.extend(modalities.map(|(mut status, latency)| {
                        status.values.extend(quantiles("command", latency));
                        status
                    }));
                    if wants_more {
                        more = parts.statuses(node_name, source, report);
                    }
                }
                _ => statuses.push(shown.lifecycle.status(node_name)),
            }
            statuses.push(node.warnings.status(node_name));
            Report {
                stamp: now,
                statuses,
                more,
            }
        });
    }

    fn cause(&self, now: Instant, state: State, report: Option<&TickReport>) -> Cause {
        let Some(report) = report else {
            return Cause::NotActive(state);
        };
        let silence = report
            .at
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let is_silent = silence > self.stalled_after;
        let may_be_silent = !matches!(self.ticks_come_from, TickSource::SystemClock);
        // The supervisor sees that without a tick as well.
        let withheld = self
            .node
            .permission
            .withheld(now)
            .map(StopReason::NotPermitted);
        match (report.decision, withheld) {
            (
                Decision::Stop(StopReason::ShuttingDown)
                | Decision::Silent(StopReason::ShuttingDown),
                _,
            ) => stopped(report.decision),
            _ if state != State::Active => Cause::NotActive(state),
            _ if report.at.is_none() => Cause::Starting,
            _ if is_silent && !may_be_silent => Cause::Stalled(silence),
            _ if !report.sent => Cause::Unsent,
            (Decision::Silent(_), Some(reason)) => Cause::Waiting(reason),
            (_, Some(reason)) => Cause::Stopped(reason),
            _ if is_silent => Cause::Stalled(silence),
            (decision, None) => stopped(decision),
        }
    }

    fn log(&self, cause: Cause, source: &StatusSource) {
        let spec = &source.spec;
        match cause {
            // Transitions are logged where they are made.
            Cause::NotActive(_) => {}
            // With the system's clock the first tick is as good as there.
            Cause::Starting if matches!(self.clock, Clock::System) => {}
            Cause::Starting => {
                log::info!("nothing is published yet, {}", missing(source, &self.clock))
            }
            Cause::Active => log::info!("active: the policy {:?} drives", spec.name),
            Cause::Waiting(StopReason::ShuttingDown) => {
                log::info!("the node is shutting down; it was not driving");
            }
            Cause::Waiting(reason) => log::info!(
                "nothing is published yet, waiting for {}",
                source.explain(reason)
            ),
            Cause::Stopped(reason) => log::warn!("stop action: {}", source.explain(reason)),
            Cause::Stalled(silence) => log::warn!("{}", stalled(silence, self.ticks_come_from).1),
            Cause::Unsent => log::error!("{UNSENT}"),
        }
    }
}

const UNSENT: &str = "the command could not be published; is the ROS middleware still working?";

fn stopped(decision: Decision) -> Cause {
    match decision {
        Decision::Act { .. } => Cause::Active,
        Decision::Silent(reason) => Cause::Waiting(reason),
        Decision::Stop(reason) => Cause::Stopped(reason),
    }
}

/// A simulation may be paused; a control thread may not.
fn stalled(silence: Duration, ticks_come_from: TickSource) -> (Level, String) {
    let seconds = silence.as_secs_f64();
    match ticks_come_from {
        TickSource::SystemClock => (
            Level::Error,
            format!("the control loop has decided nothing for {seconds:.1} s"),
        ),
        TickSource::SimulatedClock => (
            Level::Stale,
            format!("/clock has stood still for {seconds:.1} s"),
        ),
        TickSource::Observations => (
            Level::Stale,
            format!("no new observation has been complete for {seconds:.1} s"),
        ),
    }
}

/// What keeps the first tick from being due.
fn missing(source: &StatusSource, clock: &Clock) -> String {
    if clock.now().is_unset() {
        return "waiting: no message on /clock".into();
    }
    let silent = source.silent();
    match silent.is_empty() {
        true => "starting".into(),
        false => format!("waiting: no message from {}", silent.join(", ")),
    }
}

fn control_status(
    node_name: &str,
    source: &StatusSource,
    report: &TickReport,
    shown: &Shown,
    clock: &Clock,
    ticks_come_from: TickSource,
) -> Status {
    let (level, message) = match shown.cause {
        Cause::Starting => (Level::Stale, missing(source, clock)),
        Cause::NotActive(state) => (Level::Ok, state.label().to_owned()),
        Cause::Active => (Level::Ok, "active".to_owned()),
        Cause::Waiting(reason) => {
            let words = source.explain(reason);
            (Level::Warn, format!("waiting: {words}"))
        }
        Cause::Stopped(reason) => (Level::Error, source.explain(reason)),
        Cause::Stalled(silence) => stalled(silence, ticks_come_from),
        Cause::Unsent => (Level::Error, UNSENT.to_owned()),
    };
    // A loop that has stalled has no rate, whatever it had before.
    let rate_hz = match shown.cause {
        Cause::Stalled(_) | Cause::NotActive(_) => 0.0,
        _ => report.rate_hz,
    };
    Status {
        level,
        name: format!("{node_name}: control"),
        message,
        values: pairs(&[
            ("lifecycle", shown.lifecycle.state.label().to_owned()),
            ("policy", source.spec.name.clone()),
            ("policy_folder", source.folder.display().to_string()),
            ("instruction", shown.instruction.clone()),
            ("rate_hz", format!("{rate_hz:.3}")),
            ("interval_p50_ms", format!("{:.3}", report.interval_p50_ms)),
            ("interval_p99_ms", format!("{:.3}", report.interval_p99_ms)),
            ("ticks", report.ticks.to_string()),
            ("stops", report.stops.to_string()),
            ("limited", report.limited.to_string()),
            ("unsent", report.failed.to_string()),
        ]),
    }
}
