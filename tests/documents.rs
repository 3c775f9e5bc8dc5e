//! Documents: docs/parameters.md is what the node declares, links lead somewhere, and terms are the field's.
//!
//! `LATE_FUSION_WRITE_DOCUMENTS=1 cargo test --test documents` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use late_fusion::config::{Declared, EncoderConfig, LiveParameters, Value};

/// A modality of each kind that has parameters of its own, by what the document calls it.
const KINDS: [(&str, &str); 4] = [
    ("image", "sensor_msgs/msg/Image"),
    ("text", "std_msgs/msg/String"),
    ("vector", "sensor_msgs/msg/JointState"),
    ("feature", "sensor_msgs/msg/PointCloud2"),
];

const HEAD: &str = "\
# Parameters

Generated from the nodes' own declarations (`tests/documents.rs`); a running node reports the same: `ros2 param describe
/late_fusion control_rate_hz`. Parameters marked *live* can be changed while the node runs, see [Hot swap](node.md#hot-swap).
[config/late_fusion.param.yaml](../config/late_fusion.param.yaml) is a parameter file with every parameter and longer explanations.
";

fn word(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Parameters in which everything that can be declared is; with one command topic, or with several.
fn node(has_several_commands: bool) -> Vec<Declared> {
    let mut given = BTreeMap::new();
    for (kind, message) in KINDS {
        given.insert(format!("modalities.{kind}.topic"), word("topic"));
        given.insert(format!("modalities.{kind}.message"), word(message));
    }
    for (name, value) in [
        (
            "action.limits.<action>.min",
            Value::Double(f64::NEG_INFINITY),
        ),
        ("action.quantities.<action>", word("position")),
    ] {
        given.insert(name.to_owned(), value);
    }
    let fields = match has_several_commands {
        true => "action.commands.<name>.fields.<action>",
        false => "action.fields.<action>",
    };
    given.insert(fields.to_owned(), word("data.0"));
    if has_several_commands {
        given.insert("action.commands.<name>.topic".to_owned(), word("given"));
    }
    let live = LiveParameters::new(given.into()).unwrap();
    live.declared().to_vec()
}

fn encoder() -> Vec<Declared> {
    let mut given = BTreeMap::from(
        ["policy", "modality", "topic"].map(|name| (name.to_owned(), word("given"))),
    );
    given.insert("message".to_owned(), word(KINDS[0].1));
    EncoderConfig::from_parameters(given).unwrap().declared
}

fn row(name: &str, default: &str, parameter: &Declared) -> String {
    let kind = match parameter.value {
        Value::Bool(_) => "bool",
        Value::Integer(_) => "integer",
        Value::Double(_) => "double",
        _ => "string",
    };
    let allowed = match parameter.allowed.as_str() {
        "" => String::new(),
        allowed => format!(" Allowed: {allowed}."),
    };
    format!(
        "| `{name}` | {kind} | {default} | {} | {}{allowed} |\n",
        if parameter.read_only { "" } else { "live" },
        parameter.description
    )
}

/// The default, where it has one: others have here what this test gave them.
fn default_of(parameter: &Declared) -> String {
    let name = &parameter.name;
    let is_given = name.starts_with("modalities.") && name.ends_with(".topic")
        || name.contains(".fields.")
        || name.contains(".quantities.")
        || name == "message"
        || parameter.value == word("given");
    match is_given {
        true => String::new(),
        false => format!("`{}`", parameter.value),
    }
}

fn table(title: &str, rows: impl IntoIterator<Item = String>) -> String {
    let mut table =
        format!("\n## {title}\n\n| parameter | type | default | | what |\n|---|---|---|---|---|\n");
    table.extend(rows);
    table
}

fn plain(declared: &[Declared], wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let wanted = declared.iter().filter(|parameter| wanted(&parameter.name));
    wanted.map(|p| row(&p.name, &default_of(p), p)).collect()
}

/// Each parameter of modalities once, with the kinds that have it and their defaults where those differ.
fn of_modalities(declared: &[Declared]) -> Vec<String> {
    let mut order: Vec<&str> = Vec::new();
    let mut found: BTreeMap<&str, Vec<(&str, &Declared)>> = BTreeMap::new();
    for parameter in declared {
        let Some((kind, name)) = parameter
            .name
            .strip_prefix("modalities.")
            .and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        if !found.contains_key(name) {
            order.push(name);
        }
        found.entry(name).or_default().push((kind, parameter));
    }
    let of = |name: &&str| {
        let each = &found[name];
        let (_, first) = each[0];
        let mut default = default_of(first);
        if each.iter().any(|(_, other)| other.value != first.value) && name != &"message" {
            let each = each
                .iter()
                .map(|(kind, p)| format!("{kind} {}", default_of(p)));
            default = each.collect::<Vec<_>>().join(", ");
        }
        if name == &"message" {
            default = String::new();
        }
        let mut full = format!("modalities.<name>.{name}");
        if each.len() < KINDS.len() {
            let kinds: Vec<&str> = each.iter().map(|(kind, _)| *kind).collect();
            let _ = write!(full, "` ({})`", kinds.join(", "));
        }
        row(&full, &default, first).replace(")``", ")")
    };
    order.iter().map(of).collect()
}

fn document() -> String {
    let (one, several) = (node(false), node(true));
    let is_modality = |name: &str| name.starts_with("modalities.");
    let is_action = |name: &str| name.starts_with("action.");
    let mut text = HEAD.to_owned();
    text += &table(
        "The node",
        plain(&one, |name| !is_modality(name) && !is_action(name)),
    );
    text += &table("Each modality", of_modalities(&one));
    text += &table("The action", plain(&one, is_action));
    text += &table(
        "Several command topics, instead of one",
        plain(&several, |name| name.starts_with("action.commands.")),
    );
    text += &table("`late_fusion_encoder`", plain(&encoder(), |_| true));
    text
}

#[test]
fn the_reference_of_parameters_is_what_is_declared() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/parameters.md");
    let text = document();
    if std::env::var_os("LATE_FUSION_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/parameters.md is not what the node declares; LATE_FUSION_WRITE_DOCUMENTS=1 cargo test --test documents \
         writes it anew"
    );
}

/// Every document of the repository.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = !name.starts_with('.') && !["target", "out"].contains(&name.as_str());
        if entry.file_type().unwrap().is_dir() && is_ours {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    found
}

/// The name by which a heading is linked to.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_anchor(document: &Path, wanted: &str) -> bool {
    let text = std::fs::read_to_string(document).unwrap_or_default();
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    headings.any(|heading| anchor(heading) == wanted)
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut lost = Vec::new();
    let mut count = 0;
    for document in documents(root) {
        let text = std::fs::read_to_string(&document).unwrap();
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        for (link, _) in links.filter(|(link, _)| !link.starts_with("http")) {
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file.is_empty() {
                true => document.clone(),
                false => document.parent().unwrap_or(root).join(file),
            };
            if !target.exists() || !(heading.is_empty() || has_anchor(&target, heading)) {
                lost.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(count > 30, "{count}");
    assert_eq!(lost, Vec::<String>::new());
}

/// Terms that texts for users must not use, and what to say instead. One that begins with a digit sign, `#`, is meant behind a
/// number.
const BANNED: [(&str, &str); 30] = [
    ("is told at once", "all errors are reported together"),
    ("problem at once", "all errors together"),
    ("problems at once", "all errors together"),
    ("listened to", "subscribed to"),
    ("oldest value that counts", "maximum age in seconds"),
    ("that still counts", "maximum age in seconds"),
    (
        "what leaves where",
        "how overlapping action chunks are combined",
    ),
    ("favour", "favor"),
    ("normalis", "normaliz"),
    ("the policy that drives", "the active policy"),
    ("newcomer", "candidate"),
    ("obeyed", "success"),
    ("*opposite*", "*wrong task*"),
    ("*neither*", "*timeout*"),
    ("nobody recorded", "held-out paraphrases"),
    ("# numbers", "dimensions or parameters"),
    ("numbers each", "dimensions"),
    ("learned numbers", "parameters"),
    ("identity", "fingerprint"),
    ("identities", "fingerprints"),
    ("absent vector", "learned missing-modality embedding"),
    ("squash", "projection_activation: tanh"),
    ("mix_sentences", "paraphrase_augmentation"),
    ("wordings", "paraphrases"),
    ("why it moved", "inspect a recording"),
    (
        "no mind changes",
        "the instruction changes during the episode",
    ),
    ("change their mind", "change direction, or the like"),
    ("kept apart", "validation split"),
    ("manieth", "index, or every n-th"),
    ("by heart", "overfitting"),
];

