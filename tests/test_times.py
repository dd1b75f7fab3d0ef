"""Times: one format for a column, found from all its cells or refused; zones kept; steps by the calendar."""

import datetime as dt
import warnings
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.errors import DataError, UsageError
from hitherto.times import Form, Step, form_of, is_time, step_of, twice, utc_of, wall_of, zone_of

BERLIN = ZoneInfo("Europe/Berlin")


def read(cells: Any, **options: Any) -> list[str]:
    """The cells as they are understood."""
    form, _ = form_of(cells, **options)
    return [str(np.datetime64(form.instant(*form.read(cell)), "us")) for cell in cells]


@pytest.mark.parametrize(
    ("cells", "format", "second"),
    [
        (["01/02/2021", "13/02/2021"], "%d/%m/%Y", "2021-02-13"),
        (["01/02/2021", "02/13/2021"], "%m/%d/%Y", "2021-02-13"),
        (["1/2/2021 9:05", "31/12/2021 14:00"], "%d/%m/%Y %H:%M:%S", "2021-12-31T14:00"),
        (["1/2/2021 9:05 AM", "12/31/2021 02:00 PM"], "%m/%d/%Y %H:%M:%S", "2021-12-31T14:00"),
        (["1/2/2021, 12:00 am", "12/31/2021, 12:00 pm"], "%m/%d/%Y %H:%M:%S", "2021-12-31T12:00"),
        (["01-02-2021", "28-02-2021"], "%d-%m-%Y", "2021-02-28"),
        (["1/3/07", "1/31/07"], "%m/%d/%y", "2007-01-31"),
        (["01/03/68", "31/03/69"], "%d/%m/%y", "1969-03-31"),
        (["01.02.2021", "02.03.2021"], "%d.%m.%Y", "2021-03-02"),
        (["2021/01/02", "2021/2/3"], "%Y/%m/%d", "2021-02-03"),
        (["2021-01-02T00", "2021-01-02T01"], "%Y-%m-%d %H:%M:%S", "2021-01-02T01:00"),
        (["2021-01-02", "2021-01-02 06:00"], "%Y-%m-%d %H:%M:%S", "2021-01-02T06:00"),
        (["2021-01-02T000000", "2021-01-02T120005.25"], "%Y-%m-%d %H:%M:%S", "2021-01-02T12:00:05.25"),
        (["2021-01-02 00:00", "2021-01-02 24:00"], "%Y-%m-%d %H:%M:%S", "2021-01-03"),
        (["20210102", "20210201"], "%Y%m%d", "2021-02-01"),
        ([20210102, 20210201], "%Y%m%d", "2021-02-01"),
        (["202101020300", "202101020400"], "%Y%m%d%H%M", "2021-01-02T04:00"),
        (["Jan 2001", "Feb 2001"], "%b %Y", "2001-02-01"),
        (["January 2001", "May 2001"], "%B %Y", "2001-05-01"),
        (["Jan-01", "Feb-01"], "%b-%y", "2001-02-01"),
        (["5 March 2021", "17 Sept 2021"], "%d %B %Y", "2021-09-17"),
        (["Mar 5, 2021", "Sep 17, 2021"], "%b %d, %Y", "2021-09-17"),
        (["2001-01", "2001-02"], "%Y-%m", "2001-02-01"),
        (["200111", "200112"], "%Y%m", "2001-12-01"),
        (["2001M01", "2001M02"], "%YM%m", "2001-02-01"),
        (["1/2001", "2/2001"], "%m/%Y", "2001-02-01"),
        (["2021Q1", "2021Q2"], "%YQ%q", "2021-04-01"),
        (["Q1 2021", "Q2 2021"], "Q%q %Y", "2021-04-01"),
        (["2021-Q4", "2022-Q1"], "%Y-Q%q", "2022-01-01"),
        (["2020-W53", "2021-W01"], "%G-W%V", "2021-01-04"),
        (["2021-W05-3", "2021-W06-3"], "%G-W%V-%u", "2021-02-10"),
        (["1700000000", "1700003600"], "s", "2023-11-14T23:13:20"),
        ([1700000000000, 1700000000500], "ms", "2023-11-14T22:13:20.5"),
        (["1700000000.25", "1700000000.5"], "s", "2023-11-14T22:13:20.5"),
        ([1700000000000000, 1700000000000001], "us", "2023-11-14T22:13:20.000001"),
        ([1700000000000000000, 1700000000000001000], "ns", "2023-11-14T22:13:20.000001"),
    ],
)  # fmt: skip
def test_one_format_for_a_column(cells: Any, format: str, second: str) -> None:  # noqa: A002
    form, note = form_of(cells)
    assert form.format == format
    assert np.datetime64(read(cells)[1]) == np.datetime64(second, "us")
    assert (note is None) == format.startswith("%Y-%m-%d")
    again, _ = form_of(cells, given=form.format)
    assert again.format == format, "what was found may be given"
    assert form_of(cells, given=form.format, kept=True)[0].format == format


