"""The node gets no more memory: its own limit is drawn tight, so that nobody else on the machine suffers."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image

from faults.behaviour import EndsStopped, RefusesOrEndsStopped, Stops
from faults.bench import CAMERA, MAX_AGE_S, Bench, now_ns
from faults.fault import Fault
from faults.inputs import OLD, every, instead
from faults.inside import kill, start_again

MB = 1 << 20


def used(pid: int) -> int:
    """What counts for the limit of a process's data, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmData")) * 1024


def limit(bench: Bench, left: int) -> None:
    """From here on the node gets so many more bytes, until the fault is over."""
    pid = bench.robot.program.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_DATA, (used(pid) + left, resource.RLIM_INFINITY))

    def lift() -> None:
        if bench.robot.program.process.poll() is None:
            resource.prlimit(pid, resource.RLIMIT_DATA, before)

    bench.until_end.callback(lift)


def large(now: Time) -> Image:
    """A picture of 30 MB."""
    message = Image(width=4000, height=2500, encoding="rgb8", step=12000, data=bytes(12000 * 2500))
    message.header.stamp = now
    return message


def no_room_for_pictures(bench: Bench) -> None:
    """Pictures for which there is not memory enough, five times a second."""
    limit(bench, 16 * MB)
    instead(CAMERA, every(10, large))(bench)


def change_a_parameter(bench: Bench) -> None:
    """The node wants memory of its own: a file without room for it is refused, anything else ends a process of Rust."""
    limit(bench, 0)
    bench.began_ns = now_ns()
    bench.robot.ask_to_set(modalities__joints__max_age_s=MAX_AGE_S + 0.01)


def long_sentence(bench: Bench) -> None:
    """The middleware wants a thread for a large message, and there is no memory for one: that ends a process of C++."""
    limit(bench, 0)
    bench.began_ns = now_ns()
    bench.say("open " * 200_000)


def another_process(bench: Bench) -> None:
    """A process with all the memory it wants, whether or not the one before has ended by itself."""
    kill(bench)
    start_again(bench)


MEMORY_FAULTS = [
    Fault(
        "pictures of 30 MB arrive with 16 MB of memory left",
        "refuse them, stop once the last picture is too old",
        no_room_for_pictures,
        Stops(rf"^scene: {OLD}"),
    ),
    Fault(
        "a parameter is changed with no memory left",
        "the change is refused, or the process is aborted and the stop is its last command",
        change_a_parameter,
        RefusesOrEndsStopped("the change of parameters is refused", -signal.SIGABRT),
        another_process,
        one_process=False,
    ),
    Fault(
        "a large message arrives with no memory left for the middleware's thread",
        "the process is aborted, and the stop is its last command",
        long_sentence,
        EndsStopped(-signal.SIGABRT),
        start_again,
        one_process=False,
    ),
]
