//! What is traced while somebody looks: the control thread, its supervisor and the workers of every policy, put together to
//! batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use super::tick_event::TickEvent;
use crate::modality::MessageEvent;
use crate::spec::PolicySpec;
use crate::trace::{
    Batch, Record, Recorder, StandInRecord, Switch, Tape, Timebase, TracedModalities, ring,
};

/// A batch is made this often; where nothing happens, one without records says once a second that somebody is there.
const BATCH_EVERY: Duration = Duration::from_millis(100);
const EMPTY_BATCH_EVERY: Duration = Duration::from_secs(1);

/// Room for ticks: two seconds at 1000 Hz, for a watcher that is kept waiting.
const TICKS: usize = 2048;

/// The same for the messages of one worker.
const MESSAGES: usize = 1024;

/// The same for the stops of the supervisor.
const STAND_INS: usize = 1024;

/// Where new threads and policies announce themselves to be traced. Cheap to clone.
#[derive(Clone)]
pub struct Tracing {
    switch: Switch,
    sources: Sender<Source>,
    policies: Arc<AtomicU32>,
}

/// A policy, or an encoder alone, that is traced for as long as anybody has it.
pub struct TracedPolicy {
    told: TracedModalities,
    /// What gives names to reasons; an encoder alone gives none.
    spec: Option<PolicySpec>,
}

enum Source {
    Control(Tape<TickEvent>),
    Supervisor(Tape<StandInRecord>),
    Policy(Arc<TracedPolicy>),
    Worker(Worker),
}

struct Worker {
    policy: Arc<TracedPolicy>,
    modality: usize,
    tape: Tape<MessageEvent>,
}

impl TracedPolicy {
    /// Which one of its process it is.
    pub fn id(&self) -> u32 {
        self.told.id
    }
}

impl Tracing {
    /// Nothing yet, and whoever collects what will be there.
    pub fn new() -> (Self, Collector) {
        let (sources, coming) = mpsc::channel();
        let tracing = Self {
            switch: Switch::default(),
            sources,
            policies: Arc::default(),
        };
        let collector = Collector {
            coming,
            switch: tracing.switch.clone(),
            timebase: Timebase::new(),
            control: Vec::new(),
            supervisors: Vec::new(),
            workers: Vec::new(),
            policies: Vec::new(),
            records: Vec::new(),
            lost: 0,
            before: 0,
            batched: None,
            gone: Vec::new(),
        };
        (tracing, collector)
    }

    /// For a control thread.
    pub fn control(&self) -> Recorder<TickEvent> {
        let (recorder, tape) = ring(TICKS, &self.switch);
        self.announce(Source::Control(tape));
        recorder
    }

    /// For the supervisor of a control thread.
    pub fn supervisor(&self) -> Recorder<StandInRecord> {
        let (recorder, tape) = ring(STAND_INS, &self.switch);
        self.announce(Source::Supervisor(tape));
        recorder
    }

    /// For a policy.
    pub fn policy(&self, spec: &PolicySpec) -> Arc<TracedPolicy> {
        let modalities = spec.modalities.iter().map(|m| m.name.clone());
        self.traced(&spec.name, modalities.collect(), Some(spec.clone()))
    }

    /// For an encoder alone, of a modality of that name.
    pub fn encoder(&self, name: &str, modality: &str) -> Arc<TracedPolicy> {
        self.traced(name, vec![modality.to_owned()], None)
    }

    /// For the worker of a modality, by its index in the policy.
    pub fn worker(&self, policy: &Arc<TracedPolicy>, modality: usize) -> Recorder<MessageEvent> {
        let (recorder, tape) = ring(MESSAGES, &self.switch);
        self.announce(Source::Worker(Worker {
            policy: policy.clone(),
            modality,
            tape,
        }));
        recorder
    }

    fn traced(
        &self,
        name: &str,
        modalities: Vec<String>,
        spec: Option<PolicySpec>,
    ) -> Arc<TracedPolicy> {
        let told = TracedModalities {
            id: self.policies.fetch_add(1, Relaxed) + 1,
            name: name.to_owned(),
            modalities,
        };
        let traced = Arc::new(TracedPolicy { told, spec });
        self.announce(Source::Policy(traced.clone()));
        traced
    }

    fn announce(&self, source: Source) {
        // Where nobody collects any more, nobody looks either.
        let _ = self.sources.send(source);
    }
}

