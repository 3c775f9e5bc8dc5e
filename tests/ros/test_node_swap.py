"""Another policy takes over while the robot moves."""

from __future__ import annotations

import math
import signal
import time
from itertools import groupby, pairwise

import pytest
from builtin_interfaces.msg import Time
from parameters import RATE_HZ, SOURCES, TWIST_STAMPED, wired
from policies import (
    STOP,
    colour,
    constant_policy,
    joints_and_target_policy,
    joints_policy,
    shipped_encoders_policy,
    spoken_policy,
    vector,
)
from rclpy.parameter_client import AsyncParameterClient
from rclpy.task import Future
from robot import Robot, joints, numbers, picture
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Float64MultiArray, String
from swap import FIRST, SECOND, act, changes, first, second

PERIOD_S = 1 / RATE_HZ

ENDS_WITHIN_S = 4.0
"""What is being loaded may hold up the end of the node for three seconds."""


def act_on_simulated_time(robot: Robot, parameters: dict) -> None:
    """Starts a robot that acts whenever the clock is turned on: every command is then accounted for."""
    # A clock that is turned on as fast as commands come leaves joints behind that come at the machine's own pace.
    parameters["modalities"]["joints"]["max_age_s"] = math.inf
    robot.run(parameters | {"use_sim_time": True})
    robot.simulated = Time(sec=100)
    robot.send_until("/clock", Clock(clock=robot.simulated), robot.status_says("waiting: joints: absent"))
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for("the joints", lambda: robot.status_is(lambda status: status.value("encoded", "joints") != "0"))
    step(robot)


def step(robot: Robot) -> None:
    """Turns the clock on by one period and gets the one command of that time."""
    before, now = len(robot.commands), robot.advance(PERIOD_S)
    robot.send_until("/clock", Clock(clock=now), lambda: len(robot.commands) > before)
    assert [command.header.stamp for command in robot.commands[before:]] == [now]


def step_until_answered(robot: Robot, answer: Future) -> None:
    """Goes on period by period until the answer has come, and a few more."""
    while not answer.done():
        step(robot)
        robot.peer.spin(0.01)
    for _ in range(3):
        step(robot)


def test_a_policy_takes_over_between_two_commands_and_none_is_left_out(robot: Robot) -> None:
    act_on_simulated_time(robot, first(robot))
    for _ in range(5):
        step(robot)
    answer = robot.ask_to_load(second(robot))
    step_until_answered(robot, answer)
    assert answer.result().success, answer.result().message
    for part in ['"second"', str(robot.folder / "second"), "took over from", '"first"', str(robot.folder / "first")]:
        assert part in answer.result().message
        assert part in robot.program.log()
    assert changes(robot) == [FIRST, SECOND]
    robot.wait_for("its status", lambda: robot.status_is(lambda s: s.value("policy") == "second"))
    status = robot.statuses[-1]
    assert (status.says(), status.value("stops")) == ("active", "0")
    assert status.value("policy_folder") == str(robot.folder / "second")
    after = sum(numbers(command) == SECOND for command in robot.commands)
    robot.wait_for("its ticks", lambda: robot.status_is(lambda s: s.value("ticks") == str(after)))


def test_it_takes_over_on_the_systems_clock_as_well(robot: Robot) -> None:
    act(robot, first(robot))
    answer = robot.load(second(robot))
    assert answer.success, answer.message
    robot.wait_for_action(SECOND)
    assert changes(robot) == [FIRST, SECOND]
    robot.wait_for("a line in the log", lambda: 'active: the policy "second" drives' in robot.program.log())


