"""The policy's files are replaced on disk while it drives."""

from __future__ import annotations

from dataclasses import dataclass

from policies import constant_policy
from robot import numbers

from faults.behaviour import DrivesOn
from faults.bench import MAX_AGE_S, Bench
from faults.fault import Fault

OTHER = [-1.5, -1.5]
"""What the other policy commands, always; the one that was loaded never commands a negative drive of that size."""

FILES = ("policy.yaml", "weights.safetensors")


@dataclass(frozen=True)
class DrivesOnAsLoaded(DrivesOn):
    """The commands are those of the policy that was loaded, whatever is on disk now."""

    def watch(self, bench: Bench, began_ns: int) -> None:
        super().watch(bench, began_ns)
        drives = [drive for drive, _ in bench.actions_since(began_ns)]
        assert min(drives) > OTHER[0] / 2, f"the policy on disk drives: {min(drives)}"
        # It has been seen moving: two commands may rest on the same joint states.
        assert len(set(drives)) > len(drives) / 4, f"{len(set(drives))} different commands of {len(drives)}"


def keep(bench: Bench) -> None:
    """The files come back when the fault is over."""
    kept = {name: (bench.policy.folder / name).read_bytes() for name in FILES}

    def put_back() -> None:
        for name, content in kept.items():
            (bench.policy.folder / name).write_bytes(content)

    bench.until_end.callback(put_back)


def refused_change(bench: Bench) -> str:
    """Why a parameter cannot be changed now."""
    change = bench.robot.set(modalities__joints__max_age_s=MAX_AGE_S + 0.01)
    assert not change.success, change.message
    return change.message


def replace(bench: Bench) -> None:
    """Another policy lies in the folder. Whoever changes a parameter does not mean that one."""
    keep(bench)
    constant_policy(bench.policy.folder, OTHER, *bench.policy.modalities).write()
    why = refused_change(bench)
    assert "are no longer those of the active policy; set the parameter policy to load them" in why, why


def damage(bench: Bench) -> None:
    """Weights that are cut off, over the ones that were loaded. Neither a parameter nor the policy can be set."""
    keep(bench)
    weights = bench.policy.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    for why in (refused_change(bench), bench.robot.load(bench.policy.folder).message):
        assert "weights.safetensors" in why and "stays in use" in why, why


def load_what_is_there(bench: Bench) -> None:
    """Who sets the policy gets what is in the folder: first the other one, then the one that was there before."""
    answer = bench.robot.load(bench.policy.folder)
    assert answer.success, answer.message
    bench.wait_for("the other policy", lambda: numbers(bench.robot.published[-1][1]) == OTHER)
    load_as_it_was(bench)


def load_as_it_was(bench: Bench) -> None:
    """The files are put back, and loaded."""
    bench.until_end.close()
    answer = bench.robot.load(bench.policy.folder)
    assert answer.success, answer.message
    bench.restore()


FILE_FAULTS = [
    Fault(
        "another policy is written over its files",
        "drive on with what was loaded, refuse to change parameters; the new one drives once `policy` is set",
        replace,
        DrivesOnAsLoaded(),
        load_what_is_there,
    ),
    Fault(
        "damaged weights are written over its own",
        "drive on with what was loaded, refuse to load them",
        damage,
        DrivesOnAsLoaded(),
        load_as_it_was,
    ),
]
