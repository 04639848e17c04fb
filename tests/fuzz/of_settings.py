"""What operators write: an environment, which may hold any bytes, and a TOML file."""

from __future__ import annotations

import os

from fuzz.promise import CANARY, Target, hides, promise
from sso_core.settings.environment import service_from_environment, settings_from_environment
from sso_core.settings.readiness import readiness
from sso_core.settings.reading import SettingsError
from sso_core.settings.toml import referred_files, service_from_toml
from sso_core.settings.variables import VARIABLES

BASE = "http://127.0.0.1:4000"
SECRETS = frozenset(variable.name for variable in VARIABLES if variable.secret)
KEY = b"A" * 43

ENVIRONMENTS = (
    b"GENERIC_CLIENT_ID=client\0GENERIC_CLIENT_SECRET=" + CANARY.encode() + b"\0GENERIC_ISSUER=https://op.example\0"
    b"PROXY_BASE_URL=https://app.example\0ALLOWED_EMAIL_DOMAINS=example.com,example.org\0"
    b"GENERIC_ROLE_MAPPINGS_ROLES={'proxy_admin': ['admins']}\0GENERIC_ROLE_MAPPINGS_GROUP_CLAIM=groups\0"
    b"GENERIC_SSO_HEADERS=X-Tenant=acme\0SSO_SESSION_KEYS=" + KEY + b"\0SSO_LEEWAY=10\0SSO_LOGIN_TTL=300",
    b"GOOGLE_CLIENT_ID=a\0GOOGLE_CLIENT_SECRET=" + CANARY.encode() + b"\0GOOGLE_ALLOWED_HOSTED_DOMAINS=example.com",
    b"MICROSOFT_CLIENT_ID=a\0MICROSOFT_CLIENT_SECRET=" + CANARY.encode() + b"\0MICROSOFT_TENANT="
    b"11111111-1111-1111-1111-111111111111\0SSO_REFERENCE_TOKEN_SECRET=" + CANARY.encode() * 3,
    b"GENERIC_CLIENT_ID=a\0GENERIC_CLIENT_SECRET=b\0GENERIC_AUTHORIZATION_ENDPOINT=https://op.example/a\0"
    b"GENERIC_TOKEN_ENDPOINT=https://op.example/t\0GENERIC_USERINFO_ENDPOINT=https://op.example/u\0"
    b"DATABASE_URL=postgresql://u:" + CANARY.encode() + b"@db/x\0REDIS_URL=redis://:" + CANARY.encode() + b"@r\0"
    b"SSO_INSTANCES=2\0SSO_HEADER_PROXIES=10.0.0.0/24\0SSO_PASSWORD_SIGN_IN=true",
)
TOML = f"""
[[provider]]
kind = "generic"
id = "corp"
issuer = "https://idp.example"
client_id = "id"
client_secret = {{ env = "SECRET" }}
headers = {{ X-Tenant = "acme" }}

[[provider]]
kind = "google"
client_id = "id"
client_secret = "{CANARY}"

[service]
base_url = "https://app.example"
database_url = {{ file = "/run/db" }}
leeway = 10

[access]
email_domains = ["example.com"]
seats = 9

[accounts.defaults]
max_budget = 1.5

[roles]
ranked = ["root", "reader"]
admins = ["root"]
default = "reader"
""".encode()


def environ_of(data: bytes) -> dict[str, str]:
    """Return the variables as Python would: names and values as they are, what is no UTF-8 escaped."""
    pairs = (os.fsdecode(item).partition("=") for item in data.split(b"\0"))
    return {name: value for name, equals, value in pairs if equals}


def _environment(data: bytes) -> object:
    environ = environ_of(data)
    service = service_from_environment(environ, default_base_url=BASE)
    promise(settings_from_environment(environ, default_base_url=BASE) == service.sign_in, "the two readers differ")
    for name in SECRETS & environ.keys():
        hides(service, environ[name].strip(), data)
    promise(bool(service.sign_in.providers or service.sign_in.password_sign_in or service.sign_in.header_proxies),
            "nobody can sign in, and nobody says so")  # fmt: skip
    return repr(service)


def _readiness(data: bytes) -> object:
    return readiness(environ_of(data)).body


def _toml(data: bytes) -> object:
    text = data.decode("utf-8", "replace")  # whoever reads the file refuses what is no UTF-8
    files = dict.fromkeys(referred_files(text), "sqlite://")
    return repr(service_from_toml(text, {"SECRET": CANARY}, default_base_url=BASE, files=files))


_NAMES = tuple(f"\0{variable.name}=".encode() for variable in VARIABLES)
_KEYS = tuple(f"\n{variable.member} = ".encode() for variable in VARIABLES if variable.key)

TARGETS = (
    Target(
        name="environment",
        parse=_environment,
        covers=(service_from_environment, settings_from_environment),
        seeds=ENVIRONMENTS,
        fails=(SettingsError,),
        longest=1 << 18,  # every problem there is, and nobody but the operator makes them
        words=(*_NAMES, b"true", b"false", b"none", b"\0"),
        most=1 << 15,
    ),
    Target(name="readiness", parse=_readiness, covers=(readiness,), seeds=ENVIRONMENTS, words=_NAMES, most=1 << 15),
    Target(
        name="toml",
        parse=_toml,
        covers=(service_from_toml, referred_files),
        seeds=(TOML, b'[[provider]]\nkind = "microsoft"\nclient_id = "a"\nclient_secret = "b"\ntenant = "common"\n'),
        fails=(SettingsError,),
        longest=1 << 18,  # every problem there is, and nobody but the operator makes them
        words=(
            *_KEYS,
            b"[[",
            b"]]",
            b"'''",
            b'"""',
            b"{",
            b"1979-05-27T07:32:00Z",
            b"inf",
            b"nan",
            b"0x",
            b"\n[a",
            b".a",
        ),
        most=1 << 15,
    ),
)
