//! The service `~/load_policy`: another policy takes over while the node runs.

use std::path::PathBuf;

use r2r::ServiceRequest;
use r2r::diagnostic_msgs::srv::AddDiagnostics;

use super::loader::Loader;
use super::parameters::ParameterServices;
use super::requests::{Requests, respond};
use crate::config::Value;
use crate::errors::ConfigErrors;

/// The service, and the request that the loader works at. Its type is one that every ROS 2 has: a string there, the
/// policy's folder; whether it drives now and a message back.
pub struct LoadPolicy {
    requests: Requests<AddDiagnostics::Service>,
    under_way: Option<ServiceRequest<AddDiagnostics::Service>>,
    loader: Loader,
}

impl LoadPolicy {
    /// Offers the service.
    ///
    /// # Errors
    /// The service, when ROS refuses it.
    pub fn new(node: &mut r2r::Node, loader: Loader) -> Result<Self, ConfigErrors> {
        Ok(Self {
            requests: Requests::new(node, "~/load_policy")?,
            under_way: None,
            loader,
        })
    }

    /// Takes what has been asked for and answers what has been done; the parameter `policy` follows the policy in use.
    pub fn answer(&mut self, parameters: &mut ParameterServices) {
        if let Some(result) = self.loader.result()
            && let Some(request) = self.under_way.take()
        {
            if result.is_ok() {
                let folder = request.message.load_namespace.clone();
                parameters.set("policy", Value::String(folder));
            }
            respond(request, response(result));
        }
        while let Some(request) = self.requests.next() {
            if let Some(first) = &self.under_way {
                let why = format!(
                    "the policy {} is being loaded; ask again when that request is answered",
                    first.message.load_namespace
                );
                respond(request, response(Err(why)));
                continue;
            }
            self.loader
                .load(PathBuf::from(&request.message.load_namespace));
            self.under_way = Some(request);
        }
    }

    /// Ends the loader, and the encoders with it. A request that is under way is told so.
    pub fn stop(self) {
        self.loader.stop();
        if let Some(request) = self.under_way {
            let why = "the node is shutting down".to_owned();
            respond(request, response(Err(why)));
        }
    }
}

fn response(result: Result<String, String>) -> AddDiagnostics::Response {
    let (success, message) = match result {
        Ok(message) => (true, message),
        Err(message) => (false, message),
    };
    AddDiagnostics::Response {
        success,
        // A NUL cannot cross into C.
        message: message.replace('\0', "\u{fffd}"),
    }
}
