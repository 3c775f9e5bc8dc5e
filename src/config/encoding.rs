//! The parameters of running encoders, which all nodes that run some have.

use std::path::PathBuf;

use super::declaration::Declarations;
use super::realtime;
use crate::encoder::SessionOptions;

/// Declares where the ONNX Runtime is.
pub(super) fn onnxruntime(d: &mut Declarations) -> Option<PathBuf> {
    let path = d.string(
        "onnxruntime",
        "",
        "Path of libonnxruntime.so (1.24 or newer). If empty: the environment variable LATE_FUSION_ONNXRUNTIME, then \
         the folder of the installation.",
    );
    (!path.is_empty()).then(|| path.into())
}

/// Declares how encoders are run; a modality's own parameters have those of the node for their defaults.
pub(super) fn session(
    d: &mut Declarations,
    key: impl Fn(&str) -> String,
    default: &SessionOptions,
) -> Option<SessionOptions> {
    let provider = d.choice(
        &key("execution_provider"),
        &default.provider.to_string(),
        &["cpu", "cuda", "auto"],
        "Where encoders run. cuda: do not start if CUDA is unavailable or would leave operators of a model to the CPU; \
         auto: CUDA if it works, otherwise the CPU, with a log message.",
        |word| word.parse().ok(),
    );
    let intra_op_threads = d.integer(
        &key("intra_op_threads"),
        default.intra_op_threads as i64,
        1..=64,
        "Threads that one run of an encoder may use.",
    );
    let intra_op_spinning = d.bool(
        &key("intra_op_spinning"),
        default.intra_op_spinning,
        "Let encoder threads busy-wait for work: a little faster if every thread has a CPU of its own, slower for \
         everything else.",
    );
    let cpus = realtime::cpus(
        d,
        &key("encoder_cpus"),
        &default.cpus,
        "CPUs that encoder threads may run on, such as 3 or 0,2-3; empty for any.",
    );
    Some(SessionOptions {
        provider: provider?,
        intra_op_threads: intra_op_threads as usize,
        intra_op_spinning,
        cpus,
    })
}

/// Declares whose time counts.
pub(super) fn use_sim_time(d: &mut Declarations) -> bool {
    d.bool(
        "use_sim_time",
        false,
        "Take the time from /clock instead of the system clock.",
    )
}

/// Declares from which contrast on a picture shows anything.
pub(super) fn min_contrast(d: &mut Declarations, name: &str) -> f64 {
    d.double(
        name,
        0.0,
        0.0..=1.0,
        "Minimum contrast of a picture: the difference between dark and bright within one color channel (the channel \
         with the largest; 1st to 99th percentile of the pixels), as a fraction of the full range. Below it, as with a \
         covered lens, the modality is treated as missing. 0 accepts any picture.",
    )
}
