"""Percentiles by the nearest rank: each is a value that was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable

SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that this share of them stays within; not a number where there are none."""
    if not 0 <= share <= 1:
        raise ValueError(f"the share is {share}; allowed is 0 to 1")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """All of `SHARES`."""
    ordered = sorted(values)
    return {name: percentile(ordered, share) for name, share in SHARES.items()}
