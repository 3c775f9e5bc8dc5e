//! What was gathered as a file in the Chrome trace event format, which ui.perfetto.dev and chrome://tracing open.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::{Decided, Gathered, MessageRecord, Outcome, Record, StandInRecord, TickRecord};

mod lanes;

use lanes::Lanes;

/// The thread of the control loop on the timeline.
const CONTROL: u32 = 1;

/// The thread of the supervisor.
const SUPERVISOR: u32 = 2;

/// One event, as the format has it: times in microseconds.
#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    cat: &'a str,
    ph: &'a str,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// Of flows: that they end at the slice around them.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'a str>,
    /// Of instants: how far they reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'a str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    args: Value,
}

/// Writes everything that was gathered, in the order of its beginnings, and returns how many events it has become. Times
/// count from the first of them, so that no digit is lost; the file says when that was on the monotonic clock.
///
/// # Errors
/// What the writer says.
pub fn write_chrome_trace(gathered: &mut Gathered, out: impl Write) -> io::Result<u64> {
    gathered.sort();
    let gathered = &*gathered;
    let origin_ns = gathered.records().first().map_or(0, Record::begin_ns);
    let mut file = File {
        out,
        written: 0,
        pid: gathered.pid(),
        origin_ns,
    };
    let about = json!({
        "node": gathered.node(),
        "clock": "CLOCK_MONOTONIC",
        "origin_ns": origin_ns,
        "lost_records": gathered.lost(),
    });
    write!(
        file.out,
        "{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":["
    )?;
    let mut timeline = Timeline {
        gathered,
        lanes: Lanes::new(gathered),
        flows: flows(gathered),
        decided: None,
    };
    for record in gathered.records() {
        match record {
            Record::Tick(tick) => timeline.tick(tick, &mut file)?,
            Record::Message(message) => timeline.message(message, &mut file)?,
            Record::StandIn(stop) => file.stand_in(stop)?,
        }
    }
    file.meta("process_name", CONTROL, json!({"name": gathered.node()}))?;
    let named = timeline.lanes.names();
    let stood_in = |record: &Record| matches!(record, Record::StandIn(_));
    let supervisor = gathered.records().iter().any(stood_in);
    let threads = [
        (CONTROL, "control", true),
        (SUPERVISOR, "supervisor", supervisor),
    ];
    let threads = threads.into_iter().filter(|(.., is_there)| *is_there);
    let threads = threads.map(|(tid, name, _)| (tid, name.to_owned()));
    for (tid, name) in threads.chain(named) {
        file.meta("thread_name", tid, json!({"name": name}))?;
        file.meta("thread_sort_index", tid, json!({"sort_index": tid}))?;
    }
    let written = file.written;
    write!(file.out, "\n]}}")?;
    file.out.flush()?;
    Ok(written)
}

struct File<W> {
    out: W,
    written: u64,
    pid: u32,
    origin_ns: u64,
}

impl<W: Write> File<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let separator = if self.written == 0 { "\n" } else { ",\n" };
        self.out.write_all(separator.as_bytes())?;
        self.written += 1;
        serde_json::to_writer(&mut self.out, event).map_err(io::Error::from)
    }

    fn us(&self, at_ns: u64) -> f64 {
        exact(at_ns.saturating_sub(self.origin_ns))
    }

    fn bare<'a>(&self, name: &'a str, ph: &'a str, tid: u32, at_ns: u64) -> Event<'a> {
        Event {
            name,
            cat: "late_fusion",
            ph,
            ts: self.us(at_ns),
            dur: None,
            pid: self.pid,
            tid,
            id: None,
            bp: None,
            s: None,
            args: Value::Null,
        }
    }

    /// A stretch of a thread's time; those inside it come after it.
    fn slice(&mut self, name: &str, tid: u32, ns: [u64; 2], args: Value) -> io::Result<()> {
        let dur = Some(exact(ns[1].saturating_sub(ns[0])));
        let event = self.bare(name, "X", tid, ns[0]);
        self.event(&Event { dur, args, ..event })
    }

    /// A stop action of the supervisor, and why.
    fn stand_in(&mut self, stop: &StandInRecord) -> io::Result<()> {
        let args = json!({"reason": stop.cause.sentence(), "sent": stop.sent});
        self.slice("stop", SUPERVISOR, [stop.decided_ns, stop.done_ns], args)
    }

    fn instant(&mut self, name: &str, tid: u32, at_ns: u64) -> io::Result<()> {
        let event = self.bare(name, "i", tid, at_ns);
        self.event(&Event {
            s: Some("t"),
            ..event
        })
    }

    /// One end of an arrow (`s`, `f`) or a place that it goes through (`t`); it holds on to the slice there.
    fn flow(&mut self, ph: &str, name: &str, tid: u32, at_ns: u64, id: u64) -> io::Result<()> {
        let event = self.bare(name, ph, tid, at_ns);
        self.event(&Event {
            id: Some(id),
            bp: (ph != "s").then_some("e"),
            cat: "flow",
            ..event
        })
    }

    fn meta(&mut self, name: &str, tid: u32, args: Value) -> io::Result<()> {
        let event = self.bare(name, "M", tid, self.origin_ns);
        self.event(&Event { args, ..event })
    }
}

