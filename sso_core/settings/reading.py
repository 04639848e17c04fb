"""Settings as they were written become values; whatever is wrong with them is gathered into one report.

A setting comes as text from an environment, or as a value from a TOML file; both are asked for by the name of the
variable, and the report calls it as its writer did. No value is ever quoted: it may be a secret in the wrong place.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import inf, isfinite
from typing import TypeVar

import attrs

from sso_core.secret import Secret
from sso_core.settings.literal import LiteralError, parse_literal
from sso_core.settings.spelling import shown
from sso_core.settings.variables import BY_NAME
from sso_core.wire import WireError, parse_http_url

E = TypeVar("E", bound=Enum)

_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@attrs.frozen
class Problem:
    """A variable that is missing or wrong, and what to do about it; or one that is worth a note."""

    variable: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.variable} {self.what}" + (f" ({self.hint})" if self.hint else "")


class SettingsError(Exception):
    """The settings do not hold together; `problems` names all that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@attrs.define
class Report:
    """What was found so far: `problems` that keep the service from starting, and `notes` that do not."""

    problems: list[Problem] = attrs.field(factory=list)
    notes: list[Problem] = attrs.field(factory=list)


class Reading:
    """One pass over settings. Each method returns None or the default where it has reported a problem."""

    def __init__(self, values: Mapping[str, object], report: Report, labels: Mapping[str, str] | None = None) -> None:
        self._labels = labels or {}
        self._report = report
        there = {name: value for name, value in values.items() if not _is_empty(value)}
        self._values = {name: value for name, value in there.items() if _is_whole(value)}
        for name in sorted(there.keys() - self._values.keys()):
            if name in BY_NAME or name in self._labels:
                self.problem(name, "is no UTF-8")
        for name in sorted(values.keys() - there.keys()):
            if name in BY_NAME and BY_NAME[name].restricts:
                self.problem(
                    name, "is set and empty", "nobody can tell what it restricts; give it a value or remove it"
                )

    def has(self, name: str) -> bool:
        """Whether the setting is there; an empty text is not."""
        return name in self._values

    def label(self, name: str) -> str:
        """Return what the writer of the settings calls it."""
        return self._labels.get(name, name)

    def problem(self, name: str, what: str, hint: str = "") -> None:
        """Report what is wrong with a setting."""
        self._report.problems.append(Problem(self.label(name), what, hint))

    def missing(self, name: str, hint: str = "") -> None:
        """Report a setting that is not there, unless it was reported already: it is there and cannot be had."""
        if all(problem.variable != self.label(name) for problem in self._report.problems):
            self.problem(name, "is missing", hint)

    def note(self, name: str, what: str, hint: str = "") -> None:
        """Report what is taken as it is, and yet worth knowing."""
        self._report.notes.append(Problem(self.label(name), what, hint))

    def text(self, name: str) -> str | None:
        """Return a text without the blanks around it."""
        value = self._values.get(name)
        if value is None or isinstance(value, str):
            return value if value is None else value.strip()
        self.problem(name, "is not a text")
        return None

    def secret(self, name: str) -> Secret | None:
        """Return a text that nobody may see."""
        text = self.text(name)
        return None if text is None else Secret(text)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return whether something is wished."""
        value = self._values.get(name)
        known = _FLAGS.get(value.strip().lower()) if isinstance(value, str) else value
        if isinstance(known, bool):
            return known
        if name in self._values:
            self.problem(name, "is neither true nor false")
        return default

    def number(self, name: str, *, above: float = 0, most: float = inf) -> float | None:
        """Return a number greater than `above`, and `most` at most."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            number = float(value) if isinstance(value, str | int | float) and value is not True else None
        except (ValueError, OverflowError):
            number = None
        if number is None or not isfinite(number) or number <= above:
            self.problem(name, f"is not a number above {above:g}")
            return None
        if number > most:
            self.problem(name, f"is more than {most:.0f}")
            return None
        return number

    def whole(self, name: str, *, least: int = 1, most: float = inf) -> int | None:
        """Return a whole number of `least` at least, and `most` at most."""
        number = self.number(name, above=least - 1, most=most) if self.has(name) else None
        if number is not None and number != int(number):
            self.problem(name, "is not a whole number")
            return None
        return None if number is None else int(number)

    def choice(self, name: str, choices: type[E], default: E) -> E:
        """Return the member of an enumeration that the text names, in any case of letters."""
        value = self._values.get(name)
        if value is None:
            return default
        known = {choice.value: choice for choice in choices}
        found = known.get(value.strip().lower()) if isinstance(value, str) else None
        if found is None:
            self.problem(name, "is not known", f"one of {', '.join(known)}")
            return default
        return found

    def items(self, name: str) -> tuple[str, ...] | None:
        """Return the texts of a list, or of one text with commas between them; None where it is not there.

        A list with nothing in it is a problem: nobody can tell whether it means all or none.
        """
        value = self._values.get(name)
        if value is None:
            return None
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            self.problem(name, "is not a list of texts")
            return None
        items = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
        if not items:
            self.problem(name, "is an empty list", "name something, or leave it out")
            return None
        return items

    def address(self, name: str) -> str | None:
        """Return an address that secrets may be sent to: https, or http on the loopback of this machine."""
        text = self.text(name)
        if text is None:
            return None
        try:
            url = parse_http_url(text)
        except WireError as error:
            self.problem(name, f"is no usable address: {error}")
            return None
        if url.scheme == "http" and not url.is_loopback:
            self.problem(name, "is plain http", "only https, or http on the loopback of this machine")
            return None
        return text

    def table(self, name: str) -> dict[str, object] | None:
        """Return a dictionary by texts, from a table, a JSON object or a Python literal."""
        value = self._values.get(name)
        if isinstance(value, str):
            try:
                value = parse_literal(value)
            except LiteralError as error:
                self.problem(name, str(error))
                return None
        if value is None and not self.has(name):
            return None
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            self.problem(name, "is not a dictionary", 'such as {"name": "value"}')
            return None
        return value

    def is_table(self, name: str) -> bool:
        """Whether the setting is written as a dictionary already."""
        return isinstance(self._values.get(name), dict)

    def within(self, name: str, members: Mapping[str, object]) -> Reading:
        """Return a reading of the members of a setting that is a dictionary itself."""
        return Reading(members, self._report, {member: f"{self.label(name)}.{shown(member)}" for member in members})


def _is_whole(value: object) -> bool:
    """Whether a text can be written again: bytes of an environment that are no UTF-8 come as halves of characters."""
    try:
        return not isinstance(value, str) or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
