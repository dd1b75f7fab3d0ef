"""What a model of `forecast` does: it forecasts the steps to come, and says which steps were surprising."""

import numpy as np

from hitherto.tasks.base import AnySource, Row
from hitherto.tasks.forecast.source import WindowExamples, Windows
from hitherto.tasks.given import expect, inputs
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.reading import Reading, expect_row

__all__ = ["anomalies", "predict", "reading", "windows_of"]


def windows_of(source: AnySource) -> Windows:
    """The source of a model of `forecast`."""
    assert isinstance(source, Windows)  # noqa: S101 - the row of the family names it
    return source


def predict(model: OpenModel, source: Windows, examples: WindowExamples, **options: object) -> list[Row]:
    """A row for each future step of each series."""
    expect(options, (), f"predictions of {model.spec.task}")
    return source.predictions(examples, model.outputs(source.future(examples)))


def reading(model: OpenModel, value: object, row: int = 1, steps: int = 500, **options: object) -> Reading:
    """What is read to forecast what follows a series: its steps, or its last window as one step."""
    source = windows_of(model.reader(**options))
    examples = source.load(inputs(source, value))
    expect_row(row, len(examples))
    for batch in source.future(examples):
        mine = np.flatnonzero(batch.targets["series"] == row - 1)
        if source.codec.window and len(mine):
            x = batch.inputs["x"][:, mine[:1]]
            return Reading({"x": x}, {"x": ["the window"]}, [])
        if len(mine):
            break
    x = examples.arrays[row - 1]["x"]
    series = examples.series[row - 1]
    names = [str(time) for time in series.written(series.times)]
    return Reading({"x": x[-steps:, None]}, {"x": names[-steps:]}, [], len(x) > steps)


def anomalies(model: OpenModel, data: object, last: int = 100, **options: object) -> list[Row]:
    """How surprising each of the `last` newest points of every series was, seen from the step before."""
    source = windows_of(model.reader(**options))
    examples = source.load(inputs(source, data))
    examples.first = [max(0, len(series.values) - 1 - last) for series in examples.series]
    origins = [examples.origins(i, 1, whole=False) for i in range(len(examples))]
    return source.anomalies(examples, model.outputs(source.read_at(examples, origins)))
