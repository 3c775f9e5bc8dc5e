//! The thread that brings in another policy: loads and checks it, starts its encoders beside those in use, and offers it
//! to the control thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::policy_runtime::{MessageFanouts, PolicyRuntime};
use super::status_source::StatusSource;
use crate::clock::Clock;
use crate::config::{Loaded, NodeConfig};
use crate::control::{Attribution, HandoverSender, PolicyExecutor, Returned, Waker};
use crate::errors::ConfigErrors;
use crate::modality::Worker;
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
    /// The parameters, with the folder of the policy in use.
    pub config: NodeConfig,
    /// Where messages come in.
    pub fanouts: MessageFanouts,
    /// The node's clock.
    pub clock: Clock,
    /// Wakes the control thread.
    pub waker: Waker,
    /// Asked where an encoder's thread panics.
    pub shutdown: Shutdown,
    /// The way to the control thread.
    pub sender: HandoverSender<PolicyExecutor>,
    /// The policy in use.
    pub spec: PolicySpec,
    /// Its encoders.
    pub workers: Vec<Worker>,
    /// The way to the status.
    pub to_status: Sender<Option<StatusSource>>,
    /// The way to the supervisor.
    pub to_supervisor: Sender<StopCommand>,
    /// The way to the explainer, where there is one.
    pub to_explainer: Option<Sender<Attribution>>,
}

/// What to tell whoever asked: in words that it was done, or why not.
type Answer = Result<String, String>;

/// The running thread.
pub struct Loader {
    requests: Sender<PathBuf>,
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
        let (requests, asked) = mpsc::channel::<PathBuf>();
        let (answer, answers) = mpsc::channel();
        let ending = Arc::<AtomicBool>::default();
        let shutdown = work.shutdown.clone();
        let work = {
            let ending = ending.clone();
            move || {
                for folder in asked {
                    // Nobody listens any more when the node ends.
                    let _ = answer.send(work.bring_in(&folder, &ending));
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

    /// Asks for the policy in a folder; one at a time, each answered by one [`Loader::result`].
    pub fn load(&self, folder: PathBuf) {
        // Where the thread is gone, the answer says so.
        let _ = self.requests.send(folder);
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
            log::warn!("a policy is still being loaded; it is given up");
        } else {
            // A panic is caught where the thread was started.
            let _ = self.handle.join();
        }
    }
}

impl Work {
    /// Everything from a folder to a policy that drives.
    fn bring_in(&mut self, folder: &Path, ending: &AtomicBool) -> Answer {
        log::info!("loading the policy in {}", folder.display());
        let previous = named(&self.spec, &self.config.policy);
        // Models come from outside, and the libraries that read them may fail in ways of their own.
        let prepared =
            catch_unwind(AssertUnwindSafe(|| self.prepare(folder))).unwrap_or_else(|_| {
                Err(ConfigErrors::from(
                    "loading it panicked; please report it with the policy".to_owned(),
                ))
            });
        let taken_over = prepared.and_then(|(runtime, warnings)| {
            self.hand_over(folder, runtime, ending)?;
            Ok(warnings)
        });
        match taken_over {
            Ok(warnings) => {
                let mut message = format!(
                    "{} took over from {previous}",
                    named(&self.spec, &self.config.policy)
                );
                log::info!("{message}");
                for warning in warnings {
                    log::warn!("{warning}");
                    message += &format!("\nWARNING: {warning}");
                }
                Ok(message)
            }
            // Whatever it was, it is over, and the log of the end is not the place for it.
            Err(errors) if ending.load(Ordering::Acquire) => Err(errors.to_string()),
            Err(errors) => {
                let message = format!(
                    "the policy in {} is refused, {previous} stays in use:\n{errors}",
                    folder.display()
                );
                log::warn!("{message}");
                Err(message)
            }
        }
    }

    /// Loads and checks a policy, with its encoders at work.
    fn prepare(&self, folder: &Path) -> Result<(PolicyRuntime, Vec<String>), ConfigErrors> {
        if folder.as_os_str().is_empty() {
            return Err(ConfigErrors::from(
                "load_namespace is empty; it must be a folder with policy.yaml and weights.safetensors"
                    .to_owned(),
            ));
        }
        let config = NodeConfig {
            policy: folder.to_owned(),
            ..self.config.clone()
        };
        let mut loaded = Loaded::successor(&config, &self.spec)?;
        let warnings = std::mem::take(&mut loaded.warnings);
        let runtime =
            PolicyRuntime::start(&config, loaded, &self.fanouts, &self.waker, &self.shutdown)?;
        Ok((runtime, warnings))
    }

    /// Offers a policy to the control thread until it is taken, or until patience is at its end.
    fn hand_over(
        &mut self,
        folder: &Path,
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
                        "no command was due within {:.1} s at which it could have taken over; does the simulation \
                         stand still?",
                        patience.as_secs_f64()
                    ));
                }
                Err(errors)
            }
            Returned::Previous(previous) => {
                drop(previous);
                self.spec = runtime.status.spec.clone();
                self.config.policy = folder.to_owned();
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
