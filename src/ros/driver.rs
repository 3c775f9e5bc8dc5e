//! Everything that belongs to one policy, made for those who work with it: the control thread, the status, the explainer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::control_loop::Waker;
use super::explainer::Explained;
use super::pilot::{Ends, Pilot};
use super::watched::{Watched, WatchedModality};
use crate::config::{Loaded, NodeConfig};
use crate::control::TickMeter;
use crate::modality::{History, Inlet, Recollection, Worker, feature_slot};
use crate::problems::Problems;

/// Where the messages of each modality come in, by its name: the topics of the parameters, whatever policy is in use.
pub type Inlets = BTreeMap<String, Arc<Inlet>>;

/// A policy whose encoders run.
pub struct Driver {
    /// For the control thread.
    pub pilot: Box<Pilot>,
    /// For the status.
    pub watched: Watched,
    /// For the explainer, where the parameters ask for one.
    pub explained: Option<Explained>,
    /// The encoders' threads; they end when this is dropped.
    pub workers: Vec<Worker>,
}

impl Driver {
    /// Starts the encoders of a loaded policy, and takes all memory that driving needs.
    ///
    /// # Errors
    /// A policy with too many modalities to be explained, a thread that the system refuses.
    pub fn start(
        config: &NodeConfig,
        loaded: Loaded,
        inlets: &Inlets,
        waker: &Waker,
    ) -> Result<Self, Problems> {
        let spec = loaded.policy.spec().clone();
        let (explained, witness) = match config.contributions_rate_hz {
            0.0 => (None, None),
            rate_hz => {
                let (explained, witness) = Explained::new(loaded.explained, rate_hz)?;
                (Some(explained), Some(witness))
            }
        };
        let wired = loaded.wiring.modalities.iter();
        let parts = wired.zip(loaded.extractors).zip(&spec.modalities);
        let (mut workers, mut features, mut modalities) = (Vec::new(), Vec::new(), Vec::new());
        for ((wired, extractor), modality) in parts {
            let (writer, reader) = feature_slot(modality.input_width());
            features.push(reader);
            let (Some(extractor), Some(inlet)) = (extractor, inlets.get(&wired.name)) else {
                modalities.push(WatchedModality::disabled());
                continue;
            };
            let history = History::new(modality.width, modality.history);
            let recollection = Recollection::new(writer, history);
            let waker = waker.clone();
            let notify = move || waker.wake();
            let (name, message) = (&wired.name, wired.message);
            let worker = Worker::start(name, message, extractor, recollection, notify)?;
            inlet.attach(worker.slot().clone());
            modalities.push(WatchedModality::of(&worker, wired.max_age_s));
            workers.push(worker);
        }
        let (left, reports) = triple_buffer::triple_buffer(&TickMeter::new().report());
        let ends = Ends {
            features,
            reports: left,
            witness,
        };
        let pilot = Pilot::new(config, &loaded.wiring, loaded.policy, ends);
        Ok(Self {
            watched: Watched {
                spec,
                folder: config.policy.clone(),
                modalities,
                reports,
            },
            pilot: Box::new(pilot),
            explained,
            workers,
        })
    }
}
