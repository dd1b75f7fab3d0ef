"""What makes torch.compile take our layers.

torch.compile refuses every `nn.RNN`, `nn.LSTM` and `nn.GRU`, derived classes included, unless its option
`allow_rnn` is set: it cannot compile torch's own. Ours are one operation to it, so `admit` sets that option for
as long as it looks at one of ours, and for nothing else. Where a later torch has no such place, it breaks the
graph at our layers, as it does at torch's.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_PLACE = "torch._dynamo.variables.builder"  # whose VariableBuilder.wrap_module asks


def admit(kind: type) -> None:
    """Let torch.compile take modules of this kind, from when it loads; it is slow to load, and few need it."""
    if _PLACE in sys.modules:
        _admit(sys.modules[_PLACE], kind)
    else:
        sys.meta_path.insert(0, _OnLoad(kind))


def _admit(builder: ModuleType, kind: type) -> None:
    wrap = vars(builder.VariableBuilder).get("wrap_module")
    if wrap is None:
        return

    def wrap_module(self: object, value: object) -> object:
        if not isinstance(value, kind):
            return wrap(self, value)
        with builder.config.patch(allow_rnn=True):
            return wrap(self, value)

    builder.VariableBuilder.wrap_module = wrap_module


class _OnLoad(MetaPathFinder):
    def __init__(self, kind: type) -> None:
        self.kind = kind

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if name != _PLACE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)  # from the finders that are left
        if spec is not None and spec.loader is not None:
            load, kind = spec.loader.exec_module, self.kind

            def exec_module(module: ModuleType) -> None:
                load(module)
                _admit(module, kind)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
