"""Who may move the robot: `~/enable`, a deadman that is held, an emergency stop that latches until `~/reset`."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from builtin_interfaces.msg import Time
from parameters import RATE_HZ
from patterns import groups
from permission import DEADMAN, EMERGENCY_STOP, PRESSED, button, enable, joy, press, reset, says
from policies import STOP
from rclpy.serialization import serialize_message
from robot import Robot, joints, numbers, seconds
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Joy
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger
from swap import FIRST, SECOND, act, changes, first, second

SLACK_S = 0.5
"""A control thread that has to share its core wakes up later; the command's own stamp tells when it decided."""

MAX_AGE_S = 0.5


def waits(robot: Robot, parameters: dict, reason: str) -> None:
    """Starts a robot that has all that it needs but permission, and is silent for that reason."""
    robot.run(parameters)
    robot.wait_for_status(f"waiting: {reason}")
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    ticks = -1

    def waited() -> bool:
        nonlocal ticks
        if not robot.status_is(lambda status: reason in status.says() and status.value("encoded", "joints") != "0"):
            return False
        now = int(robot.statuses[-1].value("ticks"))
        ticks = now if ticks < 0 else ticks
        return now > ticks + 5

    robot.wait_for(reason, waited)
    assert robot.statuses[-1].says() == f"waiting: {reason}"
    assert robot.commands == []


def stops(robot: Robot, reason: str) -> None:
    """The robot is stopped for that reason, which the log has once, and stays so."""
    robot.wait_for_action(STOP)
    assert robot.wait_for_status(reason).says() == reason
    before = len(robot.commands)
    robot.wait_for("more commands", lambda: len(robot.commands) > before + 3)
    assert {tuple(numbers(command)) for command in robot.commands[before:]} == {tuple(STOP)}
    assert f"stop action: {reason}" in robot.program.log()


def last_acting(robot: Robot) -> float:
    """The stamp of the last command that was no stop."""
    return max(seconds(command.header.stamp) for command in robot.commands if numbers(command) != STOP)


def test_a_robot_that_is_disabled_is_stopped_until_it_is_enabled(robot: Robot) -> None:
    act(robot, first(robot))
    for times in (1, 2):
        assert enable(robot, False).message == "disabled: the robot is stopped"
        stops(robot, "disabled by ~/enable")
        assert robot.program.log().count("stop action: disabled by ~/enable") == times
        assert enable(robot, True).message == "enabled: the robot may be moved"
        robot.wait_for_action(FIRST)
        robot.wait_for_status("active")
    assert changes(robot) == [FIRST, STOP, FIRST, STOP, FIRST]


def test_disabled_and_enabled_again_at_once_is_a_stop_all_the_same(robot: Robot) -> None:
    # One period is longer than both calls.
    act(robot, first(robot, control_rate_hz=1.0))
    for _ in range(2):
        enable(robot, False)
        enable(robot, True)
    before = len(robot.commands)
    robot.wait_for("more commands", lambda: len(robot.commands) > before + 2)
    assert STOP in changes(robot) and changes(robot)[-1] == FIRST


def test_nothing_moves_before_it_is_enabled_where_it_is_not_at_the_start(robot: Robot) -> None:
    reason = "not enabled since the start (enabled_at_start is false); call ~/enable"
    waits(robot, first(robot, enabled_at_start=False), reason)
    enable(robot, True)
    robot.wait_for_action(FIRST)
    assert changes(robot) == [FIRST]


@pytest.mark.parametrize("message", ["std_msgs/msg/Bool", "sensor_msgs/msg/Joy"])
def test_a_deadman_must_be_pressed_and_fresh(robot: Robot, message: str) -> None:
    # The other buttons say the opposite.
    pressed, released = (says(True), says(False)) if message.endswith("Bool") else (joy(0, 1, 0), joy(1, 0, 1))
    deadman = DEADMAN | {"message": message, "button": 1, "max_age_s": MAX_AGE_S}
    waits(robot, first(robot, deadman=deadman), "deadman: no message yet")
    robot.keep_sending("deadman", released)
    robot.wait_for_status("waiting: deadman: not pressed")
    assert robot.commands == []
    robot.keep_sending("deadman", pressed)
    robot.wait_for_action(FIRST)
    robot.keep_sending("deadman", released)
    stops(robot, "deadman: not pressed")
    robot.keep_sending("deadman", pressed)
    robot.wait_for_action(FIRST)

    sent = seconds(robot.now())
    robot.silence("deadman")
    robot.wait_for_action(STOP)
    told = robot.wait_for_status("deadman: ").says()
    age_s, allowed_s = map(float, groups(r"^deadman: (\S+) s old, allowed (\S+) s$", told))
    # To three digits.
    assert age_s >= allowed_s == MAX_AGE_S
    assert last_acting(robot) - sent < MAX_AGE_S + 1 / RATE_HZ + SLACK_S
    robot.keep_sending("deadman", pressed)
    robot.wait_for_action(FIRST)
    assert changes(robot) == [FIRST, STOP] * 2 + [FIRST]


