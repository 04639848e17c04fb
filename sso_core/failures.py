"""Why a login was refused: every reason once, with its code, its family, its status and its sentence.

Three fates are never mixed. A *refusal* (the browser, the person or the provider did what the protocol forbids
or declines) is a value, `Failure`, in an ending. *Unreachable* is an event. *Misuse* (a bug of whoever calls
the core) raises `MisuseError`.
"""

from __future__ import annotations

from enum import Enum, unique
from math import ceil
from typing import NamedTuple, NoReturn

import attrs


class Family(Enum):
    """What a caller can do about a refusal; match on this rather than on single reasons."""

    DECLINED = "declined"
    EXPIRED = "expired"
    NOT_YOURS = "not_yours"
    PROVIDER_MISBEHAVED = "provider_misbehaved"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    NOT_ALLOWED = "not_allowed"
    MISCONFIGURED = "misconfigured"
    UNAVAILABLE = "unavailable"


class Row(NamedTuple):
    """What is known of a reason: its stable code, HTTP status, family, and a sentence safe to show to anybody.

    The code keeps two rows apart that are otherwise equal: they would be one member of the enum.
    """

    code: str
    status: int
    family: Family
    sentence: str
    resumable: bool = False


_DAMAGED = "The answer from the sign-in provider arrived damaged. Please start again."
_NOT_HERE = "This sign-in was not started in this browser. Please start again here."
_TOO_LATE = "This sign-in took too long or was already used. Please start again."
_LOST = "This sign-in can no longer be finished. Please start again."
_DECLINED = "The sign-in was declined at the provider. You can start again whenever you like."
_PROVIDER_SAID_NO = "The sign-in provider did not sign you in. Please start again."
_MISBEHAVED = (
    "The sign-in provider gave an answer that cannot be trusted. Please start again, and tell "
    "your administrator if it happens twice."
)
_UNREACHABLE = "The sign-in provider cannot be reached right now. Please try again in a moment."
_START_OVER = "The sign-in could not be completed right now. Please start again in a moment."
_MISCONFIGURED = "Sign-in is not set up correctly here. Please tell your administrator."
_CLOCK = (
    "The sign-in provider's clock and ours disagree. Please start again, and tell your "
    "administrator if it happens twice."
)
_OURS_DOWN = "Sign-in is not available right now. Please try again in a moment."
_SIGN_IN = "You are not signed in."
_CROSS_SITE = "This request came from another site, so nothing was done."
_METHOD = "This address does not take requests of this kind."
_TOO_LARGE = "This request is larger than a sign-in ever is."
_NO_PAGE = "There is no page at this address."
_NO_SUCH_PROVIDER = "There is no such way to sign in here."
_NOT_ALLOWED = (
    "You are not allowed in here with this account. Please ask your administrator if you think you should be."
)
_ADDRESS = "Your e-mail address is not one of those that may sign in here."
_UNVERIFIED = "Your sign-in provider has not verified your e-mail address, and that is needed here."
_FULL = "All places here are taken. Please ask your administrator."
_SHUT = "Your account here is disabled. Please ask your administrator."
_TAKEN = "An account with your e-mail address belongs to another sign-in. Please ask your administrator."
_ADMINS = "This is for administrators only."
_OFF = "This is switched off here."
_WRONG_PASSWORD = "That name and password do not belong together."
_CLI_OVER = "This command-line sign-in is over or was never begun. Please start again in your terminal."
_WRONG_CODE = "That is not what your terminal shows. Please look again."
_TOO_OFTEN = "That was wrong too often. Please start again in your terminal."
_SLOWER = "That was too often in too short a time. Please wait a little."
_WRONG_TEAM = "You are not in that team."
_WRONG_KEY = "What you present is not valid here, or no longer."


