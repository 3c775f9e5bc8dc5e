//! A library that cannot be used. A process can load one library only, so each case runs this test program again.

use std::path::{Path, PathBuf};
use std::process::Command;

use late_fusion::encoder::Runtime;

use crate::support::{assert_names, runtime};

const VARIABLE: &str = "LATE_FUSION_ONNXRUNTIME";

/// Not a test of its own: what the other tests run in a process of its own.
#[test]
#[ignore = "run by the other tests of this file"]
fn load_in_this_process() {
    match Runtime::load(None) {
        Ok(runtime) => println!("loaded {}", runtime.path().display()),
        Err(errors) => println!("refused {errors}"),
    }
}

/// What a fresh process says to the library at `path`.
fn loading(path: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "library::load_in_this_process",
            "--ignored",
            "--nocapture",
        ])
        .env(VARIABLE, path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "it ended with {}: {said}",
        output.status
    );
    said
}

/// Builds a shared library of a few lines.
fn library(folder: &Path, name: &str, source: &str) -> PathBuf {
    let (source_file, library) = (
        folder.join(format!("{name}.rs")),
        folder.join(format!("lib{name}.so")),
    );
    std::fs::write(&source_file, source).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "cdylib", "-o"])
        .args([&library, &source_file])
        .status();
    assert!(built.unwrap().success(), "rustc builds {name}");
    library
}

#[test]
fn the_real_one_is_loaded_and_a_second_one_refused() {
    let loaded = runtime();
    let again = Runtime::load(Some(loaded.path())).unwrap();
    assert_eq!(again.path(), loaded.path());
    let other = tempfile::NamedTempFile::new().unwrap();
    let problem = Runtime::load(Some(other.path())).err().unwrap().to_string();
    let shown = loaded.path().display().to_string();
    assert_names(
        &problem,
        &[other.path().to_str().unwrap(), "only one", &shown],
    );
}

#[test]
fn a_missing_library() {
    let said = loading(Path::new("/nowhere/libonnxruntime.so"));
    assert_names(
        &said,
        &[
            "refused",
            "/nowhere/libonnxruntime.so",
            VARIABLE,
            "No such file",
        ],
    );
}

#[test]
fn a_file_that_is_no_library() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "not a library").unwrap();
    let said = loading(file.path());
    assert_names(
        &said,
        &["refused", file.path().to_str().unwrap(), VARIABLE, "1.24"],
    );
}

#[test]
fn a_library_that_is_no_onnx_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let other = library(
        folder.path(),
        "other",
        "#[unsafe(no_mangle)] pub extern \"C\" fn nothing() {}",
    );
    let said = loading(&other);
    assert_names(&said, &["refused", "libother.so", "OrtGetApiBase", "1.24"]);
}

#[test]
fn an_onnx_runtime_that_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let old = library(
        folder.path(),
        "old",
        r#"
        #[repr(C)]
        pub struct ApiBase(extern "C" fn(u32) -> usize, extern "C" fn() -> *const u8);
        extern "C" fn api(_: u32) -> usize { 0 }
        extern "C" fn version() -> *const u8 { c"1.16.3".as_ptr().cast() }
        static BASE: ApiBase = ApiBase(api, version);
        #[unsafe(no_mangle)]
        pub extern "C" fn OrtGetApiBase() -> *const ApiBase { &BASE }
        "#,
    );
    let said = loading(&old);
    assert_names(&said, &["refused", "libold.so", "1.16.3", "1.24"]);
}
