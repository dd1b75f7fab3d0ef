"""Programs and sessions in numpy: for machines without the extension, and for cells that have no kernel.

`Program` and `Session` have the arguments of those in `_native`, and the same results within rounding. Weights and
their inputs are rounded to the same bfloat16 and int8 numbers.

A row of a batch is computed by the same calls whoever is beside it, and a step by the same calls however the sequence
is cut. With float32 and bfloat16 weights that is one product of a vector and a matrix for each row; with int8 weights
it is sums of integers, which are exact. So stepping equals unrolling and a batch equals its rows, to the bit, as long
as the BLAS of numpy gives the same bits for the same call in the same process.
"""

import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from hitherto.arrays import Array
from hitherto.cells import cell_of_kernel
from hitherto.errors import UsageError
from hitherto.plan import NARROWEST
from hitherto.plan.branches import gram_row
from hitherto.runtime.branches import Bag, Join, Summary
from hitherto.runtime.segments import Segments
from hitherto.runtime.stage import Fields, Memory, OwnCell, Part, Stage, Weights

__all__ = ["STAGES", "Fields", "OwnCell", "Part", "Program", "Session", "Stage", "Weights", "log_totals"]

_TOKENS = 1024  # of all rows at a time, where a sequence may be cut
_ROWS = 256  # at a time


def _parts(T: int, count: int, lengths: Array | None, steps: int) -> Iterator[tuple[int, Part]]:
    """All steps of `count` rows, so many at a time: the first of them and the part. Lengths fall; None: all are T."""
    longest = T if lengths is None else int(lengths[0])
    for done in range(0, longest, steps):
        now = min(steps, longest - done)
        if lengths is None:
            yield done, Part(now, np.full(count, now), [count] * now, True)
        else:
            left = np.clip(lengths - done, 0, now)
            active = np.count_nonzero(left > np.arange(now)[:, None], axis=1).tolist()
            yield done, Part(now, left, active, False)


class Embed(Stage):
    reads_ids = True

    def prepare(self, weights: Sequence[Weights]) -> None:
        self.table = weights[0]["weight_ih"]

    def __call__(self, x: Array, _part: Part, /) -> Array:
        assert self.table is not None  # noqa: S101
        return self.table[x]


class Spell(Stage):
    """A word's number, shape and letters: embeddings, and the maximum of a convolution over the letters."""

    def prepare(self, weights: Sequence[Weights]) -> None:
        (held,) = weights
        self.tables = [held[name] for name in ("weight_ih", "bias_hh", "weight_hh", "bias_ih")]

    def __call__(self, x: Array, _part: Part, /) -> Array:
        n, (words, shapes, table, bias) = self.n, self.tables
        assert words is not None  # noqa: S101
        assert table is not None  # noqa: S101
        assert shapes is not None  # noqa: S101
        sizes = [n["P"], n["height"], *[n["channels"]] * (self.I - 2)]
        whole = np.clip(np.nan_to_num(x, nan=0.0), 0, np.array(sizes, np.float32) - 1).astype(np.int64)
        codes = whole[..., 2:]
        kernel, half = n["kernel"], n["kernel"] // 2
        around = np.pad(codes, [(0, 0)] * (x.ndim - 1) + [(half, half)])
        y = np.broadcast_to(np.asarray(bias), (*codes.shape, n["H"]))  # [.., L, F]
        for k in range(kernel):
            part = around[..., k : k + codes.shape[-1]]
            y = y + np.where((part > 0)[..., None], table[k, part], np.float32(0))
        y = np.where((codes > 0)[..., None], y, np.float32(-np.inf)).max(-2)
        y = np.where((codes > 0).any(-1, keepdims=True), y, np.float32(0))
        return np.concatenate([words[whole[..., 0]], shapes[whole[..., 1]], y], -1)


class Subwords(Stage):
    """A word's number and the n-grams of its letters, whose embeddings have a mean; and its shape."""

    def prepare(self, weights: Sequence[Weights]) -> None:
        (held,) = weights
        self.tables = [held[name] for name in ("weight_ih", "bias_hh")]

    def __call__(self, x: Array, _part: Part, /) -> Array:
        n, (table, shapes) = self.n, self.tables
        assert table is not None  # noqa: S101
        assert shapes is not None  # noqa: S101
        sizes = [n["P"], n["height"], *[n["channels"]] * (self.I - 2)]
        whole = np.clip(np.nan_to_num(x, nan=0.0), 0, np.array(sizes, np.float32) - 1).astype(np.int64)
        codes = whole[..., 2:]
        total = table[whole[..., 0]]
        count = np.ones((*total.shape[:-1], 1), np.float32)
        for length in range(n["kernel"], min(n["stride"], codes.shape[-1]) + 1):
            for at in range(codes.shape[-1] - length + 1):
                parts = [codes[..., at + k] for k in range(length)]
                there = np.all([part > 0 for part in parts], 0)[..., None]
                row = gram_row(parts, n["P"], n["buckets"])
                total = total + np.where(there, table[row], np.float32(0))
                count = count + there
        return np.concatenate([total / count, shapes[whole[..., 1]]], -1)


