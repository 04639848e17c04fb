"""A token bucket as a value: how often something may be done, with a burst.

Fetches on behalf of strangers (a login brings a token with an unknown key, and a fetch follows) are paid for with
tokens, so that nobody can turn this service against a provider.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Bucket:
    """Holds `tokens` at the time `at`; one more comes each `every` seconds, up to `burst`."""

    tokens: float
    at: float
    burst: int = attrs.field(default=3, kw_only=True)
    every: float = attrs.field(default=15.0, kw_only=True)

    @classmethod
    def full(cls, now: float, *, burst: int = 3, every: float = 15.0) -> Bucket:
        """Return a bucket that nobody has drawn from yet."""
        return cls(burst, now, burst=burst, every=every)

    def take(self, now: float) -> Bucket | None:
        """Return the bucket with one token less, or None where there is none to take.

        A clock that steps back takes none away, and counts as time that passed: an empty bucket would otherwise stay
        empty until the clock is where it was.
        """
        tokens = self._tokens(now)
        if tokens < 1:
            return None
        return attrs.evolve(self, tokens=tokens - 1, at=now)

    def wait(self, now: float) -> float:
        """Return the seconds until there is a token, 0 where there is one."""
        return max(0.0, (1 - self._tokens(now)) * self.every)

    def _tokens(self, now: float) -> float:
        return min(float(self.burst), self.tokens + abs(now - self.at) / self.every)
