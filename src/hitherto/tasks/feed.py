"""From rows and lines to live streams, in the formats that training reads.

A row is an input of its own, with the answer of `predict`; or, of series and of sequences whose rows have an id, a step
of the series or sequence that it belongs to. Each of these has a stream of its own: `Feed` finds it.
"""

import json
import re

import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save as to_bytes

from hitherto.data import Table
from hitherto.data.lines import STDIN
from hitherto.errors import DataError, UsageError, nearest
from hitherto.tasks.base import AnySource, Options, Row, Value
from hitherto.tasks.columns import column_name, column_names, marks_of
from hitherto.tasks.streams import Stream

__all__ = ["Feed"]


class Feed:
    """Lines for `live`, and for the streams beside it that tables of many series need.

    `reading` names the columns where they differ from those of training.
    """

    def __init__(self, live: Stream, source: AnySource, reading: Options) -> None:
        self.live, self.source, self.reading = live, source, dict(reading)
        self.streams: dict[str, Stream] = {}  # of each series that has a name
        self.waiting: dict[str, list[Row]] = {}  # rows whose steps wait for what is known of those after them
        self.data = source.spec.data
        self.marks = live.marks = marks_of(self.data)
        self.series = source.foresees
        self.outputs = column_names(None, self.data.output) if self.series else []
        self.id, self.time = column_name(None, self.data.id), column_name(None, self.data.time)
        if self.data.id is not None and not live.numbers:
            raise UsageError("rows of one id are a stream only of numbers; predict reads all of them.")

    def take(self, number: int, line: str | Row) -> list[Row]:
        """The rows that a line, or a row that begins there, makes final."""
        row = self._cells(line) if isinstance(line, str) else line
        if isinstance(row, str):
            return self.live.line(row)
        if self.series and set(self.source.reads) <= row.keys():
            return self._step(row)
        if self.live.numbers and not set(self.source.reads) <= row.keys():
            return self._observed(row)
        if self.id is not None:
            return self._part(row, self.id)
        return self.live.row(Table(list(row), lambda: iter([(number, dict(row))]), path=STDIN), self.reading)

    def finish(self) -> list[Row]:
        """The end of the lines: the rest of the answers."""
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
            self.streams[name] = self._fresh()
        return self.streams[name]

    def _fresh(self) -> Stream:
        """A stream that has read nothing."""
        live = type(self.live)(self.live.model)
        live.marks = self.marks
        return live

    # ---- rows that are steps

    def _step(self, row: Row) -> list[Row]:
        name = "" if self.id is None else str(row[self.id])
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
        time = None if self.time is None else row[self.time]
        static = [row[c] for c in column_names(None, data.static)] or None
        known = None
        if data.known:
            ahead = [[r[c] for c in column_names(None, data.known)] for r in after[: data.horizon or 1]]
            known = ahead + [[None] * len(data.known)] * ((data.horizon or 1) - len(ahead))
        apart = [(f"{name}/{c}" if name else c, [c]) for c in self.outputs] if data.independent else []
        rows: list[Row] = []
        for series, columns in apart or [(name, self.outputs)]:
            values = [self._number(row, c) for c in columns]
            rows += self._observe(series, values, time, known, static)
        return rows

    def _observe(self, series: str, values: Value, time: Value, known: Value, static: Value) -> list[Row]:
        rows = self._of(series).observe(values, time, known, static)
        return [{"unique_id": series, **row} for row in rows] if series else rows

    def _number(self, row: Row, column: str) -> float:
        try:
            return self.marks.number(row[column])
        except ValueError as error:
            raise DataError(str(error), column=column) from error

    def _present(self, row: Row) -> bool:
        return not all(np.isnan(self._number(row, c)) for c in self.outputs)

    def _observed(self, row: Row) -> list[Row]:
        """An object with the names that forecasts have everywhere, y, ds and unique_id."""
        if "y" not in row or not self.series:
            wanted = [*self.source.reads, *(["y"] if self.series and "y" not in self.source.reads else [])]
            lacking = next(name for name in wanted if name not in row)
            raise DataError(
                f"expected an object with {', '.join(map(repr, self.source.reads))}, but there is no {lacking!r} among "
                f"{', '.join(map(repr, row))}.{nearest(lacking, row)}"
            )
        name = "" if row.get("unique_id") is None else str(row["unique_id"])
        if self.data.id is not None and not name:
            raise DataError(f"expected {self.data.id!r} or 'unique_id', which says whose observation it is")
        values = row["y"] if isinstance(row["y"], list) else [row["y"]]
        parts = [(name, row["y"])]
        if self.data.independent:
            if len(values) != len(self.outputs):
                raise DataError(f"expected {len(self.outputs)} numbers under 'y', but got {len(values)}")
            parts = [(f"{name}/{c}" if name else c, v) for c, v in zip(self.outputs, values, strict=True)]
        rows: list[Row] = []
        for series, value in parts:
            rows += self._observe(series, value, row.get("ds"), row.get("known"), row.get("static"))
        return rows

    def _part(self, row: Row, name_of: str) -> list[Row]:
        """A step of the sequence that the column `name_of` names: the label so far."""
        name = str(row[name_of])
        stream = self._of(name)
        stream.push([self._number(row, c) for c in column_names(None, self.data.input)])
        return [{name_of: name, **stream.peek()}]

    # ---- keeping

    def save(self) -> bytes:
        """The state as bytes: that of the one stream, or of all of them."""
        if not self.streams and not self.waiting:
            return self.live.save()
        names = list(self.streams)
        blobs = [self.live.save(), *(self.streams[name].save() for name in names)]
        about = {"version": 1, "names": names, "waiting": self.waiting}
        return to_bytes(
            {str(i): np.frombuffer(blob, np.uint8) for i, blob in enumerate(blobs)},
            metadata={"hitherto_streams": json.dumps(about)},
        )

    def load(self, blob: bytes) -> None:
        """Continue from what `save` gave."""
        size = int.from_bytes(blob[:8], "little")
        if b"hitherto_streams" not in blob[8 : 8 + size]:
            self.live.load(blob)
            return
        try:
            about = json.loads(json.loads(blob[8 : 8 + size])["__metadata__"]["hitherto_streams"])
            blobs = {name: bytes(part["data"]) for name, part in deserialize(blob)}  # type: ignore[no-untyped-call]
            first, *others = [blobs[str(i)] for i in range(len(about["names"]) + 1)]
            waiting = {str(name): [dict(row) for row in rows] for name, rows in about["waiting"].items()}
            sound = about["version"] == 1 and all(
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
            str(name): self._fresh().load(part) for name, part in zip(about["names"], others, strict=True)
        }
        self.waiting = waiting
