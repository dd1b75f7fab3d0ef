"""Draw docs/overview.svg, the picture of the README: HITHERTO_DATA=FOLDER python benchmarks/picture.py

Left: `hitherto train forecast` on airline passengers up to 1959, every option at its default, and its forecast of 1960.
Right: one step of that model's session after up to ten million steps, and reading the whole history again instead.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import common
import numpy as np
import tasks

import hitherto as ht

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hitherto.runtime.session import Session

    Points = Sequence[tuple[float, float]]

HORIZON = 12
AGES = [10**n for n in range(1, 8)]  # steps that the session has taken
WIDTH, HEIGHT, LEFT, TOP, PLOT = 960, 340, 56, 66, (370, 190)
INK, GREY, BLUE, ORANGE, BAND = "#1f2328", "#656d76", "#0969da", "#bc4c00", "#54aeff"


def text(x: float, y: float, words: str, style: str = "", colour: str = GREY) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" {style}>{escape(words)}</text>'


def line(points: Points, colour: str, style: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" {style}/>'


def grid(left: float, ticks: Sequence[tuple[float, str]], place: Callable[[float], float]) -> list[str]:
    parts = []
    for value, label in ticks:
        y = place(value)
        parts.append(f'<path d="M{left} {y:.1f}h{PLOT[0]}" stroke="{GREY}" stroke-opacity=".25"/>')
        parts.append(text(left - 8, y + 4, label, 'text-anchor="end"'))
    return parts


def forecast(rows: list[common.Row], future: list[common.Row], measured: str) -> list[str]:
    """The left panel: three years that were seen, and the year that was not."""
    start = len(rows) - HORIZON - 36

    def x(i: float) -> float:
        return LEFT + PLOT[0] * (i - start) / (len(rows) - 1 - start)

    def y(value: float) -> float:
        return TOP + PLOT[1] * (1 - (value - 250) / 450)

    new = range(len(rows) - HORIZON, len(rows))
    band = [(x(i), y(f["q0.9"])) for i, f in zip(new, future, strict=True)]
    band += [(x(i), y(f["q0.1"])) for i, f in reversed(list(zip(new, future, strict=True)))]
    outline = " ".join(f"{a:.1f},{b:.1f}" for a, b in band)
    shown = range(start, len(rows))
    parts = [
        text(LEFT, 22, "hitherto train forecast passengers.csv --horizon 12", 'class="command"', INK),
        text(LEFT, 42, measured),
        *grid(LEFT, [(v, str(v)) for v in (300, 400, 500, 600)], y),
        f'<polygon points="{outline}" fill="{BAND}" fill-opacity=".35"/>',
        line([(x(i), y(rows[i - HORIZON]["y"])) for i in new], ORANGE, 'stroke-dasharray="4 4"'),
        line([(x(i), y(rows[i]["y"])) for i in shown], INK),
        line([(x(i), y(f["y"])) for i, f in zip(new, future, strict=True)], BLUE),
    ]
    parts += [
        text(x(i), TOP + PLOT[1] + 20, rows[i]["ds"][:4], 'text-anchor="middle"')
        for i in shown
        if rows[i]["ds"].endswith("-01")
    ]
    names = (("observed", INK), ("forecast and 80 % interval", BLUE), ("seasonal naive", ORANGE))
    for (name, colour), at in zip(names, (0, 90, 282), strict=True):
        parts.append(text(LEFT + at, HEIGHT - 20, f"— {name}", "", colour))
    return parts


def steps(one: Points, all_again: Points, size: int) -> list[str]:
    """The right panel: seconds over steps, both logarithmic."""
    left = LEFT + PLOT[0] + 110

    def x(age: float) -> float:
        return left + PLOT[0] * (math.log10(age) - 1) / 6

    def y(seconds: float) -> float:
        return TOP + PLOT[1] * (1 - (math.log10(seconds) + 6.5) / 8)

    ticks = [(1e-6, "1 µs"), (1e-4, "100 µs"), (1e-2, "10 ms"), (1, "1 s")]
    last = f"{1e6 * one[-1][1]:.1f} µs"
    return [
        text(left, 22, "model.session().push(x)", 'class="command"', INK),
        text(left, 42, f"a step after 10 million steps: {last}; state: {size:,} bytes"),
        *grid(left, ticks, y),
        line([(x(age), y(seconds)) for age, seconds in all_again], ORANGE, 'stroke-dasharray="4 4"'),
        line([(x(age), y(seconds)) for age, seconds in one], BLUE),
        *(
            text(x(age), TOP + PLOT[1] + 20, name, 'text-anchor="middle"')
            for age, name in ((10, "10"), (1000, "1,000"), (10**5, "100,000"), (10**7, "10 million"))
        ),
        text(left + PLOT[0], TOP + PLOT[1] + 38, "steps taken so far", 'text-anchor="end"'),
        text(left, HEIGHT - 20, "— one step from the state", "", BLUE),
        text(left + 172, HEIGHT - 20, "— reading the whole history again", "", ORANGE),
    ]


def timed(session: Session) -> tuple[Points, Points]:
    """Seconds of one step, the median of 1,000, at each age; seconds of all steps up to there."""
    x = np.random.default_rng(1).standard_normal((100_000, session.engine.input_size)).astype(np.float32)
    age, one, all_again, spent = 0, [], [], 0.0
    for target in AGES:
        while age < target:
            chunk = x[: min(len(x), target - age)]
            begin = time.perf_counter()
            session.push(chunk)
            spent += time.perf_counter() - begin
            age += len(chunk)
        all_again.append((float(target), spent))
        spans = []
        old = session.fork()
        for step in x[:1000]:
            begin = time.perf_counter()
            old.push(step)
            spans.append(time.perf_counter() - begin)
        one.append((float(target), common.median(spans)))
    return one, all_again


def main() -> int:
    rows, _, _ = tasks.SERIES_SETS["airline"]()
    seen, unseen = rows[:-HORIZON], np.array([row["y"] for row in rows[-HORIZON:]])
    with tempfile.TemporaryDirectory() as folder:
        model = ht.train(
            "forecast", seen, time="ds", output="y", horizon=HORIZON, out=Path(folder, "air.safetensors")
        )
        future = model.predict(seen)
        session = model.session()
        one, all_again = timed(session)
    naive = np.array([row["y"] for row in seen[-HORIZON:]])
    found = np.array([row["y"] for row in future])
    inside = sum(f["q0.1"] <= y <= f["q0.9"] for f, y in zip(future, unseen, strict=True))
    errors = [f"{np.abs(guess - unseen).mean():.0f}" for guess in (found, naive)]
    measured = f"1960, unseen: mean error {errors[0]}, seasonal naive {errors[1]}; {inside} of 12 inside 80 %"
    size = sum(array.nbytes for array in session.state.values())
    said = (
        "A forecast with its interval beside the seasonal naive one; time of a step by the age of the stream"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">',
        "<style>text{font:12.5px system-ui,sans-serif}.command{font:600 13px ui-monospace,monospace}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#fff"/>',
        *forecast(rows, future, measured),
        *steps(one, all_again, size),
        "</svg>",
    ]
    page = common.ROOT / "docs" / "overview.svg"
    page.write_text("\n".join(parts) + "\n", encoding="utf-8")
    print(f"wrote {page.relative_to(common.ROOT)}: {measured}; {one}; {all_again}; {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
