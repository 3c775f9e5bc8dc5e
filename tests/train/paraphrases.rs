//! Sentences are mixed while the same is meant, and no further.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use late_fusion::policy::Policy;
use late_fusion::train::train;

use super::support::*;

/// A training file in which only a sentence tells what to do.
fn told(paraphrase_augmentation: bool) -> String {
    let (before, rest) = POINT.split_once("\n  - {name: goal").unwrap();
    let (_, after) = rest.split_once("\naction:").unwrap();
    format!("{before}{}\naction:{after}", instruction("")).replace(
        "seed: 1",
        &format!("seed: 1, paraphrase_augmentation: {paraphrase_augmentation}"),
    )
}

/// Records episodes in each of which first one thing is meant, in two paraphrases, and then the opposite, in two others.
fn record_a_change_of_mind(workshop: &Workshop, is_marked: bool) {
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    for episode in 0..20 {
        let mut meanings = [
            (1.0, ["open the drawer", "drawer open"]),
            (-1.0, ["close the drawer", "drawer closed"]),
        ];
        meanings.rotate_left(episode % 2);
        recorder.say(meanings[0].1[0]);
        recorder.mark("start");
        for (number, (velocity, paraphrases)) in meanings.into_iter().enumerate() {
            for (again, sentence) in paraphrases.into_iter().enumerate() {
                recorder.say(sentence);
                if is_marked && (number, again) == (1, 0) {
                    recorder.mark("change");
                }
                for _ in 0..4 {
                    let stamp = recorder.now();
                    recorder.place(stamp, [0.0, 0.0]);
                    recorder.label(stamp, [velocity, -velocity]);
                }
            }
        }
        recorder.mark("success");
    }
    recorder.finish();
}

#[test]
fn sentences_are_mixed_up_to_where_something_else_is_meant() {
    let loss = |paraphrase_augmentation: bool, is_marked: bool| {
        let workshop = Workshop::new(&told(paraphrase_augmentation));
        record_a_change_of_mind(&workshop, is_marked);
        let report = train(&workshop.options).unwrap();
        report.epochs.last().unwrap().training_loss
    };
    // In units of the labels' variance: 0 where every sentence has its answer, 1 where any could mean either.
    let (told_as_said, mixed, mixed_across) =
        (loss(false, false), loss(true, true), loss(true, false));
    assert!(told_as_said < 0.05, "{told_as_said}");
    assert!(mixed < 0.05, "{mixed}");
    assert!(mixed_across > 0.5, "{mixed_across}");
}

/// A training file in which only a sentence tells what to do, for an encoder that knows the language.
fn told_in_english(max_tokens: usize, typos: usize) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = |folder: &str| root.join(folder).display().to_string();
    let (small, real) = (folder("tests/models"), folder("models/encoders/minilm_l6"));
    // The small encoder knows a few words, and takes all others for the same one.
    told(true)
        .replace(
            &format!("{small}/text_i32.onnx"),
            &format!("{real}/model.onnx"),
        )
        .replace(
            &format!("{small}/tokenizer.json"),
            &format!("{real}/tokenizer.json"),
        )
        .replace("max_tokens: 16", &format!("max_tokens: {max_tokens}"))
        .replace("seed: 1", &format!("seed: 1, typos: {typos}"))
}

/// The mean error of a policy that was told to go one way or the other in words with typing errors.
fn error_when_mistyped(typos: usize) -> f64 {
    let workshop = Workshop::new(&told_in_english(64, typos));
    record_a_change_of_mind(&workshop, true);
    train(&workshop.options).unwrap();
    let mut policy = Policy::load(&workshop.options.out).unwrap();
    let mut ear = extractor_of(&workshop.options.out, 1);
    let told = [
        ("opne the drawer", 1.0),
        ("open the drwaer", 1.0),
        ("open teh draewr", 1.0),
        ("drawr open", 1.0),
        ("drawer oepn", 1.0),
        ("clsoe the drawer", -1.0),
        ("cloose the draawer", -1.0),
        ("close the drawre", -1.0),
        ("drawer clsoed", -1.0),
        ("drawwer cloed", -1.0),
    ];
    let errors = told.map(|(sentence, velocity)| {
        let (mut feature, mut action) = (vec![0.0; ear.width()], [0.0; 2]);
        ear.extract_sentence(sentence, &mut feature).unwrap();
        policy.act(&[Some(&[0.0, 0.0]), Some(&feature)], &[0.0; 2], &mut action);
        f64::abs(action[0] - velocity)
    });
    println!("{typos}: {errors:.2?}");
    errors.iter().sum::<f64>() / errors.len() as f64
}

#[test]
fn who_learned_from_typing_errors_minds_them_less() {
    let (plain, hardened) = (error_when_mistyped(0), error_when_mistyped(2));
    assert!(2.0 * hardened < plain, "{hardened} and {plain}");
}

#[test]
fn a_typing_error_that_makes_a_sentence_too_long_for_its_encoder_is_left_out() {
    // With its first and last token the longest sentence has five, and mistyped words have more tokens than right ones.
    let workshop = Workshop::new(&told_in_english(5, 2));
    record_a_change_of_mind(&workshop, true);
    let report = train(&workshop.options).unwrap();
    assert!(report.epochs.last().unwrap().training_loss < 0.05);
    let mut ear = extractor_of(&workshop.options.out, 1);
    let mut feature = vec![0.0; ear.width()];
    ear.extract_sentence("close the drawer", &mut feature)
        .unwrap();
    let refusal = ear.extract_sentence("clsoe the draewr", &mut feature);
    assert_names(&refusal.unwrap_err().to_string(), &["5 tokens"]);
}

#[test]
fn mistyped_sentences_are_encoded_once_and_others_where_more_words_are_mistyped() {
    let kept = |typos| {
        let mut workshop = Workshop::new(&told_in_english(64, typos));
        record_a_change_of_mind(&workshop, true);
        workshop.options.force = true;
        let weights = |workshop: &Workshop| {
            train(&workshop.options).unwrap();
            fs::read(workshop.options.out.join("weights.safetensors")).unwrap()
        };
        let first = weights(&workshop);
        let files = kept_features(&workshop.options.cache);
        let inodes = || -> Vec<u64> {
            let each = files.iter();
            each.map(|file| fs::metadata(file).unwrap().ino()).collect()
        };
        let before = inodes();
        assert!(
            weights(&workshop) == first,
            "what is kept gives the same policy"
        );
        assert_eq!(inodes(), before, "nothing is written anew");
        files[0].file_name().unwrap().to_owned()
    };
    assert_ne!(kept(1), kept(2));
}

#[test]
fn typing_errors_where_there_is_no_sentence_to_mistype_are_refused() {
    let workshop = Workshop::new(&POINT.replace("seed: 1", "seed: 1, typos: 9"));
    record(&workshop.bag("bag.mcap"), 1, 1);
    assert_names(
        &workshop.refusal(),
        &[
            "training.typos is 9; 0 to 8 words",
            "no modality is of the kind text",
        ],
    );
    let file = told(false).replace("kind: text", "kind: text\n    history: 2");
    let workshop = Workshop::new(&file.replace("seed: 1", "seed: 1, typos: 1"));
    record_a_change_of_mind(&workshop, true);
    assert_names(
        &workshop.refusal(),
        &["modality instruction has a history of 2"],
    );
}
