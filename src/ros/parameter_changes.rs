//! `~/set_parameters` and `~/set_parameters_atomically`: parameters that change while the node runs, the policy among them.

use std::sync::mpsc::{self, Receiver, Sender};

use r2r::ServiceRequest;
use r2r::rcl_interfaces::msg::{Parameter, ParameterValue, SetParametersResult};
use r2r::rcl_interfaces::srv::{SetParameters, SetParametersAtomically};

use super::parameters::ParameterServices;
use super::requests::{Requests, respond};
use crate::clock::Clock;
use crate::config::{LiveParameters, NodeConfig, Value};
use crate::errors::ConfigErrors;
use crate::runtime::Loader;

/// The parameters of the node, and the request that the loader works at. One is worked at at a time; others wait.
pub struct ParameterChanges {
    parameters: LiveParameters,
    services: ParameterServices,
    set: Requests<SetParameters::Service>,
    set_atomically: Requests<SetParametersAtomically::Service>,
    #[cfg_attr(not(feature = "dashboard"), allow(dead_code))]
    asked_here: (Sender<PolicyRequest>, Receiver<PolicyRequest>),
    under_way: Option<UnderWay>,
}

/// Somebody in this process asks for another policy.
#[cfg_attr(not(feature = "dashboard"), allow(dead_code))] // Only the dashboard does.
pub struct PolicyRequest {
    parameter: Parameter,
    answer: Box<dyn FnOnce(Result<String, String>) + Send>,
}

#[cfg(feature = "dashboard")]
impl PolicyRequest {
    /// Asks for the policy in a folder; `answer` is told what became of it.
    pub fn new(
        folder: String,
        answer: impl FnOnce(Result<String, String>) + Send + 'static,
    ) -> Self {
        let value = ParameterValue {
            type_: 4,
            string_value: folder,
            ..Default::default()
        };
        Self {
            parameter: Parameter {
                name: "policy".to_owned(),
                value,
            },
            answer: Box::new(answer),
        }
    }
}

/// A request that can be fulfilled as far as the parameters alone tell.
struct UnderWay {
    request: Request,
    /// Of each parameter, why it cannot be changed like that; of those that are changed together or not at all, one for all
    /// where one of them cannot.
    verdicts: Vec<Result<(), String>>,
    candidate: LiveParameters,
}

enum Request {
    /// Each parameter for itself.
    Each(ServiceRequest<SetParameters::Service>),
    /// All of them or none.
    Together(ServiceRequest<SetParametersAtomically::Service>),
    /// Of this process.
    Here(PolicyRequest),
}

impl ParameterChanges {
    /// Offers the services.
    ///
    /// # Errors
    /// The service or topic that ROS refuses.
    pub fn new(
        node: &mut r2r::Node,
        clock: &Clock,
        parameters: LiveParameters,
    ) -> Result<Self, ConfigErrors> {
        Ok(Self {
            services: ParameterServices::new(node, clock, parameters.declared().to_vec())?,
            parameters,
            set: Requests::new(node, "~/set_parameters")?,
            set_atomically: Requests::new(node, "~/set_parameters_atomically")?,
            asked_here: mpsc::channel(),
            under_way: None,
        })
    }

    /// The way in for those in this process who ask for another policy.
    #[cfg(feature = "dashboard")]
    pub fn policy_requests(&self) -> Sender<PolicyRequest> {
        self.asked_here.0.clone()
    }

    /// What the parameters say that are in force.
    pub fn config(&self) -> &NodeConfig {
        self.parameters.config()
    }

    /// Answers those who ask, takes what is to be changed and answers what has been. A node that is configured has a
    /// `loader`, which brings a change in; one that is not takes it as it is. Where neither holds, the error says why.
    pub fn answer(&mut self, loader: Result<Option<&Loader>, String>) {
        self.services.answer();
        let loader = match loader {
            Ok(loader) => loader,
            Err(why) => return self.refuse(&why),
        };
        if let Some(result) = loader.and_then(Loader::result)
            && let Some(done) = self.under_way.take()
        {
            self.end(done, result);
        }
        while self.under_way.is_none()
            && let Some(request) = self.next()
        {
            let work = UnderWay::begin(request, &self.parameters);
            // The policy's folder may have another policy in it by now.
            let is_new = work.candidate.config() != self.config() || work.sets_the_policy();
            match loader.filter(|_| is_new) {
                Some(loader) => {
                    loader.load(work.candidate.config().clone());
                    self.under_way = Some(work);
                }
                None => self.end(work, Ok(String::new())),
            }
        }
    }

