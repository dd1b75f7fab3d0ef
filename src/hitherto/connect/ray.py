"""Predictions and metrics of many rows, on the machines of a Ray cluster.

    predict("spam.safetensors", "messages/").write_parquet("answers/")
    evaluate("spam.safetensors", "labelled.parquet")

Each actor opens the bundle once and works on one core. The bundle has to be at the same path on every machine.
"""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hitherto import trained
from hitherto.arrays import Array
from hitherto.data.answers import TABLES
from hitherto.errors import MissingExtra, UsageError
from hitherto.runtime.executor import Batch
from hitherto.tasks.base import Options, Value
from hitherto.tasks.columns import column_name, column_names
from hitherto.tasks.given import with_reading
from hitherto.trained import Model

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
    import ray
    import ray.data
except ModuleNotFoundError as error:
    raise MissingExtra("hitherto.connect.ray", error.name or "ray", "ray") from error

if TYPE_CHECKING:
    from ray.actor import ActorProxy
    from ray.data import Dataset

__all__ = ["evaluate", "predict"]

ROWS = 4096  # that an actor answers at once
AHEAD = 2  # batches that an actor has waiting

Columns = dict[str, Array]  # of a batch, as Ray Data hands it over
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def predict(
    bundle: str | os.PathLike[str],
    data: "Dataset | Paths",
    *,
    keep: Sequence[str] = (),
    workers: int | None = None,
    batch_size: int = ROWS,
    weights: str = "float32",
    **options: object,
) -> "Dataset":
    """The answers of `Model.predict` to each row, with details.

    `data` is a dataset of Ray, or Parquet: files or folders. Answers have the columns that `keep` names. The rows of a
    series, or of a sequence whose rows have an id, are answered together, wherever they stand. `workers` is how many
    cores take part, at most all of the cluster.
    """
    model, path = trained.open(Path(bundle), weights=weights), str(Path(bundle).resolve())
    series = column_name(None, model.spec.data.id)
    together = model.source.foresees or series is not None
    columns = sorted({*with_reading(model.source, options)[0].reads, *keep})
    how = {
        "fn_constructor_args": (path, weights, tuple(keep), options, columns, batch_size), "num_cpus": 1,
        "compute": ray.data.ActorPoolStrategy(size=workers or _cores()),
    }  # fmt: skip
    if together and series is None:
        raise UsageError("the rows are one series, which one machine answers at once: use Model.predict.")
    if together and keep:
        raise UsageError("answers to several rows together keep no columns of theirs: leave keep out.")
    if isinstance(data, ray.data.Dataset) or together:
        rows = data if isinstance(data, ray.data.Dataset) else ray.data.read_parquet(_files(data))
        _expect(columns, rows.schema().names)
        rows = rows.select_columns(columns)
        # Reading and sorting need a core too: the actors begin with one, and leave one.
        most = max(1, (workers or _cores() - 1))
        how["compute"] = ray.data.ActorPoolStrategy(min_size=1, max_size=most)
        if together:
            return rows.groupby(series).map_groups(_Answers, batch_format="numpy", **how)
        return rows.map_batches(_Answers, batch_format="numpy", batch_size=batch_size, **how)
    # The actors read too: nothing but names goes through the cluster, and no core waits for another that reads.
    parts: list[dict[str, object]] = []
    for file in _files(data):
        about = pq.ParquetFile(file)
        _expect(columns, about.schema_arrow.names)
        parts += [{"file": file, "part": i} for i in range(about.num_row_groups)]
    return ray.data.from_items(parts, override_num_blocks=max(1, len(parts))).map_batches(
        _Parts, batch_format="numpy", batch_size=1, **how
    )


def evaluate(
    bundle: str | os.PathLike[str],
    data: "Dataset | Paths",
    *,
    workers: int | None = None,
    weights: str = "float32",
    **options: object,
) -> dict[str, float]:
    """Metrics by name: those of `Model.evaluate`, exactly.

    This process reads the data and measures; the model runs on the machines of the cluster. Models that write answers
    with a decoder run here.
    """
    path = str(Path(bundle).resolve())
    model = trained.open(Path(bundle), weights=weights)
    if isinstance(data, ray.data.Dataset):
        table = pa.concat_tables(data.iter_batches(batch_format="pyarrow", batch_size=None))
    else:
        table = pa.concat_tables(pq.read_table(file) for file in _files(data))
    outputs = column_names(None, model.spec.data.output)
    if outputs and model.columns:
        _expect([*model.columns, *outputs], table.column_names)
        table = table.select(list(dict.fromkeys([*model.columns, *outputs])))
    return _Spread(model, lambda: _workers(path, weights, workers)).evaluate(table.to_pydict(), **options)


