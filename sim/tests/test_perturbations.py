"""Which perturbations there are, what each of them touches, and which an evaluation can have."""

from dataclasses import replace
from typing import Any

import mujoco
import numpy as np
import pytest
from stages import table

from late_fusion_sim import mt50
from late_fusion_sim.camera import SIDE
from late_fusion_sim.diff_drive_scene import PillarScene
from late_fusion_sim.evaluation.example import example
from late_fusion_sim.perturbation.base import UNDISTURBED, Setting
from late_fusion_sim.perturbation.catalogue import PERTURBATIONS, select
from late_fusion_sim.perturbation.scene import is_ground, is_robot, model_of
from late_fusion_sim.perturbation.state import StatePerturbation
from late_fusion_sim.robot import DIFF_DRIVE, SAWYER, SO101, Robot
from late_fusion_sim.scene import Scene
from late_fusion_sim.so101_scene import CubeScene
from late_fusion_sim.tasks import Task, all_tasks, load_tasks
from late_fusion_sim.world import AnyScene, World, robot_of

SEED = 100_007
DRAWER, CUBE, PILLARS, REACH = (load_tasks()[name] for name in ("drawer-open", "push-left", "drive-red", "reach"))
ONE_OF_FIFTY = all_tasks()["door-open-v3"]

TOUCHES = {"none": "", "picture": "p", "scene": "p", "timing": "p", "state": "s", "sentence": "i"}
"""What differs under each kind: the picture, the state, the instruction."""


def setting(task: Task = DRAWER, *, lacking: str = "", **changes: Any) -> Setting:
    robot = robot_of([task])
    senses = {*robot.cameras, robot.state_modality, "instruction"} - {lacking}
    return replace(Setting(robot, (task,), "demo", frozenset(senses)), **changes)


def model_bytes(scene: AnyScene) -> bytes:
    """Everything of a model that MuJoCo would save."""
    model = model_of(scene)
    buffer = np.empty(mujoco.mj_sizeModel(model), np.uint8)
    mujoco.mj_saveModel(model, None, buffer)
    return buffer.tobytes()


@pytest.mark.parametrize("task", [DRAWER, CUBE, PILLARS, ONE_OF_FIFTY], ids=lambda task: task.scene)
def test_each_touches_what_it_says_and_leaves_the_scene_as_it_was(task: Task, world: World) -> None:
    scene = world.enter(task.scene)
    chosen = select("all", setting(task)).chosen
    assert len(chosen) >= len(PERTURBATIONS) - 1
    camera = scene.robot.first_camera
    before = example(scene, task, UNDISTURBED, camera, SEED)
    scene.reset(SEED)
    model, look = model_bytes(scene), replace(scene.look)
    for perturbation in chosen:
        seen = example(scene, task, perturbation, camera, SEED)
        touched = "p" * (not np.array_equal(seen.picture, before.picture))
        touched += "s" * (not np.array_equal(seen.state, before.state))
        touched += "i" * (seen.sentence != before.sentence)
        # The expert's arm is measured: elsewhere where it began elsewhere.
        expected = "ps" if perturbation.name == "start_pose" else TOUCHES[perturbation.kind]
        # A picture that was not lost is as it was.
        assert touched == expected or (perturbation.name == "dropped_pictures" and not touched), perturbation.name
        scene.reset(SEED)
        assert model_bytes(scene) == model and scene.look == look, perturbation.name
        again = example(scene, task, perturbation, camera, SEED)
        assert np.array_equal(again.picture, seen.picture) and again.sentence == seen.sentence, perturbation.name
    after = example(scene, task, UNDISTURBED, camera, SEED)
    assert np.array_equal(after.picture, before.picture) and np.array_equal(after.state, before.state)


@pytest.mark.parametrize("task", [DRAWER, CUBE, PILLARS], ids=lambda task: task.scene)
def test_an_undisturbed_picture_is_what_mujoco_draws_without_luxuries(task: Task, world: World) -> None:
    scene = world.enter(task.scene)
    scene.reset(SEED)
    picture = scene.observe().pictures[scene.robot.first_camera]
    scene.leave()
    model, data = model_of(scene), scene.env.data if isinstance(scene, Scene) else scene.data
    options = mujoco.MjvOption()
    options.sitegroup[:] = 0
    with mujoco.Renderer(model, SIDE, SIDE) as renderer:
        fixture = {"drawer": "corner2", "cube": "front", "pillars": "camera"}[task.scene]
        renderer.update_scene(data, fixture, options)
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        drawn = renderer.render()
    assert np.array_equal(picture, drawn[::-1, ::-1] if task is DRAWER else drawn)


