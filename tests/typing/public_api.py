"""What the type checkers make of the public API. Never run: `tox -e types` reads it with mypy --strict and pyright.

Each function is a use that somebody has, and says which type it gets. A wider union, an `Any` or a lost `Failed` is an
error here before it is one at whoever embeds the core. Names come from the modules where they are defined.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never, assert_type

from sso_adapters.asgi import AsgiSignIn
from sso_adapters.drive.blocking import run
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.drive.on_trio import run_trio
from sso_adapters.http.library import AsyncLibrary, Library
from sso_adapters.http.shelf import Answer
from sso_adapters.service import build_service
from sso_adapters.world import AsyncWorld, BlockingWorld
from sso_core.effects import Effect, ReadMetadata
from sso_core.events import Event
from sso_core.facts import Warm
from sso_core.failures import Failure, Family, Reason
from sso_core.flows.approve_cli import TakingApprovedLogin
from sso_core.flows.backchannel_logout import (
    ReadingLogoutKeys,
    ReadingLogoutMetadata,
    RefreshingLogoutKeys,
    backchannel_logout,
)
from sso_core.flows.begin_login import CheckingBackends, KeepingLogin, ResolvingProvider, SentToProvider, begin_login
from sso_core.flows.end_sessions import RememberingLogout
from sso_core.flows.enter import AskingHost, ReadingAccount, WritingAccount
from sso_core.flows.exchange_code import (
    Described,
    Exchanging,
    ExchangingCode,
    ExchangingCodeAndReadingKeys,
    ExchangingPlainCode,
    PuttingLoginBack,
    RefreshingKeys,
    ReleasingLogin,
)
from sso_core.flows.finish_login import Repeated, TakingLogin, TakingSealedLogin, finish_login
from sso_core.flows.gather_claims import (
    GatheringClaims,
    GatheringClaimsAndGroups,
    GatheringPlainClaims,
    RefreshingUserinfoKeys,
)
from sso_core.flows.gather_groups import ReadingGroups
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.keep_session import KeepingSession, SignedIn
from sso_core.flows.provider_logout import EndingBeforeProvider, FindingProvider, SignOut, sign_out_at_provider
from sso_core.flows.read_documents import (
    KeysKnown,
    MetadataKnown,
    ReadingAuthorizationServerMetadata,
    ReadingKeySet,
    ReadingOpenIdConfiguration,
    read_keys,
    read_metadata,
)
from sso_core.flows.sessions import (
    CheckingAccount,
    CheckingRevocation,
    NoSession,
    ReadingSession,
    SessionFound,
    read_session,
)
from sso_core.flows.sign_out import EndingSession, RevokingSessions, SignedOut, sign_out
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.machine import Failed, Resting, Working, advance, advance_any, door
from sso_core.oauth.authorization import AuthorizationResponse, CodeGranted, NotGranted, parse_authorization_response
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Provider
from sso_core.secret import Entropy, Secret
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.sessions.session import Session
from sso_core.settings.environment import service_from_environment, settings_from_environment
from sso_core.settings.service import ServiceSettings
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.messages import Request, Response
from sso_core.web.routing import Visit, WarmFacts
from sso_core.web.site import Site

# One step: `advance` gives each state the exact union of its next ones


def beginning(resolving: ResolvingProvider, keeping: KeepingLogin, events: list[Event]) -> None:
    assert_type(advance(resolving, events, now=0), KeepingLogin | SentToProvider | Failed)
    assert_type(advance(keeping, events, now=0), SentToProvider | Failed)


def taking(taking: TakingLogin, sealed: TakingSealedLogin, events: list[Event]) -> None:
    after = advance(taking, events, now=0)
    assert_type(after, Repeated | Exchanging | EndingFormerSession | Failed)
    also = advance(sealed, events, now=0)
    assert_type(also, Repeated | Exchanging | EndingFormerSession | Failed)


def exchanging(
    warm: ExchangingCode,
    cold: ExchangingCodeAndReadingKeys,
    plain: ExchangingPlainCode,
    refreshing: RefreshingKeys,
    events: list[Event],
) -> None:
    after = advance(warm, events, now=0)
    assert_type(after, PuttingLoginBack | ReleasingLogin | RefreshingKeys | Described | Failed)
    also = advance(cold, events, now=0)
    assert_type(also, PuttingLoginBack | ReleasingLogin | RefreshingKeys | Described | Failed)
    asked = advance(plain, events, now=0)
    assert_type(asked, PuttingLoginBack | ReleasingLogin | GatheringPlainClaims | EndingFormerSession | Failed)
    assert_type(advance(refreshing, events, now=0), Described | Failed)


def giving_back(putting: PuttingLoginBack, releasing: ReleasingLogin, events: list[Event]) -> None:
    assert_type(advance(putting, events, now=0), Failed)
    assert_type(advance(releasing, events, now=0), Failed)


def gathering(
    gathering: GatheringClaims,
    both: GatheringClaimsAndGroups,
    groups: ReadingGroups,
    keys: RefreshingUserinfoKeys,
    plain: GatheringPlainClaims,
    events: list[Event],
) -> None:
    alone = advance(gathering, events, now=0)
    assert_type(alone, RefreshingUserinfoKeys | ReadingAccount | EndingFormerSession | Failed)
    after = advance(both, events, now=0)
    assert_type(after, RefreshingUserinfoKeys | ReadingGroups | ReadingAccount | EndingFormerSession | Failed)
    assert_type(advance(groups, events, now=0), ReadingGroups | ReadingAccount | Failed)
    assert_type(advance(keys, events, now=0), ReadingGroups | ReadingAccount | EndingFormerSession | Failed)
    assert_type(advance(plain, events, now=0), ReadingAccount | EndingFormerSession | Failed)


def entering(
    reading: ReadingAccount, asking: AskingHost, writing: WritingAccount, keeping: KeepingSession, events: list[Event]
) -> None:
    after = advance(reading, events, now=0)
    if isinstance(after, Failed | Inspected | EndingFormerSession | ReadingAccount | AskingHost):
        return
    assert_type(after, WritingAccount | KeepingSession | TakingApprovedLogin)
    asked = advance(asking, events, now=0)
    if isinstance(asked, Failed | EndingFormerSession | ReadingAccount):
        return
    assert_type(asked, WritingAccount)
    assert_type(advance(writing, events, now=0), ReadingAccount | KeepingSession | TakingApprovedLogin | Failed)
    assert_type(advance(keeping, events, now=0), SignedIn | Failed)


def reading_documents(
    openid: ReadingOpenIdConfiguration,
    oauth: ReadingAuthorizationServerMetadata,
    keys: ReadingKeySet,
    events: list[Event],
) -> None:
    assert_type(advance(openid, events, now=0), MetadataKnown | ReadingAuthorizationServerMetadata | Failed)
    assert_type(advance(oauth, events, now=0), MetadataKnown | Failed)
    assert_type(advance(keys, events, now=0), KeysKnown | Failed)


def after_sign_in(
    reading: ReadingSession, checking: CheckingRevocation, ending: EndingSession, events: list[Event]
) -> None:
    assert_type(advance(reading, events, now=0), CheckingRevocation | NoSession | Failed)
    assert_type(advance(checking, events, now=0), CheckingAccount | SessionFound | NoSession | Failed)
    assert_type(advance(ending, events, now=0), SignedOut | Failed)


def any_state(state: Working, events: list[Event]) -> None:
    assert_type(state.awaits, tuple[Effect, ...])
    assert_type(advance_any(state, events, now=0), Working | Resting)


# The doors


def doors(
    settings: SignInSettings,
    provider: Provider,
    entropy: Entropy,
    warm: Warm,
    response: AuthorizationResponse,
    cookie: LoginCookie | None,
    session_id: Secret | None,
) -> None:
    begun = begin_login(settings, provider, return_to="/", entropy=entropy, now=0, warm=warm)
    assert_type(begun, CheckingBackends | ResolvingProvider | KeepingLogin | SentToProvider | Failed)
    finishing = finish_login(
        settings, provider, response=response, cookie=cookie, former_session=session_id, entropy=entropy, warm=warm
    )
    assert_type(finishing, TakingLogin | TakingSealedLogin | Repeated | Failed)
    assert_type(read_metadata("https://idp.example"), ReadingOpenIdConfiguration | Failed)
    assert_type(read_keys("https://idp.example/keys"), ReadingKeySet | Failed)
    assert_type(read_session(session_id, check_interval=300), ReadingSession | NoSession)
    assert_type(sign_out(session_id), EndingSession | SignedOut)


def signed_out_by_the_provider(settings: SignInSettings, provider: OpenIdProvider, warm: Warm, token: Secret) -> None:
    asked = backchannel_logout(settings, provider, token=token, warm=warm, now=0)
    assert_type(asked, ReadingLogoutMetadata | ReadingLogoutKeys | RefreshingLogoutKeys | RememberingLogout | Failed)


def signing_out_there(wish: SignOut, session_id: Secret, events: list[Event]) -> None:
    gone = sign_out_at_provider(wish, session_id)
    assert_type(gone, FindingProvider | SignedOut)
    if isinstance(gone, FindingProvider):
        after = advance(gone, events, now=0)
        assert_type(after, EndingSession | RevokingSessions | EndingBeforeProvider | Failed)


@door
def a_door_of_ones_own(issuer: str, *, tries: int = 1) -> ReadingOpenIdConfiguration | NoSession:
    return NoSession() if tries == 0 else ReadingOpenIdConfiguration(issuer)


def a_door_keeps_its_arguments_and_adds_the_refusal() -> None:
    opened = a_door_of_ones_own("https://idp.example", tries=2)
    assert_type(opened, ReadingOpenIdConfiguration | NoSession | Failed)
    a_door_of_ones_own(b"no text")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] -- that is the test


def an_ending_is_matched_without_a_default(state: TakingLogin | Repeated | Failed) -> str:
    match state:
        case TakingLogin(attempt):
            return attempt.key
        case Repeated(return_to):
            return return_to
        case Failed(failure):
            assert_type(failure, Failure)
            assert_type(failure.reason, Reason)
            assert_type(failure.reason.family, Family)
            assert_type(failure.reason.status, int)
            return failure.reason.sentence
        case _:
            assert_never(state)


# Drivers


def in_a_thread(state: Working | Resting, world: BlockingWorld) -> None:
    assert_type(run(state, world), Resting)
    trail: list[Working | Resting] = []
    assert_type(run(state, world, watch=trail.append), Resting)


async def in_a_task(state: Working | Resting, world: AsyncWorld) -> None:
    assert_type(await run_asyncio(state, world), Resting)
    assert_type(await run_trio(state, world), Resting)


async def libraries(library: Library, awaited: AsyncLibrary) -> None:
    assert_type(library.read(ReadMetadata("https://idp.example")), Answer)
    assert_type(await awaited.read(ReadMetadata("https://idp.example")), Answer)
    assert_type(library.warm("https://idp.example"), Warm)
    assert_type(awaited.warm("https://idp.example"), Warm)


# The routes, the settings, the whole service


def a_request(site: Site, request: Request, entropy: Entropy, world: BlockingWorld, warm: WarmFacts) -> None:
    visit = site.visit(request, entropy=entropy, now=0, warm=warm)
    assert_type(visit, Visit)
    assert_type(visit.state, Working | Resting)
    response = visit.respond(run(visit.state, world), trail=("TakingLogin",))
    assert_type(response, Response)
    assert_type(response.failure, Failure | None)
    assert_type(response.afterwards, tuple[Effect, ...])


def an_answer_of_the_provider(parameters: Mapping[str, str]) -> None:
    assert_type(parse_authorization_response(parameters), CodeGranted | NotGranted)


async def a_service(environ: Mapping[str, str], scope: dict[str, object]) -> None:
    settings = settings_from_environment(environ, default_base_url="http://127.0.0.1:8000")
    assert_type(settings, SignInSettings)
    assert_type(settings.providers, tuple[OpenIdProvider | OAuthProvider, ...])
    whole = service_from_environment(environ, default_base_url="http://127.0.0.1:8000")
    assert_type(whole, ServiceSettings)
    service = build_service(whole)
    assert_type(service, AsgiSignIn)
    assert_type(await service.session(scope), Session | None)
