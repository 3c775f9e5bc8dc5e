//! The parameters of the node, each with its type, default, range and description.

use std::path::PathBuf;
use std::time::Duration;

use super::action::ActionConfig;
use super::bounds::{AGES_S, Bounds};
use super::declaration::{Checked, Declarations};
use super::given::Given;
use super::permission::PermissionConfig;
use super::record::RecordConfig;
use super::stop::StopConfig;
use super::topic::{message_of_numbers, topic};
use super::watching::{self, DashboardConfig};
use super::{autostart, distance, encoding, ensemble, frozen, realtime};
use crate::chunk::Ensemble;
use crate::control::Freshness;
use crate::encoder::SessionOptions;
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::realtime::Realtime;
use crate::safety::Patience;

/// Everything that the parameters of one node say.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeConfig {
    /// The policy folder; empty for a tool that needs none, such as the recorder.
    pub policy: PathBuf,
    /// Whether the node configures and activates itself when it starts.
    pub autostart: bool,
    /// The ONNX Runtime library, where the look-up is not to find it.
    pub onnxruntime: Option<PathBuf>,
    /// How encoders are run, unless a modality has its own parameters for that.
    pub session: SessionOptions,
    /// Commands per second.
    pub control_rate_hz: f64,
    /// Whether a tick waits for the answer to the simulator's newest observation.
    pub lockstep: bool,
    /// How chunks of actions that overlap are put together.
    pub ensemble: Ensemble,
    /// How often per second contributions are computed and published; 0 for never.
    pub contributions_rate_hz: f64,
    /// Whether the time comes from `/clock`.
    pub use_sim_time: bool,
    /// What the control thread asks of the kernel.
    pub realtime: Realtime,
    /// For how many seconds no command may leave before the supervisor stops the robot, where three periods are less.
    pub min_silence_s: f64,
    /// The modalities and their topics, by name in alphabetical order.
    pub modalities: Vec<ModalityConfig>,
    /// The command topic.
    pub action: ActionConfig,
    /// Who may move the robot.
    pub permission: PermissionConfig,
    /// What a stop is.
    pub stop: StopConfig,
    /// The recorder's topics.
    pub record: RecordConfig,
    /// How often per second the debug image is published at most; 0 for never.
    pub debug_image_rate_hz: f64,
    /// The page to watch the node on, where there is to be one.
    pub dashboard: Option<DashboardConfig>,
}

/// One modality's topic and what the control loop asks of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModalityConfig {
    /// The policy's name for it.
    pub name: String,
    /// The topic it comes from.
    pub topic: String,
    /// The type of its messages.
    pub message: MessageType,
    /// Whether the node subscribes to it; if not, it is fused as missing.
    pub enabled: bool,
    /// Whether the robot must stop without it.
    pub required: bool,
    /// The maximum age in seconds; `None` for any age.
    pub max_age_s: Option<f64>,
    /// How far ahead of the node's clock a stamp may be, in seconds.
    pub max_future_s: f64,
    /// How much later than what it shows a message is stamped, in seconds.
    pub stamp_delay_s: f64,
    /// Whether a sentence or a feature counts that was published before the node started or the robot was enabled.
    pub accept_earlier: bool,
    /// The least difference between the brightest and the darkest number of a picture, as a part of the full range, with
    /// which it shows anything; 0 for any.
    pub min_contrast: f64,
    /// For how long pictures may be the same byte for byte, in seconds; infinite for any time.
    pub max_frozen_s: f64,
    /// How far from the training data a feature may be, as a multiple of what is usual; infinite for any distance.
    pub max_distance: f64,
    /// How its encoder is run, where it has one.
    pub session: SessionOptions,
}

/// Clocks that disagree by more than this agree on nothing.
const LONGEST_FUTURE_S: f64 = 60.0;

/// A stamp that is later than this is of something else.
const LONGEST_STAMP_DELAY_S: f64 = 1.0;

const ACCEPT_EARLIER: &str = "Accept a sentence (or a feature without maximum age) that was published before the node started and kept by a \
     transient_local publisher, or before the robot was enabled (~/enable) or activated or its emergency stop was reset. If \
     false, the robot waits for a new one.";

