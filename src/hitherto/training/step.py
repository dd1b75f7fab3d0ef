"""One step of training, and evaluation with a torch module."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from hitherto.arrays import Array
from hitherto.decode import Hypothesis
from hitherto.heads import HEADS
from hitherto.model.build import Module, State
from hitherto.model.losses import LOSSES
from hitherto.runtime.executor import Batch, answered, outputs
from hitherto.spec import TrainSpec
from hitherto.tasks.base import AnySource, Examples, Results

__all__ = ["Loss", "TorchExecutor", "evaluate", "forward", "rehearse", "tensors_on"]

# ------------------------------------------------------------------------------------------------- one step


def tensors_on(arrays: Mapping[str, Array], device: torch.device) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(value)).to(device) for name, value in arrays.items()}


def _begin(batch: Batch, carried: State | None) -> State | None:
    """The state that the batch's rows begin with."""
    if batch.carry is None or carried is None:
        return None
    if (batch.carry == np.arange(next(iter(carried.values())).shape[1])).all():
        return carried
    at = torch.from_numpy(batch.carry)
    fresh = (at < 0).reshape(1, -1, 1)
    return {
        name: value[:, at.clamp(min=0).to(value.device)].masked_fill(fresh.to(value.device), 0)
        for name, value in carried.items()
    }


def _keep(batch: Batch, state: State) -> State | None:
    """The part of the state after a batch that is carried to the next; bfloat16 as float32, since numpy has none."""
    if batch.keep is None:
        return None
    state = {name: v.float() if v.dtype is torch.bfloat16 else v for name, v in state.items()}
    rows = next(iter(state.values())).shape[1]
    if len(batch.keep) == rows and (batch.keep == np.arange(rows)).all():
        return {name: value.detach() for name, value in state.items()}
    at = torch.from_numpy(batch.keep)
    return {name: value.detach()[:, at.to(value.device)] for name, value in state.items()}


def _scored(batch: Batch, features: Tensor) -> Tensor:
    """[N, F]: the features of every scored place."""
    flat = features.flatten(0, -2)
    return flat if batch.at is None else flat.index_select(0, torch.from_numpy(batch.at).to(flat.device))


def forward(
    module: Module, batch: Batch, carried: State | None, train: TrainSpec
) -> tuple[Tensor, Tensor, State | None]:
    """The sum of the losses of a batch, how many they are, and the state for the next batch."""
    device = next(module.parameters()).device
    state = _begin(batch, carried)
    if train.bptt and module.plan["form"] == "many_to_one":
        batch, state = _last_steps(module, batch, state, train.bptt, device)
    single = train.precision == "float32"
    with contextlib.nullcontext() if single else torch.autocast(device.type, torch.bfloat16):
        module.outputs = [] if train.smoothness_penalty else None
        features, after = module(tensors_on(batch.inputs, device), *_lengths(batch, state))
        options = {"label_smoothing": train.label_smoothing, "sampled": train.sampled}
        known = LOSSES[module.plan["head"]["kind"]].options
        chosen = {name: value for name, value in options.items() if name in known}
        total, count = _loss(module, batch, _scored(batch, features), after, **chosen)
        if train.activation_penalty or train.smoothness_penalty:
            total = total + _penalties(module, batch, features, train)
    return total, count, _keep(batch, after)


def _penalties(module: Module, batch: Batch, features: Tensor, train: TrainSpec) -> Tensor:
    """What is added to the loss of each step, summed over the steps: squares, as a mean over the units."""
    total = train.activation_penalty * features.square().mean(-1).sum()  # zero past the end of a row
    if module.outputs:
        (y,), module.outputs = module.outputs, None  # [T, B, H]
        squares = (y[1:] - y[:-1]).square().mean(-1)
        if batch.lengths is not None:
            places = torch.arange(1, len(y)).unsqueeze(1)
            squares = squares * (places < torch.from_numpy(batch.lengths)).to(squares.device)
        total = total + train.smoothness_penalty * squares.sum()
    return total


def _loss(
    module: Module, batch: Batch, scored: Tensor, after: State, **options: float
) -> tuple[Tensor, Tensor]:
    """The sum of the losses at the scored places of a batch, and how many they are."""
    head = module.plan["head"]
    weight, bias = module.head_weights()
    return LOSSES[head["kind"]](
        scored,
        weight,
        bias,
        {**_targets(batch, after, scored.device), **module.own_weights()},
        **head["options"],
        **options,
    )


def _lengths(batch: Batch, state: State | None) -> tuple[Tensor | None, State | None, Tensor | None]:
    """The further arguments of a module: lengths, the initial state, and the lengths of sources."""
    of_x, of_source = (
        None if known is None else torch.from_numpy(known) for known in (batch.lengths, batch.source_lengths)
    )
    return of_x, state, of_source


def _targets(batch: Batch, after: State, device: torch.device) -> dict[str, Tensor]:
    """What a loss compares with. Where answers are copied, also how much attention lies on the true class."""
    targets = tensors_on(batch.targets, device)
    if "gate" in after and "y" in targets:
        attention = _scored(batch, after["attention"])  # [N, S]
        source = torch.from_numpy(batch.inputs["source"]).to(device).t()  # [B, S]
        rows = (
            torch.arange(len(attention), device=device)
            if batch.at is None
            else torch.from_numpy(batch.at).to(device)
        )
        same = source[rows % len(source)] == targets["y"].unsqueeze(1)
        targets |= {"copied": (attention * same).sum(1), "gate": _scored(batch, after["gate"])[:, 0]}
    return targets


