"""`late_fusion trace`: what a running node did, on a timeline, and that nothing is recorded for nobody."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from itertools import groupby, pairwise
from pathlib import Path

from features import start_encoder
from frozen_thread import frozen_thread
from manager import ACTIVE, Manager, with_joints
from parameters import wired
from policies import joints_policy, sight_policy
from program import Program, refused
from robot import Robot, joints, picture
from std_msgs.msg import String
from swap import act, first, second
from timeline import Timeline

Start = Callable[..., Program]

RATE_HZ = 100.0
PERIOD_NS = round(1e9 / RATE_HZ)

TOPIC = "/late_fusion/trace"


def sees(robot: Robot, **more: object) -> None:
    """A node that acts on a camera, with an encoder, and joints."""
    parameters = wired(sight_policy(robot.folder / "policy"), control_rate_hz=RATE_HZ, **more)
    parameters["modalities"]["scene"]["max_age_s"] = 1.0
    parameters["modalities"]["joints"]["max_age_s"] = 5.0
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.wait_for_action([2.0, 0.5], tolerance=0.01)


def ends(robot: Robot, tool: Program) -> str:
    """What a tool has said once it has ended well; the robot goes on meanwhile."""
    robot.wait_for("the end of the tool", lambda: tool.process.poll() is not None, timeout_s=30.0)
    assert tool.wait() == 0, tool.log()
    return tool.log()


def begin(robot: Robot, start: Start, out: Path) -> Program:
    """A tool that listens until it is told that it is enough."""
    tool = start("late_fusion", "trace", "--seconds", "600", "--out", out)
    robot.wait_for("a listener", lambda: robot.peer.node.count_subscribers(TOPIC) > 0)
    drives(robot, 20)
    return tool


def drives(robot: Robot, commands: int) -> None:
    """So many commands more."""
    until = len(robot.published) + commands
    robot.wait_for("more commands", lambda: len(robot.published) >= until)


def interrupt(robot: Robot, tool: Program, out: Path) -> Timeline:
    """The file of a tool after Ctrl-C."""
    tool.process.send_signal(signal.SIGINT)
    assert "none was lost" in ends(robot, tool), tool.log()
    return Timeline(out)


def test_every_tick_every_message_and_what_commands_rest_on_stand_on_the_timeline(robot: Robot, start: Start) -> None:
    sees(robot)
    out = robot.folder / "trace.json"
    told = ends(robot, start("late_fusion", "trace", "--seconds", "2", "--out", out))
    assert "none was lost" in told and f"{out}: " in told, told
    timeline = Timeline(out)
    assert [event["args"]["name"] for event in timeline.of("M") if event["name"] == "process_name"] == ["/late_fusion"]
    lanes = {"control", "slot scene", "encode scene", "slot joints", "encode joints"}
    assert set(timeline.threads.values()) == lanes
    assert timeline.is_nested()

    ticks = timeline.ticks
    assert len(ticks) > 50
    assert [tick.args["tick"] for tick in ticks] == list(range(ticks[0].args["tick"], ticks[-1].args["tick"] + 1))
    assert {tick.args["policy"] for tick in ticks} == {"policy"}
    unexplained = 0
    for tick, following in pairwise(ticks):
        periods, rest = divmod(following.args["deadline_ns"] - tick.args["deadline_ns"], PERIOD_NS)
        assert rest == 0 and periods >= 1 + tick.args["skipped_deadlines"]
        unexplained += periods > 1 + tick.args["skipped_deadlines"] and tick.end - tick.start < PERIOD_NS
    # On a busy machine the thread may lose its CPU after it has published.
    assert unexplained < len(ticks) / 20
    for tick in ticks:
        assert round(tick.args["late_us"] * 1000) == tick.start - tick.args["deadline_ns"] >= 0

    # The commands that rclpy has heard left in the ticks that say so, and in no others.
    drives(robot, 20)
    ahead_ns = max(time.time_ns() - time.monotonic_ns() for _ in range(100))
    left = [at_ns - ahead_ns for at_ns, _ in robot.published]
    acts = [tick for tick in ticks if tick.name == "act"]
    slack = PERIOD_NS // 10
    for tick in acts:
        assert any(tick.start - slack <= at <= tick.end + slack for at in left), tick
    inside = [at for at in left if acts[0].start <= at <= acts[-1].end]
    assert abs(len(inside) - len(acts)) <= 1

    for name, stages in {
        "scene": ["message", "prepare", "encode", "deliver"],
        "joints": ["message", "encode", "deliver"],
    }.items():
        found = [len(timeline.named(stage, f"encode {name}")) for stage in stages]
        assert found[0] > 10 and set(found) == {found[0]}, (name, found)
        assert len(timeline.named("wait in slot", f"slot {name}")) == found[0]
    assert not timeline.named("prepare", "encode joints"), "no model runs"

    begins = {event["id"]: event for event in timeline.of("s")}
    passes = {event["id"]: event for event in timeline.of("t")}
    arrives = timeline.of("f")
    assert len({event["id"] for event in arrives}) == len(arrives) > 40
    assert {event["name"] for event in arrives} == {"scene", "joints"}
    for end in arrives:
        begin, through = begins[end["id"]], passes[end["id"]]
        assert begin["ts"] <= through["ts"] <= end["ts"]
        assert begin["name"] == through["name"] == end["name"]
        assert f"slot {end['name']}: wait in slot" in timeline.holder(begin)
        assert f"encode {end['name']}: message" in timeline.holder(through)
        assert {"control: act", "control: publish"} <= timeline.holder(end)


def test_stops_of_the_supervisor_stand_where_the_control_thread_is_silent(robot: Robot, start: Start) -> None:
    # Longer than the default, so that no busy machine can pass for it.
    least_s = 0.5
    sees(robot, supervisor={"min_silence_s": least_s})
    out = robot.folder / "trace.json"
    tool = begin(robot, start, out)
    for _ in range(2):
        with frozen_thread(robot.program.process.pid, "control"):
            drives(robot, 10)
        robot.wait_for_action([2.0, 0.5], tolerance=0.01)
        drives(robot, 20)
    timeline = interrupt(robot, tool, out)
    assert re.search(r"[1-9]\d* stops of the supervisor", tool.log()), tool.log()
    stops = timeline.named("stop", "supervisor")
    assert {(stop.args["reason"], stop.args["sent"]) for stop in stops} == {("no command has left for too long", True)}
    silences = []
    for tick, following in pairwise(timeline.ticks):
        meanwhile = [stop for stop in stops if tick.end <= stop.start < following.end]
        if meanwhile:
            silences.append(meanwhile[0].start - tick.end)
    assert len(silences) >= 2 and min(silences) >= least_s * 1e9 - PERIOD_NS


def test_a_camera_that_dies_is_a_stop_with_its_reason(robot: Robot, start: Start) -> None:
    sees(robot)
    out = robot.folder / "trace.json"
    tool = begin(robot, start, out)
    robot.silence("camera/image_raw")
    robot.wait_for_status("scene: ")
    drives(robot, 20)
    timeline = interrupt(robot, tool, out)
    words = [tick.name for tick in timeline.ticks]
    stopped = words.index("stop")
    assert set(words[:stopped]) == {"act"} and set(words[stopped:]) == {"stop"}
    for tick in timeline.ticks[stopped:]:
        assert tick.args["reason"].startswith("scene: ") and "old, allowed 1.000 s" in tick.args["reason"]
        assert tick.args["us_since_feature"] == {}
    assert [mark.split(" ")[0] for mark in timeline.marks()] == ["act", "stop:"]
    assert timeline.marks()[1].startswith("stop: scene: ")
    stop_ns = timeline.ticks[stopped].start
    assert all(timeline.ns(event["ts"]) < stop_ns for event in timeline.of("f"))


def test_a_policy_that_takes_over_is_seen_and_no_tick_is_missing(robot: Robot, start: Start) -> None:
    act(robot, first(robot, control_rate_hz=RATE_HZ))
    out = robot.folder / "trace.json"
    tool = begin(robot, start, out)
    assert robot.load(second(robot)).success
    drives(robot, 20)
    timeline = interrupt(robot, tool, out)
    assert timeline.is_nested()
    numbers = [tick.args["tick"] for tick in timeline.ticks]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    policies = [tick.args["policy"] for tick in timeline.ticks]
    taken = policies.index("second")
    assert set(policies[:taken]) == {"first"} and set(policies[taken:]) == {"second"}
    assert "policy second takes over" in timeline.marks()
    workers = {name for name in timeline.threads.values() if name.startswith("encode")}
    assert workers == {"encode joints (first #1)", "encode joints (second #2)"}


def test_a_node_that_is_deactivated_and_ends_is_seen_to_its_last_stop(
    robot: Robot, manager: Manager, start: Start
) -> None:
    manager.run(with_joints(robot) | {"control_rate_hz": RATE_HZ})
    out = robot.folder / "trace.json"
    tool = start("late_fusion", "trace", "--seconds", "600", "--out", out)
    robot.wait_for("a listener", lambda: robot.peer.node.count_subscribers(TOPIC) > 0)
    manager.bring_to(ACTIVE)
    drives(robot, 20)
    assert manager.change("deactivate")
    assert manager.change("activate")
    drives(robot, 20)
    assert robot.program.stop() == 0
    # Whoever waits for more is told that nothing comes.
    assert tool.wait(20.0) == 0, tool.log()
    assert "no message from the node for 4 s; has it ended?" in tool.log()
    assert "none was lost" in tool.log(), tool.log()
    ticks = Timeline(out).ticks
    numbers = [tick.args["tick"] for tick in ticks]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    decided = [decision for decision, _ in groupby((tick.name, tick.args["reason"]) for tick in ticks)]
    driven = [decision for decision in decided if decision[0] != "silent"]
    assert driven == [
        ("act", None),
        ("stop", "the node is being deactivated"),
        ("act", None),
        ("stop", "the node is shutting down"),
    ]


def test_nothing_is_recorded_for_nobody(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy"), control_rate_hz=RATE_HZ))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    drives(robot, 100)

    def heard() -> list[dict]:
        batches: list[dict] = []
        listener = robot.peer.node.create_subscription(String, TOPIC, lambda m: batches.append(json.loads(m.data)), 100)
        robot.wait_for("ticks", lambda: sum(len(batch["records"]) for batch in batches) > 50)
        robot.peer.node.destroy_subscription(listener)
        return [batch for batch in batches if batch["records"]]

    def numbers(batches: list[dict]) -> list[int]:
        return [record["tick"]["number"] for batch in batches for record in batch["records"] if "tick" in record]

    batches = heard()
    assert batches[0]["before"] == 0
    assert numbers(batches)[0] > 100
    drives(robot, 200)
    again = heard()
    # Some more may have been published before the node saw that nobody listens any more.
    published = again[0]["before"] - batches[-1]["before"] - len(batches[-1]["records"])
    assert numbers(again)[0] - numbers(batches)[-1] - published > 50


def test_an_encoder_node_shows_its_messages(robot: Robot, start: Start) -> None:
    robot.program = start_encoder(robot, start, sight_policy(robot.folder / "policy").write(), "scene")
    robot.keep_sending("camera/image_raw", picture(200, 100, 50))
    out = robot.folder / "trace.json"
    told = ends(robot, start("late_fusion", "trace", "scene_encoder", "--seconds", "2", "--out", out))
    assert "0 ticks and " in told, told
    timeline = Timeline(out)
    assert timeline.is_nested() and not timeline.ticks
    for stage in ["message", "prepare", "encode", "deliver"]:
        assert len(timeline.named(stage, "encode scene")) > 20


def test_what_cannot_work_is_told_before_anything_is_heard(start: Start, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "trace.json"
    log = refused(start("late_fusion", "trace", "--seconds", "0", "--patience", "-1", "--out", nowhere))
    assert "--seconds is 0; it must be more than 0 and at most 600" in log
    assert "--patience is -1; it must be 0 or more seconds" in log
    assert f"--out {nowhere}: the file cannot be made: No such file or directory" in log
    log = refused(start("late_fusion", "trace", "--seconds", "nan", "--out", tmp_path))
    assert "--seconds is NaN" in log
    assert f"--out {tmp_path} is not a file name; it must be the path of a file" in log
    kept = tmp_path / "kept.json"
    kept.write_text("of before")
    tool = start("late_fusion", "trace", "elsewhere", "--patience", "1.5", "--out", kept)
    assert tool.wait(20.0) == 1
    assert "no node elsewhere was found within 1.5 s" in tool.log(), tool.log()
    assert kept.read_text() == "of before"
    assert not list(tmp_path.glob("*.part")), "nothing is left behind"
