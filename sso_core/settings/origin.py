"""The one address under which people reach this service; nothing is ever taken from a Host header."""

from __future__ import annotations

from hashlib import sha256

import attrs

from sso_core.wire import WireError, b64url_encode, parse_http_url


@attrs.frozen
class Origin:
    """A public base address: scheme, host, port, and the path of the mount where it is below the root.

    Raises ValueError unless it is https, or http on the loopback of this machine, and has no query.
    """

    base: str
    scheme: str = attrs.field(init=False, eq=False)
    origin: str = attrs.field(init=False, eq=False)
    """Scheme, host and port, as browsers write it in an `Origin` header."""
    mount: str = attrs.field(init=False, eq=False)
    """The path below which this service lives: empty, or starting with a slash and not ending with one."""

    def __attrs_post_init__(self) -> None:
        try:
            url = parse_http_url(self.base)
        except WireError as error:
            raise ValueError(f"the base address is not usable: {error}") from error
        if url.query:
            raise ValueError("the base address has a query")
        if url.scheme == "http" and not url.is_loopback:
            raise ValueError("the base address is plain http, which is for the loopback of one machine only")
        mount = url.path.rstrip("/")
        object.__setattr__(self, "scheme", url.scheme)
        object.__setattr__(self, "origin", url.origin)
        object.__setattr__(self, "mount", mount)
        object.__setattr__(self, "base", url.origin + mount)

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it over https."""
        return self.scheme == "https"

    @property
    def mark(self) -> str:
        """Tells mounts on one host apart in names of cookies: empty at the root."""
        return b64url_encode(sha256(self.mount.encode()).digest())[:6] if self.mount else ""

    def url(self, path: str) -> str:
        """Return the absolute address of a path of ours."""
        return self.base + path

    def path(self, path: str) -> str:
        """Return the path of ours as browsers see it."""
        return self.mount + path
