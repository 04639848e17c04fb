"""The three providers, each a context manager: fetched if need be, started, yielded, ended.

Three code bases in two languages: `oidc-provider` (node, certified) with every kind of client, Canaille (Authlib,
Flask) and Django OAuth Toolkit (oauthlib) for what they do otherwise. They answer on `localhost`, so that a relying
party on `127.0.0.1` shares no cookies with them: cookies do not know ports (RFC 6265 8.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

from parts.person import PASSWORD, Habits
from parts.process import running
from parts.real_provider import RealClient, RealProvider, post_logout_redirect_uris
from parts.workshop import node_project, python_environment

_HERE = Path(__file__).parent
_SECRET = "a-secret-that-only-the-tests-know"
"""Reads the same whether or not it is form-encoded for HTTP Basic (RFC 6749 2.3.1): not everybody decodes it."""

BACKCHANNEL_LOGOUT = "http://127.0.0.1:4804/sso/logout/backchannel"
"""Where a service listens that is told who signed out."""

OIDC_PROVIDER_HABITS = Habits(agree=("answer", "accept"), refuse=("answer", "refuse"))
PEOPLE = ("alice", "bob", "carol")
"""Who may sign in where not everybody may."""


@contextmanager
def oidc_provider(redirect_uris: tuple[str, ...], path: str = "") -> Iterator[RealProvider]:
    """Run npm's `oidc-provider`, whose issuer ends with `path`. Any name may sign in and is the subject.

    Claims beyond `sub` come from userinfo only; `iss` comes with each response; keys can be rotated.
    """
    clients = {
        "basic": RealClient("rp-basic", _SECRET),
        "odd": RealClient("rp:odd id", "p%ss+w:rd /&=?"),
        "post": RealClient("rp-post", _SECRET, auth_method="client_secret_post"),
        "public": RealClient("rp-public", None, auth_method="none"),
        "form_post": RealClient("rp-form-post", _SECRET, response_mode="form_post"),
        "signed_userinfo": RealClient("rp-signed-userinfo", _SECRET, userinfo_alg="RS256"),
        "ps256": RealClient("rp-ps256", _SECRET, id_token_alg="PS256"),
        "es256": RealClient("rp-es256", _SECRET, id_token_alg="ES256"),
        "eddsa": RealClient("rp-eddsa", _SECRET, id_token_alg="EdDSA"),
        "logout_of_person": RealClient("rp-logout-person", _SECRET, backchannel_logout_uri=BACKCHANNEL_LOGOUT),
        "logout_of_session": RealClient(
            "rp-logout-session",
            _SECRET,
            backchannel_logout_uri=BACKCHANNEL_LOGOUT,
            backchannel_logout_session_required=True,
        ),
    }
    command, part = oidc_provider_command(redirect_uris, clients)
    with running(command, {**part, "path": path}) as issuer:
        yield RealProvider(
            name="oidc-provider",
            issuer=issuer,
            redirect_uris=redirect_uris,
            clients=clients,
            people=None,
            habits=OIDC_PROVIDER_HABITS,
            rotation_url=f"{issuer.removesuffix(path)}/__rotate",
        )


def oidc_provider_command(
    redirect_uris: tuple[str, ...], clients: Mapping[str, RealClient]
) -> tuple[tuple[str, ...], Mapping[str, object]]:
    """Return how `oidc-provider` is started, and what it is told then; it may be told `origin` and `port` besides."""
    node, project = node_project("oidc-provider", _HERE / "oidc_provider")
    return (str(node), str(project / "provider.mjs")), {**_part(redirect_uris, clients), "path": ""}


@contextmanager
def canaille(redirect_uris: tuple[str, ...]) -> Iterator[RealProvider]:
    """Run Canaille. A person's name is the subject."""
    clients = {
        "basic": RealClient("rp-basic", _SECRET),
        "post": RealClient("rp-post", _SECRET, auth_method="client_secret_post"),
        "public": RealClient("rp-public", None, auth_method="none"),
        "eddsa": RealClient("rp-eddsa", _SECRET, id_token_alg="EdDSA"),
    }
    with _python_part("canaille", "canaille_app", redirect_uris, clients) as issuer:
        yield RealProvider(
            name="canaille",
            issuer=issuer,
            redirect_uris=redirect_uris,
            clients=clients,
            people=PEOPLE,
            habits=Habits(agree=("answer", "accept"), refuse=("answer", "deny")),
        )


@contextmanager
def django_oauth_toolkit(redirect_uris: tuple[str, ...]) -> Iterator[RealProvider]:
    """Run Django OAuth Toolkit. Subjects are numbers: "1" for the first of `PEOPLE`."""
    clients = {
        "basic": RealClient("rp-basic", _SECRET),
        "post": RealClient("rp-post", _SECRET, auth_method="client_secret_post"),
        "public": RealClient("rp-public", None, auth_method="none"),
    }
    with _python_part("dot", "dot_app", redirect_uris, clients) as issuer:
        yield RealProvider(
            name="django-oauth-toolkit",
            issuer=issuer,
            redirect_uris=redirect_uris,
            clients=clients,
            people=PEOPLE,
            habits=Habits(agree=("allow", "Authorize"), refuse=("", "Cancel")),
        )


@contextmanager
def _python_part(
    name: str, module: str, redirect_uris: tuple[str, ...], clients: Mapping[str, RealClient]
) -> Iterator[str]:
    python = python_environment(name, _HERE / f"{name}.txt")
    # The scripts are found as the tests find them; nothing of the tests' own environment comes along.
    env = {"PYTHONPATH": str(_HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    with running([str(python), "-m", f"parts.{module}"], _part(redirect_uris, clients), env) as issuer:
        yield issuer


def _part(redirect_uris: tuple[str, ...], clients: Mapping[str, RealClient]) -> dict[str, object]:
    return {
        "redirect_uris": redirect_uris,
        "post_logout_redirect_uris": post_logout_redirect_uris(redirect_uris),
        "clients": [attrs.asdict(client) for client in clients.values()],
        "people": PEOPLE,
        "password": PASSWORD,
    }
