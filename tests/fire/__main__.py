"""Plays the scenes and prints the figures; ends with 1 where anything was not as promised."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

# As the real tests have it: the packages `parts` and `fire` are beside this folder, and last come the scenes of others.
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.append(str(Path(__file__).parents[1] / "adapters"))

from fire import report
from fire.playing import Played, run
from fire.scenes import SCENES


def main() -> int:
    """Play what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.fire", description=__doc__)
    parser.add_argument("--only", default="", help="play scenes whose names have this in them")
    parser.add_argument("--seed", type=int, default=0, help="of who signs in where, and when")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    scenes = [scene for scene in SCENES if options.only in scene.name]
    for line in report.head():
        print(line)
    with tempfile.TemporaryDirectory(prefix="sso-core-fire-") as folder:
        done = run(scenes, Path(folder), tell=_tell, seed=options.seed)
    print()
    for line in report.summary(done):
        print(line)
    return 1 if done.broken() else 0


def _end(_number: int, _frame: object) -> None:
    """Leave in order, so that nothing that was started outlives this."""
    sys.exit(1)


def _tell(played: Played) -> None:
    print(report.row(played), flush=True)
    for line in report.reasons(played):
        print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
