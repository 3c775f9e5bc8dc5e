//! The node, a managed one: serves the graph and makes transitions until it is told to end.

use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use r2r::QosProfile;

use super::context;
#[cfg(feature = "dashboard")]
use super::dashboard;
use super::debug_image::DebugImage;
use super::graph_watch::GraphWatch;
use super::lifecycle_services::LifecycleServices;
use super::lifecycle_status::LifecycleStatus;
use super::logger;
use super::logger_levels::LoggerLevels;
use super::parameter_changes::ParameterChanges;
use super::permission::{self, PermissionServices};
use super::signals::watch_signals;
use super::status::{NodeSources, StatusReporter};
use super::subscription::Subscription;
use super::trace_topic::TraceTopic;
use super::watcher::Watcher;
use crate::clock::Clock;
use crate::config::{LiveParameters, NODE_NAME, words};
use crate::control::{State, Tracing, Waker};
use crate::display::SightSlot;
use crate::errors::ConfigErrors;
use crate::message::{self, MessageType};
use crate::realtime::delay_abort;
use crate::runtime::Explained;
use crate::safety::Permission;
use crate::shutdown::{Cause, Shutdown};

mod managed_node;
mod transitions;

use managed_node::{Failed, ManagedNode, SPIN_IN_TRANSITION, Watched, Work};

/// How long a spin waits for messages, and so how late the end of the node can be noticed.
const SPIN: Duration = Duration::from_millis(50);

/// How long a policy that is being loaded or freed may hold up the end: less than `ros2 launch` waits before it sends SIGTERM.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

#[cfg(not(feature = "dashboard"))]
const NO_DASHBOARD: &str = "parameter dashboard.enabled is true, but late_fusion was built without its feature \
     dashboard; build it with cargo build --release (the feature is among the default ones), or set the parameter to false";

/// Runs the node until a signal asks it to end.
///
/// # Errors
/// Everything wrong with the command line, the parameters, the policy and its encoders, found before anything moves; later
/// a thread that panicked.
pub fn run() -> Result<(), ConfigErrors> {
    context::refuse_other_arguments(words(std::env::args_os())?)?;
    let created = context::create_node(NODE_NAME)?;
    let parameters = LiveParameters::new(created.given()?)?;
    let mut node = created.node;
    let clock = Clock::new(parameters.config().use_sim_time);
    let logger_levels = logger::start(&mut node, &clock)?;
    for warning in parameters.warnings() {
        log::warn!("{warning}");
    }
    let parameters = ParameterChanges::new(&mut node, &clock, parameters)?;
    let shutdown = Shutdown::default();
    watch_signals(&shutdown)?;
    delay_abort().map_err(|e| format!("the handler of SIGABRT is refused: {e}"))?;
    ManagedNode::new(node, clock, parameters, logger_levels, shutdown)?.spin()
}

impl ManagedNode {
    fn new(
        mut node: r2r::Node,
        clock: Clock,
        parameters: ParameterChanges,
        logger_levels: LoggerLevels,
        shutdown: Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let config = parameters.config().clone();
        let waker = Waker::default();
        let permission = Permission::new(config.permission.conditions(), Instant::now());
        let permission = Arc::new(permission);
        let switches = permission::listen(&mut node, &config.permission, &permission, &clock)?;
        let sim_time = match config.use_sim_time {
            true => {
                let (waker, clock) = (waker.clone(), clock.clone());
                Some(follow_clock(&mut node, clock, move || waker.wake())?)
            }
            false => None,
        };
        let mut graph = GraphWatch::new(Vec::new()).and_permissions(switches);
        graph.ignore();
        let state = LifecycleStatus::default();
        let (to_status, policies) = mpsc::channel();
        let settings = Arc::<OnceLock<_>>::default();
        let (explained, sights) = <(Explained, SightSlot)>::default();
        let mut reporter = StatusReporter::new(
            &mut node,
            &config,
            clock.clone(),
            NodeSources {
                policies,
                lifecycle: state.clone(),
                warnings: graph.warnings(),
                permission: permission.clone(),
                settings: settings.clone(),
                explained: explained.clone(),
                sights: sights.clone(),
            },
        )?;
        let (tracing, collector) = Tracing::new();
        let mut trace = TraceTopic::new(&mut node, collector)?;
        let mut watched = Watched::default();
        if config.debug_image_rate_hz > 0.0 {
            let rate_hz = config.debug_image_rate_hz;
            let image = DebugImage::start(&mut node, rate_hz, sights.clone(), &clock, &shutdown)?;
            watched.debug_image = Some(image);
        }
        #[cfg(feature = "dashboard")]
        if let Some(wanted) = &config.dashboard {
            let policies = parameters.policy_requests();
            watched.dashboard = Some(dashboard::start(
                &mut node,
                &config,
                wanted,
                &permission,
                policies,
                sights,
                &shutdown,
            )?);
        }
        #[cfg(not(feature = "dashboard"))]
        if config.dashboard.is_some() {
            return Err(NO_DASHBOARD.to_owned().into());
        }
        let watch = move |now| {
            reporter.look(now);
            trace.look(now);
        };
        Ok(Self {
            configured: None,
            work: Work::Nothing,
            lifecycle: LifecycleServices::new(&mut node, &clock)?,
            state,
            to_status,
            watcher: Watcher::start(watch, &shutdown)?,
            watched,
            explained,
            permissions: PermissionServices::new(&mut node, permission.clone())?,
            permission,
            settings,
            tracing,
            parameters,
            logger_levels,
            sim_time,
            graph,
            topics: None,
            clock,
            waker,
            shutdown,
            node,
        })
    }

