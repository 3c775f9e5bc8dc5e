//! What a dataset says of itself: `meta/info.json`.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_yaml::{Mapping, Value};

pub(super) use crate::bag::file_name::LEROBOT as NAME;
use crate::files;

/// The most features, and the most numbers that one may have.
const MOST_FEATURES: usize = 1000;
const MOST_NUMBERS: usize = 100_000;

/// Columns that say where a frame is, and are no features of a robot.
const PLACES: [&str; 5] = [
    "timestamp",
    "frame_index",
    "episode_index",
    "index",
    "task_index",
];

/// What is needed of it.
#[derive(Clone, Debug)]
pub(super) struct Info {
    /// Whether files hold several episodes, as from v3.0 on.
    pub is_v3: bool,
    /// Frames per second.
    pub fps: f64,
    pub features: Vec<Feature>,
    /// How many files a folder has, before v3.0.
    pub chunks_size: u64,
    /// Where videos are, in the words of Python's `format`.
    pub video_path: Option<String>,
}

/// A feature that becomes a topic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Feature {
    pub name: String,
    pub kind: Kind,
}

/// What a feature is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Numbers with these names.
    Numbers(Vec<String>),
    /// Pictures within the table.
    Picture,
    /// Pictures in a video.
    Video,
}

#[derive(Deserialize)]
struct File {
    codebase_version: String,
    fps: f64,
    // A map that keeps the order of the file: that of names.
    features: Mapping,
    #[serde(default = "chunks_size")]
    chunks_size: u64,
    #[serde(default)]
    video_path: Option<String>,
}

fn chunks_size() -> u64 {
    1000
}

impl Info {
    /// Of the dataset in this folder.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn read(root: &Path) -> Result<Self, String> {
        let text = files::read_text(&root.join(NAME)).map_err(|e| format!("{NAME}: {e}"))?;
        let file: File = serde_json::from_str(&text)
            .map_err(|e| format!("{NAME} is not what LeRobot writes: {e}"))?;
        let is_v3 = match file.codebase_version.as_str() {
            "v3.0" => true,
            "v2.1" | "v2.0" => false,
            other => {
                return Err(format!(
                    "{NAME} has codebase_version {other:?}; v3.0, v2.1 and v2.0 are read (LeRobot itself converts \
                     older datasets)"
                ));
            }
        };
        if !(0.001..=1e6).contains(&file.fps) {
            let fps = file.fps;
            return Err(format!("{NAME} has fps {fps}; allowed: 0.001 to 1000000"));
        }
        if file.features.len() > MOST_FEATURES {
            let count = file.features.len();
            return Err(format!(
                "{NAME} has {count} features; at most {MOST_FEATURES} are allowed"
            ));
        }
        let mut known = Vec::new();
        for (name, feature) in &file.features {
            let name = name.as_str().unwrap_or_default();
            if PLACES.contains(&name) {
                continue;
            }
            let kind = kind_of(feature).map_err(|e| format!("{NAME}: feature {name}: {e}"))?;
            known.extend(kind.map(|kind| Feature {
                name: name.to_owned(),
                kind,
            }));
        }
        Ok(Self {
            is_v3,
            fps: file.fps,
            features: known,
            chunks_size: file.chunks_size.max(1),
            video_path: file.video_path,
        })
    }

    /// The features whose pictures are in videos, each with the index of its feature.
    pub fn cameras(&self) -> impl Iterator<Item = (usize, &Feature)> {
        let features = self.features.iter().enumerate();
        features.filter(|(_, feature)| feature.kind == Kind::Video)
    }

    /// How many frames are read together: fewer where they have pictures.
    pub fn rows_together(&self) -> u64 {
        let mut features = self.features.iter();
        match features.any(|feature| feature.kind == Kind::Picture) {
            true => 16,
            false => 1024,
        }
    }

    /// When a frame is, in seconds from its episode's beginning. Timestamps are 32-bit numbers; where they say what
    /// counting frames says, counting is exact.
    pub fn seconds(&self, timestamp: f64, frame_index: f64) -> f64 {
        /// What LeRobot itself takes for the same time is less.
        const ROUNDING_S: f64 = 1e-3;
        let counted = frame_index / self.fps;
        match (timestamp - counted).abs() <= ROUNDING_S {
            true => counted,
            false => timestamp,
        }
    }
}

/// What a feature is; `None` for one that no message has room for, such as a sentence or a map of distances.
fn kind_of(feature: &Value) -> Result<Option<Kind>, String> {
    let dtype = feature.get("dtype").and_then(Value::as_str);
    let dtype = dtype.ok_or("dtype is missing")?;
    let is_depth = ["info", "video_info"].into_iter().any(|info| {
        let is_true =
            |key| feature.get(info).and_then(|info| info.get(key)) == Some(&Value::Bool(true));
        is_true("is_depth_map") || is_true("video.is_depth_map")
    });
    match dtype {
        "image" | "video" if is_depth => Ok(None),
        "image" => Ok(Some(Kind::Picture)),
        "video" => Ok(Some(Kind::Video)),
        "bool" => numbers_of(feature),
        number
            if ["float", "int", "uint"]
                .into_iter()
                .any(|kind| number.starts_with(kind)) =>
        {
            numbers_of(feature)
        }
        _ => Ok(None),
    }
}