def test_a_rate_limit_holds_from_the_last_command_of_the_one_before(robot: Robot) -> None:
    rate = 2.0
    parameters = first(robot)
    parameters["action"]["limits"] = {"drive": {"max_rate": rate}}
    act_on_simulated_time(robot, parameters)
    while numbers(robot.commands[-1]) != FIRST:
        step(robot)
    answer = robot.ask_to_load(second(robot))
    step_until_answered(robot, answer)
    assert answer.result().success, answer.result().message
    while numbers(robot.commands[-1]) != SECOND:
        step(robot)
    drive, turn = zip(*(numbers(command) for command in robot.commands))
    assert max(abs(after - before) for before, after in pairwise(drive)) == pytest.approx(rate * PERIOD_S)
    assert [value for value, _ in groupby(turn)] == [FIRST[1], SECOND[1]]


def test_in_lockstep_every_observation_is_answered_once(robot: Robot) -> None:
    policies = []
    for folder, action in [(robot.folder / "first", FIRST), (robot.folder / "second", SECOND)]:
        modalities = (colour("scene", folder), vector("joints", "left", "right"))
        policies.append(constant_policy(folder, action, *modalities))
    robot.run(wired(policies[0], TWIST_STAMPED, use_sim_time=True, lockstep=True))
    observed = []

    def observe() -> None:
        now = robot.advance(PERIOD_S)
        messages = [("joint_states", joints(0.0, 0.0)(now)), ("camera/image_raw", picture(9, 9, 9)(now))]
        robot.send_all_until(messages, lambda: any(command.header.stamp == now for command in robot.commands))
        observed.append(now)

    for _ in range(5):
        observe()
    answer = robot.ask_to_load(policies[1].write())
    while not answer.done():
        observe()
    assert answer.result().success, answer.result().message
    for _ in range(5):
        observe()
    assert changes(robot) == [FIRST, SECOND]
    assert [command.header.stamp for command in robot.commands] == observed


def test_before_the_first_command_it_takes_over_at_once(robot: Robot) -> None:
    robot.run(first(robot))
    robot.wait_for_status("waiting: joints: absent")
    assert robot.load(second(robot)).success
    robot.wait_for("its status", lambda: robot.status_is(lambda s: s.value("policy") == "second"))
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for_action(SECOND)
    assert changes(robot) == [SECOND]


def test_to_and_fro_twenty_times_leaves_nothing_behind(robot: Robot) -> None:
    act(robot, first(robot, contributions_rate_hz=50.0))
    folders = [second(robot), robot.folder / "first"]
    threads = robot.program.threads()
    for swap in range(20):
        answer = robot.load(folders[swap % 2])
        assert answer.success, answer.message
        robot.wait_for_action([SECOND, FIRST][swap % 2])
    assert changes(robot) == [FIRST, SECOND] * 10 + [FIRST]
    assert robot.program.threads() == threads


@pytest.mark.parametrize("latched", [True, False])
def test_an_instruction_given_before_counts_after(robot: Robot, latched: bool) -> None:
    policies = [spoken_policy(robot.folder / name) for name in ("first", "second")]
    policies[1].tensors["head.0.bias"] += 0.5
    robot.run(wired(policies[0]))
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    robot.say("open the drawer", latched=latched)
    robot.wait_for_status("active")
    robot.wait_for("a command", lambda: bool(robot.commands))
    before = numbers(robot.commands[-1])
    answer = robot.load(policies[1].write())
    assert answer.success, answer.message
    robot.wait_for_action([number + 0.5 for number in before], tolerance=1e-6)
    robot.wait_for("its status", lambda: robot.status_is(lambda s: s.value("policy") == "second"))
    assert robot.statuses[-1].value("instruction") == "open the drawer"
    robot.send("instruction", String(data="close the faucet"), latched=latched)
    robot.wait_for("the next one", lambda: robot.status_is(lambda s: s.value("instruction") == "close the faucet"))


def test_a_modality_that_only_the_second_has_is_listened_to_from_the_start(robot: Robot) -> None:
    both = spoken_policy(robot.folder / "second")
    parameters = wired(both) | {"policy": str(constant_policy(robot.folder / "first", FIRST).write())}
    parameters["modalities"]["instruction"]["required"] = False
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for_action(FIRST)
    assert 'modality instruction: the policy "first" has no such modality' in robot.program.log()
    robot.wait_for("the subscription", lambda: robot.peer.node.count_subscribers("instruction") > 0)
    # Said once, to a node whose policy does not listen.
    robot.send("instruction", String(data="open the drawer"))
    robot.peer.spin(0.5)
    answer = robot.load(both.folder)
    assert answer.success, answer.message
    robot.wait_for("the sentence", lambda: robot.status_is(lambda s: s.value("instruction") == "open the drawer"))