@unique
class Reason(Enum):
    """Every reason for a refusal: one row each."""

    # the callback and the pending login
    MALFORMED_CALLBACK = Row("malformed_callback", 400, Family.NOT_YOURS, _DAMAGED)
    NO_STATE = Row("no_state", 400, Family.NOT_YOURS, _DAMAGED)
    NO_CODE = Row("no_code", 400, Family.NOT_YOURS, _DAMAGED)
    UNEXPECTED_PARAMETER = Row("unexpected_parameter", 400, Family.NOT_YOURS, _DAMAGED)
    LOGIN_OF_ANOTHER_BROWSER = Row("login_of_another_browser", 401, Family.NOT_YOURS, _NOT_HERE)
    AMBIGUOUS_COOKIE = Row("ambiguous_cookie", 400, Family.NOT_YOURS, _NOT_HERE)
    NO_PENDING_LOGIN = Row("no_pending_login", 401, Family.EXPIRED, _TOO_LATE)
    LOGIN_EXPIRED = Row("login_expired", 401, Family.EXPIRED, _TOO_LATE)
    EMPTY_VERIFIER = Row("empty_verifier", 401, Family.EXPIRED, _LOST)
    LEGACY_LOGIN = Row("legacy_login", 401, Family.EXPIRED, _LOST)
    UNREADABLE_LOGIN = Row("unreadable_login", 401, Family.EXPIRED, _LOST)
    UNKNOWN_LOGIN_VERSION = Row("unknown_login_version", 401, Family.EXPIRED, _LOST)
    WRONG_PROVIDER = Row("wrong_provider", 401, Family.NOT_YOURS, _NOT_HERE)
    LOGIN_TOO_LARGE = Row("login_too_large", 500, Family.MISCONFIGURED, _MISCONFIGURED)
    # the authorization response
    ACCESS_DENIED = Row("access_denied", 403, Family.DECLINED, _DECLINED)
    PROVIDER_ERROR = Row("provider_error", 401, Family.DECLINED, _PROVIDER_SAID_NO)
    RESPONSE_ISSUER_MISSING = Row("response_issuer_missing", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    RESPONSE_ISSUER_MISMATCH = Row("response_issuer_mismatch", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    # metadata and keys
    METADATA_UNREACHABLE = Row("metadata_unreachable", 503, Family.PROVIDER_UNREACHABLE, _UNREACHABLE, resumable=True)
    BAD_METADATA = Row("bad_metadata", 502, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    ISSUER_MISMATCH = Row("issuer_mismatch", 502, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    KEYS_UNREACHABLE = Row("keys_unreachable", 503, Family.PROVIDER_UNREACHABLE, _UNREACHABLE)
    BAD_KEYS = Row("bad_keys", 502, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    UNKNOWN_KEY = Row("unknown_key", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    AMBIGUOUS_KEY = Row("ambiguous_key", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    # the token endpoint
    TOKEN_ENDPOINT_NOT_REACHED = Row(
        "token_endpoint_not_reached", 503, Family.PROVIDER_UNREACHABLE, _UNREACHABLE, resumable=True
    )
    TOKEN_ANSWER_LOST = Row("token_answer_lost", 503, Family.PROVIDER_UNREACHABLE, _START_OVER)
    TOKEN_ENDPOINT_STATUS = Row("token_endpoint_status", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    TOKEN_ENDPOINT_UNAVAILABLE = Row("token_endpoint_unavailable", 503, Family.PROVIDER_UNREACHABLE, _START_OVER)
    CODE_REFUSED = Row("code_refused", 401, Family.EXPIRED, _TOO_LATE)
    CLIENT_REFUSED = Row("client_refused", 401, Family.MISCONFIGURED, _MISCONFIGURED)
    TOKEN_NOT_JSON = Row("token_not_json", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    TOKEN_NOT_AN_OBJECT = Row("token_not_an_object", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    NO_ACCESS_TOKEN = Row("no_access_token", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    BAD_TOKEN_RESPONSE = Row("bad_token_response", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    # the ID token
    NO_ID_TOKEN = Row("no_id_token", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    BAD_ID_TOKEN = Row("bad_id_token", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    ALGORITHM_REFUSED = Row("algorithm_refused", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    BAD_SIGNATURE = Row("bad_signature", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    WRONG_ISSUER = Row("wrong_issuer", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    WRONG_AUDIENCE = Row("wrong_audience", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    WRONG_AUTHORIZED_PARTY = Row("wrong_authorized_party", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    TOKEN_EXPIRED = Row("token_expired", 401, Family.PROVIDER_MISBEHAVED, _CLOCK)
    TOKEN_NOT_YET_VALID = Row("token_not_yet_valid", 401, Family.PROVIDER_MISBEHAVED, _CLOCK)
    TOKEN_TOO_OLD = Row("token_too_old", 401, Family.PROVIDER_MISBEHAVED, _CLOCK)
    WRONG_NONCE = Row("wrong_nonce", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    WRONG_ACCESS_TOKEN_HASH = Row("wrong_access_token_hash", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    AUTHENTICATION_TOO_OLD = Row("authentication_too_old", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    BAD_SUBJECT = Row("bad_subject", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    # the logout token
    BAD_LOGOUT_TOKEN = Row("bad_logout_token", 400, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    LOGOUT_TOKEN_REPLAYED = Row("logout_token_replayed", 400, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    # userinfo
    USERINFO_UNREACHABLE = Row("userinfo_unreachable", 503, Family.PROVIDER_UNREACHABLE, _START_OVER)
    USERINFO_STATUS = Row("userinfo_status", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    USERINFO_NOT_JSON = Row("userinfo_not_json", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    USERINFO_NOT_AN_OBJECT = Row("userinfo_not_an_object", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    EMPTY_USERINFO = Row("empty_userinfo", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    BAD_USERINFO = Row("bad_userinfo", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    OTHER_SUBJECT = Row("other_subject", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    NO_IDENTITY = Row("no_identity", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    BAD_ACCESS_TOKEN = Row("bad_access_token", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    # the identity
    BAD_EMAIL = Row("bad_email", 401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED)
    GROUPS_INCOMPLETE = Row("groups_incomplete", 503, Family.PROVIDER_UNREACHABLE, _START_OVER)
    # the account and the session
    ACCOUNT_CONTESTED = Row("account_contested", 503, Family.UNAVAILABLE, _START_OVER)
    DIRECTORY_UNREACHABLE = Row("directory_unreachable", 503, Family.UNAVAILABLE, _START_OVER)
    STORE_UNREACHABLE = Row("store_unreachable", 503, Family.UNAVAILABLE, _OURS_DOWN, resumable=True)
    SESSION_NOT_KEPT = Row("session_not_kept", 503, Family.UNAVAILABLE, _START_OVER)
    NOT_SIGNED_IN = Row("not_signed_in", 401, Family.EXPIRED, _SIGN_IN)
    # the request
    CROSS_SITE_REQUEST = Row("cross_site_request", 403, Family.NOT_YOURS, _CROSS_SITE)
    METHOD_NOT_ALLOWED = Row("method_not_allowed", 405, Family.NOT_YOURS, _METHOD)
    REQUEST_TOO_LARGE = Row("request_too_large", 413, Family.NOT_YOURS, _TOO_LARGE)
    NOT_FOUND = Row("not_found", 404, Family.NOT_YOURS, _NO_PAGE)
    # the provider asked for
    NO_PROVIDER = Row("no_provider", 500, Family.MISCONFIGURED, _NO_SUCH_PROVIDER)
    UNKNOWN_PROVIDER = Row("unknown_provider", 404, Family.NOT_YOURS, _NO_SUCH_PROVIDER)
    UI_DISABLED = Row("ui_disabled", 403, Family.NOT_ALLOWED, _OFF)
    # who may come in
    GROUPS_UNREACHABLE = Row("groups_unreachable", 503, Family.PROVIDER_UNREACHABLE, _START_OVER)
    TENANT_REFUSED = Row("tenant_refused", 403, Family.NOT_ALLOWED, _NOT_ALLOWED)
    HOSTED_DOMAIN_REFUSED = Row("hosted_domain_refused", 403, Family.NOT_ALLOWED, _NOT_ALLOWED)
    EMAIL_DOMAIN_REFUSED = Row("email_domain_refused", 401, Family.NOT_ALLOWED, _ADDRESS)
    EMAIL_NOT_VERIFIED = Row("email_not_verified", 401, Family.NOT_ALLOWED, _UNVERIFIED)
    NOT_IN_GROUP = Row("not_in_group", 403, Family.NOT_ALLOWED, _NOT_ALLOWED)
    ADMINS_ONLY = Row("admins_only", 401, Family.NOT_ALLOWED, _ADMINS)
    NO_SEAT_LEFT = Row("no_seat_left", 403, Family.NOT_ALLOWED, _FULL)
    ACCOUNT_DISABLED = Row("account_disabled", 403, Family.NOT_ALLOWED, _SHUT)
    NO_ACCOUNT = Row("no_account", 403, Family.NOT_ALLOWED, _NOT_ALLOWED)
    EMAIL_TAKEN = Row("email_taken", 403, Family.NOT_ALLOWED, _TAKEN)
    HOST_DECLINED = Row("host_declined", 403, Family.NOT_ALLOWED, _NOT_ALLOWED)
    HOST_FAILED = Row("host_failed", 503, Family.UNAVAILABLE, _START_OVER)
    WRONG_PASSWORD = Row("wrong_password", 401, Family.DECLINED, _WRONG_PASSWORD)
    # the command line, keys and pages for administrators
    NO_CLI_LOGIN = Row("no_cli_login", 404, Family.EXPIRED, _CLI_OVER)
    WRONG_USER_CODE = Row("wrong_user_code", 400, Family.NOT_YOURS, _WRONG_CODE)
    TOO_MANY_TRIES = Row("too_many_tries", 403, Family.NOT_YOURS, _TOO_OFTEN)
    WRONG_POLL_SECRET = Row("wrong_poll_secret", 401, Family.NOT_YOURS, _CLI_OVER)
    TOO_MANY_REQUESTS = Row("too_many_requests", 429, Family.UNAVAILABLE, _SLOWER)
    WRONG_TEAM = Row("wrong_team", 403, Family.NOT_ALLOWED, _WRONG_TEAM)
    INVALID_KEY = Row("invalid_key", 401, Family.EXPIRED, _WRONG_KEY)
    NOT_ADMIN = Row("not_admin", 403, Family.NOT_ALLOWED, _ADMINS)
    SWITCHED_OFF = Row("switched_off", 404, Family.NOT_ALLOWED, _OFF)

    @property
    def code(self) -> str:
        """The stable name of the reason, fit for a URL, a log and a conversation."""
        return self.value.code

    @property
    def status(self) -> int:
        """The HTTP status of the answer that tells of it."""
        return self.value.status

    @property
    def family(self) -> Family:
        """What kind of refusal it is."""
        return self.value.family

    @property
    def sentence(self) -> str:
        """What to tell the person: true, and safe to show to anybody."""
        return self.value.sentence

    @property
    def resumable(self) -> bool:
        """Whether the same callback may come again and succeed: nothing was used up."""
        return self.value.resumable


@attrs.frozen
class Failure:
    """A refusal as a value.

    `detail` is for operators, `hint` says what they may do about it; neither holds a secret, and neither is
    shown to a person who merely wants to sign in.
    """

    reason: Reason
    detail: str = ""
    hint: str = ""
    wait: float = 0.0
    """Seconds until another try is worth it, where that is known."""

    @property
    def sentence(self) -> str:
        """What to tell the person: that of the reason, and when to come again."""
        if not self.wait:
            return self.reason.sentence
        minutes = ceil(self.wait / 60)
        return f"{self.reason.sentence} You can try again in {f'{minutes} minutes' if minutes > 1 else 'a minute'}."

    def __str__(self) -> str:
        return ": ".join(part for part in (self.reason.code, self.detail, self.hint) if part)


class Refusal(Exception):  # noqa: N818 -- a refusal is a fate of its own, not an error
    """Carries a `Failure` from deep inside a check to the door of the machine, and no further."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class MisuseError(Exception):
    """The core was called in a way that its contract forbids: a bug of the caller, never of a person's."""


def refuse(reason: Reason, detail: str = "", hint: str = "", *, wait: float = 0.0) -> NoReturn:
    """End the flow with this failure.

    Raises `Refusal`, which `advance` and the doors of a flow turn into `Failed`.
    """
    raise Refusal(Failure(reason, detail, hint, wait))
