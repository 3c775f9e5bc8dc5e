"""Robots on MuJoCo behind ROS 2 topics: the world in which `late_fusion` is recorded, shown and measured.

The pieces, from the inside out:

* `scene` (with `placements` and `camera`), `so101_scene`, `diff_drive_scene`: a robot and what is around it, reset from
  a seed;
* `tasks`, `expert`, `judge`: what can be asked for, who can do it, and whether it was done;
* `ros`, `bridge`, `operator`: the scene's topics, its time, and the one who gives instructions;
* `pace`, `episode`: who waits for whom, and one run;
* `perturbation`: what is made worse on purpose;
* `demonstrate`, `record`: many runs for training; `trial`, `player`, `demo`: many for show; `evaluation`, `evaluate`:
  many policies, under many perturbations;
* `process`, `node_process`: the programs beside this one;
* `report`, `table`, `pictures`: what came of it, for machines, terminals and eyes.
"""

import os

# MuJoCo chooses its renderer when it is first imported; without a screen only EGL or OSMesa can draw.
os.environ.setdefault("MUJOCO_GL", "egl")
