//! The thread that brings in another policy, or other parameters of the one that drives: loads and checks it, starts its
//! encoders beside those in use, and offers it to the control thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{MessageFanouts, PolicyRuntime, StatusSource};
use crate::clock::Clock;
use crate::config::{Loaded, NodeConfig};
use crate::control::{Attribution, HandoverSender, PolicyExecutor, Returned, Tracing, Waker};
use crate::errors::ConfigErrors;
use crate::modality::{Epochs, Worker};
use crate::safety::StopCommand;
use crate::shutdown::Shutdown;
use crate::spec::PolicySpec;

/// How long a policy that was loaded may take until it could act: a camera of one picture per second has then been seen
/// through a slow encoder, and whoever asked is still waiting for the answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often is looked whether the control thread has taken it.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long loading may hold up the end of the node, or its cleanup: less than `ros2 launch` waits before it sends SIGTERM.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// What the loader works with.
pub struct Work {
    /// The parameters in force.
    pub config: NodeConfig,
    /// Where messages come in.
    pub fanouts: MessageFanouts,
    /// Which epoch it is.
    pub epochs: Epochs,
    /// The node's clock.
    pub clock: Clock,
    /// Wakes the control thread.
    pub waker: Waker,
    /// Where what happens is recorded, while somebody looks.
    pub tracing: Tracing,
    /// Asked where an encoder's thread panics.
    pub shutdown: Shutdown,
    /// The way to the control thread.
    pub sender: HandoverSender<PolicyExecutor>,
    /// The policy in use.
    pub spec: PolicySpec,
    /// What the log has said of it.
    pub warnings: Vec<String>,
    /// The sha256 of its files.
    pub files: [String; 2],
    /// Its encoders.
    pub workers: Vec<Worker>,
    /// The way to the status.
    pub to_status: Sender<Option<StatusSource>>,
    /// The way to the supervisor.
    pub to_supervisor: Sender<StopCommand>,
    /// The way to the explainer, where there is one.
    pub to_explainer: Option<Sender<Attribution>>,
}

/// What is to take over.
struct Candidate {
    runtime: PolicyRuntime,
    warnings: Vec<String>,
    files: [String; 2],
}

/// What to tell whoever asked: in words that it was done, or why not.
type Answer = Result<String, String>;

/// The running thread.
pub struct Loader {
    requests: Sender<NodeConfig>,
    answers: Receiver<Answer>,
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl Loader {
    /// Starts it.
    ///
    /// # Errors
    /// What the system says when it refuses the thread.
    pub fn start(mut work: Work) -> Result<Self, ConfigErrors> {
        let (requests, asked) = mpsc::channel::<NodeConfig>();
        let (answer, answers) = mpsc::channel();
        let ending = Arc::<AtomicBool>::default();
        let shutdown = work.shutdown.clone();
        let work = {
            let ending = ending.clone();
            move || {
                for config in asked {
                    // Nobody listens any more when the node ends.
                    let _ = answer.send(work.bring_in(config, &ending));
                }
            }
        };
        let handle = shutdown
            .spawn("loader", work)
            .map_err(|e| format!("the loader cannot start: {e}"))?;
        Ok(Self {
            requests,
            answers,
            ending,
            handle,
        })
    }

    /// Asks for other parameters, of which the policy may be one; one request at a time, each answered by one
    /// [`Loader::result`].
    pub fn load(&self, config: NodeConfig) {
        // Where the thread is gone, the answer says so.
        let _ = self.requests.send(config);
    }

    /// What became of the last request, once it is known.
    pub fn result(&self) -> Option<Answer> {
        match self.answers.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err("the loader has ended".into())),
        }
    }

    /// Ends the thread, and the encoders with it.
    pub fn stop(self) {
        self.ending.store(true, Ordering::Release);
        drop(self.requests);
        let until = Instant::now() + LAST_PATIENCE;
        while !self.handle.is_finished() && Instant::now() < until {
            thread::sleep(LOOK_EVERY);
        }
        if !self.handle.is_finished() {
            log::warn!("a policy is still being loaded; loading is abandoned");
        } else {
            // A panic is caught where the thread was started.
            let _ = self.handle.join();
        }
    }
}

