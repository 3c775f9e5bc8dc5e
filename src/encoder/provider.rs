//! Where encoders run: what was asked for, and what could be had.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::realtime::CpuList;

/// What the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionProvider {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU; it is an error when there is none, or when it cannot run every operator of a model.
    Cuda,
    /// An NVIDIA GPU where there is one, otherwise the processor, which also runs the operators that the GPU cannot;
    /// what it became is logged.
    Auto,
}

impl FromStr for ExecutionProvider {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "auto" => Ok(Self::Auto),
            other => Err(format!(
                "execution_provider is {other:?}; cpu, cuda and auto are allowed"
            )),
        }
    }
}

impl fmt::Display for ExecutionProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Auto => "auto",
        })
    }
}

/// Where an encoder really runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// An NVIDIA GPU, with every operator.
    Cuda,
    /// An NVIDIA GPU, and the processor for operators that it has not, or that the library keeps on the processor.
    CudaAndCpu,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::CudaAndCpu => "cuda and cpu",
        })
    }
}

/// How an encoder is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// Where.
    pub provider: ExecutionProvider,
    /// Threads within one run, at least 1.
    pub intra_op_threads: usize,
    /// Whether those of them that wait for work keep a CPU busy meanwhile.
    pub intra_op_spinning: bool,
    /// The CPUs that the encoder's threads may run on.
    pub cpus: CpuList,
}

impl Default for SessionOptions {
    /// One thread on the processor: encoders of several modalities share the cores by running side by side.
    fn default() -> Self {
        Self {
            provider: ExecutionProvider::default(),
            intra_op_threads: 1,
            intra_op_spinning: false,
            cpus: CpuList::default(),
        }
    }
}

/// Opens something on the device that `asked` stands for; `what` names it in the log.
pub(super) fn open_on<T>(
    asked: ExecutionProvider,
    what: &str,
    mut open: impl FnMut(Device) -> Result<T, String>,
) -> Result<(T, Device), String> {
    match asked {
        ExecutionProvider::Cpu => open(Device::Cpu).map(|opened| (opened, Device::Cpu)),
        ExecutionProvider::Cuda => match open(Device::Cuda) {
            Ok(opened) => Ok((opened, Device::Cuda)),
            // Opened once more to tell the two reasons apart; what it gives is not used.
            Err(why) => Err(match open(Device::CudaAndCpu) {
                Ok(_) => format!(
                    "execution_provider is cuda, and some operators of {what} would run on the cpu: {why}; \
                     auto allows that and says so, or use cpu"
                ),
                Err(_) => format!(
                    "execution_provider is cuda, and {what} cannot run there: {why}; \
                     use an ONNX Runtime built for CUDA, or cpu, or auto"
                ),
            }),
        },
        ExecutionProvider::Auto => {
            let all = match open(Device::Cuda) {
                Ok(opened) => {
                    log::info!("{what} runs on cuda (execution_provider is auto)");
                    return Ok((opened, Device::Cuda));
                }
                Err(why) => why,
            };
            match open(Device::CudaAndCpu) {
                Ok(opened) => {
                    log::warn!(
                        "{what} runs on cuda, and some of its operators on the cpu (execution_provider is auto; not all \
                         on cuda: {all})"
                    );
                    Ok((opened, Device::CudaAndCpu))
                }
                Err(why) => {
                    let opened = open(Device::Cpu)?;
                    log::warn!(
                        "{what} runs on the cpu (execution_provider is auto, and cuda cannot be used: {why})"
                    );
                    Ok((opened, Device::Cpu))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens as on a machine that has only the named device, and tells which ones were tried.
    fn open_where_only(
        present: &[Device],
        asked: ExecutionProvider,
    ) -> (Result<Device, String>, Vec<Device>) {
        let mut tried = Vec::new();
        let opened = open_on(asked, "model.onnx", |device| {
            tried.push(device);
            if present.contains(&device) {
                Ok(())
            } else {
                Err(format!("no {device} here"))
            }
        });
        (opened.map(|(_, device)| device), tried)
    }

    #[test]
    fn cpu_never_tries_cuda() {
        let (opened, tried) = open_where_only(&[Device::Cpu], ExecutionProvider::Cpu);
        assert_eq!((opened, tried), (Ok(Device::Cpu), vec![Device::Cpu]));
    }

    #[test]
    fn cuda_never_falls_back() {
        let (opened, tried) = open_where_only(&[Device::Cpu], ExecutionProvider::Cuda);
        let error = opened.unwrap_err();
        assert!(
            error.contains("model.onnx") && error.contains("no cuda here"),
            "{error}"
        );
        assert!(!tried.contains(&Device::Cpu), "{tried:?}");
    }

    #[test]
    fn cuda_is_refused_where_single_operators_would_fall_back() {
        let partly = [Device::CudaAndCpu, Device::Cpu];
        let (opened, _) = open_where_only(&partly, ExecutionProvider::Cuda);
        let error = opened.unwrap_err();
        for part in ["some operators of model.onnx", "auto", "no cuda here"] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }

    #[test]
    fn auto_prefers_cuda_and_falls_back_to_the_cpu() {
        let all = [Device::Cuda, Device::CudaAndCpu, Device::Cpu];
        for first in 0..all.len() {
            let (opened, tried) = open_where_only(&all[first..], ExecutionProvider::Auto);
            assert_eq!((opened, tried), (Ok(all[first]), all[..=first].to_vec()));
        }
    }

    #[test]
    fn names_survive_the_round_trip_and_another_name_is_refused() {
        for provider in [
            ExecutionProvider::Cpu,
            ExecutionProvider::Cuda,
            ExecutionProvider::Auto,
        ] {
            assert_eq!(provider.to_string().parse(), Ok(provider));
        }
        let error = "gpu".parse::<ExecutionProvider>().unwrap_err();
        assert!(
            error.contains("\"gpu\"") && error.contains("auto"),
            "{error}"
        );
    }
}
