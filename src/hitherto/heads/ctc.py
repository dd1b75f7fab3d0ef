"""Texts over all steps: connectionist temporal classification."""

from collections.abc import Sequence

import numpy as np

from hitherto.errors import InputError, UsageError
from hitherto.heads.classes import log_softmax, softmax_sample
from hitherto.heads.parts import BLANK, Array

__all__ = ["ctc_log_prob", "ctc_misfits", "ctc_needs", "ctc_sample", "ctc_size"]


def ctc_needs(y: Array) -> int:
    """The minimum number of steps for a text: one for each class, and a blank between two equal ones."""
    y = np.asarray(y)
    return len(y) + int(np.count_nonzero(y[1:] == y[:-1]))


def ctc_misfits(
    texts: Sequence[Array],
    steps: Sequence[int],
    rows: Sequence[int] | None = None,
    what: str = "recording",
) -> tuple[Array, str]:
    """The indices of the texts that need more steps than they have, and a sentence about them; "" if there are none.

    `rows` are the row numbers to show, by default counted from 1; `what` is the noun for what has the steps.
    """
    if len(texts) != len(steps):
        raise InputError(f"{len(texts)} texts need as many numbers of steps, but {len(steps)} came.")
    needs = [ctc_needs(y) for y in texts]
    short = np.flatnonzero(np.asarray(needs, np.int64) > np.asarray(steps, np.int64))
    lines = [
        f"row {i + 1 if rows is None else rows[i]}: its text of {len(texts[i])} characters needs {needs[i]} steps, "
        f"but the {what} has {steps[i]}"
        for i in short[:3].tolist()
    ]
    if len(short) > len(lines):
        lines.append(f"and {len(short) - len(lines):,} more of {len(texts):,} rows")
    return short, "; ".join(lines)


def ctc_size(*, classes: int) -> int:
    if classes < 2:
        raise UsageError(f"classes must be at least 2, the blank and another, but came as {classes!r}.")
    return classes


def _steps_of(params: Array) -> Array:
    params = np.asarray(params, np.float64)
    if params.ndim != 2:
        raise InputError(f"the head ctc reads the steps of one row, [T, K], but got {list(params.shape)}.")
    return params


def ctc_sample(
    params: Array, rng: "np.random.Generator", *, count: int | None = None, **_options: object
) -> Array:
    """Class numbers, [L]; of several draws a list of them, as their lengths differ."""
    params = _steps_of(params)
    blank = params.shape[1] + BLANK
    paths = softmax_sample(params, rng, count=count or 1).reshape(-1, len(params))  # [count, T]
    starts = np.ones(paths.shape, bool)
    starts[:, 1:] = paths[:, 1:] != paths[:, :-1]
    drawn = [path[first & (path != blank)] for path, first in zip(paths, starts, strict=True)]
    return drawn[0] if count is None else drawn


def ctc_log_prob(params: Array, y: Array, **_options: object) -> Array:
    """Of the text y, [L]: one number, the sum over all alignments of the text with these steps."""
    params, y = _steps_of(params), np.asarray(y, np.int64)
    blank = params.shape[1] + BLANK
    if y.ndim != 1 or (len(y) and not 0 <= y.min() <= y.max() < blank):
        raise InputError(f"a text is class numbers from 0 to {blank - 1}, [L], but came as {y!r:.60}.")
    if not len(params):
        return np.float64(-np.inf if len(y) else 0)
    log_probs = log_softmax(params)
    places = np.full(2 * len(y) + 1, blank)
    places[1::2] = y
    skips = np.zeros(len(places), bool)  # where the preceding blank may be skipped
    skips[3::2] = y[1:] != y[:-1]
    ways = np.full(len(places) + 2, -np.inf)  # two unreachable ones in front
    ways[2:4] = log_probs[0, places[:2]]
    for now in log_probs[1:]:
        skipped = np.where(skips, ways[:-2], -np.inf)
        ways[2:] = np.logaddexp(np.logaddexp(ways[2:], ways[1:-1]), skipped) + now[places]
    return np.logaddexp.reduce(ways[-2:] if len(y) else ways[-1:])
