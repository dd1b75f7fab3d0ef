"""One step: a batch forward, its loss; and evaluation."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitherto.decode import Hypothesis
from hitherto.heads import HEADS
from hitherto.model.build import Module, State
from hitherto.model.losses import LOSSES, nll
from hitherto.spec import TrainSpec
from hitherto.tasks.base import Batch, Results

__all__ = ["Loss", "evaluate", "forward", "outputs", "rehearse", "tensors_on"]

# ------------------------------------------------------------------------------------------------- one step


def tensors_on(arrays: Mapping[str, Any], device: torch.device) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(value)).to(device) for name, value in arrays.items()}


def _begin(batch: Batch, kept: State | None) -> State | None:
    """The state that the batch's rows begin with."""
    if batch.carry is None or kept is None:
        return None
    if (batch.carry == np.arange(next(iter(kept.values())).shape[1])).all():
        return kept
    at = torch.from_numpy(batch.carry)
    fresh = (at < 0).reshape(1, -1, 1)
    return {
        name: value[:, at.clamp(min=0).to(value.device)].masked_fill(fresh.to(value.device), 0)
        for name, value in kept.items()
    }


def _keep(batch: Batch, state: State) -> State | None:
    """What of the state after a batch is carried to the next."""
    if batch.keep is None:
        return None
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
    module: Module, batch: Batch, kept: State | None, train: TrainSpec
) -> tuple[Tensor, Tensor, State | None]:
    """The sum of the losses of a batch, how many they are, and the state for the next batch."""
    device = next(module.parameters()).device
    state = _begin(batch, kept)
    if train.bptt and module.plan["form"] == "many_to_one":
        batch, state = _last_steps(module, batch, state, train.bptt, device)
    single = train.precision == "float32"
    with contextlib.nullcontext() if single else torch.autocast(device.type, torch.bfloat16):
        features, after = module(tensors_on(batch.inputs, device), *_lengths(batch, state))
        options: dict[str, Any] = {}
        if module.plan["head"]["kind"] in ("softmax", "pointer"):
            options["label_smoothing"] = train.label_smoothing
        if module.plan["head"]["kind"] == "softmax":
            options["sampled"] = train.sampled
        total, count = _loss(module, batch, _scored(batch, features), after, **options)
    return total, count, _keep(batch, after)


def _loss(
    module: Module, batch: Batch, scored: Tensor, after: State, **options: Any
) -> tuple[Tensor, Tensor]:
    """The sum of the losses at the scored places of a batch, and how many they are."""
    head = module.plan["head"]
    return LOSSES[head["kind"]](
        scored,
        *module.head_weights(),
        {**_targets(batch, after, scored.device), **module.own_weights()},
        **head["options"],
        **options,
    )


def _lengths(batch: Batch, state: State | None) -> tuple[Tensor | None, State | None, Tensor | None]:
    """What a module wants beside the inputs: their lengths, the state that it begins with, the lengths of sources."""
    of_x, of_source = (
        None if known is None else torch.from_numpy(known) for known in (batch.lengths, batch.source_lengths)
    )
    return of_x, state, of_source


def _targets(batch: Batch, after: State, device: torch.device) -> dict[str, Tensor]:
    """What a loss compares with; where answers are copied, how much of the attention lies on what is true, too."""
    found = tensors_on(batch.targets, device)
    if "gate" in after and "y" in found:
        attention = _scored(batch, after["attention"])  # [N, S]
        source = torch.from_numpy(batch.inputs["source"]).to(device).t()  # [B, S]
        rows = (
            torch.arange(len(attention), device=device)
            if batch.at is None
            else torch.from_numpy(batch.at).to(device)
        )
        same = source[rows % len(source)] == found["y"].unsqueeze(1)
        found |= {"copied": (attention * same).sum(1), "gate": _scored(batch, after["gate"])[:, 0]}
    return found


