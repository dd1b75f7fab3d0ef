"""What a person calls: `train`, `open`, and the `Model` that both return."""

import datetime as dt
import functools
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import hitherto
from hitherto import bundle, checkpoint, files
from hitherto import spec as specs
from hitherto.arrays import Array
from hitherto.codecs.label import LabelCodec
from hitherto.data.answers import beside
from hitherto.decode import Hypothesis
from hitherto.errors import (
    BundleError,
    CheckpointError,
    HithertoError,
    MissingExtra,
    UsageError,
    nearest,
)
from hitherto.heads.classes import log_softmax
from hitherto.plan import form_of, make, operations, streams
from hitherto.plan import weights as shapes
from hitherto.plan.check import check
from hitherto.progress import over, telling
from hitherto.runtime.engine import Engine
from hitherto.runtime.session import STREAMS, Session, Sessions, Stream
from hitherto.runtime.writer import DRAWS, SEARCHES, sequel, write
from hitherto.sources import SOURCES, Results
from hitherto.sources.given import READING, expect, inputs, labelled, parameters, told
from hitherto.spec import Spec
from hitherto.spec.tasks import TASKS

__all__ = ["Model", "open", "train"]

Say = Callable[[str], None]


class Model:
    """A trained model: its codecs, its plan and the engine that runs the plan.

    Its methods are those of its task: `generate` and `suggest` of `lm`, `anomalies` of `forecast`; `predict` and
    `evaluate` of every task.
    """

    def __init__(
        self,
        spec: Spec,
        plan: dict[str, Any],
        codecs: dict[str, Any],
        tensors: Mapping[str, Array],
        weights: str = "float32",
        **kept: Any,
    ) -> None:
        self.spec = spec
        self.plan = plan
        self.codecs = codecs
        self.tensors = tensors
        self.weights = weights
        self.metrics: dict[str, float] = kept.get("metrics", {})
        self.made: dict[str, Any] = kept.get("made", {})
        self.path: Path | None = kept.get("path")
        self.run: Path | None = kept.get("run")
        self._digest: str | None = kept.get("digest")
        self._check: Callable[[], None] | None = kept.get("check")
        self.source = SOURCES[TASKS[spec.task].source](spec, codecs)

    @property
    def engine(self) -> Engine:
        """What runs the plan; a BundleError where the file was cut short that its weights lie in."""
        if self._check is not None:
            self._check()
        return self._engine

    @functools.cached_property
    def _engine(self) -> Engine:
        return Engine(self.plan, self.tensors, self.weights)

    @property
    def digest(self) -> str:
        """By which sessions know their model again."""
        if self._digest is None:
            self._digest = bundle.digest(self.tensors, self.plan, self.codecs)
        return self._digest

    def __repr__(self) -> str:
        return f"<hitherto {self.spec.task} model: {describe(self.plan)}>"

    # ---- every task

    def evaluate(self, data: Any, **options: Any) -> dict[str, float]:
        """Metrics by name on labelled data: a path, a frame, or rows as dicts.

        `input`, `output`, `id` and `time` name the columns where they are others than those of training; `format`,
        `header`, `delimiter` and `encoding` say how a file is read. Forecasts: `start` (a time) scores only what is
        forecast from there on, `stride` every so many steps. Models that write: how, as `decoding` has it.
        """
        return self.examine(data, **options).metrics

    def examine(self, data: Any, **options: Any) -> Results:
        """`evaluate`, with the details that a report shows."""
        source, options = told(self.source, options)
        tells_how = self.writes or getattr(source, "decodes", False)
        if not tells_how:
            expect(
                options, parameters(source.load) - {"data", "labelled"}, f"an evaluation of {self.spec.task}"
            )
        data = labelled(source, data)
        if tells_how:
            return self._measure(source.load(data), **options)
        return self._measure(source.load(data, **options))

    def _measure(self, examples: Any, **decoding: Any) -> Results:
        outputs = self._outputs(self.source.evaluation(examples))
        if getattr(self.source, "decodes", False):
            return self.source.measure(examples, outputs, **decoding)  # type: ignore[no-any-return]
        found: Results = self.source.measure(examples, outputs)
        if not self.writes:
            return found
        judged = self.judge(examples, **decoding)
        metrics = found.metrics | judged.metrics
        order = TASKS[self.spec.task].metrics
        return Results({n: metrics[n] for n in order if n in metrics}, found.details | judged.details)

    def judge(self, examples: Any, **decoding: Any) -> Results:
        """What the texts are worth that a model writes to these encoded inputs."""
        found: Results = self.source.judge(examples, self._written(examples, **decoding))
        return found

    def predict(
        self, data: Any, *, details: bool = False, keep: str | Sequence[str] | None = None, **options: Any
    ) -> list[Any]:
        """An answer for each input: a label, a list of labels, or a row of the future.

        `data` is a path, a frame, rows as dicts, an array, a plain list of inputs, or a text, if the model reads texts.
        An array has a column for each of `columns`. With `details` each answer is a dict that also says how sure the
        model is; with `keep` it also has the number of its row, from 1, the row's ids and times, and the columns that
        `keep` names, () for none. Columns and files are told as to `evaluate`.

        Of two classes, `threshold` is the probability from which on the positive one is said. A model that writes
        answers with texts: `decoding` has the options; `attention` adds where it looked.
        """
        source, options = told(self.source, options)
        if "steps" in self.codecs:
            raise UsageError(f"{self.spec.task} models go on by themselves: use generate, or a stream.")
        foresees = self.spec.task == "forecast"
        if foresees and keep:
            raise UsageError("a forecast is of times to come, of which no column is known: keep has no use.")
        table = inputs(source, data)
        columns = [table.column(name) for name in ([keep] if isinstance(keep, str) else keep or ())]
        examples = source.load(table, labelled=False)
        rows: list[dict[str, Any]]
        if self.writes:
            attention = options.pop("attention", False)
            rows = source.predictions(examples, self._written(examples, **options), attention)
            details = details or attention
        else:
            if not getattr(source, "decodes", False):
                known = parameters(source.predictions) - {"examples", "outputs"}
                expect(options, known, f"predictions of {self.spec.task}")
            batches = source.future(examples) if foresees else source.evaluation(examples)
            rows = source.predictions(examples, self._outputs(batches), **options)
        if keep is not None and not foresees:  # a forecast says whose it is, and of when
            own = [
                column for column in (source.spec.data.id, source.spec.data.group) if column in table.columns
            ]
            return beside(rows, examples.picked, table, [*own, *columns])
        plain = {"label", "labels", "text"} & rows[0].keys() if rows else set()
        return rows if details or not plain else [row[next(iter(plain))] for row in rows]

    @property
    def columns(self) -> list[str]:
        """The columns that an answer is made from, in the order in which an array has them."""
        found: list[str] = self.source.reads
        return found

    @property
    def classes(self) -> list[str]:
        """The labels that it may say, in the order of their probabilities."""
        codec = self.codecs.get("output")
        if not isinstance(codec, LabelCodec):
            raise UsageError(f"{self.spec.task} models have no classes; classify and tag do.")
        return list(codec.classes)

    def predict_proba(self, data: Any, **options: Any) -> Array:
        """The probability of each class for each input of `classify`, [n, classes], in the order of `classes`."""
        self._only("classify", "predict_proba")
        source = self.reader(**options)
        examples = source.load(inputs(source, data), labelled=False)
        found: Array = np.stack(source.collect(examples, self._outputs(source.evaluation(examples))))
        return found

    def reader(self, **said: Any) -> Any:
        """The source, told of columns and files what `evaluate` may be told."""
        source, left = told(self.source, said)
        expect(left, READING, "reading data")
        return source

    # ---- models that write

    @property
    def writes(self) -> bool:
        """Whether its answers are texts that a decoder makes: translations, summaries, replies."""
        return hasattr(self.source, "judge")

    def _written(self, examples: Any, **decoding: Any) -> list[list[Hypothesis]]:
        """Hypotheses for each example, in their order."""
        options = self.decoding(decoding)
        found: list[list[Hypothesis]] = [[]] * len(examples)
        for batch in _heard(self.source.evaluation(examples)):
            written = write(
                self.engine, batch.inputs["source"], batch.source_lengths, numbers=batch.rows, **options
            )
            for row, hypotheses in zip(batch.rows, written, strict=True):
                found[row] = hypotheses
        return found

    def decoding(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All that a decoder is told: what is given, and the task's own ways where nothing is.

        max_new_tokens, min_new_tokens, num_beams, n_best, length_penalty, coverage_penalty, no_repeat_ngram; or, to
        draw, temperature, top_k, top_p, repetition_penalty, seed.
        """
        known = ("max_new_tokens", *SEARCHES, *DRAWS)
        for name in given:
            if name not in known:
                raise UsageError(f"there is no option {name!r} of writing.{nearest(name, known)}")
        own = {**TASKS[self.spec.task].decoding}
        own["num_beams"] = max(own["num_beams"], given.get("n_best") or 1)
        if self.source.target.tokens in ("chars", "bytes"):  # which repeat as they must
            own.pop("no_repeat_ngram", None)
        draws = bool(given.get("temperature"))
        unknown = self.source.target.unknown
        return {
            "start": self.source.start_id,
            "stop": [self.source.start_id],
            "max_new_tokens": (self.spec.data.max_output or 100) + 1,
            # where it can be seen what an unknown word stands for, it may be said
            "banned": [] if unknown is None or (self.engine.attends and not self.source.sees) else [unknown],
            **({} if draws else own),
            **{name: value for name, value in given.items() if value is not None},
        }

    def _outputs(self, batches: Iterator[Any]) -> Iterator[Any]:
        return self.engine.outputs(_heard(batches), self.source.answers)

    def save(self, path: str | Path) -> str:
        """Write the bundle; gives its digest."""
        if self._check is not None:
            self._check()
        self._digest = digest = bundle.write(
            path,
            tensors=self.tensors,
            plan=self.plan,
            spec=specs.to_document(self.spec),
            codecs=self.codecs,
            metrics=self.metrics,
            made=self.made,
        )
        self.path = Path(path)
        return digest

    # ---- streams

    def stream(self, saved: bytes | None = None, **decoding: Any) -> Stream:
        """A live stream: values in, answers out, the state in your hands; one that goes on from `saved`, if given.

        Of a model that writes, `decoding` says how, as for `predict`.
        """
        self._streams()
        made = STREAMS[self.spec.task](self)
        if decoding:
            made.tell(**decoding)
        return made if saved is None else made.load(saved)

    def session(self) -> Session:
        """A stream of plain arrays: what the codec would give in, what the head reads out."""
        self._arrays()
        return Session(self.engine)

    def streams(self, n: int) -> Sessions:
        """So many sessions of plain arrays, to be stepped together: each with its own state."""
        self._arrays()
        return Sessions(self.engine, n)

    def _arrays(self) -> None:
        if "encode" in self.plan:
            raise UsageError(
                "a model with an encoder has no session of arrays: it writes when its input is over. Use stream()."
            )
        self._streams()

    def _streams(self) -> None:
        why = streams(self.plan)
        if why is not None:
            raise UsageError(why)

    # ---- lm

    def generate(self, prompt: Any = None, **options: Any) -> Any:
        """What the model makes of `prompt`.

        `lm`: the text gone on with; `pieces` has the options. `compose`: the music, a roll or a file, gone on with, as
        a roll. `handwrite`: the strokes that write it. `steps` has the options of these two.
        """
        if "steps" not in self.codecs:
            return "".join(self.pieces(prompt or "", **options))
        codec = self.codecs["steps"]
        made = [step[None] for step in self.steps(prompt, **options)]
        if self.spec.task == "compose" and prompt is not None:
            made.insert(0, codec.encode(prompt))
        return codec.decode(np.concatenate([np.zeros((0, codec.size), np.float32), *made]))

    # ---- compose, handwrite

    def steps(
        self,
        prompt: Any = None,
        *,
        steps: int | None = None,
        temperature: float = 1.0,
        bias: float = 0.0,
        voices: int | None = None,
        seed: int | None = None,
    ) -> Iterator[Array]:
        """The steps that follow a piece of music, or that write a text, each as it is drawn, `steps` of them.

        Below 1 `temperature` keeps to what is likely, and so does the `bias` of a pen from 0 on. Of music no more than
        `voices` keys sound at once, and none that did not in training.
        """
        from itertools import islice

        if "steps" not in self.codecs:
            raise UsageError(f"{self.spec.task} models write no steps; compose and handwrite do.")
        for name, count in (("steps", steps), ("voices", voices)):
            if count is not None and not count >= 1:
                raise UsageError(f"{name} must be 1 at least, but came as {count!r}.")
        codec, begun, state = self.codecs["steps"], [], None
        if self.source.says:
            if not isinstance(prompt, str) or not prompt:
                raise UsageError("this model writes a text: give one.")
            state = self.engine.encode(self.source.told(prompt)[:, None])
        elif prompt is not None:
            begun = [codec.encode(prompt)]
        x = np.concatenate([np.zeros((1, codec.size), np.float32), *begun])
        how: dict[str, Any] = {"temperature": temperature}
        if self.spec.task == "compose":
            how["voices"] = voices
            if bias:
                raise UsageError("bias is for pens; music has a temperature.")
        else:
            how["bias"] = bias
            if voices is not None:
                raise UsageError("voices are of music; a pen has one.")
        allowed = self._allowed()
        if allowed is not None:
            how["allowed"] = allowed
        steps = steps or (
            64 if self.spec.task == "compose" else 60 * max(4, len(prompt) if isinstance(prompt, str) else 0)
        )
        return islice(sequel(self.engine, state, x, np.random.default_rng(seed), **how), steps)

    def draw(self, params: Array, rng: "np.random.Generator") -> Array:
        """A step that could come next, from what the head reads."""
        allowed = self._allowed()
        return self.engine.draw(params, rng, **({} if allowed is None else {"allowed": allowed}))

    def _allowed(self) -> Array | None:
        """Which keys may sound: those between the outermost of training."""
        codec = self.codecs["steps"]
        if self.spec.task != "compose":
            return None
        keys = np.arange(codec.low, codec.high + 1)
        allowed: Array = (keys >= codec.lowest) & (keys <= codec.highest)
        return allowed

    def pieces(
        self,
        prompt: str = "",
        *,
        max_new_tokens: int = 200,
        temperature: float = 0.8,
        top_k: int = 0,
        top_p: float = 1.0,
        repetition_penalty: float = 1.0,
        stop: str | list[str] | None = None,
        seed: int | None = None,
        num_beams: int = 1,
        length_penalty: float = 1.0,
    ) -> Iterator[str]:
        """The text that follows `prompt`, piece by piece as it is made.

        With `num_beams` above 1 it is the most probable text that a beam search finds, which draws nothing.
        """
        from hitherto.decode import best_beam, sample, until

        self._only("lm", "generate")
        codec = self.codecs["input"]
        ids, decoder = self._read(prompt)
        state, log_probs = self._advance(ids)
        banned = [i for i in (codec.unknown,) if i is not None]
        if not prompt:  # a line that ends before it begins is nothing
            log_probs[:, self._ends()] = -np.inf
        shared: dict[str, Any] = {
            "max_new_tokens": max_new_tokens,
            "banned": banned,
            "stop_ids": self._ends(),
        }
        if num_beams > 1:
            if (top_k, top_p, repetition_penalty, seed) != (0, 1.0, 1.0, None):
                raise UsageError(
                    "a beam search draws nothing: leave out top_k, top_p, repetition_penalty and seed, or num_beams."
                )
            made = best_beam(
                self._step, state, log_probs, num_beams=num_beams, length_penalty=length_penalty, **shared
            )
        else:
            made = sample(
                self._step, state, log_probs, temperature=temperature, top_k=top_k, top_p=top_p,
                repetition_penalty=repetition_penalty, seed=seed, **shared,
            )  # fmt: skip

        def text() -> Iterator[str]:
            for token in made:
                yield decoder.push(token)
            yield decoder.finish()

        stops = [stop] if isinstance(stop, str) else stop or []
        return until(text(), stops)

    def suggest(self, text: str, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable next words after `text`, or ends of its last word; each with its probability."""
        self._only("lm", "suggest")
        codec = self.codecs["input"]
        cut = max((i for i, c in enumerate(text) if c.isspace()), default=-1) + 1
        head, prefix = text[:cut], text[cut:]
        joined = codec.tokens != "words" and head.endswith(" ")
        state, log_probs = self._advance(self._read(head[:-1] if joined else head)[0])
        return self.suggest_from(state, log_probs, " " * joined + prefix, k)

    def suggest_from(self, state: Any, log_probs: Array, rest: str, k: int) -> list[tuple[str, float]]:
        """`suggest` after a state: `rest` is the text that is no token yet, the word that has begun."""
        from hitherto.decode import suggest

        codec = self.codecs["input"]
        if rest.startswith(" ") and codec.tokens != "words":
            # where tokens have their blanks, the next word begins with the one just before it
            blank = [codec.decode([i]).startswith(" ") for i in range(codec.size)]
            log_probs = np.where(blank, log_probs, -np.inf)
        found = suggest(
            self._step,
            state,
            log_probs,
            k,
            is_start=codec.is_word_start,
            text_of=codec.decode,
            prefix=rest.strip(),
        )
        return [(word, float(np.exp(p))) for word, p in found]

    def _only(self, task: str, method: str) -> None:
        if self.spec.task != task:
            raise UsageError(f"{method} is for {task} models; this one does {self.spec.task}. Use predict.")

    def _read(self, prompt: str) -> tuple[np.ndarray[Any, Any], Any]:
        """The start token and the prompt's tokens; and a decoder that knows what came before."""
        codec = self.codecs["input"]
        ids = np.concatenate([[self.source.start_id], codec.encode(prompt) if prompt else []]).astype(
            np.int64
        )
        if prompt and codec.end_id is not None and ids[-1] == codec.end_id and not prompt.endswith("\n"):
            ids = ids[:-1]
        decoder = codec.decoder()
        for i in ids[1:]:
            decoder.push(int(i))
        return ids, decoder

    def _ends(self) -> list[int]:
        apart = self.spec.data.layout == "lines"
        return [self.codecs["input"].end_id] if apart else []

    def _advance(self, ids: np.ndarray[Any, Any]) -> tuple[Any, np.ndarray[Any, Any]]:
        """The state after these tokens, and the log-probabilities of the next."""
        state, log_probs = None, None
        for start in range(0, len(ids), 512):
            state, log_probs = self._run(state, ids[start : start + 512, None])
        assert log_probs is not None  # noqa: S101 - there is a start token at least
        return state, log_probs

    def _step(self, state: Any, tokens: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], Any]:
        state, log_probs = self._run(state, np.asarray(tokens, np.int64)[None])
        return log_probs, state

    def _run(self, state: Any, x: np.ndarray[Any, Any]) -> tuple[Any, np.ndarray[Any, Any]]:
        features, after = self.engine.forward({"x": x}, None, state)
        return after, log_softmax(self.engine.params(features[-1]))

    # ---- forecast

    def anomalies(self, data: Any, last: int = 100, **told: Any) -> list[dict[str, Any]]:
        """How surprising each of the `last` newest points of every series was, seen from the step before."""
        self._only("forecast", "anomalies")
        source = self.reader(**told)
        examples = source.load(inputs(source, data))
        examples.first = [max(0, len(s.values) - 1 - last) for s in examples.series]
        origins = [examples.origins(i, 1, whole=False) for i in range(len(examples))]
        rows: list[dict[str, Any]] = source.anomalies(
            examples, self._outputs(source.read_at(examples, origins))
        )
        return rows


