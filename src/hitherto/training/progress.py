"""The progress of a training, and its result."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hitherto.metrics import METRICS
from hitherto.model.build import Module

__all__ = ["Progress", "Row", "Show", "Trained", "grade"]

# One line of the log or of the history: numbers by name, None for what was not measured. A checkpoint gives them back
# as it got them, numpy's numbers too.
Row: TypeAlias = dict[str, Any]


@dataclass
class Progress:
    """Everything that a checkpoint holds beside weights."""

    step: int = 0
    total: int = 0
    epoch: int = 0
    position: int = 0  # in the epoch's schedule
    skipped: int = 0  # steps whose loss or gradient was not finite
    tokens: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0  # of the steps since the last evaluation
    loss_count: int = 0
    factor: float = 1.0  # of the learning rate, by schedule plateau
    best: Any = None  # the metric that decides, once it was measured
    best_loss: float | None = None  # at that evaluation: of two equal ones the lower loss is better
    best_step: int = 0
    waited: int = 0  # evaluations since the best one
    averaged: int = 0  # steps in the average that `average_after` has begun
    history: list[Row] = field(default_factory=list)  # one row for each evaluation
    watched: list[Row] = field(default_factory=list)  # what `watch` gave at each


@dataclass
class Trained:
    """The result of a training: the module with its best weights, and the progress at its end."""

    module: Module
    progress: Progress


Show = Callable[[Progress, Row], None]  # what is shown of a training, step by step


def grade(metric: str, value: float, loss: float | None) -> tuple[bool, float, float]:
    """What orders evaluations, the best first: by the metric, and where that is the same by the loss.

    What is no number is worse than any.
    """
    if not math.isfinite(value):
        return True, 0.0, math.inf
    sign = 1 if METRICS[metric].better == "lower" else -1
    return False, sign * value, math.inf if loss is None or math.isnan(loss) else loss
