"""Vulnerabilities of others in whose account it is and what it may, each as it would be tried here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import pytest

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.directories.sql import open_directory
from sso_adapters.world import Directory
from sso_core.accounts.policy import Linking, NewAccounts, RolePrecedence
from sso_core.effects import Effect, WriteAccount
from sso_core.events import Conflict, Event
from sso_core.failures import Reason
from sso_core.hosts import CheckPassword, HostAnswer, HostQuestion, Person, Vouched
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.oauth.client import Client
from sso_core.providers.google import google
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.environment import service_from_environment
from sso_core.settings.reading import SettingsError
from sso_core.settings.sign_in import KeyHolders
from sso_core.testing.fake_google import google_provider
from sso_core.testing.fake_provider import FakeProvider
from sso_core.wire import WireError, b64url_decode
from trust.people import (
    ADMIN,
    GROUP_ROLES,
    NOBODY,
    USER,
    change,
    known,
    other_provider,
    person,
    policy,
    provider,
    service,
)
from trust.scene import Browser, Perform, Scene, refusal
from trust.strangers import subjects_are_told_apart
from trust.terminals import approve, poll, started, told

BY_GROUPS = IdentityRules(role_map=GROUP_ROLES)


def said(browser: Browser, member: str) -> Any:
    assert browser.session is not None
    return browser.session[member]


# Accounts


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("linking", [Linking.NEVER, Linking.VERIFIED_EMAIL])
def test_v30_an_address_takes_no_administrator_over_and_binds_nobody_anew(linking: Linking, verified: bool) -> None:
    mallory = person("mallory", email="root@corp.example", email_verified=verified)
    with service(provider(mallory, person("root")), linking=linking, admin_id="admin-account") as scene:
        root = known(
            scene,
            "admin-account",
            email="root@corp.example",
            email_verified=True,
            role=ADMIN,
            identities=(("https://op.example", "root"),),
        )
        browser = scene.browser()
        browser.login("mallory")
        if linking is Linking.NEVER:
            assert (said(browser, "role"), said(browser, "account_id") != "admin-account") == (NOBODY, True)
        else:
            assert browser.session is None
        kept = scene.account("root")
        assert kept is not None
        assert (kept.identities, kept.role) == (root.identities, ADMIN)


@pytest.mark.parametrize("claim", ["preferred_username", "email", "name", "sub_legacy"])
def test_v48_no_claim_that_a_person_can_choose_is_their_key(claim: str) -> None:
    rules = IdentityRules(names=AttributeNames(handle=(claim, "sub")))
    op, other = provider(person("1", **{claim: "boss"})), other_provider(person("2", **{claim: "boss"}))
    with service(op, other, rules=rules) as scene:
        boss, mallory = scene.browser(), scene.browser()
        boss.login("1", "generic")
        mallory.login("2", "other1", other)
        assert said(boss, "account_id") != said(mallory, "account_id")
        change(op, "1", **{claim: "somebody else"})
        again = scene.browser()
        again.login("1", "generic")
        assert said(again, "account_id") == said(boss, "account_id")


def test_v49_a_conflict_is_read_again_and_never_settled_by_an_address() -> None:
    """Between the decision and its writing somebody with the same address comes in; linking is off."""
    with service(provider(person("mallory", email="victim@corp.example", email_verified=True))) as scene:
        refused: list[Effect] = []

        def contested(effect: Effect, perform: Perform) -> Event:
            if isinstance(effect, WriteAccount) and not refused:
                refused.append(effect)
                known(scene, "victim", email="victim@corp.example", email_verified=True, role=USER)
                return Conflict()
            return perform(effect)

        scene.between = contested
        browser = scene.browser()
        assert browser.login("mallory").status == 303
        assert said(browser, "account_id") != "victim"
        assert scene.accounts == 2


def test_v49_and_where_linking_is_on_it_is_judged_anew() -> None:
    mallory = person("mallory", email="victim@corp.example", email_verified=False)
    with service(provider(mallory), linking=Linking.VERIFIED_EMAIL) as scene:
        done: list[Effect] = []

        def contested(effect: Effect, perform: Perform) -> Event:
            if isinstance(effect, WriteAccount) and not done:
                done.append(effect)
                known(scene, "victim", email="victim@corp.example", email_verified=True)
                return Conflict()
            return perform(effect)

        scene.between = contested
        browser = scene.browser()
        browser.login("mallory")
        assert browser.session is None or said(browser, "account_id") != "victim"
        assert scene.account("mallory") is None or scene.account("mallory") != scene.account("victim")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Directory]:
    directory = open_directory(f"sqlite:///{tmp_path}/directory.sqlite3")
    yield directory
    directory.close()


def test_v50_subjects_that_a_database_might_take_for_each_other_are_different_people(database: Directory) -> None:
    subjects_are_told_apart(database)


def test_v50_nor_does_memory_take_one_for_another() -> None:
    subjects_are_told_apart(MemoryDirectory())


def test_v55_who_signed_in_last_is_told_to_nobody_else() -> None:
    people = [person(name, email=f"{name}@corp.example") for name in ("ada", "bob", "eve")]
    with Scene(provider(*people)) as scene:
        browsers = {each.subject: scene.browser() for each in people}
        begun = {name: browser.authorize(browser.begin(), name) for name, browser in browsers.items()}
        for name in ("eve", "ada", "bob"):
            browsers[name].process = scene.second
            assert browsers[name].arrive(begun[name]).status == 303
        for name, browser in browsers.items():
            assert (browser.person, said(browser, "email")) == (name, f"{name}@corp.example")
        tokens = {str(grant.access_token): grant.subject for grant in scene.op.state.grants}
        asked = [request for request in scene.op.state.requests if request.url.endswith("/userinfo")]
        used = [tokens[dict(request.headers)["authorization"].removeprefix("Bearer ")] for request in asked]
        assert used == ["eve", "ada", "bob"]


class Passwords:
    """A host that knows one name and password, and is asked for others."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, question: HostQuestion) -> HostAnswer:
        assert isinstance(question, CheckPassword)
        self.asked.append(question.username)
        return Vouched(Person("host", question.username, role=ADMIN))


