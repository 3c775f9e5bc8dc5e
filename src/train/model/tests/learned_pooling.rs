//! A camera whose map of 3 channels, 4 rows and 5 columns is pooled by something learned.

use super::*;
use crate::encoder::LearnedPooling as Running;
use crate::map::MapShape;
use crate::spec::{ImageEncoderSpec, Pooling};

const MAP: MapShape = MapShape {
    channels: 3,
    rows: 4,
    columns: 5,
};

const POOLINGS: [&str; 2] = ["spatial_softmax, keypoints: 2", "convolution, filters: 2"];

fn built(pooling: &str) -> (PolicySpec, Pooling, Model) {
    let mut spec = spec([None; 3], "{method: concat}", HEAD);
    let encoder: ImageEncoderSpec = serde_yaml::from_str(&format!(
        "{{model: m.onnx, \
         sha256: '0000000000000000000000000000000000000000000000000000000000000000', \
         input: {{name: x, width: 8, height: 8}}, output: map, pooling: {pooling}}}",
    ))
    .unwrap();
    let pooling = encoder.pooling;
    spec.modalities[0].width = pooling.learned_width(2, MAP);
    spec.modalities[0].source = SourceSpec::Image { encoder };
    let mut inputs: Vec<TrainingInput> = spec
        .modalities
        .iter()
        .map(TrainingInput::undetermined)
        .collect();
    inputs[0].map = Some(MAP);
    inputs[0].width = 60;
    let per_channel = |values: [f32; 3]| values.into_iter().flat_map(|v| [v; 20]).collect();
    let standard = Normalizer {
        mean: per_channel([0.5, -1.0, 2.0]),
        std: per_channel([0.5, 2.0, 1.0]),
    };
    let standards = vec![standard, Normalizer::untouched(7), Normalizer::untouched(2)];
    let model = Model::new(&spec, &inputs, standards, true, 3).unwrap();
    (spec, pooling, model)
}

#[test]
fn the_node_pools_as_was_trained() {
    for (pooling, width) in POOLINGS.into_iter().zip([4, 40]) {
        let (spec, pooling, model) = built(pooling);
        let weights = model.weights(&Normalizer::untouched(3), &[]).unwrap();
        assert!(Policy::<f32>::build(spec.clone(), "".as_ref(), &weights).is_ok());
        let mut running = Running::load(pooling, "scene", 2, MAP, &weights).unwrap();
        assert_eq!(running.width(), width);
        let mut numbers = Numbers(StdRng::seed_from_u64(1));
        for _ in 0..20 {
            let map = numbers.between(-3.0, 3.0, 60);
            let mut feature = vec![0.0; width];
            running.pool(&map, &mut feature);
            let features = [map, vec![0.0; 7], vec![0.0; 2]];
            let parts = model
                .parts(&batch(&spec, &features, [true; 3]), &mut Undisturbed)
                .unwrap();
            let trained = parts.projected[0].flatten_all().unwrap();
            let trained: Vec<f32> = trained.to_vec1().unwrap();
            assert_eq!(feature.len(), trained.len());
            for (run, trained) in feature.iter().zip(trained) {
                assert!((run - trained).abs() < 1e-5, "{pooling:?}: {feature:?}");
            }
        }
    }
}

#[test]
fn gradients_go_through_what_is_learned() {
    for pooling in POOLINGS {
        let (spec, _, model) = built(pooling);
        let mut numbers = Numbers(StdRng::seed_from_u64(4));
        let map = numbers.between(-3.0, 3.0, 60);
        let batch = batch(&spec, &[map, vec![0.5; 7], vec![0.5; 2]], [true; 3]);
        let compared = compare(&model, || model.loss(&batch, &mut Undisturbed).unwrap());
        assert!(compared.0 > 50 && compared.1 > 5, "{pooling}: {compared:?}");
    }
}
