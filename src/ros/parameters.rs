//! The parameters of a node as ROS sees them: served to those who ask.

use r2r::rcl_interfaces::msg;
use r2r::rcl_interfaces::srv::{
    DescribeParameters, GetParameterTypes, GetParameters, ListParameters,
};

use super::parameter_events::ParameterEvents;
use super::requests::Requests;
use crate::clock::Clock;
use crate::config::{Declared, Value};
use crate::errors::ConfigErrors;

/// The four parameter services of a ROS 2 node that only tell, and its events.
pub struct ParameterServices {
    declared: Vec<Declared>,
    events: ParameterEvents,
    describe: Requests<DescribeParameters::Service>,
    get: Requests<GetParameters::Service>,
    get_types: Requests<GetParameterTypes::Service>,
    list: Requests<ListParameters::Service>,
}

impl ParameterServices {
    /// Offers the services for the given parameters.
    ///
    /// # Errors
    /// The service or topic that ROS refuses.
    pub fn new(
        node: &mut r2r::Node,
        clock: &Clock,
        declared: Vec<Declared>,
    ) -> Result<Self, ConfigErrors> {
        let parameters = declared.iter().map(parameter).collect();
        Ok(Self {
            events: ParameterEvents::new(node, clock.clone(), parameters)?,
            declared,
            describe: Requests::new(node, "~/describe_parameters")?,
            get: Requests::new(node, "~/get_parameters")?,
            get_types: Requests::new(node, "~/get_parameter_types")?,
            list: Requests::new(node, "~/list_parameters")?,
        })
    }

    /// Follows what has changed.
    pub fn follow(&mut self, declared: Vec<Declared>) {
        let before = std::mem::replace(&mut self.declared, declared);
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for now in &self.declared {
            match before.iter().find(|d| d.name == now.name) {
                None => new.push(parameter(now)),
                Some(before) if before.value != now.value => changed.push(parameter(now)),
                Some(_) => {}
            }
        }
        if !(new.is_empty() && changed.is_empty()) {
            self.events.tell(new, changed);
        }
    }

    /// Answers every request that has arrived.
    pub fn answer(&mut self) {
        self.events.tell_declared();
        let declared = &self.declared;
        let find = |name: &String| declared.iter().find(|d| d.name == *name);
        self.describe
            .answer(|request| DescribeParameters::Response {
                descriptors: request
                    .names
                    .iter()
                    .map(|name| find(name).map_or_else(|| undeclared(name), describe))
                    .collect(),
            });
        self.get.answer(|request| GetParameters::Response {
            values: request
                .names
                .iter()
                .map(|name| find(name).map(|d| to_ros(&d.value)).unwrap_or_default())
                .collect(),
        });
        self.get_types
            .answer(|request| GetParameterTypes::Response {
                types: request
                    .names
                    .iter()
                    .map(|name| find(name).map_or(0, |d| to_ros(&d.value).type_))
                    .collect(),
            });
        self.list.answer(|request| ListParameters::Response {
            result: list(declared, request),
        });
    }
}

fn describe(declared: &Declared) -> msg::ParameterDescriptor {
    let mut descriptor = msg::ParameterDescriptor {
        name: declared.name.clone(),
        type_: to_ros(&declared.value).type_,
        description: declared.description.to_owned(),
        additional_constraints: declared.allowed.clone(),
        read_only: declared.read_only,
        ..Default::default()
    };
    match (&declared.value, declared.range) {
        (Value::Integer(_), Some((low, high))) => {
            descriptor.integer_range = vec![msg::IntegerRange {
                from_value: low as i64,
                to_value: high as i64,
                step: 0,
            }];
        }
        (Value::Double(_), Some((low, high))) => {
            descriptor.floating_point_range = vec![msg::FloatingPointRange {
                from_value: low,
                to_value: high,
                step: 0.0,
            }];
        }
        _ => {}
    }
    descriptor
}

fn undeclared(name: &str) -> msg::ParameterDescriptor {
    msg::ParameterDescriptor {
        name: name.to_owned(),
        ..Default::default()
    }
}

/// A parameter with its value.
fn parameter(declared: &Declared) -> msg::Parameter {
    msg::Parameter {
        name: declared.name.clone(),
        value: to_ros(&declared.value),
    }
}

/// `rcl_interfaces/msg/ParameterValue`, whose `type` 0 means not set.
fn to_ros(value: &Value) -> msg::ParameterValue {
    let mut ros = msg::ParameterValue::default();
    match value {
        Value::Bool(v) => (ros.type_, ros.bool_value) = (1, *v),
        Value::Integer(v) => (ros.type_, ros.integer_value) = (2, *v),
        Value::Double(v) => (ros.type_, ros.double_value) = (3, *v),
        // A NUL cannot cross into C.
        Value::String(v) => (ros.type_, ros.string_value) = (4, v.replace('\0', "")),
        Value::Other(_) => {}
    }
    ros
}

/// Names that begin with one of the request's prefixes, down to its depth (0: no limit).
fn list(declared: &[Declared], request: &ListParameters::Request) -> msg::ListParametersResult {
    let wanted = |name: &str| {
        let deep =
            |rest: &str| request.depth == 0 || (rest.matches('.').count() as u64) < request.depth;
        if request.prefixes.is_empty() {
            return deep(name);
        }
        request.prefixes.iter().any(|prefix| {
            let rest = name.strip_prefix(prefix.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.').is_some_and(deep))
        })
    };
    let names: Vec<String> = declared
        .iter()
        .map(|d| d.name.clone())
        .filter(|name| wanted(name))
        .collect();
    let mut prefixes: Vec<String> = names
        .iter()
        .filter_map(|name| Some(name.rsplit_once('.')?.0.to_owned()))
        .collect();
    prefixes.sort();
    prefixes.dedup();
    msg::ListParametersResult { names, prefixes }
}