def test_v56_who_signs_in_by_a_provider_has_no_password_and_no_key() -> None:
    with Scene(password_sign_in=False, key_holders=KeyHolders.NOBODY) as scene:
        browser = scene.browser()
        browser.login()
        for password in ("", "alice", "password", "123qweQWE!@#000000000"):
            tried = scene.browser()
            assert tried.post("/sso/password", {"username": "alice", "password": password}).status == 404
        assert browser.post("/sso/keys").failure is not None
        written = [effect for effect in scene.asked if isinstance(effect, WriteAccount)]
        assert "key" not in repr(written).lower().replace("sso", "")


def test_v56_a_hosts_password_leads_to_the_hosts_person_and_not_to_the_providers() -> None:
    with Scene(password_sign_in=True, host=Passwords()) as scene:
        theirs, typed = scene.browser(), scene.browser()
        theirs.login("alice")
        typed.post("/sso/password", {"username": "alice", "password": "x"})
        assert typed.person == "alice"
        assert said(typed, "issuer") == "host"
        assert said(typed, "account_id") != said(theirs, "account_id")


def test_v56_no_token_is_in_any_address_or_page() -> None:
    with Scene() as scene:
        browser = scene.browser()
        browser.login()
        browser.get("/")
        secrets = [str(grant.access_token) for grant in scene.op.state.grants]
        secrets += browser.session_cookies.values()
        for response in scene.responses:
            places = (response.header("location"), response.header("refresh"), repr(response.body), repr(response))
            assert not any(secret in place for secret in secrets for place in places)
            assert "#" not in response.header("location")


def readable(cookie: str) -> list[str]:
    """Return all that anybody can read in a cookie: as it is, and decoded part by part."""
    texts = [cookie]
    for part in cookie.split("."):
        with suppress(WireError):
            texts.append(b64url_decode(part).decode("latin-1"))
    return texts


def test_v29_no_cookie_holds_what_opens_a_door() -> None:
    reference = ReferenceToken(b"r" * 32)
    keys = SessionKeys((b"s" * 32,))
    with Scene(reference_token=reference, session_keys=keys, key_holders=KeyHolders.EVERYBODY) as scene:
        browser = scene.browser()
        browser.login()
        (grant,) = scene.op.state.grants
        secret = scene.op.state.clients[0].client_secret
        assert secret is not None
        canaries = [str(grant.access_token), grant.code, secret.reveal(), "r" * 32, "s" * 32]
        read = [text for value in browser.cookies.values() for text in readable(value)]
        assert not any(canary in text for canary in canaries for text in read)
        token = browser.cookies[reference.cookie]
        assert '"key":""' in b64url_decode(token.split(".")[1]).decode()
        stranger = scene.browser()
        for value in browser.cookies.values():
            for bearer in (value, *value.split(".")):
                answer = stranger.get("/sso/session", "", (("authorization", f"Bearer {bearer}"),))
                assert answer.status == 401


