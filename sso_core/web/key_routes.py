"""The routes of personal keys; only pages of this service may ask, in the name of the browser's session.

POST /sso/keys          issues one (JSON: `name`, `expires_in`, `team_id`), and shows it once
POST /sso/keys/revoke   ends one (JSON: `key` itself, or its `key_id`)
"""

from __future__ import annotations

from typing import Any

from sso_core.failures import Reason, refuse
from sso_core.flows.personal_keys import KeyIssued, KeyRevoked, KeyWish, issue_key, revoke_key
from sso_core.machine import Resting
from sso_core.secret import Secret
from sso_core.sessions.tokens import api_key_hash
from sso_core.web.answers import json_answer
from sso_core.web.messages import Response
from sso_core.web.people import check_same_origin
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, json_of, refuse_with_json

KEYS = "/sso/keys"
REVOKE = "/sso/keys/revoke"


def _open_issue(door: Door) -> Opened:
    settings = door.site.settings
    check_same_origin(door.request, settings)
    said = json_of(door.request)
    lifetime = said.get("expires_in")
    if lifetime is not None and (type(lifetime) not in (int, float) or lifetime <= 0):
        refuse(Reason.MALFORMED_CALLBACK, "expires_in is a number of seconds")
    wish = KeyWish(settings, door.entropy, _text(said, "name") or "", lifetime, _text(said, "team_id"))
    return issue_key(wish, door.site.cookies.read_session(door.request))


def _tell_key(_visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, KeyIssued)
    key = ending.key
    told = {
        "key": ending.secret.reveal(),
        "key_id": key.key_hash,
        "name": key.name,
        "expires_at": key.expires_at,
        "team_id": key.team_id,
    }
    return json_answer(200, told)


def _open_revoke(door: Door) -> Opened:
    check_same_origin(door.request, door.site.settings)
    said = json_of(door.request)
    key, key_id = _text(said, "key"), _text(said, "key_id")
    if (key is None) == (key_id is None):
        refuse(Reason.MALFORMED_CALLBACK, "either the key or its id says which one is to end")
    key_hash = api_key_hash(Secret(key)) if key is not None else key_id or ""
    interval = door.site.settings.account_check_interval
    return revoke_key(key_hash, door.site.cookies.read_session(door.request), check_interval=interval)


def _tell_revoked(_visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, KeyRevoked)
    return json_answer(200, {"revoked": True})


def _text(said: dict[str, Any], name: str) -> str | None:
    value = said.get(name)
    if value is not None and not isinstance(value, str):
        refuse(Reason.MALFORMED_CALLBACK, f"{name} is a text")
    return value


KEY_ROUTES: Routes = {
    ("POST", KEYS): Route(_open_issue, _tell_key, refuse_with_json),
    ("POST", REVOKE): Route(_open_revoke, _tell_revoked, refuse_with_json),
}
