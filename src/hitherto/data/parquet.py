"""Parquet files, read by polars.

Over some damaged files polars ends its process, which no `except` can stop. So another process reads each file first:
what ends that one is refused here.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hitherto.errors import DataError, MissingExtra

__all__ = ["read"]

ROWS = 10_000  # that are read at once

_CHECK = f"""
import sys, polars
rows = polars.scan_parquet(sys.argv[1], glob=False)
start = 0
while len(rows.slice(start, {ROWS}).collect()) == {ROWS}:
    start += {ROWS}
"""
_sound: set[tuple[int, int, int, int]] = set()  # files that another process has read to their end


def read(path: Path) -> tuple[list[str], Callable[[], Iterator[tuple[int, dict[str, object]]]]]:
    """The names of its columns, and what gives its rows, numbered from 1."""
    try:
        import polars as pl
    except ImportError as error:
        raise MissingExtra("reading Parquet", "polars", "train") from error
    # a damaged file makes polars panic, which is no Exception
    wrong = (OSError, ValueError, OverflowError, pl.exceptions.PolarsError, pl.exceptions.PanicException)

    def refused(error: BaseException) -> DataError:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return _damaged(path, reason)

    try:
        lazy = pl.scan_parquet(path, glob=False)
        names = list(lazy.collect_schema())
        _check(path)
    except wrong as error:
        raise refused(error) from error

    def rows() -> Iterator[tuple[int, dict[str, object]]]:
        start = 0
        while True:
            try:
                part = lazy.slice(start, ROWS).collect().rows(named=True)
            except wrong as error:
                raise refused(error) from error
            yield from ((start + i + 1, row) for i, row in enumerate(part))
            if len(part) < ROWS:
                return
            start += ROWS

    return names, rows


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"this is not a Parquet file, or it is damaged: {reason:.200}", path=path)


def _check(path: Path) -> None:
    """Refuse a file that would crash the process that reads it."""
    status = path.stat()
    file = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    if file in _sound or not sys.executable:
        return
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-P", "-c", _CHECK, path],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ended.returncode not in (0, 1):  # 1: an exception, which is met here again
        raise _damaged(path, (ended.stderr.splitlines() or [f"exit status {ended.returncode}"])[0])
    _sound.add(file)
