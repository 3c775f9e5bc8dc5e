"""What the node asks of the kernel, read from /proc: who has which priority and CPUs; and how well it keeps time."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from parameters import TWIST_STAMPED, wired
from policies import colour, constant_policy, joints_policy, sentence
from program import Program
from robot import Robot, joints, picture, seconds

PRIORITY = 10
FIFO = 1
NORMAL = 0


@dataclass
class Thread:
    """One thread as the kernel sees it."""

    name: str
    policy: int
    priority: int
    cpus: set[int]
    timer_slack_ns: int


def threads(program: Program) -> dict[str, Thread]:
    """The threads of a program, by their names; of several with one name, each is here with its number."""
    found = {}
    for task in Path(f"/proc/{program.process.pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        # After the name in parentheses; see proc_pid_stat(5).
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        found[name if name not in found else f"{name} {task.name}"] = Thread(
            name=name,
            policy=int(fields[38]),
            priority=int(fields[37]),
            cpus=os.sched_getaffinity(int(task.name)),
            timer_slack_ns=int(Path(f"/proc/{task.name}/timerslack_ns").read_text()),
        )
    return found


def started(robot: Robot, **realtime: object) -> Program:
    """A node with two encoders that acts."""
    folder = robot.folder / "policy"
    encoders = colour("scene", folder), sentence("instruction", folder)
    parameters = wired(constant_policy(folder, [0.5, 0.25], *encoders), TWIST_STAMPED)
    if realtime:
        parameters["realtime"] = realtime
    for modality in parameters["modalities"].values():
        modality["max_age_s"] = 60.0
    program = robot.run(parameters | {"control_rate_hz": 100.0, "intra_op_threads": 2})
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.say("open the drawer")
    robot.wait_for_status("active")
    return program


def require_realtime() -> None:
    """Skips the test where this process may not have a priority."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        pytest.skip("needs the right to SCHED_FIFO (rtprio, CAP_SYS_NICE)")
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def test_the_control_thread_has_the_priority_and_the_cpu_and_its_supervisor_one_more(robot: Robot) -> None:
    require_realtime()
    everywhere = os.sched_getaffinity(0)
    last = max(everywhere)
    program = started(robot, priority=PRIORITY, cpus=str(last))
    seen = threads(program)
    control = seen.pop("control")
    assert (control.policy, control.priority, control.cpus) == (FIFO, PRIORITY, {last})
    # A control thread that computes for ever must not keep its supervisor from the CPU.
    supervisor = seen.pop("supervisor")
    assert (supervisor.policy, supervisor.priority, supervisor.cpus) == (FIFO, PRIORITY + 1, everywhere)
    assert {"encode scene", "encode instruct"} <= seen.keys()
    for thread in seen.values():
        assert (thread.policy, thread.priority, thread.cpus) == (NORMAL, 0, everywhere), thread
    status = robot.statuses[-1]
    assert status.says() == "active"
    assert status.value("realtime.priority") == f"SCHED_FIFO {PRIORITY}"
    assert status.value("realtime.cpus") == str(last)
    assert status.value("realtime.lock_memory") == "not locked"
    assert f"realtime.priority: SCHED_FIFO {PRIORITY}" in program.log()


def test_by_default_nothing_is_asked_for_and_the_finest_timer_used(robot: Robot) -> None:
    program = started(robot)
    seen = threads(program)
    assert {thread.policy for thread in seen.values()} == {NORMAL}
    assert [seen[name].timer_slack_ns for name in ("control", "supervisor")] == [1, 1]
    assert seen["encode scene"].timer_slack_ns > 1
    status = robot.statuses[-1]
    assert [status.value(f"realtime.{name}") for name in ("priority", "cpus", "lock_memory")] == [
        "normal",
        "any",
        "not locked",
    ]
    assert "realtime." not in program.log()


def test_an_encoder_has_threads_and_cpus_of_its_own(robot: Robot) -> None:
    everywhere = os.sched_getaffinity(0)
    last = max(everywhere)
    folder = robot.folder / "policy"
    encoders = colour("scene", folder), sentence("instruction", folder)
    parameters = wired(constant_policy(folder, [0.5, 0.25], *encoders), TWIST_STAMPED)
    parameters["modalities"]["scene"] |= {"max_age_s": 60.0, "intra_op_threads": 3, "encoder_cpus": str(last)}
    parameters["modalities"]["instruction"] |= {"encoder_cpus": "1023"}
    program = robot.run(parameters)
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.say("open the drawer")
    robot.wait_for_status("active")
    seen = threads(program)
    assert seen["encode scene"].cpus == {last}
    assert seen["encode instruct"].cpus == everywhere
    # The session's threads have the name of the program, or of the thread that made them.
    held = [thread.name for thread in seen.values() if thread.cpus == {last}]
    if len(everywhere) > 1:
        assert len(held) == 3, held
    assert 'parameter encoder_cpus is "1023", but the encoder runs on any CPU: it may run on CPUs' in program.log()
    # A change brings other threads in, and those before go.
    assert robot.set(modalities__scene__intra_op_threads=1, modalities__scene__encoder_cpus="").success
    robot.wait_for("threads everywhere", lambda: all(thread.cpus == everywhere for thread in threads(program).values()))


