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
            match Alignment::load(m, weights) {
                Ok(alignment) => alignments.push(alignment),
                Err(found) => problems.add_all(&format!("modality {}", m.name), found),
            }
        }
        let fusion: Result<Box<dyn Fusion<T>>, ()> =
            fusion::build(&spec, weights).map_err(|found| problems.add_all("fusion", found));
        // Without the fusion nobody knows how wide the head's input is.
        let blocks = fusion.as_ref().map(|fusion| fusion.blocks());
        let head = blocks.ok().and_then(|blocks| {
            head::build(&spec, &blocks, weights)
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
        let present = self.align(features);
        self.decide(present, ages_s, false, action);
    }

    /// The actions for all subsets of the given features, which cost little more than a few times [`Policy::act`]: a
    /// feature is aligned once, and what the head makes of it is computed once where the fusion allows. `see` is shown
    /// each subset (bit i is the policy's i-th modality) with its action, which is written to `action`; the last one has
    /// all features, and [`Policy::account`] then tells of them. Never allocates.
    pub fn act_subsets(
        &mut self,
        features: &[Option<&[T]>],
        ages_s: &[f64],
        action: &mut [f64],
        mut see: impl FnMut(usize, &[f64]),
    ) {
        let all = self.align(features);
        for subset in (0..=all).filter(|subset| subset & !all == 0) {
            self.decide(subset, ages_s, subset > 0, action);
            see(subset, action);
        }
    }

    /// Aligns what is present, and returns it as bits.
    fn align(&mut self, features: &[Option<&[T]>]) -> usize {
        let mut present = 0;
        for (i, (alignment, feature)) in self.alignments.iter_mut().zip(features).enumerate() {
            if let Some(feature) = feature {
                alignment.align(feature);
                present |= 1 << i;
            }
        }
        present
    }

    /// Fuses some of the features that were aligned last, and acts on them.
    fn decide(&mut self, present: usize, ages_s: &[f64], same_features: bool, action: &mut [f64]) {
        let mut aligned = [None; MAX_MODALITIES];
        for (i, alignment) in self.alignments.iter().enumerate() {
            aligned[i] = (present >> i & 1 == 1).then(|| alignment.aligned());
        }
        let input = Input {
            aligned: &aligned[..self.alignments.len()],
            ages_s,
            same_features,
        };
        self.fusion.fuse(input, &mut self.fused);
        self.head.act(&self.fused, input.presence(), action);
    }
}
