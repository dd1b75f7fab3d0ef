"""One long text, or many: the data of `lm`.

Every token is scored once. The first of a stream or document is, too: it follows the start token. Training reads B
lanes of the text side by side, a few steps at a time, and each lane continues from its own state. With documents or
lines, a state ends where its text does, so a few steps of a lane may become several rows of a batch.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.codecs.text import TextCodec
from hitherto.data import Table, named_format, shards, texts
from hitherto.data.textfile import is_folder
from hitherto.errors import DataError, UsageError
from hitherto.metrics import METRICS
from hitherto.plan import Input, Plan
from hitherto.progress import doing
from hitherto.spec import Spec, TrainSpec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Arrays, Batch, Generates, Options, Results, Row, Share, Source
from hitherto.tasks.batching import batches, by_length, digest_of, length_of_training, order, pad, share_rows
from hitherto.tasks.columns import column_names, load

__all__ = ["Corpus", "CorpusExamples"]

IN_MEMORY = 1 << 26  # characters; a longer text goes to a file of tokens
EVALUATE = 512  # steps at a time
COUNTED = 1 << 22  # tokens, from the first on, whose frequencies a model begins with
Text = str | Table  # a plain file's path, or rows of text
Item = tuple[int, int, int] | Array  # the number of lanes and a span of each; or rows, where lines are apart


@dataclass(slots=True)
class CorpusExamples:
    """Tokens; where documents or lines begin, if they are apart; and how many characters they come from."""

    tokens: shards.Tokens
    starts: Array | None  # [documents]: the first token of each; None for one stream
    characters: int
    picked: Array = field(default_factory=lambda: np.zeros(0, np.int64))  # the row of each text to answer for

    def __len__(self) -> int:
        return len(self.tokens)

    def lengths(self) -> Array:
        assert self.starts is not None  # noqa: S101
        return np.diff(self.starts, append=len(self.tokens))


@dataclass
class Corpus(Source[CorpusExamples]):
    """Text, or rows of text, in one stream of tokens."""

    spec: Spec
    codecs: dict[str, Codec]
    notes: list[str] = field(default_factory=list)
    folder: Path | None = None  # for the tokens of texts that are too long for memory
    frequencies: Array | None = None  # of the tokens

    answers = "nll"
    unnamed = "txt"
    reads_plain_text = True
    keeps_tokens = True
    remembers = True
    begins_known = False
    descent: ClassVar[Mapping[str, object]] = {
        **Source.descent,
        "lr": 20.0,
    }  # the loss is the mean of a token

    def sampler(self, valid: CorpusExamples | None) -> Callable[[Generates], Row]:  # noqa: ARG002
        """A text of every model, drawn with the same seed."""
        size = 120 if self.codecs["input"].size < 1000 else 30
        return lambda model: {"sample": model.generate(max_new_tokens=size, temperature=0.8, seed=1)}

    @property
    def reads(self) -> list[str]:
        return column_names(None, self.spec.data.input)

    @classmethod
    def fit(
        cls,
        spec: Spec,
        data: Text,
        characters: int,
        stop: int | None = None,
        extras: Options | None = None,
    ) -> "Corpus":
        """Fit the codec on a text of so many characters, up to character `stop`."""
        notes: list[str] = []
        tokens = spec.data.tokens
        if tokens is None:
            tokens = "chars" if characters < 3_000_000 else "subwords"
            notes.append(
                f"tokens are {tokens}, as the text has {characters:,} characters; --tokens says otherwise"
            )
        layout = spec.data.layout or "stream"
        spec = spec.replace(tokens=tokens, layout=layout)
        apart = layout == "lines" or spec.data.documents
        extras = dict(extras or {})
        codec = extras.pop("codecs", {}).get("input")
        if isinstance(codec, TextCodec):
            return cls(spec, {"input": codec}, notes)
        with doing("finding the tokens of"):
            codec = TextCodec.fit(
                _cut(_pieces(spec, data), 0, stop),
                tokens=tokens,
                end=apart or tokens == "words",
                **spec.data.vocabulary,
                **extras,
            )
        return cls(spec, {"input": codec}, notes + list(codec.notes))

    @classmethod
    def prepare(
        cls, spec: Spec, data: object, valid: object, extras: Options
    ) -> "tuple[Corpus, CorpusExamples, CorpusExamples | None]":
        """Fit on the training part alone, and tokenise both parts."""
        folder = extras.pop("folder", None)
        text = _text_of(spec, data)
        total = _characters(spec, text)
        if valid is not None:
            held = _text_of(spec, valid)
            self = cls.fit(spec, text, total, None, extras)
            self.folder = folder
            examples = self.read(text, 0, total)
            others: CorpusExamples | None = self.read(held, 0, _characters(spec, held), "valid")
        else:
            at = _split(spec, text, total)
            self = cls.fit(spec, text, total, at, extras)
            self.folder = folder
            examples = self.read(text, 0, at)
            others = self.read(text, at, total, "valid") if total > at else None
        first = examples.tokens.ids(0, COUNTED)
        self.frequencies = np.bincount(first, minlength=self.codec.size).astype(np.float64)
        return self, examples, others

    def load(self, data: object, *, labelled: bool = True) -> CorpusExamples:
        """The tokens of a user's data: a text file, or a table or list of texts."""
        text = _text_of(self.spec, data)
        if labelled:
            return self.read(text)
        apart = Corpus(self.spec.replace(layout="lines", documents=False), self.codecs)  # each text by itself
        examples = apart.read(text)
        lines = [piece.count("\n") for piece in _pieces(self.spec, text)] if isinstance(text, Table) else []
        examples.picked = np.repeat(np.arange(len(lines)), lines)
        return examples

    def digest(self, examples: CorpusExamples) -> str:
        starts = [np.zeros(0)] if examples.starts is None else [examples.starts]
        return examples.tokens.digest + digest_of(starts)

    @property
    def codec(self) -> TextCodec:
        return self.codec_of("input", TextCodec)

    @property
    def start_id(self) -> int:
        """The token that is read before the first one."""
        codec = self.codec
        return next((int(i) for i in (codec.end_id, codec.unknown) if i is not None), 0)

    def read(
        self, data: Text, start: int = 0, stop: int | None = None, name: str = "train"
    ) -> CorpusExamples:
        """The tokens of characters start..stop."""
        count = 0

        def counted() -> Iterator[str]:
            nonlocal count
            for piece in _cut(_pieces(self.spec, data), start, stop):
                count += len(piece)
                yield piece

        borders: list[int] | None = None
        if self.spec.data.layout == "lines" or self.spec.data.documents:
            borders = []
            pieces = self._documents(counted(), borders)
        else:
            pieces = self.codec.encode_all(counted())
        with doing("making tokens of"):
            if self.folder is not None and stop is not None and stop - start > IN_MEMORY:
                tokens = shards.write(self.folder / name, pieces, size=self.codec.size, borders=borders)
            else:
                tokens = shards.in_memory(_joined(pieces))
        if len(tokens) == 0:
            raise DataError("the text is empty: there is nothing to learn from", path=self.spec.data.path)
        return CorpusExamples(tokens, None if borders is None else np.array(borders, np.int64), count)

    def _documents(self, pieces: Iterator[str], borders: list[int]) -> Iterator[Array]:
        """Every line, or every document between blank lines, with its end; `borders` is where they begin."""
        # a codec of one long text may have no token for an end
        end = np.array([] if self.codec.end_id is None else [self.codec.end_id], np.int32)
        place = 0
        for text in _lines(pieces) if self.spec.data.layout == "lines" else _paragraphs(_lines(pieces)):
            ids = self.codec.encode(text)
            if ids[-1:].tolist() != end.tolist():
                ids = np.concatenate([ids, end])
            borders.append(place)
            place += len(ids)
            yield ids

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The kinds of codec that each name allows."""
        return {"input": ("text",)}

    def inputs(self) -> dict[str, Input]:
        if self.codec.end_id is None and (self.spec.data.layout == "lines" or self.spec.data.documents):
            raise UsageError("lines and documents need a token for their end, but the codec has none.")
        return {"x": {"kind": "ids", "size": self.codec.size}}

    def head(self) -> tuple[str, Options]:
        return "softmax", {"classes": self.codec.size}

    @property
    def answer_names(self) -> list[str]:
        return self.codec.names

    def rows(self) -> dict[str, tuple[str, Sequence[str]]]:
        """Tokens, read and written."""
        names = ("embed.weight", "head.weight", "head.bias")
        return dict.fromkeys(names, (self.codec.kind, self.codec.vocabulary))

    def choose(self, examples: CorpusExamples) -> tuple[Options, list[str]]:
        """Sizes by the number of tokens."""
        count = len(examples)
        chars = self.codec.size < 1000
        lanes = 32 if count > 200_000 else 16 if count > 20_000 else 4
        hidden = 256 if count < 2_000_000 else 512
        steps = 100 if chars else 35
        model = self.spec.model
        wide = (
            model.proj_size or model.hidden_size or hidden
        )  # the output, which a tied embedding is as wide as
        options: Options = {
            "hidden_size": hidden,
            "num_layers": 1,
            "embedding_size": 64 if chars and not model.tied else wide,
            "tied": True if not chars and model.embedding_size in (None, wide) else None,
            "dropout": 0.2 if count < 2_000_000 else 0.1,
            "batch_size": lanes if examples.starts is None else 64,
            "bptt": steps if examples.starts is None or self.spec.data.documents else None,
            "lr": 4e-3 if chars else 3e-3,
            "schedule": "one-cycle",
            "clip": 1.0,
        }
        whole = examples.starts is not None and not self.spec.data.documents
        rows = len(examples.lengths()) if whole else count // (self.spec.train.bptt or steps)
        options |= length_of_training(
            self.spec.train,
            rows,
            options["batch_size"],
            updates=1000,
            epochs=int(np.clip(5_000_000 // max(1, count), 2, 30)),
            steps=count / max(1, rows),
        )
        return options, [f"{count:,} tokens of {self.codec.size:,} kinds"]

    def first(self, plan: Plan) -> Arrays:
        """The bias of the head, by which each token has its share before anything is learned; none gets nothing.

        An `init` that the user says how to draw stays as it says.
        """
        if self.frequencies is None or self.spec.model.init == "uniform":
            return {}
        counts = self.frequencies + 0.5
        return {f"{plan['head']['name']}.bias": np.log(counts / counts.sum()).astype(np.float32)}

    # ---- batches

    def schedule(self, examples: CorpusExamples, train: TrainSpec, epoch: int) -> list[Item]:
        """Spans of all lanes; or the rows of each batch, where lines are apart."""
        if self.spec.data.layout == "lines":
            return [*batches(examples.lengths(), train, epoch)]
        lane = len(examples) // (train.batch_size or 1)
        if lane == 0:
            raise UsageError(
                f"{len(examples)} tokens are too few for {train.batch_size} lanes; give a smaller batch_size."
            )
        lanes, step = train.batch_size or 1, train.bptt or 35
        cuts = [*range(0, lane, step), lane]
        if train.vary_bptt:
            cuts = _cuts(lane, len(cuts) - 1, order(train.seed, epoch))
        return [(lanes, *span) for span in pairwise(cuts)]

    def batch(self, examples: CorpusExamples, item: Item, share: Share = (0, 1)) -> Batch:
        if isinstance(item, np.ndarray):
            return self._rows(examples, share_rows(item, share))
        lanes, start, stop = item
        lane = len(examples) // lanes
        rank, size = share
        if lanes % size:
            raise UsageError(
                f"batch_size {lanes} cannot be shared by {size} processes; make it a multiple of {size}."
            )
        shared = range(rank * lanes // size, (rank + 1) * lanes // size)
        train = self.spec.train
        pace = (stop - start) / (train.bptt or 35) if train.vary_bptt else 1.0
        if examples.starts is not None:
            batch = self._pieces_of_lanes(
                examples, [l * lane + start for l in shared], stop - start, start == 0
            )
            batch.pace = pace
            return batch
        x = np.empty((stop - start, len(shared)), np.int64)
        y = np.empty_like(x)
        for b, l in enumerate(shared):
            x[:, b], y[:, b] = self._span(examples, l * lane + start, l * lane + stop)
        every = np.arange(len(shared))
        carry = every if start else None
        return Batch({"x": x}, None, {"y": y.reshape(-1)}, None, carry, every, every, pace=pace)

    def _span(self, examples: CorpusExamples, start: int, stop: int) -> tuple[Array, Array]:
        """Inputs and targets for tokens start..stop-1."""
        ids = examples.tokens.ids(max(0, start - 1), stop)
        if start == 0:
            ids = np.concatenate([[self.start_id], ids])
        return ids[:-1], ids[1:]

    def _rows(self, examples: CorpusExamples, rows: Array) -> Batch:
        assert examples.starts is not None  # noqa: S101
        ends = np.append(examples.starts[1:], len(examples.tokens))
        pairs = []
        for r in rows:
            y = (
                examples.tokens.ids(int(examples.starts[r]), int(ends[r]))
                if r >= 0
                else np.zeros(0, np.int64)
            )
            pairs.append((np.concatenate([[self.start_id], y[:-1]])[: len(y)].astype(np.int64), y))
        return _flat(pairs, rows)

    def _pieces_of_lanes(self, examples: CorpusExamples, firsts: list[int], steps: int, fresh: bool) -> Batch:
        """The steps of each lane, cut where documents begin: the first piece continues, the others start from zero."""
        assert examples.starts is not None  # noqa: S101
        pairs, carry, keep = [], [], []
        for lane, first in enumerate(firsts):
            inside = examples.starts[(examples.starts >= first) & (examples.starts < first + steps)]
            cuts = [first, *(int(s) for s in inside if s > first), first + steps]
            begins = set(inside.tolist())
            for a, b in pairwise(cuts):
                x, y = self._span(examples, a, b)
                if a in begins:
                    x = np.concatenate([[self.start_id], x[1:]])
                carry.append(-1 if fresh or a in begins or a != first else lane)
                pairs.append((x, y))
            keep.append(len(pairs) - 1)
        batch = _flat(pairs, np.arange(len(pairs)))
        batch.carry, batch.keep = np.array(carry), np.array(keep)
        return batch

    def evaluation(self, examples: CorpusExamples, rows: int = 64) -> Iterator[Batch]:
        """The whole text as one lane; or line by line, where they are apart."""
        if examples.starts is not None:
            yield from (self._rows(examples, some) for some in by_length(examples.lengths(), rows))
            return
        only = np.zeros(1, np.int64)
        for start in range(0, len(examples), EVALUATE):
            x, y = self._span(examples, start, min(start + EVALUATE, len(examples)))
            yield Batch({"x": x[:, None]}, None, {"y": y}, None, only if start else None, only, only)

    # ---- answers

    def measure(self, examples: CorpusExamples, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        total, count = 0.0, 0
        for _, nll in outputs:
            total += float(np.sum(nll, dtype=np.float64))
            count += len(nll)
        return self.measured(examples, total, count)

    def measured(self, examples: CorpusExamples, nll: float, count: int) -> Results:
        """Metrics of so many tokens with this sum of minus log-probabilities."""
        arrays = {"nll": nll, "tokens": count, "characters": examples.characters}
        return Results(
            {name: float(METRICS[name].compute(**arrays)) for name in TASKS[self.spec.task].metrics}, arrays
        )

    def predictions(self, examples: CorpusExamples, outputs: Iterable[tuple[Batch, Array]]) -> list[Row]:
        """How probable each text is."""
        assert examples.starts is not None  # noqa: S101
        rows: list[Row] = [{} for _ in examples.starts]
        for batch, nll in outputs:
            T, B = batch.inputs["x"].shape
            lengths = np.full(B, T) if batch.lengths is None else batch.lengths
            places = np.flatnonzero(np.arange(T)[:, None] < lengths)
            sums = np.bincount(places % B, weights=nll, minlength=B)
            assert batch.rows is not None  # noqa: S101
            for b, r in enumerate(batch.rows):
                mean = float(sums[b]) / max(1, int(lengths[b]))
                rows[r] = {
                    "nats": float(sums[b]),
                    "tokens": int(lengths[b]),
                    "perplexity": math.exp(min(mean, 700)),
                }
        return rows


def _cuts(steps: int, count: int, random: "np.random.Generator") -> list[int]:
    """Where `count` spans of these steps begin, and the end: most are alike, one of twenty is half as long.

    Their number is the same in every epoch, so that the steps of a training are known before.
    """
    widths = np.where(random.random(count) < 0.95, 1.0, 0.5) + random.normal(0, 0.08, count)
    ends = np.cumsum(np.maximum(widths, 0.1))
    spread = np.rint(ends / ends[-1] * (steps - count)).astype(np.int64)  # beside one step for each
    return [0, *(spread + np.arange(1, count + 1)).tolist()]


def _flat(pairs: list[tuple[Array, Array]], rows: Array) -> Batch:
    x, lengths = pad([x for x, _ in pairs])
    y, _ = pad([y for _, y in pairs])
    at = None if lengths is None else np.flatnonzero(np.arange(len(x))[:, None] < lengths)
    return Batch({"x": x}, lengths, {"y": y.reshape(-1) if at is None else y.reshape(-1)[at]}, at, rows=rows)


def _text_of(spec: Spec, data: object) -> Text:
    """The path of a plain text, or a table."""
    if isinstance(data, str | Path) and not is_folder(Path(data)) and spec.data.input is None:
        format_ = spec.data.format or named_format(Path(data)) or "txt"
        return str(data) if format_ == "txt" else load(spec, data)
    return load(spec, data)


def _pieces(spec: Spec, data: Text) -> Iterator[str]:
    """The text in pieces: a plain file's own, or the rows of a column, a line each."""
    if isinstance(data, str):
        yield from texts(data, encoding=spec.data.encoding)
        return
    table = data
    name = spec.data.input[0] if isinstance(spec.data.input, tuple) else spec.data.input
    if name is None:
        kinds = table.kinds()
        if not table.columns:
            raise table.error(0, None, "expected text, but the row has no columns")
        name = next((c for c in table.columns if kinds[c] == "text"), table.columns[0])
    column = table.column(name)
    for i, row in enumerate(table):
        value = row[column]
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            value = " ".join(value)
        if not isinstance(value, str):
            raise table.error(i, column, f"expected text, but got {value!r:.60}")
        yield value if value.endswith("\n") else value + "\n"