def test_memory_is_locked_where_it_may_be(robot: Robot) -> None:
    if os.geteuid() != 0 and resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY:
        pytest.skip("needs the right to lock memory (memlock, CAP_IPC_LOCK)")
    parameters = wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED, realtime={"lock_memory": True})
    program = robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    assert robot.wait_for_status("active").value("realtime.lock_memory") == "locked"
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    locked, resident = (
        int(next(line for line in status.splitlines() if line.startswith(key)).split()[1]) for key in ("VmLck", "VmRSS")
    )
    assert locked > resident // 2 > 0


def test_what_the_node_has_no_right_to_is_said_and_it_drives_all_the_same(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_rights(monkeypatch)
    asked = {"priority": PRIORITY, "cpus": "1023", "lock_memory": True}
    program = robot.run(wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED, realtime=asked))
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_action([1.5, -1.0])
    status = robot.wait_for_status("active; refused: realtime.priority, realtime.cpus, realtime.lock_memory")
    assert status.parts["control"].level == b"\x01"
    assert status.value("realtime.priority") == "normal (refused; the log says why)"
    assert threads(program)["control"].policy == NORMAL
    warnings = [line for line in program.log().splitlines() if "parameter realtime." in line]
    for line, parts in zip(
        warnings,
        (
            (f"realtime.priority is {PRIORITY}", "rtprio is 0", "CAP_SYS_NICE", f"LimitRTPRIO={PRIORITY}", "limits.d"),
            ('realtime.cpus is "1023"', "may run on CPUs"),
            ("realtime.lock_memory is true", "memlock is 64 KiB", "CAP_IPC_LOCK", "LimitMEMLOCK=infinity"),
        ),
        strict=True,
    ):
        for part in parts:
            assert part in line, line


def without_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on programs are started that may neither have a priority nor lock memory, whoever runs the tests."""
    libc = ctypes.CDLL(None, use_errno=True)
    start: Any = subprocess.Popen

    def give_up() -> None:
        resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
        if os.geteuid() == 0:
            # Root's programs get what is in the bounding set, whatever they had: PR_CAPBSET_DROP of 14 (IPC_LOCK) and
            # 23 (SYS_NICE).
            for capability in (14, 23):
                assert libc.prctl(24, capability, 0, 0, 0) == 0

    monkeypatch.setattr(subprocess, "Popen", lambda *words, **more: start(*words, **more, preexec_fn=give_up))


def test_where_the_time_goes_is_told_per_modality(robot: Robot) -> None:
    started(robot)
    stages = ("transport", "wait", "prepare", "encode", "command")

    def told(stage: str) -> list[float]:
        return [float(robot.statuses[-1].value(f"{stage}_{which}_ms", "scene")) for which in ("p50", "p99", "max")]

    robot.wait_for("every stage", lambda: all(told(stage)[0] > 0 for stage in stages))
    for stage in stages:
        p50, p99, largest = told(stage)
        assert p50 <= p99 <= largest, stage
    # No stamp says when a sentence was spoken.
    assert robot.statuses[-1].value("transport_max_ms", "instruction") == "0.000"


@pytest.mark.parametrize("rate_hz", [1.0, 100.0])
def test_commands_come_at_the_control_rate_and_the_end_does_not_wait_for_a_period(robot: Robot, rate_hz: float) -> None:
    parameters = wired(joints_policy(robot.folder / "policy"), TWIST_STAMPED, control_rate_hz=rate_hz)
    parameters["modalities"]["joints"]["max_age_s"] = 5.0
    program = robot.run(parameters)
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    wanted = 4 if rate_hz < 10 else 200
    robot.wait_for("commands", lambda: len(robot.commands) > wanted, timeout_s=20.0)
    stamps = [seconds(command.header.stamp) for command in robot.commands]
    gaps = sorted(later - earlier for earlier, later in pairwise(stamps))
    assert gaps[len(gaps) // 2] == pytest.approx(1 / rate_hz, rel=0.1)
    robot.wait_for("a percentile", lambda: robot.status_is(lambda s: float(s.value("tick_p50_ms")) > 0))
    status = robot.statuses[-1]
    assert 0 <= float(status.value("wakeup_p50_ms")) <= float(status.value("wakeup_p99_ms"))
    assert float(status.value("tick_p50_ms")) <= float(status.value("tick_max_ms"))
    for key in ("late_wakeups", "overruns", "skipped_late", "skipped_overrun"):
        assert int(status.value(key)) >= 0
    assert program.stop() == 0