def test_what_was_found_is_said_by_a_cell_that_tells() -> None:
    assert form_of(["01/02/2021", "13/02/2021"])[1] == (
        "times are read as %d/%m/%Y: 13/02/2021 is 13 February 2021; --time-format says otherwise"
    )
    assert form_of([1700000000, 1700003600])[1] == (
        "times are seconds since 1970: 1700000000 is 2023-11-14 22:13:20+00:00; --time-format number says otherwise"
    )


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            ["01/02/2021", "03/04/2021"],
            (
                "row 1, column 'ds': '01/02/2021' is 1 February 2021 read as %d/%m/%Y, but 2 January 2021 read as "
                "%m/%d/%Y, and no other time of the column tells which; say it: --time-format '%d/%m/%Y'"
            ),
        ),
        (["01/02/21", "02/02/21"], "say it: --time-format"),
        (
            ["01/02/2021", "13/02/2021", "02/13/2021"],
            (
                "row 3, column 'ds': times are written in two ways: '02/13/2021' is %m/%d/%Y, but '13/02/2021' in row "
                "2 is %d/%m/%Y; write all alike"
            ),
        ),
        (["2021-01-02", "01/03/2021"], "row 2, column 'ds': times are written in two ways"),
        (["2021-01-02", "soon"], "row 2, column 'ds': expected a time as %Y-%m-%d, as the others are, but got 'soon'"),
        (["soon", "2021-01-02"], "expected a time such as 2024-05-31 or 2024-05-31 18:30, but got 'soon'"),
        (["2021-01-02", ""], "row 2, column 'ds': the time is missing"),
        ([1, None], "the time is missing"),
        ([float("nan"), 1], "the time is missing"),
        ([np.datetime64("NaT"), np.datetime64("2024-01-01")], "the time is missing"),
        (["2021-01-02", 5], "some times are numbers and some are dates"),
        ([dt.date(2021, 1, 2), "2021-01-03"], "some times are dates already, but here is '2021-01-03'"),
        (["2016-12-31 23:59:59", "2016-12-31 23:59:60"], "a leap second has no place among even steps"),
        (["2021-01-02 01:00 CET"], "--timezone Europe/Berlin"),
        (["2021-01-02 00:00", "2021-01-02 24:01"], "expected a time"),
        (["2021-02-28", "2021-02-30"], "got '2021-02-30'"),
        (["0001-01-01", "0000-01-01"], "got '0000-01-01'"),
        (["9999-12-31", "10000-01-01"], "got '10000-01-01'"),
        (["2021-01-02 00:00:00.1234567"], "got '2021-01-02 00:00:00.1234567'"),
        ([1, 1e300], "expected a date or a whole number, but got 1e+300"),
        ([0.5, 1.0], "count in a smaller unit"),
        ([1, float("inf")], "got inf"),
        ([1, 1 << 62], "below 2^62, but 4611686018427387904 came"),
        (["1", "9" * 5000], "got '999"),
        ([1, 10**5000], "a number of too many digits"),
        ([1700000000000000001, 1700000000000000002], "kept to the microsecond, but 1700000000000000001 is finer"),
        ([*range(20240101, 20240113), 20240199], "written as %Y%m%d, as others are, but got '20240199'"),
        ([[1], [2]], r"got [1]"),
        ([True, False], "got True"),
        ([b"2021-01-01"], "got b'2021"),
        (["2021-01-01 00:00", "2021-01-01 01:00+01:00"], "says no offset from UTC, but '2021-01-01 01:00+01"),
    ],
)  # fmt: skip
def test_what_two_readers_would_read_in_two_ways_is_refused(cells: Any, said: str) -> None:
    with pytest.raises(DataError) as error:
        form_of(cells, column="ds")
    assert said in str(error.value)


