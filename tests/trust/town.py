"""A service with several processes, honest people, and all that may befall them: one move after the other.

Each move is a method that draws what it needs from `Choices`. The attacker's moves are in `attacker`.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import attrs

from sso_adapters.stores.memory import MemoryStore
from sso_core.effects import HttpRequest, Keep, ReadAccount, Take, WriteAccount
from sso_core.failures import Family, Reason
from sso_core.oauth.pkce import code_challenge
from sso_core.secret import Secret
from sso_core.testing.authorization_endpoint import NoWayBackError
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Document, Redirect
from sso_core.testing.signing_keys import signing_key
from sso_core.web.messages import Request, Response
from trust.arrangement import (
    HONEST,
    PEERS,
    REFUSED,
    Apart,
    Choices,
    Jar,
    Variant,
    honest_state,
    scene_of,
)
from trust.evil import EVIL, EVIL_PEOPLE, EvilProvider
from trust.marks import Mint
from trust.scene import FORM, Browser, Process
from trust.underway import Fate, Underway
from trust.witness import ATTACKER, Login, Terminal, Witness, violated


class Town:
    """The scene, its people, and what they have in hand."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.mint = Mint()
        self.shy = False
        """Whether the honest provider keeps e-mail addresses to itself at the moment."""
        self.honest = FakeProvider(honest_state(variant, self._userinfo))
        self.evil = EvilProvider(self.honest)
        self.scene = scene_of(variant, self.honest, self.evil)
        self.scene.draw = self.mint.draw
        refused = frozenset(REFUSED) if variant.domains else frozenset()
        self.witness = Witness(
            self.scene, self.mint, self.evil, refused=refused, once=variant.shared or not variant.sealed
        )
        self.processes = [self._process(), self._process()]
        self.jars = {who: Jar(self.scene, peer) for who, peer in PEERS.items()}
        self.browsers: dict[str, Browser] = dict(self.jars)
        for jar in self.jars.values():
            jar.process = self.processes[0]
        self.underway: list[Underway] = []
        self.terminals: list[Terminal] = []
        self.steps = 0
        self.rotations = 0
        self.story: list[str] = []
        self.everywhere = False
        self.outage: type | None = None
        """What is not answered at the moment."""
        self.loss = Fate.UNREACHED

    def _process(self) -> Process:
        store = self.scene.store
        return Process(self.scene, store if self.variant.shared else Apart(store, MemoryStore(clock=self.scene.clock)))

    def _userinfo(self, claims: Document) -> Document:
        return {name: value for name, value in claims.items() if not (self.shy and name.startswith("email"))}

    # Requests

    def send(
        self,
        who: str,
        method: str,
        path: str,
        query: str = "",
        body: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Underway:
        """Let somebody's browser send a request; nobody has begun to answer it."""
        jar = self.jars[who]
        if method == "POST":
            headers = (FORM, *headers)
        self.mint.owner = who
        request = jar.request(method, path, query, body.encode(), headers)
        return Underway(who, jar.process, request, self.witness.look)

    def at_once(self, flow: Underway) -> Response:
        """Answer a request without any interruption."""
        while not flow.done:
            flow.step(self._fate(flow))
            self.steps += 1
        return self.delivered(flow)

    def _fate(self, flow: Underway) -> Fate:
        """Return what becomes of the question that a request asks now, as long as an outage lasts."""
        down = self.outage is not None and any(isinstance(asked, self.outage) for asked in flow.state.awaits[:1])
        return self.loss if down else Fate.WELL

    def later_or_at_once(self, flow: Underway, choices: Choices) -> None:
        """Answer a request, or leave it in the middle for others to come between."""
        if choices.byte() % 3 == 0 and not flow.done:
            self.underway.append(flow)
        else:
            self.at_once(flow)

    def delivered(self, flow: Underway) -> Response:
        """Respond, and let the browser make of it what browsers do."""
        response, jar = flow.respond(), self.jars[flow.who]
        self.witness.answered(flow, response)
        jar.receive(response)
        self.witness.given(flow, jar, response)
        way = response.header("location") or response.header("refresh").removeprefix("0;url=")
        if way.startswith(("https://", "http://")):
            self._sent_away(flow, way)
        return response

    def _sent_away(self, flow: Underway, way: str) -> None:
        if way.startswith("http://127.0.0.1:"):
            self._back_at_terminal(flow.who, way)
            return
        if flow.request.path == "/sso/debug/login":
            violated("somebody looks at the debug page who is no administrator")
        if flow.request.header("sec-fetch-site") == "cross-site":
            violated("another site began a login")
        state = parse_qs(urlsplit(way).query)["state"][0]
        if state in self.witness.logins:
            violated("two logins have one state")
        provider = _asked_for(flow.request, "provider") or "generic"
        login = Login(flow.who, EVIL if provider == "other1" else HONEST)
        login.cli_login = _asked_for(flow.request, "login")
        if flow.who == ATTACKER and login.issuer == EVIL:  # he need not even go there
            login.people.update(EVIL_PEOPLE)
        self.witness.logins[state] = login
        self.jars[flow.who].begun.append(way)

    def _back_at_terminal(self, who: str, way: str) -> None:
        """Take the code to the command line that listens on the machine of this browser."""
        said = parse_qs(urlsplit(way).query)
        for terminal in self.terminals:
            if terminal.login_id == said["login"][0] and (terminal.owner == ATTACKER) == (who == ATTACKER):
                terminal.loopback_code = said["code"][0]

    # People

    def begin(self, who: str, choices: Choices) -> None:
        """Somebody asks to sign in."""
        provider = choices.of(("generic", "generic", "other1"))
        target = choices.of(("%2F", "%2Freports", "https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil"))
        query = f"return_to={target}&provider={provider}"
        self.later_or_at_once(self.send(who, "GET", "/sso/key/generate", query), choices)

    def authenticate(self, who: str, url: str, person: str, choices: Choices) -> Redirect | None:
        """Somebody is at a provider, wherever the address came from, and comes back with an answer."""
        if not url.startswith(f"{HONEST}/authorize?"):
            return None
        now = self.scene.clock()
        state = parse_qs(urlsplit(url).query)["state"][0]
        login = self.witness.logins.get(state)
        if login is not None and login.browser == who and login.issuer == HONEST:
            login.people.add((HONEST, person))
        try:
            if choices.rarely(16):
                return self.honest.deny(url)
            redirect = self.honest.authorize(url, person, now)
        except NoWayBackError:
            return None
        if who == ATTACKER:
            self.witness.public.add(dict(redirect.fields).get("code", ""))
        return redirect

    def arrive(self, who: str, redirect: Redirect) -> Underway:
        """Somebody's browser follows a redirect, whoever's it is."""
        address = urlsplit(redirect.url)
        if redirect.method == "POST":
            body = "&".join(f"{name}={value}" for name, value in redirect.fields).replace(" ", "+")
            return self.send(who, "POST", address.path, "", body, (("sec-fetch-site", "cross-site"),))
        return self.send(who, "GET", address.path, address.query)

    def whole(self, who: str, person: str, choices: Choices) -> None:
        """An undisturbed login: whatever happened before, it ends as it should, without any restart."""
        self.outage = None
        self.shy = self.shy and self.variant.domains is None  # where domains count, whoever hides theirs stays out
        begun = self.at_once(self.send(who, "GET", "/sso/key/generate", "provider=generic"))
        if begun.status != 303:
            self._excused(begun)
            return
        redirect = self.authenticate(who, begun.header("location"), person, Choices(b""))
        assert redirect is not None
        response = self.at_once(self.arrive(who, redirect))
        session = self.witness.living(self.jars[who])
        if person in self.witness.refused:
            if response.failure is None or response.failure.reason.family is not Family.NOT_ALLOWED:
                self._excused(response)
        elif response.status != 303:
            self._excused(response)
        elif session is None or (session.issuer, session.subject) != (HONEST, person):
            violated("an undisturbed login did not end in a session")

    def _excused(self, response: Response) -> None:
        """Accept that keys cannot be had at the moment, or that the attacker's account has the address already."""
        excuses = {Reason.UNKNOWN_KEY, Reason.KEYS_UNREACHABLE, Reason.METADATA_UNREACHABLE, Reason.EMAIL_TAKEN}
        if response.failure is None or response.failure.reason not in excuses:
            violated(f"an undisturbed login was refused: {response.failure}")

    def who_is_it(self, who: str) -> None:
        """Ask the service who somebody is."""
        response = self.at_once(self.send(who, "GET", "/sso/session"))
        session = self.witness.living(self.jars[who])
        if response.status == 401:
            if session is not None and not self.everywhere:
                violated("somebody was signed out by nobody")
            return
        if response.status == 503:
            return
        assert isinstance(response.body, bytes)
        told = json.loads(response.body)
        if session is None or (told["issuer"], told["subject"]) != (session.issuer, session.subject):
            violated("the service takes somebody for somebody else")

    def sign_out(self, who: str, site: str, *, everywhere: bool) -> None:
        """Somebody signs out, or another site would like them to."""
        jar = self.jars[who]
        key, query = self.witness.key_in(jar), "everywhere=1" if everywhere else ""
        living = self.witness.living(jar)
        response = self.at_once(self.send(who, "POST", "/sso/sign-out", query, "", (("sec-fetch-site", site),)))
        if site == "cross-site":
            if living is not None and self.witness.living(jar) is None:
                violated("another site signed somebody out")
        elif response.status == 303 and key:
            self.everywhere |= everywhere
            if not everywhere:
                self.witness.end(key)

    # Command lines

    def start_terminal(self, who: str, choices: Choices) -> Terminal | None:
        """Somebody's command line wants to sign in, with a code or over the loopback; None if it may not just now."""
        verifier = f"{'v' * 40}{len(self.terminals):03}" if choices.rarely(2) else ""
        challenge = code_challenge(Secret(verifier))
        said = {"redirect_uri": "http://127.0.0.1:1234/callback", "code_challenge": challenge} if verifier else {}
        self.mint.owner = who
        headers = (("content-type", "application/json"),)
        request = Request("POST", "/sso/cli/start", "", headers, json.dumps(said).encode(), PEERS[who])
        flow = Underway(who, self.jars[who].process, request, self.witness.look)
        response = self.at_once(flow)
        if response.status != 200:
            return None
        assert isinstance(response.body, bytes)
        told = json.loads(response.body)
        terminal = Terminal(who, told["login_id"], told["poll_secret"], told["user_code"], verifier)
        others = [each for each in self.terminals if each.owner != who]
        self.terminals = [*others, *[each for each in self.terminals if each.owner == who][-1:], terminal]
        return terminal

    def confirm(self, who: str, terminal: Terminal, code: str, provider: str) -> Underway:
        """Somebody confirms a command line in their browser, with the code that they believe is its own."""
        login = f"login={terminal.login_id}"
        self.at_once(self.send(who, "GET", "/sso/cli/confirm", login))
        body = f"{login}&code={code}&provider={provider}"
        return self.send(who, "POST", "/sso/cli/confirm", login, body, (("sec-fetch-site", "same-origin"),))

    def let_in(self, who: str, terminal: Terminal, code: str, person: str) -> None:
        """Somebody lets a command line in, all the way; it has not asked for its token yet."""
        begun = self.at_once(self.confirm(who, terminal, code, "generic"))
        way = begun.header("refresh").removeprefix("0;url=")
        redirect = self.authenticate(who, way, person, Choices(b""))
        if redirect is not None:
            self.at_once(self.arrive(who, redirect))

    def poll(self, who: str, terminal: Terminal, poll_secret: str) -> None:
        """A command line asks for its token."""
        body = f"code={terminal.loopback_code}&code_verifier={terminal.verifier}"
        headers = (FORM, ("authorization", f"Bearer {poll_secret}"))
        request = Request("POST", f"/sso/cli/poll/{terminal.login_id}", "", headers, body.encode(), PEERS[who])
        self.mint.owner = who
        flow = Underway(who, self.jars[who].process, request, self.witness.look)
        response = self.at_once(flow)
        assert isinstance(response.body, bytes)
        token = json.loads(response.body).get("key")
        if token is not None:
            if poll_secret != terminal.poll_secret:
                violated("a command line was given a token that is not its own")
            self.witness.token_given(terminal, token.removeprefix("sso_cli_"))

    # What befalls them

    def step(self, choices: Choices) -> None:
        """One of the requests under way goes on by one await."""
        if not self.underway:
            return
        flow = choices.of(self.underway)
        fate = choices.of((*[Fate.WELL] * 7, *Fate))
        self.story.append(f"{flow.who}'s {flow.request.path}: {type(flow.state).__name__}, {fate.name}")
        flow.step(fate)
        self.steps += 1
        if flow.done:
            self.underway.remove(flow)
            self.delivered(flow)

    def kill(self, choices: Choices) -> None:
        """A process dies in the middle of a request, before or after the world has heard its question."""
        if self.underway:
            flow = choices.of(self.underway)
            self.underway.remove(flow)
            if choices.rarely(2):
                flow.step()

    def restart(self, choices: Choices) -> None:
        """A process begins anew: what it was answering is lost, and it knows nothing of any provider."""
        number = choices.byte() % 2
        former, self.processes[number] = self.processes[number], self._process()
        self.underway = [flow for flow in self.underway if flow.process is not former]
        for jar in self.jars.values():
            jar.process = self.processes[number] if jar.process is former else jar.process

    def pass_time(self, choices: Choices) -> None:
        """Time passes: a moment, the life of a code or of a login, of a session."""
        self.scene.clock.now += choices.of((1, 1, 5, 31, 31, 61, 599, 601, 9 * 3600))

    def breaks_down(self, choices: Choices) -> None:
        """Something cannot be reached for a while: the directory, the store, or providers."""
        self.outage = choices.of((None, WriteAccount, WriteAccount, ReadAccount, Keep, Take, HttpRequest, HttpRequest))
        self.loss = choices.of((Fate.UNREACHED, Fate.LOST))

    def rotate(self) -> None:
        """The honest provider signs with another key from now on."""
        self.rotations += 1
        key = signing_key(kid=f"k{self.rotations + 1}")
        self.honest.change(lambda state: attrs.evolve(state, keys=(key,)))
        self.evil.rotate(f"k{self.rotations + 1}")


def _asked_for(request: Request, name: str) -> str:
    """Return what a request says under this name in its form, or in its query."""
    said = (request.body or b"").decode() if request.method == "POST" else request.query
    return parse_qs(said).get(name, [""])[0]
