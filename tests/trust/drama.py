"""Everybody's moves, drawn one after the other: the moods of a town, and what is played in each."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from trust.arrangement import LAPTOP, PHONE, REFUSED, WELCOME, Choices, Variant
from trust.attacker import MINE, VICTIMS, Attacker
from trust.evil import AUTHORIZATION, Tale
from trust.town import Town
from trust.witness import ViolationError


@attrs.frozen
class Mood:
    """How often each move comes, of all moves while the mood lasts."""

    moves: tuple[str, ...]


def _mood(**weights: int) -> Mood:
    return Mood(tuple(name for name, weight in weights.items() for _ in range(weight)))


QUIET = _mood(
    begin=4, go_on=6, come_back=6, whole=1, look=1, step=4, sign_out=1, terminal=1, confirm=2, let_in=1, poll=2
)
ATTACK = _mood(
    begin=4,
    go_on=6,
    come_back=4,
    mine=8,
    lure=8,
    lure_away=2,
    lure_begin=1,
    lure_confirm=2,
    lure_sign_out=1,
    inject=4,
    craft=4,
    twice=1,
    leak=3,
    toss=2,
    spy=3,
    let_in=2,
    look=2,
    confirm=1,
    poll=1,
    step=6,
)
STORM = _mood(
    begin=3,
    go_on=5,
    come_back=6,
    again=3,
    step=12,
    kill=1,
    restart=1,
    outage=1,
    time=2,
    rotate=1,
    shy=2,
    tale=1,
    whole=1,
    look=1,
    sign_out=1,
    move=1,
    mine=2,
    confirm=1,
    poll=1,
)


class Play:
    """Plays moves, and holds the town to its promises after each."""

    def __init__(self, variant: Variant) -> None:
        self.town = Town(variant)
        self.attacker = Attacker(self.town)
        self._moves: dict[str, Callable[[Choices], None]] = {
            name.removeprefix("_on_"): getattr(self, name) for name in dir(self) if name.startswith("_on_")
        }

    def play(self, mood: Mood, drawn: bytes) -> None:
        """Play as many moves of a mood as the bytes are good for. Raises `ViolationError`, with the story as a note."""
        choices = Choices(drawn)
        town = self.town
        try:
            while choices.left > 0:
                name = choices.of(mood.moves)
                town.story.append(name)
                town.steps += 1
                self._moves[name](choices)
                town.witness.check(town.browsers)
        except ViolationError as violation:
            violation.add_note("after: " + "; ".join(town.story[-60:]))
            raise

    # Honest people

    def _on_begin(self, choices: Choices) -> None:
        self.town.begin(choices.of(VICTIMS), choices)

    def _on_go_on(self, choices: Choices) -> None:
        self._go_on(choices.of(VICTIMS), choices.of((*WELCOME, *WELCOME, *WELCOME, *REFUSED)), choices)

    def _go_on(self, who: str, person: str, choices: Choices) -> None:
        begun = self.town.jars[who].begun
        if begun:
            self._visit(who, choices.of((begun[-1], begun[-1], choices.of(begun))), person, choices)

    def _visit(self, who: str, url: str, person: str, choices: Choices) -> None:
        town = self.town
        if url.startswith(AUTHORIZATION):
            redirect = self.attacker.answers_for_his_provider(who, url, person, choices)
        else:
            redirect = town.authenticate(who, url, person, choices)
        if redirect is not None:
            town.jars[who].redirects.append(redirect)
            if who == MINE:
                self.attacker.learns(redirect)

    def _on_come_back(self, choices: Choices) -> None:
        self._come_back(choices.of(VICTIMS), choices)

    def _come_back(self, who: str, choices: Choices) -> None:
        redirects = self.town.jars[who].redirects
        if redirects:
            self.town.later_or_at_once(self.town.arrive(who, redirects[-1]), choices)

    def _on_again(self, choices: Choices) -> None:
        """The same callback twice at the same moment, at two processes."""
        town, who = self.town, choices.of((*VICTIMS, MINE))
        redirects, jar = town.jars[who].redirects, town.jars[who]
        if redirects:
            redirect = choices.of(redirects)
            for process in town.processes:
                jar.process = process
                town.underway.append(town.arrive(who, redirect))

    def _on_whole(self, choices: Choices) -> None:
        self.town.whole(choices.of(VICTIMS), choices.of((*WELCOME, *WELCOME, *REFUSED)), choices)

    def _on_look(self, choices: Choices) -> None:
        self.town.who_is_it(choices.of((*VICTIMS, MINE)))

    def _on_sign_out(self, choices: Choices) -> None:
        self.town.sign_out(choices.of((*VICTIMS, MINE)), "same-origin", everywhere=choices.rarely())

    def _on_terminal(self, choices: Choices) -> None:
        self.town.start_terminal(choices.of((LAPTOP, PHONE, MINE)), choices)

    def _on_confirm(self, choices: Choices) -> None:
        terminals = self.town.terminals
        if terminals:
            terminal = choices.of(terminals)
            provider = choices.of(("generic", "generic", "other1"))
            flow = self.town.confirm(terminal.owner, terminal, terminal.code, provider)
            self.town.later_or_at_once(flow, choices)

    def _on_let_in(self, choices: Choices) -> None:
        who, person = choices.of(VICTIMS), choices.of((*WELCOME, *WELCOME, *REFUSED))
        terminal = self.town.start_terminal(who, choices)
        if terminal is not None:
            self.town.let_in(who, terminal, terminal.code, person)

    def _on_poll(self, choices: Choices) -> None:
        if self.town.terminals:
            terminal = choices.of(self.town.terminals)
            self.town.poll(terminal.owner, terminal, terminal.poll_secret)

    def _on_move(self, choices: Choices) -> None:
        self.town.jars[choices.of((*VICTIMS, MINE))].process = choices.of(self.town.processes)

    # The attacker

    def _on_mine(self, choices: Choices) -> None:
        """He signs in himself, a step at a time."""
        match choices.byte() % 4:
            case 0:
                self.town.begin(MINE, choices)
            case 1:
                self._go_on(MINE, MINE, choices)
            case 2:
                self._come_back(MINE, choices)
            case _:
                self.town.start_terminal(MINE, choices)

    def _on_lure(self, choices: Choices) -> None:
        """A victim opens a way back that is not theirs."""
        if self.attacker.redirects:
            flow = self.town.arrive(choices.of(VICTIMS), choices.of(self.attacker.redirects))
            self.town.later_or_at_once(flow, choices)

    def _on_lure_away(self, choices: Choices) -> None:
        """A victim opens his way to a provider, signs in there, and comes back."""
        begun, who = self.town.jars[MINE].begun, choices.of(VICTIMS)
        if begun:
            self._visit(who, choices.of(begun), choices.of(WELCOME), choices)

    def _on_lure_begin(self, choices: Choices) -> None:
        """A victim's browser is made to begin a login."""
        headers = (("sec-fetch-site", "cross-site"),)
        self.town.at_once(
            self.town.send(choices.of(VICTIMS), "GET", "/sso/key/generate", "provider=other1", "", headers)
        )

    def _on_lure_confirm(self, choices: Choices) -> None:
        """A victim opens the link of his command line, and may even type a code: that of their own terminal."""
        town, who = self.town, choices.of(VICTIMS)
        mine = [terminal for terminal in town.terminals if terminal.owner == MINE]
        codes = [terminal.code for terminal in town.terminals if terminal.owner == who]
        if not mine:
            town.start_terminal(MINE, choices)
        elif choices.rarely(2):
            town.let_in(who, choices.of(mine), choices.of(("", *codes)), choices.of(WELCOME))
        else:
            flow = town.confirm(who, choices.of(mine), choices.of(("", *codes)), "generic")
            town.later_or_at_once(flow, choices)

    def _on_lure_sign_out(self, choices: Choices) -> None:
        self.town.sign_out(choices.of(VICTIMS), "cross-site", everywhere=choices.rarely(2))

    def _on_inject(self, choices: Choices) -> None:
        """He brings any redirect that he knows in his own browser."""
        if self.attacker.redirects:
            self.town.later_or_at_once(self.town.arrive(MINE, choices.of(self.attacker.redirects)), choices)

    def _on_craft(self, choices: Choices) -> None:
        self.attacker.crafts(choices)

    def _on_twice(self, choices: Choices) -> None:
        """Somebody's way back says one thing more, twice."""
        who = choices.of((*VICTIMS, MINE))
        redirects = self.town.jars[who].redirects
        if redirects:
            redirect = self.attacker.saying_more(redirects[-1], choices.of(("code", "state", "iss")))
            self.town.at_once(self.town.arrive(who, redirect))

    def _on_leak(self, choices: Choices) -> None:
        self.attacker.leaks(choices)

    def _on_toss(self, choices: Choices) -> None:
        self.attacker.tosses(choices)

    def _on_spy(self, choices: Choices) -> None:
        """He tries the doors of others: the debug page, and command lines whose links he came by."""
        town, links = self.town, self.attacker.links
        mine = [terminal for terminal in town.terminals if terminal.owner == MINE]
        if not links or not mine or choices.rarely(4):
            town.at_once(town.send(MINE, "GET", "/sso/debug/login", "provider=generic"))
        elif choices.rarely(2):
            town.poll(MINE, choices.of(links), mine[-1].poll_secret)
        else:
            town.later_or_at_once(town.confirm(MINE, choices.of(links), mine[-1].code, "generic"), choices)

    # What befalls them

    def _on_step(self, choices: Choices) -> None:
        self.town.step(choices)

    def _on_kill(self, choices: Choices) -> None:
        self.town.kill(choices)

    def _on_restart(self, choices: Choices) -> None:
        self.town.restart(choices)

    def _on_time(self, choices: Choices) -> None:
        self.town.pass_time(choices)

    def _on_outage(self, choices: Choices) -> None:
        self.town.breaks_down(choices)

    def _on_rotate(self, _choices: Choices) -> None:
        self.town.rotate()

    def _on_shy(self, _choices: Choices) -> None:
        self.town.shy = not self.town.shy

    def _on_tale(self, choices: Choices) -> None:
        self.town.evil.tale = choices.of((Tale.NONE, *Tale))
