"""The ending of a login that only wants to know: what the provider said, and what would come of it."""

from __future__ import annotations

import attrs

from sso_core.accounts.decision import Decision, decide
from sso_core.effects import AccountFacts
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.flows.arrival import Arrival
from sso_core.identity.identity import Identity
from sso_core.machine import Resting
from sso_core.settings.sign_in import SignInSettings


@attrs.frozen
class Inspected(Resting):
    """What the provider said, and what would be decided. Nothing was written, and nobody is signed in.

    The claims are those of the identity: without tokens, and each cut where it is long. The host was not asked.
    """

    identity: Identity
    verdict: Decision | Failure


def inspect(arrival: Arrival, identity: Identity, facts: AccountFacts) -> Inspected:
    """Decide, and show the decision to those who may see it."""
    settings = arrival.settings
    try:
        verdict: Decision | Failure = decide(
            facts, identity, settings.policy, new_account_id=arrival.entropy.account_id
        )
    except Refusal as refusal:
        verdict = refusal.failure
    check_may_inspect(settings, verdict)
    return Inspected(identity, verdict)


def check_may_inspect(settings: SignInSettings, verdict: Decision | Failure) -> None:
    """Refuse whoever is no administrator by this very login, unless the operator shows the page to anybody."""
    if not settings.debug_page:
        refuse(Reason.SWITCHED_OFF, "the debug page is off")
    if settings.debug_for_anybody_unsafe:
        return
    if isinstance(verdict, Failure):
        raise Refusal(verdict)
    if not settings.policy.ladder.is_admin(verdict.account.role):
        refuse(Reason.NOT_ADMIN, f"the role would be {verdict.account.role}")
