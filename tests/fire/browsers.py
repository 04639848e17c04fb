"""People who sign in all the while, each login in a browser of its own, each request at any of the processes.

They are impatient as people are: some bring the callback twice at once, and who gets a 503 or no answer reloads.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from threading import Condition, Event, Lock, Thread
from typing import Self

import attrs
import httpx
from parts.person import Callback, Habits, LostError, Person

from fire.outcomes import Fate, Outcome, Said

PATIENCE = 40.0
"""Seconds after which a browser gives up: longer than anything may take."""
KNOWN = 12
"""People who were here before; every third login is of somebody new."""
SIGH = (0.2, 0.6)
"""Seconds until somebody who did not come in begins again, at least and at most."""
_CODE = re.compile(r'(?:<code>|"error": ?")([a-z_]+)[<"]')
"""The code of a refusal, on a page or in JSON."""


class Balancer(httpx.BaseTransport):
    """Takes a request for the one address to the process that it names, or to the next that takes connections.

    Each request has a connection of its own: one that was kept may end as it is used again, which proves nothing.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0), verify=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        first, all_of_them = request.extensions["process"], range(len(self._ports))
        for process in (*all_of_them[first:], *all_of_them[:first]):
            # The Host header was set before, and stays that of the one address.
            request.url = request.url.copy_with(port=self._ports[process])
            try:
                answer = self._inner.handle_request(request)
            except httpx.ConnectError:
                continue
            answer.extensions["process"] = process
            return answer
        raise httpx.ConnectError("no process takes connections", request=request)

    def close(self) -> None:
        self._inner.close()


@attrs.frozen
class Site:
    """The service as its people know it."""

    address: str
    ports: tuple[int, ...]
    habits: Habits

    @property
    def callback(self) -> str:
        """Where the provider sends them back to."""
        return f"{self.address}/sso/callback"


class Crowd:
    """So many people at once, for as long as the context lasts and the gate is open."""

    def __init__(self, site: Site, size: int, seed: int) -> None:
        self._site = site
        self._change = Condition()
        self._open = False
        self._ended = Event()
        self._busy = 0
        self._newcomers = 0
        self._lock = Lock()
        self.outcomes: list[Outcome] = []
        self.said: list[Said] = []
        self.located: list[str] = []
        """Addresses at the provider, and addresses that the provider sent back to."""
        self._threads = [Thread(target=self._live, args=(Random(f"{seed} {number}"),)) for number in range(size)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._ended.set()
        with self._change:
            self._open = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()

    def begin(self) -> None:
        """Let them sign in, one login after the other."""
        with self._change:
            self._open = True
            self._change.notify_all()

    def finish(self) -> tuple[Outcome, ...]:
        """Let them begin no more logins; return what came of all since `begin`, once all have ended.

        Raises RuntimeError where somebody's browser has crashed: what it had to tell is missing.
        """
        with self._change:
            self._open = False
            self._change.wait_for(lambda: not self._busy)
        if not all(thread.is_alive() for thread in self._threads):
            raise RuntimeError("a browser crashed")
        outcomes, self.outcomes = self.outcomes, []
        return tuple(outcomes)

    def _live(self, chance: Random) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._open)
                if self._ended.is_set():
                    return
                self._busy += 1
            try:
                visit = Visit(self._site, chance, self._name(chance))
                outcome = visit.outcome()
                with self._lock:
                    self.outcomes.append(outcome)
                    self.said += visit.said
                    self.located += visit.located
            finally:
                with self._change:
                    self._busy -= 1
                    self._change.notify_all()
            if outcome.fate is not Fate.IN:
                self._ended.wait(chance.uniform(*SIGH))

    def _name(self, chance: Random) -> str:
        if chance.randrange(3):
            return f"regular-{chance.randrange(KNOWN)}"
        with self._lock:
            self._newcomers += 1
            return f"newcomer-{self._newcomers}"


