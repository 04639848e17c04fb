"""Writes the pages of the docs that follow from the code: `python docs/derive.py`. Tests hold them true."""

from __future__ import annotations

from pathlib import Path

from sso_core.failures import Reason
from sso_core.flow_map import DOORS, mermaid
from sso_core.testing.hostile import HOSTILE, NOT_APPLICABLE

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
    ]
    parts += ["", "## Not applicable", "", "| line | reason |", "| --- | --- |"]
    parts += [f"| {line} | {_cell(reason)} |" for line, reason in NOT_APPLICABLE.items()]
    return "\n".join([*parts, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


PAGES = {"flows.md": flows, "refusals.md": refusals, "conformance.md": conformance}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
