"""Secrets that can be told from everything else: each begins with the same letters, and says what it is and whose."""

from __future__ import annotations

import re
from hashlib import sha256

import attrs

from sso_core.testing.provider_state import ProviderState
from sso_core.wire import b64url_decode, b64url_encode, encode_json

MARK = "cAnArYs-"
FOUND = re.compile(f"{MARK}([A-Za-z0-9_-]{{4}})([a-z]{{4}})[A-Za-z0-9_-]*")
"""A secret in a text: its number, and what it is."""

_KINDS = ("stat", "nonc", "veri", "cook", "sess")
_HEADS = tuple((b64url_decode(MARK), b64url_decode(kind)) for kind in _KINDS)
NOBODYS = "----"


class Mint:
    """Draws the entropy of a service, and remembers for whose request each block was drawn."""

    def __init__(self) -> None:
        self.owner = ""
        self._owners: list[str] = []

    def draw(self) -> bytes:
        """Return a block of entropy, whose pieces are marked as the owner's."""
        number = len(self._owners).to_bytes(3)
        self._owners.append(self.owner)
        rest = sha256(number).digest()
        pieces = b"".join(mark + number + kind + rest[:20] for mark, kind in _HEADS)
        return pieces + rest + rest

    def owner_of(self, number: str) -> str:
        """Return whose the block of this number is; nobody's for what no request drew."""
        return "" if number == NOBODYS else self._owners[int.from_bytes(b64url_decode(number))]


@attrs.frozen
class MarkedProvider(ProviderState):
    """A provider whose codes and tokens are marked.

    Its access tokens are meant for somebody else: whoever reads them finds an administrator in each.
    """

    def issue(self, what: str) -> tuple[ProviderState, str]:
        state, token = super().issue(what)
        marked = f"{MARK}{NOBODYS}{what[:4].strip().lower():a<4}{token}"
        if what != "access token":
            return state, marked
        claims = {"iss": self.issuer, "role": "proxy_admin", "roles": ["proxy_admin"], "groups": ["proxy_admin"]}
        header, payload = (b64url_encode(encode_json(part)) for part in ({"alg": "none"}, claims))
        return state, f"{header}.{payload}.{marked}"
