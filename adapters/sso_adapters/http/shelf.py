"""The bookkeeping of a library: which copies there are, how good they still are, and who may fetch.

No I/O, no locks, no clock: `now` is an argument, and whoever owns a shelf sees that one thread at a time touches it.
The rules:

- A fresh copy answers at once. So does an older one while somebody is fetching: one asker pays for a refresh.
- A copy is due for a refresh before it is no longer fresh, so that whoever tends the library spares all askers that.
- A refresh that fails takes nothing away. The old copy answers until the end of the outage window.
- Each fetch costs a token of the (issuer, kind of document), failed fetches and first ones too. An asker without a
  token gets the old copy, or the time of the next try. A failure is not kept: the next token is the next try.
- Logout tokens draw from buckets of their own: whoever makes them up leaves the logins theirs.
- An asker that found no key for a token (`lacks`) gets a copy that has it, or one that is fetched now. Where that
  fetch fails it hears so: from the old copy it would conclude that the key does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import assert_never

import attrs

from sso_core.bucket import Bucket
from sso_core.effects import ReadKeys, ReadMetadata
from sso_core.events import KeysRead, MetadataRead, Unavailable
from sso_core.facts import KeySet, ProviderMetadata, Warm
from sso_core.failures import Failure, Reason

Question = ReadMetadata | ReadKeys
Document = ProviderMetadata | KeySet
Answer = MetadataRead | KeysRead | Unavailable
AHEAD = 0.75
"""The part of a copy's fresh time after which it is due: the rest is for a provider that is away for a while."""
Place = tuple[str, str]
"""Where a copy lies: the issuer, and the address of the keys or the empty text for the metadata."""


@attrs.frozen(kw_only=True)
class Terms:
    """How long copies are good, in seconds, and how often they may be fetched.

    `fresh_metadata` and `fresh_keys` bound how long a key that the provider has withdrawn is still believed;
    `outage` bounds the same while the provider cannot be reached.
    """

    fresh_metadata: float = attrs.field(default=3600.0, validator=attrs.validators.gt(0))
    fresh_keys: float = attrs.field(default=3600.0, validator=attrs.validators.gt(0))
    outage: float = attrs.field(default=86400.0, validator=attrs.validators.gt(0))
    burst: int = attrs.field(default=3, validator=attrs.validators.ge(1))
    every: float = attrs.field(default=15.0, validator=attrs.validators.gt(0))


@attrs.frozen
class Copy:
    """A document, and when it was read."""

    document: Document
    read_at: float

    def age(self, now: float) -> float:
        """Return its age in seconds.

        A copy that seems to come from the future was read before the clock stepped back, nobody knows when. The step
        counts as its age, so that a long one has it read anew, and none is believed for ever.
        """
        return abs(now - self.read_at)


@attrs.frozen
class MayFetch:
    """The asker is to fetch the document, and has a token for it."""


def place(question: Question) -> Place:
    """Return where the copy lies that the question asks for."""
    match question:
        case ReadMetadata(issuer):
            return issuer, ""
        case ReadKeys(issuer, uri):
            return issuer, uri
        case _:
            assert_never(question)


def answer(document: Document) -> MetadataRead | KeysRead:
    """Return the event that brings a document."""
    match document:
        case ProviderMetadata():
            return MetadataRead(document)
        case KeySet():
            return KeysRead(document)
        case _:
            assert_never(document)


def has_key(document: Document, kid: str) -> bool:
    """Whether a key set names the key. The empty text asks for no name, and nothing tells whether that would help."""
    return isinstance(document, KeySet) and bool(kid) and any(key.kid == kid for key in document.keys)


