"""Settings from a TOML file: the same as from an environment, several providers beside each other, and roles.

    [[provider]]
    kind = "generic"                               # or google, microsoft
    id = "corp"                                    # part of its callback; the kind unless named
    issuer = "https://idp.example"
    client_id = "gateway"
    client_secret = { env = "CORP_SECRET" }        # or { file = "/run/secrets/corp" }

    [access]
    email_domains = ["example.com"]

The file says everything: variables of the environment are looked at only where it refers to them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from sso_core.identity.ladder import RoleLadder
from sso_core.providers.kinds import Provider
from sso_core.settings.environment import host_vouches, read_whole
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.provider_environment import READERS, Described
from sso_core.settings.reading import Problem, Reading, Report, SettingsError
from sso_core.settings.service import ServiceSettings
from sso_core.settings.several import clashes
from sso_core.settings.sign_in import PROVIDER_ID
from sso_core.settings.spelling import meant, shown
from sso_core.settings.variables import PROVIDER_KINDS, VARIABLES, Variable

TOML_LIMIT = 256 * 1024
"""Characters; a hundred providers have fewer."""
TOML_DEPTH = 32
"""Tables and lists within each other; settings have five."""

TABLES: dict[str, dict[str, Variable]] = {}
for _variable in VARIABLES:
    if _variable.key:
        TABLES.setdefault(_variable.table, {})[_variable.member] = _variable

LADDER = ("ranked", "admins", "default", "unranked", "budgeted")
WORKERS = "WEB_CONCURRENCY"
"""Set by whatever starts the processes, so it counts beside a file too."""

_POSITION = re.compile(r"\(at (line \d+, column \d+|end of document)\)")


def service_from_toml(
    text: str, environ: Mapping[str, str], *, default_base_url: str, files: Mapping[str, str] | None = None
) -> ServiceSettings:
    """Return the settings that a TOML file describes.

    `files` holds the content of the files that `referred_files` names. Raises SettingsError with every problem there
    is, each by its place in the file; providers are counted from 1.
    """
    return _Document(_parse(text), environ, files or {}, default_base_url).service()


def referred_files(text: str) -> tuple[str, ...]:
    """Return the paths to which the settings refer, for the caller to read. Raises SettingsError as above."""
    return tuple(dict.fromkeys(_paths(_parse(text))))


def _paths(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if _reference(value) == "file":
            yield value["file"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _paths(item)


def _reference(value: object) -> str | None:
    """Return `env` or `file` for a value that only says where it is to be found."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    [(kind, name)] = value.items()
    return kind if kind in ("env", "file") and isinstance(name, str) else None


def _parse(text: str) -> dict[str, Any]:
    if len(text) > TOML_LIMIT:
        raise SettingsError((Problem("the file", f"is longer than {TOML_LIMIT} characters"),))
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a ValueError is also what a number of thousands of digits raises
        where = _POSITION.search(str(error))
        raise SettingsError((Problem("the file", "is no TOML", where[1] if where else ""),)) from None
    _check_depth(tables)
    return tables


def _check_depth(tables: dict[str, Any]) -> None:
    """Refuse a file with a table in a table in a table: a name with a thousand dots is enough to write one."""
    level: list[object] = [tables]
    for _ in range(TOML_DEPTH):
        inner = [
            value.values() if isinstance(value, dict) else value for value in level if isinstance(value, dict | list)
        ]
        level = [value for values in inner for value in values]
    if level:
        raise SettingsError((Problem("the file", f"is nested deeper than {TOML_DEPTH} tables"),))


