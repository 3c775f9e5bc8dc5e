//! A policy: what `late_fusion train` writes and the node loads and runs.

mod check;
mod fusion_spec;
mod spec;
mod weights;

pub use check::MAX_MODALITIES;
pub use fusion_spec::*;
pub use spec::*;
pub use weights::Weights;

use std::path::{Path, PathBuf};

use nalgebra::DVector;

use crate::fusion::{self, Account, Alignment, Fusion, Input};
use crate::head::{self, Head};
use crate::number::Number;
use crate::problems::Problems;

/// A loaded policy: from the newest features to an action, without its encoders.
pub struct Policy<T: Number = f32> {
    spec: PolicySpec,
    folder: PathBuf,
    parameters: usize,
    alignments: Vec<Alignment<T>>,
    fusion: Box<dyn Fusion<T>>,
    fused: DVector<T>,
    head: Box<dyn Head<T>>,
}

impl Policy {
    /// Loads `policy.yaml` and `weights.safetensors` from a policy folder.
    ///
    /// # Errors
    /// Every problem of both files, at once where one does not hide the other.
    pub fn load(folder: &Path) -> Result<Self, Problems> {
        let spec = PolicySpec::load(folder)?;
        let weights = Weights::load(&folder.join("weights.safetensors"))?;
        Self::build(spec, folder, &weights)
    }
}

impl<T: Number> Policy<T> {
    /// Builds a policy from its parts; `folder` is where the encoders' paths start from.
    ///
    /// # Errors
    /// Everything that is wrong with `spec`, otherwise every tensor that is missing or of another shape than it asks for.
    pub fn build(spec: PolicySpec, folder: &Path, weights: &Weights) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        spec.check(&mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut alignments = Vec::with_capacity(spec.modalities.len());
        for m in &spec.modalities {
            match Alignment::load(&m.name, m.input_width(), m.align, weights) {
                Ok(alignment) => alignments.push(alignment),
                Err(found) => problems.add_all(&format!("modality {}", m.name), found),
            }
        }
        let fusion: Result<Box<dyn Fusion<T>>, ()> =
            fusion::build(&spec, weights).map_err(|found| problems.add_all("fusion", found));
        // Without the fusion nobody knows how wide the head's input is.
        let head = fusion.as_ref().map(|fusion| fusion.width());
        let head = head.ok().and_then(|width| {
            head::build(&spec, width, weights)
                .map_err(|found| problems.add_all("head", found))
                .ok()
        });
        match (fusion, head, problems.is_empty()) {
            (Ok(fusion), Some(head), true) => Ok(Self {
                folder: folder.to_owned(),
                parameters: weights.parameters(),
                fused: DVector::zeros(fusion.width()),
                spec,
                alignments,
                fusion,
                head,
            }),
            _ => Err(problems),
        }
    }

    /// What `policy.yaml` says.
    pub fn spec(&self) -> &PolicySpec {
        &self.spec
    }

    /// The folder that the encoders' paths start from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What counted how much in the last [`Policy::act`].
    pub fn account(&self) -> Account {
        self.fusion.account()
    }

    /// How many numbers were learned.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// How many actions are predicted at once: the steps of the chunk, 1 without one.
    pub fn steps(&self) -> usize {
        self.spec.head.steps()
    }

    /// The action for the given features, one per modality in the policy's order, `None` where one is absent, with
    /// their ages in seconds. `action` has one number per entry of the action space for each of [`Policy::steps`], one
    /// step after the other. Never allocates: the arrays of references live on the stack, which bounds the modalities
    /// at [`MAX_MODALITIES`].
    pub fn act(&mut self, features: &[Option<&[T]>], ages_s: &[f64], action: &mut [f64]) {
        for (alignment, feature) in self.alignments.iter_mut().zip(features) {
            if let Some(feature) = feature {
                alignment.align(feature);
            }
        }
        let mut aligned = [None; MAX_MODALITIES];
        for ((slot, alignment), feature) in aligned.iter_mut().zip(&self.alignments).zip(features) {
            *slot = feature.is_some().then(|| alignment.aligned());
        }
        let input = Input {
            aligned: &aligned[..features.len()],
            ages_s,
        };
        self.fusion.fuse(input, &mut self.fused);
        self.head.act(&self.fused, action);
    }
}
