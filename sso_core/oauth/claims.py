"""Claims as a value, and the merge of the three places they come from."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs


@attrs.frozen(repr=False, hash=False)
class ClaimSet:
    """JSON members under their names. Its repr shows names only, since values are a person's data."""

    members: Mapping[str, object] = attrs.field(factory=dict)

    def get(self, name: str) -> object:
        """Return the claim's value, or None where it is absent."""
        return self.members.get(name)

    def text(self, name: str) -> str | None:
        """Return the claim if it is a text that is not empty, else None."""
        value = self.members.get(name)
        return value if isinstance(value, str) and value else None

    def __bool__(self) -> bool:
        return bool(self.members)

    def __hash__(self) -> int:
        return hash(frozenset(self.members))

    def __repr__(self) -> str:
        return f"ClaimSet({', '.join(sorted(self.members))})"


class Source(Enum):
    """Where a claim comes from, the most trusted word on a person's profile first."""

    USERINFO = "userinfo"
    ID_TOKEN = "id_token"  # noqa: S105 -- a source, no password
    TOKEN_RESPONSE = "token_response"  # noqa: S105 -- a source, no password
    HOST = "host"
    """The host's own code, which vouches for the person itself."""

    def __init__(self, text: str) -> None:
        # The value once more: a login asks for it a dozen times, and `value` of an enumeration takes a call each time.
        self.text = text


@attrs.frozen
class SourcedClaims:
    """The merged claims, and for each name its source."""

    claims: ClaimSet
    sources: Mapping[str, Source] = attrs.field(hash=False)


TOKEN_MEMBERS = frozenset({"access_token", "id_token", "refresh_token"})
"""Bearer secrets: never claims, whichever document names them."""

ENVELOPE_MEMBERS = frozenset({"token_type", "expires_in", "scope"})
"""What a token answer says of its tokens, not of the person."""

SECRET_ENDINGS = ("token", "secret", "key", "password", "assertion")
"""How members of a token answer are called that are secrets, whoever added them: `device_secret`, `api_key`."""

PROTOCOL_CLAIMS = frozenset(
    {
        "iss",
        "aud",
        "azp",
        "exp",
        "iat",
        "nbf",
        "jti",
        "sid",
        "nonce",
        "at_hash",
        "c_hash",
        "auth_time",
    }
)
"""What an ID token says of itself, of its login and of whom it is for; nothing that describes the person."""


def merge_claims(userinfo: ClaimSet, id_token: ClaimSet, token_response: ClaimSet) -> SourcedClaims:
    """Merge the three documents of one login, claim by claim.

    Userinfo wins over the ID token, both win over other members of the token answer. A null is an answer and wins;
    an absent claim says nothing. Tokens are left out of all three, and of the token answer whatever may hold another
    one: objects, and what is called a secret.
    """
    members: dict[str, object] = {}
    sources: dict[str, Source] = {}
    for source, claims in ((Source.USERINFO, userinfo), (Source.ID_TOKEN, id_token)):
        new = dict(claims.members)
        for name in (*TOKEN_MEMBERS, *members):
            new.pop(name, None)
        members.update(new)
        sources.update(dict.fromkeys(new, source))
    for name, value in token_response.members.items():
        if name not in members and _describes_person(name, value):
            members[name] = value
            sources[name] = Source.TOKEN_RESPONSE
    return SourcedClaims(ClaimSet(members), sources)


def _describes_person(name: str, value: object) -> bool:
    if name in ENVELOPE_MEMBERS or name.lower().endswith(SECRET_ENDINGS):
        return False
    return not any(isinstance(item, (dict, list)) for item in (value if isinstance(value, list) else (value,)))


def without_tokens(value: object) -> object:
    """Return a claim's value without the tokens that it holds at any depth."""
    if isinstance(value, dict):
        return {name: without_tokens(inner) for name, inner in value.items() if name not in TOKEN_MEMBERS}
    return [without_tokens(inner) for inner in value] if isinstance(value, list) else value
