"""Sentences: enough of them, and none that would spoil a measurement."""

import itertools
from collections import Counter

import pytest

from late_fusion_sim.diff_drive_scene import PILLARS
from late_fusion_sim.placements import SCENES
from late_fusion_sim.robot import DIFF_DRIVE, SO101
from late_fusion_sim.so101_scene import ENDS
from late_fusion_sim.tasks import load_tasks, select_tasks
from late_fusion_sim.world import ROBOT_OF_SCENE, robot_of


def bare(sentence: str) -> str:
    """Its words alone: whoever has heard it with a capital or a question mark has heard it."""
    return " ".join("".join(each for each in sentence.lower() if each.isalnum() or each in " {}").split())


def ends_of(scene: str) -> set[str | None]:
    """The ends that the tasks of a scene may want."""
    of_robot = {SO101.name: ENDS, DIFF_DRIVE.name: PILLARS}.get(ROBOT_OF_SCENE[scene].name)
    if of_robot:
        return set(of_robot)
    placement = SCENES[scene].placement
    return set(placement.ends) if placement else {None}


def test_every_task_has_its_place_and_its_sentences() -> None:
    for task in load_tasks().values():
        assert task.end in ends_of(task.scene)
        assert task.robot == ROBOT_OF_SCENE[task.scene].name
        assert len(task.training) >= 7
        assert task.demo in task.training
        assert len(task.held_out) >= 3


def test_no_sentence_stands_twice() -> None:
    # Not in two tasks of one scene, which would be contradictory: "open it" may mean the drawer here, the window there.
    sentences = Counter(
        (task.scene, bare(sentence)) for task in load_tasks().values() for sentence in (*task.training, *task.held_out)
    )
    assert [sentence for sentence, count in sentences.items() if count > 1] == []


def test_what_is_held_out_is_in_no_recording() -> None:
    tasks = load_tasks().values()
    trained = {bare(sentence) for task in tasks for sentence in task.training}
    assert [sentence for task in tasks for sentence in task.held_out if bare(sentence) in trained] == []


def test_tasks_of_one_scene_stand_together() -> None:
    scenes = [task.scene for task in load_tasks().values()]
    changes = sum(before != after for before, after in itertools.pairwise(scenes))
    assert changes == len(set(scenes)) - 1


def test_selection() -> None:
    assert [task.name for task in select_tasks("faucet-open, drawer-open")] == ["drawer-open", "faucet-open"]
    assert [task.name for task in select_tasks("window,drawer-open")] == ["drawer-open", "window-open", "window-close"]
    by_default = {task.name for task in select_tasks(None)}
    assert [name for name in load_tasks() if name not in by_default] == [
        *("reach", "push-left", "push-right"),
        *("drive-red", "drive-green", "drive-blue"),
    ]
    with pytest.raises(ValueError, match="no such task: drawer-opened; there are: button-press-topdown, "):
        select_tasks("drawer-open,drawer-opened")
    with pytest.raises(ValueError, match="no such task"):
        select_tasks(" , ")


def test_tasks_of_one_robot_go_together() -> None:
    assert robot_of(select_tasks("cube")) == SO101
    with pytest.raises(ValueError, match="several robots: sawyer, so101"):
        robot_of(select_tasks("drawer,push-left"))
