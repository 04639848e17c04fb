"""Why a login was refused: every reason once, with its code, its family, its status and its sentence.

Three fates are never mixed. A *refusal* (the browser, the person or the provider did what the protocol forbids
or declines) is a value, `Failure`, in an ending. *Unreachable* is an event. *Misuse* (a bug of whoever calls
the core) raises `MisuseError`.
"""

from __future__ import annotations

from enum import Enum, unique
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
    """What is known of a reason: HTTP status, family, a sentence safe to show to anybody."""

    status: int
    family: Family
    sentence: str
    resumable: bool = False


@unique
class Reason(Enum):
    """Every reason for a refusal. The name in lower case is its stable code."""

    # the callback and the pending login
    MALFORMED_CALLBACK = "malformed_callback"
    NO_STATE = "no_state"
    NO_CODE = "no_code"
    UNEXPECTED_PARAMETER = "unexpected_parameter"
    LOGIN_OF_ANOTHER_BROWSER = "login_of_another_browser"
    AMBIGUOUS_COOKIE = "ambiguous_cookie"
    NO_PENDING_LOGIN = "no_pending_login"
    LOGIN_EXPIRED = "login_expired"
    EMPTY_VERIFIER = "empty_verifier"
    LEGACY_LOGIN = "legacy_login"
    UNREADABLE_LOGIN = "unreadable_login"
    UNKNOWN_LOGIN_VERSION = "unknown_login_version"
    WRONG_PROVIDER = "wrong_provider"
    LOGIN_TOO_LARGE = "login_too_large"
    # the authorization response
    ACCESS_DENIED = "access_denied"
    PROVIDER_ERROR = "provider_error"
    RESPONSE_ISSUER_MISSING = "response_issuer_missing"
    RESPONSE_ISSUER_MISMATCH = "response_issuer_mismatch"
    # metadata and keys
    METADATA_UNREACHABLE = "metadata_unreachable"
    BAD_METADATA = "bad_metadata"
    ISSUER_MISMATCH = "issuer_mismatch"
    KEYS_UNREACHABLE = "keys_unreachable"
    BAD_KEYS = "bad_keys"
    UNKNOWN_KEY = "unknown_key"
    AMBIGUOUS_KEY = "ambiguous_key"
    # the token endpoint
    TOKEN_ENDPOINT_NOT_REACHED = "token_endpoint_not_reached"
    TOKEN_ANSWER_LOST = "token_answer_lost"
    TOKEN_ENDPOINT_STATUS = "token_endpoint_status"
    TOKEN_ENDPOINT_UNAVAILABLE = "token_endpoint_unavailable"
    CODE_REFUSED = "code_refused"
    CLIENT_REFUSED = "client_refused"
    TOKEN_NOT_JSON = "token_not_json"
    TOKEN_NOT_AN_OBJECT = "token_not_an_object"
    NO_ACCESS_TOKEN = "no_access_token"
    BAD_TOKEN_RESPONSE = "bad_token_response"
    # the ID token
    NO_ID_TOKEN = "no_id_token"
    BAD_ID_TOKEN = "bad_id_token"
    ALGORITHM_REFUSED = "algorithm_refused"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_AUTHORIZED_PARTY = "wrong_authorized_party"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"
    TOKEN_TOO_OLD = "token_too_old"
    WRONG_NONCE = "wrong_nonce"
    WRONG_ACCESS_TOKEN_HASH = "wrong_access_token_hash"
    AUTHENTICATION_TOO_OLD = "authentication_too_old"
    BAD_SUBJECT = "bad_subject"
    # userinfo
    USERINFO_UNREACHABLE = "userinfo_unreachable"
    USERINFO_STATUS = "userinfo_status"
    USERINFO_NOT_JSON = "userinfo_not_json"
    USERINFO_NOT_AN_OBJECT = "userinfo_not_an_object"
    EMPTY_USERINFO = "empty_userinfo"
    BAD_USERINFO = "bad_userinfo"
    OTHER_SUBJECT = "other_subject"
    NO_IDENTITY = "no_identity"
    # the identity
    BAD_EMAIL = "bad_email"
    GROUPS_INCOMPLETE = "groups_incomplete"
    # the account and the session
    ACCOUNT_CONTESTED = "account_contested"
    DIRECTORY_UNREACHABLE = "directory_unreachable"
    STORE_UNREACHABLE = "store_unreachable"
    SESSION_NOT_KEPT = "session_not_kept"
    NOT_SIGNED_IN = "not_signed_in"
    # the request
    CROSS_SITE_REQUEST = "cross_site_request"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TOO_LARGE = "request_too_large"
    NOT_FOUND = "not_found"

    @property
    def code(self) -> str:
        """The stable name of the reason, fit for a URL, a log and a conversation."""
        return self.value

    @property
    def status(self) -> int:
        """The HTTP status of the answer that tells of it."""
        return ROWS[self].status

    @property
    def family(self) -> Family:
        """What kind of refusal it is."""
        return ROWS[self].family

    @property
    def sentence(self) -> str:
        """What to tell the person: true, and safe to show to anybody."""
        return ROWS[self].sentence

    @property
    def resumable(self) -> bool:
        """Whether the same callback may come again and succeed: nothing was used up."""
        return ROWS[self].resumable


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

