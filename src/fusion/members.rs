//! The modalities that are fused.

use crate::spec::PolicySpec;

/// The modalities by name and projected width.
pub(super) fn members(spec: &PolicySpec) -> Vec<(&str, usize)> {
    let modalities = spec.modalities.iter();
    modalities
        .map(|m| (m.name.as_str(), m.fused_width()))
        .collect()
}
