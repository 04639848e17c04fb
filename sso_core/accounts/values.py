"""What describes an account from this login on. What a provider does not say overwrites nothing."""

from __future__ import annotations

from typing import Any

import attrs

from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.events import AccountFacts
from sso_core.hosts import Wishes
from sso_core.identity.explanation import Step
from sso_core.identity.identity import Identity
from sso_core.identity.ladder import RoleLadder
from sso_core.identity.teams import TeamsFound
from sso_core.records import Account, EmailFree, Guard, HandleFree

NO_WISHES = Wishes()


def with_wishes(identity: Identity, wishes: Wishes, ladder: RoleLadder) -> Identity:
    """Return the identity with the host's words in place of the claims'.

    A role that is not on the ladder is no role, and changes nothing. A list of teams from the host is complete.
    """
    if wishes is NO_WISHES or wishes == NO_WISHES:
        return identity
    steps = list(identity.explanation)
    if wishes.role is not None:
        role = ladder.named(wishes.role)
        steps.append(Step("the host's role", "", "", role or "it names no role"))
        if role is not None:
            identity = attrs.evolve(identity, role=role, role_known=True)
    if wishes.handle:
        steps.append(Step("the host's handle", "", "", wishes.handle))
        identity = attrs.evolve(identity, handle=wishes.handle)
    if wishes.team_ids is not None:
        steps.append(Step("the host's teams", "", "", f"{len(wishes.team_ids)} in all"))
        teams = TeamsFound(tuple(dict.fromkeys(wishes.team_ids)), complete=True, to_create=identity.teams.to_create)
        identity = attrs.evolve(identity, teams=teams)
    return attrs.evolve(identity, explanation=tuple(steps))


def with_values(account: Account, **values: Any) -> Account:  # noqa: ANN401 -- the account's own fields
    """Return the account with these values; the very same one where none differs, as at most logins."""
    for name, value in values.items():
        if getattr(account, name) != value:
            return attrs.evolve(account, **values)
    return account


def new_account(account_id: str, identity: Identity, role: str, policy: AccessPolicy) -> Account:
    """Return the account of somebody new, before a handle is settled and teams are joined.

    Whoever gets the ladder's budgeted role gets its budget too, where the defaults of new accounts set none.
    """
    defaults = policy.new_accounts
    email = email_to_keep(identity, policy)
    max_budget, duration = defaults.max_budget, defaults.budget_duration
    if role == policy.ladder.budgeted:
        max_budget = policy.budgeted_max_budget if max_budget is None else max_budget
        duration = duration or policy.budgeted_budget_duration
    return Account(
        account_id,
        identity.display_name,
        revision=1,
        identities=((identity.issuer, identity.subject),),
        email=email,
        email_verified=email is not None and identity.email_verified,
        role=role,
        models=defaults.models,
        max_budget=max_budget,
        budget_duration=duration,
        auth_provider=identity.provider,
    )


def described(account: Account, identity: Identity, role: str) -> Account:
    """Return an account that exists with the name, the role and the provider of this login."""
    key = (identity.issuer, identity.subject)
    held = account.identities
    # A login whose claims name nobody is described by its subject: that is no name to replace one with.
    name = account.display_name if identity.display_name == identity.subject else identity.display_name
    return with_values(
        account,
        display_name=name or identity.display_name,
        role=role,
        auth_provider=account.auth_provider or identity.provider,
        identities=held if key in held else tuple(sorted((*held, key))),
    )


def with_host_values(account: Account, wishes: Wishes) -> Account:
    """Return the account with the limits that the host wishes."""
    if wishes is NO_WISHES:
        return account
    return with_values(
        account,
        models=account.models if wishes.models is None else wishes.models,
        max_budget=account.max_budget if wishes.max_budget is None else wishes.max_budget,
        budget_duration=account.budget_duration if wishes.budget_duration is None else wishes.budget_duration,
    )


@attrs.frozen
class Settled:
    """An account with one more value settled, and the guard over what that rests on."""

    account: Account
    guards: tuple[Guard, ...] = ()
    explanation: tuple[Step, ...] = ()


def settle_handle(account: Account, identity: Identity, facts: AccountFacts, *, by_host: bool) -> Settled:
    """Give the account its handle, unless another account has it: no two share one.

    Hosts know the person by it, so one that is there stays although the claim changes; only the host may change it.
    """
    handle = identity.handle
    if handle is None or handle == account.handle or (account.handle is not None and not by_host):
        return Settled(account)
    if facts.handle_holder not in {None, account.account_id}:
        return Settled(account, explanation=(Step("handle", "", "", "left out: it is another account's"),))
    return Settled(attrs.evolve(account, handle=handle), (HandleFree(handle),))


def email_to_keep(identity: Identity, policy: AccessPolicy) -> str | None:
    """Return the address that an account may hold.

    Where a verified address tells accounts, one that is not verified may be anybody's: an account that held it would
    keep its owner out.
    """
    unproven = policy.linking is Linking.VERIFIED_EMAIL and not identity.email_verified
    return None if unproven else identity.email


def email_guards(account: Account, policy: AccessPolicy) -> tuple[Guard, ...]:
    """Return the guard over the address of a new account: where addresses tell accounts, no two are made with one."""
    return () if account.email is None or policy.linking is Linking.NEVER else (EmailFree(account.email),)


def settle_email(account: Account, identity: Identity, facts: AccountFacts, policy: AccessPolicy) -> Settled:
    """Give an account that exists the address of this login, if there is one (absent is not null).

    Where accounts are told by their addresses, no address of another account is taken over, and none that is not
    verified is written; the account's own is no longer verified where the provider says so.
    """
    email = identity.email
    own = (account.email or "").lower()
    if email is None:
        return Settled(account)
    if email != own and email_to_keep(identity, policy) is None:
        return Settled(account, explanation=(Step("e-mail", "", "", "left out: it is not verified"),))
    after = with_values(account, email=email, email_verified=identity.email_verified)
    if policy.linking is Linking.NEVER or email == own:
        return Settled(after)
    if any(holder.account_id != account.account_id for holder in facts.email_holders):
        return Settled(account, explanation=(Step("e-mail", "", "", "left out: it is another account's"),))
    return Settled(after, email_guards(after, policy))
