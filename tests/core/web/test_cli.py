from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from scenes import COOKIE, ENTROPY, METADATA, NOW, OPENID, SIGNER, STATE, settings
from starts import CLI_CODE, CLI_ID, CLI_LOGIN, SESSION

from sso_core.effects import Count, Effect, Keep, Peek, Take
from sso_core.events import Counted, Event, Found, Kept, Missing, Taken
from sso_core.facts import Warm
from sso_core.failures import Reason
from sso_core.flows.approve_cli import CliApproved
from sso_core.flows.start_cli import CountingStart
from sso_core.machine import Working, advance_any
from sso_core.oauth.pkce import code_challenge
from sso_core.providers.kinds import Provider
from sso_core.secret import Entropy, Secret
from sso_core.sessions.cli_entry import CliLogin, Loopback, cli_hash, encode_cli_login
from sso_core.sessions.limits import cli_start_quota
from sso_core.sessions.session import Session
from sso_core.web.messages import Request, Response
from sso_core.web.pages import CliApprovedPage, ConfirmCliPage, LeavingPage, RefusedPage, SignInChoice
from sso_core.web.site import Site

JSON = (("content-type", "application/json"),)
FORM = (("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin"))
BEARER = (("authorization", f"Bearer {ENTROPY.poll_secret.reveal()}"),)
OTHER = attrs.evolve(OPENID, provider_id="other", label="Other")


def warm(_provider: Provider) -> Warm:
    return Warm(METADATA, SIGNER.keys)


def send(
    request: Request, *, entry: CliLogin | None = CLI_LOGIN, site: Site | None = None, number: int = 1
) -> Response:
    """Play a request against a store that holds one entry, as the so-manieth that it counts."""
    site = site or Site(settings())
    visit = site.visit(request, entropy=ENTROPY, now=NOW + 130, warm=warm)
    state = visit.state
    while isinstance(state, Working):
        state = advance_any(state, [answered(effect, entry, number) for effect in state.awaits], now=NOW + 130)
    return visit.respond(state)


def answered(effect: Effect, entry: CliLogin | None, number: int) -> Event:
    match effect:
        case Keep():
            return Kept()
        case Count():
            return Counted(number, 60)
        case Peek() if entry is not None:
            return Found(encode_cli_login(entry))
        case Take() if entry is not None:
            return Taken(encode_cli_login(entry))
        case _:
            return Missing()


def told(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, bytes)
    document: dict[str, Any] = json.loads(response.body)
    return document


def start(body: object, headers: tuple[tuple[str, str], ...] = JSON) -> Response:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(Request("POST", "/sso/cli/start", headers=headers, body=encoded, peer="192.0.2.7"))


def test_a_command_line_is_told_where_its_person_goes_and_what_to_ask_with() -> None:
    document = told(start({"client": "cli on box"}))
    assert document == {
        "login_id": ENTROPY.cli_login_id,
        "poll_secret": ENTROPY.poll_secret.reveal(),
        "user_code": document["user_code"],
        "verification_uri": f"https://app.example/sso/cli/confirm?login={ENTROPY.cli_login_id}",
        "expires_in": 600,
        "interval": 2.0,
    }
    assert document["user_code"] not in document["verification_uri"]


def test_one_on_the_loopback_is_told_the_same() -> None:
    said = {"redirect_uri": "http://127.0.0.1:5/callback", "code_challenge": "c" * 43}
    assert told(start(said)).keys() == told(start({})).keys()


