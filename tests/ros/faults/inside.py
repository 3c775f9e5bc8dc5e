"""A thread of the node hangs; its process is stopped, ended or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from frozen_thread import frozen_thread

from faults.behaviour import EndsStopped, Recovers, Stops
from faults.bench import CAMERA, Bench, noisy
from faults.fault import Fault

SUPERVISED_S = 0.1
"""The shortest time for which the supervisor bears silence; three periods are no longer."""

RUN_FAILED = "^scene: .* s old, allowed .*the last message was dropped: .*indices element out of data bounds"
"""What ONNX Runtime says, in the reason of the stop."""


def hang(bench: Bench, thread: str) -> None:
    """A thread does nothing until the fault is over."""
    bench.until_end.enter_context(frozen_thread(bench.robot.program.process.pid, thread))


def too_red(bench: Bench) -> None:
    """Pictures at which the encoder's run fails, as one does whose index or shape comes from the picture."""
    bench.robot.keep_sending(CAMERA, noisy(red=250))


def pause(bench: Bench) -> None:
    """The process stands still for a second."""
    process = bench.robot.program.process
    process.send_signal(signal.SIGSTOP)
    bench.spin(1.0)
    process.send_signal(signal.SIGCONT)


def end_twice(bench: Bench) -> None:
    """Two requests to end, while every CPU is busy."""
    for _ in range(os.cpu_count() or 1):
        busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        bench.until_end.callback(busy.wait)
        bench.until_end.callback(busy.kill)
    process = bench.robot.program.process
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)


def kill(bench: Bench) -> None:
    """No process can do anything about that."""
    bench.robot.program.kill()


def start_again(bench: Bench) -> None:
    """Another process takes over."""
    bench.until_end.close()
    bench.spin(0.1)
    bench.restart()
    bench.restore()


THREAD_FAULTS = [
    Fault(
        "the control thread hangs",
        "the supervisor stops the robot",
        lambda bench: hang(bench, "control"),
        Stops("has decided nothing", SUPERVISED_S),
    ),
    Fault(
        "the camera's encoder hangs",
        "stop once its feature is too old",
        lambda bench: hang(bench, "encode scene"),
        Stops(r"^scene: [\d.]+ s old"),
    ),
    Fault(
        "the camera's encoder fails at every picture",
        "report why; stop once its feature is too old",
        too_red,
        Stops(RUN_FAILED),
    ),
]

PROCESS_FAULTS = [
    Fault("stands still for a second (SIGSTOP, SIGCONT)", "drive on with what is fresh", pause, Recovers()),
    Fault(
        "is told to end, twice, under load",
        "the stop is the last command",
        end_twice,
        EndsStopped(),
        start_again,
        one_process=False,
    ),
    Fault(
        "is killed and started again",
        "no command before all is fresh, then from rest",
        kill,
        Recovers(),
        start_again,
        one_process=False,
    ),
]
