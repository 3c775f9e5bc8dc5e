//! `~/debug/image/compressed`: what the node sees and does, for as long as somebody looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use r2r::QosProfile;

use super::status::LOOK_EVERY;
use crate::clock::Clock;
use crate::display::{self, SightSlot};
use crate::errors::ConfigErrors;
use crate::message::{MessageType, encode_jpeg};
use crate::shutdown::Shutdown;

const TOPIC: &str = "~/debug/image/compressed";

/// How long the watcher may take to say what there is to see; several of its turns.
const PATIENCE: Duration = LOOK_EVERY.saturating_mul(5);

/// The running thread that draws and publishes it.
pub struct DebugImage {
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

struct Work {
    publisher: r2r::PublisherUntyped,
    period: Duration,
    sights: SightSlot,
    clock: Clock,
}

impl DebugImage {
    /// Offers the topic, to publish at most `rate_hz` pictures per second.
    ///
    /// # Errors
    /// The topic, when ROS refuses it; a thread that the system refuses.
    pub fn start(
        node: &mut r2r::Node,
        rate_hz: f64,
        sights: SightSlot,
        clock: &Clock,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let qos = QosProfile::default().keep_last(1);
        let publisher = node
            .create_publisher_untyped(TOPIC, MessageType::CompressedImage.ros_name(), qos)
            .map_err(|e| format!("topic {TOPIC}: cannot publish: {e}"))?;
        let work = Work {
            publisher,
            period: Duration::from_secs_f64(1.0 / rate_hz),
            sights,
            clock: clock.clone(),
        };
        let ending = Arc::<AtomicBool>::default();
        let run = {
            let ending = ending.clone();
            move || {
                while !ending.load(Ordering::Acquire) {
                    let began = Instant::now();
                    work.look();
                    thread::park_timeout(work.period.saturating_sub(began.elapsed()));
                }
            }
        };
        let handle = shutdown
            .spawn("debug_image", run)
            .map_err(|e| format!("the thread of {TOPIC} cannot start: {e}"))?;
        Ok(Self { ending, handle })
    }

    /// Ends the thread.
    pub fn stop(self) {
        self.ending.store(true, Ordering::Release);
        self.handle.thread().unpark();
        // A panic is caught where the thread was started.
        let _ = self.handle.join();
    }
}

impl Work {
    /// Publishes a picture, if somebody looks.
    fn look(&self) {
        let listeners = self.publisher.get_inter_process_subscription_count();
        if !listeners.is_ok_and(|count| count > 0) {
            return;
        }
        let Some(sight) = self.sights.wait(PATIENCE) else {
            return;
        };
        let picture = display::draw(&sight.view, &sight.cameras);
        // A picture of this size can always be written; publishing fails only when the node is gone.
        if let Ok(jpeg) = picture.jpeg() {
            let message = encode_jpeg(self.clock.now(), &jpeg);
            let _ = self.publisher.publish_raw(&message);
        }
    }
}
