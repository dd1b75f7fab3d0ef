"""The optimiser, its learning rate, and the running average of weights."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from hitherto.errors import TrainingError
from hitherto.model.build import Module
from hitherto.spec import TrainSpec
from hitherto.training.progress import Progress

__all__ = [
    "Optimizer",
    "blend",
    "include",
    "not_finite",
    "rate",
    "seed",
    "shapes",
    "total_of",
    "use",
    "weights_of",
]


# What torch's optimisers keep for each parameter, as tensors or, in a checkpoint, as arrays.
Values: TypeAlias = dict[str, Any]


def shapes(arrays: Mapping[str, object]) -> dict[str, tuple[int, ...] | None]:
    """The shape of each array of floats; None for anything else."""
    return {
        name: value.shape if isinstance(value, np.ndarray) and value.dtype.kind == "f" else None
        for name, value in arrays.items()
    }


class Optimizer:
    """torch's optimisers with clipping; gradients come as sums and are divided by their count on the way.

    Plain SGD multiplies the divisor and the clipping into its step, so that no gradient is touched twice, and takes
    row-sparse gradients of embeddings, whose untouched rows would not move anyway.
    """

    def __init__(self, module: Module, train: TrainSpec, world: int) -> None:
        depths = [module.depths.get(name, 0) for name, _ in module.named_parameters()]
        shares = [train.slant**depth for depth in depths]
        order = sorted(range(len(shares)), key=lambda i: -shares[i])  # those of one rate beside each other
        parameters = list(module.parameters())
        self.parameters, self.shares = [parameters[i] for i in order], [shares[i] for i in order]
        self.lowered = [(parameters[i], depth) for i, depth in enumerate(depths) if depth]
        self.train = train
        self.world = world
        self.plain = train.optimizer == "sgd" and not train.momentum and not train.weight_decay
        module.sparse = self.plain and world == 1
        self.scale = 1.0
        kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {
            "adam": torch.optim.Adam,
            "adamw": torch.optim.AdamW,
            "sgd": torch.optim.SGD,
        }
        options = {"weight_decay": train.weight_decay}
        if train.optimizer == "sgd":
            options["momentum"] = train.momentum
        groups: list[Values] = [
            {"params": [p for p, other in zip(self.parameters, self.shares, strict=True) if other == share]}
            for share in dict.fromkeys(self.shares)
        ]
        self.torch = None if self.plain else kinds[train.optimizer](groups, lr=1.0, **options, fused=True)

    def thaw(self, epoch: int) -> None:
        """Of the weights of another model, train those that `unfreeze` has reached in this epoch."""
        if self.train.unfreeze is not None:
            for p, depth in self.lowered:
                p.requires_grad_(depth * self.train.unfreeze <= epoch)

    def gradient(self, losses: Sequence[Tensor], counts: Sequence[Tensor]) -> tuple[float, float]:
        """Mean loss and gradient norm over all processes; `step` scales the gradients by their count and by clip."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        sums = torch.stack([torch.stack([t.double() for t in part]).sum().cpu() for part in (losses, counts)])
        if self.world > 1:
            dist.all_reduce(sums)
            for g in gradients:
                dist.all_reduce(g)
        loss, count = sums.tolist()
        count = max(count, 1e-12)
        squares = [(g._values() if g.is_sparse else g).norm() for g in gradients]
        norm = float(torch.stack(squares).norm()) / count if squares else 0.0
        self.scale = 1.0 / count
        if self.train.clip and norm > self.train.clip:
            self.scale *= self.train.clip / norm
        return loss / count, norm

    @torch.no_grad()
    def step(self, lr: float) -> None:
        if self.torch is None:
            for p, share in zip(self.parameters, self.shares, strict=True):
                if p.grad is not None:
                    p.add_(p.grad, alpha=-lr * share * self.scale)
            return
        for group, share in zip(self.torch.param_groups, dict.fromkeys(self.shares), strict=True):
            group["lr"] = lr * share
        # what the fused optimisers divide gradients by as they read them
        self.torch.grad_scale = torch.tensor(1.0 / self.scale)  # type: ignore[attr-defined]
        self.torch.step()

    def clear(self) -> None:
        for p in self.parameters:
            p.grad = None

    def state(self) -> dict[str, Values]:
        if self.torch is None:
            return {}
        return {str(i): dict(values) for i, values in self.torch.state_dict()["state"].items()}

    def fits(self, state: Mapping[str, Values]) -> bool:
        """Whether this is what `state` gives of the same parameters."""
        expected = {str(i): tuple(p.shape) for i, p in enumerate(self.parameters)}
        names = {"momentum_buffer"} if self.train.optimizer == "sgd" else {"step", "exp_avg", "exp_avg_sq"}
        return not (self.torch is None and state) and all(
            i in expected
            and values.keys() == names
            and all(
                shape == (() if name == "step" else expected[i]) for name, shape in shapes(values).items()
            )
            for i, values in state.items()
        )

    def load(self, state: Mapping[str, Values]) -> None:
        if self.torch is not None:
            document = self.torch.state_dict()
            document["state"] = {
                int(i): {k: torch.as_tensor(v) for k, v in values.items()} for i, values in state.items()
            }
            self.torch.load_state_dict(document)


