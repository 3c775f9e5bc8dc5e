"""What a robot looks like from outside: what it moves, its cameras, its rate, and what its commands mean.

Everything else here (bridge, paces, demonstrations, reports) asks the robot instead of knowing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np


@dataclass(frozen=True)
class Observation:
    """What a robot would have on its topics."""

    pictures: dict[str, np.ndarray]
    """What each camera sees that somebody wants: uint8 of shape (rows, columns, 3), rgb. A fault may have taken any of
    them."""
    state: np.ndarray
    """What is measured, in the order of `Robot.axes`: positions of joints, velocities of a base."""


@dataclass(frozen=True)
class Robot:
    """One kind of robot."""

    name: str
    axes: tuple[str, ...]
    """The numbers of its state and of a command, by their names: the joints of an arm, the directions of a base."""
    cameras: dict[str, str]
    """The topics of its cameras, by the names of the modalities; the first gives the report its pictures."""
    step_s: float
    """Simulated time of one step of the simulator, at which commands may take effect."""
    steps_per_command: int
    command: Literal["velocities", "positions"]
    """What a command says of every axis: a velocity, or a position to go to."""
    full_speed: float | tuple[float, ...]
    """The largest velocity; of a position, the farthest that an expert has it ahead of the measured one, in rad. Of all
    axes, or of each."""
    command_limit: int
    """Commands until an episode's time is up."""
    demonstration_limit: int
    """Commands until a demonstrator gives up: more than a policy has, since nobody pushes a policy aside."""
    afterwards: int
    """Commands that a task of a pair is shown on after it was done."""
    parameter_file: Path
    """The node's, from the repository."""
    policy: Path | None = None
    """The folder of the policy that ships for it, from the repository."""
    optional_cameras: frozenset[str] = frozenset()
    """Those that are recorded only when asked for."""
    label_topic: str = "expert_action"
    """What the demonstrator wants, from which is learned."""
    label_message: str | None = None
    """Its type; None for that of commands."""
    command_topic: str = "action"
    state_topic: str = "joint_states"
    state_modality: str = "joints"
    """The name of the state's modality."""

    @property
    def first_camera(self) -> str:
        return next(iter(self.cameras))

    def wanted(self, cameras: frozenset[str] | None) -> list[str]:
        """Those of its cameras that are named, in its own order; the first one where nothing is said."""
        named = {self.first_camera} if cameras is None else cameras
        return [camera for camera in self.cameras if camera in named]

    @property
    def control_period_s(self) -> float:
        return self.steps_per_command * self.step_s

    @property
    def control_period_ns(self) -> int:
        return round(self.control_period_s * 1e9)

    @property
    def control_rate_hz(self) -> float:
        return 1.0 / self.control_period_s

    def speeds(self, action: np.ndarray, state: np.ndarray) -> np.ndarray:
        """How fast an action moves every axis, where 1 is full speed."""
        return (action if self.command == "velocities" else action - state) / np.array(self.full_speed)

    def action(self, speeds: np.ndarray, state: np.ndarray) -> np.ndarray:
        """The reverse of `speeds`."""
        velocities = np.array(self.full_speed) * speeds
        return velocities if self.command == "velocities" else state + velocities


SAWYER = Robot(
    name="sawyer",
    axes=("hand_x", "hand_y", "hand_z", "gripper"),
    cameras={"scene": "camera/image_raw", "side": "side_camera/image_raw"},
    step_s=0.0125,
    steps_per_command=2,
    command="velocities",
    full_speed=1.0,
    command_limit=100,
    demonstration_limit=200,
    afterwards=24,
    parameter_file=Path("config", "late_fusion.param.yaml"),
    policy=Path("models", "policies", "tabletop"),
    optional_cameras=frozenset({"side"}),
)
"""Meta-World's arm. A step is one of Meta-World's control steps."""

SO101 = Robot(
    name="so101",
    axes=("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"),
    cameras={"front": "front_camera/image_raw", "wrist": "wrist_camera/image_raw"},
    step_s=1.0 / 60.0,
    steps_per_command=2,
    command="positions",
    full_speed=0.12,
    command_limit=150,
    demonstration_limit=300,
    afterwards=8,
    parameter_file=Path("config", "examples", "so101.param.yaml"),
    label_topic="leader/joint_states",
    label_message="sensor_msgs/msg/JointState",
)
"""Six joints, moved to the positions of a leader arm."""

DIFF_DRIVE = Robot(
    name="diff_drive",
    axes=("forward", "turn"),
    cameras={"camera": "camera/image_raw"},
    step_s=0.025,
    steps_per_command=2,
    command="velocities",
    full_speed=(0.35, 2.5),
    command_limit=200,
    demonstration_limit=400,
    afterwards=10,
    parameter_file=Path("config", "examples", "diff_drive.param.yaml"),
    command_topic="cmd_vel",
    state_topic="odom",
    state_modality="odometry",
)
"""A base on two driven wheels: forward velocity in m/s, turning velocity in rad/s."""

ROBOTS = (SAWYER, SO101, DIFF_DRIVE)


class Scene(Protocol):
    """A robot and what is around it; one run after the other begins with a reset."""

    name: str
    robot: Robot

    def reset(self, seed: int) -> None:
        """Starts an episode. What was played before leaves no trace, and no task has a say."""

    def phrase(self, template: str) -> str:
        """A task's sentence for this start: where it has gaps, they are filled with what is meant."""

    def step(self, command: np.ndarray) -> None:
        """Goes on by one control period with one command, or with one for each of its steps: an array of shape
        (`steps_per_command`, number of axes). What is beyond the robot's limits is brought to them.
        """

    @property
    def state(self) -> np.ndarray:
        """What is measured, in the order of `Robot.axes`."""

    @property
    def at_rest(self) -> np.ndarray:
        """The command that moves nothing."""

    def observe(self, cameras: frozenset[str] | None = None) -> Observation:
        """Draws the pictures of these cameras, of the first one where nothing is said, and reads the state."""

    def leave(self) -> None:
        """Closes the cameras, so that another scene may open its own."""
