from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from sso_adapters.session_key_file import kept_session_keys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.wire import b64url_encode

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "session.key"
    first = kept_session_keys(path)
    assert kept_session_keys(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["session.key"]
    assert kept_session_keys(tmp_path / "another.key") != first


def test_all_who_come_at_once_get_the_same_key(tmp_path: Path) -> None:
    start = Barrier(16)

    def come(_number: int) -> SessionKeys:
        start.wait()
        return kept_session_keys(tmp_path / "session.key")

    with ThreadPoolExecutor(16) as threads:
        keys = list(threads.map(come, range(16)))
    assert keys == [keys[0]] * 16
    assert [each.name for each in tmp_path.iterdir()] == ["session.key"]


def test_a_key_can_be_rotated_by_a_line_in_front(tmp_path: Path) -> None:
    path = tmp_path / "session.key"
    path.write_text(f"{b64url_encode(NEW)}\n{b64url_encode(OLD)}\n")
    assert kept_session_keys(path) == SessionKeys((NEW, OLD))


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\xff\xfe", b"no key!", b"c2hvcnQ", b64url_encode(OLD).encode() + b"\nshort"]
)
def test_a_file_that_holds_anything_else_ends_the_start_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "session.key"
    path.write_bytes(content)
    with pytest.raises(OSError, match=r"session\.key holds no keys"):
        kept_session_keys(path)


def test_a_folder_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        kept_session_keys(tmp_path / "missing" / "session.key")
