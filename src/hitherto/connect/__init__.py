"""Streams and predictions on engines that others make: Ray, Quix Streams, Spark.

    state, rows = advance("air.safetensors", state, rows)

`advance` is all that an engine needs which keeps a state for each key. `hitherto.connect.ray` and
`hitherto.connect.quix` are thin adapters; docs/connect.md has a recipe for Spark.
"""

from hitherto.connect.advance import advance

__all__ = ["advance"]
