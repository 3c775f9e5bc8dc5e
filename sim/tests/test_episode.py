"""Episodes over real ROS 2, with a fake node that knows the answers."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake_node import fake_node
from sensor_msgs.msg import CompressedImage, Image
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from late_fusion_sim import bridge as bridge_module
from late_fusion_sim.bridge import Bridge
from late_fusion_sim.camera import Cameras
from late_fusion_sim.commands import command_of, trajectory_of
from late_fusion_sim.episode import Episode, Runner, command_intervals_s, control_rate_hz
from late_fusion_sim.expert import expert_of
from late_fusion_sim.judge import judge_of
from late_fusion_sim.operator import Operator
from late_fusion_sim.pace import Mode
from late_fusion_sim.perturbation.catalogue import PERTURBATIONS
from late_fusion_sim.perturbation.disturbed import Disturbed
from late_fusion_sim.robot import SAWYER
from late_fusion_sim.ros import NodeTrouble, Participant, reliable
from late_fusion_sim.tasks import load_tasks
from late_fusion_sim.world import World

TASK = load_tasks()["drawer-close"]
SEED = 100_003


class Stage:
    """One task's scene with everything around it."""

    def __init__(self, world: World, participant: Participant, mode: Mode) -> None:
        self.scene = world.enter(TASK.scene)
        self.bridge = Bridge(participant, simulated_time=mode == "lockstep")
        self.operator = Operator(participant)
        self.runner = Runner(participant, self.bridge, self.operator, mode, check=lambda: None)
        self.participant = participant

    def await_node(self) -> None:
        ready = self.participant.spin_until(
            lambda: (
                self.bridge.commander_present
                and bool(self.operator.listeners)
                and not self.bridge.missing_subscribers(recording=False)
            ),
            10.0,
        )
        assert ready

    def play(self, perturbation: str | None = None, *, keep_frames: bool = True) -> tuple[Episode, np.ndarray]:
        self.scene.reset(SEED)
        episode = Episode(TASK.name, TASK.demo, SEED)
        disturbed = Disturbed(PERTURBATIONS[perturbation], SAWYER, SEED) if perturbation else None
        judge = judge_of(TASK, self.scene)
        self.runner.play(self.scene, judge, episode, keep_frames=keep_frames, disturbed=disturbed)
        return episode, np.array([command.values for command in self.bridge.commands])


def test_lockstep_repeats_itself(world: World, participant: Participant) -> None:
    stage = Stage(world, participant, "lockstep")
    expert = expert_of(TASK)
    with fake_node(lambda instruction, hand: expert.act(stage.scene)):
        stage.await_node()
        (first, commands), (again, commands_again) = stage.play(), stage.play()
    assert first.outcome == again.outcome == "success"
    assert len(commands) == first.steps == again.steps
    assert np.array_equal(commands, commands_again)
    assert all(np.array_equal(one, two) for one, two in zip(first.frames, again.frames))
    assert len(first.frames) == first.steps + 1
    assert np.all(np.diff(first.command_times_ns) == SAWYER.control_period_ns)
    assert control_rate_hz([first, again]) == pytest.approx(40.0)