def test_a_format_that_is_given() -> None:
    cells = ["01/02/2021", "03/04/2021"]
    assert read(cells, given="%d/%m/%Y")[0].startswith("2021-02-01")
    assert read(cells, given="%m/%d/%Y")[0].startswith("2021-01-02")
    assert read(["03.04.2021 17h05", "04.04.2021 18h00"], given="%d.%m.%Y %Hh%M")[0].startswith(
        "2021-04-03T17:05"
    )
    assert read(["210304", "210305"], given="%y%m%d")[0].startswith("2021-03-04")
    assert read(["2021-032"], given="%Y-%j")[0].startswith("2021-02-01")
    assert read(["01/02/2021 10:30"], given="%d/%m/%Y")[0].startswith(
        "2021-02-01T10:30"
    )  # with a time of day or not
    assert form_of([1700000000, 1700003600], given="number")[0].numbers
    assert read([5, 6], given="ms") == ["1970-01-01T00:00:00.005000", "1970-01-01T00:00:00.006000"]
    with pytest.raises(DataError, match=r"row 2.*expected a time written as %d/%m/%Y, but got '2021-04-03'"):
        form_of(["01/02/2021", "2021-04-03"], given="%d/%m/%Y")
    kept, _ = form_of(
        ["2021-04-03"], given="%d/%m/%Y", kept=True
    )  # from training: what is unmistakable is read
    assert kept.format == "%Y-%m-%d"
    for wrong, said in (
        ("%d/%m", "has no year"),
        ("%d/%d/%Y", "says %d twice"),
        ("%x %Y", "has no '%x'"),
        ("%", "has no '%'"),
        ("%d" * 60 + "%Y", "too long"),
    ):
        with pytest.raises(UsageError, match=said):
            form_of(cells, given=wrong)
    with pytest.raises(UsageError, match="dates already"):
        form_of([dt.date(2021, 1, 2)], given="%d/%m/%Y")


FORMATS = (
    *("%d/%m/%Y %H:%M:%S.%f", "%Y%m%d%H%M%S.%f", "%B %d %Y %H:%M:%S.%f"),
    *("%Y-%j %H.%M.%S.%f", "%G-W%V-%u %I:%M:%S.%f %p"),
)


@given(st.integers(0, 253_402_300_799_999_999), st.sampled_from(FORMATS))
@settings(deadline=None, max_examples=60)
def test_formats_are_those_of_strptime(micros: int, format: str) -> None:  # noqa: A002
    when = np.datetime64(micros, "us").astype(dt.datetime)
    text = when.strftime(format)
    assert dt.datetime.strptime(text, format) == when  # noqa: DTZ007 - on the wall
    assert np.datetime64(read([text], given=format)[0]) == np.datetime64(when)


def test_dates_that_are_dates_already() -> None:
    pandas = pytest.importorskip("pandas")
    days = [dt.date(2021, 1, 2), dt.date(2021, 1, 3)]
    assert form_of(days)[0] == Form("%Y-%m-%d")
    assert read(list(pandas.date_range("2021-01-02", periods=2, freq="D"))) == read(days)
    hours = list(pandas.date_range("2021-03-27 23:00", periods=4, freq="h", tz="Europe/Berlin"))
    form, _ = form_of(hours)
    assert form.zone_name == "Europe/Berlin"
    assert read(hours)[0].startswith("2021-03-27T22:00")
    with pytest.raises(DataError, match="finer"):
        form_of([pandas.Timestamp("2021-01-02 00:00:00.000000001")])


# ---- zones


