"""The story of an administrator who wants to know what a provider says, and what would come of it.

begin_debug_login  -> [CheckingInspector] -> the story of `begin_login`
finish_debug_login -> TakingInspection -> Inspecting -> Inspection | InspectionRefused
                             |
                             v
                         Repeated

- Who may look is settled before the login begins, by the session of the browser that begins it; the login is bound to
  that browser, and anybody may then sign in at the provider.
- The steps are those of any login, seen from outside. Nothing is written, and nobody is signed in.
- What a refusal is about is told only of a login that was begun to look at.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.audit import AuditEvent
from sso_core.effects import Effect
from sso_core.events import Event
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.flows.attempt import Finishing
from sso_core.flows.begin_login import (
    CheckingBackends,
    KeepingLogin,
    ResolvingProvider,
    SentToProvider,
    Start,
    send_to_provider,
)
from sso_core.flows.finish_login import Repeated, TakingLogin, TakingSealedLogin, finish_login
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.sessions import (
    CheckingAccount,
    CheckingRevocation,
    DroppingSession,
    NoSession,
    Reading,
    RenewingSession,
    SessionFound,
    read_session,
)
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.machine import Failed, Resting, Working, advance, advance_any, door
from sso_core.oauth.authorization import AuthorizationResponse
from sso_core.providers.kinds import Provider
from sso_core.secret import Entropy, Secret
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.sessions.pending_login import LoginPurpose
from sso_core.settings.sign_in import SignInSettings


@attrs.frozen
class Passed:
    """One state that a login went through: what it asked, and what kind of answer came. Names only."""

    state: str
    asked: tuple[str, ...]
    answered: tuple[str, ...]


@attrs.frozen
class Inspection(Resting):
    """What the provider said, what would be decided, and how the login went."""

    inspected: Inspected
    timeline: tuple[Passed, ...]

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """Somebody looked."""
        return self.inspected.deeds


@attrs.frozen
class InspectionRefused(Resting):
    """Why the login would have ended before anything could be decided, and how far it went."""

    failure: Failure
    timeline: tuple[Passed, ...]


# To the provider


@door
def begin_debug_login(
    settings: SignInSettings,
    provider: Provider,
    *,
    session_id: Secret | None,
    entropy: Entropy,
    now: float,
    warm: Warm,
) -> CheckingInspector | CheckingBackends | ResolvingProvider | KeepingLogin | SentToProvider:
    """Begin to look at a login; `session_id` is what the browser presents.

    Refuses with SWITCHED_OFF or NOT_SIGNED_IN.
    """
    if not settings.debug_page:
        refuse(Reason.SWITCHED_OFF, "the debug page is off")
    start = Start(settings, provider, settings.landing, entropy, warm.keys is not None, LoginPurpose.DEBUG)
    if settings.debug_for_anybody_unsafe:
        return send_to_provider(start, warm, now)
    reading = read_session(session_id, check_interval=settings.account_check_interval)
    if isinstance(reading, NoSession):
        refuse(Reason.NOT_SIGNED_IN, "the debug page is for administrators who are signed in")
    return CheckingInspector(reading, start, warm)


@attrs.frozen
class CheckingInspector(Working):
    """Waits to know whether it is an administrator who asks."""

    reading: Reading
    start: Start
    warm: Warm

    def asks(self) -> tuple[Effect, ...]:
        """Ask what the reading of a session asks."""
        return self.reading.awaits

    def receive(
        self, answer: Event, *, now: float
    ) -> CheckingInspector | CheckingBackends | ResolvingProvider | KeepingLogin | SentToProvider:
        """Send an administrator to the provider."""
        match advance(self.reading, (answer,), now=now):
            case Failed(failure):
                raise Refusal(failure)
            case NoSession():
                refuse(Reason.NOT_SIGNED_IN, "the session is over")
            case CheckingRevocation() | CheckingAccount() | RenewingSession() | DroppingSession() as reading:
                return CheckingInspector(reading, self.start, self.warm)
            case SessionFound(session):
                if not self.start.settings.policy.ladder.is_admin(session.role):
                    refuse(Reason.NOT_ADMIN, "the debug page is for administrators")
                return send_to_provider(self.start, self.warm, now)
            case other:
                assert_never(other)


# And back


@door
def finish_debug_login(
    settings: SignInSettings,
    provider: Provider,
    *,
    response: AuthorizationResponse,
    cookie: LoginCookie | None,
    entropy: Entropy,
    warm: Warm,
) -> TakingInspection | Repeated:
    """Begin to finish a login at the debug callback of `provider`. The browser's session is left as it is."""
    taking = finish_login(
        settings, provider, response=response, cookie=cookie, former_session=None, entropy=entropy, warm=warm
    )
    match taking:
        case Failed(failure):
            raise Refusal(failure)
        case Repeated():
            return taking
        case TakingLogin() | TakingSealedLogin():
            return TakingInspection(taking)
        case _:
            assert_never(taking)


@attrs.frozen
class TakingInspection(Finishing):
    """Waits for the pending login, which says what it was begun for."""

    taking: TakingLogin | TakingSealedLogin

    def asks(self) -> tuple[Effect, ...]:
        """As for any login."""
        return self.taking.awaits

    def receive(self, answer: Event, *, now: float) -> Inspecting | Repeated:
        """Look on, if that is what the login is for."""
        after = advance(self.taking, (answer,), now=now)
        if isinstance(after, Failed | EndingFormerSession):  # it knows of no former session, so there is none to end
            raise Refusal(after.failure)
        if isinstance(after, Repeated):
            return after
        if after.login.purpose is not LoginPurpose.DEBUG:
            refuse(Reason.NO_PENDING_LOGIN, "the login was not begun on the debug page")
        return Inspecting(after, (_passed(self.taking, (answer,)),))


@attrs.frozen
class Inspecting(Finishing):
    """Waits for what a state of the login waits for."""

    looked_at: Working
    timeline: tuple[Passed, ...]

    def asks(self) -> tuple[Effect, ...]:
        """Ask the same."""
        return self.looked_at.awaits

    def receive(self, *answers: Event, now: float) -> Inspecting | Inspection | InspectionRefused:
        """Note what happened, and look on."""
        after = advance_any(self.looked_at, answers, now=now)
        timeline = (*self.timeline, _passed(self.looked_at, answers))
        if isinstance(after, Working):
            return Inspecting(after, timeline)
        if isinstance(after, Failed):
            return InspectionRefused(after.failure, timeline)
        assert isinstance(after, Inspected), "a login that is looked at signs nobody in"
        return Inspection(after, timeline)


def _passed(state: Working, answers: tuple[Event, ...]) -> Passed:
    return Passed(
        type(state).__name__,
        tuple(type(effect).__name__ for effect in state.awaits),
        tuple(type(answer).__name__ for answer in answers),
    )
