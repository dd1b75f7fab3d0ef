"""Drawings to rows: lists of points, JSON, SVG and Omniglot's files of pen strokes."""

import json
import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import pairwise
from os import PathLike
from pathlib import Path
from reprlib import repr as brief
from typing import TypeGuard

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError

__all__ = [
    "as_numbers",
    "depth_of",
    "holds",
    "idle",
    "joined",
    "moves",
    "points",
    "stroke3",
    "table_of",
    "whole",
]

LARGEST = 1 << 25  # bytes of a file


# ----------------------------------------------------------------------------------------------- from values to rows


def stroke3(value: object) -> Array:
    """The drawing as stroke-3 rows, float32 [T, 3]. A DataError says where it is wrong."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        return _rows(_json(value))
    if isinstance(value, str | PathLike):
        path = Path(value)
        try:
            return _rows(_parsed(_text(path)))
        except DataError as error:
            raise DataError(str(error), path=f"{path!s:.200}") from error
    return _rows(value)


def points(value: object) -> list[Array]:
    """The strokes of a drawing as points relative to its origin, float64 [n, 2] each."""
    rows = stroke3(value)
    at = np.concatenate([np.zeros((1, 2)), np.cumsum(rows[:, :2], 0, np.float64)])
    return np.split(at, np.flatnonzero(rows[:, 2]) + 2)[:-1]


def _rows(value: object) -> Array:
    depth = depth_of(value)
    if depth == 2:
        alone = "a single stroke stands in a list of its own: [[[x, y], ...]]"
        table = table_of(value, "row", f"[dx, dy, lifted] ({alone})", (3,))
        wrong = np.flatnonzero((table[:, 2] != 0) & (table[:, 2] != 1))
        if len(wrong):
            problem = f"lifted must be 0 or 1, but is {table[wrong[0], 2]:g}"
            raise DataError(f"row {wrong[0] + 1}: {problem} ({alone})")
        rows = joined(table[:, :2], table[:, 2])
    elif depth == 3 and holds(value):
        at, lifted = whole(value)
        rows = joined(moves(at, at[0]), lifted)
    else:
        none = ", which holds no strokes" if holds(value) and not len(value) else ""
        raise DataError(
            "expected a list of strokes, [[[x, y], ...], ...], or stroke-3 rows, [[dx, dy, lifted], ...], but got "
            f"{brief(value)}{none}"
        )
    rows[-1, 2] = 1
    return rows[idle(rows) :]


def whole(strokes: Iterable[object]) -> tuple[Array, Array]:
    """The points of all strokes, and 1 at the last point of each."""
    tables = [
        table_of(stroke, f"stroke {s}, point", "[x, y] or [x, y, milliseconds]", (2, 3))
        for s, stroke in enumerate(strokes, 1)
    ]
    at = np.concatenate([table[:, :2] for table in tables])
    lifted = np.zeros(len(at))
    lifted[np.cumsum([len(table) for table in tables]) - 1] = 1
    return at, lifted


def holds(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def depth_of(value: object) -> int:
    """How deep lists are nested, up to 4. A list of empty lists counts as a list of strokes."""
    depth = 0
    while depth < 4 and holds(value):
        depth += 1
        if not len(value):
            return max(depth, 3) if depth > 1 else depth
        value = next((v for v in value if not holds(v) or len(v)), value[0])
    return depth


def as_numbers(value: object) -> Array | None:
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


def table_of(rows: object, label: str, form: str, widths: tuple[int, ...]) -> Array:
    """Rows of finite numbers, all of one width, float64 [n, width]."""
    table = as_numbers(rows)
    if table is not None and table.ndim == 2 and len(table) and table.shape[1] in widths:
        finite = np.isfinite(table).all(1)
        if finite.all():
            return table
        at = int(np.argmin(finite))
        raise DataError(f"{label} {at + 1}: every number must be finite, but it is {table[at].tolist()}")
    if not holds(rows) or not len(rows):
        what = "there is none" if holds(rows) else f"got {brief(rows)}"
        raise DataError(f"{label} 1: expected {form}, but {what}")
    allowed = [(width,) for width in widths]
    shapes = [None if (row := as_numbers(one)) is None else row.shape for one in rows]
    usual = next((shape for shape in shapes if shape in allowed), None)
    at = next(i for i, shape in enumerate(shapes) if shape is None or shape != usual)
    raise DataError(f"{label} {at + 1}: expected {form}, all of one length, but got {brief(rows[at])}")


def moves(at: Array, before: Array) -> Array:
    """From each point to the next, the first from `before`."""
    with np.errstate(over="ignore"):
        return np.diff(at, axis=0, prepend=before[None])


def joined(offsets: Array, lifted: Array) -> Array:
    with np.errstate(over="ignore"):
        rows = np.concatenate([offsets, lifted[:, None]], 1).astype(np.float32)
    finite = np.isfinite(rows).all(1)
    if not finite.all():
        raise DataError(
            f"point {np.argmin(finite) + 1}: it lies too far from the one before; are the units right?"
        )
    return rows


def idle(rows: Array) -> int:
    """How many rows at the beginning neither move the pen nor lift it. The last row is not counted."""
    says = rows.any(1)
    return int(np.argmax(says)) if says.any() else max(0, len(rows) - 1)


# ----------------------------------------------------------------------------------------------------- from files


def _text(path: Path) -> str:
    try:
        there = path.is_file()
        with path.open("rb") if there else BytesIO() as file:
            begin = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise DataError(f"the file cannot be read: {error!s:.200}") from error
    if not there:
        raise DataError("there is no such file; a drawing is a list of strokes, or the path of a file")
    if len(begin) > LARGEST:
        raise DataError(f"the file is larger than {LARGEST >> 20} MiB, too large for one drawing")
    return begin.decode("utf-8-sig", "replace")


def _parsed(text: str) -> object:
    begin = text.lstrip()[:5]
    if begin.startswith("["):
        return _json(text)
    if begin == "START":
        return _omniglot(text)
    if begin.startswith("<"):
        return _svg(text)
    raise DataError("expected JSON of strokes, Omniglot's text (START, x,y,ms, BREAK) or SVG")


def _json(text: str) -> object:
    try:
        strokes: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected strokes as JSON, but {str(error) or 'it ends early':.100}") from error
    return strokes


def _omniglot(text: str) -> list[list[list[float]]]:
    strokes: list[list[list[float]]] = []
    stroke: list[list[float]] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if line == "BREAK":
            strokes.append(stroke)
            stroke = []
        elif line and line != "START":
            numbers = as_numbers(line.split(","))
            if numbers is None or numbers.shape != (3,):
                raise DataError(f"expected x,y,milliseconds or BREAK, but got {brief(line)}", line=number)
            stroke.append([numbers[0], -numbers[1]])  # its y points up
    if stroke:
        raise DataError("the last stroke has no BREAK: the file was cut short")
    return strokes


# None of these looks at a character often, whatever the file.
_COMMENT = re.compile(r"<!--(?:.*?-->|.*)", re.DOTALL)
_ELEMENT = re.compile(
    r"""<(?:\w+:)?(path|polyline|g|svg|line|polygon|circle|ellipse|use)\b((?:[^<>"']|"[^"]*"|'[^']*')*+)>"""
)
_ATTRIBUTE = re.compile(r"""(?<![\w:-])([\w:-]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)')""")
_TOKEN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[^\s,]")
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}
_CHORDS = np.arange(1, 17) / 16  # where a curve becomes a line


def _svg(text: str) -> list[list[list[float]]]:
    """The strokes of paths and polylines: every part of a path is one."""
    strokes: list[list[list[float]]] = []
    for kind, rest in _ELEMENT.findall(_COMMENT.sub("", text)):
        attributes = {name: a or b for name, a, b in _ATTRIBUTE.findall(rest)}
        if kind in ("line", "polygon", "circle", "ellipse", "use"):
            raise DataError(f"a <{kind}> is not read: make a path of it first")
        if "transform" in attributes or "transform" in attributes.get("style", ""):
            raise DataError(f"a <{kind}> has a transform, which is not followed: apply it first")
        if kind == "polyline":
            strokes += _path("M" + attributes.get("points", ""))
        elif kind == "path":
            strokes += _path(attributes.get("d", ""))
    if not strokes:
        raise DataError("it holds no strokes: an SVG is read by its paths and polylines")
    return strokes


def _path(text: str) -> list[list[list[float]]]:
    tokens = _TOKEN.findall(text)
    strokes: list[list[complex]] = []
    command, was, at, start, control, i = "", "-", 0j, 0j, 0j, 0
    while i < len(tokens):
        if tokens[i].isalpha():
            command, i = tokens[i], i + 1
        kind = command.upper()
        numbers = as_numbers(tokens[i : i + _TAKES.get(kind, 0)])
        known = kind in _TAKES and (strokes or kind == "M")
        if not known or numbers is None or len(numbers) != _TAKES[kind] or not np.isfinite(numbers).all():
            raise DataError(f"a path must be of {' '.join(_TAKES)} and their numbers, but has {brief(text)}")
        i += len(numbers)
        base = at if command.islower() else 0j
        if kind == "H":
            points = [complex(base.real + numbers[0], at.imag)]
        elif kind == "V":
            points = [complex(at.real, base.imag + numbers[0])]
        else:
            points = [base + complex(x, y) for x, y in numbers.reshape(-1, 2)] or [start]
        if kind == "M":
            strokes.append([])
            start, command = points[0], "l" if command == "m" else "L"  # more points are lines
        elif kind in "ST":
            points.insert(0, 2 * at - control if was in ("CS" if kind == "S" else "QT") else at)
        curved = kind in "CSQT"
        strokes[-1] += _curve([at, *points]) if curved else points
        control, at, was = points[-2] if curved else at, points[-1], kind
        if kind == "Z":
            command = ""  # numbers may not follow
    return [[[p.real, p.imag] for p in stroke] for stroke in strokes if len(stroke) > 1]


def _curve(controls: list[complex]) -> list[complex]:
    """Points along a Bezier curve, without its first point."""
    parts: list[Array] = [np.full(len(_CHORDS), p) for p in controls]
    with np.errstate(all="ignore"):  # what is too large is said later
        while len(parts) > 1:
            parts = [a + (b - a) * _CHORDS for a, b in pairwise(parts)]
    curve: list[complex] = parts[0].tolist()
    return curve
