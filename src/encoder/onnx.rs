//! The inference library, ONNX Runtime. No other file names it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::SessionBuilder;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::needed::needed_for;
use super::provider::{Device, SessionOptions, open_on};
use crate::heap;

/// The loaded library.
#[derive(Clone)]
pub(super) struct Library(Environment);

impl Library {
    /// Loads the library at an absolute path.
    pub fn load(path: &Path) -> Result<Self, String> {
        let environment = ort::init_from(path)
            .map_err(|e| e.to_string())?
            .with_name("late_fusion")
            .with_telemetry(false)
            .with_logger(Arc::new(log_message))
            .build()
            .map_err(|e| e.to_string())?;
        environment.set_log_level(LogLevel::Warning);
        Ok(Self(environment))
    }
}

/// The library's own remarks. What matters comes back as an error as well, hence `debug` at most.
fn log_message(level: LogLevel, _category: &str, _id: &str, place: &str, message: &str) {
    let level = if level >= LogLevel::Warning {
        log::Level::Debug
    } else {
        log::Level::Trace
    };
    log::log!(target: "onnxruntime", level, "{message} ({place})");
}

/// Element types that encoders' inputs and outputs may have here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F32,
    U8,
    I32,
    I64,
    Other,
}

/// An input or output as the model declares it.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub name: String,
    pub element: Element,
    /// Its dimensions; negative where the model leaves one open.
    pub shape: Vec<i64>,
    /// Type and shape for people: `f32 [batch, 3, 224, 224]`.
    pub text: String,
}

impl Port {
    fn new(outlet: &Outlet) -> Self {
        let (element, shape, text) = match outlet.dtype() {
            ValueType::Tensor {
                ty,
                shape,
                dimension_symbols,
            } => {
                let dims: Vec<String> = shape
                    .iter()
                    .zip(dimension_symbols.iter())
                    .map(|(&dim, symbol)| match (dim, symbol.as_str()) {
                        (0.., _) => dim.to_string(),
                        (_, "") => "?".into(),
                        (_, symbol) => symbol.into(),
                    })
                    .collect();
                let element = match ty {
                    TensorElementType::Float32 => Element::F32,
                    TensorElementType::Uint8 => Element::U8,
                    TensorElementType::Int32 => Element::I32,
                    TensorElementType::Int64 => Element::I64,
                    _ => Element::Other,
                };
                (
                    element,
                    shape.to_vec(),
                    format!("{ty} [{}]", dims.join(", ")),
                )
            }
            other => (Element::Other, Vec::new(), format!("{other}")),
        };
        Self {
            name: outlet.name().to_owned(),
            element,
            shape,
            text,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.text)
    }
}

/// Every port of a list, for a message that tells what a model has.
pub(super) fn list(ports: &[Port]) -> String {
    let texts: Vec<String> = ports.iter().map(Port::to_string).collect();
    texts.join("; ")
}

