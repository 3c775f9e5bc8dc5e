//! ONNX models. What reads them is a library in C++, and what it does not survive would end this process: so they are
//! tried in another one, which runs this test once more. Our own code before and after the library must not panic.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use late_fusion::encoder::{FeatureExtractor, Runtime, SessionOptions, hashes_of_model, probe};
use late_fusion::message::{MessageType, cdr::Writer, encode_text};
use late_fusion::spec::{
    Activation, ImageEncoderSpec, ModalitySpec, SourceSpec, TextEncoderSpec, Weights,
};
use late_fusion::time::Stamp;
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::Deserialize;

use crate::MB;
use crate::document::folder_in_memory;
use crate::memory::bounded;
use crate::mutate::{set, spoil, try_out_from};

/// The file in which the other process says which input it is at, and the first that it is to try.
const PROGRESS: &str = "LATE_FUSION_FUZZ_PROGRESS";
const FIRST: &str = "LATE_FUSION_FUZZ_FIRST";

const INPUTS: u64 = 600;

/// What the other process may take of memory, library and all.
const MOST_MEMORY: u64 = 4 << 30;

/// What Rust says before it ends a process by a signal.
const OURS: [&str; 2] = ["memory allocation of", "overflowed its stack"];

/// Longer than any input takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `tests/golden/encoders.py` wrote.
#[derive(Deserialize)]
struct Golden {
    image_encoders: BTreeMap<String, ImageEncoderSpec>,
    text_encoders: BTreeMap<String, TextEncoderSpec>,
}

struct Sample {
    spec: ModalitySpec,
    bytes: Vec<u8>,
    message: (MessageType, Vec<u8>),
}

/// Where the models of the tests are.
fn models() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models"))
}

fn picture(width: usize, height: usize) -> (MessageType, Vec<u8>) {
    let mut writer = Writer::new();
    writer.header(Stamp::from_nanos(1), "camera");
    writer.u32(height as u32);
    writer.u32(width as u32);
    writer.string("rgb8");
    writer.u8(0);
    writer.u32(3 * width as u32);
    writer.length(3 * width * height);
    for i in 0..3 * width * height {
        writer.u8((i * i % 251) as u8);
    }
    (MessageType::Image, writer.finish())
}

fn modality(source: SourceSpec) -> ModalitySpec {
    ModalitySpec {
        name: "tried".into(),
        source,
        width: 1,
        history: 1,
        moved_since: None,
        projection: None,
        projection_hidden: vec![],
        projection_activation: Activation::None,
    }
}

/// The small models, with what a policy would say of them.
fn samples(runtime: &Runtime) -> Vec<Sample> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/encoders.json");
    let golden: Golden = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    let image = |name: &str, model: &str, output: &str| {
        let mut encoder = golden.image_encoders[name].clone();
        (encoder.model, encoder.output) = (model.into(), output.into());
        SourceSpec::Image { encoder }
    };
    let text = |model: &str, max_tokens: usize| {
        let mut encoder = golden.text_encoders["i32"].clone();
        (encoder.model, encoder.tokenizer) = (model.into(), "tokenizer.json".into());
        encoder.max_tokens = max_tokens;
        SourceSpec::Text { encoder }
    };
    let sources = [
        image("u8 nhwc", "image_u8_nhwc.onnx", "features"),
        image("map mean", "image_map.onnx", "map"),
        image("tokens mean", "image_external.onnx", "mean"),
        text("text_i32.onnx", 64),
        text("text_fixed.onnx", 12),
    ];
    let sample = |mut source: SourceSpec| {
        if let SourceSpec::Image { encoder } = &mut source
            && encoder.output == "mean"
        {
            encoder.pooling = late_fusion::spec::Pooling::None;
        }
        let message = match &source {
            SourceSpec::Image { encoder } => picture(encoder.input.width, encoder.input.height),
            _ => (MessageType::String, encode_text("push the faucet")),
        };
        let path = models().join(model_of(&source));
        let mut spec = modality(source);
        take_hashes(&mut spec, &path).unwrap();
        let probed = probe(&spec, models(), runtime, &SessionOptions::default());
        spec.width = probed.unwrap_or_else(|e| panic!("{e}")).width;
        Sample {
            spec,
            bytes: std::fs::read(path).unwrap(),
            message,
        }
    };
    sources.map(sample).into()
}

fn model_of(source: &SourceSpec) -> &Path {
    match source {
        SourceSpec::Image { encoder } => &encoder.model,
        SourceSpec::Text { encoder } => &encoder.model,
        _ => unreachable!("neither has a model"),
    }
}

/// Lets a policy say of a model what is right.
fn take_hashes(
    spec: &mut ModalitySpec,
    path: &Path,
) -> Result<(), late_fusion::errors::ConfigErrors> {
    let hashes = hashes_of_model(path)?;
    match &mut spec.source {
        SourceSpec::Image { encoder } => {
            (encoder.sha256, encoder.external_data) = (hashes.sha256, hashes.external_data);
        }
        SourceSpec::Text { encoder } => {
            (encoder.sha256, encoder.external_data) = (hashes.sha256, hashes.external_data);
        }
        _ => unreachable!("neither has a model"),
    }
    Ok(())
}

