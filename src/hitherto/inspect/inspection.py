"""An inspection: what a model does with one value, step by step, as plain arrays.

    seen = model.inspect("a good film")
    seen.layers[0].states["h"]          # [T, H]
    seen.rests["gradient"]["x"]         # [answers, T]: what each answer rests on

Nothing here needs torch. What the model answers comes from the engine. States, gates and gradients come from the same
kernels that train, with the weights as the bundle has them, so of a model that was opened with smaller weights they are
those of the exact ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError, nearest
from hitherto.heads import HEADS
from hitherto.inspect import measures
from hitherto.inspect.layers import Layer
from hitherto.inspect.measures import Asked
from hitherto.inspect.trace import trace
from hitherto.runtime.engine import Engine
from hitherto.runtime.session import Session
from hitherto.tasks.base import Value
from hitherto.tasks.families import family_of
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.reading import Reading

__all__ = [
    "MEASURES",
    "Inspection",
    "LayerSeen",
    "answers_of",
    "inspect",
    "layer_seen",
    "means_of",
    "weights_of",
]

MOST = 1_000_000  # numbers of an array in JSON
EXPLAINED = 16  # answers at most, the last ones, of which it is asked what they rest on


@dataclass(frozen=True, slots=True)
class LayerSeen:
    """What one direction of one layer held."""

    name: str  # program, operation, number; and _reverse
    cell: str
    reverse: bool  # it reads from the end
    states: dict[str, Array]  # after each step, [T, width]
    gates: dict[str, Array]  # the value of each gate at each step, [T, width]
    half_life: Array | None  # of what each unit remembers, in steps, [width]; None where no gate says it
    saturation: dict[
        str, Array
    ]  # of gates from 0 to 1: the share of steps below 0.1 and above 0.9, [2, width]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a model did with one value."""

    task: str
    steps: dict[str, list[str]]  # of each input what a person calls its steps
    classes: list[str]  # what the first numbers of an answer stand for, if they have names
    params: Array  # [A, P]: the head's parameters after each step
    answers: Array  # [A, K]: what they say: probabilities, or means of what is forecast, in its own scale
    said: list[str]  # the same in words
    layers: list[LayerSeen]
    attention: Array | None = None  # [A, S]: the share of each place of the source at each step
    explained: list[int] = field(default_factory=list)  # the answers that `rests` is about
    scores: Array | None = None  # [explained]: the sum of params that it is asked of
    # By the method and the input: how much of the score of each answer is due to each step, [explained, T].
    rests: dict[str, dict[str, Array]] = field(default_factory=dict)
    # The last answer's, for each number of a step, [T, width]; of pictures [T, height, width, channels].
    within: dict[str, Array] = field(default_factory=dict)
    # By the layer: the norm of the gradient of the last answer at what the layer read so many steps before, [T].
    lags: dict[str, Array] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)  # in how many steps 90 % of it lies
    context: dict[str, Array] = field(default_factory=dict)  # what the last k steps alone would say
    path: dict[str, Array] = field(default_factory=dict)  # of the last layer's h on its main axes
    cut: bool = False  # whether there were more steps than were asked for

    def layer(self, name: str) -> LayerSeen:
        """The layer of this name; a UsageError that lists them where there is none."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise UsageError(
            f"there is no layer {name!r}; there are {', '.join(one.name for one in self.layers)}."
        )

    def arrays(self) -> dict[str, Array]:
        """All of it as arrays by name, as `--npz` writes it."""
        out: dict[str, Array] = {"params": self.params, "answers": self.answers, "said": np.array(self.said)}
        out |= {f"steps.{name}": np.array(steps) for name, steps in self.steps.items()}
        for layer in self.layers:
            out |= {f"{layer.name}.{name}": values for name, values in layer.states.items()}
            out |= {f"{layer.name}.gate.{name}": values for name, values in layer.gates.items()}
            out |= {f"{layer.name}.saturation.{name}": values for name, values in layer.saturation.items()}
            if layer.half_life is not None:
                out[f"{layer.name}.half_life"] = layer.half_life
        for method, inputs in self.rests.items():
            out |= {f"rests.{method}.{name}": values for name, values in inputs.items()}
        out |= {f"within.{name}": values for name, values in self.within.items()}
        out |= {f"lags.{name}": values for name, values in self.lags.items()}
        out |= {f"memory.{name}": np.array(length) for name, length in self.memory.items()}
        out |= {f"context.{name}": values for name, values in self.context.items()}
        out |= {f"path.{name}": values for name, values in self.path.items()}
        out |= {"explained": np.array(self.explained, np.int64)}
        optional = {"attention": self.attention, "scores": self.scores}
        return out | {name: values for name, values in optional.items() if values is not None}

    def to_json(self) -> dict[str, object]:
        """All of it as JSON can hold it, but for arrays of more than a million numbers: `omitted` names those."""
        arrays = self.arrays()
        large = [name for name, values in arrays.items() if values.size > MOST]
        facts = {"task": self.task, "classes": self.classes, "cut": self.cut, "omitted": large}
        return facts | {name: _plain(values) for name, values in arrays.items() if name not in large}

    def page(self) -> str:
        """All of it as a page of HTML that needs nothing else."""
        from hitherto.inspect.page import page

        return page(self)

    def _repr_html_(self) -> str:
        """As notebooks show it."""
        from hitherto.inspect.page import inner

        return inner(self)


def _plain(values: Array) -> object:
    if values.dtype.kind in "fc":
        finite = np.where(np.isfinite(values), values, 0)
        kept: list[object] = [float(f"{v:.6g}") for v in finite.ravel().tolist()]
        for i in np.flatnonzero(~np.isfinite(values.ravel())).tolist():
            kept[i] = None
        return np.array(kept, object).reshape(values.shape).tolist()
    return values.tolist()


# ------------------------------------------------------------------------------------------------------ measures


# What `inspect` measures beside states, gates and answers: fields of an `Inspection` each.
MEASURES: dict[str, Callable[[Asked], Mapping[str, object]]] = {
    "gradient": measures.gradient,
    "integrated": measures.integrated,
    "left_out": measures.left_out,
    "context": measures.context,
    "path": measures.path,
}


def inspect(
    model: OpenModel,
    value: Value,
    *,
    row: int = 1,
    steps: int = 500,
    of: str | int | None = None,
    explain: int = EXPLAINED,
    measure: Sequence[str] | None = None,
    **options: object,
) -> Inspection:
    """What the model does with a value: the first row of the data, or the one of number `row`.

    It reads at most `steps` steps. `of` is the class, or the number of the head's params, that is asked about; else
    each answer is asked about what it says. `explain` is for how many answers, the last ones. `measure` names those of
    `MEASURES` that are wanted; () is for states, gates and answers alone.
    """
    for name, number in (("steps", steps), ("explain", explain)):
        if not isinstance(number, int) or number < 1:
            raise UsageError(f"{name} must be 1 or more, but is {number!r}.")
    wanted = list(MEASURES) if measure is None else list(measure)
    for name in wanted:
        if name not in MEASURES:
            raise UsageError(
                f"measure names {', '.join(MEASURES)}, but came with {name!r}.{nearest(name, MEASURES)}"
            )
    reading = family_of(model.spec.task).reading(model, value, row=row, steps=steps, **options)
    if not len(reading.inputs["x"]) or not all(len(x) for x in reading.inputs.values()):
        raise UsageError("this value has no steps, so there is nothing to see; give one that has some.")
    params, beside = answers_of(model.engine, reading)
    seen = trace(model.plan, model.tensors, reading.inputs)
    answers = means_of(model.engine, params, beside, reading)
    fields: dict[str, object] = {
        "task": model.spec.task,
        "steps": {name: list(names) for name, names in reading.steps.items()},
        "classes": list(reading.classes),
        "params": params,
        "answers": answers,
        "said": [_words(model.plan["head"]["options"], row, reading.classes) for row in answers],
        "layers": [layer_seen(layer) for layer in seen.layers],
        "attention": beside.get("attention"),
        "cut": reading.cut,
    }
    explained = list(range(max(0, len(params) - explain), len(params)))
    weights = weights_of(model, params[explained], reading.classes, of)
    if wanted:
        asked = Asked(model, reading.inputs, weights, explained, seen.layers)
        fields |= {"explained": explained, "scores": (weights * params[explained]).sum(-1)}
        rests: dict[str, object] = {}
        for name in wanted:
            made = dict(MEASURES[name](asked))
            rests |= {name: made.pop("rests")} if "rests" in made else {}
            fields |= made
        fields["rests"] = rests
    return Inspection(**fields)  # type: ignore[arg-type]


def answers_of(engine: Engine, reading: Reading) -> tuple[Array, dict[str, Array]]:
    """The head's parameters after each step, [A, P]; and what else there is of each step."""
    inputs = reading.inputs
    if not engine.pools:
        features, after = engine.forward(inputs)
        seen = ("attention", "gate")
        beside: dict[str, Array] = {name: after[name][:, 0] for name in seen if name in after}
        return engine.params(features)[:, 0], beside
    x = inputs["x"]
    if engine.forward_only:
        session, rows = Session(engine), []
        for step in x:
            session.push(step)
            rows.append(session.peek())
        return np.stack([row for row in rows if row is not None]), {}
    T, parts = len(x), []
    many = max(1, 200_000 // T)  # the beginnings of the value as rows, so many at a time
    for first in range(1, T + 1, many):
        lengths = np.arange(first, min(first + many, T + 1))
        features, _ = engine.forward({"x": np.repeat(x, len(lengths), 1)}, lengths)
        parts.append(engine.params(features))
    return np.concatenate(parts), {}


def means_of(engine: Engine, params: Array, beside: Mapping[str, Array], reading: Reading) -> Array:
    """What the head makes of its parameters, [A, K]; the parameters where there is no formula for it."""
    named = engine.plan["head"]
    head, options = HEADS[named["kind"]], named["options"]
    if head.whole is not None:
        whole = head.whole.answers(params[:, None], np.array([len(params)]), **engine.lent)
        return np.asarray(whole[:, 0, :-1])
    if head.copies:
        copied = np.zeros(params.shape, np.float64)
        for place, token in enumerate(reading.inputs["source"][:, 0].tolist()):
            copied[:, token] += beside["attention"][:, place]
        return np.asarray(head.mean(params, gate=beside["gate"], copied=copied, **options))
    if engine.lent:  # each label is given those before it: of none of them, here
        none = np.zeros((len(params), options["labels"]))
        return np.asarray(head.mean(params.astype(np.float64), none, **engine.lent, **options))
    return np.asarray(head.mean(params.astype(np.float64), **options)).reshape(len(params), -1)


def _words(options: Mapping[str, object], answer: Array, classes: Sequence[str]) -> str:
    """An answer in words: the likeliest class, those of several, or the first number."""
    if "labels" in options and len(classes) > 1:
        return " ".join(name for name, p in zip(classes, answer, strict=False) if p >= 0.5)
    if classes and len(classes) <= len(answer):
        return classes[int(answer[: len(classes)].argmax())]
    return f"{answer[0]:.3g}"


def weights_of(model: OpenModel, params: Array, classes: Sequence[str], of: str | int | None) -> Array:
    """Which sum of its params each answer is asked by, [E, P]."""
    head = model.plan["head"]
    if of is None:
        return np.asarray(HEADS[head["kind"]].stands(params, **head["options"]), np.float32)
    if isinstance(of, str) and of in classes:
        of = list(classes).index(of)
    if isinstance(of, str):
        known = f"; its classes are {', '.join(list(classes)[:20])}" if classes else ""
        raise UsageError(
            f"of is a class of the model, or a number from 0, but is {of!r}{known}.{nearest(of, classes)}"
        )
    if not 0 <= of < params.shape[1]:
        raise UsageError(f"of must be a number from 0 to {params.shape[1] - 1}, but is {of}.")
    return np.broadcast_to((np.arange(params.shape[1]) == of).astype(np.float32), params.shape)


def layer_seen(layer: Layer) -> LayerSeen:
    """A layer of one row."""
    gates = {name: values[:, 0] for name, values in layer.gates.items()}
    shares = {name: values for name, values in gates.items() if name in layer.cell.shares}
    keeps = gates.get(layer.cell.keeps)
    return LayerSeen(
        layer.label,
        layer.cell.name,
        bool(layer.direction),
        {name: values[:, 0] for name, values in layer.states.items()},
        gates,
        None if keeps is None else measures.half_life(keeps),
        {name: measures.saturation(values) for name, values in shares.items()},
    )
