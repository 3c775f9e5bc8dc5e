//! Where things stand on the timeline: a lane per worker, and lanes for what waits in its slot.

use std::collections::BTreeMap;

use crate::trace::{Gathered, MessageRecord};

/// The lanes of a worker are numbered from a multiple of this on.
const APART: u32 = 100;

/// The lanes of all workers of a trace.
pub struct Lanes<'a> {
    gathered: &'a Gathered,
    workers: BTreeMap<(u32, usize), Worker>,
}

struct Worker {
    first: u32,
    /// Until when each lane of the slot is taken: joint states may come in parts, which wait beside each other.
    slot: Vec<u64>,
}

impl<'a> Lanes<'a> {
    /// Of workers that are yet to come.
    pub fn new(gathered: &'a Gathered) -> Self {
        Self {
            gathered,
            workers: BTreeMap::new(),
        }
    }

    /// The lane of a worker.
    pub fn worker(&mut self, policy: u32, modality: usize) -> u32 {
        self.of(policy, modality).first + APART - 1
    }

    /// The lane that this message waited in, the last in time of its worker so far.
    pub fn slot(&mut self, message: &MessageRecord) -> u32 {
        let worker = self.of(message.policy, message.modality);
        let free = worker
            .slot
            .iter()
            .position(|until| *until <= message.arrived_ns);
        let lane = free.unwrap_or(worker.slot.len());
        match free {
            Some(lane) => worker.slot[lane] = message.taken_ns,
            None => worker.slot.push(message.taken_ns),
        }
        worker.first + (lane as u32).min(APART - 2)
    }

    /// All lanes with their names. After a hot swap there are two workers of one modality.
    pub fn names(&self) -> Vec<(u32, String)> {
        let mut names = Vec::new();
        for ((policy, modality), worker) in &self.workers {
            let traced = self.gathered.policies().get(policy);
            let name = traced.and_then(|traced| traced.modalities.get(*modality));
            let name = name.map_or("unknown modality", String::as_str);
            let of = match traced {
                Some(traced) if self.gathered.policies().len() > 1 => {
                    format!(" ({} #{policy})", traced.name)
                }
                _ => String::new(),
            };
            for lane in 0..worker.slot.len() as u32 {
                names.push((worker.first + lane, format!("slot {name}{of}")));
            }
            names.push((worker.first + APART - 1, format!("encode {name}{of}")));
        }
        names
    }

    fn of(&mut self, policy: u32, modality: usize) -> &mut Worker {
        let first = APART * (self.workers.len() as u32 + 1);
        let new = || Worker {
            first,
            slot: Vec::new(),
        };
        self.workers.entry((policy, modality)).or_insert_with(new)
    }
}
