//! The page to watch this node on, with what it can ask the node for.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use r2r::QosProfile;
use tokio::sync::oneshot;

use super::node::{Answer, Node};
use super::server::Server;
use crate::config::{DashboardConfig, NodeConfig};
use crate::display::SightSlot;
use crate::errors::ConfigErrors;
use crate::message::{MessageType, encode_text};
use crate::ros::parameter_changes::PolicyRequest;
use crate::ros::permission;
use crate::safety::Permission;
use crate::shutdown::Shutdown;

/// This node, as the page asks it.
struct ThisNode {
    /// Where a sentence is said, by the modality that it is for.
    instructions: Mutex<BTreeMap<String, r2r::PublisherUntyped>>,
    permission: Arc<Permission>,
    /// Worked at by the main thread.
    policies: Mutex<Sender<PolicyRequest>>,
}

/// Starts to serve the page.
///
/// # Errors
/// The topic that ROS refuses; an address that cannot be listened on.
pub fn start(
    node: &mut r2r::Node,
    config: &NodeConfig,
    dashboard: &DashboardConfig,
    permission: &Arc<Permission>,
    policies: Sender<PolicyRequest>,
    sights: SightSlot,
    shutdown: &Shutdown,
) -> Result<Server, ConfigErrors> {
    let mut instructions = BTreeMap::new();
    let modalities = config.modalities.iter();
    for wired in modalities.filter(|m| m.enabled && m.message == MessageType::String) {
        let (topic, name) = (&wired.topic, wired.message.ros_name());
        let publisher = node
            .create_publisher_untyped(topic, name, QosProfile::default())
            .map_err(|e| format!("topic {topic}: the dashboard cannot publish: {e}"))?;
        instructions.insert(wired.name.clone(), publisher);
    }
    let this = ThisNode {
        instructions: Mutex::new(instructions),
        permission: permission.clone(),
        policies: Mutex::new(policies),
    };
    let server = Server::start(dashboard, Arc::new(this), sights, shutdown)?;
    log::info!("the dashboard is on http://{}", server.address());
    Ok(server)
}

impl Node for ThisNode {
    fn instruct(&self, modality: &str, sentence: &str) -> Answer {
        let publishers = (self.instructions.lock()).unwrap_or_else(PoisonError::into_inner);
        let Some(publisher) = publishers.get(modality) else {
            return Err(format!("no modality {modality:?} takes sentences"));
        };
        publisher
            .publish_raw(&encode_text(sentence))
            .map_err(|e| format!("the sentence could not be published: {e}"))?;
        log::info!("dashboard: new instruction for {modality}: {sentence:?}");
        Ok(format!("said to {modality}"))
    }

    fn enable(&self, enabled: bool) -> Answer {
        Ok(permission::enable(&self.permission, enabled))
    }

    fn load(&self, folder: String) -> BoxFuture<'static, Answer> {
        let (answer, answered) = oneshot::channel();
        let request = PolicyRequest::new(folder, move |result| {
            // The page may have been closed meanwhile.
            let _ = answer.send(result);
        });
        let policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        // Where the main thread is gone, so is the answer.
        let _ = policies.send(request);
        Box::pin(async {
            let ended = |_| Err("the node has ended".to_owned());
            answered.await.unwrap_or_else(ended)
        })
    }
}
