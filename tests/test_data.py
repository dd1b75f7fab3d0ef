"""Readers: what a file holds, as often as wanted, and a sentence with a place for what is wrong."""

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.data import READERS, Table, parquet, read, split, texts
from hitherto.errors import DataError, HithertoError, UsageError

ROWS = [
    {"review": f"a film, number {i}", "label": "good" if i % 2 else "bad", "stars": str(i)} for i in range(9)
]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def table_text(delimiter: str = ",", header: bool = True, quote: bool = True) -> str:
    lines = ["review,label,stars".replace(",", delimiter)] if header else []
    for row in ROWS:
        review = f'"{row["review"]}"' if quote else row["review"]
        lines.append(delimiter.join([review, row["label"], row["stars"]]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "a.csv"), (";", "a.csv"), ("\t", "a.csv"), ("|", "a.csv"), ("\t", "a.tsv")]
)
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_tables_are_read_and_what_was_guessed_is_said(
    tmp_path: Path, delimiter: str, name: str, header: bool, packed: bool, ending: str
) -> None:
    data = table_text(delimiter, header).replace("\n", ending).encode()
    path = tmp_path / (name + (".gz" if packed else ""))
    path.write_bytes(gzip.compress(data) if packed else data)
    table = read(path)
    names = ["review", "label", "stars"] if header else ["1", "2", "3"]
    assert table.columns == names
    expected = [dict(zip(names, row.values(), strict=True)) for row in ROWS]
    assert list(table) == expected
    assert list(table) == expected  # again
    assert len(table) == 9
    assert any("line 1" in note for note in table.notes)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        (
            "ham\tgo until jurong point, crazy\nspam\tfree entry in 2 a wkly comp\nham\tok lar joking wif u oni\n",
            False,
        ),
        ("no movement , no yuks\t0\na gob of drivel so sickly sweet\t0\nan operatic grand work\t1\n", False),
        ("review,label\nlovely film,good\nawful film,bad\n", True),
        ("date,HUFL,OT\n2016-07-01,5.8,30.5\n2016-07-02,5.6,27.7\n", True),
        ('"Month","Passengers"\n"1949-01",112\n"1949-02",118\n', True),
        ("1,2,3\n4,5,6\n", False),
        ("0,0.1,0.2\n1,0.3,0.4\n", False),
    ],
)
def test_a_first_line_is_taken_for_what_it_is(tmp_path: Path, text: str, header: bool) -> None:
    path = write(tmp_path / ("a.tsv" if "\t" in text else "a.csv"), text)
    assert (read(path).columns[0] != "1") == header
    assert len(read(path, header=False)) == text.count("\n")
    assert len(read(path, header=True)) == text.count("\n") - 1


def test_a_lone_quotation_mark_swallows_no_rows(tmp_path: Path) -> None:
    lines = ['ham\t"Hello" he said', 'spam\t"win a prize', "ham\tok", 'ham\tsay "x" again'] * 5
    table = read(write(tmp_path / "sms.tsv", "\n".join(lines)))
    assert len(table) == 20
    assert [row["2"] for row in table.head(2)] == ['"Hello" he said', '"win a prize']
    assert any("quotation marks" in note for note in table.notes)


