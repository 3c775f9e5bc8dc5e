//! The states of the node on their way to everyone who looks: made once for all, and only while somebody does.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::sse::Event;
use futures::Stream;
use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::display::{Sight, SightSlot, View};

/// From one state to the next.
const PERIOD: Duration = Duration::from_millis(100);

/// How often is looked whether the node has said how it is, and for how long.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_millis(200);

/// Those who look at the same time.
const MOST: usize = 16;

/// The states of a node.
pub(super) struct States {
    sights: SightSlot,
    newest: watch::Sender<Arc<str>>,
    somebody_looks: Notify,
    free: Arc<Semaphore>,
}

/// A state as the page gets it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    view: &'a View,
    /// The modalities with pictures.
    cameras: Vec<&'a str>,
}

impl States {
    /// Of a node that can be seen here.
    pub fn new(sights: SightSlot) -> Self {
        Self {
            sights,
            newest: watch::Sender::new("".into()),
            somebody_looks: Notify::new(),
            free: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// Makes them for as long as it is polled.
    pub async fn run(&self) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.newest.receiver_count() == 0 {
                self.somebody_looks.notified().await;
            }
            ticks.tick().await;
            let Some(sight) = self.see().await else {
                continue;
            };
            let told = Told {
                view: &sight.view,
                cameras: sight.cameras.iter().map(|c| c.modality.as_str()).collect(),
            };
            // Text, numbers and lists can always be written.
            if let Ok(text) = serde_json::to_string(&told) {
                self.newest.send_replace(text.into());
            }
        }
    }

    /// What there is to see now; `None` where the node does not say.
    pub async fn see(&self) -> Option<Arc<Sight>> {
        let asked = Instant::now();
        self.sights.ask();
        while asked.elapsed() < PATIENCE {
            sleep(LOOK_EVERY).await;
            if let Some(sight) = self.sights.newest(asked) {
                return Some(sight);
            }
        }
        None
    }

    /// What there was to see a moment ago, or now.
    pub async fn seen(&self) -> Option<Arc<Sight>> {
        let lately = Instant::now().checked_sub(3 * PERIOD);
        match lately.and_then(|lately| self.sights.newest(lately)) {
            Some(sight) => Some(sight),
            None => self.see().await,
        }
    }

    /// The states from here on; `None` where too many look already.
    pub fn watch(&self) -> Option<impl Stream<Item = Result<Event, Infallible>> + use<>> {
        let permit = self.free.clone().try_acquire_owned().ok()?;
        let receiver = self.newest.subscribe();
        self.somebody_looks.notify_one();
        Some(futures::stream::unfold((receiver, permit), next))
    }
}

type Watching = (watch::Receiver<Arc<str>>, OwnedSemaphorePermit);

async fn next((mut states, permit): Watching) -> Option<(Result<Event, Infallible>, Watching)> {
    states.changed().await.ok()?;
    let event = Event::default().data(&**states.borrow_and_update());
    Some((Ok(event), (states, permit)))
}
