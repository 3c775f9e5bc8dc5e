"""Plays the scripted experts onto ROS topics, for a recorder to learn from.

    python -m late_fusion_sim.demonstrate --episodes 40

The expert hardly gets its way: what is carried out comes late, with noise, and again and again the robot is pushed
aside. What is published as the expert's action has none of it. So a recording shows how to come back from places where
an expert alone would never be, and has seen more of them. A task is played until it was done `--episodes` times;
failures are marked as such and left to the reader.

What is wanted is said again and again in other words while it is done: a policy can tell a sentence's meaning from its
wording only if it hears many wordings. On the table with shapes another one is meant now and then, elsewhere another
task of the scene (`--change`): nothing tells a policy better that the sentence decides than one picture with two
sentences and two answers.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from late_fusion_sim.bridge import Bridge
from late_fusion_sim.command_line import parser_of
from late_fusion_sim.disturbance import Disturbance
from late_fusion_sim.expert import expert_of
from late_fusion_sim.judge import judge_of
from late_fusion_sim.latency import Latency, add_camera_option
from late_fusion_sim.operator import Operator
from late_fusion_sim.placements import RECORDING_SEEDS
from late_fusion_sim.progress import Progress
from late_fusion_sim.recorded import Recorded
from late_fusion_sim.ros import POLL_S, NodeTrouble, Participant
from late_fusion_sim.tasks import Task, all_tasks, named_tasks, others_of, select_tasks
from late_fusion_sim.world import AnyScene, World, robot_of

SAY_AGAIN = 8
"""Every so many commands of an episode the instruction is given in other words."""

MEAN_ANOTHER = range(4, 28, 4)
"""The commands of an episode at which another shape is meant, where there are several."""

CALM_FROM = 100
"""From this command on nobody pushes and no mind changes: each demonstration shows how it is brought to its end."""

AWAY_M = 0.12
"""Fingers nearer to a shape than this are left to touch it."""

TRIES_PER_START = 10
"""An expert that fails more often than this from one start is not demonstrating but guessing."""

EASIER = 0.8
"""Part of noise and pushes left after every failure: no start is given up that several tasks of a scene are to have."""

MOST_STARTS = 3
"""An expert that gives up more starts than this for every demonstration cannot do its task."""


def wordings(task: Task, seed: int) -> Iterator[str]:
    """A task's sentences for ever: all of them in an order that the seed decides, then all again in another one."""
    order, rng = list(task.training), random.Random(f"{task.name} {seed}")
    while True:
        rng.shuffle(order)
        yield from order


def any_of(tasks: Sequence[Task], rng: np.random.Generator) -> Task:
    """Any of these tasks; one alone costs no draw."""
    return tasks[0] if len(tasks) == 1 else tasks[int(rng.integers(len(tasks)))]


