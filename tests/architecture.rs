//! The rules of ARCHITECTURE.md that can be read off the sources: who may name whom, and how long a file may be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/modules.rs"]
mod modules;

/// The modules from the ground up: each may name those before it, and no other.
const ORDER: [&str; 35] = [
    "number",
    "time",
    "errors",
    "files",
    "heap",
    "map",
    "html",
    "progress",
    "window",
    "shutdown",
    "clock",
    "realtime",
    "trace",
    "message",
    "spec",
    "layers",
    "encoder",
    "fusion",
    "head",
    "chunk",
    "policy",
    "contribution",
    "modality",
    "safety",
    "bag",
    "control",
    "display",
    "config",
    "runtime",
    "explain",
    "inspection",
    "proposal",
    "train",
    "ros",
    "executable",
];

/// Crates that only these places may name.
const OUTSIDE: [(&str, &[&str]); 16] = [
    ("r2r", &["src/ros/"]),
    ("r2r_rcl", &["src/ros/"]),
    ("tokio", &["src/ros/"]),
    ("axum", &["src/ros/dashboard/"]),
    ("embedded_graphics", &["src/display/"]),
    (
        "ort",
        &[
            "src/encoder/onnx.rs",
            "src/encoder/provider.rs",
            "src/encoder/runtime.rs",
        ],
    ),
    (
        "late_fusion_resize",
        &["src/encoder/prepare.rs", "src/encoder/view.rs"],
    ),
    ("rtrb", &["src/trace/"]),
    ("rusqlite", &["src/bag/"]),
    ("rustix", &["src/realtime/"]),
    ("libc", &["src/heap.rs", "src/realtime/"]),
    ("candle_core", &["src/train/"]),
    ("candle_nn", &["src/train/"]),
    ("arrow_array", &["src/bag/lerobot/", "src/train/export/"]),
    ("arrow_schema", &["src/bag/lerobot/", "src/train/export/"]),
    ("parquet", &["src/bag/lerobot/", "src/train/export/"]),
];

const LONGEST_FILE: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a folder, by their path from the repository's root.
fn sources(folder: &str) -> BTreeMap<String, String> {
    files(folder, |path| has_extension(path, "rs"))
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension == wanted)
}

/// Whether somebody reads it: Rust, Python or shell, where the name has no ending by the first line.
fn is_code(path: &Path) -> bool {
    match path.extension() {
        None => fs::read(path).unwrap().starts_with(b"#!"),
        Some(_) => ["rs", "py", "bash"]
            .iter()
            .any(|known| has_extension(path, known)),
    }
}

/// The files below a folder that are wanted, by their path from the repository's root.
fn files(folder: &str, is_wanted: impl Fn(&Path) -> bool) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else if is_wanted(&path) {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    found
}

/// What a file does, without comments and without its tests, which may look wherever they like.
fn code(text: &str) -> String {
    let before_tests = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = before_tests.lines();
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs")
}

/// The words that follow `prefix`, such as the modules behind `crate::`.
fn names_after<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(prefix)
        .filter(|(at, _)| !text[..*at].ends_with(is_word))
        .map(|(at, _)| {
            let rest = &text[at + prefix.len()..];
            &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]
        })
        .collect()
}

#[test]
fn every_module_names_only_those_below_it() {
    let place = |module: &str| ORDER.iter().position(|known| *known == module);
    let mut wrong = Vec::new();
    for (name, text) in sources("src") {
        let inside = name.strip_prefix("src/").unwrap();
        let module = inside.split('/').next().unwrap().trim_end_matches(".rs");
        if matches!(module, "lib" | "bin") || is_test(&name) {
            continue;
        }
        let Some(own) = place(module) else {
            wrong.push(format!(
                "{name}: the module {module} has no place in the order"
            ));
            continue;
        };
        let code = code(&text);
        for other in names_after(&code, "crate::") {
            if place(other).is_some_and(|other| other > own) {
                wrong.push(format!("{name} names {other}, which stands above {module}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_imports_what_imports_it() {
    let circles = imports::circles(root(), &["src/lib.rs", "src/bin/late_fusion/main.rs"]);
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn the_outside_is_named_in_its_own_places_only() {
    let mut wrong = Vec::new();
    for (name, text) in sources("src") {
        let code = code(&text);
        for (krate, places) in OUTSIDE {
            let is_allowed = places.iter().any(|place| name.starts_with(place));
            if !is_allowed && !names_after(&code, &format!("{krate}::")).is_empty() {
                wrong.push(format!("{name} names {krate}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_anybody_wants_to_read() {
    let folders = [
        "src", "crates", "tests", "benches", "sim", "scripts", "examples", "launch",
    ];
    let long: Vec<String> = folders
        .into_iter()
        .flat_map(|folder| files(folder, is_code))
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
