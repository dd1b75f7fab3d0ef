"""The linear map that a windowed forecast begins with, on series whose best forecast is known."""

from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.codecs.series import SeriesCodec
from hitherto.data.series import Series
from hitherto.errors import DataError, UsageError
from hitherto.spec import from_options
from hitherto.tasks.families import FAMILIES
from hitherto.tasks.forecast.linear import (
    Line,
    around,
    carried,
    choose_line,
    seasons_of,
    segment_of,
    windows_to_try,
)

random = np.random.default_rng(0)
NOISE = random.normal(size=(600, 1))


def chosen(*values: Any, season: int = 1, horizon: int = 4, windows: Any = (8, 16)) -> Line:
    series = [Series(str(i), np.arange(len(v)), np.asarray(v, float), ["y"]) for i, v in enumerate(values)]
    codec = SeriesCodec.fit(series, horizon=horizon, season=season, scaling="causal", lookback=1)
    cuts = [len(s.values) for s in series]
    return choose_line(codec, series, cuts, windows, ("last", "mean"), (season,), False)


def test_a_random_walk_goes_on_from_its_last_value() -> None:
    line = chosen(np.cumsum(NOISE, 0))
    last = line.weight[0] @ np.ones(line.weight.shape[2])
    assert any("shrunk towards the last value" in note for note in line.notes)
    if line.anchor == "last":  # the window is zero at its end, so any map but one of nothing moves it
        assert np.abs(line.weight).sum() == line.weight.shape[1]
    assert np.isfinite(last).all()


def test_a_season_is_found_in_the_window_and_noise_is_averaged() -> None:
    t = np.arange(600)[:, None]
    line = chosen(np.sin(2 * np.pi * t / 12) + 0.2 * NOISE, season=12, windows=(24, 48))
    assert line.error < 0.8, "in units of the naive forecast of a season"


def test_a_linear_law_is_learned() -> None:
    values = [0.0, 1.0]
    for e in random.normal(0, 0.01, 500):
        values.append(1.6 * values[-1] - 0.9 * values[-2] + e)
    line = chosen(np.array(values)[:, None], horizon=1)
    assert line.error < 0.3


@pytest.mark.parametrize("of", ["last", "mean", "none", "season"])
@pytest.mark.parametrize("into", ["last", "mean"])
def test_a_map_of_a_short_window_says_the_same_as_a_map_of_a_long_one(of: str, into: str) -> None:
    """From the units of a window to those of another; where nothing is shifted, both are measured from one thing."""
    values = np.cumsum(NOISE[:80], 0)
    series = [Series("s", np.arange(80), values, ["y"])]
    codecs = []
    for window, anchor in ((6, of), (15, of if of in ("none", "season") else into)):
        codec = SeriesCodec.fit(series, horizon=3, season=5, scaling="train", lookback=1)
        codec.window, codec.anchor = window, anchor
        codecs.append(codec)
    weight = random.normal(size=(1, 3, 6))
    maps = [weight, carried(weight, 1.0, *codecs)]
    said = []
    for codec, one in zip(codecs, maps, strict=True):
        x, loc, scale = codec.read(codec.encode(series[0]), np.array([40, 79]))
        z = x[:, : codec.window].astype(np.float64) @ one[0].T
        said.append(loc + scale * z[..., None])
    np.testing.assert_allclose(*said, rtol=1e-5, atol=1e-5)


def test_the_fewer_the_data_the_nearer_the_line_is_to_a_naive_map() -> None:
    """Twelve values repeat with noise: a few years are too few for a map of 24 values, and many are not."""
    t = np.arange(4800)[:, None]
    noise = np.random.default_rng(1).normal(size=t.shape)
    values = 10 * np.sin(2 * np.pi * t / 12) + noise
    left = {}
    for T in (60, 4800):
        line = chosen(values[:T], season=12, windows=(24,))
        left[T] = (
            np.abs(line.weight[0, 0]).sum() - 1
        )  # of a naive map, which is of one value or a mean, it is 0
    assert left[4800] > 0.02
    few = chosen(values[:60], season=12, windows=(24,))
    assert few.weight[0, 0, 12] > 0.3, "the value of a year before is most of it"


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((40, 1)),
        np.full((30, 1), 7.0),
        np.arange(30.0)[:, None],
        np.eye(40)[:, 30:31],
        NOISE[:9] * np.nan_to_num(np.inf, posinf=1e9),
    ],
)
def test_whatever_a_series_is_the_line_is_finite(values: Any) -> None:
    line = chosen(values, windows=(2, 4))
    assert np.isfinite(line.weight).all()
    assert np.isfinite(line.bias).all()
    assert np.isfinite(around(line.rest, lambda z: np.quantile(z, [0.1, 0.9]))).all()


def test_missing_values_are_no_errors() -> None:
    values = np.sin(np.arange(200.0))[:, None]
    values[random.random(200) < 0.2] = np.nan
    assert np.isfinite(chosen(values).weight).all()


