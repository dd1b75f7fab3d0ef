"""Tokens of a text that memory should not hold: one flat file, mapped; small ones are plain arrays.

    tokens = write(folder, pieces, size=codec.size)     # or open(folder), or in_memory(array)
    len(tokens), tokens.ids(start, stop)                # int64

The folder has `tokens.bin`, in the smallest type that holds the vocabulary, and `tokens.json`, written last: a folder
without it is not whole, and is never taken for one that is.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from hitherto.errors import DataError

__all__ = ["Tokens", "in_memory", "open", "write"]

Array = np.ndarray[Any, Any]


class Tokens:
    """Tokens in a row, wherever they are."""

    def __init__(self, array: Array, digest: str | None = None) -> None:
        self._array = array
        self._digest = digest

    def __len__(self) -> int:
        return len(self._array)

    def ids(self, start: int, stop: int) -> Array:
        """Tokens start..stop-1 as int64."""
        return self._array[start:stop].astype(np.int64)

    @property
    def digest(self) -> str:
        """SHA-256 of the tokens as they are kept."""
        if self._digest is None:
            self._digest = hashlib.sha256(np.ascontiguousarray(self._array).data).hexdigest()
        return self._digest


def in_memory(array: Array) -> Tokens:
    return Tokens(array)


def write(
    folder: Path, pieces: Iterable[Array], *, size: int, progress: Callable[[int], None] | None = None
) -> Tokens:
    """Write the tokens piece by piece, and map them; `progress` hears how many there are."""
    dtype = np.dtype("<u1" if size <= 1 << 8 else "<u2" if size <= 1 << 16 else "<u4")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokens.json").unlink(missing_ok=True)
    digest, count = hashlib.sha256(), 0
    with (folder / "tokens.bin").open("wb") as file:
        for piece in pieces:
            data = np.ascontiguousarray(piece, dtype)
            file.write(data.data)
            digest.update(data.data)
            count += len(data)
            if progress is not None:
                progress(count)
        file.flush()
        os.fsync(file.fileno())
    document = {"count": count, "dtype": dtype.str, "digest": digest.hexdigest()}
    part = folder / "tokens.json.part"
    part.write_text(json.dumps(document), encoding="utf-8")
    part.replace(folder / "tokens.json")
    return open(folder)


def open(folder: Path) -> Tokens:  # noqa: A001 - `shards.open` says it
    """Map what `write` has written."""
    try:
        document = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
        count, dtype = int(document["count"]), np.dtype(document["dtype"])
        digest = str(document["digest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the folder does not hold a whole corpus ({error}); tokenise it again", path=folder
        ) from error
    path = folder / "tokens.bin"
    held = path.stat().st_size if path.exists() else 0
    if held != count * dtype.itemsize:
        raise DataError(
            f"expected {count * dtype.itemsize:,} bytes of tokens, but found {held:,}; tokenise it again",
            path=path,
        )
    if count == 0:
        return Tokens(np.zeros(0, dtype), digest)
    return Tokens(np.memmap(path, dtype, "r", shape=(count,)), digest)