def _heard(batches: Iterator[Any]) -> Iterator[Any]:
    """Batches whose number is told while the model runs."""
    return over(batches, "the model", unit="batches", what="running")


def _need_torch(what: str) -> None:
    if find_spec("torch") is None:
        raise MissingExtra(what, "torch", "train")


def open(  # noqa: A001 - its name
    path: str | Path, *, weights: str = "float32", tokenizer: Any = None, mmap: bool = True
) -> Model:
    """The model in the bundle at `path`, ready to run without torch.

    `weights` says how they are held in memory: "float32", "bfloat16" or "int8", of which the smaller are faster where a
    model does not fit into a cache; what they cost in accuracy stands in docs/running.md. A model that was trained with
    a tokenizer of its own needs the same again. `mmap=False` reads the file into memory of one's own, where others may
    write over it in place.
    """
    found = bundle.read(path, mmap=mmap)
    try:
        plan = check(found.plan, found.tensors)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error
    codecs = {name: found.codec(name) for name in found.codecs}
    if tokenizer is not None:
        own = [name for name, codec in codecs.items() if name == "input" or getattr(codec, "outside", False)]
        codecs |= {name: codecs[name].with_tokenizer(tokenizer) for name in own}
    spec = specs.from_document(found.spec, str(path))
    model = Model(
        spec, plan, codecs, found.tensors, weights, metrics=found.metrics, made=found.made, path=found.path,
        digest=found.digest, check=found.check,
    )  # fmt: skip
    _agree(model)
    assert model.engine is not None  # noqa: S101 - made now, so that what is wrong with it is said here
    return model


