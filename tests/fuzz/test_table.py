"""The table of targets is whole: no reader of the core is missing, and each target reaches what it names."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType

import pytest

from fuzz.promise import CORPUS, Target
from fuzz.targets import BY_NAME, TARGETS, readers

NOT_FOREIGN = {
    "sso_core.flows.gather_groups.read_groups": "asks for pages, which go to the lists of first_pages",
    "sso_core.flows.read_documents.read_keys": "opens a flow at an address; its answers go to parse_key_set",
    "sso_core.flows.read_documents.read_metadata": "opens a flow at an address; its answers go to parse_metadata",
    "sso_core.flows.sessions.read_session": "opens a flow with an identifier that presented_id let through",
}
"""Readers by their name that read nothing foreign, each with what does."""


def test_every_reader_of_the_core_is_in_the_table() -> None:
    covered = {inspect.unwrap(function) for target in TARGETS for function in target.covers}
    missing = {name for name, function in readers().items() if inspect.unwrap(function) not in covered}
    assert missing == NOT_FOREIGN.keys()


def test_the_rule_finds_what_it_is_for() -> None:
    assert len(readers()) > 30
    assert {"sso_core.wire.parse_json", "sso_core.sessions.sealing.SealingKeys.unseal"} <= readers().keys()


def test_a_target_has_a_name_of_its_own_and_every_corpus_a_target() -> None:
    assert len(BY_NAME) == len(TARGETS)
    assert {path.name for path in CORPUS.iterdir()} <= BY_NAME.keys()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_target_accepts_its_first_seed_and_its_seeds_reach_what_it_names(target: Target) -> None:
    assert target.outcome(target.seeds[0])[0] == "read"
    reached: set[CodeType] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            reached.add(frame.f_code)

    sys.setprofile(note)
    try:
        for seed in target.seeds:
            target(seed)
    finally:
        sys.setprofile(None)
    assert [function for function in target.covers if _code(function) not in reached] == []


def _code(function: Callable[..., object]) -> CodeType:
    """Return the code that runs when it is called; of a class, what builds it."""
    bare = inspect.unwrap(function)
    built = getattr(bare, "__attrs_post_init__", None) or bare.__init__ if inspect.isclass(bare) else bare
    code = getattr(built, "__code__", None) or getattr(getattr(built, "__func__", None), "__code__", None)
    assert isinstance(code, CodeType), function
    return code
