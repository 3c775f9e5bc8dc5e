"""Chunks of actions: what the node commands between slow pictures, when the next one comes, and when none comes.

Every command carries the time of its decision, so what it should be is reckoned from the commands themselves, however
late or seldom they are on a busy machine.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from geometry_msgs.msg import TwistStamped
from parameters import TWIST_STAMPED, wired
from policies import STOP, Policy, chunk_policy
from robot import Robot, numbers, picture, seconds
from std_msgs.msg import Float64MultiArray

STEP_S = 0.1

DRIVES = [0.0, 0.5, -0.25, 0.25, 1.0, -0.5] + [0.0] * 45
"""A chunk of 5 s that goes up and down, and begins with a step that tells by its number how old the chunk is."""

SLACK = 1e-4
"""What 32 bits make of a picture's mean colour."""


def chunked(policy: Policy, max_age_s: float, **chunk: object) -> dict:
    """Parameters for a control rate well above that of the chunk's steps."""
    parameters = wired(policy, TWIST_STAMPED, control_rate_hz=100.0)
    # A section without a single key is no section to ROS.
    if chunk:
        parameters["chunk"] = chunk
    parameters["modalities"]["scene"]["max_age_s"] = max_age_s
    return parameters


def show(robot: Robot, red: int, green: int = 0) -> None:
    """Shows one picture, once, and waits until what is commanded rests on it."""
    before = numbers(robot.commands[-1])[1] if robot.commands else math.inf
    seen = lambda: bool(robot.commands) and numbers(robot.commands[-1])[1] != before  # noqa: E731
    robot.send_until("camera/image_raw", picture(red, green, 0)(robot.now()), seen)


def time_of(command: TwistStamped) -> float:
    """When it was decided."""
    return seconds(command.header.stamp)


def is_after(robot: Robot, time_s: float) -> bool:
    """Whether the newest command was decided after this time."""
    return time_of(robot.commands[-1]) > time_s


def begun(command: TwistStamped, drives: list[float], offset: float) -> float:
    """When the chunk was predicted that this command of its first two steps belongs to."""
    way = (numbers(command)[0] - offset - drives[0]) / (drives[1] - drives[0])
    assert way + SLACK >= 0 and way < 1, "this command comes too late to tell"
    return time_of(command) - way * STEP_S


def resting_on(robot: Robot, red: int) -> list[TwistStamped]:
    """The commands that rest on the picture of this red."""
    return [command for command in robot.commands if abs(numbers(command)[1] - red / 64) < SLACK]


def test_between_pictures_commands_follow_the_chunk_and_a_new_one_is_switched_to(robot: Robot) -> None:
    robot.run(chunked(chunk_policy(robot.folder / "policy", DRIVES, STEP_S), max_age_s=10.0))
    pictures = [(64, 0), (128, 64), (16, 128)]
    for red, green in pictures:
        show(robot, red, green)
        first = time_of(resting_on(robot, red)[0])
        robot.wait_for("half a second of it", partial(is_after, robot, first + 0.5))
    for red, green in pictures:
        commands = resting_on(robot, red)
        began = begun(commands[0], DRIVES, green / 128)
        # More commands than pictures, each with a number of its own.
        assert len({numbers(command)[0] for command in commands}) > 3
        times = STEP_S * np.arange(len(DRIVES))
        for command in commands:
            expected = np.interp(time_of(command) - began, times, DRIVES) + green / 128
            assert numbers(command)[0] == pytest.approx(expected, abs=SLACK), time_of(command) - began
    assert len(robot.commands) == sum(len(resting_on(robot, red)) for red, _ in pictures)
    assert "stop action" not in robot.program.log()


def test_of_an_old_picture_what_was_demonstrated_for_now_leaves(robot: Robot) -> None:
    learned_s, under_way_s = 0.1, 0.35
    drives = [math.sin(step) for step in range(51)]
    policy = chunk_policy(robot.folder / "policy", drives, STEP_S)
    policy.recorded = {"observation_age_s": {"scene": learned_s}}
    robot.run(chunked(policy, max_age_s=10.0))
    taken = robot.now()
    robot.wait_for("the picture's way", lambda: seconds(robot.now()) > seconds(taken) + under_way_s)
    robot.send_until("camera/image_raw", picture(64, 0, 0)(taken), lambda: bool(robot.commands))
    robot.wait_for("half a second of it", lambda: time_of(robot.commands[-1]) > time_of(robot.commands[0]) + 0.5)
    times = STEP_S * np.arange(len(drives))
    for command in robot.commands:
        expected = np.interp(time_of(command) - seconds(taken) - learned_s, times, drives)
        assert numbers(command)[0] == pytest.approx(expected, abs=SLACK)


