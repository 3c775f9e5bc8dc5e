//! `late_fusion train`: from recorded demonstrations to a policy.
//!
//! Bags are surveyed for episodes and labels (`survey`), the messages that the labels need become features by the
//! very code that the node runs (`features`), both are paired as the node would have seen them (`samples`, `pairing`), and
//! alignment, fusion and head are learned by gradient descent (`learn`). The encoders are never touched.

mod adamw;
mod augment;
mod batches;
mod cache;
mod checkpoint;
mod compare;
mod contact_sheet;
mod dataset;
mod disturbance;
mod dropout;
mod encoders;
mod episodes;
mod epoch;
mod examination;
mod export;
mod extraction;
mod failure;
mod features;
mod file;
mod identity;
mod job;
mod label_reader;
mod labels;
mod latency;
mod learn;
mod losses;
mod measure;
mod model;
mod noise;
mod normalizer;
mod options;
mod output;
mod page;
mod pairing;
mod paraphrases;
mod picks;
mod piece;
mod pieces;
mod precision;
mod provenance;
mod rate;
mod report;
mod rows;
mod samples;
mod schedule;
mod sealed;
mod since;
mod source;
mod split;
mod streams;
mod survey;
mod table;
mod training;
mod training_input;
mod typos;
mod usual_distance;

pub use augment::{Alteration, Augment, Augmentation};
#[doc(hidden)] // For the fuzz targets.
pub use cache::{Cache, Key};
pub use compare::{CompareOptions, Comparison, Row, Run, compare};
pub use dataset::{Dataset, Episode};
pub use examination::{Ages, Examination, Lengths, examine};
pub use export::{Exported, Format, export};
pub use losses::Losses;
pub use options::Options;
#[doc(hidden)] // For the fuzz targets.
pub use piece::{Entry, Outcome, Piece, Shape};
pub use report::{LabelReport, Report};
pub use rows::{KeptRows, Rows};
pub use table::Table;

use std::time::Instant;

use self::checkpoint::Checkpoint;
use self::contact_sheet::contact_sheet;
use self::identity::Identity;
use self::job::Job;
use self::measure::measure;
use self::output::{Output, relocate};
use self::report::Seconds;
use crate::errors::ConfigErrors;

/// Trains a policy and writes its folder.
///
/// # Errors
/// Every problem of the training file, the bags, the encoders and the output folder; a training that diverged.
pub fn train(options: &Options) -> Result<Report, ConfigErrors> {
    let begun = Instant::now();
    let mut errors = ConfigErrors::new();
    let output = Output::claim(&options.out, options.force).map_err(|e| errors.extend(e));
    let job = Job::prepare(options).map_err(|e| errors.extend(e));
    let (Ok(output), Ok(mut job)) = (output, job) else {
        return Err(errors);
    };
    let recordings = job.survey()?;
    let survey_s = begun.elapsed().as_secs_f64();
    let demonstrations = job.demonstrations(&recordings)?;
    let features_s = begun.elapsed().as_secs_f64() - survey_s;
    let dataset = &demonstrations.dataset;
    let split = job.split(dataset);
    let mut checkpoint = Checkpoint::new(
        output.checkpoint(),
        options.checkpoint_every,
        Identity::of(&job.file.policy, &job.file.training, dataset),
    );
    let learned = job.learn(dataset, &split, &mut checkpoint)?;
    let measured = measure(
        &job.file.policy,
        &job.inputs,
        &learned.weights,
        &learned.action,
        dataset,
        &job.measured_on(dataset, &split),
    )?;
    let seconds = Seconds {
        survey: survey_s,
        features: features_s,
        training: begun.elapsed().as_secs_f64() - survey_s - features_s,
    };
    let mut report = job.report(
        &job.file.policy,
        &recordings,
        &demonstrations,
        &split,
        &learned,
        measured,
        seconds,
    );
    report.contact_sheet = contact_sheet(&job.file, &recordings)?;
    for modality in &mut job.file.policy.modalities {
        relocate(&mut modality.source, &job.file.folder, output.folder())?;
    }
    output.write(&job.file.policy, &learned.weights, &report)?;
    checkpoint.remove();
    Ok(report)
}

/// The samples of some bags, for a look at what training learns from.
///
/// # Errors
/// As for [`train`].
pub fn dataset(options: &Options) -> Result<Dataset, ConfigErrors> {
    let mut job = Job::prepare(options)?;
    let recordings = job.survey()?;
    Ok(job.demonstrations(&recordings)?.dataset)
}