# Roles


@pytest.mark.parametrize("default", [NOBODY, USER, None])
@pytest.mark.parametrize("stored", [NOBODY, USER, ADMIN])
def test_v35_the_providers_role_goes_before_defaults_and_what_is_stored_every_time(
    stored: str, default: str | None
) -> None:
    op = provider(person("ada", groups=["users"]), person("new", groups=["users"]))
    with service(op, rules=BY_GROUPS, new_accounts=NewAccounts(role=default)) as scene:
        known(scene, "ada", role=stored, identities=(("https://op.example", "ada"),))
        for name in ("ada", "new", "ada"):
            browser = scene.browser()
            browser.login(name)
            assert said(browser, "role") == USER
            account = scene.account(name)
            assert account is not None
            assert account.role == USER
        change(op, "ada", groups=["users", "admins"])
        browser = scene.browser()
        browser.login("ada")
        assert said(browser, "role") == ADMIN


def test_v35_unless_the_operator_says_that_the_directory_goes_first() -> None:
    op = provider(person("ada", groups=["admins"]))
    with service(op, rules=BY_GROUPS, role_precedence=RolePrecedence.DIRECTORY) as scene:
        known(scene, "ada", role=USER, identities=(("https://op.example", "ada"),))
        browser = scene.browser()
        browser.login("ada")
        assert said(browser, "role") == USER


def test_v54_what_a_provider_said_before_decides_nothing_now() -> None:
    op = provider(person("ada", groups=["admins"], teams=["red"], department="finance"))
    rules = IdentityRules(role_map=GROUP_ROLES, team_claims=("teams",))
    with service(op, rules=rules, create_teams=True, restricted_group="red") as scene:
        browser = scene.browser()
        browser.login("ada")
        assert (said(browser, "role"), said(browser, "teams")) == (ADMIN, ["red"])
        change(op, "ada", groups=[], teams=[])
        assert refusal(browser.login("ada")) is Reason.NOT_IN_GROUP
        assert browser.session is None, "and the session that rested on it is over"
        change(op, "ada", groups=["users"], teams=["red"])
        assert browser.login("ada").status == 303
        assert said(browser, "role") == USER


def test_v57_of_fifty_first_people_at_once_nobody_is_an_administrator() -> None:
    people = [person(f"p{number}", email=f"p{number}@corp.example", email_verified=True) for number in range(50)]
    with service(provider(*people), linking=Linking.VERIFIED_EMAIL) as scene:
        browsers = [scene.browser() for _ in people]
        with ThreadPoolExecutor(50) as pool:
            statuses = list(
                pool.map(lambda pair: pair[0].login(pair[1].subject).status, zip(browsers, people, strict=True))
            )
        assert statuses == [303] * 50
        assert {said(browser, "role") for browser in browsers} == {NOBODY}
        assert scene.accounts == 50


def test_v57_and_the_one_who_is_named_is_one() -> None:
    with service(provider(*(person(f"p{number}") for number in range(50))), admin_id="p31") as scene:
        browsers = [scene.browser() for _ in range(50)]
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(lambda pair: pair[1].login(f"p{pair[0]}"), enumerate(browsers)))
        assert [number for number, browser in enumerate(browsers) if said(browser, "role") == ADMIN] == [31]


# Restrictions

RESTRICTED: dict[str, tuple[dict[str, Any], dict[str, object], dict[str, object], Reason]] = {
    "domain": (
        {"email_domains": ("corp.example",)},
        {"email": "a@corp.example", "email_verified": True},
        {"email": "a@evil.example", "email_verified": True},
        Reason.EMAIL_DOMAIN_REFUSED,
    ),
    "verified": (
        {"email_domains": ("corp.example",)},
        {"email": "a@corp.example", "email_verified": True},
        {"email": "a@corp.example"},
        Reason.EMAIL_NOT_VERIFIED,
    ),
    "group": ({"restricted_group": "users"}, {"groups": ["users"]}, {"groups": ["others"]}, Reason.NOT_IN_GROUP),
    "admins": ({"admins_only": True}, {"groups": ["admins"]}, {"groups": ["users"]}, Reason.ADMINS_ONLY),
    "seats": ({"seats": 1}, {}, {}, Reason.NO_SEAT_LEFT),
    "nobody new": ({"new_accounts": NewAccounts(allowed=False)}, {}, {}, Reason.NO_ACCOUNT),
}


