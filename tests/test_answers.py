"""Answers beside their rows, and in files."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from hitherto.data import read
from hitherto.data.answers import FORMATS, beside, identity, spread, write
from hitherto.errors import DataError, UsageError

ROWS = [
    {"PassengerId": "07", "sent": "2024-05-31", "text": "a", "note": "idle", "label": "x", "row": 5},
    {"PassengerId": "08", "sent": "2024-06-01", "text": "b", "note": "void", "label": "y", "row": 6},
]
ANSWERS = [
    {"label": "x", "probability": 0.1 + 0.2, "probabilities": {"x": 0.3}},
    {"label": "y", "probability": 1e-9},
]


def test_ids_and_times_tell_rows_apart() -> None:
    assert identity(read(ROWS)) == ["PassengerId", "sent"]
    names = [
        "user_id",
        "uuid",
        "Unnamed: 0",
        "file",
        "idea",
        "paid",
        "videoid2",
        "void",
        "timestamp",
        "Date",
        "times",
    ]
    found = identity(read([dict.fromkeys(names, "some words of a text")]))
    assert found == ["user_id", "uuid", "Unnamed: 0", "file", "timestamp", "Date"]


def test_answers_stand_beside_their_rows() -> None:
    first, second = beside(ANSWERS, [0, 1], read(ROWS), ["note", "label", "row"])
    assert list(first.items())[:6] == [
        ("row", 1), ("PassengerId", "07"), ("sent", "2024-05-31"), ("note", "idle"), ("label_given", "x"),
        ("row_given", 5),
    ]  # fmt: skip
    assert (second["row"], second["label"]) == (2, "y")
    assert beside(ANSWERS[:1], [1], read(ROWS), [])[0]["PassengerId"] == "08"
    assert beside(ANSWERS, [0, 1], read(["a", "b"]), []) == ANSWERS, "a plain list has no columns"
    with pytest.raises(DataError, match=r"no column 'note2'.*Did you mean 'note'"):
        beside(ANSWERS, [0, 1], read(ROWS), ["note2"])


def test_sequences_and_lists_become_rows() -> None:
    tags = {"id": 3, "tokens": ["ann", "met"], "labels": ["P", "O"], "probabilities": [0.9, 0.8]}
    assert list(spread([tags])) == [
        {"row": 1, "id": 3, "token": "ann", "label": "P", "probability": 0.9},
        {"row": 1, "id": 3, "token": "met", "label": "O", "probability": 0.8},
    ]
    texts: dict[str, Any] = {"text": "a", "score": -1.0, "others": [{"text": "b", "score": -2.0}]}
    assert [(r["row"], r["rank"], r["text"]) for r in spread([{"row": 4, **texts}])] == [
        (4, 1, "a"),
        (4, 2, "b"),
    ]
    assert list(spread(ANSWERS)) == ANSWERS


@pytest.mark.parametrize("ending", FORMATS)
def test_files_that_others_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"answers.{ending}"
    rows = [
        {"id": "07", "label": ["x", "y"], "p": 0.1 + 0.2, "n": None},
        {"id": "08", "label": [], "p": 1.0, "n": 2},
    ]
    write(rows, path, separator=";")
    if ending == "parquet":
        polars = pytest.importorskip("polars")
        assert polars.read_parquet(path).to_dicts() == rows
    elif ending == "jsonl":
        assert [json.loads(line) for line in path.read_text().splitlines()] == rows
    else:
        found = list(
            csv.DictReader(path.read_text().splitlines(), delimiter="\t" if ending == "tsv" else ",")
        )
        assert found[0] == {"id": "07", "label": "x;y", "p": "0.30000000000000004", "n": ""}


def test_a_file_that_cannot_be_is_refused_before_anything_is_answered(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    for path, said in ((tmp_path / "a.xls", "must end in"), (tmp_path / "none" / "a.csv", "there is no folder"),
                       (tmp_path / "a.csv", "is a folder")):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            write(ANSWERS, path)
