"""The plan as a torch module: one of the two executors, the one that can be trained.

    module = build(plan, seed=0)
    features, state = module(inputs, lengths, state)     # all operations but the head's
    params = module.params(features)                     # what the head reads

It interprets the plan's operations and knows no task. State is a dict of [K, B, W] tensors, named as in `plan.states`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hitherto.arrays import Array
from hitherto.model import branches
from hitherto.model.embedding import embedding
from hitherto.model.layers import layer_of
from hitherto.model.segments import Segments
from hitherto.model.spelling import Spelling, read_words
from hitherto.model.weights import Weighted
from hitherto.plan import (
    NARROWEST,
    OPS,
    Plan,
    cell_options,
    operations,
    states,
    stepwise,
    tensor_name,
    weights,
)

__all__ = ["TORCH_OPS", "Module", "Start", "TorchOp", "build", "torch_op", "weights_of"]

State = dict[str, Tensor]
Operation = Mapping[str, Any]  # as the plan has it: JSON, which the row of `OPS` gives its types
Options = Mapping[str, Any]  # of an operation, likewise


@dataclass(frozen=True, slots=True)
class Start:
    """Options of initial weights."""

    orthogonal: bool = False
    forget_bias: float | None = None
    chrono: float | None = None


class Module(nn.Module):
    """A plan that runs on torch. Its parameters are named as the bundle's tensors."""

    def __init__(self, plan: Plan, start: Start | None = None) -> None:
        super().__init__()
        self.plan: Plan = plan.copy()
        self.sparse = (
            False  # whether embeddings get row-sparse gradients; the optimiser must know what to do with them
        )
        # of a weight that comes from another model: how many parts of that model stand above it
        self.depths: dict[str, int] = {}
        # in training, how often a step reads the prediction of the step before in place of the truth
        self.sampling = 0.0
        # where a penalty of training wants them: what the recurrent operations gave, before dropout
        self.outputs: list[Tensor] | None = None
        for op in operations(self.plan):
            made = torch_op(op["op"]).make(op["options"], start or Start())
            if made is not None:
                self.add_module(op["name"], made)
        # An operation whose weight is another's -> whose, and its name there: one parameter, under one name.
        self._tied: dict[str, tuple[str, str]] = {}
        for op in operations(self.plan):
            for weight in op.get("weights", {}):
                owner, _, name = tensor_name(op, weight).rpartition(".")
                delattr(self.get_submodule(op["name"]), weight)
                self._tied[op["name"]] = owner, name

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        lengths: Tensor | None,
        state: State | None,
        source_lengths: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """What the head's operation reads, [T, B, F] or, in form many_to_one, [B, F]; and the state afterwards.

        Of a plan that attends, the state has its weights too, [T, B, S]; of one that copies, how much it writes itself.
        """
        if state is None and "encode" in self.plan:
            state = self.encode(inputs["source"], source_lengths)
        sampling = self.sampling if self.training else 0.0
        if not stepwise(self.plan) and not sampling:
            return self._run(inputs["x"], lengths, state)
        parts: list[tuple[Tensor, State]] = []
        x = inputs["x"]
        for t in range(len(x)):
            token = x[t : t + 1]
            if sampling and t:
                with torch.no_grad():
                    predicted = self.params(parts[-1][0]).argmax(-1).to(x.dtype)
                token = torch.where(torch.rand(token.shape, device=x.device) < sampling, predicted, token)
            parts.append(self._run(token, None, state))
            state = {**(state or {}), **parts[-1][1]}
        after = {
            name: torch.cat([end[name] for _, end in parts]) if name in _EACH_STEP else value
            for name, value in (parts[-1][1] if parts else {}).items()
        }
        return torch.cat([features for features, _ in parts]), after

    def _run(self, x: Tensor, lengths: Tensor | None, state: State | None) -> tuple[Tensor, State]:
        """The step program over all steps of x, operation by operation."""
        values = {"x": x}
        after: State = {}
        for op in self.plan["step"]:
            read = values[op["inputs"][0]]
            if op["name"] == self.plan["head"]["name"]:
                return read, after
            known = after if OPS[op["op"]].behind else state
            values[op["outputs"][0]], new = torch_op(op["op"]).run(self, op, read, lengths, known)
            after |= new
        raise AssertionError("a checked plan ends with its head")

    def encode(self, source: Tensor, lengths: Tensor | None) -> State:
        """The initial states of the step program, and the memory that it attends to."""
        values = {"source": source}
        ends: State = {}
        for op in self.plan.get("encode", ()):
            read = values[op["inputs"][0]]
            values[op["outputs"][0]], new = torch_op(op["op"]).run(self, op, read, lengths, None)
            ends |= new
            places = OPS[op["op"]].places
            if places is not None and lengths is not None:
                lengths = lengths * places(op["options"])
        memory = values["memory"].transpose(0, 1)  # [B, S, M]
        B, S = memory.shape[:2]
        state = self.zero_state(B)
        for op in self.plan.get("bridge", ()):
            state[op["outputs"][0]] = self._bridge(op, ends[op["inputs"][0]])
        for op in self.plan["step"]:
            if OPS[op["op"]].looks:
                if op["options"].get("kind") == "additive":
                    weight_key, bias = self.tensors_of(op, "weight_key", "bias")
                    state["attend.keys"] = nn.functional.linear(memory, weight_key, bias)
                state["attend.memory"] = memory
                sizes = torch.full((B,), S) if lengths is None else lengths
                places_of = torch.arange(S, device=source.device)
                state["attend.outside"] = places_of >= sizes.to(source.device).unsqueeze(1)  # [B, S]
        return state

    def _bridge(self, op: Operation, end: Tensor) -> Tensor:
        """[rows, B, W] from the last `rows` layers of [L * D, B, P]."""
        o = op["options"]
        last = [max(i, 0) for i in range(o["layers"] - o["rows"], o["layers"])]
        sides = end.reshape(o["layers"], o["directions"], *end.shape[1:])[last]
        rows = [
            nn.functional.linear(torch.cat(list(layer), -1), *self.tensors_of(op, f"weight_{i}", f"bias_{i}"))
            for i, layer in enumerate(sides)
        ]
        return ACTIVATE[o["activation"]](torch.stack(rows))

    def tensors_of(self, op: Operation, *names: str) -> tuple[Tensor, ...]:
        """Weights that an operation keeps itself."""
        return tuple(_held(self.get_submodule(op["name"]), name) for name in names)

    def weight(self, op: Operation) -> Tensor:
        """The weight of an operation, which may be tied to another's."""
        owner, name = self._tied.get(op["name"], (op["name"], "weight"))
        return _held(self.get_submodule(owner), name)

    def bias(self, op: Operation) -> Tensor | None:
        """The bias of an operation that may have none."""
        return self.get_submodule(op["name"])._parameters["bias"]

    def head_weights(self) -> tuple[Tensor, Tensor | None]:
        """Weight and bias of the last product; [0, 0] and none where there is no product."""
        op = self.plan["step"][-1]
        if not OPS[op["op"]].weights(op["options"]):  # the features are the head's numbers
            return next(self.parameters()).new_zeros(0, 0), None
        return self.weight(op), self.bias(op)

    def own_weights(self) -> dict[str, Tensor]:
        """What the head reads beside its params."""
        return {
            name: weight
            for op in self.plan["step"]
            for name, weight in zip(
                OPS[op["op"]].lends, self.tensors_of(op, *OPS[op["op"]].lends), strict=True
            )
        }

    def params(self, features: Tensor) -> Tensor:
        """The head's parameters for `features`."""
        weight, bias = self.head_weights()
        return nn.functional.linear(features, weight, bias) if weight.numel() else features

    def zero_state(self, rows: int) -> State:
        """The state before any input."""
        like = next(self.parameters())
        return {name: like.new_zeros(k, rows, w) for name, (k, w) in states(self.plan).items()}

    def tensors(self) -> dict[str, Array]:
        """The weights as the bundle keeps them: copies."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self.named_parameters()}

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Take the weights from a bundle's tensors."""
        with torch.no_grad():
            for name, value in self.named_parameters():
                value.copy_(torch.from_numpy(np.array(tensors[name])))  # an opened bundle's are read-only


