"""`scripts/faults --soak` in short, and that it finds what it looks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from faults.bench import Bench
from faults.soak import RATE_HZ, SOAKED, Report, Sample, Soak
from robot import Robot

CHOSEN = ("dies", "of 1 MB", "the control thread hangs", "a policy is loaded")

SAMPLE = Sample(0.0, 100.0, 80.0, 20.0, threads=20, descriptors=30)


def test_a_short_soak(robot: Robot) -> None:
    chosen = [(who, fault) for who, fault in SOAKED if fault.name in CHOSEN]
    # In so short a time memory has not come to rest.
    report = Soak(Bench(robot, RATE_HZ), flat=0.5).run(chosen, minutes=0.25)
    assert report.wrong() == []
    assert report.commands > 500 and report.stops >= 2 and report.swaps >= 1, report
    assert len(robot.published) == 1, "what was looked at is forgotten"


def fine() -> Report:
    """All as wanted."""
    return Report(begin=SAMPLE, end=SAMPLE, samples=[SAMPLE] * 50, exit_status=0)


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ("outside the limits", {"outside": ["command 7 is [3.0, 0.0]"]}),
        ("too late", {"late": ["Camera: dies: 0.5 of 0.42 s"]}),
        ("is dropped", {"not_as_wanted": ["a message is dropped"]}),
        ("panicked", {"panics": ["thread 'control' panicked"]}),
        ("102.5 MB at the end", {"samples": [SAMPLE] * 25 + [replace(SAMPLE, resident_mb=102.5)] * 25}),
        ("97.5 MB at the end", {"samples": [SAMPLE] * 25 + [replace(SAMPLE, resident_mb=97.5)] * 25}),
        ("21 at the end", {"end": replace(SAMPLE, threads=21)}),
        ("31 at the end", {"end": replace(SAMPLE, descriptors=31)}),
        ("exit status is -6", {"exit_status": -6}),
        ("did not last", {"end": None}),
    ],
)
def test_a_soak_says_what_is_not_as_wanted(said: str, change: dict) -> None:
    assert fine().wrong() == []
    assert said in " ".join(replace(fine(), **change).wrong())


def test_a_single_moment_does_not_decide_about_memory() -> None:
    peak = replace(SAMPLE, resident_mb=200.0)
    assert replace(fine(), samples=[*[SAMPLE] * 49, peak]).wrong() == []
