from __future__ import annotations

import httpcore
import pytest

from sso_adapters.http import Deadlines
from sso_adapters.http.backends import PIECE, pieces, time_to_connect, time_to_read, time_to_write
from sso_adapters.http.deadlines import BUDGET, Budget


def spent() -> Budget:
    """Return the budget of a request whose time is over."""
    budget = Budget.begin(Deadlines(), 1000)
    budget.ends_at = 0
    budget.start_connecting()
    return budget


def test_a_request_whose_time_is_over_neither_connects_nor_reads_nor_writes() -> None:
    budget = spent()
    token = BUDGET.set(budget)
    try:
        with pytest.raises(httpcore.ConnectTimeout):
            time_to_connect(budget)
        with pytest.raises(httpcore.ReadTimeout):
            time_to_read()
        with pytest.raises(httpcore.WriteTimeout):
            time_to_write()
        assert not budget.sent
    finally:
        BUDGET.reset(token)


def test_the_time_to_connect_is_divided_among_the_attempts() -> None:
    budget = Budget.begin(Deadlines(connect=2, total=5), 1000)
    budget.start_connecting()
    assert 0.4 < time_to_connect(budget, 4) <= 0.5


def test_the_time_to_connect_ends_with_the_request() -> None:
    budget = Budget.begin(Deadlines(connect=50, total=5), 1000)
    budget.start_connecting()
    assert time_to_connect(budget) <= 5


def test_what_is_written_is_cut_and_nothing_is_lost() -> None:
    assert [len(piece) for piece in pieces(b"x" * (2 * PIECE + 1))] == [PIECE, PIECE, 1]
    assert list(pieces(b"")) == []