class Visit:
    """One login of one person."""

    def __init__(self, site: Site, chance: Random, name: str) -> None:
        self._site = site
        self._chance = chance
        self._name = name
        self._longest = 0.0
        self._process = 0
        self.said: list[Said] = []
        self.located: list[str] = []

    def outcome(self) -> Outcome:
        """Play it to its end."""
        transport = Balancer(self._site.ports)
        with httpx.Client(base_url=self._site.address, transport=transport, timeout=PATIENCE) as browser:
            fate, why = self._play(browser)
        return Outcome(fate, why, self._name, self._process, time.monotonic(), self._longest)

    def _play(self, browser: httpx.Client) -> tuple[Fate, str]:
        begun = self._ask(browser, "/sso/key/generate?return_to=/")
        if begun is None:
            return Fate.NO_ANSWER, "start"
        if begun.status_code != httpx.codes.SEE_OTHER:
            return self._turned_away(browser, "start", begun)
        self._process = begun.extensions["process"]
        self.located.append(begun.headers["location"])
        try:
            with closing(Person(self._name, (self._site.callback,), self._site.habits)) as person:
                callback = person.visit(begun.headers["location"])
        except (LostError, httpx.HTTPError) as error:
            return Fate.AT_PROVIDER, type(error).__name__
        self.located.append(callback.url)
        return self._come_back(browser, callback)

    def _come_back(self, browser: httpx.Client, callback: Callback) -> tuple[Fate, str]:
        path = callback.url.removeprefix(self._site.address)
        if self._chance.randrange(4):
            answers = [self._ask(browser, path)]
        else:
            with ThreadPoolExecutor(2) as hands:
                answers = list(hands.map(lambda _hand: self._ask(browser, path), range(2)))
        worst = max(answers, key=_how_bad)
        again = _how_bad(worst) > 0 and not _came_in(browser)
        if again and (worst is None or worst.status_code == httpx.codes.SERVICE_UNAVAILABLE):
            answers.append(self._ask(browser, path))
        for answer in answers:
            if answer is not None and (not _came_in(browser) or _gives_a_session(answer)):
                self._process = answer.extensions["process"]
        if self._works_without_its_cookie(path):
            return Fate.WRONG, "a callback without its cookie"
        if _came_in(browser):
            return self._look_around(browser, Fate.IN_LATER if again else Fate.IN)
        if worst is None:
            return self._nobody(browser, Fate.NO_ANSWER, "callback")
        if worst.status_code == httpx.codes.SEE_OTHER:
            return Fate.WRONG, "sent on without a session"
        return self._turned_away(browser, "callback", worst)

    def _works_without_its_cookie(self, path: str) -> bool:
        """Bring the callback in the browser of a thief, now and then."""
        if self._chance.randrange(4):
            return False
        with httpx.Client(base_url=self._site.address, transport=Balancer(self._site.ports), timeout=PATIENCE) as thief:
            answer = self._ask(thief, path)
            return answer is not None and (answer.status_code < 400 or _came_in(thief))

    def _look_around(self, browser: httpx.Client, fate: Fate) -> tuple[Fate, str]:
        told = self._ask(browser, "/sso/session")
        if told is None:
            return Fate.NO_ANSWER, "session"
        if told.status_code == httpx.codes.OK:
            subject = told.json()["subject"]
            return (fate, "") if subject == self._name else (Fate.WRONG, "a session of somebody else")
        return _judged("session", told)

    def _turned_away(self, browser: httpx.Client, step: str, answer: httpx.Response) -> tuple[Fate, str]:
        fate, why = _judged(step, answer)
        return self._nobody(browser, fate, why)

    def _nobody(self, browser: httpx.Client, fate: Fate, why: str) -> tuple[Fate, str]:
        """Make sure that whoever was not let in is not in."""
        told = self._ask(browser, "/sso/session")
        if told is not None and told.is_success:
            return Fate.WRONG, f"a session after {why}"
        return fate, why

    def _ask(self, browser: httpx.Client, path: str) -> httpx.Response | None:
        """Ask any process. None where the connection ends without an answer."""
        request = browser.build_request("GET", path)
        request.extensions["process"] = self._chance.randrange(len(self._site.ports))
        begun = time.monotonic()
        try:
            answer = browser.send(request)
        except httpx.TransportError:
            answer = None
        self._longest = max(self._longest, time.monotonic() - begun)
        if answer is not None:
            headers = tuple(answer.headers.multi_items())
            self.said.append(Said(path.partition("?")[0], answer.status_code, headers, answer.text))
        return answer


def _how_bad(answer: httpx.Response | None) -> int:
    return 1000 if answer is None else 0 if answer.status_code == httpx.codes.SEE_OTHER else answer.status_code


def _came_in(browser: httpx.Client) -> bool:
    return any(cookie.name.startswith("sso-session") for cookie in browser.cookies.jar)


def _gives_a_session(answer: httpx.Response) -> bool:
    return any(given.startswith("sso-session=") for given in answer.headers.get_list("set-cookie"))


def _judged(step: str, answer: httpx.Response) -> tuple[Fate, str]:
    found = _CODE.search(answer.text)
    code = found[1] if found else "no code"
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return Fate.UNAVAILABLE, f"{step}: {code}"
    if 400 <= answer.status_code < 500:
        return Fate.REFUSED, f"{step}: {code}"
    return Fate.WRONG, f"{step}: answered {answer.status_code} {code}"
