"""A command line that waits for its person, against the reference.

In the reference the command line chooses its own key, and whoever knows it gets the token. Here the id and the secret
of a login are made by the server (W7): a key of a case stands for such an id, where it has anything secret in it.
"""

from __future__ import annotations

import json
from typing import Any

import attrs
from cases import Case, Refused, Row, Verdict, each, hold
from playing import refused, without_directory
from scenes import (
    ENTROPY,
    IDENTITY,
    NOW,
    PLAIN,
    answer,
    attempt,
    plain_login,
    settings,
)
from starts import CLI_ID, CLI_LOGIN, SESSION

from sso_core.effects import Keep
from sso_core.events import Found, Kept, Missing, StoreUnreachable, Taken
from sso_core.flows.approve_cli import Approval, ApprovingCliLogin, TakingApprovedLogin
from sso_core.flows.gather_claims import GatheringPlainClaims
from sso_core.flows.poll_cli import (
    CliPending,
    CliSignedIn,
    CliTeamsToChoose,
    KeepingCliSession,
    Poll,
    TakingToken,
    poll_cli,
)
from sso_core.identity.attributes import email_address
from sso_core.machine import Failed, Resting, Working, advance_any
from sso_core.oauth.token import TokenResponse
from sso_core.records import Account, Membership
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import cli_hash, decode_cli_login, encode_cli_login
from sso_core.sessions.session import Session, SessionKind, session_of
from sso_core.settings.ladder import REFERENCE_LADDER

ROLES = (*REFERENCE_LADDER.roles, *REFERENCE_LADDER.unranked)


