"""What is asked of the directory about a person who comes in, and its answers as one."""

from __future__ import annotations

import attrs

from sso_core.accounts.membership import teams_to_ask
from sso_core.accounts.policy import Linking
from sso_core.effects import Effect, ReadAccount
from sso_core.events import AccountFacts, DirectoryUnreachable
from sso_core.failures import Reason, refuse
from sso_core.flows.arrival import Arrival
from sso_core.identity.identity import Identity


def account_questions(arrival: Arrival, identity: Identity) -> tuple[ReadAccount, ...]:
    """Return the questions: one, as a rule.

    A subject is looked up as a handle only where the operator lets anything tell an account, and in a former namespace
    only where they name one.
    """
    policy = arrival.settings.policy
    issuer, subject, handle = identity.issuer, identity.subject, identity.handle
    by_handle = policy.linking is Linking.ANY_EMAIL_UNSAFE
    questions = [
        ReadAccount(
            issuer,
            subject,
            email=None if policy.linking is Linking.NEVER else identity.email,
            handle=handle,
            teams=teams_to_ask(identity, policy),
            count_seats=policy.seats is not None,
            by_handle=by_handle,
        )
    ]
    if by_handle and handle != subject:
        questions.append(ReadAccount(issuer, subject, handle=subject, by_handle=True))
    if arrival.former_namespace is not None:
        questions.append(ReadAccount(arrival.former_namespace, subject))
    return tuple(questions)


def account_facts(asked: tuple[Effect, ...], answers: tuple[AccountFacts | DirectoryUnreachable, ...]) -> AccountFacts:
    """Return the answers as one, whichever of the questions brought them; refuses with DIRECTORY_UNREACHABLE."""
    facts, *others = map(_read, answers)
    for question, more in zip(asked[1:], others, strict=True):
        assert isinstance(question, ReadAccount)
        if not question.by_handle:
            facts = attrs.evolve(facts, former_account=more.account)
        elif facts.handle_account is None:
            facts = attrs.evolve(facts, handle_account=more.handle_account)
    return facts


def _read(answer: AccountFacts | DirectoryUnreachable) -> AccountFacts:
    if isinstance(answer, DirectoryUnreachable):
        refuse(Reason.DIRECTORY_UNREACHABLE, f"the account cannot be read: {answer.why}")
    return answer
