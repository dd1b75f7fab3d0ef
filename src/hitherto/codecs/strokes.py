"""Pen strokes: what `classify` and `transcribe` read, and what `handwrite` writes.

A drawing is given as a list of strokes, each a list of points [x, y] or [x, y, milliseconds]; as stroke-3 rows
[dx, dy, lifted]; or as a file: JSON of either, Omniglot's text, or SVG. y points down, as on screens; Omniglot's points
up, and is turned. Times are not used.

Inside it is stroke-3 alone: float32 [T, 3]. The pen begins down, at the origin; a row moves it, drawing, and `lifted`
is 1 where a stroke ends, so that the next row moves it through the air. Where on the page a drawing lies is not kept.

Reading, the codec goes along each stroke in steps of one length, however fast the pen was, and to the next stroke in
one. Writing, rows stand as they are, divided by one deviation. Both lengths are those of the training data, never the
drawing's own: so points that come one by one give the same bits as the whole, and a drawing twice as large has twice
as many steps.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from reprlib import repr as brief

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.bounds import Count, Positive, check_count, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.codecs.hands import CHANGES, LINEAR, changed
from hitherto.errors import DataError, UsageError
from hitherto.media.pens import as_numbers, depth_of, holds, idle, joined, moves, stroke3, table_of, whole
from hitherto.slots import ANY, Slot, Slots, counter

__all__ = ["StrokesCodec", "StrokesStream", "simplified"]

Arrays = dict[str, Array]

USUAL = 64  # steps of a median drawing that is about as wide as high
MOST = 1_000_000  # steps that one piece may become
RUN = 1024  # points that are simplified together: it bounds the time, and what a stream holds back
FEATURES = 7


# ------------------------------------------------------------------------------------------------ what changes rows


def simplified(value: object, epsilon: float) -> Array:
    """Stroke-3 rows of fewer points, after Ramer, Douglas and Peucker.

    No point that is left out lies farther than `epsilon` from the line that stands for it.
    """
    writer = StrokesStream(StrokesCodec(writing=True, simplify=epsilon))
    return writer._released(stroke3(value))


def _staying(at: Array, epsilon: float) -> Array:
    """Which points of a line stay, [n] bool; the first and the last always do."""
    keep = np.zeros(len(at), np.bool_)
    keep[[0, -1]] = True
    parts = [(0, len(at) - 1)]
    while parts:
        begin, end = parts.pop()
        if end - begin < 2:
            continue
        x, y = (at[begin + 1 : end] - at[begin]).T
        along = at[end] - at[begin]
        square = float(along @ along)
        share = np.clip((x * along[0] + y * along[1]) / square, 0, 1) if square else np.zeros(len(x))
        away = (x - share * along[0]) ** 2 + (y - share * along[1]) ** 2
        far = int(np.argmax(away))
        if away[far] > epsilon * epsilon:
            middle = begin + 1 + far
            keep[middle] = True
            parts += [(begin, middle), (middle, end)]
    return keep


# ------------------------------------------------------------------------------------------------------- the codec


class StrokesDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of `StrokesCodec` in a bundle."""

    writing: bool
    step: Positive
    scale: Positive
    reach: Positive
    simplify: Positive | None
    max_length: Count | None


