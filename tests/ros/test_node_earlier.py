"""A sentence from before the start, or before the robot was enabled, moves it only where a parameter says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
from features import cloud
from parameters import wired
from permission import EMERGENCY_STOP, button, enable, press, reset
from policies import STOP, spoken_policy, touch_policy
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from robot import Robot, Status, joints, numbers
from std_msgs.msg import String


def say_before(robot: Robot, text: str) -> None:
    """An operator's latched sentence, said before anybody listens."""
    robot.send("instruction", String(data=text), latched=True)


def test_yesterdays_sentence_does_not_move_the_robot(robot: Robot) -> None:
    say_before(robot, "open the drawer")
    robot.run(wired(spoken_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    said = robot.wait_for_status("accept_earlier: true").says()
    assert said.startswith("waiting: instruction: absent; no message has been received"), said
    assert "/peer" in said and "transient_local" in said, said
    # It is the publisher's turn: whatever it still keeps would have come by now.
    statuses = len(robot.statuses)
    robot.wait_for("more statuses", lambda: len(robot.statuses) > statuses + 3)
    assert robot.commands == []
    assert robot.statuses[-1].value("instruction") == ""

    # The same publisher is heard from now on, and at once.
    robot.send("instruction", String(data="close the faucet"), latched=True)
    assert robot.wait_for_status("active").value("instruction") == "close the faucet"
    robot.wait_for("a command", lambda: bool(robot.commands))
    # The topics are looked at once a second.
    robot.wait_for(
        "nothing more to say", lambda: robot.status_is(lambda s: "accept_earlier" not in s.says("instruction"))
    )


def test_it_does_where_the_parameter_says_so(robot: Robot) -> None:
    parameters = wired(spoken_policy(robot.folder / "policy"))
    parameters["modalities"]["instruction"]["accept_earlier"] = True
    say_before(robot, "open the drawer")
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    assert robot.wait_for_status("active").value("instruction") == "open the drawer"


def test_what_cannot_be_had_from_before_is_told(robot: Robot) -> None:
    parameters = wired(spoken_policy(robot.folder / "policy"))
    parameters["modalities"]["instruction"]["accept_earlier"] = True
    volatile = QoSProfile(depth=1, durability=DurabilityPolicy.VOLATILE)
    robot.peer.node.create_publisher(String, "instruction", volatile)
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    assert "/peer keeps no earlier one" in robot.wait_for_status("durability: volatile").says()


@pytest.mark.parametrize("accept_earlier", [False, True])
def test_a_feature_from_before_is_no_other(robot: Robot, accept_earlier: bool) -> None:
    parameters = wired(touch_policy(robot.folder / "policy"))
    parameters["modalities"]["touch"] |= {"max_age_s": math.inf, "accept_earlier": accept_earlier}
    feature = cloud("tactile skin v1", [0.5, 0.0])
    robot.send("touch", feature(robot.now()), latched=True)
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    if accept_earlier:
        robot.wait_for_action([1.5, 0.5])
        return
    robot.wait_for_status("modalities.touch.accept_earlier: true")
    assert robot.commands == []
    robot.send("touch", cloud("tactile skin v1", [0.25, 0.0])(robot.now()), latched=True)
    robot.wait_for_action([1.25, 0.5])


def is_heard(publisher: Publisher) -> bool:
    """Whether somebody has subscribed."""
    return publisher.get_subscription_count() > 0


def is_told(text: str, status: Status) -> bool:
    """Whether this is the instruction."""
    return status.value("instruction") == text


def test_a_sentence_said_as_soon_as_the_node_listens_is_not_lost(robot: Robot) -> None:
    robot.run(wired(spoken_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    for text in ("open the drawer", "close the faucet"):
        operator = robot.peer.node.create_publisher(
            String, "instruction", QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        )
        robot.wait_for("the subscription", partial(is_heard, operator))
        # Once, and no more.
        operator.publish(String(data=text))
        robot.wait_for(text, partial(robot.status_is, partial(is_told, text)))
    robot.wait_for("a command", lambda: bool(robot.commands))
    assert len(numbers(robot.commands[-1])) == 2


BEFORE = (
    "instruction: given before the robot was enabled or activated; give it again, or set "
    "modalities.instruction.accept_earlier to true"
)


def speaks(robot: Robot, *, accept_earlier: bool = False, **more: object) -> None:
    """A robot that obeys sentences, and may be stopped by several people."""
    parameters = wired(spoken_policy(robot.folder / "policy"), emergency_stop=EMERGENCY_STOP, **more)
    parameters["modalities"]["instruction"]["accept_earlier"] = accept_earlier
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.0))


def disabled_and_enabled(robot: Robot) -> None:
    """Somebody stops the robot, and lets it go on."""
    enable(robot, False)
    robot.wait_for_action(STOP)
    enable(robot, True)


def pressed_and_reset(robot: Robot) -> None:
    """Somebody presses the emergency stop, and somebody resets it."""
    press(button(robot))
    robot.wait_for_action(STOP)
    assert reset(robot).success


@pytest.mark.parametrize("again", [disabled_and_enabled, pressed_and_reset])
def test_a_robot_that_may_move_again_waits_to_be_told_again(robot: Robot, again: Callable[[Robot], None]) -> None:
    speaks(robot)
    robot.say("open the drawer")
    robot.wait_for_status("active")
    again(robot)
    assert robot.wait_for_status("given before").says() == BEFORE
    before = len(robot.commands)
    robot.wait_for("more commands", lambda: len(robot.commands) > before + 5)
    # Another policy that is loaded meanwhile has not been told anything either.
    assert robot.load(spoken_policy(robot.folder / "another").write()).success is False
    assert {tuple(numbers(command)) for command in robot.commands[before:]} == {tuple(STOP)}
    robot.say("open the drawer")
    robot.wait_for_status("active")
    robot.wait_for("a command that is no stop", lambda: numbers(robot.commands[-1]) != STOP)


def test_what_was_said_before_it_was_enabled_for_the_first_time_does_not_count(robot: Robot) -> None:
    speaks(robot, enabled_at_start=False)
    robot.say("open the drawer")
    robot.wait_for("the sentence", lambda: robot.status_is(lambda s: s.value("instruction") == "open the drawer"))
    enable(robot, True)
    assert robot.wait_for_status("given before").says() == f"waiting: {BEFORE}"
    assert robot.commands == []
    robot.say("close the faucet")
    robot.wait_for_status("active")


def test_it_does_count_where_the_parameter_says_so(robot: Robot) -> None:
    speaks(robot, accept_earlier=True)
    robot.say("open the drawer")
    robot.wait_for_status("active")
    for again in (disabled_and_enabled, pressed_and_reset):
        again(robot)
        robot.wait_for_status("active")
        robot.wait_for("a command that is no stop", lambda: numbers(robot.commands[-1]) != STOP)
