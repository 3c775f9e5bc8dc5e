"""What a process takes of the machine, and what the others leave."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def processor_s(pid: int) -> float:
    """The processor time of a running process since its start, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def machine_s() -> float:
    """The processor time of all programs since the machine was started, in seconds."""
    user, nice, system, _idle, _waiting, irq, softirq = Path("/proc/stat").read_text().split("\n")[0].split()[1:8]
    return sum(map(int, (user, nice, system, irq, softirq))) / TICKS_PER_S


@dataclass(frozen=True)
class Memory:
    """The memory of a process in MB (of 10⁶ bytes), and its threads."""

    rss_mb: float
    pss_mb: float
    """Its own, and its part of what it shares with others."""

    threads: int


def memory(pid: int) -> Memory:
    """That of a running process."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    status = Path(f"/proc/{pid}/status").read_text()

    def kib(name: str) -> float:
        return int(found(rf"^{name}:\s+(\d+) kB$", rollup)) * 1024 / 1e6

    return Memory(kib("Rss"), kib("Pss"), int(found(r"^Threads:\s+(\d+)$", status)))


def found(pattern: str, text: str) -> str:
    """The group of a pattern that must be there."""
    hit = re.search(pattern, text, re.MULTILINE)
    if hit is None:
        raise ValueError(f"/proc says nothing that matches {pattern!r}; is this Linux 4.14 or newer?")
    return hit[1]
