"""Options of a forecast that the user leaves open: chosen from the data, or by a search within a budget."""

import numpy as np

from hitherto.codecs.series import SeriesCodec
from hitherto.errors import UsageError
from hitherto.spec import Spec
from hitherto.tasks.base import Options
from hitherto.tasks.forecast.examples import WindowExamples
from hitherto.tasks.forecast.linear import Line, segment_of

__all__ = ["candidates", "check", "of_steps", "of_windows"]

Chosen = tuple[Options, list[str]]
MEASURED = 60  # steps between evaluations, at least
_ONLY = {"steps": ("window", "segment", "linear"), "window": ("bptt",)}  # options that the other reader has


def check(spec: Spec, reader: str) -> None:
    """An error where an option is of no use to this reader of series."""
    values = spec.values()
    for name in _ONLY[reader]:
        if values[name] is not None:
            other = next(name for name in _ONLY if name != reader)
            raise UsageError(f"{name} is an option of --reader {other}, and this forecast reads by {reader}.")


def of_windows(codec: SeriesCodec, line: Line | None, spec: Spec, examples: WindowExamples) -> Chosen:
    """Of a model that reads the last window: small where there is little, measured often, and stopped by patience."""
    train, total = spec.train, len(examples.windows(codec.window))
    values = total * codec.channels
    rows = train.batch_size or int(np.clip(total // 8, 8, 256 // min(codec.channels, 8)))
    batches = -(-total // rows)
    options: Options = {
        "hidden_size": 32 if values < 2000 else 64 if values < 20_000 else 128,
        "num_layers": 1,
        "window": float(codec.window),
        "anchor": codec.anchor,
        "segment": segment_of(codec.window, codec.season),
        "linear": "shared" if line is None or len(line.weight) == 1 else "own",
        "dropout": 0.3,
        "batch_size": rows,
        "lr": 1e-3,
        "schedule": "plateau",
        "clip": 1.0,
        "epochs": train.epochs or int(np.clip(3000 // batches, 10, 300)),
        "patience": 8,
    }
    if batches < MEASURED:
        options["evaluate_every"] = MEASURED
    return options, [f"{len(examples):,} series with {total:,} windows of {codec.window} steps"]


def of_steps(codec: SeriesCodec, horizon: int, spec: Spec, examples: WindowExamples) -> Chosen:
    """Of a model that reads step by step: parts of a few seasons, and enough steps of training."""
    steps = np.array([len(s.values) for s in examples.series])
    season, total = codec.season or 1, int(steps.sum())
    window = int(np.clip(4 * max(season, horizon), 32, 336))
    window = int(min(window, max(8, steps.max() - horizon)))
    windows = max(1, total // window)
    options: Options = {
        "hidden_size": 32 if total < 2000 else 64 if total < 20_000 else 128,
        "num_layers": 1,
        "dropout": 0.1,
        "bptt": window,
        "batch_size": int(np.clip(windows // 4, 1, 32)),
        "lr": 4e-3 if total < 20_000 else 2e-3,
        "schedule": "one-cycle",
        "clip": 1.0,
    }
    batches = -(-windows // (spec.train.batch_size or options["batch_size"]))
    options["epochs"] = spec.train.epochs or int(np.clip(1500 // batches, 10, 300))
    if options["epochs"] > 40:
        options["evaluate_every"] = options["epochs"] * batches // 40
    median = int(np.median(steps))
    return options, [f"{len(examples):,} series of {median:,} steps (median); windows of {window} steps"]


def candidates(codec: SeriesCodec, spec: Spec) -> dict[str, Options]:
    """What a budget of time is spent on: how large the layers are, and how fast and how freely they learn."""
    if not codec.window or not spec.train.budget:
        return {}
    segment = segment_of(codec.window, codec.season)
    return {
        "small": {"hidden_size": 32, "dropout": 0.3, "lr": 1e-3, "segment": segment},
        "large": {"hidden_size": 256, "dropout": 0.5, "lr": 5e-4, "segment": segment},
        "slow": {"hidden_size": 128, "dropout": 0.5, "lr": 2e-4, "segment": segment},
        "fine": {"hidden_size": 128, "dropout": 0.3, "lr": 1e-3, "segment": max(1, segment // 2)},
    }
