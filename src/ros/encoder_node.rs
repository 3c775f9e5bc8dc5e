//! The encoder node: one modality of a policy, encoded on this machine for a node on another.

use std::sync::Arc;
use std::time::Duration;

use r2r::QosProfile;

use super::context;
use super::encoder_status::EncoderStatus;
use super::fixed_parameters::FixedParameters;
use super::graph_watch::GraphWatch;
use super::logger;
use super::logger_levels::LoggerLevels;
use super::modality_topic::{ModalityTopic, Wanted};
use super::node::follow_clock;
use super::signals::watch_signals;
use super::subscription::Subscription;
use super::trace_topic::TraceTopic;
use super::watcher::Watcher;
use crate::clock::Clock;
use crate::config::{ENCODER_NAME, EncoderConfig, LoadedEncoder, words};
use crate::control::{Freshness, Tracing};
use crate::errors::ConfigErrors;
use crate::message::{FeatureTemplate, MessageType, frame_id};
use crate::modality::{
    Deliver, Encoded, Encoding, Epochs, Message, MessageFanout, Validity, Worker,
};
use crate::runtime::ModalityStatus;
use crate::shutdown::{Cause, Shutdown};

/// Where the features go.
const FEATURE_TOPIC: &str = "~/feature";

/// How long a spin waits for messages, and so how late the end of the node can be noticed.
const SPIN: Duration = Duration::from_millis(50);

/// A camera that is silent for longer than this is said to be, in seconds.
const SILENT_AFTER_S: f64 = 1.0;

/// Runs the encoder node until a signal asks it to end.
///
/// # Errors
/// Every problem of the command line, the parameters, the policy and the encoder.
pub fn run() -> Result<(), ConfigErrors> {
    context::refuse_other_arguments(words(std::env::args_os())?)?;
    let created = context::create_node(ENCODER_NAME)?;
    let checked = EncoderConfig::from_parameters(created.given()?)?;
    let (mut node, config) = (created.node, checked.config);
    let clock = Clock::new(config.use_sim_time);
    let logger_levels = logger::start(&mut node, &clock)?;
    for warning in checked.warnings {
        log::warn!("{warning}");
    }
    let services = FixedParameters::new(&mut node, &clock, checked.declared)?;
    let shutdown = Shutdown::default();
    watch_signals(&shutdown)?;
    EncoderNode::start(node, &config, clock, services, shutdown)?.spin(logger_levels)
}

/// Everything that works while the node is up.
struct EncoderNode {
    node: r2r::Node,
    services: FixedParameters,
    sim_time: Option<Subscription>,
    graph: GraphWatch,
    worker: Worker,
    watcher: Watcher,
    shutdown: Shutdown,
}

impl EncoderNode {
    fn start(
        mut node: r2r::Node,
        config: &EncoderConfig,
        clock: Clock,
        services: FixedParameters,
        shutdown: Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let LoadedEncoder {
            modality,
            extractor,
            fingerprint,
        } = LoadedEncoder::new(config)?;
        let what = extractor.describe().to_string();
        let is_text = config.message == MessageType::String;
        let features = Features::new(&mut node, &fingerprint, modality.width, is_text)?;
        let message = config.message;
        let validity = Validity::of(&modality.source, Some(SILENT_AFTER_S));
        let (tracing, collector) = Tracing::new();
        let traced = tracing.encoder(&fingerprint, &modality.name);
        let worker = Worker::start(
            &modality.name,
            Encoding::new(message, validity, extractor),
            features,
            || {},
            tracing.worker(&traced, 0),
            &shutdown,
        )?;
        let sim_time = match config.use_sim_time {
            true => Some(follow_clock(&mut node, clock.clone(), || {})?),
            false => None,
        };
        let fanout = Arc::new(MessageFanout::new(message));
        fanout.attach(worker.slot().clone());
        let wanted = Wanted {
            parameters: String::new(),
            topic: config.topic.clone(),
            message,
            holds: is_text,
            accept_earlier: config.accept_earlier,
            required: true,
        };
        let topic = ModalityTopic::subscribe(
            &mut node,
            wanted,
            fanout.clone(),
            &clock,
            &Epochs::default(),
        )?;
        let graph = GraphWatch::new(vec![topic]);
        log::info!(
            "encoding {} as {fingerprint}: {what}; subscribed to {}, features on {FEATURE_TOPIC}",
            modality.name,
            config.topic,
        );
        let silent = Freshness {
            required: true,
            max_age_s: (!is_text).then_some(SILENT_AFTER_S),
            max_future_s: SILENT_AFTER_S,
            ends_with_epoch: false,
        };
        let source = ModalityStatus::of(&worker, silent, fanout);
        let mut status = EncoderStatus::new(
            &mut node,
            clock,
            config,
            &fingerprint,
            what,
            source,
            graph.warnings(),
        )?;
        let mut trace = TraceTopic::new(&mut node, collector)?;
        let watch = move |now| {
            status.look(now);
            trace.look(now);
        };
        Ok(Self {
            watcher: Watcher::start(watch, &shutdown)?,
            node,
            services,
            sim_time,
            graph,
            worker,
            shutdown,
        })
    }

    fn spin(mut self, mut logger_levels: LoggerLevels) -> Result<(), ConfigErrors> {
        while !self.shutdown.is_requested() {
            self.node.spin_once(SPIN);
            if let Some(sim_time) = &mut self.sim_time {
                sim_time.drain();
            }
            self.graph.serve(&mut self.node);
            self.services.answer();
            logger_levels.answer();
        }
        self.worker.stop();
        self.watcher.stop();
        match self.shutdown.cause() {
            Some(Cause::Failed(why)) => Err(why.clone().into()),
            Some(Cause::Told(_)) | None => Ok(()),
        }
    }
}

/// Publishes what the worker makes.
struct Features {
    room: Vec<f32>,
    template: FeatureTemplate,
    /// Sentences have no header to take a frame from.
    has_frame: bool,
    publisher: r2r::PublisherUntyped,
}

impl Features {
    /// Reliable, which a subscription with the sensor-data profile hears as well; latched where they hold until the next
    /// one, so that a node that comes late hears the last instruction.
    fn new(
        node: &mut r2r::Node,
        fingerprint: &str,
        width: usize,
        is_text: bool,
    ) -> Result<Self, ConfigErrors> {
        let reliable = QosProfile::default().keep_last(1);
        let qos = match is_text {
            true => reliable.transient_local(),
            false => reliable,
        };
        let message = MessageType::PointCloud2.ros_name();
        let publisher = node
            .create_publisher_untyped(FEATURE_TOPIC, message, qos)
            .map_err(|e| format!("topic {FEATURE_TOPIC}: cannot publish: {e}"))?;
        Ok(Self {
            room: vec![0.0; width],
            template: FeatureTemplate::new(fingerprint),
            has_frame: !is_text,
            publisher,
        })
    }
}

impl Deliver for Features {
    fn room(&mut self) -> &mut [f32] {
        &mut self.room
    }

    fn deliver(&mut self, encoded: &Encoded, message: &Message) -> Option<f64> {
        // A frame that is no text is no reason to lose the picture in it.
        let frame = match self.has_frame {
            true => frame_id(&message.bytes).unwrap_or_default(),
            false => "",
        };
        let values = if encoded.present { &*self.room } else { &[] };
        let bytes = self.template.encode(encoded.stamp, frame, values);
        // Publishing fails only when the node is gone.
        let _ = self.publisher.publish_raw(bytes);
        None
    }
}