def test_too_many_starts_from_one_address_are_told_when_to_come_again() -> None:
    request = Request("POST", "/sso/cli/start", headers=JSON, body=b"{}", peer="192.0.2.7")
    assert send(request, number=60).status == 200
    response = send(request, number=61)
    assert (response.status, response.header("retry-after")) == (429, "60")
    assert told(response)["error"] == Reason.TOO_MANY_REQUESTS.code


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"client": "cli"}, (("content-type", "text/plain"),)),
        (b"{", JSON),
        ([], JSON),
        ({"client": 5}, JSON),
        ({"key": "sk-mine"}, JSON),
        ({"login_id": "mine"}, JSON),
        ({"redirect_uri": "http://evil.example/callback", "code_challenge": "c" * 43}, JSON),
    ],
)
def test_a_start_that_says_more_than_it_may_is_refused(body: object, headers: tuple[tuple[str, str], ...]) -> None:
    response = start(body, headers)
    assert response.status == 400
    assert told(response)["error"] == Reason.MALFORMED_CALLBACK.code


def test_a_person_sees_who_asks_and_is_asked_for_the_code() -> None:
    entry = attrs.evolve(CLI_LOGIN, client="cli on box", address="192.0.2.7")
    response = send(Request("GET", "/sso/cli/confirm", f"login={CLI_ID}"), entry=entry)
    assert response.body == ConfirmCliPage(
        "cli on box", "192.0.2.7", 2, True, CLI_ID, (), f"/sso/cli/confirm?login={CLI_ID}", "/sso/style.css"
    )
    assert ("x-frame-options", "DENY") in response.headers


def test_where_there_are_several_providers_the_person_chooses() -> None:
    site = Site(settings(providers=(OPENID, OTHER)))
    entry = attrs.evolve(CLI_LOGIN, loopback=Loopback("http://127.0.0.1/callback", "c"))
    request = Request("GET", "/sso/cli/confirm", f"login={CLI_ID}", peer="192.0.2.7")
    page = send(request, entry=attrs.evolve(entry, address="192.0.2.7"), site=site).body
    assert isinstance(page, ConfirmCliPage)
    assert page.providers == (SignInChoice("generic", "generic"), SignInChoice("Other", "other"))
    assert not page.needs_code


@pytest.mark.parametrize(
    ("peer", "headers", "needed"),
    [
        ("192.0.2.7", (), False),
        ("198.51.100.9", (), True),
        ("192.0.2.7", (("x-forwarded-for", "192.0.2.7"),), True),
        ("10.0.0.1", (), True),
        ("10.0.0.1", (("x-forwarded-for", "192.0.2.7"),), False),
        ("10.0.0.1", (("x-forwarded-for", "192.0.2.7, 198.51.100.9"),), True),
        ("10.0.0.1", (("x-forwarded-for", "10.0.0.1"),), True),
    ],
)
def test_only_who_certainly_sits_at_the_terminal_needs_no_code(
    peer: str, headers: tuple[tuple[str, str], ...], needed: bool
) -> None:
    site = Site(settings(address_proxies=("10.0.0.0/8",)))
    address = "10.0.0.1" if peer == "10.0.0.1" and not headers else "192.0.2.7"
    entry = attrs.evolve(CLI_LOGIN, address=address, loopback=Loopback("http://127.0.0.1/callback", "c"))
    request = Request("GET", "/sso/cli/confirm", f"login={CLI_ID}", headers, peer=peer)
    page = send(request, entry=entry, site=site).body
    assert isinstance(page, ConfirmCliPage)
    assert page.needs_code is needed
    form = Request("POST", "/sso/cli/confirm", "", (*FORM, *headers), f"login={CLI_ID}".encode(), peer)
    assert isinstance(send(form, entry=entry, site=site).body, RefusedPage if needed else LeavingPage)


def test_behind_a_named_proxy_the_person_sees_the_terminals_own_address() -> None:
    site = Site(settings(address_proxies=("10.0.0.0/8",)))
    headers = (*JSON, ("x-forwarded-for", "203.0.113.1, 192.0.2.7"))
    state = site.visit(
        Request("POST", "/sso/cli/start", headers=headers, body=b"{}", peer="10.0.0.1"),
        entropy=ENTROPY,
        now=NOW,
        warm=warm,
    ).state
    assert isinstance(state, CountingStart)
    assert state.keeping.login.address == "192.0.2.7"
    assert state.quota == cli_start_quota(site.settings.limits, "192.0.2.7")