class Recurrent(Stage):
    stateful = True

    def prepare(self, weights: Sequence[Weights]) -> None:
        n, cell = self.n, self.n["cell"]
        if not isinstance(cell, OwnCell):
            row, options = cell_of_kernel(cell)
            named = [{k: w for k, w in direction.items() if w is not None} for direction in weights]
            states = [(n["h"], n["P"]), (n["c"], n["H"])][: len(row.states)]
            cell = OwnCell(row, options, named, states)
            even = n["P"] == n["H"] and options.get("nonlinearity") != "relu"
            bounded = {"weight_ih": bool(n["bounded"]), "weight_hh": even, "weight_hr": True}
        else:
            bounded = {}  # nothing is known of its factors
        self.row, self.options, self.states = cell.row, dict(cell.options), cell.states
        self.params = [
            {k: self.weight(w, bounded.get(k, False)) if w.ndim == 2 else w for k, w in params.items()}
            for params in cell.params
        ]

    def __call__(self, x: Array, part: Part, /) -> Array:
        T, B = x.shape[:2]
        width = self.O // self.D
        y = np.zeros((T, B, self.O), np.float32)
        for d, params in enumerate(self.params):
            project = self.row.project
            gates = None if project is None else project(np, params, x, **self.options)
            columns = slice(d * width, (d + 1) * width)
            places = [(first + d * w, first + (d + 1) * w) for first, w in self.states]
            for t in range(T):
                n = part.active[t]
                if not n:
                    break
                at: tuple[int | Array, slice | Array] = (
                    (t, slice(n)) if d == 0 else (part.lengths[:n] - 1 - t, np.arange(n))
                )
                state = tuple(part.state[:n, first:last] for first, last in places)
                more = {} if gates is None else {"gates": gates[at]}
                after = self.row.step(np, params, x[at], state, **self.options, **more)
                for (first, last), value in zip(places, after, strict=True):
                    part.state[:n, first:last] = value
                y[(*at, columns)] = after[0] + x[(*at, columns)] if self.n["residual"] else after[0]
        return y


class Pool(Stage):
    stateful = True

    def __call__(self, x: Array, part: Part, /) -> Array:
        kind, first = self.n["kind"], self.n["h"]
        value = part.state[:, first : first + self.I]
        count = part.state[:, self.n["c"], None]
        for t in range(part.T):
            n = part.active[t]
            if kind == "last":
                value[:n] = x[t, :n]
                continue
            if kind == "mean":
                value[:n] += x[t, :n]
            else:
                value[:n] = np.where(count[:n] > 0, np.maximum(x[t, :n], value[:n]), x[t, :n])
            count[:n] += 1
        if kind == "last" and self.D == 2 and part.T:  # the reverse direction ends at the first step
            n, half = part.active[0], self.I // 2
            value[:n, half:] = x[0, :n, half:]
        return x

    def answer(self, state: Array) -> Array:
        """The pooled values if the sequences end now, [B, O]."""
        value: Array = state[:, self.n["h"] : self.n["h"] + self.I].copy()
        return value / np.maximum(state[:, self.n["c"], None], 1) if self.n["kind"] == "mean" else value


class Linear(Stage):
    def prepare(self, weights: Sequence[Weights]) -> None:
        self.apply = self.affine(weights[0])

    def __call__(self, x: Array, _part: Part, /) -> Array:
        return self.apply(x)


