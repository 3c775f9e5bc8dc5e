"""On what was measured, and with which versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.parameters import ROOT
from bench.urgency import NICE, urgent

PACKAGES = ("rclpy", "numpy", "onnxruntime", "opencv-python-headless", "pillow", "tokenizers")


def machine() -> dict[str, str]:
    """The machine, and how busy it is with other programs."""
    processor = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text())
    return {
        "processor": processor[1] if processor else platform.machine(),
        "CPUs": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory[1]) / 1e6:.1f} GB" if memory else "unknown",
        "kernel": f"{platform.system()} {platform.release()} {platform.version()}",
        "priority of the robot": robots_priority(),
        "load before": " ".join(f"{each:.1f}" for each in os.getloadavg()),
    }


def robots_priority() -> str:
    """What the one that plays the robot gets from the kernel."""
    with urgent() as is_urgent:
        return f"nice {NICE}" if is_urgent else f"as the nodes' (nice {NICE} is not allowed: ulimit -e)"


def versions() -> dict[str, str]:
    """What took part."""
    found = {
        "late_fusion": commit(),
        "node's ONNX Runtime": Path(os.environ.get("LATE_FUSION_ONNXRUNTIME", "unknown")).name,
        "ROS": os.environ.get("ROS_DISTRO", "unknown"),
        "middleware": os.environ.get("RMW_IMPLEMENTATION", "the default"),
        "Fast DDS profile": Path(os.environ.get("FASTRTPS_DEFAULT_PROFILES_FILE", "none")).name,
        "Python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def commit() -> str:
    """Of this folder, as git names it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--tags"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
