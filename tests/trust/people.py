"""People with claims of their own, and services with rules about them, in a line each."""

from __future__ import annotations

from typing import Any

import attrs

from sso_core.accounts.policy import AccessPolicy
from sso_core.effects import WriteAccount
from sso_core.identity.rules import IdentityRules
from sso_core.providers.kinds import Provider
from sso_core.records import Account, CreateAccount, RoleMap
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import CALLBACK, Person, example_provider
from trust.scene import Scene, provider_of

ADMIN, USER, NOBODY = "proxy_admin", "internal_user", "internal_user_viewer"
GROUP_ROLES = RoleMap("groups", ((ADMIN, ("admins",)), (USER, ("users",))), NOBODY)


def person(subject: str, **claims: object) -> Person:
    """Return somebody with an account at a provider."""
    return Person(subject, tuple(claims.items()))


def provider(*people: Person, **changes: Any) -> FakeProvider:
    """Return an honest provider with these people."""
    return FakeProvider(attrs.evolve(example_provider(), people=people, **changes))


def other_provider(*people: Person) -> FakeProvider:
    """Return a second provider, at the callback of the second one."""
    return FakeProvider(
        attrs.evolve(example_provider("https://other.example", redirect_uri=f"{CALLBACK}/other1"), people=people)
    )


def policy(**rules: Any) -> AccessPolicy:
    """Return rules of access."""
    return AccessPolicy(REFERENCE_LADDER, **rules)


def service(*ops: FakeProvider, rules: IdentityRules | None = None, host: Any = None, **access: Any) -> Scene:
    """Return a service before these providers, with rules of access and of how claims are read."""
    providers: tuple[Provider, ...] = tuple(provider_of(op, number) for number, op in enumerate(ops))
    if rules is not None:
        providers = tuple(attrs.evolve(each, rules=rules) for each in providers)
    return Scene(*ops, providers=providers, policy=policy(**access), host=host)


def known(scene: Scene, account_id: str, **described: Any) -> Account:
    """Put an account into the directory, as an administrator does."""
    account = Account(account_id, account_id, revision=1, **described)
    scene.directory.perform(WriteAccount((CreateAccount(account),), ()))
    return account


def change(op: FakeProvider, subject: str, **claims: object) -> None:
    """Let the provider say something else of somebody; None takes a claim away."""
    (before,) = (each for each in op.state.people if each.subject == subject)
    others = tuple(each for each in op.state.people if each.subject != subject)
    said = {name: value for name, value in {**dict(before.claims), **claims}.items() if value is not None}
    op.change(lambda state: attrs.evolve(state, people=(*others, person(subject, **said))))
