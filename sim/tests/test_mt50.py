"""Meta-World's fifty tasks are Meta-World's own, and counted as others count them."""

import numpy as np
import pytest
from metaworld.env_dict import ALL_V3_ENVIRONMENTS
from stages import table

from late_fusion_sim import mt50, mt50_table
from late_fusion_sim.expert import expert_of
from late_fusion_sim.placements import EVALUATION_SEEDS, SCENES
from late_fusion_sim.scene import Scene
from late_fusion_sim.tasks import all_tasks, select_tasks
from late_fusion_sim.world import World, robot_of

THOSE_THAT_MOVE_GOALS = (
    "reach-v3",
    "box-close-v3",
    "peg-insert-side-v3",
    "push-back-v3",
    "shelf-place-v3",
    "assembly-v3",
)


def state_of(scene: Scene) -> np.ndarray:
    data = scene.env.data
    return np.concatenate([data.qpos, data.qvel, data.mocap_pos.ravel(), data.site_xpos.ravel(), scene.whole_state])


def test_all_of_meta_world_is_there_in_four_groups() -> None:
    assert sorted(mt50.names()) == sorted(ALL_V3_ENVIRONMENTS)
    assert [len(mt50.sentences()[difficulty]) for difficulty in mt50.DIFFICULTIES] == [28, 11, 6, 5]
    assert "soccer-v3" in mt50.sentences()["medium"]
    for name in mt50.names():
        task = all_tasks()[name]
        assert task.scene == name and task.training == (task.demo,)


def test_selection() -> None:
    fifty = select_tasks("mt50")
    assert [task.name for task in fifty] == list(mt50.names())
    assert robot_of(fifty).command_limit * robot_of(fifty).steps_per_command == 500
    assert [task.name for task in select_tasks("mt50-very_hard,reach-v3")] == [
        "reach-v3",
        *mt50.sentences()["very_hard"],
    ]
    assert not {task.name for task in select_tasks(None)} & set(mt50.names())
    with pytest.raises(ValueError, match=r"no such task: reach-v2; there are: .*, reach-v3, .* and mt50, mt50-easy"):
        select_tasks("reach-v2")


@pytest.mark.parametrize("name", THOSE_THAT_MOVE_GOALS)
def test_a_start_depends_on_the_seed_and_not_on_what_was_played(world: World, name: str) -> None:
    scene = table(world, name)
    expert = expert_of(all_tasks()[name])
    for seed in (7, EVALUATION_SEEDS.start + 7):
        scene.reset(seed)
        first = state_of(scene)
        scene.reset(seed + 1)
        other = state_of(scene)
        for _ in range(40):
            scene.step(expert.act(scene))
        scene.reset(seed)
        assert np.array_equal(state_of(scene), first)
        assert not np.array_equal(other, first)


def test_evaluation_starts_where_meta_world_would(world: World) -> None:
    seed = EVALUATION_SEEDS.start + 3
    scene = table(world, "push-v3")
    scene.reset(seed)
    theirs = ALL_V3_ENVIRONMENTS["push-v3"]()
    theirs._set_task_called, theirs._freeze_rand_vec, theirs.seeded_rand_vec = True, False, True
    theirs.seed(seed)
    theirs.reset()
    assert np.array_equal(scene.env.data.qpos, theirs.data.qpos)
    assert np.array_equal(scene.env._get_pos_goal(), theirs._get_pos_goal())


def test_recordings_spread_their_starts(world: World) -> None:
    scene = table(world, "reach-v3")
    goals = []
    for seed in range(24):
        scene.reset(seed)
        goals.append(scene.env._get_pos_goal())
    space = scene.env._random_reset_space
    shares = (np.array(goals) - space.low[3:]) / (space.high[3:] - space.low[3:])
    assert (shares >= 0).all() and (shares <= 1).all()
    thirds = np.minimum(shares * 3, 2.999).astype(int)
    for axis in thirds.T:
        assert min(np.bincount(axis, minlength=3)) >= 4, "of random ones some third has fewer in one case of two"
    assert (np.minimum(shares, 1.0 - shares) < 0.02).any(axis=0).all(), "some lie on every axis' edge"


def test_benchmark_pictures_are_finer_and_goals_drawn_where_nothing_else_tells_them(world: World) -> None:
    pictures = []
    for spec in (SCENES["reach-v3"], SCENES["button"]):
        scene = Scene("", spec)
        scene.reset(0)
        goal = scene.env.model.site("goal" if spec.benchmark else "buttonStart").id
        shown = scene.observe().pictures["scene"]
        assert shown.shape == ((360, 360, 3) if spec.benchmark else (224, 224, 3))
        scene.env.model.site_rgba[goal] = [0.0, 1.0, 1.0, 1.0]
        scene.env.model.site_size[goal] = 0.05
        pictures.append(np.array_equal(shown, scene.observe().pictures["scene"]))
        scene.leave()
    assert pictures == [False, True]


@pytest.mark.parametrize("name", ["pick-place-v3", "door-open-v3", "assembly-v3"])
def test_experts_show_how_it_is_done(world: World, name: str) -> None:
    scene, expert = table(world, name), expert_of(all_tasks()[name])
    scene.reset(0)
    for _ in range(scene.robot.demonstration_limit):
        scene.step(expert.act(scene))
        if scene.solved:
            break
    assert scene.solved


def test_the_table_has_groups_and_times() -> None:
    rows = {name: {"episodes": 2, "success_after_commands": [40, 220]} for name in mt50.names()}
    rows["soccer-v3"] = {"episodes": 2, "success_after_commands": []}
    rows["reach-v3"] = {"episodes": 2, "success_after_commands": [51]}
    head, _, *lines = mt50_table.tables([{"tasks": rows}])
    assert "easy (28)" in head and "very hard (5)" in head
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[:3]]
    assert [row[0] for row in cells] == ["100 steps", "400 steps", "500 steps"]
    # 40 commands are 80 steps, 51 are 102: one of 56 more fails in the easy group within 100 steps.
    assert cells[0][1:6] == ["48.2", "45.5", "50.0", "50.0", "48.4"]
    assert cells[2][1:6] == ["98.2", "90.9", "100.0", "100.0", "97.3"]
    assert cells[2][6].startswith("97.0 [91.5, 99.0]")
    assert "reach-v3 50" in lines[-1] and "soccer-v3 0, reach-v3 50." in lines[-1]
    assert mt50_table.tables([{"tasks": {"reach-v3": rows["reach-v3"]}}]) == []
