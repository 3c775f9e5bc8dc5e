"""From recordings to the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from bench import report as reports
from bench.conditions import Conditions
from bench.figure import FIGURES, Measured, figures, measured
from bench.pictures import Pictures
from bench.plot import distributions
from bench.recording import Recording
from late_fusion_sim.ros import NodeTrouble

Make = Callable[..., Recording]

CONDITIONS = Conditions(100.0, 25.0, 640, 480, "antialiased", 0)
PICTURES = Pictures([], np.array([[0.0], [1.0]]))
ABOUT = {
    "command": "scripts/bench",
    "when": "today",
    "seconds": 1.0,
    "rounds": 2,
    "machine": {"CPUs": "2"},
    "versions": {"ROS": "jazzy"},
}


def evaluated(recording: Recording) -> Measured:
    """With an encoder that takes 10 ms."""
    return measured(recording, PICTURES, 100.0, 10.0)


@pytest.fixture
def rounds(recording: Make) -> list[Measured]:
    """Two rounds of both nodes."""
    ours = [recording(latency_ms=12, processor_s=0.30, number=each) for each in range(2)]
    theirs = [recording("rclpy", latency_ms=22, processor_s=0.50, number=each) for each in range(2)]
    return [evaluated(each) for each in [*ours, *theirs]]


def test_figures_are_those_of_the_stamps(recording: Make) -> None:
    values = figures([evaluated(recording(latency_ms=12, processor_s=0.30))])
    assert set(values) == {figure.key for figure in FIGURES}
    # Pictures come every 40 ms and commands every 10: a picture that takes 12 ms waits for the second command.
    assert values["latency_p50_ms"] == values["latency_p99_ms"] == 20.0
    # 25 pictures of 10 ms each are 0.25 s of the 0.30 s.
    assert values["processor_cpus"] == pytest.approx(0.30)
    assert values["processor_per_picture_ms"] == pytest.approx(12.0)
    assert values["beyond_encoder_cpus"] == pytest.approx(0.05)
    assert values["beyond_encoder_per_picture_ms"] == pytest.approx(2.0)
    # The first picture is seen in the command at 20 ms, before which there is none.
    assert values["missed_percent"] == pytest.approx(2.0)


def test_the_report_has_both_nodes_and_their_ratios_round_by_round(rounds: list[Measured]) -> None:
    idle = reports.report_of(rounds, CONDITIONS, ABOUT)["loads"]["idle"]
    assert idle["ratios"]["latency_p50_ms"] == pytest.approx([20 / 30] * 2)
    assert idle["ratios"]["processor_cpus"] == pytest.approx([0.6] * 2)
    assert idle["nodes"]["rclpy"]["percentiles"]["latency_ms"]["99.9"] == 30.0
    assert idle["actions_differ"] == {"median": 0.0, "max": 0.0}


def test_what_is_written_can_be_read_again_and_shows_every_figure(rounds: list[Measured], tmp_path: Path) -> None:
    report = reports.report_of(rounds, CONDITIONS, ABOUT)
    reports.write(report, rounds, tmp_path)
    assert reports.read(tmp_path) == reports.plain(report)
    text = (tmp_path / "report.md").read_text()
    assert all(f"| {figure.label} |" in text for figure in FIGURES)
    assert "| 20.0 | 30.0 | 0.67 (0.67–0.67) |" in text and "50 of 50 pictures reached a command" in text
    stamps = json.loads((tmp_path / "stamps.json").read_text())
    assert len(stamps) == 4 and len(stamps[0]["sent"]) == 25 and stamps[0]["commands"][0][2:] == [0.0]


def test_a_robot_that_could_not_keep_up_with_its_camera_is_said(rounds: list[Measured]) -> None:
    asked = replace(CONDITIONS, camera_hz=50.0)
    text = reports.markdown(reports.report_of(rounds, asked, ABOUT))
    assert "it sent rclpy 50 pictures of 100;" in text
    assert "keep up" not in reports.markdown(reports.report_of(rounds, CONDITIONS, ABOUT))


def test_one_node_alone_has_no_ratios(recording: Make) -> None:
    report = reports.report_of([evaluated(recording())], CONDITIONS, ABOUT)
    assert "ratios" not in report["loads"]["idle"] and "| | late_fusion |\n|---|---|\n" in reports.markdown(report)


def test_a_node_that_sees_nothing_has_dashes_for_what_a_picture_costs(recording: Make, tmp_path: Path) -> None:
    blind = evaluated(recording(latency_ms=5000))
    report = reports.report_of([blind], CONDITIONS, ABOUT)
    reports.write(report, [blind], tmp_path)
    assert "| processor time per picture that reached a command, ms | – |" in (tmp_path / "report.md").read_text()
    assert (
        reports.read(tmp_path)["loads"]["idle"]["nodes"]["late_fusion"]["figures"]["processor_per_picture_ms"] is None
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "No such file"), ("{", "cannot be read"), ("[]", "has the format None"), ('{"format": 99}', "reads 1")],
)
def test_what_is_no_report_is_refused_with_its_name(text: str | None, why: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    with pytest.raises(NodeTrouble, match=why) as refused:
        reports.read(tmp_path)
    assert str(tmp_path / "report.json") in str(refused.value)


def test_the_plot_has_a_curve_for_every_node_and_load_and_is_xml() -> None:
    series = {("late_fusion", "idle"): [1.0, 2.0, 30.0], ("rclpy", "2 busy"): [0.0, 5.0], ("rclpy", "idle"): []}
    picture = ElementTree.fromstring(distributions({"a < b": series, "empty": {("rclpy", "idle"): []}}))
    curves = picture.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(curves) == 4 and curves[0].get("points")