def test_each_channel_may_have_a_line_of_its_own() -> None:
    t = np.arange(600)
    values = np.stack([np.cumsum(NOISE[:, 0]), np.sin(t) + 0.01 * NOISE[:, 0]], 1)
    series = [Series("s", t, values, ["walk", "wave"])]
    codec = SeriesCodec.fit(series, horizon=3, scaling="causal", lookback=1)
    assert len(choose_line(codec, series, [600], (8,), ("last",), (1,), False).weight) == 2


def test_the_windows_that_are_tried_leave_some_to_learn_from() -> None:
    for T in (12, 30, 100, 1000, 100_000):
        series = [Series("s", np.arange(T), np.arange(T)[:, None] % 7, ["y"])]
        codec = SeriesCodec.fit(series, horizon=5, season=7, scaling="causal", lookback=1)
        windows = windows_to_try([T], codec, (7,))
        assert all(2 <= w <= max(2, (T - 5) // 2) for w in windows)
        longer = windows_to_try([T] * 30, codec, (7,))
        assert max(windows) < max(longer) <= T - 5 or max(windows) == max(longer) == 336
    assert segment_of(96, 24) == 24
    assert segment_of(336, 24) == 24
    assert segment_of(10, 1) == 2


def test_what_is_left_has_the_spread_of_its_neighbours() -> None:
    rest = random.normal(size=(400, 3, 1)) * np.array([1.0, 2.0, 4.0])[:, None]
    low, high = around(rest, lambda z: np.quantile(z, [0.1, 0.9])).T
    np.testing.assert_allclose(high, 1.28 * np.array([1, 2, 4]), rtol=0.15)
    np.testing.assert_allclose(low, -1.28 * np.array([1, 2, 4]), rtol=0.15)


# ---- as the beginning of a training

SMALL: dict[str, Any] = {"hidden_size": 4, "threads": 1}


def rows(values: Any, start: str = "2024-01-01") -> list[dict[str, Any]]:
    return [{"ds": str(np.datetime64(start) + i), "y": float(v)} for i, v in enumerate(values)]


def test_a_training_begins_with_the_line_and_keeps_it_where_it_is_best() -> None:
    data = rows(np.cumsum(NOISE[:120, 0]))
    model = hitherto.train("forecast", data, horizon=3, steps=1, lr=100.0, clip=0, **SMALL)
    assert model.metrics["mase"] < 2.0
    assert np.abs(model.tensors["segments.weight_out"]).max() == 0, (
        "the weights before the first step are best"
    )


@pytest.mark.parametrize("head", ["quantile", "gaussian", "student_t"])
def test_the_spread_around_the_line_is_that_of_what_it_left(head: str) -> None:
    data = rows(5 + random.normal(size=300))
    model = hitherto.train("forecast", data, horizon=3, steps=1, lr=1e-9, head=head, **SMALL)
    assert 0.65 < model.evaluate(data, start=data[150]["ds"])["coverage"] < 0.92


def test_a_short_history_is_enough() -> None:
    data = rows(10 + np.arange(30) % 7)
    model = hitherto.train("forecast", data, horizon=7, epochs=2, **SMALL)
    found = [row["y"] for row in model.predict(data)]
    assert found == pytest.approx([10 + (30 + h) % 7 for h in range(7)], abs=1.0)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0, 3.0],
        [np.nan] * 10 + [3.0] + [np.nan] * 20,
        [np.nan] * 30 + [4.0, 2.0, 7.0, 1.0],
        [1e-300 * (k % 5) for k in range(60)],
    ],
)
def test_short_sparse_and_tiny_series_have_a_forecast(values: list[float]) -> None:
    table = {"y": values}
    model = hitherto.train("forecast", table, output="y", steps=2, hidden_size=4, baselines=False)
    assert np.isfinite([value for row in model.predict(table) for value in list(row.values())[2:]]).all()


def test_numbers_whose_squares_overflow_are_refused() -> None:
    with pytest.raises(DataError, match=r"row 2, column 'y': 1e\+300 is too large to learn from"):
        hitherto.train("forecast", {"y": [1.0, 1e300] * 20}, output="y", steps=2)


def test_a_single_level_may_be_forecast() -> None:
    table = {"y": [float(k % 7) for k in range(60)]}
    model = hitherto.train("forecast", table, output="y", steps=2, hidden_size=4, levels=(0.5,))
    assert list(model.predict(table)[0]) == ["unique_id", "ds", "y"]


def test_a_forecast_of_counts_is_learned_from_counts() -> None:
    with pytest.raises(DataError, match=r"whole numbers from 0 on, but 'y' has 0\.5"):
        hitherto.train("forecast", {"y": [1.0, 0.5] * 20}, output="y", head="negative_binomial", steps=2)


