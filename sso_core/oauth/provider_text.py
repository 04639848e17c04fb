"""Quoting what a provider says, in a text that operators will read."""

from __future__ import annotations

from sso_core.secret import Secret

LIMIT = 200
"""Characters of foreign text in one detail: enough for an error description, too few for a token or a page."""


def quote_provider(text: str, *secrets: Secret) -> str:
    """Return the provider's text fit for a log line: secrets masked, one line, printable, short.

    Providers have been seen to repeat the code or the client secret in their error descriptions.
    """
    # The longest first: a secret that begins with another would else show its end.
    for secret in sorted((secret.reveal() for secret in secrets if secret), key=len, reverse=True):
        text = text.replace(secret, "…")
    flat = "".join(character if character.isprintable() else " " for character in text[: LIMIT + 1])
    return flat if len(flat) <= LIMIT else flat[:LIMIT] + "…"
