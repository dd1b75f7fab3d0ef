"""A text in, a text out: what `translate`, `summarize`, `chat` and `answer` learn from.

An input of several fields or turns is one text, its parts one a line: the end of line, `<eos>`, parts them as tokens.
The turns of a conversation are marked: `>` for those of the other, `<` for those of who is to reply.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs import kind_of
from hitherto.codecs.text import END, TextCodec
from hitherto.data import Table
from hitherto.decode import Hypothesis
from hitherto.errors import DataError, UsageError, nearest
from hitherto.metrics import METRICS, signature
from hitherto.progress import doing
from hitherto.spec import Spec, TrainSpec
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
    set_aside,
    unseen,
    untold,
)
from hitherto.tasks.writing.conversations import (
    LISTS,
    OURS,
    SAID,
    THEIRS,
    WHO,
    as_text,
    fields_of,
    is_conversation,
    shown_as,
    with_defaults,
)

__all__ = ["TextExamples", "Texts"]

# Columns that are taken for input and output where none is named, the surest first.
_INPUTS = ("source", "src", "input", "text", "document", "article", "prompt", "dialogue", "turns")
_OUTPUTS = ("target", "tgt", "output", "summary", "reply", "response", "answer", "translation")
_CONTEXTS = ("story", "context", "passage")
_SEEN = ("image", "picture", "photo", "video", "frames", "file", "path")
_CAPTIONS = ("caption", "captions", "description", "sentence", "text")


@dataclass(slots=True)
class TextExamples:
    """Encoded rows: the tokens of an input each, and of an output where there is one; and the texts themselves."""

    x: list[Array]
    y: list[Array] | None
    texts: list[str | list[str]]  # inputs
    references: list[list[str]]  # outputs that would be right; none where there are no labels
    picked: Array  # row number in the table of each example
    by: list[str]  # the value of the column `by` of each
    raw: list[Any]  # what is changed of each input in training, where it is

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
    """A text in, a text out, in each row: `translate`, `summarize`, `chat`, `answer`."""

    spec: Spec
    codecs: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    answers = "nll"
    judges = True
    unnamed = "txt"

    @property
    def reads(self) -> list[str]:
        return column_names(None, self.spec.data.input)

    @property
    def target(self) -> TextCodec:
        """The codec of outputs: that of inputs, where they share one."""
        codec: TextCodec = self.codecs.get("output", self.codecs["input"])
        return codec

    @property
    def sees(self) -> bool:
        """Whether what it reads are pictures, not texts."""
        return self.spec.task == "caption"

    @property
    def start_id(self) -> int:
        """What is read before anything is written."""
        assert self.target.end_id is not None  # noqa: S101 - fitted with an end
        return self.target.end_id

    # ---- fitting

    @classmethod
    def prepare(
        cls, spec: Spec, data: Any, valid: Any, extras: dict[str, Any]
    ) -> "tuple[Texts, TextExamples, TextExamples | None]":
        """Fit on the training part alone, and encode both parts."""
        spec = with_defaults(spec)
        table = load(spec, data)
        spec, notes = cls.columns(spec, table)
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

    @classmethod
    def columns(cls, spec: Spec, table: Table, labelled: bool = True) -> tuple[Spec, list[str]]:
        """The spec with its columns found in the table, and what was guessed; an output only where it is asked for."""
        data, notes = spec.data, list(table.notes)
        inputs, outputs = column_names(table, data.input), column_names(table, data.output)
        if len(outputs) > 1:
            raise UsageError(f"an output stands in one column, but --output names {len(outputs)}.")
        kinds = table.kinds() if not inputs or not outputs else {}
        taken = {*inputs, *outputs, *(column_names(table, data.group)), *(column_names(table, data.by))}
        known = {c.lower(): c for c in table.columns if c not in taken}
        left = [c for c in known.values() if kinds.get(c) in ("text", "list", "label")]
        if not inputs:
            context = [known[c] for c in _CONTEXTS if c in known][: spec.task == "answer"]
            asked = [known["question"]] if "question" in known and spec.task == "answer" else []
            named = [known[c] for c in (_SEEN if spec.task == "caption" else _INPUTS) if c in known]
            first = [c for c in left if c.lower() not in _OUTPUTS]
            inputs = context + asked or named[:1] or first[:1]
            if not inputs:
                raise untold(table, "is the input", "input")
            notes.append(f"input is taken from {listed(inputs)}; --input says otherwise")
        if spec.task == "chat" and len(inputs) > 1:
            raise UsageError(
                "a conversation stands in one column, of turns or of what is replied to, but --input names "
                f"{len(inputs)}; join them in a list."
            )
        turns = spec.task == "chat" and kinds.get(inputs[0]) == "list"
        if not outputs and labelled:
            usual = _CAPTIONS if spec.task == "caption" else _OUTPUTS
            named = [known[c] for c in usual if c in known and known[c] not in inputs]
            others = [c for c in left if c not in inputs]
            rest = [c for c in known.values() if c not in inputs]
            if not others and len(rest) == 1:  # dates, say, where there is nothing else to write
                others = rest
            found = named[:1] or ([] if turns else others[:1])
            if found:
                outputs = found
                notes.append(f"output is taken from column {found[0]!r}; --output says otherwise")
            elif spec.task != "chat":
                raise untold(table, "is the output", "output")
        if set(inputs) & set(outputs):
            raise UsageError(
                f"column {outputs[0]!r} is both input and output. Say another --input or --output."
            )
        if spec.data.speaker is not None and outputs:
            raise UsageError(
                "speaker chooses among the turns of a conversation; replies in a column are all learned."
            )
        by = None if spec.data.by is None else table.column(spec.data.by)
        return spec.replace(input=tuple(inputs), output=outputs[0] if outputs else None, by=by), notes

    def _fit(self, table: Table, rows: Array | None, extras: dict[str, Any]) -> None:
        data = self.spec.data
        chosen = None if rows is None else set(rows.tolist())

        def texts(side: int) -> Iterator[Any]:
            for i, source, targets, _by in self._values(table, labelled=True):
                if chosen is None or i in chosen:
                    yield source if side == 0 else targets[0]

        options: dict[str, Any] = {"tokens": data.tokens or "words", "end": True, **extras}
        options |= data.vocabulary
        if options["tokens"] == "words" and (len(table) if rows is None else len(rows)) >= 1000:
            # so that it learns what to do with words that it does not know
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
            if kind not in TASKS["caption"].inputs:
                raise UsageError(
                    f"caption reads {' and '.join(TASKS['caption'].inputs)}, and column {column!r} seems to hold "
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

    def load(self, data: Any, *, labelled: bool = True) -> TextExamples:
        """Encode what a person gives: a path, two paths, a frame, rows or plain texts."""
        data = [data] if self.spec.task == "chat" and is_conversation(data) else data
        table = load(self.spec, data, unnamed="csv" if labelled else self.unnamed)
        given = self.spec.data
        fields = column_names(None, given.input)
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
                for name, c in (("output", given.output), ("by", given.by))
            }
            spec, _ = self.columns(self.spec.replace(input=None, speaker=None, **known), table, labelled)
            return replace(self, spec=spec.replace(speaker=given.speaker)).read(table, labelled)
        return self.read(table, labelled)

    def read(self, table: Table, labelled: bool = True) -> TextExamples:
        """Encode every row; an error names its place."""
        x, y, texts, references, picked, by, raw = [], [], [], [], [], [], []
        for i, source, targets, value in self._values(table, labelled):
            one, changes = self._encode(table, i, 0, source, labelled)
            x.append(one)
            raw.append(changes)
            if labelled:
                if not targets:
                    raise table.error(
                        i, None, "there is no text to compare with: the model names no output column"
                    )
                y.append(self._encode(table, i, 1, targets[0], False)[0])
                references.append([t if isinstance(t, str) else " ".join(t) for t in targets])
            texts.append(shown_as(source, i) if self.sees else source)
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
        if self.spec.task != "chat" or not table.head(1):
            return "the data holds no rows"
        if self.spec.data.speaker is None:
            return "every conversation has a single turn; give longer ones, or a column of replies (--output)"
        column = column_names(None, self.spec.data.input)[0]
        turns = [turn for given in table.values(column) if isinstance(given, LISTS) for turn in given]
        known = sorted({self._turn(table, 0, column, turn)[0] or "unnamed" for turn in turns})
        near = nearest(self.spec.data.speaker, known)
        return f"no reply is by {self.spec.data.speaker!r}; the speakers are {', '.join(known) or 'unnamed'}.{near}"

    def _values(self, table: Table, labelled: bool) -> Iterator[tuple[int, Any, list[Any], str | None]]:
        """(row number, input, outputs, value of `by`) of every example."""
        data = self.spec.data
        inputs = [table.column(c) for c in column_names(None, data.input)]
        output = (
            table.column(column_names(None, data.output)[0]) if labelled and data.output is not None else None
        )
        for i, row in enumerate(table):
            value = str(row[data.by]) if labelled and data.by in row else None  # data to measure may lack it
            if self.spec.task == "chat":
                reply = (row[output],) if output else None
                for source, said in self._turns(table, i, row[inputs[0]], reply, labelled):
                    yield i, source, [said], value
                continue
            parts = [table.place(row[c]) if self.sees else self._checked(table, i, c, row[c]) for c in inputs]
            source = parts[0] if len(parts) == 1 else "\n".join(as_text(p) for p in parts)
            targets: list[Any] = []
            if output is not None:
                given = row[output]
                many = given if isinstance(given, LISTS) and self._many(given) else [given]
                targets = [self._checked(table, i, output, t) for t in many]
                if not targets:
                    raise table.error(i, output, "expected a text, or a list of them, but the list is empty")
            yield i, source, targets, value

    def _many(self, given: Any) -> bool:
        """Whether a list of outputs is one of texts, any of which would be right; else it is the words of one."""
        return self.spec.data.tokens != "words" or any(" " in str(v) for v in given) or len(given) == 0

    def _checked(self, table: Table, i: int, column: str | None, value: Any) -> Any:
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
        self, table: Table, i: int, given: Any, reply: tuple[Any] | None, labelled: bool
    ) -> Iterator[tuple[str, str]]:
        """(what is read, the reply) of every turn that is to be learned, or of the one that is to be made."""
        column = column_names(None, self.spec.data.input)[0]
        turns = [self._turn(table, i, column, v) for v in (given if isinstance(given, LISTS) else [given])]
        if not labelled or reply is not None:
            answer = "" if not labelled else self._turn(table, i, self.spec.data.output, *(reply or ()))[1]
            yield self.history(turns, None), answer
            return
        for n in range(1, len(turns)):
            who, said = turns[n]
            if self.spec.data.speaker is None or who == self.spec.data.speaker:
                yield self.history(turns[:n], who), said

    def _turn(self, table: Table, i: int, column: Any, value: Any) -> tuple[str | None, str]:
        """Who said it, where that is known, and what."""
        who = None
        if isinstance(value, dict):
            said = next((k for k in SAID if k in value), None)
            if said is None:
                raise table.error(
                    i, column, f"a turn has its text under {' or '.join(SAID)}, but this has {[*value]}"
                )
            who = next((str(value[k]) for k in WHO if k in value), None)
            value = value[said]
        return who, as_text(self._checked(table, i, column, value))

    def history(self, turns: Sequence[tuple[str | None, str]], replier: str | None) -> str:
        """The last turns as one text: each on a line, marked by who said it."""
        last = list(turns)[-(self.spec.data.turns or 3) :]
        replier = self.spec.data.speaker if replier is None else replier
        lines = []
        for back, (who, said) in enumerate(reversed(last)):
            own = back % 2 == 1 if who is None or replier is None else who == replier
            lines.append(f"{OURS if own else THEIRS} {said}")
        return "\n".join(reversed(lines))

    def _encode(self, table: Table, i: int, side: int, value: Any, changes: bool) -> tuple[Array, Any]:
        """The array of an input or of an output, and what is changed of it in training, where it may be."""
        column = column_names(None, self.spec.data.output if side else self.spec.data.input)
        with opened(table, i, column[0] if column else None):
            ids, raw = encoded(self.target if side else self.codecs["input"], value, self.spec.data, changes)
        return ids if side or self.sees else self.cut(ids), raw

    def cut(self, ids: Any) -> Any:
        """As much of an input as is read: its end where that is what is asked, of other texts their beginning."""
        most = self.spec.data.max_length
        if most is None or len(ids) <= most:
            return ids
        return ids[-most:] if self.spec.task in ("chat", "answer") else ids[:most]

    # ---- what the plan and the training need

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Which codecs there are, and of what kinds each may be."""
        own = {"input": TASKS[self.spec.task].inputs}
        return own if self.spec.model.shared else own | {"output": ("text",)}

    def inputs(self) -> dict[str, Any]:
        columns = column_names(None, self.spec.data.input)
        if not columns or (self.sees and len(columns) != 1):
            raise UsageError("it does not say which column is the input.")
        codec = self.codecs["input"]
        source: dict[str, Any] = {"kind": "ids", "size": int(codec.size)}
        if self.sees:
            source |= {"kind": "vectors", "shape": list(codec.shape), "single": self.single}
        return {"source": source, "x": {"kind": "ids", "size": self.target.size}}

    @property
    def single(self) -> bool:
        """Whether an input is one step: a picture that is seen at once."""
        return bool(self.codecs["input"].reads == "whole")

    def head(self) -> tuple[str, dict[str, Any]]:
        model = self.spec.model
        if self.target.end_id is None:
            raise UsageError("what is written has an end, but its codec has no token for it.")
        if model.copy and not model.shared:
            raise UsageError(
                "what is copied must have the same number on both sides: copy needs shared = true; or leave copying "
                "out (--no-copy)."
            )
        apart = (
            ("recurrent_dropout", "embedding_dropout", "copy") if self.spec.train.scheduled_sampling else ()
        )
        for name in apart:
            if getattr(model, name):
                raise UsageError(
                    f"scheduled_sampling goes step by step, {name} does not: leave one of them out."
                )
        return "pointer" if model.copy else "softmax", {"classes": self.target.size}

    def choose(self, examples: TextExamples) -> tuple[dict[str, Any], list[str]]:
        """Sizes by how much there is to learn from."""
        assert examples.y is not None  # noqa: S101 - what is learned from is labelled
        count = len(examples)
        read, written = (np.array([len(v) for v in part]) for part in (examples.x, examples.y))
        small = count < 5000
        options: dict[str, Any] = {
            "hidden_size": 256 if small else 512,
            "num_layers": 1,
            "embedding_size": 128 if small else 256,
            "bidirectional": not self.single,
            "dropout": 0.3 if count > 100_000 else 0.5,
            "batch_size": 32 if count < 20_000 else 64,
            "epochs": int(np.clip(400_000 // max(1, count), 4, 40)),
            "lr": 1e-3,
            "schedule": "one-cycle",
            "clip": 1.0,
            "max_output": int(written.max(initial=1)),
        }
        middle, most = ([f"{int(of(part)):,}" for part in (read, written)] for of in (np.median, np.max))
        said = f"{count:,} pairs of {' and '.join(middle)} tokens (medians; the longest {' and '.join(most)})"
        return options, [said, *unseen(self.codecs["input"], self.spec.model)]

    def digest(self, examples: TextExamples) -> str:
        return digest_of([*examples.x, *(examples.y or [])])

    # ---- batches

    def schedule(self, examples: TextExamples, train: TrainSpec, epoch: int) -> list[Item]:
        """Rows of alike lengths, on both sides."""
        assert examples.y is not None  # noqa: S101 - what is learned from is labelled
        read, written = (np.array([len(v) for v in part], np.int64) for part in (examples.x, examples.y))
        sides = written * (int(read.max(initial=0)) + 1) + read
        return [(own, epoch) for own in batches(np.maximum(read, written + 1), train, epoch, sides)]

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
        # a row that only fills a share takes one step, which is not scored: who has nothing else must take part, too
        y = [np.concatenate([examples.y[r] if r >= 0 else none, end]).astype(np.int64) for r in rows]
        x_padded, lengths = pad([np.concatenate([end, own[:-1]]) for own in y])
        T, B = x_padded.shape
        at = np.flatnonzero(np.arange(T)[:, None] < real * (np.full(B, T) if lengths is None else lengths))
        targets: Arrays = {"y": pad(y)[0].reshape(-1)[at]}
        inputs = {"source": source, "x": x_padded}
        return Batch(inputs, lengths, targets, at, rows=rows, source_lengths=source_lengths)

    def evaluation(self, examples: TextExamples, rows: int = 64) -> Iterator[Batch]:
        """Batches of alike lengths; `Batch.rows` says whose each row is."""
        for own in by_length([len(x) for x in examples.x], rows):
            yield self.batch(examples, (own, -1))

    # ---- answers

    def measure(self, examples: TextExamples, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        """What the model thinks of the true outputs."""
        if examples.y is None:
            raise UsageError("an evaluation needs outputs to compare with")
        total, count = 0.0, 0
        for _batch, nll in outputs:
            total, count = total + float(nll.sum(dtype=np.float64)), count + len(nll)
        arrays = {"nll": total, "tokens": count}
        return Results(self._metrics(arrays), arrays)

    def _metrics(self, arrays: dict[str, Any]) -> dict[str, float]:
        rows = [METRICS[name] for name in TASKS[self.spec.task].metrics]
        return {row.name: float(row.compute(**arrays)) for row in rows if all(n in arrays for n in row.needs)}

    def judge(self, examples: TextExamples, written: Sequence[Sequence[Hypothesis]]) -> Results:
        """What the texts that the model wrote are worth beside the true ones."""
        texts = [self.text(found[0], examples.texts[i]) for i, found in enumerate(written)]
        arrays: dict[str, Any] = {"texts": texts, "references": examples.references}
        metrics = self._metrics(arrays)
        details: dict[str, Any] = {**arrays, "inputs": examples.texts, "written": written}
        if "bleu" in metrics:
            details["signature"] = signature(texts, examples.references)
        if examples.by:
            details["by"] = {}
            for value in sorted(set(examples.by)):
                own = [i for i, v in enumerate(examples.by) if v == value]
                part = {name: [v[i] for i in own] for name, v in arrays.items()}
                details["by"][value] = {**self._metrics(part), "rows": len(own)}
        return Results(metrics, details)

    def predictions(
        self, examples: TextExamples, written: Sequence[Sequence[Hypothesis]], attention: bool = False
    ) -> list[dict[str, Any]]:
        """A row for each example: the text, its score, and the others of an n-best list."""
        return [self.answer(found, examples.texts[i], attention) for i, found in enumerate(written)]

    def answer(self, found: Sequence[Hypothesis], source: Any, attention: bool = False) -> dict[str, Any]:
        """What these hypotheses, the best first, say."""
        best = found[0]
        row: dict[str, Any] = {"text": self.text(best, source), "score": best.score}
        if len(found) > 1:
            row["others"] = [{"text": self.text(h, source), "score": h.score} for h in found[1:]]
        if attention and best.attention is not None:
            count = best.attention.shape[1]
            read = [str(i + 1) for i in range(count)] if self.sees else self._read(source)
            row["attention"] = {
                "source": read,
                "target": self.target.pieces([*best.tokens, self.start_id])[: len(best.attention)],
                "weights": [[round(float(w), 4) for w in step[: len(read)]] for step in best.attention],
            }
        return row

    def _read(self, source: Any) -> list[str]:
        """Each token that is read of an input, by itself; a word that is none stands there as it was given."""
        codec: TextCodec = self.codecs["input"]
        ids = self.cut(codec.encode(source))
        pieces = codec.pieces(ids)
        if codec.unknown not in ids:
            return pieces
        words = self.cut(codec.cut(source))
        return [words[k] if i == codec.unknown else pieces[k] for k, i in enumerate(ids)]

    def text(self, hypothesis: Hypothesis, source: Any) -> str:
        """What a hypothesis says; in place of an unknown word stands the one of the source that was looked at most."""
        decoder, unknown = self.target.decoder(), self.target.unknown
        weights, words = hypothesis.attention, None
        said = []
        for place, token in enumerate(hypothesis.tokens):
            if token == unknown and weights is not None and weights.shape[1] and not self.sees:
                words = self.cut(self.codecs["input"].cut(source)) if words is None else words
                at = int(weights[place].argmax())
                said.append(decoder.word(words[at]) if at < len(words) and words[at] != END else "")
            else:
                said.append(decoder.push(int(token)))
        return ("".join(said) + decoder.finish()).strip()
