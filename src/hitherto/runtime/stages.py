"""Operations of a plan as stages of a native program."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hitherto.arrays import Array
from hitherto.cells import CELLS
from hitherto.plan import OPS, cell_options, seen, tensor_name

__all__ = ["RUN", "WEIGHTS", "Stages", "State"]

State = dict[str, Array]

WEIGHTS = ("float32", "bfloat16", "int8")

# The numbers by which kernels.h knows them.
_EMBED, _RECURRENT, _POOL, _LINEAR, _ATTEND, _RECALL, _KEEP, _CONV, _WINDOW, _PEAKS = range(10)
_CELLS = {"rnn_tanh": 0, "rnn_relu": 1, "lstm": 2, "gru_after": 3, "gru_before": 4}
_POOLINGS = {"last": 0, "mean": 1, "max": 2}
_ATTENTIONS = {"multiplicative": 0, "additive": 1}
_ACTIVATIONS = {"": 0, "tanh": 1, "relu": 2}
_PARAMETERS = (
    "weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr", "scale_ih", "scale_hh", "scale_c", "shift_c"
)  # fmt: skip


class Stages:
    """The plan's operations as the numbers that `_native.Program` takes, a layer each."""

    def __init__(
        self,
        plan: Mapping[str, Any],
        tensors: Mapping[str, Array],
        places: Mapping[str, tuple[int, int, int]],
    ) -> None:
        self.tensors, self.places = tensors, places
        self.numbers: list[int | Array | None] = []
        self.widths: list[int] = []
        self.pool: int | None = None
        self.ids: int | None = None
        self.bounded = False  # no number that goes on is beyond -1 .. 1
        self.weighed: Mapping[str, Any] | None = None  # the operation whose weights these are
        self.own: Mapping[str, tuple[int, ...]] = {}
        x = plan["inputs"]["x"]
        self.input_size = self.width = int(x["size"])
        if x["kind"] == "ids":
            self.ids = self.input_size
        for op in plan["step"]:
            RUN[op["op"]](self, op)

    def weight(self, op: Mapping[str, Any], name: str) -> Array | None:
        """A weight that the operation has, whatever else the tensors hold."""
        if self.weighed is not op:
            self.weighed, self.own = op, OPS[op["op"]].weights(op["options"])
        if name not in self.own:
            return None
        return np.require(self.tensors[tensor_name(op, name)], np.float32, ["C", "A"])

    def add(
        self, op: int, I: int, O: int, H: int, P: int = 0, D: int = 1, h: int = 0, c: int = 0,
        cell: int = 0, kind: int = 0, activation: str = "", layer_norm: bool = False, residual: bool = False,
        weights: tuple[list[Array | None], ...] = (), picture: tuple[int, ...] = (0, 0, 0, 0, 0),
    ) -> None:  # fmt: skip
        self.numbers += [
            op,
            cell,
            kind,
            _ACTIVATIONS[activation],
            int(layer_norm),
            int(residual),
            int(self.bounded),
            I,
            O,
            H,
            P,
            D,
            h,
            c,
            *picture,
        ]
        for d in range(2):
            own = weights[d] if d < len(weights) else []
            self.numbers += [own[i] if i < len(own) else None for i in range(len(_PARAMETERS))]
        self.widths.append(O)
        self.width = O


def _embed(stages: Stages, op: Mapping[str, Any]) -> None:
    table = stages.weight(op, "weight")
    assert table is not None  # noqa: S101 - a checked plan has its tensors
    stages.add(_EMBED, table.shape[0], table.shape[1], 0, weights=([table],))


def _recurrent(stages: Stages, op: Mapping[str, Any]) -> None:
    o = op["options"]
    cell = o["cell"]
    kind = {"rnn": f"rnn_{o.get('nonlinearity', 'tanh')}", "gru": f"gru_{o.get('reset', 'after')}"}.get(
        cell, cell
    )
    D, H = 1 + bool(o["bidirectional"]), o["hidden_size"]
    P = CELLS[cell].state_sizes(H, **cell_options(o))[0]
    starts = [stages.places[f"{op['name']}.{state}"] for state in CELLS[cell].states]
    for layer in range(o["num_layers"]):
        weights = tuple(
            [stages.weight(op, f"{name}_l{layer}{way}") for name in _PARAMETERS]
            for way in ("", "_reverse")[:D]
        )
        at = [first + layer * D * w for first, _, w in starts]
        residual = bool(o.get("residual")) and stages.width == D * P
        stages.add(
            _RECURRENT, stages.width, D * P, H, P, D, at[0], at[-1], cell=_CELLS[kind],
            layer_norm=bool(o.get("layer_norm")), residual=residual, weights=weights,
        )  # fmt: skip
        stages.bounded = kind != "rnn_relu" and P == H and not residual