def test_lights_are_dimmed_by_half(world: World) -> None:
    scene = table(world, "drawer")
    scene.reset(SEED)
    model = model_of(scene)
    diffuse, head = model.light_diffuse.copy(), model.vis.headlight.diffuse.copy()
    with PERTURBATIONS["lights_dim"].set_up(scene, SEED):
        assert np.allclose(model.light_diffuse, 0.5 * diffuse) and np.allclose(model.vis.headlight.diffuse, 0.5 * head)
    assert np.array_equal(model.light_diffuse, diffuse) and np.array_equal(model.vis.headlight.diffuse, head)


@pytest.mark.parametrize("scene_name", ["drawer", "cube", "pillars"])
@pytest.mark.parametrize("name", ["ground_color", "object_color"])
def test_colours_change_where_they_are_to(name: str, scene_name: str, world: World) -> None:
    scene = world.enter(scene_name)
    scene.reset(SEED)
    model = model_of(scene)
    before = model.geom_rgba.copy()
    with PERTURBATIONS[name].set_up(scene, SEED):
        changed = {int(geom) for geom in np.nonzero((model.geom_rgba != before).any(axis=1))[0]}
    assert changed
    assert not any(is_robot(model, geom) for geom in changed)
    assert {is_ground(model, geom) for geom in changed} == {name == "ground_color"}


@pytest.mark.parametrize(("name", "by_m"), [("camera_2cm", 0.02), ("camera_5cm", 0.05)])
def test_cameras_move_along_each_axis(name: str, by_m: float, world: World) -> None:
    scene = table(world, "drawer")
    scene.reset(SEED)
    camera = model_of(scene).camera("corner2").id
    before = scene.env.data.cam_xpos[camera].copy()
    with PERTURBATIONS[name].set_up(scene, SEED):
        assert np.allclose(np.abs(scene.env.data.cam_xpos[camera] - before), by_m)


def test_distractors_are_only_seen(world: World) -> None:
    scene = table(world, "drawer")
    scene.reset(SEED)
    before = scene.observe().pictures["scene"].astype(int)
    state = scene.env.data.qpos.copy()
    with PERTURBATIONS["distractors"].set_up(scene, SEED):
        assert len(scene.look.extras) == 3 and np.array_equal(scene.env.data.qpos, state)
        differs = (scene.observe().pictures["scene"] != before).any(axis=2)
    assert 0 < differs.mean() < 0.1


@pytest.mark.parametrize("task", [DRAWER, CUBE, PILLARS], ids=lambda task: task.scene)
def test_another_start_is_another_pose_of_the_robot_alone(task: Task, world: World) -> None:
    scene = world.enter(task.scene)
    for seed in range(SEED, SEED + 5):
        scene.reset(seed)
        place, things = place_of(scene), things_in(scene)
        with PERTURBATIONS["start_pose"].set_up(scene, seed):
            assert 0.005 < np.linalg.norm(place_of(scene) - place) < 0.15
            assert np.allclose(things_in(scene), things, rtol=0.0, atol=0.0 if task is PILLARS else 1e-3)


def place_of(scene: AnyScene) -> np.ndarray:
    """Where the robot is."""
    if isinstance(scene, Scene):
        return scene.fingers
    return scene.tip if isinstance(scene, CubeScene) else scene.pose


def things_in(scene: AnyScene) -> np.ndarray:
    """Where everything else is."""
    return np.array(list(scene.pillars.values()) if isinstance(scene, PillarScene) else [scene.joint])


@pytest.mark.parametrize("robot", [SAWYER, SO101, DIFF_DRIVE], ids=lambda robot: robot.name)
def test_a_state_is_off_by_what_is_said(robot: Robot) -> None:
    state = np.zeros(len(robot.axes))
    noise, offset = PERTURBATIONS["state_noise"], PERTURBATIONS["state_offset"]
    assert isinstance(noise, StatePerturbation) and isinstance(offset, StatePerturbation)
    measured = np.array([noise.state(state, robot, number, SEED) for number in range(2000)])
    assert np.std(measured, axis=0) == pytest.approx(noise.strength[robot.name], rel=0.1)
    assert np.mean(measured, axis=0) == pytest.approx(0.0, abs=0.02)
    offsets = [offset.state(state, robot, number, SEED) for number in range(3)]
    assert np.array_equal(offsets[0], offsets[2]), "the same for all of an episode"
    assert np.allclose(np.abs(offsets[0]), offset.strength[robot.name])
    others = {tuple(offset.state(state, robot, 0, seed)) for seed in range(SEED, SEED + 10)}
    assert len(others) > 2


