"""An input and a number, or several, in each row of a table: the data of `regress`."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.codecs.number import NumberCodec
from hitherto.data import Table
from hitherto.errors import DataError, UsageError
from hitherto.heads import HEADS
from hitherto.metrics import METRICS
from hitherto.spec import Spec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Batch, Options, Results, Row, Value
from hitherto.tasks.columns import column_name, column_names, untold
from hitherto.tasks.labels.columns import columns
from hitherto.tasks.labels.source import PairExamples, Pairs, Training

__all__ = ["LEVELS", "Amounts"]

LEVELS = (0.1, 0.5, 0.9)  # an answer has the first and the last: of ten true numbers eight lie between
# Names of columns that are guessed to hold what is to be found.
_NUMBERS = ("y", "target", "output", "value", "price", "amount", "score", "rating")


@dataclass
class Amounts(Pairs):
    """An input and numbers in each row: `regress`."""

    def find_columns(self, spec: Spec, table: Table) -> tuple[Spec, list[str]]:
        """Several columns may be output; a guess is a column of numbers."""
        outputs, notes = column_names(table, spec.data.output), list[str]()
        if not outputs:
            order = {column_name(table, name) for name in (spec.data.id, spec.data.group, spec.data.time)}
            taken = {*column_names(table, spec.data.input), *order}
            numbers = [c for c, kind in table.kinds().items() if kind == "number" and c not in taken]
            outputs = [c for c in numbers if c.lower() in _NUMBERS][:1] or numbers[-1:]
            if not outputs:
                raise untold(table, "holds the numbers to learn", "output")
            notes.append(f"the number is taken from column {outputs[0]!r}; --output says otherwise")
        spec, more = columns(spec.replace(output=outputs[0]), table, per_step=False, apart=outputs[1:])
        return spec.replace(output=tuple(outputs)), notes + more

    @property
    def numbers(self) -> NumberCodec:
        return self.codec_of("output", NumberCodec)

    def _fit_output(self, table: Table, training: Training, kept: Codec | None) -> Codec:
        if isinstance(kept, NumberCodec):
            return kept
        try:
            return NumberCodec.fit(_plain(table, y) for _, _, y in training())
        except DataError as error:
            for i, _, y in training():
                self._number(table, i, y, None)
            raise DataError(str(error), path=self.spec.data.path) from error

    def _label(self, table: Table, i: int, label: Value, length: int) -> Array:  # noqa: ARG002
        return self._number(table, i, label, self.numbers)

    def _number(self, table: Table, i: int, value: Value, codec: NumberCodec | None) -> Array:
        """The numbers of a row; an error names its place and its column."""
        names = column_names(None, self.spec.data.output)
        for name, cell in zip(names, value if len(names) > 1 else [value], strict=True):
            try:
                table.marks.number(cell)
                NumberCodec([0.0], [1.0]).encode(_plain(table, cell))
            except (DataError, ValueError) as error:
                raise table.error(i, name, str(error)) from error
        return np.zeros(0) if codec is None else codec.encode(_plain(table, value))

    @property
    def strata(self) -> bool:
        return False

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The kinds of codec that each name allows."""
        return {"input": TASKS[self.spec.task].inputs, "output": (NumberCodec.kind,)}

    def head(self) -> tuple[str, Options]:
        kind = self.spec.model.head or TASKS[self.spec.task].heads[0]
        options: Options = {"horizon": 1, "channels": self.numbers.size}
        if "levels" in HEADS[kind].options:
            options["levels"] = list(self.spec.model.levels)
        if len(column_names(None, self.spec.data.output)) != self.numbers.size:
            raise UsageError("its codec of numbers and its spec differ in how many columns there are.")
        return kind, options

    @property
    def answer_names(self) -> list[str]:
        return []

    @property
    def updates(self) -> int:
        return 2000

    def _targets(self, y: list[Array]) -> Array:
        return np.stack(y).astype(np.float32)[:, None]

    # ---- answers

    def read_off(self, params: Array) -> Array:
        """The mean and the quantiles of `LEVELS`, in the user's units: [N, columns, 4]."""
        kind, options = self.head()
        head, at = HEADS[kind], {"loc": self.numbers.mean, "scale": self.numbers.scale, **options}
        params = params.astype(np.float64)
        parts = [head.mean(params, **at), *(head.quantile(params, level, **at) for level in LEVELS)]
        return np.stack(parts, -1)[:, 0]

    def measure(self, examples: PairExamples, outputs: Iterable[tuple[Batch, Array]]) -> Results:
        return self.scored_numbers(examples, np.stack(self.collect(examples, outputs)))

    def true(self, examples: PairExamples) -> Array:
        """The numbers of the examples in the user's units, [N, columns]."""
        if examples.y is None:
            raise UsageError("an evaluation needs the true numbers")
        return np.stack(examples.y).astype(np.float64) * self.numbers.scale + self.numbers.mean

    def scored_numbers(self, examples: PairExamples, found: Array) -> Results:
        """Metrics of means and quantiles, [N, columns, 4]."""
        arrays: Options = {
            "actual": self.true(examples),
            "mean": found[..., 0],
            "median": found[..., 1 + LEVELS.index(0.5)],
            "quantiles": found[..., 1:],
            "levels": LEVELS,
        }
        rows = [METRICS[name] for name in TASKS[self.spec.task].metrics]
        return Results({row.name: float(row.compute(**arrays)) for row in rows}, arrays)

    def predictions(self, examples: PairExamples, outputs: Iterable[tuple[Batch, Array]]) -> list[Row]:  # type: ignore[override]
        """A row for each example: its number or numbers, and between which eight of ten true ones lie."""
        return [self.answer(found) for found in self.collect(examples, outputs)]

    def answer(self, p: Array, threshold: float | None = None) -> Row:  # noqa: ARG002
        """The row of what was read off the parameters of one example, [columns, 4]."""
        values = {"value": p[:, 0], "q0.1": p[:, 1], "q0.9": p[:, -1]}
        return {name: float(v[0]) if len(v) == 1 else v.tolist() for name, v in values.items()}


def _plain(table: Table, value: Value) -> Value:
    """A number as Python reads it, None where it is missing; or several."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return [_plain(table, cell) for cell in value]
    if table.marks.missing(value):
        return None
    return table.marks.number(value) if table.marks.is_number(value) else value
