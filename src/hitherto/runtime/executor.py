"""What runs a plan over batches, the contract; and the one loop that evaluates with it.

    for batch, answers in outputs(engine, batches, "params"):

The engine is one executor, the torch module in `training.step` the other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from hitherto.arrays import Array
from hitherto.heads import HEADS
from hitherto.plan import HeadOptions

__all__ = ["Arrays", "Batch", "Executor", "answered", "outputs"]

Arrays = dict[str, Array]
S = TypeVar("S")  # how an executor holds states: arrays or tensors by name
F = TypeVar("F")  # and features


@dataclass(slots=True)
class Batch:
    """What an executor runs and a loss reads. Inputs are [T, B, ...], targets flat over what is scored."""

    inputs: Arrays
    lengths: Array | None  # [B]; None where every row has all T steps
    targets: Arrays = field(default_factory=dict)  # [N, ...]
    at: Array | None = None  # [N]: t * B + b of every scored place; None: all of them, or one for each row
    # [B]: which carried state each row goes on from, -1 for none; None: all begin anew
    carry: Array | None = None
    keep: Array | None = None  # [lanes]: whose final states are carried to the next batch
    rows: Array | None = None  # [B]: which examples these are; -1 for padding of a share
    source_lengths: Array | None = None  # [B]: as lengths, of the input "source" where there is one
    pace: float = 1.0  # the learning rate of its step is multiplied by this

    @property
    def steps(self) -> int:
        """True steps of all rows: what tokens per second count."""
        sizes = {"x": self.lengths, "source": self.source_lengths}
        return sum(
            int(np.prod(value.shape[:2]) if (known := sizes[name]) is None else known.sum())
            for name, value in self.inputs.items()
        )


class Executor(Protocol[F, S]):
    """What runs a plan over batches. F and S are its own types of features and of states."""

    def run_batch(self, batch: Batch, carried: S | None) -> tuple[F, S]:
        """The features at the scored places of a batch, [N, F], and the state after it."""
        ...

    def carried(self, batch: Batch, after: S) -> S | None:
        """The part of the state after a batch that is carried to the next."""
        ...

    def answers(self, batch: Batch, features: F, after: S) -> Array:
        """The head's parameters for these features, [N, O]; or its answers, [N, O + 1], where it answers whole rows."""
        ...

    def losses(self, batch: Batch, features: F, after: S) -> Array:
        """The loss at each scored place, [N]."""
        ...


def outputs(
    executor: Executor[F, S], batches: Iterable[Batch], answers: str
) -> Iterator[tuple[Batch, Array]]:
    """Every batch with what the model says at its scored places: the head's parameters, or the loss there."""
    carried: S | None = None
    for batch in batches:
        features, after = executor.run_batch(batch, carried)
        carried = executor.carried(batch, after)
        ask = executor.answers if answers == "params" else executor.losses
        yield batch, ask(batch, features, after)


def answered(head: HeadOptions, batch: Batch, params: Array, weights: Arrays) -> Array:
    """The head's parameters at the scored places; where it answers rows as a whole, its answers there.

    Every step of a row must be scored then. `weights` are the head's own.
    """
    whole = HEADS[head["kind"]].whole
    if whole is None:
        return params
    T, B = batch.inputs["x"].shape[:2]
    lengths = np.full(B, T) if batch.lengths is None else batch.lengths
    at = np.arange(T * B) if batch.at is None else batch.at
    rows = np.zeros((T * B, params.shape[1]))
    rows[at] = params
    answers = whole.answers(rows.reshape(T, B, -1), lengths, **weights)
    return np.asarray(answers.reshape(T * B, -1)[at])
