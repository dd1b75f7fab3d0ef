"""Windows of a series: cut and measured by themselves, the same in a stream, a file and a batch."""

from typing import Any

import numpy as np
import pytest

from hitherto.codecs.lookback import cut, units
from hitherto.codecs.series import SeriesCodec
from hitherto.data.series import Series
from hitherto.tasks.forecast.examples import join


def series(T: int = 60, C: int = 2, missing: float = 0.0, seed: int = 0) -> Series:
    random = np.random.default_rng(seed)
    values = 5 + np.sin(np.arange(T)[:, None] / 3) + random.normal(0, 0.3, (T, C))
    values[random.random((T, C)) < missing] = np.nan
    times = np.datetime64("2024-01-01T00", "us") + np.arange(T) * np.timedelta64(3_600_000_000, "us")
    return Series("s", times, values, [f"c{c}" for c in range(C)])


def codec(of: Series, **options: Any) -> SeriesCodec:
    return SeriesCodec.fit([of], **{"horizon": 4, "season": 6, "lookback": 9, "scaling": "causal", **options})


@pytest.mark.parametrize("anchor", ["last", "mean", "season", "none"])
@pytest.mark.parametrize("scaling", ["causal", "train", "counts", "none"])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_stream_has_the_bits_of_a_file_and_of_a_batch(anchor: str, scaling: str, missing: float) -> None:
    one, other = series(missing=missing), series(T=35, missing=missing, seed=5)
    made = codec(one, anchor=anchor, scaling=scaling)
    arrays = made.encode(one)
    at = np.arange(60)
    x, loc, scale = made.read(arrays, at)
    assert x.shape == (60, made.size)
    assert np.isfinite(x).all()
    random, stream, t = np.random.default_rng(1), made.stream(), 0
    while t < 60:
        n = int(random.integers(1, 9))
        state = {name: array.copy() for name, array in stream.state.items()}
        stream = made.stream()
        stream.state = state
        pushed = stream.push(one.values[t : t + n], one.times[t : t + n])
        assert (pushed["x"] == x[t : t + n]).all()
        t = min(60, t + n)
        ahead = made.ahead(pushed, stream)
        assert (ahead[0] == loc[t - 1]).all()
        assert (ahead[1] == scale[t - 1]).all()
        assert all(len(stream.state[name]) <= 9 for name in ("season", "there") if name in stream.state)
    both = join(made, [other, one], [made.encode(other), arrays])
    some = np.array([7, 0, 59, 30])
    assert (both.read(made, some + 35, np.ones(4, int))[0] == x[some]).all()


def test_a_window_is_measured_by_itself() -> None:
    """A series that is moved and stretched gives the same windows, so a new one needs no fit."""
    one = series()
    made = codec(one, calendar=False)
    x = made.rows(made.encode(one), np.arange(20, 60))
    moved = Series("t", one.times, 1000 * one.values + 7, one.names)
    np.testing.assert_allclose(made.rows(made.encode(moved), np.arange(20, 60)), x, rtol=1e-4, atol=1e-4)


def test_windows_by_hand() -> None:
    past = np.array([[np.nan], [2.0], [4.0], [9.0]])
    assert cut(past, np.array([0, 1, 3]), 3)[..., 0].tolist() == [[0, 0, 0], [2, 2, 2], [2, 4, 9]]
    assert cut(past, np.array([3]), 3, np.array([2]))[..., 0].tolist() == [[4, 4, 9]]
    values = cut(past, np.array([3]), 2)
    centre, scale = units(values, "last", "causal", np.array([[0.0]]))
    assert centre.tolist() == [[9.0]]
    assert scale.tolist() == [[2.5]]
    assert units(values, "mean", "counts", np.array([[1.5]]))[1].tolist() == [[4.0]]


def test_what_stands_still_keeps_the_scale_of_before() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(size=200), np.full(40, 3.0)])[:, None]
    made = SeriesCodec.fit(
        [Series("s", np.arange(240), values, ["y"])], horizon=2, lookback=8, scaling="causal"
    )
    x, _, scale = made.read(made.encode(Series("s", np.arange(240), values, ["y"])), np.array([239]))
    assert (x == 0).all()
    assert 0.05 < float(scale[0, 0, 0]) < 0.5


def test_a_document_brings_the_window_back() -> None:
    made = codec(series(missing=0.2))
    again = SeriesCodec.from_json(made.to_json(), {})
    assert again.window == 9
    assert again.size == made.size
    assert "window" not in codec(series(), lookback=0).to_json()
