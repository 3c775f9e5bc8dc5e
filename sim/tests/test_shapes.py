"""Shapes on the table: only the sentence says which is meant, only the picture where it is."""

from collections.abc import Iterator

import mujoco
import numpy as np
import pytest
from stages import table

from late_fusion_sim.expert import expert_of
from late_fusion_sim.faults import Fault
from late_fusion_sim.judge import judge_of
from late_fusion_sim.placements import EVALUATION_SEEDS
from late_fusion_sim.robot import SAWYER, Observation
from late_fusion_sim.shapes import ALL_SHAPES, APART, NEVER_TRAINED, ON_TABLE, Layout
from late_fusion_sim.tasks import load_tasks
from late_fusion_sim.world import World

REACH = load_tasks()["reach"]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def test_a_layout_depends_on_its_seed_and_keeps_shapes_apart() -> None:
    for seed in range(200):
        layout = Layout.draw(seed, ALL_SHAPES)
        again = Layout.draw(seed, ALL_SHAPES)
        assert (list(layout.positions), layout.target) == (list(again.positions), again.target)
        assert np.array_equal(list(layout.positions.values()), list(again.positions.values()))
        assert len(layout.positions) == ON_TABLE
        places = np.array(list(layout.positions.values()))[:, :2]
        distances = np.linalg.norm(places[:, None] - places[None], axis=2)
        assert distances[~np.eye(ON_TABLE, dtype=bool)].min() >= APART


def test_what_is_never_trained_is_never_a_target_while_recording(world: World) -> None:
    scene = table(world, "shapes")
    seen = set()
    for seed in range(60):
        scene.reset(seed)
        seen.add(scene.table.target)
    assert not seen & NEVER_TRAINED
    assert {shape.colour for shape in seen} == {shape.colour for shape in ALL_SHAPES}
    assert {shape.shape for shape in seen} == {shape.shape for shape in ALL_SHAPES}


def test_another_shape_can_be_meant_until_the_fingers_are_near(world: World) -> None:
    scene, rng = table(world, "shapes"), np.random.default_rng(1)
    scene.reset(3)
    places = dict(scene.table.positions)
    meant = set()
    for _ in range(100):
        scene.change_target(rng, away_m=0.0)
        meant.add(scene.table.target)
    assert meant == {shape for shape in places if shape not in NEVER_TRAINED} and len(meant) > 1
    assert scene.table.positions == places, "nothing on the table has moved"
    before = scene.table.target
    for _ in range(20):
        scene.change_target(rng, away_m=10.0)
        assert scene.table.target == before


def test_the_expert_touches_what_is_meant_and_nothing_before(world: World) -> None:
    scene = table(world, "shapes")
    for seed in EVALUATION_SEEDS[:10]:
        scene.reset(seed)
        expert, judge = expert_of(REACH), judge_of(REACH, scene)
        verdict = None
        for _ in range(SAWYER.command_limit):
            scene.step(expert.act(scene))
            if verdict := judge.verdict():
                break
        assert verdict == "success", seed


def test_touching_another_shape_first_is_the_opposite(world: World) -> None:
    scene = table(world, "shapes")
    scene.reset(EVALUATION_SEEDS.start)
    judge = judge_of(REACH, scene)
    target, other = list(scene.table.positions)[:2]
    # The other one takes the target's place for the expert, and stays where it is for the judge.
    meant = dict(scene.table.positions)
    for _ in range(SAWYER.command_limit):
        scene.table.positions[target] = meant[other]
        command = expert_of(REACH).act(scene)
        scene.table.positions[target] = meant[target]
        scene.step(command)
        if verdict := judge.verdict():
            break
    assert verdict == "wrong_task"


def test_sentences_name_the_target_and_pictures_show_it(world: World) -> None:
    scene = table(world, "shapes")
    scene.reset(3)
    colour, shape = scene.table.target
    assert scene.phrase("reach the {colour} {shape}") == f"reach the {colour} {shape}"
    before = scene.observe(frozenset({"scene", "side"}))
    # Nothing else moves, not even the arm.
    scene.env.model.body(scene.table.target.body).pos = (0.0, 0.0, -2.0)
    mujoco.mj_forward(scene.env.model, scene.env.data)
    after = scene.observe(frozenset({"scene", "side"}))
    for name in ("scene", "side"):
        changed = (before.pictures[name] != after.pictures[name]).any(axis=2).sum()
        assert changed > 20, name


def test_a_fault_covers_or_silences_one_camera() -> None:
    picture = np.full((2, 2, 3), 7, dtype=np.uint8)
    observation = Observation({"scene": picture, "side": picture}, np.zeros(4))
    covered = Fault.covered("side").apply(observation, 0)
    assert covered.pictures["side"].max() == 0 and covered.pictures["scene"] is picture
    cut = Fault.cut("scene@20")
    assert cut.apply(observation, 19) is observation
    assert "scene" not in cut.apply(observation, 20).pictures
    for bad in ("nose@3", "scene", "scene@x"):
        with pytest.raises(ValueError):
            Fault.cut(bad)
