//! What the node says about itself: `~/status` on every change, `/diagnostics` once a second, and the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use r2r::QosProfile;

use super::clock::Clock;
use crate::control::{Decision, StopReason, TickReport};
use crate::message::{DIAGNOSTICS_NAME, Level, Status, encode_diagnostics};
use crate::modality::{MessageSlot, ModalityStats, Worker};
use crate::policy::PolicySpec;
use crate::problems::Problems;
use crate::time::Stamp;

/// How often a change is looked for.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often the state is published without a change, and a lasting stop is logged again.
pub const REPEAT_EVERY: Duration = Duration::from_secs(1);
const LOG_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// One modality as the status shows it.
pub struct WatchedModality {
    /// Whether it is listened to at all.
    pub enabled: bool,
    /// What its worker counts.
    pub stats: Arc<ModalityStats>,
    /// Where its messages wait.
    pub slot: Arc<MessageSlot>,
    /// The oldest value that still counts, in seconds.
    pub max_age_s: Option<f64>,
    /// Features per second, over the last second.
    pub rate_hz: f64,
    /// Features counted when the rate was last brought up to date.
    pub counted: u64,
}

impl WatchedModality {
    /// What a worker serves.
    pub fn of(worker: &Worker, max_age_s: Option<f64>) -> Self {
        Self {
            enabled: true,
            stats: worker.stats().clone(),
            slot: worker.slot().clone(),
            max_age_s,
            rate_hz: 0.0,
            counted: 0,
        }
    }

    /// One that is not listened to.
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            stats: Arc::default(),
            slot: Arc::default(),
            max_age_s: None,
            rate_hz: 0.0,
            counted: 0,
        }
    }

    /// Brings the rate up to date, so long after the last time.
    pub fn measure_rate(&mut self, elapsed: Duration) {
        let encoded = self.stats.snapshot().encoded;
        self.rate_hz = (encoded - self.counted) as f64 / elapsed.as_secs_f64();
        self.counted = encoded;
    }

    /// What is to be said of it, as the modality `name` of the node `node`.
    pub fn status(&self, node: &str, name: &str, now: Stamp) -> Status {
        let seen = self.stats.snapshot();
        let age_s = seen.stamp.map(|stamp| now.seconds_since(stamp));
        let stale = |age_s: f64| self.max_age_s.is_some_and(|max| age_s.abs() > max);
        let (level, message) = match (age_s, &seen.last_error) {
            _ if !self.enabled => (Level::Ok, "not enabled".to_owned()),
            (None, None) => (Level::Stale, "no message yet".to_owned()),
            (None, Some(error)) => (Level::Error, error.clone()),
            (Some(age_s), _) if stale(age_s) => (Level::Error, format!("{age_s:.2} s old")),
            (Some(_), Some(error)) => (Level::Warn, error.clone()),
            (Some(_), None) => (Level::Ok, "fresh".to_owned()),
        };
        Status {
            level,
            name: format!("{node}: {name}"),
            message,
            values: pairs(&[
                (
                    "age_s",
                    age_s.map_or("none".into(), |age_s| format!("{age_s:.3}")),
                ),
                ("rate_hz", format!("{:.2}", self.rate_hz)),
                ("received", seen.received.to_string()),
                ("encoded", seen.encoded.to_string()),
                ("dropped", seen.dropped.to_string()),
                ("superseded", self.slot.superseded().to_string()),
                ("last_error", seen.last_error.unwrap_or_default()),
                ("encode_p50_ms", format!("{:.2}", seen.encode_p50_ms)),
                ("encode_p99_ms", format!("{:.2}", seen.encode_p99_ms)),
            ]),
        }
    }
}

