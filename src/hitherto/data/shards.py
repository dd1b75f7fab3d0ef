"""Tokens of a text that memory should not hold: one flat file, mapped; small ones are plain arrays.

    tokens = write(folder, pieces, size=codec.size)     # or open(folder), or in_memory(array)
    len(tokens), tokens.ids(start, stop)                # int64
    tokens.borders                                      # where documents begin, int64; None where that was not said

The folder has `tokens.bin`, in the smallest type that holds the vocabulary, `borders.bin` where documents are apart,
and `tokens.json`, written last: a folder without it is not whole, and is never taken for one that is. Files are put in
place whole, so tokens that are mapped already stay as they are when a folder is written anew.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from hitherto import files
from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError

__all__ = ["Tokens", "in_memory", "open", "write"]

DTYPES = ("|u1", "<u2", "<u4")


class Tokens:
    """Tokens in a row, wherever they are."""

    def __init__(self, array: Array, digest: str | None = None, borders: Array | None = None) -> None:
        self._array = array
        self._digest = digest
        self.borders = borders

    def __len__(self) -> int:
        return len(self._array)

    def ids(self, start: int, stop: int) -> Array:
        """Tokens start..stop-1 as int64."""
        return self._array[start:stop].astype(np.int64)

    @property
    def digest(self) -> str:
        """SHA-256 of the tokens as stored."""
        if self._digest is None:
            self._digest = hashlib.sha256(np.ascontiguousarray(self._array).data).hexdigest()
        return self._digest


def in_memory(array: object, borders: Iterable[int] | None = None) -> Tokens:
    array = np.asarray(array)
    return Tokens(array, borders=None if borders is None else _checked_borders(borders, len(array)))


def write(
    folder: str | Path,
    pieces: Iterable[Array],
    *,
    size: int,
    borders: Iterable[int] | None = None,
) -> Tokens:
    """Write the tokens piece by piece, and map them.

    `size` is that of the vocabulary. `borders` are looked at when the pieces have ended: what makes the pieces may
    still be filling the list.
    """
    folder = Path(folder)
    dtype = np.dtype(DTYPES[0] if size <= 1 << 8 else DTYPES[1] if size <= 1 << 16 else DTYPES[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokens.json").unlink(missing_ok=True)
    files.sync_folder(folder)
    digest, count = hashlib.sha256(), 0

    def drawn() -> Iterator[Array]:
        nonlocal count
        for piece in pieces:
            piece = np.asarray(piece)
            if piece.size and not (piece.dtype.kind in "iu" and piece.min() >= 0 and piece.max() < size):
                raise UsageError(
                    f"tokens must be whole numbers from 0 to {size - 1}, but after {count:,} of them came "
                    f"{piece.dtype} from {piece.min()} to {piece.max()}."
                )
            data = np.ascontiguousarray(piece, dtype)
            digest.update(data.data)
            yield data
            count += len(data)

    _put(folder / "tokens.bin", drawn())
    starts = None if borders is None else _checked_borders(borders, count)
    if starts is not None:
        _put(folder / "borders.bin", [starts])
    document = {
        "count": count,
        "dtype": dtype.str,
        "digest": digest.hexdigest(),
        "borders": None if starts is None else len(starts),
    }
    _put(folder / "tokens.json", [np.frombuffer(json.dumps(document).encode(), np.uint8)])
    return open(folder)


def _put(path: Path, arrays: Iterable[Array]) -> None:
    """Write a file elsewhere, and move it to its place when it is complete and on the disk."""
    with files.replacing(path) as file:
        for array in arrays:
            file.write(array.data)


def _checked_borders(borders: Iterable[int], count: int) -> Array:
    starts = np.array(list(borders), "<i8")
    if (np.diff(starts, prepend=0, append=count) < 0).any():
        raise UsageError(f"documents must begin in order, at 0 to {count:,}, but begin at {starts!r:.60}.")
    return starts


def open(folder: str | Path) -> Tokens:  # noqa: A001 - `shards.open` says it
    """Map what `write` has written."""
    folder = Path(folder)
    try:
        document = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
        count, digest, starts = int(document["count"]), str(document["digest"]), document.get("borders")
        dtype = _dtype(document["dtype"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the folder does not hold a whole corpus ({error}); tokenise it again", path=folder
        ) from error
    borders = None if starts is None else _mapped(folder / "borders.bin", int(starts), np.dtype("<i8"))
    return Tokens(_mapped(folder / "tokens.bin", count, dtype), digest, borders)


def _dtype(name: str) -> np.dtype:
    if name not in DTYPES:
        raise ValueError(f"tokens are {name!r:.20}, not one of {', '.join(DTYPES)}")
    return np.dtype(name)


def _mapped(path: Path, count: int, dtype: np.dtype) -> Array:
    held = path.stat().st_size if path.exists() else 0
    if held != count * dtype.itemsize:
        raise DataError(
            f"expected {count * dtype.itemsize:,} bytes of {path.stem}, but found {held:,}; tokenise it again",
            path=path,
        )
    return np.memmap(path, dtype, "r", shape=(count,)) if count else np.zeros(0, dtype)
