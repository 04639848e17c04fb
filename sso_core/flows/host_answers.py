"""What the host's answers mean to a flow. Only the answer that was asked for lets anybody in.

The host's code is written in a language without checked types: whatever it answers is looked at once, here, and what is
of the wrong type or out of bounds lets nobody in. A misspelt demotion that changed nothing would be a promotion.
"""

from __future__ import annotations

from math import isfinite
from typing import assert_never

from sso_core.events import HostAnswered, HostFailed
from sso_core.failures import Reason, refuse
from sso_core.hosts import Declined, Person, Vouched, Wishes
from sso_core.identity.attributes import NAME_LIMIT
from sso_core.identity.ladder import RoleLadder
from sso_core.oauth.id_token import SUBJECT_LIMIT
from sso_core.providers.kinds import OAuthProvider, Provider

ISSUER_LIMIT = 2048
"""Characters of the name by which a host tells its own people from a provider's."""


def wishes_of(answer: HostAnswered | HostFailed, ladder: RoleLadder) -> Wishes:
    """Return what the host wishes for a person, or refuse: an answer that is none lets nobody in."""
    if isinstance(answer, HostFailed):
        refuse(Reason.HOST_FAILED, f"the host's function failed after login: {answer.why}")
    match answer.answer:
        case Wishes() as wishes:
            check_wishes(wishes, ladder)
            return wishes
        case Declined(why):
            refuse(Reason.HOST_DECLINED, f"the host declines the person: {why}")
        case Vouched():
            refuse(Reason.HOST_FAILED, "the host vouched for somebody whom it was only told of")
        case _:
            assert_never(answer.answer)


def check_wishes(wishes: Wishes, ladder: RoleLadder) -> None:
    """Refuse with HOST_FAILED what cannot be a wish: nothing of it counts then."""
    for name, wish, holds, rule in (
        ("role", wishes.role, ladder.named(wishes.role) is not None, "a role on the ladder"),
        ("handle", wishes.handle, _is_name(wishes.handle, NAME_LIMIT), f"a printable text of up to {NAME_LIMIT}"),
        ("team_ids", wishes.team_ids, _are_names(wishes.team_ids), "a tuple of texts"),
        ("models", wishes.models, _are_names(wishes.models), "a tuple of texts"),
        ("max_budget", wishes.max_budget, _is_budget(wishes.max_budget), "a finite number that is not negative"),
        ("budget_duration", wishes.budget_duration, _is_name(wishes.budget_duration, 32), "a time such as 30d"),
    ):
        if wish is not None and not holds:
            refuse(Reason.HOST_FAILED, f"the host wishes for a {name} that is none", f"{name} is {rule}, or None")


def _is_name(value: object, limit: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= limit and value.isprintable()


def _are_names(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) and name for name in value)


def _is_budget(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and value >= 0


def vouched_person(answer: HostAnswered | HostFailed, declined: Reason, providers: tuple[Provider, ...]) -> Person:
    """Return the person for whom the host vouches; anything else lets nobody in.

    For people of one of the `providers` only that provider can vouch: the host's own issuer is another one.
    """
    if isinstance(answer, HostFailed):
        refuse(Reason.HOST_FAILED, f"the host's function failed: {answer.why}")
    match answer.answer:
        case Vouched(person):
            if not _is_name(person.issuer, ISSUER_LIMIT) or not _is_name(person.subject, SUBJECT_LIMIT):
                refuse(Reason.HOST_FAILED, "the host vouches for somebody without a printable issuer and subject")
            if any(person.issuer in issuers_of(provider) for provider in providers):
                refuse(
                    Reason.HOST_FAILED,
                    "the host vouches for somebody under a provider's issuer",
                    "let the host name an issuer of its own, such as its name",
                )
            return person
        case Declined(why):
            refuse(declined, f"the host does not vouch for the person: {why}")
        case Wishes():
            refuse(Reason.HOST_FAILED, "the host has wishes where it was asked who it is")
        case _:
            assert_never(answer.answer)


def issuers_of(provider: Provider) -> tuple[str, ...]:
    """Return the issuers whose people come from this provider: its own, those of its tenants, and its former one."""
    if isinstance(provider, OAuthProvider):
        return (provider.namespace,)
    tenants, former = provider.tenants, provider.former_namespace
    of_tenants = map(tenants.issuer, tenants.allowed) if tenants is not None else ()
    return (provider.namespace, *of_tenants, *(() if former is None else (former,)))
