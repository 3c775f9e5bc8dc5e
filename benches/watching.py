"""What watching a node costs it: CPU time without anyone who looks, with the debug image, with the page, and with both.

    source scripts/env.bash && cargo build --release
    python3 benches/watching.py --node target/release/late_fusion_node

A camera (640 × 480, rgb8, 30 Hz) and joints (100 Hz) come from this process, and the shipped policy drives. The four
cases take turns, round after round, so that whatever else the machine does falls on all of them. Prints, for each, the
time that the threads took which are there for those who look, and that of the whole node, in per cent of one CPU: the
median of the rounds, and the least and the most.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from bench.parameters import NODE, ROOT, parameters

PORT = 8651
WATCHING = ("debug_image", "dashboard", "watcher")
CASES = {"nobody": (False, False), "debug image": (True, False), "page": (False, True), "both": (True, True)}
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node", type=Path, default=NODE, help="the executable late_fusion_node")
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is measured (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=6.0, help="for how long each time (default: %(default)s)")
    return parser.parse_args()


class Used:
    """What the threads of a process have used since it was looked at last, of which some end in between."""

    def __init__(self, pid: int) -> None:
        self._tasks = Path(f"/proc/{pid}/task")
        self._before: dict[str, float] = {}

    def cpu_s(self) -> tuple[float, float]:
        """Of those that are there for those who look, and of all of them, in seconds."""
        watching = whole = 0.0
        now: dict[str, float] = {}
        for task in self._tasks.iterdir():
            try:
                name = (task / "comm").read_text().strip()
                after_name = (task / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            now[task.name] = (int(after_name[11]) + int(after_name[12])) / TICKS_PER_S
            used = now[task.name] - self._before.get(task.name, 0.0)
            whole += used
            watching += used if name in WATCHING else 0.0
        self._before = now
        return watching, whole


def look_at_page(ending: threading.Event) -> None:
    """What a browser does: follows the states and fetches the newest picture ten times a second."""
    states = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    states.request("GET", "/api/states", headers={"X-Late-Fusion": "1"})
    stream = states.getresponse()
    pictures = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    while not ending.is_set():
        stream.readline()
        stream.readline()
        pictures.request("GET", "/api/cameras/scene", headers={"X-Late-Fusion": "1"})
        pictures.getresponse().read()
    states.close()
    pictures.close()


def main() -> None:
    """Plays camera, joints, operator and those who look, and measures the node."""
    options = parse()
    sys.path.append(str(ROOT / "sim"))
    from late_fusion_sim.domains import isolate
    from late_fusion_sim.process import bound_to_us

    # The robot's commands stay on this machine, in a domain that nobody is in.
    isolate()
    from bench.robot import Robot
    from sensor_msgs.msg import CompressedImage

    # Squares, for a jpeg of noise is larger than that of anything a camera sees.
    noise = np.random.default_rng(0).integers(0, 256, (4, 30, 40, 3), dtype=np.uint8)
    robot = Robot(list(noise.repeat(16, axis=1).repeat(16, axis=2)))
    images: list[int] = []

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "node.param.yaml"
        file.write_text(parameters(40.0, dashboard={"enabled": True, "port": PORT}))
        command = [str(options.node), "--ros-args", "--params-file", str(file)]
        with open(Path(folder) / "log", "wb") as log:
            node = subprocess.Popen(bound_to_us(command), stdout=log, stderr=log)
        try:
            robot.play_until(lambda: bool(robot.commands) or node.poll() is not None, 60.0)
            robot.play(2.0)
            used = Used(node.pid)
            found: dict[str, list[list[float]]] = {case: [] for case in CASES}
            for _ in range(options.rounds):
                for case, (has_image, has_page) in CASES.items():
                    looking = ending = None
                    if has_image:
                        topic = "late_fusion/debug/image/compressed"
                        looking = robot.node.create_subscription(
                            CompressedImage, topic, lambda m: images.append(len(m.data)), 1
                        )
                    if has_page:
                        ending = threading.Event()
                        threading.Thread(target=look_at_page, args=(ending,), daemon=True).start()
                    robot.play(1.5)
                    used.cpu_s()
                    began, count = time.monotonic(), len(images)
                    robot.play(options.seconds)
                    took = time.monotonic() - began
                    found[case].append([100 * each / took for each in used.cpu_s()])
                    if has_image:
                        print(f"{case}: {(len(images) - count) / took:.1f} debug images per second", flush=True)
                    if looking:
                        robot.node.destroy_subscription(looking)
                    if ending:
                        ending.set()
                    robot.play(0.5)
        finally:
            node.send_signal(signal.SIGINT)
            node.wait()
    print(f"median size of a debug image: {statistics.median(images) / 1000:.1f} kB")
    print("case          threads for those who look     whole node   (% of one CPU: median, least to most)")
    for case, rounds in found.items():
        cells = []
        for shares in zip(*rounds):
            cells.append(f"{statistics.median(shares):6.2f} ({min(shares):.2f} to {max(shares):.2f})")
        print(f"{case:12}  {cells[0]:27}  {cells[1]}")


if __name__ == "__main__":
    main()
