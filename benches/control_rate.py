"""How steady the node's commands are: a camera and joints from this process, both encoders running, one minute.

    source scripts/env.bash && cargo build --release
    python3 benches/control_rate.py --node target/release/late_fusion_node --rate 100

Prints how long the node took from its start to its first command, the achieved rate, and the time from command to
command, as they arrived here and as the node saw its own ticks.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from bench.parameters import NODE, ROOT, parameters
from bench.usage import processor_s


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node", type=Path, default=NODE, help="the executable late_fusion_node")
    parser.add_argument("--rate", type=float, default=100.0, help="control_rate_hz (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure (default: %(default)s)")
    return parser.parse_args()


def main() -> None:
    """Plays camera, joints and operator, and measures what comes back."""
    options = parse()
    sys.path.append(str(ROOT / "sim"))
    from late_fusion_sim.domains import isolate
    from late_fusion_sim.process import bound_to_us

    # The robot's commands stay on this machine, in a domain that nobody is in.
    isolate()
    from bench.robot import Robot
    from diagnostic_msgs.msg import DiagnosticArray
    from late_fusion_sim.ros import reliable

    status: list[DiagnosticArray] = []
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder, Robot([noise]) as robot:
        robot.node.create_subscription(DiagnosticArray, "late_fusion/status", status.append, reliable(1, latched=True))
        file = Path(folder) / "bench.param.yaml"
        file.write_text(parameters(options.rate))
        started_ns = time.time_ns()
        node = subprocess.Popen(bound_to_us([str(options.node), "--ros-args", "--params-file", str(file)]))
        try:
            while len(robot.commands) < options.rate:
                robot.play(0.1)
            to_first_command_s = (robot.commands[0].arrived_ns - started_ns) / 1e9
            robot.commands.clear()
            robot.play(options.seconds)
            used_s = processor_s(node.pid)
        finally:
            node.send_signal(signal.SIGINT)
            node.wait(10)

    arrivals_s = [command.arrived_ns / 1e9 for command in robot.commands]
    print(f"first command {to_first_command_s:.2f} s after the start of the node")
    intervals_ms = np.diff(arrivals_s) * 1e3
    elapsed = arrivals_s[-1] - arrivals_s[0]
    p50, p99 = np.percentile(intervals_ms, [50, 99])
    print(f"asked {options.rate:.2f} Hz, achieved {len(intervals_ms) / elapsed:.3f} Hz over {elapsed:.1f} s")
    print(f"arrivals here: p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {intervals_ms.max():.2f} ms")
    for part in status[-1].status:
        print(f"{part.name}: " + ", ".join(f"{v.key} {v.value}" for v in part.values))
    print(f"the node used {used_s:.1f} s of processor time since its start")


if __name__ == "__main__":
    main()
