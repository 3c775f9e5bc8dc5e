//! The services `~/enable` and `~/reset`, and the topics of deadman and emergency stop.

use std::sync::Arc;
use std::time::Instant;

use r2r::std_srvs::srv::{SetBool, Trigger};

use super::permission_topic::PermissionTopic;
use super::requests::Requests;
use crate::clock::Clock;
use crate::config::PermissionConfig;
use crate::errors::ConfigErrors;
use crate::safety::Permission;

/// The services that say who may move the robot.
pub struct PermissionServices {
    enable: Requests<SetBool::Service>,
    reset: Requests<Trigger::Service>,
    permission: Arc<Permission>,
}

impl PermissionServices {
    /// Offers them.
    ///
    /// # Errors
    /// The service that ROS refuses.
    pub fn new(node: &mut r2r::Node, permission: Arc<Permission>) -> Result<Self, ConfigErrors> {
        Ok(Self {
            enable: Requests::new(node, "~/enable")?,
            reset: Requests::new(node, "~/reset")?,
            permission,
        })
    }

    /// Does what has been asked for. The topics are to be drained before, so that no reset overtakes a press.
    pub fn answer(&mut self) {
        let permission = &self.permission;
        self.enable.answer(|request| {
            let message = enable(permission, request.data);
            SetBool::Response {
                success: true,
                message,
            }
        });
        self.reset.answer(|_| {
            let (success, message) = match permission.reset(Instant::now()) {
                Ok(true) => (true, "the emergency stop is reset".to_owned()),
                Ok(false) => (true, "the emergency stop was not latched".to_owned()),
                Err(why) => (false, why.to_string()),
            };
            log::info!("~/reset: {message}");
            Trigger::Response { success, message }
        });
    }
}

/// Lets the robot be moved, or stops it. Returns what that means, in words.
pub fn enable(permission: &Permission, enabled: bool) -> String {
    permission.enable(enabled);
    let message = match enabled {
        false => "disabled: the robot is stopped".to_owned(),
        true => match permission.withheld(Instant::now()) {
            None => "enabled: the robot may be moved".to_owned(),
            Some(why) => format!("enabled, but the robot may still not be moved: {why}"),
        },
    };
    log::info!("~/enable: {message}");
    message
}

/// Subscribes to the topics that the parameters name.
///
/// # Errors
/// The topic that ROS refuses.
pub fn listen(
    node: &mut r2r::Node,
    config: &PermissionConfig,
    permission: &Arc<Permission>,
    clock: &Clock,
) -> Result<Vec<PermissionTopic>, ConfigErrors> {
    let mut topics = Vec::new();
    if let Some(stop) = &config.emergency_stop {
        topics.push(PermissionTopic::emergency_stop(node, stop, permission)?);
    }
    if let Some(deadman) = &config.deadman {
        topics.push(PermissionTopic::deadman(node, deadman, permission, clock)?);
    }
    Ok(topics)
}
