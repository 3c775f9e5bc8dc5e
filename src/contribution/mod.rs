//! Why did it move? The exact share of every modality in an action.
//!
//! The contribution of modality m is its Shapley value over the modalities P that are present: φ_m = Σ_{S ⊆ P∖m}
//! |S|!·(|P|−|S|−1)!/|P|! · (v(S ∪ m) − v(S)), where v(S) is the policy's action with all modalities but S absent
//! (Shapley 1953, "A value for n-person games"). It is the only division that treats modalities alike, gives nothing to
//! one that changes nothing, and adds up: Σ φ_m = v(P) − v(∅).

use nalgebra::DVector;

use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::policy::Policy;

/// The most modalities for which all subsets are computed: 4096 of them.
pub const MOST_MODALITIES: usize = 12;

/// Computes contributions to the first step's action. All memory is taken when it is built.
#[derive(Clone, Debug, PartialEq)]
pub struct Contributions {
    modalities: usize,
    actions: usize,
    /// v(S), one action per subset of the modalities; bit i is the policy's i-th one. Only those of the present ones
    /// are filled.
    worth: Vec<f64>,
    /// By |S|, the weight |S|!·(|P|−|S|−1)!/|P|!, for the present |P|.
    shares: Vec<f64>,
    /// All steps of one action of the policy.
    action: Vec<f64>,
    values: Vec<f64>,
    /// The modalities that are present, as bits.
    present: usize,
}

/// Where an action is written, and what is then kept of it for its subset.
struct Worth<'a, Keep: FnMut(usize, &[f64])> {
    action: &'a mut [f64],
    keep: Keep,
}

impl Contributions {
    /// Room for the contributions in a policy's actions.
    ///
    /// # Errors
    /// A policy with more than [`MOST_MODALITIES`] modalities.
    pub fn new<T: Number>(policy: &Policy<T>) -> Result<Self, ConfigErrors> {
        let (modalities, actions) = (policy.spec().modalities.len(), policy.spec().actions.len());
        if modalities > MOST_MODALITIES {
            return Err(format!(
                "contributions are computed over all subsets of the modalities; the policy has {modalities}, and \
                 {MOST_MODALITIES} are the most"
            )
            .into());
        }
        Ok(Self {
            modalities,
            actions,
            worth: vec![0.0; actions << modalities],
            shares: vec![0.0; modalities],
            action: vec![0.0; actions * policy.steps()],
            values: vec![0.0; modalities * actions],
            present: 0,
        })
    }

    /// Computes them for projected features, as [`Policy::act_on_projected`] takes them. [`Policy::trace`] is then that
    /// of all of them.
    pub fn compute_on_projected<T: Number>(
        &mut self,
        policy: &mut Policy<T>,
        projected: &[Option<&DVector<T>>],
        ages_s: &[f64],
    ) {
        let Worth { action, keep } = self.worth_of_subsets();
        policy.act_on_projected_subsets(projected, ages_s, action, keep);
        self.divide();
    }

    /// The same for features as [`Policy::act`] takes them.
    pub fn compute<T: Number>(
        &mut self,
        policy: &mut Policy<T>,
        features: &[Option<&[T]>],
        ages_s: &[f64],
    ) {
        let Worth { action, keep } = self.worth_of_subsets();
        policy.act_subsets(features, ages_s, action, keep);
        self.divide();
    }

    fn worth_of_subsets(&mut self) -> Worth<'_, impl FnMut(usize, &[f64])> {
        let (actions, worth, present) = (self.actions, &mut self.worth, &mut self.present);
        *present = 0;
        Worth {
            action: &mut self.action,
            keep: move |subset, action| {
                worth[subset * actions..][..actions].copy_from_slice(&action[..actions]);
                *present |= subset;
            },
        }
    }

    /// Divides the worth of the subsets between the modalities.
    fn divide(&mut self) {
        let actions = self.actions;
        self.weigh_sizes();
        self.values.fill(0.0);
        let all = self.present;
        for modality in (0..self.modalities).filter(|modality| all >> modality & 1 == 1) {
            let others = all & !(1 << modality);
            for without in (0..=others).filter(|subset| subset & !others == 0) {
                let share = self.shares[without.count_ones() as usize];
                let with = without | 1 << modality;
                for action in 0..actions {
                    let gain = self.worth[with * actions + action]
                        - self.worth[without * actions + action];
                    self.values[modality * actions + action] += share * gain;
                }
            }
        }
    }

    /// |S|!·(n−|S|−1)!/n! = 1/(n·C(n−1, |S|)), built up from one size to the next.
    fn weigh_sizes(&mut self) {
        let n = self.present.count_ones() as usize;
        let mut share = 1.0 / n as f64;
        for size in 0..n {
            self.shares[size] = share;
            share *= (size + 1) as f64 / (n - 1 - size).max(1) as f64;
        }
    }

    /// The contributions of one modality, one number per action; zeros for one that was absent.
    pub fn of(&self, modality: usize) -> &[f64] {
        &self.values[modality * self.actions..][..self.actions]
    }

    /// The signed share of each modality in the action, between -1 and 1: for each number of the action its
    /// contribution relative to those of all modalities, Σ|φ|, counted positive where it pushes the number where it
    /// went, from the action with nothing, and negative where it pushes it back; the mean over the numbers that
    /// anything contributed to.
    pub fn shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.modalities];
        let mut counted = 0_u32;
        for action in 0..self.actions {
            let of = |modality: usize| self.values[modality * self.actions + action];
            let total: f64 = (0..self.modalities).map(|m| of(m).abs()).sum();
            if !(total.is_finite() && total > 0.0) {
                continue;
            }
            counted += 1;
            let went = self.of_all()[action] - self.of_nothing()[action];
            for (modality, share) in shares.iter_mut().enumerate() {
                *share += of(modality) * went.signum() / total;
            }
        }
        for share in &mut shares {
            *share /= f64::from(counted.max(1));
        }
        shares
    }

    /// How many modalities there are.
    pub fn modalities(&self) -> usize {
        self.modalities
    }

    /// The action with everything that was present: v(P).
    pub fn of_all(&self) -> &[f64] {
        &self.worth[self.present * self.actions..][..self.actions]
    }

    /// The action with everything absent: v(∅).
    pub fn of_nothing(&self) -> &[f64] {
        &self.worth[..self.actions]
    }
}

#[cfg(test)]
mod tests;
