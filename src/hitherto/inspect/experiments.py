"""Questions that take more than one run: silence, states that rest, what moves a unit, two inspections compared."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError
from hitherto.inspect import measures, tape
from hitherto.inspect.inspection import Inspection, answers_of, weights_of
from hitherto.inspect.layers import Layer, unroll
from hitherto.inspect.trace import trace
from hitherto.tasks.base import Value
from hitherto.tasks.families import family_of
from hitherto.tasks.given import inputs
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.reading import Reading

__all__ = ["Beside", "Passage", "Resting", "beside", "moved", "resting", "silenced"]

NEAR = 1e-2  # two states that differ by less, in each number, are one
STILL = 1e-4  # a state that moves less in a step rests


def _seen(
    model: OpenModel, value: Value, layer: str | None, options: dict[str, object]
) -> tuple[Reading, Layer]:
    """What is read of a value, and the layer of that name in a run over it: the last one, if none is named."""
    reading = family_of(model.spec.task).reading(model, value, **options)
    layers = trace(model.plan, model.tensors, reading.inputs).layers
    for one in layers:
        if one.label == (layer or layers[-1].label):
            return reading, one
    raise UsageError(f"there is no layer {layer!r}; there are {', '.join(one.label for one in layers)}.")


def silenced(
    model: OpenModel,
    value: Value,
    layer: str | None = None,
    *,
    of: str | int | None = None,
    **options: object,
) -> Array:
    """How much of the score of the last answer goes where each unit of a layer is silent, [width].

    A silent unit is 0 for the layers above, and for the layer itself at the next step. `layer` is the last one, if it
    is not named; `of` is as for `inspect`.
    """
    reading, seen = _seen(model, value, layer, options)
    params, _ = answers_of(model.engine, reading)
    weights = weights_of(model, params[-1:], reading.classes, of)
    return measures.ablated(measures.Asked(model, reading.inputs, weights, [len(params) - 1], [seen]), seen)


# ------------------------------------------------------------------------------------------------- states that rest


@dataclass(frozen=True, slots=True)
class Resting:
    """Where the states of a layer come to rest if its input stays as it is."""

    states: Array  # [n, W]: all states of the layer side by side, of each place where some come to rest
    shares: Array  # [n]: the share of the beginnings that come to rest there
    moving: float  # the share that still moves at the end
    steps: int  # that each beginning took


def resting(
    model: OpenModel,
    value: Value,
    layer: str | None = None,
    *,
    hold: str = "mean",
    most: int = 1000,
    **options: object,
) -> Resting:
    """The states to which a layer goes from those that it had on a value, while its input stays the same.

    `hold` says which: the `mean` of what the layer read, its `last` one, or `zero`. Only what attracts states is found.
    """
    _, seen = _seen(model, value, layer, options)
    read = np.concatenate([x.value for x in seen.x])[:, 0]  # [T, I]
    kinds = {"mean": read.mean(0), "last": read[-1], "zero": np.zeros_like(read[0])}
    if hold not in kinds:
        raise UsageError(f"hold must be one of {', '.join(kinds)}, but is {hold!r}.")
    state = [
        tape.constant(values[None, :, 0]) for values in seen.states.values()
    ]  # [1, T, W]: a row for each step
    rows, taken, off, now = len(read), 0, np.array([np.inf]), np.zeros((0, 0))
    while taken < most and not (off < STILL).all():
        part = min(100, most - taken)
        x = tape.constant(np.broadcast_to(kinds[hold].astype(np.float32), (part, rows, read.shape[1])))
        _, after, (ran,) = unroll(seen.place, seen.cell, seen.options, [seen.weights], x, state)
        taken += part
        now = np.concatenate([values[-1] for values in ran.states.values()], -1)
        if part > 1:
            before = np.concatenate([values[-2] for values in ran.states.values()], -1)
            off = np.abs(now - before).max(-1)
        state = [tape.constant(s.value) for s in after]
    still = off < STILL
    places: list[Array] = []
    counts: list[int] = []
    for place in now[still]:
        near = next((i for i, other in enumerate(places) if np.abs(place - other).max() < NEAR), None)
        if near is None:
            places, counts = [*places, place], [*counts, 1]
        else:
            counts[near] += 1
    states = np.array(places, np.float32).reshape(len(places), now.shape[1])
    return Resting(states, np.array(counts) / rows, float((~still).mean()), taken)


# ------------------------------------------------------------------------------------------------- what moves a unit


@dataclass(frozen=True, slots=True)
class Passage:
    """A place where a unit moved far."""

    row: int  # of the data, from 1
    step: int  # from 0
    change: float  # of the unit in this step
    value: float  # of the unit after it
    words: list[str]  # the steps up to this one


def moved(
    model: OpenModel,
    data: Value,
    unit: int,
    layer: str | None = None,
    *,
    count: int = 10,
    around: int = 12,
    **options: object,
) -> list[Passage]:
    """The `count` places in the rows of `data` where a unit of a layer moves furthest in a step, the furthest first."""
    passages: list[Passage] = []
    for row, reading in enumerate(_readings(model, data, options), 1):
        layers = trace(model.plan, model.tensors, reading.inputs).layers
        seen = next((one for one in layers if one.label == (layer or layers[-1].label)), None)
        if seen is None:
            raise UsageError(
                f"there is no layer {layer!r}; there are {', '.join(one.label for one in layers)}."
            )
        if not 0 <= unit < seen.y.shape[-1]:
            raise UsageError(f"unit must be from 0 to {seen.y.shape[-1] - 1}, but is {unit}.")
        h = next(iter(seen.states.values()))[:, 0, unit]
        # what each step did, which one that is read from the end did to the step after it
        change = -np.diff(h, append=0) if seen.direction else np.diff(h, prepend=0)
        words = list(reading.steps["source" if seen.program == "encode" else "x"])
        furthest = np.argsort(-np.abs(change))[:count].tolist()
        passages += [
            Passage(row, t, float(change[t]), float(h[t]), words[max(0, t + 1 - around) : t + 1])
            for t in furthest
            if t < len(words)
        ]
    passages.sort(key=lambda passage: -abs(passage.change))
    return passages[:count]


def _readings(model: OpenModel, data: Value, options: dict[str, object]) -> Iterator[Reading]:
    """Each row of the data as the model reads it; rows without a step are left out."""
    reading = family_of(model.spec.task).reading
    if model.source.foresees or (model.source.continues and model.source.says):
        rows: list[Value] = [data]
    else:
        table = inputs(model.source, data)
        rows = [[row] if table.columns != ["value"] else [row["value"]] for row in table]
    if not rows:
        raise DataError("the data holds no rows")
    for row in rows:
        one = reading(model, row, **options)
        if all(len(x) for x in one.inputs.values()):
            yield one


# ------------------------------------------------------------------------------------------------- side by side


@dataclass(frozen=True, slots=True)
class Beside:
    """Two inspections step by step: two values of one model, or one value of two models."""

    one: Inspection
    other: Inspection
    answers: Array  # how far the answers are from each other at each step that both have, [A]
    states: dict[
        str, Array
    ]  # by the layer: how far the states are, [T]; layers that both have, as wide as each other

    def page(self) -> str:
        """Both of them on a page of HTML."""
        from hitherto.inspect.page import beside_page

        return beside_page(self)


def beside(one: Inspection, other: Inspection) -> Beside:
    """Two inspections beside each other. Distances are Euclidean; of answers where their numbers mean the same."""
    steps = min(len(one.answers), len(other.answers))
    alike = one.answers.shape[1] == other.answers.shape[1] and one.classes == other.classes
    answers = np.full(steps, np.nan)
    if alike:
        answers = np.linalg.norm(one.answers[:steps] - other.answers[:steps], axis=-1)
    theirs = {layer.name: layer for layer in other.layers}
    states = {}
    for layer in one.layers:
        mine = np.concatenate(list(layer.states.values()), -1)
        if layer.name in theirs:
            its = np.concatenate(list(theirs[layer.name].states.values()), -1)
            if its.shape[1] == mine.shape[1]:
                T = min(len(mine), len(its))
                states[layer.name] = np.linalg.norm(mine[:T] - its[:T], axis=-1)
    return Beside(one, other, answers, states)
