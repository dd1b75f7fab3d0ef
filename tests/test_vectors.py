"""Pretrained word vectors: files of them, and models that begin with them."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.data.vectors import read_vectors
from hitherto.errors import DataError, UsageError
from hitherto.spec import from_options
from hitherto.tasks.families import FAMILIES
from hitherto.training.setup import complete, module_of, plan_of


def every(word: str, _number: int) -> str | None:
    return word


def lower(word: str, number: int) -> str | None:
    return word.lower() if number < 9 else None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("glove.txt", "the 1 -2.5 3e-1\n. . . 0 0 1\ncat 4 5 6\n"),
        ("wiki.vec", "3 3 \nthe 1 -2.5 3e-1 \n. . . 0 0 1 \ncat 4 5 6 \n"),
        ("tabs.txt", "the\t1\t-2.5\t3e-1\r\n. . .\t0\t0\t1\r\n\r\ncat\t4\t5\t6"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_vectors_is_read(tmp_path: Path, name: str, text: str, packed: bool) -> None:
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    found = read_vectors(path, every)
    assert {word: vector.tolist() for word, vector in found.items()} == {
        "the": [1, -2.5, np.float32(0.3)],
        ". . .": [0, 0, 1],
        "cat": [4, 5, 6],
    }
    assert all(vector.dtype == np.float32 for vector in found.values())


def test_a_word_as_it_is_written_comes_before_another_case(tmp_path: Path) -> None:
    path = tmp_path / "cased.vec"
    path.write_text("Paris 1 1\nparis 2 2\nPARIS 3 3\nRome 4 4\nROME 5 5\nparis 6 6\n2 7 7\n")
    found = read_vectors(path, lower)
    assert {word: vector[0] for word, vector in found.items()} == {"paris": 2, "rome": 4, "2": 7}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "bad.vec: the file holds no word vectors"),
        (b"\n \n", "bad.vec: the file holds no word vectors"),
        (b"the 1 2 3\ncat 4 5\n", "line 2: expected a word and 3 numbers, but got 'cat 4 5'"),
        (b"the 1 2 3\ncat 4 x 5\n", "line 2: 'cat' has 'x' where a number"),
        (b"the 1 2 3\ncat 4 nan 5\n", "line 2: 'cat' has nan where a number below a million"),
        (b"the 1 2 3\ncat 4 inf 5\n", "line 2: 'cat' has inf"),
        (b"the 1 2 1e9\n", "line 1: 'the' has 1e9"),
        (b"the 1 2 1_0\n", "line 1: expected a word and its numbers"),
        (b"just a text of words\n", "line 1: expected a word and its numbers"),
        (b"word,1,2\n", "line 1: expected a word and its numbers"),
        (b"2 3\nthe 1 2\ncat 1 2\n", "line 2: line 1 says that a word has 3 numbers, but this has 2"),
        (b"3 2\nthe 1 2\ncat 1 2\n", "line 1 says that there are 3 words, but there are 2"),
        ("naïve 1 2\n".encode("latin-1"), "UTF-8|utf-8"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_vectors_is_refused(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "bad.vec"
    path.write_bytes(text)
    with pytest.raises(DataError, match=said):
        read_vectors(path, every)


ROWS = [{"tokens": ["Ann", "met", "Bob", f"x{i}"], "tags": ["P", "O", "P", "O"]} for i in range(60)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.vec"
    words = ["ann", "met", "<unk>", "x3", "liz", "New York", "oslo"]
    path.write_text(
        "".join(f"{word} {' '.join(str(10 * i + j) for j in range(5))}\n" for i, word in enumerate(words))
    )
    return path


@pytest.mark.parametrize("spelling", [True, False])
def test_a_model_begins_with_them(file: Path, spelling: bool) -> None:
    pytest.importorskip("torch")
    spec = from_options("tag", vectors=str(file), spelling=spelling, lower=True, hidden_size=4)
    source, examples, _ = FAMILIES["pairs"].source.prepare(spec, ROWS, None, {})
    assert any(
        "4 of 58 words of the training data have vectors in small.vec" in note for note in source.notes
    )
    spec = source.spec = complete(source, examples, lambda _: None)
    assert spec.model.embedding_size == 5
    module = module_of(spec, plan_of(source), source.first(plan_of(source)))
    codec: Any = source.codecs["input"]
    words = codec.words.vocabulary if spelling else codec.vocabulary
    assert set(words) == {"<unk>", "ann", "met", "bob", "x3", "liz", "oslo"}  # x3 is rare, but has a vector
    weight = module.get_parameter("spell.weight" if spelling else "embed.weight").detach().numpy()
    for i, word in enumerate(["ann", "met", "<unk>", "x3", "liz"]):
        assert weight[words.index(word)].tolist() == [10 * i + j for j in range(5)]
    assert np.abs(weight[words.index("bob")]).max() < 1
    source.spec = source.spec.replace(embedding_size=8)
    with pytest.raises(UsageError, match="vectors have 5 numbers each, but embedding_size is 8"):
        source.choose(examples)


def test_vectors_that_cannot_be_used_are_refused(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")

    def prepare(task: str, rows: Any, **options: Any) -> Any:
        return FAMILIES["pairs"].source.prepare(
            from_options(task, vectors=str(file), **options), rows, None, {}
        )[0]

    with pytest.raises(UsageError, match="vectors are of words, and tokens is chars"):
        prepare("classify", [{"text": "ab", "label": "x"}, {"text": "cd", "label": "y"}] * 9, tokens="chars")
    with pytest.raises(UsageError, match="vectors is of tokens, and the input is series"):
        prepare("classify", [{"v": 1.0, "label": "x"}, {"v": 2.0, "label": "y"}] * 9)
    few = prepare("tag", ROWS, vocab_size=4, spelling=True)
    assert few.codecs["input"].words.size == 4
    file.write_text("nothing 1 2\n")
    with pytest.raises(DataError, match="none of the words"):
        prepare("tag", ROWS)


def test_a_model_with_vectors_is_trained_and_opened(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "model.safetensors"
    hitherto.train("tag", ROWS, out=path, vectors=str(file), hidden_size=8, epochs=2)
    file.unlink()
    assert len(hitherto.open(path).predict([["Liz", "met", "Oslo"]])[0]) == 3
