"""A scene's start depends on its seed alone, and its picture shows the world as it is."""

import mujoco
import numpy as np
import pytest
from stages import table

from late_fusion_sim.camera import MOUNTS, BlankFrame, Cameras
from late_fusion_sim.expert import expert_of
from late_fusion_sim.placements import EVALUATION_SEEDS, RECORDING_SEEDS, SCENES, Placement
from late_fusion_sim.scene import Scene
from late_fusion_sim.tasks import load_tasks
from late_fusion_sim.world import World


def state_of(scene: Scene) -> np.ndarray:
    data, model = scene.env.data, scene.env.model
    return np.concatenate([data.qpos, data.qvel, data.mocap_pos.ravel(), model.body_pos.ravel()])


@pytest.mark.parametrize("name", [task.name for task in load_tasks().values() if task.scene in SCENES])
def test_a_start_depends_on_the_seed_and_not_on_what_was_played(world: World, name: str) -> None:
    task = load_tasks()[name]
    scene = table(world, task.scene)
    scene.reset(7)
    first = state_of(scene)
    scene.reset(8)
    other = state_of(scene)
    expert = expert_of(task)
    for _ in range(40):
        scene.step(expert.act(scene))
    scene.reset(7)
    assert np.array_equal(state_of(scene), first)
    assert not np.array_equal(other, first)
    assert not scene.solved


def placement_of(name: str) -> Placement:
    """Where the pair of a scene starts."""
    placement = SCENES[name].placement
    assert placement
    return placement


@pytest.mark.parametrize("name", ["drawer", "faucet"])
def test_pairs_start_inside_their_ranges(world: World, name: str) -> None:
    scene, placement = table(world, name), placement_of(name)
    starts = []
    for seed in range(50):
        scene.reset(seed)
        position = scene.env.data.body(placement.body).xpos
        for value, (low, high) in zip(
            [*position, scene.joint], [placement.x, placement.y, placement.z, placement.start]
        ):
            assert low <= value <= high
        starts.append(scene.joint)
    assert np.ptp(starts) > 0.8 * (placement.start[1] - placement.start[0])


def test_the_starts_of_recordings_are_all_over_the_range_and_denser_at_its_edge() -> None:
    placement = placement_of("faucet")
    starts = np.array([[*position[:2], joint] for position, joint in map(placement.draw, range(40))])
    low, high = np.transpose([placement.x, placement.y, placement.start])
    assert (starts >= low).all() and (starts <= high).all()
    shares = (starts - low) / (high - low)
    aside = np.minimum(shares, 1.0 - shares)
    assert (aside < 0.01).any(axis=0).all(), "some lie on every axis' edge"
    assert ((aside < 0.15).mean(axis=0) > 0.4).all(), "of which evenly spread starts would have 0.3"
    for few in (shares[:10], shares[10:20]):
        for axis in few.T:
            assert set(np.minimum(axis * 3, 2.999).astype(int)) == {0, 1, 2}, "a few are everywhere already"


def test_training_and_evaluation_share_no_start() -> None:
    assert not set(RECORDING_SEEDS) & set(EVALUATION_SEEDS)


@pytest.mark.parametrize("name", [name for name, spec in SCENES.items() if not spec.benchmark])
def test_pictures_show_the_arm_and_change_with_it(world: World, name: str) -> None:
    scene = table(world, name)
    scene.reset(1)
    before = scene.observe()
    assert before.pictures["scene"].shape == (224, 224, 3) and before.pictures["scene"].dtype == np.uint8
    assert before.pictures["scene"].flags["C_CONTIGUOUS"]
    assert before.pictures["scene"].std() > 10
    for _ in range(10):
        scene.step(np.array([1.0, 0.0, 0.0, 0.0]))
    after = scene.observe()
    assert after.state[0] > before.state[0] + 0.05
    assert (after.pictures["scene"] != before.pictures["scene"]).any(axis=2).sum() > 200


def test_the_picture_is_upright_and_not_mirrored(world: World) -> None:
    scene = table(world, "drawer")
    scene.reset(1)
    here = centre_of_green(scene)
    camera = scene.env.data.camera("corner2")
    towards = -camera.xmat.reshape(3, 3)[:, 2]
    right = np.cross(towards, [0.0, 0.0, 1.0])
    move(scene, np.array([0.0, 0.0, 0.2]))
    raised = centre_of_green(scene)
    move(scene, np.array([0.0, 0.0, -0.2]) + 0.2 * right)
    moved_right = centre_of_green(scene)
    assert raised[0] < here[0] - 5, "what is raised moves up, to lower rows"
    assert moved_right[1] > here[1] + 5, "what moves to the viewer's right moves to higher columns"


def move(scene: Scene, by: np.ndarray) -> None:
    scene.env.model.body("drawer").pos += by
    mujoco.mj_forward(scene.env.model, scene.env.data)


def centre_of_green(scene: Scene) -> np.ndarray:
    red, green, blue = np.moveaxis(scene.observe().pictures["scene"].astype(int), 2, 0)
    pixels = np.argwhere((green > red + 40) & (green > blue + 40))
    assert len(pixels) > 50
    return pixels.mean(axis=0)


def test_the_first_picture_is_like_the_others(world: World) -> None:
    scene = table(world, "drawer")
    scene.reset(4)
    first = scene.observe().pictures["scene"]
    scene.reset(4)
    assert np.array_equal(scene.observe().pictures["scene"], first)


def test_the_goal_is_not_in_the_picture(world: World) -> None:
    scene = table(world, "drawer")
    scene.reset(1)
    before = scene.observe().pictures["scene"]
    scene.env.model.site("goal").pos = [0.2, 0.6, 0.3]
    mujoco.mj_forward(scene.env.model, scene.env.data)
    assert np.array_equal(scene.observe().pictures["scene"], before)
    # It was in view: drawn, it would be seen.
    cameras = scene._cameras
    assert cameras
    cameras._options.sitegroup[:] = 1
    assert not np.array_equal(scene.observe().pictures["scene"], before)


def test_a_second_camera_is_refused(world: World) -> None:
    scene = table(world, "button")
    scene.reset(0)
    scene.observe()
    with pytest.raises(RuntimeError, match="open already"):
        Cameras(scene.env.model, MOUNTS, scene.look)


def test_changing_scenes_keeps_pictures(world: World) -> None:
    pictures = []
    for name in ["button", "drawer", "button"]:
        scene = table(world, name)
        scene.reset(3)
        pictures.append(scene.observe().pictures["scene"])
    assert np.array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], pictures[1])


def test_a_blank_picture_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = table(world, "button")
    scene.reset(0)
    scene.observe()
    monkeypatch.setattr(mujoco.Renderer, "render", lambda self: np.zeros((224, 224, 3), np.uint8))
    with pytest.raises(BlankFrame, match="MUJOCO_GL"):
        scene.observe()


def test_an_unknown_scene_is_named(world: World) -> None:
    with pytest.raises(ValueError, match="'kitchen'; there are: button, shapes, drawer, window, faucet"):
        world.enter("kitchen")
