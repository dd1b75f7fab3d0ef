"""The operation `segments`: chains of products and layers, each of which runs on the extension where there is one.

A row of the chains is a channel of a step, and a step of theirs is a segment.
"""

from collections.abc import Sequence

import numpy as np

from hitherto.arrays import Array
from hitherto.plan import OPS, Operation, Options, segments_of
from hitherto.runtime.stage import Part, Stage, Weights

__all__ = ["Segments"]


class Segments(Stage):
    """A step is a window; it has no state. The row of the operation in `OPS` says what it makes."""

    def prepare(self, weights: Sequence[Weights]) -> None:
        from hitherto.runtime.chain import Chain  # which runs stages, this one among them

        o: Options = self.n["options"]
        self.o, self.w = o, {name: w for name, w in weights[0].items() if w is not None}
        H, s = int(o["hidden_size"]), int(o["segment"])
        layer = {name: o[name] for name in OPS["recurrent"].options.keys() & o.keys()} | {"input_size": H}
        tensors = {name: w for name, w in self.w.items() if name.startswith("layer.")}
        recurrent = _operation("recurrent", "layer", layer)
        tensors |= {"in.weight": self.w["weight_in"], "in.bias": self.w["bias_in"]}
        tensors |= {"out.weight": self.w["weight_out"], "out.bias": self.w["bias_out"]}
        read = _linear("in", s * (1 + o["mask"]), H, "relu")
        width = self.w["weight_out"].shape[1]
        write = _linear("out", width, s * o["numbers"])

        def chain(width: int, *operations: Operation) -> Chain:
            operations[0]["inputs"][0] = "x"
            return Chain(operations, {"kind": "vectors", "size": width}, tensors, self.precision)

        self.past = chain(s * (1 + o["mask"]), read, recurrent)
        self.future = chain(H, {**recurrent, "inputs": ["x"]}, write)
        self.beside = self.ahead = None
        for name in ("beside", "ahead"):
            if f"weight_{name}" in self.w:
                weight = tensors[f"{name}.weight"] = self.w[f"weight_{name}"]
                made = chain(weight.shape[1], _linear(name, weight.shape[1], H, bias=False))
                self.beside, self.ahead = (made, self.ahead) if name == "beside" else (self.beside, made)
        self.skips = []
        for k, (weight, bias) in enumerate(
            zip(self.w.get("weight_skip", ()), self.w.get("bias_skip", ()), strict=True)
        ):
            tensors |= {f"skip{k}.weight": np.ascontiguousarray(weight)}
            self.skips.append(
                (chain(weight.shape[1], _linear(f"skip{k}", weight.shape[1], len(weight), bias=False)), bias)
            )

    def __call__(self, x: Array, _part: Part, /) -> Array:
        """X [T, B, I] to [T, B, O]."""
        o = self.o
        C, W, s, P, horizon = (
            int(o[name]) for name in ("channels", "window", "segment", "numbers", "horizon")
        )
        past, future = segments_of(o)
        flat = np.ascontiguousarray(x.reshape(-1, x.shape[-1]))
        N = len(flat)
        series, there, beside, ahead = np.split(flat, np.cumsum([C * W, C * W * o["mask"], o["beside"]]), 1)
        cut = [part.reshape(N * C, W)[:, W - past * s :] for part in (series, there) if part.shape[1]]
        segments = np.concatenate([part.reshape(N * C, past, s) for part in cut], 2).transpose(1, 0, 2)
        _, state = self.past.read(segments)
        rows = np.tile(np.arange(N * C), future)  # a segment of the future after the other, of all channels
        y, _ = self.future.read(
            self.places(N, beside, ahead)[None], None, {k: v[:, rows] for k, v in state.items()}
        )
        y = (
            y.reshape(future, N, C, s, P)
            .transpose(1, 0, 3, 2, 4)
            .reshape(N, future * s, C, P)[:, :horizon]
            .copy()
        )
        windows = series.reshape(N, C, W)
        for c in range(C if self.skips else 0):
            skip, bias = self.skips[c % len(self.skips)]
            read = np.concatenate([windows[:, c], beside], 1)
            y[:, :, c, : o["moved"]] += skip.apply(read)[..., None]
            y[:, :, c] += bias
        return y.reshape(*x.shape[:-1], -1)

    def places(self, N: int, beside: Array, ahead: Array) -> Array:
        """What the cell reads for each segment of the future, [future * N * C, H]."""
        o = self.o
        C, s, future = int(o["channels"]), int(o["segment"]), segments_of(o)[1]
        e = self.w["weight_place"][:, None, None]  # [future, 1, 1, H]
        if C > 1:
            e = e + self.w["weight_channel"]
        if self.beside is not None:
            e = e + self.beside.apply(beside)[:, None]
        if self.ahead is not None:
            steps = ahead.reshape(N, int(o["horizon"]), -1)
            steps = np.pad(steps, ((0, 0), (0, future * s - steps.shape[1]), (0, 0)))
            e = e + self.ahead.apply(steps.reshape(N, future, -1)).transpose(1, 0, 2)[:, :, None]
        return np.ascontiguousarray(np.broadcast_to(e, (future, N, C, e.shape[-1]))).reshape(
            future * N * C, -1
        )

    @property
    def bytes(self) -> int:
        chains = [self.past, self.future, self.beside, self.ahead, *(skip for skip, _ in self.skips)]
        return sum(chain.program.bytes for chain in chains if chain is not None)


def _operation(op: str, name: str, options: Options) -> Operation:
    return {"op": op, "name": name, "inputs": [""], "outputs": [name], "options": options}


def _linear(name: str, width: int, made: int, activation: str = "", *, bias: bool = True) -> Operation:
    options = {"input_size": width, "output_size": made, "bias": bias, "activation": activation}
    return _operation("linear", name, options)
