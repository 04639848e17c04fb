"""The tokens of this person's terminals: one for each service, in a file that nobody else may read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from sso_adapters.cli.terminal import CommandError
from sso_core.secret import Secret
from sso_core.wire import WireError, parse_json_object

VERSION = 1
FILE_LIMIT = 1 << 20
_TYPES: Mapping[str, tuple[type, ...]] = {
    "token": (str,),
    "user_id": (str,),
    "team_id": (str, type(None)),
    "expires_at": (int, float),
}


@attrs.frozen
class Credential:
    """A token, whose it is, for which of their teams, and until when (seconds since the epoch)."""

    token: Secret
    user_id: str
    team_id: str | None
    expires_at: float


def credentials_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the tokens lie; a relative XDG_CONFIG_HOME counts as none (XDG Base Directory Specification)."""
    named = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".config") / "sso-core" / "credentials.json"


class Credentials:
    """The file. It is read and written whole; a write takes effect all at once or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.latest, self._services = self._read()

    def get(self, base_url: str) -> Credential | None:
        """Return the token for a service."""
        return self._services.get(base_url)

    def keep(self, base_url: str, credential: Credential) -> None:
        """Remember a token; the service becomes the one that is meant where none is named. Raises CommandError."""
        self._services[base_url] = credential
        self.latest = base_url
        self._write()

    def forget(self, base_url: str) -> None:
        """Forget the token for a service. Raises CommandError."""
        self._services.pop(base_url, None)
        if self.latest == base_url:
            self.latest = next(reversed(self._services), None)
        self._write()

    def _read(self) -> tuple[str | None, dict[str, Credential]]:
        try:
            document = parse_json_object(self._path.read_bytes(), limit=FILE_LIMIT)
        except FileNotFoundError:
            return None, {}
        except OSError as error:
            raise CommandError(f"the stored sign-ins cannot be read: {error}") from None
        except WireError as error:
            raise self._damaged(str(error)) from None
        services, latest = document.get("services"), document.get("latest")
        if document.get("version") != VERSION or not isinstance(services, dict) or not isinstance(latest, str | None):
            raise self._damaged("it is of another version")
        return latest, {base_url: self._credential(entry) for base_url, entry in services.items()}

    def _credential(self, entry: Any) -> Credential:  # noqa: ANN401 -- any JSON
        if not isinstance(entry, dict) or not all(isinstance(entry.get(name, ...), _TYPES[name]) for name in _TYPES):
            raise self._damaged("an entry of it is none")
        return Credential(Secret(entry["token"]), entry["user_id"], entry["team_id"], entry["expires_at"])

    def _damaged(self, why: str) -> CommandError:
        return CommandError(f"{self._path} cannot be understood: {why}; remove it and sign in again")

    def _write(self) -> None:
        document = {
            "version": VERSION,
            "latest": self.latest,
            "services": {
                base_url: {
                    "token": credential.token.reveal(),
                    "user_id": credential.user_id,
                    "team_id": credential.team_id,
                    "expires_at": credential.expires_at,
                }
                for base_url, credential in self._services.items()
            },
        }
        try:
            write_for_owner(self._path, json.dumps(document, indent=1).encode())
        except OSError as error:
            raise CommandError(f"the sign-in cannot be stored: {error}") from None


def write_for_owner(path: Path, content: bytes) -> None:
    """Put a file in the place of the former one in one step; file and folder are their owner's alone. Raises OSError.

    The content is never in a file that somebody else could open, not for an instant and whatever the umask.
    """
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".credentials-")  # for its owner alone from the start
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
