"""What a person looks at: a page of curves, tables and forecasts, and pictures of its own."""

from hitherto.report.page import SECTIONS, write

__all__ = ["SECTIONS", "write"]
