//! What the node says about itself: on `~/status` and `/diagnostics`, and in the log.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::graph_watch::Warnings;
use super::lifecycle_status::{LifecycleStatus, Seen};
use super::status_publisher::{Report, StatusPublisher};
use crate::clock::Clock;
use crate::config::NodeConfig;
use crate::control::{Decision, State, StopReason, TickReport};
use crate::display::{Activity, Sight, SightSlot, View};
use crate::errors::ConfigErrors;
use crate::message::{Level, Status};
use crate::realtime::Setting;
use crate::runtime::{
    Cause, Explained, HealthLog, Parts, StatusSource, TickSource, UNSENT, missing, pairs,
    quantiles, refused_settings, setting_values, sight, stalled, timekeeping,
};
use crate::safety::Permission;

/// How often a change is looked for.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A lasting stop is logged again this often.
const LOG_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A control loop that decides nothing for longer than this, and three periods, waits for its clock, where that is simulated.
const CLOCK_STANDS_AFTER: Duration = Duration::from_millis(500);

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
    /// Why the robot moves.
    pub explained: Explained,
    /// Where those who look get what they see.
    pub sights: SightSlot,
}

/// What counts as a change.
#[derive(Clone, PartialEq)]
struct Shown {
    cause: Cause,
    lifecycle: Seen,
    instruction: String,
    warnings: Vec<String>,
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
            // No other than the supervisor's: a node that is stood in for never says that all is well.
            stalled_after: match config.patience().limit() {
                Some(limit) => limit,
                None => three_periods.max(CLOCK_STANDS_AFTER),
            },
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
        if self.node.sights.is_asked() {
            // Not `now`, which may be before whoever asked had asked.
            let sight = self.sight(Instant::now(), cause, &lifecycle, report.as_ref());
            self.node.sights.put(sight);
        }
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
                    control.values.extend(setting_values(applied));
                    if control.level == Level::Ok
                        && let Some(refused) = refused_settings(applied)
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

    /// What people see of the node.
    fn sight(
        &mut self,
        at: Instant,
        cause: Cause,
        lifecycle: &Seen,
        report: Option<&TickReport>,
    ) -> Sight {
        let mut view = View {
            node: self.node_name.clone(),
            activity: cause.activity(),
            reason: lifecycle.status(&self.node_name).message,
            is_permitted: self.node.permission.withheld(at).is_none(),
            warnings: self.node.warnings.get(),
            ..View::default()
        };
        let mut cameras = Vec::new();
        if let (Some(source), Some(report)) = (&mut self.source, report) {
            (_, view.reason) = cause.said(source, &self.clock, self.ticks_come_from);
            let times = (at, self.clock.now());
            let commands = matches!(view.activity, Activity::Active | Activity::Stopped);
            sight::show(
                &mut view,
                source,
                report,
                &self.node.explained,
                times,
                commands,
            );
            cameras = sight::cameras(source);
        }
        Sight { at, view, cameras }
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
            ) => Cause::of(report.decision),
            _ if state != State::Active => Cause::NotActive(state),
            _ if report.at.is_none() => Cause::Starting,
            _ if is_silent && !may_be_silent => Cause::Stalled(silence),
            _ if !report.sent => Cause::Unsent,
            (Decision::Silent(_), Some(reason)) => Cause::Waiting(reason),
            (_, Some(reason)) => Cause::Stopped(reason),
            _ if is_silent => Cause::Stalled(silence),
            (decision, None) => Cause::of(decision),
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

fn control_status(
    node_name: &str,
    source: &StatusSource,
    report: &TickReport,
    shown: &Shown,
    clock: &Clock,
    ticks_come_from: TickSource,
) -> Status {
    let (level, message) = shown.cause.said(source, clock, ticks_come_from);
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
