//! Which of a policy's modalities becomes which feature of a LeRobot dataset.

use std::collections::BTreeSet;

use crate::errors::ConfigErrors;
use crate::spec::{PolicySpec, SourceSpec};

/// The features of a dataset, beside those that every one has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Columns {
    /// The modalities whose numbers make up `observation.state`, in their order.
    pub state: Vec<usize>,
    /// The names of those numbers.
    pub state_names: Vec<String>,
    /// Modalities of features that were made elsewhere, each with the name of its column and its width.
    pub ready_made: Vec<(usize, String, usize)>,
    /// Cameras.
    pub cameras: Vec<usize>,
    /// The names of the cameras' columns.
    pub camera_names: Vec<String>,
    /// The modality that is told what to do, if any.
    pub instruction: Option<usize>,
    /// The names of the actions.
    pub action_names: Vec<String>,
}

/// LeRobot's name for what a robot feels.
pub(super) const STATE: &str = "observation.state";

/// LeRobot's name for what a robot does.
pub(super) const ACTION: &str = "action";

impl Columns {
    /// Of a policy.
    ///
    /// # Errors
    /// A second modality of sentences, for which a dataset has no place.
    pub fn of(policy: &PolicySpec) -> Result<Self, ConfigErrors> {
        let modalities = || policy.modalities.iter().enumerate();
        let mut columns = Self {
            state: Vec::new(),
            state_names: Vec::new(),
            ready_made: Vec::new(),
            cameras: Vec::new(),
            camera_names: Vec::new(),
            instruction: None,
            action_names: policy.actions.iter().map(|a| a.name.clone()).collect(),
        };
        let names = modalities().filter_map(|(_, m)| match &m.source {
            SourceSpec::Vector { names } => Some(names),
            _ => None,
        });
        let mut seen = BTreeSet::new();
        let is_unique = names.flatten().all(|name| seen.insert(name.clone()));
        for (i, modality) in modalities() {
            let own = &modality.name;
            match &modality.source {
                SourceSpec::Vector { names } => {
                    columns.state.push(i);
                    let names = names.iter().map(|name| match is_unique {
                        true => name.clone(),
                        false => format!("{own}.{name}"),
                    });
                    columns.state_names.extend(names);
                }
                SourceSpec::Feature { .. } => {
                    let name = format!("observation.{own}");
                    columns.ready_made.push((i, name, modality.width));
                }
                SourceSpec::Image { .. } => {
                    columns.cameras.push(i);
                    columns
                        .camera_names
                        .push(format!("observation.images.{own}"));
                }
                SourceSpec::Text { .. } => match columns.instruction {
                    None => columns.instruction = Some(i),
                    Some(first) => {
                        return Err(format!(
                            "modalities {} and {own} both have sentences; a LeRobot dataset has one task for each \
                             frame. Leave one of them out of the training file",
                            policy.modalities[first].name
                        )
                        .into());
                    }
                },
            }
        }
        Ok(columns)
    }
}
