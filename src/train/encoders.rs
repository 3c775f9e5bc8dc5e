//! The frozen encoders: found, identified by their hashes, and loaded once per thread.

use std::collections::BTreeMap;
use std::path::Path;

use super::training_input::TrainingInput;
use crate::encoder::{
    FeatureExtractor, ModelHashes, Probe, Runtime, SessionOptions, hashes_of_model, probe,
    sha256_of,
};
use crate::errors::ConfigErrors;
use crate::spec::{ModalitySpec, SourceSpec, Weights};

/// The extractors of all modalities, by the modality's index.
pub struct Extractors {
    /// Those that are quick, or seldom asked: used where the bag is read.
    pub quick: BTreeMap<usize, FeatureExtractor>,
    /// For each thread those that deserve threads, the vision encoders.
    pub threads: Vec<BTreeMap<usize, FeatureExtractor>>,
}

/// One thread inside a session: the parallel work is many messages, not one message in pieces.
fn options() -> SessionOptions {
    SessionOptions::default()
}

/// More threads than this share no more than the memory's bandwidth.
const MOST_THREADS: usize = 8;

/// Completes the specification of every modality with what its encoder's files say: hashes and the feature's width.
///
/// # Errors
/// Every file that is missing, and every model that does not fit what the training file says of it.
pub fn determine(
    modalities: &mut [ModalitySpec],
    folder: &Path,
    runtime: Option<&Runtime>,
) -> Result<Vec<TrainingInput>, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut inputs = Vec::with_capacity(modalities.len());
    for modality in modalities {
        let mut found = ConfigErrors::new();
        identify(&mut modality.source, folder, &mut found);
        let mut training_input = TrainingInput::undetermined(modality);
        if found.is_empty()
            && let Some(runtime) = runtime
            && needs_encoder(modality)
        {
            let probed = probe(
                &training_input.modality(&modality.name),
                folder,
                runtime,
                &options(),
            )
            .and_then(|probe| complete(modality, &mut training_input, probe));
            if let Err(why) = probed {
                found = why;
            }
        }
        errors.add_all(&format!("modality {}", modality.name), found);
        inputs.push(training_input);
    }
    errors.or(inputs)
}

/// Takes over what was seen of an encoder.
fn complete(
    modality: &mut ModalitySpec,
    training_input: &mut TrainingInput,
    probe: Probe,
) -> Result<(), ConfigErrors> {
    training_input.width = probe.width;
    modality.width = probe.width;
    if let SourceSpec::Image { encoder } = &modality.source
        && let Some(mixtures) = encoder.mixtures()
    {
        let Some(map) = probe.map else {
            return Err(
                "encoder.pooling is a learned one, which needs an output of shape [1, channels, rows, columns]"
                    .to_owned()
                    .into(),
            );
        };
        training_input.map = Some(map);
        modality.width = encoder.pooling.learned_width(mixtures, map);
    }
    Ok(())
}

fn needs_encoder(modality: &ModalitySpec) -> bool {
    matches!(
        modality.source,
        SourceSpec::Image { .. } | SourceSpec::Text { .. }
    )
}

fn identify(source: &mut SourceSpec, folder: &Path, errors: &mut ConfigErrors) {
    let mut model = |file: &Path| {
        let found = hashes_of_model(&folder.join(file));
        found.unwrap_or_else(|why| {
            errors.add_all("encoder.model", why);
            ModelHashes::default()
        })
    };
    match source {
        SourceSpec::Image { encoder } => {
            let found = model(&encoder.model);
            (encoder.sha256, encoder.external_data) = (found.sha256, found.external_data);
        }
        SourceSpec::Text { encoder } => {
            let found = model(&encoder.model);
            (encoder.sha256, encoder.external_data) = (found.sha256, found.external_data);
            match sha256_of(&folder.join(&encoder.tokenizer)) {
                Ok(hash) => encoder.tokenizer_sha256 = hash,
                Err(why) => errors.add_all("encoder.tokenizer", why),
            }
        }
        SourceSpec::Vector { .. } | SourceSpec::Feature { .. } => {}
    }
}

fn is_picture(modality: &ModalitySpec) -> bool {
    matches!(modality.source, SourceSpec::Image { .. })
}

/// Whether any of the modalities needs the ONNX Runtime.
pub fn need_runtime(modalities: &[ModalitySpec]) -> bool {
    modalities.iter().any(needs_encoder)
}

impl Extractors {
    /// Loads the extractors of completed specifications but for those of pictures.
    ///
    /// # Errors
    /// As for [`Extractors::load`].
    pub fn without_pictures(
        modalities: &[ModalitySpec],
        folder: &Path,
        runtime: Option<&Runtime>,
    ) -> Result<Self, ConfigErrors> {
        Ok(Self {
            quick: load(modalities, |m| !is_picture(m), folder, runtime)?,
            threads: Vec::new(),
        })
    }

    /// Loads the extractors of completed specifications, for as many threads as the machine has.
    ///
    /// # Errors
    /// Every one that cannot be loaded.
    pub fn load(
        modalities: &[ModalitySpec],
        folder: &Path,
        runtime: Option<&Runtime>,
    ) -> Result<Self, ConfigErrors> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            quick: load(modalities, |m| !is_picture(m), folder, runtime)?,
            threads: (0..threads.clamp(1, MOST_THREADS))
                .map(|_| load(modalities, is_picture, folder, runtime))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn load(
    modalities: &[ModalitySpec],
    wanted: impl Fn(&ModalitySpec) -> bool,
    folder: &Path,
    runtime: Option<&Runtime>,
) -> Result<BTreeMap<usize, FeatureExtractor>, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut extractors = BTreeMap::new();
    for (i, modality) in modalities.iter().enumerate().filter(|(_, m)| wanted(m)) {
        let loaded = match (&modality.source, runtime) {
            _ if !needs_encoder(modality) => Ok(FeatureExtractor::without_encoder(
                modality,
                &Weights::default(),
            )),
            (_, Some(runtime)) => {
                FeatureExtractor::load(modality, folder, &Weights::default(), runtime, &options())
                    .map(FeatureExtractor::keeping_pictures)
            }
            (_, None) => Err("its encoder needs the ONNX Runtime".to_owned().into()),
        };
        match loaded {
            Ok(extractor) => {
                extractors.insert(i, extractor);
            }
            Err(why) => errors.add_all(&format!("modality {}", modality.name), why),
        }
    }
    errors.or(extractors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_a_model_refers_to_are_recorded_with_it() {
        let text = "{name: scene, kind: image, width: 1, encoder: {model: image_external.onnx, sha256: '', \
                    input: {name: pixel_values, width: 8, height: 8}, output: mean}}";
        let mut modalities: Vec<ModalitySpec> = vec![serde_yaml::from_str(text).unwrap()];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
        determine(&mut modalities, &folder, None).unwrap();
        let SourceSpec::Image { encoder } = &modalities[0].source else {
            panic!("it stays an image");
        };
        let hash = |file: &str| sha256_of(&folder.join(file)).unwrap();
        assert_eq!(encoder.sha256, hash("image_external.onnx"));
        let data = "image_external.data";
        assert_eq!(
            encoder.external_data,
            [(data.to_owned(), hash(data))].into()
        );
    }
}
