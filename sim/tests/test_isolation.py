"""Nothing that the simulator starts reaches a robot on the network, whatever ROS 2 it is."""

import json
import os
from pathlib import Path

import pytest

from late_fusion_sim import evaluate, isolation
from late_fusion_sim.process import Process

ROBOT = {
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
    "ROS_LOCALHOST_ONLY": "0",
    "ROS_STATIC_PEERS": "192.168.1.7",
    "ROS_DISCOVERY_SERVER": "192.168.1.7:11811",
}
"""What the environment of somebody says who works with a robot."""

WRITE_ENVIRONMENT = """\
#!/usr/bin/env python3
import json, os, sys
with open({path!r}, "w") as file:
    json.dump(dict(os.environ), file)
"""


def stays_here(environment: dict[str, str]) -> bool:
    """Whether ROS programs of this machine's distribution, Jazzy, would stay on it: see rcl's `init.c`."""
    elsewhere = {"ROS_STATIC_PEERS", "ROS_DISCOVERY_SERVER"} & set(environment)
    return environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST" and not elsewhere


@pytest.mark.parametrize("distribution", ["foxy", "galactic", "humble", "", None])
def test_what_knows_no_discovery_range_gets_localhost_only(distribution: str | None) -> None:
    given = ROBOT if distribution is None else {**ROBOT, "ROS_DISTRO": distribution}
    made = isolation.isolated(given, 7)
    assert made["ROS_LOCALHOST_ONLY"] == "1" and made["ROS_DOMAIN_ID"] == "7"
    assert stays_here(made)


@pytest.mark.parametrize("distribution", ["iron", "jazzy", "kilted", "lyrical", "rolling"])
def test_what_knows_it_gets_it_without_a_deprecation_warning(distribution: str) -> None:
    made = isolation.isolated({**ROBOT, "ROS_DISTRO": distribution, "PATH": "/bin"})
    assert made == {"ROS_DISTRO": distribution, "PATH": "/bin", "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def test_a_process_is_started_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ROBOT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROS_DISTRO", "humble")
    program = tmp_path / "program"
    program.write_text(WRITE_ENVIRONMENT.format(path=str(tmp_path / "environment")))
    program.chmod(0o755)
    with Process([str(program)], tmp_path / "log", domain=12) as started:
        started._process.wait(10.0)
    environment = json.loads((tmp_path / "environment").read_text())
    assert (environment["ROS_LOCALHOST_ONLY"], environment["ROS_DOMAIN_ID"]) == ("1", "12")
    assert stays_here(environment)


def test_a_world_that_is_evaluated_in_is_started_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in ROBOT.items():
        monkeypatch.setenv(name, value)
    node, policy = tmp_path / "node", tmp_path / "policy"
    node.write_text(WRITE_ENVIRONMENT.format(path=str(tmp_path / "environment")))
    node.chmod(0o755)
    policy.mkdir()
    (policy / "policy.yaml").write_text(json.dumps({"modalities": [{"name": "joints"}]}))
    assert evaluate.main([f"mine={policy}", "--node", str(node), "--out", str(tmp_path / "out")]) == 1
    assert "the node ended by itself with status 0" in capsys.readouterr().err
    assert stays_here(json.loads((tmp_path / "environment").read_text()))


def test_this_process_can_be_isolated_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ROBOT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.setenv("ROS_DOMAIN_ID", "3")
    isolation.isolate_this_process()
    assert stays_here(dict(os.environ)) and os.environ["ROS_DOMAIN_ID"] == "3"
    assert "ROS_LOCALHOST_ONLY" not in os.environ
