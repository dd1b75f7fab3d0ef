"""Files of pretrained word vectors, as GloVe, fastText (.vec) and word2vec write them as text, perhaps gzipped.

A line is a word and its numbers, parted by blanks. A first line of two whole numbers says how many words there are and
how many numbers each has. A word may have blanks in it: the numbers are the last ones of a line.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hitherto.arrays import Array
from hitherto.data.textfile import lines
from hitherto.errors import DataError

__all__ = ["WIDEST", "read_vectors"]

WIDEST = 4096  # numbers of a word


def read_vectors(
    path: str | Path, wanted: Callable[[str, int], str | None], encoding: str | None = None
) -> dict[str, Array]:
    """The vectors of words, [width] float32 each, by the names that `wanted(word, its number in the file)` gives them.

    None leaves a word out. Of several words with one name the one that is written like it counts, else the first.
    """
    path = Path(path)
    vectors: dict[str, Array] = {}
    exact: set[str] = set()
    width, number = 0, -1
    for at, line, parts in _rows(path, encoding):
        if not width:
            width = _width_of(path, at, parts)
        number += 1
        if len(parts) < width + 1:
            raise DataError(
                f"expected a word and {width} numbers, but got {line!r:.60}",
                path=path,
                line=at,
            )
        word = " ".join(parts[:-width])
        name = wanted(word, number)
        if name is None or (name in vectors and (name != word or name in exact)):
            continue
        vectors[name] = _numbers_of(path, at, word, parts[-width:])
        if name == word:
            exact.add(name)
    if not width:
        raise DataError("the file holds no word vectors: it is empty", path=path)
    return vectors


def _rows(path: Path, encoding: str | None) -> Iterator[tuple[int, str, list[str]]]:
    """Each line with its number and its parts, without the empty ones and the line of sizes."""
    sizes: tuple[int, int, int] | None = None
    count = 0
    for at, line in lines(path, encoding):
        parts = line.rstrip().replace("\t", " ").split(" ")
        if parts == [""]:
            continue
        if (
            count == 0
            and sizes is None
            and len(parts) == 2
            and all(p.isascii() and p.isdigit() for p in parts)
        ):
            sizes = at, int(parts[0]), int(parts[1])
            continue
        if count == 0 and sizes is not None and len(parts) != 1 + sizes[2]:
            raise DataError(
                f"line {sizes[0]} says that a word has {sizes[2]} numbers, but this has {len(parts) - 1}",
                path=path,
                line=at,
            )
        count += 1
        yield at, line, parts
    if sizes is not None and count != sizes[1]:
        raise DataError(
            f"line {sizes[0]} says that there are {sizes[1]:,} words, but there are {count:,}: the file was cut "
            "short, or is no file of word vectors",
            path=path,
        )


def _width_of(path: Path, at: int, parts: list[str]) -> int:
    """How many numbers the first word has: all parts from the end that are numbers, but the first."""
    width = 0
    while width < len(parts) - 1 and _is_number(parts[-1 - width]):
        width += 1
    if not width or width > WIDEST:
        raise DataError(
            "expected a word and its numbers with blanks between, as GloVe, fastText (.vec) and word2vec (text) have "
            f"them, but got {' '.join(parts)!r:.60}",
            path=path,
            line=at,
        )
    return width


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _numbers_of(path: Path, at: int, word: str, parts: list[str]) -> Array:
    try:
        numbers = np.array([float(part) for part in parts], np.float32)
    except (ValueError, OverflowError) as error:
        wrong = next((part for part in parts if not _is_number(part)), "")
        raise DataError(
            f"{word!r:.40} has {wrong!r:.40} where a number is expected", path=path, line=at
        ) from error
    if not np.isfinite(numbers).all() or np.abs(numbers).max() > 1e6:
        wrong = parts[int(np.argmax(~np.isfinite(numbers) | (np.abs(numbers) > 1e6)))]
        raise DataError(
            f"{word!r:.40} has {wrong} where a number below a million is expected",
            path=path,
            line=at,
        )
    return numbers