def _characters(spec: Spec, data: Text) -> int:
    return sum(map(len, _pieces(spec, data)))


def _split(spec: Spec, data: Text, total: int) -> int:
    """The first character of the validation part: the first of a line, where there are lines."""
    at = int(total * (1 - spec.data.aside))
    seen, passed = 0, False
    for piece in _pieces(spec, data):
        if seen + len(piece) > at:
            end = piece.find("\n", max(0, at - seen))
            if end >= 0 and seen + end + 1 - at < 1000:
                return seen + end + 1
            passed = True
        if passed:
            break
        seen += len(piece)
    return at


def _cut(pieces: Iterator[str], start: int, stop: int | None) -> Iterator[str]:
    """Characters start..stop of the pieces."""
    seen = 0
    for piece in pieces:
        low, high = max(0, start - seen), len(piece) if stop is None else min(len(piece), stop - seen)
        if high > low:
            yield piece[low:high]
        seen += len(piece)
        if stop is not None and seen >= stop:
            return


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + piece).split("\n")
        yield from whole
    if rest:
        yield rest


def _paragraphs(lines: Iterator[str]) -> Iterator[str]:
    held: list[str] = []
    for line in lines:
        if line.strip():
            held.append(line)
        elif held:
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


def _joined(arrays: Iterable[Array]) -> Array:
    parts = list(arrays)
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)