def test_quoted_fields_may_hold_anything(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text,label\n"two\nlines, and ""quotes""",x\nplain,y\nmore,x\n')
    rows = list(read(path))
    assert rows[0] == {"text": 'two\nlines, and "quotes"', "label": "x"}
    assert str(read(path).error(1, "label", "oops")).endswith("line 4, column 'label': oops")


def test_jsonl_keeps_types(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": [1.5, None]}, {"a": None, "b": []}]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n")
    assert list(read(path)) == rows
    assert list(read(write(tmp_path / "a.json", json.dumps(rows)))) == rows


def test_a_parquet_file_that_would_end_the_process_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    pl = pytest.importorskip("polars")
    pl.DataFrame({"a": range(25_000)}).write_parquet(path)
    assert len(read(path)) == 25_000
    path.touch()
    monkeypatch.setattr(parquet, "_CHECK", "import os, sys; print('no memory', file=sys.stderr); os.abort()")
    with pytest.raises(DataError, match="or it is damaged: no memory"):
        read(path)


def test_parquet_frames_lists_and_columns(tmp_path: Path) -> None:
    polars, pandas = pytest.importorskip("polars"), pytest.importorskip("pandas")
    frame = polars.DataFrame(ROWS)
    frame.write_parquet(tmp_path / "a.parquet")
    for source in (
        tmp_path / "a.parquet",
        frame,
        pandas.DataFrame(ROWS),
        ROWS,
        frame.to_dict(as_series=False),
    ):
        table = read(source)
        assert table.columns == ["review", "label", "stars"]
        assert list(table) == ROWS
    assert list(read(["a", "b"])) == [{"value": "a"}, {"value": "b"}]
    named = read(pandas.DataFrame(ROWS).set_index("label"))
    assert named.columns == ["label", "review", "stars"]
    assert list(named) == ROWS


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for label in ("neg", "pos"):
        (tmp_path / label).mkdir()
        for i in range(2):
            (tmp_path / label / f"{i}.txt").write_text(f"{label} {i}\n")
    assert [(r["text"], r["label"]) for r in read(tmp_path)] == [
        ("neg 0\n", "neg"), ("neg 1\n", "neg"), ("pos 0\n", "pos"), ("pos 1\n", "pos"),
    ]  # fmt: skip


def test_columns_by_name_and_number(tmp_path: Path) -> None:
    table = read(write(tmp_path / "a.csv", table_text()))
    assert table.column("label") == table.column(2) == table.column("2") == "label"
    with pytest.raises(
        DataError,
        match=r"no column 'revew'; the columns are 'review', 'label', 'stars'\. Did you mean 'review'",
    ):
        table.column("revew")
    with pytest.raises(DataError, match="no column 4"):
        table.column(4)


def test_kinds() -> None:
    rows = [
        {
            "n": str(i / 2),
            "t": f"2024-01-{i + 1:02}",
            "l": "ab"[i % 2],
            "x": f"some text {i} of words",
            "e": "",
            "v": [1, i],
        }
        for i in range(20)
    ]
    assert read(rows).kinds() == {
        "n": "number",
        "t": "time",
        "l": "label",
        "x": "text",
        "e": "empty",
        "v": "list",
    }


def _bytes(value: bytes) -> Any:
    return lambda path: path.write_bytes(value)


BAD: dict[str, tuple[str, Any, str]] = {
    "empty": ("a.csv", _bytes(b""), "the file is empty"),
    "blank": ("a.csv", _bytes(b"\n\n \n"), "the file is empty"),
    "header only": ("a.csv", _bytes(b"review,label\n"), "no rows"),
    "ragged": (
        "a.csv",
        _bytes(b"a,b\n1,2\n3\n4,5\n"),
        "line 3: expected 2 columns, as in line 1, but found 1",
    ),
    "latin-1": ("a.csv", _bytes(b"text,label\nfine,x\ncaf\xe9,y\n"), "line 3: byte 21 (0xe9) is not utf-8"),
    "utf-16 without a mark": ("a.csv", _bytes("text,label\n".encode("utf-16-le")), "NUL bytes"),
    "zip": ("a.csv", _bytes(b"PK\x03\x04" + b"\0" * 50), "this is a zip file"),
    "png": ("a.tsv", _bytes(b"\x89PNG\r\n" + b"\0" * 50), "this is a PNG image"),
    "pickle": ("a.csv", _bytes(b"\x80\x04\x95" + b"x" * 20), "this is a pickle"),
    "parquet": ("a.csv", _bytes(b"PAR1" + b"x" * 20), "this is a Parquet file"),
    "model": ("a.csv", _bytes((60).to_bytes(8, "little") + b'{"w":{}}' + b" " * 60), "safetensors"),
    "cut gzip": ("a.csv.gz", _bytes(gzip.compress(bytes(range(33, 99)) * 50)[:-12]), "gzip file is cut off"),
    "two names alike": ("a.csv", _bytes(b"name,name\nx,1\ny,2\n"), "two columns are named 'name'"),
    "bad json": ("a.jsonl", _bytes(b'{"a": 1}\n{"a": \n'), "line 2: the line is not JSON"),
    "json of parts": (
        "a.json",
        _bytes(b'[{"a": 1}, 2]'),
        "expected an object {...} in each place of the list",
    ),
    "json cut off": (
        "a.json",
        _bytes(b'[{"a": 1},\n{"a": 2}\n'),
        "line 3: this is not JSON: expected ',', but found the end",
    ),
    "json with more": ("a.json", _bytes(b'[{"a": 1}]\n[2]'), "line 2: after the list there is more"),
    "json of a list cut inside": ("a.json", _bytes(b'[{"a": 1},\n{"a": '), "line 2: the line is not JSON"),
    "an integer of many digits": (
        "a.jsonl",
        _bytes(b'{"a": 1}\n{"a": ' + b"9" * 5000 + b"}"),
        "too many digits",
    ),
    "another": (
        "a.json",
        _bytes(b'[{"a": 1},\n{"a": ' + b"9" * 5000 + b"}]"),
        "line 2: a whole number has too many",
    ),
    "deep json": (
        "a.jsonl",
        _bytes(b'{"a": 1}\n{"a": ' + b"[" * 9999),
        "line 2: lists and objects lie too deep",
    ),
    "deep list": ("a.json", _bytes(b"[" * 99_999), "line 1: lists and objects lie too deep"),
    "half a character": (
        "a.jsonl",
        _bytes(b'{"a": "x"}\n{"a": "\\ud83d"}'),
        "line 2: '\\ud83d' is half of a character",
    ),
    "half a name": ("a.jsonl", _bytes(b'{"\\ud83d": "x"}\n'), "is half of a character"),
    "nul": (
        "a.csv",
        _bytes(b"text,label\n" + b"fine,x\n" * 40 + b"a\0b,y\n"),
        "line 42: there is a NUL character",
    ),
    "damaged parquet": ("a.parquet", _bytes(b"PAR1" + bytes(60) + b"\x20\0\0\0PAR1"), "or it is damaged"),
    "an open quotation": ("a.csv", _bytes(b'a,b\n"x" y,2\n"x",3\n"y",4\n'), "line 2: the line is not CSV"),
    "json list": ("a.jsonl", _bytes(b'{"a": 1}\n5\n'), "line 2: expected an object"),
    "ragged below a blank line": (
        "a.csv",
        _bytes(b"\na,b\n1,2\n3\n"),
        "line 4: expected 2 columns, as in line 2",
    ),
    "no parquet": ("a.parquet", _bytes(b"not parquet at all"), "not a Parquet file"),
    "empty folder": ("folder", lambda path: path.mkdir(), "a folder of files for each class"),
    "missing": (
        "absent.csv",
        lambda path: path.with_name("absnt.csv").write_text("a"),
        "no such file. Did you mean 'absnt.csv'",
    ),
}


@pytest.mark.parametrize("case", [case for case in BAD if BAD[case][2]])
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, case: str) -> None:
    name, make, said = BAD[case]
    make(tmp_path / name)
    with pytest.raises(DataError) as error:
        list(read(tmp_path / name))
    assert said in str(error.value)
    assert name in str(error.value)


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=300)
def test_no_bytes_are_anything_but_rows_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("a.csv", "a.tsv", "a.jsonl", "a.txt", "a.csv.gz"):
        (folder / name).write_bytes(data)
        with contextlib.suppress(HithertoError):
            assert all(isinstance(row, dict) for row in read(folder / name))


