"""The second robot: an SO-101 that is sent to positions, in its scene and on its topics."""

from typing import Any

import numpy as np
import pytest
from fake_node import fake_node
from stages import cube
from std_msgs.msg import Float64MultiArray

from late_fusion_sim import bridge as bridge_module
from late_fusion_sim import pace
from late_fusion_sim.bridge import Bridge
from late_fusion_sim.commands import joint_state_of, positions_of
from late_fusion_sim.disturbance import Disturbance
from late_fusion_sim.episode import Episode, Runner, control_rate_hz
from late_fusion_sim.expert import expert_of
from late_fusion_sim.judge import judge_of
from late_fusion_sim.node_process import node_parameters
from late_fusion_sim.operator import Operator
from late_fusion_sim.placements import EVALUATION_SEEDS
from late_fusion_sim.robot import SO101
from late_fusion_sim.ros import NodeTrouble, Participant
from late_fusion_sim.so101_model import GRAIN_M, coarser, model_file, read_stl
from late_fusion_sim.so101_scene import BEARING_RAD, RADIUS_M
from late_fusion_sim.tasks import load_tasks
from late_fusion_sim.world import World

TASK = load_tasks()["push-left"]
SEED = EVALUATION_SEEDS.start + 3


def test_a_start_depends_on_the_seed_and_not_on_what_was_played(world: World) -> None:
    scene = cube(world)
    scene.reset(7)
    first = scene.data.qpos.copy()
    scene.reset(8)
    other = scene.data.qpos.copy()
    for _ in range(30):
        scene.step(expert_of(TASK).act(scene))
    scene.reset(7)
    assert np.array_equal(scene.data.qpos, first) and not np.any(scene.data.qvel)
    assert not np.array_equal(other, first)
    assert scene.joint == 0.0


def test_starts_are_all_over_the_range(world: World) -> None:
    scene = cube(world)
    places = []
    for seed in [*range(30), *EVALUATION_SEEDS[:30]]:
        scene.reset(seed)
        places.append(scene.cube[:2])
    assert np.ptp(places, axis=0)[0] > 0.8 * np.ptp(RADIUS_M)
    assert np.ptp(places, axis=0)[1] > 0.8 * np.ptp(BEARING_RAD) * RADIUS_M[1]


def test_the_servos_go_where_they_are_sent_and_hold_there(world: World) -> None:
    scene = cube(world)
    scene.reset(SEED)
    goal = scene.state + np.array([0.3, 0.2, -0.2, 0.1, 0.3, 0.2])
    for _ in range(30):
        scene.step(goal)
    # Proportional servos, as the arm's own: they hang a little under its weight.
    assert np.allclose(scene.state, goal, atol=0.06)
    tip = scene.tip
    for _ in range(30):
        scene.step(scene.at_rest)
    assert np.allclose(scene.tip, tip, atol=0.001)
    scene.step(np.full(len(SO101.axes), 9.0))
    assert np.array_equal(scene.at_rest, scene.model.actuator_ctrlrange[:, 1])


