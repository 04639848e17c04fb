"""What every state of a finishing login knows."""

from __future__ import annotations

import attrs

from sso_core.facts import KeySet
from sso_core.machine import Working
from sso_core.oauth.authorization import AuthorizationResponse
from sso_core.providers.kinds import Provider
from sso_core.secret import Entropy
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.settings.sign_in import SignInSettings


@attrs.frozen
class Attempt:
    """What is known when the browser comes back, whatever happens next."""

    settings: SignInSettings
    provider: Provider
    """The one whose callback this is."""
    response: AuthorizationResponse
    cookie: LoginCookie
    key: str
    """Where the store keeps this login, or the mark that it was used."""
    entropy: Entropy
    keys: KeySet | None
    former_session: str | None
    """The key of the session that this browser held until now; it ends with the new one."""


class Finishing(Working):
    """A state of this story; see its last rule."""

    __slots__ = ()
    uninterruptible = True
