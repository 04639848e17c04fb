"""The map of the flows, derived from the annotations that the machine obeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sso_core.flows.backchannel_logout import backchannel_logout
from sso_core.flows.begin_login import begin_login
from sso_core.flows.confirm_cli import confirm_cli_login
from sso_core.flows.debug_login import begin_debug_login, finish_debug_login
from sso_core.flows.finish_login import finish_login
from sso_core.flows.host_login import sign_in_by_headers, sign_in_with_password
from sso_core.flows.personal_keys import issue_key, revoke_key
from sso_core.flows.poll_cli import poll_cli
from sso_core.flows.provider_logout import sign_out_at_provider
from sso_core.flows.read_documents import read_keys, read_metadata
from sso_core.flows.readiness import check_readiness
from sso_core.flows.sessions import read_bearer, read_session
from sso_core.flows.sign_out import sign_out, sign_out_everywhere
from sso_core.flows.start_cli import show_cli_login, start_cli_login
from sso_core.machine import Failed, Working, returns, transitions

_IN_ORDER: tuple[Callable[..., Any], ...] = (
    begin_login,
    finish_login,
    start_cli_login,
    show_cli_login,
    confirm_cli_login,
    poll_cli,
    sign_in_with_password,
    sign_in_by_headers,
    read_metadata,
    read_keys,
    read_session,
    read_bearer,
    sign_out,
    sign_out_everywhere,
    sign_out_at_provider,
    backchannel_logout,
    issue_key,
    revoke_key,
    begin_debug_login,
    finish_debug_login,
    check_readiness,
)
DOORS: Mapping[str, Callable[..., Any]] = {door.__name__: door for door in _IN_ORDER}
"""Every flow by its door."""

Edge = tuple[type, type]


def edges(door: Callable[..., Any]) -> tuple[Edge, ...]:
    """Return the edges of a flow from its first states on, in order of discovery; those to `Failed` are implicit."""
    found: list[Edge] = []
    waiting = _by_name(returns(door))
    seen = set(waiting)
    while waiting:
        state = waiting.pop(0)
        if not issubclass(state, Working):
            continue
        for after in _by_name(transitions(state)):
            found.append((state, after))
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return tuple(found)


def mermaid(name: str) -> str:
    """Return a flow as a Mermaid state diagram."""
    door = DOORS[name]
    lines = ["stateDiagram-v2", *(f"    [*] --> {state.__name__}" for state in _by_name(returns(door)))]
    ways = edges(door)
    lines += [f"    {before.__name__} --> {after.__name__}" for before, after in ways]
    resting = {after for _, after in ways} | set(_by_name(returns(door)))
    lines += [f"    {state.__name__} --> [*]" for state in _by_name(resting) if not issubclass(state, Working)]
    return "\n".join(lines)


def _by_name(states: frozenset[type] | set[type]) -> list[type]:
    return sorted(states - {Failed}, key=lambda state: state.__name__)
