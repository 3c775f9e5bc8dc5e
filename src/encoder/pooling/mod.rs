//! From an encoder's output to one vector.

mod convolution;
mod grid;
mod keypoints;
mod learned;

pub use learned::LearnedPooling;

use crate::errors::ConfigErrors;
use crate::map::MapShape;
use crate::message::MessageError;
use crate::spec::{Normalize, Pooling, Weights};

/// Where the numbers of one vector lie in an output of a shape that was checked when the model was loaded.
#[derive(Clone, Debug)]
enum Arrangement {
    /// The whole output is the vector.
    Whole { width: usize },
    /// `[1, width, rows, columns]`: each number of the vector is the mean of its plane.
    Planes { width: usize, positions: usize },
    /// `[1, tokens, width]`: the vector is the first token.
    FirstToken { width: usize },
    /// `[1, tokens, width]`: the vector is the mean of the tokens, those that `masked` keeps or all.
    Tokens { width: usize, masked: bool },
    /// `[1, channels, rows, columns]`: means over the cells of a grid.
    Grid { map: MapShape, cells: usize },
    /// `[1, channels, rows, columns]`: what was learned with the policy.
    Learned(Box<LearnedPooling>),
}

/// What a pooling is made of, besides the shape that the model gives.
#[derive(Clone, Copy)]
pub(super) struct Recipe<'a> {
    pub pooling: Pooling,
    pub normalize: Normalize,
    /// Cells per side, for `grid`.
    pub cells: usize,
    /// For what is learned: the number of its mixtures, the modality's name, and where their tensors are.
    pub mixtures: usize,
    pub modality: &'a str,
    pub weights: &'a Weights,
}

/// Pools outputs of one model.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    arrangement: Arrangement,
    normalize: Normalize,
}

impl Pool {
    /// Fits `pooling` to the shape that the model gave for a blank input.
    pub fn new(recipe: &Recipe<'_>, shape: &[i64]) -> Result<Self, ConfigErrors> {
        let Recipe {
            pooling, normalize, ..
        } = *recipe;
        let dims: Vec<usize> = shape.iter().map(|&d| d.max(0) as usize).collect();
        let count: usize = dims.iter().product();
        let refused = |needed: &str| {
            Err(ConfigErrors::from(format!(
                "pooling {} needs an output of shape {needed}, and this model gives {shape:?}",
                name(pooling)
            )))
        };
        if count == 0 {
            return Err(format!("the output is empty, of shape {shape:?}").into());
        }
        let arrangement = match (pooling, dims.as_slice()) {
            (Pooling::None, dims) if dims.iter().filter(|&&d| d > 1).count() <= 1 => {
                Arrangement::Whole { width: count }
            }
            (Pooling::None, _) => return refused("[1, width]"),
            (Pooling::Flatten, _) => Arrangement::Whole { width: count },
            (Pooling::Mean, &[1, width, rows, columns]) => Arrangement::Planes {
                width,
                positions: rows * columns,
            },
            (Pooling::Mean | Pooling::MaskedMean, &[1, _, width]) => Arrangement::Tokens {
                width,
                masked: pooling == Pooling::MaskedMean,
            },
            (Pooling::Mean, _) => {
                return refused("[1, width, rows, columns] or [1, tokens, width]");
            }
            (Pooling::Cls, &[1, _, width]) => Arrangement::FirstToken { width },
            (Pooling::Cls | Pooling::MaskedMean, _) => return refused("[1, tokens, width]"),
            (Pooling::Grid, dims) => match MapShape::of(dims) {
                Some(map) if recipe.cells <= map.rows.min(map.columns) => Arrangement::Grid {
                    map,
                    cells: recipe.cells,
                },
                Some(map) => {
                    return Err(format!(
                        "cells is {}, and the map has {} rows and {} columns; there cannot be more cells than that",
                        recipe.cells, map.rows, map.columns
                    )
                    .into());
                }
                None => return refused("[1, channels, rows, columns]"),
            },
            (Pooling::SpatialSoftmax | Pooling::Convolution, dims) => match MapShape::of(dims) {
                Some(map) => {
                    let (modality, mixtures) = (recipe.modality, recipe.mixtures);
                    let learned =
                        LearnedPooling::load(pooling, modality, mixtures, map, recipe.weights)?;
                    Arrangement::Learned(Box::new(learned))
                }
                None => return refused("[1, channels, rows, columns]"),
            },
        };
        Ok(Self {
            arrangement,
            normalize,
        })
    }

    /// Width of the vector.
    pub fn width(&self) -> usize {
        match &self.arrangement {
            Arrangement::Whole { width }
            | Arrangement::Planes { width, .. }
            | Arrangement::FirstToken { width }
            | Arrangement::Tokens { width, .. } => *width,
            Arrangement::Grid { map, cells } => map.channels * cells * cells,
            Arrangement::Learned(learned) => learned.width(),
        }
    }

