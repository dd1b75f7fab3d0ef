"""A stream with the way that it came: it goes back to any input, forks there, and shows what its layers held.

    trail = Trail(model, take)
    for _ in trail.write(0, "I am going to the "): ...
    for _ in trail.write(8, "not "): ...              # keeps the first 8 inputs, and goes on with these
    trail.layers(0, trail.steps)                      # states and gates of these steps

Answers come from the engine, as in any stream. States, gates and gradients are those of `hitherto.inspect`, of the
steps that somebody looks at and of no others: so a text may be long. While units are silent, answers come from there
too.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.inspect import tape
from hitherto.inspect.inspection import LayerSeen, layer_seen
from hitherto.inspect.trace import Seen, trace
from hitherto.runtime.session import Session
from hitherto.tasks.base import Row, Value
from hitherto.tasks.streams import Stream
from hitherto.trained import Model

__all__ = ["Change", "Trail"]

PART = 512  # inputs between two marks, at first
MARKED = 64 << 20  # bytes of states that are kept to go back to

Change = Mapping[
    str, Array
]  # by the label of a layer: what its output is multiplied by, [width]; 0 silences a unit


class _Noting(Session):
    """A session that notes what it reads; with a `change` it takes its steps as `hitherto.inspect` does."""

    def __init__(self, model: Model) -> None:
        super().__init__(model.engine)
        self.model = model
        self.xs: list[Array] = []  # pieces, [n, I] or [n]
        self.steps = 0
        self.change: Change = {}
        self._plain = self.push
        self.push = self._pushed

    def _pushed(self, x: Array) -> Array | None:
        x = np.asarray(x)
        one = x.ndim == (0 if self.engine.ids is not None else 1)
        many = x[None] if one else x
        y = self._changed(many) if self.change and len(many) else self._plain(many)
        self.xs.append(many)
        self.steps += len(many)
        return y if y is None or not one else y[0]

    def _changed(self, x: Array) -> Array | None:
        if self.engine.pools:
            x = np.concatenate([*self.xs, x])  # a pool begins anew
            seen = trace(self.model.plan, self.model.tensors, {"x": x[:, None]}, change=self.change)
        else:
            begin = {name: view[:, None] for name, view in self.state.items()}
            seen = trace(self.model.plan, self.model.tensors, {"x": x[:, None]}, None, self.change, begin)
        for name, view in self.state.items():
            if name in seen.end:
                view[:] = seen.end[name].value[:, 0]
        return None if self.engine.pools else seen.params.value[:, 0]

    def cut(self, steps: int) -> None:
        """Forget what was read after so many steps."""
        while self.steps > steps:
            last = self.xs.pop()
            self.steps -= len(last)
            if self.steps < steps:
                self.xs.append(last[: steps - self.steps])
                self.steps = steps

    def between(self, first: int, last: int) -> Array:
        """What these steps read."""
        parts, at = [self._nothing()], 0
        for x in self.xs:
            parts.append(x[max(0, first - at) : max(0, last - at)])
            at += len(x)
        return np.concatenate(parts)

    def _nothing(self) -> Array:
        return (
            np.zeros(0, np.int64)
            if self.engine.ids is not None
            else np.zeros((0, self.engine.input_size), np.float32)
        )


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place to go back to."""

    inputs: int
    rows: int
    steps: int
    state: dict[str, Array]


