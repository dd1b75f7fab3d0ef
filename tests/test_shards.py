"""Tokens on disk: what was written is read, and what is not whole is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitherto.data import shards
from hitherto.errors import DataError, UsageError


@pytest.mark.parametrize(("size", "bytes_each"), [(256, 1), (257, 2), (65_536, 2), (65_537, 4)])
def test_tokens_come_back_in_the_smallest_type(tmp_path: Path, size: int, bytes_each: int) -> None:
    pieces = [np.array([0, 1, size - 1], np.int32), np.zeros(0, np.int32), np.arange(5, dtype=np.int32)]
    tokens = shards.write(tmp_path, pieces, size=size)
    whole = np.concatenate(pieces)
    assert tokens.ids(0, len(tokens)).tolist() == whole.tolist()
    assert tokens.ids(2, 4).dtype == np.int64
    assert (tmp_path / "tokens.bin").stat().st_size == bytes_each * len(whole)
    again = shards.open(tmp_path)
    assert again.digest == tokens.digest
    assert again.ids(1, 5).tolist() == whole[1:5].tolist()


def test_the_digest_is_that_of_the_tokens(tmp_path: Path) -> None:
    array = np.arange(100, dtype=np.uint16)
    assert (
        shards.write(tmp_path, [array[:30], array[30:]], size=60_000).digest == shards.in_memory(array).digest
    )


def test_what_is_not_whole_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="whole corpus"):
        shards.open(tmp_path)
    shards.write(tmp_path, [np.arange(10)], size=300)
    (tmp_path / "tokens.bin").write_bytes(b"short")
    with pytest.raises(DataError, match="expected 20 bytes of tokens, but found 5"):
        shards.open(tmp_path)

    def breaks() -> object:
        yield np.arange(5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shards.write(tmp_path, breaks(), size=300)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="whole corpus"):
        shards.open(tmp_path)


def test_no_tokens_at_all(tmp_path: Path) -> None:
    assert len(shards.write(tmp_path, [], size=10)) == 0


def test_nothing_is_a_corpus_too(tmp_path: Path) -> None:
    tokens = shards.write(tmp_path, [], size=10, borders=[])
    assert len(tokens) == 0
    assert tokens.ids(0, 5).tolist() == []
    assert tokens.borders is not None
    assert tokens.borders.tolist() == []
    assert tokens.digest == shards.in_memory([]).digest


def test_borders_may_be_found_while_pieces_are_made(tmp_path: Path) -> None:
    starts: list[int] = []

    def documents() -> Iterator[np.ndarray[Any, Any]]:
        place = 0
        for n in (3, 0, 4):
            starts.append(place)
            place += n
            yield np.arange(n)

    tokens = shards.write(tmp_path, documents(), size=5, borders=starts)
    assert tokens.borders is not None
    assert (tokens.borders.dtype, tokens.borders.tolist()) == (np.int64, [0, 3, 3])
    memory = shards.in_memory(np.arange(7), [0, 3, 3]).borders
    assert memory is not None
    assert memory.tolist() == [0, 3, 3]
    again = shards.write(tmp_path, [np.arange(2)], size=5)  # what was there before is not taken over
    assert again.borders is None


@pytest.mark.parametrize("borders", [[-1, 2], [2, 1], [0, 8]])
def test_borders_that_cannot_be(tmp_path: Path, borders: list[int]) -> None:
    with pytest.raises(UsageError, match="documents must begin in order"):
        shards.write(tmp_path, [np.arange(7)], size=10, borders=borders)
    with pytest.raises(DataError, match="not hold a whole corpus"):
        shards.open(tmp_path)


@pytest.mark.parametrize("piece", [[10], [-1], [0.5], [300]])
def test_tokens_outside_the_vocabulary_do_not_wrap(tmp_path: Path, piece: list[float]) -> None:
    with pytest.raises(UsageError, match="from 0 to 9"):
        shards.write(tmp_path, [np.array([1]), np.array(piece)], size=10)


def test_tokens_that_are_mapped_outlive_a_new_writing(tmp_path: Path) -> None:
    old = shards.write(tmp_path, [np.arange(5000) % 7], size=7)
    shards.write(tmp_path, [np.zeros(10, np.int64)], size=7)
    assert old.ids(0, 5000).tolist() == (np.arange(5000) % 7).tolist()


@pytest.mark.parametrize("name", ["tokens.bin", "borders.bin"])
@pytest.mark.parametrize("change", ["short", "long", "gone"])
def test_files_of_another_size_are_refused(tmp_path: Path, name: str, change: str) -> None:
    shards.write(tmp_path, [np.arange(9)], size=10, borders=[0, 4])
    path = tmp_path / name
    data = path.read_bytes()
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if change == "short" else data + b"\0")
    with pytest.raises(DataError, match="but found"):
        shards.open(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"dtype": "O"}, {"dtype": "<f8"}, {"dtype": "<M8[s]"}, {"dtype": None}, {"count": "x"}, {"count": -1}],
)
def test_a_document_of_another_hand_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """Also where the sizes fit: numbers that a file says are addresses must not become objects."""
    shards.write(tmp_path, [np.arange(16)], size=20)
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"count": 2} | change))
    with pytest.raises(DataError):
        shards.open(tmp_path)
    path.write_text("{")
    with pytest.raises(DataError, match="not hold a whole corpus"):
        shards.open(tmp_path)


def test_what_was_written_before_borders_were_kept_still_opens(tmp_path: Path) -> None:
    shards.write(tmp_path, [np.arange(9)], size=10)
    path = tmp_path / "tokens.json"
    document = json.loads(path.read_text())
    del document["borders"]
    path.write_text(json.dumps(document))
    assert len(shards.open(tmp_path)) == 9
