"""A text or an image in, a text out: the data of `translate`, `summarize`, `chat`, `answer` and `caption`.

An input of several fields or turns is one text with a line for each; `<eos>`, the end of a line, separates them as
tokens. The turns of a conversation are marked: `<` for those of the speaker who replies, `>` for those of the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs import kind_of
from hitherto.codecs.base import Codec
from hitherto.codecs.text import END, TextCodec
from hitherto.data import Table
from hitherto.decode import Hypothesis
from hitherto.errors import DataError, UsageError, nearest
from hitherto.metrics import METRICS, signature
from hitherto.plan import Input
from hitherto.progress import doing
from hitherto.spec import Spec, TrainSpec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Arrays, Batch, Item, Options, Results, Row, Share, Source, Value
from hitherto.tasks.batching import batches, by_length, digest_of, length_of_training, pad, share_rows
from hitherto.tasks.columns import (
    changed,
    column_names,
    encoded,
    fitted,
    load,
    opened,
    set_aside,
    unseen,
)
from hitherto.tasks.writing.columns import WAYS, Way, columns
from hitherto.tasks.writing.conversations import (
    LISTS,
    OURS,
    SPEAKERS,
    THEIRS,
    TURN_TEXTS,
    Text,
    as_text,
    fields_of,
    is_conversation,
    shown_as,
)

__all__ = ["TextExamples", "Texts"]

S = TypeVar("S", Array, list[str])  # ids or words


@dataclass(slots=True)
class TextExamples:
    """Encoded rows: the tokens of an input each, and of an output where there is one; and the texts themselves."""

    x: list[Array]
    y: list[Array] | None
    texts: list[Text]  # inputs
    references: list[list[str]]  # right outputs; none where there are no labels
    picked: Array  # row number in the table of each example
    by: list[str]  # the value of the column `by` of each
    raw: list[Array | None]  # what augmentation changes of each input

    def __len__(self) -> int:
        return len(self.x)

    def part(self, chosen: Array) -> "TextExamples":
        """Those examples whose rows of the table are in `chosen`."""
        at = np.flatnonzero(np.isin(self.picked, chosen))
        return TextExamples(
            [self.x[i] for i in at],
            None if self.y is None else [self.y[i] for i in at],
            [self.texts[i] for i in at],
            [self.references[i] for i in at],
            self.picked[at],
            [self.by[i] for i in at] if self.by else [],
            [self.raw[i] for i in at],
        )


@dataclass
class Texts(Source[TextExamples]):
    """A text or an image in, a text out, in each row."""

    spec: Spec
    codecs: dict[str, Codec]
    notes: list[str] = field(default_factory=list)

    answers = "nll"
    judges = True
    unnamed = "txt"

    @property
    def reads(self) -> list[str]:
        return column_names(None, self.spec.data.input)

    def examples(self) -> tuple[list[Value], list[Value]]:
        whole, piece = super().examples()
        if len(self.reads) < 2:
            return whole, piece
        return [dict.fromkeys(self.reads, value) for value in whole], ["\n".join(piece * len(self.reads))]

    @property
    def target(self) -> TextCodec:
        """The codec of outputs: that of inputs, where they share one."""
        return self.codec_of("output" if "output" in self.codecs else "input", TextCodec)

    @property
    def way(self) -> Way:
        """How its task reads."""
        return WAYS[self.spec.task]

    @property
    def sees(self) -> bool:
        """Whether its inputs are images or videos, not texts."""
        return self.way.images

    @property
    def read_codec(self) -> TextCodec:
        """The codec of inputs, where they are texts."""
        return self.codec_of("input", TextCodec)

    @property
    def start_id(self) -> int:
        """The token that the decoder reads first."""
        assert self.target.end_id is not None  # noqa: S101 - fitted with an end
        return self.target.end_id

    # ---- fitting

    @classmethod
    def prepare(
        cls, spec: Spec, data: object, valid: object, extras: Options
    ) -> "tuple[Texts, TextExamples, TextExamples | None]":
        """Fit on the training part alone, and encode both parts."""
        table = load(spec, data)
        spec, notes = columns(spec, table)
        self = cls(spec, {}, notes)
        # a conversation stays whole
        first, second = (None, None) if valid is not None else set_aside(spec, table, spec.data.by)
        with doing("finding the tokens of"):
            self._fit(table, first, extras)
        examples = self.read(table)
        held: TextExamples | None = None
        if first is None or second is None:
            held = self.load(valid)
        else:
            examples, held = examples.part(first), examples.part(second) if len(second) else None
        for part, where in ((examples, "to learn from"), (held, "to validate on")):
            if part is not None and not len(part):
                raise DataError(f"the rows {where} hold no reply; give more of them, or validation data of their own",
                                path=table.path)  # fmt: skip
        most = spec.data.max_output
        if most is not None and examples.y is not None:
            examples.y = [y[:most] for y in examples.y]
        return self, examples, held

    def _fit(self, table: Table, rows: Array | None, extras: Options) -> None:
        data, codecs = self.spec.data, extras.pop("codecs", None)
        if codecs:
            self.codecs = dict(codecs)
            return
        chosen = None if rows is None else set(rows.tolist())

        def texts(side: int) -> Iterator[object]:
            for i, source, targets, _by in self._values(table, labelled=True):
                if chosen is None or i in chosen:
                    yield source if side == 0 else targets[0]

        options: Options = {"tokens": data.tokens or "words", "end": True, **extras}
        options |= data.vocabulary
        if options["tokens"] == "words" and (len(table) if rows is None else len(rows)) >= 1000:
            # the model learns what to do with unknown words
            options.setdefault("min_count", 2)
        shared = bool(self.spec.model.shared)
        if self.sees:
            column = column_names(table, data.input)[0]
            pictures = [
                (i, s) for i, s, _, _ in self._values(table, labelled=True) if chosen is None or i in chosen
            ]
            row, first = next(iter(pictures), (0, None))
            with opened(table, row, column):
                kind = data.codec or kind_of(first, flat="image")
            kinds = TASKS[self.spec.task].inputs
            if kind not in kinds:
                raise UsageError(
                    f"{self.spec.task} reads {' and '.join(kinds)}, and column {column!r} seems to hold "
                    f"neither, but {first!r:.60}. Say --codec, if it does."
                )
            self.codecs["input"] = fitted(kind, table, column, pictures, data)
            self.codecs["output"] = TextCodec.fit(texts(1), **options)
        elif shared:
            self.codecs["input"] = TextCodec.fit((t for side in (0, 1) for t in texts(side)), **options)
        else:
            self.codecs["input"] = TextCodec.fit(texts(0), **options)
            self.codecs["output"] = TextCodec.fit(texts(1), **options)
        for name, codec in self.codecs.items():
            self.notes += [note if shared else f"{name}: {note}" for note in codec.notes]

    # ---- reading

    def is_one_value(self, data: object) -> bool:
        """Whether data that look like rows are one input: the turns of a conversation."""
        return self.way.turns and is_conversation(data)

    def load(self, data: object, *, labelled: bool = True) -> TextExamples:
        """Encode a user's data: a path, two paths, a frame, rows or plain texts."""
        data = [data] if self.is_one_value(data) else data
        table = load(self.spec, data, unnamed="csv" if labelled else self.unnamed)
        names = self.spec.data
        fields = column_names(None, names.input)
        if len(table.columns) == 1 and not labelled and (self.sees or table.columns == ["value"]):
            if len(fields) > 1:
                return self.read(fields_of(table, fields), labelled=False)
            return replace(self, spec=self.spec.replace(input=(table.columns[0],))).read(
                table, labelled=False
            )
        if isinstance(data, tuple):
            return replace(self, spec=self.spec.replace(input=("source",), output="target")).read(table)
        if not set(fields) <= set(table.columns):
            known = {
                name: c if c in table.columns else None
                for name, c in (("output", names.output), ("by", names.by))
            }
            spec, _ = columns(self.spec.replace(input=None, speaker=None, **known), table, labelled)
            return replace(self, spec=spec.replace(speaker=names.speaker)).read(table, labelled)
        return self.read(table, labelled)

    def read(self, table: Table, labelled: bool = True) -> TextExamples:
        """Encode every row; an error names its place."""
        x, y, texts, references, picked, by, raw = [], [], [], [], [], [], []
        for i, source, targets, value in self._values(table, labelled):
            array, changes = self._encode(table, i, 0, source, labelled)
            x.append(array)
            raw.append(changes)
            if labelled:
                if not targets:
                    raise table.error(
                        i, None, "there is no text to compare with: the model names no output column"
                    )
                y.append(self._encode(table, i, 1, targets[0], False)[0])
                references.append([t if isinstance(t, str) else " ".join(t) for t in targets])
            texts.append(shown_as(source, i) if self.sees else cast("Text", source))
            picked.append(i)
            if value is not None:
                by.append(value)
        if not x:
            raise DataError(self._nothing(table), path=table.path)
        return TextExamples(
            x, y if labelled else None, texts, references, np.array(picked, np.int64), by, raw
        )

    def _nothing(self, table: Table) -> str:
        """Why there is no example in a table."""
        if not self.way.turns or not table.head(1):
            return "the data holds no rows"
        if self.spec.data.speaker is None:
            return "every conversation has a single turn; give longer ones, or a column of replies (--output)"
        column = column_names(None, self.spec.data.input)[0]
        turns = [turn for cell in table.values(column) if isinstance(cell, LISTS) for turn in cell]
        known = sorted({self._turn(table, 0, column, turn)[0] or "unnamed" for turn in turns})
        near = nearest(self.spec.data.speaker, known)
        return f"no reply is by {self.spec.data.speaker!r}; the speakers are {', '.join(known) or 'unnamed'}.{near}"

    def _values(self, table: Table, labelled: bool) -> Iterator[tuple[int, object, list[Text], str | None]]:
        """(row number, input, outputs, value of `by`) of every example."""
        data = self.spec.data
        inputs = [table.column(c) for c in column_names(None, data.input)]
        output = (
            table.column(column_names(None, data.output)[0]) if labelled and data.output is not None else None
        )
        for i, row in enumerate(table):
            value = str(row[data.by]) if labelled and data.by in row else None  # data to measure may lack it
            if self.way.turns:
                reply = (row[output],) if output else None
                for history, answer in self._turns(table, i, row[inputs[0]], reply, labelled):
                    yield i, history, [answer], value
                continue
            source: object
            if self.sees:
                source = table.place(row[inputs[0]])
            else:
                parts = [self._checked(table, i, c, row[c]) for c in inputs]
                source = parts[0] if len(parts) == 1 else "\n".join(as_text(p) for p in parts)
            targets: list[Text] = []
            if output is not None:
                cell = row[output]
                many = list(cell) if isinstance(cell, LISTS) and self._many([*cell]) else [cell]
                targets = [self._checked(table, i, output, t) for t in many]
                if not targets:
                    raise table.error(i, output, "expected a text, or a list of them, but the list is empty")
            yield i, source, targets, value

    def _many(self, cell: Sequence[object]) -> bool:
        """Whether a list holds texts, each of which is right; otherwise it holds the words of one text."""
        return self.spec.data.tokens != "words" or any(" " in str(v) for v in cell) or len(cell) == 0

    def _checked(self, table: Table, i: int, column: str | None, value: object) -> Text:
        """A text on one line, or the words of one."""
        if isinstance(value, LISTS):
            if self.spec.data.tokens == "words":
                return [str(v) for v in value]
            value = " ".join(str(v) for v in value)
        if value is None or (isinstance(value, float) and np.isnan(value)):
            raise table.error(i, column, "the text is missing; give one or drop the row")
        if not isinstance(value, str | int | float | np.number):
            raise table.error(i, column, f"expected text, but got {value!r:.60}")
        return " ".join(str(value).split("\n"))

    def _turns(
        self, table: Table, i: int, cell: object, reply: tuple[object] | None, labelled: bool
    ) -> Iterator[tuple[str, str]]:
        """(history, reply) of every turn to learn; or of the reply to make, which is empty."""
        column = column_names(None, self.spec.data.input)[0]
        turns = [self._turn(table, i, column, v) for v in (cell if isinstance(cell, LISTS) else [cell])]
        if not labelled or reply is not None:
            output = next(iter(column_names(None, self.spec.data.output)), None)
            answer = self._turn(table, i, output, reply[0])[1] if labelled and reply is not None else ""
            yield self.history(turns, None), answer
            return
        for n in range(1, len(turns)):
            who, text = turns[n]
            if self.spec.data.speaker is None or who == self.spec.data.speaker:
                yield self.history(turns[:n], who), text

    def _turn(self, table: Table, i: int, column: str | None, value: object) -> tuple[str | None, str]:
        """The speaker of a turn, where known, and its text."""
        who = None
        if isinstance(value, dict):
            key = next((k for k in TURN_TEXTS if k in value), None)
            if key is None:
                keys = " or ".join(TURN_TEXTS)
                raise table.error(i, column, f"a turn has its text under {keys}, but this has {[*value]}")
            who = next((str(value[k]) for k in SPEAKERS if k in value), None)
            value = value[key]
        return who, as_text(self._checked(table, i, column, value))

    def history(self, turns: Sequence[tuple[str | None, str]], replier: str | None) -> str:
        """The last turns as one text: each on a line, marked by its speaker."""
        last = list(turns)[-(self.spec.data.turns or 3) :]
        replier = self.spec.data.speaker if replier is None else replier
        lines = []
        for back, (who, text) in enumerate(reversed(last)):
            ours = back % 2 == 1 if who is None or replier is None else who == replier
            lines.append(f"{OURS if ours else THEIRS} {text}")
        return "\n".join(reversed(lines))

    def _encode(
        self, table: Table, i: int, side: int, value: object, changes: bool
    ) -> tuple[Array, Array | None]:
        """The array of an input or of an output, and what augmentation changes of it."""
        column = column_names(None, self.spec.data.output if side else self.spec.data.input)
        with opened(table, i, column[0] if column else None):
            ids, raw = encoded(self.target if side else self.codecs["input"], value, self.spec.data, changes)
        return ids if side or self.sees else self.cut(ids), raw

    def cut(self, ids: S) -> S:
        """At most `max_length` of the tokens of an input, from the beginning or the end as its task reads."""
        most = self.spec.data.max_length
        if most is None or len(ids) <= most:
            return ids
        return ids[-most:] if self.way.reads_end else ids[:most]

    # ---- what the plan and the training need

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Which codecs there are, and of what kinds each may be."""
        read = {"input": TASKS[self.spec.task].inputs}
        return read if self.spec.model.shared else read | {"output": ("text",)}

    def inputs(self) -> dict[str, Input]:
        columns = column_names(None, self.spec.data.input)
        if not columns or (self.sees and len(columns) != 1):
            raise UsageError("it does not say which column is the input.")
        codec = self.codecs["input"]
        source: Input = {"kind": "ids", "size": int(codec.size)}
        if codec.shape:
            source = {**source, "kind": "vectors", "shape": list(codec.shape), "single": self.single}
        return {"source": source, "x": {"kind": "ids", "size": self.target.size}}

    @property
    def single(self) -> bool:
        """Whether an input is one step: an image that is read whole."""
        return self.codecs["input"].reads == "whole"

    def head(self) -> tuple[str, Options]:
        model = self.spec.model
        if self.target.end_id is None:
            raise UsageError("what is written has an end, but its codec has no token for it.")
        if model.copy and not model.shared:
            raise UsageError(
                "what is copied must have the same number on both sides: copy needs shared = true; or leave copying "
                "out (--no-copy)."
            )
        whole_sequences = {
            "recurrent_dropout": model.recurrent_dropout,
            "weight_dropout": model.weight_dropout,
            "locked_dropout": model.locked_dropout,
            "embedding_dropout": model.embedding_dropout,
            "copy": model.copy,
        }
        for name, value in whole_sequences.items():
            if value and self.spec.train.scheduled_sampling:
                raise UsageError(
                    f"scheduled_sampling goes step by step, {name} does not: leave one of them out."
                )
        return "pointer" if model.copy else "softmax", {"classes": self.target.size}

    @property
    def answer_names(self) -> list[str]:
        return self.target.names

    def choose(self, examples: TextExamples) -> tuple[Options, list[str]]:
        """Sizes by the amount of data."""
        assert examples.y is not None  # noqa: S101 - what is learned from is labelled
        count = len(examples)
        read, written = (np.array([len(v) for v in part]) for part in (examples.x, examples.y))
        small = count < 5000
        options: Options = {
            "hidden_size": 256 if small else 512,
            "num_layers": 1,
            "embedding_size": 128 if small else 256,
            "bidirectional": not self.single,
            "dropout": 0.3 if count > 100_000 else 0.5,
            "batch_size": 32 if count < 20_000 else 64,
            "lr": 1e-3,
            "schedule": "one-cycle",
            "clip": 1.0,
            "max_output": int(written.max(initial=1)),
        }
        options |= length_of_training(
            self.spec.train,
            count,
            options["batch_size"],
            updates=2000,
            epochs=int(np.clip(400_000 // max(1, count), 4, 40)),
            steps=float(np.maximum(read, written).mean()),
        )
        middle, most = ([f"{int(of(part)):,}" for part in (read, written)] for of in (np.median, np.max))
        note = f"{count:,} pairs of {' and '.join(middle)} tokens (medians; the longest {' and '.join(most)})"
        return options, [note, *unseen(self.codecs["input"], self.spec.model)]

    def digest(self, examples: TextExamples) -> str:
        return digest_of([*examples.x, *(examples.y or [])])

    # ---- batches

    def schedule(self, examples: TextExamples, train: TrainSpec, epoch: int) -> list[Item]:
        """Rows of alike lengths, on both sides."""
        assert examples.y is not None  # noqa: S101 - what is learned from is labelled
        read, written = (np.array([len(v) for v in part], np.int64) for part in (examples.x, examples.y))
        sides = written * (int(read.max(initial=0)) + 1) + read
        return [(rows, epoch) for rows in batches(np.maximum(read, written + 1), train, epoch, sides)]

    def batch(self, examples: TextExamples, item: Item, share: Share = (0, 1)) -> Batch:
        rows, epoch = share_rows(item[0], share), item[1]
        real = rows >= 0
        none = np.zeros(0, np.int64)
        seed = self.spec.train.seed
        xs = changed(self.codecs["input"], examples.x, examples.raw, rows, self.spec.data, seed, epoch)
        source, source_lengths = pad(xs if self.sees else [x.astype(np.int64) for x in xs])
        if examples.y is None:
            return Batch({"source": source}, None, rows=rows, source_lengths=source_lengths)
        end = [self.start_id]
        # a row that only fills a share takes one step, which is not scored: every process has to take part
        y = [np.concatenate([examples.y[r] if r >= 0 else none, end]).astype(np.int64) for r in rows]
        x_padded, lengths = pad([np.concatenate([end, ids[:-1]]) for ids in y])
        T, B = x_padded.shape
        at = np.flatnonzero(np.arange(T)[:, None] < real * (np.full(B, T) if lengths is None else lengths))
        targets: Arrays = {"y": pad(y)[0].reshape(-1)[at]}
        inputs = {"source": source, "x": x_padded}
        return Batch(inputs, lengths, targets, at, rows=rows, source_lengths=source_lengths)

    def evaluation(self, examples: TextExamples, rows: int = 64) -> Iterator[Batch]:
        """Batches of alike lengths; `Batch.rows` says whose each row is."""
        for some in by_length([len(x) for x in examples.x], rows):
            yield self.batch(examples, (some, -1))

    # ---- answers

    def measure(self, examples: TextExamples, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        """The loss of the model on the right outputs."""
        if examples.y is None:
            raise UsageError("an evaluation needs outputs to compare with")
        total, count = 0.0, 0
        for _batch, nll in outputs:
            total, count = total + float(nll.sum(dtype=np.float64)), count + len(nll)
        arrays = {"nll": total, "tokens": count}
        return Results(self._metrics(arrays), arrays)

    def _metrics(self, arrays: Options) -> dict[str, float]:
        rows = [METRICS[name] for name in TASKS[self.spec.task].metrics]
        return {row.name: float(row.compute(**arrays)) for row in rows if all(n in arrays for n in row.needs)}

    def judge(self, examples: TextExamples, written: Sequence[Sequence[Hypothesis]]) -> Results:
        """Metrics of the texts that the model wrote, beside the right ones."""
        texts = [self.text(best, examples.texts[i]) for i, (best, *_) in enumerate(written)]
        results = self.judged(examples, texts)
        results.details |= {"inputs": examples.texts, "written": written}
        return results

    def judged(self, examples: TextExamples, texts: list[str]) -> Results:
        """Metrics of these texts, beside the right ones."""
        arrays: Options = {"texts": texts, "references": examples.references}
        metrics = self._metrics(arrays)
        details: Options = {**arrays}
        if "bleu" in metrics:
            details["signature"] = signature(texts, examples.references)
        if examples.by:
            details["by"] = {}
            for value in sorted(set(examples.by)):
                rows = [i for i, v in enumerate(examples.by) if v == value]
                part = {name: [v[i] for i in rows] for name, v in arrays.items()}
                details["by"][value] = {**self._metrics(part), "rows": len(rows)}
        return Results(metrics, details)

    def predictions(
        self, examples: TextExamples, written: Sequence[Sequence[Hypothesis]], attention: bool = False
    ) -> list[Row]:
        """A row for each example: the text, its score, and the others of an n-best list."""
        return [self.answer(hypotheses, examples.texts[i], attention) for i, hypotheses in enumerate(written)]

    def answer(self, hypotheses: Sequence[Hypothesis], source: Text, attention: bool = False) -> Row:
        """The row of these hypotheses, the best first."""
        best, *others = hypotheses
        row: Row = {"text": self.text(best, source), "score": best.score}
        if others:
            row["others"] = [{"text": self.text(h, source), "score": h.score} for h in others]
        if attention and best.attention is not None:
            count = best.attention.shape[1]
            read = [str(i + 1) for i in range(count)] if self.sees else self.read_pieces(source)
            row["attention"] = {
                "source": read,
                "target": self.target.pieces([*best.tokens, self.start_id])[: len(best.attention)],
                "weights": [[round(float(w), 4) for w in step[: len(read)]] for step in best.attention],
            }
        return row

    def read_pieces(self, source: Text) -> list[str]:
        """Each token of an input that is read; an unknown word as it was given."""
        codec = self.read_codec
        ids = self.cut(codec.encode(source))
        pieces = codec.pieces(ids)
        if codec.unknown not in ids:
            return pieces
        words = self.cut(codec.cut(source))
        return [words[k] if i == codec.unknown else pieces[k] for k, i in enumerate(ids)]

    def text(self, hypothesis: Hypothesis, source: Text) -> str:
        """The text of a hypothesis; an unknown word becomes the word of the source with the most attention."""
        decoder, unknown = self.target.decoder(), self.target.unknown
        weights, words = hypothesis.attention, None
        parts = []
        for place, token in enumerate(hypothesis.tokens):
            if token == unknown and weights is not None and weights.shape[1] and not self.sees:
                words = self.cut(self.read_codec.cut(source)) if words is None else words
                at = int(weights[place].argmax())
                parts.append(decoder.word(words[at]) if at < len(words) and words[at] != END else "")
            else:
                parts.append(decoder.push(int(token)))
        return ("".join(parts) + decoder.finish()).strip()
