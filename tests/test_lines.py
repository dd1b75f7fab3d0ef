"""Lines as they come: a table under its header, JSON objects, plain values; and what fits none of them."""

from typing import Any

import pytest

from hitherto.data.lines import Lines
from hitherto.errors import DataError, UsageError


def read(given: str, names: list[str], **options: Any) -> list[tuple[int, Any]]:
    return list(Lines(given.splitlines(keepends=True), names, **options))


def test_a_header_begins_a_table() -> None:
    text = 'id,text\n1,"a film, they say"\n\n2,"of two\nlines"\n'
    rows = [(2, {"id": "1", "text": "a film, they say"}), (4, {"id": "2", "text": "of two\nlines"})]
    assert read(text, ["text"]) == rows
    for delimiter in "\t;|":
        assert read(f"id{delimiter}text\n1{delimiter}so\n", ["text"]) == [(2, {"id": "1", "text": "so"})]
    assert read("text\nso, then\n", ["text"], delimiter="\t") == [(2, {"text": "so, then"})]
    assert read('\n text \n"so, then"\n', ["text"]) == [(3, {"text": "so, then"})]
    assert read("time,load\n1,2\n", ["time", "load"], text=False) == [(2, {"time": "1", "load": "2"})]


def test_objects_with_the_columns_are_rows() -> None:
    lines = '{"text": "a", "n": 1}\n\n{"n": 2, "text": null}\n'
    assert read(lines, ["text"]) == [(1, {"text": "a", "n": 1}), (3, {"n": 2, "text": None})]
    assert read('a,b\n{"a": 1, "b": 2}\n3,4\n', ["a", "b"], text=False) == [
        (2, {"a": 1, "b": 2}),
        (3, {"a": "3", "b": "4"}),
    ]
    with pytest.raises(DataError, match=r"standard input, line 2: expected a JSON object, but got 'so'"):
        read('{"text": "a"}\nso\n', ["text"])
    with pytest.raises(
        DataError, match=r"line 1: expected the columns 'text', but there is no 'text' among 'txt'"
    ):
        read('{"txt": "a"}\n', ["text"])


def test_other_lines_are_plain_values() -> None:
    assert read("a film, they say\n\n{so}\n", ["text"]) == [
        (1, "a film, they say\n"),
        (2, "\n"),
        (3, "{so}\n"),
    ]
    assert read('{"a": 1}\n', []) == [(1, '{"a": 1}\n')], "of a plain text no column has a name"
    assert read("text\nso\n", ["text"], format="txt") == [(1, "text\n"), (2, "so\n")]
    assert read("1,2\n", ["time", "load"], text=False) == [(1, "1,2\n")]
    assert read('{"y": 1}\n', ["load"], text=False) == [(1, {"y": 1})]


def test_columns_without_names_are_numbered() -> None:
    assert read("ham\tso, then\n", ["2"]) == [(1, {"1": "ham", "2": "so, then"})]
    assert read('ham\tso "then\n', ["2"]) == [(1, {"1": "ham", "2": 'so "then'})]
    assert read("so, then\n", ["2"]) == [(1, "so, then\n")], "a comma alone makes no table of a text"
    assert read("1,2,up\n", ["1", "2"], text=False) == [(1, {"1": "1", "2": "2", "3": "up"})]
    assert read("1,2\n", ["1", "2"], text=False) == [(1, "1,2\n")]
    assert read("ham,so\n", ["2"], header=False) == [(1, {"1": "ham", "2": "so"})]


def test_what_fits_nothing_is_named() -> None:
    with pytest.raises(DataError, match="line 3: expected 2 columns, as in line 1, but found 3"):
        read("id,text\n1,a\n2,b,c\n", ["text"])
    with pytest.raises(
        DataError, match=r"line 1: expected the columns 'time', 'load', but there is no 'time'"
    ):
        read("day,load,place\n1,2,3\n", ["time", "load"], text=False)
    with pytest.raises(DataError, match=r"among 'texts', 'label'. Did you mean 'texts'"):
        read("texts,label\n", ["text"], header=True)
    with pytest.raises(DataError, match="line 2: a quotation mark is opened and never closed"):
        read('id,text\n1,"so\n2,then\n', ["text"])
    with pytest.raises(UsageError, match="format came as 'xml'"):
        read("", ["text"], format="xml")
    with pytest.raises(UsageError, match="a delimiter is one character"):
        read("", ["text"], delimiter=",,")
    lines = Lines(["x,y\n", "1,2\n"], ["a", "b"], text=False)
    assert list(lines) == [(2, "1,2\n")]
    assert lines.notes == ["line 1 is taken for a header: x,y"]


def test_all_lines_at_once() -> None:
    assert Lines(["so\n", "then\n"], ["text"]).table() == ["so", "then"]
    table: Any = Lines(["id,text\n", "1,a\n"], ["text"]).table()
    assert (table.columns, list(table)) == (["id", "text"], [{"id": "1", "text": "a"}])
    assert str(table.error(0, "text", "no")) == "standard input, line 2, column 'text': no"
    with pytest.raises(DataError, match="line 2: some lines are rows with names"):
        Lines(['{"y": 1}\n', "2\n"], ["load"], text=False).table()