def test_each_channel_of_each_series_has_its_own_name() -> None:
    rows = [{"id": name, "a": float(k), "b": float(k % 5)} for name in "xy" for k in range(40)]
    model = hitherto.train("forecast", rows, id="id", output=("a", "b"), steps=2, hidden_size=4)
    names = ["x/a", "x/b", "y/a", "y/b"]
    assert sorted({row["unique_id"] for row in model.anomalies(rows, 2)}) == names
    assert sorted({row["unique_id"] for row in model.predict(rows)}) == names


def test_what_is_done_to_the_last_layer_is_said() -> None:
    lines: list[str] = []
    hitherto.train(
        "forecast",
        {"y": [float(k * k % 7) for k in range(60)]},
        season=1,
        steps=2,
        hidden_size=4,
        say=lines.append,
    )
    assert any(line.startswith("the last layer is adjusted") and "mase" in line for line in lines)


def test_many_short_series_are_read_in_no_time() -> None:
    data = [
        {"unique_id": f"s{i}", "ds": k, "y": float(i + k + random.normal())}
        for i in range(500)
        for k in range(24)
    ]
    spec = from_options("forecast", horizon=4)
    source, examples, valid = FAMILIES["windows"].source.prepare(spec, data, None, {})
    assert len(examples) == len(valid) == 500
    batches = [source.batch(examples, item) for item in source.schedule(examples, spec.train, 0)[:3]]
    assert all(np.isfinite(b.inputs["x"]).all() for b in batches)


def test_a_window_is_a_whole_number_of_steps() -> None:
    with pytest.raises(UsageError, match="number of steps"):
        hitherto.train("forecast", rows(np.arange(50.0)), window=3.5, **SMALL)


# ---- seasons


def of_numbers(values: Any) -> list[Series]:
    return [Series("s", np.arange(len(values)), np.asarray(values, float)[:, None], ["y"])]


def test_seasons_are_found_in_series_of_integer_times() -> None:
    t = np.arange(600)
    noise = NOISE[:, 0]
    assert seasons_of(of_numbers(np.sin(2 * np.pi * t / 24) + 0.3 * noise)) == (24,)
    assert seasons_of(of_numbers((t % 7 < 5) * 3 + 0.5 * noise)) == (7,)
    assert seasons_of(of_numbers(t / 10 + 3 * np.cos(2 * np.pi * t / 12) + 0.3 * noise)) == (12,)
    assert seasons_of(of_numbers(np.tile(np.arange(12.0), 3))) == (12,)
    for nothing in (noise, np.cumsum(noise), np.ones(600), np.arange(600.0), np.full(50, np.nan)):
        assert seasons_of(of_numbers(nothing)) == (1,)


def test_seasons_of_dates_are_those_of_the_calendar() -> None:
    for step, T, expected in (
        ("h", 1000, (24, 168)),
        ("h", 100, (24,)),
        ("D", 100, (7,)),
        ("D", 1459, (7,)),
        ("D", 1800, (7, 365)),
        ("M", 100, (12,)),
        ("D", 9, (1,)),
    ):
        ds = np.datetime64("2020-01", step) + np.arange(T)
        spec = from_options("forecast", horizon=2)
        data = [{"ds": str(d), "y": float(i % 5)} for i, d in enumerate(ds)]
        source = FAMILIES["windows"].source.fit(spec, hitherto.data.read(data))
        note = next(n for n in source.notes if "a season has" in n)
        assert note.startswith(f"a season has {' or '.join(map(str, expected))} steps")


def test_a_year_of_days_is_read_where_it_helps() -> None:
    """Five years of a yearly bump: a window that reaches a year back errs less than the others."""
    t = np.arange(5 * 365)
    bump = 10.0 * (np.abs(t % 365 - 200) < 25) + NOISE[t % 600, 0]
    ds = np.datetime64("2015-01-01") + t
    data = [{"ds": str(d), "y": float(v)} for d, v in zip(ds, bump, strict=True)]
    errors = {}
    for season in (7, None):
        spec = from_options("forecast", horizon=30, **({"season": season} if season else {}))
        source = FAMILIES["windows"].source.fit(spec, hitherto.data.read(data))
        errors[season] = source.line.error
    assert source.codec.window >= 365
    assert source.codec.season == 7, "errors are measured in units of the first"
    assert errors[None] < 0.7 * errors[7]


def test_several_seasons_may_be_given() -> None:
    t = np.arange(400)
    data = rows(np.sin(t / 7 * 2 * np.pi) + (t % 30 == 3))
    spec = from_options("forecast", horizon=7, season=[7, 30])
    source = FAMILIES["windows"].source.fit(spec, hitherto.data.read(data))
    assert source.codec.season == 7
    assert source.codec.window >= 30


@pytest.mark.parametrize(
    ("options", "match"),
    [({"reader": "steps", "window": 8}, "window is an option"), ({"bptt": 8}, "bptt is an option")],
)
def test_options_of_the_other_reader_are_refused(options: Any, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        hitherto.train("forecast", rows(np.arange(50.0)), **options, **SMALL)
