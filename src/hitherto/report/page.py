"""One HTML file that shows how a training went: curves, tables, forecasts, samples. Nothing in it comes from elsewhere.

`write(path, title, summary, sections)` takes sections as plain dicts; `SECTIONS` lists their kinds:

    {"kind": "curves",    "title", "series": [{"name", "x": [...], "y": [...], "best": x | None}], "log": bool}
                                                        with `labels` x are their numbers, from 0
    {"kind": "bars",      "title", "labels": [...], "series": [{"name", "values": [...]}]}
    {"kind": "table",     "title", "columns": [...], "rows": [[...], ...]}
    {"kind": "confusion", "title", "classes": [...], "counts": [[...], ...]}      rows are truths
    {"kind": "bands",     "title", "past", "actual", "median", "naive": [...], "bands": [(low, high), ...]}
    {"kind": "texts",     "title", "items": [(caption, text), ...]}
    {"kind": "heat",      "title", "items": [{"caption", "rows": [...], "columns": [...], "values": [[...], ...]}]}
                                                        rows and columns are labels, values from 0 to 1
    {"kind": "strips",    "title", "items": [{"caption", "columns": [...], "values": array, "most": float}]}
                                                        a pixel for each value, a row for each unit; of so many pixels
                                                        `wide` and `high`, if an item has these
    {"kind": "shaded",    "title", "items": [{"caption", "words": [...], "weights": [...]}]}
    {"kind": "walk",      "title", "x": [...], "y": [...], "labels": [...]}

A section may have a `note`, sentences that stand under its title.
"""

import html
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from hitherto import files
from hitherto.report.strips import shaded, strips

__all__ = ["SECTIONS", "document", "write"]

Section: TypeAlias = Mapping[str, Any]  # plain values, as the docstring lists them for each kind

W, H = 720, 260  # of a picture
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 14, 34
POINTS = 600  # as many as a picture can show
CLASSES = 40  # of a confusion matrix, at most
SQUARES = 80  # rows and columns of a heat map, at most
NOTHING = '<p class="legend">Nothing was measured.</p>'
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")  # told apart by every eye

STYLE = """
:root { color-scheme: light dark; --fg: #1d2329; --mild: #66707a; --line: #d9dee3; --bg: #fff; --soft: #f5f7f9;
  --weight: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --fg: #e4e8ec; --mild: #98a2ac; --line: #39424b; --bg: #14181c; --soft: #1c2228;
    --weight: #56b4e9; }
}
body { margin: 0 auto; max-width: 760px; padding: 2rem 1.2rem 4rem; background: var(--bg); color: var(--fg);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1.2rem; } h2 { font-size: 1.1rem; margin: 2.4rem 0 .6rem; }
dl { display: flex; flex-wrap: wrap; gap: .8rem 2rem; margin: 0; } dt { color: var(--mild); font-size: .82rem; }
dd { margin: 0; font-size: 1.05rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--mild); font-weight: 500; } td.n { text-align: right; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--mild); font: 12px system-ui, sans-serif; }
.note { font-size: .92rem; color: var(--mild); }
.legend { font-size: .85rem; color: var(--mild); } .legend b { font-weight: 600; }
.pictures { display: flex; flex-wrap: wrap; align-items: end; gap: 0 1.2rem; }
figure { margin: .8rem 0; } figcaption { color: var(--mild); font-size: .82rem; }
.words { line-height: 2; } .words span { padding: .15rem .3rem; border-radius: 4px; }
pre { background: var(--soft); padding: .7rem .9rem; margin: .2rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 13.5px/1.5 ui-monospace, monospace; border-radius: 6px; }
"""


def write(
    path: Path,
    title: str,
    summary: Sequence[tuple[str, object]],
    sections: Sequence[Section],
    notes: Sequence[str] = (),
) -> None:
    """Write the page, whole or not at all. Each of the `notes` is a sentence under the summary."""
    files.write(path, document(title, summary, sections, notes))