class Attend(Stage):
    """Attention: a softmax over the places of a memory; the weighted mean of the memory joins the input."""

    attends = True

    def prepare(self, weights: Sequence[Weights]) -> None:
        self.score: Array | None = None
        if self.n["kind"] == "additive":  # the query is made of a state
            self.query, self.score = self.weight(weights[0]["weight_ih"], False), weights[0]["weight_hh"]
            self.stateful = self.stepwise = True

    def __call__(self, x: Array, part: Part, /) -> Array:
        T, B = x.shape[:2]
        if self.score is not None:
            first = self.n["h"]
            queries = (part.state[:, first : first + self.n["P"]] @ self.query.T)[None]  # T is 1
        else:
            queries = x
        context = np.zeros((T, B, self.O - self.I), np.float32)
        memory = part.memory
        assert memory is not None  # noqa: S101 - Program.run has one where a stage attends
        assert memory.keys is not None  # noqa: S101
        for r in np.unique(memory.of):
            rows, n = np.flatnonzero(memory.of == r), int(memory.places[r])
            if n == 0:
                continue
            keys, asked = memory.keys[r, :n], queries[:, rows].reshape(-1, 1, queries.shape[-1])
            if self.score is None:
                scores = np.matmul(asked, keys.T)[:, 0]  # [tokens, n]
            else:
                scores = np.matmul(np.tanh(keys + asked), self.score)
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            shares /= shares.sum(-1, keepdims=True)
            seen = np.matmul(shares[:, None], memory.values[r, :n])  # [tokens, 1, M]
            context[:, rows] = seen.reshape(T, len(rows), -1)
            if part.attention is not None:
                part.attention[:, rows, :n] = shares.reshape(T, len(rows), n)
        return np.concatenate([x, context], -1)


class Recall(Stage):
    stateful = True

    def __call__(self, x: Array, part: Part, /) -> Array:
        value = part.state[:, self.n["h"] : self.n["h"] + self.O - self.I]
        return np.concatenate([x, np.broadcast_to(value, (*x.shape[:2], value.shape[-1]))], -1)


class Keep(Stage):
    stateful = stepwise = True

    def __call__(self, x: Array, part: Part, /) -> Array:
        first, P = self.n["h"], self.n["P"]
        for t in range(part.T):
            n = part.active[t]
            part.state[:n, first : first + P] = x[t, :n, self.O - P :]
        return x


