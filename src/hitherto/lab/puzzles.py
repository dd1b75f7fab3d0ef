"""Puzzles that only memory solves, and the loop that trains a layer on one."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hitherto.lab.cells import Make
from hitherto.model.recurrent import Recurrent

__all__ = ["PUZZLES", "Learned", "Puzzle", "drawn", "learn"]

SYMBOLS, COPIED = 4, 5
Examples = tuple[Tensor, Tensor]  # x [T, B, I], y


@dataclass(frozen=True, slots=True)
class Puzzle:
    """One row of `PUZZLES`. `draw(steps, rows)` gives examples; the last `asked` outputs are the answer."""

    inputs: int
    outputs: int
    asked: int
    draw: Callable[[int, int], Examples]
    loss: Callable[[Tensor, Tensor], Tensor]  # of the outputs that are asked, [asked, B, outputs]
    score: Callable[[Tensor, Tensor], float]
    solved: Callable[[float], bool]  # by the score


def _recall(steps: int, rows: int) -> Examples:
    """The first symbol, nothing for the rest of the steps; which symbol was it?"""
    y = torch.randint(SYMBOLS, (rows,))
    x = torch.zeros(steps, rows, SYMBOLS + 1)
    x[0, torch.arange(rows), y] = 1
    x[-1, :, SYMBOLS] = 1  # the question
    return x, y.unsqueeze(0)


def _adding(steps: int, rows: int) -> Examples:
    """Numbers from 0 to 1, of which two are marked, one in each half: what is their sum? (Hochreiter 1997)"""
    numbers, marks = torch.rand(steps, rows), torch.zeros(steps, rows)
    places = torch.stack([
        torch.randint(0, steps // 2, (rows,)), torch.randint(steps // 2, steps, (rows,))
    ])  # fmt: skip
    marks.scatter_(0, places, 1)
    return torch.stack([numbers, marks], -1), (numbers * marks).sum(0).reshape(1, rows, 1)


def _copying(steps: int, rows: int) -> Examples:
    """Five symbols, nothing for so many steps, then: say them again, in their order. (Hochreiter 1997)"""
    y = torch.randint(SYMBOLS, (COPIED, rows))
    x = torch.zeros(COPIED + steps + COPIED, rows, SYMBOLS + 1)
    x[:COPIED].scatter_(2, y.unsqueeze(-1), 1)
    x[-COPIED:, :, SYMBOLS] = 1
    return x, y


def _entropy(out: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(out.flatten(0, 1), y.flatten())


def _right(out: Tensor, y: Tensor) -> float:
    return float((out.argmax(-1) == y).double().mean())


PUZZLES: dict[str, Puzzle] = {
    "recall": Puzzle(SYMBOLS + 1, SYMBOLS, 1, _recall, _entropy, _right, lambda right: right >= 0.9),
    "adding": Puzzle(
        2, 1, 1, _adding, F.mse_loss, lambda out, y: float(F.mse_loss(out, y)), lambda error: error <= 0.02
    ),
    "copying": Puzzle(SYMBOLS + 1, SYMBOLS, COPIED, _copying, _entropy, _right, lambda right: right >= 0.9),
}
GUESSED = {"recall": 1 / SYMBOLS, "adding": 1 / 6, "copying": 1 / SYMBOLS}  # scores of who remembers nothing


@dataclass(frozen=True, slots=True)
class Learned:
    """A layer that was trained on a puzzle."""

    layer: Recurrent
    score: float  # on examples that it has not seen
    steps: int  # of training
    seconds: float  # of the processor


@contextmanager
def drawn(seed: int) -> Iterator[None]:
    """Random numbers of this seed, on one thread: small layers gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def learn(
    puzzle: Puzzle,
    make: Make,
    steps: int,
    seed: int,
    *,
    hidden: int = 24,
    rows: int = 16,
    rate: float = 0.01,
    most: int = 300,
    enough: int = 5,
) -> Learned:
    """Train a layer on a puzzle of so many steps, for `most` batches, or until `enough` in a row are solved."""
    with drawn(seed):
        layer = make(puzzle.inputs, hidden, steps)
        head = nn.Linear(hidden, puzzle.outputs)
        weights = [*layer.parameters(), *head.parameters()]
        optimizer = torch.optim.Adam(weights, rate)
        begun, solved, step = time.process_time(), 0, 0
        while step < most and solved < enough:
            x, y = puzzle.draw(steps, rows)
            out = head(layer(x)[0][-puzzle.asked :])
            loss = puzzle.loss(out, y)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            step += 1
            solved = solved + 1 if puzzle.solved(puzzle.score(out.detach(), y)) else 0
        seconds = time.process_time() - begun
        with torch.no_grad():
            x, y = puzzle.draw(steps, 64)
            score = puzzle.score(head(layer(x)[0][-puzzle.asked :]), y)
    return Learned(layer, score, step, seconds)