def document(
    title: str, summary: Sequence[tuple[str, object]], sections: Sequence[Section], notes: Sequence[str] = ()
) -> str:
    """The page that `write` writes."""
    facts = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(number(value))}</dd></div>" for name, value in summary
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body><h1>{_text(title)}</h1>\n<dl>{facts}</dl>\n"
        + "".join(f'<p class="note">{_text(note[:1].upper() + note[1:])}.</p>\n' for note in notes)
        + "\n".join(map(_part, sections))
        + "\n</body></html>\n"
    )


def _part(section: Section) -> str:
    note = f'<p class="note">{_text(section["note"])}</p>\n' if section.get("note") else ""
    return f"<h2>{_text(section['title'])}</h2>\n{note}{SECTIONS[section['kind']](section)}"


def _text(value: object) -> str:
    return "" if value is None else html.escape(str(value))


def number(value: object) -> str:
    """A number with the digits that matter; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞" if value > 0 else "-∞"  # noqa: RUF001 - a dash for what is missing
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.3g}"
    return f"{value:,.{max(0, 3 - len(str(int(abs(value)))) + (abs(value) < 1))}f}"


# ---- pictures


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from low to high."""
    if high <= low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _thin(x: Sequence[float], y: Sequence[float]) -> list[tuple[float, float]]:
    """Finite points, as many as can be seen; of those between, the lowest and the highest stay."""
    points = [(float(a), float(b)) for a, b in zip(x, y, strict=True) if b is not None and math.isfinite(b)]
    if len(points) <= POINTS:
        return points
    size = -(-len(points) * 2 // POINTS)
    extremes: list[tuple[float, float]] = []
    for i in range(0, len(points), size):
        part = points[i : i + size]
        extremes += sorted({min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])})
    return extremes


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _width(texts: Sequence[str]) -> float:
    """How wide the widest of them becomes, about; letters of East Asia are as wide as they are high."""
    return max((sum(12.0 if c >= "\u1100" else 7.0 for c in text) for text in texts), default=0.0)


class _Plot:
    """Axes over a range, and what is drawn on them. With labels, x are places: 0 for the first of them."""

    def __init__(
        self, xs: Sequence[float], ys: Sequence[float], log: bool = False, labels: Sequence[str] = ()
    ) -> None:
        self.log = log and min(ys, default=1) > 0
        low, high = (min(ys), max(ys)) if ys else (0.0, 1.0)
        if self.log:
            low, high = math.log10(low), math.log10(high)
        pad = (high - low) * 0.05 or max(abs(high) * 0.05, 0.5)
        self.y0, self.y1 = low - pad, high + pad
        self.x0, self.x1 = (min(xs), max(xs)) if xs else (0.0, 1.0)
        if self.x1 <= self.x0:
            self.x0, self.x1 = self.x0 - 0.5, self.x1 + 0.5
        self.parts: list[str] = []
        self._axes(labels)

    def x(self, value: float) -> float:
        return LEFT + (value - self.x0) / (self.x1 - self.x0) * (W - LEFT - RIGHT)

    def y(self, value: float) -> float:
        value = math.log10(value) if self.log else value
        return H - BOTTOM - (value - self.y0) / (self.y1 - self.y0) * (H - TOP - BOTTOM)

    def _axes(self, labels: Sequence[str]) -> None:
        for tick in _ticks(self.y0, self.y1):
            value = float(10**tick if self.log else tick)
            # neighbours must not look the same
            text = f"{value:.{2 if self.log else 4}g}" if 0 < abs(value) < 1 else number(value)
            y = self.y(value)
            self.parts.append(
                f'<line x1="{LEFT}" x2="{W - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'
            )
            self.parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
        if labels:
            room = (W - LEFT - RIGHT) / len(labels)
            every = math.ceil((_width(labels) + 8) / room)  # as many as do not overlap
            ticks = [(float(i), _text(labels[i])) for i in range(0, len(labels), every)]
        else:
            round_ones = _ticks(self.x0, self.x1, 6)
            ticks = [(t, number(int(t) if t == int(t) else t)) for t in round_ones]
        for tick, text in ticks:
            self.parts.append(f'<text x="{self.x(tick):.1f}" y="{H - 12}" text-anchor="middle">{text}</text>')

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, dashed: bool = False, width: float = 1.8
    ) -> None:
        where = [(self.x(a), self.y(b)) for a, b in points if not self.log or b > 0]
        if len(where) == 1:
            self.parts.append(
                f'<circle cx="{where[0][0]:.1f}" cy="{where[0][1]:.1f}" r="3.5" fill="{colour}"/>'
            )
        elif where:
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in where)
            dash = ' stroke-dasharray="5 4"' if dashed else ""
            look = f'fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"{dash}'
            self.parts.append(f'<polyline points="{path}" {look}/>')

    def mark(self, x: float, y: float, colour: str, title: str) -> None:
        self.parts.append(
            f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="4.5" fill="var(--bg)" stroke="{colour}" '
            f'stroke-width="2"><title>{_text(title)}</title></circle>'
        )

    def area(
        self, x: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str, opacity: float
    ) -> None:
        edge = [(a, b) for a, b in zip(x, high, strict=True)] + [
            (a, b) for a, b in reversed(list(zip(x, low, strict=True)))
        ]
        path = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in edge)
        self.parts.append(f'<polygon points="{path}" fill="{colour}" opacity="{opacity}"/>')

    def bar(self, x: float, width: float, value: float, colour: str, title: str) -> None:
        left, right, top, foot = self.x(x - width / 2), self.x(x + width / 2), self.y(value), self.y(0)
        self.parts.append(
            f'<rect x="{left:.1f}" y="{min(top, foot):.1f}" width="{right - left:.1f}" '
            f'height="{max(1.0, abs(foot - top)):.1f}" fill="{colour}"><title>{_text(title)}</title></rect>'
        )

    def svg(self, title: str) -> str:
        return (
            f'<svg viewBox="0 0 {W} {H}" role="img" aria-label="{_text(title)}">{"".join(self.parts)}</svg>'
        )


