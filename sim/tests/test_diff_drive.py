"""The third robot: a base that is sent velocities, in its room and on its topics."""

import itertools

import numpy as np
import pytest
from fake_node import fake_node
from stages import pillars

from late_fusion_sim import pace
from late_fusion_sim.bridge import Bridge
from late_fusion_sim.commands import messages_of, odometry_of, twist_of, velocities_of
from late_fusion_sim.diff_drive_scene import (
    FASTEST,
    PILLARS,
    START_Y_M,
    START_YAW_RAD,
    TRACK_M,
    WHEEL_RADIUS_M,
    PillarScene,
)
from late_fusion_sim.disturbance import Disturbance
from late_fusion_sim.episode import Episode, Runner, control_rate_hz
from late_fusion_sim.expert import expert_of
from late_fusion_sim.judge import ASTRAY_M, STAYS_S, Witness, judge_of
from late_fusion_sim.node_process import node_parameters
from late_fusion_sim.operator import Operator
from late_fusion_sim.placements import EVALUATION_SEEDS
from late_fusion_sim.robot import DIFF_DRIVE
from late_fusion_sim.ros import NodeTrouble, Participant
from late_fusion_sim.tasks import Task, load_tasks
from late_fusion_sim.world import World

TASKS = [load_tasks()[f"drive-{pillar}"] for pillar in PILLARS]
SEED = EVALUATION_SEEDS.start + 3


def settle(scene: PillarScene, command: np.ndarray, periods: int) -> None:
    for _ in range(periods):
        scene.step(command)


def test_a_start_depends_on_the_seed_and_not_on_what_was_played(world: World) -> None:
    scene = pillars(world)
    scene.reset(7)
    first, places = scene.data.qpos.copy(), scene.data.mocap_pos.copy()
    scene.reset(8)
    assert not np.array_equal(scene.data.qpos, first) and not np.array_equal(scene.data.mocap_pos, places)
    settle(scene, FASTEST, 30)
    scene.reset(7)
    assert np.array_equal(scene.data.qpos, first) and np.array_equal(scene.data.mocap_pos, places)
    assert not np.any(scene.data.qvel) and not np.any(scene.data.ctrl)


def test_starts_are_all_over_the_range_and_pillars_in_every_order(world: World) -> None:
    scene = pillars(world)
    poses, orders = [], set()
    for seed in [*range(30), *EVALUATION_SEEDS[:30]]:
        scene.reset(seed)
        poses.append(scene.pose)
        orders.add(tuple(sorted(PILLARS, key=lambda pillar: -scene.pillars[pillar][1])))
    assert np.ptp(poses, axis=0)[1] > 0.8 * np.ptp(START_Y_M)
    assert np.ptp(poses, axis=0)[2] > 0.8 * np.ptp(START_YAW_RAD)
    assert orders == set(itertools.permutations(PILLARS))


