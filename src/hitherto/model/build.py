"""The plan as a torch module: one of the two executors, the one that can be trained.

    module = build(plan, seed=0)
    features, state = module(inputs, lengths, state)     # all operations but the head's
    params = module.params(features)                     # what the head reads

It interprets the plan's operations and knows no task. State is a dict of [K, B, W] tensors, named as in `plan.states`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hitherto.model import layers
from hitherto.model.losses import embedding
from hitherto.plan import OPS, cell_options, states, tensor_name, weights

__all__ = ["Module", "build"]

State = dict[str, Tensor]


class Module(nn.Module):
    """A plan that runs on torch. Its parameters are named as the bundle's tensors."""

    def __init__(self, plan: Mapping[str, Any], **start: Any) -> None:
        super().__init__()
        self.plan = dict(plan)
        self.sparse = (
            False  # whether embeddings get row-sparse gradients; the optimiser must know what to do with them
        )
        for op in plan["step"]:
            made = MAKE[op["op"]](op["options"], **(start if op["op"] == "recurrent" else {}))
            if made is not None:
                self.add_module(op["name"], made)
        for op in plan["step"]:  # tied weights: one parameter, kept under the first name only
            for weight in op.get("weights", {}):
                owner, _, name = tensor_name(op, weight).rpartition(".")
                module = self.get_submodule(op["name"])
                delattr(module, weight)
                object.__setattr__(module, "_tied", (self.get_submodule(owner), name))

    def forward(
        self, inputs: Mapping[str, Tensor], lengths: Tensor | None, state: State | None
    ) -> tuple[Tensor, State]:
        """What the head's operation reads, [T, B, F] or, in form many_to_one, [B, F]; and the state afterwards."""
        values = dict(inputs)
        after: State = {}
        for op in self.plan["step"]:
            x = values[op["inputs"][0]]
            if op["name"] == self.plan["head"]["name"]:
                return x, after
            own = None if state is None else {k: state[f"{op['name']}.{k}"] for k in _state_names(op)}
            values[op["outputs"][0]], new = RUN[op["op"]](self, op, x, lengths, own)
            after |= {f"{op['name']}.{k}": v for k, v in new.items()}
        raise AssertionError("a checked plan ends with its head")

    def head_weights(self) -> tuple[Tensor, Tensor | None]:
        """Weight and bias of the last product."""
        module = self.get_submodule(self.plan["head"]["name"])
        owner, name = getattr(module, "_tied", (module, "weight"))
        return getattr(owner, name), module.bias  # type: ignore[return-value]

    def params(self, features: Tensor) -> Tensor:
        """The head's parameters for `features`."""
        return nn.functional.linear(features, *self.head_weights())

    def zero_state(self, rows: int) -> State:
        """The state before any input."""
        like = next(self.parameters())
        return {name: like.new_zeros(k, rows, w) for name, (k, w) in states(self.plan).items()}

    def tensors(self) -> dict[str, np.ndarray[Any, Any]]:
        """The weights as the bundle keeps them: copies."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self.named_parameters()}

    def load(self, tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Take the weights from a bundle's tensors."""
        with torch.no_grad():
            for name, value in self.named_parameters():
                value.copy_(torch.from_numpy(np.ascontiguousarray(tensors[name])))


def _state_names(op: Mapping[str, Any]) -> list[str]:
    return list(OPS[op["op"]].states(op["options"]))


# ----------------------------------------------------------------------------------------------------- operations

Result = tuple[Tensor, State]


