"""What every live view shares: calls that are typed, answers in frames, and the memory of the layers as strips."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.inspect import LayerSeen
from hitherto.studio.frames import Frame
from hitherto.studio.trail import Change
from hitherto.trained import Model, describe

__all__ = ["Asked", "Call", "Frames", "Memory", "View", "silence"]

Frames = Generator[Frame, None, None]

ROWS = 256  # units of a strip, at most
COLUMNS = 600  # steps of a strip, at most


class Call(msgspec.Struct, forbid_unknown_fields=True, tag_field="call", tag=str.lower):
    """What a page asks for; `call` is the name of the class in small letters."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The strip that a page shows: a layer, the last one if it is not named, and a state or a gate of it."""

    layer: str = ""
    part: str = ""
    first: int = 0  # of its steps


class View(ABC):
    """A model while somebody looks at it. One connection has one, and asks one thing at a time."""

    calls: ClassVar[object]  # a union of calls
    whole: ClassVar[bool] = False  # whether it also shows models that read whole inputs and do not stream

    def __init__(self, model: Model) -> None:
        self.model = model

    def about(self) -> dict[str, object]:
        """What the page is told first."""
        return {"task": self.model.spec.task, "about": describe(self.model.plan), "digest": self.model.digest}

    @abstractmethod
    def answer(self, call: Call) -> Frames:
        """The frames that answer a call. It may be closed after any of them, when the page asks for something newer."""


@dataclass(frozen=True, slots=True)
class Order:
    """The units of a layer that are shown, in their order."""

    units: Array
    half_life: Array | None


class Memory:
    """What layers held, as strips: a row is a unit, those that remember longest first."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}

    def sort(self, layers: Sequence[LayerSeen]) -> None:
        """Fix the order of units by what their gates do here."""
        self.orders = {}
        for layer in layers:
            count, lives = _width(layer), layer.half_life
            if lives is not None and len(lives) != count:
                lives = None
            order = np.arange(count) if lives is None else np.argsort(-lives, kind="stable")
            if count > ROWS:
                order = order[np.linspace(0, count - 1, ROWS).astype(int)]
            shown = None if lives is None else np.minimum(lives[order], 1e6)
            self.orders[layer.name] = Order(order, shown)

    def strip(
        self, layers: Sequence[LayerSeen], asked: Asked, first: int
    ) -> tuple[dict[str, object], dict[str, Array]]:
        """What a page is told of these steps, of which the first has that number."""
        if not layers:
            return {}, {}
        layer = next((one for one in layers if one.name == asked.layer), layers[-1])
        if layer.name not in self.orders:
            self.sort(layers)
        parts = {**layer.states, **layer.gates}
        part = asked.part if asked.part in parts else next(iter(parts))
        order, values = self.orders[layer.name], parts[part]
        wide = values.shape[1] == _width(layer)
        about = [
            {
                "name": one.name, "cell": one.cell, "units": _width(one), "states": list(one.states),
                "gates": list(one.gates), "shares": list(one.saturation), "reverse": one.reverse,
            }
            for one in layers
        ]  # fmt: skip
        said = {"layers": about, "layer": layer.name, "part": part, "first": first, "steps": len(values)}
        arrays: dict[str, Array] = {
            "strip": values[:, order.units] if wide else values[:, :ROWS],
            "units": order.units if wide else np.arange(min(ROWS, values.shape[1])),
        }
        if order.half_life is not None and wide:
            arrays["half_life"] = order.half_life
        return {"memory": said}, arrays


def _width(layer: LayerSeen) -> int:
    """How many units a layer has: numbers of its first state."""
    return int(next(iter(layer.states.values())).shape[1])


def silence(layers: Sequence[LayerSeen], units: Sequence[tuple[str, int]]) -> Change:
    """The change that silences these units."""
    change: dict[str, Array] = {}
    for name, unit in units:
        layer = next((one for one in layers if one.name == name), None)
        if layer is None or not 0 <= unit < _width(layer):
            raise UsageError(f"there is no unit {unit} in a layer of that name.")
        change.setdefault(name, np.ones(_width(layer), np.float32))[unit] = 0
    return change
