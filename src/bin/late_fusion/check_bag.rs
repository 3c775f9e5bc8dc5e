//! `late_fusion check --bag`: what recordings hold, and what a training would find in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[cfg(feature = "train")]
use late_fusion::bag::same_topic;
use late_fusion::errors::ConfigErrors;
use late_fusion::inspection::{Inspection, TopicSummary};
use late_fusion::proposal::Recordings;

#[cfg(feature = "train")]
use late_fusion::train::{Ages, Examination, Options, examine};

/// What is to be checked.
pub struct Wanted {
    /// The training file that the recordings are for.
    pub training: Option<PathBuf>,
    /// Recordings, or folders of them.
    pub bags: Vec<PathBuf>,
    /// Where a picture of each camera goes.
    pub pictures: Option<PathBuf>,
    /// The ONNX Runtime library, where it is not to be looked for.
    #[cfg(feature = "train")]
    pub onnxruntime: Option<PathBuf>,
}

/// Shows what the recordings hold, and what a training would find.
///
/// # Errors
/// Recordings that cannot be read, and everything for which the training would fail.
pub fn run(wanted: &Wanted) -> Result<(), ConfigErrors> {
    let recordings = Recordings::look(&wanted.bags)?;
    let inspection = recordings.inspection();
    print_topics(inspection);
    if let Some(folder) = &wanted.pictures {
        write_pictures(inspection, folder)?;
    }
    let mut warnings = inspection.warnings();
    let result = match &wanted.training {
        Some(file) => check_training(file, wanted, inspection, &mut warnings),
        None => {
            // A training says them itself.
            warnings.splice(0..0, inspection.notes().iter().cloned());
            println!();
            for (what, topics) in recordings.candidates() {
                let topics = match topics.is_empty() {
                    true => "none".to_owned(),
                    false => topics.join(", "),
                };
                println!("{what:<12}  {topics}");
            }
            Ok(())
        }
    };
    for warning in warnings {
        println!("\nWARNING: {warning}");
    }
    result
}

fn print_topics(inspection: &Inspection) {
    println!(
        "{} recording(s), {:.1} s\n",
        inspection.recordings(),
        inspection.seconds()
    );
    let mut rows = vec![
        [
            "topic",
            "type",
            "messages",
            "rate Hz",
            "longest gap s",
            "recorded after stamp s",
            "pictures",
        ]
        .map(str::to_owned),
    ];
    rows.extend(inspection.topics().map(|(name, topic)| row(name, topic)));
    print_table(&rows);
}

fn row(name: &str, topic: &TopicSummary) -> [String; 7] {
    let kinds: BTreeSet<&str> = topic.kinds().map(|(kind, _)| kind).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let or_none = |number: Option<f64>, decimals: usize| {
        number.map_or("-".to_owned(), |number| format!("{number:.decimals$}"))
    };
    [
        name.to_owned(),
        topic.message_type().to_owned(),
        topic.messages().to_string(),
        or_none(topic.rate_hz(), 1),
        format!("{:.3}", topic.longest_gap_s()),
        or_none(topic.lag_s(), 3),
        kinds.join(", "),
    ]
}

/// Columns as wide as their widest cell; numbers to the right.
fn print_table<const N: usize>(rows: &[[String; N]]) {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let is_number = |cell: &str| cell == "-" || cell.parse::<f64>().is_ok();
    let is_right: Vec<bool> = (0..N)
        .map(|column| rows.len() > 1 && rows[1..].iter().all(|row| is_number(&row[column])))
        .collect();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .zip(&is_right)
            .map(|((cell, width), is_right)| match is_right {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            })
            .collect();
        println!("{}", cells.join("  ").trim_end());
    }
}

/// Writes a picture of each camera, under the topic's name.
fn write_pictures(inspection: &Inspection, folder: &Path) -> Result<(), ConfigErrors> {
    let told = |e: std::io::Error| format!("--pictures {}: {e}", folder.display());
    std::fs::create_dir_all(folder).map_err(told)?;
    let mut written = Vec::new();
    for (name, topic) in inspection.topics() {
        let Some(picture) = topic.picture() else {
            continue;
        };
        let file = folder.join(format!("{}.jpg", name.trim_matches('/').replace('/', "_")));
        std::fs::write(&file, &picture.jpeg).map_err(told)?;
        written.push(file.display().to_string());
    }
    println!(
        "\nwrote {}",
        match written.is_empty() {
            true => "no pictures, because there are none".to_owned(),
            false => written.join(", "),
        }
    );
    Ok(())
}

#[cfg(not(feature = "train"))]
fn check_training(
    file: &Path,
    _: &Wanted,
    _: &Inspection,
    _: &mut Vec<String>,
) -> Result<(), ConfigErrors> {
    Err(format!(
        "training file {}: this late_fusion was built without the feature train",
        file.display()
    )
    .into())
}

#[cfg(feature = "train")]
fn check_training(
    file: &Path,
    wanted: &Wanted,
    inspection: &Inspection,
    warnings: &mut Vec<String>,
) -> Result<(), ConfigErrors> {
    let examination = examine(&Options {
        file: file.to_owned(),
        bags: wanted.bags.clone(),
        // Nothing is written.
        out: PathBuf::new(),
        cache: PathBuf::new(),
        onnxruntime: wanted.onnxruntime.clone(),
        seed: None,
        force: false,
        checkpoint_every: std::time::Duration::ZERO,
    })?;
    print_examination(&examination);
    warnings.extend(examination.warnings.iter().cloned());
    let mut errors = ConfigErrors::new();
    for ages in &examination.modalities {
        let topics = inspection.topics();
        let mut topics = topics.filter(|(name, _)| same_topic(name, &ages.topic));
        if let Some(why) = topics.find_map(|(_, topic)| topic.why_no_picture()) {
            errors.add(format!(
                "modality {}: topic {}: {why}",
                ages.name, ages.topic
            ));
        }
    }
    errors.or(())
}

#[cfg(feature = "train")]
fn print_examination(examination: &Examination) {
    let Examination {
        succeeded,
        failed,
        unfinished,
        lengths,
        labels,
        label_rate_hz,
        modalities,
        ..
    } = examination;
    println!(
        "\nepisodes  {succeeded} success, {failed} failure, {unfinished} without an end; {} used, {:.1} to {:.1} s long \
         (median {:.1} s)",
        lengths.episodes, lengths.shortest_s, lengths.longest_s, lengths.median_s
    );
    println!(
        "labels    {} of {} have every modality{}\n",
        labels.samples,
        labels.found,
        label_rate_hz.map_or(String::new(), |hz| format!(", {hz:.1} Hz"))
    );
    let mut rows = vec![
        [
            "modality",
            "topic",
            "median age s",
            "oldest s",
            "allowed s",
            "labels before its first",
            "while absent",
            "with one too old",
        ]
        .map(str::to_owned),
    ];
    rows.extend(modalities.iter().map(ages_row));
    print_table(&rows);
}

#[cfg(feature = "train")]
fn ages_row(ages: &Ages) -> [String; 8] {
    [
        ages.name.clone(),
        ages.topic.clone(),
        ages.median_s
            .map_or("-".to_owned(), |age_s| format!("{age_s:.3}")),
        format!("{:.3}", ages.oldest_s),
        ages.max_age_s
            .map_or("any".to_owned(), |age_s| format!("{age_s:.3}")),
        ages.losses.nothing_yet.to_string(),
        ages.losses.absent.to_string(),
        ages.losses.stale.to_string(),
    ]
}
