"""From rows and lines to a live stream: what training took, a stream takes.

A row is an input of its own, and is answered as `predict` would; or, of series and of sequences whose rows have an id,
a step of the one that it belongs to. Each of these has a stream of its own: `Feed` finds it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save as to_bytes

from hitherto.data import Table
from hitherto.data.lines import STDIN
from hitherto.data.marks import Marks
from hitherto.errors import DataError, UsageError, nearest
from hitherto.tasks.columns import column_names
from hitherto.tasks.streams import Row, Stream

__all__ = ["Feed"]


class Feed:
    """What lines bring to `live`, and to the streams beside it that tables of many series need.

    `told` says what columns are called where it is not as in training.
    """

    def __init__(self, live: Stream, source: Any, told: Mapping[str, Any]) -> None:
        self.live, self.source, self.told = live, source, dict(told)
        self.streams: dict[str, Stream] = {}  # of each series that has a name
        self.waiting: dict[str, list[Row]] = {}  # rows whose steps wait for what is known of those after them
        self.data = source.spec.data
        self.marks = Marks.of(self.data.decimal, self.data.na)
        self.series = source.spec.task == "forecast"
        self.outputs = column_names(None, self.data.output) if self.series else []
        if self.data.id is not None and not live.numbers:
            raise UsageError("rows of one id are a stream only of numbers; predict reads all of them.")

    def take(self, number: int, given: str | Row) -> list[Row]:
        """What a line, or the row that begins there, brings forth."""
        if isinstance(given, str):
            given = self._cells(given)
        if isinstance(given, str):
            return self.live.line(given)
        if self.series and set(self.source.reads) <= given.keys():
            return self._step(given)
        if self.live.numbers and not set(self.source.reads) <= given.keys():
            return self._observed(given)
        if self.data.id is not None:
            return self._part(given)
        return self.live.row(Table(list(given), lambda: iter([(number, dict(given))]), path=STDIN), self.told)

    def finish(self) -> list[Row]:
        """The end of the lines: what was still to be said."""
        rows: list[Row] = []
        for name, waiting in self.waiting.items():
            present = [i for i, row in enumerate(waiting) if self._present(row)]
            for i in range(present[-1] + 1 if present else 0):
                rows += self._pushed(name, waiting[i], waiting[i + 1 :])
        self.waiting = {}
        if not self.live.line_by_line:
            rest = self.live.finish()
            rows += rest if isinstance(rest, list) else []
        return rows

    # ---- what a line is

    def _cells(self, text: str) -> str | Row:
        """A line of plain values as a row, where a model needs to know whose they are."""
        data, reads = self.data, self.source.reads
        comma = self.marks.decimal == ","
        if not self.series or not (data.independent or data.id or data.known or data.static or comma):
            return text
        cells = [cell.strip() for cell in re.split("[;\t]" if comma else "[,\t]", text)]
        if len(cells) == len(reads):
            return dict(zip(reads, cells, strict=True))
        if not data.independent:
            return text
        raise DataError(
            f"expected {', '.join(reads)} between {'semicolons' if comma else 'commas'}, but got {len(cells)} values"
        )

    def _of(self, name: str) -> Stream:
        """The stream of a series."""
        if not name:
            return self.live
        if name not in self.streams:
            self.streams[name] = type(self.live)(self.live.model)
        return self.streams[name]

    # ---- rows that are steps

    def _step(self, row: Row) -> list[Row]:
        name = "" if self.data.id is None else str(row[self.data.id])
        if not self.data.known:
            return self._pushed(name, row, [])
        waiting, rows = self.waiting.setdefault(name, []), []
        waiting.append(row)
        # what is missing at the end is to come, and no step
        while len(waiting) > (self.data.horizon or 1) and any(map(self._present, waiting)):
            row = waiting.pop(0)
            rows += self._pushed(name, row, waiting)
        return rows

    def _pushed(self, name: str, row: Row, after: list[Row]) -> list[Row]:
        """A step, once it is known what the rows after it know in advance."""
        data = self.data
        time = None if data.time is None else row[data.time]
        static = [row[c] for c in data.static] or None
        known = None
        if data.known:
            ahead = [[r[c] for c in data.known] for r in after[: data.horizon or 1]]
            known = ahead + [[None] * len(data.known)] * ((data.horizon or 1) - len(ahead))
        apart = [(f"{name}/{c}" if name else c, [c]) for c in self.outputs] if data.independent else []
        rows: list[Row] = []
        for own, columns in apart or [(name, self.outputs)]:
            values = [self._number(row, c) for c in columns]
            found = self._of(own).push(values, time, known, static)  # type: ignore[call-arg]
            rows += [{"unique_id": own, **r} for r in found] if own else found
        return rows

    def _number(self, row: Row, column: str) -> float:
        try:
            return self.marks.number(row[column])
        except ValueError as error:
            raise DataError(str(error), column=column) from error

    def _present(self, row: Row) -> bool:
        return not all(np.isnan(self._number(row, c)) for c in self.outputs)

    def _observed(self, given: Row) -> list[Row]:
        """An object with the names that forecasts have everywhere, y, ds and unique_id."""
        if "y" not in given or not self.series:
            wanted = [*self.source.reads, *(["y"] if self.series and "y" not in self.source.reads else [])]
            lacking = next(name for name in wanted if name not in given)
            raise DataError(
                f"expected an object with {', '.join(map(repr, self.source.reads))}, but there is no {lacking!r} among "
                f"{', '.join(map(repr, given))}.{nearest(lacking, given)}"
            )
        name = "" if given.get("unique_id") is None else str(given["unique_id"])
        if self.data.id is not None and not name:
            raise DataError(f"expected {self.data.id!r} or 'unique_id', which says whose observation it is")
        values = given["y"] if isinstance(given["y"], list) else [given["y"]]
        parts = [(name, given["y"])]
        if self.data.independent:
            if len(values) != len(self.outputs):
                raise DataError(f"expected {len(self.outputs)} numbers under 'y', but got {len(values)}")
            parts = [(f"{name}/{c}" if name else c, v) for c, v in zip(self.outputs, values, strict=True)]
        rows: list[Row] = []
        for own, value in parts:
            found = self._of(own).push(value, given.get("ds"), given.get("known"), given.get("static"))  # type: ignore[call-arg]
            rows += [{"unique_id": own, **r} for r in found] if own else found
        return rows

    def _part(self, row: Row) -> list[Row]:
        """A step of a sequence that is to have a label: the label so far."""
        name = str(row[self.data.id])
        stream = self._of(name)
        stream.push([self._number(row, c) for c in column_names(None, self.data.input)])
        return [{self.data.id: name, **stream.peek()}]

    # ---- keeping

    def save(self) -> bytes:
        """The state as bytes: that of the one stream, or of all of them."""
        if not self.streams and not self.waiting:
            return self.live.save()
        names = list(self.streams)
        blobs = [self.live.save(), *(self.streams[name].save() for name in names)]
        said = {"version": 1, "names": names, "waiting": self.waiting}
        return to_bytes(
            {str(i): np.frombuffer(blob, np.uint8) for i, blob in enumerate(blobs)},
            metadata={"hitherto_streams": json.dumps(said)},
        )

    def load(self, blob: bytes) -> None:
        """Go on from what `save` gave."""
        size = int.from_bytes(blob[:8], "little")
        if b"hitherto_streams" not in blob[8 : 8 + size]:
            self.live.load(blob)
            return
        try:
            said = json.loads(json.loads(blob[8 : 8 + size])["__metadata__"]["hitherto_streams"])
            blobs = {name: bytes(found["data"]) for name, found in deserialize(blob)}  # type: ignore[no-untyped-call]
            first, *others = [blobs[str(i)] for i in range(len(said["names"]) + 1)]
            waiting = {str(name): [dict(row) for row in rows] for name, rows in said["waiting"].items()}
            sound = said["version"] == 1 and all(
                set(self.source.reads) <= row.keys() for rows in waiting.values() for row in rows
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, SafetensorError) as error:
            raise DataError(
                f"the saved streams cannot be read: {error}. Give the bytes that save() gave."
            ) from error
        if not sound:
            raise DataError(
                "the saved streams are of a newer version, or of other columns; give what save() gave."
            )
        self.live.load(first)
        self.streams = {
            str(name): type(self.live)(self.live.model).load(own)
            for name, own in zip(said["names"], others, strict=True)
        }
        self.waiting = waiting
