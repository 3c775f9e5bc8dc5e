"""The robustness of policies as one HTML page: what each perturbation does, beside what it costs."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping

import numpy as np
from PIL import Image

from late_fusion_sim.evaluation.counts import counted, with_interval
from late_fusion_sim.evaluation.example import Example
from late_fusion_sim.evaluation.robustness import Robustness, Row
from late_fusion_sim.evaluation.tables import conditions_line, ratio_cell, share_cell
from late_fusion_sim.judge import OUTCOMES
from late_fusion_sim.perturbation.base import UNDISTURBED, Perturbation
from late_fusion_sim.robot import Robot

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 74rem; padding: 0 1rem; color: #1c2127; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse } th, td { padding: .2rem .7rem; text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left } thead th { border-bottom: 1px solid #b9c0c9 }
.each { display: flex; gap: 1rem; padding: 1rem 0; border-top: 1px solid #dfe3e8; flex-wrap: wrap }
.each img, .before { width: 168px; height: 168px; display: block; background-size: cover }
figure { margin: 0 } figcaption, .small { color: #5b6672; font-size: .85rem } .what { flex: 1; min-width: 22rem }
.bar { display: inline-block; width: 8rem; height: .6rem; background: #e4e8ec } .bar i { display: block; height: 100% }
"""
BEFORE = "<figure><div class=before role=img aria-label=undisturbed></div><figcaption>undisturbed</figcaption></figure>"
COLOURS = {"success": "#4fb57f", "wrong_task": "#e0564c", "timeout": "#d9a441"}


def page(conditions: dict, robot: Robot, robustness: Mapping[str, Robustness], examples: Mapping[str, Example]) -> str:
    """A page that needs nothing but itself. The perturbations are those that there is an example of."""
    known: dict[str, Perturbation] = {}
    for each in robustness.values():
        known.update((row.perturbation.name, row.perturbation) for row in each.rows)
    graded = [each for each in known.values() if not each.proof]
    proofs = [each for each in known.values() if each.proof]
    # The undisturbed picture stands beside every other one, and once in the file.
    before = f".before {{ background-image: url({_data(examples[UNDISTURBED.name].picture)}) }}"
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Robustness</title>",
        f"<style>{STYLE}{before}</style><h1>Robustness</h1>",
        f"<p>Tasks: {html.escape(', '.join(conditions['tasks']))}. {html.escape(conditions_line(conditions))}</p>",
        "<p class=small>Pictures: one start, the scripted expert acting; left as the camera saw it, right as it was "
        "published.</p>",
        _overview(robustness),
        *(_part(each, robot, robustness, examples) for each in graded),
    ]
    if proofs:
        parts.append("<h2>Expected to fail</h2><p>What succeeds here, no camera and no sentence was needed for.</p>")
        parts += [_part(each, robot, robustness, examples) for each in proofs]
    skipped = {perturbation.name: why for each in robustness.values() for perturbation, why in each.skipped}
    if skipped:
        items = "".join(f"<li>{html.escape(name)}: {html.escape(why)}</li>" for name, why in skipped.items())
        parts.append(f"<h2>Skipped</h2><ul>{items}</ul>")
    return "\n".join(parts) + "\n"


def _overview(robustness: Mapping[str, Robustness]) -> str:
    head = "<thead><tr><th>policy<th>undisturbed<th>mean over perturbations<th>mean of undisturbed</thead>"
    lines = []
    for name, each in robustness.items():
        before = share_cell(with_interval(counted(each.undisturbed.episodes))) if each.undisturbed else "–"
        mean = "–" if each.mean_share is None else f"{100 * each.mean_share:.1f} %"
        lines.append(f"<tr><td>{html.escape(name)}<td>{before}<td>{mean}<td>{ratio_cell(each.mean_ratio)}")
    return f"<table>{head}{''.join(lines)}</table>"


def _part(
    perturbation: Perturbation, robot: Robot, robustness: Mapping[str, Robustness], examples: Mapping[str, Example]
) -> str:
    """One perturbation: both pictures, what else differs, and the figures of every policy."""
    before, after = examples[UNDISTURBED.name], examples[perturbation.name]
    differs = []
    if after.sentence != before.sentence:
        differs.append(f"“{before.sentence}” → “{after.sentence}”")
    if not np.array_equal(after.state, before.state):
        differs.append(f"{robot.state_modality}: {_numbers(before.state)} → {_numbers(after.state)}")
    rows = {
        name: row
        for name, each in robustness.items()
        for row in each.rows
        if row.perturbation.name == perturbation.name
    }
    head = "<thead><tr><th>policy<th><th>success<th>wrong task<th>timeout<th>of undisturbed</thead>"
    figures = "".join(_figures(name, row) for name, row in rows.items())
    return (
        f"<section class=each>{BEFORE}{_figure(after.picture, perturbation.name)}"
        f"<div class=what><b>{html.escape(perturbation.name)}</b> "
        f"<span class=small>{perturbation.kind}</span><br>{html.escape(perturbation.words_for(robot))}"
        f"{''.join(f'<br><span class=small>{html.escape(each)}</span>' for each in differs)}"
        f"<table>{head}{figures}</table></div></section>"
    )


def _figures(name: str, row: Row) -> str:
    counts = counted(row.episodes)
    bars = "".join(
        f"<i style='width:{100 * counts[key] / counts['episodes']:.1f}%;background:{COLOURS[key]};float:left'></i>"
        for key in OUTCOMES
    )
    numbers = "".join(f"<td>{counts[key]}" for key in OUTCOMES[1:])
    share = share_cell(with_interval(counts))
    return (
        f"<tr><td>{html.escape(name)}<td><span class=bar>{bars}</span><td>{share}{numbers}<td>{ratio_cell(row.ratio)}"
    )


def _figure(picture: np.ndarray, caption: str) -> str:
    words = html.escape(caption)
    return f"<figure><img alt='{words}' src='{_data(picture)}'><figcaption>{words}</figcaption></figure>"


def _data(picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _numbers(state: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.3f}" for value in state) + ")"
