"""Writes the pages of the docs that follow from the code: `python docs/derive.py`. Tests hold them true."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from sso_core.failures import Reason
from sso_core.flow_map import DOORS, mermaid
from sso_core.settings.variables import PROVIDER_KINDS, VARIABLES
from sso_core.testing.hostile import HOSTILE, NOT_APPLICABLE
from sso_core.testing.hostile_logouts import LOGOUTS

DOCS = Path(__file__).parent
NOTE = "<!-- Derived from the code by docs/derive.py; do not edit. -->\n"


def flows() -> str:
    """Return the state diagrams."""
    parts = ["# The flows", NOTE, "Any working state may also end in `Failed`; that edge is left out.", ""]
    for name in DOORS:
        parts += [f"## {name}", "", "```mermaid", mermaid(name), "```", ""]
    return "\n".join(parts)


def refusals() -> str:
    """Return the table of refusals."""
    parts = ["# Refusals", NOTE, "| code | status | family | what the person reads |", "| --- | --- | --- | --- |"]
    parts += [f"| `{reason.code}` | {reason.status} | {reason.family.value} | {reason.sentence} |" for reason in Reason]
    return "\n".join([*parts, ""])


def conformance() -> str:
    """Return the conformance table."""
    test = "test_each_line_ends_as_it_demands_on_every_driver"
    parts = [
        "# Conformance",
        NOTE,
        f"Each variant is played on every driver by `tests/adapters/test_conformance.py::{test}[driver-name]`.",
        "ACC: the login completes. REJ: it is refused. REJ0: it is refused before the token endpoint hears of it.",
        "",
        "| line | test | what the provider does | what is required | outcome |",
        "| --- | --- | --- | --- | --- |",
    ]
    parts += [
        f"| {mischief.line} | `{name}` | {_cell(mischief.title)} | {_cell(mischief.requirement)} | {mischief.outcome} |"
        for name, mischief in HOSTILE.items()
        if mischief.line.startswith("C")
    ]
    parts += [
        "",
        "## Logout",
        "",
        "Each variant is played through the routes by `tests/core/testing/test_hostile_logouts.py`.",
        "ACC: the sessions end. REJ: none does.",
        "",
        "| line | test | what the provider does | what is required | outcome |",
        "| --- | --- | --- | --- | --- |",
    ]
    parts += [
        f"| {mischief.line} | `{name}` | {_cell(mischief.title)} | {_cell(mischief.requirement)} | {mischief.outcome} |"
        for name, mischief in LOGOUTS.items()
    ]
    parts += ["", "## Not applicable", "", "| line | reason |", "| --- | --- |"]
    parts += [f"| {line} | {_cell(reason)} |" for line, reason in NOT_APPLICABLE.items()]
    return "\n".join([*parts, ""])


def reference() -> str:
    """Return where each behaviour of the reference lives, and what is done about each of its weaknesses."""
    table = tomllib.loads((DOCS / "reference.toml").read_text())
    parts = ["# The reference", NOTE.replace("the code", "docs/reference.toml"), "## What it does", ""]
    parts += ["| | here | where | held by |", "| --- | --- | --- | --- |", *map(_place, table["behaviours"].items())]
    parts += ["", "## Where it is weak", "", "| | instead | where | held by |", "| --- | --- | --- | --- |"]
    return "\n".join([*parts, *map(_place, table["weaknesses"].items()), ""])


def _place(row: tuple[str, dict[str, Any]]) -> str:
    number, place = row
    where = "<br>".join(f"`{path_of_module(name)}`" for name in place["where"])
    tests = "<br>".join(f"`{'::'.join(path_of_test(name))}`" for name in place["tests"])
    return f"| {number} | {_cell(place['what'])} | {where} | {tests} |"


def path_of_module(name: str) -> str:
    """Return the file of a module that docs/reference.toml names."""
    return f"{'adapters' if name.startswith('sso_adapters/') else 'sso_core'}/{name}.py"


def path_of_test(name: str) -> tuple[str, ...]:
    """Return the file of a test that docs/reference.toml names, and the test's name if it is one of many."""
    file, *test = name.split("::")
    return (f"tests/{'' if file.startswith('adapters/') else 'core/'}{file}.py", *test)


LISTS = {"attacks": "Attacks", "vulnerabilities": "Vulnerabilities of others", "faults": "Faults"}
TESTS = DOCS.parent / "tests"
PLACES = ("trust", "real", "adapters", "adapters/http")
"""Where the tests of lines lie, below tests/."""
SHOWN = 4
"""Variants of one line that the page names; of more it tells the number."""
_TEST_OF_A_LINE = re.compile(r"^def (test_([avf]\d+)_\w+)\(", re.MULTILINE)


