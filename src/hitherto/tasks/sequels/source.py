"""What comes next in a sequence of vectors, given all before it: music by `compose`, a pen's moves by `handwrite`.

A sequence begins after a step of zeros, so that its own first step can be learned and drawn. That step is not scored
where one only measures: nothing was there to tell it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.text import TextCodec
from hitherto.data import Table
from hitherto.errors import DataError, UsageError
from hitherto.metrics import METRICS
from hitherto.spec import ModelSpec, Spec, TrainSpec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Arrays, Batch, Item, Results, Share, Source
from hitherto.tasks.batching import batches, by_length, digest_of, pad, share_rows
from hitherto.tasks.columns import (
    changed,
    column_names,
    encoded,
    fitted,
    listed,
    load,
    opened,
    said,
    set_aside,
    untold,
)

__all__ = ["SequelExamples", "Sequels"]

# Columns that are taken where none is named, the surest first.
_COLUMNS = {
    "notes": ("notes", "roll", "midi", "file", "value"),
    "strokes": ("strokes", "drawing", "ink", "pen", "file", "value"),
}
_TEXTS = ("text", "word", "label", "input")


@dataclass(slots=True)
class SequelExamples:
    """Encoded rows: the steps of each, and the tokens of what it says where it says something."""

    y: list[Array]  # [T, F]
    source: list[Array] | None
    texts: list[str]
    picked: Array  # row number in the table of each example
    raw: list[Any]  # what is changed of each in training, where it is

    def __len__(self) -> int:
        return len(self.y)

    def part(self, indices: Array) -> "SequelExamples":
        source = None if self.source is None else [self.source[i] for i in indices]
        texts = [self.texts[i] for i in indices] if self.texts else []
        raw = [self.raw[i] for i in indices]
        return SequelExamples([self.y[i] for i in indices], source, texts, self.picked[indices], raw)


@dataclass
class Sequels(Source[SequelExamples]):
    """Sequences of vectors, with a text each or without."""

    spec: Spec
    codecs: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    answers = "nll"
    continues = True
    unnamed = "csv"

    @property
    def reads(self) -> list[str]:
        return column_names(None, self.spec.data.input if self.says else self.spec.data.output)

    @property
    def steps(self) -> Any:
        """The codec of what is written."""
        return self.codecs["steps"]

    @property
    def says(self) -> bool:
        """Whether what is written says a text."""
        return "text" in self.codecs

    # ---- fitting

    @classmethod
    def prepare(
        cls, spec: Spec, data: Any, valid: Any, extras: dict[str, Any]
    ) -> "tuple[Sequels, SequelExamples, SequelExamples | None]":
        """Fit on the training part alone, and encode both parts."""
        table = load(spec, data)
        spec, notes = cls.columns(spec, table)
        self = cls(spec, {}, notes)
        first, second = (None, None) if valid is not None else set_aside(spec, table)
        self._fit(table, first, extras)
        examples = self.read(table)
        if first is None or second is None:
            return self, examples, self.load(valid)
        return self, examples.part(first), examples.part(second) if len(second) else None

    @staticmethod
    def columns(spec: Spec, table: Table) -> tuple[Spec, list[str]]:
        """The spec with its columns found in the table, and what was guessed."""
        data, notes = spec.data, list(table.notes)
        kind = TASKS[spec.task].output
        known = {c.lower(): c for c in table.columns}
        written, told = column_names(table, data.output), column_names(table, data.input)
        if len(written) > 1 or len(told) > 1:
            raise UsageError("what is written, and what it says, stand in one column each; name one.")
        if not written:
            written = [known[name] for name in _COLUMNS[kind] if name in known][:1]
            if not written and len(table.columns) == 1:
                written = list(table.columns)
            if not written:
                raise untold(table, f"holds the {kind}", "output")
            notes.append(f"{kind} are taken from {listed(written)}; --output says otherwise")
        if not told and "input" in TASKS[spec.task].options:
            told = [known[name] for name in _TEXTS if name in known and known[name] not in written][:1]
            if told:
                notes.append(f"what they say is taken from {listed(told)}; --input says otherwise")
        _used(spec, bool(told))
        return spec.replace(output=written[0], input=told[0] if told else None), notes

    def _fit(self, table: Table, rows: Array | None, extras: dict[str, Any]) -> None:
        """The codecs, from these rows of the table."""
        chosen = None if rows is None else set(rows.tolist())
        data = self.spec.data

        def column(name: Any) -> Iterator[tuple[int, Any]]:
            return ((i, row[name]) for i, row in enumerate(table) if chosen is None or i in chosen)

        kind = TASKS[self.spec.task].output
        way = {"writing": True} if kind == "strokes" else {}
        self.codecs["steps"] = codec = fitted(kind, table, data.output, column(data.output), data, **way)
        self.notes += codec.notes
        if data.input is not None:
            options = {"tokens": data.tokens or "chars", "end": True, **extras, **data.vocabulary}
            texts = (said(table, i, v, data.input) for i, v in column(data.input))
            self.codecs["text"] = text = TextCodec.fit(texts, **options)
            self.notes += text.notes

    def load(self, data: Any, *, labelled: bool = True) -> SequelExamples:
        """Encode what a person gives: a path, a frame, rows or plain values."""
        del labelled  # what is written is all there is to learn from and to measure
        return self.read(load(self.spec, data))

    def read(self, table: Table) -> SequelExamples:
        """Encode every row; an error names its place."""
        data = self.spec.data
        output = table.columns[0] if len(table.columns) == 1 else column_names(table, data.output)[0]
        y, source, texts, raw = [], [], [], []
        for i, row in enumerate(table):
            with opened(table, i, output):
                one, changes = encoded(self.steps, table.place(row[output]), data)
            y.append(one)
            raw.append(changes)
            if not len(one):
                raise table.error(i, output, "it has no steps")
            if self.says:
                column = column_names(table, data.input)[0]
                texts.append(said(table, i, row[column], column))
                with opened(table, i, str(data.input)):
                    source.append(self.told(texts[-1]))
        if not y:
            raise DataError("the data holds no rows", path=self.spec.data.path)
        return SequelExamples(y, source if self.says else None, texts, np.arange(len(y)), raw)

    def told(self, text: str) -> Array:
        """The tokens of a text that is to be written, and its end: without it a pen cannot see where to stop."""
        codec: TextCodec = self.codecs["text"]
        assert codec.end_id is not None  # noqa: S101 - fitted with an end
        return np.append(codec.encode(text), codec.end_id).astype(np.int64)

    # ---- the plan

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Which codecs there are, and of what kinds each may be."""
        task = TASKS[self.spec.task]
        told: dict[str, tuple[str, ...]] = {"text": ("text",)} if self.says and "text" in task.inputs else {}
        return {"steps": (task.output,)} | told

    def inputs(self) -> dict[str, Any]:
        data = self.spec.data
        if not column_names(None, data.output) or (self.says and not column_names(None, data.input)):
            raise UsageError("it does not say which columns it learned from.")
        if self.says and self.codecs["text"].end_id is None:
            raise UsageError("a text that is written has an end, but its codec has no token for it.")
        x = {"x": {"kind": "vectors", "size": int(self.steps.size)}}
        return {"source": {"kind": "ids", "size": int(self.codecs["text"].size)}, **x} if self.says else x

    def head(self) -> tuple[str, dict[str, Any]]:
        kind = self.spec.model.head or TASKS[self.spec.task].heads[0]
        size = int(self.steps.size)
        if kind == "mixture":
            return kind, {"components": self.spec.model.mixtures, "ends": True}
        return kind, {"labels": size} | ({"hidden": self.spec.model.chain} if kind == "chain" else {})

    def choose(self, examples: SequelExamples) -> tuple[dict[str, Any], list[str]]:
        """Sizes by how much there is to learn from."""
        count, lengths = len(examples), np.array([len(y) for y in examples.y])
        small = int(lengths.sum()) < 50_000
        options: dict[str, Any] = {
            "hidden_size": 256 if small else 512,
            "num_layers": 2 if self.says else 1,
            "embedding_size": 32 if self.says else None,
            "dropout": 0.5 if small and not self.says else 0.2,
            "batch_size": 16 if count < 2000 else 64,
            "epochs": int(np.clip(20_000 // max(1, count), 10, 150)),
            "lr": 2e-3,
            "schedule": "one-cycle",
            "clip": 1.0,
        }
        said = f"{count:,} sequences of {int(np.median(lengths)):,} steps (median; the longest {lengths.max():,})"
        return options, [said]

    def digest(self, examples: SequelExamples) -> str:
        return digest_of([*examples.y, *(examples.source or [])])

    # ---- batches

    def schedule(self, examples: SequelExamples, train: TrainSpec, epoch: int) -> list[Item]:
        lengths = np.array([len(y) for y in examples.y], np.int64)
        return [(own, epoch) for own in batches(lengths, train, epoch)]

    def batch(self, examples: SequelExamples, item: Item, share: Share = (0, 1)) -> Batch:
        """Each step from those before it; in training they may come changed."""
        rows, epoch = share_rows(item[0], share), item[1]
        ys = changed(self.steps, examples.y, examples.raw, rows, self.spec.data, self.spec.train.seed, epoch)
        ys = [y if len(y) else examples.y[0][:1] for y in ys]  # a row that only fills a share takes a step
        x, lengths = pad([np.concatenate([np.zeros_like(y[:1]), y[:-1]]) for y in ys])
        T, B = x.shape[:2]
        inside = np.arange(T)[:, None] < (rows >= 0) * (np.full(B, T) if lengths is None else lengths)
        if epoch < 0:
            inside[0] = False
        at = np.flatnonzero(inside)
        targets: Arrays = {"y": pad([self._answers(y) for y in ys])[0].reshape(T * B, -1)[at]}
        batch = Batch({"x": x}, lengths, targets, at, rows=rows)
        if examples.source is not None:
            ids = [examples.source[max(r, 0)] for r in rows]
            batch.inputs["source"], batch.source_lengths = pad(ids)
        return batch

    def _answers(self, y: Array) -> Array:
        """What the head is to say at each step; of pens also where the last point is."""
        if self.head()[0] != "mixture":
            return y
        last = np.zeros((len(y), 1), y.dtype)
        last[-1:] = 1
        return np.concatenate([y, last], 1)

    def evaluation(self, examples: SequelExamples, rows: int = 32) -> Iterator[Batch]:
        """Batches of alike lengths, as they are."""
        for own in by_length([len(y) for y in examples.y], rows):
            yield self.batch(examples, (own, -1))

    # ---- answers

    def measure(self, examples: SequelExamples, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        """What the model thinks of each step but the first, all of its numbers together."""
        del examples
        total, count = 0.0, 0
        for _batch, nll in outputs:
            total, count = total + float(nll.sum(dtype=np.float64)), count + len(nll)
        if not count:
            raise UsageError("to measure there must be a sequence of two steps at least.")
        arrays = {"nll": total, "tokens": count}
        return Results(
            {name: float(METRICS[name].compute(**arrays)) for name in TASKS[self.spec.task].metrics}, arrays
        )


def _used(spec: Spec, says: bool) -> None:
    """An error where something was asked for that nothing here has."""
    model, plain = spec.model, ModelSpec()
    if (spec.model.head or TASKS[spec.task].heads[0]) != "chain" and model.chain != plain.chain:
        raise UsageError("chain is of the head chain; leave it out, or say head = chain.")
    if says or spec.task != "handwrite":
        return
    texts = ("tokens", "vocab_size", "min_count", "lower")
    given = [name for name in texts if getattr(spec.data, name) not in (None, False)]
    given += [
        n for n in ("embedding_size", "components", "input_feeding") if getattr(model, n) != getattr(plain, n)
    ]
    if given:
        raise UsageError(
            f"{given[0]} is of the text that is written, and there is no column of texts. Say --input."
        )
