from __future__ import annotations

from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.secret import Secret
from sso_core.settings.origin import Origin
from sso_core.settings.service import ServiceSettings
from sso_core.settings.sign_in import SignInSettings

SIGN_IN = SignInSettings(
    Origin("https://app.example"), (OpenIdProvider("https://idp.example", Client("client", Secret("canary"))),)
)


def test_a_service_built_in_code_keeps_what_it_has_in_the_data_folder() -> None:
    service = ServiceSettings(SIGN_IN)
    assert (service.database_url, service.redis_url, service.data_dir) == (None, None, "sso-data")


def test_no_secret_shows_in_a_text() -> None:
    service = ServiceSettings(SIGN_IN, database_url=Secret("canary"), redis_url=Secret("canary"))
    assert "canary" not in repr(service)
