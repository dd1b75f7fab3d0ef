"""Metrics of labels: those of a model, and of what it is compared with."""

from collections.abc import Sequence

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.label import LabelCodec
from hitherto.errors import UsageError
from hitherto.metrics import METRICS
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Options, Results

__all__ = ["scored", "tagged"]

Labels = Sequence[Array] | None


def scored(task: str, labels: Labels, probabilities: Array, multi: bool, positive: int | None) -> Results:
    """Metrics of the probabilities of the classes, [N, K]."""
    arrays: Options = {"probabilities": probabilities, "multi": multi, "positive": positive}
    return _measured(task, {"labels": np.stack(_there(labels)), **arrays})


def tagged(task: str, codec: LabelCodec, labels: Labels, answers: Sequence[Array]) -> Results:
    """Metrics of the labels that every step is given."""
    truth = [codec.decode(y) for y in _there(labels)]
    groups = np.repeat(np.arange(len(truth)), [len(y) for y in truth])
    return _measured(
        task, {"labels": truth, "predicted": [codec.decode(y) for y in answers], "groups": groups}
    )


def _there(labels: Labels) -> Sequence[Array]:
    if labels is None:
        raise UsageError("an evaluation needs labels")
    return labels


def _measured(task: str, arrays: Options) -> Results:
    rows = [METRICS[name] for name in TASKS[task].metrics]
    able = [row for row in rows if all(need in arrays for need in row.needs)]
    return Results({row.name: float(row.compute(**arrays)) for row in able}, arrays)
