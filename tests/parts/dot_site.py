"""What Django loads of the provider once its settings stand: addresses, claims, people and clients."""
# mypy: disable-error-code="import-not-found, misc"
# pyright: reportMissingImports=false
# The provider's packages are in an environment of its own, out of the type checkers' sight.

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.views import LoginView
from django.core.management import call_command
from django.urls import include, path
from oauth2_provider.models import Application
from oauth2_provider.oauth2_validators import OAuth2Validator

from parts.lifeline import Client, Part

urlpatterns: list[Any] = [
    path("login/", LoginView.as_view()),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


class ClaimsValidator(OAuth2Validator):
    """Tells a person's name, address and groups to whoever asked for the scope."""

    oidc_claim_scope: ClassVar[dict[str, str]] = {**OAuth2Validator.oidc_claim_scope, "groups": "groups"}

    def get_additional_claims(self) -> dict[str, Any]:
        """Return each claim's way from a request; without a request in the signature the metadata can list them."""
        return {
            "name": lambda request: request.user.get_full_name(),
            "preferred_username": lambda request: request.user.get_username(),
            "email": lambda request: request.user.email,
            "email_verified": lambda request: True,
            "groups": lambda request: ["staff"],
        }


def fill_database(part: Part) -> None:
    """Make the tables and register everyone and everything."""
    call_command("migrate", verbosity=0, interactive=False)
    for name in part["people"]:
        get_user_model().objects.create_user(
            name, f"{name}@example.test", part["password"], first_name=name.title(), last_name="Example"
        )
    for client in part["clients"]:
        _register(client, part)


def _register(client: Client, part: Part) -> None:
    application = Application(
        client_id=client["client_id"],
        client_secret=client["client_secret"] or "",
        client_type=Application.CLIENT_PUBLIC if client["auth_method"] == "none" else Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(part["redirect_uris"]),
        post_logout_redirect_uris=" ".join(part["post_logout_redirect_uris"]),
        name=client["client_id"],
        algorithm=client["id_token_alg"],
    )
    application.full_clean()
    application.save()
