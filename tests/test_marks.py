"""Cells: what is a number, what is missing, and what is refused because two readers would read two numbers."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitherto import data
from hitherto.data.marks import Marks
from hitherto.errors import UsageError


@pytest.mark.parametrize(
    ("decimal", "cell", "number"),
    [
        (".", "3.25", 3.25),
        (".", " -1e-3 ", -0.001),
        (".", 7, 7.0),
        (",", "3,25", 3.25),
        (",", "-,5", -0.5),
        (",", "12", 12.0),
        (",", "1,5e3", 1500.0),
        (",", 2.5, 2.5),
    ],
)
def test_numbers(decimal: str, cell: Any, number: float) -> None:
    assert Marks(decimal).number(cell) == number
    assert Marks(decimal).is_number(cell)


def test_plain_cells() -> None:
    marks = Marks(",", ("-999",))
    cells = ["3,5", "-999", "", "a,b", 2, "1.5"]
    assert [marks.plain(cell) for cell in cells] == ["3.5", None, None, "a,b", 2, "1.5"]


@pytest.mark.parametrize(
    ("decimal", "cell", "said"),
    [
        (".", "12,5", "with a point, not a comma: --decimal , says otherwise"),
        (".", "1,234", "--decimal , says otherwise; marks between thousands must be taken out"),
        (".", "1,234,567.8", "take out what parts its thousands"),
        (".", "1 234", "take out what parts its thousands"),
        (",", "1.234", "with a comma, not a point: --decimal . says otherwise; marks between thousands"),
        (",", "1.234,5", "take out what parts its thousands"),
        (",", "12.5", "with a comma, not a point: --decimal . says otherwise"),
        (".", "$12", "a cell holds the number alone"),
        (".", "12 %", "a cell holds the number alone"),
        (".", "1_000", "expected a number, but got '1_000'"),
        (".", "much", "expected a number, but got 'much'"),
        (".", 10**400, "expected a number, but got 1000"),
    ],
)
def test_what_could_be_two_numbers_is_refused(decimal: str, cell: Any, said: str) -> None:
    assert not Marks(decimal).is_number(cell)
    with pytest.raises(ValueError, match="expected a number") as error:
        Marks(decimal).number(cell)
    assert said in str(error.value)


def test_what_is_missing() -> None:
    pandas = pytest.importorskip("pandas")
    marks = Marks.of(".", ["-999, unknown", 0.5])
    nothing = [
        None,
        "",
        " NA ",
        float("nan"),
        np.float64("nan"),
        "Unknown",
        "-999",
        "-999.0",
        -999,
        np.int64(-999),
    ]
    for cell in [*nothing, "0.50", pandas.NaT, pandas.NA]:
        assert marks.missing(cell), cell
        assert math.isnan(marks.number(cell))
    for cell in (0, "99", -99.9, "9 99", True, [1.0], np.ones(2)):
        assert not marks.missing(cell), cell
    assert Marks.of(",", ("-999",)).missing("-999,0")
    assert not Marks().missing("-999")
    with pytest.raises(UsageError, match=r"decimal must be '\.' or ',', but came as ';'"):
        Marks.of(";", ())


def test_tables_know_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("day;y;z\n2024-01-01;12,5;-999\n2024-01-02;13;1,5\n", encoding="utf-8")
    kinds = data.read(path, decimal=",", na=["-999"]).kinds()
    assert kinds == {"day": "time", "y": "number", "z": "number"}
    assert data.read(path).kinds()["y"] != "number"
    path.write_text("2024-01-01;12,5\n2024-01-02;13,0\n", encoding="utf-8")
    table = data.read(path, decimal=",")  # a decimal mark parts no columns
    assert table.head(1) == [{"1": "2024-01-01", "2": "12,5"}]
    assert data.read([{"y": "1,5"}, {"y": "2,5"}], decimal=",").kinds() == {"y": "number"}