def _agree(model: Model) -> None:
    """A bundle's spec and codecs ask for the very inputs and head that its plan has; else a BundleError."""
    kinds = model.source.kinds()
    found = {name: codec.kind for name, codec in model.codecs.items()}
    if found.keys() != kinds.keys() or any(kind not in kinds[name] for name, kind in found.items()):
        wanted = ", ".join(f"{name} ({' or '.join(some)})" for name, some in kinds.items())
        came = ", ".join(f"{name} ({kind})" for name, kind in found.items())
        raise BundleError(
            f"{model.path}: {model.spec.task} has the codecs {wanted}, but the bundle has {came}."
        )
    try:
        head, options = model.source.head()
        inputs = model.source.inputs()
    except UsageError as error:
        raise BundleError(f"{model.path}: its spec and its codecs do not fit together: {error}") from error
    plan, form = model.plan, form_of(TASKS[model.spec.task].form, inputs)
    for name, asked, planned in (
        ("inputs", inputs, plan["inputs"]),
        ("form", form, plan["form"]),
        ("head", head, plan["head"]["kind"]),
        ("options", options, plan["head"]["options"]),
    ):
        if asked != planned:
            raise BundleError(
                f"{model.path}: its spec and its codecs ask for the {name} {asked!r:.200}, but its plan has "
                f"{planned!r:.200}."
            )


