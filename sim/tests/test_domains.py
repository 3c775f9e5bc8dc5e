"""Where programs meet, and where they must not meet others."""

import random

import pytest
import rclpy

from late_fusion_sim import ros


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


def test_where_everybody_is_somewhere_one_is_asked(nothing_given: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ros, "is_unused", lambda domain: domain % 2 == 0)
    assert len(ros.domains(1)) == 1
    with pytest.raises(ros.NodeTrouble, match="set ROS_DOMAIN_ID"):
        ros.domains(2)