def rate(train: TrainSpec, step: int, total: int, epoch: int) -> float:
    """The learning rate of a step, before the factor of schedule plateau."""
    lr = train.lr or 1e-3
    if train.warmup and step < train.warmup:
        return lr * (step + 1) / train.warmup
    share = min(1.0, (step - train.warmup) / max(1, total - train.warmup))
    if train.schedule == "cosine":
        return lr * 0.5 * (1 + math.cos(math.pi * share))
    if train.schedule == "one-cycle":  # up in a quarter, from a tenth; down to almost nothing
        if share < 0.25:
            return lr * (0.1 + 0.9 * share / 0.25)
        return lr * (0.002 + 0.998 * 0.5 * (1 + math.cos(math.pi * (share - 0.25) / 0.75)))
    if train.schedule == "decay":
        return lr * float(train.decay ** max(0, epoch - train.decay_after))
    return lr


def total_of(train: TrainSpec, per_epoch: int) -> int:
    whole = (train.epochs or 1) * per_epoch
    return whole if train.steps is None else train.steps if train.epochs is None else min(whole, train.steps)


def seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def not_finite(train: TrainSpec, progress: Progress, loss: float, norm: float) -> None:
    progress.skipped += 1
    place = f"step {progress.step} (epoch {progress.epoch}, batch {progress.position})"
    what = f"{place}: loss {loss}, gradient norm {norm}"
    if train.non_finite == "stop":
        raise TrainingError(
            f"{what}; the weights were left as they were. Look at that batch, lower lr, or set non_finite = 'skip'."
        )
    if progress.skipped >= 100 and progress.skipped > progress.step // 2:
        raise TrainingError(f"{what}; {progress.skipped} steps were not finite. Lower lr or clip.")


def blend(average: dict[str, Tensor], module: Module, decay: float, step: int) -> None:
    """Update the running average, with a warm-up so that the first weights do not stay in it."""
    include(average, module, 1 - min(decay, (1 + step) / (10 + step)))


def include(average: dict[str, Tensor], module: Module, share: float) -> None:
    """Move the average by this share towards the weights as they are."""
    with torch.no_grad():
        values = [value.detach() for value in module.parameters()]
        # What torch's own averages call: it has no public name.
        torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]
            list(average.values()), values, share
        )


def use(module: Module, weights: Mapping[str, Tensor] | None) -> None:
    if weights is not None:
        with torch.no_grad():
            for name, value in module.named_parameters():
                value.copy_(weights[name])


@contextlib.contextmanager
def weights_of(module: Module, average: Mapping[str, Tensor] | None) -> Iterator[None]:
    """Use the averaged weights within the context, then the module's own again."""
    if average is None:
        yield
        return
    before = {name: value.detach().clone() for name, value in module.named_parameters()}
    use(module, average)
    try:
        yield
    finally:
        use(module, before)
