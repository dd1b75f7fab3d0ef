"""A stream as a pure function: a state and inputs in, the state that follows and the answers out."""

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from hitherto import trained
from hitherto.errors import UsageError
from hitherto.tasks.base import Row, Value
from hitherto.tasks.feed import Feed
from hitherto.trained import Model

__all__ = ["advance", "opened"]

OPEN = 8  # bundles that a process keeps open


def advance(
    bundle: Model | str | os.PathLike[str],
    state: bytes | None,
    rows: Iterable[Value],
    *,
    peek: bool = False,
    finish: bool = False,
) -> tuple[bytes, list[Row]]:
    """The state after these rows, and the answers that they make final: those of a stream, to the bit.

    A row is a dict with the columns that the model was trained on, or what `stream.push` takes. `state` is None before
    the first row. Rows may come in any portions; an error takes none of its portion. `peek` adds the answer so far,
    `finish` the rest of the answers, as the input ends. A bundle that is named is opened once in a process.
    """
    model = bundle if isinstance(bundle, Model) else opened(bundle)
    feed = Feed(model.stream(), model.source, {})
    if state is not None:
        feed.load(state)
    answers: list[Row] = []
    for number, row in enumerate(rows, 1):
        answers += _taken(model, feed, number, row)
    if finish:
        answers += feed.finish() if feed.streams or feed.waiting else _listed(feed.live.finish())
    elif peek and not feed.streams:
        answers += _listed(feed.live.peek())
    return feed.save(), answers


def opened(bundle: str | os.PathLike[str]) -> Model:
    """The model in this file, which stays open for those who ask again."""
    path = Path(bundle)
    about = path.stat()
    return _opened(path, (about.st_mtime_ns, about.st_size, about.st_ino))


@lru_cache(OPEN)
def _opened(path: Path, _stamp: tuple[int, int, int]) -> Model:
    return trained.open(path)


def _taken(model: Model, feed: Feed, number: int, row: Value) -> list[Row]:
    source = model.source
    if not isinstance(row, Mapping):
        return feed.live.push(_value(model, row))
    cells: Row = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in row.items()
    }
    lone = not {feed.id, "unique_id"} & cells.keys() and not set(source.reads) <= cells.keys()
    if source.foresees and lone and "y" in cells:  # the one series of its key
        return feed.live.observe(cells["y"], cells.get("ds"), cells.get("known"), cells.get("static"))
    if source.foresees or feed.id is not None:
        return feed.take(number, cells)
    missing = [name for name in source.reads if name not in cells]
    if missing or not source.reads:
        wanted = ", ".join(map(repr, source.reads)) or "no column by name: give the value itself"
        raise UsageError(f"row {number}: expected {wanted}, but the row has {', '.join(map(repr, cells))}.")
    values = [cells[name] for name in source.reads]
    return feed.live.push(_value(model, values if len(values) > 1 else values[0]))


def _value(model: Model, value: Value) -> Value:
    if model.source.read_by.reads_files and isinstance(value, str | os.PathLike):
        raise UsageError("a row holds what the model reads, not the name of a file: give its numbers.")
    return value


def _listed(answer: Value) -> list[Row]:
    """Answers as rows."""
    rows: list[Value] = answer if isinstance(answer, list) else [answer]
    return [row if isinstance(row, dict) else {"answer": row} for row in rows]
