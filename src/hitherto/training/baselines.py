"""The obvious answers beside a model: what they are worth on the validation data, who is better, and what to try."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hitherto.arrays import Array
from hitherto.metrics import METRICS, error_of_mean
from hitherto.report.curves import Section
from hitherto.report.page import number
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import AnySource, Examples, Results
from hitherto.tasks.families import family_of

__all__ = ["Measured", "advantage", "beside", "fitted", "verdict"]

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of an evaluation: its metrics, and of those that are means the value of each example."""

    metrics: Mapping[str, float]
    each: Mapping[str, Array] = field(default_factory=dict)  # by metric, [N]
    groups: Array | None = None  # examples of equal ones are not independent

    @classmethod
    def of(cls, results: Results) -> "Measured":
        rows = [METRICS[name] for name in results.metrics if name in METRICS]
        arrays = results.details
        each = {
            row.name: np.asarray(row.each(**arrays), np.float64)
            for row in rows
            if row.each is not None and all(need in arrays for need in row.needs)
        }
        return cls(results.metrics, each, arrays.get("groups"))


Baselines = Mapping[str, Measured]


def fitted(
    source: AnySource, examples: Examples, held: Examples, metric: str, say: Say
) -> dict[str, Measured]:
    """What each baseline that the training data allow is worth on the validation data."""
    begun = time.monotonic()
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # of numbers beyond all measure; a metric is then no number
        every = family_of(source.spec.task).baselines(source, examples, held, say)
        made = {name: Measured.of(results) for name, results in every}
    if made:
        shown = _shared(source, metric, made)
        each = [f"{name} {number(made[name].metrics[shown])}" for name in _ranked(made, shown)]
        seconds = time.monotonic() - begun
        say(f"baselines, {shown} on validation data: {', '.join(each)} ({seconds:.1f} s)")
    return made


def verdict(source: AnySource, metric: str, model: Measured, baselines: Baselines) -> list[str]:
    """Who is better, by how much, and what to try where the model is not."""
    if not baselines:
        return []
    shown = _shared(source, metric, baselines)
    best = next(iter(_ranked(baselines, shown)), None)
    if best is None:  # none has the metric: a series that only repeats itself has no unit of errors
        return []
    gain, error = advantage(shown, model, baselines[best])
    if not math.isfinite(gain):
        return []
    values = f"{shown} {number(model.metrics[shown])}, {best} {number(baselines[best].metrics[shown])}"
    doubt = f", standard error {number(error)}" if math.isfinite(error) else ""
    noise = "; that may be chance" if abs(gain) < 2 * error else ""
    by = f"by {number(abs(gain))}{doubt}{noise}"
    if gain > 0:
        return [f"the model is better than every baseline {by}: {values}"]
    perfect = 1.0 if METRICS[shown].better == "higher" else 0.0
    if gain == 0 and model.metrics[shown] == perfect:
        return [f"the model and the baseline {best} make no mistake: {shown} {number(perfect)}"]
    how = f"worse than the baseline {best} {by}" if gain < 0 else f"no better than the baseline {best}"
    return [
        f"warning: the model is {how}: {values}",
        f"to try: {family_of(source.spec.task).advice(source)}; or use the baseline",
    ]


def beside(source: AnySource, metric: str, model: Measured, baselines: Baselines) -> list[Section]:
    """The table of the report: the model among its baselines, the best first."""
    if not baselines:
        return []
    shown = _shared(source, metric, baselines)
    every = {"the model": model, **baselines}
    names = [n for n in TASKS[source.spec.task].metrics if any(n in r.metrics for r in baselines.values())]
    names = [shown, *(n for n in names if n != shown)]
    rows: list[list[object]] = []
    for name in _ranked(every, shown):
        gain, error = (None, None) if name == "the model" else advantage(shown, model, every[name])
        rows.append([name, *(every[name].metrics.get(n) for n in names), gain, error])
    columns = ["", *names, f"the model is better by, in {shown}", "standard error"]
    return [{"kind": "table", "title": "Beside the baselines", "columns": columns, "rows": rows}]


def _shared(source: AnySource, metric: str, baselines: Baselines) -> str:
    """The metric to compare by: the one that selects the model, or the first that the baselines have."""
    names: Sequence[str] = (metric, *TASKS[source.spec.task].metrics)
    return next(n for n in names if any(n in results.metrics for results in baselines.values()))


def _ranked(every: Baselines, metric: str) -> list[str]:
    """Those that have a value of the metric, the best first."""
    sign = -1 if METRICS[metric].better == "higher" else 1
    known = [name for name, r in every.items() if math.isfinite(r.metrics.get(metric, math.nan))]
    return sorted(known, key=lambda name: sign * every[name].metrics[metric])


def advantage(metric: str, model: Measured, other: Measured) -> tuple[float, float]:
    """By how much the model is better, and the standard error of that; NaN where the metric is no mean."""
    sign = 1 if METRICS[metric].better == "higher" else -1
    gain = sign * (model.metrics.get(metric, math.nan) - other.metrics[metric])
    if metric not in model.each or metric not in other.each:
        return gain, math.nan
    error = error_of_mean(model.each[metric] - other.each[metric], model.groups)
    return gain, 0.0 if error < 1e-6 * abs(gain) else error
