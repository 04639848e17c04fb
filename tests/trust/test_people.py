"""Who somebody is here, and what they may (TRUST A-f)."""

from __future__ import annotations

from itertools import permutations
from threading import Thread

import attrs
import pytest

from sso_core.accounts.policy import Linking, NewAccounts
from sso_core.effects import WriteAccount
from sso_core.failures import Reason
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.oauth.client import Client
from sso_core.providers.microsoft import microsoft
from sso_core.records import UpdateAccount
from sso_core.settings.environment import service_from_environment
from sso_core.settings.reading import SettingsError
from sso_core.testing.fake_entra import ELSEWHERE, HOME, FakeEntra
from sso_core.testing.provider_state import Person
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
from trust.scene import Browser, Scene, refusal

VICTIM = person("victim", email="victim@corp.example", email_verified=True)
NOAUTH = person("mallory", email="victim@corp.example", email_verified=True)
BY_GROUPS = IdentityRules(role_map=GROUP_ROLES)


def account_id(browser: Browser) -> str:
    assert browser.session is not None
    return str(browser.session["account_id"])


def role(browser: Browser) -> str:
    assert browser.session is not None
    return str(browser.session["role"])


# Identity


def test_a83_an_address_in_somebody_elses_profile_leads_to_an_account_of_their_own() -> None:
    op, other = provider(VICTIM), other_provider(NOAUTH)
    with service(op, other) as scene:
        victim, mallory = scene.browser(), scene.browser()
        victim.login("victim", "generic")
        assert mallory.login("mallory", "other1", other).status == 303
        assert account_id(mallory) != account_id(victim)
        theirs = scene.account("victim")
        assert theirs is not None
        assert theirs.identities == ((op.state.issuer, "victim"),)


def test_a83_where_addresses_link_it_is_a_refusal() -> None:
    other = other_provider(NOAUTH)
    with service(provider(VICTIM), other, linking=Linking.VERIFIED_EMAIL) as scene:
        victim, mallory = scene.browser(), scene.browser()
        victim.login("victim", "generic")
        before = scene.account("victim")
        assert refusal(mallory.login("mallory", "other1", other)) is Reason.EMAIL_TAKEN
        assert mallory.session is None
        assert (scene.account("victim"), scene.accounts) == (before, 1)


@pytest.mark.parametrize("linking", [Linking.NEVER, Linking.VERIFIED_EMAIL])
def test_a83_a_person_of_another_tenant_is_never_the_one_whose_address_they_wrote(linking: Linking) -> None:
    """Mallory's tenant may sign in here, too, and her profile there has Ada's address."""
    entra = FakeEntra()
    secret = entra.state.clients[0].client_secret
    authority = microsoft(Client("client", secret), "common", tenants=(HOME, ELSEWHERE))
    providers = (attrs.evolve(authority, provider_id="generic"),)
    with Scene(entra, providers=providers, policy=policy(linking=linking)) as scene:
        scene.sent = lambda request: entra.answer(request, scene.clock())  # type: ignore[method-assign] # Graph, too
        ada, mallory = scene.browser(), scene.browser()
        assert ada.login("ada-here").status == 303
        mallory.login("mallory-here")
        assert mallory.session is None or account_id(mallory) != account_id(ada)
        assert ada.session is not None
        assert ada.session["subject"] == "ada-here"


NOT_TRUE: tuple[object, ...] = (False, "true", "True", 1, 1.0, None, ["true"], {})
NOT_VERIFIED: list[dict[str, object]] = [*({"email_verified": value} for value in NOT_TRUE), {}]


@pytest.mark.parametrize("said", NOT_VERIFIED, ids=repr)
def test_a84_an_address_is_verified_by_true_alone(said: dict[str, object]) -> None:
    mallory = person("mallory", email="boss@corp.example", **said)
    with service(provider(mallory), email_domains=("corp.example",)) as scene:
        browser = scene.browser()
        assert refusal(browser.login("mallory")) is Reason.EMAIL_NOT_VERIFIED
        assert (browser.session, scene.accounts) == (None, 0)


@pytest.mark.parametrize("said", NOT_VERIFIED, ids=repr)
def test_a84_an_address_that_is_not_verified_links_nobody(said: dict[str, object]) -> None:
    mallory = person("mallory", email="boss@corp.example", **said)
    with service(provider(mallory), linking=Linking.VERIFIED_EMAIL) as scene:
        known(scene, "boss", email="boss@corp.example", email_verified=True)
        browser = scene.browser()
        assert refusal(browser.login("mallory")) is Reason.EMAIL_TAKEN
        assert (scene.account("mallory"), scene.accounts) == (None, 1)