def reworded(name: str, sentence: str, seed: int = SEED, task: Task = DRAWER, scene: Any = None) -> str:
    return PERTURBATIONS[name].sentence(sentence, task, scene, seed)


def test_sentences_are_written_otherwise() -> None:
    assert reworded("full_stop", "open the drawer") == "open the drawer."
    assert reworded("capitals", "open the drawer") == "OPEN THE DRAWER"
    assert reworded("word_order", "open the drawer") == "the drawer, open it"
    assert reworded("word_order", "push the red cube to the left") == "to the left, push the red cube"
    assert reworded("word_order", "drive to the red pillar") == "to the red pillar, drive"
    assert reworded("word_order", "Press a button from the top") == "from the top, press a button"
    polite = {reworded("polite", "open the drawer", seed) for seed in range(50)}
    assert {"please open the drawer", "could you open the drawer for me"} <= polite
    assert all("open the drawer" in sentence for sentence in polite)


def test_a_typo_is_one_slip_in_each_of_two_words() -> None:
    sentence, seen = "push the red cube to the left", set()
    for seed in range(100):
        words = reworded("typos", sentence, seed).split()
        wrong = [(word, right) for word, right in zip(words, sentence.split()) if word != right]
        assert len(wrong) == 2 and reworded("typos", sentence, seed).split() == words
        for word, right in wrong:
            assert len(right) >= 4 and word[0] == right[0] and abs(len(word) - len(right)) <= 1
            assert len(word) != len(right) or sorted(word) == sorted(right)
        seen.add(tuple(words))
    assert len(seen) > 20


def test_another_task_is_one_of_the_same_scene_where_there_is_one(world: World) -> None:
    assert reworded("other_task", "open the drawer") == "close the drawer"
    button = load_tasks()["button-press-topdown"]
    others = {reworded("other_task", button.demo, seed, button) for seed in range(50)}
    assert "open the drawer" in others and button.demo not in others and not any("{" in other for other in others)
    foreign = {reworded("other_task", ONE_OF_FIFTY.demo, seed, ONE_OF_FIFTY) for seed in range(50)}
    assert len(foreign) > 10 and foreign <= {all_tasks()[name].demo for name in mt50.names()} - {ONE_OF_FIFTY.demo}
    scene = table(world, "shapes")
    for seed in range(SEED, SEED + 10):
        scene.reset(seed)
        said = reworded("other_task", scene.phrase(REACH.demo), seed, REACH, scene)
        named = [shape for shape in scene.table.positions if said == REACH.demo.format(**shape._asdict())]
        assert len(named) == 1 and named != [scene.table.target]


def test_what_there_is_not_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"no such perturbation: fog; there are: all, dark, .*other_task"):
        select("dark, fog", setting())
    with pytest.raises(ValueError, match="empty list"):
        select(" , ", setting())


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("object_color", setting(PILLARS), "in the scene pillars sentences tell objects by their colours"),
        ("dark", setting(lacking="scene", covered=frozenset({"side"})), "every camera is covered"),
        ("shadows", setting(PILLARS, lacking="camera"), "a policy has no camera"),
        ("typos", setting(lacking="instruction"), "a policy does not have 'instruction'"),
        ("state_noise", setting(lacking="joints"), "a policy does not have 'joints'"),
        ("word_order", setting(sentences="held_out"), "not every sentence is a plain imperative"),
    ],
)
def test_what_cannot_be_is_refused_where_named_and_skipped_where_all_are_asked_for(
    name: str, given: Setting, reason: str
) -> None:
    with pytest.raises(ValueError, match=f"{name} \\(.*{reason}.*\\); possible are: "):
        select(name, given)
    selection = select("all", given)
    assert reason in {each.name: why for each, why in selection.skipped}[name]
    assert name not in [each.name for each in selection.chosen] and selection.chosen


def test_the_order_is_the_catalogues_and_none_comes_twice() -> None:
    assert [each.name for each in select("jpeg,dark,jpeg", setting()).chosen] == ["dark", "jpeg"]
    assert select(None, setting()).chosen == ()


def test_a_robot_of_ones_own_is_told_what_is_not_laid_out_for_it() -> None:
    here = setting()
    selection = select("all", replace(here, robot=replace(here.robot, name="mine")))
    assert {each.name: why for each, why in selection.skipped} == {
        "distractors": "it is not laid out for a mine",
        "start_pose": "it is not laid out for a mine",
        "state_noise": "nobody said how badly a mine measures",
        "state_offset": "nobody said how badly a mine measures",
    }