fn numbers_of(feature: &Value) -> Result<Option<Kind>, String> {
    let shape = feature.get("shape").and_then(Value::as_sequence);
    let sizes = shape.ok_or("shape is missing")?.iter().map(Value::as_u64);
    let count = sizes
        .into_iter()
        .try_fold(1_u64, |all, size| all.checked_mul(size?));
    let count = count.map(|count| count as usize);
    let count = count.filter(|count| (1..=MOST_NUMBERS).contains(count));
    let Some(count) = count else {
        return Err(format!(
            "shape must be a list of sizes for 1 to {MOST_NUMBERS} numbers in all"
        ));
    };
    let mut names = Vec::new();
    gather(feature.get("names").unwrap_or(&Value::Null), &mut names);
    if names.len() != count {
        // Also where axes are named instead of numbers.
        names = (0..count).map(|i| i.to_string()).collect();
    }
    Ok(Some(Kind::Numbers(names)))
}

/// Names, in a list or in lists that have names themselves.
fn gather(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(name) => names.push(name.clone()),
        Value::Sequence(values) => values.iter().for_each(|value| gather(value, names)),
        Value::Mapping(values) => values.values().for_each(|value| gather(value, names)),
        _ => {}
    }
}

/// A path that `meta/info.json` describes: `{name}` and `{name:03d}` are replaced.
///
/// # Errors
/// One that names something else, or leads out of the dataset's folder.
pub(super) fn path_of(
    template: &str,
    numbers: &[(&str, u64)],
    texts: &[(&str, &str)],
) -> Result<PathBuf, String> {
    let wrong = |what: &str| format!("{NAME}: the path {template:?} {what}");
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (inside, after) = behind
            .split_once('}')
            .ok_or_else(|| wrong("has a { without }"))?;
        let (name, form) = inside.split_once(':').unwrap_or((inside, ""));
        path.push_str(before);
        if let Some((_, text)) = texts.iter().find(|(known, _)| *known == name) {
            path.push_str(text);
        } else if let Some((_, number)) = numbers.iter().find(|(known, _)| *known == name) {
            let digits = form.trim_end_matches('d').parse().unwrap_or(0_usize);
            path.push_str(&format!("{number:0digits$}", digits = digits.min(20)));
        } else {
            return Err(wrong(&format!("has {{{inside}}}, which is not known")));
        }
        rest = after;
    }
    path.push_str(rest);
    let path = PathBuf::from(path);
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    match is_below {
        true => Ok(path),
        false => Err(wrong("leads out of the dataset's folder")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind_of(feature: &serde_json::Value) -> Result<Option<Kind>, String> {
        super::kind_of(&serde_json::from_str(&feature.to_string()).unwrap())
    }

    fn names(feature: &serde_json::Value) -> Vec<String> {
        match kind_of(feature).unwrap() {
            Some(Kind::Numbers(names)) => names,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_are_found_in_every_form_they_are_given_in() {
        let named =
            |names: serde_json::Value| json!({"dtype": "float32", "shape": [2], "names": names});
        assert_eq!(names(&named(json!(["a.pos", "b.pos"]))), ["a.pos", "b.pos"]);
        assert_eq!(names(&named(json!({"motors": ["a", "b"]}))), ["a", "b"]);
        let text = r#"{"dtype": "float32", "shape": [2], "names": {"z": ["b"], "a": ["a"]}}"#;
        let in_order = super::kind_of(&serde_json::from_str(text).unwrap());
        let expected = Kind::Numbers(vec!["b".into(), "a".into()]);
        assert_eq!(in_order.unwrap(), Some(expected), "in the file's order");
        assert_eq!(names(&named(json!(null))), ["0", "1"]);
        assert_eq!(
            names(&named(json!(["motors"]))),
            ["0", "1"],
            "the name of an axis"
        );
        let square = json!({"dtype": "int64", "shape": [2, 2], "names": null});
        assert_eq!(names(&square).len(), 4);
        assert!(kind_of(&json!({"dtype": "bool", "shape": [0]})).is_err());
        assert!(kind_of(&json!({"dtype": "bool", "shape": [u64::MAX, 2]})).is_err());
        assert_eq!(kind_of(&json!({"dtype": "string", "shape": [1]})), Ok(None));
        let depth = json!({"dtype": "video", "info": {"is_depth_map": true}});
        assert_eq!(kind_of(&depth), Ok(None));
    }

    #[test]
    fn paths_are_filled_in_and_stay_in_the_folder() {
        let path = |template| path_of(template, &[("file_index", 7)], &[("video_key", "top")]);
        let filled = path("videos/{video_key}/file-{file_index:03d}.mp4").unwrap();
        assert_eq!(filled, Path::new("videos/top/file-007.mp4"));
        for wrong in ["/{video_key}", "../{video_key}", "{video_key", "{other}"] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
        let outside = path_of("{video_key}/a", &[], &[("video_key", "../..")]);
        assert!(outside.is_err());
    }

    #[test]
    fn frames_are_where_counting_says_where_timestamps_only_round() {
        let info = Info {
            is_v3: true,
            fps: 30.0,
            features: vec![],
            chunks_size: 1000,
            video_path: None,
        };
        assert_eq!(
            info.seconds(f64::from(100.0_f32 / 30.0), 100.0),
            100.0 / 30.0
        );
        assert_eq!(info.seconds(3.4, 100.0), 3.4);
    }
}
