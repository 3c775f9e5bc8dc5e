"""The whole of `scripts/bench`, for a second of each node."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

from bench.command_line import conditions_of, parse
from bench.parameters import ROOT


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """What a run says, and its status."""
    return subprocess.run([ROOT / "scripts/bench", *words], capture_output=True, text=True, timeout=300)


def test_both_nodes_take_their_turn_and_do_the_same_at_the_same_picture(tmp_path: Path) -> None:
    ended = run("--seconds", "1", "--rounds", "1", "--rate", "50", "--size", "320x240", "--out", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert "round 1 of 1, idle, rclpy" in ended.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    idle = report["loads"]["idle"]
    for name, node in idle["nodes"].items():
        assert node["unmatched"] == 0, (name, node)
        assert node["periods"] == 50 or node["periods"] == 51
        assert node["pictures_in_commands"] > 0 and node["figures"]["processor_cpus"] > 0
    # Both resample with antialiasing and round to bytes, each in its own way.
    assert idle["actions_differ"]["max"] < 0.05
    assert (tmp_path / "report.md").read_text() in ended.stdout
    assert {file.name for file in tmp_path.iterdir()} == {
        "report.md",
        "report.json",
        "stamps.json",
        "distributions.svg",
    }


def test_a_node_that_cannot_be_started_and_an_earlier_report_that_is_no_match_are_said(tmp_path: Path) -> None:
    missing = tmp_path / "late_fusion_node"
    ended = run("--node", str(missing), "--out", str(tmp_path / "out"))
    assert ended.returncode == 2 and f"{missing} cannot be started: No such file" in ended.stderr
    ended = run("--compare", str(tmp_path), "--out", str(tmp_path / "out"))
    assert ended.returncode == 2 and "must be the report.json of an earlier run" in ended.stderr
    conditions = {"format": 1, "conditions": asdict(conditions_of(parse(["--rate", "40"])))}
    (tmp_path / "report.json").write_text(json.dumps(conditions))
    ended = run("--compare", str(tmp_path), "--out", str(tmp_path / "out"))
    assert ended.returncode == 2 and "other conditions: rate_hz is 100.0, and was 40.0" in ended.stderr
    assert not ended.stdout and not (tmp_path / "out").exists()
