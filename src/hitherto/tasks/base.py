"""What every source gives: batches and results."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError

__all__ = ["Arrays", "Batch", "Item", "Prepared", "Results", "Share", "expect_task"]

Arrays = dict[str, Array]
Share = tuple[int, int]  # rank, processes
Item = tuple[Array, int]  # rows, and the epoch that they are read in
Prepared = tuple[Any, Any, Any]  # a fitted source, training examples, validation examples or None


@dataclass(slots=True)
class Batch:
    """What an executor runs and a loss reads. Inputs are [T, B, ...], targets flat over what is scored."""

    inputs: Arrays
    lengths: Array | None  # [B]; None where every row has all T steps
    targets: Arrays = field(default_factory=dict)  # [N, ...]
    at: Array | None = None  # [N]: t * B + b of every scored place; None: all of them, or one for each row
    carry: Array | None = (
        None  # [B]: which kept state each row goes on from, -1 for none; None: all begin anew
    )
    keep: Array | None = None  # [lanes]: whose final states are kept for the next batch
    rows: Array | None = None  # [B]: which examples these are; -1 for padding of a share
    source_lengths: Array | None = None  # [B]: as lengths, of the input "source" where there is one

    @property
    def steps(self) -> int:
        """True steps of all rows: what tokens per second count."""
        sizes = {"x": self.lengths, "source": self.source_lengths}
        return sum(
            int(np.prod(value.shape[:2]) if (known := sizes[name]) is None else known.sum())
            for name, value in self.inputs.items()
        )


@dataclass(slots=True)
class Results:
    """What an evaluation found."""

    metrics: dict[str, float]
    details: dict[str, Any] = field(default_factory=dict)  # what a report shows, by the source's own names


def expect_task(model: Any, task: str, method: str) -> None:
    """A UsageError where a method is of another task than the model's."""
    if model.spec.task != task:
        raise UsageError(f"{method} is for {task} models; this one does {model.spec.task}. Use predict.")
