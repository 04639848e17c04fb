"""The chapter in which the person gets an account.

ReadingAccount <-> [AskingHost] <-> [WritingAccount] -> KeepingSession
       |
       v
EndingFormerSession (whoever is refused) | Inspected (a login that only wants to know)

The next chapter is `keep_session`, or `approve_cli` where the login is for a command line.

- Facts are read at one moment, everything is decided from them, and the decision is carried out whole or not at all.
- What turns out to be missing (a map that the directory has, a team that the host names) is read once more.
- The host is asked once, before anything is written; its wishes are judged like a provider's claims. Nothing rests
  on facts from before its answer without a guard.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.accounts.access import check_person
from sso_core.accounts.decision import Decision, decide
from sso_core.accounts.linking import find_account
from sso_core.accounts.membership import teams_to_ask
from sso_core.accounts.values import NO_WISHES, with_wishes
from sso_core.effects import AskHost, Effect, WriteAccount
from sso_core.events import (
    AccountFacts,
    Conflict,
    DirectoryUnreachable,
    HostAnswered,
    HostFailed,
    OutcomeUnknown,
    Written,
)
from sso_core.failures import Reason, Refusal, refuse
from sso_core.flows.account_facts import account_facts, account_questions
from sso_core.flows.approve_cli import Approval, TakingApprovedLogin
from sso_core.flows.arrival import Arrival, arrival_of, person_of
from sso_core.flows.attempt import Attempt, Finishing
from sso_core.flows.host_answers import wishes_of
from sso_core.flows.inspect_login import Inspected, inspect
from sso_core.flows.keep_session import KeepingSession
from sso_core.flows.turn_away import EndingFormerSession, turn_away
from sso_core.hosts import AfterLogin, Wishes
from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import Identity
from sso_core.records import AccountUnchanged, Mappings
from sso_core.sessions.pending_login import LoginPurpose, PendingLogin
from sso_core.sessions.session import session_of

TRIES = 4
"""Rounds of reading and writing the account: enough for a burst of first logins, too few to spin."""

NO_MAPPINGS = Mappings()


def read_account(attempt: Attempt, login: PendingLogin, gathered: Gathered) -> ReadingAccount:
    """Describe the person whom a provider sent back, and ask what is known of their account."""
    return enter(arrival_of(attempt, login), gathered)


def enter(arrival: Arrival, gathered: Gathered) -> ReadingAccount:
    """Describe the person, and ask what is known of their account."""
    return ReadingAccount(arrival, gathered, arrival.describe(gathered, NO_MAPPINGS))


@attrs.frozen
class ReadingAccount(Finishing):
    """Waits for the facts about the person's account."""

    arrival: Arrival
    gathered: Gathered
    identity: Identity
    mappings: Mappings = NO_MAPPINGS
    """The directory's maps by which the identity was described."""
    wishes: Wishes | None = None
    """None until the host was asked."""
    tries: int = TRIES

    @property
    def wished(self) -> Identity:
        """The identity with the host's wishes in it."""
        return with_wishes(self.identity, self.wishes or NO_WISHES, self.arrival.settings.policy.ladder)

    def asks(self) -> tuple[Effect, ...]:
        """Read all facts at one moment."""
        return account_questions(self.arrival, self.wished)

    def receive(
        self,
        *answers: AccountFacts | DirectoryUnreachable,
        now: float,
    ) -> (
        ReadingAccount
        | AskingHost
        | WritingAccount
        | KeepingSession
        | TakingApprovedLogin
        | Inspected
        | EndingFormerSession
    ):
        """Decide everything; write only if something changes."""
        facts = account_facts(self.awaits, answers)
        try:
            reading = self
            if facts.mappings != self.mappings and not self.arrival.from_host:
                identity = self.arrival.describe(self.gathered, facts.mappings)
                reading = attrs.evolve(self, identity=identity, mappings=facts.mappings)
                if not _all_was_asked(self, reading):
                    return _once_more(reading)
            return _ask_or_decide(reading, facts, now)
        except Refusal as refusal:
            return turn_away(self.arrival, refusal)


def _all_was_asked(before: ReadingAccount, after: ReadingAccount) -> bool:
    policy, asked, wanted = before.arrival.settings.policy, before.wished, after.wished
    known_handle = wanted.handle is None or wanted.handle == asked.handle
    return known_handle and set(teams_to_ask(wanted, policy)) <= set(teams_to_ask(asked, policy))


