from __future__ import annotations

from typing import Any

import pytest

from sso_core.identity.ladder import RoleLadder
from sso_core.providers.kinds import OpenIdProvider
from sso_core.settings.environment import service_from_environment
from sso_core.settings.reading import SettingsError
from sso_core.settings.service import ServiceSettings
from sso_core.settings.toml import TABLES, TOML_DEPTH, TOML_LIMIT, referred_files, service_from_toml
from sso_core.settings.variables import PROVIDER_KINDS, VARIABLES

BASE = "http://127.0.0.1:4000"
TENANTS = [digit * 8 + f"-{digit * 4}" * 3 + "-" + digit * 12 for digit in "12"]
ENVIRON = {"SECRET": "secret-canary"}
PROVIDER = """
[[provider]]
issuer = "https://idp.example"
client_id = "id"
client_secret = { env = "SECRET" }
"""


def read(text: str, environ: dict[str, str] | None = None, **more: Any) -> ServiceSettings:
    return service_from_toml(text, ENVIRON if environ is None else environ, default_base_url=BASE, **more)


def problems(text: str, environ: dict[str, str] | None = None, **more: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(text, environ, **more)
    assert "canary" not in str(caught.value)
    return [f"{problem.variable} {problem.what}" for problem in caught.value.problems]


WHOLE = """
[service]
base_url = "https://app.example"
database_url = { file = "/run/db" }
leeway = 10

[cli]
enabled = false

[access]
email_domains = ["Example.com"]
group_claim = "groups"
seats = 9

[accounts.defaults]
models = ["m"]
max_budget = 1.5

[roles]
ranked = ["root", "reader"]
admins = ["root"]
default = "reader"
unranked = ["guest"]
budgeted = "reader"

[[provider]]
kind = "microsoft"
client_id = "a"
client_secret = { env = "SECRET" }
tenant = "11111111-1111-1111-1111-111111111111"

[[provider]]
id = "corp"
label = "Corp"
issuer = "https://idp.example"
client_id = "b"
client_secret = { file = "/run/corp" }
headers = { X-Key = { env = "SECRET" }, X-Other = "1" }
role_mappings = { root = ["admins"] }
role_mappings_group_claim = "groups"
"""


def test_a_file_becomes_one_value() -> None:
    files = {"/run/db": "postgresql://canary@db\n", "/run/corp": "canary\n"}
    assert referred_files(WHOLE) == ("/run/db", "/run/corp")
    service = read(WHOLE, files=files)
    sign_in = service.sign_in
    entra, corp = sign_in.providers
    assert isinstance(corp, OpenIdProvider)
    assert [entra.provider_id, corp.provider_id, corp.label] == ["microsoft", "corp", "Corp"]
    assert sign_in.redirect_uri(corp) == "https://app.example/sso/callback/corp"
    assert corp.client.secret is not None
    assert corp.client.secret.reveal() == "canary"
    assert corp.extra_headers == (("x-key", "secret-canary"), ("x-other", "1"))
    assert corp.rules.role_map is not None
    assert corp.rules.role_map.roles == (("root", ("admins",)),)
    assert corp.rules.team_claims == ("groups",)
    assert sign_in.policy.ladder == RoleLadder(("root", "reader"), ("root",), "reader", ("guest",), "reader")
    assert (sign_in.policy.email_domains, sign_in.policy.seats) == (("example.com",), 9)
    assert (sign_in.policy.new_accounts.models, sign_in.policy.new_accounts.max_budget) == (("m",), 1.5)
    assert (sign_in.leeway, sign_in.cli_enabled) == (10, False)
    assert service.database_url is not None
    assert service.database_url.reveal() == "postgresql://canary@db"
    assert [note.variable for note in service.notes] == ["provider[2].headers"]
    assert "canary" not in repr(service)


def test_a_file_says_what_an_environment_says() -> None:
    environ = {
        "GENERIC_CLIENT_ID": "id",
        "GENERIC_CLIENT_SECRET": "secret-canary",
        "GENERIC_ISSUER": "https://idp.example",
    }
    assert read(PROVIDER) == service_from_environment(environ, default_base_url=BASE)


def test_a_secret_that_stands_in_the_file_is_noted() -> None:
    service = read(PROVIDER.replace('{ env = "SECRET" }', '"canary"'))
    assert list(map(str, service.notes)) == [
        'provider[1].client_secret stands in the file as it is (better { env = "NAME" })'
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("canary = ", ["the file is no TOML"]),
        ("a = " + "[" * 5000, ["the file is no TOML"]),
        ("a = " + "9" * 5000, ["the file is no TOML"]),
        (PROVIDER + "headers" + ".canary" * 1000 + " = 1", [f"the file is nested deeper than {TOML_DEPTH} tables"]),
        ("#" * (TOML_LIMIT + 1), [f"the file is longer than {TOML_LIMIT} characters"]),
        ("", ["provider is missing"]),
        ("provider = 5", ["provider is no list of tables"]),
        ("provider = [5]", ["provider is no list of tables"]),
        ("[[provider]]\nkind = 'canary'", ["provider[1].kind is not known"]),
        ("[[provider]]\nkind = ['canary']", ["provider[1].kind is not known"]),
        (PROVIDER + "id = 'Canary'", ["provider[1].id is no id"]),
        (PROVIDER + "id = 5", ["provider[1].id is no id"]),
        (PROVIDER + PROVIDER, ["provider[2].id stands twice"]),
        (PROVIDER + PROVIDER.replace('"id"', '"x"') + "id = 'x'", ["provider[2] shares the issuer of provider[1]"]),
        (PROVIDER + "isuer = 'canary'", ["provider[1].isuer is not known"]),
        (PROVIDER + "use_pkce = false", ["provider[1].use_pkce is not known"]),
        (PROVIDER + '"the canary" = 1', ["provider[1].… is not known"]),
        (
            PROVIDER + "authorization_endpoint = 'x'",
            ["provider[1].authorization_endpoint contradicts provider[1].issuer"],
        ),
        (
            "[[provider]]\nclient_id = 5\nissuer = 'https://idp.example'\n",
            ["provider[1].client_id is not a text", "provider[1].client_secret is missing"],
        ),
        (PROVIDER + "[servce]\ndata_dir = 'canary'", ["servce is not known"]),
        (PROVIDER + "[generic]\nissuer = 'canary'", ["generic is not known"]),
        (
            PROVIDER.replace("SECRET", "CANARY"),
            ["provider[1].client_secret refers to a variable that is not set, or that is empty"],
        ),
        ("service = 5\n" + PROVIDER, ["service is no table"]),
        ("roles = 5\n" + PROVIDER, ["roles is no table"]),
        (PROVIDER + "[access]\nemail_domain = ['canary']", ["access.email_domain is not known"]),
        (PROVIDER + "[access]\nemail_domains = []", ["access.email_domains is an empty list"]),
        (PROVIDER + "[access]\nemail_domains = ''", ["access.email_domains is set and empty"]),
        (PROVIDER + "[access]\nnew_accounts = ''", ["access.new_accounts is set and empty"]),
        (PROVIDER + "[access]\nseats = 1979-05-27", ["access.seats is not a number above 0"]),
        (
            PROVIDER + "[access]\nseats = { env = 'CANARY' }",
            ["access.seats refers to a variable that is not set, or that is empty"],
        ),
        (
            PROVIDER + "[service]\nredis_url = { file = '/canary' }",
            ["service.redis_url refers to a file that cannot be read, or that is empty"],
        ),
        (PROVIDER + "[accounts.defaults]\nmodles = ['canary']", ["accounts.defaults.modles is not known"]),
        (
            PROVIDER + "[roles]\nranked = ['a']\nname = 'canary'",
            ["roles.name is not known", "roles.admins is missing", "roles.default is missing"],
        ),
        (
            PROVIDER + "[roles]\nranked = ['a']\nadmins = ['canary']\ndefault = 'a'",
            ["roles do not hold together: the ladder needs an admin role, and all roles that are named on it"],
        ),
    ],
)
def test_everything_that_is_wrong_is_said_by_its_place(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


def test_a_place_in_the_text_is_hinted_at() -> None:
    with pytest.raises(SettingsError) as caught:
        read("a = 1\na = canary")
    assert caught.value.problems[0].hint == "line 2, column 5"
    with pytest.raises(SettingsError) as caught:
        referred_files("[[provider]]\na = [1,")
    assert caught.value.problems[0].hint


def test_the_nearest_name_is_hinted_at() -> None:
    with pytest.raises(SettingsError) as caught:
        read(PROVIDER + "isuer = 'x'\nqqq = 1")
    assert [problem.hint.partition(",")[0] for problem in caught.value.problems] == [
        *("do you mean issuer?", "one of access_token_audience"),
    ]


def test_restrictions_that_only_the_environment_holds_keep_the_service_from_starting() -> None:
    environ = ENVIRON | {"ALLOWED_EMAIL_DOMAINS": "canary.example"}
    assert problems(PROVIDER, environ) == ["ALLOWED_EMAIL_DOMAINS is not looked at beside a file"]
    assert read(PROVIDER + "[access]\nemail_domains = ['example.com']", environ).sign_in.policy.email_domains == (
        *("example.com",),
    )
    assert read(PROVIDER, ENVIRON | {"ALLOWED_EMAIL_DOMAINS": " "}) == read(PROVIDER)


GOOGLE = """
[[provider]]
kind = "google"
client_id = "id"
client_secret = { env = "SECRET" }
"""


def test_those_of_a_provider_have_to_stand_in_an_entry_of_its_kind() -> None:
    environ = ENVIRON | {"GOOGLE_HOSTED_DOMAINS": "canary.example"}
    for text in (PROVIDER, GOOGLE, GOOGLE + PROVIDER + "hosted_domains = ['example.com']"):
        assert "GOOGLE_HOSTED_DOMAINS is not looked at beside a file" in problems(text, environ)
    assert read(GOOGLE + "hosted_domains = { env = 'GOOGLE_HOSTED_DOMAINS' }", environ).sign_in.providers
    environ = ENVIRON | {"GENERIC_VERIFIED_EMAIL_REQUIRED": "true"}
    assert problems(PROVIDER, environ) == ["GENERIC_VERIFIED_EMAIL_REQUIRED is not looked at beside a file"]
    assert read(PROVIDER.replace('kind = "generic"', "") + "verified_email_required = true", environ).sign_in.providers


def test_the_number_of_workers_counts_beside_a_file() -> None:
    text = PROVIDER + "[service]\ndatabase_url = { env = 'DB' }"
    environ = ENVIRON | {"WEB_CONCURRENCY": "2", "DB": "sqlite://"}
    assert problems(text, environ) == ["service.database_url is not shared by service.workers"]


def test_where_the_host_vouches_for_people_no_provider_is_needed() -> None:
    assert read("[service]\npassword_sign_in = true").sign_in.providers == ()


def test_two_entries_of_one_authority_are_parted_by_their_tenants() -> None:
    entry = """
    [[provider]]
    kind = "microsoft"
    id = "{0}"
    client_id = "{0}"
    client_secret = {{ env = "SECRET" }}
    tenant = "organizations"
    tenants = ["{1}"]
    """
    one, other = (entry.format(name, tenant) for name, tenant in zip("ab", TENANTS, strict=True))
    assert len(read(one + other).sign_in.providers) == 2
    assert problems(one + other.replace(TENANTS[1], TENANTS[0])) == ["provider[2] shares the issuer of provider[1]"]


def test_each_setting_has_a_place_but_those_that_do_nothing_any_more() -> None:
    members = [variable for table in TABLES.values() for variable in table.values()]
    assert [variable.name for variable in VARIABLES if variable not in members] == [
        *("GENERIC_CLIENT_USE_PKCE", "PKCE_STRICT_CACHE_MISS", "GENERIC_CLIENT_STATE"),
    ]
    assert set(PROVIDER_KINDS) < set(TABLES)


def test_a_file_that_is_nested_too_deeply_refers_to_nothing() -> None:
    with pytest.raises(SettingsError, match="nested deeper"):
        referred_files("a" + ".a" * 3000 + " = 1")
