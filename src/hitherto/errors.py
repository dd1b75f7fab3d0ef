"""What can go wrong, as one tree.

    Exception
    └── HithertoError               every error that this package raises on purpose
        ├── UsageError              an argument or option that cannot be served; also a ValueError     exit 2
        │   └── InputError          an input of the wrong size or rank; also a RuntimeError            exit 2
        ├── MissingExtra            an optional dependency is not installed; also an ImportError       exit 2
        ├── DataError               data that cannot be read as told; also a ValueError                exit 3
        ├── BundleError             a file that is no bundle, or not a sound one; also a ValueError    exit 3
        ├── CheckpointError         a checkpoint that is damaged or of another run; also a ValueError  exit 3
        ├── TrainingError           training that cannot go on: a non-finite loss, for example         exit 1
        └── StoreError              a store of sessions that cannot keep what it is given              exit 1

A message says what was expected, what came, and what to do. `exit_code` is the status with which the command
line ends on that error.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar


class HithertoError(Exception):
    """The root: catch this to catch everything that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(HithertoError, ValueError):
    """An argument or option that cannot be served as given."""

    exit_code = 2


class InputError(UsageError, RuntimeError):
    """A tensor of the wrong shape, dtype or device; both kinds of error that torch.nn raises for it."""


class MissingExtra(HithertoError, ImportError):
    """`what` needs `package`, which comes with the extra `extra` and is not installed."""

    exit_code = 2

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed. "
            f"Install it with: pip install 'hitherto[{extra}]'",
            name=package,
        )
        self.extra = extra


class DataError(HithertoError, ValueError):
    """Data that cannot be read as told. Where there is a place, the message begins with it."""

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        path: str | Path | None = None,
        line: int | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        place = [
            *([str(path)] if path is not None else []),
            *([f"line {line}"] if line is not None else [f"row {row}"] if row is not None else []),
            *([f"column {column!r}"] if column is not None else []),
        ]
        super().__init__(f"{', '.join(place)}: {message}" if place else message)
        self.message = message  # without the place
        self.path, self.line, self.row, self.column = path, line, row, column
        self.message = message  # without its place

    def at(self, path: str | Path, line: int) -> "DataError":
        """The same, said of this line."""
        return DataError(self.message, path=path, line=line, column=self.column)


class BundleError(HithertoError, ValueError):
    """A file that is no bundle, or not a sound one."""

    exit_code = 3


class CheckpointError(HithertoError, ValueError):
    """A checkpoint that is damaged, or that belongs to another run."""

    exit_code = 3


class TrainingError(HithertoError):
    """Training that cannot go on, by a non-finite loss, for example."""


class StoreError(HithertoError):
    """A store of sessions that cannot keep what it is given, on a full disk, for example: nothing was answered."""


def nearest(word: str, words: Iterable[str]) -> str:
    """The end of an error's sentence: ` Did you mean 'x'?`, or nothing where no word is close."""
    from difflib import get_close_matches  # only where there is an error: it takes a millisecond

    close = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def nearest_file(path: str | Path) -> str:
    """As `nearest`, of the files beside `path`: one of the same kind whose name is a slip of the hand away.

    A slip is one letter left out, added, replaced or swapped with the next, in a word of four letters or more; or an
    ending left out. Two names that differ otherwise, such as by a number, are two files, and none is offered for the
    other.
    """
    path = Path(path)
    files = sorted(file for file in path.parent.iterdir() if file.is_file()) if path.parent.is_dir() else []
    for file in files:
        ending = not path.suffix and file.stem == path.name
        if ending or (file.suffix.lower() == path.suffix.lower() and _slipped(path.stem, file.stem)):
            return f" Did you mean {file.name!r}?"
    return ""


def _slipped(first: str, second: str) -> bool:
    """Whether two names differ by case alone, or by one slip in a word."""
    first, second = first.lower(), second.lower()
    if first == second:
        return True
    words = [re.split(r"([\W\d_]+)", name) for name in (first, second)]  # and what stands between them
    differing = [(a, b) for a, b in zip(*words, strict=False) if a != b]
    if len(words[0]) != len(words[1]) or len(differing) != 1:
        return False
    a, b = differing[0]
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a_rest, b_rest = a[at:], b[at:]
    swapped = a_rest[:2] == b_rest[:2][::-1] and a_rest[2:] == b_rest[2:]
    once = a_rest[1:] == b_rest[1:] or a_rest[1:] == b_rest or a_rest == b_rest[1:]
    return min(len(a), len(b)) >= 4 and a.isalpha() and b.isalpha() and (once or swapped)
