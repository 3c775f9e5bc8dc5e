"""A node and a world side by side, in which one episode is played after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from late_fusion_sim.bridge import Bridge
from late_fusion_sim.episode import Episode, Runner
from late_fusion_sim.faults import Fault
from late_fusion_sim.latency import NO_LATENCY, Latency
from late_fusion_sim.node_process import NodeProcess
from late_fusion_sim.node_states import NodeStates
from late_fusion_sim.operator import Operator
from late_fusion_sim.pace import Mode
from late_fusion_sim.perturbation.base import UNDISTURBED, Perturbation
from late_fusion_sim.perturbation.disturbed import Disturbed
from late_fusion_sim.robot import SAWYER, Robot
from late_fusion_sim.ros import POLL_S, NodeTrouble, Participant
from late_fusion_sim.shapes import NEVER_TRAINED
from late_fusion_sim.trial import Trial
from late_fusion_sim.world import World

START_S = 30.0
"""How long the node may take to load its models and listen."""


class Player:
    """Waits for a node that was started, and plays episodes with it. Use it as a context."""

    def __init__(
        self,
        participant: Participant,
        node: NodeProcess,
        mode: Mode,
        *,
        senses: frozenset[str],
        faults: tuple[Fault, ...] = (),
        latency: Latency = NO_LATENCY,
        robot: Robot = SAWYER,
    ) -> None:
        self._participant = participant
        self._node = node
        self._senses = senses
        self._bridge = Bridge(participant, simulated_time=mode == "lockstep", latency=latency, robot=robot)
        self._operator = Operator(participant)
        self._world = World()
        with self._status_told():
            self._await_node()
        self._bridge.faults = faults
        self._states = NodeStates(participant, node.check) if mode == "lockstep" else None
        hears = "instruction" in senses
        self._runner = Runner(participant, self._bridge, self._operator, mode, node.check, hears=hears)

    def begin(self, trial: Trial, seed: int, number: int, perturbation: Perturbation = UNDISTURBED) -> Episode:
        """Sets the scene anew for a trial's episode; the number says which of its sentences is given.

        In lockstep the node does not know of any episode before.
        """
        if self._states is not None:
            with self._status_told():
                self._states.rest()
            self._bridge.begin_anew()
        scene = self._world.enter(trial.scene)
        scene.reset(seed)
        template = trial.sentences[number % len(trial.sentences)]
        sentence = scene.phrase(template)
        if trial.task is not None:
            sentence = perturbation.sentence(sentence, trial.task, scene, seed)
        episode = Episode(trial.name, sentence, seed, template=template)
        if scene.layout is not None:
            episode.novel = scene.layout.target in NEVER_TRAINED
        return episode

    def play(
        self,
        trial: Trial,
        episode: Episode,
        perturbation: Perturbation = UNDISTURBED,
        *,
        keep_frames: bool = False,
    ) -> None:
        """Plays the episode that was begun last."""
        scene = self._world.enter(trial.scene)
        disturbed = None if perturbation is UNDISTURBED else Disturbed(perturbation, scene.robot, episode.seed)
        with self._status_told(), perturbation.set_up(scene, episode.seed):
            self._runner.play(scene, trial.judge(scene), episode, keep_frames=keep_frames, disturbed=disturbed)

    def _await_node(self) -> None:
        """Waits until the node listens to everything that its policy has senses for, and publishes commands."""
        waited_s = 0.0
        while self._missing() or not self._bridge.commander_present:
            self._node.check()
            if waited_s >= START_S:
                missing = self._missing()
                lacks = f"does not listen to {', '.join(missing)}" if missing else "publishes no commands"
                raise NodeTrouble(f"{START_S:.0f} s after its start the node {lacks}")
            self._bridge.tell_time()
            self._participant.spin(POLL_S)
            waited_s += POLL_S

    def _missing(self) -> list[str]:
        deaf = "instruction" in self._senses and not self._operator.listeners
        unheard = self._bridge.missing_subscribers(recording=False, senses=self._senses)
        return unheard + ([self._operator.topic] if deaf else [])

    @contextmanager
    def _status_told(self) -> Iterator[None]:
        """Whatever is wrong with the node is told with its own last words."""
        try:
            yield
        except NodeTrouble as trouble:
            raise NodeTrouble(f"{trouble}.\nIts status: {self._operator.status}") from trouble

    def __enter__(self) -> Player:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._world.close()
