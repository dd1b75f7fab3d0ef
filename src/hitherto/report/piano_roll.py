"""A score as a piano roll, one SVG."""

import html
import math
from collections.abc import Iterator
from pathlib import Path

from hitherto import files
from hitherto.media.rolls import as_score
from hitherto.media.tones import clock

__all__ = ["draw"]


NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_BLACK = (1, 3, 6, 8, 10)
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # told apart by every eye
_BAR = 4  # quarters
_BARS = 16  # in a line
_MOST_BARS, _MOST_NOTES = 512, 30_000  # that are drawn
_LEFT, _WIDE, _TOP = 62, 1120, 58

_STYLE = """
.roll { --fg: #1d2329; --mild: #66707a; --line: #dfe4e8; --bg: #fff; --black: #f1f4f6; --c: #b3bdc6; }
@media (prefers-color-scheme: dark) {
  .roll { --fg: #e6eaee; --mild: #9aa5b0; --line: #2d353d; --bg: #14181c; --black: #1b2127; --c: #55616c; } }
.roll text { font: 11px system-ui, sans-serif; fill: var(--mild); }
.roll .title { font-size: 16px; font-weight: 600; fill: var(--fg); }
.roll .bg { fill: var(--bg); } .roll .black { fill: var(--black); } .roll .frame { fill: none; stroke: var(--c); }
.roll .keys { fill: var(--fg); opacity: .75; } .roll .bar { stroke: var(--c); } .roll .beat { stroke: var(--line); }
.roll .c { stroke: var(--c); } .roll .f { stroke: var(--line); } .roll .note { stroke: var(--bg); stroke-width: .6; }
"""