def test_a84_the_verification_of_another_document_counts_for_nothing() -> None:
    """The signed token verifies one address, and userinfo, which goes first, names another one."""
    op = provider(person("mallory", email="boss@corp.example"))
    op.change(
        lambda state: attrs.evolve(
            state,
            alterations=attrs.evolve(
                state.alterations,
                id_token_claims=lambda claims: {**claims, "email": "m@evil.example", "email_verified": True},
            ),
        )
    )
    with service(op, email_domains=("corp.example",)) as scene:
        assert refusal(scene.browser().login("mallory")) is Reason.EMAIL_NOT_VERIFIED


LOOK_ALIKES = (
    "a@evil.example@corp.example",
    "a@corp.example@evil.example",
    '"a@corp.example"@evil.example',
    "a@corp.example.evil.example",
    "a@evilcorp.example",
    "a@evil-corp.example",
    "a@sub.corp.example",
    "a@corp.example.",
    "a@.corp.example",
    "a@corp.example,b@evil.example",
    "b@evil.example,a@corp.example",
    "a@evil.example;a@corp.example",
    "a@corp.example b@evil.example",
    "a@corp.example\nb@evil.example",
    "a@corp.example\0.evil.example",
    "a@c\u043erp.example",
    "a@\u212aorp.example",
    "a@\uff43orp.example",
    "a@corp\u3002example",
    "a@xn--crp-tdd.example",
    "a@[corp.example]",
    "a@corp.example:25",
    "a@corp.example/",
    "a@corp.example?x",
    "a@corp",
    "a@example",
    "@corp.example",
    "corp.example",
    "a@",
    "a",
    " a@corp.example",
    "a@corp.example ",
    "a@ corp.example",
    "a%40corp.example",
    "mailto:a@evil.example?cc=a@corp.example",
    "<a@corp.example>",
)


def for_corp(address: object) -> Scene:
    mallory = person("mallory", email=address, email_verified=True)
    return service(provider(mallory), email_domains=("corp.example",))


@pytest.mark.parametrize("address", LOOK_ALIKES, ids=ascii)
def test_a85_an_address_that_looks_as_if_it_were_at_the_domain_is_not(address: str) -> None:
    with service(
        provider(person("mallory", email=address, email_verified=True)), email_domains=("corp.example",)
    ) as scene:
        browser = scene.browser()
        assert refusal(browser.login("mallory")) is Reason.EMAIL_DOMAIN_REFUSED, address
        assert (browser.session, scene.accounts) == (None, 0)


@pytest.mark.parametrize(
    "value", [["a@corp.example"], {"value": "a@corp.example"}, 1, True, "a" * 250 + "@corp.example"]
)
def test_a85_what_is_no_address_is_at_no_domain(value: object) -> None:
    with service(
        provider(person("mallory", email=value, email_verified=True)), email_domains=("corp.example",)
    ) as scene:
        assert refusal(scene.browser().login("mallory")) is Reason.EMAIL_DOMAIN_REFUSED
        assert scene.accounts == 0


@pytest.mark.parametrize("address", ["a@corp.example", "A@CORP.example", "a+b@Corp.Example"])
def test_a85_exactly_the_domain_in_any_case_of_letters_is(address: str) -> None:
    with service(
        provider(person("alice", email=address, email_verified=True)), email_domains=("corp.example",)
    ) as scene:
        assert scene.browser().login("alice").status == 303


OPS_BOSS = (("https://op.example", "boss"),)
OTHERS_BOSS = (("https://other.example", "boss"),)


@pytest.mark.parametrize(
    ("held", "identities"),
    [
        (ADMIN, ()),
        ("proxy_admin_viewer", ()),
        (ADMIN, OPS_BOSS),
        (USER, OPS_BOSS),
        (USER, OTHERS_BOSS),
        (NOBODY, (*OPS_BOSS, *OTHERS_BOSS)),
    ],
)
def test_a86_an_account_that_is_somebodys_or_an_administrators_is_taken_over_by_no_address(
    held: str, identities: tuple[tuple[str, str], ...]
) -> None:
    mallory = person("mallory", email="boss@corp.example", email_verified=True)
    with service(provider(mallory), linking=Linking.VERIFIED_EMAIL) as scene:
        boss = known(scene, "boss", email="boss@corp.example", email_verified=True, role=held, identities=identities)
        browser = scene.browser()
        assert refusal(browser.login("mallory")) is Reason.EMAIL_TAKEN
        assert browser.session is None
        assert (scene.account("mallory"), scene.accounts) == (None, 1)
        assert scene.account("boss") == (boss if OPS_BOSS[0] in identities else None)


