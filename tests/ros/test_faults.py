"""Every fault of the matrix once, at a random moment; `scripts/faults` lets each loose many times and measures."""

from __future__ import annotations

import random

import pytest
from faults.fault import Fault
from faults.invariants import broken
from faults.matrix import FAULTS
from robot import Robot


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, id=f"{who}: {fault.name}") for who, faults in FAULTS.items() for fault in faults]
)
def test_a_fault(robot: Robot, fault: Fault) -> None:
    bench = fault.bench(robot)
    fault.let_loose(bench, random.Random())
    assert broken(bench) == []
