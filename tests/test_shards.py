"""Tokens on disk: what was written is read, and what is not whole is refused."""

from pathlib import Path

import numpy as np
import pytest

from hitherto import shards
from hitherto.errors import DataError


@pytest.mark.parametrize(("size", "bytes_each"), [(256, 1), (257, 2), (65_536, 2), (65_537, 4)])
def test_tokens_come_back_in_the_smallest_type(tmp_path: Path, size: int, bytes_each: int) -> None:
    pieces = [np.array([0, 1, size - 1], np.int32), np.zeros(0, np.int32), np.arange(5, dtype=np.int32)]
    heard: list[int] = []
    tokens = shards.write(tmp_path, pieces, size=size, progress=heard.append)
    whole = np.concatenate(pieces)
    assert tokens.ids(0, len(tokens)).tolist() == whole.tolist()
    assert tokens.ids(2, 4).dtype == np.int64
    assert (tmp_path / "tokens.bin").stat().st_size == bytes_each * len(whole)
    assert heard[-1] == len(whole)
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
