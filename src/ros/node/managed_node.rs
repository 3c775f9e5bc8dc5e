//! The managed node: what it has, and the work of the transition that is under way.

use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Loaded;
use crate::control::{State, Tracing, Waker};
use crate::errors::ConfigErrors;
use crate::realtime::Setting;
#[cfg(feature = "dashboard")]
use crate::ros::dashboard::Server;
use crate::ros::debug_image::DebugImage;
use crate::ros::graph_watch::GraphWatch;
use crate::ros::lifecycle_services::LifecycleServices;
use crate::ros::lifecycle_status::LifecycleStatus;
use crate::ros::logger_levels::LoggerLevels;
use crate::ros::node_topics::NodeTopics;
use crate::ros::parameter_changes::ParameterChanges;
use crate::ros::permission::PermissionServices;
use crate::ros::subscription::Subscription;
use crate::ros::watcher::Watcher;
use crate::runtime::{Configured, Explained, StatusSource};
use crate::safety::Permission;
use crate::shutdown::Shutdown;

/// How long a spin waits for messages while a transition is under way, whose work is looked at in between.
pub(super) const SPIN_IN_TRANSITION: Duration = Duration::from_millis(5);

/// The node in whatever state it is. However it ends, also while main unwinds, the fields are dropped in this order: what is
/// configured stops the robot, and the node itself goes last.
pub(super) struct ManagedNode {
    pub configured: Option<Configured>,
    pub work: Work,
    pub lifecycle: LifecycleServices,
    pub state: LifecycleStatus,
    pub to_status: Sender<Option<StatusSource>>,
    pub watcher: Watcher,
    pub watched: Watched,
    pub explained: Explained,
    pub permissions: PermissionServices,
    pub permission: Arc<Permission>,
    /// What became of what the control thread asked of the kernel, once it has.
    pub settings: Arc<OnceLock<Vec<Setting>>>,
    /// Where what happens is recorded, while somebody looks.
    pub tracing: Tracing,
    pub parameters: ParameterChanges,
    pub logger_levels: LoggerLevels,
    pub sim_time: Option<Subscription>,
    pub graph: GraphWatch,
    pub topics: Option<NodeTopics>,
    pub clock: Clock,
    pub waker: Waker,
    pub shutdown: Shutdown,
    pub node: r2r::Node,
}

/// Where people watch the node.
#[derive(Default)]
pub(super) struct Watched {
    pub debug_image: Option<DebugImage>,
    #[cfg(feature = "dashboard")]
    pub dashboard: Option<Server>,
}

impl Watched {
    pub fn stop(&mut self) {
        if let Some(debug_image) = self.debug_image.take() {
            debug_image.stop();
        }
        #[cfg(feature = "dashboard")]
        if let Some(dashboard) = self.dashboard.take() {
            dashboard.stop();
        }
    }
}

/// What another thread does for the transition that is under way.
pub(super) enum Work {
    Nothing,
    /// Loads and checks the policy.
    Loading(JoinHandle<Result<Loaded, ConfigErrors>>),
    /// Frees what was configured.
    Freeing(JoinHandle<()>),
}

impl Work {
    pub fn is_finished(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Loading(loading) => loading.is_finished(),
            Self::Freeing(freeing) => freeing.is_finished(),
        }
    }
}

/// A transition that did not succeed.
pub(super) struct Failed {
    pub during: State,
    pub errors: ConfigErrors,
}