@attrs.define
class Shelf:
    """Holds the copies and the buckets."""

    terms: Terms = attrs.field(factory=Terms)
    _copies: dict[Place, Copy] = attrs.field(factory=dict, init=False)
    _buckets: dict[tuple[str, Reason, bool], Bucket] = attrs.field(factory=dict, init=False)

    def at_once(self, question: Question, now: float, *, fetching: bool) -> Answer | None:
        """Return the answer that needs no fetch, or None; `fetching` says that somebody is at it already."""
        copy = self._copies.get(place(question))
        if copy is None:
            return None
        if isinstance(question, ReadKeys) and question.lacks is not None:
            good = self._fresh(copy, now) and has_key(copy.document, question.lacks)
        else:
            good = self._fresh(copy, now) or (fetching and self._bearable(copy, now))
        return answer(copy.document) if good else None

    def may_fetch(self, question: Question, now: float) -> MayFetch | Answer:
        """Take a token for a fetch, or return what has to do without one."""
        name = question.issuer, _unreachable(question), question.for_logout
        bucket = self._buckets.get(name) or Bucket.full(now, burst=self.terms.burst, every=self.terms.every)
        after = bucket.take(now)
        if after is not None:
            self._buckets[name] = after
            return MayFetch()
        old = self._old(question, now)
        if old is not None:
            return old
        wait = ceil(bucket.wait(now))
        return Unavailable(Failure(_unreachable(question), f"asked too often; next try in {wait} s"))

    def keep(self, question: Question, document: Document, now: float) -> None:
        """Put a copy in its place, and throw away what nobody may be given any more."""
        self._copies[place(question)] = Copy(document, now)
        for where in [where for where, copy in self._copies.items() if not self._bearable(copy, now)]:
            del self._copies[where]

    def outcome(self, question: Question, fetched: Document | Failure, now: float) -> Answer:
        """Return what a finished fetch means to one of those who waited for it."""
        if not isinstance(fetched, Failure):
            return answer(fetched)
        if isinstance(question, ReadKeys) and question.lacks is not None:
            return Unavailable(fetched)
        return self._old(question, now) or Unavailable(fetched)

    def warm(self, issuer: str, now: float) -> Warm:
        """Return what is fresh. The keys are those at the address that the latest metadata names."""
        metadata = self._copies.get((issuer, ""))
        if metadata is None or not isinstance(metadata.document, ProviderMetadata):
            return Warm()
        keys = self._copies.get((issuer, metadata.document.jwks_uri))
        return Warm(
            metadata.document if self._fresh(metadata, now) else None,
            keys.document if keys and isinstance(keys.document, KeySet) and self._fresh(keys, now) else None,
        )

    def due(self, now: float) -> tuple[Question, ...]:
        """Return what to fetch before anybody waits for it: metadata, and the keys at the address that it names."""
        known = [
            (issuer, copy.document)
            for (issuer, _), copy in self._copies.items()
            if isinstance(copy.document, ProviderMetadata)
        ]
        questions = [(ReadMetadata(issuer), ReadKeys(issuer, metadata.jwks_uri)) for issuer, metadata in known]
        return tuple(question for pair in questions for question in pair if self._due(question, now))

    def may_refresh(self, question: Question, now: float, *, fetching: bool) -> bool:
        """Whether to fetch what is due, with a token taken for it; `fetching` says that somebody is at it already."""
        return not fetching and self._due(question, now) and isinstance(self.may_fetch(question, now), MayFetch)

    def _due(self, question: Question, now: float) -> bool:
        copy = self._copies.get(place(question))
        return copy is not None and self._bearable(copy, now) and copy.age(now) >= AHEAD * self._fresh_for(copy)

    def _fresh_for(self, copy: Copy) -> float:
        return self.terms.fresh_keys if isinstance(copy.document, KeySet) else self.terms.fresh_metadata

    def _fresh(self, copy: Copy, now: float) -> bool:
        return copy.age(now) < self._fresh_for(copy)

    def _bearable(self, copy: Copy, now: float) -> bool:
        return self._fresh(copy, now) or copy.age(now) < self.terms.outage

    def _old(self, question: Question, now: float) -> MetadataRead | KeysRead | None:
        copy = self._copies.get(place(question))
        return answer(copy.document) if copy is not None and self._bearable(copy, now) else None


def _unreachable(question: Question) -> Reason:
    return Reason.METADATA_UNREACHABLE if isinstance(question, ReadMetadata) else Reason.KEYS_UNREACHABLE


Clock = Callable[[], float]
"""Seconds since the epoch."""
