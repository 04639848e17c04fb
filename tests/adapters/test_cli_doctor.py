from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import attrs
import pytest
from commands import environment, free_ports, run_to_its_end, running

from sso_adapters.cli.checkup import (
    Finding,
    Verdict,
    check_capabilities,
    check_clock,
    check_directory,
    check_discovery,
    check_keys,
    check_notes,
    check_plain,
    check_problems,
    check_proxies,
    check_redirects,
    check_store,
    check_unsafe,
)
from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.events import AccountFacts, DirectoryUnreachable, Found, HttpResponse, Missing, StoreUnreachable
from sso_core.facts import KeySet, ProviderMetadata
from sso_core.failures import Failure, Reason
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.oauth.key_set import parse_key_set
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider
from sso_core.secret import Secret
from sso_core.settings.environment import Problem
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.settings.unsafe import unsafe_options
from sso_core.testing.signing_keys import signing_key

pytestmark = pytest.mark.command

ISSUER = "https://idp.example"
CLIENT = Client("client", Secret("secret-canary"))
PROVIDER = OpenIdProvider(ISSUER, CLIENT)
SETTINGS = SignInSettings(Origin("https://app.example"), (PROVIDER,))
METADATA = ProviderMetadata(ISSUER, ISSUER + "/a", ISSUER + "/t", None, ISSUER + "/k", ("RS256", "EdDSA"))
FAILURE = Failure(Reason.ISSUER_MISMATCH, "the metadata says something else", "set the issuer")
OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL
NOW = 1_800_000_000.0


def verdicts(document: dict[str, object], provider: OpenIdProvider = PROVIDER) -> dict[str, Verdict]:
    answer = HttpResponse(200, json.dumps(document).encode())
    return {finding.check: finding.verdict for finding in check_capabilities(provider, answer)}


def test_problems_of_settings_are_findings_with_their_hints() -> None:
    (finding,) = check_problems((Problem("GENERIC_ISSUER", "is missing", "set it"),))
    assert finding == Finding("settings", FAIL, "GENERIC_ISSUER is missing", "set it")


def test_the_issuer_is_who_it_says() -> None:
    assert check_discovery(ISSUER, METADATA).verdict is OK
    assert check_discovery(ISSUER, FAILURE) == Finding("discovery", FAIL, FAILURE.detail, FAILURE.hint)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"code_challenge_methods_supported": ["plain", "S256"]}, OK),
        ({"code_challenge_methods_supported": ["plain"]}, WARN),
        ({"code_challenge_methods_supported": "S256"}, WARN),
        ({}, WARN),
    ],
)
def test_pkce_is_looked_for(document: dict[str, object], expected: Verdict) -> None:
    assert verdicts(document)["PKCE"] is expected


@pytest.mark.parametrize(
    ("document", "method", "expected"),
    [
        ({}, AuthenticationMethod.BASIC, OK),
        ({}, AuthenticationMethod.POST, FAIL),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, AuthenticationMethod.POST, OK),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, AuthenticationMethod.BASIC, FAIL),
    ],
)
def test_the_client_proves_itself_in_a_way_that_the_provider_takes(
    document: dict[str, object], method: AuthenticationMethod, expected: Verdict
) -> None:
    provider = attrs.evolve(PROVIDER, client=attrs.evolve(CLIENT, method=method))
    assert verdicts(document, provider)["client"] is expected


def test_scopes_that_are_not_listed_are_named() -> None:
    assert "scopes" not in verdicts({})
    assert "scopes" not in verdicts({"scopes_supported": ["openid", "email", "profile", "more"]})
    assert verdicts({"scopes_supported": ["openid"]})["scopes"] is WARN


def test_who_names_the_issuer_in_each_answer_is_told_apart() -> None:
    told = [
        next(f.what for f in check_capabilities(PROVIDER, HttpResponse(200, body)) if f.check == "response issuer")
        for body in (b"{}", b'{"authorization_response_iss_parameter_supported": true}')
    ]
    assert told[0] != told[1]


