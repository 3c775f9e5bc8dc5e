"""Records demonstrations as a robot would be recorded: experts play onto ROS topics, and `late_fusion record` listens.

    python -m late_fusion_sim.record out/demonstrations --late-fusion PATH --episodes 40

Every scene has its recorder, its expert and a ROS domain for the two: most of a recording is waiting until a topic has
been heard, so that several scenes together take hardly longer than one. The folder then has a bag per scene, and
`late_fusion train` takes the folder.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import yaml

from late_fusion_sim import demonstrate
from late_fusion_sim.command_line import add_executable, parser_of
from late_fusion_sim.domains import domains
from late_fusion_sim.node_process import camera_parameters, node_parameters
from late_fusion_sim.process import Process
from late_fusion_sim.progress import Progress
from late_fusion_sim.ros import POLL_S, NodeTrouble
from late_fusion_sim.tasks import Task
from late_fusion_sim.world import robot_of

DONE = re.compile(r"^recording +(\d+)/", re.MULTILINE)
"""What `demonstrate` says after every demonstration."""


class Recorder(Process):
    """`late_fusion record`."""

    PATIENCE_S = 60.0
    """What was heard is written before it leaves."""


class Take:
    """One scene's demonstrations: the expert, the recorder that listens, the bag. Use it as a context."""

    def __init__(self, folder: Path, scene: str, tasks: list[Task]) -> None:
        self.scene = scene
        self._tasks = tasks
        self._folder = folder
        self._open = ExitStack()

    def begin(self, late_fusion: Path, parameter_file: Path, arguments: list[str], domain: int) -> None:
        """Starts both."""
        self.domain = domain
        listen = [str(late_fusion), "record", "--params-file", str(parameter_file)]
        listen += ["--out", str(self._folder), "--name", self.scene]
        show = [sys.executable, "-m", "late_fusion_sim.demonstrate", *arguments]
        show += ["--tasks", ",".join(task.name for task in self._tasks)]
        # Left in the reverse order: the recorder hears the expert's last word.
        log = self._folder / f"{self.scene}.recorder.log"
        self.recorder = self._open.enter_context(Recorder(listen, log, domain))
        log = self._folder / f"{self.scene}.expert.log"
        self.expert = self._open.enter_context(Process(show, log, domain))

    def done(self) -> int:
        """How many demonstrations are complete."""
        return max((int(number) for number in DONE.findall(self.expert.log())), default=0)

    def is_over(self) -> bool:
        """Whether everything was shown and written; NodeTrouble when either program failed."""
        if self.expert.status() is None:
            if self.recorder.status() is not None:
                raise NodeTrouble(f"{self.scene}: the recorder ended by itself:\n{self.recorder.log_tail()}")
            return False
        if self.expert.status() != 0:
            raise NodeTrouble(f"{self.scene}: the expert gave up:\n{self.expert.log_tail()}")
        if self.recorder.stop() != 0:
            raise NodeTrouble(f"{self.scene}: the recorder failed:\n{self.recorder.log_tail()}")
        return True

    def __enter__(self) -> Take:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


def parse(arguments: list[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The command line: what is for this program, and what is for every scene's `demonstrate`."""
    parser = parser_of(
        "record",
        "FOLDER [OPTION]...",
        "Record scripted experts in the simulated world, every scene at once.",
        demonstrate.options_parser(),
    )
    parser.add_argument("out", type=Path, metavar="FOLDER", help="folder for the bags; new, or empty")
    add_executable(parser, "--late-fusion", "late_fusion")
    parser.add_argument("--side", action="store_true", help="record the side camera as well")
    parser.add_argument("--jobs", type=int, default=4, metavar="NUMBER", help="scenes at a time (default: %(default)s)")
    options = parser.parse_args(arguments)
    given = vars(demonstrate.options_parser().parse_args([]))
    rest = [
        f"--{name.replace('_', '-')}={getattr(options, name)}" for name in given if getattr(options, name) is not None
    ]
    if options.out.exists() and not (options.out.is_dir() and not any(options.out.iterdir())):
        parser.error(f"{options.out} already exists and is not empty; recordings are never overwritten")
    # What is wrong with the rest is said once, and before anything runs.
    demonstration = demonstrate.parse(rest)
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}; at least 1 is needed")
    options.episodes, options.tasks = demonstration.episodes, demonstration.tasks
    if options.side and "side" not in robot_of(options.tasks).optional_cameras:
        parser.error("--side: this robot has no side camera; what it has is recorded without being asked for")
    return options, rest


def record(options: argparse.Namespace, arguments: list[str]) -> None:
    """Records every scene; NodeTrouble where one fails."""
    options.out.mkdir(parents=True, exist_ok=True)
    robot = robot_of(options.tasks)
    changes: list[tuple[list[str], object]] = [(["use_sim_time"], True)]
    if options.side:
        changes.append((["modalities", "side"], camera_parameters(robot, "side")))
    if robot.label_message is not None:
        fields = {joint: f"position[{joint}]" for joint in robot.axes}
        changes += [
            (["action", "message"], robot.label_message),
            (["action", "fields"], fields),
        ]
    parameter_file = options.out / "recorder.param.yaml"
    parameters = node_parameters(None, lockstep=False, changes=tuple(changes), robot=robot)
    parameter_file.write_text(yaml.safe_dump(parameters, sort_keys=False), encoding="utf-8")
    scenes = [(scene, list(tasks)) for scene, tasks in groupby(options.tasks, key=lambda task: task.scene)]
    progress = Progress("recording", options.episodes * len(options.tasks))
    with ExitStack() as running:
        running.callback(progress.close)
        waiting = [running.enter_context(Take(options.out, scene, tasks)) for scene, tasks in reversed(scenes)]
        free = list(domains(min(options.jobs, len(scenes))))
        on_stage: list[Take] = []
        shown, complete = -1, 0
        while waiting or on_stage:
            while waiting and free:
                take = waiting.pop()
                take.begin(options.late_fusion.resolve(), parameter_file, arguments, free.pop())
                on_stage.append(take)
            over = [take for take in on_stage if take.is_over()]
            done = {take.scene: take.done() for take in on_stage}
            now = complete + sum(done.values())
            progress.show(now, "  ".join(f"{scene} {number}" for scene, number in done.items()), passing=now == shown)
            shown = now
            for take in over:
                complete += done[take.scene]
                free.append(take.domain)
                on_stage.remove(take)
            time.sleep(POLL_S)


def main(arguments: list[str] | None = None) -> int:
    """Records, and says how it went by the exit status."""
    options, rest = parse(arguments)
    try:
        record(options, rest)
    except NodeTrouble as trouble:
        print(f"record: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nrecord: interrupted; what was shown until now is in {options.out}", file=sys.stderr)
        return 130
    print(f"recorded {options.episodes} demonstrations of each of {len(options.tasks)} tasks into {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