/// Publishes the state of the node. Runs beside the control thread and takes nothing from it but reports.
pub struct StatusReporter {
    reports: triple_buffer::Output<TickReport>,
    modalities: Vec<WatchedModality>,
    spec: PolicySpec,
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

impl StatusReporter {
    /// Offers the topics.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn new(
        node: &mut r2r::Node,
        clock: Clock,
        spec: PolicySpec,
        modalities: Vec<WatchedModality>,
        reports: triple_buffer::Output<TickReport>,
    ) -> Result<Self, Problems> {
        let latched = QosProfile::default().keep_last(1).transient_local();
        let mut offer = |topic: &str, qos| {
            node.create_publisher_untyped(topic, DIAGNOSTICS_NAME, qos)
                .map_err(|e| Problems::from(format!("topic {topic}: cannot publish: {e}")))
        };
        Ok(Self {
            status: offer("~/status", latched)?,
            diagnostics: offer("/diagnostics", QosProfile::default())?,
            node_name: node.name().unwrap_or_default(),
            reports,
            modalities,
            spec,
            clock,
            shown: None,
            published: None,
            logged: None,
        })
    }

    /// Publishes what has changed, and everything once a second. To be called every [`LOOK_EVERY`].
    pub fn look(&mut self, now: Instant) {
        let report = *self.reports.read();
        let cause = match report.decision {
            _ if report.ticks == 0 => Cause::Starting,
            Decision::Act { .. } => Cause::Active,
            Decision::Silent(reason) => Cause::Waiting(reason),
            Decision::Stop(reason) => Cause::Stopped(reason),
        };
        let shown = Shown {
            cause,
            instruction: self.instruction(),
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
            for watched in &mut self.modalities {
                watched.measure_rate(now - published);
            }
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
            Cause::Active => log::info!("active: the policy {:?} drives", self.spec.name),
            Cause::Waiting(StopReason::ShuttingDown) => {
                log::info!("the node is shutting down; nothing was ever published");
            }
            Cause::Waiting(reason) => log::info!(
                "nothing is published yet, waiting for {}",
                reason.describe(&self.spec)
            ),
            Cause::Stopped(reason) => {
                log::warn!("stop action: {}", reason.describe(&self.spec));
            }
        }
    }

    /// What keeps the first tick from being due.
    fn missing(&self) -> String {
        if self.clock.now().is_unset() {
            return "waiting: no message on /clock".into();
        }
        let silent: Vec<&str> = self
            .modalities
            .iter()
            .zip(&self.spec.modalities)
            .filter(|(watched, _)| watched.enabled && watched.stats.snapshot().stamp.is_none())
            .map(|(_, spec)| spec.name.as_str())
            .collect();
        match silent.is_empty() {
            true => "starting".into(),
            false => format!("waiting: no message from {}", silent.join(", ")),
        }
    }

    /// The sentences in use, of all text modalities.
    fn instruction(&self) -> String {
        let sentences: Vec<String> = self
            .modalities
            .iter()
            .filter_map(|m| m.stats.sentence())
            .collect();
        sentences.join(" / ")
    }

    fn encode(&self, report: &TickReport, cause: Cause, instruction: &str) -> Vec<u8> {
        let (level, message) = match cause {
            Cause::Starting => (Level::Stale, self.missing()),
            Cause::Active => (Level::Ok, "active".to_owned()),
            Cause::Waiting(reason) => {
                let words = reason.describe(&self.spec);
                (Level::Warn, format!("waiting: {words}"))
            }
            Cause::Stopped(reason) => (Level::Error, reason.describe(&self.spec).to_string()),
        };
        let control = Status {
            level,
            name: format!("{}: control", self.node_name),
            message,
            values: pairs(&[
                ("policy", self.spec.name.clone()),
                ("instruction", instruction.to_owned()),
                ("rate_hz", format!("{:.3}", report.rate_hz)),
                ("interval_p50_ms", format!("{:.3}", report.interval_p50_ms)),
                ("interval_p99_ms", format!("{:.3}", report.interval_p99_ms)),
                ("ticks", report.ticks.to_string()),
                ("stops", report.stops.to_string()),
                ("limited", report.limited.to_string()),
            ]),
        };
        let modalities = self.modalities.iter().zip(&self.spec.modalities);
        let statuses: Vec<Status> = std::iter::once(control)
            .chain(modalities.map(|(watched, spec)| {
                watched.status(&self.node_name, &spec.name, self.clock.now())
            }))
            .collect();
        encode_diagnostics(self.clock.now(), &statuses)
    }
}

/// Keys with their values, as a status has them.
pub fn pairs(values: &[(&str, String)]) -> Vec<(String, String)> {
    values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}
