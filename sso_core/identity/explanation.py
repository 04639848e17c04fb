"""Why a person is who they are here: which claim, from which document, under which rule, made which role or team."""

from __future__ import annotations

import json

import attrs

VALUE_LIMIT = 512
"""Characters of one value that are shown; a session holds them, so they are bounded."""

ACCESS_TOKEN = "access_token"  # noqa: S105 -- a source, no password
LISTING = "group_listing"
"""Sources that are no part of the merged claims."""


def cut(text: str) -> str:
    """Return the text, cut where it is long so that the cut shows."""
    return text if len(text) <= VALUE_LIMIT else text[:VALUE_LIMIT] + "…"


_ENCODER = json.JSONEncoder(ensure_ascii=False)
"""Made once: a login shows a dozen claims, and an encoder for each cost a tenth of it."""


def shown(value: object) -> str:
    """Return a claim's value as JSON text, cut where it is long."""
    # A truth value is a claim of most people, and the encoder builds itself anew for whatever is no text.
    if value is True:
        return "true"
    text = _ENCODER.encode(value)
    return text if len(text) <= VALUE_LIMIT else cut(text)


@attrs.frozen
class Step:
    """One step from claims to identity, in words for an operator.

    `claim` is a path, `source` the document it was read from; both are empty where a rule needs no claim. What came out
    is a person's data and shows in no repr.
    """

    rule: str
    claim: str
    source: str
    result: str = attrs.field(repr=False)