@cache
def tests_of_lines() -> dict[str, list[str]]:
    """Return the tests that hold each line of docs/trust/: those whose names begin with it, and variants."""
    held: dict[str, list[str]] = {}
    for file in sorted(file for place in PLACES for file in (TESTS / place).glob("test_*.py")):
        for name, line in _TEST_OF_A_LINE.findall(file.read_text()):
            held.setdefault(line.upper(), []).append(f"{file.relative_to(DOCS.parent).as_posix()}::{name}")
    variants: dict[str, list[str]] = {}
    for name, mischief in HOSTILE.items():
        variants.setdefault(mischief.line, []).append(name)
    for line, names in variants.items():
        told = names if len(names) <= SHOWN else [f"{len(names)} variants, {names[0]} to {names[-1]}"]
        held.setdefault(line, []).extend(f"hostile provider: {name}" for name in told)
    return held


def trust() -> str:
    """Return the table of attacks, vulnerabilities and faults."""
    parts = ["# What it withstands", NOTE.replace("the code", "docs/trust/ and the tests")]
    parts += ["`tox -e trust` plays all of it, beside the conformance table, and counts."]
    for name, title in LISTS.items():
        lines = tomllib.loads((DOCS / "trust" / f"{name}.toml").read_text())["lines"]
        parts += ["", f"## {title}", "", "| line | what happens | outcome | held by |", "| --- | --- | --- | --- |"]
        parts += [_line(line, row) for line, row in lines.items()]
    return "\n".join([*parts, ""])


def _line(line: str, row: dict[str, str]) -> str:
    if "no" in row:
        return f"| {line} | {_cell(row['what'])} | does not apply: {_cell(row['no'])} | |"
    tests = "<br>".join(f"`{name}`" for name in tests_of_lines().get(line, ()))
    return f"| {line} | {_cell(row['what'])} | {_cell(row['outcome'])} | {tests} |"


TABLES = {
    "service": "The service",
    "cli": "The command line",
    "limits": "How often something may be tried",
    "keys": "Personal keys",
    "reference_token": "The reference's cookie",
    "ui": "A user interface beside it",
    "access": "Who may come in",
    "accounts": "Accounts",
    "teams": "Teams",
    "google": "Google",
    "microsoft": "Microsoft Entra",
    "generic": "Any other provider",
}

ABOUT = {
    "limits": """Tries are counted before anybody looks at them, for each address that people come from and for each \
name. In IPv6 the first 64 bits of an address count; where the connection has no address, all are one. Once a limit is \
reached, the answer is 429 until the window is over, which begins with the first try. A name has more tries from \
everywhere than from one address, so that it takes many addresses to keep its person out by failing in their name.""",
}

FORMS = """An environment describes one provider: the first of Google, Microsoft and generic whose client id is set. \
`service_from_environment` reads it, `settings_from_environment` the part that sign-in needs.

A TOML file describes the same, several providers beside each other, and roles of your own; `service_from_toml` reads \
it. The file says everything: variables are looked at only where it refers to them.

```toml
[[provider]]                                    # one table for each; the first owns /sso/callback
kind = "generic"                                # or google, microsoft
id = "corp"                                     # each further one has /sso/callback/{id}; the kind unless named
label = "Corp"
issuer = "https://idp.example"
client_id = "gateway"
client_secret = { env = "CORP_SECRET" }         # or { file = "/run/secrets/corp" }

[access]
email_domains = ["example.com"]

[roles]                                         # in place of the reference's; the most powerful first
ranked = ["root", "member", "reader"]
admins = ["root"]
default = "reader"
unranked = ["guest"]                            # names that a claim may give, but no group
budgeted = "member"
```

Whatever is wrong is said at once, each by the name that it was written under, and nothing starts. No value is quoted: \
it may be a secret in the wrong place. An empty variable counts as unset, except that a restriction which is empty or \
misspelt keeps the service from starting, since it would let everybody in.

What ends in `_UNSAFE` or `_unsafe` weakens a sign-in, is off unless you set it, and is listed by \
`sso_core.settings.unsafe.unsafe_options`.
"""


def settings() -> str:
    """Return the tables of settings."""
    parts = ["# Settings", NOTE, FORMS]
    for table, title in TABLES.items():
        place = f'`[[provider]]` with `kind = "{table}"`' if table in PROVIDER_KINDS else f"`[{table}]`"
        parts += [f"## {title}", "", f"In TOML: {place}.", "", *([ABOUT[table], ""] if table in ABOUT else [])]
        parts += ["| variable | in TOML | meaning | default |", "| --- | --- | --- | --- |"]
        parts += [
            f"| `{variable.name}` | `{variable.member}` | {variable.meaning} | {variable.default} |"
            for variable in VARIABLES
            if variable.table == table
        ]
        parts.append("")
    parts += ["## Kept for environments of the reference", "", "| variable | meaning |", "| --- | --- |"]
    parts += [f"| `{variable.name}` | {variable.meaning} |" for variable in VARIABLES if not variable.key]
    return "\n".join([*parts, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


PAGES = {
    "flows.md": flows,
    "refusals.md": refusals,
    "conformance.md": conformance,
    "reference.md": reference,
    "settings.md": settings,
    "trust.md": trust,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