def train(
    task: str | Spec,
    data: Any = None,
    *,
    out: str | Path | None = None,
    valid: Any = None,
    resume: str | Path | None = None,
    tokenizer: Any = None,
    say: Say | None = None,
    show: Callable[[Any, dict[str, Any]], None] | None = None,
    **options: Any,
) -> Model:
    """Learn `task` from `data`, and give the model; with `out` it is also kept there.

    `data` is a path, a frame of pandas or polars, a list of dicts or a dict of columns; `task` may be a whole `Spec`.
    `options` are those of the spec, by name. `resume` is the folder of a run that was interrupted, or that has ended:
    it goes on, to the same bits; `spec.RESUMABLE` lists the options that may be others now, `epochs` for one.
    """
    _need_torch("training")
    if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
        # Threads that wait give their cores away after microseconds, not milliseconds; libgomp reads this as it loads.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    from hitherto.training import join

    say = say or (lambda _line: None)
    with join() as rank, ExitStack() as ours:
        if rank:
            say, show = (lambda _line: None), None
        run = None if resume is None else files.path_of(resume, "resume")
        given = _given(task, data, out, valid, run, options)
        _ready(given)
        saved = None
        if run is not None:
            if rank == 0:
                ours.enter_context(files.held(run / "lock", f"the run {run}"))
            saved = _newest(run)
        elif given.out is not None:
            run = run_of(given.out)
            if rank == 0:
                ours.enter_context(_claimed(Path(given.out)))
        return _Training(given, run, saved, say, show, rank).train(data, valid, tokenizer)


