//! What stands on the timeline, read back as whoever opens the file reads it.

use super::*;
use crate::trace::{Batch, StandInCause, TracedModalities};

const ORIGIN_NS: u64 = 9_000_000_000_000_000;

fn message(modality: usize, arrived_us: u64, taken_us: u64) -> MessageRecord {
    let ns = |us: u64| ORIGIN_NS + us * 1000;
    MessageRecord {
        policy: 1,
        modality,
        transport_ns: Some(1500),
        arrived_ns: ns(arrived_us),
        taken_ns: ns(taken_us),
        entered_ns: Some(ns(taken_us + 10)),
        encoded_ns: ns(taken_us + 50),
        done_ns: ns(taken_us + 60),
        made_ns: Some(ns(taken_us + 55)),
        outcome: Outcome::Feature,
    }
}

fn tick(number: u64, due_us: u64, rests_on: &[&MessageRecord]) -> TickRecord {
    let ns = |us: u64| ORIGIN_NS + us * 1000;
    TickRecord {
        number,
        policy: 1,
        deadline_ns: Some(ns(due_us)),
        slept: true,
        skipped: 0,
        woke_ns: ns(due_us) + 53_211,
        decided_ns: ns(due_us + 60),
        done_ns: ns(due_us + 70),
        decision: Decided::Act,
        reason: None,
        limited: 0,
        sent: true,
        rests_on_ns: rests_on.iter().map(|m| m.made_ns.unwrap_or(0)).collect(),
    }
}

fn gathered(records: Vec<Record>) -> Gathered {
    let mut gathered = Gathered::default();
    gathered.take(Batch {
        node: "/late_fusion".into(),
        pid: 7,
        before: 0,
        lost: 0,
        policies: vec![TracedModalities {
            id: 1,
            name: "table".into(),
            modalities: vec!["scene".into(), "joints".into()],
        }],
        records,
    });
    gathered
}

fn events(records: Vec<Record>) -> Vec<Value> {
    let mut bytes = Vec::new();
    let written = write_chrome_trace(&mut gathered(records), &mut bytes).unwrap();
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    let events = file["traceEvents"].as_array().unwrap();
    assert_eq!(events.len() as u64, written);
    events.clone()
}

fn of<'a>(events: &'a [Value], ph: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["ph"] == ph).collect()
}

fn slices<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    let all = of(events, "X").into_iter();
    all.filter(|event| event["name"] == name).collect()
}

#[test]
fn an_arrow_leads_from_every_feature_to_the_first_command_that_rests_on_it() {
    let (scene, joints) = (message(0, 100, 110), message(1, 120, 130));
    let unused = message(0, 300, 310);
    let ticks = [
        tick(1, 200, &[&scene, &joints]),
        tick(2, 250, &[&scene, &joints]),
    ];
    // As they leave the node: per thread.
    let mut records: Vec<Record> = ticks.map(Record::Tick).into();
    records.extend([scene, joints, unused].map(Record::Message));
    let events = events(records);
    let ends = |ph: &str| -> Vec<(u64, f64)> {
        let each = of(&events, ph).into_iter();
        each.map(|e| (e["id"].as_u64().unwrap(), e["ts"].as_f64().unwrap()))
            .collect()
    };
    assert_eq!(ends("s"), [(1, 0.0), (2, 20.0)]);
    assert_eq!(ends("t"), [(1, 10.0), (2, 30.0)]);
    assert_eq!(ends("f"), [(1, 160.0), (2, 160.0)]);
    let names: Vec<&Value> = of(&events, "f").iter().map(|e| &e["name"]).collect();
    assert_eq!(names, ["scene", "joints"]);
    assert!(of(&events, "f").iter().all(|e| e["bp"] == "e"));
}

#[test]
fn a_tick_says_to_the_nanosecond_how_late_it_was() {
    let events = events(vec![Record::Tick(tick(41, 200, &[]))]);
    let acts = slices(&events, "act");
    let args = &acts[0]["args"];
    assert_eq!(args["late_us"], 53.211);
    assert_eq!(args["deadline_ns"], ORIGIN_NS + 200_000);
    assert_eq!((&args["tick"], &args["slept"]), (&json!(41), &json!(true)));
    assert_eq!(slices(&events, "late")[0]["dur"], exact(53_211));
    assert_eq!(acts[0]["ts"], exact(53_211), "from the first deadline on");
}

