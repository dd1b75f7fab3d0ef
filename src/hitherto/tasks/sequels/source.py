"""The next step of a sequence of vectors, given all before it: music by `compose`, a pen's moves by `handwrite`.

A step of zeros comes before each sequence, so that its first step can be learned and drawn. An evaluation does not
score that step: nothing predicts it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.codecs.notes import NotesCodec
from hitherto.codecs.strokes import StrokesCodec
from hitherto.codecs.text import TextCodec
from hitherto.data import Table
from hitherto.errors import DataError, UsageError
from hitherto.metrics import METRICS
from hitherto.plan import Input
from hitherto.spec import ModelSpec, Spec, TrainSpec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Arrays, Batch, Generates, Item, Options, Results, Row, Share, Source, Value
from hitherto.tasks.batching import (
    batches,
    by_length,
    digest_of,
    in_steps,
    length_of_training,
    pad,
    share_rows,
)
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

__all__ = ["WAYS", "SequelExamples", "Sequels", "Way"]


@dataclass(frozen=True, slots=True)
class Way:
    """What the tasks of this family differ in."""

    columns: tuple[str, ...]  # what is written, where no column is named: the surest first
    texts: tuple[str, ...] = ()  # the text that it follows, likewise
    music: bool = False  # a step is keys that sound at once, in a range; otherwise a pen's move
    codec: Mapping[str, object] = field(default_factory=dict)  # options of the codec of steps
    sample: int = 64  # steps of a sample that a training notes


WAYS: dict[str, Way] = {
    "compose": Way(("notes", "roll", "midi", "file", "value"), music=True),
    "handwrite": Way(
        ("strokes", "drawing", "ink", "pen", "file", "value"),
        texts=("text", "word", "label", "input"),
        codec={"writing": True},
        sample=400,  # a text takes many points of a pen
    ),
}


@dataclass(slots=True)
class SequelExamples:
    """Encoded rows: the steps of each, and the tokens of its text where it has one."""

    y: list[Array]  # [T, F]
    source: list[Array] | None
    texts: list[str]
    picked: Array  # row number in the table of each example
    raw: list[Array | None]  # what augmentation changes of each

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
    codecs: dict[str, Codec]
    notes: list[str] = field(default_factory=list)

    answers = "nll"
    continues = True
    unnamed = "csv"

    def sampler(self, valid: SequelExamples | None) -> Callable[[Generates], Row]:
        """A sequel of every model, drawn with the same seed; one that says something says the first text."""
        text = None if valid is None else next((str(text) for text in valid.texts), None)
        steps = self.way.sample

        def sample(model: Generates) -> Row:
            return {"sample": model.generate(text, seed=1, steps=steps), "text": text}

        return sample

    @property
    def reads(self) -> list[str]:
        return column_names(None, self.spec.data.input if self.says else self.spec.data.output)

    def examples(self) -> tuple[list[Value], list[Value]]:
        if self.way.texts and not self.says:  # it draws, and is told nothing
            return [], []
        return super().examples()

    @property
    def way(self) -> Way:
        """What its task differs in."""
        return WAYS[self.spec.task]

    @property
    def steps(self) -> Codec:
        """The codec of what is written."""
        return self.codecs["steps"]

    @property
    def says(self) -> bool:
        """Whether what is written follows from a text."""
        return "text" in self.codecs

    @property
    def text(self) -> TextCodec:
        """The codec of that text."""
        return self.codec_of("text", TextCodec)

    @property
    def music(self) -> NotesCodec:
        """The codec of steps that are keys."""
        return self.codec_of("steps", NotesCodec)

    @property
    def pen(self) -> StrokesCodec:
        """The codec of steps that are a pen's moves."""
        return self.codec_of("steps", StrokesCodec)

    # ---- fitting

    @classmethod
    def prepare(
        cls, spec: Spec, data: object, valid: object, extras: Options
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
        kind, way = TASKS[spec.task].output, WAYS[spec.task]
        known = {c.lower(): c for c in table.columns}
        written, texts = column_names(table, data.output), column_names(table, data.input)
        if len(written) > 1 or len(texts) > 1:
            raise UsageError("what is written, and what it says, stand in one column each; name one.")
        if not written:
            written = [known[name] for name in way.columns if name in known][:1]
            if not written and len(table.columns) == 1:
                written = list(table.columns)
            if not written:
                raise untold(table, f"holds the {kind}", "output")
            notes.append(f"{kind} are taken from {listed(written)}; --output says otherwise")
        if not texts:
            texts = [known[name] for name in way.texts if name in known and known[name] not in written][:1]
            if texts:
                notes.append(f"what they say is taken from {listed(texts)}; --input says otherwise")
        _used(spec, bool(texts))
        return spec.replace(output=written[0], input=texts[0] if texts else None), notes

    def _fit(self, table: Table, rows: Array | None, extras: Options) -> None:
        """The codecs, from these rows of the table."""
        codecs = extras.pop("codecs", None)
        if codecs:
            self.codecs = dict(codecs)
            return
        chosen = None if rows is None else set(rows.tolist())
        data = self.spec.data

        def column(name: str) -> Iterator[tuple[int, object]]:
            return ((i, row[name]) for i, row in enumerate(table) if chosen is None or i in chosen)

        kind, options = TASKS[self.spec.task].output, self.way.codec
        (output,), inputs = column_names(table, data.output), column_names(table, data.input)
        self.codecs["steps"] = codec = fitted(kind, table, output, column(output), data, **options)
        self.notes += codec.notes
        for name in inputs:
            vocabulary: Options = {"tokens": data.tokens or "chars", "end": True, **extras, **data.vocabulary}
            texts = (said(table, i, v, name) for i, v in column(name))
            self.codecs["text"] = text = TextCodec.fit(texts, **vocabulary)
            self.notes += text.notes

    def load(self, data: object, *, labelled: bool = True) -> SequelExamples:
        """Encode a user's data: a path, a frame, rows or plain values."""
        del labelled  # the steps are both the input and the right answer
        return self.read(load(self.spec, data))

    def read(self, table: Table) -> SequelExamples:
        """Encode every row; an error names its place."""
        data = self.spec.data
        output = table.columns[0] if len(table.columns) == 1 else column_names(table, data.output)[0]
        y, source, texts, raw = [], [], [], []
        for i, row in enumerate(table):
            with opened(table, i, output):
                array, changes = encoded(self.steps, table.place(row[output]), data)
            y.append(array)
            raw.append(changes)
            if not len(array):
                raise table.error(i, output, "it has no steps")
            if self.says:
                column = column_names(table, data.input)[0]
                texts.append(said(table, i, row[column], column))
                with opened(table, i, str(data.input)):
                    source.append(self.ids(texts[-1]))
        if not y:
            raise DataError("the data holds no rows", path=self.spec.data.path)
        return SequelExamples(y, source if self.says else None, texts, np.arange(len(y)), raw)

    def ids(self, text: str) -> Array:
        """The tokens of a text to write, and its end, by which a pen sees where to stop."""
        codec = self.text
        assert codec.end_id is not None  # noqa: S101 - fitted with an end
        return np.append(codec.encode(text), codec.end_id).astype(np.int64)

    # ---- the plan

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Which codecs there are, and of what kinds each may be."""
        task = TASKS[self.spec.task]
        text: dict[str, tuple[str, ...]] = {"text": ("text",)} if self.says and self.way.texts else {}
        return {"steps": (task.output,)} | text

    def inputs(self) -> dict[str, Input]:
        data = self.spec.data
        if not column_names(None, data.output) or (self.says and not column_names(None, data.input)):
            raise UsageError("it does not say which columns it learned from.")
        if self.says and self.text.end_id is None:
            raise UsageError("a text that is written has an end, but its codec has no token for it.")
        x: Input = {"kind": "vectors", "size": int(self.steps.size)}
        return {"source": {"kind": "ids", "size": int(self.text.size)}, "x": x} if self.says else {"x": x}

    def head(self) -> tuple[str, Options]:
        kind, model = self.spec.model.head or TASKS[self.spec.task].heads[0], self.spec.model
        keys: Options = {"labels": int(self.steps.size)}
        options: dict[str, Options] = {
            "mixture": {"components": model.mixtures, "ends": True},
            "chain": keys | {"hidden": model.chain},
        }
        return kind, options.get(kind, keys)

    @property
    def answer_names(self) -> list[str]:
        return self.steps.names

    def choose(self, examples: SequelExamples) -> tuple[Options, list[str]]:
        """Sizes by the amount of data."""
        count, lengths = len(examples), np.array([len(y) for y in examples.y])
        small = int(lengths.sum()) < 50_000
        options: Options = {
            "hidden_size": 256 if small else 512,
            "num_layers": 2 if self.says else 1,
            "embedding_size": 32 if self.says else None,
            "dropout": 0.5 if small and not self.says else 0.2,
            "batch_size": 16 if count < 2000 else 64,
            "lr": 2e-3,
            "schedule": "one-cycle",
            "clip": 1.0,
        }
        options |= length_of_training(
            self.spec.train,
            count,
            options["batch_size"],
            updates=1500,
            epochs=10,
            steps=float(lengths.mean()),
        )
        note = f"{count:,} sequences of {in_steps(lengths)}"
        return options, [note]

    def digest(self, examples: SequelExamples) -> str:
        return digest_of([*examples.y, *(examples.source or [])])

    # ---- batches

    def schedule(self, examples: SequelExamples, train: TrainSpec, epoch: int) -> list[Item]:
        lengths = np.array([len(y) for y in examples.y], np.int64)
        return [(rows, epoch) for rows in batches(lengths, train, epoch)]

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
        targets: Arrays = {"y": pad([self.answers_of(y) for y in ys])[0].reshape(T * B, -1)[at]}
        batch = Batch({"x": x}, lengths, targets, at, rows=rows)
        if examples.source is not None:
            ids = [examples.source[max(r, 0)] for r in rows]
            batch.inputs["source"], batch.source_lengths = pad(ids)
        return batch

    def answers_of(self, y: Array) -> Array:
        """The right answer of the head at each step; where the head says it, also which step is the last."""
        if not self.head()[1].get("ends"):
            return y
        last = np.zeros((len(y), 1), y.dtype)
        last[-1:] = 1
        return np.concatenate([y, last], 1)

    def evaluation(self, examples: SequelExamples, rows: int = 32) -> Iterator[Batch]:
        """Batches of alike lengths, as they are."""
        for some in by_length([len(y) for y in examples.y], rows):
            yield self.batch(examples, (some, -1))

    # ---- answers

    def measure(self, examples: SequelExamples, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        """The loss of each step but the first, all of its numbers together."""
        del examples
        total, count = 0.0, 0
        for _batch, nll in outputs:
            total, count = total + float(nll.sum(dtype=np.float64)), count + len(nll)
        if not count:
            raise UsageError("to measure there must be a sequence of two steps at least.")
        return self.measured(total, count)

    def measured(self, nll: float, count: int) -> Results:
        """Metrics of so many steps with this sum of minus log-probabilities."""
        arrays = {"nll": nll, "tokens": count}
        return Results(
            {name: float(METRICS[name].compute(**arrays)) for name in TASKS[self.spec.task].metrics}, arrays
        )


def _used(spec: Spec, says: bool) -> None:
    """A UsageError where an option has no use."""
    model, plain = spec.model, ModelSpec()
    if (spec.model.head or TASKS[spec.task].heads[0]) != "chain" and model.chain != plain.chain:
        raise UsageError("chain is of the head chain; leave it out, or say head = chain.")
    if says or not WAYS[spec.task].texts:
        return
    data = spec.data
    asked = {
        "tokens": data.tokens is not None,
        "vocab_size": data.vocab_size is not None,
        "min_count": data.min_count is not None,
        "lower": bool(data.lower),
        "embedding_size": model.embedding_size != plain.embedding_size,
        "components": model.components != plain.components,
        "input_feeding": model.input_feeding != plain.input_feeding,
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise UsageError(
                f"{name} is of the text that is written, and there is no column of texts. Say --input."
            )
