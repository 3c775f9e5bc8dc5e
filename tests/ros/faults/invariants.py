"""What holds for every command, whatever has failed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from policies import STOP
from robot import numbers, seconds

from faults.bench import LIMIT, MAX_RATE, Bench

STAMP_S = 2e-3
"""Limits follow the monotonic clock, which is read a moment before the stamp."""


def broken(bench: Bench) -> list[str]:
    """Every command that was heard and is not finite, is outside its limits, or changes faster than is allowed."""
    messages = [message for _, message in bench.robot.published]
    actions = np.array([numbers(message) for message in messages])
    stamps = [seconds(message.header.stamp) for message in messages]
    found = [f"command {i} is {action}" for i, action in enumerate(actions) if not np.isfinite(action).all()]
    found += [f"command {i} is {action}" for i, action in enumerate(actions) if np.abs(action).max() > LIMIT + 1e-6]
    for i, (before, after) in enumerate(pairwise(actions), start=1):
        # A stop is never delayed; another process knows nothing of what its predecessor commanded.
        if list(after) == STOP or i in bench.begins:
            continue
        later_s = stamps[i] - stamps[i - 1]
        # From rest one period counts, however often the stop was repeated in it. Time turned back does not elapse.
        counted_s = bench.period_s if list(before) == STOP else min(max(later_s, 0.0) + STAMP_S, bench.period_s)
        if np.abs(after - before).max() > MAX_RATE * counted_s + 1e-6:
            found.append(f"command {i} is {after} after {before}, {later_s:.4f} s later")
    return found
