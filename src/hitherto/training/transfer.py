"""A training that starts from another model: what it takes of its options, its codecs and its weights.

A model of the same task goes on with other data: its columns, codecs and network are those of the new model, and new
labels get places of their own. A model of another task gives what reads the text: vocabulary, embedding and layers.
Rows of tokens and of labels are found by name, all other weights by name and shape.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from hitherto import spec as specs
from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.codecs.text import TextCodec
from hitherto.errors import UsageError
from hitherto.plan import Plan, operations
from hitherto.spec import Spec, TrainSpec
from hitherto.spec.options import option_of
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import AnySource, Examples, Options
from hitherto.trained import Model
from hitherto.trained import open as opened

if TYPE_CHECKING:
    from pathlib import Path

    from hitherto.model.build import Module

__all__ = ["Base", "alone", "thawing"]

Document: TypeAlias = Mapping[str, object]

# Options of [data] that are of a file, not of what is read in it.
FILE = (
    "path",
    "source",
    "target",
    "valid",
    "valid_source",
    "valid_target",
    "format",
    "header",
    "delimiter",
    "encoding",
)
# Options of [model] that say what reads the input.
READER = (
    *(
        "cell",
        "hidden_size",
        "num_layers",
        "bidirectional",
        "embedding_size",
        "layer_norm",
        "residual",
        "proj_size",
    ),
    *("nonlinearity", "reset"),
)
VOCABULARY = ("tokens", "vocab_size", "min_count", "lower")  # what makes a vocabulary another one


@dataclass(frozen=True, slots=True)
class Base:
    """A model that a training of `task` starts from."""

    model: Model
    task: str

    @classmethod
    def of(cls, base: "str | Path | Model", task: str) -> "Base":
        self = cls(base if isinstance(base, Model) else opened(base), task)
        if not self.goes_on and not (self._reader and "text" in TASKS[task].inputs):
            raise UsageError(
                f"a model of {self.model.spec.task} has nothing that {task} can start from: start from a model of "
                f"{task}, or, for a task that reads texts, from one that reads texts."
            )
        return self

    @property
    def goes_on(self) -> bool:
        """Whether the same task goes on."""
        return self.model.spec.task == self.task

    @property
    def _reader(self) -> TextCodec | None:
        codec = self.model.codecs.get("input")
        return codec if isinstance(codec, TextCodec) and self.model.source.rows() else None

    def spec(self, asked: Spec, options: Options) -> Spec:
        """The spec that was asked for, with the options of the base where it leaves them open."""
        mine, wanted = specs.to_document(self.model.spec), specs.to_document(asked)
        data, model = _table(mine, "data"), _table(mine, "model")
        if self.goes_on:
            data = {name: value for name, value in data.items() if name not in FILE}
            if "skip" in TASKS[self.task].options:  # a model without a branch stays so
                model = {**model, "skip": bool(self.model.spec.model.skip)}
        else:
            codec, row = self._reader, TASKS[self.task]
            known = {option.name for option in specs.options(self.task)}
            model = {name: value for name, value in model.items() if name in READER and name in known}
            if "bidirectional" in row.options:
                model.setdefault("bidirectional", bool(self.model.spec.model.bidirectional))
            data = {}
            if codec is not None:
                data = {"tokens": codec.tokens, **({"lower": True} if codec.lower else {})}
                if "spelling" in row.options:  # the layers of the base read no letters
                    data["spelling"] = False
        document = {
            **wanted,
            "data": {**data, **_table(wanted, "data")},
            "model": {**model, **_table(wanted, "model")},
        }
        return specs.over(document, **options)

    def codecs(self, spec: Spec) -> dict[str, Codec]:
        """The codecs that a training with this spec takes over."""
        before, now = self.model.spec.values(), spec.values()
        if not self.goes_on:
            codec = self._reader
            same = (
                codec is not None
                and codec.tokens == spec.data.tokens
                and codec.lower == bool(spec.data.lower)
            )
            fresh = any(now[name] is not None for name in VOCABULARY if name not in ("tokens", "lower"))
            return {"input": codec} if codec is not None and same and not fresh else {}
        for name in {name for codec in self.model.codecs.values() for name in codec.options}:
            if name in before and name in now and before[name] != now[name]:
                raise UsageError(
                    f"{name} is {before[name]!r} in the model that this training starts from, and cannot be "
                    f"{now[name]!r} now: its weights fit only what it reads. Leave {name} out, or train a new model."
                )
        return dict(self.model.codecs)

    def put_into(self, module: "Module", plan: Plan, source: AnySource, examples: Examples) -> list[str]:
        """Load the first weights of a module of this plan, and note what came from where.

        A head that is new is fitted to what the layers of another task make of the examples, so that training does not
        begin with a fitted branch and a head that hears nothing of the layers.
        """
        weights, module.depths, notes = self.weights(plan, source, module.tensors())
        module.load(weights)
        if not self.goes_on and plan["form"] == "many_to_one":
            taught = source.taught(plan, module.tensors(), _features(module, source, examples), examples)
            module.load({**module.tensors(), **taught})
            notes += (
                ["the head begins as a regression on what the layers of the model make of the texts"]
                if taught
                else []
            )
        return notes

    def weights(
        self, plan: Plan, source: AnySource, fresh: Mapping[str, Array]
    ) -> tuple[dict[str, Array], dict[str, int], list[str]]:
        """The first weights of a module of this plan, how deep those lie that are of the model, and notes.

        `fresh` are the weights that it has by itself. The notes say what came from where.
        """
        mine = {op["name"]: op for op in operations(self.model.plan)}
        theirs, ours = self.model.source.rows(), source.rows()
        known = self._with_columns_of(source, fresh)
        weights, taken, new, misfits = dict(fresh), list[str](), list[str](), list[str]()
        came = list[str]()
        layers = 0
        for op in operations(plan):
            names = [name for name in fresh if name.startswith(op["name"] + ".")]
            before, layer = mine.get(op["name"]), "cell" in op["options"]
            if before is None or before["op"] != op["op"] or _kind(before) != _kind(op):
                if layer and before is not None:
                    misfits.append(f"{op['name']} is {_kind(op)}, and {_kind(before)} in the model")
                new += [op["name"]] if names else []
                continue
            before_op = len(came)
            for name in names:
                value, other = fresh[name], known.get(name)
                if other is None or other.shape[1:] != value.shape[1:]:
                    if other is not None:
                        misfits.append(f"{name} is {_shape(value)}, and {_shape(other)} in the model")
                    continue
                if name in ours or name in theirs:
                    kind, rows = ours.get(name, ("", ()))
                    other_kind, other_rows = theirs.get(name, ("", ()))
                    if kind != other_kind:
                        continue
                    weights[name], count = _by_name(value, rows, other, other_rows)
                    if name.endswith("weight"):
                        taken.append(f"{op['name']} ({count:,} of {len(rows):,} rows)")
                    came.append(name)
                elif other.shape == value.shape:
                    weights[name] = np.asarray(other, value.dtype)
                    came.append(name)
                else:
                    misfits.append(f"{name} is {_shape(value)}, and {_shape(other)} in the model")
            fitting = len(came) - before_op
            layers += fitting if layer else 0
            if fitting < len(names):
                new.append(op["name"] if not fitting else f"parts of {op['name']}")
            if fitting and not any(part.startswith(op["name"] + " ") for part in taken):
                taken.append(op["name"])
        if not layers and any("cell" in op["options"] for op in operations(plan)):
            raise UsageError(
                "no layer of the model fits: " + "; ".join(misfits or ["it has none of this name"])
                + ". Leave the options of the network out: they come with the model."
            )  # fmt: skip
        notes = [
            f"from the model of {self.model.spec.task} {self.model.digest[:12]}: {', '.join(taken)}"
            + (f"; new: {', '.join(new)}" if new else "")
        ]
        if misfits:
            notes.append(f"what does not fit begins anew: {'; '.join(misfits)}")
        return weights, _depths(fresh, came), notes

    def _with_columns_of(self, source: AnySource, fresh: Mapping[str, Array]) -> dict[str, Array]:
        """The weights of the model, with the columns of `fresh` where those have names."""
        theirs, ours, known = (
            self.model.source.answer_columns(),
            source.answer_columns(),
            dict(self.model.tensors),
        )
        for name in theirs.keys() & ours.keys() & known.keys() & fresh.keys():
            known[name] = _with_columns(fresh[name], ours[name][1], known[name], theirs[name][1])
        return known

    @property
    def made(self) -> dict[str, object]:
        """What the new model says of where it comes from."""
        return {"digest": self.model.digest, "task": self.model.spec.task}


def _features(module: "Module", source: AnySource, examples: Examples) -> Array:
    """What the head reads of each example, [N, F]."""
    from hitherto.training.step import TorchExecutor

    executor, parts, rows = TorchExecutor(module), list[Array](), list[Array]()
    for batch in source.evaluation(examples):
        assert batch.rows is not None  # noqa: S101 - of whole examples
        parts.append(executor.run_batch(batch, None)[0].float().cpu().numpy())
        rows.append(batch.rows)
    return np.concatenate(parts)[np.argsort(np.concatenate(rows))]


def alone(spec: Spec) -> None:
    """An error where a training that starts from no model has options of one that does."""
    for name in ("unfreeze", "slant"):
        if spec.values()[name] != option_of(name).default:
            raise UsageError(
                f"{name} is of the parts of another model, and this training starts from none: give one (--from, in "
                "Python base), or leave it out."
            )


def thawing(depths: Mapping[str, int], train: TrainSpec) -> list[str]:
    """What a log says of when and how fast the parts of another model are trained."""
    parts = {depth: _part(name) for name, depth in depths.items()}
    said = list[str]()
    if train.unfreeze is not None:
        epochs = (f"{parts[d]} from epoch {d * train.unfreeze + 1}" for d in sorted(parts) if d)
        said.append(f"trained from the top down: {', '.join(epochs)}")
    if train.slant != 1:
        rates = (f"{parts[d]} {train.slant**d:.3g}" for d in sorted(parts) if d)
        said.append(f"rates fall from the top down, as shares: {', '.join(rates)}")
    return said


def _depths(names: Iterable[str], came: Collection[str]) -> dict[str, int]:
    """How many parts stand above each weight that came: new ones count as one, at the top.

    `names` are all weights, from the input on. A layer of a stack is a part, both its directions together.
    """
    parts = list(dict.fromkeys(_part(name) for name in names if name in came))[::-1]
    new = any(name not in came for name in names)
    return {name: parts.index(_part(name)) + new for name in came}


def _part(name: str) -> str:
    """The operation, or the layer of one, that a weight belongs to."""
    op, _, weight = name.partition(".")
    layer = re.search(r"_l(\d+)(_reverse)?$", weight)
    return f"{op} {layer[1]}" if layer else op


def _table(document: Document, name: str) -> Document:
    table = document.get(name, {})
    return table if isinstance(table, Mapping) else {}


def _kind(op: Mapping[str, object]) -> str:
    """What must be the same for weights to mean the same: the cell, with its variant."""
    options = op["options"]
    assert isinstance(options, Mapping)  # noqa: S101
    return " ".join(
        str(options[name]) for name in ("cell", "nonlinearity", "reset", "kind") if name in options
    )


def _shape(array: Array) -> str:
    return " x ".join(map(str, array.shape))


def _with_columns(value: Array, names: Sequence[str], other: Array, other_names: Sequence[str]) -> Array:
    """`other` with the columns of `value`, the last of which have names; a new one is as `value` has it."""
    first = value.shape[1] - len(names)
    if first != other.shape[1] - len(other_names):
        return other
    made = value.copy() if len(value) == len(other) else np.zeros((len(other), value.shape[1]), value.dtype)
    made[:, :first] = other[:, :first]
    turned, count = _by_name(made[:, first:].T, names, other[:, first:].T, other_names)
    made[:, first:] = turned.T
    return made if count else other


def _by_name(value: Array, rows: Sequence[str], other: Array, other_rows: Sequence[str]) -> tuple[Array, int]:
    """`value` with the rows of `other` that have the same name, and how many there are."""
    places = {name: i for i, name in enumerate(other_rows)}
    found = [(i, places[name]) for i, name in enumerate(rows) if name in places]
    made = value.copy()
    if found:
        here, there = map(list, zip(*found, strict=True))
        made[here] = np.asarray(other)[there]
    return made, len(found)