def _run_embed(
    module: Module, op: Mapping[str, Any], x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    weight: Tensor = module.get_submodule(op["name"]).weight  # type: ignore[assignment]
    y = embedding(x, weight, module.sparse and module.training)
    rate = op["options"]["dropout"]
    if module.training and rate:  # whole words: the same ones at every place of the batch
        kept = (torch.rand(weight.shape[0], device=weight.device) >= rate).to(y.dtype) / (1 - rate)
        y = y * kept[x.long()].unsqueeze(-1)
    return y, {}


def _run_dropout(
    module: Module, op: Mapping[str, Any], x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    return nn.functional.dropout(x, op["options"]["rate"], module.training), {}


def _run_recurrent(
    module: Module, op: Mapping[str, Any], x: Tensor, lengths: Tensor | None, state: State | None
) -> Result:
    layer = module.get_submodule(op["name"])
    names = _state_names(op)
    before = None
    if state is not None:
        before = tuple(state[name] for name in names) if len(names) > 1 else state[names[0]]
    y, after = layer(x, before, lengths=lengths)
    return y, dict(zip(names, after if len(names) > 1 else (after,), strict=True))


def _run_pool(
    _module: Module, op: Mapping[str, Any], x: Tensor, lengths: Tensor | None, state: State | None
) -> Result:
    options = op["options"]
    T, B, F = x.shape
    if lengths is None:
        lengths = torch.full((B,), T, dtype=torch.int64)
    lengths = lengths.to(x.device)
    if options["kind"] == "last":
        at = (lengths - 1).clamp(min=0)
        value = x[at, torch.arange(B, device=x.device)] if T else x.new_zeros(B, F)  # [B, F]
        if options["bidirectional"] and T:  # the reverse direction ends at the first step
            value = torch.cat([value[:, : F // 2], x[0, :, F // 2 :]], 1)
        before = x.new_zeros(1, B, F) if state is None else state["value"]
        value = torch.where((lengths > 0).unsqueeze(1), value, before[0])
        return value, {"value": value.unsqueeze(0)}
    inside = (torch.arange(T, device=x.device).unsqueeze(1) < lengths).unsqueeze(2)  # [T, B, 1]
    count = lengths.to(x.dtype).reshape(1, B, 1)
    before_count = x.new_zeros(1, B, 1) if state is None else state["count"]
    if options["kind"] == "mean":
        total = x.masked_fill(~inside, 0).sum(0, keepdim=True)
        if state is not None:
            total = total + state["value"]
        count = count + before_count
        return (total / count.clamp(min=1))[0], {"value": total, "count": count}
    lowest = torch.finfo(x.dtype).min
    top = x.masked_fill(~inside, lowest)
    top = top.amax(0, keepdim=True) if T else x.new_full((1, B, F), lowest)
    if state is not None:
        top = torch.maximum(top, torch.where(before_count > 0, state["value"], lowest))
    count = count + before_count
    top = torch.where(count > 0, top, 0.0)
    return top[0], {"value": top, "count": count}


RUN = {"embed": _run_embed, "dropout": _run_dropout, "recurrent": _run_recurrent, "pool": _run_pool}


def _make_recurrent(
    o: Mapping[str, Any], orthogonal: bool = False, forget_bias: float | None = None
) -> nn.Module:
    kinds = {"rnn": layers.RNN, "lstm": layers.LSTM, "gru": layers.GRU}
    shared = {
        name: o[name]
        for name in ("num_layers", "bidirectional", "dropout", "recurrent_dropout", "layer_norm", "residual")
    }
    own = {name: value for name, value in cell_options(o).items() if name != "layer_norm"}
    if forget_bias is not None:
        own["forget_bias"] = forget_bias
    made: nn.Module = kinds[o["cell"]](
        o["input_size"], o["hidden_size"], orthogonal=orthogonal, **shared, **own
    )
    return made


def _make_embed(o: Mapping[str, Any]) -> nn.Module:
    return nn.Embedding(o["size"], o["width"])


def _make_linear(o: Mapping[str, Any]) -> nn.Module:
    return nn.Linear(o["input_size"], o["output_size"], bias=o["bias"])


MAKE = {
    "embed": _make_embed,
    "dropout": lambda _options: None,
    "recurrent": _make_recurrent,
    "pool": lambda _options: None,
    "linear": _make_linear,
}


def build(
    plan: Mapping[str, Any],
    *,
    seed: int = 0,
    init: str = "torch",
    init_range: float = 0.1,
    forget_bias: float | None = None,
) -> Module:
    """The module of a plan, its weights drawn from `seed` alone."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        module = Module(plan, orthogonal=init == "orthogonal", forget_bias=forget_bias)
        for name, value in module.named_parameters():
            if init == "uniform":
                value.uniform_(-init_range, init_range)
                if (
                    forget_bias is not None and ".bias_" in name
                ):  # drawn over just now; two biases add up to it
                    value[value.shape[0] // 4 : value.shape[0] // 2] = forget_bias * (".bias_ih_" in name)
            elif name == "embed.weight":  # torch's N(0, 1) drowns what the first layer begins with
                value.normal_(std=0.1)
    expected, found = (
        weights(dict(plan)),
        {name: tuple(value.shape) for name, value in module.named_parameters()},
    )
    if expected != found:
        raise AssertionError(f"the plan's tensors {expected} are not the module's {found}")
    return module
