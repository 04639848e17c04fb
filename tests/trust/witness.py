"""What really happened, whatever the service believes; and what must hold of it after each step.

A person authenticates at a provider, in one browser, for one login. The witness sees that, which no relying party can,
and holds every session, account, token request and byte against it.
"""

from __future__ import annotations

from collections import Counter
from typing import NoReturn
from urllib.parse import parse_qs

import attrs

from sso_core.effects import Effect, HttpRequest, Kind, Peek, Purpose, WriteAccount
from sso_core.events import Event, Found, HttpResponse, OutcomeUnknown, Taken, Written
from sso_core.failures import Failure, Reason
from sso_core.records import Account, CreateAccount, LinkIdentity, UpdateAccount
from sso_core.sessions.session import Session, decode_session, session_key
from sso_core.sessions.session_keys import presented_id
from sso_core.web.messages import Response
from trust.evil import EVIL, EvilProvider, Lie
from trust.marks import FOUND, MARK, Mint
from trust.scene import Browser, Process, Scene
from trust.underway import DAMAGE, Underway

ATTACKER = "mallory"
ADMIN = "proxy_admin"
REPR_EACH = 40
"""States of which one is written out, since that takes as long as a step."""
TOKEN = "eyJhbGciOi"  # as every token begins in this town: {"alg":


class ViolationError(AssertionError):
    """Something happened that must not happen, whatever anybody does."""


def violated(sentence: str) -> NoReturn:
    """Say what happened."""
    raise ViolationError(sentence)


@attrs.define(eq=False)
class Login:
    """A login as it really went; whoever was tricked into somebody else's is not among those who authenticated."""

    browser: str
    issuer: str
    cli_login: str = ""
    people: set[tuple[str, str]] = attrs.field(factory=set)
    """Who authenticated at this provider, in this browser, for this login."""
    token_requests: Counter[Process] = attrs.field(factory=Counter)
    sessions: int = 0


@attrs.define(eq=False)
class Terminal:
    """A command line that waits for its person: what it was told, and by whose login it may be let in."""

    owner: str
    login_id: str
    poll_secret: str
    code: str
    verifier: str = ""
    loopback_code: str = ""