fn microseconds(ns: u64) -> f64 {
    ns as f64 / 1000.0
}

/// The same in a form that is the same number of nanoseconds again for those who cut off what is left, as Perfetto does: a
/// slice that ended a nanosecond after the one around it would be dropped.
fn exact(ns: u64) -> f64 {
    let us = microseconds(ns);
    match us * 1000.0 < ns as f64 {
        true => us.next_up(),
        false => us,
    }
}

/// What a feature is known by: its policy, its modality, and when it was made.
type FeatureKey = (u32, usize, u64);

/// Every feature that a command rests on, with the number of the arrow to the first such command.
fn flows(gathered: &Gathered) -> HashMap<FeatureKey, Flow> {
    let mut flows = HashMap::new();
    for record in gathered.records() {
        if let Record::Tick(tick) = record {
            for key in rests_on(tick) {
                let id = flows.len() as u64 + 1;
                flows.entry(key).or_insert(Flow {
                    id,
                    state: State::Due,
                });
            }
        }
    }
    flows
}

struct Flow {
    id: u64,
    state: State,
}

/// How far an arrow is drawn.
#[derive(PartialEq)]
enum State {
    Due,
    Begun,
    Ended,
}

fn rests_on(tick: &TickRecord) -> impl Iterator<Item = FeatureKey> {
    let made = tick.rests_on_ns.iter().enumerate();
    made.filter(|(_, made_ns)| **made_ns != 0)
        .map(|(modality, made_ns)| (tick.policy, modality, *made_ns))
}

struct Timeline<'a> {
    gathered: &'a Gathered,
    lanes: Lanes<'a>,
    flows: HashMap<FeatureKey, Flow>,
    decided: Option<(Decided, u32)>,
}

