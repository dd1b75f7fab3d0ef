"""What every test shares: hypothesis draws the same examples in every run, and none fails for being slow.

Whatever a test opens, a model, a bundle or a checkpoint, may take some seconds of the processor and some memory.
"""

import functools
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from limits import bounded

from hitherto import bundle, trained
from hitherto.training import checkpoint

settings.register_profile("hitherto", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("hitherto")


def _limited(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def limited(*given: Any, **options: Any) -> Any:
        with bounded():
            return call(*given, **options)

    return limited


# Before any test module takes them by name.
trained.open, bundle.read, checkpoint.load = map(_limited, (trained.open, bundle.read, checkpoint.load))