def _name(pitch: int) -> str:
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def draw(
    music: object,
    path: str | Path | None = None,
    *,
    step: float = 1.0,
    tempo: float | None = None,
    title: str = "",
) -> str:
    """A piano roll as an SVG, 16 bars of four quarters a line, a colour for each channel; written to `path` if given.

    Of very long pieces it shows the beginning and says so.
    """
    score = as_score(music, step=step, tempo=tempo)
    notes = score.notes
    title = html.escape("".join(c for c in title if c.isprintable()))  # XML has no word for the others
    bars = max(1, math.ceil(score.end / _BAR))
    end = min(bars, _MOST_BARS) * _BAR
    if len(notes) > _MOST_NOTES:  # as many whole bars as they fill, one at least
        end = min(end, max(_BAR, int(notes["start"][_MOST_NOTES] // _BAR * _BAR)))
    notes = notes[:_MOST_NOTES]
    notes = notes[notes["start"] < end]
    shown = end // _BAR
    low, high = (int(notes["pitch"].min()), int(notes["pitch"].max())) if len(notes) else (60, 71)
    low, high = max(0, low - 1), min(127, high + 1)
    while high - low < 12 or not any(pitch % 12 == 0 for pitch in range(low, high + 1)):
        low, high = max(0, low - 1), min(127, high + 1)
    row = min(10.0, max(4.0, 260 / (high - low + 1)))
    tall, lines = row * (high - low + 1), math.ceil(shown / _BARS)
    per_line = min(shown, _BARS)
    height = _TOP + lines * (tall + 34) + (18 if shown < bars else 0)
    about = f"{bars} bar{'s' * (bars > 1)}, {clock(score.seconds)}, {len(score.notes):,} notes"
    if len(notes):
        about += f", {_name(int(notes['pitch'].min()))} to {_name(int(notes['pitch'].max()))}"
    width = _LEFT + _WIDE + 18
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="roll" viewBox="0 0 {width} {height:.0f}" role="img" '
        f'aria-label="{title or "piano roll"}"><style>{_STYLE}</style>'
        f'<rect class="bg" width="{width}" height="{height:.0f}"/>'
        f'<text class="title" x="{_LEFT}" y="24">{title}</text>'
        f'<text x="{_LEFT + _WIDE}" y="24" text-anchor="end">{about}</text>'
    )
    parts = [head]
    for line in range(lines):
        first = line * per_line * _BAR
        box = _Box(_TOP + line * (tall + 34), row, low, high, first, per_line * _BAR)
        parts += box.paper(score.tempo)
        stop = first + per_line * _BAR
        here = notes[(notes["start"] < stop) & (notes["start"] + notes["length"] > first)]
        parts += map(box.note, here.tolist())
        parts.append(
            f'<rect class="frame" x="{_LEFT}" y="{box.top:.1f}" width="{_WIDE}" height="{tall:.1f}"/>'
        )
    if shown < bars:
        parts.append(f'<text x="{_LEFT}" y="{height - 8:.0f}">the first {shown:,} of {bars:,} bars</text>')
    text = "\n".join([*parts, "</svg>"]) + "\n"
    if path is not None:
        files.write(path, text)
    return text


class _Box:
    """One line of a piano roll: `first` is the quarter that it begins with."""

    def __init__(self, top: float, row: float, low: int, high: int, first: int, quarters: int) -> None:
        self.top, self.row, self.low, self.high, self.first, self.quarters = (
            top,
            row,
            low,
            high,
            first,
            quarters,
        )
        self.quarter = _WIDE / quarters

    def y(self, pitch: int) -> float:
        return self.top + (self.high - pitch) * self.row

    def paper(self, tempo: float) -> Iterator[str]:
        bottom = self.y(self.low) + self.row
        for pitch in range(self.low, self.high + 1):
            y = self.y(pitch)
            if pitch % 12 in _BLACK:
                yield f'<rect class="black" x="{_LEFT}" y="{y:.1f}" width="{_WIDE}" height="{self.row:.1f}"/>'
                yield f'<rect class="keys" x="{_LEFT - 22}" y="{y:.1f}" width="13" height="{self.row:.1f}"/>'
            if pitch % 12 in (0, 5):  # between B and C, and between E and F
                look, y = "c" if pitch % 12 == 0 else "f", y + self.row
                yield f'<path class="{look}" d="M{_LEFT - 22} {y:.1f}H{_LEFT + _WIDE}"/>'
            if pitch % 12 == 0:
                yield f'<text x="{_LEFT - 27}" y="{y:.1f}" text-anchor="end">{_name(pitch)}</text>'
        yield (
            f'<rect class="frame" x="{_LEFT - 22}" y="{self.top:.1f}" width="22" height="{bottom - self.top:.1f}"/>'
        )
        for beat in range(self.quarters):
            x, bar = _LEFT + beat * self.quarter, beat % _BAR == 0
            if beat:
                yield f'<path class="{"bar" if bar else "beat"}" d="M{x:.1f} {self.top:.1f}V{bottom:.1f}"/>'
            if bar:
                number = (self.first + beat) // _BAR + 1
                yield f'<text x="{x + 2:.1f}" y="{self.top - 5:.1f}">{number}</text>'
        at = clock(self.first * 60 / tempo)
        yield f'<text x="{_LEFT - 27}" y="{self.top - 5:.1f}" text-anchor="end">{at}</text>'

    def note(self, note: tuple[float, float, int, int, int]) -> str:
        start, length, pitch, velocity, channel = note
        begin, end = max(start, self.first), min(start + length, self.first + self.quarters)
        wide = max(1.5, (end - begin) * self.quarter)
        label = (
            f"{_name(pitch)}, bar {int(start // _BAR) + 1}, beat {start % _BAR + 1:g}, {length:g} quarters"
        )
        return (
            f'<rect class="note" x="{_LEFT + (begin - self.first) * self.quarter:.1f}" y="{self.y(pitch):.1f}" '
            f'width="{wide:.1f}" height="{self.row:.1f}" rx="{min(2.5, self.row / 3):.1f}" '
            f'fill="{_COLOURS[channel % len(_COLOURS)]}" opacity="{0.5 + velocity / 254:.2f}">'
            f"<title>{label}</title></rect>"
        )
