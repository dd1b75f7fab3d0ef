"""Models for who has none: each is trained in a minute or two on data that every Python carries, or that is made here.

`STARTERS` has a row for each. `python -m hitherto.studio.starters NAME FOLDER` trains one, which needs the extra
`train`, and tells how far it is in lines of JSON; the studio runs that in a process of its own, so that it imports no
torch itself.
"""

import csv
import json
import math
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import numpy as np

from hitherto.arrays import Array
from hitherto.tasks.base import Options

__all__ = ["STARTERS", "Starter", "digits", "tides", "words"]

Strokes = list[list[list[float]]]


@dataclass(frozen=True, slots=True)
class Starter:
    """A model that is trained on the spot."""

    title: str
    about: str
    task: str
    data: Callable[[Path], Path]  # writes its data into a folder: the file
    options: Options


def words(folder: Path) -> Path:
    """Python's language reference, which every CPython carries as its help."""
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[name] for name in sorted(topics))
    text = re.sub(r"^[^\w\n]*$", "", text, flags=re.MULTILINE)  # lines below headings
    text = re.sub(r"(?<=\S)\n(?=\S)", " ", text)  # lines that were only too long
    path = folder / "words.txt"
    path.write_text(re.sub(r"\n\s*\n+", "\n", text), encoding="utf-8")
    return path


# Of the tide: hours from high water to high water, by the moon and the sun, and a usual height in metres.
PERIODS = (12.4206, 12.0, 12.6583, 23.9345, 25.8193)
HEIGHTS = (1.6, 0.6, 0.3, 0.15, 0.15)
PLACES = ("north pier", "old harbour", "lock", "lighthouse", "estuary", "island")


def tides(folder: Path) -> Path:
    """The water level at six places that are made up, each hour: the sum of the tides, and a surge of the wind."""
    path, random, hours = folder / "tides.csv", np.random.default_rng(7), np.arange(24 * 56)
    begin = datetime(2026, 1, 1)  # noqa: DTZ001 - the clock of a place that is made up
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["place", "time", "metres"])
        for place in PLACES:
            heights = np.array(HEIGHTS) * random.uniform(0.5, 1.5, len(HEIGHTS))
            phases = random.uniform(0, 2 * math.pi, len(HEIGHTS))
            waves = heights[:, None] * np.cos(
                2 * math.pi * hours / np.array(PERIODS)[:, None] + phases[:, None]
            )
            surge, level = 0.0, []
            for noise in random.normal(0, 0.05, len(hours)).tolist():
                surge = 0.96 * surge + noise
                level.append(surge)
            for hour, metres in zip(hours.tolist(), (waves.sum(0) + level).tolist(), strict=True):
                rows.writerow([place, (begin + timedelta(hours=hour)).isoformat(sep=" "), f"{metres:.3f}"])
    return path


# Each digit as strokes through points of a sheet, x to the right and y down, from 0 to 1.
DIGITS: dict[str, list[list[tuple[float, float]]]] = {
    "0": [[(0.5, 0.05), (0.2, 0.25), (0.18, 0.7), (0.5, 0.95), (0.82, 0.7), (0.8, 0.25), (0.5, 0.05)]],
    "1": [[(0.3, 0.28), (0.55, 0.05), (0.55, 0.5), (0.55, 0.95)]],
    "2": [[(0.2, 0.28), (0.45, 0.05), (0.75, 0.25), (0.55, 0.6), (0.2, 0.93), (0.5, 0.92), (0.82, 0.92)]],
    "3": [[(0.22, 0.12), (0.6, 0.06), (0.72, 0.28), (0.42, 0.47), (0.75, 0.65), (0.6, 0.92), (0.2, 0.86)]],
    "4": [
        [(0.55, 0.05), (0.35, 0.35), (0.15, 0.65), (0.5, 0.65), (0.85, 0.65)],
        [(0.65, 0.4), (0.65, 0.7), (0.65, 0.95)],
    ],
    "5": [
        [(0.3, 0.08), (0.28, 0.25), (0.26, 0.45), (0.55, 0.4), (0.78, 0.65), (0.55, 0.93), (0.2, 0.85)],
        [(0.3, 0.08), (0.5, 0.07), (0.78, 0.07)],
    ],
    "6": [[(0.7, 0.08), (0.35, 0.3), (0.2, 0.68), (0.48, 0.95), (0.75, 0.72), (0.5, 0.52), (0.25, 0.7)]],
    "7": [[(0.18, 0.08), (0.5, 0.08), (0.82, 0.08), (0.62, 0.45), (0.42, 0.95)]],
    "8": [
        [(0.7, 0.2), (0.45, 0.05), (0.28, 0.25), (0.55, 0.48), (0.74, 0.75), (0.45, 0.95), (0.24, 0.74),
         (0.5, 0.48), (0.7, 0.2)]
    ],
    "9": [[(0.74, 0.28), (0.45, 0.06), (0.24, 0.3), (0.5, 0.5), (0.74, 0.28), (0.7, 0.6), (0.6, 0.95)]],
}  # fmt: skip