def test_a_joystick_whose_messages_come_late_is_as_old_as_its_stamps(robot: Robot) -> None:
    deadman = DEADMAN | {"message": "sensor_msgs/msg/Joy", "max_age_s": 5.0}
    robot.run(first(robot, deadman=deadman))
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.keep_sending("deadman", joy(1, late_s=60.0))
    told = robot.wait_for_status("s old, allowed 5.000 s").says()
    assert re.fullmatch(r"waiting: deadman: (59|6\d)\.\d\d\d s old, allowed 5.000 s", told), told
    assert robot.commands == []
    robot.keep_sending("deadman", joy(1))
    robot.wait_for_action(FIRST)
    # A clock that is ahead keeps nothing fresh for longer than its arrival does.
    robot.keep_sending("deadman", joy(1, late_s=-1000.0))
    robot.peer.spin(0.2)
    sent = seconds(robot.now())
    robot.silence("deadman")
    robot.wait_for("a stop", lambda: numbers(robot.commands[-1]) == STOP, timeout_s=20.0)
    assert last_acting(robot) - sent < 5.0 + 1 / RATE_HZ + SLACK_S


GARBAGE = [b"\x00", b"\x00\x01\x00\x00", b"\x00\x01\x00\x00\x07", b"\x01" * 5, b"\xff" * 5]
"""No publisher of a Bool sends more."""


@pytest.mark.parametrize("kind", [Bool, Joy])
def test_what_cannot_be_read_never_permits(robot: Robot, kind: type) -> None:
    broken = list(GARBAGE)
    if kind is Joy:
        whole = serialize_message(Joy(buttons=[0, 0, 1]))
        # A joystick with too few buttons, one with a button that is neither, and half a message.
        broken += [serialize_message(Joy(buttons=[1, 1])), serialize_message(Joy(buttons=[0, 0, 2])), whole[:-5]]
    deadman = DEADMAN | {"message": f"{'std' if kind is Bool else 'sensor'}_msgs/msg/{kind.__name__}", "button": 2}
    waits(robot, first(robot, deadman=deadman), "deadman: no message yet")
    reason = "deadman: the last message could not be read"
    robot.send_until("deadman", broken[-1], robot.status_says(f"waiting: {reason}"), kind)
    for bytes_ in broken:
        robot.send("deadman", bytes_, kind)
        robot.peer.spin(0.1)
    told = robot.wait_for_status("a message could not be read", "topics").says("topics")
    assert "topic /deadman: a message could not be read (deadman.topic): " in told, told
    assert robot.commands == []
    held = Bool(data=True) if kind is Bool else Joy(buttons=[0, 0, 1])
    robot.keep_sending("deadman", lambda now: held)
    robot.wait_for_action(FIRST)
    assert changes(robot) == [FIRST]
    robot.silence("deadman")
    robot.send_until("deadman", broken[-1], lambda: numbers(robot.commands[-1]) == STOP, kind)
    assert robot.wait_for_status(reason).says() == reason


@pytest.mark.parametrize("parameter", ["deadman", "emergency_stop"])
def test_a_publisher_of_another_type_is_told(robot: Robot, parameter: str) -> None:
    switch = {"topic": "switch", "max_age_s": MAX_AGE_S}
    robot.run(first(robot, **{parameter: switch}))
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.keep_sending("switch", lambda now: String(data="true"))
    told = robot.wait_for_status("/switch", "topics").says("topics")
    expected = f"topic /switch: /peer publishes it as std_msgs/msg/String, and {parameter}.topic must be of type"
    assert expected in told, told
    assert robot.program.log().count(expected) == 1
    robot.wait_for_status(f"waiting: {parameter.replace('_', ' ')}: no message yet")
    assert robot.commands == []


def test_a_switch_that_nobody_publishes_is_told(robot: Robot) -> None:
    act(robot, first(robot, emergency_stop=EMERGENCY_STOP))
    told = robot.wait_for_status("no node publishes", "topics").says("topics")
    assert "topic /estop: no node publishes it as std_msgs/msg/Bool (emergency_stop.topic)" in told, told
    button(robot)
    robot.wait_for("no more warning", lambda: robot.status_is(lambda s: s.says("topics") == "as wired"))


