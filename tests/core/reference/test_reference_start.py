"""The start of a login by its route, against the reference: to a provider, a form, the host's code, or nowhere."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
from cases import Case, Refused, Row, Verdict, each, hold
from playing import refused
from test_reference_provider_start import A_TENANT, lacks, metadata_of
from test_reference_provider_start import ROWS as KIND_ROWS
from test_reference_provider_start import loaded as loaded_of_another_kind
from test_reference_provider_start import ours as straight_to_it
from test_reference_redirect import (
    CHALLENGE,
    NONCE,
    RANDOM,
    WAY_ROWS,
    is_of_another_kind,
    loaded,
    missing,
    sent,
    their_way,
    visited,
)

from sso_core.flows.host_login import CheckingHeaders
from sso_core.machine import Failed
from sso_core.providers.kinds import OpenIdProvider
from sso_core.settings.environment import SettingsError, settings_from_environment
from sso_core.settings.reading import Reading, Report
from sso_core.settings.service_environment import read_sign_in_options
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.messages import Answered, Response
from sso_core.web.pages import PasswordPage
from sso_core.web.site import Site
from sso_core.wire import encode_form

ENDPOINTS = ("AUTHORIZATION_ENDPOINT", "TOKEN_ENDPOINT", "USERINFO_ENDPOINT")

NETWORK, PEER = "10.0.0.0/8", "10.1.2.3"
FORM = "login form"


def mounted(case: Case) -> str:
    """Return the public address that the operator means, its mount included."""
    asked = urlsplit(case.args.get("request", {}).get("url", "https://proxy.example.com/"))
    base = case.env.get("PROXY_BASE_URL", f"{asked.scheme}://{asked.netloc}").rstrip("/")
    root = case.env.get("SERVER_ROOT_PATH", "").strip("/")
    return f"{base}/{root}" if root else base


def is_off(case: Case) -> bool:
    return case.env.get("DISABLE_ADMIN_UI", "").strip().lower() == "true"


def has_provider(case: Case) -> bool:
    return bool(case.env.get("GENERIC_CLIENT_ID")) or is_of_another_kind(case)


def is_the_hosts(case: Case) -> bool:
    """Whether the host signs people in itself, by what its own proxy says."""
    return bool(case.world.get("custom_sso"))


def of_its_kind(case: Case) -> Case:
    """Return the case as the function that sends people to Google, or to Entra, is given it."""
    ids = {name.lower(): case.env.get(name) for name in ("GOOGLE_CLIENT_ID", "MICROSOFT_CLIENT_ID")}
    named = {name: value for name, value in ids.items() if value}
    return attrs.evolve(case, args=named | {"redirect_url": f"{mounted(case)}/sso/callback"})


def options(case: Case) -> SignInSettings:
    """Return the settings by which the case's service starts logins; raises SettingsError.

    Where no provider is set up, the reference has names and passwords; here the host says that it checks them.
    """
    if is_the_hosts(case) or not has_provider(case):
        way = {"SSO_HEADER_PROXIES": NETWORK} if is_the_hosts(case) else {"SSO_PASSWORD_SIGN_IN": "true"}
        found = settings_from_environment(way, default_base_url=mounted(case))
    elif is_of_another_kind(case):
        found = loaded_of_another_kind(of_its_kind(case))
    else:
        found = loaded(case, case.env["GENERIC_CLIENT_ID"], mounted(case))
    flag = read_sign_in_options(Reading(case.env, Report()))["ui_disabled"]
    return attrs.evolve(found, ui_disabled=flag)


def ours_starts(case: Case) -> dict[str, Any]:
    try:
        found = options(case)
    except SettingsError as error:
        return {"problems": [name for name in lacking(case) if name in str(error)]}
    names = ("source", "key", "existing_key")
    query = encode_form([(name, case.args[name]) for name in names if case.args.get(name) is not None])
    state = visited(Site(found), query, PEER if is_the_hosts(case) else "")
    match state:
        case Answered(Response(body=PasswordPage())):
            return {"page": FORM}
        case Failed(failure):
            return {"refused": refused(failure)}
        case CheckingHeaders():
            return {"asked": "the host"}
        case _ if is_of_another_kind(case):
            (provider,) = found.providers
            assert isinstance(provider, OpenIdProvider)
            return sent(state, metadata_of(of_its_kind(case), provider))
        case _:
            return sent(state)


def lacking(case: Case) -> list[str]:
    return lacks(of_its_kind(case)) if is_of_another_kind(case) else missing(case)


def on_the_way(case: Case, _outcome: Any) -> dict[str, Any]:
    """Return the way to the case's provider, which nothing hinders but its own settings."""
    if is_of_another_kind(case):
        return straight_to_it(of_its_kind(case))
    if not all(case.env.get(f"GENERIC_{name}") for name in ("CLIENT_SECRET", *ENDPOINTS)) or missing(case):
        return {"problems": missing(case)}
    query = {
        "response_type": "code",
        "client_id": case.env["GENERIC_CLIENT_ID"],
        "redirect_uri": f"{mounted(case)}/sso/callback",
        "scope": case.env.get("GENERIC_SCOPE", "openid email profile"),
        "state": RANDOM,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    endpoint, _, own = case.env["GENERIC_AUTHORIZATION_ENDPOINT"].partition("?")
    return {"location": endpoint, "query": dict(parse_qsl(own)) | query, "kept_for": 600}


def their_start(case: Case) -> dict[str, Any]:
    if case.error is not None and not missing(case):
        return {"refused": Refused(case.error["status"], str(case.error["message"]))}
    if case.error is not None or "location" in case.result:
        return their_way(case)
    return {"page": case.result["page"]}


def is_open(case: Case) -> bool:
    """Whether a login of the case goes to a provider, as far as the operator wishes."""
    return not is_off(case) and not is_the_hosts(case) and has_provider(case)


def _of_kind(row: Row, case: Case, *, another: bool) -> bool:
    if not is_open(case) or is_of_another_kind(case) is not another:
        return False
    return row.applies(of_its_kind(case) if another else case)


ROUTE_ROWS = (
    *(attrs.evolve(row, applies=partial(_of_kind, row, another=False)) for row in WAY_ROWS),
    *(attrs.evolve(row, applies=partial(_of_kind, row, another=True)) for row in KIND_ROWS),
    Row(
        Verdict.DIFFERENT,
        "S12, W14: seats are counted where an account is made, in the transaction that makes it",
        lambda case: is_open(case) and case.error is not None and case.error["status"] == 403,
        on_the_way,
    ),
    Row(
        Verdict.DIFFERENT,
        "S14, W23: what the host needs is the host's to say; settings of sign-in load whole or not at all",
        lambda case: is_open(case) and "missing keys" in str((case.result or {}).get("page")),
        on_the_way,
    ),
    Row(
        Verdict.DIFFERENT,
        "W23, W27: the host's own sign-in is a function of the host, asked only for a proxy that the operator names",
        is_the_hosts,
        lambda _case, _outcome: {"asked": "the host"},
    ),
    Row(
        Verdict.DIFFERENT,
        "W8: one policy for every way in: where nobody signs in, each start is refused, by a page with its status",
        is_off,
        lambda _case, _outcome: {"refused": Refused(403, "ui_disabled")},
    ),
)


@each("redirect", "google_login")
def test_the_start_goes_where_it_goes_in_the_reference(case: Case) -> None:
    hold(case, their_start(case), ours_starts(case), ROUTE_ROWS)


def of(env: dict[str, str], **world: Any) -> dict[str, Any]:
    return ours_starts(Case("", "", env, {}, world, None, None, {}, None))


def test_starts_of_which_no_case_is_recorded_here_go_where_they_should() -> None:
    google = {"GOOGLE_CLIENT_ID": "g", "GOOGLE_CLIENT_SECRET": "s"}
    assert of(google)["query"]["nonce"] == NONCE
    assert of(google, custom_sso=True) == {"asked": "the host"}
    assert of(google | {"DISABLE_ADMIN_UI": "True"}) == {"refused": Refused(403, "ui_disabled")}
    assert of({"DISABLE_ADMIN_UI": "true"}) == {"refused": Refused(403, "ui_disabled")}
    entra = {"MICROSOFT_CLIENT_ID": "m", "MICROSOFT_CLIENT_SECRET": "s", "MICROSOFT_TENANT": A_TENANT}
    assert of(entra)["location"] == f"https://login.microsoftonline.com/{A_TENANT}/oauth2/v2.0/authorize"
