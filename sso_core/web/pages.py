"""The pages as values: everything that a page says, and nothing of how it looks."""

from __future__ import annotations

import attrs

from sso_core.failures import Failure
from sso_core.flows.debug_login import Passed
from sso_core.identity.explanation import Step
from sso_core.identity.identity import ShownClaim
from sso_core.sessions.session import Session


@attrs.frozen
class SignInChoice:
    """One way to sign in: what the button says beside "Sign in", and where it leads."""

    label: str
    path: str


@attrs.frozen
class HomePage:
    """Who is signed in, or the way to sign in; `trail` names the states that the login went through."""

    session: Session | None
    trail: tuple[str, ...]
    sign_in: tuple[SignInChoice, ...]
    sign_out_path: str
    sign_out_everywhere_path: str
    style_path: str


@attrs.frozen
class ChoicePage:
    """The ways to sign in, where there are several and none was named."""

    sign_in: tuple[SignInChoice, ...]
    style_path: str


@attrs.frozen
class PasswordPage:
    """A form for a name and a password, which go to `action_path`; `sentence` says what was wrong with the last ones.

    Without `offered` nobody checks passwords here, and there is no other way to sign in either.
    """

    offered: bool
    action_path: str
    return_to: str
    sentence: str
    style_path: str


@attrs.frozen
class UiDisabledPage:
    """Nobody signs in here, as the operator wishes."""

    sentence: str
    style_path: str


@attrs.frozen
class DebugPage:
    """What a provider said and what would come of it, for administrators; nothing of it is kept.

    `failure` says why the person would be refused, with its detail and hint; None where they would come in.
    """

    provider: str
    person: tuple[tuple[str, str], ...]
    """Who it is here: a label and a value each."""
    claims: tuple[ShownClaim, ...]
    """As the provider sent them; secrets are left out, and values cut where they are long."""
    steps: tuple[Step, ...]
    changes: tuple[str, ...]
    """What would be written, by name."""
    notes: tuple[Failure, ...]
    failure: Failure | None
    timeline: tuple[Passed, ...]
    again_path: str
    style_path: str


@attrs.frozen
class RefusedPage:
    """Why there is no sign-in, in a sentence; `again_path` begins a new one, or repeats the request if empty."""

    sentence: str
    code: str
    reference: str
    again_path: str
    style_path: str


@attrs.frozen
class ConfirmStartPage:
    """Another site asks this browser to sign in: only the person can say whether to."""

    sign_in_path: str
    style_path: str


@attrs.frozen
class ConfirmCliPage:
    """A command line wants to sign in: who says so, and the form that only its owner can fill in.

    `minutes` is how long ago it asked. Without `needs_code` it listens on this very machine.
    """

    client: str
    address: str
    minutes: int
    needs_code: bool
    login_id: str = attrs.field(repr=False)
    providers: tuple[SignInChoice, ...]
    """The choice of a provider where there are several; `path` is then the provider's id."""
    action_path: str
    style_path: str


@attrs.frozen
class LeavingPage:
    """The browser goes on to the provider by itself; the link is for one that does not."""

    location: str = attrs.field(repr=False)
    style_path: str


@attrs.frozen
class SignedOutPage:
    """Nobody is signed in in this browser any more; `sign_in` are the ways to begin anew."""

    sign_in: tuple[SignInChoice, ...]
    style_path: str


@attrs.frozen
class CliApprovedPage:
    """The command line has what it waited for; nobody is signed in in this browser."""

    client: str
    display_name: str
    style_path: str


@attrs.frozen
class StyleSheet:
    """How the pages look."""


Page = (
    HomePage
    | ChoicePage
    | PasswordPage
    | UiDisabledPage
    | DebugPage
    | RefusedPage
    | ConfirmStartPage
    | ConfirmCliPage
    | LeavingPage
    | SignedOutPage
    | CliApprovedPage
    | StyleSheet
)
