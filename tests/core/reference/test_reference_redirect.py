"""The way to the provider, against the reference."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
from cases import Case, Refused, Row, Verdict, each, hold
from playing import refused
from scenes import ENTROPY, METADATA, NOW, PLAIN, settings

from sso_core.effects import Keep
from sso_core.events import Kept, MetadataRead
from sso_core.facts import ProviderMetadata, Warm
from sso_core.failures import Refusal
from sso_core.flows.begin_login import KeepingLogin, ResolvingProvider, SentToProvider, begin_login
from sso_core.machine import Failed, Resting, Working, advance
from sso_core.oauth.pkce import code_challenge
from sso_core.settings.environment import SettingsError, settings_from_environment
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.logins import chosen_provider
from sso_core.web.messages import Request
from sso_core.web.site import Site
from sso_core.wire import encode_form

RANDOM, CHALLENGE, NONCE = "random", "S256 of the kept verifier", "random nonce"


def sent(state: Working | Resting, metadata: ProviderMetadata = METADATA) -> dict[str, Any]:
    """Follow a start to the provider, and return the address, its query, and how long the login is kept."""
    if isinstance(state, ResolvingProvider):
        state = advance(state, [MetadataRead(metadata)], now=NOW)
    if isinstance(state, Failed):
        return {"refused": refused(state.failure)}
    assert isinstance(state, KeepingLogin)
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    verifier = state.login.code_verifier
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", verifier.reveal())
    ending = advance(state, [Kept()], now=NOW)
    assert isinstance(ending, SentToProvider)
    address, _, query = ending.location.partition("?")
    symbols = {ENTROPY.state: RANDOM, code_challenge(verifier): CHALLENGE, ENTROPY.nonce: NONCE}
    pairs = parse_qsl(query, keep_blank_values=True)
    told = {name: symbols.get(value, value) for name, value in pairs}
    assert len(told) == len(pairs)
    return {"location": address, "query": told, "kept_for": keep.ttl}


def their_query(query: dict[str, str]) -> dict[str, str]:
    symbols = {"<uuid4 hex>": RANDOM, "<S256(code_verifier)>": CHALLENGE, "<S256(stored verifier)>": CHALLENGE}
    return {name: symbols.get(value, value) for name, value in query.items()}


def with_query(outcome: dict[str, Any], **values: str) -> dict[str, Any]:
    return outcome | {"query": outcome["query"] | values}


def goes(case: Case) -> bool:
    """Whether the reference sends the browser to a provider."""
    return isinstance(case.result, dict) and ("location" in case.result or "params" in case.result)


def kept(_case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    return with_query(outcome, code_challenge=CHALLENGE, code_challenge_method="S256") | {"kept_for": 600}


START_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W1, W7: the state is random for each login; no link, command line or setting chooses it",
        goes,
        lambda _case, outcome: with_query(outcome, state=RANDOM),
    ),
    Row(
        Verdict.DIFFERENT,
        "W2, W3: PKCE has no off switch, and what is to be remembered of a login is kept for each",
        goes,
        kept,
    ),
)


# What goes into the address


@each("redirect", "_get_generic_sso_redirect_params")
def test_a_login_sends_the_parameters_that_the_reference_sends(case: Case) -> None:
    endpoint = case.args["generic_authorization_endpoint"]
    provider = attrs.evolve(PLAIN, authorization_endpoint=endpoint)
    start = begin_login(settings(provider), provider, return_to="/", entropy=ENTROPY, now=NOW, warm=Warm())
    ours = sent(start)
    names = ("state", "code_challenge", "code_challenge_method")
    ours = {"query": {name: ours["query"][name] for name in names}, "kept_for": ours["kept_for"]}
    verifier = case.result["code_verifier"]
    theirs = {"query": their_query(case.result["params"]), "kept_for": None if verifier is None else 600}
    hold(case, theirs, ours, START_ROWS)


# The start of a command line


@each("redirect", "_get_cli_state")
def test_a_link_makes_no_state_of_a_command_line(case: Case) -> None:
    theirs = case.result
    query = encode_form([(name, value) for name, value in case.args.items() if value is not None])
    ours = sent(visited(Site(settings(PLAIN)), query))
    rows = (
        Row(
            Verdict.DIFFERENT,
            "W7: a command line begins its own login, which a person confirms; a link with a key in it does nothing",
            lambda case: case.result is not None,
            lambda _case, _outcome: "none",
        ),
    )
    hold(case, theirs or "none", "none" if ours["query"]["state"] == RANDOM else ours["query"]["state"], rows)


def visited(site: Site, query: str, peer: str = "") -> Working | Resting:
    """Return what becomes of a browser, or of a proxy in front of one, that begins a login."""
    request = Request("GET", "/sso/key/generate", query, peer=peer)
    return site.visit(request, entropy=ENTROPY, now=NOW, warm=lambda _provider: Warm()).state


# The way to a provider


def loaded(case: Case, client_id: str, base: str) -> SignInSettings:
    """Return the settings of the case's generic provider, for a service at this address; raises SettingsError.

    A state that all logins share is no setting (W1).
    """
    names = [name for name in case.env if name.startswith("GENERIC_") and name != "GENERIC_CLIENT_STATE"]
    environ = {name: case.env[name] for name in names}
    environ |= {"PROXY_BASE_URL": base, "GENERIC_CLIENT_ID": client_id}
    return settings_from_environment(environ, default_base_url=base)


def is_of_another_kind(case: Case) -> bool:
    """Whether the case's provider is Google or Entra, which have tests of their own."""
    names = {*case.args, *(name.lower() for name, value in case.env.items() if value)}
    return bool(names & {"google_client_id", "microsoft_client_id"})


