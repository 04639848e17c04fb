"""What describes a person: handle, names and e-mail address, each read from the first claim that has a value."""

from __future__ import annotations

from sso_core.identity.claim_path import first_value
from sso_core.identity.gathered import Gathered
from sso_core.identity.groups import name_of
from sso_core.oauth.claims import ClaimSet

NAME_LIMIT = 512
"""Characters of a handle or a name; what is longer is nobody's."""
EMAIL_LIMIT = 254
"""Characters of an address (RFC 5321 4.5.3.1.3, without the angle brackets)."""


def text_at(claims: ClaimSet, paths: tuple[str, ...]) -> str | None:
    """Return the first value of the paths as text, a whole number by its digits; None where it is nothing of both."""
    found = first_value(claims, paths)
    return None if found is None else _text(found[1])


def _text(value: object) -> str | None:
    if isinstance(value, str):  # as nearly all are
        return value if len(value) <= NAME_LIMIT and value.strip() else None
    text = name_of(value) if not isinstance(value, float) else None
    return text if text is not None and len(text) <= NAME_LIMIT else None


def handle_of(gathered: Gathered, paths: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the path and the name by which hosts know the person; None where no path leads to such a name.

    `sub` is the verified subject, whatever a claim of that name says. Nothing stands in for a handle that is missing:
    people of one name would become one person.
    """
    for path in paths:
        if path == "sub":
            return path, gathered.subject
        found = first_value(gathered.claims.claims, (path,))
        if found:
            handle = _text(found[1])
            return (path, handle) if handle is not None and handle.isprintable() else None
    return None


def email_address(value: object) -> str | None:
    """Return the address in lower case; None for what is not one address of the form local@domain.

    Two addresses, or a second @ that hides a domain, are none: each reader would see another one in them. So is one
    that lower case would turn into somebody else's. Whether the domain exists, or is allowed, is not asked here.
    """
    if not isinstance(value, str) or not 0 < len(value) <= EMAIL_LIMIT or not value.isprintable() or " " in value:
        return None
    local, _, domain = value.partition("@")
    if not local or not domain or "@" in domain or (not value.isascii() and any(map(_turns_ascii, value))):
        return None
    return value.lower()


def _turns_ascii(letter: str) -> bool:
    """Say whether lower case makes an ASCII letter of one that is none: the Kelvin sign is such a k."""
    return not letter.isascii() and letter.lower().isascii()


def is_verified(gathered: Gathered, path: str, value: object) -> bool:
    """Say whether the provider itself says that it has verified this address (OIDC Core 5.1).

    `email_verified` speaks of `email`, and of the one in the same document. "true" and 1 do not say it.
    """
    sourced = gathered.claims
    if path != "email" or sourced.claims.get("email_verified") is not True:
        return False
    if sourced.sources["email"] is sourced.sources["email_verified"]:
        return True
    return gathered.id_token.get("email_verified") is True and gathered.id_token.get("email") == value
