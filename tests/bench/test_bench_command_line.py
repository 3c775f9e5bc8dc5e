"""What `scripts/bench` is told, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.__main__ import order
from bench.command_line import conditions_of, parse
from bench.conditions import Conditions


def test_without_options_it_is_the_shipped_case() -> None:
    conditions = conditions_of(parse([]))
    assert conditions == Conditions(100.0, 30.0, 640, 480, "antialiased", 0)
    assert conditions.loads == [("idle", 0)]


def test_busy_adds_a_load() -> None:
    assert conditions_of(parse(["--busy", "3"])).loads == [("idle", 0), ("3 busy", 3)]
    assert conditions_of(parse(["--busy", "--size", "224x200"])).busy_programs >= 1


def test_the_nodes_take_turns() -> None:
    assert [order(number, ("a", "b")) for number in range(3)] == [("a", "b"), ("b", "a"), ("a", "b")]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--size", "640"], "'640'; allowed is WIDTHxHEIGHT"),
        (["--size", "8x480"], "each from 16 to 4096"),
        (["--rate", "0"], "'0'; allowed is a number from 1 to 1000"),
        (["--rate", "nan"], "'nan'; allowed is a number"),
        (["--rounds", "2.5"], "'2.5'; allowed is a whole number"),
        (["--camera-hz", "fast"], "'fast'; allowed is a number from 1 to 240"),
        (["--only", "lerobot"], "invalid choice"),
        (["--reuse"], "--reuse is for --compare FOLDER"),
        (["--only", "rclpy", "--compare", "x"], "--only measures none"),
        (["--compare", "x/y", "--out", "x/y"], "keep the earlier report elsewhere"),
        (["--second", "3"], "unrecognized arguments"),
    ],
)
def test_what_cannot_be_measured_is_refused(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2 and why in capsys.readouterr().err


def test_the_folder_of_an_earlier_report_is_kept(tmp_path: Path) -> None:
    options = parse(["--compare", str(tmp_path / "before"), "--out", str(tmp_path / "now"), "--reuse"])
    assert (options.compare, options.out, options.reuse) == (tmp_path / "before", tmp_path / "now", True)