def test_a_column_without_a_name_goes_by_its_number(tmp_path: Path) -> None:
    table = read(
        write(tmp_path / "a.csv", ",text,label\n0,good film,pos\n1,bad film,neg\n")
    )  # as pandas writes
    assert table.columns == ["1", "text", "label"]
    assert "no name stands above column 1; it goes by its number" in table.notes
    assert next(iter(table)) == {"1": "0", "text": "good film", "label": "pos"}
    table = read(write(tmp_path / "a.csv", "text;label;\ngood film;pos;\nbad film;neg;\n"))
    assert table.columns == ["text", "label", "3"]
    table = read(write(tmp_path / "a.csv", ",spam\nwin,spam\nhello,ham\nfree,spam\nlunch,ham\n"))
    assert table.columns == ["1", "2"]
    assert len(table) == 5


def test_json_of_all_kinds_of_lines_and_lists(tmp_path: Path) -> None:
    rows = [{"a": i, "b": ["[", "]", "{}", '"', i]} for i in range(3)]
    for text in (
        "".join(json.dumps(row) + "\r\n\r\n" for row in rows),
        json.dumps(rows),
        json.dumps(rows, indent=4),
        "\n\n [ " + " ,\n".join(map(json.dumps, rows)) + " ] \n",
    ):
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            assert list(read(write(tmp_path / "a.json", text, encoding))) == rows
    assert list(read(write(tmp_path / "a.json", "[1, 22, 333]"))) == [{"value": v} for v in (1, 22, 333)]
    table = read(write(tmp_path / "a.json", '[\n{"a": 1},\n\n{"b":\n2}, {"a": 3}]'))
    assert list(table) == [{"a": 1, "b": None}, {"a": None, "b": 2}, {"a": 3, "b": None}]
    assert [str(table.error(i, "a", "oops")).rpartition(", line ")[2] for i in range(3)] == [
        "2, column 'a': oops", "4, column 'a': oops", "5, column 'a': oops",
    ]  # fmt: skip
    assert list(read(write(tmp_path / "a.jsonl", '{"a": "\\ud83d\\ude42"}'))) == [{"a": "\U0001f642"}]
    long = [{"a": "x" * 70_000, "n": i} for i in range(5)] + [{"a": "", "n": 10**40}]
    assert list(read(write(tmp_path / "a.json", json.dumps(long)))) == long