@attrs.define
class _Document:
    """One pass over a file."""

    tables: dict[str, Any]
    environ: Mapping[str, str]
    files: Mapping[str, str]
    default_base_url: str
    report: Report = attrs.field(factory=Report)

    def service(self) -> ServiceSettings:
        entries, roles = self.tables.pop("provider", []), self.tables.pop("roles", {})
        ladder = self._ladder(roles)
        values: dict[str, object] = {WORKERS: self.environ.get(WORKERS)}
        labels: dict[str, str] = {}
        for table, members in self.tables.items():
            known = TABLES.get(table, {}) if table not in PROVIDER_KINDS else {}
            if not known:
                self._unknown(shown(table), table, ("provider", "roles", *(TABLES.keys() - set(PROVIDER_KINDS))))
            elif self._is_table(table, members):
                self._members(table, members, known, values, labels)
        self._left_behind(labels, entries)

        def providers(group_claims: tuple[str, ...]) -> tuple[Provider | None, ...]:
            return self._providers(entries, Described(ladder, group_claims), needed=not host_vouches(values))

        reading = Reading(values, self.report, {v.name: v.key for v in VARIABLES} | labels)
        return read_whole(reading, self.report, ladder, providers, self.default_base_url)

    def _providers(self, entries: object, described: Described, *, needed: bool) -> tuple[Provider | None, ...]:
        if not entries and not needed:
            return ()
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            self._problem("provider", "is missing" if not entries else "is no list of tables", "[[provider]]")
            return ()
        places = {}
        ids: set[str] = set()
        for number, entry in enumerate(entries, 1):
            place = f"provider[{number}]"
            kind = entry.pop("kind", "generic")
            if not isinstance(kind, str) or kind not in READERS:
                self._problem(f"{place}.kind", "is not known", f"one of {', '.join(READERS)}")
                continue
            provider_id = entry.pop("id", kind)
            if not isinstance(provider_id, str) or not PROVIDER_ID.fullmatch(provider_id):
                self._problem(f"{place}.id", "is no id", "small letters, digits and hyphens, 40 at most")
            elif provider_id in ids:
                self._problem(f"{place}.id", "stands twice", "each provider has a callback, hence an id, of its own")
            else:
                ids.add(provider_id)
                provider = self._provider(place, kind, entry, attrs.evolve(described, provider_id=provider_id))
                if provider is not None:
                    places[place] = provider
        by_id = {provider.provider_id: place for place, provider in places.items()}
        for one, other in clashes(tuple(places.values())):
            hint = "let one entry do for both, or part them by their tenants"
            self._problem(by_id[other.provider_id], f"shares the issuer of {by_id[one.provider_id]}", hint)
        return tuple(places.values())

    def _provider(self, place: str, kind: str, entry: dict[str, Any], described: Described) -> Provider | None:
        values: dict[str, object] = {}
        labels = {variable.name: f"{place}.{member}" for member, variable in TABLES[kind].items()}
        self._members(place, entry, TABLES[kind], values, labels)
        return READERS[kind](Reading(values, self.report, labels), described)

    def _members(
        self,
        place: str,
        members: dict[str, Any],
        known: Mapping[str, Variable],
        values: dict[str, object],
        labels: dict[str, str],
    ) -> None:
        """Put the members of one table among the values, under the names of their variables."""
        for member, written in members.items():
            path = f"{place}.{shown(member)}"
            if member not in known:
                self._unknown(path, member, known)
                continue
            variable = known[member]
            labels[variable.name] = path
            resolved = self._resolved(path, written)
            if resolved is not None:
                values[variable.name] = resolved
            if variable.secret and _is_plain(written):
                self.report.notes.append(Problem(path, "stands in the file as it is", 'better { env = "NAME" }'))

    def _resolved(self, path: str, written: object) -> object:
        match _reference(written), written:
            case "env", {"env": name}:
                return self._found(path, self.environ.get(name), "a variable that is not set")
            case "file", {"file": name}:
                return self._found(path, self.files.get(name), "a file that cannot be read")
            case _, dict():
                return {name: self._resolved(f"{path}.{shown(name)}", value) for name, value in written.items()}
            case _:
                return written

    def _found(self, path: str, value: str | None, otherwise: str) -> str | None:
        if value is None or not value.strip():
            self._problem(path, f"refers to {otherwise}, or that is empty")
            return None
        return value.strip()

    def _left_behind(self, written: Mapping[str, str], entries: object) -> None:
        """Report restrictions that the environment holds and the file lacks: their writer believes in them.

        Those of a provider have to stand in an entry of its kind.
        """
        tables = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
        said = [(entry.get("kind", "generic"), member) for entry in tables for member in entry]
        for variable in VARIABLES:
            if not variable.restricts or not self.environ.get(variable.name, "").strip():
                continue
            if variable.table not in PROVIDER_KINDS:
                there, hint = variable.name in written, f"move it there, as {variable.key}"
            else:
                there = (variable.table, variable.member) in said
                hint = f"move it into the [[provider]] that is {variable.table}, as {variable.member}; else remove it"
            if not there:
                self._problem(variable.name, "is not looked at beside a file", hint)

    def _ladder(self, roles: object) -> RoleLadder:
        if not roles or not self._is_table("roles", roles):
            return REFERENCE_LADDER
        assert isinstance(roles, dict)
        reading = Reading(roles, self.report, {name: f"roles.{name}" for name in LADDER})
        for name in sorted(roles.keys() - set(LADDER)):
            self._unknown(f"roles.{shown(name)}", name, LADDER)
        ranked, admins, default = reading.items("ranked"), reading.items("admins"), reading.text("default")
        for name in ("ranked", "admins", "default"):
            if not reading.has(name):
                reading.missing(name, "a ladder of roles needs it")
        unranked, budgeted = reading.items("unranked") or (), reading.text("budgeted")
        if ranked is None or admins is None or default is None:
            return REFERENCE_LADDER
        try:
            return RoleLadder(ranked, admins, default, unranked, budgeted)
        except ValueError as error:
            self._problem("roles", f"do not hold together: {error}")
            return REFERENCE_LADDER

    def _is_table(self, name: str, value: object) -> bool:
        if not isinstance(value, dict):
            self._problem(name, "is no table", f"[{name}]")
        return isinstance(value, dict)

    def _unknown(self, path: str, name: str, known: Any) -> None:  # noqa: ANN401
        close = meant(name, known)
        self._problem(path, "is not known", f"do you mean {close}?" if close else f"one of {', '.join(sorted(known))}")

    def _problem(self, path: str, what: str, hint: str = "") -> None:
        self.report.problems.append(Problem(path, what, hint))


def _is_plain(written: object) -> bool:
    if isinstance(written, dict) and _reference(written) is None:
        return any(map(_is_plain, written.values()))
    return isinstance(written, str)
