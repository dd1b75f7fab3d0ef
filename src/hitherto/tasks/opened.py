"""What the verbs and streams of a family see of a trained model: the part of `hitherto.Model` that they need."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.plan import Plan
from hitherto.runtime.engine import Engine
from hitherto.spec import Spec
from hitherto.tasks.base import AnySource, Batch, Value

__all__ = ["OpenModel"]


class OpenModel(Protocol):
    """A trained model as `hitherto.open` gives it."""

    @property
    def spec(self) -> Spec: ...
    @property
    def codecs(self) -> Mapping[str, Codec]: ...
    @property
    def source(self) -> AnySource: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def tensors(self) -> Mapping[str, Array]: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def digest(self) -> str: ...
    def outputs(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, Array]]: ...
    def reader(self, **options: object) -> AnySource: ...
    def predict(
        self,
        data: object,
        *,
        details: bool = False,
        keep: str | Sequence[str] | None = None,
        **options: object,
    ) -> list[Value]: ...
