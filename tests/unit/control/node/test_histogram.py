from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from control.node.histogram import BUCKETS, add, bucket_of, middle, percentile

TIMES = st.one_of(st.integers(0, 64), st.integers(0, 4_000_000))


def counted(times: list[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for time in times:
        add(counts, {bucket_of(time): 1})
    return counts


@given(TIMES)
def test_a_bucket_is_close_to_what_falls_into_it(time: int) -> None:
    """At most 3.2 % away, and exact below 32 ms."""
    found = middle(bucket_of(time))

    assert abs(found - time) <= (0 if time < 32 else time * 0.032)


@given(st.lists(TIMES, min_size=1), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_percentiles_are_close_to_the_exact_ones(times: list[int], share: float) -> None:
    """At most 5 % from the nearest-rank percentile of the times themselves."""
    exact = sorted(times)[math.ceil(len(times) * share) - 1]

    assert abs(percentile(counted(times), share) - exact) <= exact * 0.05


def test_every_bucket_is_used_once() -> None:
    """Buckets follow each other without a hole, and the last takes what is too long for any."""
    reached = [bucket_of(time) for time in range(200_000)]
    assert reached == sorted(reached)
    assert set(reached) == set(range(max(reached) + 1))

    assert bucket_of(1 << 22) == bucket_of(1 << 40) == BUCKETS - 1
    assert bucket_of((1 << 22) - 1) == BUCKETS - 1
    assert bucket_of(-1) == 0
    assert [bucket_of(round(middle(bucket))) for bucket in range(BUCKETS)] == list(range(BUCKETS))


def test_nothing_has_no_percentile() -> None:
    """None, not 0: that would be a time."""
    assert percentile({}, 0.5) is None
