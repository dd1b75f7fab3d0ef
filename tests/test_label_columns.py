"""Columns of `classify`, `regress` and `tag`: decimal commas, dates, and texts that look like numbers."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.cli import main
from hitherto.data import read
from hitherto.data.marks import Marks
from hitherto.errors import DataError, UsageError
from hitherto.spec import from_options
from hitherto.tasks.families import FAMILIES
from hitherto.tasks.labels import columns as label_columns
from hitherto.tasks.labels.columns import are_numbers, floats, moments

QUICK = {"steps": 2, "hidden_size": 4, "baselines": False}


def german(path: Path) -> str:
    """Sequences of numbers with decimal commas, some of them missing."""
    lines = ["machine;t;temp;state"]
    for machine in range(12):
        for t in range(5):
            temp = "-999" if (machine, t) == (3, 2) else f"{machine % 2 * 10 + t},5"
            lines.append(f"m{machine};{t};{temp};{'hot' if machine % 2 else 'cold'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def rows_of(task: str, data: Any, **options: Any) -> Any:
    """A fitted source, and its encoded data."""
    source = FAMILIES[hitherto.TASKS[task].source].source
    return source.prepare(from_options(task, **options), data, None, {})


def test_decimal_commas_and_marks_of_missing_values_are_read_by_classify(tmp_path: Path) -> None:
    table = german(tmp_path / "a.csv")
    asked = {
        "id": "machine",
        "time": "t",
        "input": "temp",
        "output": "state",
        "decimal": ",",
        "na": ("-999",),
    }
    source, _, _ = rows_of("classify", table, valid=0.0, **asked)
    codec = source.codecs["input"]
    assert codec.mask, "one value is missing"
    assert codec.deviation[0] < 10, "a missing value is no value of -999"
    model = hitherto.train("classify", table, out=tmp_path / "m.safetensors", **asked, **QUICK)
    plain = read(table, decimal=",", na=("-999",))
    one = [
        {"machine": "a", "t": row["t"], "temp": plain.marks.number(row["temp"])}
        for row in plain if row["machine"] == "m1"
    ]  # fmt: skip
    again = [{"machine": "a", "t": row["t"], "temp": str(row["temp"]).replace(".", ",")} for row in one]
    assert model.predict_proba(again).tolist() == model.predict_proba(one).tolist()


def test_lines_of_standard_input_have_the_marks_of_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table, bundle = german(tmp_path / "a.csv"), str(tmp_path / "m.safetensors")
    asked = {"input": "temp", "output": "state", "decimal": ",", "na": ("-999",)}
    hitherto.train(
        "classify", table, out=bundle, id="machine", time="t", bidirectional=False, **asked, **QUICK
    )

    def said(verb: str, text: str, *more: str) -> list[str]:
        monkeypatch.setattr("sys.stdin", iter(text.splitlines(keepends=True)))
        with pytest.raises(SystemExit) as end:
            main([verb, bundle, *more])
        assert end.value.code in (0, None)
        return capsys.readouterr().out.splitlines()

    header = "machine;t;temp\n"
    comma = said("predict", header + "a;0;3,5\na;1;4,5\n", "-")
    assert comma == said("predict", header + "a;0;3.5\na;1;4.5\n", "-", "--decimal", ".")
    follow = said("stream", header + "a;0;3,5\na;1;4,5\na;2;-999\n")
    assert follow == said("stream", header + "a;0;3.5\na;1;4.5\na;2;\n", "--decimal", ".")
    assert len(follow) == 3


def test_regress_reads_decimal_commas_on_both_sides() -> None:
    rows = [{"size": f"{k},5", "rent": f"{10 * k},25"} for k in range(30)]
    source, training, _ = rows_of("regress", rows, output="rent", decimal=",")
    assert source.spec.data.input == ("size",)
    assert source.true(training)[:, 0] % 1 == pytest.approx(0.25, abs=1e-4)
    with pytest.raises(DataError, match=r"row 1, column 'rent': .*got '0,25'.*--decimal , says otherwise"):
        rows_of("regress", rows, input="size", output="rent")


def test_numbers_that_look_like_words_are_told_of() -> None:
    rows = [{"size": f"{k},5", "label": "ab"[k % 2]} for k in range(30)]
    source, _, _ = rows_of("classify", rows, input="size", output="label")
    assert any("'size' looks like numbers with a decimal comma" in note for note in source.notes)
    joined = [{"id": k // 3, **row, "label": "ab"[k // 3 % 2]} for k, row in enumerate(rows)]
    with pytest.raises(
        DataError, match=r"row 1: column 'size': expected a number.*--decimal , says otherwise"
    ):
        rows_of("classify", joined, id="id", input="size", output="label")


@pytest.mark.parametrize("first", ["", None, "12", "nan", "none"])
def test_a_text_that_looks_like_a_number_or_like_nothing_makes_no_column_of_numbers(first: Any) -> None:
    texts = [first, "a good film", "a bad film", "so dull", *["what a film"] * 26]
    if first is None:
        texts[0] = ""
    source, _, _ = rows_of(
        "classify", {"text": texts, "label": ["a", "b"] * 15}, input="text", output="label"
    )
    assert source.codecs["input"].kind == "text"


def test_a_word_among_numbers_is_an_error_that_says_how_to_read_text() -> None:
    values = [*map(str, range(39)), "seven"]
    with pytest.raises(
        DataError, match=r"row 40: .*expected a number, but got 'seven'; --codec text reads it as text"
    ):
        rows_of("classify", {"x": values, "y": ["a", "b"] * 20}, input="x", output="y", valid=0.0)


def test_what_is_numbers() -> None:
    marks = Marks(",", ("-999",))
    assert floats(["1,5", "", -999, [2, None]], marks)[0] == 1.5
    np.testing.assert_array_equal(floats(np.array([1.0, -999.0]), marks), [1.0, np.nan])
    assert floats(np.array(["1,5"]), marks) == [1.5]
    assert are_numbers(["1,5", "", "2"], marks)
    assert not are_numbers(["", ""], marks)
    assert not are_numbers(["a", "2"], marks)
    assert are_numbers([np.nan], marks)


@pytest.mark.parametrize(
    ("times", "asked"),
    [
        (["9/1/2024", "20/1/2024", "1/2/2024", "3/10/2024"], {}),
        (
            ["09.01.2024 18:00", "20.01.2024 08:00", "01.02.2024 08:00", "03.10.2024 08:00"],
            {"time_format": "%d.%m.%Y"},
        ),
        (["1/2/2024", "2/3/2024", "9/4/2024", "10/5/2024"], {"time_format": "%d/%m/%Y"}),
        (["9", "10", "11", "100"], {}),
        (["9,5", "10", "10,5", "100"], {"decimal": ","}),
    ],
)
def test_the_last_rows_in_time_validate_however_times_are_written(
    times: list[str], asked: dict[str, Any]
) -> None:
    order = [2, 0, 3, 1]
    rows = [{"when": times[k], "text": f"word{k}", "label": "ab"[k % 2]} for k in order] * 3
    source, _, held = rows_of("classify", rows, input="text", output="label", time="when", valid=0.2, **asked)
    assert set(source.inputs_of(held, range(len(held)))) == {"word3"}


def test_steps_of_a_sequence_stand_in_the_order_of_their_dates() -> None:
    dates = ["9.1.2024", "20.1.2024", "1.2.2024", "3.10.2024"]
    rows = [
        {"id": name, "when": dates[k], "x": float(k), "label": name}
        for name in ("a", "b", "c") for k in (2, 0, 3, 1)
    ]  # fmt: skip
    source, training, _ = rows_of(
        "classify", rows, id="id", time="when", input="x", output="label", valid=0.0
    )
    for x in training.x:
        assert (np.diff(x[:, 0]) > 0).all()
    assert source.spec.data.time_format == "%d.%m.%Y", "a prediction reads them as training did"
    few = [{"id": "a", "when": when, "x": x} for when, x in (("1.3.2024", 2.0), ("2.1.2024", 1.0))]
    assert (np.diff(source.load(few, labelled=False).x[0][:, 0]) > 0).all()


def test_dates_are_read_once_and_not_at_every_look_at_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    read_all = label_columns.read_all

    def counted(form: Any, cells: Any, column: Any) -> Any:
        reads.append(len(cells))
        return read_all(form, cells, column)

    monkeypatch.setattr(label_columns, "read_all", counted)
    rows = [{"when": f"{k + 1}.1.2024", "text": "a b", "label": "ab"[k % 2]} for k in range(20)]
    rows_of("classify", rows, input="text", output="label", time="when")
    assert len(reads) <= 2


def test_dates_that_two_readers_read_in_two_ways_are_refused() -> None:
    rows = [{"when": f"{k + 1}/{k + 2}/2024", "text": "a b", "label": "ab"[k % 2]} for k in range(6)]
    with pytest.raises(DataError, match="say it: --time-format"):
        rows_of("classify", rows, input="text", output="label", time="when")
    with pytest.raises(
        UsageError, match=r"time_format and timezone are of a column of dates; say --time COLUMN"
    ):
        rows_of("classify", rows, input="text", output="label", time_format="%d/%m/%Y")
    numbers = [{**row, "when": k} for k, row in enumerate(rows)]
    with pytest.raises(UsageError, match=r"its times are no dates, or leave them out"):
        rows_of("classify", numbers, input="text", output="label", time="when", timezone="UTC")
    assert moments(from_options("classify").data, read(numbers)) is None


def test_options_of_numbers_are_refused_where_a_model_reads_none() -> None:
    model = hitherto.train(
        "tag", [{"tokens": ["a", "b"], "tags": ["X", "Y"]}] * 20, input="tokens", output="tags", **QUICK
    )
    with pytest.raises(
        UsageError, match="tag has no use for decimal; it goes with classify, regress, forecast"
    ):
        model.predict([["a"]], decimal=",")


def test_what_is_missing_has_its_place() -> None:
    pd = pytest.importorskip("pandas")
    texts, labels = ["a good film", "a bad film"] * 10, ["a", "b"] * 10
    gone = pd.array([*labels[:-1], None], dtype="string")
    with pytest.raises(DataError, match="row 20, column 'y': the label is missing"):
        hitherto.train("classify", pd.DataFrame({"x": texts, "y": gone}), input="x", output="y", valid=0.0)
    with pytest.raises(DataError, match="row 3, column 'x': the text is missing"):
        hitherto.train("classify", [*texts[:2], None, *texts[3:]], labels, valid=0.0)
    steps = [{"id": k // 2 if k < 9 else None, "x": k, "y": "ab"[k // 2 % 2]} for k in range(10)]
    with pytest.raises(DataError, match="row 10, column 'id': the name of the sequence is missing"):
        hitherto.train("classify", steps, id="id", input="x", output="y")
    with pytest.raises(DataError, match="row 10, column 'id': the name of the series is missing"):
        hitherto.train("forecast", steps, id="id", output="x")
    dated = [{"when": "2024-01-02" if k else None, "x": "a b", "y": "ab"[k % 2]} for k in range(10)]
    with pytest.raises(DataError, match="row 1, column 'when': the time is missing"):
        hitherto.train("classify", dated, time="when", input="x", output="y")


def test_a_wrong_date_of_a_file_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("when,x,y\n1.2.2024,a b,p\n14.2.2024,a b,q\n2024-03-01,a b,p\n")
    with pytest.raises(DataError, match=r"a\.csv, line 4, column 'when': times are written in two ways"):
        rows_of("classify", str(path), input="x", output="y", time="when")


def test_decimals_of_a_database_are_numbers() -> None:
    _, training, _ = rows_of(
        "regress", {"x": list(range(20)), "y": [Decimal(k) / 2 for k in range(20)]}, output="y"
    )
    assert training.y is not None


def test_an_array_without_columns_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"x has 4 rows, but no column: its shape is \(4, 0\)"):
        hitherto.train("classify", np.ones((4, 0)), ["a", "b"] * 2)