def _once_more(reading: ReadingAccount) -> ReadingAccount:
    if reading.tries == 1:
        refuse(Reason.ACCOUNT_CONTESTED, f"the account kept changing through {TRIES} tries")
    return attrs.evolve(reading, tries=reading.tries - 1)


def _ask_or_decide(
    reading: ReadingAccount, facts: AccountFacts, now: float
) -> AskingHost | WritingAccount | KeepingSession | TakingApprovedLogin | Inspected:
    arrival, identity = reading.arrival, reading.identity
    settings = arrival.settings
    if arrival.purpose is LoginPurpose.DEBUG:
        return inspect(arrival, identity, facts)
    if settings.host_after_login and reading.wishes is None:
        check_person(find_account(facts, identity, settings.policy).account, identity, settings.policy)
        return AskingHost(reading, facts)
    return _decide(reading, facts, now)


def _decide(
    reading: ReadingAccount, facts: AccountFacts, now: float
) -> WritingAccount | KeepingSession | TakingApprovedLogin:
    decision = _decision(reading, facts)
    return (
        WritingAccount(reading, decision)
        if decision.changes
        else let_in(reading.arrival, reading.wished, decision, now)
    )


def _decision(reading: ReadingAccount, facts: AccountFacts) -> Decision:
    return decide(
        facts,
        reading.identity,
        reading.arrival.settings.policy,
        new_account_id=reading.arrival.entropy.account_id,
        wishes=reading.wishes or NO_WISHES,
    )


@attrs.frozen
class AskingHost(Finishing):
    """Waits for what the host has to say about the person, who would come in as far as the claims go."""

    reading: ReadingAccount
    facts: AccountFacts

    def asks(self) -> tuple[Effect, ...]:
        """Ask, with the account that would be theirs."""
        reading = self.reading
        account = find_account(self.facts, reading.identity, reading.arrival.settings.policy).account
        return (AskHost(AfterLogin(person_of(reading.identity, reading.gathered), account)),)

    def receive(
        self, answer: HostAnswered | HostFailed, *, now: float
    ) -> ReadingAccount | WritingAccount | EndingFormerSession:
        """Decide with its wishes; read once more where they name what was not asked.

        The facts are as old as the host's thoughts, so that even where nothing changes the directory is asked whether
        they still hold: the account may have been shut meanwhile.
        """
        del now
        try:
            wishes = wishes_of(answer, self.reading.arrival.settings.policy.ladder)
            wished = attrs.evolve(self.reading, wishes=wishes)
            if not _all_was_asked(self.reading, wished):
                return _once_more(wished)
            decision = _decision(wished, self.facts)
        except Refusal as refusal:
            return turn_away(self.reading.arrival, refusal)
        account = decision.account
        still_so = decision.guards or (AccountUnchanged(account.account_id, account.revision),)
        return WritingAccount(wished, attrs.evolve(decision, guards=still_so))


@attrs.frozen
class WritingAccount(Finishing):
    """Waits until the decision is carried out, whole."""

    reading: ReadingAccount
    decision: Decision

    def asks(self) -> tuple[Effect, ...]:
        """Write under guards over the facts that the decision rests on."""
        return (WriteAccount(self.decision.changes, self.decision.guards),)

    def receive(
        self, answer: Written | Conflict | OutcomeUnknown | DirectoryUnreachable, *, now: float
    ) -> ReadingAccount | KeepingSession | TakingApprovedLogin:
        """Go on; read again where somebody was quicker, or where nobody knows what was written."""
        reading = self.reading
        match answer:
            case Written():
                return let_in(reading.arrival, reading.wished, self.decision, now)
            case DirectoryUnreachable(why):
                refuse(Reason.DIRECTORY_UNREACHABLE, f"the account cannot be written: {why}")
            case Conflict() | OutcomeUnknown():
                return _once_more(reading)
            case _:
                assert_never(answer)


def let_in(
    arrival: Arrival, identity: Identity, decision: Decision, now: float
) -> KeepingSession | TakingApprovedLogin:
    """Give the person what they came for: a session of this browser, or one for a command line to fetch."""
    session = session_of(
        identity,
        decision.account,
        provider_id=arrival.provider_id,
        signed_in_at=now,
        expires_at=now + arrival.settings.session_ttl,
    )
    if arrival.purpose is LoginPurpose.CLI:
        code = arrival.entropy.loopback_code
        approval = Approval(
            arrival.cli_login, arrival.cli_claim, session, code, decision.aliases, identity.notes, decision.deeds
        )
        return TakingApprovedLogin(approval)
    return KeepingSession(arrival, session, identity.notes, decision.deeds)
