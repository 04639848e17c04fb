"""Performs `ReadMetadata` and `ReadKeys`: from a copy where there is a good one, else by one fetch for all askers.

The rules are the `Shelf`'s. Here are the two ways to wait: `Library` for threads, `AsyncLibrary` for asyncio and
trio, the same line by line. Whoever asks first fetches, the others wait in line behind. Should the first one be
cancelled, the next in line takes over, with the token that is paid for already.

A library that is tended refreshes its copies ahead of their time, so that after the first login nobody waits for a
document. Who owns the service tends it, from its start to its stop; without that, the asker after an hour waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import time
from typing import Protocol, assert_never

import anyio
import attrs

from sso_adapters.http.shelf import Answer, Clock, Document, MayFetch, Place, Question, Shelf, Terms, place
from sso_core.effects import Effect, HttpRequest, ReadMetadata
from sso_core.events import HttpResponse, Unreachable
from sso_core.facts import Warm
from sso_core.failures import Failure, MisuseError
from sso_core.flows.read_documents import (
    KeysKnown,
    MetadataKnown,
    ReadingAuthorizationServerMetadata,
    ReadingKeySet,
    ReadingOpenIdConfiguration,
    read_keys,
    read_metadata,
)
from sso_core.machine import Failed, advance

RETRY_WITHIN = 1.0
"""Seconds. A request that failed faster is sent once more: mostly a kept connection had been closed meanwhile."""


class Sender(Protocol):
    """Performs `HttpRequest`."""

    def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        """Return the answer, or why there is none; never raises for the network."""
        ...


class AsyncSender(Protocol):
    """Performs `HttpRequest`."""

    async def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        """Return the answer, or why there is none; never raises for the network."""
        ...


LOOK = 30.0
"""Seconds between two looks of whoever tends a library; a refresh that failed is tried again at the next one."""

Reading = ReadingOpenIdConfiguration | ReadingAuthorizationServerMetadata | ReadingKeySet
State = Reading | MetadataKnown | KeysKnown | Failed


def opened(question: Question) -> State:
    """Begin the flow that fetches a document."""
    if isinstance(question, ReadMetadata):
        return read_metadata(question.issuer, question.published_issuers)
    return read_keys(question.uri)


def fetched(state: MetadataKnown | KeysKnown | Failed) -> Document | Failure:
    """Return what the flow came to."""
    match state:
        case MetadataKnown(metadata):
            return metadata
        case KeysKnown(keys):
            return keys
        case Failed(failure):
            return failure
        case _:
            assert_never(state)


def request_of(effect: Effect) -> HttpRequest:
    """Return the effect as what it has to be here."""
    if not isinstance(effect, HttpRequest):
        raise MisuseError(f"{type(effect).__name__} is nothing that a fetch may ask")
    return effect


def worth_a_retry(request: HttpRequest, event: HttpResponse | Unreachable, took: float) -> bool:
    """Whether to send a request once more: an idempotent one (RFC 9110 9.2.2), that failed, and fast."""
    return isinstance(event, Unreachable) and request.method == "GET" and took < RETRY_WITHIN


@attrs.define(eq=False)
class Flight:
    """A fetch under way; whoever holds the lock flies it, the others wait for the lock."""

    lock: Lock = attrs.field(factory=Lock)
    askers: int = 0
    landed: Document | Failure | None = None


@attrs.define(eq=False)
class AsyncFlight:
    """A fetch under way; whoever holds the lock flies it, the others wait for the lock."""

    lock: anyio.Lock = attrs.field(factory=anyio.Lock)
    askers: int = 0
    landed: Document | Failure | None = None


class Library:
    """Holds the copies for synchronous code; threads may share it."""

    def __init__(self, sender: Sender, *, terms: Terms = Terms(), clock: Clock = time) -> None:  # noqa: B008 -- frozen
        self._sender = sender
        self._clock = clock
        self._shelf = Shelf(terms)
        self._flights: dict[Place, Flight] = {}
        self._lock = Lock()

    def warm(self, issuer: str) -> Warm:
        """Return what is known and fresh, at once, without asking anybody."""
        with self._lock:
            return self._shelf.warm(issuer, self._clock())

    def read(self, question: Question) -> Answer:
        """Return the document, or why it cannot be had."""
        with self._lock:
            now = self._clock()
            flight = self._flights.get(place(question))
            held = self._shelf.at_once(question, now, fetching=flight is not None)
            if held is not None:
                return held
            if flight is None:
                leave = self._shelf.may_fetch(question, now)
                if not isinstance(leave, MayFetch):
                    return leave
                flight = self._flights[place(question)] = Flight()
            flight.askers += 1
        landed = self._fly(question, flight)
        with self._lock:
            return self._shelf.outcome(question, landed, self._clock())

    @contextmanager
    def tended(self, *, look: float = LOOK) -> Iterator[None]:
        """Refresh copies ahead of their time, in a thread that ends with the context."""
        stop = Event()

        def tend() -> None:
            while not stop.wait(look):
                self.refresh()

        # A process that ends without leaving the context waits for no refresh.
        tender = Thread(target=tend, name="sso-library", daemon=True)
        tender.start()
        try:
            yield
        finally:
            stop.set()
            tender.join()

    def refresh(self) -> None:
        """Fetch what is due, unless somebody is at it or no token is left; a failure leaves the copies as they are."""
        with self._lock:
            due = self._shelf.due(self._clock())
        for question in due:
            with self._lock:
                fetching = place(question) in self._flights
                if not self._shelf.may_refresh(question, self._clock(), fetching=fetching):
                    continue
                flight = self._flights[place(question)] = Flight(askers=1)
            self._fly(question, flight)

    def _fly(self, question: Question, flight: Flight) -> Document | Failure:
        with self._leaving(question, flight), flight.lock:
            landed = flight.landed
            return self._land(question, flight, self._fetch(question)) if landed is None else landed

    @contextmanager
    def _leaving(self, question: Question, flight: Flight) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                flight.askers -= 1
                if flight.askers == 0 and self._flights.get(place(question)) is flight:
                    del self._flights[place(question)]

    def _land(self, question: Question, flight: Flight, landed: Document | Failure) -> Document | Failure:
        with self._lock:
            flight.landed = landed
            if self._flights.get(place(question)) is flight:
                del self._flights[place(question)]
            if not isinstance(landed, Failure):
                self._shelf.keep(question, landed, self._clock())
        return landed

    def _fetch(self, question: Question) -> Document | Failure:
        state = opened(question)
        while isinstance(state, Reading):
            events = [self._send(request_of(effect)) for effect in state.awaits]
            state = advance(state, events, now=self._clock())
        return fetched(state)

    def _send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        began = self._clock()
        event = self._sender.send(request)
        if worth_a_retry(request, event, self._clock() - began):
            event = self._sender.send(request)
        return event


class AsyncLibrary:
    """Holds the copies for asyncio and trio; the tasks of one event loop may share it."""

    def __init__(self, sender: AsyncSender, *, terms: Terms = Terms(), clock: Clock = time) -> None:  # noqa: B008 -- frozen
        self._sender = sender
        self._clock = clock
        self._shelf = Shelf(terms)
        self._flights: dict[Place, AsyncFlight] = {}

    def warm(self, issuer: str) -> Warm:
        """Return what is known and fresh, at once, without asking anybody."""
        return self._shelf.warm(issuer, self._clock())

    async def read(self, question: Question) -> Answer:
        """Return the document, or why it cannot be had."""
        now = self._clock()
        flight = self._flights.get(place(question))
        held = self._shelf.at_once(question, now, fetching=flight is not None)
        if held is not None:
            return held
        if flight is None:
            leave = self._shelf.may_fetch(question, now)
            if not isinstance(leave, MayFetch):
                return leave
            flight = self._flights[place(question)] = AsyncFlight()
        flight.askers += 1
        landed = await self._fly(question, flight)
        return self._shelf.outcome(question, landed, self._clock())

    async def tend(self, *, look: float = LOOK) -> None:
        """Refresh copies ahead of their time, until cancelled: to be run as a task by whoever owns the service."""
        while True:
            await anyio.sleep(look)
            await self.refresh()

    async def refresh(self) -> None:
        """Fetch what is due, unless somebody is at it or no token is left; a failure leaves the copies as they are."""
        for question in self._shelf.due(self._clock()):
            fetching = place(question) in self._flights
            if not self._shelf.may_refresh(question, self._clock(), fetching=fetching):
                continue
            flight = self._flights[place(question)] = AsyncFlight(askers=1)
            await self._fly(question, flight)

    async def _fly(self, question: Question, flight: AsyncFlight) -> Document | Failure:
        with self._leaving(question, flight):
            async with flight.lock:
                landed = flight.landed
                return self._land(question, flight, await self._fetch(question)) if landed is None else landed

    @contextmanager
    def _leaving(self, question: Question, flight: AsyncFlight) -> Iterator[None]:
        try:
            yield
        finally:
            flight.askers -= 1
            if flight.askers == 0 and self._flights.get(place(question)) is flight:
                del self._flights[place(question)]

    def _land(self, question: Question, flight: AsyncFlight, landed: Document | Failure) -> Document | Failure:
        flight.landed = landed
        if self._flights.get(place(question)) is flight:
            del self._flights[place(question)]
        if not isinstance(landed, Failure):
            self._shelf.keep(question, landed, self._clock())
        return landed

    async def _fetch(self, question: Question) -> Document | Failure:
        state = opened(question)
        while isinstance(state, Reading):
            events = [await self._send(request_of(effect)) for effect in state.awaits]
            state = advance(state, events, now=self._clock())
        return fetched(state)

    async def _send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        began = self._clock()
        event = await self._sender.send(request)
        if worth_a_retry(request, event, self._clock() - began):
            event = await self._sender.send(request)
        return event
