"""Shows and measures a policy: starts the node, tells it what to do, and counts how often it succeeds.

    python -m late_fusion_sim.demo --node PATH

Everything runs in a ROS domain of its own on this machine, so that no real robot hears the commands.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import get_args

from late_fusion_sim.command_line import add_executable, parser_of, worded
from late_fusion_sim.condition_options import add_condition_options
from late_fusion_sim.domains import isolate
from late_fusion_sim.episode import Episode
from late_fusion_sim.latency import Latency
from late_fusion_sim.node_process import NodeProcess, node_parameters, senses_of, shipped_policy
from late_fusion_sim.pace import Mode
from late_fusion_sim.pictures import write_animation, write_contact_sheet
from late_fusion_sim.placements import EVALUATION_SEEDS, check_starts
from late_fusion_sim.player import Player
from late_fusion_sim.progress import Progress
from late_fusion_sim.report import Report
from late_fusion_sim.ros import NodeTrouble, Participant
from late_fusion_sim.table import table
from late_fusion_sim.tasks import named_tasks, our_scenes, select_tasks
from late_fusion_sim.trial import Trial, trials
from late_fusion_sim.world import ROBOT_OF_SCENE, robot_of


def play(player: Player, plan: list[Trial], episodes: int, first_seed: int) -> list[Episode]:
    """Plays all episodes; the first of each trial keeps its frames."""
    progress = Progress("demo", len(plan) * episodes)
    played: list[Episode] = []
    try:
        for trial in plan:
            for number in range(episodes):
                episode = player.begin(trial, first_seed + number, number)
                progress.show(len(played), f"“{episode.sentence}” …", passing=True)
                player.play(trial, episode, keep_frames=number == 0)
                played.append(episode)
                progress.show(len(played), f"“{episode.sentence}”: {episode.outcome} after {episode.steps} steps")
    finally:
        progress.close()
    return played


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = parser_of(
        "demo", "[OPTION]...", "Give a simulated robot instructions and see whether it carries them out."
    )
    add_executable(parser, "--node", "late_fusion_node")
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FOLDER",
        help="policy folder (default: the one that ships for these tasks)",
    )
    parser.add_argument(
        "--mode",
        choices=get_args(Mode),
        default="lockstep",
        help="lockstep: the world waits for each command; realtime: it does not (default: %(default)s)",
    )
    parser.add_argument(
        "--episodes", type=int, default=1, metavar="NUMBER", help="episodes per instruction (default: %(default)s)"
    )
    parser.add_argument(
        "--tasks",
        metavar="NAMES",
        help=f"comma-separated, of {named_tasks()} (default: all of the Meta-World arm except reach)",
    )
    parser.add_argument(
        "--instruction",
        type=str.strip,
        metavar="SENTENCE",
        help="your own instruction; needs --scene, or the one task that it means",
    )
    parser.add_argument(
        "--scene",
        choices=list(ROBOT_OF_SCENE),
        metavar="NAME",
        help=f"scene for --instruction, without judging the outcome: {', '.join(our_scenes())}, or one of mt50",
    )
    add_condition_options(parser, worded)
    parser.add_argument("--no-pictures", action="store_true", help="write no pictures")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures to this file as JSON")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/demo"),
        metavar="FOLDER",
        help="folder for pictures and logs (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="NUMBER",
        help="seed of the first start, one more for each further start (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if options.instruction == "":
        parser.error("--instruction is blank; a blank instruction means 'do nothing'")
    if options.scene and not options.instruction:
        parser.error("--scene is where a sentence of your own is tried; give one with --instruction")
    if options.scene and options.tasks:
        parser.error("--scene only shows what happens, --tasks judges it; give one of the two")
    if options.instruction and not options.scene and "," in (options.tasks or ","):
        parser.error(
            f"--instruction needs a place: --scene {{{','.join(our_scenes())}}} to see what happens, "
            "or --tasks with the one task that it should mean"
        )
    try:
        check_starts(options.episodes, options.seed)
        options.tasks = select_tasks(options.tasks)
        options.robot = ROBOT_OF_SCENE[options.scene] if options.scene else robot_of(options.tasks)
        if options.policy is None:
            scenes = [options.scene] if options.scene else [task.scene for task in options.tasks]
            options.policy = shipped_policy(ROBOT_OF_SCENE[scene] for scene in scenes)
    except ValueError as error:
        parser.error(str(error))
    return options


def main(arguments: list[str] | None = None) -> int:
    """Runs the demo, and says how it went by the exit status."""
    options = parse(arguments)
    # A terminated demo must stop its node as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    node = None
    latency = Latency(options.camera_latency, options.command_latency)
    try:
        isolate()
        required = frozenset(options.required.split(",")) if options.required is not None else None
        parameters = node_parameters(
            options.policy,
            lockstep=options.mode == "lockstep",
            required=required,
            changes=tuple(options.set or ()),
            latency=latency,
            robot=options.robot,
        )
        with NodeProcess(options.node, parameters, options.out) as node, Participant("late_fusion_sim") as participant:
            plan = trials(options.tasks, options.instruction, options.scene, options.sentences)
            first_seed = EVALUATION_SEEDS.start + options.seed
            with Player(
                participant,
                node,
                options.mode,
                senses=senses_of(options.policy, options.robot),
                faults=(*(options.cover or ()), *(options.cut or ())),
                latency=latency,
                robot=options.robot,
            ) as player:
                episodes = play(player, plan, options.episodes, first_seed)
    except NodeTrouble as trouble:
        print(f"demo: {trouble}", file=sys.stderr)
        if node is not None:
            print(f"The end of {node.log_file}:\n{node.log_tail()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return 130
    report = Report.of(options.mode, episodes, judged=options.scene is None, latency=latency, robot=options.robot)
    print(f"\n{table(report)}\n")
    written = []
    if not options.no_pictures:
        shown = [episode for episode in episodes if episode.frames]
        written.append(write_animation(shown, options.out / "demo.gif", options.robot.control_period_s))
        written.append(write_contact_sheet(shown, options.out / "demo.png", options.robot.control_period_s))
    if options.report is not None:
        report.write(options.report)
        written.append(options.report)
    print("\n".join(f"wrote {path}" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
