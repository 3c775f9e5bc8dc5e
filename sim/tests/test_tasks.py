"""Sentences: enough of them, and none that would spoil a measurement."""

import itertools
from collections import Counter

import pytest

from late_fusion_sim.placements import SCENES
from late_fusion_sim.tasks import load_tasks, select_tasks


def bare(sentence: str) -> str:
    """Its words alone: whoever has heard it with a capital or a question mark has heard it."""
    return " ".join("".join(each for each in sentence.lower() if each.isalnum() or each in " {}").split())


def test_every_task_has_its_place_and_its_sentences() -> None:
    for task in load_tasks().values():
        ends = SCENES[task.scene].placement.ends if SCENES[task.scene].placement else {None: 0.0}
        assert task.end in ends
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
    assert [name for name in load_tasks() if name not in {task.name for task in select_tasks(None)}] == ["reach"]
    with pytest.raises(ValueError, match="no such task: drawer-opened; there are: button-press-topdown, "):
        select_tasks("drawer-open,drawer-opened")
    with pytest.raises(ValueError, match="no such task"):
        select_tasks(" , ")