class Witness:
    """Sees everything, and holds it to what is promised."""

    def __init__(self, scene: Scene, mint: Mint, evil: EvilProvider, *, refused: frozenset[str], once: bool) -> None:
        self.scene, self.mint, self.evil = scene, mint, evil
        self.refused = refused
        """Subjects of the honest provider whom the policy keeps out."""
        self.once = once
        """Whether all processes know of a login that it was used."""
        self.logins: dict[str, Login] = {}
        self.terminals: dict[str, Terminal] = {}
        self.public: set[str] = set()
        """Secrets of others that got into the attacker's hands by no fault of the service."""
        self.codes: Counter[tuple[str, object]] = Counter()
        self.sessions: dict[str, bytes] = {}
        """By the keys of the store: those that were rightly given to somebody."""
        self.ended: set[str] = set()
        self._looks = 0
        self._emails: dict[str, str | None] = {}
        self.poisoned: set[Underway] = set()
        """Requests to which a provider answered with a lie, or the store with something damaged: they must fail."""

    # What processes ask

    def look(self, flow: Underway, effect: Effect, heard: bool, event: Event) -> None:
        """See a question to the world, and whether it was carried out."""
        self._looks += 1
        if self._looks % REPR_EACH == 0:
            self.written(repr(flow.state), "the repr of a state")
        if isinstance(event, Taken) and event.value.startswith(DAMAGE):
            self.poisoned.add(flow)
        elif isinstance(effect, HttpRequest) and effect.purpose is Purpose.TOKEN and heard:
            self._token_request(flow, effect)
        elif isinstance(effect, WriteAccount) and isinstance(event, Written | OutcomeUnknown) and heard:
            for change in effect.changes:
                if isinstance(change, CreateAccount | UpdateAccount):
                    self._account(flow, change.account)
                elif isinstance(change, LinkIdentity):
                    violated("an account was given a second key")
        if isinstance(effect, HttpRequest) and isinstance(event, HttpResponse) and effect.url.startswith(EVIL):
            about = Purpose.USERINFO if self.evil.lie is Lie.OTHER_PERSON else Purpose.TOKEN
            if self.evil.lie is not Lie.NONE and effect.purpose is about:
                self.poisoned.add(flow)
        self.overheard()

    def _token_request(self, flow: Underway, request: HttpRequest) -> None:
        login = self.login_of(flow)
        if login is None:
            violated("a code was sent for a login that nobody began")
        said = said_by(flow)
        if any(len(values) > 1 for values in said.values()):
            violated("a code was sent for a callback that says two things")
        if said.get("iss", [login.issuer]) != [login.issuer]:
            violated("a code was sent although another issuer answered")
        if flow in self.poisoned:
            violated("a code was sent for a login that the store had damaged")
        if not request.url.startswith("https://"):
            violated("a code was sent without encryption")
        form = parse_qs((request.body or b"").decode())
        if login.issuer == EVIL:
            self.public.update(form.get("code_verifier", ()))
        code = form["code"][0], None if self.once else flow.process
        if code[0] in self.public or MARK not in code[0]:
            self.codes.pop(code, None)  # who has a code may bring it for as many logins as he likes
        else:
            self.codes[code] += 1
        login.token_requests[flow.process] += 1
        sent = login.token_requests.total() if self.once else login.token_requests[flow.process]
        if self.codes[code] > 1 or sent > 1:
            violated("there were two token requests for one login")

    def _account(self, flow: Underway, account: Account) -> None:
        login = self.login_of(flow)
        proven = set() if login is None or flow in self.poisoned else login.people
        kept_out = any(subject in self.refused and issuer != EVIL for issuer, subject in account.identities)
        if kept_out or not set(account.identities) <= proven:
            violated("an account was written for a person who was not let in")
        if account.email is None and self._emails.get(account.account_id) is not None:
            violated("an e-mail address was forgotten because the provider did not repeat it")
        self._emails[account.account_id] = account.email

    @property
    def _accounts(self) -> dict[str, Account]:
        accounts: dict[str, Account] = self.scene.directory._tables.accounts  # type: ignore[attr-defined] # the memory's
        return accounts

    def login_of(self, flow: Underway) -> Login | None:
        """Return the login that a request claims to finish."""
        return next((self.logins[state] for state in said_by(flow).get("state", ()) if state in self.logins), None)

    # What people are given

    def given(self, flow: Underway, browser: Browser, response: Response) -> None:
        """See a response arrive at a browser that keeps its cookies: whose session is it?"""
        cookies = [value for name, value in response.headers if name == "set-cookie"]
        for cookie in cookies:
            _check_flags(cookie)
        sessions = [cookie for cookie in cookies if "session" in cookie.partition("=")[0] and "Max-Age=0" not in cookie]
        if not sessions:
            return
        login = self.login_of(flow)
        if login is None:
            violated("there is a session for a login that nobody began")
        key = self.key_in(browser)
        value = self._stored(key)
        session = None if value is None else decode_session(value)
        if session is None or value is None:
            violated("a session was given that the store does not know")
        if login.browser != flow.who or login.cli_login:
            violated("a session was given to a browser that did not begin the login")
        self._check_person(session, login)
        login.sessions += 1
        if login.sessions > 1 and self.once:
            violated("one login gave two sessions")
        if key in self.sessions:
            violated("a session was given out twice")
        self.sessions[key] = value

    def token_given(self, terminal: Terminal, session_id: str) -> None:
        """See a command line get its token."""
        value = self._stored(session_key_of(self.scene, session_id))
        session = None if value is None else decode_session(value)
        if session is None:
            violated("a command line was given a token that the store does not know")
        mine = [
            login
            for login in self.logins.values()
            if login.cli_login == terminal.login_id and (login.browser == ATTACKER) == (terminal.owner == ATTACKER)
        ]
        proven = [login for login in mine if (session.issuer, session.subject) in login.people]
        if not proven:
            violated("a command line was given a token for somebody who did not let it in")
        self._check_person(session, proven[0])

    def _check_person(self, session: Session, login: Login) -> None:
        person = session.issuer, session.subject
        if person not in login.people:
            violated("a session is for somebody who did not authenticate for this login in this browser")
        if session.subject in self.refused and session.issuer != EVIL:
            violated("a session was made for a person who may not come in")
        account = self._accounts.get(session.account_id)
        if account is None:
            violated("a session has no account behind it")
        if account.identities != (person,):
            violated("a session is of somebody else's account")
        if ADMIN in (session.role, account.role):
            violated("somebody became an administrator by no word of their provider")

    def key_in(self, browser: Browser) -> str:
        """Return the store's key for the session that this browser presents by its one true cookie; else nothing."""
        name = self.scene.first.site.cookies.session
        return session_key_of(self.scene, browser.cookies.get(name, ""))

    def check(self, browsers: dict[str, Browser]) -> None:
        """Hold what lies in browsers and store to what was rightly given."""
        for browser in browsers.values():
            key = self.key_in(browser)
            if not key:
                continue
            value = self._stored(key)
            if value is not None and self.sessions.get(key) != value:
                self._looked_after(key, value)
            if value is not None and key in self.ended:
                violated("a session is alive after its sign-out")

    def _looked_after(self, key: str, value: bytes) -> None:
        """See that a session which the service has written anew is still the one that was given."""
        before, after = decode_session(self.sessions.get(key, b"")), decode_session(value)
        if before is None or after is None or _whose(before) != _whose(after):
            violated("a browser has a session that it was not given")
        self.sessions[key] = value

    def end(self, key: str) -> None:
        """See that a session is over, of which somebody was told that it is."""
        self.ended.add(key)
        if self._stored(key) is not None:
            violated("a session is alive after its sign-out")

    def living(self, browser: Browser) -> Session | None:
        """Return the session that this browser rightly has."""
        key = self.key_in(browser)
        value = self._stored(key) if key and key not in self.ended else None
        session = None if value is None else decode_session(value)
        return session if session is not None and session.expires_at > self.scene.clock() else None

    def _stored(self, key: str) -> bytes | None:
        found = self.scene.store.perform(Peek(Kind.SESSION, key))
        return found.value if isinstance(found, Found) else None

    # What the attacker sees

    def overheard(self) -> None:
        """See what the attacker's provider was told."""
        while self.evil.heard:
            self.seen(self.evil.heard.pop())

    def seen(self, text: str) -> None:
        """See what the attacker sees: his own secrets, and those he was let see on purpose."""
        if MARK in text:
            for found in FOUND.finditer(text):
                if self.mint.owner_of(found[1]) != ATTACKER and found[0] not in self.public:
                    violated(f"the attacker saw a secret of somebody else: {found[2]}")
        if TOKEN in text:
            violated("the attacker saw a token")

    def answered(self, flow: Underway, response: Response) -> None:
        """See a response leave the service."""
        location = response.header("location")
        own = location.startswith("/") and location[1:2] not in ("/", "\\")
        if location and not own and not location.startswith(self.allowed_ways):
            violated("somebody was sent away from the service")
        if flow in self.poisoned and response.failure is None:
            violated("a session was made without all checks")
        for event in response.audit:
            self.written(str(event.fields()), "the log")
        if response.failure is not None:
            self._refused(flow, response.failure, response)
        if flow.who == ATTACKER:
            self.seen(shown(response))

    def _refused(self, flow: Underway, failure: Failure, response: Response) -> None:
        self.written(repr(failure), "a refusal")
        if failure.detail and failure.detail in shown(response):
            violated("the page of a refusal tells what is for operators")
        if failure.reason is Reason.NO_CODE and "error" in said_by(flow):
            violated("what the provider said was not heard")

    def written(self, text: str, where: str) -> None:
        """See what may be written down: no secret, but what went through a browser's address bar names a login."""
        named = ("stat", "nonc")
        if TOKEN in text or (MARK in text and any(found[2] not in named for found in FOUND.finditer(text))):
            violated(f"{where} tells a secret")

    @property
    def allowed_ways(self) -> tuple[str, ...]:
        """Where a response may lead outside."""
        return (*(f"{op.state.issuer}/authorize?" for op in self.scene.ops), "http://127.0.0.1:")


def shown(response: Response) -> str:
    """Return all that whoever gets a response can read in it."""
    headers = "\n".join(value for _, value in response.headers)
    body = response.body.decode("latin-1") if isinstance(response.body, bytes) else repr(response.body)
    return f"{headers}\n{body}"


def said_by(flow: Underway) -> dict[str, list[str]]:
    """Return what a callback says, read by another parser than the service's."""
    request = flow.request
    return parse_qs(request.query if request.method == "GET" else (request.body or b"").decode())


def _whose(session: Session) -> tuple[str, str, str, str | None]:
    return session.account_id, session.issuer, session.subject, session.role


def session_key_of(scene: Scene, presented: str) -> str:
    """Return the store's key for what is presented, or nothing where it is no identifier of ours."""
    session_id = presented_id(scene.settings.session_keys, presented)
    return "" if session_id is None else session_key(session_id)


_FLAGS = ("; Path=/", "; HttpOnly", "; Secure")


def _check_flags(cookie: str) -> None:
    sound = cookie.startswith("__Host-") and all(flag in cookie for flag in _FLAGS) and "Domain" not in cookie
    if not sound:
        violated("a cookie is within reach of scripts, of siblings, or of whoever listens")
