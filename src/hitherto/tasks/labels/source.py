"""An input and an output in each row of a table: the data of `classify` and `tag`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs import CODECS, kind_of
from hitherto.codecs.base import Codec
from hitherto.codecs.label import LabelCodec
from hitherto.codecs.series import SeriesCodec
from hitherto.codecs.spelled import SpelledCodec
from hitherto.codecs.text import TextCodec
from hitherto.data import Table
from hitherto.data.marks import absent
from hitherto.errors import DataError, UsageError
from hitherto.plan import Input, Plan
from hitherto.progress import doing
from hitherto.spec import DataSpec, Spec, TrainSpec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Arrays, Batch, Options, Results, Row, Share, Source, Value
from hitherto.tasks.batching import (
    batches,
    by_length,
    chance,
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
    load,
    opened,
    placed,
    unseen,
    used,
)
from hitherto.tasks.labels import heads
from hitherto.tasks.labels.branches import beside_layers, branched, choices, columns_of, first_weights
from hitherto.tasks.labels.columns import (
    alone,
    are_numbers,
    array_of,
    at_least,
    columns,
    expect_one_kind,
    in_columns,
    is_numeric,
    items,
    label_column,
    parted,
    values,
)
from hitherto.tasks.labels.examples import PairExamples
from hitherto.tasks.labels.scores import scored, tagged
from hitherto.tasks.labels.words import Rows, expect_texts, fit_texts, table_of, width_of

__all__ = ["PairExamples", "Pairs"]

SAMPLES = 200  # inputs that tell numbers from texts

# Rows; their first step and the one to stop at; whether more of their steps follow; and the epoch.
Item = tuple[Array, int, int | None, bool, int]
# The row number, input and label of each example of the training part.
Training = Callable[[], Iterator[tuple[int, Value, Value]]]


@dataclass
class Pairs(Source[PairExamples]):
    """An input and an output in each row: `classify`, `tag`."""

    spec: Spec
    codecs: dict[str, Codec]
    notes: list[str] = field(default_factory=list)
    begins: Rows | None = None  # the rows of its embedding that a file of vectors has

    answers = "params"
    unnamed = "csv"

    @property
    def reads(self) -> list[str]:
        data = self.spec.data
        order = () if data.id is None else (data.id, *(() if data.time is None else (data.time,)))
        return column_names(None, order) + column_names(None, data.input)

    @property
    def per_step(self) -> bool:
        """Whether every step has a label."""
        return TASKS[self.spec.task].form == "many_to_many"

    @property
    def reads_sentences(self) -> bool:
        return self.per_step

    @property
    def labels(self) -> LabelCodec:
        return self.codec_of("output", LabelCodec)

    def find_columns(self, spec: Spec, table: Table) -> tuple[Spec, list[str]]:
        """The spec with its columns found in the table, and what was guessed."""
        return columns(spec, table, self.per_step)

    @classmethod
    def fit(
        cls, spec: Spec, table: Table, rows: Array | None = None, extras: Options | None = None
    ) -> "Pairs":
        """Fit the codecs on these rows of the table: all of them, or the training part."""
        spec, notes = cls(spec, {}).find_columns(spec, table)
        self = cls(spec, {}, notes)
        chosen = None if rows is None else set(rows.tolist())

        def training() -> Iterator[tuple[int, Value, Value]]:
            for n, (i, x, y) in enumerate(values(self.spec.data, table, labelled=True)):
                if chosen is None or n in chosen:
                    yield i, x, y

        extras = dict(extras or {})
        kept: dict[str, Codec] = extras.pop("codecs", {})
        self.codecs["output"] = self._fit_output(table, training, kept.get("output"))
        with doing("finding the tokens of"):
            self.codecs["input"] = kept.get("input") or self._fit_input(table, training, extras)
        for codec in self.codecs.values():
            notes += codec.notes
        return self

    @classmethod
    def prepare(
        cls, spec: Spec, data: object, valid: object, extras: Options
    ) -> "tuple[Pairs, PairExamples, PairExamples | None]":
        """Fit on the training part alone, and encode both parts."""
        unfitted = cls(spec, {})
        table = unfitted._table(data)
        if valid is not None:
            self = cls.fit(spec, table, None, extras)
            return self, self.read(table), self.read(unfitted._table(valid))
        spec, notes = unfitted.find_columns(spec, table)
        first, second = parted(spec, table, strata=cls(spec, {}).strata)
        self = cls.fit(spec, table, first, extras)
        self.notes = notes + self.notes
        examples = self.read(table)
        return self, examples.part(first), examples.part(second) if len(second) else None

    def load(self, data: object, *, labelled: bool = True) -> PairExamples:
        """Encode a user's data: a path, a frame, rows or plain values."""
        table = self._table(data)
        several = self.vectors and len(self.input_columns) > 1
        if table.columns == ["value"] and not several and not labelled:
            plain = self.spec.replace(input="value", id=None)
            return type(self)(plain, self.codecs).read(table, labelled=False)
        return self.read(table, labelled)

    def examples(self) -> tuple[list[Value], list[Value]]:
        return in_columns(self.spec.data, self.numeric, *super().examples())

    def _table(self, data: object) -> Table:
        return load(self.spec, data, sentences=self.reads_sentences)

    @property
    def input_columns(self) -> list[str]:
        return column_names(None, self.spec.data.input)

    @property
    def single(self) -> bool:
        """Whether an input is one step: a whole image, or numbers of several columns."""
        if self.numeric:
            return self.spec.data.id is None and len(self.input_columns) > 1
        return self.codecs["input"].reads == "whole"

    @property
    def numeric(self) -> bool:
        """Whether an input is numbers: a column each, or lists."""
        return isinstance(self.codecs.get("input"), SeriesCodec)

    @property
    def vectors(self) -> bool:
        """Whether an input is no text."""
        return not self.codecs["input"].reads_text

    def _fit_output(self, table: Table, training: Training, kept: Codec | None) -> Codec:
        data = self.spec.data

        def labels() -> Iterator[Value]:
            for i, _, y in training():
                if absent(y):
                    raise table.error(i, label_column(data), "the label is missing; give one or drop the row")
                if self.per_step:
                    yield from items(y)
                else:
                    yield y

        codec = LabelCodec.fit(labels(), multi=data.multi, separator=data.separator)
        if isinstance(kept, LabelCodec):
            codec = kept.joined(codec)
        if len(codec.classes) < 2:
            raise DataError(
                f"there must be two labels at least, but the only one is {codec.classes[0]!r}"
                if codec.classes
                else "the data holds no rows to learn from",
                path=data.path,
            )
        if not data.multi and len(codec.classes) > 100 and 2 * len(codec.classes) > int(codec.counts.sum()):
            raise DataError(
                f"column {data.output!r} has {len(codec.classes)} different labels in {int(codec.counts.sum())} rows; "
                + (
                    "they are numbers, which regress learns: hitherto train regress."
                    if all(is_numeric(name, table.marks) for name in codec.classes)
                    else "it looks like text, not labels. Say another --output."
                ),
                path=data.path,
            )
        return codec

    def _fit_input(self, table: Table, training: Training, extras: Options) -> Codec:
        data = self.spec.data
        samples = [(row, x) for row, x, _ in islice(training(), SAMPLES)]
        row, sample = next((s for s in samples if not table.marks.missing(s[1])), samples[0])
        column = self.input_columns[0]
        with opened(table, row, column):
            kind = data.codec or kind_of(table.place(sample))
        words, numbers = TextCodec.kind, SeriesCodec.kind
        spelled = data.spelling if data.codec is None else kind == SpelledCodec.kind
        kind = words if spelled and data.codec is not None else kind
        numeric = data.tokens is None and kind != words and are_numbers([x for _, x in samples], table.marks)
        if data.id is not None and not numeric:
            self._numbers(table, row, sample)  # rows that are joined are numbers: this says what is wrong
        if kind == numbers and not numeric:
            raise UsageError(f"codec = series reads numbers, but the first input is {sample!r:.60}.")
        if kind == numbers or kind not in TASKS[self.spec.task].inputs:  # values of a table
            kind = numbers if numeric and not self.per_step else words
        used(kind, data, [name for name in CODECS if name not in (kind, LabelCodec.kind)])
        for name, value in (("embedding_size", self.spec.model.embedding_size), ("vectors", data.vectors)):
            if kind != words and value is not None:
                raise UsageError(f"{name} is of tokens, and the input is {kind}; leave it out.")
        if kind == numbers:
            return SeriesCodec.fit(
                (self._numbers(table, i, x) for i, x, _ in training()), scaling=data.scaling or "train"
            )
        if kind != words:
            return fitted(kind, table, column, ((i, x) for i, x, _ in training()), self._usual(kind))
        if data.codec is None and data.tokens is None:
            expect_one_kind(table, self.input_columns)
        options: Options = {"tokens": data.tokens or "words", "max_length": data.max_length}
        options |= extras | data.vocabulary
        many = 200 if spelled or not branched(self.spec) else 20_000  # a branch reads rare words too
        if options["tokens"] == "words" and at_least(many, (y for *_, y in training()), self.per_step):
            options.setdefault("min_count", 2)  # rarer words train the unknown one
        text_of = items if self.per_step else self._text
        try:
            codec, self.begins = fit_texts(
                data, (text_of(x) for _, x, _ in training()), options, spelled=bool(spelled)
            )
        except DataError:
            expect_texts(table, column, ((i, text_of(x)) for i, x, _ in training()))  # names the row
            raise
        return codec

    def first(self, plan: Plan) -> Arrays:
        return {} if self.begins is None else table_of(plan, self.begins, self.spec.train.seed)

    def _usual(self, kind: str) -> DataSpec:
        """The options of the data; those that models of labels usually have with such an input, where none is given."""
        chosen = {n: value for n, value in CODECS[kind].usual.items() if self.spec.values()[n] is None}
        if chosen:
            self.spec = self.spec.replace(**chosen)
            listed = ", ".join(f"{name} {value:g}" for name, value in chosen.items())
            self.notes.append(
                f"options of {kind} for labels: {listed}; --augment 0 leaves examples as they are"
            )
        return self.spec.data

    def _text(self, value: Value) -> Value:
        several = isinstance(value, list) and len(self.input_columns) > 1
        return " ".join(str(v) for v in value if v is not None) if several else value

    def _numbers(self, table: Table, i: int, value: Value) -> Array:
        return array_of(self.spec.data, table, i, value)

    def read(self, table: Table, labelled: bool = True) -> PairExamples:
        """Encode every row; an error names its place."""
        x, y, picked, raw = [], [], [], []
        for i, value, label in values(self.spec.data, table, labelled):
            array, changes = self._encode(table, i, value, labelled)
            x.append(array)
            raw.append(changes)
            if labelled:
                y.append(self._label(table, i, label, len(x[-1])))
            picked.append(i)
        if not x:
            raise DataError("the data holds no rows", path=self.spec.data.path)
        return PairExamples(x, y if labelled else None, table, np.array(picked, np.int64), raw)

    def inputs_of(self, examples: PairExamples, some: Iterable[int]) -> list[Value]:
        """The inputs of these examples as the table has them: tokens, a text, a file with its folder."""
        table, numbers = examples.table, [int(examples.picked[i]) for i in some]
        asked = set(numbers)
        inputs = {n: x for n, x, _ in values(self.spec.data, table, labelled=False) if n in asked}
        if self.vectors:
            return [placed(self.codecs["input"], table, inputs[n]) for n in numbers]
        return [(items if self.per_step else self._text)(inputs[n]) for n in numbers]

    def _encode(self, table: Table, i: int, value: Value, labelled: bool) -> tuple[Array, Array | None]:
        """The array of an input, and what `augment` changes of it in training."""
        if self.numeric:
            value = self._numbers(table, i, value)
        elif self.vectors:
            value = placed(self.codecs["input"], table, value)
        else:
            value = items(value) if self.per_step else self._text(value)
        with opened(table, i, self.input_columns[0]):
            array, raw = encoded(self.codecs["input"], value, self.spec.data, labelled)
        if self.numeric:
            return array["x"], raw
        return array if array.ndim > 1 or len(array) else np.zeros(0, np.int32), raw

    def _label(self, table: Table, i: int, label: Value, length: int) -> Array:
        column = label_column(self.spec.data)
        codec = self.labels
        try:
            if not self.per_step:
                return codec.encode(label)
            y = codec.encode_sequence(items(label))
        except DataError as error:
            raise table.error(i, column, str(error)) from error
        cut = self.spec.data.max_length
        if cut is not None:
            y = y[:cut]
        if len(y) != length:
            raise table.error(i, column, f"{length} tokens need as many labels, but there are {len(y)}")
        return y

    @property
    def strata(self) -> bool:
        """Whether each label keeps its share where rows are set aside."""
        return not self.per_step and not self.spec.data.multi

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The kinds of codec that each name allows."""
        return {"input": TASKS[self.spec.task].inputs, "output": ("label",)}

    def inputs(self) -> dict[str, Input]:
        codec, data = self.codecs["input"], self.spec.data
        if not (column_names(None, data.input) and column_names(None, data.output)):
            raise UsageError("its spec does not name the columns of input and output.")
        if isinstance(codec, SeriesCodec) and codec.horizon:
            raise UsageError(
                f"{self.spec.task} reads a series as it is, but its codec looks {codec.horizon} steps ahead."
            )
        x: Input = {"kind": "ids" if isinstance(codec, TextCodec) else "vectors", "size": int(codec.size)}
        if isinstance(codec, SpelledCodec):
            x["spelled"] = list(codec.sizes)
        if codec.shape:
            x["shape"] = list(codec.shape)
        if self.single:
            x["single"] = True
        return {"x": x}

    def head(self) -> tuple[str, Options]:
        return heads.head_of(self.spec, self.labels)

    def rows(self) -> dict[str, tuple[str, Sequence[str]]]:
        """Tokens, and labels where the head has a row for each."""
        codec, names = self.codecs["input"], self.answer_names
        rows: dict[str, tuple[str, Sequence[str]]] = {}
        if isinstance(codec, TextCodec):
            rows["embed.weight"] = codec.kind, codec.vocabulary
        return rows | {name: (LabelCodec.kind, names) for name in ("head.weight", "head.bias") if names}

    def answer_columns(self) -> dict[str, tuple[str, Sequence[str]]]:
        """Labels, where a branch has a number for each."""
        return columns_of(self.spec, self.inputs()["x"], self.answer_names)

    @property
    def answer_names(self) -> list[str]:
        """What the numbers of the head stand for, where they have names; two classes may share one."""
        classes = self.labels.classes
        return classes if not self.apart or self.spec.data.multi else [" | ".join(classes)]

    @property
    def updates(self) -> int:
        """The fewest steps of training."""
        return 2000 + 50 * len(self.labels.classes)

    @property
    def apart(self) -> bool:
        """Whether the head gives each label a probability by itself."""
        return heads.apart(self.head()[0])

    def choose(self, examples: PairExamples) -> tuple[Options, list[str]]:
        """Sizes by how many examples there are."""
        count = len(examples)
        steps = np.array([len(x) for x in examples.x])
        rows = 16 if count < 1000 else 32 if count < 20_000 else 64
        small = count < 2000
        embedding = width_of(self.begins, self.spec.model.embedding_size)
        options: Options = {
            "hidden_size": 64 if small else 128,
            "num_layers": 1,
            "embedding_size": None if self.vectors else embedding or (64 if small else 128),
            "bidirectional": not self.single,
            "pool": "last" if steps.max() <= 1 else "max",
            "dropout": 0.2 if self.vectors else 0.5,
            "batch_size": rows,
            "lr": 2e-3,
            "schedule": "one-cycle",
            "clip": 1.0,
        }
        options |= length_of_training(
            self.spec.train, count, rows, updates=self.updates, epochs=8, steps=float(steps.mean())
        )
        if self.per_step:
            options |= {"dropout": 0.3, **heads.of_spans(self.spec, self.labels)}
            del options["pool"]
        elif branched(self.spec) is not None and not self.vectors:
            branch = choices(self.spec.model, self.inputs()["x"], steps, len(self.labels.classes))
            options |= {"embedding_dropout": 0.5, **branch}
        sizes = f"{count:,} examples of {in_steps(steps)}"
        return options, [
            sizes,
            *([] if self.single else alone(int(steps.max()), self.numeric, self.per_step)),
            *unseen(self.codecs["input"], self.spec.model),
        ]

    def fitted(self, plan: Plan, examples: PairExamples) -> Arrays:
        """Those of a branch beside the layers."""
        if self.per_step or not self.spec.model.skip or examples.y is None:
            return {}
        y = heads.indicators(self.labels, examples.y, self.apart)
        return first_weights(plan, examples.x, y, self.apart, self.rows().get("embed.weight", ("", ()))[1])

    def taught(self, plan: Plan, weights: Arrays, features: Array, examples: PairExamples) -> Arrays:
        if self.per_step or examples.y is None:
            return {}
        y = heads.indicators(self.labels, examples.y, self.apart)
        return beside_layers(plan, weights, features, y, self.apart)

    def digest(self, examples: PairExamples) -> str:
        return digest_of([*examples.x, *(examples.y or [])])

    # ---- batches

    def schedule(self, examples: PairExamples, train: TrainSpec, epoch: int) -> list[Item]:
        """Whole rows; or, where every step has a label, rows cut to `bptt` steps."""
        lengths = np.array([len(x) for x in examples.x], np.int64)
        every = batches(lengths, train, epoch)
        if train.bptt is None or not self.per_step:
            return [(rows, 0, None, False, epoch) for rows in every]
        items: list[Item] = []
        for rows in every:
            longest = int(lengths[rows].max())
            items += [
                (rows, t, t + train.bptt, t + train.bptt < longest, epoch)
                for t in range(0, max(1, longest), train.bptt)
            ]
        return items

    def batch(self, examples: PairExamples, item: Item, share: Share = (0, 1)) -> Batch:
        rows, first, stop, more, epoch = item
        rows = share_rows(rows, share)
        seed = self.spec.train.seed
        xs = changed(self.codecs["input"], examples.x, examples.raw, rows, self.spec.data, seed, epoch)
        codec = self.codecs["input"]
        if epoch >= 0 and isinstance(codec, SpelledCodec):
            xs = [
                codec.forgetful(x, chance(seed, epoch, int(r))) if r >= 0 else x
                for x, r in zip(xs, rows, strict=True)
            ]
        xs = [steps[first:stop] for steps in xs]
        x, lengths = pad(xs)
        T, B = x.shape[:2]
        targets: Arrays = {}
        at = None
        if self.per_step:
            at = np.flatnonzero(np.arange(T)[:, None] < (np.full(B, T) if lengths is None else lengths))
        if examples.y is not None and self.per_step:
            y = np.zeros((T, B), np.int64)
            for b, r in enumerate(rows):
                part = examples.y[r][first:stop] if r >= 0 else []
                y[: len(part), b] = part
            targets["y"] = y.reshape(-1)[at]
            if heads.whole(self.head()[0]):
                targets["lengths"] = np.full(B, T) if lengths is None else lengths
        elif examples.y is not None:
            targets["y"] = self._targets([examples.y[max(r, 0)] for r in rows])
            if not (real := rows >= 0).all():
                at = np.flatnonzero(real)
                targets["y"] = targets["y"][at]
        if self.spec.data.balance and "y" in targets and not self.spec.data.multi:
            weights = self.labels.weights("balanced")
            targets["weight"] = weights[targets["y"].astype(np.int64).reshape(len(targets["y"]))]
        every = np.arange(B)
        return Batch({"x": x}, lengths, targets, at, every if first else None, every if more else None, rows)

    def _targets(self, y: list[Array]) -> Array:
        """What the loss of whole inputs compares with."""
        stacked = np.stack(y)
        if not self.apart:
            return stacked.astype(np.int64)
        stacked = stacked.astype(np.float32)
        return stacked[:, None] if stacked.ndim == 1 else stacked

    def evaluation(self, examples: PairExamples, rows: int = 64) -> Iterator[Batch]:
        """Batches of similar lengths; `Batch.rows` has the example of each row."""
        for some in by_length([len(x) for x in examples.x], rows):
            yield self.batch(examples, (some, 0, None, False, -1))

    # ---- answers

    def probabilities(self, params: Array) -> Array:
        """The probability of each class, [N, K]; where the head answers rows as a whole also the class, [N, K + 1]."""
        return heads.probabilities(self.head()[0], params, self.spec.data.multi)

    def read_off(self, params: Array) -> Array:
        """What an answer is made from, of each row of parameters: the probabilities of labels."""
        return self.probabilities(params)

    def collect(self, examples: PairExamples, outputs: Iterable[tuple[Batch, Array]]) -> list[Array]:
        """`probabilities` of every example, in their order: [K], or [T, K] where every step has a label."""
        answers: list[Array] = [np.zeros(0)] * len(examples)
        for batch, params in outputs:
            p = self.read_off(params)
            assert batch.rows is not None  # noqa: S101 - made by `evaluation`
            if not self.per_step:
                for b, r in enumerate(batch.rows):
                    answers[r] = p[b]
                continue
            T, B = batch.inputs["x"].shape[:2]
            lengths = np.full(B, T) if batch.lengths is None else batch.lengths
            places = np.flatnonzero(np.arange(T)[:, None] < lengths)
            whole = np.zeros((T * B, p.shape[-1]))
            whole[places] = p
            whole = whole.reshape(T, B, whole.shape[-1])
            for b, r in enumerate(batch.rows):
                answers[r] = whole[: lengths[b], b]
        return answers

    def measure(self, examples: PairExamples, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        answers = self.collect(examples, outputs)
        if self.per_step:
            best = [self.best(p)[0] for p in answers]
            return tagged(self.spec.task, self.labels, examples.y, best)
        return self.scored(examples, np.stack(answers))

    def scored(self, examples: PairExamples, probabilities: Array) -> Results:
        """Metrics of the probabilities of the classes, [N, K]."""
        return scored(self.spec.task, examples.y, probabilities, self.spec.data.multi, self.positive())

    def best(self, p: Array) -> tuple[Array, Array]:
        """The class at each step of these probabilities, [T], and how probable each is."""
        return heads.best(self.head()[0], p)

    def positive(self) -> int | None:
        """The positive class of two, whose f1 is measured."""
        codec = self.labels
        if self.spec.data.multi or len(codec.classes) != 2:
            return None
        if self.spec.data.positive is not None:
            return int(codec.encode(self.spec.data.positive))
        return int(np.argmin(codec.counts))

    def predictions(
        self, examples: PairExamples, outputs: Iterable[tuple[Batch, Array]], threshold: float | None = None
    ) -> list[Row]:
        """A row for each example: its label or labels, and how probable they are.

        `threshold` is the least probability for the positive class of two, or for each of several labels at once.
        """
        positive = self.positive()
        if threshold is not None and positive is None and not self.spec.data.multi:
            raise UsageError(
                "a threshold is for two classes, or for several labels at once; here the most probable class wins."
            )
        rows = [self.answer(p, threshold) for p in self.collect(examples, outputs)]
        if self.per_step:
            inputs = (x for _, x, _ in values(self.spec.data, examples.table, labelled=False))
            rows = [
                {"tokens": items(x)[: len(row["labels"])], **row} for x, row in zip(inputs, rows, strict=True)
            ]
        return rows

    def answer(self, p: Array, threshold: float | None = None) -> Row:
        """The row of these probabilities, [K] or [T, K]."""
        codec = self.labels
        if self.per_step:
            best, sure = self.best(p)
            return {"labels": list(codec.decode(best)), "probabilities": [round(float(v), 6) for v in sure]}
        each = dict(zip(codec.classes, map(float, p), strict=True))
        if self.spec.data.multi:
            least = 0.5 if threshold is None else threshold
            return {"label": [c for c, v in each.items() if v >= least], "probabilities": each}
        k, positive = int(p.argmax()), self.positive()
        if threshold is not None and positive is not None:
            k = positive if p[positive] >= threshold else 1 - positive
        return {"label": codec.classes[k], "probability": float(p[k]), "probabilities": each}
