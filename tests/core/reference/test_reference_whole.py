"""No recorded case of the reference is left out: each one is run by a test, and none is skipped."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from cases import HELD, VARIABLE, folder, load

HERE = Path(__file__).parent
CASES = folder()
FILES = sorted(CASES.glob("*.json")) if CASES else []


@pytest.mark.skipif(not FILES, reason=f"no reference cases: set {VARIABLE} to their folder")
def test_every_recorded_case_is_run() -> None:
    for module in sorted(HERE.glob("test_reference_*.py")):
        import_module(module.stem)
    left_out = [case.id for file in FILES for case in load(file) if case.id not in HELD.get(file.stem, ())]
    assert left_out == []


@pytest.mark.parametrize("module", sorted(HERE.glob("test_reference_*.py")), ids=lambda path: path.stem)
def test_no_case_is_skipped_where_it_is_run(module: Path) -> None:
    assert "pytest." + "skip(" not in module.read_text()
