"""Where programs meet, and where they must not meet others."""

import random
from pathlib import Path

import pytest
import rclpy

from late_fusion_sim import demo, evaluate, record, ros


@pytest.fixture
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROS_DOMAIN_ID")


def test_what_is_given_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")
    assert ros.domains(3) == range(42, 45)


def test_a_domain_that_somebody_is_in_is_left_to_him(nothing_given: None, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = next(domain for domain in range(2, ros.HIGHEST_DOMAIN) if ros.is_unused(domain))
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=taken)
    somebody = rclpy.create_node("somebody", context=context)
    try:
        assert not ros.is_unused(taken)
        monkeypatch.setattr(random, "sample", lambda firsts, count: sorted(firsts, key=lambda each: abs(each - taken)))
        assert taken not in ros.domains(2)
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
    program, arguments: list[str], given: str, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setenv("ROS_DOMAIN_ID", given)
    monkeypatch.setattr(ros, "is_unused", lambda _: False)
    arguments = [each.format(out=tmp_path) for each in arguments]
    if program is not record:
        arguments += ["--out", str(tmp_path)]
    assert program.main(arguments) == 1
    assert part in capsys.readouterr().err


def test_side_by_side_means_one_after_the_other(nothing_given: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ros, "is_unused", lambda domain: domain % 2 == 0)
    assert ros.domains(1)[0] % 2 == 0
    with pytest.raises(ros.NodeTrouble, match="2 ROS domains side by side"):
        ros.domains(2)