    /// Refuses what has been asked for and what is under way, for this reason.
    pub fn refuse(&mut self, why: &str) {
        let under_way = self.under_way.take().map(|work| work.request);
        let waiting = std::iter::from_fn(|| self.next());
        for request in under_way.into_iter().chain(waiting) {
            let refused = request.parameters().iter().map(|_| Err(why.to_owned()));
            let refused = refused.collect();
            request.answer(refused);
        }
    }

    fn next(&mut self) -> Option<Request> {
        let each = self.set.next().map(Request::Each);
        each.or_else(|| self.set_atomically.next().map(Request::Together))
            .or_else(|| self.asked_here.1.try_recv().ok().map(Request::Here))
    }

    /// Puts a request in force, where that is what came of it, and answers it.
    fn end(&mut self, work: UnderWay, result: Result<String, String>) {
        if result.is_ok() {
            self.parameters = work.candidate;
            self.services.follow(self.parameters.declared().to_vec());
        }
        let verdicts = work.verdicts.into_iter();
        work.request
            .answer(verdicts.map(|v| v.and(result.clone())).collect());
    }
}

impl UnderWay {
    /// Judges a request by the parameters alone.
    fn begin(request: Request, present: &LiveParameters) -> Self {
        let mut candidate = present.clone();
        let mut verdicts = Vec::new();
        for parameter in request.parameters() {
            let name = parameter.name.replace('\0', "");
            let changed = candidate.with(&name, from_ros(&parameter.value));
            verdicts.push(match changed {
                Ok(changed) => {
                    candidate = changed;
                    Ok(())
                }
                Err(errors) => Err(errors.iter().collect::<Vec<_>>().join("; ")),
            });
        }
        if let Request::Together(_) = request
            && verdicts.iter().any(Result::is_err)
        {
            let why: Vec<String> = verdicts.into_iter().filter_map(Result::err).collect();
            (candidate, verdicts) = (present.clone(), vec![Err(why.join("; "))]);
        }
        Self {
            request,
            verdicts,
            candidate,
        }
    }

    /// Whether it says which policy is to drive, though it may be the one that does.
    fn sets_the_policy(&self) -> bool {
        let asked = self.request.parameters().iter().zip(&self.verdicts);
        let mut asked = asked.filter(|(_, verdict)| verdict.is_ok());
        asked.any(|(parameter, _)| parameter.name == "policy")
    }
}

impl Request {
    fn parameters(&self) -> &[Parameter] {
        match self {
            Self::Each(request) => &request.message.parameters,
            Self::Together(request) => &request.message.parameters,
            Self::Here(request) => std::slice::from_ref(&request.parameter),
        }
    }

    /// Answers with what became of each parameter, in words.
    fn answer(self, verdicts: Vec<Result<String, String>>) {
        match self {
            Self::Each(request) => {
                let results = verdicts.into_iter().map(to_ros).collect();
                respond(request, SetParameters::Response { results });
            }
            Self::Together(request) => {
                let first = verdicts.into_iter().next();
                let result = to_ros(first.unwrap_or(Ok(String::new())));
                respond(request, SetParametersAtomically::Response { result });
            }
            Self::Here(request) => {
                let first = verdicts.into_iter().next();
                (request.answer)(first.unwrap_or(Ok(String::new())));
            }
        }
    }
}

fn to_ros(verdict: Result<String, String>) -> SetParametersResult {
    let (successful, reason) = match verdict {
        Ok(message) => (true, message),
        Err(why) => (false, why),
    };
    SetParametersResult {
        successful,
        // A NUL cannot cross into C.
        reason: reason.replace('\0', "\u{fffd}"),
    }
}

fn from_ros(value: &ParameterValue) -> Value {
    match value.type_ {
        0 => Value::Other("not set".to_owned()),
        1 => Value::Bool(value.bool_value),
        2 => Value::Integer(value.integer_value),
        3 => Value::Double(value.double_value),
        4 => Value::String(value.string_value.clone()),
        _ => Value::Other("a list".to_owned()),
    }
}
