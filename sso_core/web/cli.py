"""The routes of a command line that signs in, and of the person who lets it.

POST /sso/cli/start          the command line begins (JSON)
GET  /sso/cli/confirm        the person sees who asks (`login`)
POST /sso/cli/confirm        the person types the code, and goes to the provider
GET  /sso/cli/poll/{id}      the command line asks for its token (`team_id`), its poll secret as bearer
POST /sso/cli/poll/{id}      the same with a form: `team_id`, and `code` and `code_verifier` on the loopback
"""

from __future__ import annotations

import re

from sso_core.failures import Failure, Reason, refuse
from sso_core.flows.confirm_cli import confirm_cli_login, needs_code
from sso_core.flows.poll_cli import CliPending, CliSignedIn, CliTeamsToChoose, Poll, poll_cli
from sso_core.flows.start_cli import CliLoginShown, CliLoginStarted, show_cli_login, start_cli_login
from sso_core.machine import Resting
from sso_core.secret import Secret
from sso_core.sessions.session import Session
from sso_core.sessions.tokens import cli_token
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import STYLE, json_answer, onward, page, refusal
from sso_core.web.logins import chosen_provider, send_to_provider_response
from sso_core.web.messages import Response
from sso_core.web.pages import ConfirmCliPage, SignInChoice
from sso_core.web.people import check_same_origin
from sso_core.web.proxies import certain_address, client_address
from sso_core.web.routing import (
    Door,
    Opened,
    Route,
    Routes,
    Visit,
    form_of,
    json_of,
    query_of,
    refuse_with_json,
    refuse_with_page,
)
from sso_core.wire import encode_form

CLI_START = "/sso/cli/start"
CLI_CONFIRM = "/sso/cli/confirm"
CLI_POLL = "/sso/cli/poll/"

START_MEMBERS = frozenset({"client", "redirect_uri", "code_challenge"})
LOGIN_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


# The command line begins


def _open_start(door: Door) -> Opened:
    """Read what the command line says of itself; an id or a key of its own choice is refused, not ignored."""
    request = door.request
    said = json_of(request)
    if not START_MEMBERS.issuperset(said) or not all(isinstance(value, str) for value in said.values()):
        refuse(Reason.MALFORMED_CALLBACK, "the start says more than it may")
    return start_cli_login(
        door.site.settings,
        client=said.get("client", ""),
        address=client_address(request, door.site.settings.address_networks),
        entropy=door.entropy,
        now=door.now,
        redirect_uri=said.get("redirect_uri"),
        code_challenge=said.get("code_challenge", ""),
    )


def _tell_start(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, CliLoginStarted)
    address = visit.site.settings.origin.url(f"{CLI_CONFIRM}?login={ending.login_id}")
    return json_answer(
        200,
        {
            "login_id": ending.login_id,
            "poll_secret": ending.poll_secret.reveal(),
            "user_code": ending.user_code,
            "verification_uri": address,
            "expires_in": ending.lifetime,
            "interval": ending.interval,
        },
    )


# The person confirms


def _login_id(text: str) -> str:
    if not LOGIN_ID.fullmatch(text):
        refuse(Reason.NO_CLI_LOGIN, "that is no id of a command-line login")
    return text


def _open_confirm_page(door: Door) -> Opened:
    return show_cli_login(door.site.settings, _login_id(query_of(door.request).get("login", "")))


def _show_confirm(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, CliLoginShown)
    settings, login = visit.site.settings, ending.login
    providers = settings.providers if len(settings.providers) > 1 else ()
    return page(
        ConfirmCliPage(
            client=login.client,
            address=login.address,
            minutes=round((visit.now - login.started_at) / 60),
            needs_code=needs_code(login, certain_address(visit.request, settings.address_networks)),
            login_id=ending.login_id,
            providers=tuple(SignInChoice(each.label or each.provider_id, each.provider_id) for each in providers),
            action_path=_confirm_path(settings, ending.login_id),
            style_path=settings.origin.path(STYLE),
        )
    )


def _open_confirm(door: Door) -> Opened:
    settings = door.site.settings
    check_same_origin(door.request, settings)
    form = form_of(door.request)
    provider = chosen_provider(settings, form.get("provider"))
    return confirm_cli_login(
        settings,
        provider,
        login_id=_login_id(form.get("login", "")),
        code=form.get("code", ""),
        address=client_address(door.request, settings.address_networks),
        peer=certain_address(door.request, settings.address_networks),
        entropy=door.entropy,
        warm=door.warm(provider),
    )


def _leave_for_provider(visit: Visit, ending: Resting, trail: tuple[str, ...]) -> Response:
    return onward(visit.site.settings, send_to_provider_response(visit, ending, trail))


def _refuse_confirm(visit: Visit, failure: Failure) -> Response:
    """Refuse; whoever mistyped the code, or came at the same moment as somebody else, may try again."""
    settings = visit.site.settings
    if failure.reason not in (Reason.WRONG_USER_CODE, Reason.TOO_MANY_REQUESTS):
        return refusal(settings, failure, visit.reference)
    again = _confirm_path(settings, query_of(visit.request).get("login", ""))
    return refusal(settings, failure, visit.reference, again=again)


def _confirm_path(settings: SignInSettings, login_id: str) -> str:
    return f"{settings.origin.path(CLI_CONFIRM)}?{encode_form([('login', login_id)])}"


# The command line asks


def _open_poll(door: Door) -> Opened:
    request = door.request
    login_id = _login_id(request.path.removeprefix(CLI_POLL))
    form = form_of(request) if request.method == "POST" else {}
    team_id = (form or query_of(request)).get("team_id")
    scheme, _, secret = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        refuse(Reason.WRONG_POLL_SECRET, "the command line has to present its poll secret as a bearer token")
    return poll_cli(
        Poll(
            door.site.settings,
            login_id,
            Secret(secret),
            team_id,
            door.entropy,
            code=Secret(form.get("code", "")),
            code_verifier=Secret(form.get("code_verifier", "")),
        )
    )


def _tell_poll(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    match ending:
        case CliPending(interval):
            return json_answer(200, {"status": "pending", "interval": interval})
        case CliTeamsToChoose(session, aliases):
            return json_answer(200, _person(session, aliases) | {"requires_team_selection": True})
        case _:
            assert isinstance(ending, CliSignedIn)
            token = cli_token(visit.site.settings.session_keys, ending.session_id)
            told = {"key": token.reveal(), "team_id": ending.session.team_id}
            return json_answer(200, _person(ending.session, ending.aliases) | told | _lifetime(ending.session))


def _person(session: Session, aliases: tuple[tuple[str, str], ...]) -> dict[str, object]:
    named = dict(aliases)
    return {
        "status": "ready",
        "user_id": session.handle or session.account_id,
        "teams": list(session.team_ids),
        "team_details": [{"team_id": team, "team_alias": named.get(team)} for team in session.team_ids],
    }


def _lifetime(session: Session) -> dict[str, object]:
    return {"expires_at": session.expires_at}


CLI_ROUTES: Routes = {
    ("POST", CLI_START): Route(_open_start, _tell_start, refuse_with_json),
    ("GET", CLI_CONFIRM): Route(_open_confirm_page, _show_confirm, refuse_with_page),
    ("POST", CLI_CONFIRM): Route(_open_confirm, _leave_for_provider, _refuse_confirm, begins_login=True),
    ("GET", CLI_POLL + "*"): Route(_open_poll, _tell_poll, refuse_with_json),
    ("POST", CLI_POLL + "*"): Route(_open_poll, _tell_poll, refuse_with_json),
}
"""A path that ends with a star stands for all that has one more segment in its place."""
