"""How steady the node's commands are: a camera and joints from this process, both encoders running, one minute.

    source scripts/env.bash && cargo build --release
    python3 benches/control_rate.py --node target/release/late_fusion_node --rate 100

Prints how long the node took from its start to its first command, the achieved rate, and the time from command to
command, as they arrived here and as the node saw its own ticks.
"""

from __future__ import annotations

import argparse
import array
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
CAMERA_HZ = 30.0
JOINTS_HZ = 100.0

PARAMETERS = """
late_fusion:
  ros__parameters:
    policy: {root}/models/policies/tabletop
    control_rate_hz: {rate}
    modalities:
      scene: {{topic: camera/image_raw, message: sensor_msgs/msg/Image}}
      instruction: {{topic: instruction, message: std_msgs/msg/String, accept_earlier: true}}
      joints: {{topic: joint_states, message: sensor_msgs/msg/JointState}}
    action:
      message: trajectory_msgs/msg/JointTrajectory
      fields:
        hand_x: velocities.hand_x
        hand_y: velocities.hand_y
        hand_z: velocities.hand_z
        gripper: velocities.gripper
"""


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node", type=Path, required=True, help="the executable late_fusion_node")
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

    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from sensor_msgs.msg import Image, JointState
    from std_msgs.msg import String
    from trajectory_msgs.msg import JointTrajectory

    rclpy.init()
    robot = rclpy.create_node("robot")
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    camera = robot.create_publisher(Image, "camera/image_raw", 5)
    joints = robot.create_publisher(JointState, "joint_states", 5)
    robot.create_publisher(String, "instruction", latched).publish(String(data="open the drawer"))
    arrivals: list[float] = []
    status: list[DiagnosticArray] = []
    robot.create_subscription(JointTrajectory, "action", lambda _: arrivals.append(time.perf_counter()), 10)
    robot.create_subscription(DiagnosticArray, "late_fusion/status", status.append, latched)

    image = Image(height=480, width=640, step=640 * 3, encoding="rgb8")
    image.data = array.array("B", np.random.default_rng(0).integers(0, 256, 640 * 480 * 3, dtype=np.uint8).tobytes())
    state = JointState(name=["hand_x", "hand_y", "hand_z", "gripper"], position=[0.0, 0.6, 0.2, 1.0])

    def see() -> None:
        image.header.stamp = robot.get_clock().now().to_msg()
        camera.publish(image)

    def feel() -> None:
        state.header.stamp = robot.get_clock().now().to_msg()
        joints.publish(state)

    robot.create_timer(1.0 / CAMERA_HZ, see)
    robot.create_timer(1.0 / JOINTS_HZ, feel)

    with tempfile.TemporaryDirectory() as folder:
        parameters = Path(folder) / "bench.param.yaml"
        parameters.write_text(PARAMETERS.format(root=ROOT, rate=options.rate))
        started = time.perf_counter()
        node = subprocess.Popen(bound_to_us([str(options.node), "--ros-args", "--params-file", str(parameters)]))
        try:
            while len(arrivals) < options.rate:
                rclpy.spin_once(robot, timeout_sec=0.1)
            to_first_command_s = arrivals[0] - started
            arrivals.clear()
            end = time.perf_counter() + options.seconds
            while time.perf_counter() < end:
                rclpy.spin_once(robot, timeout_sec=0.1)
            before = resource_seconds(node.pid)
        finally:
            node.send_signal(signal.SIGINT)
            node.wait(10)

    print(f"first command {to_first_command_s:.2f} s after the start of the node")
    intervals_ms = np.diff(arrivals) * 1e3
    elapsed = arrivals[-1] - arrivals[0]
    p50, p99 = np.percentile(intervals_ms, [50, 99])
    print(f"asked {options.rate:.2f} Hz, achieved {len(intervals_ms) / elapsed:.3f} Hz over {elapsed:.1f} s")
    print(f"arrivals here: p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {intervals_ms.max():.2f} ms")
    for part in status[-1].status:
        print(f"{part.name}: " + ", ".join(f"{v.key} {v.value}" for v in part.values))
    print(f"the node used {before:.1f} s of processor time since its start")


def resource_seconds(pid: int) -> float:
    """Processor time of a running process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
