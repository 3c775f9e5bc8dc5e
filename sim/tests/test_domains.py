"""Where programs meet, and where they must not meet others."""

import random
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from types import ModuleType

import pytest
import rclpy

from late_fusion_sim import demo, domains, evaluate, record
from late_fusion_sim.ros import NodeTrouble


@pytest.fixture
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROS_DOMAIN_ID")


def test_what_is_given_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")
    assert domains.domains(3) == range(42, 45)


def test_a_domain_that_somebody_is_in_is_left_to_him(nothing_given: None, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = next(domain for domain in range(2, domains.HIGHEST_DOMAIN) if domains.is_unused(domain))
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=taken)
    somebody = rclpy.create_node("somebody", context=context)
    try:
        assert not domains.is_unused(taken)
        monkeypatch.setattr(random, "sample", lambda firsts, count: sorted(firsts, key=lambda each: abs(each - taken)))
        assert taken not in domains.domains(2)
    finally:
        somebody.destroy_node()
        rclpy.shutdown(context=context)


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        (demo, ["--node", "node"]),
        (evaluate, ["--node", "node", "some=models/policies/tabletop"]),
        (record, ["{out}/bags", "--late-fusion", "late_fusion"]),
    ],
)
@pytest.mark.parametrize(
    ("given", "part"),
    [("", "not so many are unused"), ("here", "'here'; a domain is a whole number")],
)
def test_without_a_domain_nothing_begins(
    program: ModuleType,
    arguments: list[str],
    given: str,
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setenv("ROS_DOMAIN_ID", given)
    monkeypatch.setattr(domains, "is_unused", lambda _: False)
    arguments = [each.format(out=tmp_path) for each in arguments]
    if program is not record:
        arguments += ["--out", str(tmp_path)]
    assert program.main(arguments) == 1
    assert part in capsys.readouterr().err


def test_side_by_side_means_one_after_the_other(nothing_given: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains, "is_unused", lambda domain: domain % 2 == 0)
    assert domains.domains(1)[0] % 2 == 0
    with pytest.raises(NodeTrouble, match="2 ROS domains side by side"):
        domains.domains(2)


def test_two_programs_that_have_not_spoken_yet_have_different_domains(
    nothing_given: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one has picked its domain, and nobody is in it so far."""
    program = "from late_fusion_sim.domains import domains; print(*domains(1), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdout
        taken = int(other.stdout.readline())
        monkeypatch.setattr(random, "sample", lambda firsts, count: [taken, *firsts])
        with domains.unused_domain() as domain:
            assert domain != taken
            assert domains.domains(1)[0] not in (taken, domain)
        other.kill()
    # With its end it is free again, however that came about.
    assert domains.domains(1)[0] == taken
