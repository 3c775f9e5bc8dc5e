"""Measures policies in closed loop: any number of them, each in a world and a ROS domain of its own.

    python -m late_fusion_sim.evaluate --node PATH concat=out/compare/concat/seed0 concat=out/compare/concat/seed1

Policies of one name are seeds of one method and are counted together.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import get_args

from late_fusion_sim import mt50_table
from late_fusion_sim.command_line import add_executable, parser_of
from late_fusion_sim.domains import domains
from late_fusion_sim.isolation import isolated
from late_fusion_sim.judge import OUTCOMES
from late_fusion_sim.latency import add_options as add_latency_options
from late_fusion_sim.process import bound_to_us
from late_fusion_sim.progress import Progress
from late_fusion_sim.ros import NodeTrouble
from late_fusion_sim.tasks import Sentences, Task, all_tasks, named_tasks, select_tasks
from late_fusion_sim.wilson import interval
from late_fusion_sim.world import robot_of


@dataclass(frozen=True)
class Candidate:
    """One policy: its method's name, its number under that name, its folder."""

    name: str
    number: int
    folder: Path


@dataclass(frozen=True)
class Trouble(Exception):
    """A policy that could not be measured."""

    candidate: Candidate
    words: str


def candidates(arguments: list[str]) -> list[Candidate]:
    """Reads NAME=FOLDER; ValueError for what is not, and for folders without a policy."""
    seen: Counter[str] = Counter()
    found = []
    for argument in arguments:
        name, separator, folder = argument.partition("=")
        if not (name and separator and folder):
            raise ValueError(f"{argument!r} is not NAME=FOLDER, for example concat=out/compare/concat/seed0")
        if not (Path(folder) / "policy.yaml").is_file():
            raise ValueError(f"{argument!r}: there is no policy.yaml in {folder}")
        found.append(Candidate(name, seen[name], Path(folder)))
        seen[name] += 1
    return found


def measure(candidate: Candidate, options: argparse.Namespace, out: Path, domain: int) -> dict:
    """Plays all episodes of one policy, as the demo would, and returns the demo's report."""
    folder = out / f"{candidate.name}-{candidate.number}"
    report = folder / "report.json"
    command = [sys.executable, "-m", "late_fusion_sim.demo", "--no-pictures"]
    for option, value in {
        "--node": options.node,
        "--policy": candidate.folder,
        "--tasks": ",".join(task.name for task in options.tasks),
        "--episodes": options.episodes,
        "--seed": options.seed,
        "--sentences": options.sentences,
        "--required": options.required,
        "--camera-latency": options.camera_latency,
        "--command-latency": options.command_latency,
        "--out": folder,
        "--report": report,
    }.items():
        if value is not None:
            command += [option, str(value)]
    for option in ("cover", "cut", "set"):
        for value in getattr(options, option) or ():
            command += [f"--{option}", value]
    report.unlink(missing_ok=True)
    environment = isolated(os.environ, domain)
    done = subprocess.run(bound_to_us(command), capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0 or not report.is_file():
        raise Trouble(candidate, done.stderr.strip() or f"the demo ended with status {done.returncode}")
    return json.loads(report.read_text(encoding="utf-8"))


def pairs_of(tasks: dict[str, dict], known: dict[str, Task]) -> dict[str, dict]:
    """The rows of same-scene pairs, by scene, by direction, by sentence."""
    pairs: dict[str, dict] = {}
    for name, row in tasks.items():
        task = known[name]
        if task.end is not None:
            sentences = row.get("sentences", {row["instruction"]: row})
            pairs.setdefault(task.scene, {})[task.end] = {
                sentence: {outcome: counts[outcome] for outcome in OUTCOMES} for sentence, counts in sentences.items()
            }
    return pairs


def summary(name: str, reports: list[dict]) -> dict:
    """The counts of all seeds of one method together."""
    counts: Counter[str] = Counter()
    for report in reports:
        for row in report["tasks"].values():
            counts.update({key: row[key] for key in ("episodes", *OUTCOMES)})
    low, high = interval(counts["success"], counts["episodes"])
    return {"policy": name, "seeds": len(reports), **counts, "success_low": low, "success_high": high}


def markdown(result: dict) -> str:
    """The result as tables."""
    conditions = result["conditions"]
    lines = [
        "# Evaluation",
        "",
        f"{conditions['episodes']} episodes per task and seed, sentences: {conditions['sentences']}, "
        f"starts from {conditions['seed']}; camera latency {1e3 * conditions['camera_latency']:g} ms, command latency "
        f"{1e3 * conditions['command_latency']:g} ms; in brackets Wilson's 95 % interval.",
        "",
        "| policy | seeds | episodes | success | wrong task | timeout |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["summary"]:
        share = {key: 100 * row[key] / row["episodes"] for key in OUTCOMES}
        lines.append(
            f"| {row['policy']} | {row['seeds']} | {row['episodes']} | {share['success']:.1f} % "
            f"[{100 * row['success_low']:.1f}, {100 * row['success_high']:.1f}] | {share['wrong_task']:.1f} % | "
            f"{share['timeout']:.1f} % |"
        )
    for name, reports in result["policies"].items():
        lines += ["", f"## {name}", ""]
        if fifty := mt50_table.tables(reports):
            lines += [*fifty, ""]
        lines += ["| task | sentence | episodes | success | wrong task | timeout |"]
        lines.append("|---|---|---|---|---|---|")
        for (task, sentence), counts in _by_sentence(reports).items():
            numbers = " | ".join(str(counts[key]) for key in ("episodes", *OUTCOMES))
            lines.append(f"| {task} | {sentence} | {numbers} |")
    return "\n".join(lines) + "\n"


def _by_sentence(reports: list[dict]) -> dict[tuple[str, str], Counter[str]]:
    rows: dict[tuple[str, str], Counter[str]] = {}
    for report in reports:
        for task, row in report["tasks"].items():
            each = {**row.get("sentences", {row["instruction"]: row}), **row.get("targets", {})}
            for sentence, counts in each.items():
                numbers = {key: counts[key] for key in ("episodes", *OUTCOMES)}
                rows.setdefault((task, sentence), Counter()).update(numbers)
    return rows


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = parser_of("evaluate", "NAME=FOLDER... [OPTION]...", "Measure policies in the simulated world.")
    parser.add_argument(
        "policies", nargs="+", metavar="NAME=FOLDER", help="one name may have several folders: the seeds of a method"
    )
    add_executable(parser, "--node", "late_fusion_node")
    parser.add_argument(
        "--tasks",
        metavar="NAMES",
        help=f"comma-separated, of {named_tasks()} (default: all pairs of the Meta-World arm)",
    )
    parser.add_argument(
        "--episodes", type=int, default=20, metavar="NUMBER", help="for each task and policy (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="NUMBER", help="of the first start (default: %(default)s)"
    )
    parser.add_argument(
        "--sentences",
        choices=get_args(Sentences),
        default="demo",
        help="which sentences are given, one episode after the other; held_out are those that no recording has "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--cover", action="append", metavar="CAMERA", help="a camera that is covered: scene or side, or another robot's"
    )
    parser.add_argument("--cut", action="append", metavar="CAMERA@COMMANDS", help="a camera that falls silent")
    add_latency_options(parser)
    parser.add_argument("--required", metavar="NAMES", help="comma-separated modalities that are required (all)")
    parser.add_argument("--set", action="append", metavar="NAME=VALUE", help="a parameter of the node")
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="NUMBER", help="policies at a time (default: %(default)s)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/evaluation"),
        metavar="FOLDER",
        help="for the tables (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}; at least 1 is needed")
    try:
        options.policies = candidates(options.policies)
        pairs = ",".join(task.name for task in select_tasks(None) if task.end is not None)
        options.tasks = select_tasks(options.tasks or pairs)
        robot_of(options.tasks)
    except ValueError as error:
        parser.error(str(error))
    return options