def _held(module: nn.Module, name: str) -> Tensor:
    """A weight as it is now: `functional_call` may have put another tensor in its place."""
    weight = module._parameters[name]
    assert weight is not None  # noqa: S101 - a row names weights that it has
    return weight


_EACH_STEP = ("attention", "gate")  # what `forward` gives beside the state, a step at a time

ACTIVATE: dict[str, Callable[[Tensor], Tensor]] = {"": lambda x: x, "tanh": torch.tanh, "relu": torch.relu}


# ----------------------------------------------------------------------------------------------------- operations

Result = tuple[Tensor, State]


def _run_embed(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    weight = module.weight(op)
    y = embedding(x, weight, module.sparse and module.training)
    rate = op["options"]["dropout"]
    if module.training and rate:  # whole words: the same ones at every place of the batch
        mask = (torch.rand(weight.shape[0], device=weight.device) >= rate).to(y.dtype) / (1 - rate)
        y = y * mask[x.long()].unsqueeze(-1)
    return y, {}


def _run_spell(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    tables = module.tensors_of(op, *OPS[op["op"]].weights(op["options"]))
    dropout = op["options"]["dropout"] if module.training else 0.0
    return read_words(x, tables, op["options"], dropout, module.sparse and module.training), {}


def _run_dropout(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    rate = op["options"]["rate"]
    if module.training and op["options"].get("locked") and x.dim() == 3:  # not behind a pool
        return x * nn.functional.dropout(torch.ones_like(x[:1]), rate), {}  # x [T, B, F]
    return nn.functional.dropout(x, rate, module.training), {}


def _run_recurrent(
    module: Module, op: Operation, x: Tensor, lengths: Tensor | None, state: State | None
) -> Result:
    layer = module.get_submodule(op["name"])
    names = [f"{op['name']}.{name}" for name in OPS["recurrent"].states(op["options"])]
    before = None
    if state is not None:
        before = tuple(state[name] for name in names) if len(names) > 1 else state[names[0]]
    y, after = layer(x, before, lengths=lengths)
    if module.outputs is not None:
        module.outputs.append(y)
    return y, dict(zip(names, after if len(names) > 1 else (after,), strict=True))


def _run_linear(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    y = nn.functional.linear(x, module.weight(op), module.bias(op))
    return ACTIVATE[op["options"].get("activation", "")](y), {}


def _run_attend(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, state: State | None
) -> Result:
    assert state is not None  # noqa: S101 - the source was encoded
    memory, outside = state["attend.memory"], state["attend.outside"].unsqueeze(1)
    if op["options"]["kind"] == "multiplicative":
        # x . (W m) is (x W) . m: what is written is seldom longer than what was read
        query = nn.functional.linear(x, module.weight(op).t())
        scores = torch.bmm(query.transpose(0, 1), memory.transpose(1, 2))  # [B, T, S]
    else:
        keys = state["attend.keys"]
        weight_query, score = module.tensors_of(op, "weight_query", "score")
        query = nn.functional.linear(state[op["options"]["query"]][-1], weight_query)
        scores = (torch.tanh(keys + query.unsqueeze(1)) @ score).unsqueeze(1)
    scores = scores.masked_fill(outside, torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1).masked_fill(outside, 0.0)  # a source of no length gives nothing
    context = torch.bmm(weights, memory).transpose(0, 1)  # [T, B, M]
    return torch.cat([x, context], -1), {"attention": weights.transpose(0, 1)}


def _run_window(
    module: Module, op: Operation, x: Tensor, lengths: Tensor | None, state: State | None
) -> Result:
    assert state is not None  # noqa: S101 - the source was encoded
    memory, outside = state["attend.memory"], state["attend.outside"].unsqueeze(1)
    name = f"{op['name']}.place"
    parts = nn.functional.linear(x, *module.tensors_of(op, "weight", "bias")).sigmoid().chunk(3, -1)
    high, narrow, moved = parts
    if lengths is not None:  # what is no step moves nothing
        inside = torch.arange(len(x), device=x.device).unsqueeze(1) < lengths.to(x.device)
        moved = moved * inside.unsqueeze(-1)
    places = state[name] + moved.cumsum(0)  # [T, B, K]
    off = places.unsqueeze(-1) - torch.arange(memory.shape[1], device=x.device)  # [T, B, K, S]
    weights = (high.unsqueeze(-1) * torch.exp(-NARROWEST * narrow.unsqueeze(-1) * off * off)).sum(2)
    weights = weights.transpose(0, 1).masked_fill(outside, 0.0)  # [B, T, S]
    context = torch.bmm(weights, memory).transpose(0, 1)  # [T, B, M]
    return torch.cat([x, context], -1), {"attention": weights.transpose(0, 1), name: places[-1:]}


def _run_conv(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    o = op["options"]
    pictures = x.reshape(-1, o["height"], o["width"], o["channels"]).permute(0, 3, 1, 2)
    weight, bias = module.tensors_of(op, "weight", "bias")
    y = nn.functional.conv2d(pictures, weight, bias, o["stride"], o["kernel"] // 2)
    y = ACTIVATE[o["activation"]](y).permute(0, 2, 3, 1)
    return y.reshape(*x.shape[:2], -1), {}


def _run_peaks(
    _module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    H, W, C = (op["options"][name] for name in ("height", "width", "channels"))
    pictures = x.reshape(*x.shape[:2], H * W, C)
    down, across = ((2 * torch.arange(n, device=x.device, dtype=x.dtype) + 1) / n - 1 for n in (H, W))
    places = torch.stack([across.repeat(H), down.repeat_interleave(W)])  # [2, H W]
    middle = places @ pictures.softmax(2)  # [T, B, 2, C]
    return torch.cat([pictures.amax(2), middle.flatten(2)], -1), {}


def _run_grid(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    T, B, places = *x.shape[:2], op["options"]["places"]
    y = x.reshape(T, B, places, -1) + module.weight(op)
    return y.transpose(1, 2).reshape(T * places, B, -1), {}


def _run_recall(
    _module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, state: State | None
) -> Result:
    assert state is not None  # noqa: S101 - the source was encoded
    name = f"{op['name']}.value"
    return torch.cat([x, state[name].expand(x.shape[0], -1, -1)], -1), {name: state[name]}


def _run_keep(
    _module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, state: State | None
) -> Result:
    assert state is not None  # noqa: S101 - the source was encoded
    name = op["options"]["state"]
    return x, {name: x[-1:, :, -state[name].shape[-1] :]}


def _run_gate(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    gate = nn.functional.linear(x, *module.tensors_of(op, "weight", "bias"))
    return gate, {"gate": gate}


def _run_beside(
    _module: Module, _op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    """An operation whose weights the head reads: the features pass it as they are."""
    return x, {}


def _run_pool(
    _module: Module, op: Operation, x: Tensor, lengths: Tensor | None, state: State | None
) -> Result:
    options = op["options"]
    of_value, of_count = f"{op['name']}.value", f"{op['name']}.count"
    T, B, F = x.shape
    if lengths is None:
        lengths = torch.full((B,), T, dtype=torch.int64)
    lengths = lengths.to(x.device)
    if options["kind"] == "last":
        at = (lengths - 1).clamp(min=0)
        value = x[at, torch.arange(B, device=x.device)] if T else x.new_zeros(B, F)  # [B, F]
        if options["bidirectional"] and T:  # the reverse direction ends at the first step
            value = torch.cat([value[:, : F // 2], x[0, :, F // 2 :]], 1)
        before = x.new_zeros(1, B, F) if state is None else state[of_value]
        value = torch.where((lengths > 0).unsqueeze(1), value, before[0])
        return value, {of_value: value.unsqueeze(0)}
    inside = (torch.arange(T, device=x.device).unsqueeze(1) < lengths).unsqueeze(2)  # [T, B, 1]
    count = lengths.to(x.dtype).reshape(1, B, 1)
    before_count = x.new_zeros(1, B, 1) if state is None else state[of_count]
    if options["kind"] == "mean":
        total = x.masked_fill(~inside, 0).sum(0, keepdim=True)
        if state is not None:
            total = total + state[of_value]
        count = count + before_count
        return (total / count.clamp(min=1))[0], {of_value: total, of_count: count}
    lowest = torch.finfo(x.dtype).min
    top = x.masked_fill(~inside, lowest)
    top = top.amax(0, keepdim=True) if T else x.new_full((1, B, F), lowest)
    if state is not None:
        top = torch.maximum(top, torch.where(before_count > 0, state[of_value], lowest))
    count = count + before_count
    top = torch.where(count > 0, top, 0.0)
    return top[0], {of_value: top, of_count: count}


def _run_segments(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    y: Tensor = module.get_submodule(op["name"])(x)
    return y, {}


def _run_bridge(
    _module: Module, _op: Operation, _x: Tensor, _lengths: Tensor | None, _state: State | None
) -> Result:
    raise AssertionError("a bridge stands between programs: Module.encode runs it")


def _make_recurrent(o: Options, start: Start) -> nn.Module:
    names = ("num_layers", "bidirectional", "dropout", "recurrent_dropout", "layer_norm", "residual")
    options = {name: o[name] for name in names}
    options |= {name: o[name] for name in ("weight_dropout", "locked_dropout") if name in o}
    set_ones = {"forget_bias": start.forget_bias, "chrono": start.chrono}
    options |= {name: value for name, value in set_ones.items() if value is not None}
    return layer_of(
        o["cell"], o["input_size"], o["hidden_size"], orthogonal=start.orthogonal, **options,
        cell_options={name: value for name, value in cell_options(o).items() if name != "layer_norm"},
    )  # fmt: skip


def _make_segments(o: Options, start: Start) -> nn.Module:
    between = o["dropout"] if o["num_layers"] > 1 else 0.0
    return Segments(o, _make_recurrent({**o, "input_size": o["hidden_size"], "dropout": between}, start))


class _Weights(nn.Module):
    """Weights of an operation that is no layer of torch's, drawn as a linear map's are."""

    def __init__(self, op: str, o: Options) -> None:
        super().__init__()
        for name, shape in OPS[op].weights(o).items():
            first, *rest = shape
            bound = (rest[-1] if rest else max(1, o.get("input_size", first))) ** -0.5
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))


def weights_of(op: str) -> Callable[[Options, Start], nn.Module]:
    """`TorchOp.make` for the weights that the row of an operation says, drawn as those of a linear map are."""
    return lambda o, _start: _Weights(op, o)


def _make_window(o: Options, _start: Start) -> nn.Module:
    made = _Weights("window", o)
    # At first each Gaussian component covers a place and its neighbours, and stays there for some twenty steps.
    for part, value in zip(_held(made, "bias").chunk(3), (0.0, -2.0, -3.0), strict=True):
        part.fill_(value)
    return made


def _run_bag(module: Module, op: Operation, x: Tensor, lengths: Tensor | None, state: State | None) -> Result:
    name, before = op["name"], None
    if state is not None:
        before = tuple(state[f"{name}.{part}"] for part in ("sum", "count", "last"))
    dropped = op["options"]["dropout"] if module.training else 0.0
    return x, branches.bag(module.weight(op), x, lengths, before, op["options"], name, dropped)


def _run_summary(
    module: Module, op: Operation, x: Tensor, lengths: Tensor | None, state: State | None
) -> Result:
    name, before = op["name"], None
    if state is not None:
        before = state[f"{name}.parts"], state[f"{name}.count"]
    shift, scale = module.tensors_of(op, "shift", "scale")
    return x, branches.summary(shift, scale, x, lengths, before, name)


def _run_join(
    module: Module, op: Operation, x: Tensor, _lengths: Tensor | None, state: State | None
) -> Result:
    assert state is not None  # noqa: S101 - of the operations before it
    beside, rate = state[op["options"]["state"]][0], op["options"]["dropout"]
    if module.training and rate:  # of a whole row: the layers learn to answer without
        kept = torch.rand(len(beside), 1, device=beside.device) >= rate
        beside = beside * kept.to(beside.dtype)
    return torch.cat([x, beside.to(x.dtype)], -1), {}


def _make_bag(o: Options, _start: Start) -> nn.Module:
    made = _Weights("bag", o)
    _held(made, "weight").normal_(std=0.1)
    return made


def _make_summary(o: Options, _start: Start) -> nn.Module:
    made = _Weights("summary", o)
    for name, value in (("shift", 0.0), ("scale", 1.0)):
        _held(made, name).requires_grad_(False).fill_(value)  # fitted to the training data, not learned
    return made


def _make_nothing(_o: Options, _start: Start) -> None:
    return None


@dataclass(frozen=True, slots=True)
class TorchOp:
    """One row of `TORCH_OPS`: the torch half of an operation of `OPS`.

    `run(module, op, x, lengths, state)` gives the output and the states that it changes.
    `make(options, start)` gives a module with the weights by the names of the row in `OPS`; None where it has none.
    """

    run: Callable[[Module, Operation, Tensor, Tensor | None, State | None], Result]
    make: Callable[[Options, Start], nn.Module | None] = _make_nothing


TORCH_OPS: dict[str, TorchOp] = {
    "embed": TorchOp(_run_embed, lambda o, _start: nn.Embedding(o["size"], o["width"])),
    "spell": TorchOp(_run_spell, lambda o, _start: Spelling(o)),
    "subwords": TorchOp(_run_spell, lambda o, _start: Spelling(o)),
    "dropout": TorchOp(_run_dropout),
    "recurrent": TorchOp(_run_recurrent, _make_recurrent),
    "pool": TorchOp(_run_pool),
    "linear": TorchOp(
        _run_linear, lambda o, _start: nn.Linear(o["input_size"], o["output_size"], bias=o["bias"])
    ),
    "bridge": TorchOp(_run_bridge, weights_of("bridge")),
    "attend": TorchOp(_run_attend, weights_of("attend")),
    "window": TorchOp(_run_window, _make_window),
    "conv": TorchOp(_run_conv, lambda o, _start: nn.Conv2d(o["channels"], o["filters"], o["kernel"])),
    "peaks": TorchOp(_run_peaks),
    "grid": TorchOp(_run_grid, weights_of("grid")),
    "recall": TorchOp(_run_recall),
    "keep": TorchOp(_run_keep),
    "segments": TorchOp(_run_segments, _make_segments),
    "numbers": TorchOp(_run_bridge),
    "bag": TorchOp(_run_bag, _make_bag),
    "summary": TorchOp(_run_summary, _make_summary),
    "join": TorchOp(_run_join),
}


def torch_op(name: str) -> TorchOp:
    """The torch half of an operation. One that only keeps a head's own weights needs no row."""
    if OPS[name].beside:
        return TorchOp(_run_gate if OPS[name].gate else _run_beside, weights_of(name))
    return TORCH_OPS[name]


def build(
    plan: Plan,
    *,
    seed: int = 0,
    init: str = "torch",
    init_range: float = 0.1,
    forget_bias: float | None = None,
    chrono: float | None = None,
) -> Module:
    """The module of a plan, its weights drawn from `seed` alone."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        module = Module(plan, Start(init == "orthogonal", forget_bias, chrono))
        for name, value in module.named_parameters():
            if init == "uniform":
                value.uniform_(-init_range, init_range)
            elif name in (
                "embed.weight",
                "embed_source.weight",
            ):  # torch's N(0, 1) drowns what the first layer begins with
                value.normal_(std=0.1)
        for layer in module.modules() if init == "uniform" else ():
            if isinstance(layer, Weighted):
                layer.reset_memory()  # drawn over just now
    expected = weights(plan)
    made = {name: tuple(value.shape) for name, value in module.named_parameters()}
    if expected != made:
        raise AssertionError(f"the plan's tensors {expected} are not the module's {made}")
    return module