@pytest.mark.parametrize("quality", ["reliable", "latched", "best effort"])
def test_a_short_press_stops_the_robot_until_it_is_reset(robot: Robot, quality: str) -> None:
    act(robot, first(robot, emergency_stop=EMERGENCY_STOP))
    stop = button(robot, quality)
    pressed = press(stop)
    if quality == "best effort":
        # A press may be lost on its way, and somebody would press again.
        robot.wait_for("a press", lambda: bool(press(stop)) and numbers(robot.commands[-1]) == STOP)
    stops(robot, PRESSED)
    if quality != "best effort":
        assert last_acting(robot) - pressed < 1 / RATE_HZ + SLACK_S
    answer = reset(robot)
    assert (answer.success, answer.message) == (True, "the emergency stop is reset")
    robot.wait_for_action(FIRST)
    robot.wait_for_status("active")
    assert (reset(robot).success, changes(robot)) == (True, [FIRST, STOP, FIRST])


def test_a_reset_is_refused_while_it_is_pressed_and_enabling_does_not_help(robot: Robot) -> None:
    act(robot, first(robot, emergency_stop=EMERGENCY_STOP))
    stop = button(robot)
    stop.publish(Bool(data=True))
    stops(robot, PRESSED)
    answer = reset(robot)
    assert (answer.success, answer.message) == (False, "the emergency stop is still pressed")
    enable(robot, False)
    assert enable(robot, True).message == f"enabled, but the robot may still not be moved: {PRESSED}"
    stops(robot, PRESSED)
    stop.publish(Bool(data=False))
    robot.wait_for("a reset", lambda: reset(robot).success)
    robot.wait_for_action(FIRST)
    assert changes(robot) == [FIRST, STOP, FIRST]


def test_what_was_pressed_before_the_node_started_counts(robot: Robot) -> None:
    robot.send("estop", Bool(data=True), latched=True)
    waits(robot, first(robot, emergency_stop=EMERGENCY_STOP), PRESSED)
    assert not reset(robot).success
    robot.send("estop", Bool(data=False), latched=True)
    robot.wait_for("a reset", lambda: reset(robot).success)
    robot.wait_for_action(FIRST)


def test_an_emergency_stop_that_must_be_fresh_stops_when_it_falls_silent(robot: Robot) -> None:
    estop = EMERGENCY_STOP | {"max_age_s": MAX_AGE_S}
    waits(robot, first(robot, emergency_stop=estop), "emergency stop: no message yet")
    robot.keep_sending("estop", says(False))
    robot.wait_for_action(FIRST)
    sent = seconds(robot.now())
    robot.silence("estop")
    robot.wait_for_action(STOP)
    robot.wait_for_status("s old, allowed 0.500 s")
    assert last_acting(robot) - sent < MAX_AGE_S + 1 / RATE_HZ + SLACK_S
    answer = reset(robot)
    assert not answer.success and "s old, allowed 0.500 s" in answer.message, answer.message
    robot.keep_sending("estop", says(False))
    stops(robot, "emergency stop: its messages had stopped for too long; latched until ~/reset")
    assert reset(robot).success
    robot.wait_for_action(FIRST)
    assert changes(robot) == [FIRST, STOP, FIRST]


def test_an_emergency_stop_that_cannot_be_read_counts_as_pressed(robot: Robot) -> None:
    act(robot, first(robot, emergency_stop=EMERGENCY_STOP))
    robot.send_until("estop", b"\x00\x01\x00\x00\x02", lambda: numbers(robot.commands[-1]) == STOP, Bool)
    stops(robot, "emergency stop: a message could not be read; latched until ~/reset")
    told = robot.wait_for_status("could not be read", "topics").says("topics")
    assert "data is 2; 0 (false) or 1 (true) is allowed" in told, told
    assert reset(robot).success
    robot.wait_for_action(FIRST)


def test_without_an_emergency_stop_there_is_nothing_to_reset(robot: Robot) -> None:
    act(robot, first(robot))
    answer = robot.call(Trigger, "reset")
    assert (answer.success, answer.message) == (False, "there is no emergency stop")
    assert changes(robot) == [FIRST]


def withdrawals(robot: Robot) -> dict[str, tuple[Callable[[], object], Callable[[], object], str]]:
    """How permission is withdrawn and given again, and what is said meanwhile."""
    stop = button(robot)

    def pressed() -> None:
        press(stop)
        robot.wait_for_status(PRESSED)

    def released() -> bool:
        # A press that two subscriptions hear may latch once more, right after a reset.
        return reset(robot).success and PRESSED not in robot.statuses[-1].says()

    return {
        "disabled": (lambda: enable(robot, False), lambda: enable(robot, True), "disabled by ~/enable"),
        "emergency": (
            pressed,
            lambda: robot.wait_for("a reset", released),
            PRESSED,
        ),
    }


