//! A training that is interrupted goes on where it was, and comes to the same as one that was not.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use late_fusion::train::train;

use super::encoders;
use super::support::*;

/// The program, writing a checkpoint after every step.
fn program(workshop: &Workshop) -> Command {
    let options = &workshop.options;
    let mut command = Command::new(env!("CARGO_BIN_EXE_late_fusion"));
    command
        .args(["train", "--checkpoint-every-s", "0", "--out"])
        .arg(&options.out)
        .args(["--cache".as_ref(), options.cache.as_os_str()])
        .arg(&options.file)
        .args(&options.bags)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn weights(workshop: &Workshop) -> Vec<u8> {
    fs::read(workshop.options.out.join("weights.safetensors")).unwrap()
}

fn checkpoint(workshop: &Workshop) -> PathBuf {
    workshop.path(".policy.checkpoint")
}

/// Starts a training and kills it behind its next checkpoint. Where it was over before, it is started anew.
fn interrupt(workshop: &Workshop) -> Output {
    let path = checkpoint(workshop);
    let state = || fs::metadata(&path).and_then(|m| m.modified()).ok();
    loop {
        let before = state();
        let mut process = program(workshop).spawn().unwrap();
        while state() == before && process.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = process.kill();
        let output = process.wait_with_output().unwrap();
        if !output.status.success() {
            assert!(path.exists(), "{}", said(&output));
            return output;
        }
        fs::remove_dir_all(&workshop.options.out).unwrap();
    }
}

/// Sentences, pictures and joints, with everything that is drawn at random.
fn workshop() -> Workshop {
    let workshop = encoders::workshop();
    let file = fs::read_to_string(&workshop.options.file).unwrap();
    let drawn = "input_noise: 0.1, dropout: 0.2, modality_dropout: 0.2, paraphrase_augmentation: true, seed: 1";
    let file = file.replace("seed: 1", drawn);
    let file = file
        .replace("epochs: 2", "epochs: 12")
        .replace("batch_size: 32", "batch_size: 9");
    fs::write(&workshop.options.file, file).unwrap();
    workshop
}

#[test]
fn killed_again_and_again_it_learns_the_same_weights() {
    let workshop = workshop();
    train(&workshop.options).unwrap();
    let whole = weights(&workshop);
    fs::remove_dir_all(&workshop.options.out).unwrap();
    assert!(
        !checkpoint(&workshop).exists(),
        "one that is over leaves none"
    );
    for _ in 0..3 {
        interrupt(&workshop);
        assert!(!workshop.options.out.exists());
    }
    let output = program(&workshop).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_names(
        &said(&output),
        &["resumes after", "steps, from", ".policy.checkpoint"],
    );
    assert!(weights(&workshop) == whole);
    assert!(!checkpoint(&workshop).exists(), "nor does one that went on");
}

#[test]
fn a_checkpoint_of_another_training_is_not_used_and_that_is_said() {
    let mut workshop = workshop();
    let checkpoint = checkpoint(&workshop);
    interrupt(&workshop);
    let kept = fs::read(&checkpoint).unwrap();
    let says = |workshop: &Workshop, why: &str| {
        let _ = fs::remove_dir_all(&workshop.options.out);
        let output = program(workshop).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        assert_names(&said(&output), &[".policy.checkpoint is not used", why]);
        fs::write(&checkpoint, &kept).unwrap();
        weights(workshop)
    };
    let file = fs::read_to_string(&workshop.options.file).unwrap();
    let other = file.replace("learning_rate: 0.01", "learning_rate: 0.02");
    fs::write(&workshop.options.file, other).unwrap();
    says(&workshop, "of another training file or seed");
    fs::write(&workshop.options.file, &file).unwrap();
    workshop.options.bags = vec![workshop.bag("a.mcap")];
    let less = says(&workshop, "of other recordings");
    fs::write(&checkpoint, &kept[..kept.len() / 2]).unwrap();
    assert!(
        says(&workshop, "bytes instead") == less,
        "nothing of it was used"
    );
}

#[test]
fn features_that_were_made_before_an_interruption_are_not_made_again() {
    let workshop = workshop();
    train(&workshop.options).unwrap();
    let whole = weights(&workshop);
    // As if it had been interrupted between the pieces of two bags, while another training was writing.
    let one = kept_features(&workshop.options.cache).remove(0);
    fs::rename(&one, one.with_extension("77.0.tmp")).unwrap();
    fs::remove_dir_all(&workshop.options.out).unwrap();
    let report = train(&workshop.options).unwrap();
    assert_eq!((report.pictures.encoded, report.pictures.cached), (38, 38));
    assert!(weights(&workshop) == whole);
}
