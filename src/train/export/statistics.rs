//! How the numbers and pictures of a dataset are distributed, as `meta/stats.json` says it: by these LeRobot
//! normalizes.

use serde_json::{Map, Value, json};

/// The parts of a distribution that LeRobot names.
const QUANTILES: [(&str, f64); 5] = [
    ("q01", 0.01),
    ("q10", 0.1),
    ("q50", 0.5),
    ("q90", 0.9),
    ("q99", 0.99),
];

/// What is known of one number over all frames.
struct Distribution {
    min: f64,
    max: f64,
    mean: f64,
    std: f64,
    quantiles: [f64; 5],
}

/// Vectors of one column.
#[derive(Debug)]
pub(super) struct Vectors {
    width: usize,
    values: Vec<f32>,
}

impl Vectors {
    /// None yet, of so many numbers each.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            values: Vec::new(),
        }
    }

    /// Takes in vectors, one after the other.
    pub fn add(&mut self, values: &[f32]) {
        self.values.extend_from_slice(values);
    }

    /// How they are distributed.
    pub fn statistics(&self) -> Value {
        let column = |i: usize| {
            self.values[i..]
                .iter()
                .step_by(self.width)
                .map(|v| f64::from(*v))
        };
        let columns = (0..self.width).map(|i| of_numbers(column(i).collect()));
        let count = self.values.len() / self.width.max(1);
        told(&columns.collect::<Vec<_>>(), count, |values| json!(values))
    }
}

/// How whole numbers of a column are distributed.
pub(super) fn of_column(values: impl Iterator<Item = f64>) -> Value {
    let values: Vec<f64> = values.collect();
    let count = values.len();
    told(&[of_numbers(values)], count, |values| json!(values))
}

/// How often each brightness was met in each channel of a camera's pictures.
#[derive(Debug)]
pub(super) struct Brightness {
    pixels: Vec<[u64; 256]>,
    pictures: usize,
}

impl Brightness {
    /// Of no pictures yet.
    pub fn new() -> Self {
        Self {
            pixels: vec![[0; 256]; 3],
            pictures: 0,
        }
    }

    /// Takes in a picture.
    pub fn add(&mut self, pixels: &[u8]) {
        for pixel in pixels.chunks_exact(3) {
            for (channel, value) in self.pixels.iter_mut().zip(pixel) {
                channel[usize::from(*value)] += 1;
            }
        }
        self.pictures += 1;
    }

    /// How it is distributed, from 0 for black to 1: a number for each channel, in LeRobot's shape of it.
    pub fn statistics(&self) -> Value {
        let channels: Vec<Distribution> = self.pixels.iter().map(of_counts).collect();
        told(&channels, self.pictures, |values| {
            let channels = values.iter().map(|value| json!([[value]]));
            Value::Array(channels.collect())
        })
    }
}

fn of_numbers(mut values: Vec<f64>) -> Distribution {
    values.sort_unstable_by(f64::total_cmp);
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    let last = values.len().saturating_sub(1);
    let at = |i: usize| values.get(i).copied().unwrap_or_default();
    let quantile = |(_, part): (&str, f64)| {
        let place = part * last as f64;
        let below = place.floor() as usize;
        at(below) + (place - place.floor()) * (at((below + 1).min(last)) - at(below))
    };
    Distribution {
        min: at(0),
        max: at(last),
        mean,
        std: variance.sqrt(),
        quantiles: QUANTILES.map(quantile),
    }
}

fn of_counts(counts: &[u64; 256]) -> Distribution {
    let met = || {
        let values = counts.iter().enumerate();
        values
            .filter(|(_, count)| **count > 0)
            .map(|(value, count)| (value as f64 / 255.0, *count as f64))
    };
    let total = met().map(|(_, count)| count).sum::<f64>().max(1.0);
    let mean = met().map(|(value, count)| value * count).sum::<f64>() / total;
    let square = |(value, count): (f64, f64)| (value - mean).powi(2) * count;
    let quantile = |(_, part): (&str, f64)| {
        let mut before = 0.0;
        let mut reached = met().skip_while(|(_, count)| {
            before += count;
            before < part * total
        });
        reached.next().map_or(0.0, |(value, _)| value)
    };
    Distribution {
        min: met().next().map_or(0.0, |(value, _)| value),
        max: met().next_back().map_or(0.0, |(value, _)| value),
        mean,
        std: (met().map(square).sum::<f64>() / total).sqrt(),
        quantiles: QUANTILES.map(quantile),
    }
}

fn told(each: &[Distribution], count: usize, shape: impl Fn(Vec<f64>) -> Value) -> Value {
    let all = |of: &dyn Fn(&Distribution) -> f64| shape(each.iter().map(of).collect());
    let mut told = Map::new();
    told.insert("min".into(), all(&|d| d.min));
    told.insert("max".into(), all(&|d| d.max));
    told.insert("mean".into(), all(&|d| d.mean));
    told.insert("std".into(), all(&|d| d.std));
    told.insert("count".into(), json!([count]));
    for (i, (name, _)) in QUANTILES.iter().enumerate() {
        told.insert((*name).into(), all(&|d| d.quantiles[i]));
    }
    Value::Object(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_measured_one_by_one() {
        let mut vectors = Vectors::new(2);
        vectors.add(&[0.0, 5.0, 2.0, 5.0]);
        vectors.add(&[4.0, 5.0]);
        let told = vectors.statistics();
        assert_eq!(told["min"], json!([0.0, 5.0]));
        assert_eq!(told["max"], json!([4.0, 5.0]));
        assert_eq!(told["mean"], json!([2.0, 5.0]));
        assert_eq!(told["q50"], json!([2.0, 5.0]));
        assert_eq!(told["q10"], json!([0.4, 5.0]));
        assert_eq!(told["std"], json!([(8.0f64 / 3.0).sqrt(), 0.0]));
        assert_eq!(told["count"], json!([3]));
    }

    #[test]
    fn pictures_are_measured_channel_by_channel() {
        let mut brightness = Brightness::new();
        brightness.add(&[255, 0, 51, 0, 0, 51]);
        brightness.add(&[255, 0, 51, 255, 0, 51]);
        let told = brightness.statistics();
        assert_eq!(told["mean"], json!([[[0.75]], [[0.0]], [[0.2]]]));
        assert_eq!(told["q10"][0], json!([[0.0]]));
        assert_eq!(told["q50"][0], json!([[1.0]]));
        assert_eq!(told["count"], json!([2]));
    }
}
