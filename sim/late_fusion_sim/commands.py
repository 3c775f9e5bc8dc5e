"""What robots take and tell as messages: commands, labels and the measured state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration as DurationMessage
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from late_fusion_sim.robot import DIFF_DRIVE, SAWYER, SO101, Robot
from late_fusion_sim.ros import NodeTrouble, nanoseconds_of, stamp_of


@dataclass(frozen=True)
class Messages:
    """What a robot takes, what it measures, and what its demonstrator says. Times are in nanoseconds."""

    command_message: type
    command: Callable[[Any], np.ndarray]
    """The numbers of a command in the order of `Robot.axes`; NodeTrouble for a message that has others."""
    state_message: type
    state: Callable[[np.ndarray, int], Any]
    """The message of a measured state and its time."""
    label_message: type
    label: Callable[[np.ndarray, int], Any]
    """The message of what the demonstrator wants at a time."""

    def stamp_ns(self, message: Any) -> int | None:
        """The time that a command carries; None for a type that has none."""
        return nanoseconds_of(message.header.stamp) if hasattr(message, "header") else None


def trajectory_of(action: np.ndarray, stamp_ns: int) -> JointTrajectory:
    """A command as a message: velocities to hold for one control period."""
    message = JointTrajectory(joint_names=list(SAWYER.axes))
    message.header.stamp = stamp_of(stamp_ns)
    point = JointTrajectoryPoint(velocities=[float(value) for value in action])
    point.time_from_start = DurationMessage(nanosec=SAWYER.control_period_ns)
    message.points = [point]
    return message


def command_of(message: JointTrajectory) -> np.ndarray:
    """The four numbers of a command, in the order of `SAWYER.axes`; a message that has others is an error."""
    velocities = message.points[0].velocities if message.points else []
    by_name = dict(zip(message.joint_names, velocities))
    if sorted(by_name) != sorted(SAWYER.axes) or len(message.joint_names) != len(velocities):
        raise NodeTrouble(
            f"a command names the joints {list(message.joint_names)} with {len(velocities)} velocities; "
            f"the arm takes {list(SAWYER.axes)}, one velocity each in points[0]"
        )
    values = np.array([by_name[name] for name in SAWYER.axes])
    if not np.all(np.isfinite(values)):
        raise NodeTrouble(f"a command holds velocities that are not finite: {values.tolist()}")
    return values


def joint_state_of(robot: Robot, positions: np.ndarray, stamp_ns: int) -> JointState:
    """Where an arm's joints are."""
    message = JointState(name=list(robot.axes), position=[float(value) for value in positions])
    message.header.stamp = stamp_of(stamp_ns)
    return message


def positions_of(message: Float64MultiArray) -> np.ndarray:
    """The six positions of a command, as a forward_command_controller takes them; others are an error."""
    values = np.array(message.data)
    if values.shape != (len(SO101.axes),) or not np.all(np.isfinite(values)):
        raise NodeTrouble(
            f"a command holds {values.tolist()}; the arm takes one finite position for each of {list(SO101.axes)}"
        )
    return values


def twist_of(velocities: np.ndarray, stamp_ns: int) -> TwistStamped:
    """Forward and turning velocity, as a diff_drive_controller takes them."""
    message = TwistStamped()
    message.header.stamp, message.header.frame_id = stamp_of(stamp_ns), "base_link"
    message.twist.linear.x, message.twist.angular.z = map(float, velocities)
    return message


def velocities_of(message: TwistStamped) -> np.ndarray:
    """The two numbers of a command; one that asks for more than two wheels can do is an error."""
    linear, angular = message.twist.linear, message.twist.angular
    values = np.array([linear.x, angular.z])
    others = [linear.y, linear.z, angular.x, angular.y]
    if not np.all(np.isfinite(values)) or any(others):
        raise NodeTrouble(
            f"a command has linear {[linear.x, linear.y, linear.z]} and angular {[angular.x, angular.y, angular.z]}; "
            "the base takes a finite linear.x and angular.z, and zeros for the rest"
        )
    return values


def odometry_of(velocities: np.ndarray, stamp_ns: int) -> Odometry:
    """How fast the wheels move and turn the base. Where that has led is left out: no policy is to need it."""
    message = Odometry(child_frame_id="base_link")
    message.header.stamp, message.header.frame_id = stamp_of(stamp_ns), "odom"
    message.twist.twist.linear.x, message.twist.twist.angular.z = map(float, velocities)
    return message


_ARM_VELOCITIES = Messages(
    command_message=JointTrajectory,
    command=command_of,
    state_message=JointState,
    state=partial(joint_state_of, SAWYER),
    label_message=JointTrajectory,
    label=trajectory_of,
)

_ARM_POSITIONS = Messages(
    command_message=Float64MultiArray,
    command=positions_of,
    state_message=JointState,
    state=partial(joint_state_of, SO101),
    label_message=JointState,
    label=partial(joint_state_of, SO101),
)

_BASE_VELOCITIES = Messages(
    command_message=TwistStamped,
    command=velocities_of,
    state_message=Odometry,
    state=odometry_of,
    label_message=TwistStamped,
    label=twist_of,
)

_MESSAGES = {SAWYER.name: _ARM_VELOCITIES, SO101.name: _ARM_POSITIONS, DIFF_DRIVE.name: _BASE_VELOCITIES}


def messages_of(robot: Robot) -> Messages:
    """A robot's."""
    return _MESSAGES[robot.name]