class Conv(Stage):
    """A step is an image [height, width, channels]; one product for the patches of all places."""

    def prepare(self, weights: Sequence[Weights]) -> None:
        self.apply = self.affine(weights[0])

    def __call__(self, x: Array, _part: Part, /) -> Array:
        n = self.n
        k, step, edge = n["kernel"], n["stride"], n["kernel"] // 2
        sizes = n["height"], n["width"]
        padded = [(edge, max(0, (size - 1) // step * step + k - edge - size)) for size in sizes]
        flat, rows = x.reshape(-1, *sizes, n["channels"]), []
        across = -(-n["width"] // step)
        line = across * k * k * n["channels"]  # numbers of the patches of a line of places
        lines = max(1, (1 << 20) // line)
        some = max(1, lines * across * n["H"] // self.O)
        for first in range(0, len(flat), some):
            images = np.pad(flat[first : first + some], [(0, 0), *padded, (0, 0)])
            seen = np.lib.stride_tricks.sliding_window_view(images, (k, k), (1, 2))[:, ::step, ::step]
            parts = []
            for top in range(0, seen.shape[1], lines):
                patches = seen[:, top : top + lines].transpose(0, 1, 2, 4, 5, 3)
                parts.append(self.apply(patches.reshape(len(images), -1, k * k * n["channels"])))
            rows.append(np.concatenate(parts, 1).reshape(len(images), self.O))
        return np.concatenate(rows or [flat.reshape(0, self.O)]).reshape(*x.shape[:2], self.O)


class Window(Stage):
    """Gaussian components that only move forward over the places of a memory; what lies under them joins the input."""

    stateful = attends = True

    def prepare(self, weights: Sequence[Weights]) -> None:
        self.apply = self.affine(weights[0])

    def __call__(self, x: Array, part: Part, /) -> Array:
        T, B = x.shape[:2]
        P, first = self.n["P"], self.n["h"]
        moves = 1 / (1 + np.exp(-self.apply(x)))  # height, narrowness and move of each component
        context = np.zeros((T, B, self.O - self.I), np.float32)
        memory = part.memory
        assert memory is not None  # noqa: S101 - Program.run has one where a stage attends
        for j, r in enumerate(memory.of.tolist()):
            n, stand = int(memory.places[r]), part.state[j, first : first + P]
            places = np.arange(n, dtype=np.float32)[:, None]
            for t in range(int(part.lengths[j])):
                height, narrow, move = moves[t, j].reshape(3, P)
                stand += move
                weights = (height * np.exp(-NARROWEST * narrow * (stand - places) ** 2)).sum(-1)  # [n]
                context[t, j] = weights @ memory.values[r, :n]
                if part.attention is not None:
                    part.attention[t, j, :n] = weights
        return np.concatenate([x, context], -1)


class Peaks(Stage):
    """The maximum of each channel of an image, and its soft-argmax position."""

    def __call__(self, x: Array, _part: Part, /) -> Array:
        height, width = self.n["height"], self.n["width"]
        v = np.ascontiguousarray(
            np.swapaxes(x.reshape(*x.shape[:2], height * width, -1), -1, -2)
        )  # [.., C, places]
        top = v.max(-1, keepdims=True)
        e = np.exp(v - top)
        down, across = (
            ((2 * np.arange(size, dtype=np.float32) + 1) / np.float32(size) - 1) for size in (height, width)
        )
        total = e.sum(-1)
        middle = [(e * at).sum(-1) / total for at in (np.tile(across, height), np.repeat(down, width))]
        return np.concatenate([top[..., 0], *middle], -1)


# A row for each stage of `OPS`. One that the extension does not have runs here always.
STAGES: dict[str, type[Stage]] = {
    "embed": Embed,
    "spell": Spell,
    "subwords": Subwords,
    "recurrent": Recurrent,
    "pool": Pool,
    "linear": Linear,
    "attend": Attend,
    "recall": Recall,
    "keep": Keep,
    "conv": Conv,
    "window": Window,
    "peaks": Peaks,
    "segments": Segments,
    "bag": Bag,
    "summary": Summary,
    "join": Join,
}


# ----------------------------------------------------------------------------------------------------- programs


class Program:
    """Stages with their weights. `Chain` and numpy check the arrays."""

    def __init__(self, precision: str, size: int, *rows: Fields) -> None:
        self.size = size
        self.stages = [STAGES[row["op"]](row, precision) for row in rows]
        self.pool = next((i for i, stage in enumerate(self.stages) if isinstance(stage, Pool)), -1)
        self.whole = any(stage.D == 2 and isinstance(stage, Recurrent | Pool) for stage in self.stages)

    @property
    def bytes(self) -> int:
        return sum(stage.bytes for stage in self.stages)

    def run(
        self, x: Array, states: Array | None, y: Array | None, lengths: Array | None, slots: Array | None, begin: int,
        end: int, _threads: int, keys: Array | None, values: Array | None, memory_lengths: Array | None,
        memory_of: Array | None, attention: Array | None, /,
    ) -> None:  # fmt: skip
        """As `_native.Program.run`; one thread, and whatever threads the BLAS of numpy has."""
        T, B = x.shape[:2]
        stages = self.stages[begin:end]
        pooled = begin <= self.pool < end
        read, after = (
            (stages[: self.pool + 1 - begin], stages[self.pool + 1 - begin :]) if pooled else (stages, [])
        )
        if states is not None and not any(stage.stateful for stage in stages):
            states = None
        alike = lengths is None or bool((lengths == T).all())
        order = None if lengths is None or alike else np.argsort(-lengths, kind="stable")
        of = np.arange(B) if memory_of is None else memory_of
        for written in (attention, None if alike else y):
            if written is not None:
                written[...] = 0  # where nothing will be written
        steps, many = self._at_a_time(stages, T, B)
        with np.errstate(all="ignore"):
            for first in range(0, B, many):
                rows: slice | Array = slice(first, min(B, first + many))
                rows = rows if order is None else order[rows]
                slot = rows if slots is None else slots[rows]
                count = min(B - first, many)
                state = np.empty((count, 0), np.float32) if states is None else states[slot]
                for done, part in _parts(
                    T, count, None if order is None or lengths is None else lengths[rows], steps
                ):
                    part.state = state
                    if values is not None and memory_lengths is not None:
                        part.memory = Memory(of[rows], keys, values, memory_lengths)
                    now = slice(done, done + part.T)
                    if attention is not None:
                        part.attention = np.zeros((part.T, count, attention.shape[2]), np.float32)
                    numbers = x[now, rows]
                    for stage in read:
                        numbers = stage(numbers, part)
                    if attention is not None and part.attention is not None:
                        attention[now, rows] = part.of_steps(part.attention)
                    if y is not None and not pooled:
                        y[now, rows] = part.of_steps(numbers)
                if states is not None and not (order is None and slots is None):
                    states[slot] = state  # which was a copy
                if pooled and y is not None:
                    y[rows] = self._answer(state, after)

    def _at_a_time(self, stages: Sequence[Stage], T: int, B: int) -> tuple[int, int]:
        """How many steps, and how many rows: results do not depend on it."""
        if any(stage.stepwise for stage in stages):
            return 1, max(1, min(B, _ROWS))
        if not self.whole:
            many = max(1, min(B, _ROWS))
            return max(1, _TOKENS // many), many
        widest = max(max(stage.I, stage.O, 4 * int(stage.n["H"])) for stage in stages)
        return max(1, T), max(1, min(B, _ROWS, (1 << 22) // max(1, T * widest)))

    def _answer(self, state: Array, after: Sequence[Stage]) -> Array:
        """The output of the stages after the pool for its states, [B, O]."""
        pool = self.stages[self.pool]
        assert isinstance(pool, Pool)  # noqa: S101
        y = pool.answer(state)[None]
        (_, part), *_ = _parts(1, len(state), None, 1)
        part.state = state
        for stage in after:
            y = stage(y, part)
        return np.asarray(y[0])


class Session:
    """One row of states and the steps it takes, as `_native.Session`."""

    def __init__(self, program: Program, state: Array) -> None:
        if any(stage.attends for stage in program.stages):
            raise ValueError("this program attends to a source, and a session has none: run the program")
        self.program, self.state = program, state.reshape(1, -1)
        first = program.stages[0]
        self.ids, self.I, self.O = first.reads_ids, first.I, program.stages[-1].O
        self.busy = threading.Lock()

    def push(self, x: object, /, *, out: Array | None = None) -> Array | None:
        """Take one step or several: the model's output after each."""
        if not self.busy.acquire(blocking=False):
            raise UsageError(
                "this session is in use: it takes steps for one thread at a time; fork() gives each thread its own"
            )
        try:
            steps, many = self._inputs(x)
            if self.program.pool >= 0:  # nothing is final before the end
                if out is not None:
                    raise UsageError("this model answers at its end: push gives nothing to write; peek does")
                self._run(steps, None, self.program.pool + 1)
                return None
            T = len(steps)
            if out is None:
                out = np.empty((T, self.O) if many else self.O, np.float32)
            sound = isinstance(out, np.ndarray) and out.dtype == np.float32 and out.flags.carray
            if not sound or out.size != T * self.O:
                raise UsageError(
                    f"out must be a contiguous float32 array of {T * self.O} numbers that can be written to"
                )
            self._run(steps, out.reshape(T, 1, self.O), len(self.program.stages))
            return out
        finally:
            self.busy.release()

    def time(self, x: object, n: int, /) -> float:
        """The seconds that n steps of x take, one after the other."""
        steps, _ = self._inputs(x)
        pool = self.program.pool
        y = None if pool >= 0 else np.empty((len(steps), 1, self.O), np.float32)
        start = time.perf_counter()
        for _ in range(n):
            self._run(steps, y, len(self.program.stages) if pool < 0 else pool + 1)
        return time.perf_counter() - start

    def _run(self, steps: Array, y: Array | None, end: int) -> None:
        self.program.run(steps, self.state, y, None, None, 0, end, 1, None, None, None, None, None)

    def _inputs(self, x: object) -> tuple[Array, bool]:
        """The steps in x, [T, 1, I] or [T, 1], and whether x is several steps rather than one."""
        if self.ids and isinstance(x, int):  # which may be larger than any number of an array
            if not 0 <= x < self.I:
                raise UsageError(f"expected an id in 0..{self.I - 1}, got {x}")
            return np.array([[x]]), False
        kind, kinds = ("whole", "iu") if self.ids else ("real", "iufb")
        try:
            array = np.asarray(x)
        except (TypeError, ValueError) as error:
            raise UsageError(f"expected {kind} numbers, got {x!r:.60}") from error
        if array.size and array.dtype.kind not in kinds:
            raise UsageError(f"expected {kind} numbers, got {array.dtype!r}")
        if self.ids:
            if array.ndim > 1:
                raise UsageError("expected an id, or an array of them")
            wrong = (array < 0) | (array >= self.I)
            if wrong.any():
                raise UsageError(f"expected an id in 0..{self.I - 1}, got {array[wrong][0]}")
            return array.astype(np.int64).reshape(-1, 1), array.ndim == 1
        if array.ndim not in (1, 2) or array.shape[-1] != self.I:
            raise UsageError(f"expected {self.I} float32 for a step, or [T, {self.I}] for some")
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(array, np.float32).reshape(-1, 1, self.I), array.ndim == 2


def log_totals(scores: Array) -> Array:
    """The logarithm of the sum of each row's exponentials, [R], in float64."""
    top = scores.max(-1, keepdims=True).astype(np.float64)
    with np.errstate(invalid="ignore"):
        sums = np.exp(scores - top).sum(-1)
    return np.asarray(np.where(np.isinf(top[:, 0]), top[:, 0], top[:, 0] + np.log(sums)))