ROWS: dict[Reason, Row] = {
    Reason.MALFORMED_CALLBACK: Row(400, Family.NOT_YOURS, _DAMAGED),
    Reason.NO_STATE: Row(400, Family.NOT_YOURS, _DAMAGED),
    Reason.NO_CODE: Row(400, Family.NOT_YOURS, _DAMAGED),
    Reason.UNEXPECTED_PARAMETER: Row(400, Family.NOT_YOURS, _DAMAGED),
    Reason.LOGIN_OF_ANOTHER_BROWSER: Row(401, Family.NOT_YOURS, _NOT_HERE),
    Reason.AMBIGUOUS_COOKIE: Row(400, Family.NOT_YOURS, _NOT_HERE),
    Reason.NO_PENDING_LOGIN: Row(401, Family.EXPIRED, _TOO_LATE),
    Reason.LOGIN_EXPIRED: Row(401, Family.EXPIRED, _TOO_LATE),
    Reason.EMPTY_VERIFIER: Row(401, Family.EXPIRED, _LOST),
    Reason.LEGACY_LOGIN: Row(401, Family.EXPIRED, _LOST),
    Reason.UNREADABLE_LOGIN: Row(401, Family.EXPIRED, _LOST),
    Reason.UNKNOWN_LOGIN_VERSION: Row(401, Family.EXPIRED, _LOST),
    Reason.WRONG_PROVIDER: Row(401, Family.NOT_YOURS, _NOT_HERE),
    Reason.LOGIN_TOO_LARGE: Row(500, Family.MISCONFIGURED, _MISCONFIGURED),
    Reason.ACCESS_DENIED: Row(403, Family.DECLINED, _DECLINED),
    Reason.PROVIDER_ERROR: Row(401, Family.DECLINED, _PROVIDER_SAID_NO),
    Reason.RESPONSE_ISSUER_MISSING: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.RESPONSE_ISSUER_MISMATCH: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.METADATA_UNREACHABLE: Row(503, Family.PROVIDER_UNREACHABLE, _UNREACHABLE, resumable=True),
    Reason.BAD_METADATA: Row(502, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.ISSUER_MISMATCH: Row(502, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.KEYS_UNREACHABLE: Row(503, Family.PROVIDER_UNREACHABLE, _UNREACHABLE),
    Reason.BAD_KEYS: Row(502, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.UNKNOWN_KEY: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.AMBIGUOUS_KEY: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.TOKEN_ENDPOINT_NOT_REACHED: Row(503, Family.PROVIDER_UNREACHABLE, _UNREACHABLE, resumable=True),
    Reason.TOKEN_ANSWER_LOST: Row(503, Family.PROVIDER_UNREACHABLE, _START_OVER),
    Reason.TOKEN_ENDPOINT_STATUS: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.TOKEN_ENDPOINT_UNAVAILABLE: Row(503, Family.PROVIDER_UNREACHABLE, _START_OVER),
    Reason.CODE_REFUSED: Row(401, Family.EXPIRED, _TOO_LATE),
    Reason.CLIENT_REFUSED: Row(401, Family.MISCONFIGURED, _MISCONFIGURED),
    Reason.TOKEN_NOT_JSON: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.TOKEN_NOT_AN_OBJECT: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.NO_ACCESS_TOKEN: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.BAD_TOKEN_RESPONSE: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.NO_ID_TOKEN: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.BAD_ID_TOKEN: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.ALGORITHM_REFUSED: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.BAD_SIGNATURE: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.WRONG_ISSUER: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.WRONG_AUDIENCE: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.WRONG_AUTHORIZED_PARTY: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.TOKEN_EXPIRED: Row(401, Family.PROVIDER_MISBEHAVED, _CLOCK),
    Reason.TOKEN_NOT_YET_VALID: Row(401, Family.PROVIDER_MISBEHAVED, _CLOCK),
    Reason.TOKEN_TOO_OLD: Row(401, Family.PROVIDER_MISBEHAVED, _CLOCK),
    Reason.WRONG_NONCE: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.WRONG_ACCESS_TOKEN_HASH: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.AUTHENTICATION_TOO_OLD: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.BAD_SUBJECT: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.USERINFO_UNREACHABLE: Row(503, Family.PROVIDER_UNREACHABLE, _START_OVER),
    Reason.USERINFO_STATUS: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.USERINFO_NOT_JSON: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.USERINFO_NOT_AN_OBJECT: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.EMPTY_USERINFO: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.BAD_USERINFO: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.OTHER_SUBJECT: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.NO_IDENTITY: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.BAD_EMAIL: Row(401, Family.PROVIDER_MISBEHAVED, _MISBEHAVED),
    Reason.GROUPS_INCOMPLETE: Row(503, Family.PROVIDER_UNREACHABLE, _START_OVER),
    Reason.ACCOUNT_CONTESTED: Row(503, Family.UNAVAILABLE, _START_OVER),
    Reason.DIRECTORY_UNREACHABLE: Row(503, Family.UNAVAILABLE, _START_OVER),
    Reason.STORE_UNREACHABLE: Row(503, Family.UNAVAILABLE, _OURS_DOWN, resumable=True),
    Reason.SESSION_NOT_KEPT: Row(503, Family.UNAVAILABLE, _START_OVER),
    Reason.NOT_SIGNED_IN: Row(401, Family.EXPIRED, _SIGN_IN),
    Reason.CROSS_SITE_REQUEST: Row(403, Family.NOT_YOURS, _CROSS_SITE),
    Reason.METHOD_NOT_ALLOWED: Row(405, Family.NOT_YOURS, _METHOD),
    Reason.REQUEST_TOO_LARGE: Row(413, Family.NOT_YOURS, _TOO_LARGE),
    Reason.NOT_FOUND: Row(404, Family.NOT_YOURS, _NO_PAGE),
}
"""The table of refusals: one row a reason, no reason without a row."""


@attrs.frozen
class Failure:
    """A refusal as a value.

    `detail` is for operators, `hint` says what they may do about it; neither holds a secret, and neither is
    shown to a person who merely wants to sign in.
    """

    reason: Reason
    detail: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.reason.code, self.detail, self.hint) if part)


class Refusal(Exception):  # noqa: N818 -- a refusal is a fate of its own, not an error
    """Carries a `Failure` from deep inside a check to the door of the machine, and no further."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class MisuseError(Exception):
    """The core was called in a way that its contract forbids: a bug of the caller, never of a person's."""


def refuse(reason: Reason, detail: str = "", hint: str = "") -> NoReturn:
    """End the flow with this failure.

    Raises `Refusal`, which `advance` and the doors of a flow turn into `Failed`.
    """
    raise Refusal(Failure(reason, detail, hint))
