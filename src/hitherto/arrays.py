"""The type of an array whose shape and kind stand beside it."""

from typing import Any

import numpy as np

__all__ = ["Array"]

Array = np.ndarray[Any, Any]