class Trail:
    """The inputs of a stream, its answers, and the states on the way."""

    def __init__(self, model: Model, take: Callable[[Stream, Value], list[Row]]) -> None:
        """`take` pushes a part of the inputs, a slice of what `write` is given."""
        self.model, self.take = model, take
        self.stream = model.stream()
        self.core = _Noting(model)
        self.stream.core = self.core
        self.stream.reset()
        self.inputs: Value = None  # a text or a list
        self.rows: list[Row] = []
        self.part = PART
        self.marks = [self._mark(0)]

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return self.core.steps

    @property
    def taken(self) -> int:
        """How many inputs were taken."""
        return len(self.inputs) if self.inputs is not None else 0

    def write(self, keep: int, more: Sequence[Value]) -> Generator[int, None, None]:
        """Keep the first `keep` inputs and go on with `more`: gives how many rows stayed, at first and after a part."""
        keep = max(self.marks[0].inputs, min(keep, self.taken))
        mark = next(one for one in reversed(self.marks) if one.inputs <= keep)
        before: Value = more[:0] if self.inputs is None else self.inputs
        waiting = before[mark.inputs : keep] + more
        self.marks = [one for one in self.marks if one.inputs <= mark.inputs]
        self.inputs = before[: mark.inputs]
        del self.rows[mark.rows :]
        self.core.cut(mark.steps)
        self.stream.state = mark.state
        yield mark.rows
        for first in range(0, len(waiting), self.part):
            piece = waiting[first : first + self.part]
            self.rows += self.take(self.stream, piece)
            self.inputs += piece
            if self.taken - self.marks[-1].inputs >= self.part:
                self.marks.append(self._mark(self.taken))
                self._thin()
            yield mark.rows

    def fork(self, change: Change | None = None) -> "Trail":
        """Another trail that has come the same way, whose units are silent from here on as `change` says."""
        other = Trail(self.model, self.take)
        other.inputs, other.rows = self.inputs[:] if self.inputs is not None else None, list(self.rows)
        other.core.xs, other.core.steps, other.part = list(self.core.xs), self.core.steps, self.part
        other.core.change = dict(change if change is not None else self.core.change)
        other.stream.state = _copied(self.stream.state)
        other.marks = list(self.marks) if not other.core.change else [other._mark(self.taken)]
        return other

    def begin(self, change: Change) -> None:
        """Forget all input; units are silent as `change` says."""
        self.core.cut(0)
        self.core.change = dict(change)
        self.stream.reset()
        self.inputs, self.rows = None, []
        self.marks = [self._mark(0)]

    def hold(self, units: Sequence[tuple[str, str, int, float]]) -> Array | None:
        """Take the last step again from a state in which units have other values; what the head reads of it.

        A unit is named by its layer, its state, its number and its value.
        """
        if not self.steps:
            raise UsageError("there is no step yet before which a unit could have another value.")
        state = self._at(self.steps - 1)
        for layer, part, unit, value in units:
            _, name, number = layer.rsplit(".", 2)
            array = state.get(f"{name}.{part}")
            if array is None or not number.isdecimal() or int(number) >= len(array) or unit >= array.shape[1]:
                raise UsageError("a model has no such unit in a state that goes from step to step.")
            array[int(number), unit] = value
        x = self.core.between(self.steps - 1, self.steps)
        self.core.cut(self.steps - 1)
        for name, view in self.core.state.items():
            view[:] = state[name]
        params: Array | None = self.core.push(x)
        return params

    # ---- looking

    def layers(self, first: int, last: int) -> list[LayerSeen]:
        """What each layer held at the steps from `first` to before `last`."""
        return [layer_seen(layer) for layer in self._traced(max(0, first), min(last, self.steps)).layers]

    def rests(self, first: int, of: int | None = None) -> Array:
        """How much of the newest answer is due to each step from `first` on, [n]: the gradient times what was read.

        It is asked about the number `of` of the head's params, or about what the answer says.
        """
        seen = self._traced(max(0, first), self.steps)
        params = seen.params.value if self.model.engine.pools else seen.params.value[-1]  # [1, P]
        head = self.model.plan["head"]
        if of is None:
            weights = np.asarray(HEADS[head["kind"]].stands(params, **head["options"]), np.float32)
        else:
            weights = (np.arange(params.shape[1]) == of).astype(np.float32)[None]
        vector, _ = seen.asked(weights)
        seed = np.zeros(seen.features.shape, np.float32)
        seed[... if self.model.engine.pools else -1] = vector
        tape.backward(seen.features, seed)
        return seen.products("x")[:, 0]

    def _traced(self, first: int, last: int) -> Seen:
        begin = {name: view[:, None] for name, view in self._at(first).items()}
        x = self.core.between(first, last)
        return trace(self.model.plan, self.model.tensors, {"x": x[:, None]}, None, self.core.change, begin)

    def _at(self, step: int) -> dict[str, Array]:
        """The states of the plan after so many steps."""
        mark = next((one for one in reversed(self.marks) if one.steps <= step), None)
        fresh = _Noting(self.model)
        begun = 0
        if mark is not None:
            begun = mark.steps
            for name, view in fresh.state.items():
                view[:] = mark.state[name]
        fresh.change = self.core.change
        x = self.core.between(begun, step)
        for start in range(0, len(x), PART):
            fresh.push(x[start : start + PART])
        return fresh.state

    # ---- marks

    def _mark(self, inputs: int) -> _Mark:
        return _Mark(inputs, len(self.rows), self.core.steps, _copied(self.stream.state))

    def _thin(self) -> None:
        """Forget every second mark where they take too much memory."""
        size = sum(array.nbytes for array in self.marks[-1].state.values())
        if len(self.marks) > max(8, MARKED // max(1, size)):
            self.marks, self.part = self.marks[::2], 2 * self.part


def _copied(state: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.array(array) for name, array in state.items()}
