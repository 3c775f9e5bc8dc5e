"""The result of an evaluation as Markdown."""

from __future__ import annotations

from collections import Counter

from late_fusion_sim import mt50_table
from late_fusion_sim.evaluation.counts import by_sentence, counted, with_interval
from late_fusion_sim.evaluation.robustness import Robustness, Row
from late_fusion_sim.judge import OUTCOMES

PERTURBED_HEAD = [
    "| perturbation | what | episodes | success | wrong task | timeout | of undisturbed |",
    "|---|---|---|---|---|---|---|",
]


def conditions_line(conditions: dict) -> str:
    """Under what was measured."""
    return (
        f"{conditions['episodes']} episodes per task and seed, sentences: {conditions['sentences']}, "
        f"starts from {conditions['seed']}; camera latency {1e3 * conditions['camera_latency']:g} ms, command latency "
        f"{1e3 * conditions['command_latency']:g} ms; in brackets Wilson's 95 % interval."
    )


def share_cell(row: dict) -> str:
    """The share of successes with its interval."""
    low, high = 100 * row["success_low"], 100 * row["success_high"]
    return f"{100 * row['success'] / row['episodes']:.1f} % [{low:.1f}, {high:.1f}]"


def summary_lines(rows: list[dict]) -> list[str]:
    """One line per method."""
    lines = [
        "| policy | seeds | episodes | success | wrong task | timeout |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        wrong, timeout = (f"{100 * row[key] / row['episodes']:.1f} %" for key in OUTCOMES[1:])
        lines.append(
            f"| {row['policy']} | {row['seeds']} | {row['episodes']} | {share_cell(row)} | {wrong} | {timeout} |"
        )
    return lines


def sentence_lines(reports: list[dict]) -> list[str]:
    """One line per task and sentence of a method."""
    lines = ["| task | sentence | episodes | success | wrong task | timeout |", "|---|---|---|---|---|---|"]
    for (task, sentence), counts in by_sentence(reports).items():
        numbers = " | ".join(str(counts[key]) for key in ("episodes", *OUTCOMES))
        lines.append(f"| {task} | {sentence} | {numbers} |")
    return lines


def robustness_lines(robustness: Robustness) -> list[str]:
    """One line per perturbation of a method, those apart that it is expected to fail under."""
    undisturbed = [robustness.undisturbed] if robustness.undisturbed else []
    lines = [*PERTURBED_HEAD, *map(_line, (*undisturbed, *robustness.graded))]
    if robustness.mean_share is not None:
        ratio = ratio_cell(robustness.mean_ratio)
        mean = f"**{100 * robustness.mean_share:.1f} %**"
        lines.append(f"| **mean** | over {len(robustness.graded)} perturbations | | {mean} | | | {ratio} |")
    lines += [f"| {each.name} | {each.words} | | skipped: {reason} | | | |" for each, reason in robustness.skipped]
    proofs = [row for row in robustness.rows if row.perturbation.proof]
    if proofs:
        lines += ["", "Expected to fail: what succeeds here, no camera and no sentence was needed for.", ""]
        lines += [*PERTURBED_HEAD, *map(_line, proofs)]
    return lines


def ratio_cell(ratio: float | None) -> str:
    """A ratio, or that there is none."""
    return "–" if ratio is None else f"{ratio:.2f}"


def _line(row: Row) -> str:
    counts: Counter[str] = counted(row.episodes)
    numbers = " | ".join(str(counts[key]) for key in OUTCOMES[1:])
    return (
        f"| {row.perturbation.name} | {row.words} | {counts['episodes']} | {share_cell(with_interval(counts))} | "
        f"{numbers} | {ratio_cell(row.ratio)} |"
    )


def markdown(result: dict, robustness: dict[str, Robustness]) -> str:
    """The result as tables."""
    lines = ["# Evaluation", "", conditions_line(result["conditions"]), "", *summary_lines(result["summary"])]
    for name, each in robustness.items():
        lines += ["", f"## {name}: robustness", "", *robustness_lines(each)]
    for name, reports in result["policies"].items():
        lines += ["", f"## {name}", ""]
        if fifty := mt50_table.tables(reports):
            lines += [*fifty, ""]
        lines += sentence_lines(reports)
    return "\n".join(lines) + "\n"
