"""What the verbs and streams of a family see of a trained model: the part of `hitherto.Model` that they need."""

from collections.abc import Mapping
from typing import Protocol

from hitherto.codecs.base import Codec
from hitherto.runtime.engine import Engine
from hitherto.spec import Spec
from hitherto.tasks.base import AnySource

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
    def engine(self) -> Engine: ...
