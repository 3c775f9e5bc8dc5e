//! What the node does in each transition. The main thread goes on serving the graph meanwhile: what takes time is another
//! thread's work, and is looked at between two spins.

use std::thread;
use std::time::{Duration, Instant};

use super::managed_node::{Failed, ManagedNode, SPIN_IN_TRANSITION, Work};
use crate::config::Loaded;
use crate::control::{Completion, State};
use crate::errors::ConfigErrors;
use crate::ros::node_topics;
use crate::runtime::{Configured, Surroundings};
use crate::shutdown::{Cause, panic_message};

/// How long the node is finalized, for whoever asked for that to hear the answer, before the process ends.
const FAREWELL: Duration = Duration::from_millis(100);

/// How a transition ended, where it did not succeed.
struct Unsuccessful {
    completion: Completion,
    errors: ConfigErrors,
}

impl Unsuccessful {
    /// It could not be done, and nothing has changed.
    fn failure(errors: ConfigErrors) -> Self {
        Self {
            completion: Completion::Failure,
            errors,
        }
    }

    /// What was to be done panicked.
    fn panic(what: &str, panic: &(dyn std::any::Any + Send)) -> Self {
        let why = panic_message(panic);
        Self {
            completion: Completion::Error,
            errors: format!("{what} panicked: {why}; please report it with the log").into(),
        }
    }
}

impl ManagedNode {
    /// Begins the work of a transition, which has led to this state.
    pub(super) fn enter(&mut self, state: State) {
        self.state.set(state, Vec::new());
        match state {
            State::Configuring => self.load(),
            State::Activating => {
                if let Some(configured) = &self.configured {
                    configured.control().activate();
                }
            }
            State::Deactivating => {
                if let Some(configured) = &self.configured {
                    configured.control().deactivate();
                }
            }
            State::CleaningUp => {
                self.parameters.refuse("the node is being cleaned up");
                self.free();
            }
            State::ShuttingDown => {
                self.parameters.refuse("the node is shutting down");
                if let Some(configured) = &self.configured {
                    configured.control().deactivate();
                }
            }
            _ => {}
        }
    }

    /// Looks whether the transition that is under way has ended, and ends it if so.
    pub(super) fn go_on(&mut self) -> Result<(), Failed> {
        let before = self.lifecycle.state();
        let ended = match before {
            State::Configuring => self.configure(),
            State::Activating => self.is_driving().then_some(Ok(())),
            State::Deactivating => self.is_silent().then_some(Ok(())),
            State::CleaningUp => self.freed(),
            State::ShuttingDown => self.shut_down(),
            _ => None,
        };
        match ended {
            None => Ok(()),
            Some(Ok(())) => {
                self.complete(Completion::Success, ConfigErrors::new());
                match self.lifecycle.state() {
                    State::Inactive if before == State::Configuring => {
                        log::info!("configured; nothing is published before the node is active");
                    }
                    State::Inactive => {
                        log::info!(
                            "deactivated; nothing is published before the node is active again"
                        );
                    }
                    State::Unconfigured => log::info!("cleaned up; the node is unconfigured"),
                    State::Finalized => self.finalize(),
                    _ => {}
                }
                Ok(())
            }
            Some(Err(Unsuccessful { completion, errors })) => {
                self.complete(completion, errors.clone());
                Err(Failed {
                    during: before,
                    errors,
                })
            }
        }
    }

    /// Ends the transition that is under way; an error is processed at once, by dropping what there is.
    fn complete(&mut self, completion: Completion, errors: ConfigErrors) {
        self.lifecycle.complete(completion);
        if self.lifecycle.state() == State::ErrorProcessing {
            self.give_up();
            self.lifecycle.complete(Completion::Success);
        }
        let errors = errors.iter().map(str::to_owned).collect();
        self.state.set(self.lifecycle.state(), errors);
    }