def test_zones_by_name_and_by_offset() -> None:
    assert zone_of("utc") is dt.UTC
    assert zone_of("+5:30").utcoffset(None) == dt.timedelta(hours=5, minutes=30)
    assert zone_of("-0800").utcoffset(None) == dt.timedelta(hours=-8)
    for name, said in (
        ("Europe/Berln", "Did you mean 'Europe/Berlin'"), ("+99:00", "such as"), ("../../etc/passwd", "no time zone"),
        ("Europe", "no time zone"), ("", "no time zone"), ("a\0b", "no time zone"), ("x" * 5000, "no time zone"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            zone_of(name)


def test_the_wall_and_back_over_both_changes_of_clocks() -> None:
    for begin in ("2024-03-30T12", "2024-10-26T12"):
        times = np.datetime64(begin, "us") + np.arange(48) * np.timedelta64(1800, "s")
        wall = wall_of(times, BERLIN)
        for time, seen in zip(times, wall, strict=True):
            there = time.astype(dt.datetime).replace(tzinfo=dt.UTC).astimezone(BERLIN)
            assert seen.astype(dt.datetime) == there.replace(tzinfo=None)
        once = [i for i, w in enumerate(wall) if not twice(int(w.astype(np.int64)), BERLIN)]
        assert (utc_of(wall[once], BERLIN) == times[once]).all()
    assert wall_of(np.arange(3), BERLIN).tolist() == [0, 1, 2]


def test_clocks_that_skip_an_hour_and_those_that_repeat_one() -> None:
    form, _ = form_of(["2024-10-27 02:00", "2024-10-27 02:00"], zone="Europe/Berlin")
    wall, offset = form.read("2024-10-27 02:00")
    first, second = form.instant(wall, offset), form.instant(wall, offset, later=True)
    assert second - first == 3_600_000_000
    assert form.write(np.array([first, second], "M8[us]")) == [
        "2024-10-27 02:00:00+02:00",
        "2024-10-27 02:00:00+01:00",
    ]
    form, _ = form_of(["2024-03-31 02:30"], zone="Europe/Berlin")
    with pytest.raises(
        ValueError, match="there was no 2024-03-31 02:30:00 in Europe/Berlin, as clocks went forward"
    ):
        form.instant(*form.read("2024-03-31 02:30"))


def test_offsets_in_the_cells_are_kept() -> None:
    form, note = form_of(["2024-03-30T23:00:00+05:30", "2024-03-31T00:00:00+05:30"])
    assert note is None
    assert form.write(np.array(["2024-03-31T00:30"], "M8[us]")) == ["2024-03-31 06:00:00+05:30"]
    form, note = form_of(["2024-03-30T23:00:00Z", "2024-03-31T00:00:00UTC"])
    assert form.write(np.array(["2024-03-31T00"], "M8[us]")) == ["2024-03-31 00:00:00+00:00"]
    form, note = form_of(["2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+02:00"])
    assert note is not None
    assert "offsets +01:00, +02:00; forecasts have the last, +02:00" in note
    assert "--timezone Europe/Berlin" in note
    form, note = form_of(["2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+02:00"], zone="Europe/Berlin")
    assert (note, form.zone_name) == (None, "Europe/Berlin")
    with pytest.raises(UsageError, match="timezone has no use, as times are dates"):
        form_of(["2024-01-01", "2024-01-02"], zone="UTC")
    with pytest.raises(UsageError, match="timezone has no use, as times are plain numbers"):
        form_of([1, 2], zone="UTC")


# ---- answers


@pytest.mark.parametrize(
    ("cells", "answers"),
    [
        (["2024-01-30", "2024-01-31"], ["2024-02-01", "2024-02-02"]),
        (["30/01/2024", "31/01/2024"], ["2024-02-01", "2024-02-02"]),
        (["2024-01-01 22:00", "2024-01-01 23:00"], ["2024-01-02 00:00:00", "2024-01-02 01:00:00"]),
        (["2024-01-01 00:00", "2024-01-02 00:00"], ["2024-01-03 00:00:00", "2024-01-04 00:00:00"]),
        (
            ["2024-01-01 00:00:00.5", "2024-01-01 00:00:01"],
            ["2024-01-01 00:00:01.500000", "2024-01-01 00:00:02.000000"],
        ),
        (["2001-11", "2001-12"], ["2002-01", "2002-02"]),
        (["Nov 2001", "Dec 2001"], ["Jan 2002", "Feb 2002"]),
        (["November 2001", "December 2001"], ["January 2002", "February 2002"]),
        (["2001-11-30", "2001-12-31"], ["2002-01-31", "2002-02-28"]),
        (["2021Q3", "2021Q4"], ["2022Q1", "2022Q2"]),
        (["Q3 2021", "Q4 2021"], ["Q1 2022", "Q2 2022"]),
        (["2020-W52", "2020-W53"], ["2021-W01", "2021-W02"]),
        (["2021-W04-3", "2021-W05-3"], ["2021-02-10", "2021-02-17"]),
        (["2020", "2021"], ["2022", "2023"]),
        ([7, 9], ["11", "13"]),
        ([1700000000, 1700003600], ["2023-11-15 00:13:20+00:00", "2023-11-15 01:13:20+00:00"]),
    ],
)  # fmt: skip
def test_answers_are_written_alike(cells: Any, answers: list[str]) -> None:
    form, _ = form_of(cells)
    times = np.array(
        [form.instant(*form.read(cell)) for cell in cells], np.int64 if form.numbers else "M8[us]"
    )
    step, off = step_of(times, None, form.zone)
    assert len(off) == 0
    assert form.write(step.after(times[-1], 2, form.zone), step) == answers


def test_pandas_reads_what_is_written() -> None:
    pandas = pytest.importorskip("pandas")
    for cells in (
        ["2024-01-30", "2024-01-31"], ["13/01/2024", "14/01/2024"], ["2024-01-01 22:00", "2024-01-01 23:00"],
        ["2024-01-01 00:00:00.5", "2024-01-01 00:00:01"], ["2001-11", "2001-12"],
        ["2024-01-01T22+05:30", "2024-01-01T23+05:30"],
    ):  # fmt: skip
        form, _ = form_of(cells)
        times = np.array([form.instant(*form.read(cell)) for cell in cells], "M8[us]")
        step = step_of(times, None, form.zone)[0]
        ahead = step.after(times[-1], 30, form.zone)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = pandas.to_datetime(pandas.Series(form.write(ahead, step)))
        utc = found.dt.tz_convert(None) if found.dt.tz is not None else found
        assert (utc.to_numpy() == ahead).all()
    form = Form("%Y-%m-%d %H:%M:%S", BERLIN)
    times = np.datetime64("2024-10-26T23", "us") + np.arange(5) * np.timedelta64(3600, "s")
    found = pandas.to_datetime(pandas.Series(form.write(times)), utc=True)  # over a change of clocks
    assert (found.dt.tz_convert(None).to_numpy() == times).all()


# ---- steps


def dates(*texts: str) -> Any:
    return np.array(texts, "M8[us]")


def test_steps_by_the_calendar() -> None:
    for times, step in (
        (dates("2024-01-31", "2024-02-29", "2024-03-31"), Step("M", 1, 31)),
        (dates("2024-01-30", "2024-02-29", "2024-03-30"), Step("M", 1, 30)),
        (dates("2024-01-15", "2024-02-15", "2024-04-15"), Step("M", 1)),
        (dates("2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"), Step("M", 3, 31)),
        (dates("2024-01-01", "2024-04-01", "2024-07-01"), Step("M", 3)),
        (dates("2024-02-29", "2025-02-28", "2026-02-28"), Step("M", 12, 31)),
        (dates("2024-01-01", "2024-01-08", "2024-01-15"), Step("s", 7 * 86400)),
        (dates("2024-01-01T00:00:00.02", "2024-01-01T00:00:00.04"), Step("u", 20_000)),
    ):
        found, off = step_of(times)
        assert (found, len(off)) == (step, 0), times
        assert (found.after(times[-2], 1) == times[-1]).all() or found.place(times)[-1] != len(times) - 1
    assert Step("M", 1, 31).after(np.datetime64("2024-01-31"), 3).astype("M8[D]").astype(str).tolist() == [
        "2024-02-29", "2024-03-31", "2024-04-30",
    ]  # fmt: skip
    friday = np.datetime64("2024-01-05T16:00")
    assert (Step("B", 1).after(friday, 2) == dates("2024-01-08T16", "2024-01-09T16")).all()
    assert (Step("B", 1).after(np.datetime64("2024-01-06"), 1) == dates("2024-01-08")).all()


def test_days_have_23_hours_and_25_on_the_wall() -> None:
    for day in ("2024-03-30", "2024-10-26"):
        midnights = utc_of(np.datetime64(day, "us") + np.arange(4) * np.timedelta64(1, "D"), BERLIN)
        step, off = step_of(midnights, None, BERLIN)
        assert (step, len(off)) == (Step("s", 86400), 0)
        assert (step.after(midnights[0], 3, BERLIN) == midnights[1:]).all()
        assert step.place(midnights, BERLIN).tolist() == [0, 1, 2, 3]
        hours = midnights[0] + np.arange(80) * np.timedelta64(3600, "s")
        step, off = step_of(hours, None, BERLIN)
        assert (step, len(off)) == (Step("s", 3600), 0)
        assert (step.after(hours[0], 79, BERLIN) == hours[1:]).all()


def test_steps_end_where_years_and_numbers_do() -> None:
    with pytest.raises(DataError, match="beyond the year 9999"):
        Step("M", 12).after(np.datetime64("9990-01-01"), 20)
    with pytest.raises(DataError, match="beyond the year 9999"):
        Step("s", 1 << 39).after(np.datetime64("2024-01-01"), 20)
    with pytest.raises(DataError, match=r"beyond 2\^63"):
        Step("i", 1 << 62).after(1 << 61, 2)
    with pytest.raises(DataError, match="one time alone"):
        step_of(dates("2024-01-01"))[0].after(np.datetime64("2024-01-01"), 2)
    for freq in ("fortnight", "0D", "99999999999H", "", "-1D"):
        with pytest.raises(UsageError, match="freq must be such as"):
            step_of(dates("2024-01-01", "2024-01-02"), freq)


CELLS = st.one_of(
    st.sampled_from(
        [None, True, b"x", dt.date(9999, 12, 31), np.datetime64("NaT"), np.timedelta64(5, "s"), 2**63, 1e300]
    ),
    st.sampled_from(
        [
            "",
            "soon",
            "\u00b2",
            "\u0663",
            "0x1",
            "1_0",
            "9" * 60,
            "24:00",
            "2024-W54",
            "2021Q5",
            "1e5",
            10**5000,
        ]
    ),
    st.builds(
        "{}-{:02}-{:02}{}{}".format,
        st.sampled_from(["0000", "0001", "1883", "2024", "9999", "10000"]),
        st.integers(0, 13),
        st.integers(0, 32),
        st.sampled_from(["", " 02:30", "T24:00", " 25:00", " 23:59:60", " 00:00:00.1234567"]),
        st.sampled_from(["", "Z", "+14:00", "-12:00", "+99:99"]),
    ),
    st.integers(-(2**65), 2**65),
    st.floats(),
)


@given(
    st.lists(CELLS, min_size=1, max_size=4),
    st.sampled_from([None, "UTC", "Europe/Berlin", "America/Sao_Paulo", "+14:00"]),
    st.sampled_from([None, "H", "M", "B", "999999999Y"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=300)
def test_any_cells_are_times_or_an_error_that_says_why(
    cells: list[Any], zone: str | None, freq: str | None, kept: bool
) -> None:
    try:
        form, _ = form_of(cells, zone=zone, kept=kept)
        moments = [form.instant(*form.read(cell)) for cell in cells]
        times = np.array(sorted(set(moments)), np.int64 if form.numbers else "M8[us]")
        step, _ = step_of(times, freq, form.zone)
        ahead = step.after(times[-1], 3, form.zone)
        assert len(form.write(ahead, step)) == len(set(form.write(ahead, step))) == 3
        assert (np.diff(ahead).astype(np.int64) > 0).all()
    except (DataError, UsageError):
        pass
    except ValueError as error:  # of one cell, to which its row is added
        assert str(error).startswith(("there was no", "outside the years"))  # noqa: PT017


def test_what_has_the_shape_of_a_time() -> None:
    for text in (
        "2024-01-01",
        "1/2/21",
        "Jan 2001",
        "2021Q1",
        "2021-W05",
        "2024-02-30",
        "2024-01-01T00:00+01:00",
    ):
        assert is_time(text), text
    for text in ("", "12", "3.14", "20240101", "a film", "may be 5", "1-01", "2024", "x" * 50):
        assert not is_time(text), text
