"""What a model of `classify` does beside labels: it gives the probability of each class."""

import numpy as np

from hitherto.arrays import Array
from hitherto.tasks.base import AnySource
from hitherto.tasks.given import inputs
from hitherto.tasks.labels.source import Pairs
from hitherto.tasks.opened import OpenModel

__all__ = ["pairs_of", "predict_proba"]


def pairs_of(source: AnySource) -> Pairs:
    """The source of a model of labels."""
    assert isinstance(source, Pairs)  # noqa: S101 - the row of the family names it
    return source


def predict_proba(model: OpenModel, data: object, **options: object) -> Array:
    """The probability of each class for each input, [n, classes]; `options` say how data are read."""
    source = pairs_of(model.reader(**options))
    examples = source.load(inputs(source, data), labelled=False)
    return np.stack(source.collect(examples, model.outputs(source.evaluation(examples))))
