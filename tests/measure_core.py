"""Runs the tests of the core in two processes, about half of the work each, and adds up what coverage saw in both.

    python tests/measure_core.py [options for pytest]

Each process collects its own half only: that is the whole gain over workers which all collect everything first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).parents[1]
CORE = ROOT / "tests" / "core"
LONG = {"testing", "flows", "reference"}
"""Folders whose tests take about as long as all others together: they play whole logins and every state."""


def halves() -> tuple[list[str], list[str]]:
    """Return the test files, each in one half."""
    files = sorted(CORE.rglob("test_*.py"))
    long = [file for file in files if file.relative_to(CORE).parts[0] in LONG]
    return [str(file) for file in long], [str(file) for file in files if file not in long]


def main(options: list[str]) -> int:
    """Run them, and return the exit status: that of a process that failed, or of adding up."""
    measured = os.environ.get("COVERAGE_FILE", str(ROOT / ".coverage"))
    command = [sys.executable, "-m", "coverage", "run", "-m", "pytest", "-q", *options]
    running = []
    for number, files in enumerate(halves()):
        said = TemporaryFile()  # noqa: SIM115 -- read below
        environment = os.environ | {"COVERAGE_FILE": f"{measured}.{number}"}
        process = subprocess.Popen([*command, *files], cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT)
        running.append((process, said))
    statuses = []
    for process, said in running:
        statuses.append(process.wait())
        said.seek(0)
        sys.stdout.write(said.read().decode(errors="replace"))
    parts = [f"{measured}.{number}" for number in range(len(running))]
    added = subprocess.run([sys.executable, "-m", "coverage", "combine", "-q", *parts], cwd=ROOT, check=False)
    return next((status for status in (*statuses, added.returncode) if status), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
