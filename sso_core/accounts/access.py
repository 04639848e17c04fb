"""Who may come in: one rule, one function, before anything is written and the same for every way in.

A refusal's detail and hint are for operators; the person reads the reason's sentence, and no claim of theirs goes back
to the browser.
"""

from __future__ import annotations

from sso_core.accounts.policy import AccessPolicy
from sso_core.events import AccountFacts
from sso_core.failures import Reason, refuse
from sso_core.identity.explanation import shown
from sso_core.identity.identity import Identity
from sso_core.oauth.provider_text import quote_provider
from sso_core.records import Account

_SHOWN_GROUPS = 20


def check_person(account: Account | None, identity: Identity, policy: AccessPolicy) -> None:
    """Refuse whom no role and no team would let in; what a host could wish changes nothing about it."""
    check_enabled(account)
    check_email_domain(identity, policy)


def check_enabled(account: Account | None) -> None:
    """Refuse the person of an account that an administrator has shut; they get no other one."""
    if account is not None and account.disabled:
        refuse(Reason.ACCOUNT_DISABLED, f"account {account.account_id} is disabled")


def check_email_domain(identity: Identity, policy: AccessPolicy) -> None:
    """Refuse whose e-mail address is not at exactly one of the domains, or is not verified to be theirs.

    Nothing is guessed: a subdomain, a trailing dot, a second @ and a letter that only looks right are another domain.
    """
    if policy.email_domains is None:
        return
    if identity.email is None:
        refuse(Reason.EMAIL_DOMAIN_REFUSED, "there is no e-mail address, and domains are restricted")
    local, _, domain = identity.email.partition("@")
    allowed = {name.strip().lower() for name in policy.email_domains} - {""}
    if not local or domain not in allowed:
        refuse(
            Reason.EMAIL_DOMAIN_REFUSED,
            f"the address is at {quote_provider(domain)}",
            f"allowed: {', '.join(sorted(allowed))}",
        )
    if not identity.email_verified and not policy.unverified_email_domains_unsafe:
        refuse(
            Reason.EMAIL_NOT_VERIFIED,
            f"the address is at {domain}, and the provider does not say that it has verified it",
            "let the provider send email_verified, or vouch for its addresses in the settings",
        )


def check_group(identity: Identity, policy: AccessPolicy) -> None:
    """Refuse whoever is not in the one group; a list that may be cut keeps out whom it does not name."""
    group = policy.restricted_group
    if group is None:
        return
    theirs = (*identity.teams.team_ids, *identity.groups)
    if group in theirs:
        return
    if any(note.reason is Reason.GROUPS_INCOMPLETE for note in identity.notes):
        refuse(
            Reason.GROUPS_INCOMPLETE,
            f"not all groups could be read, and {group} is not among those that could",
            "let the provider send fewer groups, or let a directory service be asked for them",
        )
    listed = shown(theirs[:_SHOWN_GROUPS]) if theirs else "none"
    more = f" and {len(theirs) - _SHOWN_GROUPS} more" if len(theirs) > _SHOWN_GROUPS else ""
    refuse(Reason.NOT_IN_GROUP, f"the group is {group}; the person's are {listed}{more}")


def check_admins_only(role: str, policy: AccessPolicy) -> None:
    """Refuse whoever is no administrator, by the role that they would have."""
    if policy.admins_only and not policy.ladder.is_admin(role):
        refuse(Reason.ADMINS_ONLY, f"the role would be {role}")


def check_new_account(facts: AccountFacts, policy: AccessPolicy) -> None:
    """Refuse somebody new where nobody new is wanted, or where all seats are taken.

    The count may be old by the time of writing, so a guard holds the limit too.
    """
    if not policy.new_accounts.allowed:
        refuse(Reason.NO_ACCOUNT, "the person has no account, and sign-in makes none")
    if policy.seats is not None and facts.seats_taken is not None and facts.seats_taken >= policy.seats:
        refuse(Reason.NO_SEAT_LEFT, f"{facts.seats_taken} of {policy.seats} seats are taken")