def test_a_silent_camera_stops_the_robot_though_its_chunk_has_steps_left(robot: Robot) -> None:
    max_age_s = 0.5
    robot.run(chunked(chunk_policy(robot.folder / "policy", DRIVES, STEP_S), max_age_s))
    robot.keep_sending("camera/image_raw", picture(64, 0, 0))
    robot.wait_for_status("active")
    robot.silence("camera/image_raw")
    went_dark = seconds(robot.now())
    stopped = robot.wait_for_action(STOP)
    acting = [time_of(command) for command in robot.commands if numbers(command) != STOP]
    assert acting and max(acting) - went_dark <= max_age_s
    assert time_of(stopped) - went_dark < STEP_S * (len(DRIVES) - 1)
    robot.wait_for("more stops", lambda: time_of(robot.commands[-1]) > time_of(stopped) + 1.0)
    assert all(numbers(command) == STOP for command in robot.commands if time_of(command) > max(acting))
    assert "stop action: scene: " in robot.program.log()

    robot.commands.clear()
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.wait_for("commands", lambda: bool(resting_on(robot, 128)))
    begun(resting_on(robot, 128)[0], DRIVES, 0.0)


def test_a_chunk_that_is_played_to_its_end_is_predicted_anew(robot: Robot) -> None:
    drives = [0.0, 0.5, 1.0]
    robot.run(chunked(chunk_policy(robot.folder / "policy", drives, STEP_S), max_age_s=10.0))
    show(robot, 64)
    first = time_of(robot.commands[0])
    robot.wait_for("a second and a half", lambda: time_of(robot.commands[-1]) > first + 1.5)
    drive = [numbers(command)[0] for command in robot.commands]
    assert max(drive) <= drives[-1]
    # At its last step a chunk no longer tells how old it is.
    predicted = [
        time_of(command) - 2 * STEP_S * number for command, number in zip(robot.commands, drive) if number < drives[-1]
    ]
    lasted_s = [later - earlier for earlier, later in pairwise(predicted) if later - earlier > 2 * SLACK]
    assert len(lasted_s) >= 3
    assert min(lasted_s) > 2 * STEP_S, "the last step is due after so long"


def test_a_blend_fades_from_picture_to_picture(robot: Robot) -> None:
    blend_s = 0.5
    policy = chunk_policy(robot.folder / "policy", DRIVES, STEP_S)
    robot.run(chunked(policy, max_age_s=10.0, ensemble="blend", blend_s=blend_s))
    show(robot, 64)
    show(robot, 192)
    robot.wait_for("the end of the fade", lambda: abs(numbers(robot.commands[-1])[1] - 3.0) < SLACK)
    fading = [(time_of(command), numbers(command)[1]) for command in robot.commands]
    fading = [(at, turn) for at, turn in fading if 1.0 + SLACK < turn < 3.0 - SLACK]
    assert len(fading) > 3
    began = [at - blend_s * (turn - 1.0) / 2.0 for at, turn in fading]
    assert began == pytest.approx([began[0]] * len(began), abs=1e-3)


@pytest.mark.parametrize("favor", ["oldest", "newest"])
def test_a_temporal_ensemble_averages_what_was_foreseen(robot: Robot, favor: str) -> None:
    policy = chunk_policy(robot.folder / "policy", DRIVES, STEP_S)
    robot.run(chunked(policy, max_age_s=20.0, ensemble="temporal", favor=favor, decay=1.0))
    show(robot, 64)
    show(robot, 192)
    share = 1 / (1 + math.exp(-1.0))
    expected = 1.0 * share + 3.0 * (1 - share) if favor == "oldest" else 3.0 * share + 1.0 * (1 - share)
    assert numbers(robot.commands[-1])[1] == pytest.approx(expected, abs=SLACK)


def test_what_is_explained_is_the_first_step_of_the_newest_prediction(robot: Robot) -> None:
    policy = chunk_policy(robot.folder / "policy", DRIVES, STEP_S)
    said: list[Float64MultiArray] = []
    robot.peer.node.create_subscription(Float64MultiArray, "late_fusion/contributions", said.append, 10)
    robot.run(chunked(policy, max_age_s=10.0) | {"contributions_rate_hz": 20.0})
    show(robot, 64, 128)
    robot.wait_for("several explanations", lambda: len(said) > 5)
    assert len({numbers(command)[0] for command in robot.commands}) > 3
    for message in said:
        scene, everything, nothing = np.reshape(message.data, (3, 2))
        assert everything == pytest.approx([DRIVES[0] + 1.0, 1.0], abs=SLACK)
        assert scene == pytest.approx(everything - nothing, abs=SLACK)


def test_an_ensemble_for_a_policy_without_a_chunk_is_said_loudly(robot: Robot) -> None:
    policy = chunk_policy(robot.folder / "policy", [0.25], STEP_S)
    policy.chunk = None
    robot.run(chunked(policy, max_age_s=10.0, ensemble="temporal"))
    show(robot, 64)
    assert numbers(robot.commands[-1]) == pytest.approx([0.25, 1.0], abs=SLACK)
    told = (
        'chunk.ensemble is temporal (favor oldest, decay 0.01), but the policy "policy" predicts one action at a time'
    )
    assert told in robot.program.log()
