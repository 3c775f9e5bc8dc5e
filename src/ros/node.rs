//! The node: puts policy, encoders, workers and the control thread together, and spins until it is told to end.

use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use r2r::QosProfile;

use super::command_topic::CommandTopic;
use super::context;
use super::explainer::Explainer;
use super::graph_watch::GraphWatch;
use super::load_policy::LoadPolicy;
use super::loader::{Loader, Work};
use super::logger;
use super::modality_topic::{ModalityTopic, Wanted};
use super::parameters::ParameterServices;
use super::policy_runtime::{MessageFanouts, PolicyRuntime};
use super::publisher::CommandPublisher;
use super::signals::watch_signals;
use super::status::StatusReporter;
use super::status_timing::log_settings;
use super::subscription::Subscription;
use super::watcher::Watcher;
use crate::clock::Clock;
use crate::config::{Loaded, NODE_NAME, NodeConfig};
use crate::control::{ControlLoop, ControlThread, Pace, Waker, handover};
use crate::errors::ConfigErrors;
use crate::message::{self, MessageType};
use crate::modality::MessageFanout;
use crate::realtime::Setting;
use crate::safety::{Heartbeat, Patience, Supervisor};
use crate::shutdown::{Cause, Shutdown};

/// How long a spin waits for messages, and so how late the end of the node can be noticed.
const SPIN: Duration = Duration::from_millis(50);

/// Runs the node until a signal asks it to end.
///
/// # Errors
/// Everything wrong with the command line, the parameters, the policy and its encoders, found before anything moves; later
/// a thread that panicked.
pub fn run() -> Result<(), ConfigErrors> {
    context::refuse_other_arguments(std::env::args())?;
    let created = context::create_node(NODE_NAME)?;
    let checked = NodeConfig::from_parameters(created.given()?)?;
    let (mut node, config) = (created.node, checked.config);
    let clock = Clock::new(config.use_sim_time);
    logger::start(&mut node, &clock)?;
    for warning in checked.warnings {
        log::warn!("{warning}");
    }
    let parameters = ParameterServices::new(&mut node, &clock, checked.declared)?;
    let shutdown = Shutdown::default();
    watch_signals(&shutdown)?;
    RunningNode::start(node, config, clock, parameters, shutdown)?.spin()
}

/// Everything that works while the node is up. However it ends, also while main unwinds, the fields are dropped in this
/// order: the control thread sends its last stop action, the supervisor repeats it, and the node itself goes last.
struct RunningNode {
    control: ControlThread,
    supervisor: Supervisor,
    watcher: Watcher,
    explainer: Option<Explainer>,
    load_policy: LoadPolicy,
    parameters: ParameterServices,
    sim_time: Option<Subscription>,
    graph: GraphWatch,
    shutdown: Shutdown,
    node: r2r::Node,
}