def test_every_pillar_is_in_the_picture_from_every_start(world: World) -> None:
    scene = pillars(world)
    for seed in range(0, 60, 3):
        scene.reset(seed)
        red, green, blue = np.moveaxis(scene.observe().pictures["camera"].astype(int), 2, 0)
        seen = {
            "red": (red > 60) & (green < red // 3) & (blue < red // 3),
            "green": (green > 50) & (red < green // 2) & (blue < green // 2),
            "blue": (blue > 60) & (red < blue // 2) & (green < blue // 2),
        }
        assert min(pixels.sum() for pixels in seen.values()) > 250, seed
        # Positive is to the left, in the room as in the picture.
        middle = {pillar: np.nonzero(seen[pillar])[1].mean() for pillar in PILLARS}
        assert sorted(PILLARS, key=lambda each: middle[each]) == sorted(
            PILLARS, key=lambda each: -scene.pillars[each][1]
        )


def test_the_base_drives_as_fast_as_it_is_told_and_stands_when_told_nothing(world: World) -> None:
    scene = pillars(world)
    for command in ([0.2, 0.0], [0.0, 1.0], [0.15, -0.6], [-0.1, 0.0]):
        scene.reset(SEED)
        settle(scene, np.array(command), 15)
        before = scene.pose
        settle(scene, np.array(command), 10)
        # Their speed controllers are proportional: the last few per cent go into what turning on the spot rubs off.
        assert np.allclose(scene.state, command, rtol=0.08, atol=0.015), command
        driven_s = 10 * DIFF_DRIVE.control_period_s
        assert np.linalg.norm((scene.pose - before)[:2]) == pytest.approx(abs(command[0]) * driven_s, abs=0.015)
        assert (scene.pose - before)[2] == pytest.approx(command[1] * driven_s, abs=0.04)
    settle(scene, scene.at_rest, 10)
    pose = scene.pose
    settle(scene, scene.at_rest, 20)
    assert np.allclose(scene.pose, pose, atol=0.002) and np.allclose(scene.state, 0.0, atol=0.005)


def test_what_is_beyond_the_wheels_is_slower_on_the_same_curve(world: World) -> None:
    scene = pillars(world)
    scene.reset(SEED)
    scene.step(np.array([9.0, 9.0]))
    left, right = scene.data.ctrl
    assert right == scene.model.actuator_ctrlrange[1, 1]
    forward, turn = (left + right) * WHEEL_RADIUS_M / 2, (right - left) * WHEEL_RADIUS_M / TRACK_M
    assert turn / forward == pytest.approx(FASTEST[1] / FASTEST[0]) and forward < FASTEST[0]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_from_one_start_the_sentence_alone_decides(world: World, task: Task) -> None:
    scene, expert = pillars(world), expert_of(task)
    scene.reset(SEED)
    first = scene.observe().pictures["camera"]
    judges = {each.name: judge_of(each, scene) for each in TASKS}
    verdicts = {}
    witness = Witness(scene)
    for step in range(DIFF_DRIVE.command_limit):
        scene.step(expert.act(scene))
        for name, judge in judges.items():
            if name not in verdicts and (verdict := judge.verdict()):
                verdicts[name] = (verdict, step)
        if happened := witness.verdict():
            break
    assert happened == f"at the {task.end} pillar"
    assert verdicts.pop(task.name)[0] == "success"
    assert len(verdicts) == 2 and {verdict for verdict, _ in verdicts.values()} == {"wrong_task"}
    scene.reset(SEED)
    assert np.array_equal(scene.observe().pictures["camera"], first)


def test_who_only_drives_past_has_not_arrived(world: World) -> None:
    scene = pillars(world)
    scene.reset(SEED)
    judge, pillar = judge_of(TASKS[0], scene), scene.data.mocap_pos[scene.model.body(PILLARS[0]).mocapid[0]]
    x, y, _ = scene.pose
    stays = round(STAYS_S * DIFF_DRIVE.control_rate_hz)
    for near in [True] * (stays - 1) + [False] + [True] * (stays - 1):
        pillar[:2] = [x + (ASTRAY_M + 0.02 if near else 0.6), y]
        assert judge.verdict() is None
    assert judge.verdict() == "success"


def test_a_disturbed_base_still_shows_the_way(world: World) -> None:
    scene = pillars(world)
    disturbance = Disturbance(noise=0.25, most_delay=1, push=0.03)
    done = 0
    for seed in range(12):
        task = TASKS[seed % len(TASKS)]
        scene.reset(seed)
        judge, expert = judge_of(task, scene), expert_of(task)
        carried_out = disturbance.carried_out(np.random.default_rng(seed), calm_from=100)
        verdict = None
        for _ in range(2 * DIFF_DRIVE.command_limit):
            action = expert.act(scene)
            assert np.all(np.abs(action) <= FASTEST)
            scene.step(DIFF_DRIVE.action(carried_out(DIFF_DRIVE.speeds(action, scene.state)), scene.state))
            if verdict := judge.verdict():
                break
        done += verdict == "success"
    assert done >= 11


def test_another_pillar_in_the_way_is_driven_around(world: World) -> None:
    scene = pillars(world)
    task = TASKS[0]
    scene.reset(SEED)
    for pillar, place in zip(PILLARS, ([1.5, 0.0], [0.9, 0.05], [1.2, -0.9])):
        scene.data.mocap_pos[scene.model.body(pillar).mocapid[0], :2] = place
    judge, expert, verdict = judge_of(task, scene), expert_of(task), None
    for _ in range(DIFF_DRIVE.command_limit):
        scene.step(expert.act(scene))
        if verdict := judge.verdict():
            break
    assert verdict == "success"


def test_full_speed_of_each_axis_is_one() -> None:
    assert np.allclose(DIFF_DRIVE.speeds(FASTEST, np.zeros(2)), 1.0)
    action = np.array([0.1, -0.7])
    assert np.allclose(DIFF_DRIVE.action(DIFF_DRIVE.speeds(action, FASTEST), FASTEST), action)


def test_commands_that_two_wheels_cannot_follow_are_an_error() -> None:
    message = twist_of(np.array([0.2, -1.5]), 5_000_000_000)
    assert velocities_of(message).tolist() == [0.2, -1.5] and messages_of(DIFF_DRIVE).stamp_ns(message) == 5_000_000_000
    message.twist.linear.y = 0.1
    with pytest.raises(NodeTrouble, match=r"linear \[0.2, 0.1, 0.0\]"):
        velocities_of(message)
    with pytest.raises(NodeTrouble, match="finite"):
        velocities_of(twist_of(np.array([np.nan, 0.0]), 0))
    odometry = odometry_of(np.array([0.1, 0.5]), 7)
    assert (odometry.twist.twist.linear.x, odometry.twist.twist.angular.z) == (0.1, 0.5)
    assert odometry.header.stamp.nanosec == 7 and odometry.child_frame_id == "base_link"


def test_in_lockstep_over_its_own_topics(world: World, participant: Participant) -> None:
    task = TASKS[1]
    scene, expert = pillars(world), expert_of(task)
    bridge, operator = Bridge(participant, simulated_time=True, robot=DIFF_DRIVE), Operator(participant)
    runner = Runner(participant, bridge, operator, "lockstep", check=lambda: None)
    measured = []

    def answer(instruction: str, state: np.ndarray) -> np.ndarray:
        measured.append((state, scene.state))
        return expert.act(scene)

    def play() -> Episode:
        assert participant.spin_until(
            lambda: (
                bridge.commander_present
                and bool(operator.listeners)
                and not bridge.missing_subscribers(recording=False)
            ),
            10.0,
        )
        scene.reset(SEED)
        episode = Episode(task.name, task.demo, SEED)
        runner.play(scene, judge_of(task, scene), episode, keep_frames=True)
        return episode

    with fake_node(answer, robot=DIFF_DRIVE, loses=lambda count: False):
        first, again = play(), play()
    assert first.outcome == again.outcome == "success"
    assert all(np.array_equal(one, two) for one, two in zip(first.frames, again.frames, strict=True))
    assert all(np.array_equal(*both) for both in measured)
    assert control_rate_hz([first, again]) == pytest.approx(20.0)


def test_a_base_that_hears_no_commands_stops(
    world: World, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "HOLD_S", 0.0)
    scene, bridge = pillars(world), Bridge(participant, simulated_time=False, robot=DIFF_DRIVE)
    scene.reset(SEED)
    settle(scene, np.array([0.3, 0.0]), 20)
    assert scene.state[0] > 0.2
    realtime = pace.pace_of("realtime", participant, bridge, lambda: None)
    for _ in range(10):
        _, commands = realtime.exchange(scene)
        assert not np.any(commands)
        scene.step(commands)
    assert np.allclose(scene.state, 0.0, atol=0.005)


def test_the_node_is_started_with_the_parameters_of_this_robot() -> None:
    parameters = node_parameters(None, lockstep=True, robot=DIFF_DRIVE)["late_fusion"]["ros__parameters"]
    assert parameters["control_rate_hz"] == pytest.approx(20.0)
    modalities = parameters["modalities"]
    assert list(modalities) == ["camera", "instruction", DIFF_DRIVE.state_modality]
    assert modalities["camera"]["topic"] == DIFF_DRIVE.cameras["camera"]
    assert modalities[DIFF_DRIVE.state_modality]["topic"] == DIFF_DRIVE.state_topic
    assert parameters["action"]["topic"] == DIFF_DRIVE.command_topic
    assert list(parameters["action"]["fields"]) == list(DIFF_DRIVE.axes)
    assert parameters["stop"]["behaviour"] == "zero"
