"""Reports: well-formed, nothing of the data can run, and odd numbers break nothing."""

import math
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from hitherto import report

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
    report.write(tmp_path / "r.html", title, [("model", "x"), ("accuracy", 0.98765)], sections)
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
TEXTS = {"kind": "texts", "title": "s", "items": [("after 10 steps", "some text")]}


def test_a_page_holds_what_it_was_given(tmp_path: Path) -> None:
    found = page(tmp_path, CURVE, BANDS, CONFUSION, TABLE, TEXTS)
    for text in (
        "a title",
        "0.988",
        "training",
        "seasonal naive",
        "yes",
        "some text",
        "after 10 steps",
        "best: 1.00 at step 3",
    ):
        assert text in found.text
    assert found.tags.count("svg") == 3
    assert {"script", "link", "img"} & set(found.tags) == set()


def test_every_kind_is_tried() -> None:
    assert {s["kind"] for s in (CURVE, BANDS, CONFUSION, TABLE, TEXTS)} == set(report.SECTIONS)


def test_nothing_of_the_data_can_run(tmp_path: Path) -> None:
    evil = '<script>alert("x")</script>'
    found = page(
        tmp_path,
        {**CURVE, "title": evil, "series": [{**CURVE["series"][0], "name": evil}]},
        {**CONFUSION, "classes": [evil, "b"]},
        {**TABLE, "columns": [evil], "rows": [[evil]]},
        {**TEXTS, "items": [(evil, evil)]},
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


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.98765, "0.988"), (12.345, "12.3"), (1234.5, "1,234"), (1234567, "1,234,567"), (1e-5, "1e-05"), (3e9, "3e+09"),
     (math.inf, "∞"), (0.0, "0.000"), (None, ""), (True, "True"), ("x", "x"), (99.99, "100.0")],
)  # fmt: skip
def test_numbers_have_the_digits_that_matter(value: Any, said: str) -> None:
    assert report.number(value) == said