def test_no_picture_is_drawn_that_nobody_looks_at(
    world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    draw = Cameras.draw

    def note(cameras: Cameras, data: Any, name: str) -> np.ndarray:
        drawn.append(name)
        return draw(cameras, data, name)

    monkeypatch.setattr(Cameras, "draw", note)

    def count(perturbation: str | None, *, keep_frames: bool) -> int:
        drawn.clear()
        stage.play(perturbation, keep_frames=keep_frames)
        return len(drawn)

    stage = Stage(world, participant, "lockstep")
    stage.scene.robot = replace(SAWYER, command_limit=10)
    with fake_node(lambda instruction, hand: np.zeros(4)):
        stage.await_node()
        assert count(None, keep_frames=False) == 10
        assert count(None, keep_frames=True) == 11
        assert count("camera_rate", keep_frames=False) == 3
        assert count("black", keep_frames=False) == 1
    assert stage.scene.observe(frozenset()).pictures == {}


def test_what_is_disturbed_is_what_the_node_hears(world: World, participant: Participant) -> None:
    stage = Stage(world, participant, "lockstep")
    stage.scene.robot = replace(SAWYER, command_limit=3)
    heard: list[tuple[np.ndarray, Any]] = []

    def answer(instruction: str, hand: np.ndarray) -> np.ndarray:
        heard.append((hand, node.picture))
        return np.zeros(4)

    with fake_node(answer) as node:
        stage.await_node()
        stage.play()
        stage.play("dark")
        stage.play("state_offset")
    plain, dark, off = heard[:3], heard[3:6], heard[6:]
    assert [len(each) for each in (plain, dark, off)] == [3, 3, 3]
    for (state, picture), (same_state, darker), (other_state, same_picture) in zip(plain, dark, off):
        assert np.array_equal(state, same_state) and np.abs(darker - 0.7 * picture).max() <= 0.51
        assert np.array_equal(picture, same_picture)
        assert np.allclose(np.abs(other_state - state), (0.02, 0.02, 0.02, 0.05))


def test_lockstep_survives_lost_observations(
    world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_module, "ASK_AGAIN_S", 0.1)
    stage = Stage(world, participant, "lockstep")
    expert = expert_of(TASK)
    lost = []

    def loses(count: int) -> bool:
        if count % 4 == 1:
            lost.append(count)
        return count % 4 == 1

    with fake_node(lambda instruction, hand: expert.act(stage.scene), loses=loses):
        stage.await_node()
        episode, _ = stage.play()
    assert episode.outcome == "success"
    assert len(lost) >= 4
    assert len(episode.command_times_ns) == episode.steps, "no observation is answered twice"


def test_a_silent_node_is_told_of(world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "ASK_AGAIN_S", 0.1)
    monkeypatch.setattr(bridge_module, "GIVE_UP_S", 0.5)
    stage = Stage(world, participant, "lockstep")
    with fake_node(lambda instruction, hand: np.zeros(4), loses=lambda count: True):
        stage.await_node()
        with pytest.raises(NodeTrouble, match="no command on '/action' with the stamp"):
            stage.play()


def test_realtime_goes_on_at_its_rate(world: World, participant: Participant) -> None:
    stage = Stage(world, participant, "realtime")
    with fake_node(lambda instruction, hand: np.array([0.0, 0.0, 0.1, 0.0]), lockstep=False):
        stage.await_node()
        began = time.monotonic()
        episode, commands = stage.play()
        took_s = time.monotonic() - began
    assert episode.outcome == "timeout" and episode.steps == 100
    assert took_s > 2.4, "the world never runs faster than time"
    assert stage.scene.state[2] > 0.21, "commands reach the arm"
    # A busy machine may delay commands; it cannot invent them.
    rate_hz = control_rate_hz([episode])
    assert rate_hz and 20.0 < rate_hz < 45.0
    assert len(commands) > 50 and np.all(command_intervals_s([episode]) > 0)


def test_realtime_stops_when_commands_stop(world: World, participant: Participant) -> None:
    stage = Stage(world, participant, "realtime")
    fast = np.array([0.0, 0.0, 1.0, 0.0])
    assert stage.bridge.held_command(0.2) is None, "before the first command"
    received_ns = time.time_ns()
    stage.bridge.commands.append(bridge_module.Command(fast, received_ns, received_ns))
    held = stage.bridge.held_command(3600.0)
    assert held is not None and np.array_equal(held, fast)
    stage.bridge.commands.append(bridge_module.Command(fast, received_ns, received_ns - 300_000_000))
    assert stage.bridge.held_command(0.2) is None, "0.3 s after the last command"


def test_jpeg_is_made_only_when_wanted(world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(world, participant, "lockstep")
    made: list[Image] = []
    heard: list[CompressedImage] = []
    encode = bridge_module.encode_jpeg

    def note(image: Image) -> CompressedImage:
        made.append(image)
        return encode(image)

    monkeypatch.setattr(bridge_module, "encode_jpeg", note)
    stage.scene.reset(SEED)
    observation = stage.scene.observe()
    stage.bridge.publish(observation, stage.bridge.now_ns)
    assert not made
    with Participant("viewer") as viewer:
        viewer.node.create_subscription(CompressedImage, "camera/image_raw/compressed", heard.append, reliable(5))
        stage.bridge.advance()
        assert participant.spin_until(
            lambda: "/camera/image_raw" not in stage.bridge.missing_subscribers(recording=False), 10.0
        )
        stage.bridge.publish(observation, stage.bridge.now_ns)
        assert viewer.spin_until(lambda: bool(heard), 10.0)
    assert len(made) == 1
    assert heard[0].format == "jpeg" and bytes(heard[0].data[:2]) == b"\xff\xd8"


def test_commands_are_read_by_name() -> None:
    message = trajectory_of(np.array([0.1, 0.2, 0.3, 0.4]), 5_000_000_000)
    message.joint_names = message.joint_names[::-1]
    message.points[0].velocities = message.points[0].velocities[::-1]
    assert np.allclose(command_of(message), [0.1, 0.2, 0.3, 0.4])
    message.joint_names = ["hand_x", "hand_y", "hand_z", "wrist"]
    with pytest.raises(NodeTrouble, match="'wrist'"):
        command_of(message)
    with pytest.raises(NodeTrouble, match="0 velocities"):
        command_of(JointTrajectory())
    broken = trajectory_of(np.zeros(4), 0)
    broken.points = [JointTrajectoryPoint(velocities=[0.0, float("nan"), 0.0, 0.0])]
    with pytest.raises(NodeTrouble, match="not finite"):
        command_of(broken)
