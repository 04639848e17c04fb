"""Look for broken promises with atheris, which leads the changes by the branches that they reach.

    python -m tests.fuzz                            each target for 20 seconds
    python -m tests.fuzz json toml --seconds 300    these, for as long as somebody likes
    python -m tests.fuzz json --keep 6              and put up to six inputs into its corpus that the seeds do not cover
    python -m tests.fuzz json --repeat FILE         what was found, once more and without atheris

What is found is written beside the corpus of its target, where the tests play it from then on: mend the code, and keep
the input under a name of its own.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from fuzz.player import play
from fuzz.promise import CORPUS, Target
from fuzz.targets import BY_NAME, TARGETS

LONGEST = 4096
"""Bytes of an input; sizes are the matter of `test_targets`."""
SLOW = 10
"""Seconds for one input, twice, while branches are counted."""
SMALL = 1024
"""Bytes of an input that is kept."""
_EXECUTED = re.compile(r"stat::number_of_executed_units: +(\d+)")
_COVERED = re.compile(r"cov: (\d+)")
_BLAMED = re.compile(r"^(?:[\w.]+(?:Error|Exception|Refusal)\b.*|ALARM: .*|.*ERROR: libFuzzer: .*)$", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """Play what is asked for, and return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", choices=[[], *BY_NAME], metavar="TARGET", help=", ".join(BY_NAME))
    parser.add_argument("--seconds", type=int, default=20, help="for each target (default 20)")
    parser.add_argument("--keep", type=int, default=0, help="inputs to put into the corpus of each target")
    parser.add_argument("--repeat", type=Path, help="play this input instead")
    options = parser.parse_args(arguments)
    targets = [BY_NAME[name] for name in options.targets] or TARGETS
    if options.repeat is not None:
        for target in targets:
            target(options.repeat.read_bytes())
        return 0
    found = [hunt(target, options.seconds, options.keep) for target in targets]
    return 1 if any(found) else 0


def hunt(target: Target, seconds: int, keep: int) -> bool:
    """Play one target in a process of its own, tell how it went, and return whether anything was found."""
    corpus = CORPUS / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    before = set(corpus.iterdir())
    with TemporaryDirectory() as place:
        seeds, grown = Path(place, "seeds"), Path(place, "grown")
        grown.mkdir()
        write(seeds, target.seeds)
        limits = (f"-max_total_time={seconds}", f"-timeout={SLOW}", f"-max_len={min(target.most, LONGEST)}")
        options = (*limits, "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={corpus}/found-")
        status = play(target, [*options, *map(str, (grown, seeds, corpus))], Path(place, "log"))
        said = Path(place, "log").read_text(errors="replace")
        played, covered = _EXECUTED.search(said), _COVERED.findall(said)
        sys.stdout.write(
            f"{target.name}: {played[1] if played else 0} inputs, coverage {covered[-1] if covered else 0}\n"
        )
        new = sorted(set(corpus.iterdir()) - before)
        blamed = _BLAMED.findall(said)
        if new or status:
            sys.stdout.write("".join(f"  {line[:300]}\n" for line in blamed or said.splitlines()[-20:]))
        for path in new:
            sys.stdout.write(f"  python -m tests.fuzz {target.name} --repeat {path}\n")
        if keep and not new:
            write(corpus, chosen(target, [path.read_bytes() for path in grown.iterdir()], keep))
    if not any(corpus.iterdir()):
        corpus.rmdir()
    sys.stdout.flush()
    return bool(new or status)


def chosen(target: Target, grown: Iterable[bytes], most: int) -> list[bytes]:
    """Return the inputs that reach most lines which the seeds and the corpus do not, small ones first."""
    known: set[object] = set()
    for data in (*target.seeds, *target.corpus()):
        known |= lines(target, data)
    reached = {data: lines(target, data) for data in sorted(grown, key=len) if len(data) <= SMALL}
    kept: list[bytes] = []
    while reached and len(kept) < most:
        best = max(reached, key=lambda data: len(reached[data] - known))
        if reached[best] <= known:
            break
        known |= reached.pop(best)
        kept.append(best)
    return kept


def lines(target: Target, data: bytes) -> set[object]:
    """Return the lines of the project that an input reaches, and what becomes of it."""
    reached: set[object] = set()

    def trace(frame: FrameType, _event: str, _argument: object) -> Any:
        if "/sso_" not in frame.f_code.co_filename:
            return None
        reached.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        outcome = target.outcome(data)
    finally:
        sys.settrace(None)
    reached.add((outcome[0], outcome[1].partition(":")[0] if isinstance(outcome[1], str) else ""))
    return reached


def write(folder: Path, inputs: Iterable[bytes]) -> None:
    """Write inputs under names that follow from them."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        Path(folder, sha256(data).hexdigest()[:12]).write_bytes(data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
