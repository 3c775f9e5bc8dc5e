//! The command message, laid out once and filled in every period.

use super::cdr::Writer;
use super::command_field::Field;
use super::fields::{Laid, Place, write_stamp};
use super::{MessageType, Quantity, TwistView};
use crate::time::Stamp;

/// A serialized command message whose numbers and stamp are overwritten in place.
#[derive(Clone, Debug)]
pub struct CommandTemplate {
    message: Vec<u8>,
    stamp_at: Option<usize>,
    /// Point after point.
    numbers: Vec<Place>,
}

/// When the points of a trajectory are due, in seconds from its start.
#[derive(Clone, Copy, Debug)]
pub struct PointTimes {
    /// How many there are; 1 in a message that is no trajectory.
    pub count: usize,
    /// The first one.
    pub first_s: f64,
    /// From one to the next.
    pub step_s: f64,
}

impl PointTimes {
    /// One point, due after so many seconds.
    pub fn one(first_s: f64) -> Self {
        Self {
            count: 1,
            first_s,
            step_s: first_s,
        }
    }
}

impl CommandTemplate {
    pub(super) fn new(
        message: MessageType,
        fields: &[Field],
        frame_id: &str,
        points: PointTimes,
    ) -> Self {
        let mut writer = Writer::new();
        let stamped = matches!(
            message,
            MessageType::TwistStamped | MessageType::JointTrajectory
        );
        let stamp_at = stamped.then(|| writer.header(Stamp::default(), frame_id));
        let numbers_at = match message {
            MessageType::JointTrajectory => lay_out_trajectory(&mut writer, fields, points),
            MessageType::Float64MultiArray => lay_out_array(&mut writer, fields),
            _ => lay_out_twist(&mut writer, fields),
        };
        Self {
            message: writer.finish(),
            stamp_at,
            numbers: numbers_at.into_iter().map(Place::double).collect(),
        }
    }

    /// A message that was laid out by its definition.
    pub(super) fn of(laid: Laid) -> Self {
        Self {
            message: laid.message,
            stamp_at: laid.stamp_at,
            numbers: laid.numbers,
        }
    }

    /// The message with this stamp, where it has one, and one number per action, point after point. Never allocates.
    pub fn encode(&mut self, stamp: Stamp, actions: &[f64]) -> &[u8] {
        if let Some(at) = self.stamp_at {
            write_stamp(&mut self.message, at, stamp);
        }
        for (place, value) in self.numbers.iter().zip(actions) {
            place.write(&mut self.message, *value);
        }
        &self.message
    }
}

/// One joint name per joint, in the order in which the actions name them first, and the points.
fn lay_out_trajectory(writer: &mut Writer, fields: &[Field], points: PointTimes) -> Vec<usize> {
    let mut joints: Vec<&str> = Vec::new();
    for field in fields {
        if let Field::Joint { name, .. } = field
            && !joints.contains(&name.as_str())
        {
            joints.push(name);
        }
    }
    writer.length(joints.len());
    for joint in &joints {
        writer.string(joint);
    }
    writer.length(points.count);
    let mut numbers_at = Vec::with_capacity(points.count * fields.len());
    for number in 0..points.count {
        numbers_at.extend(lay_out_point(writer, fields, &joints));
        let due_s = points.first_s + number as f64 * points.step_s;
        let (sec, nanosec) = Stamp::from_nanos((due_s * 1e9).round() as i64).to_ros();
        writer.i32(sec);
        writer.u32(nanosec);
    }
    numbers_at
}

/// A point without its time.
fn lay_out_point(writer: &mut Writer, fields: &[Field], joints: &[&str]) -> Vec<usize> {
    let mut numbers_at = vec![0; fields.len()];
    for quantity in Quantity::ALL {
        let of_this: Vec<(usize, &str)> = fields
            .iter()
            .enumerate()
            .filter_map(|(action, field)| match field {
                Field::Joint { name, quantity: q } if *q == quantity => Some((action, &**name)),
                _ => None,
            })
            .collect();
        writer.length(of_this.len());
        for joint in joints.iter().filter(|_| !of_this.is_empty()) {
            let at = writer.f64(0.0);
            if let Some((action, _)) = of_this.iter().find(|(_, name)| name == joint) {
                numbers_at[*action] = at;
            }
        }
    }
    numbers_at
}

fn lay_out_array(writer: &mut Writer, fields: &[Field]) -> Vec<usize> {
    writer.length(0);
    writer.u32(0);
    writer.length(fields.len());
    let places: Vec<usize> = fields.iter().map(|_| writer.f64(0.0)).collect();
    fields
        .iter()
        .map(|field| match field {
            Field::Index(index) => places[*index],
            other => unreachable!("an array has no field {other:?}"),
        })
        .collect()
}

fn lay_out_twist(writer: &mut Writer, fields: &[Field]) -> Vec<usize> {
    let places = TwistView::FIELDS.map(|_| writer.f64(0.0));
    fields
        .iter()
        .map(|field| match field {
            Field::Twist(index) => places[*index],
            other => unreachable!("a twist has no field {other:?}"),
        })
        .collect()
}
