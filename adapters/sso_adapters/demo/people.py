"""The people of the demo. Each password is the name."""

from __future__ import annotations

from sso_core.testing.provider_state import Person


def _person(
    name: str,
    *,
    groups: tuple[str, ...] = (),
    teams: tuple[str, ...] = (),
    domain: str = "example.com",
    verified: bool = True,
) -> Person:
    claims: list[tuple[str, object]] = [
        ("name", f"{name.capitalize()} Example"),
        ("given_name", name.capitalize()),
        ("family_name", "Example"),
        ("preferred_username", name),
        ("email", f"{name}@{domain}"),
        ("email_verified", verified),
    ]
    if groups:
        claims.append(("groups", list(groups)))
    if teams:
        claims.append(("teams", list(teams)))
    return Person(name, tuple(claims))


PEOPLE = (
    _person("alice", groups=("admins", "staff")),
    _person("bob", groups=("staff",)),
    _person("carol"),
    _person("dave", groups=("staff",), verified=False),
    _person("erin", groups=("staff",), teams=("green", "blue")),
    _person("frank", groups=("staff",), domain="elsewhere.example"),
)

NAMES = ", ".join(person.subject for person in PEOPLE[:-1]) + f" or {PEOPLE[-1].subject}"
"""The people as a sentence names them."""