def _given(
    task: str | Spec, data: Any, out: Any, valid: Any, run: Path | None, options: dict[str, Any]
) -> Spec:
    """The spec of what is to be trained, from all that a person may say; everything that shows now is checked."""
    out = None if out is None else str(files.path_of(out, "out"))
    if isinstance(valid, str | Path | float | int):
        options = {**options, "valid": str(valid) if isinstance(valid, Path) else valid}
    for pair, names in ((data, ("source", "target")), (valid, ("valid_source", "valid_target"))):
        if isinstance(pair, tuple):
            options = {**options, **dict(zip(names, map(str, pair), strict=True))}
    path = str(data) if isinstance(data, str | Path) else None
    if run is not None:
        found = specs.resumed(spec_of(run), task, path, out, **options)
    elif isinstance(task, str):
        found = specs.from_options(task, path, out, **options)
    else:
        found = specs.over(task, path, out, **options)
    specs.unused(found)
    for one, other in (("source", "target"), ("valid_source", "valid_target")):
        if (getattr(found.data, one) is None) != (getattr(found.data, other) is None):
            raise UsageError(
                f"{one} and {other} belong together: give both files, or a table with both columns."
            )
    if found.data.path is not None and found.data.source is not None:
        raise UsageError("give the data as a table, or as two files (source and target), not both.")
    if found.data.path is None and found.data.source is None and data is None:
        if run is not None:
            raise UsageError(
                f"{run} was trained on rows in memory, and has none now: give the same data again."
            )
        raise UsageError("there is no data: give a path, a frame or rows; in a TOML file, [data] path.")
    _check_out(found)
    try:
        bundle.plain(specs.to_document(found), "the spec")  # which the model will hold
    except UsageError as error:
        raise UsageError(f"{error} Give the file a name in UTF-8.") from error
    return found


