"""How sure a share is that was counted."""

from __future__ import annotations

import math

Z = 1.959964
"""Of the normal distribution, for 95 %."""


def interval(hits: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927, "Probable inference"): right also near 0 and 1, and for few."""
    if count == 0:
        return 0.0, 1.0
    share, spread = hits / count, Z * Z / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
