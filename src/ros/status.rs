//! What the node says about itself: `~/status` on every change, `/diagnostics` once a second, and the log.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use r2r::QosProfile;

use super::clock::Clock;
use super::watched::{Watched, pairs};
use crate::control::{Decision, StopReason, TickReport};
use crate::message::{DIAGNOSTICS_NAME, Level, Status, encode_diagnostics};
use crate::problems::Problems;

/// How often a change is looked for.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often the state is published without a change, and a lasting stop is logged again.
pub const REPEAT_EVERY: Duration = Duration::from_secs(1);
const LOG_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Publishes the state of the node. Runs beside the control thread and takes nothing from it but reports.
pub struct StatusReporter {
    watched: Watched,
    successors: Receiver<Watched>,
    clock: Clock,
    node_name: String,
    status: r2r::PublisherUntyped,
    diagnostics: r2r::PublisherUntyped,
    shown: Option<Shown>,
    published: Option<Instant>,
    logged: Option<Instant>,
}

/// What counts as a change.
#[derive(Clone, PartialEq)]
struct Shown {
    cause: Cause,
    instruction: String,
}

#[derive(Clone, Copy)]
enum Cause {
    Starting,
    Active,
    Waiting(StopReason),
    Stopped(StopReason),
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Starting, Self::Starting) | (Self::Active, Self::Active) => true,
            (Self::Waiting(a), Self::Waiting(b)) | (Self::Stopped(a), Self::Stopped(b)) => {
                a.same_cause(b)
            }
            _ => false,
        }
    }
}

/// The topics on which a node says how it is: `~/status`, latched, and `/diagnostics`.
///
/// # Errors
/// The topic that ROS refuses.
pub fn offer_topics(
    node: &mut r2r::Node,
) -> Result<(r2r::PublisherUntyped, r2r::PublisherUntyped), Problems> {
    let latched = QosProfile::default().keep_last(1).transient_local();
    let mut offer = |topic: &str, qos| {
        node.create_publisher_untyped(topic, DIAGNOSTICS_NAME, qos)
            .map_err(|e| Problems::from(format!("topic {topic}: cannot publish: {e}")))
    };
    Ok((
        offer("~/status", latched)?,
        offer("/diagnostics", QosProfile::default())?,
    ))
}

impl StatusReporter {
    /// Offers the topics, to show `watched` and then each of its `successors`.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn new(
        node: &mut r2r::Node,
        clock: Clock,
        watched: Watched,
        successors: Receiver<Watched>,
    ) -> Result<Self, Problems> {
        let (status, diagnostics) = offer_topics(node)?;
        Ok(Self {
            status,
            diagnostics,
            node_name: node.name().unwrap_or_default(),
            watched,
            successors,
            clock,
            shown: None,
            published: None,
            logged: None,
        })
    }

    /// Publishes what has changed, and everything once a second. To be called every [`LOOK_EVERY`].
    pub fn look(&mut self, now: Instant) {
        if let Some(successor) = self.successors.try_iter().last() {
            self.watched = successor;
            self.shown = None;
        }
        let report = *self.watched.reports.read();
        let cause = match report.decision {
            _ if report.ticks == 0 => Cause::Starting,
            Decision::Act { .. } => Cause::Active,
            Decision::Silent(reason) => Cause::Waiting(reason),
            Decision::Stop(reason) => Cause::Stopped(reason),
        };
        let shown = Shown {
            cause,
            instruction: self.watched.instruction(),
        };
        let changed = self.shown.as_ref() != Some(&shown);
        let since = |at: Option<Instant>| at.map_or(Duration::MAX, |at| now - at);
        let repeat = since(self.published) >= REPEAT_EVERY;
        if self.shown.as_ref().is_none_or(|last| last.cause != cause)
            || (since(self.logged) >= LOG_AGAIN_AFTER && !matches!(cause, Cause::Active))
        {
            self.log(cause);
            self.logged = Some(now);
        }
        if let (true, Some(published)) = (repeat, self.published) {
            self.watched.measure_rates(now - published);
        }
        if changed || repeat {
            let message = self.encode(&report, cause, &shown.instruction);
            // Publishing fails only when the node is gone.
            let _ = self.status.publish_raw(&message);
            if repeat {
                let _ = self.diagnostics.publish_raw(&message);
                self.published = Some(now);
            }
        }
        self.shown = Some(shown);
    }

    fn log(&self, cause: Cause) {
        match cause {
            // With the system's clock the first tick is as good as there.
            Cause::Starting if matches!(self.clock, Clock::System) => {}
            Cause::Starting => log::info!("nothing is published yet, {}", self.missing()),
            Cause::Active => log::info!("active: the policy {:?} drives", self.watched.spec.name),
            Cause::Waiting(StopReason::ShuttingDown) => {
                log::info!("the node is shutting down; nothing was ever published");
            }
            Cause::Waiting(reason) => log::info!(
                "nothing is published yet, waiting for {}",
                reason.describe(&self.watched.spec)
            ),
            Cause::Stopped(reason) => {
                log::warn!("stop action: {}", reason.describe(&self.watched.spec));
            }
        }
    }

    /// What keeps the first tick from being due.
    fn missing(&self) -> String {
        if self.clock.now().is_unset() {
            return "waiting: no message on /clock".into();
        }
        let silent = self.watched.silent();
        match silent.is_empty() {
            true => "starting".into(),
            false => format!("waiting: no message from {}", silent.join(", ")),
        }
    }

    fn encode(&self, report: &TickReport, cause: Cause, instruction: &str) -> Vec<u8> {
        let (level, message) = match cause {
            Cause::Starting => (Level::Stale, self.missing()),
            Cause::Active => (Level::Ok, "active".to_owned()),
            Cause::Waiting(reason) => {
                let words = reason.describe(&self.watched.spec);
                (Level::Warn, format!("waiting: {words}"))
            }
            Cause::Stopped(reason) => (
                Level::Error,
                reason.describe(&self.watched.spec).to_string(),
            ),
        };
        let control = Status {
            level,
            name: format!("{}: control", self.node_name),
            message,
            values: pairs(&[
                ("policy", self.watched.spec.name.clone()),
                ("policy_folder", self.watched.folder.display().to_string()),
                ("instruction", instruction.to_owned()),
                ("rate_hz", format!("{:.3}", report.rate_hz)),
                ("interval_p50_ms", format!("{:.3}", report.interval_p50_ms)),
                ("interval_p99_ms", format!("{:.3}", report.interval_p99_ms)),
                ("ticks", report.ticks.to_string()),
                ("stops", report.stops.to_string()),
                ("limited", report.limited.to_string()),
            ]),
        };
        let now = self.clock.now();
        let modalities = self.watched.statuses(now, &self.node_name);
        let statuses: Vec<Status> = std::iter::once(control).chain(modalities).collect();
        encode_diagnostics(now, &statuses)
    }
}
