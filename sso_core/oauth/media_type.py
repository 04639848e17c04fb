"""What an answer says that it is (RFC 9110 8.3)."""

from __future__ import annotations

from sso_core.events import HttpResponse
from sso_core.failures import Reason, refuse
from sso_core.oauth.provider_text import quote_provider
from sso_core.secret import Secret

JSON = "application/json"


def media_type(response: HttpResponse) -> str:
    """Return the media type in lower case and without parameters; empty where the answer names none."""
    return response.header("content-type").partition(";")[0].strip().lower()


def check_json(response: HttpResponse, reason: Reason, what: str, *secrets: Secret) -> None:
    """Refuse what says that it is something else than JSON, whatever it holds.

    A page of an intermediary with status 200, or a file that somebody uploaded to the provider's address, is not the
    provider's word. An answer without a type is judged by what it holds. `secrets` are masked in what is quoted.
    """
    said = media_type(response)
    if said and said != JSON and not said.endswith("+json"):
        quoted = quote_provider(response.header("content-type").partition(";")[0].strip(), *secrets)
        refuse(reason, f"{what} is {quoted}, not JSON")
