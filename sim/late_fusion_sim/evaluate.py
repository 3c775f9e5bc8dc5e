"""Measures policies in closed loop, undisturbed and disturbed: episodes side by side, each process with a node, a world
and a ROS domain of its own.

    python -m late_fusion_sim.evaluate --node PATH concat=out/compare/concat/seed0 concat=out/compare/concat/seed1

Policies of one name are seeds of one method and are counted together.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from late_fusion_sim.command_line import add_executable, checked, parser_of
from late_fusion_sim.condition_options import add_condition_options
from late_fusion_sim.domains import domains
from late_fusion_sim.evaluation.attempt import attempts
from late_fusion_sim.evaluation.candidate import candidates
from late_fusion_sim.evaluation.conditions import Conditions
from late_fusion_sim.evaluation.counts import pairs_of, summary
from late_fusion_sim.evaluation.example import examples
from late_fusion_sim.evaluation.page import page
from late_fusion_sim.evaluation.pool import Pool, Work
from late_fusion_sim.evaluation.robustness import Robustness, robustness_of
from late_fusion_sim.evaluation.tables import markdown, robustness_lines
from late_fusion_sim.faults import Fault
from late_fusion_sim.node_process import senses_of
from late_fusion_sim.perturbation.base import UNDISTURBED, Setting
from late_fusion_sim.perturbation.catalogue import Selection, listing, select
from late_fusion_sim.placements import check_starts
from late_fusion_sim.progress import Progress
from late_fusion_sim.report import Report
from late_fusion_sim.ros import NodeTrouble
from late_fusion_sim.tasks import all_tasks, named_tasks, select_tasks
from late_fusion_sim.world import robot_of


def setting_of(options: argparse.Namespace) -> Setting:
    """What perturbations have to fit: the tasks, and the senses that all policies have."""
    robot = robot_of(options.tasks)
    senses = [senses_of(candidate.folder, robot) for candidate in options.policies]
    return Setting(
        robot,
        tuple(options.tasks),
        options.sentences,
        frozenset.intersection(*senses),
        frozenset(Fault.covered(camera).camera for camera in options.cover or ()),
    )


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = parser_of(
        "evaluate",
        "NAME=FOLDER... [OPTION]...",
        "Measure policies in the simulated world.",
        epilog=listing(),
    )
    parser.add_argument(
        "policies", nargs="+", metavar="NAME=FOLDER", help="repeat a name for several folders: the seeds of a method"
    )
    add_executable(parser, "--node", "late_fusion_node")
    parser.add_argument(
        "--tasks",
        metavar="NAMES",
        help=f"comma-separated, of {named_tasks()} (default: all pairs of the Meta-World arm)",
    )
    parser.add_argument(
        "--episodes",
        type=int,
        default=20,
        metavar="NUMBER",
        help="episodes per task, policy and perturbation (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="NUMBER", help="seed of the first start (default: %(default)s)"
    )
    add_condition_options(parser, checked)
    parser.add_argument(
        "--perturb",
        metavar="NAMES",
        help="repeat every start under each of these perturbations, comma-separated; all: every one that fits the "
        "policies and scenes",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=len(os.sched_getaffinity(0)),
        metavar="NUMBER",
        help="parallel episodes, each in its own process (default: one per CPU, %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/evaluation"),
        metavar="FOLDER",
        help="folder for the tables (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}; at least 1 is needed")
    try:
        check_starts(options.episodes, options.seed)
        options.policies = candidates(options.policies)
        pairs = ",".join(task.name for task in select_tasks(None) if task.end is not None)
        options.tasks = select_tasks(options.tasks or pairs)
        options.selection = select(options.perturb, setting_of(options))
    except ValueError as error:
        parser.error(str(error))
    return options


def conditions_of(options: argparse.Namespace) -> Conditions:
    """Under what everything is measured."""
    return Conditions(
        node=str(options.node),
        task_names=tuple(task.name for task in options.tasks),
        cover=tuple(options.cover or ()),
        cut=tuple(options.cut or ()),
        set=tuple(options.set or ()),
        **{
            name: getattr(options, name)
            for name in ("episodes", "seed", "sentences", "required", "camera_latency", "command_latency")
        },
    )


def report_of(work: Work, conditions: Conditions) -> dict:
    """A policy's undisturbed episodes, as the demo reports them."""
    played = work.episodes(UNDISTURBED.name)
    report = Report.of("lockstep", played, latency=conditions.latency, robot=conditions.robot).as_json()
    return {**report, "pairs": pairs_of(report["tasks"], all_tasks())}


