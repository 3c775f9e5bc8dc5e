"""The report of a run: its figures as JSON for programs and as Markdown for people."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from late_fusion_sim.ros import NodeTrouble

from bench.conditions import Conditions
from bench.contestant import NAMES, OURS, PEER
from bench.figure import FIGURES, Measured, figures, late_ms, latencies_ms
from bench.percentiles import percentile
from bench.ratio import Ratio, ratio

FORMAT = 1
KEEPS_UP = 0.97
"""A robot that sends less than this part of its pictures is not the one that was asked for."""

JSON, MARKDOWN, STAMPS = "report.json", "report.md", "stamps.json"
SHARES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0)

Report = dict[str, Any]


def report_of(rounds: Sequence[Measured], conditions: Conditions, about: dict[str, Any]) -> Report:
    """Everything that was found; `about` says where and how."""
    loads = {}
    for load, _ in conditions.loads:
        of_load = [one for one in rounds if one.recording.load == load]
        nodes = {name: [one for one in of_load if one.recording.node == name] for name in NAMES}
        loads[load] = load_of({name: of_node for name, of_node in nodes.items() if of_node})
        for name, node in loads[load]["nodes"].items():
            node["pictures_asked"] = conditions.camera_hz * sum(one.recording.seconds for one in nodes[name])
    return {"format": FORMAT, **about, "conditions": asdict(conditions), "loads": loads}


def load_of(nodes: dict[str, list[Measured]]) -> Report:
    """The nodes under one load."""
    by_round = {name: [figures([one]) for one in rounds] for name, rounds in nodes.items()}
    found: Report = {"nodes": {name: node_of(rounds, by_round[name]) for name, rounds in nodes.items()}}
    if set(nodes) == set(NAMES):
        found["ratios"] = {
            figure.key: ratio(*([one[figure.key] for one in by_round[name]] for name in (OURS, PEER))).rounds
            for figure in FIGURES
        }
        found["actions_differ"] = actions_differ(nodes[OURS], nodes[PEER])
    return found


def node_of(rounds: list[Measured], by_round: list[dict[str, float]]) -> Report:
    """One node under one load."""
    samples = {"latency_ms": latencies_ms(rounds), "late_ms": late_ms(rounds)}
    return {
        "figures": figures(rounds),
        "rounds": by_round,
        "percentiles": {
            name: {f"{100 * share:g}": percentile(values, share) for share in SHARES}
            for name, values in samples.items()
        },
        "bare_encoder_ms": [one.bare_encoder_ms for one in rounds],
        "pictures": len(samples["latency_ms"]),
        "pictures_in_commands": sum(one.matched.reached for one in rounds),
        "periods": len(samples["late_ms"]),
        "missed": sum(one.lateness.missed for one in rounds),
        "unmatched": sum(one.matched.unmatched for one in rounds),
        "stops": sum(one.matched.stops for one in rounds),
        "others_cpus": [one.recording.others for one in rounds],
    }


def actions_differ(ours: Sequence[Measured], theirs: Sequence[Measured]) -> dict[str, float]:
    """By how much both differ in what they do at the same picture: in the action that differs most."""
    done: list[dict[int, tuple[float, ...]]] = [{}, {}]
    for actions, rounds in zip(done, (ours, theirs)):
        for one in rounds:
            actions.update(one.matched.actions)
    apart = [float(np.abs(np.subtract(done[0][each], done[1][each])).max()) for each in set(done[0]) & set(done[1])]
    return {"median": percentile(apart, 0.5), "max": percentile(apart, 1.0)}


def write(report: Report, rounds: Sequence[Measured], folder: Path) -> None:
    """Writes the figures and the raw stamps."""
    (folder / JSON).write_text(json.dumps(plain(report), indent=1, allow_nan=False) + "\n")
    stamps = [
        {
            "node": one.recording.node,
            "load": one.recording.load,
            "round": one.recording.round,
            "window_ns": one.recording.window_ns,
            "sent": [[each.stamp_ns, each.picture] for each in one.recording.sent],
            "commands": [[each.left_ns, each.arrived_ns, *each.action] for each in one.recording.commands],
        }
        for one in rounds
    ]
    (folder / STAMPS).write_text(json.dumps(stamps) + "\n")
    (folder / MARKDOWN).write_text(markdown(report))


def plain(value: Any) -> Any:
    """What is not a number becomes null, which JSON knows."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read(folder: Path) -> Report:
    """An earlier report."""
    file = folder / JSON
    try:
        report = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise NodeTrouble(f"{file} cannot be read: {error}; it must be the {JSON} of an earlier run") from error
    known = report.get("format") if isinstance(report, dict) else None
    if known != FORMAT:
        raise NodeTrouble(f"{file} has the format {known}; this scripts/bench reads {FORMAT}: measure again")
    return report


