"""What `compose` and `handwrite` are compared with: steps that know little or nothing of those before them."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from hitherto.arrays import Array
from hitherto.tasks.base import Results
from hitherto.tasks.sequels.source import SequelExamples, Sequels

__all__ = ["advice", "repeated"]


def repeated(
    source: Sequels,
    training: SequelExamples | None,
    held: SequelExamples,
    say: Callable[[str], None],  # noqa: ARG001 - nothing is left out
) -> Iterator[tuple[str, Results]]:
    """Of music each key by itself, from its frequency and from its last step; of a pen one Gaussian for all moves."""
    if training is None:
        return
    after = [source.answers_of(y) for y in training.y]
    asked = [source.answers_of(y) for y in held.y]
    if source.way.music:
        yield "each key by its frequency", _scored(source, [_keys(after, y) for y in asked])
        yield "each key after itself", _scored(source, _chained(after, asked))
    else:
        yield "one Gaussian for all moves", _scored(source, _moves(after, asked))


def _scored(source: Sequels, nll: list[Array]) -> Results:
    """Of each step but the first, as models are measured."""
    scored = np.concatenate([each[1:] for each in nll])
    return source.measured(float(scored.sum()), len(scored))


def _keys(training: list[Array], y: Array) -> Array:
    every = np.concatenate(training)
    p = (every.sum(0, dtype=np.float64) + 0.5) / (len(every) + 1)
    return _bits(y, np.broadcast_to(p, y.shape))


def _bits(y: Array, p: Array) -> Array:
    """Minus the logarithm of the probability of bits, [T], each of which is 1 with probability p."""
    bits: Array = -np.where(y > 0.5, np.log(p), np.log1p(-p)).sum(1)
    return bits


def _chained(training: list[Array], asked: list[Array]) -> list[Array]:
    """Each key from whether it sounded in the step before."""
    K = training[0].shape[1]
    counts = np.full((2, 2, K), 0.5)  # before, now
    for y in training:
        on = y > 0.5
        for before in (0, 1):
            here: Array = on[:-1] == bool(before)
            counts[before, 1] += (here & on[1:]).sum(0)
            counts[before, 0] += (here & ~on[1:]).sum(0)
    p = counts[:, 1] / counts.sum(1)  # [2, K]
    nll = []
    for y in asked:
        sounded = np.concatenate([np.zeros((1, K), bool), y[:-1] > 0.5])
        nll.append(_bits(y, np.where(sounded, p[1], p[0])))
    return nll


def _moves(training: list[Array], asked: list[Array]) -> list[Array]:
    """A Gaussian of the offset, and the frequencies of the pen's bits."""
    every = np.concatenate(training).astype(np.float64)
    mean = every[:, :2].mean(0)
    spread = np.cov(every[:, :2].T, bias=True) + 1e-6 * np.eye(2)
    inverse, constant = np.linalg.inv(spread), math.log(2 * math.pi) + 0.5 * np.linalg.slogdet(spread)[1]
    p = (every[:, 2:].sum(0) + 0.5) / (len(every) + 1)
    nll = []
    for y in asked:
        away = y[:, :2] - mean
        nll.append(
            constant + 0.5 * ((away @ inverse) * away).sum(1) + _bits(y[:, 2:], np.tile(p, (len(y), 1)))
        )
    return nll


def advice(source: Sequels) -> str:  # noqa: ARG001 - the same for both tasks
    """What to try where one of them is better."""
    return "more --epochs, --dropout 0.5, --augment 0.5, or another --hidden-size"
