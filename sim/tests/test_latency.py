"""Pictures that come late, and commands that take effect late."""

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_node import fake_node

from late_fusion_sim import bridge as bridge_module
from late_fusion_sim import demo, demonstrate, evaluate, pace
from late_fusion_sim.bridge import Bridge, Command, ImageTopics
from late_fusion_sim.episode import Episode, Runner
from late_fusion_sim.judge import judge_of
from late_fusion_sim.latency import InFlight, Latency
from late_fusion_sim.node_process import node_parameters
from late_fusion_sim.operator import Operator
from late_fusion_sim.robot import SAWYER
from late_fusion_sim.ros import Participant, nanoseconds_of
from late_fusion_sim.scene import Scene
from late_fusion_sim.tasks import load_tasks
from late_fusion_sim.world import World

TASK = load_tasks()["drawer-close"]
SEED = 100_003
NODE = Path(__file__).with_name("fake_late_fusion_node.py")


class Stage:
    """One task's scene, a node that commands another velocity every time, and all that went through the topics."""

    def __init__(
        self, world: World, participant: Participant, mode: pace.Mode, latency: Latency, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.scene = world.enter(TASK.scene)
        self.bridge = Bridge(participant, simulated_time=mode == "lockstep", latency=latency)
        self.operator = Operator(participant)
        self.runner = Runner(participant, self.bridge, self.operator, mode, check=lambda: None)
        self.pictures: list[tuple[int, int, np.ndarray]] = []
        """Stamp, time of publication, picture."""
        self.carried_out: list[np.ndarray] = []
        publish, step = ImageTopics.publish, Scene.step

        def note_picture(topics: ImageTopics, picture: np.ndarray, stamp: Any) -> None:
            self.pictures.append((nanoseconds_of(stamp), self.bridge.now_ns, picture))
            publish(topics, picture, stamp)

        def note_command(scene: Scene, command: np.ndarray) -> None:
            self.carried_out.extend(command)
            step(scene, command)

        monkeypatch.setattr(ImageTopics, "publish", note_picture)
        monkeypatch.setattr(Scene, "step", note_command)
        ready = lambda: self.bridge.commander_present and bool(self.operator.listeners)  # noqa: E731
        assert participant.spin_until(lambda: ready() and not self.bridge.missing_subscribers(recording=False), 10.0)

    def play(self) -> Episode:
        self.scene.reset(SEED)
        self.pictures.clear()
        self.carried_out.clear()
        episode = Episode(TASK.name, TASK.demo, SEED)
        self.runner.play(self.scene, judge_of(TASK, self.scene), episode, keep_frames=True)
        return episode


def upwards_ever_faster() -> Any:
    """A node's answers, each of which can be told from all others."""
    count = itertools.count(1)
    return lambda instruction, hand: np.array([0.0, 0.0, next(count) * 1e-3, 0.0])


def test_what_is_in_flight_arrives_in_order_and_once() -> None:
    assert InFlight[str](0.06).next_ns is None
    flight = InFlight[str](0.06)
    assert flight.arrived(10**12) == []
    for sent_ms, item in [(0, "a"), (25, "b"), (50, "c")]:
        flight.send(sent_ms * 10**6, item)
    assert flight.next_ns == 60 * 10**6
    assert flight.arrived(60 * 10**6 - 1) == []
    assert flight.arrived(90 * 10**6) == [(0, "a"), (25 * 10**6, "b")]
    assert flight.arrived(90 * 10**6) == []
    flight.clear()
    assert flight.arrived(10**12) == []


@pytest.mark.parametrize(
    ("latency", "periods", "steps"),
    [
        (Latency(), 0, 0),
        (Latency(camera_s=0.05), 2, 0),
        # Used at the first control period, and carried out from the first step of the simulator, after it has arrived.
        (Latency(camera_s=0.06, command_s=0.03), 3, 3),
        (Latency(command_s=0.1), 0, 8),
    ],
)
def test_lockstep_delays_pictures_and_commands_and_repeats_itself(
    latency: Latency,
    periods: int,
    steps: int,
    world: World,
    participant: Participant,
    monkeypatch: pytest.MonkeyPatch,
    episodes_last: Callable[[int], None],
) -> None:
    episodes_last(12)
    # An observation that is lost is asked for again, and must not count twice.
    monkeypatch.setattr(bridge_module, "ASK_AGAIN_S", 0.2)
    episodes, trajectories = [], []
    for _ in range(2):
        with fake_node(upwards_ever_faster(), loses=lambda count: count == 5):
            stage = Stage(world, participant, "lockstep", latency, monkeypatch)
            episode = stage.play()
        commands = [command.values for command in stage.bridge.commands]
        assert len(commands) == episode.steps == 12

        shown = {stamp: picture for stamp, _, picture in stage.pictures}
        assert len(stage.pictures) > len(shown) == 12, "one stamp for each command, one of them twice"
        assert np.all(np.diff(list(shown)) == SAWYER.control_period_ns)
        for number, picture in enumerate(shown.values()):
            assert np.array_equal(picture, episode.frames[max(0, number - periods)])

        expected = [*[np.zeros(4)] * steps, *[each for each in commands for _ in range(SAWYER.steps_per_command)]]
        assert np.array_equal(stage.carried_out, expected[: 12 * SAWYER.steps_per_command])
        episodes.append(episode)
        trajectories.append(np.array(stage.carried_out))
        monkeypatch.undo()
        episodes_last(12)
        monkeypatch.setattr(bridge_module, "ASK_AGAIN_S", 0.2)
    first, again = trajectories
    assert np.array_equal(first, again)
    assert all(np.array_equal(one, two) for one, two in zip(*(episode.frames for episode in episodes), strict=True))


def test_lockstep_forgets_what_was_in_flight_when_the_scene_is_set_anew(
    world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch, episodes_last: Callable[[int], None]
) -> None:
    episodes_last(8)
    with fake_node(lambda instruction, hand: np.array([0.0, 0.0, 1.0, 0.0])):
        stage = Stage(world, participant, "lockstep", Latency(0.1, 0.1), monkeypatch)
        first = stage.play()
        last_picture = first.frames[-1]
        again = stage.play()
    assert not np.array_equal(first.frames[0], last_picture)
    assert np.array_equal(stage.pictures[0][2], again.frames[0]), "not what the episode before had left"
    assert not np.any(stage.carried_out[:8]) and np.any(stage.carried_out[8])


def test_realtime_publishes_late_under_the_stamp_of_the_exposure(
    world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch, episodes_last: Callable[[int], None]
) -> None:
    episodes_last(30)
    with fake_node(lambda instruction, hand: np.zeros(4), lockstep=False):
        stage = Stage(world, participant, "realtime", Latency(camera_s=0.06), monkeypatch)
        stage.play()
        ages_ns = [published - stamp for stamp, published, _ in stage.pictures]
        # A busy machine may be later still; waiting for the next period would make every one at least three old.
        assert 60_000_000 <= min(ages_ns) < 3 * SAWYER.control_period_ns
        stamps = [stamp for stamp, _, _ in stage.pictures]
        assert stamps == sorted(set(stamps)) and len(stamps) > 20


def test_realtime_carries_out_what_has_been_there_for_long_enough(
    participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = Bridge(participant, simulated_time=False, latency=Latency(command_s=0.05))
    now_ns = 10**18
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    for age_ms in (120, 51, 40, 0):
        bridge.commands.append(Command(np.full(4, float(age_ms)), 0, now_ns - age_ms * 10**6))

    def held(ahead_s: float = 0.0) -> float:
        command = bridge.held_command(0.2, ahead_s=ahead_s)
        assert command is not None
        return command[0]

    assert held() == 51.0
    assert held(SAWYER.step_s) == 40.0
    bridge.commands[1:] = []
    assert held() == 120.0
    assert bridge.held_command(0.069) is None, "the hold begins where the command takes effect"


def test_a_recording_has_pictures_as_late_as_they_came(
    monkeypatch: pytest.MonkeyPatch, episodes_last: Callable[[int], None]
) -> None:
    from test_demonstrations import recorder

    episodes_last(5)
    monkeypatch.setattr(demonstrate, "TRIES_PER_START", 2)
    monkeypatch.setattr(demonstrate, "MEAN_ANOTHER", ())
    with recorder() as heard:
        demonstrate.main(["--tasks", TASK.name, "--episodes", "1", "--change", "0", "--camera-latency", "0.06"])
    pictures = [(at, nanoseconds_of(message.header.stamp)) for at, message in heard.of("camera/image_raw")]
    assert all(at - stamp == 3 * SAWYER.control_period_ns for at, stamp in pictures)
    starts = [at for at, message in heard.of("episode") if message.data == "start"]
    labels = [at for at, _ in heard.of("expert_action")]
    assert len(starts) == 2 and len(labels) == 20
    for start, episode in zip(starts, (labels[:10], labels[10:])):
        assert [at for at, _ in pictures if at < start and at > start - 10 * SAWYER.control_period_ns], (
            "seen before the start"
        )
        assert set(episode[3:]) <= {at for at, _ in pictures}, "one arrives with each label"
    joints = [(at, nanoseconds_of(message.header.stamp)) for at, message in heard.of("joint_states")]
    assert all(at == stamp for at, stamp in joints)


@pytest.mark.parametrize("program", [demo, evaluate, demonstrate])
@pytest.mark.parametrize("given", ["-0.1", "1.5", "nan", "soon"])
def test_what_is_no_latency_is_refused(program: Any, given: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [] if program is demonstrate else ["--node", "node"]
    with pytest.raises(SystemExit):
        program.parse([*arguments, "--camera-latency", given])
    assert f"'{given}' is no latency; allowed: 0 to 1 seconds" in capsys.readouterr().err


def test_an_evaluation_is_made_and_told_with_its_latencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_NODE", "constant")
    (tmp_path / "policy.yaml").write_text(json.dumps({"modalities": [{"name": "scene"}, {"name": "joints"}]}))
    out = tmp_path / "out"
    arguments = [f"mine={tmp_path}", "--node", str(NODE), "--out", str(out), "--episodes", "1", "--tasks", TASK.name]
    assert evaluate.main([*arguments, "--camera-latency", "0.05", "--command-latency", "0.1"]) == 0
    result = json.loads((out / "evaluation.json").read_text())
    assert (result["conditions"]["camera_latency"], result["conditions"]["command_latency"]) == (0.05, 0.1)
    assert result["policies"]["mine"][0]["latency"] == {"camera_s": 0.05, "command_s": 0.1}
    assert "camera latency 50 ms, command latency 100 ms" in (out / "evaluation.md").read_text()


@pytest.mark.parametrize(("camera_s", "stamp_delay_s"), [(0.0, None), (0.02, 0.025), (0.025, 0.025), (0.06, 0.075)])
def test_in_lockstep_the_node_is_told_how_late_pictures_are_stamped(
    camera_s: float, stamp_delay_s: float | None
) -> None:
    def told(lockstep: bool) -> dict[str, float | None]:
        parameters = node_parameters(None, lockstep=lockstep, latency=Latency(camera_s))
        modalities = parameters["late_fusion"]["ros__parameters"]["modalities"]
        return {name: modality.get("stamp_delay_s") for name, modality in modalities.items()}

    assert told(lockstep=True) == {"scene": stamp_delay_s, "instruction": None, "joints": None}
    assert set(told(lockstep=False).values()) == {None}, "in real time stamps are those of the exposure"
