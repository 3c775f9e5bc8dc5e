"""What makes the node stop the robot, why it says so, and what makes it go on."""

from __future__ import annotations

import re

import pytest
from parameters import RATE_HZ, TWIST_STAMPED, wired
from patterns import groups
from policies import STOP, sight_policy, spoken_policy
from robot import Robot, halves, joints, numbers, picture, seconds

MAX_AGE_S = 0.5

SLACK_S = 0.5
"""A control thread that has to share its core wakes up later; the command's own stamp tells when it decided."""


def test_a_camera_that_stops_stops_the_robot_until_it_is_back(robot: Robot) -> None:
    parameters = wired(sight_policy(robot.folder / "policy"), TWIST_STAMPED)
    parameters["modalities"]["scene"]["max_age_s"] = MAX_AGE_S
    parameters["modalities"]["joints"]["max_age_s"] = 3.0
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)

    robot.silence("camera/image_raw")
    went_dark = seconds(robot.now())
    stopped = robot.wait_for_action(STOP)
    told = robot.wait_for_status("scene: ").says()
    age_s, allowed_s = map(float, groups(r"^scene: (\S+) s old, allowed (\S+) s$", told))
    assert age_s >= allowed_s == MAX_AGE_S
    acting = [seconds(c.header.stamp) for c in robot.commands if numbers(c) != STOP]
    assert max(acting) - went_dark <= MAX_AGE_S
    first_stop = next(c for c in robot.commands if seconds(c.header.stamp) > max(acting))
    assert seconds(first_stop.header.stamp) - went_dark < MAX_AGE_S + 1 / RATE_HZ + SLACK_S
    # A stop is commanded again and again, for a robot that missed the first.
    robot.wait_for("more stops", lambda: robot.commands[-1].header.stamp.sec > stopped.header.stamp.sec)
    assert numbers(robot.commands[-1]) == STOP
    assert "stop action: scene: " in robot.program.log()

    robot.keep_sending("camera/image_raw", picture(0, 64, 0))
    robot.wait_for_action([1.0, 0.0], tolerance=0.01)
    assert robot.wait_for_status("active").value("stops") != "0"


def test_an_input_stamped_in_the_future_does_not_count(robot: Robot) -> None:
    parameters = wired(sight_policy(robot.folder / "policy"))
    robot.run(parameters)
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))

    def ahead(now: object) -> object:
        message = joints(1.0, 0.5)(now)
        message.header.stamp.sec += 60
        return message

    robot.keep_sending("joint_states", ahead)
    told = robot.wait_for_status("in the future").says()
    assert re.fullmatch(r"waiting: joints: stamped (59|60)\.\d\d\d s in the future, allowed 0.100 s; .*", told), told
    assert robot.commands == []


def test_without_a_stamp_the_time_of_arrival_counts(robot: Robot) -> None:
    robot.run(wired(sight_policy(robot.folder / "policy")))

    def unstamped(now: object) -> object:
        message = joints(1.0, 0.5)(now)
        message.header.stamp.sec = message.header.stamp.nanosec = 0
        return message

    robot.keep_sending("joint_states", unstamped)
    robot.keep_sending("camera/image_raw", picture(0, 0, 0))
    robot.wait_for_action([1.0, 0.5])


@pytest.mark.parametrize("blank", ["", "   ", "\n\t "])
def test_a_blank_instruction_stops_the_robot_until_the_next_sentence(robot: Robot, blank: str) -> None:
    robot.run(wired(spoken_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    robot.wait_for_status("waiting: instruction: absent")
    robot.say("open the drawer")
    robot.wait_for_status("active")
    robot.wait_for("a command", lambda: bool(robot.commands))
    opening = numbers(robot.commands[-1])
    assert opening != STOP

    robot.say(blank)
    assert robot.wait_for_status("instruction: absent").says() == "instruction: absent"
    robot.wait_for_action(STOP)

    robot.say("close the faucet")
    robot.wait_for_status("active")
    robot.wait_for("a command that is no stop", lambda: numbers(robot.commands[-1]) != STOP)
    closing = numbers(robot.commands[-1])
    assert closing[0] == opening[0] and closing[1] != opening[1]
    robot.say("open the drawer")
    robot.wait_for_action(opening)


@pytest.mark.parametrize("latched", [True, False])
def test_operators_are_heard_whether_they_latch_or_not(robot: Robot, latched: bool) -> None:
    robot.run(wired(spoken_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    for text in ["open the drawer", "push the button é 机器人"]:
        robot.say(text, latched=latched)
    robot.wait_for_status("active")


def test_a_covered_lens_stops_the_robot_where_contrast_is_asked_for(robot: Robot) -> None:
    parameters = wired(sight_policy(robot.folder / "policy"))
    parameters["modalities"]["scene"]["min_contrast"] = 0.03
    robot.run(parameters)
    robot.keep_sending("camera/image_raw", halves)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)
    for covered in (picture(2, 0, 1), picture(190, 40, 25)):  # in the dark, and by a finger in the light
        robot.keep_sending("camera/image_raw", covered)
        robot.wait_for_action(STOP)
        robot.wait_for_status("scene: absent")
        robot.keep_sending("camera/image_raw", halves)
        robot.wait_for_action([2.0, 0.5], tolerance=0.01)
