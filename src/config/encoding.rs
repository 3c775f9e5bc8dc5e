//! The parameters of running encoders, which all nodes that run some have.

use std::path::PathBuf;

use super::declaration::Declarations;
use crate::encoder::ExecutionProvider;

/// Declares where the ONNX Runtime is.
pub(super) fn onnxruntime(d: &mut Declarations) -> Option<PathBuf> {
    let path = d.string(
        "onnxruntime",
        "",
        "Path of libonnxruntime.so (1.24 or newer). Empty: the environment variable \
         LATE_FUSION_ONNXRUNTIME, then beside the installation.",
    );
    (!path.is_empty()).then(|| path.into())
}

/// Declares where encoders run.
pub(super) fn execution_provider(d: &mut Declarations) -> Option<ExecutionProvider> {
    d.choice(
        "execution_provider",
        "cpu",
        &["cpu", "cuda", "auto"],
        "Where the encoders run. cuda: refuse to start without it, or where it would leave operators of a model to the CPU; \
         auto: CUDA where it works, else the CPU, saying so.",
        |word| word.parse().ok(),
    )
}

/// Declares how many threads an encoder may use.
pub(super) fn intra_op_threads(d: &mut Declarations) -> usize {
    let threads = d.integer(
        "intra_op_threads",
        1,
        1..=64,
        "Threads that one run of an encoder may use.",
    );
    threads as usize
}

/// Declares whose time counts.
pub(super) fn use_sim_time(d: &mut Declarations) -> bool {
    d.bool(
        "use_sim_time",
        false,
        "Take the time from /clock instead of the system's clock.",
    )
}

/// Declares from which contrast on a picture shows anything.
pub(super) fn min_contrast(d: &mut Declarations, name: &str) -> f64 {
    d.double(
        name,
        0.0,
        0.0..=1.0,
        "The least contrast of a picture: the difference between dark and bright within one color channel (the channel \
         with the largest; 1st to 99th percentile of the pixels), as a part of the full range. With less it shows nothing, \
         as with a covered lens, and the modality is absent. 0 for any.",
    )
}

/// Declares whether what was published before the node started counts.
pub(super) fn accept_earlier(d: &mut Declarations, name: &str) -> bool {
    d.bool(
        name,
        false,
        "Whether a sentence (or a feature of any age) counts that was published before the node started, which a publisher \
         with durability transient_local keeps. If false, the robot waits for a new one.",
    )
}