def test_what_is_explained_is_the_policy_in_use(robot: Robot) -> None:
    second = joints_and_target_policy(robot.folder / "second")
    parameters = wired(second, contributions_rate_hz=50.0)
    parameters["modalities"]["target"]["required"] = False
    parameters["policy"] = str(joints_policy(robot.folder / "first").write())
    robot.run(parameters)
    heard: dict[str, list[Float64MultiArray]] = {"contributions": [], "fusion": []}
    for topic, messages in heard.items():
        robot.peer.node.create_subscription(Float64MultiArray, f"late_fusion/{topic}", messages.append, 10)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("target", lambda now: Float64MultiArray(data=[2.0, 1.0]))
    robot.wait_for("an explanation", lambda: all(heard.values()))
    assert heard["contributions"][-1].layout.dim[0].label == "modality: joints, (all), (nothing)"
    assert robot.load(second.folder).success
    robot.wait_for_action([2.0, 0.0])
    label = "modality: joints, target"
    robot.wait_for("weights", lambda: heard["fusion"][-1].layout.dim[0].label == label)
    robot.wait_for("both", lambda: list(heard["fusion"][-1].data) == [1.0, 1.0])
    rows = heard["contributions"][-1]
    assert rows.layout.dim[0].label == f"{label}, (all), (nothing)"
    assert list(rows.data)[:4] == pytest.approx([1.0, 0.5, 1.0, -0.5])


def test_the_parameter_policy_follows_and_says_how_it_is_changed(robot: Robot) -> None:
    act(robot, first(robot))
    client = AsyncParameterClient(robot.peer.node, "late_fusion")

    def policy() -> str:
        robot.wait_for("the parameter services", client.services_are_ready)
        values = client.get_parameters(["policy"])
        robot.wait_for("the parameter", values.done)
        return values.result().values[0].string_value

    assert policy() == str(robot.folder / "first")
    assert not robot.load(robot.folder / "nowhere").success
    assert policy() == str(robot.folder / "first")
    assert robot.load(second(robot)).success
    assert policy() == str(robot.folder / "second")
    described = client.describe_parameters(["policy"])
    robot.wait_for("its description", described.done)
    assert not described.result().descriptors[0].read_only


@pytest.mark.parametrize("given", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", ["loading", "waiting"])
def test_a_node_that_is_told_to_end_meanwhile_stops_the_robot_first(
    robot: Robot, at: str, given: signal.Signals
) -> None:
    parameters = first(robot)
    if at == "loading":
        policy = shipped_encoders_policy(robot.folder / "large")
        for name in ("scene", "instruction"):
            parameters["modalities"][name] = SOURCES[name] | {"required": False}
        parameters["modalities"]["joints"]["required"] = False
    else:
        policy = constant_policy(robot.folder / "deaf", SECOND, vector("joints", "left", "ankle"))
    folder = policy.write()
    act(robot, parameters)
    answer = robot.ask_to_load(folder)
    robot.wait_for("its beginning", lambda: f"loading the policy in {folder}" in robot.program.log())
    told = time.monotonic()
    robot.program.process.send_signal(given)
    while robot.program.process.poll() is None and time.monotonic() < told + 2 * ENDS_WITHIN_S:
        robot.peer.spin(0.02)
    assert time.monotonic() - told < ENDS_WITHIN_S, robot.program.log()
    assert robot.program.wait() == 0, robot.program.log()
    robot.peer.spin(0.3)
    assert numbers(robot.commands[-1]) == STOP
    assert not answer.done() or not answer.result().success
