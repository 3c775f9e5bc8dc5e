"""One node, driven for a while: raw stamps of all that it was sent and that it commanded, and what it took."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from late_fusion_sim.domains import unused_domain
from late_fusion_sim.process import Process
from late_fusion_sim.ros import NodeTrouble

from bench import clock
from bench.busy import busy_programs
from bench.conditions import Conditions
from bench.contestant import command_of
from bench.pictures import Pictures
from bench.robot import Command, Robot, Sent
from bench.urgency import urgent
from bench.usage import Memory, machine_s, memory, processor_s

START_S = 60.0
"""A node must command within this time."""

WARM_UP_S = 2.0
AFTERMATH_S = 0.3
"""For so long it is still listened to: the commands that answer the last pictures and periods."""


@dataclass(frozen=True)
class Recording:
    """Stamps are by the monotonic clock."""

    node: str
    load: str
    round: int
    window_ns: tuple[int, int]
    """The time that counts."""

    sent: list[Sent]
    commands: list[Command]
    processor_s: float
    memory: Memory
    start_s: float
    """From its start to its first command."""

    others: float
    """CPUs that other programs used on average: the robot, the busy ones, and what else the machine does."""

    @property
    def seconds(self) -> float:
        """How long the window is."""
        return (self.window_ns[1] - self.window_ns[0]) / 1e9


@dataclass(frozen=True)
class Turn:
    """Whose turn it is, under which load."""

    node: str
    load: str
    busy_programs: int
    round: int


def record(
    turn: Turn, conditions: Conditions, pictures: Pictures, seconds: float, executable: Path, folder: Path
) -> Recording:
    """Starts a node in a domain of its own, lets it warm up, and drives it for so many seconds."""
    command = command_of(turn.node, executable, conditions, folder)
    with unused_domain() as domain, busy_programs(turn.busy_programs):
        with urgent():
            robot = Robot(
                pictures.pixels,
                camera_hz=conditions.camera_hz,
                domain=domain,
                jitter_s=1 / conditions.rate_hz,
                # The same for both nodes of a round.
                seed=turn.round,
            )
        with robot, Process(command, folder / f"{turn.node}.log", domain) as node, urgent():
            return drive(turn, robot, node, seconds)


def drive(turn: Turn, robot: Robot, node: Process, seconds: float) -> Recording:
    """Drives a node that has been started."""

    def check(in_time: bool = True) -> None:
        if node.status() is not None:
            raise NodeTrouble(f"{turn.node} has ended with status {node.status()}; its log ends:\n{node.log_tail()}")
        if not in_time:
            raise NodeTrouble(f"{turn.node} sent no command within {START_S:.0f} s; its log ends:\n{node.log_tail()}")

    began = time.monotonic()
    check(robot.play_until(lambda: bool(robot.commands) or node.status() is not None, START_S))
    start_s = time.monotonic() - began
    robot.play(WARM_UP_S)
    check()
    first, took_s, all_s = clock.read(), processor_s(node.pid), machine_s()
    robot.play(seconds)
    check()
    last, took_s, all_s = clock.read(), processor_s(node.pid) - took_s, machine_s() - all_s
    used = memory(node.pid)
    robot.play(AFTERMATH_S)
    at = clock.Monotonic(first, last).of
    window_ns = at(first.system_ns), at(last.system_ns)
    return Recording(
        turn.node,
        turn.load,
        turn.round,
        window_ns,
        [Sent(at(each.stamp_ns), each.picture) for each in robot.sent],
        [Command(at(each.left_ns), at(each.arrived_ns), each.action) for each in robot.commands],
        took_s,
        used,
        start_s,
        (all_s - took_s) / ((window_ns[1] - window_ns[0]) / 1e9),
    )
