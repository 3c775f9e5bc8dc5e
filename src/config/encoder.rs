//! The parameters of the encoder node, and what they lead to.

use std::path::PathBuf;

use super::declaration::{Checked, Declarations};
use super::encoding;
use super::given::Given;
use super::topic::{message, topic};
use crate::encoder::{FeatureExtractor, Runtime, SessionOptions, accepts};
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::spec::{ModalitySpec, PolicySpec, SourceSpec, Weights};

/// The encoder node's name, unless it is remapped.
pub const ENCODER_NAME: &str = "late_fusion_encoder";

/// Everything that the parameters of one encoder node say.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// The policy folder that names the encoder.
    pub policy: PathBuf,
    /// The policy's modality whose features are published.
    pub modality: String,
    /// The topic that is encoded.
    pub topic: String,
    /// The type of its messages.
    pub message: MessageType,
    /// The least contrast, 0 to 1, with which a picture shows anything.
    pub min_contrast: f64,
    /// Whether a sentence counts that was said before the node started.
    pub accept_earlier: bool,
    /// The ONNX Runtime library, where the look-up is not to find it.
    pub onnxruntime: Option<PathBuf>,
    /// How the encoder is run.
    pub session: SessionOptions,
    /// Whether the time comes from `/clock`.
    pub use_sim_time: bool,
}

/// What can be encoded. A feature is already.
const MESSAGES: [MessageType; 3] = [
    MessageType::Image,
    MessageType::CompressedImage,
    MessageType::String,
];

impl EncoderConfig {
    /// Checks the given parameters.
    ///
    /// # Errors
    /// Every parameter that is unknown, mistyped, missing or out of range.
    pub fn from_parameters(given: impl Into<Given>) -> Result<Checked<Self>, ConfigErrors> {
        let mut declarations =
            Declarations::new(given).documented_in("config/late_fusion_encoder.param.yaml");
        let d = &mut declarations;
        let policy = d.string(
            "policy",
            "",
            "Folder with policy.yaml and weights.safetensors of the policy that will use the features.",
        );
        let modality = d.string(
            "modality",
            "",
            "The policy's modality to encode; its features are published on ~/feature.",
        );
        let topic = topic(d, "topic", "", "Topic to encode.");
        let message = message(d, "message", "", &MESSAGES, "Message type of the topic.");
        let min_contrast = encoding::min_contrast(d, "min_contrast");
        let accept_earlier = d.bool(
            "accept_earlier",
            false,
            "Encode a sentence that was published before the node started and kept by a transient_local publisher.",
        );
        let onnxruntime = encoding::onnxruntime(d);
        let session = encoding::session(d, str::to_owned, &SessionOptions::default());
        let use_sim_time = encoding::use_sim_time(d);
        if message == Some(MessageType::String) && min_contrast > 0.0 {
            d.problem(format!(
                "parameter min_contrast is {min_contrast}, and a sentence has none; leave it at 0.0, or encode pictures"
            ));
        }
        if message.is_some_and(|message| message != MessageType::String) && accept_earlier {
            d.problem(
                "parameter accept_earlier is true, but a picture from before the node started is too old; leave it at \
                 false, or encode sentences",
            );
        }
        if policy.is_empty() {
            d.problem(
                "parameter policy is missing; it must be a folder with policy.yaml and weights.safetensors, as \
                 `late_fusion train` writes it",
            );
        }
        if modality.is_empty() {
            d.problem("parameter modality is missing; it must be the name of one of the policy's modalities");
        }
        let config = message.zip(session).map(|(message, session)| Self {
            policy: policy.into(),
            modality,
            topic,
            message,
            min_contrast,
            accept_earlier,
            onnxruntime,
            session,
            use_sim_time,
        });
        let checked = declarations.finish(())?;
        Ok(checked.with(config.expect("a choice that cannot be parsed is a problem")))
    }
}

/// A modality with its encoder.
pub struct LoadedEncoder {
    /// The modality, as the policy has it.
    pub modality: ModalitySpec,
    /// Its encoder.
    pub extractor: FeatureExtractor,
    /// The fingerprint that its features carry.
    pub fingerprint: String,
}

impl LoadedEncoder {
    /// Loads the encoder that `config` names.
    ///
    /// # Errors
    /// Every problem of the policy, the modality and its encoder, at once where one does not hide the other.
    pub fn new(config: &EncoderConfig) -> Result<Self, ConfigErrors> {
        let spec = PolicySpec::load(&config.policy)?;
        let mut errors = ConfigErrors::new();
        let modality = find(config, &spec).map_err(|problem| errors.add(problem));
        let weights = Weights::load(&config.policy.join("weights.safetensors"))
            .map_err(|found| errors.extend(found));
        let runtime =
            Runtime::load(config.onnxruntime.as_deref()).map_err(|found| errors.extend(found));
        let (Ok(modality), Ok(weights), Ok(runtime)) = (modality, weights, runtime) else {
            return Err(errors);
        };
        let options = &config.session;
        let extractor =
            FeatureExtractor::load(modality, &config.policy, &weights, &runtime, options).map_err(
                |found| {
                    errors.add_all(&format!("modality {}", modality.name), found);
                    errors
                },
            )?;
        Ok(Self {
            fingerprint: extractor.fingerprint().unwrap_or_default().to_owned(),
            modality: modality.clone(),
            extractor: extractor.with_min_contrast(config.min_contrast),
        })
    }
}