class StrokesCodec(Codec):
    """Drawings to arrays, a row for each step; made by `fit`.

    A step that is read has seven numbers: dx, dy, lifted, the direction's cosine and sine, and where the step ends,
    seen from the first point. One that is written has three: dx, dy, lifted.
    """

    kind = "strokes"
    options = ("spacing", "simplify", "max_length")
    Document = StrokesDocument
    reads_files = True
    streams = True
    augments = True
    changes = tuple(CHANGES)
    restores_values = True

    def __init__(
        self,
        *,
        writing: bool = False,
        step: float = 1.0,
        scale: float = 1.0,
        reach: float = 1.0,
        simplify: float | None = None,
        max_length: int | None = None,
    ) -> None:
        for name, value in (("step", step), ("scale", scale), ("reach", reach), ("simplify", simplify)):
            if (value is not None or name != "simplify") and not _above_zero(value):
                raise UsageError(f"{name} must be a number above 0, but is {value!r:.40}.")
        check_count("max_length", max_length)
        self.writing = writing
        self.step = step  # the length of a step that is read, in the user's units
        self.scale = scale  # what offsets are divided by
        self.reach = reach  # what distances from the first point are divided by
        self.simplify = simplify
        self.max_length = max_length
        self.notes = []

    @property
    def size(self) -> int:
        """How many numbers a step has."""
        return 3 if self.writing else FEATURES

    @classmethod
    def matches(cls, value: object) -> bool:
        """A list of lists of points."""
        stroke = value[0] if isinstance(value, list | tuple) and value else None
        point = stroke[0] if isinstance(stroke, list | tuple) and stroke else None
        return isinstance(point, list | tuple)

    @classmethod
    def fit(
        cls,
        values: Iterable[object],
        *,
        writing: bool = False,
        spacing: float | None = None,
        simplify: float | None = None,
        max_length: int | None = None,
    ) -> "StrokesCodec":
        """Learn the lengths from training data.

        spacing: the length of a step, as a part of a median drawing's size: the longer side of its box. simplify: how
        far from its line a point may lie to be left out, in the data's units. max_length: steps beyond are cut off.
        """
        if spacing is not None and not _above_zero(spacing):
            raise UsageError(f"spacing must be a number above 0, but is {spacing!r:.40}.")
        if (spacing if writing else simplify) is not None:
            raise UsageError("spacing is for drawings that are read, simplify for those that are written.")
        drawings = []
        for i, value in enumerate(values, 1):
            try:
                drawings.append(stroke3(value))
            except DataError as error:
                raise DataError(f"drawing {i}: {error}") from error
        if not drawings:
            raise DataError("there are no drawings to learn from")
        codec = cls(writing=writing, simplify=simplify, max_length=max_length)
        if writing:
            encoded = [codec.encode(rows) for rows in drawings]
            codec.scale = _spread(np.concatenate(encoded)[:, :2])
            many = np.median([len(rows) for rows in encoded])
            codec.notes.append(f"a median drawing has {many:.0f} steps; --simplify makes them fewer")
        else:
            codec._measure(drawings, spacing)
        return codec

    def _measure(self, drawings: Sequence[Array], spacing: float | None) -> None:
        """Choose the step, and find what its steps are divided by."""
        spans, lengths, counts = [], [], []
        for rows in drawings:
            at = np.concatenate([np.zeros((1, 2)), np.cumsum(rows[:, :2], 0, np.float64)])
            spans.append(at.max(0) - at.min(0))
            ends = np.flatnonzero(rows[:, 2])
            drawn = np.hypot(*rows[:, :2].astype(np.float64).T)
            drawn[ends[:-1] + 1] = 0
            lengths.append(np.add.reduceat(drawn, np.r_[0, ends[:-1] + 1]))
            counts.append(len(ends))
        size = float(np.median(np.max(spans, 1))) or float(np.max(spans)) or 1.0
        strokes, first = np.concatenate(lengths), np.r_[0, np.cumsum(counts)[:-1]]

        def steps(step: float) -> float:
            return float(np.median(np.add.reduceat(np.maximum(np.ceil(strokes / step - 0.5), 0) + 1, first)))

        if spacing is None:
            long, short = np.median(np.max(spans, 1)), np.median(np.min(spans, 1))
            lines = min(max(1.0, 0.5 * long / short if short else 1.0), 32.0)  # a line of text is wide
            wanted = max(USUAL * lines, 8 * float(np.median(counts)))
            spacing, too_large = 0.001, 0.125
            for _ in range(20):
                middle = math.sqrt(spacing * too_large)
                spacing, too_large = (
                    (middle, too_large) if steps(middle * size) > wanted else (spacing, middle)
                )
            spacing = float(f"{too_large:.2g}")
        self.step = spacing * size
        self.notes.append(
            f"a step is {spacing:.2g} of a median drawing's size, which makes {steps(self.step):.0f} steps of it; "
            "--spacing says otherwise"
        )
        placed = []
        for i, rows in enumerate(drawings, 1):
            try:
                placed.append(StrokesStream(self)._placed(rows)[0])
            except DataError as error:
                raise DataError(f"drawing {i}: {error}") from error
        self.scale = _spread(np.concatenate([moves(places, np.zeros(2)) for places in placed]))
        self.reach = _spread(np.concatenate(placed))

    # ---- arrays

    def example(self) -> list[list[list[float]]]:
        return [[[0.0, 0.0], [1.0, 2.0], [2.0, 0.0]], [[0.5, 1.0], [1.5, 1.0]]]

    def encode(self, value: object) -> Array:
        """A row for each step, float32 [T, size]."""
        return StrokesStream(self)._advance(stroke3(value))

    def decode(self, array: object) -> list[list[float]]:
        """Stroke-3 rows in the user's units: lifted is 1 from a half on, and after the last row."""
        array = as_numbers(array)
        if array is None or array.ndim != 2 or array.shape[1] != self.size or not np.isfinite(array).all():
            raise DataError(f"expected finite numbers [T, {self.size}], but got {brief(array)}")
        moved = np.round(array[:, :2] * self.scale, self._digits)
        rows = [[x, y, int(up)] for (x, y), up in zip(moved.tolist(), array[:, 2] >= 0.5, strict=True)]
        if rows:
            rows[-1][2] = 1
        return rows

    @property
    def _digits(self) -> int:
        """How many places after the point float32 holds of offsets up to a hundred deviations."""
        return min(max(0, math.floor(-math.log10(4e-5 * self.scale))), 15)

    def restores(self, value: object) -> bool:
        """Whether decode(encode(value)) gives `value` back."""
        if not self.writing or self.simplify or not isinstance(value, list):
            return False
        if any(not isinstance(row, list) or len(row) != 3 for row in value):
            return False
        table = as_numbers(value)
        if table is None or table.ndim != 2 or not len(table) or len(table) > (self.max_length or math.inf):
            return False
        offsets, lifted = table[:, :2], table[:, 2]
        held = bool((np.abs(offsets) * 2e-7 < 0.5 * 10.0**-self._digits).all())
        exact = np.array_equal(offsets, np.round(offsets, self._digits))
        return held and exact and bool(np.isin(lifted, (0, 1)).all() and lifted[-1] == 1 and table[0].any())

    def raw(self, value: object) -> Array:
        """What `augmented` changes: stroke-3 rows."""
        return stroke3(value)

    def unchanged(self, raw: Array) -> Array:
        """What `encode` gives, from what `raw` gave."""
        return self.encode(raw)

    def augmented(
        self, raw: Array, rng: np.random.Generator, amount: float, only: Iterable[str] = ()
    ) -> Array:
        """What `raw` gave after `CHANGES`, and encoded. Drawings to write keep their strokes as they follow."""
        if not len(raw):
            return self.encode(raw)
        only = tuple(only) or (LINEAR if self.writing else ())
        ends = np.flatnonzero(raw[:-1, 2]) + 1
        strokes = changed(np.split(np.cumsum(raw[:, :2], 0, np.float64), ends), rng, amount, only)
        at, lifted = np.concatenate(strokes), np.zeros(len(raw))
        lifted[np.cumsum([len(stroke) for stroke in strokes]) - 1] = 1
        lifted[-1] = raw[-1, 2]
        return self.encode(joined(moves(at, at[0] - raw[0, :2]), lifted))

    def stream(self) -> "StrokesStream":
        return StrokesStream(self)

    # ---- keeping

    def to_json(self) -> dict[str, object]:
        return {
            "writing": self.writing, "step": self.step, "scale": self.scale, "reach": self.reach,
            "simplify": self.simplify, "max_length": self.max_length,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "StrokesCodec":  # noqa: ARG003
        return cls(**fields_of(document, StrokesDocument))


class StrokesStream:
    """Encodes points as they come. `state` holds all that it remembers, and does not grow."""

    def __init__(self, codec: StrokesCodec) -> None:
        self.codec = codec
        self.state: Arrays = {
            "pen": np.full(2, np.nan),  # the point pushed last
            "steps": np.zeros(1, np.int64),  # how many there were
        }
        if codec.writing:
            self.state |= {
                "held": np.zeros((0, 3), np.float32),  # the row, or the run of rows, that is not final
                "inside": np.ones(1, np.bool_),  # whether it goes on with a stroke
            }
        else:
            self.state |= {
                "at": np.zeros(2), "last": np.zeros(2),  # where the pen is, and where the last step ended
                "drawn": np.zeros(1), "begin": np.zeros(1),  # the length of all lines, and before the stroke
                "next": np.ones(1, np.int64),  # steps of the stroke that have a place; 0 where the pen is lifted
                "place": np.zeros(2),  # of the last of them: it is a step unless the stroke ends soon
            }  # fmt: skip

    @property
    def slots(self) -> Slots:
        place, length = Slot(np.float64, (2,)), Slot(np.float64, (1,), low=0)
        slots = {"pen": replace(place, missing=True), "steps": counter(1)}
        if self.codec.writing:
            held = Slot(np.float32, (ANY, 3))
            return slots | {"held": held, "inside": Slot(np.bool_, (1,))}
        return slots | {
            "at": place, "last": place, "drawn": length, "begin": length, "next": counter(1), "place": place,
        }  # fmt: skip

    def push(self, points: object) -> Array:
        """The steps that became final by more points: rows [x, y], or [x, y, lifted] where 1 ends the stroke.

        Points are absolute. Whole strokes may come too, in a list of them.
        """
        depth = depth_of(points)
        if depth == 3 and holds(points):
            at, lifted = whole(points)
        else:
            points = [points] if depth == 1 and holds(points) and len(points) else points
            if holds(points) and not len(points):
                return self._advance(np.zeros((0, 3), np.float32))
            table = table_of(points, "point", "[x, y] or [x, y, lifted]", (2, 3))
            at, lifted = table[:, :2], table[:, 2] if table.shape[1] == 3 else np.zeros(len(table))
            if not np.isin(lifted, (0, 1)).all():
                raise DataError(f"lifted must be 0 or 1, but is {lifted[~np.isin(lifted, (0, 1))][0]:g}")
        pen = self.state["pen"]
        steps = self._advance(joined(moves(at, at[0] if np.isnan(pen[0]) else pen), lifted))
        self.state["pen"] = at[-1].copy()
        return steps

    def finish(self) -> Array:
        """The end of the last stroke, where the pen was not lifted."""
        state = self.state
        if self.codec.writing:
            state["held"] = state["held"].copy()
            state["held"][-1:, 2] = 1
            return self._advance(np.zeros((0, 3), np.float32))
        drawing = bool(state["next"][0]) and not np.isnan(state["pen"][0])
        return self._advance(np.array([[0, 0, 1]] if drawing else np.zeros((0, 3)), np.float32))

    def _advance(self, rows: Array) -> Array:
        codec, state = self.codec, self.state
        if codec.writing:
            steps = self._released(rows)
            steps[:, :2] = np.clip(steps[:, :2].astype(np.float64) / codec.scale, -1e6, 1e6)
        else:
            places, lifted = self._placed(rows)
            moved = moves(places, state["last"])
            state["last"] = np.concatenate([state["last"][None], places])[-1]
            length = np.sqrt(moved[:, 0] * moved[:, 0] + moved[:, 1] * moved[:, 1])[:, None]
            way = moved / np.where(length > 0, length, 1)
            parts = [moved / codec.scale, lifted[:, None], way, places / codec.reach]
            steps = np.clip(np.concatenate(parts, 1), -1e6, 1e6).astype(np.float32)
        room = len(steps) if codec.max_length is None else max(0, codec.max_length - int(state["steps"][0]))
        state["steps"] = state["steps"] + len(steps)
        return steps[:room]

    # ---- writing

    def _released(self, rows: Array) -> Array:
        """The rows that are final: simplified, where the codec says so, in runs that do not depend on the pieces."""
        state, epsilon = self.state, self.codec.simplify
        held = np.concatenate([state["held"], rows])
        if not state["steps"][0]:
            held = held[idle(held) :]
        ends = (np.flatnonzero(held[:, 2]) + 1).tolist()
        if epsilon is None:
            begin = len(held) - 1 if len(held) and ends[-1:] != [len(held)] else len(held)
            state["held"] = held[begin:].copy()
            return held[:begin].copy()
        inside, begin, parts = bool(state["inside"][0]), 0, [held[:0]]
        for end in [*ends, len(held)]:
            closed = bool(held[end - 1, 2]) if end else False
            while begin < end and (closed or end - begin > RUN):
                stop = min(begin + RUN, end)
                parts.append(_thinned(held[begin:stop], inside, epsilon))
                inside, begin = not (closed and stop == end), stop
        state["held"], state["inside"] = held[begin:].copy(), np.array([inside])
        return np.concatenate(parts)

    # ---- reading

    def _placed(self, rows: Array) -> tuple[Array, Array]:
        """Where the final steps end, float64 [n, 2], and whether the pen is lifted there.

        A stroke of length L has steps at 0, s, 2s .. as far as L - s / 2, and one at its end. The length is a running
        sum, and every step follows from the two points around it: so the pieces change no bit.
        """
        if not len(rows):
            return np.zeros((0, 2)), np.zeros(0, np.bool_)
        state, step = self.state, self.codec.step
        inside, placed = bool(state["next"][0]), int(state["next"][0])
        up = rows[:, 2] > 0
        moved = rows[:, :2].astype(np.float64)
        begins = np.concatenate([[not inside], up[:-1]])
        length = np.where(begins, 0, np.sqrt(moved[:, 0] * moved[:, 0] + moved[:, 1] * moved[:, 1]))
        at = np.cumsum(np.concatenate([state["at"][None], moved]), 0)  # [T + 1, 2], the first from before
        drawn = np.cumsum(np.concatenate([state["drawn"], length]))
        # A stroke each: its first point and its last here, the length when it began, the steps placed before.
        first = np.flatnonzero(np.concatenate([[inside], begins]))
        last = np.flatnonzero(np.concatenate([[False], up[:-1], [True]]))
        begin = drawn[first]
        done = np.zeros(len(first), np.int64)
        if inside:
            begin[0], done[0] = state["begin"][0], placed
        span = (drawn[last] - begin) / step
        many = float((span - done).sum())
        if not many < MOST:
            raise DataError(
                f"the strokes are {many:.3g} steps long, and {MOST:,} are the most at once; are the units those of the "
                "training data?"
            )
        count = np.maximum(span.astype(np.int64) + 2 - done, 0)
        stroke = np.repeat(np.arange(len(first)), count)
        k = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - done, count)
        target = begin[stroke] + k * step
        reached = target <= drawn[last][stroke]
        stroke, k, target = stroke[reached], k[reached], target[reached]
        after = np.where(k == 0, first[stroke], np.searchsorted(drawn, target))
        before = np.maximum(after - 1, 0)
        apart = drawn[after] - drawn[before]
        share = np.where(k == 0, 1, (target - drawn[before]) / np.where(apart > 0, apart, 1))
        places = np.where(
            (k == 0)[:, None], at[after], at[before] + share[:, None] * (at[after] - at[before])
        )
        if inside and placed - 0.5 >= (state["drawn"][0] - begin[0]) / step:  # one had to wait
            places = np.concatenate([state["place"][None], places])
            stroke, k = np.concatenate([[0], stroke]), np.concatenate([[placed - 1], k])
        if up[-1]:
            state["next"] = np.zeros(1, np.int64)
        elif len(k) and stroke[-1] == len(first) - 1:
            state["next"], state["place"] = k[-1:] + 1, places[-1].copy()
        state["begin"], state["at"], state["drawn"] = begin[-1:].copy(), at[-1].copy(), drawn[-1:].copy()
        final = k + 0.5 < span[stroke]
        ended = np.flatnonzero(up[last - 1])
        order = np.lexsort([
            np.concatenate([k[final], np.full(len(ended), np.iinfo(np.int64).max)]),
            np.concatenate([stroke[final], ended]),
        ])  # fmt: skip
        lifted = np.concatenate([np.zeros(int(final.sum()), np.bool_), np.ones(len(ended), np.bool_)])
        return np.concatenate([places[final], at[last[ended]]])[order], lifted[order]


# ----------------------------------------------------------------------------------------------------------- parts


def _thinned(rows: Array, inside: bool, epsilon: float) -> Array:
    """A run of rows with fewer points; `inside` a stroke, its line begins where the pen was before."""
    at = np.concatenate([np.zeros((1, 2)), np.cumsum(rows[:, :2], 0, np.float64)])
    keep = _staying(at, epsilon)[1:] if inside else _staying(at[1:], epsilon)
    stay = np.flatnonzero(keep)
    return joined(moves(at[stay + 1], at[0]), rows[stay, 2])


def _above_zero(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _spread(values: Array) -> float:
    """The root of the mean square; 1 where all are 0."""
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) or 1.0
