"""The pages as values: everything that a page says, and nothing of how it looks."""

from __future__ import annotations

import attrs

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
class CliApprovedPage:
    """The command line has what it waited for; nobody is signed in in this browser."""

    client: str
    display_name: str
    style_path: str


@attrs.frozen
class StyleSheet:
    """How the pages look."""


Page = HomePage | RefusedPage | ConfirmStartPage | ConfirmCliPage | LeavingPage | CliApprovedPage | StyleSheet
