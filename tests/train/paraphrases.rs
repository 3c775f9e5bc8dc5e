//! Sentences are mixed while the same is meant, and no further.

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
