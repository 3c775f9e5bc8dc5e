//! Batches put together again by whoever listens.

use std::collections::BTreeMap;

use super::{Batch, Record, TracedModalities};

/// Everything that was heard of one process.
#[derive(Debug, Default)]
pub struct Gathered {
    node: String,
    pid: Option<u32>,
    policies: BTreeMap<u32, TracedModalities>,
    records: Vec<Record>,
    next: Option<u64>,
    lost: u64,
    strangers: u64,
}

impl Gathered {
    /// Adds a batch. One of another process is left out and counted: a node that was started again counts anew, and two of
    /// one name cannot be told apart on a timeline.
    pub fn take(&mut self, batch: Batch) {
        if *self.pid.get_or_insert(batch.pid) != batch.pid {
            self.strangers += 1;
            return;
        }
        let (before, next) = (batch.before, batch.after());
        let missing = self
            .next
            .replace(next)
            .map_or(0, |next| before.saturating_sub(next));
        self.lost += missing + batch.lost;
        self.node = batch.node;
        self.policies
            .extend(batch.policies.into_iter().map(|p| (p.id, p)));
        self.records.extend(batch.records);
    }

    /// Whether anything was heard.
    pub fn has_begun(&self) -> bool {
        self.pid.is_some()
    }

    /// The full name of the node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.pid.unwrap_or_default()
    }

    /// The policies that the records speak of.
    pub fn policies(&self) -> &BTreeMap<u32, TracedModalities> {
        &self.policies
    }

    /// Everything that happened.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Puts the records in the order of their beginnings.
    pub fn sort(&mut self) {
        self.records.sort_by_key(Record::begin_ns);
    }

    /// How many records were lost, in the node or on the way.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// How many batches of other processes there were.
    pub fn strangers(&self) -> u64 {
        self.strangers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{MessageRecord, Outcome};

    fn message(arrived_ns: u64) -> Record {
        Record::Message(MessageRecord {
            policy: 1,
            modality: 0,
            transport_ns: None,
            arrived_ns,
            taken_ns: arrived_ns + 1,
            entered_ns: None,
            encoded_ns: arrived_ns + 2,
            done_ns: arrived_ns + 3,
            made_ns: None,
            outcome: Outcome::Dropped,
        })
    }

    fn batch(pid: u32, before: u64, lost: u64, records: u64) -> Batch {
        Batch {
            node: "/late_fusion".into(),
            pid,
            before,
            lost,
            policies: Vec::new(),
            records: (0..records).map(message).collect(),
        }
    }

    #[test]
    fn every_loss_is_counted_once_wherever_it_was() {
        let mut gathered = Gathered::default();
        // Nobody listened to what was before.
        gathered.take(batch(7, 100, 0, 3));
        assert_eq!((gathered.records().len(), gathered.lost()), (3, 0));
        // In a full ring.
        gathered.take(batch(7, 103, 2, 1));
        assert_eq!((gathered.records().len(), gathered.lost()), (4, 2));
        // On the way: a batch of 4.
        gathered.take(batch(7, 110, 0, 1));
        assert_eq!((gathered.records().len(), gathered.lost()), (5, 6));
        gathered.take(batch(7, 111, 0, 0));
        assert_eq!((gathered.lost(), gathered.strangers()), (6, 0));
    }

    #[test]
    fn another_process_is_left_out_and_counted() {
        let mut gathered = Gathered::default();
        gathered.take(batch(7, 0, 0, 3));
        gathered.take(batch(8, 0, 0, 3));
        gathered.take(batch(7, 3, 0, 1));
        assert_eq!((gathered.pid(), gathered.records().len()), (7, 4));
        assert_eq!((gathered.lost(), gathered.strangers()), (0, 1));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let batch = batch(7, 0, 0, 3);
        let text = serde_json::to_string(&batch).unwrap();
        assert_eq!(serde_json::from_str::<Batch>(&text).unwrap(), batch);
    }
}