def run_of(out: str | Path) -> Path:
    """Where a training that ends in `out` keeps its checkpoints, log and report."""
    return Path(out).with_suffix(".run")


def _check_out(spec: Spec) -> None:
    """A model does not take the place of what it is learned from, nor of its run."""
    if spec.out is None:
        return
    out = Path(spec.out)
    try:
        folder = out.is_dir()
    except OSError as error:
        raise UsageError(f"out {spec.out!r:.80} cannot be made: {error.strerror}.") from error
    if not out.name or folder:
        raise UsageError(f"out {spec.out!r} is a folder: name a file in it.")
    if out == run_of(out):
        raise UsageError(
            f"{out} is the name of a run's folder: call the model {out.stem}.safetensors, for one."
        )
    own = (spec.data.path, spec.data.source, spec.data.target, spec.data.valid, spec.data.valid_source)
    if out.exists() and any(isinstance(path, str) and out.samefile(path) for path in own if _there(path)):
        raise UsageError(f"{out} is the data: the model would take its place. Say another out.")


def _there(path: Any) -> bool:
    return isinstance(path, str) and Path(path).exists()


def _ready(spec: Spec) -> None:
    """What training needs of this machine, known before anything is read."""
    import torch

    if spec.train.threads:
        torch.set_num_threads(spec.train.threads)
    _device(spec.train.device)
    if spec.train.tensorboard and find_spec("tensorboard") is None:
        raise UsageError("tensorboard needs the package tensorboard: pip install tensorboard")


def spec_of(run: Path) -> Spec:
    """What the run in this folder was told to do."""
    if not (run / "spec.toml").is_file():
        raise CheckpointError(
            f"{run} is no run: it has no spec.toml. Give the folder that a training wrote (NAME.run)."
        )
    return specs.read(run / "spec.toml")


def _newest(run: Path) -> checkpoint.Checkpoint:
    saved = checkpoint.latest(run / "checkpoints")
    if saved is None:
        raise CheckpointError(f"{run} has no checkpoint yet: the run ended before its first. Start it anew.")
    return saved


@dataclass
class _Training:
    """A training from its data to its model: what `train` does once it knows what it is told."""

    given: Spec
    run: Path | None
    saved: checkpoint.Checkpoint | None
    say: Say
    show: Callable[[Any, dict[str, Any]], None] | None
    rank: int

    def train(self, data: Any, valid: Any, tokenizer: Any) -> Model:
        from hitherto import training

        say, run = self.say, self.run
        source, examples, held = self.read(data, valid, tokenizer)
        spec = _complete(source, examples, say)
        source.spec = spec
        plan = make(spec.model, TASKS[spec.task].form, source.inputs(), *source.head())
        _fits(spec, plan)
        module = self.build(spec, plan)
        metric = spec.train.metric or TASKS[spec.task].metrics[0]
        if held is None:
            say("no data are set aside to validate on: the model has the last weights, not the best")
        elif self.saved is None:
            _rehearse(module, source, held, metric)
        if run is not None and self.rank == 0:
            files.write(run / "spec.toml", specs.to_toml(spec))
        if self.saved is not None:
            for line in (*self.saved.notes, *training.differences(self.saved)):
                say(f"resuming: {line}; bits may differ" if line not in self.saved.notes else line)
        digest = source.digest(examples)

        def model(module: Any, progress: Any) -> Model:
            found = Model(spec, plan, source.codecs, module.tensors(), run=run)
            found.metrics, found.made = _measured(progress), _made(digest, progress)
            return found

        def keep(module: Any, progress: Any) -> None:
            best = model(module, progress)
            assert run is not None  # noqa: S101 - `keep` is given with a run alone
            best.save(run / BEST)
            stopped.append(_so_far(run, progress, metric))

        stopped: list[str] = []  # where the best so far is, as often as it was kept
        first = next(iter(getattr(held, "texts", ())), None)
        try:
            trained = training.fit(
                spec, module, source, examples, held, run, metric=metric, resume=self.saved,
                digest=f"{digest}:{json.dumps(plan, sort_keys=True)}", show=self.show, say=say,
                judge=judge(spec, plan, source.codecs, held), watch=watcher(spec, plan, source.codecs, first),
                keep=None if run is None else keep,
            )  # fmt: skip
        except training.Interrupted as end:
            raise training.Interrupted(end.number, _stopped(run, stopped)) from None
        except HithertoError:
            for line in stopped[-1:]:
                say(line)
            raise
        found = model(trained.module, trained.progress)
        if self.rank == 0:
            self.finish(found, source, trained.progress, held, metric)
        return found

    def read(self, data: Any, valid: Any, tokenizer: Any) -> tuple[Any, Any, Any]:
        """The source, fitted; its examples, and those to validate on, or None."""
        given, source = self.given, SOURCES[TASKS[self.given.task].source]
        extras: dict[str, Any] = {} if tokenizer is None else {"tokenizer": tokenizer}
        if TASKS[given.task].source == "corpus":
            own = f"tokens-{self.rank}" if self.rank else "tokens"
            extras["folder"] = None if self.run is None else self.run / own
        held = valid if valid is not None and not isinstance(valid, float | int) else None
        if held is None and given.data.valid_source is not None:
            held = (given.data.valid_source, given.data.valid_target)
        if held is None and isinstance(given.data.valid, str):
            held = given.data.valid
        if data is None and given.data.source is not None:
            data = (given.data.source, given.data.target)
        with telling(None if self.rank else self.say):
            found = source.prepare(given, given.data.path if data is None else data, held, extras)
        for note in dict.fromkeys(found[0].notes):
            self.say(note)
        return found  # type: ignore[no-any-return]

    def build(self, spec: Spec, plan: dict[str, Any]) -> Any:
        """The module with its first weights, where it is to be trained."""
        from hitherto.model.build import build

        device = _device(spec.train.device)
        module = build(
            plan, seed=spec.train.seed, init=spec.model.init, init_range=spec.model.init_range,
            forget_bias=spec.model.forget_bias,
        ).to(device)  # fmt: skip
        self.say(
            f"{describe(plan)}: {sum(p.numel() for p in module.parameters()):,} weights; on {device.type}"
        )
        return module

    def finish(self, model: Model, source: Any, progress: Any, held: Any, metric: str) -> None:
        """Keep the model where it is wanted, and show how it went."""
        say, run, out = self.say, self.run, self.given.out
        if out is not None:
            model.save(out)
            say(f"the model is {out}")
        if streams(model.plan) is not None:
            say(CANNOT_STREAM)
        if run is None:
            return
        (run / BEST).unlink(missing_ok=True)  # the model is the same
        _report(run, model, source, progress, held, metric)
        say(f"the report is {run / 'report.html'}")


