"""What a model of `forecast` does beside forecasts: it says what was surprising."""

from typing import Any

from hitherto.tasks.base import expect_task
from hitherto.tasks.given import inputs

__all__ = ["anomalies"]


def anomalies(model: Any, data: Any, last: int = 100, **told: Any) -> list[dict[str, Any]]:
    """How surprising each of the `last` newest points of every series was, seen from the step before."""
    expect_task(model, "forecast", "anomalies")
    source = model.reader(**told)
    examples = source.load(inputs(source, data))
    examples.first = [max(0, len(s.values) - 1 - last) for s in examples.series]
    origins = [examples.origins(i, 1, whole=False) for i in range(len(examples))]
    rows: list[dict[str, Any]] = source.anomalies(examples, model.outputs(source.read_at(examples, origins)))
    return rows