/// Loads a model as the node does, and encodes a message; whether that gave a feature.
fn encode(sample: &Sample, folder: &Path, runtime: &Runtime, bytes: &[u8]) -> bool {
    let path = folder.join(model_of(&sample.spec.source));
    std::fs::write(&path, bytes).unwrap();
    // What the library takes is not counted here; the process has a limit of its own.
    bounded(32 * MB, || {
        let mut spec = sample.spec.clone();
        if take_hashes(&mut spec, &path).is_err() {
            return false;
        }
        let (weights, options) = (Weights::default(), SessionOptions::default());
        let loaded = FeatureExtractor::load(&spec, folder, &weights, runtime, &options);
        let Ok(mut extractor) = loaded else {
            return false;
        };
        let mut feature = vec![0.0; spec.width];
        let (message, bytes) = &sample.message;
        let Ok(found) = extractor.extract(*message, bytes, &mut feature) else {
            return false;
        };
        assert!(feature.iter().all(|number: &f32| number.is_finite()));
        found.present
    })
}

/// Does nothing unless [`no_model_panics_or_costs_memory`] asks for it.
#[test]
fn tried_in_another_process() {
    let Some(progress) = std::env::var_os(PROGRESS) else {
        return;
    };
    let most = Some(MOST_MEMORY);
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(Resource::As, limit).unwrap();
    let progress = File::options().write(true).open(progress).unwrap();
    let runtime = Runtime::load(None).unwrap();
    let samples = samples(&runtime);
    let folder = folder_in_memory();
    for file in ["tokenizer.json", "image_external.data"] {
        std::fs::copy(models().join(file), folder.path().join(file)).unwrap();
    }
    for sample in &samples {
        assert!(encode(sample, folder.path(), &runtime, &sample.bytes));
    }
    let first = set(FIRST).unwrap_or(0);
    let at = Cell::new(first);
    let features = Cell::new(0_u64);
    try_out_from(first, INPUTS, |which, edits| {
        progress.write_all_at(&at.get().to_le_bytes(), 0).unwrap();
        at.set(at.get() + 1);
        let sample = &samples[usize::from(which) % samples.len()];
        let bytes = spoil(sample.bytes.clone(), edits);
        let encoded = encode(sample, folder.path(), &runtime, &bytes);
        features.set(features.get() + u64::from(encoded));
    });
    println!("{} of them gave a feature", features.get());
}

/// Starts the other process, at an input.
fn start(progress: &Path, first: u64, seconds: Option<u64>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "--nocapture", "models::tried_in_another_process"])
        .env(PROGRESS, progress)
        .env(FIRST, first.to_string())
        .stderr(Stdio::piped());
    if let Some(seconds) = seconds {
        command.env("LATE_FUSION_FUZZ_SECONDS", seconds.to_string());
    }
    command.spawn().unwrap()
}

fn at(progress: &File) -> u64 {
    let mut number = [0; 8];
    progress.read_exact_at(&mut number, 0).unwrap();
    u64::from_le_bytes(number)
}

/// Waits for the other process; `None` where it had to be ended, because one input took too long.
fn wait(child: &mut Child, progress: &File) -> Option<ExitStatus> {
    let (mut last, mut since) = (at(progress), Instant::now());
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if at(progress) != last {
            (last, since) = (at(progress), Instant::now());
        }
        if since.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_model_panics_or_costs_memory() {
    let folder = folder_in_memory();
    let path = folder.path().join("progress");
    std::fs::write(&path, [0; 8]).unwrap();
    let progress = File::open(&path).unwrap();
    let begun = Instant::now();
    let mut first = 0;
    loop {
        let seconds = set("LATE_FUSION_FUZZ_SECONDS")
            .map(|seconds| seconds.saturating_sub(begun.elapsed().as_secs()));
        let mut child = start(&path, first, seconds);
        let errors = child.stderr.take().unwrap();
        let told = std::thread::spawn(|| std::io::read_to_string(errors).unwrap_or_default());
        let status = wait(&mut child, &progress);
        let told = told.join().unwrap();
        let end = match status {
            Some(status) if status.success() => return,
            Some(status) => match status.signal() {
                Some(signal) if !OURS.iter().any(|ours| told.contains(ours)) => {
                    format!("by signal {signal}")
                }
                _ => panic!("input {} of the models: {status}\n{told}", at(&progress)),
            },
            None => format!("after {PATIENCE:?}"),
        };
        // A model is as trusted as a program: the library is not made for others.
        println!(
            "ONNX Runtime ended {end} at input {}: {told}",
            at(&progress)
        );
        first = at(&progress) + 1;
    }
}
