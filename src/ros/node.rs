//! The node: puts policy, encoders, workers and the control thread together, and spins until it is told to end.

use std::time::Duration;

use r2r::QosProfile;

use super::clock::Clock;
use super::context;
use super::control_loop::{ControlLoop, ControlThread};
use super::explainer::{Explainer, Witness};
use super::logger;
use super::pace::Pace;
use super::parameters::{self, ParameterServices};
use super::status::{StatusReporter, WatchedModality};
use super::subscription::{Subscription, profiles};
use super::watcher::Watcher;
use crate::config::{ActionConfig, Loaded, NODE_NAME, NodeConfig, Wiring};
use crate::control::{Controller, TickMeter, TickReport};
use crate::guard::Guard;
use crate::message::{self, MessageType};
use crate::modality::{FeatureReader, History, Message, Recollection, Worker, feature_slot};
use crate::policy::Policy;
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
    let services = ParameterServices::new(&mut node, declared)?;
    RunningNode::start(node, &config, clock, services)?.spin()
}

/// Everything that works while the node is up.
struct RunningNode {
    node: r2r::Node,
    services: ParameterServices,
    subscriptions: Vec<Subscription>,
    workers: Vec<Worker>,
    control: ControlThread,
    explainer: Option<Explainer>,
    watcher: Watcher,
}

impl RunningNode {
    fn start(
        mut node: r2r::Node,
        config: &NodeConfig,
        clock: Clock,
        services: ParameterServices,
    ) -> Result<Self, Problems> {
        let Loaded {
            policy,
            wiring,
            extractors,
            explained,
            warnings,
        } = Loaded::new(config)?;
        for warning in &warnings {
            log::warn!("{warning}");
        }
        let spec = policy.spec().clone();

        let (writers, features): (Vec<_>, Vec<_>) = policy
            .spec()
            .modalities
            .iter()
            .map(|modality| feature_slot(modality.input_width()))
            .unzip();
        let (reports, reported) = triple_buffer::triple_buffer(&TickMeter::new().report());
        let (explainer, witness) = match config.contributions_rate_hz {
            0.0 => (None, None),
            rate_hz => {
                let (explainer, witness) = Explainer::start(&mut node, explained, rate_hz)?;
                (Some(explainer), Some(witness))
            }
        };
        let ends = Ends {
            features,
            reports,
            witness,
        };
        let control = start_control(&mut node, config, &wiring, policy, ends, &clock)?;

        let mut subscriptions = Vec::new();
        if config.use_sim_time {
            let thread = control.thread().clone();
            let clock = clock.clone();
            subscriptions.push(follow_clock(&mut node, clock, move || thread.unpark())?);
        }
        let mut workers = Vec::new();
        let mut watched = Vec::new();
        let parts = extractors.into_iter().zip(writers).zip(&spec.modalities);
        for (wired, ((extractor, writer), modality)) in wiring.modalities.iter().zip(parts) {
            let Some(extractor) = extractor else {
                watched.push(WatchedModality::disabled());
                continue;
            };
            let thread = control.thread().clone();
            let message = wired.message;
            let history = History::new(modality.width, modality.history);
            let slot = Recollection::new(writer, history);
            let notify = move || thread.unpark();
            let worker = Worker::start(&wired.name, message, extractor, slot, notify)?;
            for qos in profiles(wired.is_latched()) {
                let (slot, clock) = (worker.slot().clone(), clock.clone());
                let deliver = move |bytes| {
                    let received = clock.now();
                    slot.put(Message { bytes, received });
                };
                let subscription =
                    Subscription::new(&mut node, &wired.topic, message, qos, deliver)?;
                subscriptions.push(subscription);
            }
            watched.push(WatchedModality::of(&worker, wired.max_age_s));
            workers.push(worker);
        }
        let mut reporter = StatusReporter::new(&mut node, clock, spec, watched, reported)?;
        Ok(Self {
            watcher: Watcher::start(move |now| reporter.look(now))?,
            node,
            services,
            subscriptions,
            workers,
            control,
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
        self.workers.clear();
        if let Some(explainer) = self.explainer.take() {
            explainer.stop();
        }
        self.watcher.stop();
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
        self.services.answer();
    }
}

/// The control thread's ends of what it shares with others.
struct Ends {
    features: Vec<FeatureReader>,
    reports: triple_buffer::Input<TickReport>,
    witness: Option<Witness>,
}

fn start_control(
    node: &mut r2r::Node,
    config: &NodeConfig,
    wiring: &Wiring,
    policy: Policy,
    ends: Ends,
    clock: &Clock,
) -> Result<ControlThread, Problems> {
    let ActionConfig {
        topic,
        message,
        frame_id,
        ..
    } = &config.action;
    let publisher = node
        .create_publisher_untyped(
            topic,
            message.ros_name(),
            QosProfile::default().keep_last(1),
        )
        .map_err(|e| format!("topic {topic}: cannot publish: {e}"))?;
    let period_s = 1.0 / config.control_rate_hz;
    let guard = Guard::new(wiring.limits.clone());
    ControlThread::start(ControlLoop {
        controller: Controller::new(
            policy,
            guard,
            wiring.freshness.clone(),
            config.ensemble,
            period_s,
        ),
        features: ends.features,
        awaited: wiring.awaited.clone(),
        template: wiring.mapping.template(frame_id, period_s),
        publisher,
        pace: Pace::new(config.control_rate_hz, config.use_sim_time, config.lockstep),
        clock: clock.clone(),
        reports: ends.reports,
        witness: ends.witness,
    })
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