def test_a86_of_several_accounts_with_the_address_none_is_taken() -> None:
    mallory = person("mallory", email="team@corp.example", email_verified=True)
    with service(provider(mallory), linking=Linking.VERIFIED_EMAIL) as scene:
        for account in ("one", "two"):
            known(scene, account, email="team@corp.example", email_verified=True)
        assert refusal(scene.browser().login("mallory")) is Reason.EMAIL_TAKEN


def test_a86_an_address_that_changes_to_an_administrators_changes_nothing() -> None:
    op = provider(person("mallory", email="m@evil.example", email_verified=True))
    with service(op, linking=Linking.VERIFIED_EMAIL) as scene:
        known(scene, "boss", email="boss@corp.example", email_verified=True, role=ADMIN)
        mallory = scene.browser()
        mallory.login("mallory")
        change(op, "mallory", email="boss@corp.example")
        assert mallory.login("mallory").status == 303
        account = scene.account("mallory")
        assert account is not None
        assert (account.email, account.role, account.account_id != "boss") == ("m@evil.example", NOBODY, True)


NAMES = ("preferred_username", "nickname", "login", "upn", "unique_name", "username")


@pytest.mark.parametrize("claim", NAMES)
def test_a88_a_recycled_name_leads_to_nobodys_account(claim: str) -> None:
    named = IdentityRules(names=AttributeNames(handle=(claim,)))
    op = provider(person("first", **{claim: "ada"}), person("second", **{claim: "ada"}))
    with service(op, rules=named) as scene:
        first, second = scene.browser(), scene.browser()
        first.login("first")
        assert second.login("second").status == 303
        assert account_id(first) != account_id(second)
        ours, theirs = scene.account("first"), scene.account("second")
        assert ours is not None
        assert theirs is not None
        assert (ours.handle, theirs.handle) == ("ada", None)


def test_a88_the_name_of_the_administrator_makes_no_administrator() -> None:
    named = IdentityRules(names=AttributeNames(handle=("preferred_username",)))
    op = provider(person("mallory", preferred_username="root", name="root", nickname="root", email="root"))
    with service(op, rules=named, admin_id="root") as scene:
        mallory = scene.browser()
        mallory.login("mallory")
        assert role(mallory) == NOBODY


# Roles


