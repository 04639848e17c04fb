"""Google as a pure provider: an organisation's person, a private one, and one whose address is not verified."""

from __future__ import annotations

import attrs

from sso_core.testing.provider_state import CALLBACK, Person, ProviderState, example_provider

GOOGLE = "https://accounts.google.com"
WORKSPACE = "example.org"

GRETA = Person(
    "110000000000000000001",
    (("name", "Greta Example"), ("email", "greta@example.org"), ("email_verified", True), ("hd", WORKSPACE)),
)
GARY = Person(
    "110000000000000000002",
    (("name", "Gary Private"), ("email", "gary@gmail.example"), ("email_verified", True)),
)
"""A private account: it has no `hd`."""
GINA = Person(
    "110000000000000000003",
    (("name", "Gina Unverified"), ("email", "gina@example.org"), ("email_verified", False), ("hd", WORKSPACE)),
)


def google_provider(issuer: str = GOOGLE, *, redirect_uri: str = CALLBACK) -> ProviderState:
    """Return Google with one client, `client`. It puts the profile into the ID token and no `iss` into its answers."""
    state = example_provider(issuer, redirect_uri=redirect_uri)
    return attrs.evolve(state, people=(GRETA, GARY, GINA), response_issuer=False, claims_in_id_token=True)
