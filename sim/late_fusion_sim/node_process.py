"""The node under test as a process, and the parameters that it is started with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from late_fusion_sim.latency import NO_LATENCY, Latency
from late_fusion_sim.process import Process
from late_fusion_sim.robot import SAWYER, Robot
from late_fusion_sim.ros import NodeTrouble

REPOSITORY = Path(__file__).resolve().parents[2]


def shipped_policy(robots: Iterable[Robot]) -> Path:
    """The folder of the policy that ships for these robots. ValueError where there is none, or not the same for all."""
    policies = {robot.policy for robot in robots}
    if len(policies) != 1:
        raise ValueError("different policies ship for these tasks; name one with --policy")
    [policy] = policies
    if policy is None:
        raise ValueError("no policy ships for this robot; name one with --policy")
    return REPOSITORY / policy


def senses_of(policy: Path | None, robot: Robot = SAWYER) -> frozenset[str]:
    """The names of a policy's modalities; those of the shipped parameters where there is no policy to read."""
    file = (policy or Path("")) / "policy.yaml"
    if policy is not None and file.is_file():
        return frozenset(each["name"] for each in yaml.safe_load(file.read_text(encoding="utf-8"))["modalities"])
    [section] = yaml.safe_load((REPOSITORY / robot.parameter_file).read_text(encoding="utf-8")).values()
    return frozenset(section["ros__parameters"]["modalities"])


def camera_parameters(robot: Robot, camera: str) -> dict[str, str]:
    """How a camera is wired."""
    return {"topic": robot.cameras[camera], "message": "sensor_msgs/msg/Image"}


def changed_parameter(text: str) -> tuple[list[str], object]:
    """Reads NAME=VALUE, the value as a parameter file would have it: the name's parts, and the value.

    Raises ValueError for anything else.
    """
    name, separator, value = text.partition("=")
    if not (separator and all(name.split("."))):
        raise ValueError(f"{text!r} is not NAME=VALUE, for example chunk.ensemble=temporal")
    return name.split("."), yaml.safe_load(value)


def node_parameters(
    policy: Path | None,
    *,
    lockstep: bool,
    required: frozenset[str] | None = None,
    changes: tuple[tuple[list[str], object], ...] = (),
    latency: Latency = NO_LATENCY,
    robot: Robot = SAWYER,
) -> dict:
    """The parameters that the project ships, for the simulator's clock and pace, and for a policy of one's own.

    Of its modalities those named in `required` are; all of them where nothing is said. In lockstep late pictures are
    stamped when they come, and the node is told how late that is. Whatever is in `changes` has the last word.
    """
    [section] = yaml.safe_load((REPOSITORY / robot.parameter_file).read_text(encoding="utf-8")).values()
    parameters = section["ros__parameters"]
    # The shipped path counts from the repository, wherever the demo is started.
    parameters["policy"] = str(policy.resolve() if policy is not None else REPOSITORY / parameters["policy"])
    parameters["use_sim_time"] = parameters["lockstep"] = lockstep
    parameters["control_rate_hz"] = robot.control_rate_hz
    optional = {name: camera_parameters(robot, name) for name in sorted(robot.optional_cameras)}
    wired = {**parameters["modalities"], **optional}
    parameters["modalities"] = {name: wired[name] for name in wired if name in senses_of(policy, robot)}
    for name, modality in parameters["modalities"].items():
        if required is not None:
            modality["required"] = name in required
        if lockstep and latency.camera_s and name in robot.cameras:
            modality["stamp_delay_s"] = latency.stamp_delay_s(robot.control_period_ns)
    for (*folders, name), value in changes:
        place = parameters
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return {"late_fusion": section}


class NodeProcess(Process):
    """The running node. Use it as a context: leaving it stops the node."""

    def __init__(self, executable: Path, parameters: dict, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.parameter_file = folder / "late_fusion.param.yaml"
        self.parameter_file.write_text(yaml.safe_dump(parameters, sort_keys=False), encoding="utf-8")
        command = [str(executable.resolve()), "--ros-args", "--params-file", str(self.parameter_file)]
        super().__init__(command, folder / "late_fusion_node.log")

    def check(self) -> None:
        """Raises when the node has ended by itself."""
        status = self.status()
        if status is not None:
            raise NodeTrouble(f"the node ended by itself with status {status}")
