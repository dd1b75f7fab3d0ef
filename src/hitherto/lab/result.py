"""What an experiment is given, and what it gives: claims with what was measured, and sections of a page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np

from hitherto import progress
from hitherto.report.curves import Section

__all__ = ["HOLDS", "Claim", "Lab", "Result", "spread", "verdict"]

Holds = Literal["holds", "holds in part", "does not hold"]
HOLDS: tuple[Holds, ...] = ("holds", "holds in part", "does not hold")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, beside what was measured."""

    said: str  # as texts say it
    measured: str
    holds: Holds


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of an experiment. All of it is plain, as JSON has it."""

    claims: list[Claim]
    sections: list[Section]
    numbers: dict[str, object] = field(default_factory=dict)  # for programs


@dataclass(frozen=True, slots=True)
class Lab:
    """What every experiment is given."""

    name: str  # of the experiment
    seeds: Sequence[int] = (0, 1, 2)
    say: Callable[[str], None] = lambda _line: None

    def each(self, items: Sequence[T]) -> Iterator[T]:
        """The items, telling how many are done."""
        return progress.over(items, self.name, len(items), what="measuring")


def verdict(*checks: bool) -> Holds:
    """All hold, some, or none."""
    return HOLDS[0] if all(checks) else HOLDS[1] if any(checks) else HOLDS[2]


def spread(values: Iterable[float], form: str = ".2f") -> str:
    """The median, and from where to where the values reach."""
    known = sorted(values)
    if not known:
        return "not measured"
    middle, low, high = (format(v, form) for v in (float(np.median(known)), known[0], known[-1]))
    return middle if low == high else f"{middle} ({low} to {high})"
