from __future__ import annotations

import pytest

from sso_adapters.http.shelf import MayFetch, Shelf, Terms
from sso_core.effects import ReadKeys, ReadMetadata
from sso_core.events import KeysRead, MetadataRead, Unavailable
from sso_core.facts import KeySet, PreparedKey, ProviderMetadata, Warm
from sso_core.failures import Failure, Reason

ISSUER = "https://idp.example"
URI = "https://idp.example/keys"
METADATA = ProviderMetadata(ISSUER, f"{ISSUER}/authorize", f"{ISSUER}/token", None, URI)
ASK_METADATA = ReadMetadata(ISSUER)
ASK_KEYS = ReadKeys(ISSUER, URI)
HOUR = 3600.0
DOWN = Failure(Reason.KEYS_UNREACHABLE, "down")


def keys(*kids: str) -> KeySet:
    return KeySet(tuple(PreparedKey(kid, frozenset({"EdDSA"}), kid, lambda *_: True) for kid in kids))


def holding(*documents: tuple[ReadMetadata | ReadKeys, ProviderMetadata | KeySet], at: float = 0.0) -> Shelf:
    shelf = Shelf()
    for question, document in documents:
        shelf.keep(question, document, at)
    return shelf


def emptied(shelf: Shelf, now: float, question: ReadMetadata | ReadKeys = ASK_KEYS) -> Shelf:
    for _ in range(shelf.terms.burst):
        assert shelf.may_fetch(question, now) == MayFetch()
    return shelf


def test_nothing_is_known_at_first() -> None:
    assert Shelf().at_once(ASK_METADATA, 0, fetching=False) is None
    assert Shelf().warm(ISSUER, 0) == Warm()


def test_a_fresh_copy_answers_until_its_time_is_over() -> None:
    shelf = holding((ASK_METADATA, METADATA), (ASK_KEYS, keys("a")))
    assert shelf.at_once(ASK_METADATA, HOUR - 1, fetching=False) == MetadataRead(METADATA)
    assert shelf.at_once(ASK_KEYS, HOUR - 1, fetching=False) == KeysRead(keys("a"))
    assert shelf.at_once(ASK_METADATA, HOUR, fetching=False) is None
    assert shelf.at_once(ASK_KEYS, HOUR, fetching=False) is None


def test_an_older_copy_answers_while_somebody_is_fetching_within_the_outage_window() -> None:
    shelf = holding((ASK_KEYS, keys("a")))
    assert shelf.at_once(ASK_KEYS, HOUR, fetching=True) == KeysRead(keys("a"))
    assert shelf.at_once(ASK_KEYS, 24 * HOUR, fetching=True) is None


@pytest.mark.parametrize("fetching", [True, False])
def test_an_asker_that_lacks_a_key_is_content_with_a_fresh_copy_that_has_it(*, fetching: bool) -> None:
    shelf = holding((ASK_KEYS, keys("a", "b")))
    assert shelf.at_once(ReadKeys(ISSUER, URI, lacks="b"), 1, fetching=fetching) == KeysRead(keys("a", "b"))
    assert shelf.at_once(ReadKeys(ISSUER, URI, lacks="c"), 1, fetching=fetching) is None
    assert shelf.at_once(ReadKeys(ISSUER, URI, lacks=""), 1, fetching=fetching) is None
    assert shelf.at_once(ReadKeys(ISSUER, URI, lacks="b"), HOUR, fetching=fetching) is None


def test_an_empty_bucket_means_the_old_copy() -> None:
    shelf = emptied(holding((ASK_KEYS, keys("a"))), HOUR)
    assert shelf.may_fetch(ASK_KEYS, HOUR) == KeysRead(keys("a"))
    assert shelf.may_fetch(ReadKeys(ISSUER, URI, lacks="b"), HOUR) == KeysRead(keys("a"))


@pytest.mark.parametrize(
    ("question", "reason"), [(ASK_METADATA, Reason.METADATA_UNREACHABLE), (ASK_KEYS, Reason.KEYS_UNREACHABLE)]
)
def test_an_empty_bucket_without_a_copy_tells_when_to_come_again(
    question: ReadMetadata | ReadKeys, reason: Reason
) -> None:
    shelf = emptied(Shelf(), 0, question)
    assert shelf.may_fetch(question, 4) == Unavailable(Failure(reason, "asked too often; next try in 11 s"))
    assert shelf.may_fetch(question, 15) == MayFetch()


def test_each_issuer_and_each_kind_of_document_has_its_own_bucket_but_not_each_address_of_keys() -> None:
    shelf = emptied(Shelf(), 0)
    assert shelf.may_fetch(ASK_METADATA, 0) == MayFetch()
    assert shelf.may_fetch(ReadKeys("https://other.example", URI), 0) == MayFetch()
    assert isinstance(shelf.may_fetch(ReadKeys(ISSUER, f"{URI}2"), 0), Unavailable)


def test_keys_from_another_address_are_no_copy() -> None:
    shelf = holding((ASK_KEYS, keys("a")))
    assert shelf.at_once(ReadKeys(ISSUER, f"{URI}2"), 0, fetching=True) is None


