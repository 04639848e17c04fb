"""`python -m tests.fuzz`: look for broken promises, led by coverage; see `hunt`.

The tests import each other from their own folder, as pytest and the type checkers have it, so the work is done by a
process that does as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def main() -> int:
    """Hand over to `hunt`, and return its exit status."""
    paths = (TESTS, TESTS.parent, TESTS.parent / "adapters", os.environ.get("PYTHONPATH", ""))
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)).rstrip(os.pathsep)}
    return subprocess.run([sys.executable, "-m", "fuzz.hunt", *sys.argv[1:]], env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
