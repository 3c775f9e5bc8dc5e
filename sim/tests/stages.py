"""Scenes with all that is theirs: the world promises of each only what it has in common with the others."""

from __future__ import annotations

from late_fusion_sim.diff_drive_scene import PillarScene
from late_fusion_sim.scene import Scene
from late_fusion_sim.so101_scene import CubeScene
from late_fusion_sim.world import World


def table(world: World, name: str) -> Scene:
    """A scene of Meta-World's arm."""
    scene = world.enter(name)
    assert isinstance(scene, Scene)
    return scene


def cube(world: World) -> CubeScene:
    """The scene of the SO-101."""
    scene = world.enter("cube")
    assert isinstance(scene, CubeScene)
    return scene


def pillars(world: World) -> PillarScene:
    """The room of the base on two wheels."""
    scene = world.enter("pillars")
    assert isinstance(scene, PillarScene)
    return scene
