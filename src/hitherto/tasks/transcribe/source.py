"""Audio, images of lines of text, or pen strokes, and the text of each: the data of `transcribe`.

A model gives a character or a blank at each step, and its head `ctc` sums over all alignments of the text. So a text
must not need more steps than its input has. Rows where it does are named and left out of training.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypedDict, Unpack, runtime_checkable

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.codecs import CODECS, kind_of
from hitherto.codecs.base import Codec
from hitherto.codecs.image import ImageCodec
from hitherto.codecs.text import TextCodec
from hitherto.data import Table
from hitherto.decode import CtcGreedy, PrefixBeam
from hitherto.decode.ctc import Scorer
from hitherto.decode.sample import State
from hitherto.errors import DataError, UsageError, nearest
from hitherto.heads import ctc_misfits
from hitherto.heads.classes import log_softmax
from hitherto.metrics import METRICS
from hitherto.plan import Input
from hitherto.spec import Spec, TrainSpec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import AnySource, Arrays, Batch, Item, Options, Results, Row, Share, Source
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
    placed,
    said,
    set_aside,
    untold,
)
from hitherto.tasks.language import verbs
from hitherto.tasks.language.source import Corpus
from hitherto.tasks.opened import OpenModel

__all__ = ["SearchOptions", "TranscriptExamples", "Transcripts"]

# Columns that are taken where none is named, the surest first.
_INPUTS = ("audio", "sound", "recording", "image", "picture", "strokes", "ink", "file", "path", "input")
_OUTPUTS = ("text", "transcript", "transcription", "sentence", "label", "output", "target")

# How an image of a line is read by default: a letter takes three to six steps.
LINES: Options = {"reads": "columns", "height": 32, "window": 9.0, "hop": 3.0}


@runtime_checkable
class _HasSource(Protocol):
    """A trained model, told from other values that a user may give."""

    @property
    def source(self) -> AnySource: ...


def _corpus_of(model: object) -> Corpus:
    """The source of a language model; UsageError for any other value."""
    source = model.source if isinstance(model, _HasSource) else None
    if not isinstance(source, Corpus):
        what = f"{model!r:.60}" if source is None else source.spec.task
        raise UsageError(f"a scorer is a model of lm; this is {what}.")
    return source


class SearchOptions(TypedDict, total=False):
    """How texts are decoded. None is the default of the task."""

    num_beams: int | None  # one alone takes the most probable class of each step
    scorer: OpenModel | None  # a model of `lm` with the same tokens, which says how probable a text is
    weight: float  # of the scorer
    bonus: float  # for each character


@dataclass(slots=True)
class TranscriptExamples:
    """Encoded rows: the steps of each input, and the characters of its text where there is one."""

    x: list[Array]  # [T, F]
    y: list[Array] | None
    texts: list[str]  # the right ones; none where there are no labels
    picked: Array  # row number in the table of each example
    raw: list[Array | None]  # what augmentation changes of each

    def __len__(self) -> int:
        return len(self.x)

    def part(self, indices: Array) -> "TranscriptExamples":
        y = None if self.y is None else [self.y[i] for i in indices]
        texts = [self.texts[i] for i in indices] if self.texts else []
        raw = [self.raw[i] for i in indices]
        return TranscriptExamples([self.x[i] for i in indices], y, texts, self.picked[indices], raw)


@dataclass
class Transcripts(Source[TranscriptExamples]):
    """An input of many steps and a text in each row."""

    spec: Spec
    codecs: dict[str, Codec]
    notes: list[str] = field(default_factory=list)

    answers = "params"
    decodes = True
    unnamed = "csv"

    @property
    def reads(self) -> list[str]:
        return column_names(None, self.spec.data.input)

    @property
    def text(self) -> TextCodec:
        """The codec of texts."""
        return self.codec_of("output", TextCodec)

    # ---- fitting

    @classmethod
    def prepare(
        cls, spec: Spec, data: object, valid: object, extras: Options
    ) -> "tuple[Transcripts, TranscriptExamples, TranscriptExamples | None]":
        """Fit on the training part alone, and encode both parts."""
        table = load(spec, data)
        spec, notes = cls.columns(spec, table)
        self = cls(spec, {}, notes)
        first, second = (None, None) if valid is not None else set_aside(spec, table)
        self._fit(table, first, extras)
        examples = self.read(table)
        held: TranscriptExamples | None
        if first is None or second is None:
            held = self.load(valid)
        else:
            examples, held = examples.part(first), examples.part(second) if len(second) else None
        return self, self._fitting(examples), held

    @staticmethod
    def columns(spec: Spec, table: Table) -> tuple[Spec, list[str]]:
        """The spec with its columns found in the table, and what was guessed."""
        data, notes = spec.data, list(table.notes)
        known = {c.lower(): c for c in table.columns}
        inputs, outputs = column_names(table, data.input), column_names(table, data.output)
        if len(inputs) > 1 or len(outputs) > 1:
            raise UsageError("what is heard or seen, and its text, stand in one column each; name one.")
        if not inputs:
            inputs = [known[n] for n in _INPUTS if n in known and known[n] not in outputs][:1]
            if not inputs:
                raise untold(table, "is the input", "input")
            notes.append(f"input is taken from {listed(inputs)}; --input says otherwise")
        if not outputs:
            outputs = [known[n] for n in _OUTPUTS if n in known and known[n] not in inputs][:1]
            if not outputs:
                raise untold(table, "is the text", "output")
            notes.append(f"text is taken from {listed(outputs)}; --output says otherwise")
        if inputs == outputs:
            raise UsageError(
                f"column {inputs[0]!r} is both input and output. Say another --input or --output."
            )
        return spec.replace(input=inputs[0], output=outputs[0]), notes

    def _fit(self, table: Table, rows: Array | None, extras: Options) -> None:
        """The codecs, from these rows of the table."""
        codecs = extras.pop("codecs", None)
        if codecs:
            self.codecs = dict(codecs)
            return
        chosen = None if rows is None else set(rows.tolist())
        data = self.spec.data
        read, text = column_names(table, data.input)[0], column_names(table, data.output)[0]
        first = table.place(next(iter(table), {}).get(read))
        with opened(table, 0, read):
            kind = data.codec or kind_of(first, flat="image")
        if kind not in TASKS[self.spec.task].inputs:
            raise UsageError(
                f"transcribe reads {', '.join(TASKS[self.spec.task].inputs)}, and {kind or 'nothing of these'} is what "
                f"column {data.input!r} seems to hold. Say --codec, if it is one of them."
            )
        some = [(i, row) for i, row in enumerate(table) if chosen is None or i in chosen]
        if CODECS[kind] is ImageCodec and data.reads is None:
            known = msgspec.structs.asdict(data)
            data = msgspec.structs.replace(data, **{n: v for n, v in LINES.items() if known[n] is None})
            steps = f"a line is read in steps of {data.hop:g} columns, each sees {data.window:g}"
            self.notes.append(f"{steps}; --hop and --window say otherwise")
        self.codecs["input"] = fitted(kind, table, read, ((i, row[read]) for i, row in some), data)
        options: Options = {"tokens": data.tokens or "chars", **extras, **data.vocabulary}
        self.codecs["output"] = TextCodec.fit((said(table, i, row[text], text) for i, row in some), **options)
        for codec in self.codecs.values():
            self.notes += codec.notes

    def _fitting(self, examples: TranscriptExamples) -> TranscriptExamples:
        """Those examples whose texts do not need more steps than there are."""
        assert examples.y is not None  # noqa: S101 - what is learned from is labelled
        steps = [len(x) for x in examples.x]
        wrong, why = ctc_misfits(examples.y, steps, (examples.picked + 1).tolist(), self.codecs["input"].kind)
        if len(wrong) == len(examples):
            raise DataError(
                f"no text fits its input, so there is nothing to learn from: {why}", path=self.spec.data.path
            )
        if not len(wrong):
            return examples
        self.notes.append(
            f"{len(wrong):,} of {len(examples):,} texts need more steps than there are and are left out: {why}"
        )
        return examples.part(np.setdiff1d(np.arange(len(examples)), wrong))

    def load(self, data: object, *, labelled: bool = True) -> TranscriptExamples:
        """Encode a user's data: a path, a frame, rows or plain values."""
        return self.read(load(self.spec, data), labelled)

    def read(self, table: Table, labelled: bool = True) -> TranscriptExamples:
        """Encode every row; an error names its place."""
        data = self.spec.data
        plain = len(table.columns) == 1 and not labelled
        column = table.columns[0] if plain else column_names(table, data.input)[0]
        x, y, texts, raw = [], [], [], []
        for i, row in enumerate(table):
            with opened(table, i, column):
                codec = self.codecs["input"]
                array, changes = encoded(codec, placed(codec, table, row[column]), data, labelled)
            x.append(array)
            raw.append(changes)
            if labelled:
                output = column_names(table, data.output)[0]
                texts.append(said(table, i, row[output], output))
                with opened(table, i, output):
                    y.append(self.text.encode(texts[-1]))
        if not x:
            raise DataError("the data holds no rows", path=data.path)
        return TranscriptExamples(x, y if labelled else None, texts, np.arange(len(x)), raw)

    # ---- the plan

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Which codecs there are, and of what kinds each may be."""
        return {"input": TASKS[self.spec.task].inputs, "output": ("text",)}

    def inputs(self) -> dict[str, Input]:
        codec, data = self.codecs["input"], self.spec.data
        if len(column_names(None, data.input)) != 1 or len(column_names(None, data.output)) != 1:
            raise UsageError("it does not say which one column is the input, and which one the text.")
        x: Input = {"kind": "vectors", "size": int(codec.size)}
        if codec.shape:
            x["shape"] = list(codec.shape)
        return {"x": x}

    def head(self) -> tuple[str, Options]:
        return "ctc", {"classes": self.text.size + 1}

    @property
    def answer_names(self) -> list[str]:
        """Characters, and the blank between them."""
        return [*self.text.names, "\u2423"]

    def choose(self, examples: TranscriptExamples) -> tuple[Options, list[str]]:
        """Sizes by the amount of data."""
        count = len(examples)
        steps = np.array([len(x) for x in examples.x])
        small = int(steps.sum()) < 300_000
        options: Options = {
            "hidden_size": 128 if small else 256,
            "num_layers": 2,
            "bidirectional": True,
            "dropout": 0.3,
            "batch_size": 16 if count < 3000 else 32,
            "lr": 2e-3,
            "schedule": "one-cycle",
            "clip": 1.0,
        }
        # CTC writes nothing for long before it begins to write letters
        options |= length_of_training(
            self.spec.train, count, options["batch_size"], updates=3000, epochs=5, steps=float(steps.mean())
        )
        what = {"audio": "recordings", "image": "lines"}.get(self.codecs["input"].kind, "drawings")
        note = f"{count:,} {what} of {in_steps(steps)}"
        return options, [note]

    def digest(self, examples: TranscriptExamples) -> str:
        return digest_of([*examples.x, *(examples.y or [])])

    # ---- batches

    def schedule(self, examples: TranscriptExamples, train: TrainSpec, epoch: int) -> list[Item]:
        lengths = np.array([len(x) for x in examples.x], np.int64)
        return [(rows, epoch) for rows in batches(lengths, train, epoch)]

    def batch(self, examples: TranscriptExamples, item: Item, share: Share = (0, 1)) -> Batch:
        """Whole rows; in training they may be augmented."""
        rows, epoch = share_rows(item[0], share), item[1]
        seed = self.spec.train.seed
        xs = changed(self.codecs["input"], examples.x, examples.raw, rows, self.spec.data, seed, epoch)
        x, lengths = pad(xs)
        targets: Arrays = {}
        if examples.y is not None:
            ys = [examples.y[r] if r >= 0 else examples.y[0][:0] for r in rows]
            targets = {
                "y": np.concatenate(ys).astype(np.int64),
                "y_lengths": np.array([len(y) for y in ys], np.int64),
                "weight": (rows >= 0).astype(np.float32),
            }
            if lengths is not None:
                targets["lengths"] = lengths
        return Batch({"x": x}, lengths, targets, rows=rows)

    def evaluation(self, examples: TranscriptExamples, rows: int = 32) -> Iterator[Batch]:
        """Batches of alike lengths, as they are."""
        for some in by_length([len(x) for x in examples.x], rows):
            yield self.batch(examples, (some, -1))

    # ---- answers

    def measure(
        self,
        examples: TranscriptExamples,
        outputs: Iterable[tuple[Batch, Array]],
        **how: Unpack[SearchOptions],
    ) -> Results:
        """The error rates of characters and words."""
        return self.judged(examples, [row["text"] for row in self.predictions(examples, outputs, **how)])

    def judged(self, examples: TranscriptExamples, texts: list[str]) -> Results:
        """Metrics of the texts that were understood."""
        if examples.y is None:
            raise UsageError("an evaluation needs texts to compare with")
        arrays: Options = {"texts": texts, "references": [[t] for t in examples.texts]}
        metrics = {name: float(METRICS[name].compute(**arrays)) for name in TASKS[self.spec.task].metrics}
        return Results(metrics, arrays)

    def predictions(
        self,
        examples: TranscriptExamples,
        outputs: Iterable[tuple[Batch, Array]],
        **how: Unpack[SearchOptions],
    ) -> list[Row]:
        """The text of each example, and where its characters are."""
        answers: list[Row] = [{}] * len(examples)
        for batch, params in outputs:
            T, B = batch.inputs["x"].shape[:2]
            log_probs = log_softmax(params).reshape(T, B, params.shape[-1])
            lengths = np.full(B, T) if batch.lengths is None else batch.lengths
            assert batch.rows is not None  # noqa: S101 - made by `evaluation`
            for b, r in enumerate(batch.rows):
                answers[r] = self.answer(log_probs[: lengths[b], b], **how)
        return answers

    def answer(self, log_probs: Array, **how: Unpack[SearchOptions]) -> Row:
        """The text of these log-probabilities, [T, K], and the place of each of its characters."""
        search = self.search(**how)
        search.push(log_probs)
        search.finish()
        return self.said(search.said)

    def search(self, **how: Unpack[SearchOptions]) -> CtcGreedy | PrefixBeam:
        """A search for the most probable text."""
        for name in how:
            known = [*SearchOptions.__annotations__]
            if name not in known:
                raise UsageError(
                    f"transcribe has no option {name!r} of decoding, but {', '.join(known)}.{nearest(name, known)}"
                )
        width, scorer = how.get("num_beams"), how.get("scorer")
        weight, bonus = how.get("weight", 0.5), how.get("bonus", 0.0)
        if width is None:
            width = TASKS[self.spec.task].decoding["num_beams"]
        if width == 1 and scorer is None and not bonus:
            return CtcGreedy()
        return PrefixBeam(
            width, scorer=None if scorer is None else self._scored_by(scorer), weight=weight, bonus=bonus
        )

    def _scored_by(self, model: OpenModel) -> Scorer:
        """A language model in the classes of this model: a class that it does not know is impossible."""
        theirs = _corpus_of(model).codec
        if theirs.tokens != self.text.tokens:
            raise UsageError(
                f"a scorer has the same tokens, {self.text.tokens}; those of this one are {theirs.tokens}."
            )
        number = {piece: i for i, piece in enumerate(theirs.pieces(range(theirs.size)))}
        ids = np.array([number.get(piece, -1) for piece in self.text.pieces(range(self.text.size))])

        def ours(log_probs: Array) -> Array:
            return np.where(ids < 0, -np.inf, log_probs[:, ids])

        def step(state: State, tokens: Array) -> tuple[Array, State]:
            known = np.where(ids[tokens] < 0, theirs.unknown or 0, ids[tokens])
            log_probs, after = verbs.step(model, state, known)
            return ours(log_probs), after

        state, log_probs = verbs.advance(model, verbs.read(model, "")[0])
        return step, state, ours(log_probs)

    def known(self, symbols: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those of the vocabulary: the unknown character has a class, but no text."""
        return [(c, step) for c, step in symbols if c != self.text.unknown]

    def said(self, symbols: list[tuple[int, int]]) -> Row:
        """The text of classes at steps, and the place of each piece: seconds of sound, else steps."""
        each = self.codecs["input"].seconds_per_step
        symbols = self.known(symbols)
        text = self.text.decode([c for c, _ in symbols])
        return {"text": text, "at": [round(step * each, 4) for _, step in symbols]}
