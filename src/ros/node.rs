//! The node: puts policy, encoders, workers and the control thread together, and spins until it is told to end.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use r2r::QosProfile;

use super::clock::Clock;
use super::context;
use super::control_loop::{ControlLoop, ControlThread, Waker};
use super::driver::{Driver, Inlets};
use super::explainer::Explainer;
use super::load_policy::LoadPolicy;
use super::loader::{Loader, Work};
use super::logger;
use super::pace::Pace;
use super::parameters::{self, ParameterServices};
use super::status::StatusReporter;
use super::subscription::{Subscription, profiles};
use super::watcher::Watcher;
use crate::config::{Loaded, NODE_NAME, NodeConfig};
use crate::control::handover;
use crate::message::{self, MessageType};
use crate::modality::{Inlet, Message};
use crate::problems::Problems;

/// How long a spin waits for messages, and so how late the end of the node can be noticed.
const SPIN: Duration = Duration::from_millis(50);

/// How long the stop action gets to reach its subscribers before the node is gone.
const LAST_WORD: Duration = Duration::from_millis(100);

/// Runs the node until SIGINT or SIGTERM.
///
/// # Errors
/// Every problem of the command line, the parameters, the policy and its encoders, found before anything moves.
pub fn run() -> Result<(), Problems> {
    context::refuse_other_arguments(std::env::args())?;
    let mut node = context::create_node(NODE_NAME)?;
    let (config, declared) = NodeConfig::from_parameters(parameters::given(&node))?;
    let clock = Clock::new(config.use_sim_time);
    logger::start(&mut node, &clock)?;
    let parameters = ParameterServices::new(&mut node, declared)?;
    RunningNode::start(node, config, clock, parameters)?.spin()
}

/// Everything that works while the node is up.
struct RunningNode {
    node: r2r::Node,
    parameters: ParameterServices,
    load_policy: LoadPolicy,
    subscriptions: Vec<Subscription>,
    control: ControlThread,
    explainer: Option<Explainer>,
    watcher: Watcher,
}

impl RunningNode {
    fn start(
        mut node: r2r::Node,
        config: NodeConfig,
        clock: Clock,
        parameters: ParameterServices,
    ) -> Result<Self, Problems> {
        let loaded = Loaded::new(&config)?;
        for warning in &loaded.warnings {
            log::warn!("{warning}");
        }
        let waker = Waker::default();
        let (mut subscriptions, inlets) = listen(&mut node, &config, &clock)?;
        if config.use_sim_time {
            let waker = waker.clone();
            let clock = clock.clone();
            subscriptions.push(follow_clock(&mut node, clock, move || waker.wake())?);
        }
        let driver = Driver::start(&config, loaded, &inlets, &waker)?;
        let explainer = match driver.explained {
            Some(explained) => {
                let rate_hz = config.contributions_rate_hz;
                Some(Explainer::start(&mut node, explained, rate_hz)?)
            }
            None => None,
        };
        let (giver, newcomers) = handover();
        let (to_status, successors) = mpsc::channel();
        let loader = Loader::start(Work {
            config: config.clone(),
            inlets,
            clock: clock.clone(),
            waker: waker.clone(),
            giver,
            spec: driver.watched.spec.clone(),
            workers: driver.workers,
            to_status,
            to_explainer: explainer.as_ref().map(Explainer::successors),
        })?;
        let load_policy = LoadPolicy::new(&mut node, loader)?;
        let control = ControlLoop {
            pilot: driver.pilot,
            newcomers,
            publisher: publisher(&mut node, &config)?,
            pace: Pace::new(config.control_rate_hz, config.use_sim_time, config.lockstep),
            clock: clock.clone(),
        };
        let mut reporter = StatusReporter::new(&mut node, clock, driver.watched, successors)?;
        Ok(Self {
            control: ControlThread::start(control, &waker)?,
            watcher: Watcher::start(move |now| reporter.look(now))?,
            node,
            parameters,
            load_policy,
            subscriptions,
            explainer,
        })
    }

    /// Moves messages until the node is told to end, then stops the robot.
    fn spin(mut self) -> Result<(), Problems> {
        while !self.watcher.told_to_end() && !self.control.has_ended() {
            self.spin_once(SPIN);
        }
        let early = self.control.has_ended();
        self.control.stop();
        self.watcher.stop();
        self.load_policy.stop();
        if let Some(explainer) = self.explainer {
            explainer.stop();
        }
        // The stop action is on its way; the middleware needs the process a moment longer.
        std::thread::sleep(LAST_WORD);
        match early {
            false => Ok(()),
            true => Err("the control thread ended before its time; the robot must be stopped by its own watchdog"
                .to_owned()
                .into()),
        }
    }

    fn spin_once(&mut self, timeout: Duration) {
        self.node.spin_once(timeout);
        for subscription in &mut self.subscriptions {
            subscription.drain();
        }
        self.load_policy.answer(&mut self.parameters);
        self.parameters.answer();
    }
}

/// Listens to the topics of all modalities that the parameters enable.
fn listen(
    node: &mut r2r::Node,
    config: &NodeConfig,
    clock: &Clock,
) -> Result<(Vec<Subscription>, Inlets), Problems> {
    let mut subscriptions = Vec::new();
    let mut inlets = Inlets::new();
    for wired in config.modalities.iter().filter(|m| m.enabled) {
        let inlet = Arc::<Inlet>::default();
        for qos in profiles(wired.is_latched()) {
            let (inlet, clock) = (inlet.clone(), clock.clone());
            let deliver = move |bytes| {
                inlet.put(Message {
                    bytes: Arc::new(bytes),
                    received: clock.now(),
                });
            };
            let subscription = Subscription::new(node, &wired.topic, wired.message, qos, deliver)?;
            subscriptions.push(subscription);
        }
        inlets.insert(wired.name.clone(), inlet);
    }
    Ok((subscriptions, inlets))
}

/// Where commands go.
fn publisher(node: &mut r2r::Node, config: &NodeConfig) -> Result<r2r::PublisherUntyped, Problems> {
    let (topic, message) = (&config.action.topic, config.action.message);
    let qos = QosProfile::default().keep_last(1);
    node.create_publisher_untyped(topic, message.ros_name(), qos)
        .map_err(|e| format!("topic {topic}: cannot publish: {e}").into())
}

/// Sets `clock` to what `/clock` says, and calls `notify` afterwards.
pub(super) fn follow_clock(
    node: &mut r2r::Node,
    clock: Clock,
    notify: impl Fn() + Send + 'static,
) -> Result<Subscription, Problems> {
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