def drawn(label: str, random: np.random.Generator) -> Strokes:
    """A digit by a hand that is never twice the same."""
    turn, lean = random.normal(0, 0.12), random.normal(0, 0.15)
    wide, high = random.uniform(0.6, 1.15, 2)
    bend = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) @ np.array(
        [[wide, lean], [0, high]]
    )
    strokes = []
    for points in DIGITS[label]:
        at = np.array(points) + random.normal(0, 0.035, (len(points), 2))
        strokes.append((_smooth(at) @ bend.T + random.normal(0, 0.004, 2)).round(4).tolist())
    return [stroke[::-1] for stroke in strokes] if label == "0" and random.random() < 0.4 else strokes


def _smooth(points: Array, between: int = 6) -> Array:
    """A curve through these points, after Catmull and Rom."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = (np.arange(between) / between)[:, None]
    curve = []
    for k in range(1, len(points)):
        a, b, c, d = padded[k - 1 : k + 3]
        square, cube = 2 * a - 5 * b + 4 * c - d, 3 * b - a - 3 * c + d
        curve.append(0.5 * (2 * b + (c - a) * t + square * t**2 + cube * t**3))
    return np.concatenate([*curve, points[-1:]])


def digits(folder: Path, count: int = 1500) -> Path:
    """Digits as strokes of a pen."""
    path, random = folder / "digits.jsonl", np.random.default_rng(11)
    with path.open("w", encoding="utf-8") as file:
        for i in range(count):
            label = str(i % 10)
            file.write(json.dumps({"strokes": drawn(label, random), "digit": label}) + "\n")
    return path


STARTERS: dict[str, Starter] = {
    "words": Starter(
        "Next words",
        "Reads Python's own reference, a word part at a time, and learns what comes next.",
        "lm",
        words,
        {
            "tokens": "subwords", "vocab_size": 1000, "cell": "gru", "hidden_size": 160, "embedding_size": 160,
            "tied": True, "dropout": 0.2, "batch_size": 16, "bptt": 50, "steps": 700, "epochs": 20,
        },
    ),
    "tides": Starter(
        "A forecast",
        "Learns the tide at six places that are made up, and forecasts a day, with how sure it is.",
        "forecast",
        tides,
        {
            "id": "place", "time": "time", "output": "metres", "horizon": 24, "reader": "steps", "cell": "lstm",
            "hidden_size": 48, "epochs": 25,
        },
    ),
    "digits": Starter(
        "Digits",
        "Learns to read digits while they are drawn, from strokes of a pen that are made up.",
        "classify",
        digits,
        {"input": "strokes", "output": "digit", "codec": "strokes", "bidirectional": False, "cell": "lstm",
         "hidden_size": 64, "epochs": 12},
    ),
}  # fmt: skip


class _Progress(Protocol):
    step: int
    total: int


def main(name: str, folder: str) -> None:
    """Train one, and say how far it is: {"share": 0.4, "says": ...} in a line each."""
    import hitherto

    starter, place = STARTERS[name], Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place / f"{name}.run", ignore_errors=True)  # of a training that was ended

    def tell(**fields: object) -> None:
        print(json.dumps(fields), flush=True)

    def show(progress: _Progress, row: Mapping[str, object]) -> None:
        values = [
            f"{name} {row[name]:.3g}" for name in ("loss", "valid_loss", "accuracy", "mase") if name in row
        ]
        tell(share=min(1.0, progress.step / max(1, progress.total)), says=", ".join(values))

    tell(share=0.0, says="making the data")
    hitherto.train(
        starter.task, starter.data(place), out=place / f"{name}.safetensors", say=lambda line: tell(says=line),
        show=show, baselines=False, **starter.options,
    )  # fmt: skip
    tell(share=1.0, says="ready")


if __name__ == "__main__":
    main(*sys.argv[1:3])
