//! What came out of a comparison: `comparison.json`, and the table for the terminal.

use std::fmt::Write;

use serde::Serialize;

use crate::train::measure::Worth;

/// All rows.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The training file's name for the task.
    pub task: String,
    /// The release that trained.
    pub late_fusion_version: &'static str,
    /// Samples learned from.
    pub training_samples: usize,
    /// Samples measured on.
    pub validation_samples: usize,
    /// How often every sample was seen.
    pub epochs: usize,
    /// One row per method.
    pub rows: Vec<Row>,
}

/// One method with all its seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name, also of its folder.
    pub name: String,
    /// What it is.
    pub what: String,
    /// How many numbers it learned.
    pub parameters: usize,
    /// One run per seed.
    pub runs: Vec<Run>,
}

/// One training.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Decides initial weights and order; the split is the same for all.
    pub seed: u64,
    /// Mean squared difference between action and label, both standardized, over the samples measured on.
    pub loss: f64,
    /// Gradient descent alone.
    pub seconds: f64,
    /// What each modality is worth to it.
    pub modalities: Vec<Worth>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Row {
    /// Smallest, mean and largest of a figure over the seeds.
    pub fn spread(&self, figure: impl Fn(&Run) -> f64) -> [f64; 3] {
        let values: Vec<f64> = self.runs.iter().map(figure).collect();
        [
            values.iter().copied().fold(f64::INFINITY, f64::min),
            values.iter().sum::<f64>() / values.len() as f64,
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ]
    }

    /// The mean over the seeds of what a modality is worth, where the method has it.
    pub fn worth(&self, modality: &str) -> Option<(Option<f64>, f64)> {
        let runs = self.runs.iter();
        let found: Vec<&Worth> = runs
            .filter_map(|run| run.modalities.iter().find(|w| w.name == modality))
            .collect();
        let count = found.len() as f64;
        let sensitivity: Option<Vec<f64>> = found.iter().map(|w| w.sensitivity).collect();
        (!found.is_empty()).then(|| {
            let share = found.iter().map(|w| w.share).sum::<f64>() / count;
            (sensitivity.map(|s| s.iter().sum::<f64>() / count), share)
        })
    }
}

impl Comparison {
    /// The names of all modalities, in the order of the first row that has them.
    pub fn modalities(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let all = self
            .rows
            .iter()
            .flat_map(|row| &row.runs)
            .flat_map(|run| &run.modalities);
        for worth in all {
            if !names.contains(&worth.name.as_str()) {
                names.push(&worth.name);
            }
        }
        names
    }

    /// The table for the terminal.
    pub fn table(&self) -> String {
        let modalities = self.modalities();
        let mut text = format!(
            "{:<24} {:>24} {:>9} {:>6}",
            "", "loss (least to most)", "numbers", "s"
        );
        for name in &modalities {
            let _ = write!(text, "  {name:>14}");
        }
        text.push('\n');
        for row in &self.rows {
            let [least, mean, most] = row.spread(|run| run.loss);
            let [_, seconds, _] = row.spread(|run| run.seconds);
            let _ = write!(
                text,
                "{:<24} {:>24} {:>9} {seconds:>6.0}",
                row.name,
                format!("{mean:.4} ({least:.4} to {most:.4})"),
                row.parameters
            );
            for name in &modalities {
                let cell = match row.worth(name) {
                    Some((Some(sensitivity), share)) => {
                        format!("×{sensitivity:.2} {:>3.0} %", 100.0 * share)
                    }
                    Some((None, share)) => format!("– {:>3.0} %", 100.0 * share),
                    None => String::new(),
                };
                let _ = write!(text, "  {cell:>14}");
            }
            text.push('\n');
        }
        text
    }
}