def missing(case: Case) -> list[str]:
    """Return the variables that the reference misses, or should have refused: it names the first it comes to."""
    if case.error is not None:
        return [case.error["param"]] if case.error["status"] == 500 else []
    return [name for name, value in case.env.items() if name.endswith("_ENDPOINT") and value.startswith("http://")]


def ours_goes(case: Case) -> dict[str, Any]:
    if not case.args.get("generic_client_id"):
        with pytest.raises(Refusal) as caught:
            chosen_provider(settings(providers=()), None)
        return {"refused": refused(caught.value.failure)}
    base = case.args["redirect_url"].removesuffix("/sso/callback")
    try:
        options = loaded(case, case.args["generic_client_id"], base)
    except SettingsError as error:
        return {"problems": [name for name in missing(case) if name in str(error)]}
    start = begin_login(options, options.providers[0], return_to="/", entropy=ENTROPY, now=NOW, warm=Warm())
    return sent(start)


def their_way(case: Case) -> dict[str, Any]:
    if case.error is not None:
        return {"problems": missing(case)} if missing(case) else {"refused": Refused(500, "no_provider")}
    kept_for = [call["ttl"] for call in case.effects.get("cache", ()) if call["op"] == "set"]
    query = their_query(case.result["query"])
    return {"location": case.result["location"], "query": query, "kept_for": kept_for[0] if kept_for else None}


def blank_values(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    query = urlsplit(case.env.get("GENERIC_AUTHORIZATION_ENDPOINT", "")).query
    return outcome | {"query": dict(parse_qsl(query, keep_blank_values=True)) | outcome["query"]}


WAY_ROWS = (
    *START_ROWS,
    Row(
        Verdict.DIFFERENT,
        "RFC 6749 3.1: query values of the endpoint are kept, those without a value too",
        lambda case: goes(case) and case.bug is not None,
        blank_values,
    ),
    Row(
        Verdict.DIFFERENT,
        "W10: an endpoint on plain http is no setting",
        lambda case: goes(case) and bool(missing(case)),
        lambda case, _outcome: {"problems": missing(case)},
    ),
)


@each("redirect", "get_sso_login_redirect", only=lambda case: not is_of_another_kind(case))
def test_a_login_goes_where_it_goes_in_the_reference(case: Case) -> None:
    hold(case, their_way(case), ours_goes(case), WAY_ROWS)
