"""All perturbations by name, and which of them an evaluation can have."""

from __future__ import annotations

from dataclasses import dataclass

from late_fusion_sim.perturbation.base import Perturbation, Setting
from late_fusion_sim.perturbation.picture import PICTURE
from late_fusion_sim.perturbation.scene import SCENE
from late_fusion_sim.perturbation.sentence import OTHER_TASK, SENTENCE
from late_fusion_sim.perturbation.state import STATE
from late_fusion_sim.perturbation.timing import FROZEN, TIMING

ALL = "all"

PERTURBATIONS: dict[str, Perturbation] = {
    each.name: each for each in (*PICTURE, *SCENE, *TIMING, *STATE, *SENTENCE, *FROZEN, *OTHER_TASK)
}
"""By name; the proofs last."""


@dataclass(frozen=True)
class Selection:
    """What an evaluation is disturbed by."""

    chosen: tuple[Perturbation, ...] = ()
    skipped: tuple[tuple[Perturbation, str], ...] = ()
    """What it cannot have, and why, where all were asked for."""


def select(names: str | None, setting: Setting) -> Selection:
    """The perturbations of a comma-separated list, in the catalogue's order; `all` for all that there can be.

    ValueError for names that there are not, and for what is named and cannot be had.
    """
    if names is None:
        return Selection()
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(wanted - PERTURBATIONS.keys() - {ALL})
    if unknown or not wanted:
        asked = ", ".join(unknown) or "(an empty list)"
        raise ValueError(f"no such perturbation: {asked}; there are: {ALL}, {', '.join(PERTURBATIONS)}")
    reasons = {name: each.lacks(setting) for name, each in PERTURBATIONS.items()}
    refused = [f"{name} ({reasons[name]})" for name in PERTURBATIONS if name in wanted and reasons[name]]
    if refused:
        possible = [name for name, reason in reasons.items() if not reason]
        raise ValueError(f"--perturb cannot be had here: {'; '.join(refused)}; possible are: {', '.join(possible)}")
    asked_for = [each for name, each in PERTURBATIONS.items() if ALL in wanted or name in wanted]
    return Selection(
        tuple(each for each in asked_for if not reasons[each.name]),
        tuple((each, reason) for each in asked_for if (reason := reasons[each.name])),
    )


def listing() -> str:
    """All of them, one a line, for a help text."""
    width = max(map(len, PERTURBATIONS))
    lines = [
        f"  {name:<{width}}  {each.kind}: {each.words}{' (a proof: expected to fail)' if each.proof else ''}"
        for name, each in PERTURBATIONS.items()
    ]
    return "\n".join(["perturbations:", *lines])
