"""A file that `late_fusion trace` has written, read as those who open it read it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Slice:
    """A stretch of a thread's time, in nanoseconds of the monotonic clock."""

    name: str
    thread: str
    start: int
    end: int
    args: dict


class Timeline:
    """The events of a file."""

    def __init__(self, path: Path) -> None:
        self.file = json.loads(path.read_text())
        self.events = self.file["traceEvents"]
        self.origin_ns = self.file["otherData"]["origin_ns"]

    def of(self, phase: str) -> list[dict]:
        """The events of one kind."""
        return [event for event in self.events if event["ph"] == phase]

    def ns(self, microseconds: float) -> int:
        """A time in the file on the monotonic clock."""
        return self.origin_ns + round(microseconds * 1000)

    @cached_property
    def threads(self) -> dict[int, str]:
        """The names of threads."""
        return {event["tid"]: event["args"]["name"] for event in self.of("M") if event["name"] == "thread_name"}

    @cached_property
    def slices(self) -> list[Slice]:
        """Everything that took time."""
        return [
            Slice(
                event["name"],
                self.threads[event["tid"]],
                self.ns(event["ts"]),
                self.ns(event["ts"]) + round(event["dur"] * 1000),
                event.get("args", {}),
            )
            for event in self.of("X")
        ]

    def named(self, name: str, thread: str) -> list[Slice]:
        """The slices of one name on a thread."""
        return [each for each in self.slices if (each.name, each.thread) == (name, thread)]

    @cached_property
    def ticks(self) -> list[Slice]:
        """The ticks of the control thread, in their order."""
        return sorted((each for each in self.slices if "tick" in each.args), key=lambda each: each.args["tick"])

    def marks(self) -> list[str]:
        """What is marked as a moment, in the order of time."""
        return [event["name"] for event in sorted(self.of("i"), key=lambda event: event["ts"])]

    def is_nested(self) -> bool:
        """Whether slices of a thread lie in each other or beside each other, and none ends before it begins."""
        lanes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for event in self.of("X"):
            start = self.ns(event["ts"])
            lanes[event["tid"]].append((start, -(start + round(event["dur"] * 1000))))
        for lane in lanes.values():
            open_until: list[int] = []
            for start, negative_end in sorted(lane):
                end = -negative_end
                while open_until and open_until[-1] <= start:
                    open_until.pop()
                if end < start or (open_until and end > open_until[-1]):
                    return False
                open_until.append(end)
        return True

    def holder(self, end: dict) -> set[str]:
        """The names of the slices that an end of an arrow lies in, each with its thread."""
        at, thread = self.ns(end["ts"]), self.threads[end["tid"]]
        around = (each for each in self.slices if each.thread == thread and each.start <= at <= each.end)
        return {f"{each.thread}: {each.name}" for each in around}