#[test]
fn whoever_cuts_off_or_rounds_reads_the_same_nanoseconds() {
    let mut is_nudged = 0;
    for step in 0..200_000_u64 {
        // Up to ten minutes.
        let ns = step * 3_000_017 + step % 1000;
        assert_eq!((exact(ns) * 1000.0) as u64, ns);
        assert_eq!((exact(ns) * 1000.0).round() as u64, ns);
        is_nudged += u32::from(exact(ns) != microseconds(ns));
    }
    assert!(is_nudged > 1000, "{is_nudged}");
}

#[test]
fn what_is_decided_is_marked_where_it_changes() {
    let stop = |number, due_us| TickRecord {
        decision: Decided::Stop,
        reason: Some("scene: 0.6 s old".into()),
        ..tick(number, due_us, &[])
    };
    let ticks = [
        tick(1, 0, &[]),
        tick(2, 100, &[]),
        stop(3, 200),
        stop(4, 300),
    ];
    let events = events(ticks.map(Record::Tick).into());
    let marks: Vec<&Value> = of(&events, "i").iter().map(|e| &e["name"]).collect();
    assert_eq!(marks, ["act", "stop: scene: 0.6 s old"]);
    let stops = slices(&events, "stop");
    assert_eq!(stops.len(), 2);
    assert_eq!(stops[1]["args"]["reason"], "scene: 0.6 s old");
}

#[test]
fn parts_that_wait_beside_each_other_have_lanes_of_their_own() {
    let parts = [
        message(1, 0, 100),
        message(1, 50, 170),
        message(1, 120, 240),
    ];
    let events = events(parts.map(Record::Message).into());
    let lanes: Vec<u64> = slices(&events, "wait in slot")
        .iter()
        .map(|e| e["tid"].as_u64().unwrap())
        .collect();
    assert_eq!(lanes, [100, 101, 100]);
    let names = of(&events, "M").into_iter();
    let names: Vec<&Value> = names
        .filter(|e| e["name"] == "thread_name")
        .map(|e| &e["args"]["name"])
        .collect();
    assert_eq!(
        names,
        ["control", "slot joints", "slot joints", "encode joints"]
    );
    for name in ["prepare", "encode", "deliver"] {
        assert_eq!(slices(&events, name).len(), 3);
    }
}

#[test]
fn what_nobody_of_ours_would_send_is_drawn_all_the_same() {
    let strange = MessageRecord {
        policy: 9,
        taken_ns: 0,
        ..message(77, 100, 110)
    };
    let tick = TickRecord {
        woke_ns: 0,
        rests_on_ns: vec![1; 99],
        ..tick(1, 10, &[])
    };
    let events = events(vec![Record::Message(strange), Record::Tick(tick)]);
    let negative = of(&events, "X").into_iter();
    assert!(negative.clone().count() > 3);
    assert!(
        negative
            .map(|e| e["dur"].as_f64().unwrap())
            .all(|d| d >= 0.0)
    );
}

#[test]
fn a_stop_of_the_supervisor_stands_on_a_thread_of_its_own() {
    let stop = StandInRecord {
        decided_ns: ORIGIN_NS + 300_000,
        done_ns: ORIGIN_NS + 312_000,
        cause: StandInCause::Silent,
        sent: true,
    };
    let events = events(vec![Record::StandIn(stop), Record::Tick(tick(1, 0, &[]))]);
    let stops = slices(&events, "stop");
    assert_eq!((stops.len(), &stops[0]["tid"]), (1, &json!(SUPERVISOR)));
    assert_eq!(
        (&stops[0]["ts"], &stops[0]["dur"]),
        (&json!(300.0), &json!(12.0))
    );
    assert_eq!(
        stops[0]["args"],
        json!({"reason": stop.cause.sentence(), "sent": true})
    );
    let named = of(&events, "M")
        .into_iter()
        .filter(|event| event["name"] == "thread_name");
    let named: Vec<(&Value, &Value)> = named.map(|e| (&e["tid"], &e["args"]["name"])).collect();
    assert_eq!(
        named[..2],
        [
            (&json!(CONTROL), &json!("control")),
            (&json!(SUPERVISOR), &json!("supervisor"))
        ]
    );
}
