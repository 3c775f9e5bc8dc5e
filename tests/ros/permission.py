"""Whoever may move a robot: an operator with services, somebody at a deadman, somebody at an emergency stop."""

from __future__ import annotations

import time
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.duration import Duration
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from robot import Robot
from sensor_msgs.msg import Joy
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, Trigger

DEADMAN = {"topic": "deadman"}
EMERGENCY_STOP = {"topic": "estop"}

PRESSED = "emergency stop: pressed; latched until ~/reset"

QUALITIES = {
    "reliable": QoSProfile(depth=10),
    "latched": QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
    "best effort": QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT),
}
"""How publishers of a switch may be."""


def enable(robot: Robot, enabled: bool) -> SetBool.Response:
    """The answer of `~/enable`, which always does it."""
    answer = robot.call(SetBool, "enable", SetBool.Request(data=enabled))
    assert answer.success, answer.message
    return answer


def reset(robot: Robot) -> Trigger.Response:
    """The answer of `~/reset`."""
    return robot.call(Trigger, "reset")


def joy(*buttons: int, late_s: float = 0.0) -> Any:
    """A stream of a joystick's states, each stamped so long before it is sent."""

    def make(now: Time) -> Joy:
        nanos = now.sec * 10**9 + now.nanosec - round(late_s * 1e9)
        message = Joy(axes=[0.5, -0.5], buttons=buttons)
        message.header.stamp = Time(sec=nanos // 10**9, nanosec=nanos % 10**9)
        return message

    return make


def says(pressed: bool) -> Any:
    """A stream of a switch that is a bool."""
    return lambda now: Bool(data=pressed)


def button(robot: Robot, quality: str = "reliable", topic: str = "estop") -> Publisher:
    """An emergency stop that the node hears."""
    publisher = robot.peer.node.create_publisher(Bool, topic, QUALITIES[quality])
    # Best effort matches one of the node's three subscriptions, reliable two, and latched all.
    wanted = {"best effort": 1, "reliable": 2, "latched": 3}[quality]
    robot.wait_for("the node's subscriptions", lambda: publisher.get_subscription_count() == wanted)
    return publisher


def press(publisher: Publisher) -> float:
    """A press that is over at once; returns when it began, in the robot's seconds."""
    began = time.time()
    for pressed in (True, False):
        publisher.publish(Bool(data=pressed))
        # One that keeps only its newest message would otherwise put the second in the place of the first.
        publisher.wait_for_all_acked(Duration(seconds=1))
    return began