def test_numbers_of_columns_are_plain_digits(tmp_path: Path) -> None:
    table = read(write(tmp_path / "a.csv", table_text()))
    for name in ("\u00b2", "\uff12", "1" * 5000, "+1", "-1", "1_0", "", 10**20):
        with pytest.raises(DataError, match=r"there is no column") as error:
            table.column(name)
        assert len(str(error.value)) < 400


def test_encodings(tmp_path: Path) -> None:
    for encoding in ("latin-1", "utf-16", "utf-8-sig"):
        path = write(tmp_path / "a.csv", "text,label\ncafé,x\nthé,y\n", encoding)
        given = None if encoding != "latin-1" else encoding
        assert [row["text"] for row in read(path, encoding=given)] == ["café", "thé"]
    with pytest.raises(UsageError, match="no encoding 'utf-9'"):
        read(path, encoding="utf-9")


def test_wrong_sources() -> None:
    for source, error in ((5, UsageError), (b"x", UsageError), (np.array(5), UsageError), ({"a": 5}, DataError),
                          ({"a": "abc"}, DataError), ({"__header__": b"MATLAB", "x": np.zeros((2, 2))}, DataError),
                          ([], DataError), ([{"a": 1}, {"b": 1}], DataError),
                          ({"a": [1], "b": [1, 2]}, DataError), ([{"a": 1}, 2], DataError)):  # fmt: skip
        with pytest.raises(error):
            list(read(source))
    with pytest.raises(UsageError, match="Did you mean 'csv'"):
        read("a", format="cvs")


def test_rows_stream_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("w") as file:
        file.write("text,label\n")
        for i in range(50_000):
            file.write(f"some words of row {i},{'ab'[i % 2]}\n")
    table = read(path)
    first = next(iter(table))
    assert first["text"] == "some words of row 0"
    assert len(table) == 50_000


def test_text_in_pieces_has_single_newlines(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("one\r\ntwo\rthree\né🙂\r".encode())
    whole = "one\ntwo\nthree\né🙂\n"
    for chunk in (1, 2, 3, 1000):
        assert "".join(texts(path, chunk=chunk)) == whole
    path.write_bytes(b"fine\n\xff\n")
    with pytest.raises(DataError, match="line 2: byte 5"):
        list(texts(path))


# ---- splits


@given(st.integers(2, 300), st.floats(0.01, 0.9), st.integers(0, 5))
def test_splits_part_the_rows(count: int, share: float, seed: int) -> None:
    first, second = split(count, min(share, 0.9), seed)
    assert sorted([*first, *second]) == list(range(count))
    again = split(count, min(share, 0.9), seed)
    assert (again[1] == second).all()


def test_groups_stay_whole_times_come_last_classes_keep_their_share() -> None:
    groups = [i // 5 for i in range(100)]
    first, second = split(100, 0.2, 0, groups=groups)
    assert not {groups[i] for i in first} & {groups[i] for i in second}
    assert 15 <= len(second) <= 25
    times = [(0, 99.0 - i) for i in range(100)]
    assert split(100, 0.1, 0, times=times)[1].tolist() == list(range(10))
    labels = ["rare"] * 10 + ["often"] * 190 + ["once"]
    _, second = split(201, 0.1, 3, labels=labels)
    counts = {name: sum(labels[i] == name for i in second) for name in set(labels)}
    assert counts["rare"] == 1
    assert counts["often"] == 19
    assert counts["once"] == 0


def test_splits_that_leave_nothing_are_errors() -> None:
    with pytest.raises(UsageError):
        split(10, 1.0, 0)
    with pytest.raises(DataError, match=r"^1 row cannot be split into 0\.9 to train on and 0\.1"):
        split(1, 0.1, 0)
    with pytest.raises(DataError, match="3 rows have 3 different labels, so none can be set aside"):
        split(3, 0.1, 0, labels=["a", "b", "c"])
    assert len(split(10, 0.0, 0)[1]) == 0


def test_of_a_few_rows_of_each_label_one_is_set_aside() -> None:
    for seed in range(5):
        first, second = split(4, 0.1, seed, labels=["a", "b", "a", "b"])
        assert (len(first), len(second)) == (3, 1)


def test_readers_are_listed() -> None:
    assert set(READERS) == {"csv", "tsv", "jsonl", "txt", "parquet", "conll", "folder"}
    assert isinstance(read(["a"]), Table)
    assert np.issubdtype(split(4, 0.5, 0)[0].dtype, np.int64)


def test_a_folder_of_classes_has_files_of_one_kind(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/.DS_Store", "b/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"?")
    assert [row["file"] for row in read(tmp_path)] == ["a/1.png", "b/2.png"]
    (tmp_path / "b" / "notes.txt").write_text("what these are")
    with pytest.raises(DataError, match=r"b/notes\.txt is none; keep files of one kind"):
        read(tmp_path)
