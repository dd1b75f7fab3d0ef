"""What `forecast` is compared with."""

from collections.abc import Callable, Iterator

import numpy as np

from hitherto.arrays import Array
from hitherto.baselines import ridge, series
from hitherto.baselines.rows import picked
from hitherto.tasks.base import Results
from hitherto.tasks.forecast.source import WindowExamples, Windows

__all__ = ["SEASONAL", "advice", "forecasts", "seasonal"]

Say = Callable[[str], None]
Named = Iterator[tuple[str, Results]]
Forecast = Callable[[int, Array], Array]  # of a series, after these steps: [n, horizon, C]

SEASONAL = "seasonal naive"
WINDOWS = 20_000  # to learn one map from, at most
SERIES = 100  # that get a map of their own, at most
NUMBERS = 40_000_000  # of the windows of one map


def forecasts(source: Windows, training: WindowExamples | None, held: WindowExamples, say: Say) -> Named:
    """What each baseline measures on `held`; without training data, those that need none."""
    values = [series.filled(s.values) for s in held.series]
    horizon, season = source.horizon, source.codec.season or 1
    naive: dict[str, Forecast] = {
        "last value": lambda i, at: series.last(values[i], at, horizon),
        "drift": lambda i, at: series.drift(values[i], at, horizon),
    }
    if season > 1:
        naive[SEASONAL] = lambda i, at: series.seasonal(values[i], at, horizon, season)
    for name, forecast in naive.items():
        yield name, source.pointed(held, forecast)
    if training is not None:
        for name, forecast in _maps(source, training, values, held, say):
            yield name, source.pointed(held, forecast)


def seasonal(source: Windows, values: Array, times: Array) -> Array:
    """The seasonal naive forecast after these steps of a series; without a season, the last value."""
    return series.seasonal(series.filled(values), times, source.horizon, source.codec.season or 1)


def advice(source: Windows) -> str:
    """What to try where a baseline is better."""
    season = "" if source.codec.season > 1 else "--season, if the series has one; "
    columns = "--independent, " if source.codec.channels > 1 else ""
    return f"{season}--anchor last or season, {columns}--scaling train, fewer --epochs, or a smaller --hidden-size"


def _maps(
    source: Windows, training: WindowExamples, values: list[Array], held: WindowExamples, say: Say
) -> Iterator[tuple[str, Forecast]]:
    """Ridge maps of the last window: one of all series, and one for each where they are few."""
    past = [series.filled(s.values) for s in training.series]
    actual = [np.asarray(s.values) for s in training.series]
    shared = _map(source, past, actual, _lengths(source, past), WINDOWS, say)
    if shared is None:
        return
    yield "ridge", lambda i, at: shared.forecast(values[i], at)
    channels = sum(p.shape[1] for p in past)
    if not 1 < channels <= SERIES or [s.id for s in training.series] != [s.id for s in held.series]:
        return
    each: dict[tuple[int, int], ridge.Ridge] = {}
    most = max(1000, 4 * WINDOWS // channels)
    for i, (known, true) in enumerate(zip(past, actual, strict=True)):
        for c in range(known.shape[1]):
            alone = _map(source, [known[:, [c]]], [true[:, [c]]], [shared.window], most, lambda _line: None)
            each[i, c] = shared if alone is None else alone

    def forecast(i: int, at: Array) -> Array:
        parts = [each[i, c].forecast(values[i][:, [c]], at) for c in range(values[i].shape[1])]
        return np.concatenate(parts, 2)

    yield "ridge by series", forecast


def _lengths(source: Windows, past: list[Array]) -> list[int]:
    """How long a window may be: some seasons, where the series have room for them."""
    horizon, season = source.horizon, source.codec.season or 1
    room = (max(map(len, past)) - horizon) // 2
    wanted = {max(season, 8), 2 * max(season, horizon), 3 * season + horizon, 336}
    return sorted({min(w, 512) for w in wanted if w <= room} or ({room} if room >= 2 else set()))


def _map(
    source: Windows, past: list[Array], actual: list[Array], lengths: list[int], windows: int, say: Say
) -> ridge.Ridge | None:
    """A map from at most so many windows of these series, as long as forecasts the latest of them best."""
    horizon = source.horizon
    best: tuple[float, ridge.Ridge] | None = None
    for window in lengths:
        most = min(windows, NUMBERS // (window + horizon))
        x, y, late, scale, count = _windows(past, actual, window, horizon, most)
        if len(x) < 8:
            continue
        if len(x) < count and window == lengths[0]:
            say(f"ridge learns from {len(x):,} of {count:,} windows, spread evenly, for speed")
        fitted = ridge.fit(x, y, late, scale)
        if best is None or fitted.error < best[0]:
            best = fitted.error, fitted
    return None if best is None else best[1]


def _windows(
    past: list[Array], actual: list[Array], window: int, horizon: int, most: int
) -> tuple[Array, Array, Array, Array, int]:
    """Windows [n, W], what followed [n, horizon], how late each is, the unit of its series, and how many there are."""
    ends = [np.arange(min(window, len(p) // 2) - 1, len(p) - horizon) for p in past]
    counts = [len(e) * p.shape[1] for e, p in zip(ends, past, strict=True)]
    share = min(1.0, most / max(1, sum(counts)))
    xs, ys, lates, scales = [], [], [], []
    for p, a, every in zip(past, actual, ends, strict=True):
        at = every[picked(len(every), max(1, round(len(every) * share)))] if len(every) else every
        if not len(at):
            continue
        x, y = ridge.before(p, at, window), ridge.ahead(a, at, horizon)
        xs.append(x.reshape(-1, window))
        ys.append(y.reshape(-1, horizon))
        lates.append(np.repeat(at / len(p), p.shape[1]))
        steps = np.abs(np.diff(p, axis=0)).mean(0)
        scales.append(np.tile(np.where(steps > 0, steps, 1.0), len(at)))
    if not xs:
        return np.zeros((0, window)), np.zeros((0, horizon)), np.zeros(0), np.zeros(0), 0
    return np.concatenate(xs), np.concatenate(ys), np.concatenate(lates), np.concatenate(scales), sum(counts)
