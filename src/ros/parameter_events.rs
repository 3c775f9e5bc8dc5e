//! `/parameter_events`: tells other nodes which parameters there are and that one has changed.

use std::time::{Duration, Instant};

use r2r::QosProfile;
use r2r::rcl_interfaces::msg::{Parameter, ParameterEvent};

use super::graph;
use crate::clock::Clock;
use crate::errors::ConfigErrors;

/// As in every ROS node.
const TOPIC: &str = "/parameter_events";
const DEPTH: usize = 1000;

/// How long the first event waits for somebody to hear it. It is not kept for those who come later, and right after the
/// start of the node nobody has discovered it yet.
const WAIT_FOR_LISTENERS: Duration = Duration::from_secs(5);

/// Publishes the events of one node.
pub struct ParameterEvents {
    publisher: r2r::Publisher<ParameterEvent>,
    node: String,
    clock: Clock,
    started: Instant,
    declared: Option<Vec<Parameter>>,
}

impl ParameterEvents {
    /// Offers the topic, and will tell of the parameters that were declared.
    ///
    /// # Errors
    /// The topic, when ROS refuses it.
    pub fn new(
        node: &mut r2r::Node,
        clock: Clock,
        declared: Vec<Parameter>,
    ) -> Result<Self, ConfigErrors> {
        let publisher = node
            .create_publisher(TOPIC, QosProfile::default().keep_last(DEPTH))
            .map_err(|e| format!("topic {TOPIC}: cannot publish: {e}"))?;
        Ok(Self {
            publisher,
            node: graph::own_name(node),
            clock,
            started: Instant::now(),
            declared: Some(declared),
        })
    }

    /// Tells of the declared parameters, once somebody listens. To be called after every spin.
    pub fn tell_declared(&mut self) {
        let is_over = self.started.elapsed() > WAIT_FOR_LISTENERS;
        let listeners = self.publisher.get_inter_process_subscription_count();
        if self.declared.is_some()
            && (is_over || listeners.is_ok_and(|count| count > 0))
            && let Some(new_parameters) = self.declared.take()
        {
            self.publish(ParameterEvent {
                new_parameters,
                ..ParameterEvent::default()
            });
        }
    }

    /// Tells that there are new parameters, and that others have other values now.
    pub fn tell(&mut self, new: Vec<Parameter>, changed: Vec<Parameter>) {
        if let Some(declared) = &mut self.declared {
            // Nobody has heard of their former values.
            declared.retain(|d| changed.iter().all(|parameter| d.name != parameter.name));
            declared.extend(new.into_iter().chain(changed));
            return;
        }
        self.publish(ParameterEvent {
            new_parameters: new,
            changed_parameters: changed,
            ..ParameterEvent::default()
        });
    }

    fn publish(&self, event: ParameterEvent) {
        let (sec, nanosec) = self.clock.now().to_ros();
        let mut event = event;
        (event.stamp.sec, event.stamp.nanosec) = (sec, nanosec);
        event.node.clone_from(&self.node);
        if let Err(e) = self.publisher.publish(&event) {
            log::warn!("topic {TOPIC}: cannot publish: {e}");
        }
    }
}
