"""A picture of the distributions: which part of pictures and periods took longer than so many milliseconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

from bench.contestant import OURS

WIDTH, HEIGHT, MARGIN = 420, 260, 66
COLORS = {True: "#c0392b", False: "#2471a3"}
DASHES = ("", "6 3")
DECADES = 3
"""Down to one in a thousand."""

Series = Mapping[tuple[str, str], Sequence[float]]
"""Milliseconds by node and load."""


def distributions(panels: Mapping[str, Series]) -> str:
    """An SVG with one panel beside the other, each with a curve per node and load."""
    width, height = len(panels) * (WIDTH + MARGIN) + MARGIN, HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="white"/>'
    ]
    for index, (title, series) in enumerate(panels.items()):
        left = MARGIN + index * (WIDTH + MARGIN)
        parts.append(f'<g transform="translate({left} {MARGIN})">{panel(title, series)}</g>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def panel(title: str, series: Series) -> str:
    """One panel: logarithmic in both directions, for what matters is in the tail."""
    lowest, highest = limits(series)

    def across(milliseconds: float) -> float:
        place = math.log10(max(milliseconds, lowest) / lowest) / math.log10(highest / lowest)
        return WIDTH * min(place, 1.0)

    parts = [f'<text x="0" y="-16" font-weight="bold">{escape(title)}</text>']
    for decade in range(round(math.log10(lowest)), round(math.log10(highest)) + 1):
        x = across(10.0**decade)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT + 16}" text-anchor="middle">{10.0**decade:g} ms</text>')
    for decade in range(DECADES + 1):
        y = HEIGHT * decade / DECADES
        parts.append(f'<line x1="0" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{100 / 10**decade:g} %</text>')
    loads = list(dict.fromkeys(load for _, load in series))
    for index, ((node, load), values) in enumerate(series.items()):
        style = f'stroke="{COLORS[node == OURS]}" stroke-dasharray="{DASHES[loads.index(load) % len(DASHES)]}"'
        parts.append(f'<polyline fill="none" stroke-width="1.5" {style} points="{curve(values, across)}"/>')
        # Where the curves leave room: at the top on the right.
        x, y = WIDTH - 128, 16 * (index + 1)
        parts.append(f'<line x1="{x}" x2="{x + 24}" y1="{y}" y2="{y}" stroke-width="1.5" {style}/>')
        parts.append(f'<text x="{x + 30}" y="{y + 4}">{escape(f"{node}, {load}")}</text>')
    return "".join(parts)


def limits(series: Series) -> tuple[float, float]:
    """The powers of ten that all are between."""
    values = [each for of_one in series.values() for each in of_one if each > 0] or [1.0]
    # What is less than ten microseconds is nothing to a robot.
    lowest = max(math.floor(math.log10(min(values))), -2)
    return 10.0**lowest, 10.0 ** max(math.ceil(math.log10(max(values))), lowest + 1)


def curve(values: Sequence[float], across: Callable[[float], float]) -> str:
    """The points of one curve: each value, and the part of all that is longer."""
    ordered = sorted(values)
    points = []
    last = (-1.0, -1.0)
    for index, value in enumerate(ordered):
        longer = 1 - (index + 1) / len(ordered)
        down = min(-math.log10(longer) / DECADES, 1.0) if longer > 0 else 1.0
        point = (round(across(value), 1), round(HEIGHT * down, 1))
        # Thousands of samples share a pixel.
        if point != last:
            points.append(f"{point[0]},{point[1]}")
        last = point
    return " ".join(points)
