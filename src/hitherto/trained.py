"""A trained model: `open`, and the `Model` that it gives. What it does is in the folder of its family, in `tasks`."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hitherto import bundle
from hitherto import spec as specs
from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.codecs.label import LabelCodec
from hitherto.data.answers import beside
from hitherto.decode import DecodeOptions
from hitherto.errors import BundleError, UsageError
from hitherto.plan import OPS, Plan, form_of, operations, streams
from hitherto.plan.check import check
from hitherto.runtime.engine import Engine
from hitherto.runtime.executor import outputs
from hitherto.runtime.session import Session, Sessions
from hitherto.spec import Spec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import AnySource, Batch, Examples, Options, Results, Row, Value
from hitherto.tasks.batching import heard
from hitherto.tasks.columns import column_names
from hitherto.tasks.families import family_of, verb_of
from hitherto.tasks.given import READING, expect, inputs, labelled, paired, with_reading
from hitherto.tasks.streams import Stream
from hitherto.tasks.verbs import parameters

if TYPE_CHECKING:
    from hitherto.inspect import Inspection

__all__ = ["Model", "Say", "describe", "open", "plain_answers"]

Say = Callable[[str], None]


class Model:
    """A trained model: its codecs, its plan and the engine that runs the plan.

    Every model has `evaluate`; `predict`, unless it continues what it is given; and the methods of its task: `generate`
    and `suggest` of `lm`, `generate` and `steps` of `compose` and `handwrite`, `anomalies` of `forecast`,
    `predict_proba` of `classify`.
    """

    def __init__(
        self,
        spec: Spec,
        plan: Plan,
        codecs: dict[str, Codec],
        tensors: Mapping[str, Array],
        weights: str = "float32",
        *,
        metrics: dict[str, float] | None = None,
        made: Options | None = None,
        path: Path | None = None,
        run: Path | None = None,
        digest: str | None = None,
        check: Callable[[], None] | None = None,
    ) -> None:
        self.spec = spec
        self.plan = plan
        self.codecs = codecs
        self.tensors = tensors
        self.weights = weights
        self.metrics = {} if metrics is None else metrics
        self.made = {} if made is None else made
        self.path = path
        self.run = run
        self._digest = digest
        self._check = check
        self._family = family_of(spec.task)
        self.source: AnySource = self._family.source(spec, codecs)

    @property
    def engine(self) -> Engine:
        """What runs the plan; a BundleError where the file of the weights was cut short since."""
        if self._check is not None:
            self._check()
        return self._engine

    @functools.cached_property
    def _engine(self) -> Engine:
        return Engine(self.plan, self.tensors, self.weights)

    @property
    def digest(self) -> str:
        """SHA-256 of plan, codecs and tensors: a session names the model that it belongs to by it."""
        if self._digest is None:
            self._digest = bundle.digest(self.tensors, self.plan, self.codecs)
        return self._digest

    def __repr__(self) -> str:
        return f"<hitherto {self.spec.task} model: {describe(self.plan)}>"

    # ---- every task

    def evaluate(self, data: object, y: object = None, **options: object) -> dict[str, float]:
        """Metrics by name on labelled data: a path, a frame, or rows as dicts; or inputs, and their answers as `y`.

        `input`, `output`, `id` and `time` name the columns where they differ from those of training; `format`,
        `header`, `delimiter` and `encoding` say how a file is read. Forecasts: `start` (a time) scores only forecasts
        from there on, `stride` only every so many steps. Models that write: the options of `decoding`. Language models:
        `cache`, a number of places, makes words that were read lately more probable; `cache_theta` and `cache_lambda`
        say how.
        """
        if y is not None:
            data, _ = paired(data, y, self.source.reads, column_names(None, self.spec.data.output))
        return self.examine(data, **options).metrics

    def examine(self, data: object, **options: object) -> Results:
        """`evaluate`, with the details that a report shows, and the baselines that need no training data."""
        source, options = with_reading(self.source, options)
        load: Callable[..., Examples] = source.load  # a source may have options of its own
        decoding: Options = {}
        if source.judges or source.decodes or source.remembers:
            options, decoding = {}, options
        else:
            expect(options, parameters(load) - {"data", "labelled"}, f"an evaluation of {self.spec.task}")
        examples = load(labelled(source, data), **options)
        results = self.measure(examples, **decoding)
        beside = self._family.baselines(source, None, examples, lambda _line: None)
        results.baselines = {name: baseline.metrics for name, baseline in beside}
        return results

    @property
    def baselines(self) -> dict[str, dict[str, float]]:
        """What the baselines measured on the validation data when it was trained: metrics by name of each."""
        try:
            return msgspec.convert(self.made.get("baselines", {}), dict[str, dict[str, float]])
        except msgspec.ValidationError as error:
            raise BundleError(f"{self.path}: its baselines are no metrics by name: {error}.") from error

    def measure(self, examples: Examples, **decoding: object) -> Results:
        """Metrics and details on encoded examples."""
        return self._family.measure(self, examples, **decoding)

    def judge(self, examples: Examples, **decoding: object) -> Results:
        """Metrics of the texts that a model writes to these encoded inputs."""
        if self._family.judge is None:
            raise self._no_writer("judge")
        return self._family.judge(self, examples, **decoding)

    def predict(
        self,
        data: object,
        *,
        details: bool = False,
        keep: str | Sequence[str] | None = None,
        **options: object,
    ) -> list[Value]:
        """An answer for each input: a label, a list of labels, a text, or a row of the future.

        `data` is a path, a frame, rows as dicts, an array, a plain list of inputs, or a text, if the model reads texts.
        An array has a column for each of `columns`. With `details` each answer is a dict that also says how sure the
        model is; with `keep` it also has the number of its row, from 1, the row's ids and times, and the columns that
        `keep` names, () for none. Columns and files are named as for `evaluate`.

        Of two classes, `threshold` is the least probability for the positive one. A model that writes answers with
        texts: `decoding` has the options; `attention` adds where it looked.
        """
        source, options = with_reading(self.source, options)
        if source.continues:
            raise UsageError(f"{self.spec.task} models go on by themselves: use generate, or a stream.")
        if source.foresees and keep:
            raise UsageError("a forecast is of times to come, of which no column is known: keep has no use.")
        table = inputs(source, data)
        columns = [table.column(name) for name in ([keep] if isinstance(keep, str) else keep or ())]
        examples = source.load(table, labelled=False)
        rows = self._family.predict(self, source, examples, **options)
        if keep is not None and not source.foresees:  # a row of a forecast has its series and its time
            names = (source.spec.data.id, source.spec.data.group)
            identity = [name for name in names if name is not None and name in table.columns]
            return beside(rows, examples.picked, table, [*identity, *columns])
        return rows if details or options.get("attention") else plain_answers(rows)

    @property
    def columns(self) -> list[str]:
        """The columns that an answer is made from, in the order in which an array has them."""
        return self.source.reads

    @property
    def classes(self) -> list[str]:
        """The labels that it may answer, in the order of their probabilities."""
        codec = self.codecs.get("output")
        if not isinstance(codec, LabelCodec):
            able = [name for name, row in TASKS.items() if row.output == LabelCodec.kind]
            raise UsageError(f"{self.spec.task} models have no classes; {' and '.join(able)} do.")
        return list(codec.classes)

    def predict_proba(self, data: object, **options: object) -> Array:
        """The probability of each class for each input of `classify`, [n, classes], in the order of `classes`."""
        probabilities: Array = verb_of(self.spec.task, "predict_proba")(self, data, **options)
        return probabilities

    def reader(self, **options: object) -> AnySource:
        """The source, with other columns and files than those of training, named as for `evaluate`."""
        source, rest = with_reading(self.source, options)
        expect(rest, READING, "reading data")
        return source

    def outputs(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, Array]]:
        """What the engine says to each batch, as the source needs it."""
        return outputs(self.engine, heard(batches), self.source.answers)

    def inspect(self, value: object, **options: object) -> "Inspection":
        """What the model does with one value, step by step, as plain arrays; it shows itself in a notebook.

        States and gates of each layer, the answer after every step, what answers rest on, how far back the gradient
        reaches, what is lost with less context, the path of the state. `row` is the number of the row, from 1, where
        `value` has several; `steps` how many steps are read at most; `of` the class or the number of the head that is
        asked about; `explain` of how many answers, the last ones; `measure` what is measured, () for states, gates and
        answers alone. Other options are those of reading, and of a model that writes those of decoding.
        """
        from hitherto.inspect import inspect

        how: Options = dict(options)
        return inspect(self, value, **how)

    # ---- models that write

    @property
    def writes(self) -> bool:
        """Whether its answers are texts that a decoder makes: translations, summaries, replies."""
        return self.source.judges

    def decoding(self, options: Mapping[str, object]) -> DecodeOptions:
        """All options of the decoder: those given, and the defaults of the task.

        max_new_tokens, min_new_tokens, num_beams, n_best, length_penalty, coverage_penalty, no_repeat_ngram; or, to
        draw, temperature, top_k, top_p, repetition_penalty, seed.
        """
        if self._family.decoding is None:
            raise self._no_writer("decoding")
        return self._family.decoding(self, options)

    def _no_writer(self, method: str) -> UsageError:
        return UsageError(f"{method} is for models that write; this one does {self.spec.task}.")

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

    def stream(self, saved: bytes | None = None, **decoding: object) -> Stream:
        """A live stream: values in, answers out, the state in your hands. It continues from `saved`, if given.

        Of a model that writes, `decoding` says how, as for `predict`. Of a language model it has the options of a
        cache, as for `evaluate`.
        """
        self._expect_streams()
        live: Stream = verb_of(self.spec.task, "stream")(self)
        if decoding:
            live.tell(**decoding)
        return live if saved is None else live.load(saved)

    def session(self) -> Session:
        """A stream of plain arrays: the codec's arrays in, the head's features out."""
        self._expect_arrays()
        return Session(self.engine)

    def sessions(self, n: int) -> Sessions:
        """`n` sessions of plain arrays that step together, each with its own state."""
        self._expect_arrays()
        return Sessions(self.engine, n)

    def _expect_arrays(self) -> None:
        if "encode" in self.plan:
            raise UsageError(
                "a model with an encoder has no session of arrays: it writes when its input is over. Use stream()."
            )
        self._expect_streams()

    def _expect_streams(self) -> None:
        if why := streams(self.plan):
            raise UsageError(why)

    # ---- models that continue

    def generate(self, prompt: Value = None, **options: object) -> Value:
        """What the model makes of `prompt`.

        `lm`: the text that follows; `pieces` has the options. `compose`: the music, a roll or a file, continued, as a
        roll. `handwrite`: the strokes that write it. `steps` has the options of these two.
        """
        return verb_of(self.spec.task, "generate")(self, prompt, **options)

    def steps(self, prompt: Value = None, **options: object) -> Iterator[Array]:
        """The steps that follow a piece of music, or that write a text, each as it is drawn, `steps` of them.

        A `temperature` below 1 draws likelier steps, and so does the `bias` of a pen above 0. Of music at most `voices`
        keys sound at once, and only keys that sound in training.
        """
        steps: Iterator[Array] = verb_of(self.spec.task, "steps")(self, prompt, **options)
        return steps

    def draw(self, params: Array, rng: np.random.Generator) -> Array:
        """A step that could come next, drawn from the parameters of the head."""
        step: Array = verb_of(self.spec.task, "draw")(self, params, rng)
        return step

    def pieces(self, prompt: str = "", **options: object) -> Iterator[str]:
        """The text that follows `prompt`, piece by piece as it is made.

        With `num_beams` above 1 it is the most probable text of a beam search, which draws nothing.
        """
        pieces: Iterator[str] = verb_of(self.spec.task, "pieces")(self, prompt, **options)
        return pieces

    def suggest(self, text: str, k: int = 5, **cache: object) -> list[tuple[str, float]]:
        """The k most probable next words after `text`, or ends of its last word; each with its probability.

        `cache` has the options of a cache, as `evaluate` has them.
        """
        words: list[tuple[str, float]] = verb_of(self.spec.task, "suggest")(self, text, k, **cache)
        return words

    # ---- forecast

    def anomalies(self, data: object, last: int = 100, **options: object) -> list[Row]:
        """How surprising each of the `last` newest points of every series was, seen from the step before."""
        rows: list[Row] = verb_of(self.spec.task, "anomalies")(self, data, last, **options)
        return rows


def open(  # noqa: A001 - its name
    path: str | Path, *, weights: str = "float32", tokenizer: object = None, mmap: bool = True
) -> Model:
    """The model in the bundle at `path`, ready to run without torch.

    `weights` says how they are held in memory: "float32", "bfloat16" or "int8". The smaller ones are faster where a
    model does not fit into a cache; docs/running.md has what they cost in accuracy. A model that was trained with a
    tokenizer of its own needs the same again. `mmap=False` reads the file into memory: use it where others may write
    over the file in place.
    """
    content = bundle.read(path, mmap=mmap)
    try:
        plan = check(content.plan, content.tensors)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error
    codecs: dict[str, Codec] = {name: content.codec(name) for name in content.codecs}
    if tokenizer is not None:
        texts = {n: c for n, c in codecs.items() if c.reads_text and (n == "input" or c.outside)}
        codecs |= {name: codec.with_tokenizer(tokenizer) for name, codec in texts.items()}
    model = Model(
        specs.from_document(content.spec, str(path)), plan, codecs, content.tensors, weights, metrics=content.metrics,
        made=content.made, path=content.path, digest=content.digest, check=content.check,
    )  # fmt: skip
    _agree(model)
    assert model.engine is not None  # noqa: S101 - made now, so that an error of it is raised here
    return model


def _agree(model: Model) -> None:
    """A BundleError unless a bundle's plan has the very inputs and head that its spec and codecs ask for."""
    allowed = model.source.kinds()
    kinds = {name: codec.kind for name, codec in model.codecs.items()}
    if kinds.keys() != allowed.keys() or any(kind not in allowed[name] for name, kind in kinds.items()):
        wanted = ", ".join(f"{name} ({' or '.join(some)})" for name, some in allowed.items())
        came = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
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


def plain_answers(rows: list[Row]) -> list[Value]:
    """Of answers with details the label, text or value alone; answers that have more to say as they are."""
    plain = {"label", "labels", "text", "value"} & rows[0].keys() if rows else set()
    return [row[next(iter(plain))] for row in rows] if plain else [*rows]


def describe(plan: Plan) -> str:
    """A plan in a few words."""
    parts = []
    for op in operations(plan):
        o = op["options"]
        if "cell" in o:
            way = "bidirectional " if o["bidirectional"] else ""
            layers = f"{o['num_layers']} {way}{o['cell']} layer{'s' if o['num_layers'] > 1 else ''}"
            parts.append(f"{layers} of {o['hidden_size']}")
        elif OPS[op["op"]].looks and "kind" in o:
            parts.append(f"{o['kind']} attention")
    stream = " (answers when its input is over)" if streams(plan) else ""
    return f"{', '.join(parts)}, {plan['head']['kind']}{stream}"