impl RunningNode {
    fn start(
        mut node: r2r::Node,
        config: NodeConfig,
        clock: Clock,
        parameters: ParameterServices,
        shutdown: Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let loaded = Loaded::new(&config)?;
        for warning in &loaded.warnings {
            log::warn!("{warning}");
        }
        let waker = Waker::default();
        let (topics, fanouts) = listen(&mut node, &config, &clock)?;
        let sim_time = match config.use_sim_time {
            true => {
                let (waker, clock) = (waker.clone(), clock.clone());
                Some(follow_clock(&mut node, clock, move || waker.wake())?)
            }
            false => None,
        };
        let runtime = PolicyRuntime::start(&config, loaded, &fanouts, &waker, &shutdown)?;
        let explainer = match runtime.attribution {
            Some(attribution) => {
                let rate_hz = config.contributions_rate_hz;
                Some(Explainer::start(
                    &mut node,
                    attribution,
                    rate_hz,
                    &shutdown,
                )?)
            }
            None => None,
        };
        let heartbeat = Arc::<Heartbeat>::default();
        let patience = match config.use_sim_time {
            true => Patience::unlimited(),
            false => Patience::periods(Duration::from_secs_f64(1.0 / config.control_rate_hz)),
        };
        let supervisor = Supervisor::start(
            CommandPublisher::new(&mut node, &config)?,
            runtime.stop,
            heartbeat.clone(),
            clock.clone(),
            patience,
        )?;
        let (sender, candidates) = handover();
        let (to_status, successors) = mpsc::channel();
        let loader = Loader::start(Work {
            config: config.clone(),
            fanouts,
            clock: clock.clone(),
            waker: waker.clone(),
            shutdown: shutdown.clone(),
            sender,
            spec: runtime.status.spec.clone(),
            workers: runtime.workers,
            to_status,
            to_supervisor: supervisor.stop_commands(),
            to_explainer: explainer.as_ref().map(Explainer::successors),
        })?;
        let load_policy = LoadPolicy::new(&mut node, loader)?;
        let sink = CommandPublisher::new(&mut node, &config)?;
        let (topic, message) = (&config.action.topic, config.action.message.ros_name());
        let command = CommandTopic::new(&node, topic, message, sink.publisher());
        let graph = GraphWatch::new(topics, Some(command));
        let settings = Arc::<OnceLock<_>>::default();
        let mut reporter = StatusReporter::new(
            &mut node,
            &config,
            clock.clone(),
            runtime.status,
            successors,
            graph.warnings(),
            settings.clone(),
        )?;
        let watcher = Watcher::start(move |now| reporter.look(now), &shutdown)?;
        let control = ControlLoop {
            executor: runtime.executor,
            candidates,
            sink,
            pace: Pace::new(config.control_rate_hz, config.use_sim_time, config.lockstep),
            clock,
            heartbeat,
            realtime: config.realtime.clone(),
        };
        // Before the control thread works: whatever is there is brought into RAM, which takes a moment.
        let memory = config.realtime.apply_to_memory();
        let control = ControlThread::start(control, &waker, &shutdown)?;
        let applied: Vec<Setting> = control.settings().iter().cloned().chain([memory]).collect();
        log_settings(&applied);
        // Nobody else sets it.
        let _ = settings.set(applied);
        Ok(Self {
            control,
            supervisor,
            watcher,
            explainer,
            load_policy,
            parameters,
            sim_time,
            graph,
            shutdown,
            node,
        })
    }

    /// Moves messages until the node is asked to end, then stops the robot.
    fn spin(mut self) -> Result<(), ConfigErrors> {
        while !self.shutdown.is_requested() {
            self.spin_once(SPIN);
        }
        drop(self.control);
        self.watcher.stop();
        self.load_policy.stop();
        if let Some(explainer) = self.explainer {
            explainer.stop();
        }
        drop(self.supervisor);
        match self.shutdown.cause() {
            Some(Cause::Failed(why)) => Err(format!(
                "{why}; the stop action was sent. Please report it with the log"
            )
            .into()),
            Some(Cause::Told(_)) | None => Ok(()),
        }
    }

    fn spin_once(&mut self, timeout: Duration) {
        self.node.spin_once(timeout);
        if let Some(sim_time) = &mut self.sim_time {
            sim_time.drain();
        }
        self.graph.serve(&mut self.node);
        self.load_policy.answer(&mut self.parameters);
        self.parameters.answer();
    }
}

/// Listens to the topics of all modalities that the parameters enable.
fn listen(
    node: &mut r2r::Node,
    config: &NodeConfig,
    clock: &Clock,
) -> Result<(Vec<ModalityTopic>, MessageFanouts), ConfigErrors> {
    let mut topics = Vec::new();
    let mut fanouts = MessageFanouts::new();
    for wired in config.modalities.iter().filter(|m| m.enabled) {
        let fanout = Arc::new(MessageFanout::new(wired.message));
        let wanted = Wanted {
            parameters: format!("modalities.{}.", wired.name),
            topic: wired.topic.clone(),
            message: wired.message,
            holds: wired.is_latched(),
            accept_earlier: wired.accept_earlier,
            required: wired.required,
        };
        topics.push(ModalityTopic::subscribe(
            node,
            wanted,
            fanout.clone(),
            clock,
        )?);
        fanouts.insert(wired.name.clone(), fanout);
    }
    Ok((topics, fanouts))
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
