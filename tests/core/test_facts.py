from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import METADATA, SIGNER

from sso_core.facts import KeySet, PreparedKey, Warm

FACTS = (
    METADATA,
    SIGNER.keys,
    Warm(METADATA, SIGNER.keys),
)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_is_a_value(fact: Any) -> None:
    assert attrs.evolve(fact) == fact
    assert hash(attrs.evolve(fact)) == hash(fact)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(fact, attrs.fields(type(fact))[0].name, None)


def test_keys_are_told_apart_by_their_thumbprint_not_by_the_code_that_verifies() -> None:
    (key,) = SIGNER.keys.keys
    assert KeySet((attrs.evolve(key, verify=lambda *_: True),)) == SIGNER.keys
    assert KeySet((attrs.evolve(key, thumbprint="other"),)) != SIGNER.keys
    assert "verify" not in repr(PreparedKey("k", frozenset(), "print", lambda *_: True))


def test_nothing_is_known_of_a_provider_until_it_is_asked() -> None:
    assert Warm() == Warm(metadata=None, keys=None)
