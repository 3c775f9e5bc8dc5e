"""Commands and labels as messages, both ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration as DurationMessage
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from late_fusion_sim.robot import SAWYER, SO101, Robot
from late_fusion_sim.ros import NodeTrouble, nanoseconds_of, stamp_of


@dataclass(frozen=True)
class CommandType:
    """What a robot takes, and what its demonstrator says."""

    message: type
    read: Callable[[Any], np.ndarray]
    """The numbers of a command in the order of `Robot.joints`; NodeTrouble for a message that has others."""
    label_message: type
    label: Callable[[np.ndarray, int], Any]
    """The message of what the demonstrator wants at a time in nanoseconds."""

    def stamp_ns(self, message: Any) -> int | None:
        """The time that a command carries; None for a type that has none."""
        return nanoseconds_of(message.header.stamp) if hasattr(message, "header") else None


def trajectory_of(action: np.ndarray, stamp_ns: int) -> JointTrajectory:
    """A command as a message: velocities to hold for one control period."""
    message = JointTrajectory(joint_names=list(SAWYER.joints))
    message.header.stamp = stamp_of(stamp_ns)
    point = JointTrajectoryPoint(velocities=[float(value) for value in action])
    point.time_from_start = DurationMessage(nanosec=SAWYER.control_period_ns)
    message.points = [point]
    return message


def command_of(message: JointTrajectory) -> np.ndarray:
    """The four numbers of a command, in the order of `SAWYER.joints`; a message that has others is an error."""
    velocities = message.points[0].velocities if message.points else []
    by_name = dict(zip(message.joint_names, velocities))
    if sorted(by_name) != sorted(SAWYER.joints) or len(message.joint_names) != len(velocities):
        raise NodeTrouble(
            f"a command names the joints {list(message.joint_names)} with {len(velocities)} velocities; "
            f"the arm takes {list(SAWYER.joints)}, one velocity each in points[0]"
        )
    values = np.array([by_name[name] for name in SAWYER.joints])
    if not np.all(np.isfinite(values)):
        raise NodeTrouble(f"a command holds velocities that are not finite: {values.tolist()}")
    return values


def leader_state_of(positions: np.ndarray, stamp_ns: int) -> JointState:
    """Where the leader arm is."""
    message = JointState(name=list(SO101.joints), position=[float(value) for value in positions])
    message.header.stamp = stamp_of(stamp_ns)
    return message


def positions_of(message: Float64MultiArray) -> np.ndarray:
    """The six positions of a command, as a forward_command_controller takes them; others are an error."""
    values = np.array(message.data)
    if values.shape != (len(SO101.joints),) or not np.all(np.isfinite(values)):
        raise NodeTrouble(
            f"a command holds {values.tolist()}; the arm takes one finite position for each of {list(SO101.joints)}"
        )
    return values


VELOCITIES = CommandType(JointTrajectory, command_of, JointTrajectory, trajectory_of)
POSITIONS = CommandType(Float64MultiArray, positions_of, JointState, leader_state_of)


def command_type(robot: Robot) -> CommandType:
    """A robot's."""
    return VELOCITIES if robot.command == "velocities" else POSITIONS
