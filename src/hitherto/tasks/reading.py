"""One value of a user's, as the plan of a model reads it, for those who look at every step.

    reading = family_of(task).reading(model, value, row=1, steps=500)

Each family has its own, since what a step is differs; the rows of `families.py:FAMILIES` name them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hitherto.errors import UsageError
from hitherto.tasks.base import AnySource, Arrays, Batch, Examples, Value
from hitherto.tasks.given import inputs
from hitherto.tasks.opened import OpenModel

__all__ = ["Reading", "column_of", "expect_row", "read", "row_of"]


@dataclass(frozen=True, slots=True)
class Reading:
    """The arrays of one value, and what a person calls their parts."""

    inputs: Arrays  # [T, 1, ..], by the names of the plan's inputs
    steps: Mapping[str, Sequence[str]]  # of each input what each of its steps is
    classes: Sequence[str] = field(
        default_factory=list
    )  # what the first numbers of the head stand for, if named
    cut: bool = False  # whether there were more steps than were asked for


def read(model: OpenModel, value: Value, row: int = 1, steps: int = 500, **options: object) -> Reading:
    """Of a model whose `evaluation` gives the batches of inputs without answers."""
    source = model.reader(**options)
    examples = source.load(inputs(source, value), labelled=False)
    arrays, cut = row_of(source, examples, row, steps)
    return Reading(arrays, {"x": model.codecs["input"].called(arrays["x"][:, 0])}, source.answer_names, cut)


def expect_row(row: int, count: int) -> None:
    """A UsageError where there is no row of that number."""
    if not 1 <= row <= count:
        rows = "one row" if count == 1 else f"{count:,} rows"
        raise UsageError(f"the data has {rows}, so row must be from 1 to {count}, but is {row}.")


def row_of(source: AnySource, examples: Examples, row: int, steps: int) -> tuple[Arrays, bool]:
    """The arrays of the row of that number, from 1, at most so many steps of each; and whether there were more."""
    expect_row(row, len(examples))
    for batch in source.evaluation(examples):
        assert batch.rows is not None  # noqa: S101 - made by `evaluation`
        for column in np.flatnonzero(batch.rows == row - 1).tolist():
            return column_of(batch, column, steps)
    raise AssertionError("an evaluation has every row")


def column_of(batch: Batch, column: int, steps: int) -> tuple[Arrays, bool]:
    """One row of a batch, without padding."""
    lengths = {"x": batch.lengths, "source": batch.source_lengths}
    arrays: Arrays = {}
    cut = False
    for name, x in batch.inputs.items():
        known = lengths.get(name)
        length = len(x) if known is None else int(known[column])
        arrays[name], cut = x[: min(length, steps), column : column + 1], cut or length > steps
    return arrays, cut
