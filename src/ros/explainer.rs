//! The thread that says on `~/contributions` and `~/fusion` why the robot moves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use r2r::QosProfile;

use crate::control::{Attribution, Explanation};
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::shutdown::Shutdown;

/// However seldom it explains, a policy that has taken over is looked for this often.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What was explained last, for those who show it to people. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Explained(Arc<Mutex<Option<(Instant, Explanation)>>>);

impl Explained {
    /// What explains what the robot does at `now`; `None` while it does not act, or nobody explains it.
    pub fn get(&self, now: Instant) -> Option<Explanation> {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = newest.as_ref().filter(|(until, _)| now < *until);
        counts.map(|(_, explanation)| explanation.clone())
    }

    /// Takes an explanation, of which the next one is due after `period`.
    fn set(&self, explanation: Explanation, period: Duration) {
        let until = Instant::now() + LONGEST_PAUSE + 2 * period;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, explanation));
    }
}

/// The two topics. Cheap to clone.
#[derive(Clone)]
pub struct ExplainerTopics {
    contributions: r2r::PublisherUntyped,
    fusion: r2r::PublisherUntyped,
}

impl ExplainerTopics {
    /// Offers them.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn new(node: &mut r2r::Node) -> Result<Self, ConfigErrors> {
        let mut offer = |topic: &str| {
            let qos = QosProfile::default().keep_last(1);
            node.create_publisher_untyped(topic, MessageType::Float64MultiArray.ros_name(), qos)
                .map_err(|e| ConfigErrors::from(format!("topic {topic}: cannot publish: {e}")))
        };
        Ok(Self {
            contributions: offer("~/contributions")?,
            fusion: offer("~/fusion")?,
        })
    }
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
        topics: ExplainerTopics,
        attribution: Attribution,
        explained: Explained,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let (successors, coming) = mpsc::channel();
        let work = Work {
            attribution,
            successors: coming,
            topics,
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

struct Work {
    attribution: Attribution,
    successors: Receiver<Attribution>,
    topics: ExplainerTopics,
    explained: Explained,
}

impl Work {
    fn run(mut self, ending: &AtomicBool) {
        while !ending.load(Ordering::Acquire) {
            if let Some(successor) = self.successors.try_iter().last() {
                self.attribution = successor;
            }
            if let Some(messages) = self.attribution.explain() {
                // Publishing fails only when the node is gone.
                let _ = self
                    .topics
                    .contributions
                    .publish_raw(&messages.contributions);
                let _ = self.topics.fusion.publish_raw(&messages.fusion);
                let period = self.attribution.period();
                self.explained.set(self.attribution.explanation(), period);
            }
            // Looking more often than snapshots come keeps what is said at most half a period late.
            std::thread::park_timeout(LONGEST_PAUSE.min(self.attribution.period() / 2));
        }
    }
}
