//! Methods side by side, what modalities are worth, and policies that do without one.

use late_fusion::policy::Policy;
use late_fusion::train::{CompareOptions, compare, train};

use super::support::*;

fn options(workshop: &Workshop, methods: &[&str]) -> CompareOptions {
    CompareOptions {
        train: workshop.options.clone(),
        seeds: 2,
        methods: methods.iter().map(|m| (*m).to_owned()).collect(),
        align: 8,
    }
}

fn recorded(training_file: &str) -> Workshop {
    let workshop = Workshop::new(training_file);
    record(&workshop.bag("monday.mcap"), 80, 1);
    workshop
}

#[test]
fn a_sense_that_is_missing_shows_in_the_loss_and_every_policy_can_be_run() {
    let workshop = recorded(POINT);
    let methods = ["concat", "vote_soft", "weighted_learned", "without_goal"];
    let comparison = compare(&options(&workshop, &methods)).unwrap();
    assert_eq!(comparison.rows.len(), methods.len());
    let loss = |name: &str| {
        let row = comparison.rows.iter().find(|row| row.name == name).unwrap();
        assert_eq!(row.runs.len(), 2);
        row.spread(|run| run.loss)
    };
    assert!(loss("concat")[2] < 0.05, "{:?}", loss("concat"));
    assert!(loss("without_goal")[0] > 10.0 * loss("concat")[2]);
    for name in methods {
        for seed in 1..3 {
            let folder = workshop.options.out.join(name).join(format!("seed{seed}"));
            let policy = Policy::load(&folder).unwrap();
            assert_eq!(policy.spec().name, format!("point_{name}"));
        }
    }
    let concat = &comparison.rows[0].runs[0];
    assert_ne!(concat.loss, comparison.rows[0].runs[1].loss, "seeds differ");
    for worth in &concat.modalities {
        assert!(worth.sensitivity.unwrap() > 2.0, "{worth:?}");
        assert!((0.2..0.8).contains(&worth.share), "{worth:?}");
    }
    let page = std::fs::read_to_string(workshop.options.out.join("comparison.html")).unwrap();
    for name in methods {
        assert!(page.contains(name));
    }
    assert!(comparison.table().contains("weighted_learned"));
}

#[test]
fn a_row_that_is_not_known_is_named_with_those_that_are() {
    let workshop = recorded(POINT);
    let refusal = compare(&options(&workshop, &["concat", "average"])).unwrap_err();
    assert_names(
        &refusal.to_string(),
        &["\"average\"", "attention_across", "without_place"],
    );
}

#[test]
fn a_modality_that_says_nothing_is_named_loudly() {
    // The goal's topic carries where the point is bound to go; a clock beside it has nothing to do with it.
    let file = POINT.replace(
        "  - {name: goal,",
        "  - {name: noise, topic: noise, kind: vector, names: [n], max_age_s: 0}\n  - {name: goal,",
    );
    let workshop = Workshop::new(&file);
    record_with_noise(&workshop.bag("monday.mcap"), 80);
    let report = train(&workshop.options).unwrap();
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert_names(&report.warnings[0], &["noise", "carries nothing"]);
}

#[test]
fn with_modality_dropout_a_policy_learns_to_do_without() {
    let dropout = POINT.replace("seed: 1", "modality_dropout: 0.3, seed: 1");
    let mut errors = Vec::new();
    for file in [POINT, &dropout] {
        let workshop = recorded(file);
        train(&workshop.options).unwrap();
        let mut policy = Policy::load(&workshop.options.out).unwrap();
        // Without the goal, the best guess at the velocity is the way back to the middle.
        let mut error = 0.0;
        for place in [[0.8, 0.8], [-0.8, 0.4], [0.5, -0.9], [-0.6, -0.7]] {
            let feature = place.map(|v| v as f32);
            let mut action = [0.0; 2];
            policy.act(&[Some(&feature), None], &[0.0; 2], &mut action);
            let wanted = velocity(place, [0.0, 0.0]);
            error += (action[0] - wanted[0]).powi(2) + (action[1] - wanted[1]).powi(2);
            assert!(action.iter().all(|v| v.is_finite()));
        }
        errors.push(error);
    }
    assert!(errors[1] < 1.0, "{errors:?}");
}
