//! A policy that drives without any middleware: joint states go in, commands come out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::config::Value;
use crate::control::AttributionMessages;
use crate::message::{MessageType, cdr};
use crate::modality::{Message, MessageFanout, Unchanged};
use crate::spec::Weights;

/// A loaded machine takes its time.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
struct Commands(Sender<f64>);

impl CommandSink for Commands {
    fn send(&mut self, _: usize, message: &[u8]) -> bool {
        let number = message.last_chunk().map(|bytes| f64::from_le_bytes(*bytes));
        number.is_some_and(|number| self.0.send(number).is_ok())
    }
}

#[derive(Clone)]
struct NoExplanations;

impl ExplanationSink for NoExplanations {
    fn send(&mut self, _: &AttributionMessages) {}
}

/// A policy that commands so many times the joint's position.
fn write_policy(folder: &Path, factor: f32) {
    let policy = "{format: 3, name: example, modalities: [{name: joints, kind: vector, names: [arm], width: 1}], \
                  fusion: {method: concat}, head: {kind: mlp, hidden: []}, \
                  actions: [{name: drive, unit: m/s, min: -10, max: 10}]}";
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("policy.yaml"), policy).unwrap();
    let mut weights = Weights::default();
    for (name, shape, value) in [
        ("standardize.joints.mean", vec![1], 0.0),
        ("standardize.joints.std", vec![1], 1.0),
        ("missing.joints", vec![1], 0.0),
        ("head.0.weight", vec![1, 1], factor),
        ("head.0.bias", vec![1], 0.0),
        ("action.mean", vec![1], 0.0),
        ("action.std", vec![1], 1.0),
    ] {
        weights.insert(name, shape, vec![value]);
    }
    weights.save(&folder.join("weights.safetensors")).unwrap();
}

fn parameters(policy: &Path) -> NodeConfig {
    let words = [
        ("policy", policy.to_str().unwrap()),
        ("modalities.joints.topic", "joint_states"),
        (
            "modalities.joints.message",
            MessageType::JointState.ros_name(),
        ),
        ("action.topic", "action"),
    ];
    let words = words.map(|(name, word)| (name.to_owned(), Value::String(word.into())));
    NodeConfig::from_parameters(BTreeMap::from(words))
        .unwrap()
        .config
}

fn joint_state(position: f64, permission: &Permission) -> Message {
    let received = Clock::System.now();
    let mut message = cdr::Writer::new();
    message.header(received, "base");
    message.length(1);
    message.string("arm");
    message.length(1);
    message.f64(position);
    message.length(0);
    message.length(0);
    Message {
        bytes: Arc::new(message.finish()),
        received,
        unchanged: Unchanged::default(),
        epoch: permission.epochs().current(),
    }
}

#[test]
fn a_policy_drives_until_another_takes_over_and_a_stop_is_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    write_policy(&first, 2.0);
    write_policy(&second, -3.0);
    let config = parameters(&first);
    let (clock, waker, shutdown) = (Clock::System, Waker::default(), Shutdown::default());
    let conditions = config.permission.conditions();
    let permission = Arc::new(Permission::new(conditions, Instant::now()));
    let joints = Arc::new(MessageFanout::new(MessageType::JointState));
    let (sender, sent) = mpsc::channel();
    let ports = Ports {
        fanouts: [("joints".to_owned(), joints.clone())].into(),
        commands: Commands(sender.clone()),
        stops: Commands(sender),
        explanations: None::<NoExplanations>,
    };
    let (to_status, statuses) = mpsc::channel();
    let around = Surroundings {
        config: &config,
        clock: &clock,
        waker: &waker,
        shutdown: &shutdown,
        ports: &ports,
        permission: &permission,
        settings: &OnceLock::new(),
        tracing: &Tracing::new().0,
        explained: &Explained::default(),
        to_status: &to_status,
    };
    let configured = Configured::start(Loaded::new(&config).unwrap(), &around).unwrap();
    let drive_until = |wanted: f64| {
        let until = Instant::now() + PATIENCE;
        loop {
            joints.put(joint_state(1.5, &permission));
            match sent.recv_timeout(Duration::from_millis(10)) {
                Ok(command) if command == wanted => break,
                _ => assert!(Instant::now() < until, "{wanted} is never commanded"),
            }
        }
    };
    configured.control().activate();
    drive_until(3.0);

    configured.loader().load(parameters(&second));
    drive_until(-4.5);
    let until = Instant::now() + PATIENCE;
    let answer = loop {
        match configured.loader().result() {
            Some(answer) => break answer,
            None => assert!(Instant::now() < until, "nobody says that it took over"),
        }
        thread::sleep(Duration::from_millis(5));
    };
    let said = answer.unwrap();
    assert!(said.contains("took over from"), "{said}");

    configured.control().deactivate();
    drive_until(0.0);

    configured.end(|| {});
    let shown = statuses.try_iter().flatten().map(|source| source.folder);
    assert_eq!(shown.collect::<Vec<_>>(), [first, second]);
    assert!(!shutdown.is_requested());
}