def markdown(report: Report) -> str:
    """The report for people."""
    conditions = report["conditions"]
    lines = [
        "# late_fusion beside an rclpy node",
        "",
        f"    {report['command']}",
        "",
        f"{conditions['rate_hz']:g} Hz control, {conditions['camera_hz']:g} Hz {conditions['width']}×"
        f"{conditions['height']} rgb8, joints at 100 Hz; {report['rounds']} × {report['seconds']:g} s per node and "
        f"load; the peer resizes: {conditions['peer_resize']}. {report['when']}.",
        "",
        "![How many pictures and periods took longer](distributions.svg)",
    ]
    for load, of_load in report["loads"].items():
        lines += ["", f"## {load}", "", *table(of_load), "", *notes(of_load)]
    lines += ["", "## How it was measured", "", *METHOD.strip().split("\n"), "", "| | |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in (report["machine"] | report["versions"]).items()]
    return "\n".join(lines) + "\n"


def table(of_load: Report) -> list[str]:
    """The figures of one load."""
    names = list(of_load["nodes"])
    ratios = of_load.get("ratios")
    lines = [f"| | {' | '.join(names)} |" + (" ratio (rounds) |" if ratios else ""), "|---|" + "---|" * len(names)]
    lines[1] += "---|" if ratios else ""
    for figure in FIGURES:
        values = [of_load["nodes"][name]["figures"][figure.key] for name in names]
        row = [figure.label, *(number(value, figure.digits) for value in values)]
        if ratios:
            rounds = ratios[figure.key]
            spread = f" ({min(rounds):.2f}–{max(rounds):.2f})" if rounds else ""
            row.append(number(Ratio(rounds).median, 2) + spread)
        lines.append(f"| {' | '.join(row)} |")
    return lines


def number(value: float | None, digits: int) -> str:
    """A figure; a dash where there is none."""
    return f"{value:.{digits}f}" if value is not None and math.isfinite(value) else "–"


def notes(of_load: Report) -> list[str]:
    """What a reader has to know of the figures of one load."""
    lines = []
    for name, node in of_load["nodes"].items():
        others = percentile(node["others_cpus"], 0.5)
        lines.append(
            f"- {name}: {node['pictures_in_commands']} of {node['pictures']} pictures reached a command, "
            f"{node['missed']} of {node['periods']} periods had none, {node['unmatched']} commands rest on no picture "
            f"({node['stops']} of them are stops); other programs (the robot's among them) used {others:.2f} CPUs."
        )
        if node["pictures"] < KEEPS_UP * node["pictures_asked"]:
            lines.append(
                f"- **The robot could not keep up**: it sent {name} {node['pictures']} pictures of "
                f"{node['pictures_asked']:.0f}; the machine is too busy for this camera."
            )
    bare = [each for node in of_load["nodes"].values() for each in node["bare_encoder_ms"]]
    lines.append(f"- The bare encoder took {percentile(bare, 0.5):.2f} ms of processor time per picture.")
    if differ := of_load.get("actions_differ"):
        lines.append(
            f"- The actions of both at the same picture differ by {differ['median']:.1e} (median) and "
            f"{differ['max']:.1e} (most), of a range of 2."
        )
    return lines


METHOD = """
- One node runs at a time, for a few seconds, in a ROS domain of its own; whose turn it is alternates (ABBA), so that
  what else the machine does hits both alike. A ratio is the median of the rounds' ratios, with the least and the
  largest; figures are percentiles over the samples of all rounds, or medians of the rounds.
- *Picture → command* is from the stamp of a picture, taken just before it is published, to when the middleware wrote
  the first command that rests on it, or on a newer one where none does: every picture counts. 32 pictures take turns
  whose actions are so far apart that an action tells its picture. Each leaves up to one control period after the
  camera's beat, by chance (the same for both nodes), so that the wait for the next period does not depend on how both
  beats happened to meet.
- *Late* is every period's command: from when it was due to when the next command left. The beat is the node's own
  (where the most commands follow within a tenth of a period) and is never set anew; a period without a command is as
  late as the next command is.
- The bare encoder is the same model in onnxruntime on one thread at the camera's rate, before each round's turns.
- late_fusion also publishes contributions, status and diagnostics, as it does by default; the peer publishes commands.
"""
