"""The heads of `classify` and `tag`: which one a spec and its labels ask for, and what its numbers say."""

from collections.abc import Sequence

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.label import LabelCodec
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.metrics import mark_spans
from hitherto.spec import Spec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Options

__all__ = ["apart", "best", "head_of", "indicators", "of_spans", "probabilities", "whole"]


def apart(head: str) -> bool:
    """Whether a head gives each label a probability by itself, so that several may hold."""
    return "labels" in HEADS[head].options


def indicators(labels: LabelCodec, y: Sequence[Array], apart: bool) -> Array:
    """What a regression on labels learns, [N, K]: 1 where one holds."""
    stacked = np.stack(y)
    if stacked.ndim == 1:
        stacked = stacked[:, None] if apart else np.eye(len(labels.classes))[stacked]
    return stacked.astype(np.float32)


def whole(head: str) -> bool:
    """Whether a head answers a row as a whole."""
    return HEADS[head].whole is not None


def head_of(spec: Spec, labels: LabelCodec) -> tuple[str, Options]:
    """The name of the head, and its options; a UsageError where spec and labels do not fit it."""
    classes, multi = len(labels.classes), spec.data.multi
    if labels.multi != multi:
        raise UsageError(
            "its codec of labels and its spec differ in whether an input may have several labels."
        )
    heads = TASKS[spec.task].heads
    usual = next((head for head in heads if apart(head) == multi), heads[0])
    kind = spec.model.head or usual
    if whole(kind) and (useless := _stepwise(spec)):
        raise UsageError(
            f"head = {kind} labels a row as a whole, so {useless[0]} has no use; leave it out, or say head = {usual}."
        )
    if not apart(kind):
        if multi:
            raise UsageError(f"several labels at once need head = sigmoid, not {kind}.")
        return kind, {"classes": classes}
    if not multi and classes != 2:
        raise UsageError(f"head = {kind} needs two classes, or multi = true; there are {classes}.")
    return kind, {"labels": classes if multi else 1}


def _stepwise(spec: Spec) -> list[str]:
    """The options that are set and that only a loss of single steps has."""
    values = {
        "balance": spec.data.balance,
        "label_smoothing": spec.train.label_smoothing,
        "bptt": spec.train.bptt,
    }
    return [name for name, value in values.items() if value]


def of_spans(spec: Spec, labels: LabelCodec) -> Options:
    """Where labels are of spans, as B-PER is: a head that labels a row as a whole, and the metric of whole spans."""
    if not mark_spans(labels.classes):
        return {}
    heads = [head for head in TASKS[spec.task].heads if whole(head)]
    chosen: Options = {"head": heads[0]} if heads and not _stepwise(spec) else {}
    return chosen | ({"metric": "entity_f1"} if spec.data.valid != 0 else {})


def probabilities(head: str, params: Array, multi: bool) -> Array:
    """The probability of each class, [N, K]; of a head that answers rows as a whole also the class, [N, K + 1]."""
    params = params.astype(np.float64)
    if whole(head):
        return params
    if apart(head):
        p = 1 / (1 + np.exp(-np.clip(params, -700, 700)))
        return p if multi else np.concatenate([1 - p, p], 1)
    params = np.exp(params - params.max(-1, keepdims=True))
    params /= params.sum(-1, keepdims=True)
    return params


def best(head: str, p: Array) -> tuple[Array, Array]:
    """The class at each step of these `probabilities`, [T], and how probable each is."""
    if not len(p):
        return np.zeros(0, np.int64), np.zeros(0)
    classes = p[:, -1].astype(np.int64) if whole(head) else p.argmax(-1)
    return classes, np.take_along_axis(p, classes[:, None], 1)[:, 0]
