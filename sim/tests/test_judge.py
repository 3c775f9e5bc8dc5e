"""Experts succeed, and a judge tells success from the wrong task."""

from types import SimpleNamespace
from typing import Any

import pytest

from late_fusion_sim.expert import Expert, expert_of
from late_fusion_sim.judge import Judge, PairJudge, Witness, judge_of
from late_fusion_sim.placements import EVALUATION_SEEDS
from late_fusion_sim.robot import SAWYER
from late_fusion_sim.tasks import load_tasks
from late_fusion_sim.world import AnyScene, World

TASKS = load_tasks()
OPPOSITES = {
    "drawer-open": "drawer-close",
    "drawer-close": "drawer-open",
    "faucet-open": "faucet-close",
    "faucet-close": "faucet-open",
    "push-left": "push-right",
    "push-right": "push-left",
}


def play(scene: AnyScene, judge: Judge, expert: Expert, delay: int = 0) -> str | None:
    """Plays an expert whose commands take effect `delay` control periods late."""
    commands = [scene.at_rest] * delay
    for _ in range(scene.robot.command_limit):
        commands.append(expert.act(scene))
        scene.step(commands.pop(0))
        if verdict := judge.verdict():
            return verdict
    return None


@pytest.mark.parametrize("name", TASKS)
def test_experts_obey_from_common_starts(world: World, name: str) -> None:
    scene, expert = world.enter(TASKS[name].scene), expert_of(TASKS[name])
    for seed in [*range(5), *EVALUATION_SEEDS[:5]]:
        scene.reset(seed)
        assert play(scene, judge_of(TASKS[name], scene), expert) == "success", f"seed {seed}"


@pytest.mark.parametrize("name", TASKS)
def test_experts_stand_the_delay_of_a_real_robot(world: World, name: str) -> None:
    scene, expert = world.enter(TASKS[name].scene), expert_of(TASKS[name])
    for seed in range(5):
        scene.reset(seed)
        assert play(scene, judge_of(TASKS[name], scene), expert, delay=2) == "success", f"seed {seed}"


@pytest.mark.parametrize(("asked", "played"), OPPOSITES.items())
def test_the_other_expert_does_the_opposite(world: World, asked: str, played: str) -> None:
    scene, expert = world.enter(TASKS[asked].scene), expert_of(TASKS[played])
    for seed in range(5):
        scene.reset(seed)
        assert play(scene, judge_of(TASKS[asked], scene), expert) == "wrong_task", f"seed {seed}"


@pytest.mark.parametrize("name", TASKS)
def test_doing_nothing_is_neither(world: World, name: str) -> None:
    scene = world.enter(TASKS[name].scene)
    scene.reset(0)
    judge = judge_of(TASKS[name], scene)
    for _ in range(SAWYER.command_limit):
        scene.step(scene.at_rest)
    assert judge.verdict() is None


def test_a_witness_says_what_happened(world: World) -> None:
    for name, happened in {"drawer-open": "open", "faucet-close": "closed", "button-press-topdown": "done"}.items():
        scene = world.enter(TASKS[name].scene)
        scene.reset(2)
        assert play(scene, Witness(scene), expert_of(TASKS[name])) == happened


@pytest.mark.parametrize(
    ("joint", "verdict"),
    [(0.0, None), (0.79, None), (0.81, "success"), (-0.24, None), (-0.26, "wrong_task")],
)
def test_shares_of_the_remaining_travel_decide(joint: float, verdict: str | None) -> None:
    scene: Any = SimpleNamespace(joint=0.0, pair=SimpleNamespace(ends={"open": 1.0, "closed": -0.5}))
    judge = PairJudge(scene, "open")
    scene.joint = joint
    assert judge.verdict() == verdict
