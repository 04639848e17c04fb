"""What a flow may ask the host's own code, and what it may answer.

A host answers by a plain or an async function per question. What it says is a wish, judged by the same policy as what
a provider says.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.records import Account
from sso_core.secret import Secret


@attrs.frozen
class Person:
    """A person as the sign-in describes them to the host, or the host to the sign-in.

    `subject` is unique within `issuer`; a host that vouches for people itself has an issuer name of its own.
    """

    issuer: str
    subject: str
    display_name: str = ""
    handle: str | None = None
    email: str | None = attrs.field(default=None, repr=False)
    email_verified: bool = False
    role: str | None = None
    team_ids: tuple[str, ...] = ()
    claims: tuple[tuple[str, object], ...] = attrs.field(default=(), repr=False, hash=False)


@attrs.frozen
class AfterLogin:
    """Ask what is special, here, about a person who is about to get an account or a session."""

    person: Person
    account: Account | None


@attrs.frozen
class CheckPassword:
    """Ask whether this is the password of `username`, whom somebody claims to be."""

    username: str
    password: Secret


@attrs.frozen
class CheckHeaders:
    """Ask for whom a named proxy vouches by these headers, their names in lower case."""

    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)


HostQuestion = AfterLogin | CheckPassword | CheckHeaders


@attrs.frozen
class Wishes:
    """To `AfterLogin`: values in place of those that the provider's claims gave; None leaves a value as it is."""

    role: str | None = None
    handle: str | None = None
    team_ids: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    max_budget: float | None = None
    budget_duration: str | None = None


@attrs.frozen
class Vouched:
    """To `CheckPassword` or `CheckHeaders`: it is this person."""

    person: Person


@attrs.frozen
class Declined:
    """To any question: this person does not come in. `why` is for the log."""

    why: str = ""


HostAnswer = Wishes | Vouched | Declined


def answers_to(question: HostQuestion) -> tuple[type[Wishes], type[Declined]] | tuple[type[Vouched], type[Declined]]:
    """Return what a host may answer to this question: wishes about somebody known, or who it is."""
    match question:
        case AfterLogin():
            return Wishes, Declined
        case CheckPassword() | CheckHeaders():
            return Vouched, Declined
        case _:
            assert_never(question)