/// The numbers of one input, borrowed from the caller's buffer.
#[derive(Clone, Copy)]
pub(super) enum Numbers<'a> {
    F32(&'a [f32]),
    U8(&'a [u8]),
    I32(&'a [i32]),
    I64(&'a [i64]),
}

/// One input of a run.
pub(super) struct Input<'a> {
    pub name: &'a str,
    pub shape: &'a [i64],
    pub numbers: Numbers<'a>,
}

/// A loaded model of which one output is read.
pub(super) struct Model {
    session: Session,
    selected: RunOptions<HasSelectedOutputs>,
    device: Device,
    inputs: Vec<Port>,
    output: Port,
    entered: Option<Instant>,
}

impl Model {
    /// Loads what is needed of a model for the output that runs will read. `content` is that of the file, as it was verified;
    /// what it refers to is found by its path.
    pub fn load(
        library: &Library,
        path: &Path,
        content: Vec<u8>,
        output: &str,
        options: &SessionOptions,
    ) -> Result<Self, String> {
        let what = path.display().to_string();
        let needed =
            needed_for(output, content).map_err(|why| format!("it is not an ONNX model: {why}"))?;
        // Threads that the library starts stay where this one is now.
        let _until_loaded = (options.cpus.hold_this_thread()).map_err(|why| {
            let cpus = &options.cpus;
            log::warn!("{what}: parameter encoder_cpus is \"{cpus}\", but the encoder runs on any CPU: {why}");
        });
        let (session, device) = open_on(options.provider, &what, |device| {
            open_session(library, path, &needed, options, device)
                .map_err(|e| format!("ONNX Runtime cannot open it ({e})"))
        })?;
        drop(needed);
        heap::trim();
        let ports = |outlets: &[Outlet]| outlets.iter().map(Port::new).collect::<Vec<_>>();
        let (inputs, outputs) = (ports(session.inputs()), ports(session.outputs()));
        let Some(port) = outputs.iter().find(|port| port.name == output) else {
            return Err(format!(
                "output is {output:?}, which this model does not have; its outputs are: {}",
                list(&outputs)
            ));
        };
        if port.element != Element::F32 {
            return Err(format!(
                "output {port} cannot be read; only outputs of f32 are supported"
            ));
        }
        let selected = RunOptions::new()
            .map_err(|e| e.to_string())?
            .with_outputs(OutputSelector::no_default().with(output));
        Ok(Self {
            output: port.clone(),
            selected,
            device,
            inputs,
            session,
            entered: None,
        })
    }

    /// Where it runs.
    pub fn device(&self) -> Device {
        self.device
    }

    /// What it wants.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// The output that is read.
    pub fn output(&self) -> &Port {
        &self.output
    }

    /// When it last began to run.
    pub fn entered(&self) -> Option<Instant> {
        self.entered
    }

    /// Runs the model and lends shape and numbers of its output to `read`.
    pub fn run<R>(
        &mut self,
        inputs: &[Input<'_>],
        read: impl FnOnce(&[i64], &[f32]) -> R,
    ) -> Result<R, String> {
        self.entered = Some(Instant::now());
        self.try_run(inputs, read).map_err(|e| e.to_string())
    }

    fn try_run<R>(
        &mut self,
        inputs: &[Input<'_>],
        read: impl FnOnce(&[i64], &[f32]) -> R,
    ) -> ort::Result<R> {
        let mut values: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
        for input in inputs {
            let shape = input.shape;
            let value = match input.numbers {
                Numbers::F32(numbers) => TensorRef::from_array_view((shape, numbers))?.into(),
                Numbers::U8(numbers) => TensorRef::from_array_view((shape, numbers))?.into(),
                Numbers::I32(numbers) => TensorRef::from_array_view((shape, numbers))?.into(),
                Numbers::I64(numbers) => TensorRef::from_array_view((shape, numbers))?.into(),
            };
            values.push((input.name, value));
        }
        let outputs = self.session.run_with_options(values, &self.selected)?;
        let (shape, numbers) = outputs[self.output.name.as_str()].try_extract_tensor::<f32>()?;
        Ok(read(shape, numbers))
    }
}

/// Where a model that is not opened by its path keeps its external data.
const EXTERNAL_DATA: &str = "session.model_external_initializers_file_folder_path";

fn open_session(
    library: &Library,
    path: &Path,
    content: &[u8],
    options: &SessionOptions,
    device: Device,
) -> ort::Result<Session> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new(".")).to_string_lossy();
    let builder = builder(library, options)?.with_config_entry(EXTERNAL_DATA, folder)?;
    let cuda = || [ort::ep::CUDA::default().build().error_on_failure()];
    // That the provider is there does not mean that it runs everything: what it has no kernel for goes to the CPU, unless
    // that is disabled. Not tried with a GPU; that the option is honoured is tested below without one.
    let mut builder = match device {
        Device::Cpu => builder,
        Device::Cuda => without_fallback(builder)?.with_execution_providers(cuda())?,
        Device::CudaAndCpu => builder.with_execution_providers(cuda())?,
    };
    builder.commit_from_memory(content)
}

fn builder(library: &Library, options: &SessionOptions) -> ort::Result<SessionBuilder> {
    Ok(Session::builder(&library.0)?
        .with_intra_threads(options.intra_op_threads)?
        .with_intra_op_spinning(options.intra_op_spinning)?)
}

/// From here on a model cannot be opened of which any operator would run on the CPU because nothing else takes it.
fn without_fallback(builder: SessionBuilder) -> ort::Result<SessionBuilder> {
    Ok(builder.with_disable_cpu_fallback()?)
}

#[cfg(test)]
mod tests {
    use super::super::protobuf::write;
    use super::*;
    use crate::encoder::Runtime;

    #[test]
    fn what_only_another_output_rests_on_is_not_even_opened() {
        let message = |parts: &[(u64, &[u8])]| {
            let mut bytes = Vec::new();
            for (number, content) in parts {
                write(*number, content, &mut bytes);
            }
            bytes
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/image_map.onnx");
        // Behind its map an operator that the library does not have, and the output of that.
        let node = message(&[(1, b"map"), (2, b"other"), (4, b"NoSuchOperator")]);
        let graph = message(&[(1, &node), (12, &message(&[(1, b"other")]))]);
        let model = [std::fs::read(&path).unwrap(), message(&[(7, &graph)])].concat();
        let runtime = Runtime::load(None).expect("the library of the test environment");
        let load = |output: &str| {
            let options = SessionOptions::default();
            Model::load(runtime.library(), &path, model.clone(), output, &options)
        };
        assert_eq!(load("map").unwrap().output().name, "map");
        let error = load("other").err().unwrap();
        assert!(error.contains("NoSuchOperator"), "{error}");
    }

    #[test]
    fn without_its_fallback_the_library_opens_no_model_that_would_run_on_the_cpu() {
        let runtime = Runtime::load(None).expect("the library of the test environment");
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/image_map.onnx");
        let with = builder(runtime.library(), &SessionOptions::default()).unwrap();
        let (mut without, mut with) = (without_fallback(with.clone()).unwrap(), with);
        assert!(with.commit_from_file(&model).is_ok());
        let error = without.commit_from_file(&model).unwrap_err().to_string();
        assert!(error.contains("CPU"), "{error}");
    }
}