def _pool(stages: Stages, op: Mapping[str, Any]) -> None:
    o = op["options"]
    count = f"{op['name']}.count"
    stages.pool = len(stages.widths)
    stages.add(
        _POOL, stages.width, stages.width, 0, D=1 + bool(o["bidirectional"]),
        h=stages.places[f"{op['name']}.value"][0], c=stages.places[count][0] if count in stages.places else 0,
        kind=_POOLINGS[o["kind"]],
    )  # fmt: skip


def _linear(stages: Stages, op: Mapping[str, Any]) -> None:
    weight, bias = stages.weight(op, "weight"), stages.weight(op, "bias")
    assert weight is not None  # noqa: S101 - a checked plan has its tensors
    O, I = weight.shape
    activation = op["options"].get("activation", "")
    stages.add(_LINEAR, I, O, O, activation=activation, weights=([weight, None, bias],))
    stages.bounded = activation == "tanh"


def _conv(stages: Stages, op: Mapping[str, Any]) -> None:
    o = op["options"]
    weight, bias = stages.weight(op, "weight"), stages.weight(op, "bias")
    assert weight is not None  # noqa: S101 - a checked plan has its tensors
    weight = np.ascontiguousarray(weight.transpose(0, 2, 3, 1))  # as a picture lies in a step
    picture = tuple(o[name] for name in ("height", "width", "channels", "kernel", "stride"))
    size = math.prod(seen(o))
    stages.add(
        _CONV, stages.width, size, o["filters"], activation=o["activation"], weights=([weight, None, bias],),
        picture=picture,
    )  # fmt: skip
    stages.bounded = False


def _peaks(stages: Stages, op: Mapping[str, Any]) -> None:
    picture = tuple(op["options"][name] for name in ("height", "width", "channels"))
    stages.add(_PEAKS, stages.width, 3 * picture[-1], 0, picture=(*picture, 0, 0))
    stages.bounded = False


def _window(stages: Stages, op: Mapping[str, Any]) -> None:
    o = op["options"]
    K, I = o["components"], o["input_size"]
    weights = [stages.weight(op, "weight"), None, stages.weight(op, "bias")]
    first = stages.places[f"{op['name']}.place"][0]
    stages.add(_WINDOW, I, I + o["memory_size"], 3 * K, P=K, h=first, weights=(weights,))
    stages.bounded = False


def _attend(stages: Stages, op: Mapping[str, Any]) -> None:
    o = op["options"]
    I, M, H = o["input_size"], o["memory_size"], o["size"]
    if o["kind"] == "multiplicative":
        stages.add(_ATTEND, I, I + M, H, kind=_ATTENTIONS[o["kind"]])
    else:
        first, k, w = stages.places[o["query"]]
        weights = [stages.weight(op, "weight_query"), stages.weight(op, "score")]
        stages.add(
            _ATTEND, I, I + M, H, P=w, h=first + (k - 1) * w, kind=_ATTENTIONS[o["kind"]], weights=(weights,)
        )
    stages.bounded = False


def _recall(stages: Stages, op: Mapping[str, Any]) -> None:
    first, _, w = stages.places[f"{op['name']}.value"]
    stages.add(_RECALL, stages.width, stages.width + w, 0, h=first)
    stages.bounded = False


def _keep(stages: Stages, op: Mapping[str, Any]) -> None:
    first, _, w = stages.places[op["options"]["state"]]
    stages.add(_KEEP, stages.width, stages.width, 0, P=w, h=first)


RUN: dict[str, Callable[[Stages, Mapping[str, Any]], None]] = {
    "embed": _embed,
    "dropout": lambda _stages, _op: None,
    "recurrent": _recurrent,
    "pool": _pool,
    "linear": _linear,
    "attend": _attend,
    "window": _window,
    "conv": _conv,
    "peaks": _peaks,
    "grid": lambda _stages, _op: None,  # a matter of shapes, at the end of what is read
    "recall": _recall,
    "keep": _keep,
    "copy": lambda _stages, _op: None,  # beside the steps: it has an output of its own
    "chain": lambda _stages, _op: None,  # the head reads it
    "bridge": lambda _stages, _op: None,  # between two programs
}