def at_once(browsers: list[tuple[Browser, str]]) -> list[int]:
    statuses: list[int] = []
    threads = [
        Thread(target=lambda browser=browser, name=name: statuses.append(browser.login(name).status))
        for browser, name in browsers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


@pytest.mark.parametrize("admin_id", [None, "p7"])
def test_a89_nobody_becomes_administrator_by_being_first(admin_id: str | None) -> None:
    people = tuple(person(f"p{number}") for number in range(12))
    with service(provider(*people), admin_id=admin_id) as scene:
        browsers = [(scene.browser(), each.subject) for each in people]
        assert at_once(browsers) == [303] * len(people)
        admins = [name for browser, name in browsers if role(browser) == ADMIN]
        assert admins == ([] if admin_id is None else [admin_id])


SHAPES: tuple[object, ...] = (
    {"admins": True},
    [["admins"]],
    [{"name": "admins"}],
    "ADMINS",
    "admins;users",
    "xadmins",
    ["admins\0"],
    ["\uff41dmins"],
    True,
    1,
    None,
)


@pytest.mark.parametrize("groups", SHAPES, ids=ascii)
def test_a90_a_claim_of_another_shape_gives_no_role(groups: object) -> None:
    with service(provider(person("mallory", groups=groups)), rules=BY_GROUPS) as scene:
        mallory = scene.browser()
        mallory.login("mallory")
        assert role(mallory) == NOBODY


@pytest.mark.parametrize("claim", ["roles", "app_roles", "user_role", "groups", "Role"])
def test_a90_a_claim_that_is_not_configured_gives_no_role(claim: str) -> None:
    with service(provider(person("mallory", **{claim: [ADMIN]}))) as scene:
        mallory = scene.browser()
        mallory.login("mallory")
        assert role(mallory) == NOBODY


def test_a90_roles_that_have_to_be_signed_come_from_userinfo_in_vain() -> None:
    signed = IdentityRules(role_claim_names=("roles",))
    with service(provider(person("mallory", roles=[ADMIN])), rules=signed) as scene:
        mallory = scene.browser()
        mallory.login("mallory")
        assert role(mallory) == NOBODY
    with service(provider(person("ada", roles=[ADMIN]), claims_in_id_token=True), rules=signed) as scene:
        ada = scene.browser()
        ada.login("ada")
        assert role(ada) == ADMIN


ELSEWHERE_GROUPS = {
    "_claim_names": {"groups": "s"},
    "_claim_sources": {"s": {"endpoint": "https://evil.example/groups"}},
}


@pytest.mark.parametrize("claims", [ELSEWHERE_GROUPS, {"hasgroups": True}, {**ELSEWHERE_GROUPS, "groups": ["users"]}])
def test_a90_groups_that_are_elsewhere_are_not_fetched_and_make_no_role_of_a_new_person(
    claims: dict[str, object],
) -> None:
    with service(provider(person("mallory", **claims)), rules=BY_GROUPS) as scene:
        browser = scene.browser()
        assert refusal(browser.login("mallory")) is Reason.GROUPS_INCOMPLETE
        assert (browser.session, scene.accounts) == (None, 0)
        assert not any("evil" in request.url for request in scene.op.state.requests)


def test_a90_a_list_of_groups_that_is_cut_gives_no_role_and_takes_none() -> None:
    beyond = ["x"] * 10_000 + ["admins"]
    op = provider(person("ada", groups=["users"]), person("eve", groups=beyond))
    with service(op, rules=BY_GROUPS) as scene:
        ada = scene.browser()
        ada.login("ada")
        change(op, "ada", groups=beyond)
        ada.login("ada")
        assert role(ada) == USER
        change(op, "ada", groups=["admins", *beyond])
        ada.login("ada")
        assert role(ada) == USER
        assert refusal(scene.browser().login("eve")) is Reason.GROUPS_INCOMPLETE


def test_a90_of_many_groups_each_counts() -> None:
    with service(provider(person("ada", groups=[*map(str, range(3_000)), "admins"])), rules=BY_GROUPS) as scene:
        ada = scene.browser()
        ada.login("ada")
        assert role(ada) == ADMIN


def test_a90_a_role_in_the_token_answer_is_nobodys_word() -> None:
    op = provider(person("mallory"))
    op.change(
        lambda state: attrs.evolve(
            state,
            alterations=attrs.evolve(
                state.alterations, token_response=lambda answer: {**answer, "role": ADMIN, "groups": ["admins"]}
            ),
        )
    )
    with service(op) as scene:
        mallory = scene.browser()
        mallory.login("mallory")
        assert role(mallory) == NOBODY


@pytest.mark.parametrize("groups", [*permutations(["admins", "users", "readers"])], ids=",".join)
def test_a91_the_order_of_groups_and_roles_changes_nothing(groups: tuple[str, ...]) -> None:
    roles = [{"admins": ADMIN, "users": USER, "readers": NOBODY}[group] for group in groups]
    with service(provider(person("ada", groups=list(groups))), rules=BY_GROUPS) as scene:
        ada = scene.browser()
        ada.login("ada")
        assert role(ada) == ADMIN
    with service(provider(person("ada", role=roles))) as scene:
        ada = scene.browser()
        ada.login("ada")
        assert role(ada) == ADMIN


@pytest.mark.parametrize("groups", [["users"], [], None])
def test_a92_a_role_that_the_provider_has_taken_away_is_gone_at_the_next_login(groups: list[str] | None) -> None:
    op = provider(person("ada", groups=["admins"]))
    with service(op, rules=BY_GROUPS) as scene:
        ada = scene.browser()
        ada.login("ada")
        assert role(ada) == ADMIN
        change(op, "ada", groups=groups)
        elsewhere = scene.browser()
        elsewhere.process = scene.second
        elsewhere.login("ada")
        expected = USER if groups else NOBODY
        assert role(elsewhere) == expected
        ada.login("ada")
        assert role(ada) == expected
        account = scene.account("ada")
        assert account is not None
        assert account.role == expected


def test_a92_and_in_a_session_elsewhere_soon_after() -> None:
    op = provider(person("ada", groups=["admins"]))
    with service(op, rules=BY_GROUPS) as scene:
        forgotten, ada = scene.browser(), scene.browser()
        forgotten.login("ada")
        assert role(forgotten) == ADMIN
        change(op, "ada", groups=["users"])
        ada.login("ada")
        scene.clock.now += scene.settings.account_check_interval + 1
        assert (role(ada), role(forgotten)) == (USER, USER)


def test_a92_a_team_that_the_provider_has_taken_away_is_gone_at_the_next_login() -> None:
    op = provider(person("ada", teams=["red", "blue"]))
    with service(op, rules=IdentityRules(team_claims=("teams",)), create_teams=True) as scene:
        ada = scene.browser()
        ada.login("ada")
        assert ada.session is not None
        assert ada.session["teams"] == ["blue", "red"]
        change(op, "ada", teams=["blue"])
        ada.login("ada")
        assert ada.session["teams"] == ["blue"]


def test_a93_a_disabled_account_lets_nobody_in_and_no_other_one_is_made() -> None:
    with service(provider(person("ada")), host=None) as scene:
        ada = scene.browser()
        ada.login("ada")
        account = scene.account("ada")
        assert account is not None
        shut = attrs.evolve(account, disabled=True)
        scene.directory.perform(WriteAccount((UpdateAccount(shut),), ()))
        again = scene.browser()
        assert refusal(again.login("ada")) is Reason.ACCOUNT_DISABLED
        assert (again.session, scene.accounts) == (None, 1)
        kept = scene.account("ada")
        assert kept is not None
        assert kept.disabled


@pytest.mark.parametrize("process", ["first", "second"])
def test_a93_and_the_session_of_a_shut_account_ends_while_its_person_is_away_from_the_provider(process: str) -> None:
    with service(provider(person("ada"), person("bob"))) as scene:
        ada, bob = scene.browser(), scene.browser()
        ada.login("ada")
        bob.login("bob")
        account = scene.account("ada")
        assert account is not None
        scene.directory.perform(WriteAccount((UpdateAccount(attrs.evolve(account, disabled=True)),), ()))
        scene.clock.now += scene.settings.account_check_interval + 1
        ada.process = bob.process = getattr(scene, process)
        assert (ada.session, bob.person) == (None, "bob")


def test_a93_where_new_people_are_not_welcome_a_deleted_one_is_refused() -> None:
    with service(provider(person("ada")), new_accounts=NewAccounts(allowed=False)) as scene:
        known(scene, "bob", identities=(("https://op.example", "bob"),))
        browser = scene.browser()
        assert refusal(browser.login("ada")) is Reason.NO_ACCOUNT
        assert (browser.session, scene.accounts) == (None, 1)


# Restrictions

COMPLETE = {
    "GENERIC_CLIENT_ID": "client",
    "GENERIC_CLIENT_SECRET": "secret",
    "GENERIC_ISSUER": "https://op.example",
    "PROXY_BASE_URL": "https://app.example",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_EMAIL_DOMAINS", ""),
        ("ALLOWED_EMAIL_DOMAINS", " "),
        ("ALLOWED_EMAIL_DOMAINS", ","),
        ("ALLOWED_EMAIL_DOMAIN", "corp.example"),
        ("ALLOWED_DOMAINS", "corp.example"),
        ("SSO_ALLOWED_EMAIL_DOMAINS", "corp.example"),
        ("SSO_RESTRICTED_GROUP", ""),
        ("SSO_RESTRICTED_GROUPS", "admins"),
        ("SSO_ALLOWED_GROUPS", "admins"),
        ("SSO_ACCESS_MODE", "admin"),
        ("SSO_ADMIN_ONLY", "true"),
        ("SSO_SEATS", "0"),
        ("SSO_SEATS", "many"),
        ("SSO_MAX_SEATS", "5"),
        ("SSO_LINKING", "verified"),
        ("SSO_TEAM_SYNC", "remove"),
    ],
)
def test_a95_a_restriction_that_nobody_can_read_keeps_the_service_from_starting(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        service_from_environment({**COMPLETE, name: value}, default_base_url="https://app.example")
    assert name in str(caught.value)
    assert "admins" not in str(caught.value).replace(name, "")


@pytest.mark.parametrize("rules", [{"email_domains": ()}, {"restricted_group": ""}, {"seats": 0}, {"admin_id": ""}])
def test_a95_an_empty_restriction_is_no_policy(rules: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="nobody"):
        policy(**rules)


@pytest.mark.parametrize("domains", [("",), (" ",), ("", " ")])
def test_a95_a_list_of_nothing_lets_nobody_in(domains: tuple[str, ...]) -> None:
    people: tuple[Person, ...] = (person("ada", email="ada@corp.example", email_verified=True), person("eve"))
    with service(provider(*people), email_domains=domains) as scene:
        for each in people:
            assert refusal(scene.browser().login(each.subject)) is Reason.EMAIL_DOMAIN_REFUSED