def _workers(path: str, weights: str, count: int | None) -> "list[ActorProxy[_Worker]]":
    worker = ray.remote(num_cpus=1)(_Worker)
    return [worker.remote(path, weights) for _ in range(count or _cores())]


class _Answers:
    """An actor that answers rows."""

    def __init__(
        self, path: str, weights: str, keep: Sequence[str], options: Options, columns: list[str], rows: int
    ) -> None:
        self.model, self.keep, self.options = _alone(path, weights), keep, options
        self.columns, self.rows = columns, rows

    def __call__(self, batch: Columns) -> "pa.Table":
        return self.answered({name: values.tolist() for name, values in batch.items()})

    def answered(self, columns: "dict[str, list[Value]]") -> "pa.Table":
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        answers = self.model.predict(rows, details=True, **self.options)
        names = [
            name for name in dict.fromkeys(name for row in answers for name in row) if name not in TABLES
        ]
        kept = {f"{name}_given" if name in names else name: columns[name] for name in self.keep}
        return pa.table({**kept, **{name: [row.get(name) for row in answers] for name in names}})


class _Parts(_Answers):
    """An actor that reads row groups of Parquet, and answers their rows."""

    def __call__(self, batch: Columns) -> "Iterator[pa.Table]":  # portion by portion
        for file, part in zip(batch["file"].tolist(), batch["part"].tolist(), strict=True):
            with pq.ParquetFile(file) as rows:
                for some in rows.iter_batches(self.rows, [part], self.columns):
                    yield self.answered(some.to_pydict())


class _Worker:
    """An actor that runs the model over batches."""

    def __init__(self, path: str, weights: str) -> None:
        self.model = _alone(path, weights)

    def run(self, batch: Batch) -> Array:
        ((_, answers),) = self.model.outputs(iter([batch]))
        return answers


class _Spread(Model):
    """A model whose batches are run by these actors."""

    def __init__(self, model: Model, start: "Callable[[], list[ActorProxy[_Worker]]]") -> None:
        self.__dict__.update(model.__dict__)
        self.start = start

    def outputs(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, Array]]:
        first = next(batches, None)
        if first is None:
            return
        batches = itertools.chain([first], batches)
        if (
            first.carry is not None or first.keep is not None
        ):  # each batch goes on where the one before it ended
            yield from super().outputs(batches)
            return
        actors = self.start()
        waiting: deque[tuple[Batch, ray.ObjectRef[Array]]] = deque()
        for actor, batch in zip(itertools.cycle(actors), batches, strict=False):
            waiting.append((batch, actor.run.remote(batch)))
            if len(waiting) >= AHEAD * len(actors):
                earlier, answers = waiting.popleft()
                yield earlier, ray.get(answers)
        for earlier, answers in waiting:
            yield earlier, ray.get(answers)


def _alone(path: str, weights: str) -> Model:
    """A model in an actor, which has one core."""
    os.environ["HITHERTO_NUM_THREADS"] = "1"
    return trained.open(path, weights=weights)


def _files(data: Paths) -> list[str]:
    """The files of Parquet that are named, or that stand in folders that are."""
    files: list[str] = []
    for path in [Path(data)] if isinstance(data, str | os.PathLike) else map(Path, data):
        some = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        if not some or not all(file.is_file() for file in some):
            raise UsageError(f"{path} is no file of Parquet, and no folder with any.")
        files += [str(file.resolve()) for file in some]
    return files


def _expect(columns: Sequence[str], there: Sequence[str]) -> None:
    if missing := sorted({*columns} - {*there}):
        raise UsageError(f"the data have no column {', '.join(map(repr, missing))}.")


def _cores() -> int:
    """The cores of the cluster."""
    if not ray.is_initialized():
        ray.init()
    return max(1, int(ray.cluster_resources().get("CPU", 1)))