def test_a_refresh_that_fails_leaves_the_old_copy_until_the_outage_is_too_long() -> None:
    shelf = holding((ASK_KEYS, keys("a")))
    assert shelf.outcome(ASK_KEYS, DOWN, 24 * HOUR - 1) == KeysRead(keys("a"))
    assert shelf.outcome(ASK_KEYS, DOWN, 24 * HOUR) == Unavailable(DOWN)


def test_an_asker_that_lacks_a_key_hears_of_a_failed_refresh_and_the_copy_stays() -> None:
    shelf = holding((ASK_KEYS, keys("a")))
    assert shelf.outcome(ReadKeys(ISSUER, URI, lacks="b"), DOWN, 1) == Unavailable(DOWN)
    assert shelf.at_once(ASK_KEYS, 1, fetching=False) == KeysRead(keys("a"))


def test_a_new_copy_replaces_the_old_one_and_sweeps_out_what_is_past_bearing() -> None:
    shelf = holding((ASK_KEYS, keys("a")), (ReadKeys(ISSUER, f"{URI}2"), keys("z")))
    shelf.keep(ASK_KEYS, keys("b"), 24 * HOUR)
    assert shelf.at_once(ASK_KEYS, 24 * HOUR, fetching=False) == KeysRead(keys("b"))
    assert len(shelf._copies) == 1


def test_warm_is_what_is_fresh_and_the_keys_are_those_the_metadata_names() -> None:
    shelf = holding((ASK_METADATA, METADATA), at=0)
    assert shelf.warm(ISSUER, 1) == Warm(METADATA, None)
    shelf.keep(ASK_KEYS, keys("a"), HOUR / 2)
    assert shelf.warm(ISSUER, HOUR - 1) == Warm(METADATA, keys("a"))
    assert shelf.warm(ISSUER, HOUR) == Warm(None, keys("a"))
    assert shelf.warm(ISSUER, 2 * HOUR) == Warm()


def test_terms_are_positive() -> None:
    with pytest.raises(ValueError):
        Terms(outage=0)
    with pytest.raises(ValueError):
        Terms(burst=0)


def test_copies_are_due_before_their_time_is_over_and_until_they_are_thrown_away() -> None:
    shelf = holding((ASK_METADATA, METADATA), (ASK_KEYS, keys("a")))
    assert shelf.due(0.75 * HOUR - 1) == ()
    assert shelf.due(0.75 * HOUR) == (ASK_METADATA, ASK_KEYS)
    assert shelf.due(24 * HOUR - 1) == (ASK_METADATA, ASK_KEYS)
    assert shelf.due(24 * HOUR) == ()


def test_keys_that_the_metadata_no_longer_names_are_not_due() -> None:
    former = ReadKeys(ISSUER, f"{ISSUER}/former")
    shelf = holding((ASK_METADATA, METADATA), (former, keys("a")))
    assert shelf.due(HOUR) == (ASK_METADATA,)
    assert holding((ASK_KEYS, keys("a"))).due(HOUR) == ()


def test_a_refresh_ahead_costs_a_token_and_takes_none_in_vain() -> None:
    shelf = holding((ASK_METADATA, METADATA), (ASK_KEYS, keys("a")))
    assert not shelf.may_refresh(ASK_KEYS, 1, fetching=False)
    assert not shelf.may_refresh(ASK_KEYS, HOUR, fetching=True)
    assert [shelf.may_refresh(ASK_KEYS, HOUR, fetching=False) for _ in range(4)] == [True, True, True, False]
    assert shelf.may_refresh(ASK_METADATA, HOUR, fetching=False)


def test_f50_a_clock_that_steps_back_makes_no_copy_last_for_ever() -> None:
    shelf = holding((ASK_METADATA, METADATA), (ASK_KEYS, keys("a")), at=1000 * HOUR)
    assert shelf.at_once(ASK_KEYS, 1000 * HOUR - 1, fetching=False) == KeysRead(keys("a"))
    assert shelf.at_once(ASK_KEYS, 999 * HOUR, fetching=False) is None
    assert shelf.outcome(ASK_KEYS, DOWN, 999 * HOUR) == KeysRead(keys("a"))
    assert shelf.outcome(ASK_KEYS, DOWN, 0) == Unavailable(DOWN)
    assert shelf.due(999 * HOUR) == (ASK_METADATA, ASK_KEYS)


def test_whoever_makes_up_logout_tokens_uses_up_no_token_of_the_logins() -> None:
    shelf = holding((ASK_KEYS, keys("a")))
    made_up = ReadKeys(ISSUER, URI, lacks="made up", for_logout=True)
    emptied(shelf, 0, made_up)
    assert shelf.may_fetch(made_up, 0) == KeysRead(keys("a"))
    assert shelf.may_fetch(ReadKeys(ISSUER, URI, lacks="b"), 0) == MayFetch()
    assert shelf.may_fetch(ReadMetadata(ISSUER, for_logout=True), 0) == MayFetch()
