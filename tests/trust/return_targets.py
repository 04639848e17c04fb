"""Return targets that lead elsewhere for somebody: made of what parsers disagree about, and judged by a browser.

A browser leaves out tabs and line breaks, trims blanks, and takes backslashes for slashes; proxies and frameworks may
decode a path, even twice, and fold its dots. Whoever of them reads a target, it has to stay below the mount.
"""

from __future__ import annotations

import re
from itertools import product
from urllib.parse import unquote, urlsplit

SCHEMES = ["", "http:", "https:", "HTTPS:", "javascript:", "data:text/html,", "ftp:", "https", "view-source:https:"]
SLASHES = [
    *("", "/", "//", "///", "////", "\\", "/\\", "\\/", "\\\\", "/%5c", "/%5C%5C", "/%255c", "/%2f", "%2f%2f"),
    *("/%252f", "/./", "/../", "/.//", "/..//", "/%2e/", "/%2e%2e/", "/%2e%2e//", "/.%2e//", "/%252e%252e//"),
    *("/a/..//", "/a/../", "/\t/", "/\r/", "/\n/", "/\r\n/", "/\v/", "/\f/", "/\0/", "/ /", "\t//", " //"),
    *("\x01//", "/\x7f/", "/\x1f/", "/%09/", "/%0a/", "/%0d/", "/%0d%0a/", "/%00/", "/%20/", "/+/", "/%0b/"),
    *("/%c2%a0/", "/%e3%80%80/", "/%2509/", "/\xa0/", "/\u3000/", "/\u2028/", "/\u200b/", "/\ufeff/", "/\uff0f"),
    *("/\u2215", "/.\\", "/..\\", "/;/", "/.;/"),
]
HOSTS = [
    *("evil.example", "evil.example/", "app.example.evil.example", "evil.example:443", "evil.example?.app.example"),
    *("app.example@evil.example", "app.example:443@evil.example", "evil.example#.app.example"),
    *("evil.example%00.app.example", "evil.example\\.app.example", "%65vil.example", "evil\u3002example"),
    *("\uff45vil.example", "1.1.1.1", "[::ffff:1.1.1.1]", "0x01.0x01", "evil.example%23@app.example", "alert(1)"),
    *("evil.example%2f@app.example", "..", "app.example"),
]
TARGETS = ["".join(parts) for parts in product(SCHEMES, SLASHES, HOSTS)]

KEPT = [
    *("/", "/inside", "/inside/", "/a/b?c=d&e=%2F%2Fevil.example", "/a?next=https://evil.example", "/a#//evil.example"),
    *("/%C3%A4", "/a.b/..c/...", "/a;b=c", "/a@evil.example", "/a:b", "/~alice", "/a!$&'()*+,=b"),
]
"""Targets that nobody reads otherwise."""

_LEFT_OUT = re.compile("[\t\r\n]")


def strays(location: str, origin: str, mount: str = "") -> str:
    """Return where a target leads somebody who is not meant to go there, or the empty text."""
    for reading in readings(location):
        landed = as_a_browser(reading, origin)
        if not f"{landed}/".startswith(f"{origin}{mount}/") and not landed.startswith((f"{origin}{mount}?",)):
            return landed
    return ""


def readings(location: str) -> list[str]:
    """Return a target as it is, and with its path decoded once, twice and thrice."""
    path = re.split(r"[?#]", location, maxsplit=1)[0]
    rest = location[len(path) :]
    found = [location]
    for _ in range(3):
        path = unquote(path)
        found.append(path + rest)
    return found


def as_a_browser(location: str, origin: str) -> str:
    """Return the address that a browser goes to from a page of `origin` (the WHATWG's URL parser, as far as needed)."""
    text = _LEFT_OUT.sub("", location.strip("".join(map(chr, range(33)))))
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    text = path.replace("\\", "/") + text[len(path) :]
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if scheme is not None:
        ours = scheme[1].lower() == urlsplit(origin).scheme
        if not ours:
            return text
        text = text[len(scheme[0]) :]
        if text.startswith("//"):
            return "https://" + text.lstrip("/")
    if re.match(r"/\s*/", text):
        return "https://" + text.lstrip("/ \u3000")
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    segments: list[str] = []
    *inner, last = path.split("/")[1:] or [""]
    for segment in inner:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            segments = segments[:-1]
        elif plain != ".":
            segments.append(segment)
    plain = last.lower().replace("%2e", ".")
    segments = [*(segments[:-1] if plain == ".." else segments), "" if plain in (".", "..") else last]
    return origin + "/" + "/".join(segments)
