//! The features that the frozen encoders make, with the labels, as one table: to learn fusion and head elsewhere.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array};
use arrow_schema::{DataType, Field};
use serde_json::{Value, json};

use super::folder::NewFolder;
use super::table::{Table, array_of_vectors, vectors};
use crate::encoder::fingerprint;
use crate::errors::ConfigErrors;
use crate::spec::Weights;
use crate::train::dataset::Dataset;
use crate::train::job::Job;
use crate::train::normalizer::Normalizer;
use crate::train::output::relocate;
use crate::train::rows::of_all;
use crate::train::split::Split;
use crate::train::usual_distance::usual_distance;

/// The table.
const TABLE: &str = "features.parquet";

/// The policy that is to be learned.
const POLICY: &str = "policy.yaml";

/// The name under which the table says what its columns are.
const KEY: &str = "late_fusion";

/// The version of what stands there.
const FORMAT: u32 = 1;

/// Rows that are laid out at once.
const ROWS: usize = 4096;

/// Writes it.
///
/// # Errors
/// A modality whose feature is known only when the policy is learned, and what the file system says.
pub(super) fn write(
    folder: &NewFolder,
    job: &mut Job,
    dataset: &Dataset,
) -> Result<Vec<String>, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let modalities = job.file.policy.modalities.iter().zip(&job.inputs);
    for (modality, _) in modalities.filter(|(_, input)| input.map.is_some()) {
        errors.add(format!(
            "modality {}: encoder.pooling is a learned one, spatial_softmax or convolution, so that its feature is not \
             known before; mean, grid, flatten, cls and none are exported",
            modality.name
        ));
    }
    errors.or(())?;
    for modality in &mut job.file.policy.modalities {
        relocate(&mut modality.source, &job.file.folder, folder.name())?;
    }
    let yaml = serde_yaml::to_string(&job.file.policy).map_err(|e| folder.problem(&e))?;
    let head = "# Written by `late_fusion export --features`; paths start from this folder.\n\
                # weights.safetensors belongs beside it.\n";
    folder.write(POLICY, &format!("{head}{yaml}"))?;
    let split = job.split(dataset);
    let told = told(job, dataset, &split).map_err(|e| folder.problem(&e))?;
    let path = folder.file(TABLE)?;
    Table::create(&path, fields(job, dataset), vec![(KEY, told.to_string())])
        .and_then(|mut table| {
            for (index, episode) in dataset.episodes.iter().enumerate() {
                let is_validation = split.validation.contains(&index);
                for from in episode.samples.clone().step_by(ROWS) {
                    let samples = from..(from + ROWS).min(episode.samples.end);
                    let first = from - episode.samples.start;
                    let rows = rows(dataset, index, first, samples, is_validation);
                    table.append(rows.map_err(|e| e.to_string())?)?;
                }
            }
            table.finish()
        })
        .map_err(|e| folder.problem(&e))?;
    Ok(Vec::new())
}

fn fields(job: &Job, dataset: &Dataset) -> Vec<Field> {
    let mut fields = vec![
        Field::new("episode_index", DataType::Int64, false),
        Field::new("frame_index", DataType::Int64, false),
        Field::new("is_validation", DataType::Boolean, false),
    ];
    let modalities = job.file.policy.modalities.iter().enumerate();
    fields.extend(modalities.map(|(i, m)| vectors(&column(&m.name), dataset.width(i))));
    fields.push(vectors("action", dataset.labels.width()));
    fields
}

/// The column of a modality.
fn column(modality: &str) -> String {
    format!("feature.{modality}")
}

fn rows(
    dataset: &Dataset,
    episode: usize,
    first: usize,
    samples: Range<usize>,
    is_validation: bool,
) -> io::Result<Vec<ArrayRef>> {
    let count = samples.len();
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![episode as i64; count])),
        Arc::new(Int64Array::from_iter_values(
            (first..first + count).map(|i| i as i64),
        )),
        Arc::new(BooleanArray::from(vec![is_validation; count])),
    ];
    let numbers: Vec<u32> = samples.clone().map(|sample| sample as u32).collect();
    for modality in 0..dataset.features.len() {
        let width = dataset.width(modality);
        let mut values = Vec::with_capacity(count * width);
        for row in dataset.features_of(modality, &numbers) {
            values.extend_from_slice(&row?);
        }
        arrays.push(array_of_vectors(width, &values));
    }
    let labels: Vec<f32> = samples
        .flat_map(|s| dataset.labels.row(s))
        .copied()
        .collect();
    arrays.push(array_of_vectors(dataset.labels.width(), &labels));
    Ok(arrays)
}

/// What the columns are, and the scales on which a policy expects them: those of the episodes to learn from.
fn told(job: &Job, dataset: &Dataset, split: &Split) -> io::Result<Value> {
    let policy = &job.file.policy;
    let learned_from = dataset.samples_of(&split.training);
    let modalities = policy.modalities.iter().zip(&job.inputs).enumerate();
    let modalities = modalities
        .map(|(i, (modality, input))| {
            let cells = policy.fusion.cells_of(&modality.name);
            let rows = || dataset.features_of(i, &learned_from);
            let standard = of_all(rows(), |rows| {
                Normalizer::of_features(input, dataset.width(i), cells, rows)
            })?;
            Ok(json!({
                "name": modality.name,
                "kind": modality.source.kind(),
                "column": column(&modality.name),
                "width": modality.width,
                "history": modality.history,
                "moved_since": modality.moved_since,
                "fingerprint": fingerprint(modality, &Weights::default()),
                "usual_distance": of_all(rows(), |rows| usual_distance(&standard, rows))?,
                "mean": standard.mean,
                "std": standard.std,
            }))
        })
        .collect::<io::Result<Vec<Value>>>()?;
    let actions = policy.actions.len();
    let labels = learned_from.iter();
    let labels = labels.map(|sample| &dataset.labels.row(*sample as usize)[..actions]);
    let action = Normalizer::of_numbers(labels, actions);
    let each = policy.actions.iter();
    let each: Vec<Value> = each
        .map(|a| json!({"name": a.name, "unit": a.unit, "min": a.min, "max": a.max}))
        .collect();
    Ok(json!({
        "format": FORMAT,
        "late_fusion_version": env!("CARGO_PKG_VERSION"),
        "policy": policy.name,
        "label_rate_hz": policy.recorded.label_rate_hz,
        "modalities": modalities,
        "action": {
            "column": "action",
            "steps": policy.head.steps(),
            "actions": each,
            "mean": action.mean,
            "std": action.std,
        },
        "training": job.file.training,
    }))
}
