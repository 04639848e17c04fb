"""Which key of a provider a token was signed with, and by which algorithms (RFC 7515 4.1, RFC 8725 3.1)."""

from __future__ import annotations

from sso_core.facts import KeySet, PreparedKey
from sso_core.failures import Reason, refuse

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""All that may ever be allowed: signatures by a private key. `none` and shared secrets are not among them."""


def choose_key(keys: KeySet, *, kid: str | None, alg: str) -> PreparedKey:
    """Return the one key that a token with this header can be signed with.

    A key is chosen by kid *and* algorithm, hence by kty, crv and use as well. A kid that the set does not know is
    forgiven where the only key for the algorithm has no name at all. Refuses with UNKNOWN_KEY where none fits and with
    AMBIGUOUS_KEY where several do: keys are never tried one after the other.
    """
    fitting = [key for key in keys.keys if alg in key.algorithms]
    named = [key for key in fitting if kid is None or key.kid == kid]
    if len(fitting) == 1 and fitting[0].kid is None and all(key.kid != kid for key in keys.keys):
        named = fitting
    different = {key.thumbprint: key for key in named}
    if not different:
        refuse(Reason.UNKNOWN_KEY, "no key of the provider fits the token's kid and algorithm")
    if len(different) > 1:
        refuse(
            Reason.AMBIGUOUS_KEY,
            f"{len(different)} keys of the provider fit the token",
            "the provider has to name its keys, and each by a name of its own",
        )
    return named[0]
