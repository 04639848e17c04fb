from __future__ import annotations

import attrs
import pytest
from scenes import GATHERED

from sso_core.identity.gathered import Gathered, GroupListing
from sso_core.oauth.claims import ClaimSet


def test_nobody_was_asked_for_groups_until_there_is_a_listing() -> None:
    assert GATHERED.listing is None
    assert GroupListing() == GroupListing((), complete=True, teams=())


def test_no_document_says_more_than_it_was_given() -> None:
    bare = Gathered("https://idp.example", "alice", GATHERED.claims)
    assert (bare.id_token, bare.access_token, bare.notes) == (ClaimSet(), ClaimSet(), ())


def test_what_was_gathered_is_a_value() -> None:
    assert hash(attrs.evolve(GATHERED)) == hash(GATHERED)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        GATHERED.subject = "mallory"  # type: ignore[misc] # that is the point


def test_a_persons_claims_show_in_no_text() -> None:
    claims = ClaimSet({"email": "canary@b.example"})
    assert "canary" not in repr(attrs.evolve(GATHERED, id_token=claims, access_token=claims))
