//! The service `~/load_policy`: another policy takes over while the node runs.

use std::path::PathBuf;

use r2r::ServiceRequest;
use r2r::diagnostic_msgs::srv::AddDiagnostics;

use super::loader::Loader;
use super::parameters::ParameterServices;
use super::requests::{Requests, respond};
use crate::config::Value;
use crate::errors::ConfigErrors;

/// The service, and the request that the loader works at, where the node is configured and so has one. Its type is one that every ROS 2 has: a string there, the
/// policy's folder; whether it drives now and a message back.
pub struct LoadPolicy {
    requests: Requests<AddDiagnostics::Service>,
    under_way: Option<ServiceRequest<AddDiagnostics::Service>>,
}

impl LoadPolicy {
    /// Offers the service.
    ///
    /// # Errors
    /// The service, when ROS refuses it.
    pub fn new(node: &mut r2r::Node) -> Result<Self, ConfigErrors> {
        Ok(Self {
            requests: Requests::new(node, "~/load_policy")?,
            under_way: None,
        })
    }

    /// Takes what has been asked for and answers what has been done; where no policy can be brought in, `loader` says why.
    /// The parameter `policy` follows the policy in use, whose folder is returned when it is another one now.
    pub fn answer(
        &mut self,
        loader: Result<&Loader, String>,
        parameters: &mut ParameterServices,
    ) -> Option<PathBuf> {
        let loader = match loader {
            Ok(loader) => loader,
            Err(why) => {
                self.refuse(&why);
                return None;
            }
        };
        let mut taken_over = None;
        if let Some(result) = loader.result()
            && let Some(request) = self.under_way.take()
        {
            if result.is_ok() {
                let folder = request.message.load_namespace.clone();
                taken_over = Some(PathBuf::from(&folder));
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
            loader.load(PathBuf::from(&request.message.load_namespace));
            self.under_way = Some(request);
        }
        taken_over
    }

    /// Refuses what has been asked for and what is under way, for this reason.
    pub fn refuse(&mut self, why: &str) {
        let under_way = self.under_way.take();
        let waiting = std::iter::from_fn(|| self.requests.next());
        for request in under_way.into_iter().chain(waiting) {
            respond(request, response(Err(why.to_owned())));
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
