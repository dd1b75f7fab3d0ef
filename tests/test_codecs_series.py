"""Series: causal in scale, the same in steps as whole, and every oddity of a table named."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.codecs.series import Series, SeriesCodec, Step, gather, naive_scale
from hitherto.errors import DataError, UsageError
from hitherto.marks import Marks


def rows(times: list[str], values: list[Any]) -> list[dict[str, Any]]:
    return [{"ds": t, "y": v} for t, v in zip(times, values, strict=True)]


def one(T: int = 60, seed: int = 0, missing: float = 0.2) -> Series:
    random = np.random.default_rng(seed)
    values = random.normal(size=(T, 2)).cumsum(0) * 10 + 1e4
    values[random.random((T, 2)) < missing] = np.nan
    times = np.datetime64("2024-01-01", "s") + np.arange(T) * np.timedelta64(3600, "s")
    return Series("", times, values, ["a", "b"], Step("s", 3600))


def fit(series: Series, **options: Any) -> SeriesCodec:
    return SeriesCodec.fit([series], **({"horizon": 4, "scaling": "causal", "season": 7} | options))


@given(
    st.integers(0, 20),
    st.sampled_from(["causal", "train", "counts", "none"]),
    st.sampled_from(["mean", "last", "season", "none"]),
)
@settings(deadline=None, max_examples=40)
def test_the_future_never_changes_the_past(seed: int, scaling: str, anchor: str) -> None:
    series = one(seed=seed)
    codec = fit(series, scaling=scaling, anchor=anchor)
    whole = codec.encode(series)
    cut = 10 + seed
    part = codec.encode(Series("", series.times[:cut], series.values[:cut], series.names, series.step))
    for name in ("x", "mean", "scale", "last", "filled"):
        assert np.array_equal(whole[name][:cut], part[name])
    for a, b in zip(codec.affine(whole, 0, cut), codec.affine(part, 0, cut), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("anchor", ["mean", "last", "season", "none"])
@pytest.mark.parametrize("scaling", ["causal", "train", "counts", "none"])
def test_targets_and_affine_undo_each_other(scaling: str, anchor: str) -> None:
    series = one()
    codec = fit(series, scaling=scaling, anchor=anchor)
    arrays = codec.encode(series)
    loc, scale = codec.affine(arrays, 0, 60)
    found = loc + scale * codec.targets(arrays, 0, 60)
    for t in range(60):
        for h in range(4):
            truth = series.values[t + 1 + h] if t + 1 + h < 60 else np.full(2, np.nan)
            np.testing.assert_allclose(found[t, h], truth, rtol=1e-5)
    assert (scale > 0).all()


def test_the_seasonal_forecast_is_the_last_season_seen() -> None:
    values = np.arange(20.0)[:, None]
    series = Series("", np.arange(20), values, ["a"])
    codec = SeriesCodec.fit([series], horizon=5, season=3, scaling="none", anchor="season")
    arrays = codec.encode(series)
    assert codec.naive(arrays, 10, 11)[0, :, 0].tolist() == [8, 9, 10, 8, 9]
    assert codec.naive(arrays, 0, 1)[0, :, 0].tolist() == [0, 0, 0, 0, 0]
    assert naive_scale(values, 3).tolist() == [3]


def test_scales_are_sound_from_the_first_step_and_for_constant_series() -> None:
    for values in (np.full(50, 5.0), np.zeros(50), np.r_[np.nan, np.full(49, 1e9)], np.arange(50) * 1e-12):
        series = Series("", np.arange(50), values[:, None], ["a"])
        arrays = fit(series).encode(series)
        assert np.isfinite(arrays["x"]).all()
        assert (arrays["scale"] > 0).all()
        assert np.abs(arrays["x"]).max() < 50


def test_missing_values_are_zero_with_a_mask() -> None:
    series = one()
    arrays = fit(series).encode(series)
    missing = np.isnan(series.values)
    assert (arrays["x"][:, :2][missing] == 0).all()
    assert (arrays["x"][:, 2:4] == ~missing).all()


# ---- tables


def test_times_of_many_kinds() -> None:
    for times, step in (
        (["1949-01", "1949-02", "1949-03"], Step("M", 1)),
        (["2014-07-01 00:00:00", "2014-07-01 00:30:00", "2014-07-01 01:00:00"], Step("s", 1800)),
        (["02/17/2015", "02/18/2015", "02/19/2015"], Step("s", 86400)),
        (["2020", "2021", "2022"], Step("i", 1)),
        (["2020-01-01", "2021-01-01", "2022-01-01"], Step("M", 12)),
        (["2024-03-30T23:00:00+00:00", "2024-03-31T00:00:00Z", "2024-03-31T01:00:00Z"], Step("s", 3600)),
    ):
        (series,), _ = gather(rows(times, [1, 2, 3]), target=["y"], time="ds")
        assert series.step == step, times
        assert len(series.values) == 3


def test_future_times() -> None:
    (series,), _ = gather(rows(["2024-01-31", "2024-02-29"], [1, 2]), target=["y"], time="ds", freq="M")
    assert [str(t)[:7] for t in series.step.after(series.times[-1], 2)] == ["2024-03", "2024-04"]
    days = ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12"]
    (series,), _ = gather(rows(days, [1] * 7), target=["y"], time="ds")
    assert series.step == Step("B", 1)
    assert [str(t)[:10] for t in series.step.after(series.times[-1], 2)] == ["2024-01-15", "2024-01-16"]


def test_gaps_are_filled_and_said() -> None:
    (series,), notes = gather(
        rows(["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-05"], [1, 2, 4, 5]), target=["y"], time="ds"
    )
    assert len(series.values) == 5
    assert np.isnan(series.values[2, 0])
    assert any("1 of 5 steps were missing" in n for n in notes)


def test_unsorted_and_irregular_times_are_said() -> None:
    (series,), notes = gather(rows(["2024-01-02", "2024-01-01"], [2, 1]), target=["y"], time="ds")
    assert series.values[:, 0].tolist() == [1, 2]
    assert any("sorted" in n for n in notes)
    times = [
        "2024-01-01 00:00",
        "2024-01-01 01:00",
        "2024-01-01 02:00",
        "2024-01-01 02:07",
        "2024-01-01 03:07",
    ]
    _, notes = gather(rows(times, [1] * 5), target=["y"], time="ds")
    assert any("1 of 4 steps are not a multiple of the usual 1 hour" in n for n in notes)


@pytest.mark.parametrize(
    ("times", "values", "said"),
    [
        (["2024-01-01", "2024-01-01"], [1, 2], "2024-01-01 comes twice"),
        (["2024-01-01", "soon"], [1, 2], "got 'soon'"),
        (["2024-01-01", "2024-01-02"], [1, "12,5"], "with a point, not a comma"),
        (["2024-01-01", "2024-01-02"], [1, "much"], "expected a number, but got 'much'"),
        (["2024-01-01", "2024-01-02"], [1, float("inf")], "infinite"),
        (["2024-01-01", "2024-01-02"], ["", "NA"], "no value is present"),
        (["2024-01-01", 5], [1, 2], "some times are numbers"),
        ([], [], "no rows"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(times: list[Any], values: list[Any], said: str) -> None:
    with pytest.raises(DataError) as error:
        gather(rows(times, values), target=["y"], time="ds")
    assert said in str(error.value)


def test_long_tables_known_and_static_columns() -> None:
    table = [
        {
            "shop": s,
            "ds": str(np.datetime64("2024-01-01") + i),
            "y": i if i < 20 else None,
            "price": 2.0 * i,
            "kind": k,
        }
        for s, k in (("a", "big"), ("b", "small"))
        for i in range(25)
    ]
    series, _ = gather(table, target=["y"], time="ds", id="shop", known=["price"], static=["kind"])
    assert [s.id for s in series] == ["a", "b"]
    assert len(series[0].values) == 20  # what is only known is the future
    codec = SeriesCodec.fit(series, horizon=5, scaling="causal", calendar=False)
    assert codec.size == 1 + 5 + 2
    first, second = (codec.encode(s)["x"] for s in series)
    assert (first[:, :-2] == second[:, :-2]).all()
    assert first[0, -2:].tolist() == [1, 0]
    assert second[0, -2:].tolist() == [0, 1]
    prices = first[:, 1:6] * codec.known[0]["deviation"] + codec.known[0]["mean"]
    np.testing.assert_allclose(prices[3], [8, 10, 12, 14, 16], rtol=1e-5)
    np.testing.assert_allclose(prices[19], [40, 42, 44, 46, 48], rtol=1e-5)


def test_decimal_commas_and_marks_of_missing_values() -> None:
    table = [
        {
            "ds": f"2024-01-{i + 1:02}",
            "y": "-999" if i == 3 else f"{i},5",
            "price": f"{i},25" if i else "-999",
        }
        for i in range(9)
    ]
    marks = Marks.of(",", ["-999"])
    (series,), _ = gather(table, target=["y"], time="ds", known=["price"], marks=marks)
    assert series.values[[0, 2, 4], 0].tolist() == [0.5, 2.5, 4.5]
    assert np.isnan(series.values[3, 0])
    assert series.known[:, 0].tolist() == [None, *(f"{i}.25" for i in range(1, 9))]
    with pytest.raises(DataError, match=r"row 1, column 'y': .*got '0,5'.*--decimal , says otherwise"):
        gather(table, target=["y"], time="ds")


def test_errors_of_the_codec() -> None:
    series = one(T=6)
    with pytest.raises(DataError, match="6 steps, too few to forecast 6"):
        fit(series, horizon=6)
    codec = fit(one())
    with pytest.raises(DataError, match="expected 2 channels"):
        codec.encode(Series("", np.arange(3), np.ones((3, 1)), ["a"]))
    with pytest.raises(UsageError, match="scaling must be"):
        fit(one(), scaling="log")
    with pytest.raises(UsageError, match="push times"):
        codec.stream().push(np.ones((1, 2)))
    plain = SeriesCodec.fit([np.ones((4, 2)), np.zeros((2, 2))])
    with pytest.raises(DataError, match="channel 2 at step 1 is infinite"):
        plain.encode([[1.0, np.inf]])
    with pytest.raises(DataError, match="expected numbers"):
        plain.encode([["a", "b"]])