impl Work {
    /// Everything from parameters to a policy that drives.
    fn bring_in(&mut self, config: NodeConfig, ending: &AtomicBool) -> Answer {
        // Where nothing has changed, there is something else in the folder.
        let is_another = config.policy != self.config.policy || config == self.config;
        let asked = match is_another {
            true => format!("the policy in {}", config.policy.display()),
            false => "the change of parameters".to_owned(),
        };
        if is_another {
            log::info!("loading {asked}");
        }
        let previous = named(&self.spec, &self.config.policy);
        // Models come from outside, and the libraries that read them may fail in ways of their own.
        let prepared = catch_unwind(AssertUnwindSafe(|| self.prepare(&config, is_another)))
            .unwrap_or_else(|_| {
                Err(ConfigErrors::from(
                    "loading it panicked; please report it with the policy".to_owned(),
                ))
            });
        let taken_over = prepared.and_then(|candidate| {
            self.hand_over(config, candidate.runtime, ending)?;
            self.files = candidate.files;
            Ok(candidate.warnings)
        });
        match taken_over {
            Ok(warnings) => {
                let mut message = match is_another {
                    true => {
                        let present = named(&self.spec, &self.config.policy);
                        format!("{present} took over from {previous}")
                    }
                    false => format!("{previous} continues with changed parameters"),
                };
                log::info!("{message}");
                let before = std::mem::replace(&mut self.warnings, warnings);
                let is_new = |warning: &&String| is_another || !before.contains(warning);
                for warning in self.warnings.iter().filter(is_new) {
                    log::warn!("{warning}");
                    message += &format!("\nWARNING: {warning}");
                }
                Ok(message)
            }
            // Whatever it was, it is over, and the log of the end is not the place for it.
            Err(errors) if ending.load(Ordering::Acquire) => Err(errors.to_string()),
            Err(errors) => {
                let message = format!("{asked} is refused, {previous} stays in use:\n{errors}");
                log::warn!("{message}");
                Err(message)
            }
        }
    }

    /// Loads and checks a policy, with its encoders at work. Nobody who changes a parameter means another policy that has
    /// come into the folder since.
    fn prepare(&self, config: &NodeConfig, is_another: bool) -> Result<Candidate, ConfigErrors> {
        let mut loaded = Loaded::successor(config, &self.spec)?;
        let (warnings, files) = (std::mem::take(&mut loaded.warnings), loaded.files.clone());
        if !is_another && files != self.files {
            return Err(format!(
                "the files in {} are no longer those of the active policy; set the parameter policy to load them",
                config.policy.display()
            )
            .into());
        }
        let mut runtime = PolicyRuntime::start(
            config,
            loaded,
            &self.fanouts,
            &self.epochs,
            &self.waker,
            &self.tracing,
            &self.shutdown,
        )?;
        if !is_another {
            runtime.executor.set_same_policy();
        }
        Ok(Candidate {
            runtime,
            warnings,
            files,
        })
    }

    /// Offers a policy to the control thread until it is taken, or until patience is at its end.
    fn hand_over(
        &mut self,
        config: NodeConfig,
        runtime: PolicyRuntime,
        ending: &AtomicBool,
    ) -> Result<(), ConfigErrors> {
        // At a low rate two ticks take longer.
        let patience = PATIENCE + Duration::from_secs_f64(2.0 / self.config.control_rate_hz);
        let until = Instant::now() + patience;
        // The others are there as long as the node is. The supervisor is told before: it sees by itself from when on it counts.
        let _ = self.to_supervisor.send(runtime.stop);
        self.sender.offer(runtime.executor);
        let returned = loop {
            if let Some(returned) = self.sender.returned() {
                break returned;
            }
            if ending.load(Ordering::Acquire) {
                return Err("the policy that it was to take over from is gone"
                    .to_owned()
                    .into());
            }
            if Instant::now() > until {
                self.sender.withdraw();
            }
            thread::sleep(LOOK_EVERY);
        };
        match returned {
            Returned::Withdrawn(mut executor) => {
                let mut errors = ConfigErrors::new();
                for reason in executor.missing(self.clock.now()) {
                    errors.add(format!(
                        "{} (waited {:.1} s)",
                        runtime.status.explain(reason),
                        patience.as_secs_f64()
                    ));
                }
                if errors.is_empty() {
                    errors.add(format!(
                        "no command was due within {:.1} s at which it could have taken over; is the simulation paused?",
                        patience.as_secs_f64()
                    ));
                }
                Err(errors)
            }
            Returned::Previous(previous) => {
                drop(previous);
                self.spec = runtime.status.spec.clone();
                self.config = config;
                // The status is there as long as the node is.
                let _ = self.to_status.send(Some(runtime.status));
                if let (Some(explainer), Some(attribution)) =
                    (&self.to_explainer, runtime.attribution)
                {
                    let _ = explainer.send(attribution);
                }
                self.workers = runtime.workers;
                Ok(())
            }
        }
    }
}

/// A policy's own name, and the folder that tells it from others of that name.
fn named(spec: &PolicySpec, folder: &Path) -> String {
    format!("the policy {:?} ({})", spec.name, folder.display())
}
