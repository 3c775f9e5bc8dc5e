//! Methods side by side, what modalities are worth, and policies that do without one.

use late_fusion::policy::Policy;
use late_fusion::train::{CompareOptions, compare, dataset, train};

use super::support::*;

fn options(workshop: &Workshop, methods: &[&str]) -> CompareOptions {
    CompareOptions {
        train: workshop.options.clone(),
        seeds: 2,
        methods: methods.iter().map(|m| (*m).to_owned()).collect(),
        projection: 8,
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
    let file = POINT.replace(
        "  - {name: goal,",
        "  - {name: constant, topic: constant, kind: vector, names: [n], max_age_s: .inf}\n  - {name: goal,",
    );
    let workshop = Workshop::new(&file);
    record_with_constant(&workshop.bag("monday.mcap"), 80);
    let report = train(&workshop.options).unwrap();
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert_names(&report.warnings[0], &["constant", "is constant"]);
}

#[test]
fn with_modality_dropout_a_policy_learns_to_do_without() {
    let dropout = POINT.replace("seed: 1", "modality_dropout: 0.3, seed: 1");
    let mut losses = Vec::new();
    for file in [POINT, &dropout] {
        let workshop = recorded(file);
        train(&workshop.options).unwrap();
        let mut policy = Policy::load(&workshop.options.out).unwrap();
        let samples = dataset(&workshop.options).unwrap();
        let mut sum = 0.0;
        for sample in 0..samples.len() {
            let place = samples.features[0].row(samples.rows[0][sample] as usize);
            let place = place.unwrap();
            let mut action = [0.0; 2];
            policy.act(&[Some(&*place), None], &[0.0; 2], &mut action);
            let label = samples.labels.row(sample);
            for i in 0..2 {
                sum += (action[i] - f64::from(label[i])).powi(2);
            }
        }
        losses.push(sum / samples.len() as f64);
    }
    // Where it should go nobody knows without the goal; but how to guess can be learned.
    assert!(losses[1] < 0.8 * losses[0], "{losses:?}");
}