    /// Pools `output` into `vector`, of [`Pool::width`] numbers. `mask` has one entry per token, 0 for the ones that
    /// a masked mean leaves out; it is not looked at otherwise.
    pub fn pool(
        &mut self,
        output: &[f32],
        mask: &[i64],
        vector: &mut [f32],
    ) -> Result<(), MessageError> {
        let fits = match self.arrangement {
            Arrangement::Grid { map, .. } => output.len() == map.channels * map.positions(),
            Arrangement::Learned(ref learned) => output.len() == learned.numbers(),
            Arrangement::Whole { width } => output.len() == width,
            Arrangement::Planes { width, positions } => output.len() == width * positions,
            Arrangement::FirstToken { width } => output.len() >= width,
            Arrangement::Tokens { width, masked } => {
                !output.is_empty()
                    && output.len().is_multiple_of(width)
                    && (!masked || output.len() == width * mask.len())
            }
        };
        if !fits || vector.len() != self.width() {
            return Err(MessageError::invalid(
                "the encoder's output",
                format_args!("{} numbers long", output.len()),
                format_args!(
                    "vectors of {} were expected from its first run",
                    self.width()
                ),
            ));
        }
        match self.arrangement {
            Arrangement::Grid { map, cells } => grid::pool(output, map, cells, vector),
            Arrangement::Learned(ref mut learned) => {
                // A softmax hides what is not finite: −∞ is a place that nobody looks at.
                check_finite("map", output)?;
                learned.pool(output, vector);
            }
            Arrangement::Whole { .. } => vector.copy_from_slice(output),
            Arrangement::Planes { positions, .. } => {
                for (number, plane) in vector.iter_mut().zip(output.chunks_exact(positions)) {
                    *number = plane.iter().sum::<f32>() / positions as f32;
                }
            }
            Arrangement::FirstToken { width } => vector.copy_from_slice(&output[..width]),
            Arrangement::Tokens { width, masked } => {
                let tokens = output.chunks_exact(width);
                let kept = |i: &usize| !masked || mask[*i] != 0;
                let count = (0..tokens.len()).filter(kept).count().max(1);
                vector.fill(0.0);
                for (_, token) in tokens.enumerate().filter(|(i, _)| kept(i)) {
                    for (number, value) in vector.iter_mut().zip(token) {
                        *number += value;
                    }
                }
                for number in vector.iter_mut() {
                    *number /= count as f32;
                }
            }
        }
        check_finite("feature", vector)?;
        match self.normalize {
            Normalize::None => Ok(()),
            Normalize::L2 => scale_to_length_1(vector),
        }
    }
}

/// The one door through which a feature that was made here comes in.
fn check_finite(what: &str, numbers: &[f32]) -> Result<(), MessageError> {
    match numbers.iter().position(|number| !number.is_finite()) {
        None => Ok(()),
        Some(i) => Err(MessageError::invalid(
            format_args!("number {i} of the {what}"),
            numbers[i],
            "only finite numbers are allowed",
        )),
    }
}

/// A vector of zeros has no direction and stays as it is; one that is too long to be measured would become zeros.
fn scale_to_length_1(vector: &mut [f32]) -> Result<(), MessageError> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if !length.is_finite() {
        return Err(MessageError::invalid(
            "the length of the feature",
            length,
            "only features whose length is within the range of f32 can be scaled to length 1",
        ));
    }
    if length != 0.0 {
        for number in vector {
            *number /= length;
        }
    }
    Ok(())
}

