"""How a person came to where their account is read: all that the rest of the way needs to know of it."""

from __future__ import annotations

import attrs

from sso_core.flows.attempt import Attempt
from sso_core.hosts import Person
from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import Identity, identify
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.claims import PROTOCOL_CLAIMS
from sso_core.providers.kinds import OpenIdProvider
from sso_core.records import Mappings
from sso_core.secret import Entropy, Secret
from sso_core.sessions.pending_login import LoginPurpose, PendingLogin
from sso_core.settings.sign_in import SignInSettings


@attrs.frozen
class Arrival:
    """A person's arrival: from a provider, or vouched for by the host."""

    settings: SignInSettings
    provider_id: str
    rules: IdentityRules
    return_to: str
    entropy: Entropy
    former_session: str | None
    """The key of the session that this browser held until now; it ends with the new one, or with the refusal."""
    purpose: LoginPurpose = LoginPurpose.BROWSER
    cli_login: str = ""
    cli_claim: Secret = Secret("")
    former_namespace: str | None = None
    """Where the person's subject may have had an account before the provider got its issuer."""
    from_host: bool = False
    """Whether the host describes the person itself: the directory's maps are for what providers say."""

    def describe(self, gathered: Gathered, mappings: Mappings) -> Identity:
        """Say who it is, by the rules of where they come from and the directory's maps."""
        return identify(
            gathered,
            self.rules,
            self.settings.policy.ladder,
            Mappings() if self.from_host else mappings,
            provider_id=self.provider_id,
            only_one=len(self.settings.providers) == 1,
        )


def arrival_of(attempt: Attempt, login: PendingLogin) -> Arrival:
    """Return the arrival of a person whom a provider sent back."""
    provider = attempt.provider
    return Arrival(
        attempt.settings,
        login.provider_id,
        provider.rules,
        login.return_to,
        attempt.entropy,
        attempt.former_session,
        login.purpose,
        login.cli_login,
        login.cli_claim,
        provider.former_namespace if isinstance(provider, OpenIdProvider) else None,
    )


def person_of(identity: Identity, gathered: Gathered) -> Person:
    """Describe the person to the host: as they are understood here, and by all their claims."""
    members = gathered.claims.claims.members
    return Person(
        issuer=identity.issuer,
        subject=identity.subject,
        display_name=identity.display_name,
        handle=identity.handle,
        email=identity.email,
        email_verified=identity.email_verified,
        role=identity.role,
        team_ids=identity.teams.team_ids,
        claims=tuple([(name, value) for name, value in members.items() if name not in PROTOCOL_CLAIMS]),
    )
