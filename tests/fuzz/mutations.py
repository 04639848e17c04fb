"""Inputs that are nearly right: what is valid, changed in the ways in which parsers are usually wrong.

Each change takes the bytes, a pool of other valid ones and a source of chance, which alone decides. None of them looks
at a clock, so that a seed of the source is a whole run.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

NUMBERS = (
    *(b"0", b"-0", b"-1", b"1.5", b"00", b"1e5", b"1e308", b"1e999", b"-1e999", b"1e-999", b"NaN", b"Infinity"),
    *(
        b"2147483648",
        b"9223372036854775808",
        b"9" * 20,
        b"9" * 300,
        b"9" * 301,
        b"9" * 4301,
        b"1_0",
        b"0x10",
        b"1" * 13,
    ),
    *(b"true", b"null", b'""', b"[]", b"{}", "\u0663".encode(), "\u00b2".encode(), b"\xb2", b" 1", b"+1"),
)
TRICKS = (
    *(
        b"\x00",
        b"\r\n",
        b"\n\n",
        b"\t",
        b"\x0b",
        b"\x1b[2J",
        b"\x7f",
        b"\xff",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
    ),
    *(b"\\ud800", b"\\udfff\\ud800", b"\\u0000", b"\\x00", b"\\N{DIGIT ONE}", b"%00", b"%ff", b"%C0%AF", b"%ED%A0%80"),
    *(
        b"%0d%0a",
        b"%25",
        b"%2e%2e%2f",
        b"%5c",
        b"%",
        b"%u0041",
        b"\\",
        b"//",
        b"/../",
        b"@",
        b"#",
        b"?",
        b"[::1]",
        b"::",
    ),
    *(name.encode() for name in "\u202e\u2028\u0085\u00ad\u212a\u0131\ufb01\uff0f\ud7ff\U0001f600\ufeff\u200d\u00df"),
    *(b"'", b'"', b"`", b"{{1}}", b"<", b"&amp;", b";", b"=", b"&", b"+", b",", b".", b"-", b"(", b")", b"*", b"~"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, 10**299, 2**63, "", "\x00", "\ud7ff", "a" * 300, [], {}, [[]], {"": {}}, [None]),
    *({"a": 1}, ["a", 1], "null", "0", "1e999", "https://a.example/", "a@b.c", "\u202e", 0.1, -0.0, 5e-324, [1] * 50),
)
BRACKETS = (
    (b"[", b"]"),
    (b"{", b"}"),
    (b"(", b")"),
    (b'{"a":', b"}"),
    (b'"', b'"'),
    (b"-", b""),
    (b"[[", b"]]"),
    (b"a.", b""),
)
SEPARATORS = (b"&", b";", b",", b".", b"\n", b"\r\n", b"=", b":", b"/", b" ")

_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')

Change = Callable[[bytes, Sequence[bytes], Random], bytes]


def mutated(data: bytes, pool: Sequence[bytes], random: Random, *, most: int) -> bytes:
    """Return the bytes after one to four changes, `most` of them at most."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        data = random.choice(CHANGES)(data, pool, random)[:most]
    return data


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 1, 2, 4, 16, 64, len(data))))