const MODALITY_MESSAGES: [MessageType; 7] = [
    MessageType::Image,
    MessageType::CompressedImage,
    MessageType::String,
    MessageType::JointState,
    MessageType::Float32MultiArray,
    MessageType::Float64MultiArray,
    MessageType::PointCloud2,
];

impl NodeConfig {
    /// The topics on which a demonstrator says what is to be done, with their types.
    pub fn demonstrated(&self) -> impl Iterator<Item = (&String, MessageType)> {
        let commands = &self.action.commands;
        let is_only = commands.len() == 1;
        let record = &self.record;
        commands.iter().map(move |command| match is_only {
            true => (
                &record.expert_action_topic,
                record.expert_action_message.unwrap_or(command.message),
            ),
            false => (&command.topic, command.message),
        })
    }

    /// How long no command may leave while the node drives. Simulated time may stand still.
    pub fn patience(&self) -> Patience {
        match self.use_sim_time {
            true => Patience::unlimited(),
            false => Patience::periods(
                Duration::from_secs_f64(1.0 / self.control_rate_hz),
                Duration::from_secs_f64(self.min_silence_s),
            ),
        }
    }

    /// Checks the given parameters.
    ///
    /// # Errors
    /// Every parameter that is unknown, mistyped, missing or out of range.
    pub fn from_parameters(given: impl Into<Given>) -> Result<Checked<Self>, ConfigErrors> {
        let mut declarations = Declarations::new(given);
        let d = &mut declarations;
        let policy = d.string(
            "policy",
            "",
            "Folder with policy.yaml and weights.safetensors, as written by late_fusion train. Setting it on a running \
             node swaps to that policy between two commands.",
        );
        let autostart = autostart::declare(d);
        let onnxruntime = encoding::onnxruntime(d);
        let session = encoding::session(d, str::to_owned, &SessionOptions::default());
        let control_rate_hz = d.double(
            "control_rate_hz",
            20.0,
            0.1..=1000.0,
            "Control rate: commands per second, in Hz.",
        );
        let lockstep = d.bool(
            "lockstep",
            false,
            "For a simulator that waits for each command (requires use_sim_time): one command per observation, as soon \
             as every camera and vector is encoded.",
        );
        let use_sim_time = encoding::use_sim_time(d);
        let ensemble = ensemble::declare(d);
        let realtime = realtime::declare(d);
        let min_silence_s = realtime::min_silence_s(d);
        let contributions_rate_hz = d.double(
            "contributions_rate_hz",
            5.0,
            Bounds::or(0.01..=100.0, 0.0, "for never"),
            "Rate of ~/contributions (attribution) and ~/fusion (weights or votes), in Hz; 0 for never.",
        );
        if lockstep && !use_sim_time {
            d.problem("parameter lockstep is true but use_sim_time is false; lockstep needs simulated time");
        }
        let modalities = d
            .names_under("modalities")
            .into_iter()
            .filter_map(|name| ModalityConfig::declare(d, name, session.as_ref()))
            .collect();
        let action = ActionConfig::declare(d);
        let stop = StopConfig::declare(d);
        let permission = PermissionConfig::declare(d);
        let record = RecordConfig::declare(d);
        let debug_image_rate_hz = watching::debug_image_rate_hz(d);
        let dashboard = DashboardConfig::declare(d);
        let config = session
            .zip(ensemble)
            .zip(action.zip(stop).zip(permission))
            .map(|((session, ensemble), ((action, stop), permission))| Self {
                policy: policy.into(),
                autostart,
                onnxruntime,
                session,
                control_rate_hz,
                lockstep,
                ensemble,
                contributions_rate_hz,
                use_sim_time,
                realtime,
                min_silence_s,
                modalities,
                action,
                stop,
                permission,
                record,
                debug_image_rate_hz,
                dashboard,
            });
        let checked = declarations.finish(())?;
        Ok(checked.with(config.expect("a choice that cannot be parsed is a problem")))
    }
}

