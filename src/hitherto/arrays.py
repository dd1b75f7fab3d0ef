"""The type of arrays; and the shape of a value that may be one."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Array", "ndim_of", "shape_of"]

Array = np.ndarray[Any, Any]  # its shape and type stand beside it in a comment or a docstring


def shape_of(value: object) -> tuple[int, ...]:
    """The shape of an array of any library; () of a value that is no array. Nested lists count as arrays."""
    return np.shape(cast("ArrayLike", value))


def ndim_of(value: object) -> int:
    """How many axes `shape_of` has; 1 for lists of different lengths, which are no array."""
    try:
        return np.ndim(cast("ArrayLike", value))
    except ValueError:
        return 1