def _last_steps(
    module: Module, batch: Batch, state: State | None, steps: int, device: torch.device
) -> tuple[Batch, State | None]:
    """Run all but the last `steps` of every row without gradients; a batch of those is left, and the state there."""
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
    """A loss that is summed up over batches."""

    total: float = 0.0
    count: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None


def outputs(
    module: Module, batches: Iterator[Batch], answers: str, loss: Loss | None = None
) -> Iterator[tuple[Batch, np.ndarray[Any, Any]]]:
    """Every batch with what the module says at its scored places: the head's parameters, or the loss there.

    Where batches have targets, their loss, as training has it, is added to `loss`.
    """
    module.eval()
    device = next(module.parameters()).device
    kept: State | None = None
    for batch in batches:
        with torch.inference_mode():
            features, after = module(tensors_on(batch.inputs, device), *_lengths(batch, _begin(batch, kept)))
            kept = _keep(batch, after)
            scored = _scored(batch, features)
            if answers == "params":
                found = module.params(scored)
            elif module.plan["head"]["kind"] not in ("softmax", "pointer"):
                found = _nll(module, module.params(scored), batch.targets["y"])
            else:
                targets = _targets(batch, after, device)
                parts = [slice(i, i + 512) for i in range(0, len(scored), 512)]
                found = torch.cat([
                    scored.new_zeros(0),
                    *(nll(module.params(scored[p]), {k: v[p] for k, v in targets.items()}) for p in parts),
                ])  # fmt: skip
            if loss is not None and answers != "params":
                loss.total, loss.count = loss.total + float(found.double().sum()), loss.count + len(found)
            elif loss is not None and "y" in batch.targets:
                total, count = _loss(module, batch, scored, after)
                loss.total, loss.count = loss.total + float(total), loss.count + float(count)
        yield batch, found.float().cpu().numpy()


def _nll(module: Module, params: Tensor, y: np.ndarray[Any, Any]) -> Tensor:
    """What the head says of y, [N]; in numpy, as it is defined."""
    head = module.plan["head"]
    own = {name: value.double().cpu().numpy() for name, value in module.own_weights().items()}
    parts = [slice(i, i + 512) for i in range(0, len(y), 512)]
    found = [
        HEADS[head["kind"]].nll(params[p].double().cpu().numpy(), y[p], **head["options"], **own)
        for p in parts
    ]
    return torch.from_numpy(np.concatenate([np.zeros(0), *found]))


def evaluate(module: Module, source: Any, examples: Any, loss: Loss | None = None) -> Results:
    """What the module is worth on these examples; where texts are searched for, quickly, without a search."""
    how = {"num_beams": 1} if source.decodes else {}
    made = outputs(module, source.evaluation(examples), source.answers, loss)
    found: Results = source.measure(examples, made, **how)
    return found


def rehearse(module: Module, source: Any, examples: Any) -> dict[str, float]:
    """What an evaluation will measure, and what is wrong with it, without the time that it takes.

    The module runs on the first batch alone; all others are taken to be answered alike, and so are the texts that it
    would write. Values are those of such a model.
    """
    how = {"num_beams": 1} if source.decodes else {}

    def alike() -> Iterator[tuple[Batch, np.ndarray[Any, Any]]]:
        answer: np.ndarray[Any, Any] | None = None
        for batch in source.evaluation(examples):
            T, B = batch.inputs["x"].shape[:2]
            whole = B if module.plan["form"] == "many_to_one" else T * B
            count = whole if batch.at is None else len(batch.at)
            if answer is None and count:
                answer = next(outputs(module, iter([batch]), source.answers))[1][:1]
            yield batch, np.zeros(0) if answer is None else np.repeat(answer, count, 0)

    found: Results = source.measure(examples, alike(), **how)
    if not source.judges:
        return found.metrics
    silent: Results = source.judge(examples, [[Hypothesis([], 0.0, 0.0, None)]] * len(examples))
    return found.metrics | silent.metrics