def has_secret(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("sk-") and len(key) > len("sk-")


# The command line asks


def stored(case: Case) -> Any:
    """Return the session that the case's cache holds for its key."""
    if not has_secret(case.args["key_id"]):
        return None
    return case.world.get("memory_cache", {}).get(f"cli_sso_session:{case.args['key_id']}")


def session_like(value: Any) -> Session | None:
    """Return a stored session as ours tells it; None where nothing of ours could hold the like."""
    if not isinstance(value, dict) or not isinstance(value.get("user_id"), str):
        return None
    teams, role = value.get("teams") or [], value.get("user_role")
    if not isinstance(teams, list) or not all(isinstance(team, str) for team in teams):
        return None
    if "user_role" not in value or not isinstance(role, str | None):
        return None
    return attrs.evolve(SESSION, account_id=value["user_id"], role=role, team_ids=tuple(teams))


def aliases_in(details: Any) -> tuple[tuple[str, str], ...]:
    listed = details if isinstance(details, list) else []
    pairs = ((each.get("team_id"), each.get("team_alias")) for each in listed if isinstance(each, dict))
    return tuple((team, name) for team, name in pairs if isinstance(team, str) and isinstance(name, str) and name)


def entry(case: Case) -> bytes | None:
    """Return what our store holds in the case's place."""
    value = stored(case)
    if value is None:
        return None
    session = session_like(value)
    if session is None:
        return json.dumps(value).encode()
    return encode_cli_login(attrs.evolve(CLI_LOGIN, session=session, aliases=aliases_in(value.get("team_details"))))


def hours(case: Case) -> float:
    return float(case.env.get("LITELLM_CLI_JWT_EXPIRATION_HOURS", "24"))


def polled(case: Case) -> Any:
    options = settings(cli_session_ttl=hours(case) * 3600)
    kept = entry(case)
    state: Working | Resting = poll_cli(Poll(options, CLI_ID, ENTROPY.poll_secret, case.args.get("team_id"), ENTROPY))
    gone = False
    while isinstance(state, Working):
        match state:
            case TakingToken():
                gone = True
                state = advance_any(state, [Taken(kept or b"")], now=NOW)
            case KeepingCliSession():
                state = advance_any(state, [Kept()], now=NOW)
            case _:
                state = advance_any(state, [Missing() if kept is None else Found(kept)], now=NOW)
    return _told(state) | {"gone": gone}


def _told(state: Resting) -> dict[str, Any]:
    match state:
        case CliPending():
            return {"status": "pending"}
        case CliTeamsToChoose(session, aliases):
            return _person(session, aliases) | {"requires_team_selection": True}
        case CliSignedIn(_, session, aliases):
            assert session.kind is SessionKind.CLI
            lasts = (session.expires_at - NOW) / 3600
            return _person(session, aliases) | {"team_id": session.team_id, "role": session.role, "hours": lasts}
        case _:
            assert isinstance(state, Failed)
            return {"status": refused(state.failure)}


def _person(session: Session, aliases: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    named = dict(aliases)
    details = [{"team_id": team, "team_alias": named.get(team)} for team in session.team_ids]
    return {"status": "ready", "user_id": session.account_id, "teams": list(session.team_ids), "team_details": details}


def their_poll(case: Case) -> dict[str, Any]:
    gone = any(call["op"] == "delete" for call in case.effects.get("cache", ()))
    if case.error is not None:
        return {"status": Refused(case.error["status"], case.error["message"]), "gone": gone}
    told = {name: value for name, value in case.result.items() if name != "key"}
    if "key" in case.result:
        token = case.result["key"].get("$encrypted_claims", {})
        told |= {"role": token.get("user_role"), "hours": float(token["expires"].removeprefix("<now + ")[:-2])}
    return told | {"gone": gone}


def named_teams(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    named = dict(aliases_in(stored(case).get("team_details")))
    teams = outcome["teams"] or []
    return outcome | {
        "teams": teams,
        "team_details": [{"team_id": team, "team_alias": named.get(team)} for team in teams],
    }


def no_login(_case: Case, _outcome: Any) -> dict[str, Any]:
    return {"status": Refused(404, "no_cli_login"), "gone": False}


def names_another_team(case: Case) -> bool:
    team = case.args.get("team_id")
    return is_whole(case) and team is not None and team not in (stored(case).get("teams") or [])


def ready(case: Case, _outcome: Any) -> dict[str, Any]:
    """Return what ours tells of the session that is stored, its role as it stands there."""
    session = session_like(stored(case))
    assert session is not None
    teams, team = session.team_ids, case.args.get("team_id")
    told = _person(session, aliases_in(stored(case).get("team_details")))
    if team is None and len(teams) > 1:
        return told | {"requires_team_selection": True, "gone": False}
    team = team if team is not None else next(iter(teams), None)
    return told | {"team_id": team, "role": session.role, "hours": hours(case), "gone": True}


def is_whole(case: Case) -> bool:
    session = session_like(stored(case))
    return session is not None and bool(session.account_id)


def odd_role(case: Case) -> bool:
    return is_whole(case) and stored(case)["user_role"] not in (None, *ROLES)


POLL_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W8: details are told of the teams that the person is in, each once, and of no other",
        lambda case: case.error is None and case.result["status"] == "ready" and isinstance(stored(case), dict),
        named_teams,
    ),
    Row(
        Verdict.DIFFERENT,
        "a role is judged where an account gets it; the token of one that is known no more opens nothing by it",
        lambda case: odd_role(case) and case.bug is not None,
        ready,
    ),
    Row(
        Verdict.DIFFERENT,
        "W8: who has no list of teams is in none",
        lambda case: is_whole(case) and stored(case).get("teams") is None,
        ready,
    ),
    Row(
        Verdict.DIFFERENT,
        "W8: whoever names a team of others is told so",
        names_another_team,
        lambda _case, _outcome: {"status": Refused(403, "wrong_team"), "gone": False},
    ),
    Row(
        Verdict.DIFFERENT,
        "W7, A112: the server makes the ids; one that it did not make is of no login, rather than of one to come",
        lambda case: stored(case) is None,
        no_login,
    ),
    Row(
        Verdict.DIFFERENT,
        "W12, F47: what is no session of a person is a damaged entry",
        lambda case: stored(case) is not None and not is_whole(case),
        no_login,
    ),
)


@each("cli", "cli_poll_key")
def test_a_command_line_is_told_what_it_is_told_by_the_reference(case: Case) -> None:
    hold(case, their_poll(case), polled(case), POLL_ROWS)


# The person comes back


def account_of(case: Case) -> Account:
    """Return the account as it is decided: the one that is found, or a new one."""
    result, users = case.args["result"], (case.world.get("db") or {}).get("users", [])
    email = email_address(result.get("email"))
    for user in users:
        if result.get("id") in (user["user_id"], user.get("sso_user_id")) or (
            email and user.get("user_email") == email
        ):
            memberships = tuple(Membership(team) for team in user.get("teams") or ())
            return Account(user["user_id"], "", 1, role=user.get("user_role"), email=email, memberships=memberships)
    return Account(subject(case), "", 1, email=email)


def subject(case: Case) -> str:
    """Return the id that the provider names the case's person by; nothing where it names none."""
    named = (case.args.get("result") or {}).get("id")
    return "" if named is None else str(named)


def team_names(case: Case) -> dict[str, str]:
    teams = (case.world.get("db") or {}).get("teams", [])
    return {team["team_id"]: team["team_alias"] for team in teams if team.get("team_alias")}


def directory_fails(case: Case) -> bool:
    return "db" not in case.world or any("table." in call for call in case.world.get("fail", ()))


def approved(case: Case) -> Any:
    """Let the person whom the case's provider describes approve."""
    if not subject(case):
        tokens = TokenResponse(Secret("t"), None, None, None, None)
        start = GatheringPlainClaims(attempt(PLAIN), plain_login(), PLAIN, tokens)
        said = {} if case.args.get("result") is None else {"name": "Alice"}
        return _refusal(advance_any(start, [answer(said)], now=NOW))
    if directory_fails(case):
        return without_directory()
    account = account_of(case)
    identity = attrs.evolve(IDENTITY, email=account.email)
    session = session_of(identity, account, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
    names = tuple((team, name) for team, name in team_names(case).items() if team in account.team_ids)
    approval = Approval(CLI_ID, ENTROPY.cli_claim, session, ENTROPY.loopback_code, names)
    entry = attrs.evolve(CLI_LOGIN, claim_hash=cli_hash(CLI_ID, ENTROPY.cli_claim))
    kept = Taken(encode_cli_login(entry)) if has_secret(case.args.get("key")) else Missing()
    state = advance_any(TakingApprovedLogin(approval), [kept], now=NOW)
    if not isinstance(state, ApprovingCliLogin):
        return _refusal(state)
    (keep,) = state.asks()
    assert isinstance(keep, Keep)
    fails = any(call.endswith(".set") for call in case.world.get("fail", ()))
    after = advance_any(state, [StoreUnreachable() if fails else Kept()], now=NOW)
    if isinstance(after, Failed):
        return _refusal(after)
    written = decode_cli_login(keep.value)
    assert written.session is not None
    person = written.session
    return {
        "user_id": person.account_id,
        "user_role": person.role,
        "user_email": person.email,
        "teams": list(person.team_ids),
        "names": dict(written.aliases),
        "ttl": round(written.expires_at - NOW),
    }


def _refusal(state: Working | Resting) -> Refused:
    assert isinstance(state, Failed), state
    return refused(state.failure)


def their_approval(case: Case) -> Any:
    if case.error is not None:
        return Refused(case.error["status"], case.error["message"])
    (write,) = (call for call in case.effects["cache"] if call["op"] == "set")
    told = {name: value for name, value in write["value"].items() if name not in {"models", "team_details"}}
    return told | {"names": dict(aliases_in(write["value"]["team_details"])), "ttl": write["ttl"]}


def person(case: Case, _outcome: Any) -> dict[str, Any]:
    account = account_of(case)
    return {
        "user_id": account.account_id,
        "user_role": account.role,
        "user_email": account.email,
        "teams": list(account.team_ids),
        "names": {team: name for team, name in team_names(case).items() if team in account.team_ids},
        "ttl": 600,
    }


APPROVAL_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W8: whom the provider describes may approve, whether they have an account or get one now, as in a browser",
        lambda case: case.bug is not None and case.error is not None and bool(subject(case)),
        person,
    ),
    Row(
        Verdict.DIFFERENT,
        "W23: an approval that cannot be stored is no success",
        lambda case: any(call.endswith(".set") for call in case.world.get("fail", ())),
        lambda _case, _outcome: Refused(503, "session_not_kept"),
    ),
    Row(
        Verdict.DIFFERENT,
        "W7, A112: a key of the command line's choice names no login; nor does one without anything secret in it",
        lambda case: not has_secret(case.args.get("key")),
        lambda _case, _outcome: Refused(404, "no_cli_login"),
    ),
    Row(
        Verdict.DIFFERENT,
        "F40, W23: what is known of a person is read whole or not at all",
        directory_fails,
        lambda _case, _outcome: Refused(503, "directory_unreachable"),
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: who has no subject is nobody",
        lambda case: case.args.get("result") is not None and not subject(case),
        lambda _case, _outcome: Refused(401, "no identity"),
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: where the provider says nothing, nobody is known, and nothing failed here",
        lambda case: case.args.get("result") is None,
        lambda _case, _outcome: Refused(401, "no userinfo"),
    ),
)


@each("cli", "cli_sso_callback")
def test_a_person_approves_whom_they_approve_to_the_reference(case: Case) -> None:
    hold(case, their_approval(case), approved(case), APPROVAL_ROWS)