@pytest.mark.parametrize("name", RESTRICTED)
@pytest.mark.parametrize("way", ["browser", "command line"])
def test_v42_each_restriction_keeps_somebody_out_by_whatever_way_they_come(name: str, way: str) -> None:
    rules, fits, fails, reason = RESTRICTED[name]
    with service(provider(person("in", **fits), person("out", **fails)), rules=BY_GROUPS, **rules) as scene:
        known(scene, "in", identities=(("https://op.example", "in"),))
        if way == "browser":
            assert scene.browser().login("in").status == 303
            browser = scene.browser()
            assert refusal(browser.login("out")) is reason
            assert browser.session is None
        else:
            begun = [started(scene), started(scene)]
            assert approve(scene.browser(), begun[0], "in").failure is None
            assert refusal(approve(scene.browser(), begun[1], "out")) is reason
            assert [told(poll(scene, each))["status"] for each in begun] == ["ready", "pending"]
        assert (scene.account("out"), scene.accounts) == (None, 1)


@pytest.mark.parametrize("subject", ["110000000000000000002", "110000000000000000003"])
def test_v65_the_domain_of_an_address_is_no_word_of_the_organisation(subject: str) -> None:
    """Gary has no organisation, and the address of one; Gina's is not verified."""
    state = google_provider()
    others = tuple(each for each in state.people if each.subject != "110000000000000000002")
    gary = person("110000000000000000002", email="gary@example.org", email_verified=True)
    op = FakeProvider(attrs.evolve(state, people=(*others, gary)))
    client = Client("client", op.state.clients[0].client_secret)
    only = attrs.evolve(google(client, hosted_domains=("example.org",)), provider_id="generic")
    with Scene(op, providers=(only,)) as scene:
        assert scene.browser().login("110000000000000000001").status == 303
        browser = scene.browser()
        assert refusal(browser.login(subject)) in (Reason.HOSTED_DOMAIN_REFUSED, Reason.EMAIL_NOT_VERIFIED)
        assert browser.session is None


def test_v65_the_address_that_another_provider_gives_is_no_word_of_this_one() -> None:
    """Each provider is trusted for what it verified itself; its people are its own whatever their addresses."""
    op = provider(person("1", email="boss@corp.example", email_verified=True))
    other = other_provider(person("2", email="boss@corp.example", email_verified=True))
    with service(op, other, email_domains=("corp.example",), linking=Linking.VERIFIED_EMAIL) as scene:
        assert scene.browser().login("1", "generic").status == 303
        assert refusal(scene.browser().login("2", "other1", other)) is Reason.EMAIL_TAKEN


@pytest.mark.parametrize("name", ["ALLOWED_EMAILS_DOMAINS", "GENERIC_ALLOWED_DOMAINS", "SSO_RESTRICTED_GROUPS"])
def test_v65_a_list_under_a_former_or_another_name_is_not_passed_over(name: str) -> None:
    complete = {
        "GENERIC_CLIENT_ID": "client",
        "GENERIC_CLIENT_SECRET": "secret",
        "GENERIC_ISSUER": "https://op.example",
        "PROXY_BASE_URL": "https://app.example",
    }
    with pytest.raises(SettingsError, match=name):
        service_from_environment({**complete, name: "corp.example"}, default_base_url="https://app.example")


@pytest.mark.parametrize("groups", ["", [], ["user"], ["users2"], ["Users"], "users2", {"users": 1}, [["users"]], None])
def test_v65_a_group_is_its_whole_name(groups: object) -> None:
    with service(provider(person("mallory", groups=groups)), rules=BY_GROUPS, restricted_group="users") as scene:
        assert refusal(scene.browser().login("mallory")) is Reason.NOT_IN_GROUP
        assert scene.accounts == 0


def test_v34_the_gate_stands_before_the_command_line_too() -> None:
    with service(provider(person("mallory", groups=[])), rules=BY_GROUPS, restricted_group="users") as scene:
        begun = started(scene)
        assert refusal(approve(scene.browser(), begun, "mallory")) is Reason.NOT_IN_GROUP
        assert told(poll(scene, begun))["status"] == "pending"
        assert scene.accounts == 0


def test_v34_and_before_what_a_host_vouches_for() -> None:
    shut = policy(email_domains=("corp.example",))
    with Scene(password_sign_in=True, host=Passwords(), policy=shut) as scene:
        browser = scene.browser()
        response = browser.post("/sso/password", {"username": "mallory", "password": "x"})
        assert refusal(response) is Reason.EMAIL_DOMAIN_REFUSED
        assert (browser.session, scene.accounts) == (None, 0)