class Demonstrator:
    """Shows how tasks are done, with everything that a recording needs beside it."""

    def __init__(
        self,
        bridge: Bridge,
        operator: Operator,
        recorded: Recorded,
        rate_hz: float,
        change: float,
        first_seed: int,
    ) -> None:
        self._bridge = bridge
        self._operator = operator
        self._recorded = recorded
        self._period_s = 1.0 / rate_hz
        self._change = change
        self._first_seed = first_seed
        self._words = {task.name: wordings(task, first_seed) for task in all_tasks().values()}

    def start_of(self, task: Task, number: int, episodes: int) -> int:
        """The seed of a demonstration's start.

        All tasks of a scene are shown from the same starts: one sentence, one answer, and were the starts others, the
        picture would tell which. Where every demonstration has several, each has a start of its own: one task's after
        the other's, never by turns, which in a Halton sequence would leave either task of a pair one half of the range.
        """
        if not self._change:
            return self._first_seed + number
        names = list(all_tasks())
        before = sum(names.index(other.name) < names.index(task.name) for other in others_of(task))
        return self._first_seed + number + before * episodes

    def play_all(self, tasks: list[Task], episodes: int, disturbance: Disturbance) -> None:
        """Plays every task until it was done `episodes` times, once from each start."""
        world = World()
        progress = Progress("recording", episodes * len(tasks))
        try:
            for number, task in enumerate(tasks):
                scene = world.enter(task.scene)
                done = tries = start = 0
                while done < episodes:
                    seed = self.start_of(task, start, episodes)
                    was_done, more = self.play_until_done(task, scene, seed, disturbance)
                    done, tries, start = done + was_done, tries + more, start + 1
                    if not was_done and (others_of(task) or start > MOST_STARTS * episodes):
                        raise NodeTrouble(gave_up(task, seed, more, disturbance))
                    progress.show(number * episodes + done, f"{task.name:<20}  tries {tries}", passing=not was_done)
        finally:
            progress.close()
            world.close()

    def play_until_done(self, task: Task, scene: AnyScene, seed: int, disturbance: Disturbance) -> tuple[bool, int]:
        """Plays a start until the task was done, after every failure less disturbed; returns whether it was, and how
        many times it was tried.
        """
        # Who is not disturbed fails the same way every time.
        tries = TRIES_PER_START if disturbance else 1
        for number in range(tries):
            now = disturbance.lessened(EASIER**number)
            rng = np.random.default_rng([seed, list(all_tasks()).index(task.name), number])
            if self.play(task, scene, seed, now, rng):
                return True, number + 1
        return False, tries

    def play(self, task: Task, scene: AnyScene, seed: int, disturbance: Disturbance, rng: np.random.Generator) -> bool:
        """Plays one demonstration, sentences and markers included; returns whether the task was done."""
        carried_out = disturbance.carried_out(rng, calm_from=CALM_FROM)
        scene.reset(seed)
        self._bridge.set_scene()
        judge, meant = judge_of(task, scene), task
        others = others_of(task) if self._change else ()
        if others and rng.random() < 0.5:
            meant = any_of(others, rng)
        experts = {each.name: expert_of(each) for each in (task, *others)}
        self._stand_still(scene)
        self._say(meant, scene)
        self._set_apart()
        self._bridge.mark("start")
        self._set_apart()
        done, command, end = False, 0, scene.robot.demonstration_limit
        while command < end:
            due = time.monotonic() + self._period_s
            made_up = done or command >= CALM_FROM
            say_again = command > 0 and command % SAY_AGAIN == 0 and not scene.layout
            if scene.layout and command in MEAN_ANOTHER:
                scene.change_target(rng, AWAY_M)
                self._change_to(meant, scene)
            elif others and self._changes_mind(made_up, meant is task, rng):
                meant = task if made_up else any_of([each for each in (task, *others) if each is not meant], rng)
                self._change_to(meant, scene)
                say_again = False
            self._set_apart()
            if say_again:
                self._say(meant, scene)
                self._recorded.catch_up()
            observation = scene.observe(self._bridge.wanted_cameras)
            self._bridge.publish(observation, self._bridge.now_ns)
            action = experts[meant.name].act(scene)
            self._bridge.label(action, self._bridge.now_ns)
            state = scene.state
            scene.step(scene.robot.action(carried_out(scene.robot.speeds(action, state)), state))
            command += 1
            verdict = None if done else judge.verdict()
            if verdict == "success":
                done, end = True, command + (scene.robot.afterwards if others_of(task) else 0)
            elif verdict and not others:
                # Who changes his mind may go the other way first; who does not has failed.
                break
            time.sleep(max(0.0, due - time.monotonic()))
        self._set_apart()
        self._bridge.mark("success" if done else "failure")
        self._set_apart()
        return done

    def _stand_still(self, scene: AnyScene) -> None:
        """With late cameras, shows the scene until a picture of it has come: those of the scene before do not count."""
        while self._bridge.latency.camera_s and not self._bridge.has_shown:
            self._set_apart()
            self._bridge.publish(scene.observe(self._bridge.wanted_cameras), self._bridge.now_ns)

    def _changes_mind(self, made_up: bool, as_asked: bool, rng: np.random.Generator) -> bool:
        """Whether another task of the scene is meant from now on; in the end it is the one asked for."""
        return not as_asked if made_up else rng.random() < self._change

    def _change_to(self, meant: Task, scene: AnyScene) -> None:
        """Says that something else is meant, at a time of its own: no label before it is told the new sentence."""
        self._set_apart()
        self._say(meant, scene)
        self._recorded.catch_up()
        self._bridge.mark("change")

    def _say(self, meant: Task, scene: AnyScene) -> None:
        self._operator.say(scene.phrase(next(self._words[meant.name])))

    def _set_apart(self) -> None:
        """Separates what was published from what comes next, in the recording and in simulated time."""
        self._recorded.catch_up()
        self._bridge.advance()
        self._recorded.catch_up()
        self._bridge.deliver(self._bridge.now_ns)
        self._recorded.catch_up()


def gave_up(task: Task, seed: int, tries: int, disturbance: Disturbance) -> str:
    """What there is to say of a start that was given up."""
    last = disturbance.lessened(EASIER ** (tries - 1))
    return (
        f"the expert of {task.name} failed {tries} times from the start {seed}, at last with noise {last.noise:.2f}, "
        f"pushes {last.push:.3f} and up to {last.most_delay} periods of delay. "
        "Give a smaller --noise, --push or --delay"
    )


