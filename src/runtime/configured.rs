//! What exists while the node is configured: the policy with its encoders, and the threads that work with it.

use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};

use super::{
    Explained, Explainer, ExplanationSink, Loader, PolicyRuntime, Ports, StatusSource, Work,
    log_settings,
};
use crate::clock::Clock;
use crate::config::{Loaded, NodeConfig};
use crate::control::{ControlLoop, ControlThread, Pace, TickRecorder, Tracing, Waker, handover};
use crate::errors::ConfigErrors;
use crate::realtime::Setting;
use crate::safety::{CommandSink, Heartbeat, Permission, Supervisor, Watched};
use crate::shutdown::Shutdown;

/// What it is made with, and what outlives it.
pub struct Surroundings<'a, C, E> {
    /// The parameters, with the folder of the policy.
    pub config: &'a NodeConfig,
    /// The node's clock.
    pub clock: &'a Clock,
    /// Wakes the control thread.
    pub waker: &'a Waker,
    /// Asked where a thread panics.
    pub shutdown: &'a Shutdown,
    /// Where messages come in and go out.
    pub ports: &'a Ports<C, E>,
    /// Whether the robot may be moved.
    pub permission: &'a Arc<Permission>,
    /// Where it is left what became of what the control thread asked of the kernel.
    pub settings: &'a OnceLock<Vec<Setting>>,
    /// Where what happens is recorded, while somebody looks.
    pub tracing: &'a Tracing,
    /// Where it is left why the robot moves, for people.
    pub explained: &'a Explained,
    /// Where the status learns what to show.
    pub to_status: &'a Sender<Option<StatusSource>>,
}

/// A policy with everything that drives with it. However it ends, also while main unwinds, the fields are dropped in this
/// order: the control thread sends its last stop action, and the supervisor repeats it.
pub struct Configured {
    control: ControlThread,
    supervisor: Supervisor,
    explainer: Option<Explainer>,
    loader: Loader,
    heartbeat: Arc<Heartbeat>,
}

impl Configured {
    /// Starts the encoders and all threads; the control thread is at rest.
    ///
    /// # Errors
    /// A policy with too many modalities to be explained, a thread that the system refuses.
    pub fn start<C: CommandSink + Clone, E: ExplanationSink>(
        loaded: Loaded,
        around: &Surroundings<C, E>,
    ) -> Result<Self, ConfigErrors> {
        let Surroundings {
            config,
            clock,
            waker,
            shutdown,
            ports,
            permission,
            settings,
            tracing,
            explained,
            to_status,
        } = around;
        let (warnings, files) = (loaded.warnings.clone(), loaded.files.clone());
        let fanouts = &ports.fanouts;
        let runtime = PolicyRuntime::start(
            config,
            loaded,
            fanouts,
            permission.epochs(),
            waker,
            tracing,
            shutdown,
        )?;
        let explainer = match (runtime.attribution, &ports.explanations) {
            (Some(attribution), Some(explanations)) => Some(Explainer::start(
                explanations.clone(),
                attribution,
                (*explained).clone(),
                shutdown,
            )?),
            _ => None,
        };
        let heartbeat = Arc::<Heartbeat>::default();
        let watched = Watched {
            heartbeat: heartbeat.clone(),
            permission: (*permission).clone(),
            clock: (*clock).clone(),
            patience: config.patience(),
            realtime: config.realtime.clone(),
            trace: tracing.supervisor(),
        };
        let supervisor = Supervisor::start(ports.stops.clone(), runtime.stop, watched, shutdown)?;
        let (sender, candidates) = handover();
        let loader = Loader::start(Work {
            config: (*config).clone(),
            fanouts: ports.fanouts.clone(),
            epochs: permission.epochs().clone(),
            clock: (*clock).clone(),
            waker: (*waker).clone(),
            tracing: (*tracing).clone(),
            shutdown: (*shutdown).clone(),
            sender,
            spec: runtime.status.spec.clone(),
            warnings,
            files,
            workers: runtime.workers,
            to_status: (*to_status).clone(),
            to_supervisor: supervisor.stop_commands(),
            to_explainer: explainer.as_ref().map(Explainer::successors),
        })?;
        let control = ControlLoop {
            executor: runtime.executor,
            candidates,
            sink: ports.commands.clone(),
            pace: Pace::new(config.control_rate_hz, config.use_sim_time, config.lockstep),
            clock: (*clock).clone(),
            heartbeat: heartbeat.clone(),
            permission: (*permission).clone(),
            realtime: config.realtime.clone(),
            trace: TickRecorder::new(tracing.control()),
        };
        // Before the control thread works: whatever is there is brought into RAM, which takes a moment.
        let memory = config.realtime.apply_to_memory();
        let control = ControlThread::start(control, waker, shutdown)?;
        let applied: Vec<Setting> = control.settings().iter().cloned().chain([memory]).collect();
        log_settings(&applied);
        // The parameters are the same whenever the node is configured again.
        let _ = settings.set(applied);
        // The status is there as long as the node is.
        let _ = to_status.send(Some(runtime.status));
        Ok(Self {
            control,
            supervisor,
            explainer,
            loader,
            heartbeat,
        })
    }

    /// Brings in another policy while this one is there.
    pub fn loader(&self) -> &Loader {
        &self.loader
    }

    /// The thread that drives.
    pub fn control(&self) -> &ControlThread {
        &self.control
    }

    /// Whether the control thread rests, and the stop action was repeated long enough.
    pub fn is_silent(&self) -> bool {
        self.control.is_at_rest() && !self.heartbeat.is_resting()
    }

    /// Ends everything: the control thread first, which sends the stop action if anything was sent since it was activated,
    /// then does `meanwhile`, while the supervisor repeats it.
    pub fn end(self, meanwhile: impl FnOnce()) {
        drop(self.control);
        meanwhile();
        self.loader.stop();
        if let Some(explainer) = self.explainer {
            explainer.stop();
        }
        drop(self.supervisor);
    }
}

#[cfg(test)]
mod tests;
