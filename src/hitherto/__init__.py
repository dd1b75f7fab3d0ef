"""Recurrent sequence models: from data, to a trained model, to a live stream, with the memory in plain sight.

The names in `__all__` load on first use, so `import hitherto` costs next to nothing and imports no torch.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

__all__ = [
    "CELLS",
    "CODECS",
    "DECODERS",
    "GRU",
    "HEADS",
    "LSTM",
    "METRICS",
    "OPS",
    "READERS",
    "RNN",
    "TASKS",
    "GRUCell",
    "LSTMCell",
    "Model",
    "RNNCell",
    "Sound",
    "Spec",
    "cells",
    "checks",
    "errors",
    "explain_path",
    "open",
    "to_torch",
    "train",
]

if TYPE_CHECKING:
    from hitherto import cells, checks, errors
    from hitherto.cells import CELLS
    from hitherto.codecs import CODECS
    from hitherto.data import READERS
    from hitherto.decode import DECODERS
    from hitherto.heads import HEADS
    from hitherto.media.sound import Sound
    from hitherto.metrics import METRICS
    from hitherto.model.cell_layers import GRUCell, LSTMCell, RNNCell
    from hitherto.model.layers import GRU, LSTM, RNN, to_torch
    from hitherto.model.paths import explain_path
    from hitherto.plan import OPS
    from hitherto.spec import Spec
    from hitherto.spec.tasks import TASKS
    from hitherto.trained import Model, open  # noqa: A004 - open is what it is called
    from hitherto.training.run import train
else:  # a type checker must not see __getattr__: it would take every misspelt name for a good one
    import sys
    from importlib import import_module

    # Where a public name lives; one that is not here is a submodule.
    _HOME = {
        "CELLS": "hitherto.cells",
        "CODECS": "hitherto.codecs",
        "DECODERS": "hitherto.decode",
        "HEADS": "hitherto.heads",
        "METRICS": "hitherto.metrics",
        "Model": "hitherto.trained",
        "OPS": "hitherto.plan",
        "READERS": "hitherto.data",
        "Sound": "hitherto.media.sound",
        "Spec": "hitherto.spec",
        "TASKS": "hitherto.spec.tasks",
        "open": "hitherto.trained",
        "train": "hitherto.training.run",
        "GRU": "hitherto.model.layers",
        "GRUCell": "hitherto.model.cell_layers",
        "LSTM": "hitherto.model.layers",
        "LSTMCell": "hitherto.model.cell_layers",
        "RNN": "hitherto.model.layers",
        "RNNCell": "hitherto.model.cell_layers",
        "explain_path": "hitherto.model.paths",
        "to_torch": "hitherto.model.layers",
    }

    def __getattr__(name: str) -> object:
        """Import a public name on first use (PEP 562)."""
        package = sys.modules[__name__]
        if name not in __all__:
            raise AttributeError(f"module 'hitherto' has no attribute {name!r}", name=name, obj=package)
        try:
            home = import_module(_HOME.get(name, f"hitherto.{name}"))
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            from hitherto.errors import MissingExtra

            raise MissingExtra(f"hitherto.{name}", "torch", "train") from error
        value = getattr(home, name) if name in _HOME else home
        setattr(package, name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
