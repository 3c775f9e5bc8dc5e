"""What a stop is, by what is commanded: positions are held, everything else goes to zero, at once or down a ramp."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from frozen_thread import frozen_thread
from parameters import FLOATS, RATE_HZ, TRAJECTORY, TWIST_STAMPED, wired, write
from patterns import groups
from policies import Policy, vector
from robot import Robot, joints, numbers
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

PERIOD_S = 1 / RATE_HZ

MAX_AGE_S = 0.5


def arm_policy(folder: Path, *names: str) -> Policy:
    """Positions: drive and turn are what `target` says. Joints of these names are measured."""
    weight = np.zeros((2, len(names) + 2))
    weight[0, -2] = weight[1, -1] = 1.0
    policy = Policy(folder, [vector("joints", *names), vector("target", "x", "y")], weight)
    for action in policy.actions:
        action.pop("stop", None)
    return policy


def measured(**positions: float) -> Callable[[Time], JointState]:
    """A stream of joint states."""

    def make(now: Time) -> JointState:
        message = JointState(name=list(positions), position=list(positions.values()))
        message.header.stamp = now
        return message

    return make


def target(drive: float, turn: float) -> Callable[[Time], Float64MultiArray]:
    """A stream of targets."""
    return lambda now: Float64MultiArray(data=[drive, turn])


def wire(policy: Policy, command: str = TRAJECTORY, limits: dict | None = None, **stop: object) -> dict:
    """Parameters of an arm whose target counts half a second."""
    parameters = wired(policy, command)
    parameters["modalities"]["target"]["max_age_s"] = MAX_AGE_S
    parameters["modalities"]["joints"]["max_age_s"] = 10.0
    if limits:
        parameters["action"]["limits"] = limits
    if stop:
        parameters["stop"] = stop
    return parameters


def lose(robot: Robot, topic: str) -> list[list[float]]:
    """Silences an input until the robot stops for it; the commands from the stop on, which is repeated."""
    robot.silence(topic)
    status = robot.wait_for_status(f"{topic}: ")
    robot.wait_for("more stops", lambda: len(robot.commands_since(status.published_ns)) > 5)
    return [numbers(command) for command in robot.commands_since(status.published_ns)]


def test_an_arm_whose_target_dies_holds_where_it_is_measured(robot: Robot) -> None:
    robot.run(wire(arm_policy(robot.folder / "policy", "turn", "drive")))
    robot.keep_sending("joint_states", measured(drive=0.75, turn=-1.25))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    stops = lose(robot, "target")
    assert stops == [[0.75, -1.25]] * len(stops)
    # Where it sags to afterwards is not where it is held.
    robot.keep_sending("joint_states", measured(drive=0.5, turn=-1.5))
    seen = len(robot.commands)
    robot.wait_for("stops after it sagged", lambda: len(robot.commands) > seen + 10)
    assert {tuple(numbers(command)) for command in robot.commands} == {(1.0, -1.0), (0.75, -1.25)}


def test_without_a_measured_position_the_last_command_is_held(robot: Robot) -> None:
    robot.run(wire(arm_policy(robot.folder / "policy", "left", "right")))
    robot.keep_sending("joint_states", joints(0.75, -1.25))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    stops = lose(robot, "target")
    assert stops == [[1.0, -1.0]] * len(stops)


def test_a_measured_position_that_is_too_old_is_no_place_to_hold_at(robot: Robot) -> None:
    parameters = wire(arm_policy(robot.folder / "policy", "turn", "drive"))
    parameters["modalities"]["joints"]["max_age_s"] = MAX_AGE_S
    robot.run(parameters)
    robot.keep_sending("joint_states", measured(drive=0.75, turn=-1.25))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    robot.silence("joint_states")
    robot.wait_for_status("joints: ")
    seen = len(robot.commands)
    robot.wait_for("more stops", lambda: len(robot.commands) > seen + 5)
    assert {tuple(numbers(command)) for command in robot.commands} == {(1.0, -1.0)}


def test_an_array_of_positions_is_held_where_the_parameters_say_that_it_is_one(robot: Robot) -> None:
    policy = arm_policy(robot.folder / "policy", "turn", "drive")
    policy.actions[0]["unit"] = "rad"
    parameters = wire(policy, FLOATS)
    parameters["action"]["quantities"] = {"drive": "position"}
    robot.run(parameters)
    robot.keep_sending("joint_states", measured(drive=0.75, turn=-1.25))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    # Of the other number nobody says what it is: it stops at the policy's value, which is 0 where it has none.
    stops = lose(robot, "target")
    assert stops == [[0.75, 0.0]] * len(stops)


def test_a_trajectory_of_positions_and_velocities_is_stopped_number_by_number(robot: Robot) -> None:
    parameters = wire(arm_policy(robot.folder / "policy", "left", "wrist"))
    parameters["action"]["fields"] = {"drive": "positions.wrist", "turn": "velocities.wrist"}
    robot.run(parameters)
    robot.keep_sending("joint_states", measured(left=0.0, wrist=0.75))
    robot.keep_sending("target", target(1.0, -1.0))

    def last() -> list[float]:
        [point] = robot.commands[-1].points
        return [*point.positions, *point.velocities]

    robot.wait_for("a command", lambda: bool(robot.commands) and last() == [1.0, -1.0])
    robot.silence("target")
    robot.wait_for("the stop", lambda: last() == [0.75, 0.0])


@pytest.mark.parametrize("names", [("turn", "drive"), ("left", "right")])
def test_the_supervisor_holds_too_where_the_control_thread_hangs(robot: Robot, names: tuple[str, str]) -> None:
    robot.run(wire(arm_policy(robot.folder / "policy", *names)))
    robot.keep_sending("joint_states", measured(**dict(zip(names, (-1.25, 0.75)))))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    held = [0.75, -1.25] if names == ("turn", "drive") else [1.0, -1.0]
    with frozen_thread(robot.program.process.pid, "control"):
        seen = len(robot.commands)
        robot.wait_for("stops of the supervisor", lambda: len(robot.commands) > seen + 10)
        assert numbers(robot.commands[-1]) == held
        robot.wait_for_status("has decided nothing")
    robot.wait_for_action([1.0, -1.0])
    assert int(robot.wait_for_status("active").value("supervisor_stops")) > 10
    assert {tuple(numbers(command)) for command in robot.commands} == {(1.0, -1.0), tuple(held)}
    assert "supervisor sends the stop action" in robot.program.log()


def test_the_status_has_the_patience_of_the_supervisor(robot: Robot) -> None:
    least_s = 0.9
    robot.run(wire(arm_policy(robot.folder / "policy", "turn", "drive")) | {"supervisor": {"min_silence_s": least_s}})
    robot.keep_sending("joint_states", measured(drive=0.75, turn=-1.25))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    assert robot.wait_for_status("active").value("supervisor_stops") == "0"
    with frozen_thread(robot.program.process.pid, "control"):
        said = robot.wait_for_status("has decided nothing").says()
        robot.wait_for_action([0.75, -1.25])
    (silence_s,) = groups(r"nothing for (\S+) s", said)
    assert float(silence_s) >= least_s


def test_the_last_command_of_the_node_holds(robot: Robot) -> None:
    robot.run(wire(arm_policy(robot.folder / "policy", "turn", "drive")))
    robot.keep_sending("joint_states", measured(drive=0.75, turn=-1.25))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    robot.wait_for_status("active")
    assert robot.program.stop() == 0, robot.program.log()
    robot.peer.spin(0.3)
    last = [numbers(command) for command in robot.commands]
    held = last[last.index([0.75, -1.25]) :]
    assert held == [[0.75, -1.25]] * len(held) and len(held) > 1


def test_the_first_command_and_the_first_after_a_stop_start_from_what_is_measured(robot: Robot) -> None:
    rate = 0.5
    limits = {name: {"max_rate": rate} for name in ("drive", "turn")}
    robot.run(wire(arm_policy(robot.folder / "policy", "turn", "drive"), limits=limits))
    robot.wait_for_status("waiting")
    robot.keep_sending("joint_states", measured(drive=2.0, turn=-2.0))
    robot.keep_sending("target", target(2.125, -2.125))
    robot.wait_for_action([2.125, -2.125])
    step = rate * PERIOD_S + 1e-6
    first = numbers(robot.commands[0])
    assert 2.0 < first[0] <= 2.0 + step and -2.0 - step <= first[1] < -2.0

    lose(robot, "target")
    # Somebody moves the arm while it is stopped.
    robot.keep_sending("joint_states", measured(drive=-1.0, turn=1.0))
    known = int(robot.statuses[-1].value("encoded", "joints"))
    robot.wait_for("the joints", lambda: robot.status_is(lambda s: int(s.value("encoded", "joints")) > known + 60))
    stopped = numbers(robot.commands[-1])
    assert stopped == [2.0, -2.0]
    robot.keep_sending("target", target(-0.875, 0.875))
    robot.wait_for_action([-0.875, 0.875])
    values = [numbers(command) for command in robot.commands]
    resumed = values[len(values) - values[::-1].index(stopped) :]
    assert -1.0 < resumed[0][0] <= -1.0 + step and 1.0 - step <= resumed[0][1] < 1.0
    assert len(resumed) > 3


def test_a_velocity_goes_to_zero_at_once(robot: Robot) -> None:
    policy = arm_policy(robot.folder / "policy", "left", "right")
    robot.run(wire(policy, TWIST_STAMPED, {"drive": {"max_rate": 2.0, "max_acceleration": 8.0}}))
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    lose(robot, "target")
    values = [numbers(command) for command in robot.commands]
    assert {tuple(value) for value in values[values.index([1.0, -1.0]) :]} == {(1.0, -1.0), (0.0, 0.0)}


def step(robot: Robot) -> list[float]:
    """Turns the simulated clock on by a period, and gets the one command of that time."""
    before, now = len(robot.commands), robot.advance(PERIOD_S)
    robot.send_until("/clock", Clock(clock=now), lambda: len(robot.commands) > before)
    robot.peer.spin(0.005)
    assert len(robot.commands) == before + 1
    return numbers(robot.commands[-1])


def is_encoded(robot: Robot, name: str) -> bool:
    """Whether a message of this modality has been used."""
    return robot.statuses[-1].value("encoded", name) != "0"


def test_a_ramped_stop_and_the_way_back_keep_rate_and_acceleration_on_the_topic(robot: Robot) -> None:
    rate, acceleration = 2.0, 8.0
    limits = {name: {"max_rate": rate, "max_acceleration": acceleration} for name in ("drive", "turn")}
    parameters = wire(arm_policy(robot.folder / "policy", "left", "right"), TWIST_STAMPED, limits, ramp=True)
    parameters["modalities"]["joints"]["max_age_s"] = math.inf
    parameters["modalities"]["target"]["max_age_s"] = 2.0
    robot.run(parameters | {"use_sim_time": True})
    robot.simulated = Time(sec=100)
    robot.send_until("/clock", Clock(clock=robot.simulated), robot.status_says("waiting: joints: absent"))
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.keep_sending("target", target(1.0, -1.0))
    for name in ("joints", "target"):
        robot.wait_for(name, partial(is_encoded, robot, name))
    while step(robot) != [1.0, -1.0]:
        pass
    robot.silence("target")
    while step(robot) != [0.0, 0.0]:
        pass
    robot.keep_sending("target", target(-1.0, 1.0))
    while step(robot) != [-1.0, 1.0]:
        pass
    for number in (0, 1):
        values = [0.0, 0.0, *(numbers(command)[number] for command in robot.commands)]
        steps = np.diff(values)
        assert np.abs(steps).max() == pytest.approx(rate * PERIOD_S)
        assert np.abs(np.diff(steps)).max() == pytest.approx(acceleration * PERIOD_S**2)
        assert np.abs(values).max() == 1.0
    assert robot.wait_for_status("active").value("stops") != "0"


def test_a_node_that_ends_goes_down_its_ramp_first(robot: Robot) -> None:
    rate = 4.0
    limits = {name: {"max_rate": rate} for name in ("drive", "turn")}
    robot.run(wire(arm_policy(robot.folder / "policy", "left", "right"), TWIST_STAMPED, limits, ramp=True))
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    robot.wait_for_status("active")
    robot.program.process.terminate()
    while robot.program.process.poll() is None:
        robot.peer.spin(0.02)
    assert robot.program.wait() == 0, robot.program.log()
    robot.peer.spin(0.3)
    drive = [numbers(command)[0] for command in robot.commands]
    down = drive[len(drive) - drive[::-1].index(1.0) :]
    assert down[-1] == 0.0 and len(set(down)) > 3
    assert max(before - after for before, after in pairwise([1.0, *down])) <= rate * PERIOD_S + 1e-6


@pytest.mark.parametrize(
    ("stop", "change", "told"),
    [
        ({}, {"stop": 0.0}, "action drive is a position, and the policy's stop for it is 0"),
        ({"behaviour": "zero"}, {}, "parameter stop.behaviour is zero, but action drive is a position"),
        ({"behaviour": "named"}, {}, "the policy has no stop for action drive, a position"),
        ({"behaviour": "brake"}, {}, 'parameter stop.behaviour is "brake"; allowed: auto, zero, hold, named'),
        (
            {},
            {"quantity": "velocity"},
            "its field in trajectory_msgs/msg/JointTrajectory says that it is of the quantity",
        ),
        ({}, {"max_rate": -1.0}, "action drive: max_rate is -1; it must be a positive number"),
    ],
)
def test_a_stop_that_is_none_is_refused(robot: Robot, start: Callable, stop: dict, change: dict, told: str) -> None:
    policy = arm_policy(robot.folder / "policy", "turn", "drive")
    policy.actions[0] |= change
    path = robot.folder / "refused.yaml"
    write(path, wire(policy, **stop))
    program = start("late_fusion_node", "--ros-args", "--params-file", path)
    assert program.wait() == 1
    assert told in program.log()


def test_a_stop_value_of_a_position_is_driven_to_where_it_is_meant(robot: Robot) -> None:
    policy = arm_policy(robot.folder / "policy", "turn", "drive")
    for action in policy.actions:
        action["stop"] = 0.25
    robot.run(wire(policy, behaviour="named"))
    robot.keep_sending("joint_states", measured(drive=0.75, turn=-1.25))
    robot.keep_sending("target", target(1.0, -1.0))
    robot.wait_for_action([1.0, -1.0])
    stops = lose(robot, "target")
    assert stops == [[0.25, 0.25]] * len(stops)


def test_actions_without_limits_are_told_by_name(robot: Robot) -> None:
    policy = arm_policy(robot.folder / "policy", "turn", "drive")
    policy.actions[0] |= {"max_rate": 1.0, "max_acceleration": 4.0}
    robot.run(wire(policy))
    robot.wait_for("the warning", lambda: "action turn: no limit of rate or acceleration; set" in robot.program.log())
