"""The result of a check: a promise, whether it holds, and what was measured."""

from collections.abc import Callable

import numpy as np

from hitherto.arrays import Array

__all__ = [
    "HIDDEN",
    "INPUT",
    "ROWS",
    "STEPS",
    "Array",
    "Result",
    "State",
    "difference_of",
    "outcome_of",
    "within",
]

Result = tuple[str, bool, str]  # promise, whether it holds, and by how much or why not
State = tuple[Array, ...]

INPUT, HIDDEN, STEPS, ROWS = 5, 21, 11, 4  # 21: vectors of every width end in a part


def outcome_of(test: Callable[[], tuple[bool, str]]) -> tuple[bool, str]:
    try:
        return test()
    except Exception as error:  # a broken cell may raise anything, and that is the result
        return False, f"{type(error).__name__}: {error}"


def difference_of(a: State, b: State) -> float:
    """The largest; NaN where there is one, which Python's own max would pass over."""
    pairs = [(np.asarray(u, np.float64), np.asarray(v, np.float64)) for u, v in zip(a, b, strict=True)]
    return float(np.max([np.abs(u - v).max() for u, v in pairs]))


def within(difference: float, bound: float) -> tuple[bool, str]:
    return difference <= bound, f"largest difference {difference:.1e}, at most {bound:.0e}"
