"""Where a person goes after sign-in: only ever to a path of this service."""

from __future__ import annotations

import re
from urllib.parse import unquote

from sso_core.settings.origin import Origin

LIMIT = 1024
"""Characters; longer targets do not fit into a cookie beside the rest."""

_SUSPECT = re.compile(r"/\s*/|/\.{1,2}(?:/|\Z)|[\x00-\x20\x7f\\]")
"""Path segments that are empty or dots: clients and proxies fold them into another host or another path.
Backslashes, blanks and control characters: some browsers read them as slashes, or leave them out."""

_END_OF_PATH = re.compile(r"[?#]")

_PATH = re.compile(r"/[!-\[\]-~]*", re.ASCII)
"""A slash and printable ASCII without blanks and backslashes: a path as it goes over the wire."""


def safe_return_target(target: str, origin: Origin, landing: str = "") -> str:
    """Return `target` if it is a path of this service, or an address in its origin; `landing` otherwise.

    `landing` is the operator's own path, as browsers see it; the root of the mount where there is none.

    Stops open redirects: whatever a browser might read as another host is not repaired, but dropped.
    """
    home = origin.path("/")
    landing = landing or home
    path = target.removeprefix(origin.origin)
    if len(path) > LIMIT or not _PATH.fullmatch(path):
        return landing
    decoded = path
    for _ in range(3):  # some servers and browsers decode twice
        bare = _END_OF_PATH.split(decoded, maxsplit=1)[0]
        if _SUSPECT.search(bare):
            return landing
        if "%" not in bare:
            break
        decoded = unquote(bare)
    inside = path == home or path.startswith((home, origin.mount + "?", origin.mount + "#"))
    return path if inside else landing