/// What users read: documents, comments of the files they edit, descriptions of launch files, and `--help`.
fn texts_for_users(folder: &Path) -> Vec<PathBuf> {
    let mut found = documents(folder);
    // The change log names what things were called before.
    found.retain(|path| !path.ends_with("CHANGELOG.md"));
    let parts = ["config", "launch", "src/bin/late_fusion"];
    let mut open: Vec<PathBuf> = parts.map(|part| folder.join(part)).into();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let endings = ["yaml", "xml", "rs"];
            if path.is_dir() {
                open.push(path);
            } else if endings
                .iter()
                .any(|e| path.extension().is_some_and(|it| it == *e))
            {
                found.push(path);
            }
        }
    }
    found
}

/// The words of a text with one space between them, and for every line where it begins in them: a term may span lines.
fn words(text: &str) -> (String, Vec<usize>) {
    let mut words = String::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.push(words.len());
        let line = line.trim_start().trim_start_matches(['/', '!', '#']);
        for word in line.split_whitespace() {
            words += &word.to_lowercase();
            words.push(' ');
        }
    }
    (words, lines)
}

/// Where a banned term is, by the number of its line.
fn places(text: &str, term: &str) -> Vec<usize> {
    let (words, lines) = words(text);
    let (term, is_behind_a_number) = match term.strip_prefix('#') {
        Some(term) => (term, true),
        None => (term, false),
    };
    let found = words.match_indices(term).filter(|(at, _)| {
        !is_behind_a_number || words[..*at].ends_with(|c: char| c.is_ascii_digit())
    });
    let line = |at: usize| lines.partition_point(|begin| *begin <= at);
    found.map(|(at, _)| line(at)).collect()
}

#[test]
fn texts_for_users_have_the_terms_of_the_field() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let texts = texts_for_users(root);
    assert!(texts.len() > 30, "{}", texts.len());
    for path in texts {
        let text = std::fs::read_to_string(&path).unwrap();
        for (term, instead) in BANNED {
            let at = places(&text, term);
            let name = path.strip_prefix(root).unwrap_or(&path).display();
            wrong.extend(at.iter().map(|line| {
                let term = term.trim_start_matches("# ");
                format!("{name}:{line}: {term:?}; say {instead:?}")
            }));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_term_is_found_across_lines_and_behind_numbers() {
    assert_eq!(places("a\n/// how-\n/// Manieth", "manieth"), [3]);
    assert_eq!(
        places("one\nkept\n# apart, kept apart", "kept apart"),
        [2, 3]
    );
    assert_eq!(places("20,480 numbers, all numbers", "# numbers"), [1]);
}