impl Timeline<'_> {
    fn message<W: Write>(&mut self, message: &MessageRecord, file: &mut File<W>) -> io::Result<()> {
        let name = self.modality(message.policy, message.modality).to_owned();
        let worker = self.lanes.worker(message.policy, message.modality);
        let slot = self.lanes.slot(message);
        let args = json!({
            "transport_us": message.transport_ns.map(microseconds),
            "wait_us": microseconds(message.taken_ns.saturating_sub(message.arrived_ns)),
        });
        let waits = [message.arrived_ns, message.taken_ns];
        file.slice("wait in slot", slot, waits, args)?;
        let args = json!({"modality": name, "outcome": message.outcome.word()});
        let what = match message.outcome {
            Outcome::Dropped => "dropped message",
            _ => "message",
        };
        let works = [message.taken_ns, message.done_ns];
        file.slice(what, worker, works, args)?;
        let entered_ns = message.entered_ns.unwrap_or(message.taken_ns);
        if message.entered_ns.is_some() {
            let prepares = [message.taken_ns, entered_ns];
            file.slice("prepare", worker, prepares, Value::Null)?;
        }
        let encodes = [entered_ns, message.encoded_ns];
        file.slice("encode", worker, encodes, Value::Null)?;
        let delivers = [message.encoded_ns, message.done_ns];
        file.slice("deliver", worker, delivers, Value::Null)?;
        let key = message
            .made_ns
            .map(|made| (message.policy, message.modality, made));
        if let Some(flow) = key.and_then(|key| self.flows.get_mut(&key)) {
            flow.state = State::Begun;
            file.flow("s", &name, slot, message.arrived_ns, flow.id)?;
            file.flow("t", &name, worker, message.taken_ns, flow.id)?;
        }
        Ok(())
    }

    fn tick<W: Write>(&mut self, tick: &TickRecord, file: &mut File<W>) -> io::Result<()> {
        let late_ns = tick.deadline_ns.map(|d| tick.woke_ns.saturating_sub(d));
        if let Some(deadline_ns) = tick.deadline_ns
            && tick.slept
        {
            let woke_late = [deadline_ns, tick.woke_ns];
            file.slice("late", CONTROL, woke_late, Value::Null)?;
        }
        let mut ages = BTreeMap::new();
        for (_, modality, made_ns) in rests_on(tick) {
            let age_ns = tick.decided_ns.saturating_sub(made_ns);
            ages.insert(self.modality(tick.policy, modality), microseconds(age_ns));
        }
        let policy = self.gathered.policies().get(&tick.policy);
        let args = json!({
            "tick": tick.number,
            "policy": policy.map(|policy| &policy.name),
            "deadline_ns": tick.deadline_ns,
            "late_us": late_ns.map(microseconds),
            "slept": tick.slept,
            "skipped_deadlines": tick.skipped,
            "reason": tick.reason,
            "limited": tick.limited,
            "sent": tick.sent,
            "us_since_feature": ages,
        });
        let whole = [tick.woke_ns, tick.done_ns];
        file.slice(tick.decision.word(), CONTROL, whole, args)?;
        let decides = [tick.woke_ns, tick.decided_ns];
        file.slice("decide", CONTROL, decides, Value::Null)?;
        if tick.decision != Decided::Silent {
            let publishes = [tick.decided_ns, tick.done_ns];
            file.slice("publish", CONTROL, publishes, Value::Null)?;
        }
        self.changes(tick, file)?;
        for key in rests_on(tick) {
            let name = self.modality(key.0, key.1).to_owned();
            // An arrow from before the trace has no beginning, and is not drawn.
            if let Some(flow) = self.flows.get_mut(&key)
                && flow.state == State::Begun
            {
                flow.state = State::Ended;
                file.flow("f", &name, CONTROL, tick.decided_ns, flow.id)?;
            }
        }
        Ok(())
    }

    /// Marks that something else is decided than before, or by another policy.
    fn changes<W: Write>(&mut self, tick: &TickRecord, file: &mut File<W>) -> io::Result<()> {
        let last = self.decided.replace((tick.decision, tick.policy));
        if last.is_some_and(|(_, policy)| policy != tick.policy)
            && let Some(policy) = self.gathered.policies().get(&tick.policy)
        {
            let text = format!("policy {} takes over", policy.name);
            file.instant(&text, CONTROL, tick.woke_ns)?;
        }
        if last.is_none_or(|(decision, _)| decision != tick.decision) {
            let word = tick.decision.word();
            let text = match &tick.reason {
                Some(reason) => format!("{word}: {reason}"),
                None => word.to_owned(),
            };
            file.instant(&text, CONTROL, tick.decided_ns)?;
        }
        Ok(())
    }

    fn modality(&self, policy: u32, modality: usize) -> &str {
        let policy = self.gathered.policies().get(&policy);
        let name = policy.and_then(|policy| policy.modalities.get(modality));
        name.map_or("unknown modality", String::as_str)
    }
}

#[cfg(test)]
mod tests;
