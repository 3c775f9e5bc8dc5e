"""One short round of everything: experts are recorded, a policy is trained from them, and the node runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from program import ROOT, executable

ROUNDS = {
    # By the training file: what is shown, how often, in which scenes, and how many commands per second it takes.
    "tabletop": ("button-press-topdown,drawer-open,drawer-close", 3, ["button", "drawer"], 40.0),
    "diff_drive": ("drive-red,drive-green,drive-blue", 2, ["pillars"], 20.0),
}


def run(*command: str | Path, environment: dict[str, str]) -> str:
    """What a command that must succeed has said."""
    done = subprocess.run(
        [str(word) for word in command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def environment() -> dict[str, str]:
    """The simulator to import; its programs choose their ROS domains and stay on this machine by themselves."""
    found = os.pathsep.join(filter(None, [str(ROOT / "sim"), os.environ.get("PYTHONPATH")]))
    return {key: value for key, value in os.environ.items() if key != "ROS_DOMAIN_ID"} | {"PYTHONPATH": found}


@pytest.mark.parametrize("name", ROUNDS)
def test_what_was_recorded_is_learned_and_run(tmp_path: Path, environment: dict[str, str], name: str) -> None:
    shown, demonstrations, scenes, rate_hz = ROUNDS[name]
    bags, policy, report = tmp_path / "demonstrations", tmp_path / "policy", tmp_path / "report.json"
    record: list[str | Path] = [
        sys.executable,
        "-m",
        "late_fusion_sim.record",
        bags,
        "--late-fusion",
        executable("late_fusion"),
    ]
    run(*record, "--tasks", shown, "--episodes", str(demonstrations), environment=environment)
    assert sorted(file.parent.name for file in bags.glob("*/metadata.yaml")) == scenes

    training = ROOT / f"config/train/{name}.yaml"
    run(executable("late_fusion"), "train", training, bags, "--out", policy, environment=environment)
    learned = json.loads((policy / "report.json").read_text())
    assert sum(bag["used"] for bag in learned["bags"]) == len(shown.split(",")) * demonstrations
    # Where a picture may be late, none has arrived yet at the first labels of an episode.
    too_early = sum(lost["nothing_yet"] for lost in learned["skipped"].values())
    assert learned["labels"]["samples"] == learned["labels"]["found"] - too_early > 0
    assert too_early <= 2 * len(shown.split(",")) * demonstrations
    losses = [epoch["training_loss"] for epoch in learned["epochs"]]
    assert losses[-1] < 0.5 * losses[0], "it has learned something"

    demo: list[str | Path] = [sys.executable, "-m", "late_fusion_sim.demo", "--node", executable("late_fusion_node")]
    options: list[str | Path] = ["--policy", policy, "--tasks", shown, "--report", report, "--out", tmp_path / "demo"]
    run(*demo, *options, environment=environment)
    figures = json.loads(report.read_text())
    assert figures["mode"] == "lockstep"
    assert figures["control_rate_hz"]["achieved"] == pytest.approx(rate_hz)
    assert list(figures["tasks"]) == shown.split(",")
    for task in figures["tasks"].values():
        assert task["success"] + task["wrong_task"] + task["timeout"] == task["episodes"] == 1
    assert (tmp_path / "demo" / "demo.gif").stat().st_size > 0


# By what is asked for: how often, and how many successes and wrong tasks are expected. Lockstep does not depend on the
# machine's speed; 140 of 140 were measured of the seven, and 10 of 10 of each of the four here, so this leaves room for
# its arithmetic.
SHIPPED = {
    None: (3, 18, 1),
    "button-press-v3,door-open-v3,drawer-open-v3,plate-slide-back-v3": (2, 6, 0),
}


@pytest.mark.parametrize("tasks", SHIPPED)
def test_the_shipped_policies_obey(tmp_path: Path, environment: dict[str, str], tasks: str | None) -> None:
    episodes, fewest, most_wrong = SHIPPED[tasks]
    report = tmp_path / "report.json"
    demo: list[str | Path] = [sys.executable, "-m", "late_fusion_sim.demo", "--node", executable("late_fusion_node")]
    options: list[str | Path] = ["--episodes", str(episodes), "--report", report, "--out", tmp_path / "demo"]
    options += ["--tasks", tasks] if tasks else []
    run(*demo, *options, environment=environment)
    figures = json.loads(report.read_text())["tasks"]
    obeyed = {name: task["success"] for name, task in figures.items()}
    assert sum(obeyed.values()) >= fewest, obeyed
    assert sum(task["wrong_task"] for task in figures.values()) <= most_wrong, figures
