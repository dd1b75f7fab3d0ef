"""What a report shows of `forecast`."""

import numpy as np

from hitherto.report.curves import Section
from hitherto.tasks.base import Options, Results
from hitherto.tasks.forecast.baselines import seasonal
from hitherto.tasks.forecast.source import LEVELS, WindowExamples, Windows

__all__ = ["windows"]


def windows(
    source: Windows, examples: WindowExamples, results: Results, _watched: list[Options]
) -> list[Section]:
    sections: list[Section] = []
    for i, made in enumerate(results.details["forecasts"][:4]):
        if not made:
            continue
        series = examples.series[i]
        for k in sorted({0, len(made["times"]) - 1}):
            t = int(made["times"][k])
            past = np.asarray(
                series.values[max(0, t + 1 - 3 * max(source.horizon, source.codec.season)) : t + 1, 0]
            )
            q = made["quantiles"][k, :, 0]
            edges = [(LEVELS.index(low), LEVELS.index(high)) for low, high in ((0.1, 0.9), (0.25, 0.75))]
            when = series.written(series.times[t : t + 1])[0]
            column = series.names[0]
            known = f"/{series.id}".endswith(f"/{column}")  # columns by themselves are named by it already
            name = series.id if known else f"{series.id} {column}".strip()
            sections.append({
                "kind": "bands", "title": f"{name}, forecast after {when}", "past": past.tolist(),
                "actual": np.asarray(series.values[t + 1 : t + 1 + source.horizon, 0]).tolist(),
                "median": made["median"][k, :, 0].tolist(),
                "bands": [(q[:, a].tolist(), q[:, b].tolist()) for a, b in edges],
                "naive": seasonal(source, series.values[:, :1], np.array([t]))[0, :, 0].tolist(),
            })  # fmt: skip
    return sections