def _last_steps(
    module: Module, batch: Batch, state: State | None, steps: int, device: torch.device
) -> tuple[Batch, State | None]:
    """Run all but the last `steps` of every row without gradients; gives a batch of those, and the state there."""
    x = next(iter(batch.inputs.values()))
    T, B = x.shape[:2]
    lengths = np.full(B, T) if batch.lengths is None else batch.lengths
    cut = np.maximum(lengths - steps, 0)
    if cut.max(initial=0) == 0:
        return batch, state
    with torch.no_grad():
        _, state = module(tensors_on(batch.inputs, device), torch.from_numpy(cut), state)
    left = lengths - cut
    at = np.minimum(cut + np.arange(int(left.max()))[:, None], T - 1)  # [steps, B]
    inputs = {name: value[at, np.arange(B)] for name, value in batch.inputs.items()}
    return Batch(inputs, left, batch.targets, batch.at, batch.carry, batch.keep, batch.rows), state


# ---------------------------------------------------------------------------------------------- evaluation


@dataclass
class Loss:
    """The sum of a loss over batches."""

    total: float = 0.0
    count: float = 0.0

    def add(self, total: float, count: float) -> None:
        self.total, self.count = self.total + total, self.count + count

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None


@dataclass
class TorchExecutor:
    """A module as an `Executor`. Where batches have targets, their loss, as training has it, is added to `loss`."""

    module: Module
    loss: Loss = field(default_factory=Loss)

    @torch.inference_mode()
    def run_batch(self, batch: Batch, carried: State | None) -> tuple[Tensor, State]:
        """The features at the scored places of a batch, and the state after it."""
        self.module.eval()
        inputs = tensors_on(batch.inputs, self.device)
        features, after = self.module(inputs, *_lengths(batch, _begin(batch, carried)))
        return _scored(batch, features), after

    @property
    def device(self) -> torch.device:
        return next(self.module.parameters()).device

    @torch.inference_mode()
    def carried(self, batch: Batch, after: State) -> State | None:
        """The part of the state after a batch that is carried to the next."""
        return _keep(batch, after)

    @torch.inference_mode()
    def answers(self, batch: Batch, features: Tensor, after: State) -> Array:
        """The head's parameters, or its answers where it answers rows as a whole."""
        if "y" in batch.targets:
            total, count = _loss(self.module, batch, features, after)
            self.loss.add(float(total), float(count))
        params = self.module.params(features).float().cpu().numpy()
        weights = {name: value.cpu().numpy() for name, value in self.module.own_weights().items()}
        return answered(self.module.plan["head"], batch, params, weights)

    @torch.inference_mode()
    def losses(self, batch: Batch, features: Tensor, after: State) -> Array:
        """The loss at each scored place, a part at a time, since a vocabulary has many numbers."""
        module, parts = self.module, [slice(i, i + 512) for i in range(0, len(features), 512)]
        each = LOSSES[module.plan["head"]["kind"]].each
        if each is None:
            losses = _nll(module, module.params(features), batch.targets["y"])
        else:
            targets = _targets(batch, after, self.device)
            losses = torch.cat([
                features.new_zeros(0),
                *(each(module.params(features[p]), {k: v[p] for k, v in targets.items()}) for p in parts),
            ])  # fmt: skip
        self.loss.add(float(losses.double().sum()), len(losses))
        numbers: Array = losses.float().cpu().numpy()
        return numbers


def _nll(module: Module, params: Tensor, y: Array) -> Tensor:
    """Minus the log-probability that the head gives y, [N]; in numpy, as it is defined."""
    head = module.plan["head"]
    weights = {name: value.double().cpu().numpy() for name, value in module.own_weights().items()}
    parts = [slice(i, i + 512) for i in range(0, len(y), 512)]
    losses = [
        HEADS[head["kind"]].nll(params[p].double().cpu().numpy(), y[p], **head["options"], **weights)
        for p in parts
    ]
    return torch.from_numpy(np.concatenate([np.zeros(0), *losses]))


def _quickly(source: AnySource) -> dict[str, int]:
    """How an evaluation in training decodes: without a search."""
    return {"num_beams": 1} if source.decodes else {}


def evaluate(module: Module, source: AnySource, examples: Examples, loss: Loss | None = None) -> Results:
    """The metrics of the module on these examples. Decoding is greedy, which is quick."""
    executor = TorchExecutor(module, loss or Loss())
    made = outputs(executor, source.evaluation(examples), source.answers)
    return source.measure(examples, made, **_quickly(source))


def rehearse(module: Module, source: AnySource, examples: Examples) -> dict[str, float]:
    """The metrics of an evaluation, and its errors, in a fraction of the time.

    The module runs on the first batch alone. All other places are taken to be answered like its first one, and every
    text that a decoder would write is empty. Values are those of such a model.
    """
    executor = TorchExecutor(module)

    def alike() -> Iterator[tuple[Batch, Array]]:
        answer: Array | None = None
        for batch in source.evaluation(examples):
            T, B = batch.inputs["x"].shape[:2]
            whole = B if module.plan["form"] == "many_to_one" else T * B
            count = whole if batch.at is None else len(batch.at)
            if answer is None and count:
                answer = next(outputs(executor, iter([batch]), source.answers))[1][:1]
            yield batch, np.zeros(0) if answer is None else np.repeat(answer, count, 0)

    metrics = source.measure(examples, alike(), **_quickly(source)).metrics
    if not source.judges:
        return metrics
    silent = source.judge(examples, [[Hypothesis([], 0.0, 0.0, None)]] * len(examples))
    return metrics | silent.metrics
