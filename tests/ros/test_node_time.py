"""Simulated time: commands that follow `/clock`, and lockstep, where one command answers one observation."""

from __future__ import annotations

from collections import Counter

import pytest
from builtin_interfaces.msg import Time
from parameters import RATE_HZ, TWIST_STAMPED, wired
from policies import STOP, joints_policy, sight_policy, spoken_policy
from robot import Robot, halves, joints, numbers, picture, seconds
from rosgraph_msgs.msg import Clock

PERIOD_S = 1 / RATE_HZ


def started_on_simulated_time(robot: Robot) -> None:
    """A node that acts, on a clock that stands still."""
    robot.run(wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED, use_sim_time=True))
    robot.simulated = Time(sec=100)
    ticking = robot.status_says("waiting: joints: absent")
    robot.send_until("/clock", Clock(clock=robot.simulated), ticking)
    robot.keep_sending("joint_states", joints(1.0, 0.0))
    # A feature is there before the tick that uses it.
    robot.wait_for("the joints", lambda: robot.status_is(lambda status: status.value("encoded", "joints") != "0"))


@pytest.mark.parametrize("lockstep", [False, True])
def test_a_node_without_a_clock_says_what_it_waits_for(robot: Robot, lockstep: bool) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED, use_sim_time=True, lockstep=lockstep))
    robot.keep_sending("joint_states", lambda now: joints(1.0, 0.0)(Time()))
    robot.wait_for_status("waiting: no message on /clock")
    assert "waiting: no message on /clock" in robot.program.log()
    robot.peer.spin(0.3)
    assert robot.commands == []


def test_a_node_in_lockstep_says_whose_observation_is_missing(robot: Robot) -> None:
    robot.run(wired(sight_policy(robot.folder / "policy"), TWIST_STAMPED, use_sim_time=True, lockstep=True))
    observe = [("/clock", Clock(clock=Time(sec=100))), ("joint_states", joints(1.0, 0.0)(Time(sec=100)))]
    robot.send_all_until(observe, robot.status_says("waiting: no message from scene"))
    assert robot.commands == []


def test_a_clock_that_stands_still_gives_no_commands(robot: Robot) -> None:
    started_on_simulated_time(robot)
    commanded = []
    for _ in range(12):
        now = robot.advance(PERIOD_S)
        robot.wait_for("a command of this time", robot.has_acted_at(now))
        commanded.append(now)
    robot.peer.spin(10 * PERIOD_S)
    assert [c.header.stamp for c in robot.commands] == commanded
    # Half a period is too early for the next one.
    robot.advance(PERIOD_S / 2)
    robot.peer.spin(5 * PERIOD_S)
    assert len(robot.commands) == len(commanded)


@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_commands_come_at_the_rate_in_the_simulators_seconds(robot: Robot, speed: float) -> None:
    started_on_simulated_time(robot)
    wall_step_s = 0.02
    steps = 150
    began = seconds(robot.now())
    for _ in range(steps):
        robot.advance(wall_step_s * speed)
        robot.peer.spin(wall_step_s)
    elapsed_s = seconds(robot.now()) - began
    assert elapsed_s == pytest.approx(steps * wall_step_s * speed)
    # A clock message that is lost, or comes late to a busy thread, takes a command with it and never gives one.
    assert 0.7 * elapsed_s * RATE_HZ < len(robot.commands) <= elapsed_s * RATE_HZ + 2


def test_an_age_is_measured_in_the_simulators_seconds(robot: Robot) -> None:
    started_on_simulated_time(robot)
    robot.advance(PERIOD_S)
    robot.wait_for_action([1.25, 0.0])
    robot.silence("joint_states")
    robot.peer.spin(1.0)
    robot.advance(0.3)
    robot.wait_for("a command", lambda: seconds(robot.commands[-1].header.stamp) == seconds(robot.now()))
    assert numbers(robot.commands[-1]) == [1.25, 0.0]
    robot.advance(0.3)
    robot.wait_for_action([0.0, 0.5])
    # The newest joints are of the last step or of the one before it.
    assert robot.wait_for_status("joints: 0.6").says() in [
        f"joints: {age} s old, allowed 0.500 s" for age in ("0.600", "0.650")
    ]


def test_in_lockstep_one_command_answers_one_observation(robot: Robot) -> None:
    policy = sight_policy(robot.folder / "policy")
    robot.run(wired(policy, TWIST_STAMPED, use_sim_time=True, lockstep=True))
    answered: list[Time] = []
    for step in range(15):
        # The rate of the observations is the simulator's own, whatever control_rate_hz says.
        now = robot.advance(0.0125)
        left, red = float(step % 3), 16 * step
        robot.send("joint_states", joints(left, 0.0)(now))
        if answered:
            robot.peer.spin(0.05)
            assert robot.commands[-1].header.stamp == answered[-1], "the picture of this time was not sent yet"
        observe = [("joint_states", joints(left, 0.0)(now)), ("camera/image_raw", picture(red, 0, 0)(now))]
        # What is lost is sent again, as a simulator does that waits for the answer.
        robot.send_all_until(observe, robot.has_acted_at(now))
        assert numbers(robot.commands[-1]) == pytest.approx(policy.action(red, 0, 0, left, 0.0), abs=0.01)
        answered.append(now)
    for topic, message in observe:
        robot.send(topic, message)
    robot.advance(1.0)
    robot.peer.spin(0.5)
    counts = Counter(seconds(command.header.stamp) for command in robot.commands)
    assert counts == Counter(seconds(now) for now in answered)


def test_in_lockstep_a_covered_lens_is_answered_with_the_stop_action(robot: Robot) -> None:
    parameters = wired(sight_policy(robot.folder / "policy"), TWIST_STAMPED, use_sim_time=True, lockstep=True)
    parameters["modalities"]["scene"]["min_contrast"] = 0.03
    robot.run(parameters)
    for step, sees in enumerate([halves, picture(2, 0, 1), halves, picture(190, 40, 25)]):
        now = robot.advance(0.0125)
        observe = [("joint_states", joints(1.0, 0.5)(now)), ("camera/image_raw", sees(now))]
        robot.send_all_until(observe, robot.has_acted_at(now))
        is_covered = step % 2 == 1
        assert (numbers(robot.commands[-1]) == STOP) == is_covered, step
    robot.wait_for_status("scene: absent")


def test_in_lockstep_an_observation_that_cannot_be_read_is_answered_with_the_stop_action(robot: Robot) -> None:
    parameters = wired(sight_policy(robot.folder / "policy"), TWIST_STAMPED, use_sim_time=True, lockstep=True)
    robot.run(parameters)
    for is_broken in (False, True, False, True):
        now = robot.advance(0.0125)
        image = halves(now)
        if is_broken:
            image.step += 1
        observe = [("joint_states", joints(1.0, 0.5)(now)), ("camera/image_raw", image)]
        robot.send_all_until(observe, robot.has_acted_at(now))
        assert (numbers(robot.commands[-1]) == STOP) == is_broken
    assert "step" in robot.wait_for_status("scene: absent").says()


def test_in_lockstep_an_instruction_alone_asks_for_nothing(robot: Robot) -> None:
    robot.run(wired(spoken_policy(robot.folder / "policy"), TWIST_STAMPED, use_sim_time=True, lockstep=True))
    now = robot.advance(1.0)
    robot.say("open the drawer")
    robot.peer.spin(0.3)
    assert robot.commands == []
    robot.send_until("joint_states", joints(1.0, 0.0)(now), lambda: bool(robot.commands))
    robot.say("close the drawer")
    robot.peer.spin(0.3)
    assert [command.header.stamp for command in robot.commands] == [now]
