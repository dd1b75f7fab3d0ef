"""Reports: well-formed, nothing of the data can run, and odd numbers break nothing."""

import base64
import math
import re
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitherto.report import SECTIONS, write
from hitherto.report.page import CLASSES, SQUARES, number

VOID = {"meta"}


class Checker(HTMLParser):
    """Every tag is closed in order; texts and tags are collected."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(tmp_path: Path, *sections: dict[str, Any], title: str = "a title") -> Checker:
    write(tmp_path / "r.html", title, [("model", "x"), ("accuracy", 0.98765)], sections)
    checker = Checker()
    checker.feed((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert checker.open == []
    return checker


CURVE = {
    "kind": "curves",
    "title": "Loss",
    "series": [{"name": "training", "x": [1, 2, 3], "y": [3.0, 2.0, 1.0], "best": 3}],
}
BANDS = {"kind": "bands", "title": "f", "past": [1.0, 2.0, math.nan, 3.0], "actual": [4.0], "median": [4.0, 5.0],
         "bands": [([3.0, 3.0], [6.0, 7.0])], "naive": [1.0, 2.0]}  # fmt: skip
CONFUSION = {"kind": "confusion", "title": "c", "classes": ["yes", "no"], "counts": [[3, 1], [0, 5]]}
TABLE = {"kind": "table", "title": "t", "columns": ["a", "b"], "rows": [["x", 0.5], [None, 7]]}
BARS = {
    "kind": "bars",
    "title": "BLEU by length",
    "labels": ["1-5", "6-10", "11-15"],
    "series": [
        {"name": "attention", "values": [40.0, 35.0, math.nan]},
        {"name": "none", "values": [30.0, 20.0, 5.0]},
    ],
}
PICTURES = {
    "kind": "pictures",
    "title": "Drawn",
    "items": [("a line", '<svg viewBox="0 0 1 1"><path d="M0 0H1"/></svg>')],
}
HEAT = {
    "kind": "heat",
    "title": "attention",
    "items": [
        {
            "caption": "the first sentence",
            "rows": ["a", "man", "</s>"],
            "columns": ["ein", "Mann"],
            "values": [[0.9, 0.1], [0.001, 0.999], [0.5, 0.5]],
        }
    ],
}
STRIPS = {
    "kind": "strips",
    "title": "memory",
    "items": [
        {
            "caption": "state h",
            "columns": ["a", "good"],
            "values": np.array([[2.0, -1.0], [0.0, np.nan]]),
            "most": 2.0,
        }
    ],
}
SHADED = {
    "kind": "shaded",
    "title": "rests",
    "items": [{"caption": "after step 2", "words": ["a", "good", " "], "weights": [-0.5, 1.0, math.nan]}],
}
WALK = {
    "kind": "walk",
    "title": "path",
    "x": [0.0, 1.0, 2.0],
    "y": [0.0, 1.0, 0.0],
    "labels": ["a", "up", "b"],
}
TEXTS = {"kind": "texts", "title": "s", "items": [("after 10 steps", "some text")]}


def test_a_page_holds_what_it_was_given(tmp_path: Path) -> None:
    found = page(tmp_path, CURVE, BARS, BANDS, CONFUSION, TABLE, TEXTS, HEAT, PICTURES)
    for text in (
        "a title",
        "0.988",
        "training",
        "seasonal naive",
        "yes",
        "some text",
        "after 10 steps",
        "best: 1.00 at step 3",
        "attention, 6-10: 35.0",
        "man ← Mann: 0.999",
    ):
        assert text in found.text
    assert found.tags.count("svg") == 6
    assert {"script", "link", "img"} & set(found.tags) == set()


def test_every_kind_is_tried() -> None:
    every = (CURVE, BARS, BANDS, CONFUSION, TABLE, TEXTS, HEAT, PICTURES, STRIPS, SHADED, WALK)
    assert {s["kind"] for s in every} == set(SECTIONS)


def test_what_a_model_holds(tmp_path: Path) -> None:
    found = page(tmp_path, STRIPS, SHADED, {**WALK, "note": "It goes on."})
    for text in ("state h", "good", "after step 2", "It goes on.", "up"):
        assert text in found.text
    assert found.tags.count("svg") == 2
    assert found.tags.count("image") == 1
    assert {"script", "link", "img"} & set(found.tags) == set()
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    pixels = unpacked(base64.b64decode(text.split("base64,")[1].split('"')[0]))
    assert pixels[0].tolist() == [[0, 114, 178, 255], [213, 94, 0, 128]]  # 1, and half against
    assert pixels[1, :, 3].tolist() == [0, 0]  # nothing, and no number
    assert "rgba(0,114,178,0.85)" in text
    assert "rgba(213,94,0,0.42)" in text


def unpacked(png: bytes) -> Any:
    """The pixels of a file that `strips` makes, [height, width, 4]."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    at, size = png.index(b"IDAT"), struct.unpack(">I", png[png.index(b"IDAT") - 4 :][:4])[0]
    lines = np.frombuffer(zlib.decompress(png[at + 4 : at + 4 + size]), np.uint8).reshape(height, -1)
    return lines[:, 1:].reshape(height, width, 4)