/// The word used for it in `policy.yaml`.
fn name(pooling: Pooling) -> &'static str {
    match pooling {
        Pooling::None => "none",
        Pooling::Mean => "mean",
        Pooling::Cls => "cls",
        Pooling::MaskedMean => "masked_mean",
        Pooling::Flatten => "flatten",
        Pooling::Grid => "grid",
        Pooling::SpatialSoftmax => "spatial_softmax",
        Pooling::Convolution => "convolution",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(pooling: Pooling, normalize: Normalize, shape: &[i64]) -> Result<Pool, String> {
        let recipe = Recipe {
            pooling,
            normalize,
            cells: 3,
            mixtures: 0,
            modality: "eye",
            weights: &Weights::default(),
        };
        Pool::new(&recipe, shape).map_err(|found| found.to_string())
    }

    fn pooled(pooling: Pooling, shape: &[i64], output: &[f32], mask: &[i64]) -> Vec<f32> {
        let mut pool = new(pooling, Normalize::None, shape).unwrap();
        let mut vector = vec![0.0; pool.width()];
        pool.pool(output, mask, &mut vector).unwrap();
        vector
    }

    #[test]
    fn each_pooling_picks_its_numbers() {
        let output: Vec<f32> = (0..8).map(|i| i as f32).collect();
        assert_eq!(pooled(Pooling::None, &[1, 8, 1, 1], &output, &[]), output);
        assert_eq!(
            pooled(Pooling::Flatten, &[1, 2, 2, 2], &output, &[]),
            output
        );
        assert_eq!(
            pooled(Pooling::Mean, &[1, 2, 2, 2], &output, &[]),
            [1.5, 5.5]
        );
        assert_eq!(pooled(Pooling::Mean, &[1, 4, 2], &output, &[]), [3.0, 4.0]);
        assert_eq!(pooled(Pooling::Cls, &[1, 4, 2], &output, &[]), [0.0, 1.0]);
        let mask = [1, 1, 0, 0];
        assert_eq!(
            pooled(Pooling::MaskedMean, &[1, 4, 2], &output, &mask),
            [1.0, 2.0]
        );
    }

    #[test]
    fn the_number_of_tokens_may_change_but_not_their_width() {
        let mut pool = new(Pooling::MaskedMean, Normalize::None, &[1, 2, 3]).unwrap();
        let mut vector = [0.0; 3];
        pool.pool(&[1.0; 12], &[1; 4], &mut vector).unwrap();
        assert_eq!(vector, [1.0; 3]);
        assert!(pool.pool(&[1.0; 12], &[1; 3], &mut vector).is_err());
        assert!(pool.pool(&[1.0; 10], &[1; 4], &mut vector).is_err());
    }

    #[test]
    fn l2_gives_length_1_and_leaves_zeros() {
        let mut pool = new(Pooling::None, Normalize::L2, &[1, 2]).unwrap();
        let mut vector = [0.0; 2];
        pool.pool(&[3.0, 4.0], &[], &mut vector).unwrap();
        assert_eq!(vector, [0.6, 0.8]);
        pool.pool(&[0.0, 0.0], &[], &mut vector).unwrap();
        assert_eq!(vector, [0.0, 0.0]);
    }

    #[test]
    fn a_shape_that_does_not_fit_is_named_with_the_one_that_would() {
        let error = new(Pooling::Cls, Normalize::None, &[1, 8]).unwrap_err();
        assert!(
            error.contains("cls") && error.contains("[1, 8]") && error.contains("tokens"),
            "{error}"
        );
        let error = new(Pooling::None, Normalize::None, &[1, 4, 4]).unwrap_err();
        assert!(
            error.contains("none") && error.contains("[1, 4, 4]"),
            "{error}"
        );
        let error = new(Pooling::Grid, Normalize::None, &[1, 8, 2, 4]).unwrap_err();
        assert!(
            error.contains("cells is 3") && error.contains("2 rows"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_finite_is_refused_by_every_pooling() {
        let mut weights = Weights::default();
        weights.insert("pool.eye.weight", vec![1, 4], vec![1.0, -1.0, 0.0, 0.5]);
        weights.insert("pool.eye.bias", vec![1], vec![0.0]);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for normalize in [Normalize::None, Normalize::L2] {
                for (pooling, shape) in [
                    (Pooling::None, &[1, 16][..]),
                    (Pooling::Mean, &[1, 4, 2, 2]),
                    (Pooling::Mean, &[1, 4, 4]),
                    (Pooling::MaskedMean, &[1, 4, 4]),
                    (Pooling::Cls, &[1, 4, 4]),
                    (Pooling::Flatten, &[1, 4, 2, 2]),
                    (Pooling::Grid, &[1, 4, 2, 2]),
                    (Pooling::SpatialSoftmax, &[1, 4, 2, 2]),
                    (Pooling::Convolution, &[1, 4, 2, 2]),
                ] {
                    let recipe = Recipe {
                        pooling,
                        normalize,
                        cells: 2,
                        mixtures: 1,
                        modality: "eye",
                        weights: &weights,
                    };
                    let mut pool = Pool::new(&recipe, shape).unwrap();
                    let mut vector = vec![0.0; pool.width()];
                    for at in 0..16 {
                        // Only the first token is read.
                        if pooling == Pooling::Cls && at >= 4 {
                            continue;
                        }
                        let mut output = [0.5; 16];
                        output[at] = bad;
                        let refusal = pool.pool(&output, &[1; 4], &mut vector);
                        assert!(
                            refusal.is_err(),
                            "{pooling:?} with {bad} at {at}: {vector:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_vector_too_long_for_its_length_to_be_a_number_is_refused() {
        let mut pool = new(Pooling::None, Normalize::L2, &[1, 2]).unwrap();
        let error = pool.pool(&[1e30, 1e30], &[], &mut [0.0; 2]).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("length") && error.contains("inf"), "{error}");
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused_with_its_place() {
        let mut pool = new(Pooling::None, Normalize::None, &[1, 3]).unwrap();
        let error = pool
            .pool(&[0.0, f32::NAN, 0.0], &[], &mut [0.0; 3])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("number 1") && error.contains("NaN"),
            "{error}"
        );
    }
}