@pytest.mark.parametrize("login", ["", "x", CLI_ID + "x", "../" * 20])
def test_a_login_that_is_none_is_not_looked_up(login: str) -> None:
    response = send(Request("GET", "/sso/cli/confirm", f"login={login}"))
    assert response.failure is not None
    assert response.failure.reason is Reason.NO_CLI_LOGIN


def confirm(code: str, headers: tuple[tuple[str, str], ...] = FORM, more: str = "") -> Response:
    body = f"login={CLI_ID}&code={code}{more}".encode()
    return send(Request("POST", "/sso/cli/confirm", f"login={CLI_ID}", headers, body))


def test_with_the_right_code_the_person_goes_to_the_provider() -> None:
    response = confirm(CLI_CODE)
    assert response.status == 200
    assert isinstance(response.body, LeavingPage)
    assert response.body.location.startswith(METADATA.authorization_endpoint)
    assert response.header("refresh") == f"0;url={response.body.location}"
    assert response.header("location") == ""
    assert any(name == "set-cookie" for name, _ in response.headers)


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        ("BBBB-BBBB", {}, Reason.WRONG_USER_CODE),
        (CLI_CODE, {"headers": (FORM[0], ("sec-fetch-site", "cross-site"))}, Reason.CROSS_SITE_REQUEST),
        (CLI_CODE, {"more": "&provider=none"}, Reason.UNKNOWN_PROVIDER),
        (CLI_CODE, {"more": "&code=x"}, Reason.MALFORMED_CALLBACK),
    ],
)
def test_anything_else_leads_nowhere(code: str, said: dict[str, Any], expected: Reason) -> None:
    response = confirm(code, **said)
    assert response.failure is not None
    assert response.failure.reason is expected
    assert "location" not in dict(response.headers)


def test_who_mistyped_the_code_may_try_again() -> None:
    page = confirm("BBBB-BBBB").body
    assert isinstance(page, RefusedPage)
    assert page.again_path == f"/sso/cli/confirm?login={CLI_ID}"


def test_who_typed_too_many_codes_may_try_again_later() -> None:
    request = Request("POST", "/sso/cli/confirm", f"login={CLI_ID}", FORM, f"login={CLI_ID}&code={CLI_CODE}".encode())
    response = send(request, number=61)
    assert response.failure is not None
    assert response.failure.reason is Reason.TOO_MANY_REQUESTS
    assert response.header("retry-after") == "60"
    assert isinstance(response.body, RefusedPage)
    assert response.body.again_path == f"/sso/cli/confirm?login={CLI_ID}"
    assert isinstance(send(request, number=60).body, LeavingPage)


def test_secrets_of_the_loopback_are_read_from_no_address() -> None:
    loopback = Loopback("http://127.0.0.1/callback", code_challenge(Secret("v" * 43)), cli_hash(CLI_ID, Secret("code")))
    entry = attrs.evolve(CLI_LOGIN, session=SESSION, loopback=loopback)
    proofs = f"code=code&code_verifier={'v' * 43}"
    path = f"/sso/cli/poll/{CLI_ID}"
    assert send(Request("GET", path, proofs, BEARER), entry=entry).status == 401
    assert send(Request("POST", path, "", (*FORM, *BEARER), proofs.encode()), entry=entry).status == 200


def poll(query: str = "", headers: tuple[tuple[str, str], ...] = BEARER, session: Session | None = None) -> Response:
    entry = attrs.evolve(CLI_LOGIN, session=session)
    return send(Request("GET", f"/sso/cli/poll/{CLI_ID}", query, headers), entry=entry)


def test_the_command_line_waits_until_somebody_approves() -> None:
    assert told(poll()) == {"status": "pending", "interval": 2.0}


