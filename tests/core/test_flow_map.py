from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from sso_core.flow_map import DOORS, edges, mermaid
from sso_core.flows.finish_login import Repeated
from sso_core.flows.keep_session import KeepingSession, SignedIn
from sso_core.machine import Failed, Resting, Working, returns, transitions

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", DOORS)
def test_every_way_through_a_flow_ends(name: str) -> None:
    states = returns(DOORS[name]) | {state for edge in edges(DOORS[name]) for state in edge}
    ends = {state for state in states if issubclass(state, Resting)}
    waiting = states - ends
    while waiting:
        near = {
            state for state in waiting if (transitions(state) - {Failed}) & ends or not transitions(state) - {Failed}
        }
        assert near, f"no end is reached from {waiting}"
        ends |= near
        waiting -= near
    assert all(issubclass(state, Working | Resting) for state in states)


def test_nobody_is_signed_in_but_through_a_kept_session() -> None:
    ways = edges(DOORS["finish_login"])
    assert {before for before, after in ways if after is SignedIn} == {KeepingSession}
    assert KeepingSession not in {before for before, after in ways if after is Repeated}


def test_the_diagram_names_every_state_and_leaves_the_implicit_edge_out() -> None:
    diagram = mermaid("finish_login")
    assert diagram.startswith("stateDiagram-v2\n    [*] --> Repeated")
    assert "KeepingSession --> SignedIn" in diagram
    assert "SignedIn --> [*]" in diagram
    assert "Failed" not in diagram


def derived() -> dict[str, Any]:
    return dict(runpy.run_path(str(DOCS / "derive.py"))["PAGES"])


@pytest.mark.parametrize("name", ["flows.md", "refusals.md", "conformance.md", "settings.md"])
def test_the_derived_pages_of_the_docs_are_true(name: str) -> None:
    assert (DOCS / name).read_text() == derived()[name](), "run python docs/derive.py"


@pytest.mark.parametrize("name", DOORS)
def test_a_flow_that_must_be_seen_through_says_so_from_its_first_state(name: str) -> None:
    """A driver looks at the first state only: whoever leaves later would cut the flow short all the same."""
    opening = [state for state in returns(DOORS[name]) if issubclass(state, Working)]
    must = any(state.uninterruptible for edge in edges(DOORS[name]) for state in edge if issubclass(state, Working))
    assert all(state.uninterruptible for state in opening) or not must