def main(arguments: list[str] | None = None) -> int:
    """Evaluates, and says how it went by the exit status."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    progress = Progress("evaluation", len(options.policies))
    policies: dict[str, list[dict]] = {}
    troubles: list[Trouble] = []

    free: Queue[int] = Queue()
    jobs = min(options.jobs, len(options.policies))
    try:
        for domain in domains(jobs):
            free.put(domain)
    except NodeTrouble as nowhere:
        print(f"evaluate: {nowhere}", file=sys.stderr)
        return 1

    def one(candidate: Candidate) -> dict | Trouble:
        domain = free.get()
        try:
            return measure(candidate, options, options.out, domain)
        except Trouble as trouble:
            return trouble
        finally:
            free.put(domain)

    with ThreadPoolExecutor(jobs) as pool:
        for number, (candidate, report) in enumerate(zip(options.policies, pool.map(one, options.policies)), 1):
            progress.show(number, f"{candidate.name}, seed {candidate.number}")
            if isinstance(report, Trouble):
                troubles.append(report)
                continue
            report["pairs"] = pairs_of(report["tasks"], all_tasks())
            policies.setdefault(candidate.name, []).append(report)
    progress.close()
    result = {
        "conditions": {
            key: getattr(options, key)
            for key in (
                *("episodes", "seed", "sentences", "cover", "cut", "required", "set"),
                *("camera_latency", "command_latency"),
            )
        },
        "summary": [summary(name, reports) for name, reports in policies.items()],
        "policies": policies,
    }
    (options.out / "evaluation.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    text = markdown(result)
    (options.out / "evaluation.md").write_text(text, encoding="utf-8")
    print("\n".join(text.splitlines()[2 : 6 + len(policies)]))
    print(f"\nwrote {options.out / 'evaluation.md'} and evaluation.json")
    for trouble in troubles:
        print(f"evaluate: {trouble.candidate.name}={trouble.candidate.folder}: {trouble.words}", file=sys.stderr)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
