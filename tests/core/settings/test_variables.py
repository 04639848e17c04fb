from __future__ import annotations

import pytest

from sso_core.settings.variables import BY_NAME, PROVIDER_KINDS, VARIABLES


def test_each_name_and_each_key_stands_once() -> None:
    keys = [variable.key for variable in VARIABLES if variable.key]
    assert len(BY_NAME) == len(VARIABLES)
    assert len(set(keys)) == len(keys)


def test_each_key_is_a_member_of_a_table() -> None:
    assert all(variable.table and variable.member for variable in VARIABLES if variable.key)


@pytest.mark.parametrize("kind", PROVIDER_KINDS)
def test_what_describes_a_provider_says_so_by_its_name(kind: str) -> None:
    named = {variable.name for variable in VARIABLES if variable.table == kind}
    assert f"{kind.upper()}_CLIENT_ID" in named
    assert all(name.startswith(kind.upper()) for name in named)


def test_each_meaning_fits_into_a_row_of_a_table() -> None:
    assert not [variable.name for variable in VARIABLES if not variable.meaning or set("|\n") & set(variable.meaning)]
