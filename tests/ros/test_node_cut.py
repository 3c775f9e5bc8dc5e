"""A camera that is cut in mid-run, again and again, on simulated time: the machine's load decides nothing.

The test turns the clock on by one period at a time and waits for the command of that time. Every cut begins with one
picture of a colour of its own, stamped at a random moment of the period before; then the camera is silent. The stamp of
a command and the colour in it tell what the node knew, however late anything came.
"""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from parameters import RATE_HZ, TWIST_STAMPED, wired
from policies import STOP, Policy, sight_policy
from robot import Robot, joints, numbers, picture
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

CUTS = 100

PERIOD_NS = round(1e9 / RATE_HZ)

MAX_AGE_NS = 120_000_000
"""No multiple of the period: the phase of a picture decides how many commands rest on it."""

LEFT, RIGHT = 1.0, 0.25

BLIND = [0.5, 0.125]
"""What a policy does without its camera that has learned to."""


def nanos(stamp: Time) -> int:
    return stamp.sec * 10**9 + stamp.nanosec


def stamp(nanoseconds: int) -> Time:
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def close(command: Any, expected: list[float]) -> bool:
    return numbers(command) == pytest.approx(expected, abs=0.01)


def policy_that_sees(robot: Robot) -> Policy:
    """What stands in for the camera gives another action than any picture here, and than a stop."""
    policy = sight_policy(robot.folder / "policy")
    policy.tensors["missing.scene"] = np.array([128 * (BLIND[0] - LEFT), 128 * (RIGHT - BLIND[1]), 0.0])
    policy.tensors["missing.joints"] = np.zeros(2)
    return policy


def started(robot: Robot, policy: Policy, required: bool) -> None:
    """A node on a clock that stands still, with joints that hold for good."""
    parameters = wired(policy, TWIST_STAMPED, use_sim_time=True)
    parameters["modalities"]["scene"] |= {"required": required, "max_age_s": MAX_AGE_NS * 1e-9}
    parameters["modalities"]["joints"]["max_age_s"] = math.inf
    robot.run(parameters)
    robot.simulated = Time(sec=100)
    clock = Clock(clock=robot.simulated)
    robot.send_until("/clock", clock, robot.status_says("waiting: "))
    arrived = lambda: robot.status_is(lambda status: status.value("encoded", "joints") != "0")  # noqa: E731
    robot.send_until("joint_states", joints(LEFT, RIGHT)(robot.simulated), arrived)


def next_command(robot: Robot) -> Any:
    """Turns the clock on by one period, and waits for the command of that time."""
    now = stamp(nanos(robot.now()) + PERIOD_NS)
    robot.simulated = now
    of_now = lambda: [command for command in robot.commands[-3:] if command.header.stamp == now]  # noqa: E731
    robot.send_until("/clock", Clock(clock=now), lambda: bool(of_now()))
    return of_now()[0]


def next_picture(robot: Robot, phase_ns: int, red: int) -> Image:
    """Stamped so long before the next command."""
    return picture(red, 0, 0)(stamp(nanos(robot.now()) + PERIOD_NS - phase_ns))


def see(robot: Robot, message: Image, seen: list[float], without: list[float]) -> Any | None:
    """The first command that rests on this picture; none when it came too late to count."""
    begun = nanos(message.header.stamp)
    while nanos(robot.now()) + PERIOD_NS - begun <= MAX_AGE_NS:
        robot.send("camera/image_raw", message)
        robot.peer.spin(0.02)
        command = next_command(robot)
        if close(command, seen):
            return command
        assert numbers(command) == without
    return None


@pytest.mark.parametrize("required", [True, False])
def test_a_camera_that_is_cut_is_missed_at_the_first_command_after_its_age_every_time(
    robot: Robot, required: bool
) -> None:
    policy = policy_that_sees(robot)
    without = STOP if required else BLIND
    started(robot, policy, required)
    # Until its first picture a required camera keeps the node silent.
    seen = policy.action(255, 0, 0, LEFT, RIGHT)
    while not any(close(command, seen) for command in robot.commands):
        robot.send("camera/image_raw", next_picture(robot, 0, 255))
        robot.advance(1 / RATE_HZ)
        robot.peer.spin(0.1)
    while not close(next_command(robot), without):
        pass
    first = len(robot.commands)

    random_phases = random.Random(7)
    delays_s: list[float] = []
    while len(delays_s) < CUTS:
        # Odd, so that no age is the allowed one to the nanosecond, where a rounded float could decide.
        phase_ns = random_phases.randrange(1, PERIOD_NS, 2)
        red = 16 * (1 + len(delays_s) % 15)
        seen = policy.action(red, 0, 0, LEFT, RIGHT)
        last_picture = next_picture(robot, phase_ns, red)
        command = see(robot, last_picture, seen, without)
        while command is not None and not close(command, without):
            age_ns = nanos(command.header.stamp) - nanos(last_picture.header.stamp)
            assert age_ns <= MAX_AGE_NS and close(command, seen), (age_ns, numbers(command))
            command = next_command(robot)
        if command is None:
            continue  # The picture never arrived in time, so there was nothing to cut.
        age_ns = nanos(command.header.stamp) - nanos(last_picture.header.stamp)
        assert MAX_AGE_NS < age_ns <= MAX_AGE_NS + PERIOD_NS
        assert numbers(command) == without
        delays_s.append(age_ns * 1e-9)

    commands = robot.commands[first:]
    times = [nanos(command.header.stamp) for command in commands]
    assert set(np.diff(times)) == {PERIOD_NS}, "no period is without a command"
    assert np.all(np.isfinite([numbers(command) for command in commands]))
    assert len(delays_s) == CUTS and np.ptp(delays_s) > 0.8 / RATE_HZ, "the cuts were at all phases"
    if required:
        assert "stop action: scene: " in robot.program.log()
    else:
        assert robot.wait_for_status("active").value("stops") == "0"
