"""How late pictures come and commands take effect, on purpose: a real camera's exposure, transfer and decoding, and a
real arm's controller, take their time.
"""

from __future__ import annotations

import argparse
import math
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

LONGEST_S = 1.0

Item = TypeVar("Item")


@dataclass(frozen=True)
class Latency:
    """Of a robot, in seconds."""

    camera_s: float = 0.0
    """From a picture's exposure to its arrival on the topic."""
    command_s: float = 0.0
    """From a command's arrival to its taking effect."""

    def __bool__(self) -> bool:
        return self.camera_s > 0 or self.command_s > 0

    def stamp_delay_s(self, period_ns: int) -> float:
        """From the exposure of a picture to its stamp in lockstep, which is that of the first period after it came."""
        return math.ceil(round(self.camera_s * 1e9) / period_ns) * period_ns / 1e9


NO_LATENCY = Latency()


class InFlight(Generic[Item]):
    """What was sent and has not arrived; everything takes equally long. Time is an argument."""

    def __init__(self, latency_s: float) -> None:
        self._latency_ns = round(latency_s * 1e9)
        self._sent: deque[tuple[int, Item]] = deque()

    def send(self, sent_ns: int, item: Item) -> None:
        """Sends one, later than all before it."""
        self._sent.append((sent_ns, item))

    def arrived(self, now_ns: int) -> list[tuple[int, Item]]:
        """Takes out what has arrived by now, each with the time at which it was sent; the oldest first."""
        taken = []
        while self._sent and self._sent[0][0] + self._latency_ns <= now_ns:
            taken.append(self._sent.popleft())
        return taken

    @property
    def next_ns(self) -> int | None:
        """When the next one arrives."""
        return self._sent[0][0] + self._latency_ns if self._sent else None

    def clear(self) -> None:
        """Loses everything."""
        self._sent.clear()


def seconds(text: str) -> float:
    """A latency as an option says it."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no latency; allowed: 0 to {LONGEST_S:g} seconds")
    return value


def add_camera_option(parser: argparse.ArgumentParser) -> None:
    """`--camera-latency`."""
    parser.add_argument(
        "--camera-latency",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="how long after its exposure a picture is published (default: %(default)s)",
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Both options of a world with a node in command."""
    add_camera_option(parser)
    parser.add_argument(
        "--command-latency",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="how long after its arrival a command takes effect (default: %(default)s)",
    )
