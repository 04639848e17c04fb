"""The ending of a login that only wants to know: what the provider said, and what would come of it."""

from __future__ import annotations

import attrs

from sso_core.accounts.decision import Decision, decide
from sso_core.audit import AuditEvent, AuditKind
from sso_core.events import AccountFacts
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.flows.arrival import Arrival
from sso_core.identity.identity import Identity
from sso_core.machine import Resting


@attrs.frozen
class Inspected(Resting):
    """What the provider said, and what would be decided. Nothing was written, and nobody is signed in.

    The claims are those of the identity: without tokens, and each cut where it is long. The host was not asked.
    """

    identity: Identity
    verdict: Decision | Failure

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """Somebody looked at this person's claims."""
        return (AuditEvent(AuditKind.INSPECTED, issuer=self.identity.issuer, subject=self.identity.subject),)


def inspect(arrival: Arrival, identity: Identity, facts: AccountFacts) -> Inspected:
    """Decide, and hand out the decision.

    Who may look was settled when the login began, in the browser that it is bound to. Refuses with SWITCHED_OFF where
    nobody may any longer.
    """
    settings = arrival.settings
    if not settings.debug_page:
        refuse(Reason.SWITCHED_OFF, "the debug page is off")
    try:
        return Inspected(identity, decide(facts, identity, settings.policy, new_account_id=arrival.entropy.account_id))
    except Refusal as refusal:
        return Inspected(identity, refusal.failure)
