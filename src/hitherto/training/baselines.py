"""The obvious answers beside a model: what they are worth on the validation data, who is better, and what to try."""

import math
import time
from collections.abc import Callable, Mapping, Sequence

from hitherto.metrics import METRICS, advantage
from hitherto.report.curves import Section
from hitherto.report.page import number
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import AnySource, Examples, Results
from hitherto.tasks.families import family_of

__all__ = ["beside", "fitted", "verdict"]

Baselines = Mapping[str, Results]
Say = Callable[[str], None]


def fitted(
    source: AnySource, examples: Examples, held: Examples, metric: str, say: Say
) -> dict[str, Results]:
    """What each baseline that the training data allow is worth on the validation data."""
    begun = time.monotonic()
    made = dict(family_of(source.spec.task).baselines(source, examples, held, say))
    if made:
        shown = _shared(source, metric, made)
        each = [f"{name} {number(made[name].metrics[shown])}" for name in _ranked(made, shown)]
        seconds = time.monotonic() - begun
        say(f"baselines, {shown} on validation data: {', '.join(each)} ({seconds:.1f} s)")
    return made


def verdict(source: AnySource, metric: str, model: Results, baselines: Baselines) -> list[str]:
    """Who is better, by how much, and what to try where the model is not."""
    if not baselines:
        return []
    shown = _shared(source, metric, baselines)
    best = next(iter(_ranked(baselines, shown)), None)
    if best is None:  # none has the metric: a series that only repeats itself has no unit of errors
        return []
    gain, error = _gain(shown, model, baselines[best])
    if not math.isfinite(gain):
        return []
    values = f"{shown} {number(model.metrics[shown])}, {best} {number(baselines[best].metrics[shown])}"
    doubt = f", standard error {number(error)}" if math.isfinite(error) else ""
    by = f"by {number(abs(gain))}{doubt}"
    if gain > 0:
        noise = "; that may be chance" if gain < 2 * error else ""
        return [f"the model is better than every baseline {by}{noise}: {values}"]
    how = f"worse than the baseline {best} {by}" if gain < 0 else f"no better than the baseline {best}"
    return [
        f"warning: the model is {how}: {values}",
        f"to try: {family_of(source.spec.task).advice(source)}; or use the baseline",
    ]


def beside(source: AnySource, metric: str, model: Results, baselines: Baselines) -> list[Section]:
    """The table of the report: the model among its baselines, the best first."""
    if not baselines:
        return []
    shown = _shared(source, metric, baselines)
    every = {"the model": model, **baselines}
    names = [n for n in TASKS[source.spec.task].metrics if any(n in r.metrics for r in baselines.values())]
    names = [shown, *(n for n in names if n != shown)]
    rows: list[list[object]] = []
    for name in _ranked(every, shown):
        gain, error = (None, None) if name == "the model" else _gain(shown, model, every[name])
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


def _gain(metric: str, model: Results, other: Results) -> tuple[float, float]:
    """By how much the model is better, and the standard error of that where the arrays of both tell."""
    row = METRICS[metric]
    if all(need in model.details and need in other.details for need in row.needs):
        gain, error = advantage(row, model.details, other.details)
        return gain, error if not error < 1e-9 * abs(gain) else 0.0
    sign = 1 if row.better == "higher" else -1
    return sign * (model.metrics.get(metric, math.nan) - other.metrics[metric]), math.nan