TEAMS = attrs.evolve(SESSION, team_ids=("blue", "green"), handle="alice")
DETAILS = [{"team_id": "blue", "team_alias": None}, {"team_id": "green", "team_alias": None}]


def test_then_it_is_told_the_teams_to_choose_from() -> None:
    assert told(poll(session=TEAMS)) == {
        "status": "ready",
        "user_id": "alice",
        "teams": ["blue", "green"],
        "team_details": DETAILS,
        "requires_team_selection": True,
    }


def test_or_gets_its_token() -> None:
    assert told(poll("team_id=green", session=TEAMS)) == {
        "status": "ready",
        "key": "sso_cli_" + ENTROPY.session_id.reveal(),
        "user_id": "alice",
        "team_id": "green",
        "teams": ["blue", "green"],
        "team_details": DETAILS,
        "expires_at": NOW + 130 + 24 * 3600,
    }


def test_who_has_no_handle_is_called_by_the_account() -> None:
    document = told(poll(session=attrs.evolve(SESSION, handle=None)))
    assert (document["user_id"], document["team_id"]) == (SESSION.account_id, None)


def test_a_form_may_ask_too() -> None:
    request = Request("POST", f"/sso/cli/poll/{CLI_ID}", headers=(*FORM, *BEARER), body=b"team_id=blue")
    assert told(send(request, entry=attrs.evolve(CLI_LOGIN, session=TEAMS)))["team_id"] == "blue"


@pytest.mark.parametrize(
    "headers", [(), (("authorization", "Basic x"),), (("authorization", "Bearer "),), (("authorization", "Bearer x"),)]
)
def test_without_the_poll_secret_nothing_is_told(headers: tuple[tuple[str, str], ...]) -> None:
    response = poll(headers=headers, session=TEAMS)
    assert response.status == 401
    assert told(response)["error"] == Reason.WRONG_POLL_SECRET.code


def test_what_a_program_may_quote_is_what_the_log_will_say() -> None:
    response = poll(headers=())
    assert told(response)["reference"] == response.reference == ENTROPY.reference


def test_no_id_of_their_own_choice_is_polled() -> None:
    response = send(Request("GET", "/sso/cli/poll/sk-mine", headers=BEARER))
    assert told(response)["error"] == Reason.NO_CLI_LOGIN.code


def test_two_draws_give_two_logins() -> None:
    other = Entropy(bytes(224))
    assert other.cli_login_id != ENTROPY.cli_login_id


# The person has come back from the provider


def approved(location: str | None = None) -> Response:
    site = Site(settings())
    name = site.cookies.set_login(STATE, COOKIE, 9, OPENID.response_mode).partition("=")[0]
    cookies = (("cookie", f"{name}={COOKIE.encode()}"),)
    request = Request("GET", "/sso/callback", f"state={STATE}&code=c", cookies)
    visit = site.visit(request, entropy=ENTROPY, now=NOW, warm=warm)
    return visit.respond(CliApproved("cli on box", SESSION, location), trail=("TakingLogin",))


def test_who_approved_a_command_line_is_sent_back_to_the_terminal() -> None:
    response = approved()
    assert response.status == 200
    assert response.body == CliApprovedPage("cli on box", "Alice", "/sso/style.css")


def test_or_to_the_command_line_that_listens_on_the_loopback() -> None:
    response = approved("http://127.0.0.1:5/callback?code=c")
    assert (response.status, dict(response.headers)["location"]) == (303, "http://127.0.0.1:5/callback?code=c")


@pytest.mark.parametrize("location", [None, "http://127.0.0.1:5/callback?code=c"])
def test_the_browser_is_given_no_session_and_its_login_is_spent(location: str | None) -> None:
    cookies = [value for name, value in approved(location).headers if name == "set-cookie"]
    assert len(cookies) == 1
    assert cookies[0].partition("=")[2].startswith(COOKIE.spent().encode())
