//! What a prediction is made from.

use crate::spec::MAX_MODALITIES;
use crate::time::Stamp;

/// For each modality, in the policy's order, the stamp of the feature that was fused; `None` where it was absent.
pub type Fused = [Option<Stamp>; MAX_MODALITIES];
