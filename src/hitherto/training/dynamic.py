"""Dynamic evaluation (Krause et al. 2018): the weights go on learning from the text that they are measured on.

Each part of the text is scored first, and then learned from, so that no token is known before it is scored.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.model.build import Module, State, build
from hitherto.tasks.base import Batch, Results
from hitherto.trained import Model
from hitherto.training.step import tensors_on

__all__ = ["evaluate"]

STEPS = 20  # that are scored, and then learned from


def evaluate(
    model: Model, data: object, *, rate: float, steps: int = STEPS, decay: float = 0.0, **reading: object
) -> Results:
    """The metrics of a language model that learns from each `steps` tokens of a text once it has scored them.

    rate: of plain gradient descent on their mean loss; at 0 nothing is learned.
    decay: the share of the way back to the trained weights at each update.
    The model itself stays as it is. `reading` names columns and files, as `Model.evaluate` has it.
    """
    if not model.source.remembers:
        raise UsageError(f"dynamic evaluation is for language models; this one does {model.spec.task}.")
    if not (rate >= 0 and math.isfinite(rate)) or steps < 1 or not 0 <= decay <= 1:
        raise UsageError(
            "a dynamic evaluation needs a rate of 0 or more, 1 step or more and a decay from 0 to 1, but they came as "
            f"{rate}, {steps} and {decay}."
        )
    source = model.reader(**reading)
    examples = source.load(data)
    module = build(model.plan)
    module.load(model.tensors)
    module.eval()
    learner = _Learner(module, rate, decay)
    return source.measure(examples, learner.outputs(source.evaluation(examples), steps))


class _Learner:
    """A module that learns from what it has scored."""

    def __init__(self, module: Module, rate: float, decay: float) -> None:
        self.module, self.rate, self.decay = module, rate, decay
        self.trained = {name: value.detach().clone() for name, value in module.named_parameters()}

    def outputs(self, batches: Iterator[Batch], steps: int) -> Iterator[tuple[Batch, Array]]:
        """Every batch with the losses of its tokens."""
        state: State | None = None
        for batch in batches:
            if batch.lengths is not None or batch.inputs["x"].shape[1] != 1:
                raise UsageError(
                    "dynamic evaluation reads one long text; this model reads lines or documents, each by itself."
                )
            state = state if batch.carry is not None else None
            x, y = batch.inputs["x"], batch.targets["y"]
            parts: list[Array] = []
            for first in range(0, len(x), steps):
                part = slice(first, first + steps)
                losses, state = self.losses(x[part], y[part], state)
                parts.append(losses)
            yield batch, np.concatenate(parts)

    def losses(self, x: Array, y: Array, state: State | None) -> tuple[Array, State]:
        """The losses of these steps with the weights as they are; then the weights learn from them."""
        tensors = tensors_on({"x": x, "y": y}, next(self.module.parameters()).device)
        with torch.set_grad_enabled(self.rate > 0):
            features, after = self.module(tensors, None, state)
            params = self.module.params(features.flatten(0, 1))
            losses = nn.functional.cross_entropy(params, tensors["y"].long(), reduction="none")
            if self.rate:
                self.learn(losses.mean())
        return losses.detach().numpy(), {name: value.detach() for name, value in after.items()}

    def learn(self, loss: Tensor) -> None:
        """One step of gradient descent, and a share of the way back."""
        names = [name for name, _ in self.module.named_parameters()]
        weights = list(self.module.parameters())
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for name, weight, gradient in zip(names, weights, gradients, strict=True):
                weight.sub_(gradient, alpha=self.rate)
                if self.decay:
                    weight.lerp_(self.trained[name], self.decay)
