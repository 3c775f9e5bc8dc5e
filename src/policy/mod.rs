//! A policy at work: projections, fusion and head, built from what its files say.

use std::path::{Path, PathBuf};

use nalgebra::DVector;

use crate::errors::ConfigErrors;
use crate::fusion::{self, Fusion, FusionTrace, Input, Projection};
use crate::head::{self, Head};
use crate::number::Number;
use crate::spec::{MAX_MODALITIES, PolicySpec, Weights};

/// A loaded policy: from the newest features to an action, without its encoders.
pub struct Policy<T: Number = f32> {
    spec: PolicySpec,
    folder: PathBuf,
    parameters: usize,
    projections: Vec<Projection<T>>,
    fusion: Box<dyn Fusion<T>>,
    fused: DVector<T>,
    head: Box<dyn Head<T>>,
}

impl Policy {
    /// Loads `policy.yaml` and `weights.safetensors` from a policy folder.
    ///
    /// # Errors
    /// All errors of both files together, where one does not hide the other.
    pub fn load(folder: &Path) -> Result<Self, ConfigErrors> {
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
    pub fn build(spec: PolicySpec, folder: &Path, weights: &Weights) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        spec.check(&mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut projections = Vec::with_capacity(spec.modalities.len());
        for m in &spec.modalities {
            match Projection::load(m, weights) {
                Ok(projection) => projections.push(projection),
                Err(found) => errors.add_all(&format!("modality {}", m.name), found),
            }
        }
        let fusion: Result<Box<dyn Fusion<T>>, ()> =
            fusion::build(&spec, weights).map_err(|found| errors.add_all("fusion", found));
        // Without the fusion nobody knows how wide the head's input is.
        let width = fusion.as_ref().map(|fusion| fusion.width());
        let head = width.ok().and_then(|width| {
            head::build(&spec, width, weights)
                .map_err(|found| errors.add_all("head", found))
                .ok()
        });
        match (fusion, head, errors.is_empty()) {
            (Ok(fusion), Some(head), true) => Ok(Self {
                folder: folder.to_owned(),
                parameters: weights.parameters(),
                fused: DVector::zeros(fusion.width()),
                spec,
                projections,
                fusion,
                head,
            }),
            _ => Err(errors),
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

    /// What counted how much in the last action.
    pub fn trace(&self) -> FusionTrace {
        self.fusion.trace()
    }

    /// How many parameters were learned.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// How many actions are predicted at once: the steps of the chunk, 1 without one.
    pub fn steps(&self) -> usize {
        self.spec.head.steps()
    }

    /// The projection of each modality, in the policy's order, for a worker to have a copy of: it depends on one feature
    /// alone, so it is computed once per feature.
    pub fn projections(&self) -> &[Projection<T>] {
        &self.projections
    }

    /// The action for projected features, one per modality in the policy's order, `None` where one is missing, with
    /// their ages in seconds. `action` has one number per entry of the action space for each of [`Policy::steps`], one
    /// step after the other. Never allocates.
    pub fn act_on_projected(
        &mut self,
        projected: &[Option<&DVector<T>>],
        ages_s: &[f64],
        action: &mut [f64],
    ) {
        let (_, mut decider) = self.split();
        decider.decide(projected, ages_s, action);
    }

    /// The same for features as the encoders give them, each of its modality's input width, which are projected first.
    pub fn act(&mut self, features: &[Option<&[T]>], ages_s: &[f64], action: &mut [f64]) {
        let (projections, mut decider) = self.split();
        let projected = project(projections, features);
        decider.decide(&projected[..features.len()], ages_s, action);
    }

    /// The actions for all subsets of the given projected features. `see` is shown each subset (bit i is the policy's i-th
    /// modality) with its action, which is written to `action`; the last one has all features, and [`Policy::trace`] then
    /// tells of them. Never allocates.
    pub fn act_on_projected_subsets(
        &mut self,
        projected: &[Option<&DVector<T>>],
        ages_s: &[f64],
        action: &mut [f64],
        see: impl FnMut(usize, &[f64]),
    ) {
        let (_, mut decider) = self.split();
        decider.decide_subsets(projected, ages_s, action, see);
    }

    /// The same for features as the encoders give them, each of which is projected once.
    pub fn act_subsets(
        &mut self,
        features: &[Option<&[T]>],
        ages_s: &[f64],
        action: &mut [f64],
        see: impl FnMut(usize, &[f64]),
    ) {
        let (projections, mut decider) = self.split();
        let projected = project(projections, features);
        decider.decide_subsets(&projected[..features.len()], ages_s, action, see);
    }

    fn split(&mut self) -> (&mut [Projection<T>], Decider<'_, T>) {
        let Self {
            projections,
            fusion,
            fused,
            head,
            ..
        } = self;
        let (fusion, head) = (fusion.as_mut(), head.as_mut());
        let decider = Decider {
            fusion,
            fused,
            head,
        };
        (projections, decider)
    }
}

/// The array of references lives on the stack, which bounds the modalities at [`MAX_MODALITIES`].
fn project<'a, T: Number>(
    projections: &'a mut [Projection<T>],
    features: &[Option<&[T]>],
) -> [Option<&'a DVector<T>>; MAX_MODALITIES] {
    let mut projected = [None; MAX_MODALITIES];
    let each = projections.iter_mut().zip(features);
    for ((projection, feature), projected) in each.zip(&mut projected) {
        *projected = feature.map(|feature| projection.project(feature));
    }
    projected
}

/// A policy without its projections.
struct Decider<'a, T: Number> {
    fusion: &'a mut dyn Fusion<T>,
    fused: &'a mut DVector<T>,
    head: &'a mut dyn Head<T>,
}

impl<T: Number> Decider<'_, T> {
    fn decide(&mut self, projected: &[Option<&DVector<T>>], ages_s: &[f64], action: &mut [f64]) {
        self.fusion.fuse(Input { projected, ages_s }, self.fused);
        self.head.act(self.fused, action);
    }

    fn decide_subsets(
        &mut self,
        projected: &[Option<&DVector<T>>],
        ages_s: &[f64],
        action: &mut [f64],
        mut see: impl FnMut(usize, &[f64]),
    ) {
        let bit = |(i, feature): (usize, &Option<_>)| usize::from(feature.is_some()) << i;
        let all: usize = projected.iter().enumerate().map(bit).sum();
        for subset in (0..=all).filter(|subset| subset & !all == 0) {
            let mut there = [None; MAX_MODALITIES];
            for (i, feature) in projected.iter().enumerate() {
                there[i] = feature.filter(|_| subset >> i & 1 == 1);
            }
            self.decide(&there[..projected.len()], ages_s, action);
            see(subset, action);
        }
    }
}
