"""The benchmark of language models: its recipes are valid, and a job measures what it writes down."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import hitherto
from hitherto.spec import from_options, unused

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
common: Any = importlib.import_module("common")
lm_record: Any = importlib.import_module("lm_record")


@pytest.mark.parametrize("recipe", ["WORDS", "CHARS", "SHAKESPEARE"])
def test_recipes_are_options_that_all_count(recipe: str) -> None:
    unused(from_options("lm", "text.txt", **vars(lm_record)[recipe]))


def test_a_job_measures_model_and_baseline_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ptb").mkdir()
    for split, count in (("train", 60), ("valid", 6), ("test", 6)):
        with gzip.open(tmp_path / "ptb" / f"ptb.{split}.txt.gz", "wt") as file:
            file.write(" the cat sat on the mat \n a dog sat \n" * count)
    monkeypatch.setattr("tasks.DATA", tmp_path)
    monkeypatch.setattr(lm_record, "keep", lambda name, **row: rows.append({"name": name, **row}))
    rows: list[dict[str, Any]] = []
    recipe = {"tokens": "words", "hidden_size": 6, "epochs": 2, "batch_size": 4, "bptt": 9, "threads": 1}
    for _ in range(2):  # the second time the model is there
        lm_record.record("tiny", recipe, lm_record.ptb_text, "perplexity", "none", tmp_path, cached=True)
    one, two = rows
    assert one == two
    assert json.dumps(one)
    model = hitherto.open(tmp_path / "tiny.safetensors")
    for split in ("valid", "test"):
        path = tmp_path / f"ptb.{split}.txt"
        assert one[split] == common.rounded(model.evaluate(path)["perplexity"])
        assert one[f"cached_{split}"] == common.rounded(model.evaluate(path, **one["cache"])["perplexity"])
    assert one["kneser_ney_test"] < 2 < one["test"]  # it knows this text by heart


def test_the_time_of_a_step_is_measured() -> None:
    recipe = {
        "hidden_size": 4,
        "num_layers": 1,
        "embedding_size": 4,
        "batch_size": 2,
        "bptt": 5,
        "dropout": 0.1,
    }
    assert 0 < lm_record.step_seconds(recipe, 9, count=4) < 1