def _legend(entries: Sequence[tuple[str, str]]) -> str:
    shown = " &nbsp; ".join(
        f'<b style="color:{colour}">&#9473;</b> {_text(name)}' for name, colour in entries
    )
    return f'<div class="legend">{shown}</div>'


def _curves(section: Section) -> str:
    lines = [(s, _thin(s["x"], s["y"])) for s in section["series"]]
    lines = [(s, points) for s, points in lines if points]
    if not lines:
        return NOTHING
    plot = _Plot(
        [x for _, p in lines for x, _ in p],
        [y for _, p in lines for _, y in p],
        section.get("log", False),
        section.get("labels", ()),
    )
    for number_of, ((s, points), colour) in enumerate(zip(lines, COLOURS * 9, strict=False)):
        plot.line(points, colour, dashed=number_of >= len(COLOURS))  # a colour that comes again is dashed
        best = next(((x, y) for x, y in points if x == s.get("best")), None)
        if best:
            plot.mark(*best, colour, f"best: {number(best[1])} at step {number(best[0])}")
    names = [s["name"] + (" (dashed)" if i >= len(COLOURS) else "") for i, (s, _) in enumerate(lines)]
    return plot.svg(section["title"]) + _legend(list(zip(names, COLOURS * 9, strict=False)))


def _bars(section: Section) -> str:
    labels, series = section["labels"], section["series"]
    shown = [
        (i, j, float(value))
        for j, s in enumerate(series)
        for i, value in enumerate(s["values"])
        if value is not None and math.isfinite(value)
    ]
    if not shown:
        return NOTHING
    plot = _Plot([-0.5, len(labels) - 0.5], [0.0, *(v for _, _, v in shown)], labels=labels)
    width = 0.8 / len(series)
    for i, j, value in shown:
        title = f"{series[j]['name']}, {labels[i]}: {number(value)}"
        x = i + (j - (len(series) - 1) / 2) * width
        plot.bar(x, width * 0.92, value, COLOURS[j % len(COLOURS)], title)
    entries = [(s["name"], colour) for s, colour in zip(series, COLOURS * 9, strict=False)]
    return plot.svg(section["title"]) + _legend(entries)