def flip(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Turn over one bit."""
    if not data:
        return b"\x80"
    at = random.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << random.randrange(8),)) + data[at + 1 :]


def cut(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Leave a piece out, or all that follows."""
    start, end = _span(data, random)
    return data[:start] if random.random() < 0.3 else data[:start] + data[end:]


def repeat(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Say a piece again and again."""
    start, end = _span(data, random)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 8, 64, 300)) + data[end:]


def splice(data: bytes, pool: Sequence[bytes], random: Random) -> bytes:
    """Put a piece of another input, or all of it, into the place of a piece."""
    other = random.choice(pool) if pool else b""
    start, end = _span(other, random)
    piece = other if random.random() < 0.3 else other[start:end]
    start, end = _span(data, random)
    return data[:start] + piece + data[random.choice((start, end)) :]


def trick(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Insert what is read in two ways."""
    start, end = _span(data, random)
    return data[:start] + random.choice(TRICKS) + data[random.choice((start, end)) :]


def number(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Put another number, or something like one, into the place of a number."""
    return _replaced(_NUMBER, random.choice(NUMBERS), data, random)


def text(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Put another value into the place of a quoted text."""
    return _replaced(
        _QUOTED, random.choice((*NUMBERS, *TRICKS, json.dumps(random.choice(VALUES)).encode())), data, random
    )


def _replaced(pattern: re.Pattern[bytes], value: bytes, data: bytes, random: Random) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return data + value
    chosen = random.choice(found)
    return data[: chosen.start()] + value + data[chosen.end() :]


def nest(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Put a piece into brackets, many of them."""
    opening, closing = random.choice(BRACKETS)
    times = random.choice((1, 2, 31, 33, 200, 1000, 5000))
    start, end = _span(data, random)
    return data[:start] + opening * times + data[start:end] + closing * random.choice((times, times, 0)) + data[end:]


def shuffle(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Say an item of a list twice, leave one out, or change two over."""
    separator = random.choice([one for one in SEPARATORS if one in data] or [b","])
    items = data.split(separator)
    one, other = random.randrange(len(items)), random.randrange(len(items))
    match random.randrange(3):
        case 0:
            items.insert(other, items[one])
        case 1:
            del items[one]
        case _:
            items[one], items[other] = items[other], items[one]
    return separator.join(items)


def member(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Change one value of a JSON text, wherever it is in it."""
    start = max(0, min((at for at in (data.find(b"{"), data.find(b"[")) if at >= 0), default=0))
    try:
        document = json.loads(data[start:])
    except (ValueError, RecursionError):
        return data
    places: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        value = waiting.pop()
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in inner:
            places.append((value, key))
            waiting.append(item)
    if places:
        holder, key = random.choice(places)
        if isinstance(holder, dict) and random.random() < 0.2:
            holder[random.choice(("", "a", "iss", "sub", "keys", "\u202e"))] = holder.pop(key)
        else:
            holder[key] = random.choice((*VALUES, [holder[key]], {"a": holder[key]}, json.loads(data[start:])))
    return data[:start] + json.dumps(document, ensure_ascii=random.random() < 0.5).encode("utf-8", "replace")


def segment(data: bytes, pool: Sequence[bytes], random: Random) -> bytes:
    """Change what one base64url segment of a token or a cookie holds."""
    segments = data.split(b".")
    at = random.randrange(len(segments))
    try:
        plain = urlsafe_b64decode(segments[at] + b"=" * (-len(segments[at]) % 4))
    except ValueError:
        return data
    change = random.choice((flip, cut, number, text, member, trick))
    segments[at] = urlsafe_b64encode(change(plain, pool, random)).rstrip(b"=")
    return b".".join(segments)


def escape(data: bytes, _pool: Sequence[bytes], random: Random) -> bytes:
    """Write a piece with percent signs, twice at times."""
    start, end = _span(data, random)
    piece = b"".join(b"%%%02x" % byte for byte in data[start:end])
    return data[:start] + (piece.replace(b"%", b"%25") if random.random() < 0.3 else piece) + data[end:]


CHANGES: tuple[Change, ...] = (
    *(flip, cut, repeat, splice, splice, trick, trick, number, number, text, nest, shuffle, shuffle, member, member),
    *(segment, escape),
)


def swollen(seeds: Sequence[bytes], words: Sequence[bytes], most: int) -> list[bytes]:
    """Return inputs of `most` bytes in which each thing that costs something comes as often as it can."""
    units = (
        *(b"[", b"{", b"(", b'{"a":', b"[[],", b'"', b"\\", b'\\"', b"\\u0041", b"\\ud800", b"9", b"9,", b"-", b"~"),
        *(
            b"a=1&",
            b"&",
            b"=",
            b"%41",
            b"%25",
            b"%",
            b"+",
            b".",
            b"..",
            b"/",
            b"/.",
            b"//",
            b";",
            b"a=b; ",
            b",",
            b"a,",
        ),
        *(b" ", b"\t", b"\n", b"\x00", b"\xff", b"\xf0\x9f\x98\x80", b"e", b"1e", b"a.", b"[a]\n", b"a=", b'"a":1,'),
    )
    plain = [unit * (most // len(unit)) for unit in (*units, *words, *(seed for seed in seeds if seed))]
    first = seeds[0]
    within = [
        first[: len(first) // 2] + unit * ((most - len(first)) // len(unit)) + first[len(first) // 2 :]
        for unit in units
    ]
    return plain + (within if most > len(first) else [])
