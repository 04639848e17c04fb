"""The attacker: an account at the honest provider, a browser, a provider of his own, and links that people open.

He sees what is said to him and to his provider. He sees nobody's cookies, and a victim's code only where a move leaks
it. `drama` draws his moves among those of everybody else.
"""

from __future__ import annotations

from sso_core.testing.provider_state import Redirect
from sso_core.wire import encode_form
from trust.arrangement import HONEST, LAPTOP, PHONE, Choices
from trust.evil import CALLBACK, EVIL, EVIL_PEOPLE, SUBJECTS, Lie
from trust.town import Town
from trust.witness import ATTACKER, Terminal

HONEST_CALLBACK = "https://app.example/sso/callback"
VICTIMS = (LAPTOP, PHONE)
MINE = ATTACKER


class Attacker:
    """What he has seen, and what he makes of it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.redirects: list[Redirect] = []
        self.links: list[Terminal] = []
        """Command lines of others whose links he came by."""
        self.answers = 0

    def learns(self, redirect: Redirect) -> None:
        """Add a redirect to what he can use."""
        self.redirects = [*self.redirects[-7:], redirect]
        self.town.witness.public.update(value for _, value in redirect.fields)

    def answers_for_his_provider(self, who: str, url: str, person: str, choices: Choices) -> Redirect | None:
        """Send a browser that is at his provider on to wherever it is of use to him."""
        town, evil = self.town, self.town.evil
        self.answers += 1
        code = f"code{self.answers}"
        request = evil.visited(url, code)
        town.witness.public.update((request["state"], request["nonce"]))
        login = town.witness.logins.get(request["state"])
        if login is not None and login.browser == who and login.issuer == EVIL:
            login.people.update(EVIL_PEOPLE)
        evil.subject = choices.of(SUBJECTS)
        if choices.rarely(2):
            evil.lie = choices.of((*Lie, Lie.NONE, Lie.NONE))
            redirect = self._redirect(CALLBACK, {"code": code, "state": request["state"]})
            self.learns(redirect)
            return redirect
        evil.lie = Lie.NONE
        if choices.rarely(3):  # a mix-up: the person signs in at the honest provider, on its way to the wrong callback
            forwarded = {**request, "redirect_uri": HONEST_CALLBACK}
            return town.authenticate(
                who, f"{HONEST}/authorize?{encode_form(tuple(forwarded.items()))}", person, choices
            )
        known = [dict(each.fields).get("code", "") for each in self.redirects]
        fields = {"code": choices.of((code, *known)), "state": request["state"]}
        fields["iss"] = choices.of((EVIL, HONEST, ""))
        redirect = self._redirect(choices.of((CALLBACK, HONEST_CALLBACK)), fields)
        self.learns(redirect)
        return redirect

    def _redirect(self, address: str, fields: dict[str, str], *more: tuple[str, str]) -> Redirect:
        pairs = (*((name, value) for name, value in fields.items() if value), *more)
        if self.town.variant.form_post and address == HONEST_CALLBACK:
            return Redirect("POST", address, pairs)
        return Redirect("GET", f"{address}?{encode_form(pairs)}", pairs)

    def saying_more(self, redirect: Redirect, name: str) -> Redirect:
        """Return a redirect that says one thing twice."""
        address = redirect.url.partition("?")[0]
        return self._redirect(address, dict(redirect.fields), (name, dict(redirect.fields).get(name, "twice")))

    def crafts(self, choices: Choices) -> None:
        """Put a redirect together from parts of others, with something twice or missing."""
        if not self.redirects:
            return
        one, other = dict(choices.of(self.redirects).fields), dict(choices.of(self.redirects).fields)
        fields = {name: choices.of((one, other)).get(name, "") for name in ("code", "state")}
        fields["iss"] = choices.of((HONEST, HONEST, EVIL, ""))
        twice = choices.of(((), (), (("code", "twice"),), (("state", other.get("state", "")),), (("id_token", "e"),)))
        self.learns(self._redirect(choices.of((HONEST_CALLBACK, HONEST_CALLBACK, CALLBACK)), fields, *twice))

    def leaks(self, choices: Choices) -> None:
        """A victim's way back gets into his hands, or the link of a command line.

        Not the way back of a login that he began and the victim went through: nobody could tell him from them there.
        """
        town = self.town
        redirects = town.jars[choices.of(VICTIMS)].redirects
        if redirects and not choices.rarely(4):
            login = town.witness.logins.get(dict(redirects[-1].fields).get("state", ""))
            if login is not None and login.browser != MINE:
                self.learns(redirects[-1])
            return
        theirs = [terminal for terminal in town.terminals if terminal.owner != MINE]
        if theirs:
            self.links.append(theirs[-1])
            town.witness.public.add(theirs[-1].login_id)

    def tosses(self, choices: Choices) -> None:
        """Plant his own cookies in a victim's browser, under any name that a sibling of the service may set."""
        victim = self.town.jars[choices.of(VICTIMS)]
        if choices.rarely(4):
            victim.planted.clear()
            return
        for name, value in self.town.jars[MINE].cookies.items():
            bare = name.removeprefix("__Host-")
            victim.planted.append((choices.of((bare, bare, bare, f"__host-{bare}", f"\u2003__Host-{bare}")), value))
