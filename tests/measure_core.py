"""Runs the tests of the core in two processes, half of the files each, and adds up what coverage saw in both.

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
PROCESSES = 2


def shares(files: list[Path]) -> list[list[Path]]:
    """Return the files in as many shares as there are processes, each of about the same number of bytes."""
    parts: list[list[Path]] = [[] for _ in range(PROCESSES)]
    sizes = [0] * PROCESSES
    for file in sorted(files, key=lambda file: (-file.stat().st_size, file)):
        lightest = sizes.index(min(sizes))
        parts[lightest].append(file)
        sizes[lightest] += file.stat().st_size
    return parts


def main(options: list[str]) -> int:
    """Run them, and return the exit status: that of a process that failed, or of adding up."""
    measured = os.environ.get("COVERAGE_FILE", str(ROOT / ".coverage"))
    command = [sys.executable, "-m", "coverage", "run", "-m", "pytest", "-q", *options]
    running = []
    for number, files in enumerate(shares(list((ROOT / "tests" / "core").rglob("test_*.py")))):
        said = TemporaryFile()  # noqa: SIM115 -- read below
        environment = os.environ | {"COVERAGE_FILE": f"{measured}.{number}"}
        names = [str(file.relative_to(ROOT)) for file in sorted(files)]
        process = subprocess.Popen([*command, *names], cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT)
        running.append((process, said))
    statuses = []
    for process, said in running:
        statuses.append(process.wait())
        said.seek(0)
        sys.stdout.write(said.read().decode(errors="replace"))
    parts = [f"{measured}.{number}" for number in range(PROCESSES)]
    added = subprocess.run([sys.executable, "-m", "coverage", "combine", "-q", *parts], cwd=ROOT, check=False)
    return next((status for status in (*statuses, added.returncode) if status), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
