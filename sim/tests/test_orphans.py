"""A parent that is killed leaves nothing running behind, however deep."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from late_fusion_sim.process import BOUND, Process
from late_fusion_sim.ros import NodeTrouble

NODE = Path(__file__).with_name("fake_late_fusion_node.py")

ENDS_S = 8.0
"""How long orphans may take: a world stops its node in good order."""

STARTS_S = 30.0

CHAIN = """\
import sys, time
from pathlib import Path
from late_fusion_sim.process import Process

depth, folder = int(sys.argv[1]), Path(sys.argv[2])
again = [sys.executable, sys.argv[0], str(depth - 1), str(folder)]
with Process(again if depth else ["/bin/sleep", "600"], folder / f"{depth}.log"):
    time.sleep(600)
"""


@pytest.fixture
def start() -> Iterator[Callable[..., psutil.Process]]:
    """Starts a program; whatever is left of it and of its children is ended after the test."""
    known: list[psutil.Process] = []

    def start(*command: str, **environment: str) -> psutil.Process:
        nowhere = subprocess.DEVNULL
        known.append(psutil.Popen(command, env={**os.environ, **environment}, stdout=nowhere, stderr=nowhere))
        return known[-1]

    yield start
    for parent in known:
        for each in [*parent.children(recursive=True), parent] if parent.is_running() else []:
            each.kill()


def descendants(parent: psutil.Process, names: list[str]) -> list[psutil.Process]:
    """All that run below a program, once each of these words is in one's command line, and none is a mere starter."""
    deadline = time.monotonic() + STARTS_S
    while time.monotonic() < deadline:
        below = parent.children(recursive=True)
        lines = [command_line(each) for each in below]
        if all(any(name in line for line in lines) for name in names) and not any("bound.py" in line for line in lines):
            return below
        assert parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE, "the parent ended by itself"
        time.sleep(0.05)
    pytest.fail(f"after {STARTS_S:.0f} s there are only {lines}")


def command_line(process: psutil.Process) -> str:
    """How a program was started; empty where it has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def killed(parent: psutil.Process, orphans: list[psutil.Process]) -> list[psutil.Process]:
    """Kills a program; returns those that are still there when they should have ended."""
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _, left = psutil.wait_procs(orphans, timeout=ENDS_S)
    for each in left:
        each.kill()
    return left


def test_children_and_grandchildren_end_with_a_killed_parent(
    start: Callable[..., psutil.Process], tmp_path: Path
) -> None:
    program = tmp_path / "chain.py"
    program.write_text(CHAIN)
    parent = start(sys.executable, str(program), "2", str(tmp_path))
    orphans = descendants(parent, ["/bin/sleep 600", "chain.py 0", "chain.py 1"])
    assert len(orphans) == 3
    assert killed(parent, orphans) == []


def test_a_killed_evaluation_leaves_neither_world_nor_node(
    start: Callable[..., psutil.Process], tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "policy.yaml").write_text(
        '{"modalities": [{"name": "scene"}, {"name": "joints"}, {"name": "instruction"}]}'
    )
    command = [sys.executable, "-m", "late_fusion_sim.evaluate", f"mine={policy}", "--node", str(NODE)]
    parent = start(*command, "--out", str(tmp_path / "out"), "--episodes", "1000", "--jobs", "1", FAKE_NODE="constant")
    orphans = descendants(parent, ["late_fusion_sim.evaluation.play", f"{NODE.name} --ros-args"])
    log = tmp_path / "out" / "mine-0" / "player-0" / "late_fusion_node.log"
    deadline = time.monotonic() + STARTS_S
    while "ready" not in log.read_text():
        assert parent.is_running() and time.monotonic() < deadline
        time.sleep(0.05)
    assert killed(parent, orphans) == []


def test_a_killed_recording_leaves_neither_expert_nor_recorder(
    start: Callable[..., psutil.Process], tmp_path: Path
) -> None:
    recorder = tmp_path / "late_fusion"
    recorder.write_text("#!/bin/sh\nexec sleep 600\n")
    recorder.chmod(0o755)
    command = [sys.executable, "-m", "late_fusion_sim.record", str(tmp_path / "out"), "--late-fusion", str(recorder)]
    parent = start(*command, "--tasks", "drawer-open", "--wait", "600")
    orphans = descendants(parent, ["sleep 600", "late_fusion_sim.demonstrate"])
    assert len(orphans) == 2
    assert killed(parent, orphans) == []


def test_a_program_whose_parent_has_ended_by_then_does_not_start(tmp_path: Path) -> None:
    somebody_else = str(os.getppid())
    command = [sys.executable, str(BOUND), somebody_else, "touch", str(tmp_path / "started")]
    late = subprocess.run(command, capture_output=True, text=True, check=False)
    assert late.returncode == 1 and "has ended" in late.stderr
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize(("mode", "why"), [(None, "No such file"), (0o644, "it is not executable")])
def test_what_cannot_be_started_is_told(tmp_path: Path, mode: int | None, why: str) -> None:
    program = tmp_path / "program"
    if mode is not None:
        program.write_text("")
        program.chmod(mode)
    with pytest.raises(NodeTrouble, match=f"{program} cannot be started: {why}"):
        Process([str(program)], tmp_path / "log")
