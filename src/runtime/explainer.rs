//! The thread that says why the robot moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Explained;
use crate::control::{Attribution, AttributionMessages};
use crate::errors::ConfigErrors;
use crate::shutdown::Shutdown;

/// However seldom it explains, a policy that has taken over is looked for this often.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Takes explanations to those who listen.
pub trait ExplanationSink: Clone + Send + 'static {
    /// Sends one. Nobody is told where that fails.
    fn send(&mut self, messages: &AttributionMessages);
}

/// The running thread.
pub struct Explainer {
    successors: Sender<Attribution>,
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl Explainer {
    /// Starts it, with the policy that it explains until it gets another.
    ///
    /// # Errors
    /// A thread that the system refuses.
    pub fn start(
        sink: impl ExplanationSink,
        attribution: Attribution,
        explained: Explained,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let (successors, coming) = mpsc::channel();
        let work = Work {
            attribution,
            successors: coming,
            sink,
            explained,
        };
        let ending = Arc::<AtomicBool>::default();
        let run = {
            let ending = ending.clone();
            move || work.run(&ending)
        };
        let handle = shutdown
            .spawn("explainer", run)
            .map_err(|e| format!("the explainer cannot start: {e}"))?;
        Ok(Self {
            successors,
            ending,
            handle,
        })
    }

    /// Where the policies go that take over.
    pub fn successors(&self) -> Sender<Attribution> {
        self.successors.clone()
    }

    /// Ends the thread.
    pub fn stop(self) {
        self.ending.store(true, Ordering::Release);
        self.handle.thread().unpark();
        // A panic is caught where the thread was started.
        let _ = self.handle.join();
    }
}

struct Work<S> {
    attribution: Attribution,
    successors: Receiver<Attribution>,
    sink: S,
    explained: Explained,
}

impl<S: ExplanationSink> Work<S> {
    fn run(mut self, ending: &AtomicBool) {
        while !ending.load(Ordering::Acquire) {
            if let Some(successor) = self.successors.try_iter().last() {
                self.attribution = successor;
            }
            if let Some(messages) = self.attribution.explain() {
                self.sink.send(&messages);
                let period = self.attribution.period();
                // Another one comes by then, even if this thread is late.
                let until = Instant::now() + LONGEST_PAUSE + 2 * period;
                self.explained.set(self.attribution.explanation(), until);
            }
            // Looking more often than snapshots come keeps what is said at most half a period late.
            std::thread::park_timeout(LONGEST_PAUSE.min(self.attribution.period() / 2));
        }
    }
}