    /// Moves messages and makes transitions until the node is asked to end, then stops the robot.
    fn spin(mut self) -> Result<(), ConfigErrors> {
        if self.parameters.config().autostart {
            if let Err(failed) = self.start_itself() {
                self.watcher.stop();
                self.watched.stop();
                return Err(failed.errors);
            }
        } else {
            log::info!("unconfigured: waiting for a lifecycle manager (autostart is false)");
        }
        while !self.shutdown.is_requested() {
            if let Err(Failed { during, errors }) = self.spin_once() {
                let state = self.lifecycle.state();
                log::error!("{during} failed, the node is {state}:\n{errors}");
            }
        }
        self.end()
    }

    /// Configures and activates the node, as a manager would. What keeps it from that ends the process.
    fn start_itself(&mut self) -> Result<(), Failed> {
        for label in ["configure", "activate"] {
            // Where a manager was quicker, the transition is its own.
            let begun = self.lifecycle.begin(label);
            if let Some(state) = begun {
                self.enter(state);
            }
            while begun.is_some() && !self.lifecycle.state().is_primary() {
                if self.shutdown.is_requested() {
                    return Ok(());
                }
                self.spin_once()?;
            }
        }
        Ok(())
    }

    /// Serves the graph once, and goes on with the transition that is under way. Its errors are those that it ended with.
    fn spin_once(&mut self) -> Result<(), Failed> {
        let pause = match self.lifecycle.state().is_primary() {
            true => SPIN,
            false => SPIN_IN_TRANSITION,
        };
        self.node.spin_once(pause);
        self.graph.hear_permissions();
        self.permissions.answer();
        self.logger_levels.answer();
        if let Some(sim_time) = &mut self.sim_time {
            sim_time.drain();
        }
        self.graph.serve(&mut self.node);
        let state = self.lifecycle.state();
        let loader = match (&self.configured, state) {
            (Some(configured), _) => Ok(Some(configured.loader())),
            (None, State::Unconfigured) => Ok(None),
            (None, _) => Err(format!("the node is {state}; ask again when that is over")),
        };
        self.parameters.answer(loader);
        if let Some(state) = self.lifecycle.answer() {
            if state == State::Activating {
                self.permission.epochs().begin();
            }
            self.enter(state);
        }
        self.go_on()
    }

    /// Ends the process in good order, in whatever state it is.
    fn end(self) -> Result<(), ConfigErrors> {
        let (watcher, mut parameters, mut watched) = (self.watcher, self.parameters, self.watched);
        let last_words = move || {
            watcher.stop();
            watched.stop();
            parameters.refuse("the node is shutting down");
        };
        match self.configured {
            Some(configured) => configured.end(last_words),
            None => last_words(),
        }
        let until = Instant::now() + LAST_PATIENCE;
        while !self.work.is_finished() && Instant::now() < until {
            std::thread::sleep(SPIN_IN_TRANSITION);
        }
        match self.shutdown.cause() {
            Some(Cause::Failed(why)) => Err(format!(
                "{why}; the stop action was sent. Please report it with the log"
            )
            .into()),
            Some(Cause::Told(_)) | None => Ok(()),
        }
    }
}

/// Sets `clock` to what `/clock` says, and calls `notify` afterwards.
pub(super) fn follow_clock(
    node: &mut r2r::Node,
    clock: Clock,
    notify: impl Fn() + Send + 'static,
) -> Result<Subscription, ConfigErrors> {
    let qos = QosProfile::default().keep_last(1).best_effort();
    Subscription::new(
        node,
        "/clock",
        MessageType::Clock,
        qos,
        move |bytes| match message::clock(&bytes) {
            Ok(now) => {
                clock.set(now);
                notify();
            }
            Err(e) => log::warn!("topic /clock: {e}; the message is dropped"),
        },
    )
}
