"""What an experiment is given, and what it gives: claims with what was measured, and sections of a page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import numpy as np

from hitherto import files, progress
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
    file: Path | None = None  # that holds what was measured so far, so that a killed run goes on from there

    def part(self, key: str, measure: Callable[[], list[float]]) -> list[float]:
        """Numbers of a part of the experiment, measured now or before."""
        known: dict[str, list[float]] = {}
        if self.file is not None and self.file.exists():
            with suppress(msgspec.MsgspecError):  # what cannot be read is measured again
                known = msgspec.json.decode(self.file.read_bytes(), type=dict[str, list[float]])
        if key not in known:
            known[key] = measure()
            if self.file is not None:
                files.write(self.file, msgspec.json.encode(known))
        return known[key]

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
