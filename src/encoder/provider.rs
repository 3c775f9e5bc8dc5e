//! Where encoders run: what was asked for, and what could be had.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionProvider {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU; it is an error when there is none.
    Cuda,
    /// An NVIDIA GPU where there is one, otherwise the processor; which one it became is logged.
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
    /// An NVIDIA GPU.
    Cuda,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        })
    }
}

/// How encoders are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// Where.
    pub provider: ExecutionProvider,
    /// Threads within one encoder's run, at least 1.
    pub intra_op_threads: usize,
}

impl Default for SessionOptions {
    /// One thread on the processor: encoders of several modalities share the cores by running side by side.
    fn default() -> Self {
        Self {
            provider: ExecutionProvider::default(),
            intra_op_threads: 1,
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
            Err(why) => Err(format!(
                "execution_provider is cuda, and {what} cannot run there: {why}; \
                 use an ONNX Runtime built for CUDA, or cpu, or auto"
            )),
        },
        ExecutionProvider::Auto => match open(Device::Cuda) {
            Ok(opened) => {
                log::info!("{what} runs on cuda (execution_provider is auto)");
                Ok((opened, Device::Cuda))
            }
            Err(why) => {
                let opened = open(Device::Cpu)?;
                log::warn!(
                    "{what} runs on the cpu (execution_provider is auto, and cuda cannot be used: {why})"
                );
                Ok((opened, Device::Cpu))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens as on a machine that has only the named device, and tells which ones were tried.
    fn open_where_only(
        present: Device,
        asked: ExecutionProvider,
    ) -> (Result<Device, String>, Vec<Device>) {
        let mut tried = Vec::new();
        let opened = open_on(asked, "model.onnx", |device| {
            tried.push(device);
            if device == present {
                Ok(())
            } else {
                Err(format!("no {device} here"))
            }
        });
        (opened.map(|(_, device)| device), tried)
    }

    #[test]
    fn cpu_never_tries_cuda() {
        let (opened, tried) = open_where_only(Device::Cpu, ExecutionProvider::Cpu);
        assert_eq!((opened, tried), (Ok(Device::Cpu), vec![Device::Cpu]));
    }

    #[test]
    fn cuda_never_falls_back() {
        let (opened, tried) = open_where_only(Device::Cpu, ExecutionProvider::Cuda);
        let error = opened.unwrap_err();
        assert!(
            error.contains("model.onnx") && error.contains("no cuda here"),
            "{error}"
        );
        assert_eq!(tried, [Device::Cuda]);
    }

    #[test]
    fn auto_prefers_cuda_and_falls_back_to_the_cpu() {
        let (opened, tried) = open_where_only(Device::Cuda, ExecutionProvider::Auto);
        assert_eq!((opened, tried), (Ok(Device::Cuda), vec![Device::Cuda]));
        let (opened, tried) = open_where_only(Device::Cpu, ExecutionProvider::Auto);
        assert_eq!(
            (opened, tried),
            (Ok(Device::Cpu), vec![Device::Cuda, Device::Cpu])
        );
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
