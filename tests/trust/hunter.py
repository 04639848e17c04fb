"""Tries copies of the core, each in a process of its own, forked when everything but the core has been imported.

Each line of its input names a copy and what is to find something in it: a variant of the attacker model, or a test.
What is found is printed, and then `end` with the exit code.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import attrs
import httpx
import hypothesis.stateful
import jwt
import pytest

WARM = (attrs, httpx, hypothesis.stateful, jwt)
"""What takes longer to import than most weaknesses take to be found."""
TESTS = Path(__file__).parents[1]
BUDGET = "35000"
"""Steps, as many as a variant plays in the run that anybody may start."""


def try_copy(copy: str, found_by: str) -> int:
    """Import the core from its copy, and look for what is wrong with it."""
    sys.path.insert(0, copy)
    if "::" in found_by or "/" in found_by:
        path = " ".join(map(str, [copy, TESTS.parent / "adapters", TESTS / "core"]))
        quiet = ("-qq", "-x", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
        return int(pytest.main([*quiet, "-o", f"pythonpath={path}", found_by]))
    from trust.machine import main  # noqa: PLC0415 -- with the core, and so from the copy

    return main(found_by, BUDGET)


def serve() -> None:
    """Fork for each line of the input."""
    assert "sso_core" not in sys.modules
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.exit(try_copy(*line.split()))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"end {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