def test_nothing_of_the_data_can_run(tmp_path: Path) -> None:
    evil = '<script>alert("x")</script>'
    found = page(
        tmp_path,
        {**CURVE, "title": evil, "series": [{**CURVE["series"][0], "name": evil}]},
        {**CONFUSION, "classes": [evil, "b"]},
        {**TABLE, "columns": [evil], "rows": [[evil]]},
        {**TEXTS, "items": [(evil, evil)]},
        {**BARS, "title": evil, "labels": [evil], "series": [{"name": evil, "values": [1.0]}]},
        {**HEAT, "items": [{"caption": evil, "rows": [evil], "columns": [evil], "values": [[1.0]]}]},
        {**STRIPS, "items": [{**STRIPS["items"][0], "caption": evil, "columns": [evil, evil]}], "note": evil},
        {**SHADED, "items": [{"caption": evil, "words": [evil], "weights": [1.0]}]},
        {**WALK, "labels": [evil] * 3},
        title=evil,
    )
    assert "script" not in found.tags
    assert evil in found.text


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1.0],
        [math.nan],
        [math.inf, 1.0],
        [0.0, 0.0],
        [1e300, -1e300],
        [1e-300, 2e-300],
        list(range(10_000)),
    ],
)
def test_odd_numbers_break_nothing(tmp_path: Path, values: list[float]) -> None:
    steps = list(range(len(values)))
    for log in (False, True):
        found = page(
            tmp_path,
            {"kind": "curves", "title": "x", "series": [{"name": "n", "x": steps, "y": values}], "log": log},
        )
        text = (tmp_path / "r.html").read_text()
        assert "nan" not in text.split("</style>")[1]
        assert len(text) < 60_000
        assert "x" in found.text


def test_bars_start_at_nothing_and_leave_out_what_is_missing(tmp_path: Path) -> None:
    found = page(tmp_path, BARS)
    assert found.tags.count("rect") == 5
    assert "11-15" in found.text
    odd = {"name": "odd", "values": [None, -2.0, math.inf]}
    assert page(tmp_path, {**BARS, "series": [odd]}).tags.count("rect") == 1
    for series in ([], [{"name": "none", "values": [math.nan, None, None]}]):
        assert "Nothing was measured." in page(tmp_path, {**BARS, "series": series}).text
    many = {
        **BARS,
        "labels": [f"{n} words" for n in range(40)],
        "series": [{"name": "n", "values": range(40)}],
    }
    found = page(tmp_path, many)
    assert found.tags.count("rect") == 40
    assert "30 words" not in found.text.replace("n, 30 words", "")  # there is no room for all labels


@pytest.mark.parametrize(("T", "S"), [(1, 1), (2, 2), (3, 60), (60, 3), (60, 60), (90, 100)])
def test_heat_of_any_size(tmp_path: Path, T: int, S: int) -> None:
    rows, columns = [f"target{i}" for i in range(T)], [f"source{i}" for i in range(S)]
    values = [[1.0 if i % S == j else 0.0 for j in range(S)] for i in range(T)]
    item = {"caption": "all", "rows": rows, "columns": columns, "values": values}
    found = page(tmp_path, {**HEAT, "items": [item, item]})
    text = (tmp_path / "r.html").read_text()
    # the ground, and the weights that can be seen
    assert found.tags.count("rect") == 2 * (1 + min(T, SQUARES))
    width, height = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', text)[0])
    assert 15 * min(T, SQUARES) < height < 30 * T + 200
    assert 15 * min(S, SQUARES) < width < 30 * S + 300
    assert ("of which the first 80 are shown" in found.text) == (T > SQUARES)
    if T > SQUARES:
        assert "90 rows" in found.text
        assert "100 columns" in found.text
        assert "target80" not in found.text


def test_odd_weights_break_nothing(tmp_path: Path) -> None:
    item = {"rows": ["a"], "columns": ["b" * 50, "c", "d"], "values": [[math.nan, 1.5, -1.0]]}
    found = page(tmp_path, {**HEAT, "items": [{**item, "caption": "odd"}]})
    assert found.tags.count("rect") == 2
    assert "nan" not in (tmp_path / "r.html").read_text().split("</style>")[1]
    assert "b" * 17 + "…" in found.text
    for items in ([], [{"caption": "nothing", "rows": [], "columns": ["a"], "values": []}]):
        assert "Nothing was measured." in page(tmp_path, {**HEAT, "items": items}).text


def test_of_too_many_classes_the_largest_are_shown_and_the_rest_is_said(tmp_path: Path) -> None:
    classes = [f"c{i}" for i in range(60)]
    counts = [[i + 1 if i == j else 0 for j in range(60)] for i in range(60)]
    counts[59][0] = 60  # half of the largest class is taken for one that is not shown
    found = page(tmp_path, {**CONFUSION, "classes": classes, "counts": counts})
    assert found.tags.count("rect") == CLASSES**2
    left, whole = sum(range(1, 21)), sum(range(1, 61)) + 60
    assert (
        f"Of 60 classes, the 40 with the most examples are shown; the other 20 hold {left:,} of {whole:,} examples."
        in found.text
    )
    assert "c59 as c59: 60 (50.0%)" in found.text
    assert "c19 as c19" not in found.text
    assert "are shown" not in page(tmp_path, CONFUSION).text


def test_notes_stand_under_the_summary(tmp_path: Path) -> None:
    write(tmp_path / "r.html", "t", [("a", 1)], [], ["this model <cannot> stream"])
    assert '<p class="note">This model &lt;cannot&gt; stream.</p>' in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.98765, "0.988"), (12.345, "12.3"), (1234.5, "1,234"), (1234567, "1,234,567"), (1e-5, "1e-05"), (3e9, "3e+09"),
     (math.inf, "∞"), (0.0, "0"), (None, ""), (True, "True"), ("x", "x"), (99.99, "100.0")],
)  # fmt: skip
def test_numbers_have_the_digits_that_matter(value: Any, said: str) -> None:
    assert number(value) == said
