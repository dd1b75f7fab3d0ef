"""The operation `segments` in torch: layers read the segments of a window, and step once into each of the future.

All segments of the future begin with the same state, so the part of a step that reads the state is computed once.
"""

import torch
from torch import Tensor, nn

from hitherto.cells import CELLS
from hitherto.plan import OPS, Options, cell_options, segments_of

__all__ = ["Segments"]


class Segments(nn.Module):
    """Weights of the operation, by the names that its row in `OPS` has; `layer` is a layer of the cell."""

    def __init__(self, options: Options, layer: nn.Module) -> None:
        super().__init__()
        self.options = dict(options)
        for name, shape in OPS["segments"].weights(options).items():
            if "." in name:
                if name.startswith("layer.") and "layer" not in self._modules:
                    self.layer = layer
                continue
            bound = shape[-1] ** -0.5
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))
        with torch.no_grad():  # at first the future is what the skip says of it, where there is one
            for name in (
                "weight_skip",
                "bias_skip",
                *(("weight_out", "bias_out") if options["maps"] else ()),
            ):
                if name in self._parameters:
                    self.held(name).zero_()

    def held(self, name: str) -> Tensor:
        """A weight as it is now."""
        weight = self._parameters[name]
        assert weight is not None  # noqa: S101 - the row names weights that it has
        return weight

    def forward(self, x: Tensor) -> Tensor:
        """The numbers of the future, [.., O], of steps x [.., I]."""
        o = self.options
        C, W, s, P, horizon = (
            int(o[name]) for name in ("channels", "window", "segment", "numbers", "horizon")
        )
        past, future = segments_of(o)
        flat = x.reshape(-1, x.shape[-1])
        N = len(flat)
        series, there, beside, ahead = flat.split(
            [C * W, C * W * o["mask"], int(o["beside"]), int(o["ahead"])], 1
        )
        series = series.reshape(N * C, W)
        cut = [series[:, W - past * s :].reshape(N * C, past, s)]
        if o["mask"]:
            cut.append(there.reshape(N * C, W)[:, W - past * s :].reshape(N * C, past, s))
        read = torch.cat(cut, -1).transpose(0, 1)  # [past, N * C, s (1 + mask)]
        read = torch.relu(nn.functional.linear(read, self.held("weight_in"), self.held("bias_in")))
        y = self.ahead(self.ends(read), self.places(N, beside, ahead))  # [future, N * C, H]
        y = nn.functional.dropout(y, o["dropout"], self.training)
        y = nn.functional.linear(y, self.held("weight_out"), self.held("bias_out"))
        y = y.reshape(future, N, C, s, P).permute(1, 0, 3, 2, 4).reshape(N, future * s, C, P)[:, :horizon]
        if o["maps"]:
            y = self.skip(y, series.reshape(N, C, W), beside)
        return y.reshape(*x.shape[:-1], horizon * C * P)

    def places(self, N: int, beside: Tensor, ahead: Tensor) -> Tensor:
        """What the cell reads for each segment of the future, [future, N * C or 1, H]."""
        o = self.options
        C, s = int(o["channels"]), int(o["segment"])
        H, future = int(o["hidden_size"]), segments_of(o)[1]
        e = self.held("weight_place")[:, None, None]  # [future, 1, 1, H]
        if C > 1:
            e = e + self.held("weight_channel")
        if o["beside"]:
            e = e + nn.functional.linear(beside, self.held("weight_beside"))[:, None]
        if o["ahead"]:
            steps = ahead.reshape(N, int(o["horizon"]), -1)
            steps = nn.functional.pad(steps, (0, 0, 0, future * s - steps.shape[1]))
            e = e + nn.functional.linear(
                steps.reshape(N, future, -1).transpose(0, 1), self.held("weight_ahead")
            ).unsqueeze(2)
        rows = 1 if e.shape[1] == e.shape[2] == 1 else N * C
        return e.expand(future, rows if rows == 1 else N, C if rows > 1 else 1, H).reshape(future, rows, H)

    def ends(self, read: Tensor) -> tuple[Tensor, ...]:
        """The states after the past, each [num_layers, rows, ..]."""
        _, state = self.layer(read)
        states: tuple[Tensor, ...] = state if isinstance(state, tuple) else (state,)
        return states

    def ahead(self, states: tuple[Tensor, ...], e: Tensor) -> Tensor:
        """One step of the layers into each segment of the future, from these states."""
        o = self.options
        cell, options = CELLS[o["cell"]], cell_options(o)
        for layer in range(int(o["num_layers"])):
            params = {
                name: self.layer.get_parameter(f"{name}_l{layer}")
                for name in cell.params(e.shape[-1], o["hidden_size"], **options)
            }
            y = cell.step(torch, params, e, tuple(state[layer] for state in states), **options)[0]
            e = y + e if o["residual"] and y.shape[-1] == e.shape[-1] else y
        return e.expand(-1, states[0].shape[1], -1)

    def skip(self, y: Tensor, series: Tensor, beside: Tensor) -> Tensor:
        """Y [N, horizon, C, P] and the linear map of the window, [N, C, W]."""
        o = self.options
        C, moved = int(o["channels"]), int(o["moved"])
        weight, bias = self.held("weight_skip"), self.held("bias_skip")
        read = torch.cat([series, beside.unsqueeze(1).expand(-1, C, -1)], 2)  # [N, C, W + beside]
        if len(weight) == 1:
            line = nn.functional.linear(read, weight[0]).transpose(1, 2)  # [N, horizon, C]
        else:
            line = torch.einsum("ncw,chw->nhc", read, weight)
        shift = line.unsqueeze(-1)
        if moved < y.shape[-1]:
            shift = nn.functional.pad(shift.expand(*line.shape, moved), (0, y.shape[-1] - moved))
        return y + shift + bias.transpose(0, 1)  # [horizon, maps, P]
