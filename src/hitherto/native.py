"""Whether the compiled extension is used, and why not: the one place that decides.

    native.extension()      the module `hitherto._native`, or None where it is not to be used
    native.why_not()        the reason, or None
    native.warn_once()      one warning in a process that says how much slower the other path is

`HITHERTO_PURE=1` leaves the extension out. Without a compiled file nothing else is possible.
"""

import importlib
import os
import sys
import warnings
from functools import cache
from types import ModuleType

from hitherto.errors import UsageError

__all__ = ["extension", "load", "pure", "warn_once", "why_not", "why_pure"]

_YES, _NO = ("1", "yes", "true", "on"), ("0", "no", "false", "off", "")
_BETWEEN = ("hitherto", "torch", "functools")  # whose calls are not the place that a warning is about


def pure() -> bool:
    """Whether HITHERTO_PURE asks for the path without the extension."""
    value = os.environ.get("HITHERTO_PURE", "")
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise UsageError(
        f"HITHERTO_PURE must be 1, yes, true or on, to run without the extension, or 0, no, false or off, but is "
        f"{value!r:.60}: change it, or unset it to use the extension where there is one."
    )


@cache
def load() -> tuple[ModuleType | None, str | None]:
    """The extension and None; or None and why it did not load. A HITHERTO_ISA that is not known is an error."""
    try:
        return importlib.import_module("hitherto._native"), None
    except ModuleNotFoundError as error:
        return None, f"the extension hitherto._native did not load: {error}"
    except ImportError as error:
        if os.environ.get("HITHERTO_ISA"):  # the extension reads it as it is loaded
            raise UsageError(str(error)) from error
        return None, f"the extension hitherto._native did not load: {error}"


def extension() -> ModuleType | None:
    """The extension, or None where it is not to be used. With HITHERTO_PURE=1 it is not even loaded."""
    return None if pure() else load()[0]


def why_not() -> str | None:
    """Why `extension` is None, or None."""
    return why_pure() or load()[1]


def why_pure() -> str | None:
    """The reason where HITHERTO_PURE is it, or None. torch.compile can trace it, as it can `pure`."""
    return f"HITHERTO_PURE={os.environ.get('HITHERTO_PURE')} is set" if pure() else None


@cache
def warn_once(why: str) -> None:
    """Say how much slower it is without the extension, once for each reason."""
    warnings.warn(
        f"hitherto runs without its native kernels ({why}): the results are the same within rounding, but layers in "
        "training take 1.5 to 11 times as long on the CPU, batches of a trained model 3 to 20 times and steps of a "
        "stream 4 to 100 times, small models the longest. `hitherto doctor` says more.",
        stacklevel=_outside(),
    )


def _outside() -> int:
    """How many calls above `warn_once` the first lies that is neither ours nor one of what calls us."""
    frame, level = sys._getframe(2), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _BETWEEN:
        frame, level = frame.f_back, level + 1
    return level
