"""A trained model: `open`, and the `Model` that it gives."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hitherto import bundle
from hitherto import spec as specs
from hitherto.arrays import Array
from hitherto.codecs.label import LabelCodec
from hitherto.data.answers import beside
from hitherto.decode import DecodeOptions
from hitherto.errors import (
    BundleError,
    UsageError,
)
from hitherto.plan import Plan, form_of, operations, streams
from hitherto.plan.check import check
from hitherto.runtime.engine import Engine
from hitherto.runtime.session import Session, Sessions
from hitherto.spec import Spec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Results, expect_task
from hitherto.tasks.batching import heard
from hitherto.tasks.families import SOURCES, STREAMS
from hitherto.tasks.forecast import verbs as forecast
from hitherto.tasks.given import READING, expect, inputs, labelled, parameters, told
from hitherto.tasks.language import verbs as language
from hitherto.tasks.sequels import verbs as sequels
from hitherto.tasks.streams import Stream
from hitherto.tasks.writing import verbs as writing

__all__ = ["Model", "Say", "describe", "open"]

Say = Callable[[str], None]


class Model:
    """A trained model: its codecs, its plan and the engine that runs the plan.

    Its methods are those of its task: `generate` and `suggest` of `lm`, `anomalies` of `forecast`; `predict` and
    `evaluate` of every task.
    """

    def __init__(
        self,
        spec: Spec,
        plan: Plan,
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
            return self.measure(source.load(data), **options)
        return self.measure(source.load(data, **options))

    def measure(self, examples: Any, **decoding: Any) -> Results:
        outputs = self.outputs(self.source.evaluation(examples))
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
        found: Results = self.source.judge(examples, writing.written(self, examples, **decoding))
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
            rows = source.predictions(examples, writing.written(self, examples, **options), attention)
            details = details or attention
        else:
            if not getattr(source, "decodes", False):
                known = parameters(source.predictions) - {"examples", "outputs"}
                expect(options, known, f"predictions of {self.spec.task}")
            batches = source.future(examples) if foresees else source.evaluation(examples)
            rows = source.predictions(examples, self.outputs(batches), **options)
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
        expect_task(self, "classify", "predict_proba")
        source = self.reader(**options)
        examples = source.load(inputs(source, data), labelled=False)
        found: Array = np.stack(source.collect(examples, self.outputs(source.evaluation(examples))))
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

    def decoding(self, asked: Mapping[str, object]) -> DecodeOptions:
        """The options of decoding: those that are asked for, and the defaults of the model's task.

        max_new_tokens, min_new_tokens, num_beams, n_best, length_penalty, coverage_penalty, no_repeat_ngram; or, to
        draw, temperature, top_k, top_p, repetition_penalty, seed.
        """
        return writing.decoding(self, asked)

    def outputs(self, batches: Iterator[Any]) -> Iterator[Any]:
        return self.engine.outputs(heard(batches), self.source.answers)

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
        if why := streams(self.plan):
            raise UsageError(why)

    # ---- lm

    def generate(self, prompt: Any = None, **options: Any) -> Any:
        """What the model makes of `prompt`.

        `lm`: the text gone on with; `pieces` has the options. `compose`: the music, a roll or a file, gone on with, as
        a roll. `handwrite`: the strokes that write it. `steps` has the options of these two.
        """
        if "steps" not in self.codecs:
            return "".join(self.pieces(prompt or "", **options))
        return sequels.generate(self, prompt, **options)

    # ---- compose, handwrite

    def steps(self, prompt: Any = None, **options: Any) -> Iterator[Array]:
        """The steps that follow a piece of music, or that write a text, each as it is drawn, `steps` of them.

        Below 1 `temperature` keeps to what is likely, and so does the `bias` of a pen from 0 on. Of music no more than
        `voices` keys sound at once, and none that did not in training.
        """
        return sequels.steps(self, prompt, **options)

    def draw(self, params: Array, rng: "np.random.Generator") -> Array:
        """A step that could come next, from what the head reads."""
        return sequels.draw(self, params, rng)

    def pieces(self, prompt: str = "", **options: Any) -> Iterator[str]:
        """The text that follows `prompt`, piece by piece as it is made.

        With `num_beams` above 1 it is the most probable text that a beam search finds, which draws nothing.
        """
        return language.pieces(self, prompt, **options)

    def suggest(self, text: str, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable next words after `text`, or ends of its last word; each with its probability."""
        return language.suggest(self, text, k)

    def suggest_from(self, state: Any, log_probs: Array, rest: str, k: int) -> list[tuple[str, float]]:
        """`suggest` after a state: `rest` is the text that is no token yet, the word that has begun."""
        return language.suggest_from(self, state, log_probs, rest, k)

    # ---- forecast

    def anomalies(self, data: Any, last: int = 100, **told: Any) -> list[dict[str, Any]]:
        """How surprising each of the `last` newest points of every series was, seen from the step before."""
        return forecast.anomalies(self, data, last, **told)


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
        own = [name for name, codec in codecs.items() if name == "input" or codec.outside]
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


def describe(plan: Plan) -> str:
    """A plan in a few words."""
    parts = []
    for op in operations(plan):
        o = op["options"]
        if op["op"] == "recurrent":
            way = "bidirectional " if o["bidirectional"] else ""
            layers = f"{o['num_layers']} {way}{o['cell']} layer{'s' if o['num_layers'] > 1 else ''}"
            parts.append(f"{layers} of {o['hidden_size']}")
        elif op["op"] == "attend":
            parts.append(f"{o['kind']} attention")
    stream = " (answers when its input is over)" if streams(plan) else ""
    return f"{', '.join(parts)}, {plan['head']['kind']}{stream}"