impl ModalityConfig {
    /// Whether a message holds until the next one, so that none may be lost: a sentence, and a ready-made feature of any
    /// age.
    pub fn is_latched(&self) -> bool {
        match self.message {
            MessageType::String => true,
            MessageType::PointCloud2 => self.max_age_s.is_none(),
            _ => false,
        }
    }

    /// What the control loop asks of it.
    pub fn freshness(&self) -> Freshness {
        // What has no header is stamped on arrival: only a clock that was turned back puts that into the future, and what
        // holds until the next message goes on holding.
        let is_stamped_on_arrival = !self.message.has_header();
        Freshness {
            required: self.required,
            max_age_s: self.max_age_s,
            max_future_s: match self.max_age_s.is_none() && is_stamped_on_arrival {
                true => f64::INFINITY,
                false => self.max_future_s,
            },
            ends_with_epoch: self.is_latched() && !self.accept_earlier,
        }
    }

    fn declare(d: &mut Declarations, name: String, node: Option<&SessionOptions>) -> Option<Self> {
        let key = |parameter: &str| format!("modalities.{name}.{parameter}");
        let topic = topic(d, &key("topic"), "", "Topic of this modality.");
        let message = message_of_numbers(
            d,
            &key("message"),
            "",
            &MODALITY_MESSAGES,
            "Message type of the topic.",
        );
        let enabled = d.bool(
            &key("enabled"),
            true,
            "Subscribe to this modality; if false it is treated as missing.",
        );
        let required = d.bool(
            &key("required"),
            enabled,
            "Stop the robot while this modality is missing or too old. Default: the value of enabled.",
        );
        if required && !enabled {
            d.problem(format!(
                "parameter {} is true but {} is false; a modality that is not enabled cannot be required",
                key("required"),
                key("enabled")
            ));
        }
        // An instruction holds until the next one; everything else ages.
        let default_age_s = match message {
            Some(MessageType::String) => f64::INFINITY,
            _ => 0.5,
        };
        let max_age_s = d.double(
            &key("max_age_s"),
            default_age_s,
            Bounds::or(AGES_S, f64::INFINITY, "for any age"),
            "Maximum age in seconds; .inf for any age.",
        );
        let max_future_s = d.double(
            &key("max_future_s"),
            Freshness::MAX_FUTURE_S,
            0.0..=LONGEST_FUTURE_S,
            "How far a stamp may be ahead of the node's clock, in seconds.",
        );
        let stamp_delay_s = d.double(
            &key("stamp_delay_s"),
            0.0,
            0.0..=LONGEST_STAMP_DELAY_S,
            "Seconds from the measurement (a picture's exposure) to the stamp of its message, for drivers that stamp what \
             they receive. Subtracted from every stamp.",
        );
        let min_contrast = match message {
            Some(MessageType::Image | MessageType::CompressedImage) => {
                encoding::min_contrast(d, &key("min_contrast"))
            }
            _ => 0.0,
        };
        let max_frozen_s = frozen::declare(d, &key, message, max_age_s);
        let node = node.cloned().unwrap_or_default();
        let session = match message {
            Some(MessageType::Image | MessageType::CompressedImage | MessageType::String) => {
                encoding::session(d, key, &node)
            }
            _ => Some(node),
        };
        let accept_earlier = match message {
            Some(MessageType::String | MessageType::PointCloud2) => {
                d.bool(&key("accept_earlier"), false, ACCEPT_EARLIER)
            }
            _ => false,
        };
        if accept_earlier && message == Some(MessageType::PointCloud2) && max_age_s.is_finite() {
            d.problem(format!(
                "parameter {} is true, but {} is {max_age_s}: a feature from before the node started would be too old; \
                 with {}: .inf it holds until the next one",
                key("accept_earlier"),
                key("max_age_s"),
                key("max_age_s"),
            ));
        }
        Some(Self {
            topic,
            message: message?,
            min_contrast,
            max_frozen_s,
            max_distance: distance::declare(d, &key("max_distance")),
            session: session?,
            accept_earlier,
            enabled,
            required,
            max_age_s: max_age_s.is_finite().then_some(max_age_s),
            max_future_s,
            stamp_delay_s,
            name,
        })
    }
}

#[cfg(test)]
mod tests;
