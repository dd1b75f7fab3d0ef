"""Progress: nothing before two seconds, then a line every so often, each saying what is done and how far."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto import progress
from hitherto.data import read, texts
from hitherto.progress import begin, doing, over, telling
from hitherto.spec import from_options
from hitherto.tasks.families import FAMILIES


class Clock:
    """A clock that goes on by `step` seconds whenever it is looked at."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 100.0, step

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock(0.5)
    monkeypatch.setattr(progress, "time", found)
    return found


def test_nothing_is_said_before_two_seconds_and_then_every_ten(clock: Clock) -> None:
    heard: list[str] = []
    with telling(heard.append):
        assert list(over(range(3), "rows")) == [0, 1, 2]
        assert heard == []
        for _ in over(range(60), "a.csv", 60):
            pass
    assert heard == ["reading a.csv: 7%", "reading a.csv: 40%", "reading a.csv: 73%"]


def test_what_is_done_is_said(clock: Clock) -> None:
    heard: list[str] = []
    clock.step = 20
    with telling(heard.append), doing("making tokens of"):
        list(over(range(4), "a.txt"))
        begin("learning subwords")
        list(over(range(3), "the model", unit="batches", what="running"))
        list(over([1], "the data"))
    assert heard == [
        "making tokens of a.txt: 2 rows", "making tokens of a.txt: 3 rows", "learning subwords ...",
        "running the model: 2 batches",
    ]  # fmt: skip


def test_what_begins_is_not_said_where_all_is_quick(clock: Clock) -> None:
    heard: list[str] = []
    with telling(heard.append):
        begin("learning subwords")
    assert heard == []


def test_nobody_hears_outside_and_who_listens_already_goes_on(clock: Clock) -> None:
    outer: list[str] = []
    inner: list[str] = []
    clock.step = 20
    list(over(range(3), "a"))
    with telling(outer.append):
        with telling(inner.append):
            list(over(range(3), "b"))
        list(over(range(3), "after"))  # a training, say, which has a display of its own
        with telling(None):
            list(over(range(3), "c"))
    assert (outer, inner) == (["reading b: 2 rows"], [])


def test_large_files_tell_their_share(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LARGE", 1000)
    clock.step = 20
    (tmp_path / "a.txt").write_text("some words in a line\n" * 20_000)
    (tmp_path / "a.csv").write_text("text,label\n" + "some words,x\n" * 20_000)
    (tmp_path / "b.csv").write_text("text,label\n" + "some words,x\n" * 20)
    for name, reads in (("a.txt", texts), ("a.csv", read), ("b.csv", read)):
        heard: list[str] = []
        with telling(heard.append):
            for _ in reads(tmp_path / name):
                pass
        assert any("%" in line for line in heard) == (name[0] == "a")
        assert all(line.startswith(f"reading {name}: ") for line in heard)


def test_a_corpus_tells_each_of_its_steps(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LARGE", 1000)
    clock.step = 20
    path = tmp_path / "a.txt"
    path.write_text("some words in a line\n" * 20_000)
    heard: list[str] = []
    with telling(heard.append):
        FAMILIES["corpus"].source.prepare(
            from_options("lm", str(path), tokens="subwords"), str(path), None, {}
        )
    for begins in (
        "reading a.txt: ",
        "finding the tokens of a.txt: ",
        "making tokens of a.txt: ",
        "learning ",
    ):
        assert any(line.startswith(begins) for line in heard)


def test_a_training_tells_what_it_reads_and_then_is_silent(clock: Clock) -> None:
    rows: list[dict[str, Any]] = [{"text": "abcd"[i % 4] * 3, "label": "ab"[i % 2]} for i in range(40)]
    heard: list[str] = []
    clock.step = 20
    with telling(heard.append):
        model = hitherto.train(
            "classify", rows, tokens="chars", hidden_size=4, epochs=1, say=lambda _line: None
        )
        assert any(line.startswith("reading the data: ") for line in heard)
        assert not any(line.startswith("running") for line in heard)
    heard.clear()
    with telling(heard.append):
        found = model.predict(rows * 5)
    assert len(found) == 200
    assert any(line.startswith("running the model: ") for line in heard)
    said: list[str] = []
    hitherto.train("classify", rows, tokens="chars", hidden_size=4, epochs=1, say=said.append)
    assert any(line.startswith("reading the data: ") for line in said)
    assert np.isfinite(model.evaluate(rows)["accuracy"])