/// Collects what is recorded.
pub struct Collector {
    coming: Receiver<Source>,
    switch: Switch,
    timebase: Timebase,
    control: Vec<Tape<TickEvent>>,
    supervisors: Vec<Tape<StandInRecord>>,
    workers: Vec<Worker>,
    policies: Vec<Arc<TracedPolicy>>,
    records: Vec<Record>,
    lost: u64,
    before: u64,
    batched: Option<Instant>,
    /// The policies that nobody else had any more before the rings were last looked into.
    gone: Vec<u32>,
}

impl Collector {
    /// Has everything recorded from here on, or nothing, and returns what was since the last batch, once it is time for
    /// one. To be called much more often than rings are full.
    pub fn collect(&mut self, now: Instant, is_heard: bool) -> Option<Batch> {
        let was_heard = self.switch.is_on();
        self.switch.set(is_heard);
        // What was recorded for nobody, between the last look and the end of listening.
        let is_wanted = was_heard && is_heard;
        self.drain(is_wanted);
        if !is_heard {
            self.batched = None;
            return None;
        }
        let since = self.batched.map(|at| now.saturating_duration_since(at));
        let is_empty = self.records.is_empty() && self.lost == 0;
        let every = if is_empty {
            EMPTY_BATCH_EVERY
        } else {
            BATCH_EVERY
        };
        if since.is_some_and(|since| since < every) {
            return None;
        }
        self.batched = Some(now);
        Some(self.batch())
    }

    /// What has been recorded since the last batch, if there is anything; for the end of the process.
    pub fn rest(&mut self) -> Option<Batch> {
        self.drain(self.switch.is_on());
        (!self.records.is_empty()).then(|| self.batch())
    }

    /// The node and the process are filled in by whoever knows them.
    fn batch(&mut self) -> Batch {
        let mut policies: Vec<_> = self.policies.iter().map(|p| p.told.clone()).collect();
        policies.sort_by_key(|policy| policy.id);
        let batch = Batch {
            node: String::new(),
            pid: std::process::id(),
            before: self.before,
            lost: std::mem::take(&mut self.lost),
            policies,
            records: std::mem::take(&mut self.records),
        };
        self.before = batch.after();
        // Those that are gone have been told of for the last time.
        self.forget();
        batch
    }

    /// Takes what is in the rings, wanted or not.
    fn drain(&mut self, is_wanted: bool) {
        for source in self.coming.try_iter() {
            match source {
                Source::Control(tape) => self.control.push(tape),
                Source::Supervisor(tape) => self.supervisors.push(tape),
                Source::Policy(policy) => self.policies.push(policy),
                Source::Worker(worker) => self.workers.push(worker),
            }
        }
        // A policy goes after its last event, so that every event that is yet to come is of another.
        let gone = self.policies.iter().filter(|p| Arc::strong_count(p) == 1);
        self.gone = gone.map(|policy| policy.id()).collect();
        let Self {
            control,
            supervisors,
            workers,
            policies,
            records,
            timebase,
            lost,
            ..
        } = self;
        control.retain_mut(|tape| {
            let is_over = tape.is_abandoned();
            for event in tape.take() {
                let policy = policies.iter().find(|policy| policy.id() == event.policy);
                let spec = policy.and_then(|policy| policy.spec.as_ref());
                match spec {
                    Some(spec) => records.push(Record::Tick(event.record(spec, timebase))),
                    None => *lost += 1,
                }
            }
            *lost += tape.lost();
            !is_over
        });
        supervisors.retain_mut(|tape| {
            let is_over = tape.is_abandoned();
            records.extend(tape.take().map(Record::StandIn));
            *lost += tape.lost();
            !is_over
        });
        workers.retain_mut(|worker| {
            let is_over = worker.tape.is_abandoned();
            let policy = worker.policy.id();
            for event in worker.tape.take() {
                let record = event.record(policy, worker.modality, timebase);
                records.push(Record::Message(record));
            }
            *lost += worker.tape.lost();
            !is_over
        });
        if !is_wanted {
            records.clear();
            *lost = 0;
            self.forget();
        }
    }

    /// Forgets the policies of which nothing will come any more.
    fn forget(&mut self) {
        let gone = &self.gone;
        self.policies.retain(|policy| !gone.contains(&policy.id()));
    }
}

#[cfg(test)]
mod tests;
