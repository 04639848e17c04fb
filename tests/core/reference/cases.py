"""Recorded cases of the reference, and how ours are held against them.

Each case falls in one of three classes. Most are the same. Where ours differ, a row says so, for which cases, why, and
what ours is instead; or a row says which loud option makes them the same. Rows look at what a case holds, never at its
number: a larger set of the same kind is kept elsewhere.

The cases lie in the folder that SSO_CORE_REFERENCE_CASES names, or in `shared/reference-cases` beside the repository.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest

VARIABLE = "SSO_CORE_REFERENCE_CASES"
_BESIDE = Path(__file__).parents[4] / "shared" / "reference-cases"

BACKED = re.compile(r"\b(?:W[0-9]+|[ACF][0-9]+|RFC [0-9]+|OIDC|scope:)")
"""A weakness of the reference, a clause, a case of hostile input or of a fault, or what the library leaves to hosts."""


@attrs.frozen
class Case:
    """What one function of the reference was given, and what came of it."""

    id: str
    function: str
    env: dict[str, str]
    args: dict[str, Any]
    world: dict[str, Any]
    result: Any
    """None where it raised."""
    error: dict[str, Any] | None
    effects: dict[str, Any]
    bug: str | None
    """Why the outcome is no model, where it is none."""


class Verdict(Enum):
    """How a case of ours relates to the reference."""

    SAME = "same"
    SAME_WITH_A_LOUD_OPTION = "same with a loud option"
    DIFFERENT = "different"


@attrs.frozen
class Row:
    """One difference: `ours` turns the reference's outcome into ours, for the cases to which the row applies.

    A row that says "the same" only leaves out what is not compared.
    """

    verdict: Verdict
    reason: str
    applies: Callable[[Case], bool]
    ours: Callable[[Case, Any], Any] = lambda _, outcome: outcome


@attrs.frozen
class Expected:
    """The outcome that ours must have, its class and the reasons."""

    outcome: Any
    verdict: Verdict
    reasons: tuple[str, ...]


@attrs.frozen
class Refused:
    """A refusal: the status of its answer, and in one word what it says."""

    status: int
    sense: str


def expected(case: Case, rows: Iterable[Row], theirs: Any = None) -> Expected:
    """Return what ours must be: the reference's outcome, as the rows that apply change it one after the other.

    `theirs` is that outcome in terms of ours, where the recorded result alone does not tell it. A row that speaks of a
    difference and changes nothing has no part in the class of the case. Fails where nothing backs a difference from a
    case that is not labelled a bug.
    """
    outcome, verdict, reasons = case.result if theirs is None else theirs, Verdict.SAME, []
    for row in rows:
        if row.applies(case):
            before, outcome = outcome, row.ours(case, outcome)
            if row.verdict is not Verdict.SAME and outcome != before:
                assert case.bug or BACKED.search(row.reason), f"what backs this difference? {case.id}: {row.reason}"
                verdict = row.verdict if verdict is Verdict.SAME else Verdict.DIFFERENT
                reasons.append(row.reason)
    return Expected(outcome, verdict, tuple(reasons))


def hold(case: Case, theirs: Any, ours: Any, rows: Iterable[Row]) -> None:
    """Fail where ours is neither what the reference does nor what the rows say of such a case."""
    want = expected(case, rows, theirs)
    why = "".join(f"\n- {reason}" for reason in want.reasons) or " none"
    assert ours == want.outcome, (
        f"no row tells of this difference, or a row is wrong\ncase {case.id}, {case.function}"
        f"\nenvironment {case.env}\narguments {case.args}\nworld {case.world}\nlabelled a bug: {case.bug}"
        f"\ntheirs {theirs}\nours   {ours}\nwanted {want.outcome}\nrows that apply:{why}"
    )


def plain(value: Any) -> Any:
    """Return a recorded value with roles as their names and tuples as tuples; typed objects stay dicts."""
    match value:
        case {"$role": role}:
            return role
        case {"$tuple": items}:
            return tuple(plain(item) for item in items)
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def folder() -> Path | None:
    """Return where the cases lie; None where there are none."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else _BESIDE
    return path if path.is_dir() else None


def load(path: Path) -> list[Case]:
    """Return the cases of one file."""
    return [
        Case(
            id=case["id"],
            function=case["function"],
            env=case["env"],
            args=plain(case["input"].get("args", {})),
            world=plain(case["input"].get("world", {})),
            result=plain(case["outcome"].get("result")),
            error=case["outcome"].get("error"),
            effects=plain(case["outcome"].get("effects", {})),
            bug=case.get("judgement_reason", "a bug") if case.get("judgement") == "bug" else None,
        )
        for case in json.loads(path.read_text())["cases"]
    ]


HELD: dict[str, set[str]] = {}
"""The cases that some test runs, by their file."""


def each(group: str, *functions: str, only: Callable[[Case], bool] = lambda _case: True) -> pytest.MarkDecorator:
    """Run a test for each case of these functions, or for those that `only` picks.

    Where the cases are missing, one skipped test says so; no other test here skips anything.
    """
    where = folder()
    if where is None:
        reason = f"no reference cases: set {VARIABLE} to their folder"
        return pytest.mark.parametrize("case", [pytest.param(None, marks=pytest.mark.skip(reason=reason))], ids=[group])
    found = [case for case in load(where / f"{group}.json") if case.function in functions and only(case)]
    HELD.setdefault(group, set()).update(case.id for case in found)
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in found])
