"""What is reported of a node."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.matching import Matched, match
from bench.percentiles import percentile
from bench.periods import Lateness, lateness
from bench.pictures import Pictures
from bench.recording import Recording


@dataclass(frozen=True)
class Figure:
    """One row of the report; of all of them less is better."""

    key: str
    label: str
    digits: int


FIGURES = (
    Figure("latency_p50_ms", "picture → first command that rests on it or a newer one, p50, ms", 1),
    Figure("latency_p99_ms", "picture → first command that rests on it or a newer one, p99, ms", 1),
    Figure("processor_cpus", "processor time per second, s", 3),
    Figure("processor_per_picture_ms", "processor time per picture that reached a command, ms", 2),
    Figure("beyond_encoder_cpus", "processor time per second beyond the bare encoder's, s", 3),
    Figure("beyond_encoder_per_picture_ms", "processor time per picture beyond the bare encoder's, ms", 2),
    Figure("rss_mb", "resident memory (RSS), MB", 0),
    Figure("pss_mb", "proportional memory (PSS), MB", 0),
    Figure("threads", "threads", 0),
    Figure("late_p50_ms", "command late, p50, ms", 3),
    Figure("late_p99_ms", "command late, p99, ms", 2),
    Figure("late_p99.9_ms", "command late, p99.9, ms", 2),
    Figure("missed_percent", "periods without a command, %", 3),
    Figure("start_s", "start → first command, s", 2),
)

Values = dict[str, float]


@dataclass(frozen=True)
class Measured:
    """One node in one round, evaluated."""

    recording: Recording
    matched: Matched
    lateness: Lateness
    bare_encoder_ms: float


def measured(recording: Recording, pictures: Pictures, rate_hz: float, bare_encoder_ms: float) -> Measured:
    """What the raw stamps say."""
    window_ns = recording.window_ns
    matched = match(recording.sent, recording.commands, pictures.actions, pictures.apart, window_ns)
    late = lateness([command.left_ns for command in recording.commands], 1e9 / rate_hz, window_ns)
    return Measured(recording, matched, late, bare_encoder_ms)


def latencies_ms(rounds: Sequence[Measured]) -> list[float]:
    """From every picture to its command, of all rounds."""
    return [each / 1e6 for one in rounds for each in one.matched.latencies_ns]


def late_ms(rounds: Sequence[Measured]) -> list[float]:
    """Of every period of all rounds."""
    return [each / 1e6 for one in rounds for each in one.lateness.late_ns]


def figures(rounds: Sequence[Measured]) -> Values:
    """Of one round or several of one node: percentiles of all their samples together, medians of the rest."""
    latency, late = latencies_ms(rounds), late_ms(rounds)

    def median(of: list[float]) -> float:
        return statistics.median(of)

    recordings = [one.recording for one in rounds]
    reached = [one.matched.reached or math.nan for one in rounds]
    seconds = [one.seconds for one in recordings]
    took = [one.processor_s for one in recordings]
    beyond = [each - count * one.bare_encoder_ms / 1e3 for each, count, one in zip(took, reached, rounds)]
    return {
        "latency_p50_ms": percentile(latency, 0.5),
        "latency_p99_ms": percentile(latency, 0.99),
        "processor_cpus": median([each / time for each, time in zip(took, seconds)]),
        "processor_per_picture_ms": median([each * 1e3 / count for each, count in zip(took, reached)]),
        "beyond_encoder_cpus": median([each / time for each, time in zip(beyond, seconds)]),
        "beyond_encoder_per_picture_ms": median([each * 1e3 / count for each, count in zip(beyond, reached)]),
        "rss_mb": median([one.memory.rss_mb for one in recordings]),
        "pss_mb": median([one.memory.pss_mb for one in recordings]),
        "threads": median([float(one.memory.threads) for one in recordings]),
        "late_p50_ms": percentile(late, 0.5),
        "late_p99_ms": percentile(late, 0.99),
        "late_p99.9_ms": percentile(late, 0.999),
        "missed_percent": 100 * sum(one.lateness.missed for one in rounds) / max(len(late), 1),
        "start_s": median([one.start_s for one in recordings]),
    }