def _table(section: Section) -> str:
    head = "".join(f"<th>{_text(c)}</th>" for c in section["columns"])
    rows = []
    for row in section["rows"]:
        cells = "".join(
            f'<td class="n">{_text(number(v))}</td>' if isinstance(v, int | float) else f"<td>{_text(v)}</td>"
            for v in row
        )
        rows.append(f"<tr>{cells}</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _confusion(section: Section) -> str:
    every, table = section["classes"], section["counts"]
    sizes = [sum(row) for row in table]
    largest = sorted(sorted(range(len(every)), key=lambda i: -sizes[i])[:CLASSES])
    classes, counts = [every[i] for i in largest], [[table[i][j] for j in largest] for i in largest]
    names = [_short(c, 14) for c in classes]
    size = max(26, min(64, 600 // max(1, len(classes))))
    left = 120
    width, height = left + size * len(classes) + 70, size * len(classes) + 78  # the last name leans out
    parts = [f'<text x="{left}" y="16">predicted →</text>']
    for i, name in enumerate(names):
        middle = 70 + size * (i + 0.5)
        parts.append(f'<text x="{left - 8}" y="{middle + 4:.0f}" text-anchor="end">{_text(name)}</text>')
        x = left + size * (i + 0.5)
        parts.append(f'<text transform="translate({x:.0f} 62) rotate(-35)">{_text(name)}</text>')
        total = max(1, sizes[largest[i]])
        for j in range(len(classes)):
            share, count = counts[i][j] / total, counts[i][j]
            colour = COLOURS[0] if i == j else COLOURS[1]
            title = f"{classes[i]} as {classes[j]}: {count} ({share:.1%})"
            parts.append(
                f'<rect x="{left + size * j}" y="{70 + size * i}" width="{size - 2}" height="{size - 2}" rx="3" '
                f'fill="{colour}" opacity="{0.06 + 0.8 * share:.2f}"><title>{_text(title)}</title></rect>'
            )
            if count:
                parts.append(
                    f'<text x="{left + size * (j + 0.5) - 1:.0f}" y="{middle + 4:.0f}" text-anchor="middle" '
                    f'style="fill:var(--fg)">{count}</text>'
                )
    look = f'viewBox="0 0 {width} {height}" style="max-width:{width}px" role="img"'
    cut = ""
    shown, rest = len(largest), len(every) - len(largest)
    if rest:
        cut = (
            f'<p class="legend">Of {len(every):,} classes, the {shown} with the most examples are shown; the other '
            f"{rest:,} hold {sum(sizes) - sum(sizes[i] for i in largest):,} of {sum(sizes):,} "
            "examples.</p>"
        )
    return f'<div class="wide"><svg {look}>{"".join(parts)}</svg></div>{cut}'


def _bands(section: Section) -> str:
    past, median = list(section["past"]), list(section["median"])
    actual, naive = list(section.get("actual", [])), list(section.get("naive", []))
    ahead = list(range(1, len(median) + 1))
    before = list(range(1 - len(past), 1))
    every = [*past, *median, *actual, *naive, *(v for low, high in section["bands"] for v in (*low, *high))]
    plot = _Plot([*before, *ahead], [v for v in every if v is not None and math.isfinite(v)])
    for i, (low, high) in enumerate(section["bands"]):
        plot.area(ahead, low, high, COLOURS[0], 0.14 + 0.12 * i)
    plot.line(_thin([*before, *ahead[: len(actual)]], [*past, *actual]), "var(--fg)", width=1.4)
    if naive:
        plot.line(_thin(ahead[: len(naive)], naive), COLOURS[1], dashed=True, width=1.3)
    plot.line(_thin(ahead, median), COLOURS[0], width=2.2)
    entries = [("observed", "var(--fg)"), ("median and intervals of 50 and 80 %", COLOURS[0])]
    return plot.svg(section["title"]) + _legend(entries + ([("seasonal naive", COLOURS[1])] if naive else []))


def _texts(section: Section) -> str:
    return "".join(
        f"<figure><figcaption>{_text(caption)}</figcaption><pre>{_text(text)}</pre></figure>"
        for caption, text in section["items"]
    )


def _pictures(section: Section) -> str:
    """SVGs of our own making beside each other, each about as wide as it says it is."""
    parts = []
    for caption, svg in section["items"]:
        width = re.match(r'<svg [^>]*? width="([0-9.]+)"', svg)
        wide = f"min(100%, {max(160, float(width[1])):g}px)" if width else "100%"
        parts.append(f'<figure style="width:{wide}"><figcaption>{_text(caption)}</figcaption>{svg}</figure>')
    return f'<div class="pictures">{"".join(parts)}</div>'


def _heat(section: Section) -> str:
    return "".join(_weights(item) for item in section["items"]) or NOTHING


def _weights(item: Section) -> str:
    """One map: a square for each weight, as strong as it is; those that would not be seen are left out."""
    rows, columns, values = item["rows"], item["columns"], item["values"]
    if not rows or not columns:
        return f"<figure><figcaption>{_text(item['caption'])}</figcaption>{NOTHING}</figure>"
    names, tops = ([_short(t, 18) for t in labels[:SQUARES]] for labels in (rows, columns))
    size = max(15, min(30, 600 // len(tops)))
    slant = math.radians(60)
    left, reach = _width(names) + 14, _width(tops)
    top = reach * math.sin(slant) + 16
    wide, high = size * len(tops), size * len(names)
    parts = [
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{wide}" height="{high}" fill="var(--soft)"/>',
        *(
            f'<text transform="translate({left + size * (j + 0.5) + 4:.0f} {top - 6:.0f}) rotate(-60)">'
            f"{_text(name)}</text>"
            for j, name in enumerate(tops)
        ),
        *(
            f'<text x="{left - 8:.0f}" y="{top + size * (i + 0.5) + 4:.0f}" text-anchor="end">{_text(name)}</text>'
            for i, name in enumerate(names)
        ),
        '<g fill="var(--weight)">',
    ]
    for i, line in enumerate(values[: len(names)]):
        for j, weight in enumerate(line[: len(tops)]):
            if float(weight) >= 0.005:  # nor NaN
                title = f"{rows[i]} ← {columns[j]}: {number(float(weight))}"
                parts.append(
                    f'<rect x="{left + size * j:.0f}" y="{top + size * i:.0f}" width="{size - 1}" '
                    f'height="{size - 1}" opacity="{min(1.0, float(weight)):.2f}"><title>{_text(title)}</title></rect>'
                )
    width, height = left + wide + reach * math.cos(slant) + 12, top + high + 4
    look = f'viewBox="0 0 {width:.0f} {height:.0f}" style="width:{width:.0f}px" role="img"'
    cut = [
        f"{len(labels):,} {what}, of which the first {SQUARES} are shown"
        for what, labels in (("rows", rows), ("columns", columns))
        if len(labels) > SQUARES
    ]
    caption = f"<figcaption>{_text('; '.join([item['caption'], *cut]))}</figcaption>"
    label = f'aria-label="{_text(item["caption"])}"'
    return f'<figure>{caption}<div class="wide"><svg {look} {label}>{"".join(parts)}</g></svg></div></figure>'


def _walk(section: Section) -> str:
    """A path in the plane; some of its places have their labels."""
    x, y, labels = section["x"], section["y"], section["labels"]
    plot = _Plot(x, y)
    plot.line(list(zip(x, y, strict=True)), COLOURS[0], width=1.2)
    every = max(1, len(x) // 24)
    for i in range(0, len(x), every):
        at = f'x="{plot.x(x[i]) + 6:.1f}" y="{plot.y(y[i]) - 6:.1f}"'
        plot.parts.append(f"<text {at}>{_text(_short(labels[i], 12))}</text>")
    for i, size in ((0, 3), (len(x) - 1, 6)):
        plot.parts.append(
            f'<circle cx="{plot.x(x[i]):.1f}" cy="{plot.y(y[i]):.1f}" r="{size}" fill="{COLOURS[1]}">'
            f"<title>{_text(labels[i])}</title></circle>"
        )
    return plot.svg(section["title"])


SECTIONS: dict[str, Callable[[Section], str]] = {
    "curves": _curves,
    "bars": _bars,
    "table": _table,
    "confusion": _confusion,
    "bands": _bands,
    "texts": _texts,
    "heat": _heat,
    "pictures": _pictures,
    "strips": strips,
    "shaded": shaded,
    "walk": _walk,
}