BEST = "best.safetensors"  # in a run's folder: the best weights so far, as a model

CANNOT_STREAM = (
    "this model cannot stream: it reads its input from both ends; --no-bidirectional trains one that can"
)


def _rehearse(module: Any, source: Any, held: Any, metric: str) -> None:
    """What is wrong with an evaluation is said now, not after an epoch."""
    from hitherto import training

    found = training.rehearse(module, source, held)
    if metric not in found:
        raise UsageError(f"the validation data have no metric {metric!r}; they have {', '.join(found)}.")


def _fits(spec: Spec, plan: dict[str, Any]) -> None:
    """An error where the weights, and what training keeps for each, are more than this machine can hold."""
    copies = {"adam": 2, "adamw": 2, "sgd": 1 if spec.train.momentum else 0}[spec.train.optimizer]
    copies += 3 if spec.train.average else 2  # themselves, the best so far, their average
    count = sum(math.prod(shape) for shape in shapes(plan).values())
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return
    need = 4 * count * (copies + 1)  # and their gradients
    if need > memory:
        raise UsageError(
            f"{describe(plan)} has {count:,} weights: with gradients, {spec.train.optimizer} and the best so far they "
            f"take {need / 2**30:,.0f} GiB, and this machine has {memory / 2**30:,.0f}. Choose a smaller hidden_size, "
            "num_layers or vocabulary."
        )


def _measured(progress: Any) -> dict[str, float]:
    """The metrics of the best evaluation; none where there was none."""
    best: dict[str, Any] = next((r for r in progress.history if r["step"] == progress.best_step), {})
    return {k: v for k, v in best.items() if k not in ("step", "epoch", "lr") and v is not None}


def _made(digest: str, progress: Any) -> dict[str, Any]:
    import torch

    return {
        "hitherto": hitherto.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "data": digest,
        "steps": progress.step,
        "seconds": round(progress.seconds, 1),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }


def _so_far(run: Path, progress: Any, metric: str) -> str:
    """Which model a run has so far."""
    if progress.best is None:
        return f"the model so far, not measured yet, is {run / BEST}"
    return (
        f"the best model so far is {run / BEST} ({metric} {progress.best:.4g} at step {progress.best_step:,})"
    )


def _stopped(run: Path | None, kept: list[str]) -> str:
    """What is left of a run that was stopped."""
    if run is None:
        return "stopped; nothing was kept, as there is no out"
    return "\n".join(["stopped and saved", *kept[-1:], f"go on with: hitherto train --resume {run}"])


def _report(run: Path, model: Model, source: Any, progress: Any, valid: Any, metric: str) -> None:
    """report.html in the run's folder."""
    from hitherto import report
    from hitherto.sources import show

    log = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    found = show.curves(progress.history, log, metric, progress.best_step)
    if valid is not None:
        results = model._measure(valid)
        found = show.sections(source, valid, results, progress.watched) + found
    plain = ("train_loss", "valid_loss")
    shown = [(name, value) for name, value in model.metrics.items() if name not in plain][:6]
    summary = [
        ("model", describe(model.plan)),
        *shown,
        ("steps", progress.step),
        ("minutes", progress.seconds / 60),
    ]
    title = f"{model.spec.task}: {Path(model.spec.out or '').name}"
    notes = [] if streams(model.plan) is None else [CANNOT_STREAM]
    report.write(run / "report.html", title, summary, found, notes)


