//! Policies of format 2, brought to format 3: keys and tensors got the names that the field uses. No number changes.

use std::path::Path;

use serde_yaml::{Mapping, Value};

use super::{FORMAT, PolicySpec, Weights};
use crate::errors::ConfigErrors;
use crate::files;

/// The format that is converted.
const OLD_FORMAT: u64 = 2;

/// How tensors began, and begin now.
const TENSORS: [(&str, &str); 3] = [
    ("standardise.", "standardize."),
    ("align.", "projection."),
    ("absent.", "missing."),
];

/// Converts the policy in a folder, in place. Interrupted, it can be run again.
///
/// # Errors
/// A folder without a policy of format 2, and everything that is wrong with it once it is read as format 3.
pub fn convert(folder: &Path) -> Result<PolicySpec, ConfigErrors> {
    let path = folder.join("policy.yaml");
    let place = path.display();
    let text = files::read_text(&path).map_err(|e| format!("policy {place}: {e}"))?;
    let mut yaml: Mapping =
        serde_yaml::from_str(&text).map_err(|e| format!("policy {place}: {e}"))?;
    match yaml.get("format").and_then(Value::as_u64) {
        Some(OLD_FORMAT) => {}
        Some(found) if found == u64::from(FORMAT) => {
            return Err(format!("policy {place}: format is {FORMAT} already").into());
        }
        found => {
            let found = found.map_or("missing".to_owned(), |found| found.to_string());
            return Err(format!(
                "policy {place}: format is {found}; only format {OLD_FORMAT} can be converted"
            )
            .into());
        }
    }
    rename_keys(&mut yaml);
    let spec: PolicySpec =
        serde_yaml::from_value(Value::Mapping(yaml)).map_err(|e| format!("policy {place}: {e}"))?;
    let mut errors = ConfigErrors::new();
    spec.check(&mut errors);
    let spec = errors.or(spec)?;
    let weights = folder.join("weights.safetensors");
    let renamed = Weights::load(&weights)?.renamed(|name| {
        let new = TENSORS
            .iter()
            .find_map(|(old, new)| Some(format!("{new}{}", name.strip_prefix(old)?)));
        new.unwrap_or_else(|| name.to_owned())
    });
    replace(&weights, |temporary| renamed.save(temporary))?;
    let yaml = serde_yaml::to_string(&spec).map_err(|e| format!("policy {place}: {e}"))?;
    replace(&path, |temporary| {
        let text = format!("# Paths start from this folder.\n{yaml}");
        std::fs::write(temporary, text)
            .map_err(|e| format!("policy {}: {e}", temporary.display()).into())
    })?;
    Ok(spec)
}

fn rename_keys(policy: &mut Mapping) {
    policy.insert("format".into(), FORMAT.into());
    let modalities = policy
        .get_mut("modalities")
        .and_then(Value::as_sequence_mut);
    for modality in modalities.into_iter().flatten() {
        let Some(modality) = modality.as_mapping_mut() else {
            continue;
        };
        rename(modality, "align", "projection");
        rename(modality, "align_hidden", "projection_hidden");
        if modality.remove("squash") == Some(Value::Bool(true)) {
            modality.insert("projection_activation".into(), "tanh".into());
        }
        if let Some(encoder) = modality.get_mut("encoder").and_then(Value::as_mapping_mut) {
            rename(encoder, "normalise", "normalize");
        }
    }
}

fn rename(keys: &mut Mapping, old: &str, new: &str) {
    if let Some(value) = keys.remove(old) {
        keys.insert(new.into(), value);
    }
}

/// Writes a file beside the one that it then takes the place of, so that there is a whole one at every moment.
fn replace(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), ConfigErrors>,
) -> Result<(), ConfigErrors> {
    let temporary = path.with_extension("tmp");
    write(&temporary)?;
    std::fs::rename(&temporary, path).map_err(|e| format!("{}: {e}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "format: 2
name: small
modalities:
- {name: words, kind: vector, names: [a, b], width: 2, align: 3, align_hidden: [4], squash: true}
- {name: joints, kind: vector, names: [x], width: 1, squash: false}
fusion: {method: concat}
head: {kind: mlp, hidden: []}
actions: [{name: speed, unit: m/s, min: -1.0, max: 1.0}]
";

    fn old_policy() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("policy.yaml"), OLD).unwrap();
        let mut weights = Weights::default();
        for (i, name) in [
            "standardise.words.mean",
            "align.words.weight",
            "absent.words",
            "head.0.bias",
        ]
        .into_iter()
        .enumerate()
        {
            weights.insert(name, vec![2], vec![0.1 + i as f32, -1e-30]);
        }
        weights
            .save(&folder.path().join("weights.safetensors"))
            .unwrap();
        folder
    }

    #[test]
    fn names_change_and_numbers_do_not() {
        let folder = old_policy();
        let before = Weights::load(&folder.path().join("weights.safetensors")).unwrap();
        let refused = PolicySpec::load(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("late_fusion convert"), "{refused}");
        let spec = convert(folder.path()).unwrap();
        assert_eq!(PolicySpec::load(folder.path()).unwrap(), spec);
        let words = &spec.modalities[0];
        assert_eq!(words.projection, Some(3));
        assert_eq!(words.projection_hidden, [4]);
        assert_eq!(words.projection_activation, crate::spec::Activation::Tanh);
        assert!(spec.modalities[1].projection_activation.is_none());
        let after = Weights::load(&folder.path().join("weights.safetensors")).unwrap();
        for (old, new) in [
            ("standardise.words.mean", "standardize.words.mean"),
            ("align.words.weight", "projection.words.weight"),
            ("absent.words", "missing.words"),
            ("head.0.bias", "head.0.bias"),
        ] {
            assert_eq!(before.tensor(old), after.tensor(new), "{old}");
            assert!(old == new || !after.contains(old), "{old}");
        }
        let again = convert(folder.path()).unwrap_err().to_string();
        assert!(again.contains("format is 3 already"), "{again}");
    }

    #[test]
    fn a_conversion_that_was_cut_off_can_be_run_again() {
        let folder = old_policy();
        convert(folder.path()).unwrap();
        std::fs::write(folder.path().join("policy.yaml"), OLD).unwrap();
        assert!(convert(folder.path()).is_ok());
        let weights = Weights::load(&folder.path().join("weights.safetensors")).unwrap();
        assert!(weights.contains("projection.words.weight"));
    }

    #[test]
    fn another_format_is_not_guessed_at() {
        let folder = old_policy();
        for format in ["1", "4", "two"] {
            let text = OLD.replace("format: 2", &format!("format: {format}"));
            std::fs::write(folder.path().join("policy.yaml"), text).unwrap();
            let refused = convert(folder.path()).unwrap_err().to_string();
            assert!(refused.contains("only format 2"), "{refused}");
        }
    }
}