def test_both_cameras_see_the_cube_and_the_arm(world: World) -> None:
    scene = cube(world)
    scene.reset(SEED)
    assert list(scene.observe().pictures) == ["front"], "the other camera is drawn only when it is wanted"
    expert = expert_of(TASK)
    for _ in range(15):
        scene.step(expert.act(scene))
    pictures = scene.observe(frozenset({"front", "wrist"})).pictures
    assert list(pictures) == ["front", "wrist"]
    for name, picture in pictures.items():
        red, green, blue = np.moveaxis(picture.astype(int), 2, 0)
        assert ((red > 60) & (green < red // 4) & (blue < red // 4)).sum() > 150, f"{name}: the cube"
        assert ((red > 60) & (green > red // 2) & (blue < green // 2)).sum() > 500, f"{name}: the arm"


def test_coarser_meshes_keep_their_shape() -> None:
    for file in sorted((model_file().parent / "assets").glob("*.stl")):
        vertices, faces = read_stl(file)
        few, fewer = coarser(vertices, faces)
        assert len(fewer) < len(faces) / 5
        assert fewer.max() < len(few)
        assert np.allclose(few.min(axis=0), vertices.min(axis=0), atol=GRAIN_M)
        assert np.allclose(few.max(axis=0), vertices.max(axis=0), atol=GRAIN_M)


def test_a_disturbed_arm_still_shows_the_way(world: World) -> None:
    scene, expert = cube(world), expert_of(TASK)
    disturbance = Disturbance(noise=0.25, most_delay=1, push=0.03)
    done = 0
    for seed in range(10):
        scene.reset(seed)
        judge = judge_of(TASK, scene)
        carried_out = disturbance.carried_out(np.random.default_rng(seed), calm_from=100)
        for _ in range(2 * SO101.command_limit):
            state, action = scene.state, expert.act(scene)
            assert np.all(np.abs(action - state) <= np.add(SO101.full_speed, 1e-9)), "the leader is not far ahead"
            scene.step(SO101.action(carried_out(SO101.speeds(action, state)), state))
            if judge.verdict():
                break
        done += judge.verdict() == "success"
    assert done >= 8


def test_positions_are_speeds_from_where_the_arm_is() -> None:
    state = np.linspace(-1.0, 1.0, 6)
    action = state + np.multiply(SO101.full_speed, [1.0, -1.0, 0.5, 0.0, 0.0, 0.25])
    assert np.allclose(SO101.speeds(action, state), [1.0, -1.0, 0.5, 0.0, 0.0, 0.25])
    assert np.allclose(SO101.action(SO101.speeds(action, state), state), action)


def test_commands_of_another_size_are_an_error() -> None:
    assert positions_of(Float64MultiArray(data=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])).tolist() == [1, 2, 3, 4, 5, 6]
    for broken in ([1.0] * 5, [1.0] * 7, [], [float("nan")] * 6):
        with pytest.raises(NodeTrouble, match="shoulder_pan"):
            positions_of(Float64MultiArray(data=broken))
    message = joint_state_of(SO101, np.arange(6.0), 5_000_000_000)
    assert dict(zip(message.name, message.position))["gripper"] == 5.0 and message.header.stamp.sec == 5


class Stage:
    """The scene with everything around it."""

    def __init__(self, world: World, participant: Participant, mode: pace.Mode) -> None:
        self.scene = cube(world)
        self.bridge = Bridge(participant, simulated_time=mode == "lockstep", robot=SO101)
        self.operator = Operator(participant)
        self.runner = Runner(participant, self.bridge, self.operator, mode, check=lambda: None)
        self.participant = participant

    def play(self) -> Episode:
        heard = lambda: self.bridge.commander_present and bool(self.operator.listeners)  # noqa: E731
        assert self.participant.spin_until(
            lambda: (
                heard() and not self.bridge.missing_subscribers(recording=False, senses=frozenset({"joints", "front"}))
            ),
            10.0,
        )
        self.scene.reset(SEED)
        episode = Episode(TASK.name, TASK.demo, SEED)
        self.runner.play(self.scene, judge_of(TASK, self.scene), episode, keep_frames=True)
        return episode


def test_lockstep_with_commands_that_carry_no_stamp(
    world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An observation that is lost is asked for again, and its answer must not count for the next one as well.
    monkeypatch.setattr(bridge_module, "ASK_AGAIN_S", 0.2)
    stage, expert = Stage(world, participant, "lockstep"), expert_of(TASK)
    options: dict[str, Any] = {
        "robot": SO101,
        "image_topic": "front_camera/image_raw",
        "loses": lambda count: count == 5,
    }
    with fake_node(lambda instruction, joints: expert.act(stage.scene), **options):
        first, again = stage.play(), stage.play()
    assert first.outcome == again.outcome == "success"
    assert len(stage.bridge.commands) == first.steps == again.steps
    assert all(np.array_equal(one, two) for one, two in zip(first.frames, again.frames, strict=True))
    assert control_rate_hz([first, again]) == pytest.approx(30.0)


def test_the_servos_hold_when_commands_stay_away(
    world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "HOLD_S", 0.0)
    scene, bridge = cube(world), Bridge(participant, simulated_time=False, robot=SO101)
    scene.reset(SEED)
    goal = scene.state + 0.1
    scene.step(goal)
    realtime = pace.pace_of("realtime", participant, bridge, lambda: None)
    _, commands = realtime.exchange(scene)
    assert commands.shape == (SO101.steps_per_command, len(SO101.axes))
    assert np.array_equal(commands, [goal] * SO101.steps_per_command)


def test_the_node_is_started_with_the_parameters_of_this_robot() -> None:
    parameters = node_parameters(None, lockstep=True, robot=SO101)["late_fusion"]["ros__parameters"]
    assert parameters["control_rate_hz"] == pytest.approx(30.0)
    assert list(parameters["modalities"]) == ["front", "wrist", "instruction", "joints"]
    assert {
        name: each["topic"] for name, each in parameters["modalities"].items() if name in SO101.cameras
    } == SO101.cameras
    assert list(parameters["action"]["fields"]) == list(SO101.axes)