    fn load(&mut self) {
        let config = self.parameters.config().clone();
        let work = move || Loaded::new(&config);
        self.work = match thread::Builder::new().name("configure".into()).spawn(work) {
            Ok(loading) => Work::Loading(loading),
            // Without a thread it takes as long, and nobody is answered meanwhile.
            Err(_) => Work::Nothing,
        };
    }

    /// Starts what was loaded, once it is.
    fn configure(&mut self) -> Option<Result<(), Unsuccessful>> {
        if !self.work.is_finished() {
            return None;
        }
        let loaded = match std::mem::replace(&mut self.work, Work::Nothing) {
            Work::Loading(loading) => loading.join(),
            _ => Ok(Loaded::new(self.parameters.config())),
        };
        let started = match loaded {
            Ok(loaded) => loaded
                .and_then(|loaded| self.start(loaded))
                .map_err(Unsuccessful::failure),
            Err(panic) => Err(Unsuccessful::panic("loading the policy", panic.as_ref())),
        };
        if started.is_err() {
            // The status is there as long as the node is.
            let _ = self.to_status.send(None);
        }
        Some(started)
    }

    fn start(&mut self, loaded: Loaded) -> Result<(), ConfigErrors> {
        for warning in &loaded.warnings {
            log::warn!("{warning}");
        }
        if self.topics.is_none() {
            let topics = node_topics::offer(
                &mut self.node,
                self.parameters.config(),
                &self.clock,
                self.permission.epochs(),
                &mut self.graph,
            )?;
            self.topics = Some(topics);
        }
        let Some(topics) = &self.topics else {
            return Ok(());
        };
        let around = Surroundings {
            config: self.parameters.config(),
            clock: &self.clock,
            waker: &self.waker,
            shutdown: &self.shutdown,
            ports: topics,
            permission: &self.permission,
            settings: &self.settings,
            tracing: &self.tracing,
            explained: &self.explained,
            to_status: &self.to_status,
        };
        let configured = Configured::start(loaded, &around)?;
        self.graph.listen(&mut self.node)?;
        self.configured = Some(configured);
        Ok(())
    }

    fn is_driving(&self) -> bool {
        let configured = self.configured.as_ref();
        configured.is_none_or(|configured| !configured.control().is_at_rest())
    }

    fn is_silent(&self) -> bool {
        self.configured.as_ref().is_none_or(Configured::is_silent)
    }

    /// Drops everything that is configured, in another thread: an encoder may have to end its run first.
    fn free(&mut self) {
        self.graph.ignore();
        // The status is there as long as the node is.
        let _ = self.to_status.send(None);
        let Some(configured) = self.configured.take() else {
            return;
        };
        let work = move || configured.end(|| {});
        self.work = match thread::Builder::new().name("cleanup".into()).spawn(work) {
            Ok(freeing) => Work::Freeing(freeing),
            // Without a thread it was dropped where it was.
            Err(_) => Work::Nothing,
        };
    }

    fn freed(&mut self) -> Option<Result<(), Unsuccessful>> {
        if !self.work.is_finished() {
            return None;
        }
        let freed = match std::mem::replace(&mut self.work, Work::Nothing) {
            Work::Freeing(freeing) => freeing.join(),
            _ => Ok(()),
        };
        Some(freed.map_err(|panic| Unsuccessful::panic("the cleanup", panic.as_ref())))
    }

    /// The stop first, then what cleanup does.
    fn shut_down(&mut self) -> Option<Result<(), Unsuccessful>> {
        if self.configured.is_some() {
            if self.is_silent() {
                self.free();
            }
            return None;
        }
        self.freed()
    }

    /// What is left after an error goes.
    fn give_up(&mut self) {
        self.graph.ignore();
        let _ = self.to_status.send(None);
        self.configured = None;
        self.work = Work::Nothing;
    }

    fn finalize(&mut self) {
        log::info!("finalized: the process ends");
        let until = Instant::now() + FAREWELL;
        while Instant::now() < until {
            self.node.spin_once(SPIN_IN_TRANSITION);
            self.lifecycle.answer();
        }
        let cause = "the transition shutdown".to_owned();
        self.shutdown.request(Cause::Told(cause));
    }
}