def test_a_document_that_cannot_be_read_has_no_capabilities() -> None:
    assert list(check_capabilities(PROVIDER, HttpResponse(200, b"<html>"))) == []


def keys(*names: str) -> KeySet:
    entries = [signing_key(name, kid=name).jwk for name in names]
    return parse_key_set(json.dumps({"keys": entries}).encode())


@pytest.mark.parametrize(
    ("names", "algorithms", "expected"),
    [
        (("RS256", "EdDSA"), ("RS256", "EdDSA"), OK),
        (("ES256",), ("RS256", "EdDSA"), FAIL),
        ((), ("RS256",), FAIL),
    ],
)
def test_a_key_has_to_fit_what_the_provider_signs_with(
    names: tuple[str, ...], algorithms: tuple[str, ...], expected: Verdict
) -> None:
    metadata = attrs.evolve(METADATA, id_token_algorithms=algorithms)
    assert check_keys(PROVIDER, metadata, keys(*names)).verdict is expected


def test_keys_that_cannot_be_had_are_told() -> None:
    assert check_keys(PROVIDER, METADATA, FAILURE) == Finding("keys", FAIL, FAILURE.detail, FAILURE.hint)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (formatdate(NOW - 1), OK),
        (formatdate(NOW - 20), WARN),
        (formatdate(NOW + 20), WARN),
        (formatdate(NOW - 120), FAIL),
        (formatdate(NOW + 120), FAIL),
        ("yesterday", WARN),
        (None, WARN),
    ],
)
def test_clocks_are_held_against_each_other(date: str | None, expected: Verdict) -> None:
    headers = () if date is None else (("date", date),)
    assert check_clock(HttpResponse(200, b"", headers), now=NOW, leeway=30).verdict is expected


def test_the_address_to_register_is_said() -> None:
    (finding,) = check_redirects(SETTINGS)
    assert "https://app.example/sso/callback" in finding.what
    _, also = check_redirects(attrs.evolve(SETTINGS, origin=Origin("http://127.0.0.1:4000")))
    assert (also.verdict, "PROXY_BASE_URL" in also.hint) == (WARN, True)


def test_a_proxy_that_is_not_named_is_missed_where_there_has_to_be_one() -> None:
    (finding,) = check_proxies(SETTINGS)
    assert (finding.verdict, "SSO_ADDRESS_PROXIES" in finding.hint) == (WARN, True)
    assert not [*check_proxies(attrs.evolve(SETTINGS, address_proxies=("10.0.0.1",)))]
    assert not [*check_proxies(attrs.evolve(SETTINGS, origin=Origin("http://127.0.0.1:4000")))]


def test_every_option_that_gives_up_a_protection_is_named_loudly() -> None:
    assert [finding.verdict for finding in check_unsafe(())] == [OK]
    policy = attrs.evolve(AccessPolicy(REFERENCE_LADDER), linking=Linking.ANY_EMAIL_UNSAFE)
    settings = attrs.evolve(SETTINGS, policy=policy, debug_for_anybody_unsafe=True)
    loud = tuple(check_unsafe(unsafe_options(settings)))
    assert len(loud) == 2
    assert all(finding.verdict is WARN and finding.what.startswith("UNSAFE ") and finding.hint for finding in loud)


def test_what_may_be_meant_otherwise_is_told() -> None:
    (finding,) = check_notes((Problem("SSO_LINKNIG", "is not known", "do you mean SSO_LINKING?"),))
    assert finding == Finding("settings", WARN, "SSO_LINKNIG is not known", "do you mean SSO_LINKING?")


def test_store_and_directory_answer_or_not() -> None:
    assert [check_store(event).verdict for event in (Missing(), Found(b""), StoreUnreachable("full"))] == [OK, OK, FAIL]
    assert [check_directory(event).verdict for event in (AccountFacts(None), DirectoryUnreachable("x"))] == [OK, FAIL]


