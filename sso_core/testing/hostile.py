"""The table of what providers may do wrong, or do right in an unusual way: one entry a variant.

    for mischief in HOSTILE.values():
        provider = HostileProvider(mischief)     # used like FakeProvider; another relying party can be pointed at it
        ...                                      # set up as `mischief.arrangement` says, then that many logins
        assert mischief.broken_promises(provider.state) == ()

Names begin with the line that the variant realises: of the conformance table (C), or of docs/trust/attacks.toml (A).
The honest variants are there to be inspected: the provider refuses unsound requests and notes surprises, which
`broken_promises` repeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from sso_core.testing.hostile_algorithms import ALGORITHMS
from sso_core.testing.hostile_answers import ANSWERS
from sso_core.testing.hostile_bodies import BODIES
from sso_core.testing.hostile_claims import CLAIMS
from sso_core.testing.hostile_compact import COMPACT
from sso_core.testing.hostile_documents import DOCUMENTS
from sso_core.testing.hostile_id_tokens import ID_TOKENS
from sso_core.testing.hostile_keys import KEY_SETS
from sso_core.testing.hostile_mix_ups import MIX_UPS
from sso_core.testing.mischief import Arrangement, HostileProvider, Mischief, put
from sso_core.testing.provider_state import Alterations

__all__ = ["HOSTILE", "NOT_APPLICABLE", "VARIANTS", "HostileProvider", "Mischief"]

_BASIC_ONLY = put(token_endpoint_auth_methods_supported=["client_secret_basic"])

HONEST = (
    Mischief(
        "C1",
        "an honest provider that signs RS256",
        "metadata, authorization, token and userinfo are used; accepted",
        arrangement=Arrangement(id_token_alg="RS256"),
        at_least=(("metadata", 1), ("authorization", 1), ("token", 1), ("userinfo", 1)),
    ),
    Mischief(
        "C12",
        "userinfo gives what the scopes ask for",
        "asked claims arrive, absent ones stay absent; accepted",
        arrangement=Arrangement(scope="openid profile email address phone"),
    ),
    Mischief(
        "C13",
        "the provider takes client_secret_basic only",
        "id and secret are form-encoded into the header, and nowhere else; accepted",
        alterations=Alterations(metadata=_BASIC_ONLY),
        arrangement=Arrangement(auth_method="client_secret_basic"),
    ),
    Mischief("C24", "the provider demands a nonce", "a nonce is sent, in the code flow too; accepted"),
    Mischief(
        "C25",
        "userinfo takes the token in the header only",
        "Authorization: Bearer; accepted",
        at_least=(("userinfo", 1),),
    ),
    Mischief(
        "C37",
        "the authorization request is inspected",
        "client_id, redirect_uri, scope and response_type are right; accepted",
    ),
    Mischief("C38", "nonce and state are inspected", "safe characters, bounded length; accepted"),
    *(
        Mischief(
            f"C39-{method}",
            f"the token request of a client registered for {method} is inspected",
            "same code and redirect_uri, one authentication, the verifier of the challenge; accepted",
            arrangement=Arrangement(auth_method=method),
        )
        for method in ("client_secret_basic", "client_secret_post", "none")
    ),
    Mischief("C40", "the userinfo request is inspected", "no token is in its address; accepted"),
    Mischief("C41", "every request is inspected", "nothing is asked that was not published; accepted"),
)

_BASIC_PLAN = frozenset(f"C{number}" for number in range(1, 14))


def _by_form_post(mischief: Mischief) -> Mischief:
    return attrs.evolve(
        mischief,
        name=f"C19-{mischief.name}",
        title=f"{mischief.title}; answers come by form_post",
        arrangement=attrs.evolve(mischief.arrangement, response_mode="form_post"),
    )


_BY_QUERY = (*HONEST, *DOCUMENTS, *ID_TOKENS, *ANSWERS)
_ATTACKS = (*MIX_UPS, *ALGORITHMS, *KEY_SETS, *COMPACT, *CLAIMS, *BODIES)
VARIANTS = (
    *_BY_QUERY,
    *(_by_form_post(mischief) for mischief in _BY_QUERY if mischief.line in _BASIC_PLAN),
    *_ATTACKS,
)

HOSTILE: Mapping[str, Mischief] = MappingProxyType({mischief.name: mischief for mischief in VARIANTS})
"""Every variant under its name."""

_REFRESH = "refresh tokens are not used"
_HYBRID = "tokens never come through the browser: the response type is code alone"
_DPOP = "sender-constrained tokens are not offered"

NOT_APPLICABLE: Mapping[str, str] = MappingProxyType(
    {
        "C30": _HYBRID,
        "C31": _HYBRID,
        "C32": _REFRESH,
        "C33": _REFRESH,
        "C34": _REFRESH,
        "C35": "logins begun by a third party are not offered",
        "C36": "dynamic registration, WebFinger and request objects are not offered",
        "C52": "front-channel logout is not offered: browsers bring our cookie into no frame of another site's page",
        "C53": "session management by iframe is not offered, and the intent id belongs to another profile",
        "C54": _DPOP,
        "C69": _DPOP,
        "C71": _REFRESH,
        "C72": "signed authorization responses (JARM) are not offered",
    }
)
"""Lines of the conformance table without a variant here or in `hostile_logouts`, and why."""
