"""Variants of what a provider publishes: metadata, keys, and when it changes them."""

from __future__ import annotations

import attrs

from sso_core.failures import Reason
from sso_core.testing.mischief import Arrangement, Mischief, drop, extend, put, rotate
from sso_core.testing.provider_state import Alterations, Document, Paths, ProviderState
from sso_core.testing.signing_keys import signing_key


def _nameless_rivals(state: ProviderState) -> ProviderState:
    """Publish several RSA keys, none with a name."""
    return attrs.evolve(state, keys=tuple(signing_key("RS256", kid=None, seed=seed) for seed in ("one", "two")))


def _other_kinds(state: ProviderState) -> ProviderState:
    """Publish keys of other kinds beside the right one."""
    kinds = [alg for alg in ("ES256", "ES384", "EdDSA") if alg not in {key.alg for key in state.keys}]
    return attrs.evolve(state, keys=(*state.keys, *(signing_key(alg, kid=f"other-{alg}") for alg in kinds)))


def _decoys(document: Document) -> Document:
    """Lay keys of the same name, but of another kind or for another use, around the real ones."""
    real = document["keys"]
    taken = {key["alg"] for key in real}
    kinds = [alg for alg in ("PS256", "ES256", "ES384", "EdDSA") if alg not in taken]
    before, *after = [signing_key(alg, kid=real[0]["kid"], seed="decoy").jwk for alg in kinds]
    for_encryption = {**(signing_key(real[0]["alg"], kid=real[0]["kid"], seed="decoy").jwk or {}), "use": "enc"}
    return {"keys": [before, for_encryption, *real, *after]}


def _rotate_between_logins(state: ProviderState) -> ProviderState:
    return rotate(state) if state.counter else state


def _under_a_path(state: ProviderState) -> ProviderState:
    return attrs.evolve(state, issuer=state.issuer.rstrip("/") + "/run/14", paths=Paths("/a", "/t", "/u", "/k"))


def _keys_elsewhere(state: ProviderState) -> ProviderState:
    return attrs.evolve(state, paths=attrs.evolve(state.paths, keys="/run/15/keys"))


_ALIASES = {
    "token_endpoint": "https://mtls.op.example/token",
    "userinfo_endpoint": "https://mtls.op.example/userinfo",
}

DOCUMENTS = (
    Mischief(
        "C6",
        "no kid in the header, one key in the set",
        "verified with the only key that fits; accepted",
        alterations=Alterations(id_token_header=drop("kid")),
    ),
    Mischief(
        "C6-other-kinds",
        "no kid in the header, one key of its kind in the set",
        "verified with the only key that fits; accepted",
        alterations=Alterations(id_token_header=drop("kid")),
        arrangement=Arrangement(id_token_alg="RS256"),
        provider=_other_kinds,
    ),
    Mischief(
        "C7",
        "no kid in the header, several RSA keys without kid",
        "refused as ambiguous; keys are not tried one after the other",
        "REJ",
        frozenset({Reason.AMBIGUOUS_KEY}),
        arrangement=Arrangement(id_token_alg="RS256"),
        provider=_nameless_rivals,
        untouched=frozenset({"userinfo"}),
    ),
    Mischief(
        "C14",
        "the issuer has a path, and the endpoints lie in other places",
        "metadata is read after the issuer, and endpoints are taken from it; accepted",
        provider=_under_a_path,
        at_least=(("metadata", 1),),
    ),
    Mischief(
        "C15",
        "the key set lies in another place",
        "keys are read from the place that the metadata names; accepted",
        provider=_keys_elsewhere,
        at_least=(("keys", 1),),
    ),
    Mischief(
        "C16",
        "the metadata names another issuer",
        "refused; no endpoint of that document is ever used",
        "REJ0",
        frozenset({Reason.ISSUER_MISMATCH}),
        Alterations(metadata=extend("issuer", "INVALID")),
        untouched=frozenset({"authorization", "keys", "token", "userinfo"}),
    ),
    Mischief(
        "C17",
        "the keys are replaced just before the ID token is signed",
        "an unknown kid is looked up anew within the same login; accepted",
        alterations=Alterations(before_signing=rotate),
    ),
    Mischief(
        "C18",
        "the keys are replaced between two logins",
        "the second login reads the keys again; both accepted",
        alterations=Alterations(at_authorization=_rotate_between_logins),
        arrangement=Arrangement(logins=2),
        at_least=(("keys", 2),),
    ),
    Mischief(
        "C28",
        "the metadata has endpoints for mutual TLS",
        "ignored without mutual TLS; accepted",
        alterations=Alterations(metadata=put(mtls_endpoint_aliases=_ALIASES)),
    ),
    *(
        Mischief(
            f"C55-{alg}",
            f"keys of the same kid, but of another kind or use, lie around the {alg} key",
            "the key is chosen by kid and algorithm and kind and use; accepted",
            alterations=Alterations(keys=_decoys),
            arrangement=Arrangement(id_token_alg=alg),
        )
        for alg in ("EdDSA", "RS256")
    ),
)
