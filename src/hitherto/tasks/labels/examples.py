"""Encoded rows of `classify`, `regress` and `tag`."""

from dataclasses import dataclass

from hitherto.arrays import Array
from hitherto.data import Table

__all__ = ["PairExamples"]


@dataclass(slots=True)
class PairExamples:
    """Encoded rows: an input each, and an output each where there are labels."""

    x: list[Array]
    y: list[Array] | None
    table: Table
    picked: Array  # row number in the table of each example, the first one where rows are joined
    raw: list[Array | None]  # of each input what `augment` changes, where it does

    def __len__(self) -> int:
        return len(self.x)

    def part(self, indices: Array) -> "PairExamples":
        y = None if self.y is None else [self.y[i] for i in indices]
        raw = [self.raw[i] for i in indices]
        return PairExamples([self.x[i] for i in indices], y, self.table, self.picked[indices], raw)
