"""Series: causal in scale, the same in steps as whole, and every oddity of a table named."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.codecs.series import SeriesCodec, naive_scale
from hitherto.data.marks import Marks
from hitherto.data.series import Series, gather
from hitherto.errors import DataError, UsageError
from hitherto.times import Step, wall_of, zone_of


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


def test_the_anchor_season_is_the_last_season_seen() -> None:
    values = np.arange(20.0)[:, None]
    series = Series("", np.arange(20), values, ["a"])
    codec = SeriesCodec.fit([series], horizon=5, season=3, scaling="none", anchor="season")
    arrays = codec.encode(series)
    assert codec.affine(arrays, 10, 11)[0][0, :, 0].tolist() == [8, 9, 10, 8, 9]
    assert codec.affine(arrays, 0, 1)[0][0, :, 0].tolist() == [0, 0, 0, 0, 0]
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
    prices = first[:, 1:6] * codec.known[0].deviation + codec.known[0].mean
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


def test_day_and_month_are_told_by_the_whole_column() -> None:
    days = [str(np.datetime64("2021-01-25") + i) for i in range(20)]
    slashed = [f"{d[8:]}/{d[5:7]}/{d[:4]}" for d in days]
    (series,), notes = gather(rows(slashed, list(range(20))), target=["y"], time="ds")
    assert series.times.astype("M8[D]").astype(str).tolist() == days
    assert series.values[:, 0].tolist() == list(range(20))
    assert not any("sorted" in note or "missing" in note for note in notes)
    assert any("%d/%m/%Y" in note for note in notes)


def test_missing_months_are_found_whatever_their_length() -> None:
    for times in (["Jan 2001", "Feb 2001", "May 2001"], ["2001-01-31", "2001-02-28", "2001-05-31"]):
        (series,), notes = gather(rows(times, [1, 2, 5]), target=["y"], time="ds", freq="M")
        assert series.values[:, 0].tolist()[:2] == [1, 2]
        assert np.isnan(series.values[2:4, 0]).all()
        assert any("2 of 5 steps were missing" in n for n in notes)
    assert series.written(series.times) == [
        "2001-01-31",
        "2001-02-28",
        "2001-03-31",
        "2001-04-30",
        "2001-05-31",
    ]


BERLIN = {"target": ["y"], "time": "ds", "timezone": "Europe/Berlin"}


def clocks(begin: str, count: int, seconds: int = 3600) -> list[str]:
    """What a clock in Berlin shows, every so many seconds."""
    times = np.datetime64(begin, "us") + np.arange(count) * np.timedelta64(seconds, "s")
    return [str(w)[:16] for w in wall_of(times, zone_of("Europe/Berlin"))]


@pytest.mark.parametrize(
    ("begin", "seconds"), [("2024-10-26T12", 3600), ("2024-10-26T23", 1800), ("2024-03-30T12", 3600)]
)
@pytest.mark.parametrize("falling", [False, True])
def test_hours_over_a_change_of_clocks(begin: str, seconds: int, falling: bool) -> None:
    times = clocks(begin, 30, seconds)
    table = rows(times, list(range(30)))
    (series,), notes = gather(table[::-1] if falling else table, **BERLIN)
    assert series.values[:, 0].tolist() == list(range(30))
    assert series.step == Step("s", seconds)
    assert not any("missing" in note or "multiple" in note for note in notes)
    assert [t[:16].replace(" ", "T") for t in series.written(series.times)] == times
    assert {t[19:] for t in series.written(series.times)} == {"+01:00", "+02:00"}
    ahead = series.written(series.future(2))
    assert [t[:16].replace(" ", "T") for t in ahead] == clocks(begin, 32, seconds)[30:]


def test_what_is_wrong_with_clocks_is_said_with_what_to_do() -> None:
    autumn = rows(clocks("2024-10-26T20", 12), [1] * 12)
    with pytest.raises(
        DataError, match=r"row 6, column 'ds': the time 2024-10-27 02:00:00 comes twice"
    ) as error:
        gather(autumn, target=["y"], time="ds")
    assert "(also in row 5). If clocks went back then, name their zone" in str(error.value)
    assert "--timezone Europe/Berlin" in str(error.value)
    with pytest.raises(DataError, match=r"comes twice.*--id"):
        gather(autumn + autumn, target=["y"], time="ds")
    with pytest.raises(DataError, match=r"row 7.*comes twice \(also in row 6\).*--id"):
        gather([*autumn[:6], autumn[5], *autumn[6:]], **BERLIN)
    spring = rows(["2024-03-31 01:00", "2024-03-31 02:00", "2024-03-31 03:00"], [1] * 3)
    with pytest.raises(
        DataError, match="row 2, column 'ds': there was no 2024-03-31 02:00:00 in Europe/Berlin"
    ):
        gather(spring, **BERLIN)


def test_days_and_their_calendar_are_those_of_the_zone() -> None:
    midnights = [f"2024-{m}-{d} 00:00" for m, d in (("10", "26"), ("10", "27"), ("10", "28"), ("10", "29"))]
    (series,), notes = gather(rows(midnights, [1, 2, 3, 4]), **BERLIN)
    assert series.step == Step("s", 86400)
    assert series.written(series.future(1)) == ["2024-10-30 00:00:00+01:00"]
    assert not any("multiple" in note for note in notes)
    hours = rows(clocks("2024-10-20T22", 24 * 16), list(range(24 * 16)))
    (series,), _ = gather(hours, **BERLIN)
    x = SeriesCodec.fit([series], horizon=2, scaling="causal", calendar=["hour"], mask=False).encode(series)[
        "x"
    ]
    at = [i for i, row in enumerate(hours) if row["ds"].endswith("T06:00")]
    np.testing.assert_allclose(x[at, 1:], [[1, 0]] * len(at), atol=1e-6)  # six in the morning, on either side


def test_what_is_true_of_many_series_is_said_once() -> None:
    table = [
        {"id": f"s{s}", "ds": str(np.datetime64("2024-01-01") + i), "y": i}
        for s in range(40)
        for i in range(9)
        if (s, i) not in {(3, 4), (7, 1)}
    ]
    _, notes = gather(table, target=["y"], time="ds", id="id")
    assert sorted(notes) == [
        "2 of 40 series, such as 's3': 1 of 9 steps were missing and stand as missing values",
        "all 40 series: rows are 1 day apart; --freq says otherwise",
    ]


def test_two_rows_in_a_step_are_refused() -> None:
    hours = rows([f"2024-01-01 {h:02}:00" for h in range(4)], [1] * 4)
    with pytest.raises(DataError, match="row 2, column 'ds': rows 1 and 2 lie within one step of 1 day"):
        gather(hours, target=["y"], time="ds", freq="D")


def test_times_that_do_not_fit_are_typed_errors() -> None:
    for times, said in (
        ([1, 1 << 70], r"below 2\^62"),
        ([1, 2, 1 << 61], "say the step: --freq"),
        ([0.1, 0.2], "count in a smaller unit"),
        ([1, float("nan")], "the time is missing"),
        (["9998-12-31", "9999-12-31"], "beyond the year 9999"),
    ):
        with pytest.raises(DataError, match=said):
            gather(rows(times, [1] * len(times)), target=["y"], time="ds")[0][0].future(2)
    (series,), _ = gather(
        rows([2**53, 2**53 + 1, 2**53 + 2], [1, 2, 3]), target=["y"], time="ds", time_format="number"
    )
    assert series.times.tolist() == [2**53, 2**53 + 1, 2**53 + 2]
    assert series.written(series.future(1)) == [str(2**53 + 3)]


def test_the_step_of_training_stands_in_where_there_are_few_rows() -> None:
    days = rows(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11"], [1] * 6)
    (series,), _ = gather(days, target=["y"], time="ds")
    codec = SeriesCodec.fit([series], horizon=2, scaling="causal", calendar=False)
    assert codec.step == Step("B", 1)
    again = SeriesCodec.from_json(codec.to_json(), {})
    for few in (days[:1], days[:2]):
        (short,), _ = gather(few, target=["y"], time="ds", step=again.step)
        assert short.step == Step("B", 1)
    old = {name: value for name, value in codec.to_json().items() if name != "step"}
    assert SeriesCodec.from_json(old, {}).step is None


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
    with pytest.raises(DataError, match="channel 2 at step 1 is infinite"):
        plain.stream().push([[1.0, np.inf]])
    with pytest.raises(DataError, match=r"1e\+31 is too large"):  # as predict has it
        plain.stream().push([[1.0, 1e31]])
    with pytest.raises(DataError, match="expected numbers"):
        plain.encode([["a", "b"]])
