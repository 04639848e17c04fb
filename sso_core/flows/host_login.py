"""The story of a person for whom the host itself vouches: by a password, or by the headers of a proxy.

sign_in_with_password -> CountingTries -> CheckingPassword -> the chapter of the account (`enter`)
sign_in_by_headers    -> CheckingHeaders                   -> the chapter of the account (`enter`)
where the host names nobody -> EndingFormerSession

Every try of a password is counted before the host sees it, and one too many is not looked at. Whom the host vouches for
is described by its words alone, and judged by the same policy as everybody.
"""

from __future__ import annotations

import attrs

from sso_core.effects import AskHost, Effect
from sso_core.events import Counted, Headers, HostAnswered, HostFailed, StoreUnreachable
from sso_core.failures import Reason, Refusal, refuse
from sso_core.flows.arrival import Arrival
from sso_core.flows.attempt import Finishing
from sso_core.flows.enter import ReadingAccount, enter
from sso_core.flows.host_answers import vouched_person
from sso_core.flows.turn_away import EndingFormerSession, turn_away
from sso_core.hosts import CheckHeaders, CheckPassword, Person
from sso_core.identity.gathered import Gathered
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.machine import door
from sso_core.oauth.claims import ClaimSet, Source, SourcedClaims
from sso_core.secret import Entropy, Secret
from sso_core.sessions.limits import Quota, check_quota, password_quotas
from sso_core.sessions.session import session_key
from sso_core.settings.sign_in import SignInSettings

PASSWORD = "host.password"  # noqa: S105 -- a name of a way to sign in, no password
HEADERS = "host.headers"
"""What stands for the provider of such a session; no provider's id has a dot in it."""

RULES = IdentityRules(AttributeNames(handle=("preferred_username",)))
"""How the host's own words are read: under the names that they get in `gathered_of`."""


@door
def sign_in_with_password(
    settings: SignInSettings,
    *,
    username: str,
    password: Secret,
    address: str,
    return_to: str,
    former_session: Secret | None,
    entropy: Entropy,
) -> CountingTries:
    """Begin to sign somebody in by a name and a password; `return_to` is a path of this service, already checked.

    `address` is where the person comes from, as far as that is known. Refuses with SWITCHED_OFF where the host checks
    no passwords.
    """
    if not settings.password_sign_in:
        refuse(Reason.SWITCHED_OFF, "sign-in by password is off")
    arrival = _arrival(settings, PASSWORD, return_to, former_session, entropy)
    quotas = password_quotas(settings.limits, username, address)
    return CountingTries(quotas, CheckingPassword(arrival, username, password))


@door
def sign_in_by_headers(
    settings: SignInSettings,
    *,
    headers: Headers,
    return_to: str,
    former_session: Secret | None,
    entropy: Entropy,
) -> CheckingHeaders:
    """Begin to sign in whom a proxy names in `headers`; that a named proxy sent them has been checked.

    Refuses with SWITCHED_OFF where no proxy is named.
    """
    if not settings.header_proxies:
        refuse(Reason.SWITCHED_OFF, "sign-in by headers is off")
    return CheckingHeaders(_arrival(settings, HEADERS, return_to, former_session, entropy), headers)


def _arrival(
    settings: SignInSettings, way: str, return_to: str, former_session: Secret | None, entropy: Entropy
) -> Arrival:
    if settings.ui_disabled:
        refuse(Reason.UI_DISABLED, "nobody is signed in here")
    former = session_key(former_session) if former_session is not None else None
    return Arrival(settings, way, RULES, return_to, entropy, former, from_host=True)


@attrs.frozen
class CountingTries(Finishing):
    """Waits for one count after the other: what is refused to an address is no try of the name."""

    quotas: tuple[Quota, ...]
    checking: CheckingPassword

    def asks(self) -> tuple[Effect, ...]:
        """Count the try."""
        return (self.quotas[0].count,)

    def receive(self, answer: Counted | StoreUnreachable, *, now: float) -> CountingTries | CheckingPassword:
        """Let the host see the password once all quotas have room for it."""
        del now
        check_quota(self.quotas[0], answer)
        others = self.quotas[1:]
        return attrs.evolve(self, quotas=others) if others else self.checking


@attrs.frozen
class CheckingPassword(Finishing):
    """Waits for the host's word on a name and a password."""

    arrival: Arrival
    username: str
    password: Secret

    def asks(self) -> tuple[Effect, ...]:
        """Ask the host, who alone knows passwords."""
        return (AskHost(CheckPassword(self.username, self.password)),)

    def receive(self, answer: HostAnswered | HostFailed, *, now: float) -> ReadingAccount | EndingFormerSession:
        """Go on with the person; the name and the password are wrong together, whichever of them is."""
        del now
        return _enter(self.arrival, answer, Reason.WRONG_PASSWORD)


@attrs.frozen
class CheckingHeaders(Finishing):
    """Waits for the host to say whom the headers of its proxy name."""

    arrival: Arrival
    headers: Headers = attrs.field(repr=False)

    def asks(self) -> tuple[Effect, ...]:
        """Ask the host, who knows its proxy."""
        return (AskHost(CheckHeaders(self.headers)),)

    def receive(self, answer: HostAnswered | HostFailed, *, now: float) -> ReadingAccount | EndingFormerSession:
        """Go on with the person."""
        del now
        return _enter(self.arrival, answer, Reason.HOST_DECLINED)


def _enter(
    arrival: Arrival, answer: HostAnswered | HostFailed, declined: Reason
) -> ReadingAccount | EndingFormerSession:
    try:
        person = vouched_person(answer, declined, arrival.settings.providers)
    except Refusal as refusal:
        return turn_away(arrival, refusal)
    # A host that knows no teams names none: that is no list of them, and nobody leaves one for it.
    rules = attrs.evolve(RULES, team_claims=("teams",)) if person.team_ids else RULES
    return enter(attrs.evolve(arrival, rules=rules), gathered_of(person))


def gathered_of(person: Person) -> Gathered:
    """Return what the host says of a person as claims.

    For what a `Person` has a field for, the field alone counts: a claim of the same name is left out.
    """
    said: dict[str, object] = {
        "name": person.display_name or None,
        "preferred_username": person.handle,
        "email": person.email,
        "email_verified": person.email_verified,
        "role": person.role,
        "teams": list(person.team_ids) or None,
    }
    others = {name: value for name, value in person.claims if name not in said}
    members = others | {name: value for name, value in said.items() if value is not None}
    sources = dict.fromkeys(members, Source.HOST)
    return Gathered(person.issuer, person.subject, SourcedClaims(ClaimSet(members), sources))