def test_a_plain_provider_can_be_asked_nothing() -> None:
    plain = OAuthProvider("plain", CLIENT, ISSUER + "/a", ISSUER + "/t", ISSUER + "/u")
    assert check_plain(plain).verdict is WARN


def test_no_finding_shows_a_secret() -> None:
    assert "canary" not in repr([*check_redirects(SETTINGS), *check_unsafe(unsafe_options(SETTINGS))])


# The command


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("provider")
    with running("provider", "--port", str(port), env=environment(), cwd=folder) as served:
        yield served.address


def settings(issuer: str) -> dict[str, str]:
    return environment(GENERIC_ISSUER=issuer, GENERIC_CLIENT_ID="x", GENERIC_CLIENT_SECRET="secret-canary")


def test_a_set_up_that_works_is_0(issuer: str, tmp_path: Path) -> None:
    ended = run_to_its_end("doctor", env=settings(issuer), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    said = [tuple(re.split(r" {2,}", line)[:2]) for line in ended.stdout.splitlines() if not line.startswith(" ")]
    good = ("settings", "discovery", "clock", "PKCE", "client", "keys", "store", "directory", "unsafe")
    assert {("ok", check) for check in good} <= set(said)
    assert "canary" not in ended.stdout


def test_one_that_does_not_is_1_and_fit_for_programs(tmp_path: Path) -> None:
    ended = run_to_its_end("doctor", "--json", env=settings("http://localhost:9"), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    findings = json.loads(ended.stdout)["findings"]
    (failed,) = [finding for finding in findings if finding["verdict"] == "fail"]
    assert (failed["check"], "cannot be reached" in failed["what"]) == ("discovery", True)


def test_settings_that_do_not_hold_together_are_2_all_at_once(tmp_path: Path) -> None:
    env = environment(GENERIC_ISSUER="https://idp.example/.well-known/openid-configuration")
    ended = run_to_its_end("doctor", env=env, cwd=tmp_path)
    assert ended.returncode == 2
    for said in ("the issuer itself is probably https://idp.example\n", "GENERIC_CLIENT_ID is missing"):
        assert said in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_told(issuer: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    env = {**settings(issuer), "SSO_DATA_DIR": str(tmp_path / "data")}
    ended = run_to_its_end("doctor", env=env, cwd=tmp_path)
    assert ended.returncode == 1
    assert re.search(r"^fail +store +.*cannot be used", ended.stdout, re.MULTILINE)


def test_a_file_says_the_same_as_variables(issuer: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret-canary")
    (tmp_path / "sso.toml").write_text(
        f'[[provider]]\nkind = "generic"\nissuer = "{issuer}"\nclient_id = "x"\nclient_secret = {{ file = "secret" }}\n'
    )
    ended = run_to_its_end("doctor", "--settings", "sso.toml", env=environment(), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    missing = run_to_its_end("doctor", "--settings", "nowhere.toml", env=environment(), cwd=tmp_path)
    assert (missing.returncode, "cannot be read" in missing.stderr) == (2, True)


def test_a_store_that_is_down_is_told(issuer: str, tmp_path: Path) -> None:
    env = {**settings(issuer), "REDIS_URL": "redis://:canary@127.0.0.1:9"}
    ended = run_to_its_end("doctor", env=env, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert re.search(r"^fail +store +.*ConnectionError", ended.stdout, re.MULTILINE)
    assert "canary" not in ended.stdout


def test_keys_that_machines_have_to_share_are_missed(issuer: str, tmp_path: Path) -> None:
    env = {**settings(issuer), "DATABASE_URL": "postgresql://:canary@127.0.0.1:9/x"}
    ended = run_to_its_end("doctor", env=env, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert re.search(r"^fail +settings +SSO_SESSION_KEYS is missing", ended.stdout, re.MULTILINE)
    assert "canary" not in ended.stdout
