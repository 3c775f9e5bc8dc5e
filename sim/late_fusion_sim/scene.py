"""A Meta-World scene: an arm, an object, and a start that depends on a seed and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from metaworld.env_dict import ALL_V3_ENVIRONMENTS

from late_fusion_sim.camera import Cameras, mount
from late_fusion_sim.placements import RECORDING_SEEDS, SCENES, Placement, SceneSpec
from late_fusion_sim.shapes import ALL_SHAPES, NEVER_TRAINED, Layout, ShapesEnvironment

STEP_S = 0.0125
"""Simulated time of one Meta-World control step."""

ACTION_REPEAT = 2
"""Control steps per command."""

CONTROL_PERIOD_S = ACTION_REPEAT * STEP_S
CONTROL_RATE_HZ = 1.0 / CONTROL_PERIOD_S

COMMAND_LIMIT = 100
"""Commands until an episode's time is up."""

ENVIRONMENTS = {**ALL_V3_ENVIRONMENTS, "shapes": ShapesEnvironment}

TRAINED_SHAPES = tuple(shape for shape in ALL_SHAPES if shape not in NEVER_TRAINED)

HAND_NAMES = ("hand_x", "hand_y", "hand_z", "gripper")
"""The four numbers of the arm's state and, as normalized velocities, of a command."""


@dataclass(frozen=True)
class Observation:
    """What a robot would have on its topics."""

    image: np.ndarray | None
    """What the camera `scene` sees: uint8 of shape (224, 224, 3), rgb; None where a fault has taken it."""
    hand: np.ndarray
    """Hand x, y, z in metres and the gripper's opening in 0..1, in the order of `HAND_NAMES`."""
    side: np.ndarray | None = None
    """What the camera `side` sees, where somebody wants it."""


class Scene:
    """One environment and its cameras. `World` opens and closes scenes."""

    def __init__(self, name: str, spec: SceneSpec) -> None:
        self.name = name
        self.placement = spec.placement
        self.layout: Layout | None = None
        self._has_shapes = spec.sentence_names_target
        self.env = ENVIRONMENTS[spec.environment]()
        # Without a benchmark's task the environment asks for its own random starts, which `seed` then decides.
        self.env._set_task_called = True
        self.env._freeze_rand_vec = False
        self.env.seeded_rand_vec = True
        mount(self.env.model)
        self._body_positions = self.env.model.body_pos.copy()
        self._cameras: Cameras | None = None
        self._solved = False

    def reset(self, seed: int) -> None:
        """Starts an episode. What was played before leaves no trace, and no task has a say."""
        # Meta-World moves bodies in the model itself and lets the arm swing into place among them.
        self.env.model.body_pos[:] = self._body_positions
        self.env.seed(seed)
        self.env.reset()
        self._solved = False
        if self.placement is not None:
            position, joint = self.placement.draw(seed)
            self.env.model.body(self.placement.body).pos = position
            self.env.data.joint(self.placement.joint).qpos = joint
            self.env.data.qvel[:] = 0.0
        if self._has_shapes:
            self.layout = Layout.draw(seed, TRAINED_SHAPES if seed in RECORDING_SEEDS else ALL_SHAPES)
            self.env.arrange(self.layout)
        mujoco.mj_forward(self.env.model, self.env.data)

    def phrase(self, template: str) -> str:
        """A task's sentence for this start: where it has gaps, they are filled with what is meant."""
        return template if self.layout is None else template.format(**self.layout.target._asdict())

    def change_target(self, rng: np.random.Generator, away_m: float) -> None:
        """Means any shape of those that recordings name, unless the fingers are near one by now."""
        table = self.table
        if any(np.linalg.norm(self.fingers - place) < away_m for place in table.positions.values()):
            return
        named = [shape for shape in table.positions if shape in TRAINED_SHAPES]
        self.layout = table.about(named[rng.integers(len(named))])

    def step(self, command: np.ndarray) -> None:
        """Goes on by one control period with one command, four numbers clipped to [−1, 1], or with one in each of its
        Meta-World steps: an array of shape (`ACTION_REPEAT`, 4).
        """
        actions = np.clip(command, -1.0, 1.0).astype(np.float32)
        for action in np.broadcast_to(actions, (ACTION_REPEAT, len(HAND_NAMES))):
            *_, info = self.env.step(action)
            self._solved = self._solved or bool(info["success"])

    @property
    def hand(self) -> np.ndarray:
        """The arm's state, see `Observation.hand`."""
        return self.env._get_curr_obs_combined_no_goal()[: len(HAND_NAMES)]

    @property
    def fingers(self) -> np.ndarray:
        """The place between the finger tips: x, y, z in metres."""
        return self.env.tcp_center

    @property
    def table(self) -> Layout:
        """Which shapes stand where, and which is meant."""
        if self.layout is None:
            raise ValueError(f"the scene '{self.name}' has no shapes on its table, or was never reset")
        return self.layout

    @property
    def pair(self) -> Placement:
        """The common starts and the ends of a same-scene pair."""
        if self.placement is None:
            raise ValueError(f"the scene '{self.name}' has no placement, hence no joint to read")
        return self.placement

    @property
    def joint(self) -> float:
        """The value of the pair's joint."""
        return float(self.env.data.joint(self.pair.joint).qpos[0])

    @property
    def solved(self) -> bool:
        """Whether Meta-World's own success came at any step since the reset."""
        return self._solved

    def observe(self, *, side: bool = False) -> Observation:
        """Draws the picture, or both pictures, and reads the arm."""
        if self._cameras is None:
            self._cameras = Cameras(self.env.model)
        return Observation(
            image=self._cameras.draw(self.env.data, "scene"),
            hand=self.hand,
            side=self._cameras.draw(self.env.data, "side") if side else None,
        )

    def leave(self) -> None:
        """Closes the cameras, so that another scene may open its own."""
        if self._cameras is not None:
            self._cameras.close()
            self._cameras = None


class World:
    """All scenes; one of them is on stage, because only one renderer can be open at a time."""

    def __init__(self) -> None:
        self._loaded: dict[str, Scene] = {}
        self._on_stage: Scene | None = None

    def enter(self, name: str) -> Scene:
        """Brings a scene on stage; the one before it leaves."""
        if name not in SCENES:
            raise ValueError(f"there is no scene '{name}'; there are: {', '.join(SCENES)}")
        if name not in self._loaded:
            self._loaded[name] = Scene(name, SCENES[name])
        scene = self._loaded[name]
        if self._on_stage is not None and self._on_stage is not scene:
            self._on_stage.leave()
        self._on_stage = scene
        return scene

    def close(self) -> None:
        """Leaves the stage empty."""
        if self._on_stage is not None:
            self._on_stage.leave()
            self._on_stage = None
