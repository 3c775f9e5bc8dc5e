"""Parameter, training and launch files of other robots fit together, and the node would start with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from launching import EXAMPLES, launched
from policies import Policy, colour, sentence, vector
from program import ROOT, Program

STATES = ("sensor_msgs/msg/JointState", "nav_msgs/msg/Odometry")
"""What a robot measures of itself; the launch file's argument is named after the modality."""

PARAMETERS = sorted((ROOT / "config" / "examples").glob("*.param.yaml"))


def robot_of(path: Path) -> str:
    return path.name.partition(".")[0]


def policy_of(robot: str, folder: Path) -> Path:
    """A policy with what the robot's training file names, and encoders small enough to load at once."""
    training = yaml.safe_load((ROOT / "config" / "train" / f"{robot}.yaml").read_text(encoding="utf-8"))
    small = {
        "image": lambda each: colour(each["name"], folder),
        "text": lambda each: sentence(each["name"], folder),
        "vector": lambda each: vector(each["name"], *each["names"]),
    }
    modalities = [small[each["kind"]](each) for each in training["modalities"]]
    actions = training["actions"]
    weight = np.zeros((len(actions), sum(each["width"] for each in modalities)))
    return Policy(folder, modalities, weight, np.zeros(len(actions)), actions).write()


def test_there_is_a_robot_to_try() -> None:
    assert [robot_of(path) for path in PARAMETERS] == [robot_of(path) for path in sorted(EXAMPLES.glob("*.xml"))]
    assert PARAMETERS


@pytest.mark.parametrize("parameters", PARAMETERS, ids=robot_of)
def test_what_an_example_says_is_accepted(start: Callable[..., Program], tmp_path: Path, parameters: Path) -> None:
    policy = policy_of(robot_of(parameters), tmp_path / "policy")
    checked = start("late_fusion", "check", "--params-file", str(parameters), "--policy", str(policy))
    assert checked.wait() == 0, checked.log()


@pytest.mark.parametrize("parameters", PARAMETERS, ids=robot_of)
def test_the_launch_file_of_an_example_takes_its_parameters(
    start: Callable[..., Program], tmp_path: Path, parameters: Path
) -> None:
    policy = policy_of(robot_of(parameters), tmp_path / "policy")
    file = EXAMPLES / f"{robot_of(parameters)}.launch.xml"
    wired = yaml.safe_load(parameters.read_text(encoding="utf-8"))["/**/late_fusion"]["ros__parameters"]["modalities"]
    [(name, state)] = [(name, each) for name, each in wired.items() if each["message"] in STATES]
    words = launched(tmp_path, file, policy=str(policy), **{f"{name}_topic": "elsewhere"})
    assert str(parameters) in words and f"{state['topic']}:=elsewhere" in words
    checked = start("late_fusion", "check", "--params-file", str(parameters), *words)
    assert checked.wait() == 0, checked.log()
