"""Percentiles are values that were measured."""

import math

import pytest
from bench.percentiles import percentile, percentiles


def test_a_percentile_is_the_smallest_value_that_so_many_stay_within() -> None:
    values = range(1, 1001)
    assert percentiles(values) == {"p50": 500, "p99": 990, "p99.9": 999, "max": 1000}
    assert [percentile([3.0, 1.0, 2.0], share) for share in (0.0, 0.34, 1.0)] == [1.0, 2.0, 3.0]


def test_of_few_values_a_high_percentile_is_the_largest() -> None:
    assert percentiles([5.0, 7.0]) == {"p50": 5.0, "p99": 7.0, "p99.9": 7.0, "max": 7.0}


def test_nothing_measured_is_not_a_number() -> None:
    assert math.isnan(percentile([], 0.5))


@pytest.mark.parametrize("share", [-0.1, 1.1, 99.0])
def test_a_share_beyond_all_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"allowed is 0 to 1"):
        percentile([1.0], share)
