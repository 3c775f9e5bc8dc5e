"""`late_fusion status`: the state of a running node in a terminal, in a pipe, and once."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from late_fusion_sim.isolation import isolated
from parameters import wired, write
from patterns import groups
from policies import joints_policy
from program import Program, executable
from robot import Robot, joints

Start = Callable[..., Program]


def acts(robot: Robot) -> None:
    """A node that moves a robot."""
    robot.run(wired(joints_policy(robot.folder / "policy")))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])


def ends(robot: Robot, program: Program) -> int:
    """Its exit status; the robot goes on meanwhile."""
    robot.wait_for("the end of the tool", lambda: program.process.poll() is not None, timeout_s=20.0)
    return program.wait()


def test_once_prints_every_part_with_its_state_and_ends(robot: Robot, start: Start) -> None:
    acts(robot)
    tool = start("late_fusion", "status", "--once")
    assert ends(robot, tool) == 0, tool.log()
    lines = tool.log().splitlines()
    parts = [groups(r"^(?:OK|WARN|ERROR|STALE) +([a-z ]+): ", line)[0] for line in lines]
    assert parts == ["control", "joints", "topics", "guard", "policy"], tool.log()
    assert re.match(r"OK    control: active  \[lifecycle active  policy policy  .* rate_hz ", lines[0])
    assert "\x1b" not in tool.log()


def test_a_pipe_hears_every_change_until_the_tool_is_told_to_end(robot: Robot, start: Start) -> None:
    acts(robot)
    tool = start("late_fusion", "status", "/late_fusion")
    robot.wait_for("the state", lambda: "OK    control: active" in tool.log())
    robot.silence("joint_states")
    robot.wait_for("the stop", lambda: re.search(r"ERROR control: joints: \S+ s old", tool.log()) is not None)
    assert robot.program.stop() == 0
    end = time.monotonic() + 10.0
    while "no message for" not in tool.log() and time.monotonic() < end:
        robot.peer.spin(0.1)
    assert re.search(r"node /late_fusion: no message for \d s; has it ended\?", tool.log())
    assert tool.stop(signal.SIGINT) == 0


def test_on_a_terminal_it_is_drawn_anew_and_the_screen_is_given_back(robot: Robot, domain: int, tmp_path: Path) -> None:
    acts(robot)
    ours, theirs = pty.openpty()
    tool = subprocess.Popen(
        [executable("late_fusion"), "status"], stdout=theirs, env=os.environ | isolated(os.environ, domain)
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    drawn = ""

    def read() -> str:
        nonlocal drawn
        with contextlib.suppress(OSError):
            drawn += os.read(ours, 65536).decode(errors="replace")
        return drawn

    try:
        robot.wait_for("two pictures", lambda: read().count("\x1b[H") >= 2 and "active" in drawn)
        assert drawn.startswith("\x1b[?1049h"), "a screen of its own"
        assert "\x1b[32mOK   \x1b[0m control" in drawn
        tool.send_signal(signal.SIGINT)
        robot.wait_for("the end", lambda: bool(read()) and tool.poll() is not None)
        assert tool.returncode == 0
        assert read().endswith("\x1b[?1049l"), "the terminal is as it was"
    finally:
        tool.kill()
        tool.wait()
        os.close(ours)


def test_where_no_node_runs_it_says_what_to_look_at(start: Start) -> None:
    tool = start("late_fusion", "status", "--patience", "1.5")
    assert tool.wait(20.0) == 1
    told = tool.log()
    assert "no node was found within 1.5 s" in told and "ROS_DOMAIN_ID is" in told, told


def test_of_several_nodes_one_is_to_be_named(robot: Robot, start: Start) -> None:
    acts(robot)
    other = write(robot.folder / "other.param.yaml", wired(joints_policy(robot.folder / "policy")), "/**")
    start("late_fusion_node", "--ros-args", "--params-file", other, "-r", "__ns:=/left", "-r", "__node:=fusion")
    both = {"/late_fusion/status", "/left/fusion/status"}
    topics = robot.peer.node.get_topic_names_and_types
    robot.wait_for("both nodes", lambda: both <= {name for name, _ in topics()})
    tool = start("late_fusion", "status", "--once")
    while ends(robot, tool) == 0:  # On a busy machine it found one of them a second before the other.
        tool = start("late_fusion", "status", "--once")
    assert "2 nodes could be meant: /late_fusion, /left/fusion; name one" in tool.log(), tool.log()
    tool = start("late_fusion", "status", "--once", "fusion")
    assert ends(robot, tool) == 0
    assert "waiting: joints: absent" in tool.log(), tool.log()
    tool = start("late_fusion", "status", "--once", "elsewhere")
    assert ends(robot, tool) == 1
    told = "no node elsewhere was found within 5 s; these were: /late_fusion, /left/fusion"
    assert told in tool.log(), tool.log()