@pytest.mark.parametrize("how", ["disabled", "emergency"])
def test_permissions_outlive_the_policy(robot: Robot, how: str) -> None:
    act(robot, first(robot, emergency_stop=EMERGENCY_STOP))
    withdraw, give, reason = withdrawals(robot)[how]
    withdraw()
    stops(robot, reason)
    answer = robot.load(second(robot))
    assert answer.success, answer.message
    robot.wait_for("its status", lambda: robot.status_is(lambda s: s.value("policy") == "second"))
    stops(robot, reason)
    assert changes(robot) == [FIRST, STOP]
    give()
    robot.wait_for_action(SECOND)
    assert changes(robot) == [FIRST, STOP, SECOND]


RATE = 10.0
"""The largest change of `drive` per second."""


def act_on_simulated_time(robot: Robot, **limit: float) -> None:
    """Starts a robot that acts whenever the clock is turned on."""
    parameters = first(robot, emergency_stop=EMERGENCY_STOP, use_sim_time=True)
    parameters["modalities"]["joints"]["max_age_s"] = float("inf")
    if limit:
        parameters["action"]["limits"] = {"drive": limit}
    robot.run(parameters)
    robot.simulated = Time(sec=100)
    ticking = robot.status_says("waiting: joints: absent")
    robot.send_until("/clock", Clock(clock=robot.simulated), ticking)
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for("the joints", lambda: robot.status_is(lambda status: status.value("encoded", "joints") != "0"))
    while step(robot) != FIRST:
        pass


def step(robot: Robot) -> list[float]:
    """Turns the clock on by one period, and gets the command of that time."""
    now = robot.advance(1 / RATE_HZ)

    def of_now() -> list[list[float]]:
        return [numbers(command) for command in robot.commands if command.header.stamp == now]

    robot.send_until("/clock", Clock(clock=now), lambda: bool(of_now()))
    return of_now()[0]


@pytest.mark.parametrize("how", ["disabled", "emergency"])
def test_it_stops_while_simulated_time_stands_still(robot: Robot, how: str) -> None:
    act_on_simulated_time(robot, max_rate=RATE)
    withdraw, give, reason = withdrawals(robot)[how]
    stood_still = robot.simulated

    withdraw()
    robot.wait_for_action(STOP)
    robot.wait_for_status(reason)
    before = len(robot.commands)
    robot.wait_for("more stops", lambda: len(robot.commands) > before + 3)
    assert all(numbers(command) == STOP for command in robot.commands[before:])
    assert robot.commands[-1].header.stamp == stood_still
    assert step(robot) == STOP
    assert robot.wait_for_status(reason).says() == reason

    give()
    # Stops that were on their way are of a time before.
    drives = [step(robot)[0] for _ in range(4)]
    largest = RATE / RATE_HZ
    assert drives[0] <= STOP[0] + largest + 1e-6
    assert drives[-1] == FIRST[0]


@pytest.mark.parametrize("how", ["disabled", "emergency"])
def test_what_was_withdrawn_while_time_stood_still_begins_anew(robot: Robot, how: str) -> None:
    act_on_simulated_time(robot)
    withdraw, give, _ = withdrawals(robot)[how]
    withdraw()
    give()
    robot.peer.spin(0.1)
    # However short it was.
    assert step(robot) == STOP
    assert step(robot) == FIRST


def test_in_lockstep_an_emergency_is_answered_and_needs_no_observation(robot: Robot) -> None:
    parameters = first(robot, emergency_stop=EMERGENCY_STOP, use_sim_time=True, lockstep=True)
    robot.run(parameters)
    stop = button(robot)

    def observe() -> list[float]:
        now = robot.advance(0.0125)
        observation = [("joint_states", joints(0.0, 0.0)(now))]
        robot.send_all_until(observation, lambda: any(command.header.stamp == now for command in robot.commands))
        return numbers(next(command for command in robot.commands if command.header.stamp == now))

    assert [observe() for _ in range(3)] == [FIRST] * 3
    press(stop)
    # The simulator waits, and nothing is to be answered.
    robot.wait_for_action(STOP)
    robot.wait_for_status(PRESSED)
    assert [observe() for _ in range(3)] == [STOP] * 3
    robot.wait_for("a reset", lambda: reset(robot).success)
    robot.peer.spin(0.1)
    assert [observe() for _ in range(3)] == [FIRST] * 3
