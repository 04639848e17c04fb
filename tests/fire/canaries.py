"""The canary scan: every secret that was told or seen, in everything that was said, written or kept.

`MAY_BE` is the rule: what may be where. Everything else is a find, and each find is a leak.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain
from urllib.parse import parse_qsl, unquote, urlsplit

from fire.outcomes import Said
from fire.place import CODE_SENT, Place

LENGTH = 16
"""Characters by which a secret is known. Nothing shorter is one."""


class Sort(Enum):
    """What kind of secret it is."""

    CLIENT_SECRET = "client secret"
    DATABASE_PASSWORD = "password of the database"
    STORE_PASSWORD = "password of the store"
    SESSION_KEY = "session key"
    CODE = "code"
    STATE = "state"
    NONCE = "nonce"
    VERIFIER = "code verifier"
    TOKEN = "token"
    COOKIE = "cookie"


class Where(Enum):
    """Where it was looked for."""

    TO_PROVIDER = "address at the provider"
    SET_COOKIE = "Set-Cookie"
    HEADER = "any other header"
    BODY = "body"
    LOG = "log"
    DATABASE = "row of the database"
    DATABASE_WIRE = "said to the database"
    STORE = "entry of the store"
    STORE_WIRE = "said to the store"


MAY_BE: Mapping[Where, frozenset[Sort]] = {
    # The browser carries both there (OIDC Core 3.1.2.1); they are no secrets from the person.
    Where.TO_PROVIDER: frozenset({Sort.STATE, Sort.NONCE}),
    Where.SET_COOKIE: frozenset({Sort.COOKIE}),
    Where.HEADER: frozenset(),
    Where.BODY: frozenset(),
    Where.LOG: frozenset(),
    Where.DATABASE: frozenset(),
    # SCRAM proves the password and does not send it.
    Where.DATABASE_WIRE: frozenset(),
    # A pending login, under a hash of state and cookie: neither is in it.
    Where.STORE: frozenset({Sort.NONCE, Sort.VERIFIER}),
    # AUTH sends the password.
    Where.STORE_WIRE: frozenset({Sort.NONCE, Sort.VERIFIER, Sort.STORE_PASSWORD}),
}

_VERIFIER_SENT = re.compile(rb"(?<![^&\n])code_verifier=([A-Za-z0-9_~.-]+)")
_TOKEN_GIVEN = re.compile(rb'"(?:access|id|refresh)_token":"([^"]+)"')
_PARTS = re.compile(r"[A-Za-z0-9_~-]{16,}")


class Canaries:
    """The secrets, by their first characters, in each form in which they might be written."""

    def __init__(self) -> None:
        self._known: dict[str, Sort] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, sort: Sort, secret: str) -> None:
        """Look for a secret from now on. Of one that has several parts, as a token has, each part is one."""
        for part in _PARTS.findall(unquote(secret)):
            for offset in (0, LENGTH, len(part) - LENGTH):
                self._known.setdefault(part[offset : offset + LENGTH].ljust(LENGTH, "\0"), sort)

    def add_encoded(self, sort: Sort, secret: str) -> None:
        """Look for a secret, and for what base64 makes of it at any place of a longer text."""
        self.add(sort, secret)
        for shift in range(3):
            encoded = urlsafe_b64encode(bytes(shift) + secret.encode()).decode()
            self.add(sort, encoded[4:-4])

    def found_in(self, said: str) -> Iterator[Sort]:
        """Tell which sorts of secrets a text has in it."""
        for run in _PARTS.findall(said):
            for position in range(len(run) - LENGTH + 1):
                if sort := self._known.get(run[position : position + LENGTH]):
                    yield sort


class Scan:
    """Looks, and counts what it looked at."""

    def __init__(self, canaries: Canaries) -> None:
        self._canaries = canaries
        self.canaries = len(canaries)
        self.looked_at: dict[Where, int] = dict.fromkeys(Where, 0)
        self.finds: list[str] = []

    def look(self, where: Where, said: str | bytes, at: str) -> None:
        """Look for every secret in a text, and name the place of each that must not be there."""
        read = said if isinstance(said, str) else said.decode("latin-1")
        self.looked_at[where] += len(read)
        for sort in set(self._canaries.found_in(read)) - MAY_BE[where]:
            self.finds.append(f"a {sort.value} in {where.value}: {at}")


def canaries_of(place: Place, said: Iterable[Said], located: Iterable[str]) -> Canaries:
    """Gather all secrets: those told to the service, and those seen on the way."""
    known = Canaries()
    told = place.told
    known.add_encoded(Sort.CLIENT_SECRET, told.client_secret)
    known.add_encoded(Sort.DATABASE_PASSWORD, told.database_password)
    known.add_encoded(Sort.STORE_PASSWORD, told.store_password)
    known.add(Sort.SESSION_KEY, told.session_key)
    sorts = {"state": Sort.STATE, "nonce": Sort.NONCE, "code": Sort.CODE}
    for url in located:
        for name, value in parse_qsl(urlsplit(url).query):
            if name in sorts:
                known.add(sorts[name], value)
    for conversation in place.to_provider.conversations:
        for sort, pattern, words in (
            (Sort.CODE, CODE_SENT, conversation.asked),
            (Sort.VERIFIER, _VERIFIER_SENT, conversation.asked),
            (Sort.TOKEN, _TOKEN_GIVEN, conversation.answered),
        ):
            for secret in pattern.findall(bytes(words)):
                known.add(sort, secret.decode())
    for answer in said:
        for name, value in answer.headers:
            if name == "set-cookie":
                known.add(Sort.COOKIE, value.partition("=")[2].partition(";")[0])
    return known


def scan(
    place: Place,
    said: Sequence[Said],
    located: Iterable[str],
    entries: Iterable[Mapping[bytes, bytes]],
) -> Scan:
    """Look everywhere. `entries` are what the store held at several moments."""
    looking = Scan(canaries_of(place, said, located))
    seen: set[tuple[Where, str | bytes]] = set()
    for where, text, at in chain(_answers(said), _logs(place), _rows(place), _entries(entries), _wires(place)):
        if (where, text) not in seen:
            seen.add((where, text))
            looking.look(where, text, at)
    return looking


Text = tuple[Where, str | bytes, str]
"""Where it is, what it says, and what to call it."""


def _answers(said: Iterable[Said]) -> Iterator[Text]:
    for answer in said:
        for name, value in answer.headers:
            yield _where(answer, name), f"{name}: {value}", f"{answer.asked} {answer.status} {name}"
        yield Where.BODY, answer.body, f"{answer.asked} {answer.status}"


def _where(answer: Said, name: str) -> Where:
    if name == "set-cookie":
        return Where.SET_COOKIE
    if name == "location" and answer.asked == "/sso/key/generate":
        return Where.TO_PROVIDER
    return Where.HEADER


def _logs(place: Place) -> Iterator[Text]:
    for service in place.services:
        for line in service.said.read_text().splitlines():
            yield Where.LOG, line, service.said.name


def _rows(place: Place) -> Iterator[Text]:
    for table, rows in place.rows().items():
        for row in rows:
            for column, value in row.items():
                yield Where.DATABASE, value if isinstance(value, bytes) else str(value), f"{table}.{column}"


def _entries(moments: Iterable[Mapping[bytes, bytes]]) -> Iterator[Text]:
    for moment in moments:
        for name, value in moment.items():
            kind = name.split(b":")[1].decode()
            yield Where.STORE, name, f"a key, {kind}"
            yield Where.STORE, value, f"a value, {kind}"


def _wires(place: Place) -> Iterator[Text]:
    for where, network in ((Where.DATABASE_WIRE, place.to_database), (Where.STORE_WIRE, place.to_store)):
        for conversation in network.conversations:
            yield where, bytes(conversation.asked), "a question"
