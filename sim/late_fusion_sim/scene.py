"""A Meta-World scene: an arm, an object, and a start that depends on a seed and on nothing else."""

from __future__ import annotations

import sys

import mujoco
import numpy as np
from metaworld.env_dict import ALL_V3_ENVIRONMENTS

from late_fusion_sim.camera import BENCHMARK_SIDE, MOUNTS, SIDE, Cameras, Look, mount
from late_fusion_sim.placements import RECORDING_SEEDS, Placement, SceneSpec, spread
from late_fusion_sim.robot import Observation, Robot
from late_fusion_sim.shapes import ALL_SHAPES, NEVER_TRAINED, Layout, ShapesEnvironment

ENVIRONMENTS = {**ALL_V3_ENVIRONMENTS, "shapes": ShapesEnvironment}

TRAINED_SHAPES = tuple(shape for shape in ALL_SHAPES if shape not in NEVER_TRAINED)


class Scene:
    """One environment and its cameras; see `robot.Scene`. `World` opens and closes scenes."""

    def __init__(self, name: str, spec: SceneSpec) -> None:
        self.name = name
        self.robot: Robot = spec.robot
        self.placement = spec.placement
        self._benchmark = spec.benchmark
        self.layout: Layout | None = None
        self._has_shapes = spec.sentence_names_target
        self.env = ENVIRONMENTS[spec.environment]()
        # Without a benchmark's task the environment asks for its own random starts, which `seed` then decides.
        self.env._set_task_called = True
        self.env._freeze_rand_vec = False
        self.env.seeded_rand_vec = True
        # How long an episode lasts is for whoever plays it to say.
        self.env.max_path_length = sys.maxsize
        if spec.benchmark:
            self.env._get_state_rand_vec = self._draw_start
        mount(self.env.model)
        self._body_positions = self.env.model.body_pos.copy()
        self._site_positions = self.env.model.site_pos.copy()
        self.look = Look()
        self._cameras: Cameras | None = None
        self._solved = False

    def reset(self, seed: int) -> None:
        """Starts an episode. What was played before leaves no trace, and no task has a say."""
        # Meta-World moves bodies and goals in the model itself and lets the arm swing into place among them.
        self.env.model.body_pos[:] = self._body_positions
        self.env.model.site_pos[:] = self._site_positions
        self._seed, self._draws = seed, 0
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

    def _draw_start(self) -> np.ndarray:
        """Where Meta-World puts objects and goals, asked again until it likes it: for recordings spread as everywhere
        here, for evaluations at random as it does itself.
        """
        space = self.env._random_reset_space
        if self._seed not in RECORDING_SEEDS:
            return self.env.np_random.uniform(space.low, space.high, size=space.low.size)
        start = space.low.copy()
        varies = space.high > space.low
        start[varies] = spread(self._seed, np.stack([space.low, space.high], axis=1)[varies], self._draws)
        self._draws += 1
        return start

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
        """Goes on by one control period with one command, four velocities clipped to [−1, 1], or with one in each of
        its Meta-World steps.
        """
        actions = np.clip(command, -1.0, 1.0).astype(np.float32)
        for action in np.broadcast_to(actions, (self.robot.steps_per_command, len(self.robot.axes))):
            *_, info = self.env.step(action)
            self._solved = self._solved or bool(info["success"])

    @property
    def state(self) -> np.ndarray:
        """Hand x, y, z in metres and the gripper's opening in 0..1."""
        return self.env._get_curr_obs_combined_no_goal()[: len(self.robot.axes)]

    @property
    def whole_state(self) -> np.ndarray:
        """What Meta-World tells its experts, the goal included: 39 numbers."""
        now = self.env._get_curr_obs_combined_no_goal()
        return np.concatenate([now, self.env._prev_obs, self.env._get_pos_goal()])

    @property
    def at_rest(self) -> np.ndarray:
        """No velocity."""
        return np.zeros(len(self.robot.axes))

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

    def observe(self, cameras: frozenset[str] | None = None) -> Observation:
        """Draws the pictures, and reads the arm."""
        if self._cameras is None:
            side = BENCHMARK_SIDE if self._benchmark else SIDE
            self._cameras = Cameras(self.env.model, MOUNTS, self.look, side=side, draws_sites=self._benchmark)
        wanted = self.robot.wanted(cameras)
        return Observation({camera: self._cameras.draw(self.env.data, camera) for camera in wanted}, self.state)

    def leave(self) -> None:
        """Closes the cameras, so that another scene may open its own."""
        if self._cameras is not None:
            self._cameras.close()
            self._cameras = None
