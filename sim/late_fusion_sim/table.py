"""The report for a terminal."""

from __future__ import annotations

from late_fusion_sim.report import Report


def table(report: Report) -> str:
    """One line per instruction, a total, and the control rate."""
    names = report.outcome_names()
    head = ["instruction", "episodes", *(name.replace("_", " ") for name in names), "mean steps"]
    body = [
        [
            row.sentence,
            str(len(row.episodes)),
            *(str(row.outcomes[name]) for name in names),
            f"{row.mean_steps:.1f}",
        ]
        for row in report.rows
    ]
    episodes = report.episodes
    total = [
        "all",
        str(len(episodes)),
        *(str(sum(row.outcomes[name] for row in report.rows)) for name in names),
        f"{sum(episode.steps for episode in episodes) / len(episodes):.1f}",
    ]
    widths = [max(len(line[column]) for line in [head, *body, total]) for column in range(len(head))]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [_line(head, widths), rule, *(_line(cells, widths) for cells in body), rule, _line(total, widths)]
    return "\n".join([*lines, "", _rate(report)])


def _line(cells: list[str], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))])


def _rate(report: Report) -> str:
    if report.achieved_rate_hz is None:
        return "Control rate: too few commands arrived to tell."
    per = "simulated second" if report.mode == "lockstep" else "second"
    text = f"Control rate: {report.achieved_rate_hz:.2f} commands per {per}, asked {report.robot.control_rate_hz:.0f}"
    if report.interval_p99_ms is not None:
        text += f"; 99 % of them at most {report.interval_p99_ms:.1f} ms after the one before"
    late, steps = (sum(getattr(each, name) for each in report.episodes) for name in ("late_steps", "steps"))
    if late:
        text += f"\nThe simulator itself was late in {late} of {steps} steps (too little computing time)"
    if report.latency:
        camera_ms, command_ms = 1e3 * report.latency.camera_s, 1e3 * report.latency.command_s
        text += f".\nPictures came {camera_ms:g} ms late, and commands took effect {command_ms:g} ms late"
    return text + "."