def write(works: Sequence[Work], conditions: Conditions, selection: Selection, out: Path) -> dict[str, Robustness]:
    """Writes the tables of what was played, and returns how robust each method is, where anything was perturbed."""
    measured = [work for work in works if work.episodes(UNDISTURBED.name)]
    methods: dict[str, list[Work]] = {}
    for work in measured:
        methods.setdefault(work.candidate.name, []).append(work)
    policies = {name: [report_of(work, conditions) for work in each] for name, each in methods.items()}
    robustness = (
        {name: robustness_of(each, selection, conditions.robot) for name, each in methods.items()}
        if selection.chosen
        else {}
    )
    result = {
        "conditions": {**conditions.as_json(), "perturb": [each.name for each in selection.chosen] or None},
        "summary": [summary(name, reports) for name, reports in policies.items()],
        "policies": policies,
    }
    if robustness:
        result["robustness"] = {name: each.as_json() for name, each in robustness.items()}
    (out / "evaluation.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    text = markdown(result, robustness)
    (out / "evaluation.md").write_text(text, encoding="utf-8")
    print("\n".join(text.splitlines()[2 : 6 + len(policies)]))
    for name, each in robustness.items():
        print("\n".join(["", f"{name}:", "", *robustness_lines(each)]))
    print(f"\nwrote {out / 'evaluation.md'} and evaluation.json")
    return robustness


def write_page(robustness: dict[str, Robustness], conditions: Conditions, setting: Setting, out: Path) -> None:
    """Writes the page with the pictures, of the first task and its first start."""
    shown = {row.perturbation.name: row.perturbation for each in robustness.values() for row in each.rows}
    camera = next((name for name in setting.robot.cameras if name in setting.senses), setting.robot.first_camera)
    pictures = examples(setting.tasks[0], tuple(shown.values()), camera, conditions.first_seed)
    path = out / "robustness.html"
    path.write_text(page(conditions.as_json(), setting.robot, robustness, pictures), encoding="utf-8")
    print(f"wrote {path}")


def tell_troubles(works: Sequence[Work]) -> None:
    """Says which processes ended by themselves and why, and what was not played for that."""
    for work in works:
        of = f"{work.candidate.name}={work.candidate.folder}"
        for words, over in work.troubles.items():
            during = ", ".join(f"{each.task} {each.number} ({each.perturbation})" for each in over)
            print(f"evaluate: {of}: {words}\nevaluate: {of}: that was while playing {during}", file=sys.stderr)
        missing = len(work.attempts) - len(work.played)
        if missing:
            print(f"evaluate: {of}: {missing} of {len(work.attempts)} episodes were not played", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Evaluates, and says how it went by the exit status."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    conditions, selection = conditions_of(options), options.selection
    works = [Work(candidate, attempts(conditions, selection.chosen)) for candidate in options.policies]
    total = sum(len(work.attempts) for work in works)
    try:
        free = domains(min(options.jobs, total))
    except NodeTrouble as nowhere:
        print(f"evaluate: {nowhere}", file=sys.stderr)
        return 1
    progress = Progress("evaluation", total)
    interrupted = False
    try:
        Pool(
            works, conditions, options.out, free, lambda done, text, passing: progress.show(done, text, passing=passing)
        ).run()
    except KeyboardInterrupt:
        interrupted = True
    progress.close()
    robustness = write(works, conditions, selection, options.out)
    if robustness:
        write_page(robustness, conditions, setting_of(options), options.out)
    tell_troubles(works)
    if interrupted:
        print("evaluate: interrupted", file=sys.stderr)
        return 130
    return 0 if all(len(work.played) == len(work.attempts) for work in works) else 1


if __name__ == "__main__":
    sys.exit(main())
