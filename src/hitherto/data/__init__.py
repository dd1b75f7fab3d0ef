"""Reads files, frames and lists as tables of rows, and splits tables."""

from hitherto.data.readers import READERS, named_format, parallel, read, texts
from hitherto.data.split import split
from hitherto.data.table import Table

__all__ = ["READERS", "Table", "named_format", "parallel", "read", "split", "texts"]
