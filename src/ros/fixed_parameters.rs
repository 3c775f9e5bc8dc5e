//! The parameters of a node of which none can be changed while it runs.

use r2r::rcl_interfaces::msg::{Parameter, SetParametersResult};
use r2r::rcl_interfaces::srv::{SetParameters, SetParametersAtomically};

use super::parameters::ParameterServices;
use super::requests::Requests;
use crate::clock::Clock;
use crate::config::{Declared, live};
use crate::errors::ConfigErrors;

/// The six parameter services of a ROS 2 node, of which two refuse.
pub struct FixedParameters {
    services: ParameterServices,
    set: Requests<SetParameters::Service>,
    set_atomically: Requests<SetParametersAtomically::Service>,
}

impl FixedParameters {
    /// Offers the services for the given parameters.
    ///
    /// # Errors
    /// The service or topic that ROS refuses.
    pub fn new(
        node: &mut r2r::Node,
        clock: &Clock,
        declared: Vec<Declared>,
    ) -> Result<Self, ConfigErrors> {
        Ok(Self {
            services: ParameterServices::new(node, clock, declared)?,
            set: Requests::new(node, "~/set_parameters")?,
            set_atomically: Requests::new(node, "~/set_parameters_atomically")?,
        })
    }

    /// Answers every request that has arrived.
    pub fn answer(&mut self) {
        self.services.answer();
        self.set.answer(|request| SetParameters::Response {
            results: request.parameters.iter().map(refuse).collect(),
        });
        self.set_atomically
            .answer(|request| SetParametersAtomically::Response {
                result: request.parameters.first().map(refuse).unwrap_or_default(),
            });
    }
}

fn refuse(parameter: &Parameter) -> SetParametersResult {
    SetParametersResult {
        successful: false,
        reason: live::fixed(&parameter.name.replace('\0', "")),
    }
}
