"""What the demo sets: the variables that an operator of `sso-core serve` would, against the demo's provider."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sso_adapters.demo.provider import CLIENT_ID
from sso_core.secret import Secret
from sso_core.settings.environment import service_from_environment
from sso_core.settings.service import ServiceSettings

VARIABLES: Mapping[str, str] = {
    "GENERIC_CLIENT_ID": CLIENT_ID,
    "ALLOWED_EMAIL_DOMAINS": "example.com",
    "GENERIC_ROLE_MAPPINGS_GROUP_CLAIM": "groups",
    "GENERIC_ROLE_MAPPINGS_ROLES": json.dumps({"proxy_admin": ["admins"], "internal_user": ["staff"]}),
    "GENERIC_TEAM_IDS_ATTRIBUTE": "teams",
    "SSO_CREATE_TEAMS": "true",
    "SSO_DEBUG_PAGE": "true",
}
"""Beside the addresses and the secret, which are made anew each time."""


def demo_settings(*, address: str, issuer: str, client_secret: Secret, data_dir: str) -> ServiceSettings:
    """Return the settings of the demo's service at `address`."""
    environ = {
        **VARIABLES,
        "GENERIC_ISSUER": issuer,
        "GENERIC_CLIENT_SECRET": client_secret.reveal(),
        "PROXY_BASE_URL": address,
        "SSO_DATA_DIR": data_dir,
    }
    return service_from_environment(environ, default_base_url=address)
