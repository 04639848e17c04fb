"""What every parser of foreign bytes promises, and how it is held to it.

Only the documented failure comes out, with a reason that is among those the parser names. Its text is one line that
holds no secret of the input. The same bytes have the same outcome twice, whatever was remembered in between.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from sso_core.failures import Reason, Refusal

CORPUS = Path(__file__).parent / "corpus"

CANARY = "canary~0f9d2b7c61"
"""Stands in seeds where a secret stands. It is no name, which some reports quote."""


class BrokenPromiseError(AssertionError):
    """A parser did what its docstring rules out."""


@attrs.frozen(kw_only=True)
class Target:
    """One parser, or several that eat one thing."""

    name: str
    parse: Callable[[bytes], object]
    """Feeds the bytes to the parser as they would come. What it returns can be compared, and holds no clock or dice."""
    covers: tuple[Callable[..., object], ...]
    """The parsers themselves; the seeds reach each of them."""
    seeds: tuple[bytes, ...]
    """What is accepted, to begin from; the first one leads deepest."""
    fails: tuple[type[Exception], ...] = ()
    """The documented failures."""
    reasons: frozenset[Reason] = frozenset()
    """With which it refuses, where it does."""
    secrets: tuple[str, ...] = (CANARY,)
    """What no text of a failure may hold."""
    words: tuple[bytes, ...] = ()
    """What the format is made of."""
    longest: int = 2000
    """Characters of a failure's text: it goes into a log line, however large the input was."""
    most: int = 1 << 16
    """Bytes that whoever feeds the parser lets through."""

    def __call__(self, data: bytes) -> None:
        """Play the bytes twice. Raises BrokenPromiseError, or whatever undocumented error the parser raises."""
        data = data[: self.most]
        first, second = self.outcome(data), self.outcome(data)
        if first != second and repr(first) != repr(second):
            raise BrokenPromiseError(f"{self.name}: {first!r}, and the second time {second!r}")

    def outcome(self, data: bytes) -> tuple[str, object]:
        """Return what becomes of the bytes: what was read, or the text of the failure."""
        try:
            return "read", self.parse(data)
        except Refusal as refusal:
            if refusal.failure.reason not in self.reasons:
                raise
            return "refused", self._told(str(refusal.failure))
        except self.fails as error:
            if type(error) not in self.fails:  # a UnicodeEncodeError is a ValueError, and nobody's intention
                raise
            return type(error).__name__, self._told(str(error))

    def corpus(self) -> tuple[bytes, ...]:
        """Return what was found before, beside the seeds."""
        return tuple(path.read_bytes() for path in sorted((CORPUS / self.name).glob("*")))

    def _told(self, text: str) -> str:
        if not text.isprintable():
            raise BrokenPromiseError(f"{self.name}: the failure's text is not one printable line: {text!r}")
        if len(text) > self.longest:
            raise BrokenPromiseError(f"{self.name}: the failure's text has {len(text)} characters")
        for secret in self.secrets:
            if secret in text:
                raise BrokenPromiseError(f"{self.name}: the failure's text holds a secret: {text!r}")
        return text


def promise(holds: bool, sentence: str) -> None:
    """Raise BrokenPromiseError with the sentence unless it holds."""
    if not holds:
        raise BrokenPromiseError(sentence)


def hides(value: object, secret: str, data: bytes) -> None:
    """Raise BrokenPromiseError where the repr of a value shows a secret that stands in one place of the input."""
    alone = len(secret) >= 12 and data.count(secret.encode("utf-8", "surrogateescape")) == 1
    promise(not alone or secret not in repr(value), f"{type(value).__name__} shows a secret")
