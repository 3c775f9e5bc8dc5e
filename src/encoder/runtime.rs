//! Finding and loading the ONNX Runtime library, once per process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::onnx::Library;
use crate::errors::ConfigErrors;

/// Environment variable that names the library where no path is given.
const VARIABLE: &str = "LATE_FUSION_ONNXRUNTIME";

/// The loaded ONNX Runtime library. Cloning is cheap.
#[derive(Clone)]
pub struct Runtime {
    library: Library,
    path: PathBuf,
}

/// A process can load one library, ever.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Loads the library at `path`; without one, at the path in the environment variable
    /// `LATE_FUSION_ONNXRUNTIME`; without that, beside the executable (`lib/late_fusion/` or `share/late_fusion/` of
    /// the same installation). Later calls for the same file give the same library.
    ///
    /// # Errors
    /// No library found, one that cannot be loaded or is too old, or another one than the process has loaded already.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigErrors> {
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let executable = std::env::current_exe().ok();
        let (path, origin) = choose(path, variable.map(PathBuf::from), executable.as_deref())?;
        let path = path.canonicalize().map_err(|e| {
            format!(
                "the ONNX Runtime library {} ({origin}): {e}",
                path.display()
            )
        })?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            if runtime.path == path {
                return Ok(runtime.clone());
            }
            return Err(ConfigErrors::from(format!(
                "the ONNX Runtime library {} ({origin}) cannot be loaded: this process already runs {}, \
                 and it can load only one",
                path.display(),
                runtime.path.display()
            )));
        }
        let library = Library::load(&path).map_err(|why| {
            format!(
                "the ONNX Runtime library {} ({origin}) cannot be used: {why}; needed is the libonnxruntime.so \
                 of ONNX Runtime 1.24 or newer",
                path.display()
            )
        })?;
        let runtime = Self { library, path };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The library's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn library(&self) -> &Library {
        &self.library
    }
}

/// The library's path and, for messages, where that path came from.
fn choose(
    path: Option<&Path>,
    variable: Option<PathBuf>,
    executable: Option<&Path>,
) -> Result<(PathBuf, String), ConfigErrors> {
    if let Some(path) = path {
        return Ok((path.to_owned(), "as configured".into()));
    }
    if let Some(path) = variable {
        return Ok((path, format!("from the environment variable {VARIABLE}")));
    }
    let folders = folders_beside(executable);
    if let Some(path) = folders.iter().find_map(|folder| newest_library(folder)) {
        return Ok((path, "beside the executable".into()));
    }
    let folders: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
    Err(ConfigErrors::from(format!(
        "no ONNX Runtime library: no path is configured, the environment variable {VARIABLE} is not set, and there is \
         no libonnxruntime.so in {}; set one of the first two to the libonnxruntime.so of ONNX Runtime 1.24 or newer",
        folders.join(", ")
    )))
}

/// Where an installation keeps the library: with `bin/` beside `lib/`, and as ROS packages are installed
/// (executables in `lib/late_fusion/`, files in `share/late_fusion/`).
fn folders_beside(executable: Option<&Path>) -> Vec<PathBuf> {
    let Some(folder) = executable.and_then(Path::parent) else {
        return Vec::new();
    };
    let mut folders = vec![folder.to_owned()];
    if let Some(prefix) = folder.parent() {
        folders.push(prefix.join("lib/late_fusion"));
        folders.push(prefix.join("share/late_fusion"));
        if let Some(prefix) = prefix.parent() {
            folders.push(prefix.join("share/late_fusion"));
        }
    }
    folders
}

/// The library of the highest version in a folder.
fn newest_library(folder: &Path) -> Option<PathBuf> {
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("libonnxruntime.so"))
        .collect();
    found.sort_by_key(|name| version(name));
    found.pop().map(|name| folder.join(name))
}

/// The numbers after `.so`, so that 1.100 is newer than 1.32.
fn version(name: &str) -> Vec<u32> {
    name.trim_start_matches("libonnxruntime.so")
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_path_comes_before_the_variable_and_that_before_the_installation() {
        let installed = tempfile::tempdir().unwrap();
        let executable = installed.path().join("lib/late_fusion/late_fusion_node");
        let shared = installed.path().join("share/late_fusion");
        std::fs::create_dir_all(&shared).unwrap();
        for name in [
            "libonnxruntime.so.1.32.0",
            "libonnxruntime.so.1.100.0",
            "libonnxruntime.a",
        ] {
            std::fs::write(shared.join(name), "").unwrap();
        }
        let variable = || Some(PathBuf::from("/variable.so"));
        let chosen = |path, variable| choose(path, variable, Some(&executable)).unwrap().0;
        let configured = Path::new("/configured.so");
        assert_eq!(chosen(Some(configured), variable()), configured);
        assert_eq!(chosen(None, variable()), Path::new("/variable.so"));
        assert_eq!(chosen(None, None), shared.join("libonnxruntime.so.1.100.0"));
    }

    #[test]
    fn nothing_found_tells_every_place_that_was_tried() {
        let installed = tempfile::tempdir().unwrap();
        let executable = installed.path().join("bin/late_fusion");
        let problem = choose(None, None, Some(&executable))
            .unwrap_err()
            .to_string();
        for place in [VARIABLE, "lib/late_fusion", "share/late_fusion"] {
            assert!(problem.contains(place), "{place} is not in {problem}");
        }
    }
}