/// The modality that the parameters name, if it has an encoder that takes the messages.
fn find<'a>(config: &EncoderConfig, spec: &'a PolicySpec) -> Result<&'a ModalitySpec, String> {
    let name = &config.modality;
    let Some(modality) = spec.modalities.iter().find(|m| m.name == *name) else {
        let names: Vec<&str> = spec.modalities.iter().map(|m| m.name.as_str()).collect();
        return Err(format!(
            "parameter modality is {name:?}: the policy {:?} has no such modality; it has {}",
            spec.name,
            names.join(", ")
        ));
    };
    match modality.source {
        SourceSpec::Image { .. } | SourceSpec::Text { .. } => {
            accepts(&modality.source, config.message)
                .map(|()| modality)
                .map_err(|problem| format!("parameter {problem}"))
        }
        SourceSpec::Vector { .. } | SourceSpec::Feature { .. } => Err(format!(
            "parameter modality is {name:?}, of kind {}, which has no encoder; one of kind image or text is needed",
            modality.source.kind()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Value;

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, Value> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), Value::String((*value).to_owned())))
            .collect()
    }

    #[test]
    fn every_missing_or_wrong_parameter_is_told_at_once() {
        let wrong = given(&[
            ("message", "sensor_msgs/msg/PointCloud2"),
            ("execution_provider", "gpu"),
            ("intra_op_threads", "many"),
            ("modalty", "scene"),
        ]);
        let text = EncoderConfig::from_parameters(wrong)
            .unwrap_err()
            .to_string();
        for part in [
            "parameter policy is missing",
            "parameter modality is missing",
            "parameter topic is \"\"",
            "parameter message is \"sensor_msgs/msg/PointCloud2\"",
            "sensor_msgs/msg/Image",
            "execution_provider is \"gpu\"",
            "intra_op_threads is \"many\"",
            "modalty is unknown; did you mean modality?",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        let other = given(&[("control_rate_hz", "fast")]);
        let text = EncoderConfig::from_parameters(other)
            .unwrap_err()
            .to_string();
        assert!(text.contains("late_fusion_encoder.param.yaml"), "{text}");
    }

    #[test]
    fn only_a_picture_has_contrast() {
        let mut parameters = given(&[
            ("policy", "p"),
            ("modality", "m"),
            ("topic", "t"),
            ("message", "sensor_msgs/msg/CompressedImage"),
        ]);
        parameters.insert("min_contrast".to_owned(), Value::Double(0.03));
        let checked = EncoderConfig::from_parameters(parameters.clone()).unwrap();
        assert_eq!(checked.config.min_contrast, 0.03);
        let text = Value::String("std_msgs/msg/String".to_owned());
        parameters.insert("message".to_owned(), text);
        let refusal = EncoderConfig::from_parameters(parameters).unwrap_err();
        assert!(
            refusal.to_string().contains("min_contrast is 0.03"),
            "{refusal}"
        );
    }

    #[test]
    fn the_shipped_file_loads_and_names_a_modality_of_the_shipped_policy() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = root.join("config/late_fusion_encoder.param.yaml");
        let arguments = crate::config::RosArguments::of_files([path]);
        let overrides = crate::config::Overrides::read(&arguments).unwrap();
        let given = overrides.of(&arguments.node(ENCODER_NAME)).unwrap();
        let config = EncoderConfig::from_parameters(given).unwrap().config;
        let spec = PolicySpec::load(&root.join(&config.policy)).unwrap();
        assert_eq!(find(&config, &spec).unwrap().name, config.modality);
    }

    #[test]
    fn only_a_modality_with_an_encoder_can_be_encoded() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let spec = PolicySpec::load(&root.join("models/policies/tabletop")).unwrap();
        let refusal = |modality: &str, message: &str| {
            let pairs = [
                ("policy", "p"),
                ("modality", modality),
                ("topic", "t"),
                ("message", message),
            ];
            let checked = EncoderConfig::from_parameters(given(&pairs)).unwrap();
            find(&checked.config, &spec).unwrap_err()
        };
        let text = refusal("secne", "sensor_msgs/msg/Image");
        assert!(
            text.contains("\"secne\"") && text.contains("scene"),
            "{text}"
        );
        let text = refusal("joints", "sensor_msgs/msg/Image");
        assert!(text.contains("kind vector"), "{text}");
        let text = refusal("scene", "std_msgs/msg/String");
        assert!(text.contains("parameter message is std_msgs"), "{text}");
    }
}
