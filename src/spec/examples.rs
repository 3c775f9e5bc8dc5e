//! Small policies for tests and benches; what matters to a test is what it changes in them.

use super::*;

/// A modality of these numbers, fused as they are.
pub fn vector<N: Into<String>>(name: &str, names: impl IntoIterator<Item = N>) -> ModalitySpec {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    ModalitySpec {
        name: name.into(),
        width: names.len(),
        source: SourceSpec::Vector { names },
        history: 1,
        moved_since: None,
        projection: None,
        projection_hidden: vec![],
        projection_activation: Activation::None,
    }
}

/// A number of the action between −`limit` and `limit`, which stops at 0.
pub fn action(name: &str, limit: f64) -> ActionSpec {
    ActionSpec {
        name: name.into(),
        unit: "m/s".into(),
        min: -limit,
        max: limit,
        ..ActionSpec::default()
    }
}

/// A policy of these, with a head that is one linear layer.
pub fn policy(
    modalities: Vec<ModalitySpec>,
    fusion: FusionSpec,
    actions: Vec<ActionSpec>,
) -> PolicySpec {
    PolicySpec {
        format: FORMAT,
        recorded: RecordedSpec::default(),
        name: "example".into(),
        description: String::new(),
        modalities,
        fusion,
        head: HeadSpec::Mlp {
            hidden: vec![],
            chunk: None,
        },
        actions,
    }
}
