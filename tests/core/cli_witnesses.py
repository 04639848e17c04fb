"""One witness for each edge of the command line's flows."""

from __future__ import annotations

from typing import Any

import attrs
from scenes import ENTROPY, METADATA, OPENID, SIGNER, settings
from starts import CLI_CODE, CLI_ID, CLI_LOGIN, POLL, SESSION

from sso_core.events import AlreadyTaken, Counted, Found, Kept, Taken
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason
from sso_core.flows.begin_login import CheckingBackends, KeepingLogin, ResolvingProvider, SentToProvider, Start
from sso_core.flows.confirm_cli import ClaimingCliLogin, Confirming, CountingCode, TakingCliLogin
from sso_core.flows.hold_cli import BUSY, ReturningCliLogin
from sso_core.flows.poll_cli import (
    CliPending,
    CliSignedIn,
    CliTeamsToChoose,
    KeepingCliSession,
    PeekingApproval,
    TakingToken,
)
from sso_core.flows.start_cli import CliLoginShown, CliLoginStarted, CountingStart, KeepingCliLogin, PeekingCliLogin
from sso_core.machine import Failed
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import CliLogin, encode_cli_login
from sso_core.sessions.limits import cli_code_quota, cli_start_quota
from sso_core.sessions.sealing import SealingKeys


def kept(login: CliLogin = CLI_LOGIN, **changes: Any) -> bytes:
    return encode_cli_login(attrs.evolve(login, **changes))


START = Start(settings(), OPENID, "/", ENTROPY, keys_warm=True)
CONFIRMING = Confirming(START, Warm(METADATA, SIGNER.keys), CLI_ID, Secret(CLI_CODE), "")
COLD = attrs.evolve(CONFIRMING, warm=Warm())
DOUBTED = attrs.evolve(CONFIRMING, warm=Warm(backends_in_doubt=True))
SEALED = attrs.evolve(CONFIRMING, start=attrs.evolve(START, settings=settings(sealing_keys=SealingKeys((b"s" * 32,)))))
STARTED = CliLoginStarted(CLI_ID, ENTROPY.poll_secret, CLI_CODE, 600)
OF_TWO = attrs.evolve(SESSION, team_ids=("blue", "green"))

LIMITS = settings().limits

CLI_WITNESSES: list[tuple[Any, tuple[Any, ...], type]] = [
    (
        CountingStart(cli_start_quota(LIMITS, ""), KeepingCliLogin(CLI_LOGIN, STARTED)),
        (Counted(1, 60),),
        KeepingCliLogin,
    ),
    (KeepingCliLogin(CLI_LOGIN, STARTED), (Kept(),), CliLoginStarted),
    (PeekingCliLogin(CLI_ID), (Found(kept()),), CliLoginShown),
    (CountingCode(cli_code_quota(LIMITS, ""), TakingCliLogin(CONFIRMING)), (Counted(1, 60),), TakingCliLogin),
    (TakingCliLogin(CONFIRMING), (Taken(kept()),), ClaimingCliLogin),
    (TakingCliLogin(attrs.evolve(CONFIRMING, code=Secret(""))), (Taken(kept()),), ReturningCliLogin),
    (ReturningCliLogin(CLI_ID, CLI_LOGIN, 9, Failure(Reason.WRONG_USER_CODE)), (Kept(),), Failed),
    (ClaimingCliLogin(CONFIRMING, CLI_LOGIN, 9), (Kept(),), KeepingLogin),
    (ClaimingCliLogin(COLD, CLI_LOGIN, 9), (Kept(),), ResolvingProvider),
    (ClaimingCliLogin(SEALED, CLI_LOGIN, 9), (Kept(),), SentToProvider),
    (ClaimingCliLogin(DOUBTED, CLI_LOGIN, 9), (Kept(),), CheckingBackends),
    (PeekingApproval(POLL), (Found(kept()),), CliPending),
    (PeekingApproval(POLL), (Found(kept(session=OF_TWO)),), CliTeamsToChoose),
    (PeekingApproval(POLL), (Found(kept(session=SESSION)),), TakingToken),
    (TakingToken(POLL, None), (Taken(kept(session=SESSION)),), KeepingCliSession),
    (TakingToken(POLL, None), (AlreadyTaken(BUSY),), CliPending),
    (KeepingCliSession(POLL, SESSION, (), 9), (Kept(),), CliSignedIn),
]
"""Each state with the answers that lead along one edge."""
