"""The window of a series that a forecast looks back on: its last values, and the units that they give.

All sums are added in the order of time, in float64: a window has the same bits in a stream, in a file and in a batch.
"""

import numpy as np

from hitherto.arrays import Array

__all__ = ["cut", "units"]

_FLOOR = 0.1  # a window is never narrower than this share of what the series was before


def cut(past: Array, at: Array, window: int, begin: Array | int = 0) -> Array:
    """The `window` values up to each step in `at`, [n, W, C].

    `begin` is the first step of the series. Where nothing was observed yet stands the first value that was.
    """
    places = at[:, None] + np.arange(1 - window, 1)
    inside = places >= np.broadcast_to(begin, at.shape)[:, None]
    values = past[np.maximum(places, 0)]
    if not inside.all():
        values = np.where(inside[..., None], values, np.nan)
    known = np.isfinite(values)
    if not known.all():
        first = np.take_along_axis(values, known.argmax(1)[:, None], 1)  # [n, 1, C]
        values = np.where(known, values, np.where(np.isfinite(first), first, 0.0))
    return values


def units(values: Array, anchor: str, scaling: str, usual: Array) -> tuple[Array, Array]:
    """The centre and the scale of windows [n, W, C], each [n, C]. `usual` is what the scale would be without them."""
    window = values.shape[1]
    zero = np.zeros_like(usual)
    mean = np.cumsum(values, 1)[:, -1] / window
    centre = {"last": values[:, -1], "none": zero}.get(anchor, mean)
    if scaling in ("train", "none"):
        return centre, usual
    if scaling == "counts":
        size = np.cumsum(np.abs(values), 1)[:, -1] / window
        return centre, np.maximum((size + usual) / 2, 0.1)
    away = values - mean[:, None]
    spread = np.cumsum(away * away, 1)[:, -1] / window
    return centre, np.sqrt(spread + np.square(_FLOOR * usual))
