"""Tables in plain text, and the goals with what was measured for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.measure import Spread


class Goal(NamedTuple):
    """One ratio, its bound, and its value in this run; `at_least` turns the bound round."""

    name: str
    what: str
    bound: float
    value: Spread
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Whether the median is within the bound."""
        met = self.value.middle >= self.bound if self.at_least else self.value.middle <= self.bound
        return "met" if met else "MISSED"


def exactly(value: float) -> Spread:
    """Return a value that is counted rather than measured."""
    return Spread(value, value, value)


def print_goals(goals: Sequence[Goal]) -> None:
    """Print them as a table."""
    rows = [
        (goal.name, goal.what, f"{'>=' if goal.at_least else '<='} {goal.bound:g}", shown(goal.value), goal.verdict)
        for goal in goals
    ]
    print_table(
        "Goals (ratios of medians by round; in brackets the middle half)", ("", "what", "goal", "now", ""), rows
    )


def shown(value: Spread) -> str:
    """Return a ratio with its spread, which a counted value lacks."""
    if value.low == value.high:
        return f"{value.middle:.3g}"
    return f"{value.middle:.3g} ({value.low:.3g}-{value.high:.3g})"


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose first two columns are flush left."""
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    print(f"\n{title}\n")
    for row in (heads, *rows):
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  " + "  ".join(cells).rstrip())