@contextmanager
def _claimed(out: Path) -> Iterator[None]:
    """Make the folder of the run that ends in `out` ours; one with an unfinished run in it is not taken from it.

    A training that fails before its first step leaves no folder that was not there.
    """
    run = run_of(out)
    try:
        made = files.make_folder(run)
    except OSError as error:
        raise UsageError(f"out {out}: the folder {run} cannot be made: {error.strerror}.") from error
    try:
        files.place(out, "out")
        with files.held(run / "lock", f"the run {run}"):
            try:
                _clear(run, out)
            except OSError as error:
                raise UsageError(
                    f"out {out}: the folder {run} cannot be cleared: {error.strerror}."
                ) from error
            yield
    except BaseException:
        if made and not (run / "checkpoints").exists() and not _holds(run / "log.jsonl"):
            shutil.rmtree(run, ignore_errors=True)
            for folder in made[1:]:
                with suppress(OSError):
                    folder.rmdir()
        raise


def _holds(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _clear(run: Path, out: Path) -> None:
    """Take the checkpoints of a run that has ended out of the way of the next."""
    kept = run / "checkpoints"
    old = list(kept.iterdir()) if kept.is_dir() else []
    if not old:
        return
    newest = max(path.stat().st_mtime for path in old)
    if not out.exists() or out.stat().st_mtime < newest:
        raise UsageError(
            f"{run} holds a run that has not ended. Go on with it (--resume {run}), remove the folder, or choose "
            "another --out."
        )
    for path in (*old, run / BEST):
        path.unlink(missing_ok=True)
    for folder in (kept, run):  # none of them comes back beside the next spec.toml
        files.sync_folder(folder)


def _complete(source: Any, examples: Any, say: Say) -> Spec:
    """The spec with everything set that its maker left open; what was chosen is said."""
    spec: Spec = source.spec
    chosen, notes = source.choose(examples)
    for note in notes:
        say(note)
    if spec.train.steps is not None:
        chosen.pop("epochs", None)
    if spec.train.batch_tokens is not None:
        chosen.pop("batch_size", None)
    if spec.train.patience is not None:
        chosen["schedule"] = "constant"  # one that is planned to its end is not to be stopped before it
    if spec.train.optimizer == "sgd":
        chosen |= {"lr": 1.0, "schedule": "plateau", "clip": 0.25}
    known = {o.name: getattr(getattr(spec, o.table), o.name) for o in specs.options()}
    left = {name: value for name, value in chosen.items() if known[name] is None and value is not None}
    if left:
        said = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in left.items()
        )
        say(f"chosen: {said}")
    return spec.replace(**left)


def _device(name: str) -> Any:
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(
            f"device {name!r} cannot be used here ({str(error).splitlines()[0]}); use cpu."
        ) from error
    return device


def describe(plan: Mapping[str, Any]) -> str:
    """A plan in a few words."""
    parts = []
    for op in operations(dict(plan)):
        o = op["options"]
        if op["op"] == "recurrent":
            way = "bidirectional " if o["bidirectional"] else ""
            layers = f"{o['num_layers']} {way}{o['cell']} layer{'s' if o['num_layers'] > 1 else ''}"
            parts.append(f"{layers} of {o['hidden_size']}")
        elif op["op"] == "attend":
            parts.append(f"{o['kind']} attention")
    stream = "" if streams(dict(plan)) is None else " (answers when its input is over)"
    return f"{', '.join(parts)}, {plan['head']['kind']}{stream}"


def judge(
    spec: Spec, plan: dict[str, Any], codecs: dict[str, Any], valid: Any
) -> Callable[[Any], dict[str, float]] | None:
    """What the texts are worth that a model in training writes: quickly, without a search."""
    if not hasattr(SOURCES[TASKS[spec.task].source], "judge") or valid is None:
        return None

    def judged(module: Any) -> dict[str, float]:
        model = Model(spec, plan, codecs, module.tensors())
        return model.judge(valid, num_beams=1, n_best=1).metrics

    return judged


def watcher(
    spec: Spec, plan: dict[str, Any], codecs: dict[str, Any], shown: Any = None
) -> Callable[[Any], dict[str, Any]] | None:
    """What to note at every evaluation: of models that go on by themselves a sample."""
    if "steps" in codecs:

        def drawn(module: Any) -> dict[str, Any]:
            model = Model(spec, plan, codecs, module.tensors())
            text = None if shown is None else str(shown)
            made = model.generate(text, seed=1, steps=64 if spec.task == "compose" else 400)
            return {"sample": made, "text": text}

        return drawn
    if spec.task != "lm":
        return None

    def watch(module: Any) -> dict[str, Any]:
        model = Model(spec, plan, codecs, module.tensors())
        size = 120 if codecs["input"].size < 1000 else 30
        return {"sample": model.generate(max_new_tokens=size, temperature=0.8, seed=1)}

    return watch