def await_recorder(
    participant: Participant, bridge: Bridge, operator: Operator, recorded: Recorded, seconds: float
) -> None:
    """Waits until somebody listens to everything that a demonstration is made of, and says what he has written."""

    def missing() -> list[str]:
        unheard = bridge.missing_subscribers(recording=True) + ([] if operator.listeners else [operator.topic])
        return unheard or ([] if recorded.is_told else [recorded.topic])

    deadline = time.monotonic() + seconds
    said = time.monotonic()
    while missing():
        if time.monotonic() > deadline:
            raise NodeTrouble(
                f"within {seconds:.0f} s no recorder was on {', '.join(missing())}. "
                "Is `late_fusion record` running, in the same ROS domain, with these topics?"
            )
        if time.monotonic() - said > 5.0:
            said = time.monotonic()
            print(f"waiting for a recorder on {', '.join(missing())}", flush=True)
        bridge.tell_time()
        participant.spin(POLL_S)
    recorded.catch_up()


def options_parser() -> argparse.ArgumentParser:
    """What there is to say about demonstrations, each option with a value."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--episodes", type=int, default=40, metavar="NUMBER", help="successes per task (default: %(default)s)"
    )
    parser.add_argument(
        "--tasks",
        metavar="NAMES",
        help=f"comma-separated, of {named_tasks()} (default: all of the Meta-World arm except reach)",
    )
    parser.add_argument(
        "--noise",
        type=float,
        metavar="NUMBER",
        default=0.4,
        help="standard deviation of the noise on executed commands, where 1 is full speed (default: %(default)s)",
    )
    parser.add_argument(
        "--delay",
        type=int,
        metavar="PERIODS",
        default=2,
        help="maximum delay of actions, in control periods (default: %(default)s)",
    )
    parser.add_argument(
        "--push",
        type=float,
        metavar="NUMBER",
        default=0.1,
        help="probability, per control period, that a push of the robot begins (default: %(default)s)",
    )
    parser.add_argument(
        "--change",
        type=float,
        metavar="NUMBER",
        default=0.06,
        help="probability, per control period, that the instruction changes to another task of the scene, until it is "
        "final; with 0, all tasks of a scene are shown from the same starts (default: %(default)s)",
    )
    add_camera_option(parser)
    parser.add_argument(
        "--seed", type=int, default=0, metavar="NUMBER", help="seed of the first start (default: %(default)s)"
    )
    parser.add_argument(
        "--rate", type=float, default=60.0, metavar="HZ", help="maximum observations per second (default: %(default)s)"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="seconds to wait for a recorder (default: %(default)s)",
    )
    return parser


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = parser_of(
        "demonstrate", "[OPTION]...", "Play scripted experts onto ROS topics for a recorder.", options_parser()
    )
    options = parser.parse_args(arguments)
    if options.episodes < 1:
        parser.error(f"--episodes is {options.episodes}; at least 1 is needed")
    if options.noise < 0:
        parser.error(f"--noise is {options.noise}; it cannot be negative")
    if options.delay < 0:
        parser.error(f"--delay is {options.delay}; it cannot be negative")
    if not 0 <= options.push <= 1:
        parser.error(f"--push is {options.push}; a probability is 0 to 1")
    if not 0 <= options.change <= 1:
        parser.error(f"--change is {options.change}; a probability is 0 to 1")
    if options.rate <= 0:
        parser.error(f"--rate is {options.rate}; it must be above 0")
    try:
        options.tasks = select_tasks(options.tasks)
        robot_of(options.tasks)
    except ValueError as error:
        parser.error(str(error))
    tasks_of_a_scene = max(1 + len(others_of(task)) for task in options.tasks) if options.change else 1
    last = options.seed + options.episodes * tasks_of_a_scene - 1
    if options.seed not in RECORDING_SEEDS or last not in RECORDING_SEEDS:
        parser.error(
            f"--seed {options.seed} leads to starts up to {last}; recordings use {RECORDING_SEEDS.start} to "
            f"{RECORDING_SEEDS.stop - 1}, so that evaluation has starts which training never saw"
        )
    return options


def main(arguments: list[str] | None = None) -> int:
    """Demonstrates, and says how it went by the exit status."""
    options = parse(arguments)
    with Participant("late_fusion_sim") as participant:
        bridge = Bridge(
            participant, simulated_time=True, latency=Latency(options.camera_latency), robot=robot_of(options.tasks)
        )
        operator = Operator(participant)
        recorded = Recorded(participant, bridge)
        try:
            await_recorder(participant, bridge, operator, recorded, options.wait)
            demonstrator = Demonstrator(bridge, operator, recorded, options.rate, options.change, options.seed)
            disturbance = Disturbance(options.noise, options.delay, options.push)
            demonstrator.play_all(options.tasks, options.episodes, disturbance)
        except NodeTrouble as trouble:
            print(f"demonstrate: {trouble}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\ndemonstrate: interrupted", file=sys.stderr)
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
