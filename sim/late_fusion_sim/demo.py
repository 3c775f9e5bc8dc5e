"""Shows and measures a policy: starts the node, tells it what to do, and counts how often it succeeds.

    python -m late_fusion_sim.demo --node PATH

Everything runs in a ROS domain of its own on this machine, so that no real robot hears the commands.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

from late_fusion_sim.bridge import Bridge
from late_fusion_sim.command_line import add_executable, parser_of
from late_fusion_sim.domains import isolate
from late_fusion_sim.episode import Episode, Runner
from late_fusion_sim.faults import Fault
from late_fusion_sim.judge import Judge, Witness, judge_of
from late_fusion_sim.latency import NO_LATENCY, Latency
from late_fusion_sim.latency import add_options as add_latency_options
from late_fusion_sim.node_process import NodeProcess, changed_parameter, node_parameters, senses_of
from late_fusion_sim.operator import Operator
from late_fusion_sim.pace import Mode
from late_fusion_sim.pictures import write_animation, write_contact_sheet
from late_fusion_sim.placements import EVALUATION_SEEDS
from late_fusion_sim.progress import Progress
from late_fusion_sim.report import Report
from late_fusion_sim.robot import SAWYER, Robot
from late_fusion_sim.ros import POLL_S, NodeTrouble, Participant
from late_fusion_sim.shapes import NEVER_TRAINED
from late_fusion_sim.table import table
from late_fusion_sim.tasks import Sentences, Task, named_tasks, select_tasks
from late_fusion_sim.world import ROBOT_OF_SCENE, AnyScene, World, robot_of

START_S = 30.0
"""How long the node may take to load its models and listen."""


@dataclass(frozen=True)
class Trial:
    """What one row of the table tries."""

    name: str
    scene: str
    sentences: tuple[str, ...]
    """Those that ask for it; episode after episode gets the next one."""
    judge: Callable[[AnyScene], Judge]


def trials(tasks: list[Task], sentence: str | None, scene: str | None, which: Sentences = "demo") -> list[Trial]:
    """The tasks' own sentences, one sentence for a task, or a sentence of the user's own in a scene."""
    if scene is not None and sentence is not None:
        return [Trial(scene, scene, (sentence,), Witness)]
    return [
        Trial(
            task.name,
            task.scene,
            (sentence,) if sentence else task.sentences(which),
            partial(judge_of, task),
        )
        for task in tasks
    ]


def await_node(
    participant: Participant,
    bridge: Bridge,
    operator: Operator,
    senses: frozenset[str],
    check: Callable[[], None],
) -> None:
    """Waits until the node listens to everything that its policy has senses for, and publishes commands."""

    def missing() -> list[str]:
        deaf = "instruction" in senses and not operator.listeners
        return bridge.missing_subscribers(recording=False, senses=senses) + ([operator.topic] if deaf else [])

    waited_s = 0.0
    while missing() or not bridge.commander_present:
        check()
        if waited_s >= START_S:
            lacks = f"does not listen to {', '.join(missing())}" if missing() else "publishes no commands"
            raise NodeTrouble(f"{START_S:.0f} s after its start the node {lacks}")
        bridge.tell_time()
        participant.spin(POLL_S)
        waited_s += POLL_S


def run(
    participant: Participant,
    node: NodeProcess,
    plan: list[Trial],
    episodes: int,
    first_seed: int,
    mode: Mode,
    *,
    senses: frozenset[str],
    faults: tuple[Fault, ...] = (),
    latency: Latency = NO_LATENCY,
    robot: Robot = SAWYER,
) -> list[Episode]:
    """Plays all episodes; the first of each trial keeps its frames."""
    bridge = Bridge(participant, simulated_time=mode == "lockstep", latency=latency, robot=robot)
    operator = Operator(participant)
    try:
        await_node(participant, bridge, operator, senses, node.check)
        bridge.faults = faults
        runner = Runner(participant, bridge, operator, mode, node.check, hears="instruction" in senses)
        return _play(runner, plan, episodes, first_seed)
    except NodeTrouble as trouble:
        raise NodeTrouble(f"{trouble}.\nIts status: {operator.status}") from trouble


def _play(runner: Runner, plan: list[Trial], episodes: int, first_seed: int) -> list[Episode]:
    world = World()
    progress = Progress("demo", len(plan) * episodes)
    played: list[Episode] = []
    try:
        for trial in plan:
            scene = world.enter(trial.scene)
            for seed in range(first_seed, first_seed + episodes):
                scene.reset(seed)
                template = trial.sentences[(seed - first_seed) % len(trial.sentences)]
                episode = Episode(trial.name, scene.phrase(template), seed, template=template)
                if scene.layout is not None:
                    episode.novel = scene.layout.target in NEVER_TRAINED
                progress.show(len(played), f"“{episode.sentence}” …", passing=True)
                runner.play(scene, trial.judge(scene), episode, keep_frames=seed == first_seed)
                played.append(episode)
                progress.show(len(played), f"“{episode.sentence}”: {episode.outcome} after {episode.steps} steps")
    finally:
        progress.close()
        world.close()
    return played


def worded(reader: Callable[[str], object]) -> Callable[[str], object]:
    """A reader of the command line, whose own words reach the user."""

    def read(text: str) -> object:
        try:
            return reader(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = parser_of(
        "demo", "[OPTION]...", "Give a simulated robot instructions and see whether it carries them out."
    )
    add_executable(parser, "--node", "late_fusion_node")
    parser.add_argument(
        "--policy", type=Path, metavar="FOLDER", help="the policy's folder (default: the one that is shipped)"
    )
    parser.add_argument(
        "--mode",
        choices=get_args(Mode),
        default="lockstep",
        help="lockstep: the world waits for each command; realtime: it does not (default: %(default)s)",
    )
    parser.add_argument(
        "--episodes", type=int, default=1, metavar="NUMBER", help="for each instruction (default: %(default)s)"
    )
    parser.add_argument(
        "--tasks",
        metavar="NAMES",
        help=f"comma-separated, of {named_tasks()} (default: all of the Meta-World arm but reach)",
    )
    parser.add_argument(
        "--instruction",
        type=str.strip,
        metavar="SENTENCE",
        help="a sentence of your own; needs --scene, or one task that it should mean",
    )
    parser.add_argument(
        "--scene", choices=list(ROBOT_OF_SCENE), metavar="NAME", help="where to try --instruction, without a judgement"
    )
    parser.add_argument(
        "--sentences",
        choices=get_args(Sentences),
        default="demo",
        help="which sentences of sentences.yaml are given, one episode after the other (default: %(default)s)",
    )
    parser.add_argument(
        "--cover",
        type=worded(Fault.covered),
        action="append",
        metavar="CAMERA",
        help="a camera that is covered: scene or side, or another robot's",
    )
    parser.add_argument(
        "--cut",
        type=worded(Fault.cut),
        action="append",
        metavar="CAMERA@NUMBER",
        help="a camera that falls silent after so many commands",
    )
    add_latency_options(parser)
    parser.add_argument(
        "--required", metavar="NAMES", help="comma-separated modalities that are required (default: all)"
    )
    parser.add_argument(
        "--set",
        type=worded(changed_parameter),
        action="append",
        metavar="NAME=VALUE",
        help="a parameter of the node, such as chunk.ensemble=temporal",
    )
    parser.add_argument("--no-pictures", action="store_true", help="write no pictures")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures to this file as JSON")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/demo"),
        metavar="FOLDER",
        help="for pictures and logs (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="NUMBER",
        help="of the first start, one more for each (default: %(default)s)",
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
            f"--instruction needs a place: --scene {{{','.join(ROBOT_OF_SCENE)}}} to see what happens, "
            "or --tasks with the one task that it should mean"
        )
    starts = len(EVALUATION_SEEDS)
    if options.episodes < 1 or options.seed < 0 or options.seed + options.episodes > starts:
        parser.error(
            f"--episodes {options.episodes} from --seed {options.seed}: there are the starts 0 to {starts - 1}, "
            "and at least one episode is needed"
        )
    try:
        options.tasks = select_tasks(options.tasks)
        options.robot = ROBOT_OF_SCENE[options.scene] if options.scene else robot_of(options.tasks)
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
            robot=options.robot,
        )
        with NodeProcess(options.node, parameters, options.out) as node, Participant("late_fusion_sim") as participant:
            plan = trials(options.tasks, options.instruction, options.scene, options.sentences)
            first_seed = EVALUATION_SEEDS.start + options.seed
            episodes = run(
                participant,
                node,
                plan,
                options.episodes,
                first_seed,
                options.mode,
                senses=senses_of(options.policy, options.robot),
                faults=(*(options.cover or ()), *(options.cut or ())),
                latency=latency,
                robot=options.robot,
            )
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
