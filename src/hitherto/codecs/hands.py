"""What augmentation changes in a drawing, so that a model of few hands reads others too.

`CHANGES` is the table: each row changes the strokes of a drawing, absolute points [n, 2] each. What is drawn depends on
the generator alone: seed it by (seed, epoch, index).
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from hitherto.arrays import Array

__all__ = ["CHANGES", "LINEAR", "changed"]

Strokes = list[Array]
Change = Callable[[Strokes, np.random.Generator, float], Strokes]

# At a strength of 1.
_TURN = 0.3  # radians
_STRETCH = 0.3  # a factor of up to exp(0.3)
_SLANT = 0.4  # of y, added to x
_APART = 0.08  # of the drawing's size: how far a stroke is moved
_GROWN = 0.2  # a factor of up to exp(0.2), of a stroke about its middle
_BENT = 0.08  # of the drawing's size
_BACKWARDS = 0.1  # how often a stroke is drawn from its end
_SWAPPED = 0.2  # how often two strokes change places


def turn(strokes: Strokes, rng: np.random.Generator, amount: float) -> Strokes:
    """The drawing turned."""
    angle = _TURN * amount * rng.uniform(-1, 1)
    cos, sin = math.cos(angle), math.sin(angle)
    return _mapped(strokes, [[cos, sin], [-sin, cos]])


def stretch(strokes: Strokes, rng: np.random.Generator, amount: float) -> Strokes:
    """Wider or narrower, higher or lower."""
    wide, high = np.exp(_STRETCH * amount * rng.uniform(-1, 1, 2))
    return _mapped(strokes, [[wide, 0], [0, high]])


def slant(strokes: Strokes, rng: np.random.Generator, amount: float) -> Strokes:
    """Leaning to one side."""
    return _mapped(strokes, [[1, 0], [_SLANT * amount * rng.uniform(-1, 1), 1]])


def bend(strokes: Strokes, rng: np.random.Generator, amount: float) -> Strokes:
    """Paper that is bent: x moves with a wave over y, and y with one over x."""
    size, waves, phases = _size(strokes), rng.uniform(0.5, 1.5, 2), rng.uniform(0, 2 * math.pi, 2)
    high = _BENT * amount * size * rng.uniform(-1, 1, 2)
    return [s + high * np.sin(s[:, ::-1] * (2 * math.pi * waves / size) + phases) for s in strokes]


def place(strokes: Strokes, rng: np.random.Generator, amount: float) -> Strokes:
    """Each stroke a little elsewhere, and larger or smaller."""
    away = _APART * amount * _size(strokes) * rng.uniform(-1, 1, (len(strokes), 2))
    grown = np.exp(_GROWN * amount * rng.uniform(-1, 1, len(strokes)))
    middles = [(s.min(0) + s.max(0)) / 2 for s in strokes]
    return [m + (s - m) * g + a for s, m, g, a in zip(strokes, middles, grown, away, strict=True)]


def order(strokes: Strokes, rng: np.random.Generator, amount: float) -> Strokes:
    """Some strokes drawn from their end, and sometimes two of them in the other order."""
    back = rng.random(len(strokes)) < _BACKWARDS * amount
    turned = [s[::-1] if b else s for s, b in zip(strokes, back, strict=True)]
    swapped, first = rng.random() < _SWAPPED * amount, int(rng.integers(max(1, len(strokes) - 1)))
    if swapped and len(turned) > 1:
        turned[first], turned[first + 1] = turned[first + 1], turned[first]
    return turned


CHANGES: dict[str, Change] = {row.__name__: row for row in (order, place, bend, turn, stretch, slant)}
LINEAR = ("turn", "stretch", "slant")  # the same for all points


def changed(strokes: Strokes, rng: np.random.Generator, amount: float, only: Iterable[str] = ()) -> Strokes:
    """The strokes after every change, or after those of `only`, in the order of the table."""
    names = set(only) or set(CHANGES)
    for name, change in CHANGES.items():
        if name in names:
            strokes = change(strokes, rng, amount)
    return strokes


def _mapped(strokes: Strokes, matrix: list[list[float]]) -> Strokes:
    return [s @ np.array(matrix) for s in strokes]


def _size(strokes: Strokes) -> float:
    """The longer side of the drawing's box; 1 of a dot."""
    corners = np.array([[s.min(0), s.max(0)] for s in strokes])
    return float((corners[:, 1].max(0) - corners[:, 0].min(0)).max()) or 1.0
