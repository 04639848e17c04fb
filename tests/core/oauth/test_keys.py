from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from sso_core.facts import KeySet, PreparedKey
from sso_core.failures import Reason, Refusal
from sso_core.oauth.key_set import parse_key_set
from sso_core.oauth.keys import choose_key
from sso_core.testing.signing_keys import signing_key


def jwk(alg: str = "EdDSA", *, kid: str | None = "k1", seed: str = "") -> dict[str, Any]:
    """Return the entry of a made-up key."""
    entry = signing_key(alg, kid=kid, seed=seed).jwk or {}
    return {name: value for name, value in entry.items() if value is not None}


def key_set(*entries: object) -> KeySet:
    return parse_key_set(json.dumps({"keys": entries}).encode())


RSA, EC, ED = jwk("RS256"), jwk("ES256"), jwk("EdDSA")
OFF_CURVE = EC | {"y": EC["x"]}


def chosen(keys: KeySet, kid: str | None, alg: str = "EdDSA") -> PreparedKey | Reason:
    try:
        return choose_key(keys, kid=kid, alg=alg)
    except Refusal as refusal:
        return refusal.failure.reason


A, B, NAMELESS = jwk(kid="a"), jwk(kid="b"), jwk(kid=None)


@pytest.mark.parametrize(
    ("entries", "kid", "alg", "expected"),
    [
        pytest.param([A, B], "a", "EdDSA", A, id="the named one"),
        pytest.param([A], None, "EdDSA", A, id="the only one, no name asked for"),
        pytest.param([RSA, EC, ED], None, "ES256", EC, id="the only one of its kind"),
        pytest.param([RSA, EC, ED], "k1", "EdDSA", ED, id="one name for three kinds"),
        pytest.param([jwk("ES384"), EC], "k1", "ES256", EC, id="one name for two curves"),
        pytest.param([ED | {"use": "enc"}, ED], "k1", "EdDSA", ED, id="a decoy for encryption"),
        pytest.param([OFF_CURVE, EC], "k1", "ES256", EC, id="a decoy off the curve"),
        pytest.param([A, A], "a", "EdDSA", A, id="the same twice"),
        pytest.param([A, A | {"use": None}], None, "EdDSA", A, id="the same twice, no name asked for"),
        pytest.param([NAMELESS], None, "EdDSA", NAMELESS, id="a nameless one"),
        pytest.param([NAMELESS], "a", "EdDSA", NAMELESS, id="the only one has no name"),
        pytest.param(
            [RSA, NAMELESS], "k1", "EdDSA", Reason.UNKNOWN_KEY, id="the name of another kind's, and a nameless one"
        ),
        pytest.param([], "a", "EdDSA", Reason.UNKNOWN_KEY, id="none at all"),
        pytest.param([A], "b", "EdDSA", Reason.UNKNOWN_KEY, id="another name"),
        pytest.param([A], "A", "EdDSA", Reason.UNKNOWN_KEY, id="the name in capitals"),
        pytest.param([A], "", "EdDSA", Reason.UNKNOWN_KEY, id="the empty name"),
        pytest.param([A], "a", "RS256", Reason.UNKNOWN_KEY, id="no key of the kind"),
        pytest.param([A], None, "RS256", Reason.UNKNOWN_KEY, id="no key of the kind, no name asked for"),
        pytest.param([RSA], "k1", "PS256", Reason.UNKNOWN_KEY, id="a key for another algorithm of its kind"),
        pytest.param([A], "a", "none", Reason.UNKNOWN_KEY, id="an algorithm that no key has"),
        pytest.param([A, NAMELESS], "b", "EdDSA", Reason.UNKNOWN_KEY, id="a nameless one among others"),
        pytest.param([A, B], None, "EdDSA", Reason.AMBIGUOUS_KEY, id="two, no name asked for"),
        pytest.param([A, jwk(kid="a", seed="x")], "a", "EdDSA", Reason.AMBIGUOUS_KEY, id="one name for two"),
        pytest.param([NAMELESS, jwk(kid=None, seed="x")], None, "EdDSA", Reason.AMBIGUOUS_KEY, id="two nameless ones"),
    ],
)
def test_the_key_is_the_one_that_name_and_algorithm_leave_in_any_order(
    entries: list[dict[str, Any]], kid: str | None, alg: str, expected: dict[str, Any] | Reason
) -> None:
    wanted = expected if isinstance(expected, Reason) else key_set(expected).keys[0]
    for order in permutations(entries):
        assert chosen(key_set(*order), kid, alg) == wanted


def test_the_operator_is_told_how_many_keys_fit() -> None:
    with pytest.raises(Refusal, match="2 keys") as caught:
        choose_key(key_set(A, B, RSA), kid=None, alg="EdDSA")
    assert caught.value.failure.hint
