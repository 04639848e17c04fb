from __future__ import annotations

import pytest

from sso_core.bucket import Bucket


def drawn(bucket: Bucket, times: int, now: float) -> Bucket:
    for _ in range(times):
        after = bucket.take(now)
        assert after is not None
        bucket = after
    return bucket


def test_a_full_bucket_gives_its_burst_and_not_one_more() -> None:
    empty = drawn(Bucket.full(100.0), 3, 100.0)
    assert empty.take(100.0) is None


def test_a_token_comes_back_after_its_time_and_not_before() -> None:
    empty = drawn(Bucket.full(100.0), 3, 100.0)
    assert empty.take(114.9) is None
    again = empty.take(115.0)
    assert again is not None
    assert again.take(115.0) is None


def test_a_long_rest_brings_no_more_than_the_burst() -> None:
    empty = drawn(Bucket.full(0.0, burst=2, every=1.0), 2, 0.0)
    assert drawn(empty, 2, 1e9).take(1e9) is None


def test_asking_in_vain_costs_nothing() -> None:
    empty = drawn(Bucket.full(0.0), 3, 0.0)
    assert [empty.take(now) for now in (1.0, 5.0, 14.0)] == [None, None, None]
    assert empty.take(15.0) is not None


def test_the_wait_is_told_in_seconds() -> None:
    bucket = Bucket.full(0.0)
    assert bucket.wait(0.0) == 0
    assert drawn(bucket, 3, 0.0).wait(5.0) == pytest.approx(10.0)


def test_a_clock_that_steps_back_takes_no_tokens_and_counts_as_a_rest() -> None:
    empty = drawn(Bucket.full(1000.0), 3, 1000.0)
    assert empty.take(990.0) is None
    assert empty.wait(990.0) == pytest.approx(5.0)
    assert drawn(empty, 3, 0.0).take(0.0) is None
    one_left = drawn(Bucket.full(1000.0), 2, 1000.0).take(1000.0)
    assert one_left is not None
    assert one_left.take(999.0) is None


def test_a_bucket_is_a_value() -> None:
    assert Bucket.full(1.0) == Bucket(3, 1.0)
    assert hash(Bucket.full(1.0)) == hash(Bucket(3, 1.0))
