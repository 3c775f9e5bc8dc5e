"""The node gets no more memory: its own limit is drawn tight, so that nobody else on the machine suffers."""

from __future__ import annotations

import resource
from pathlib import Path

from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image

from faults.behaviour import Stops
from faults.bench import CAMERA, Bench
from faults.fault import Fault
from faults.inputs import OLD, every, instead

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


MEMORY_FAULTS = [
    Fault(
        "pictures of 30 MB come, and 16 MB are left",
        "refuse them, stop once the last picture is too old",
        no_room_for_pictures,
        Stops(rf"^scene: {OLD}"),
    ),
]
