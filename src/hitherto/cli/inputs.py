"""What a verb reads: a file, texts, or the lines of standard input."""

import io
import sys
from pathlib import Path
from typing import Any

from hitherto.errors import DataError, UsageError

__all__ = ["asked_for", "lines_of"]


def asked_for(model: Any, data: str | None, texts: tuple[str, ...], told: dict[str, Any]) -> Any:
    """What predict is to answer for."""
    from hitherto.data.lines import Lines

    if texts:
        if not _reads_numbers(model):
            return list(texts)
        names, decimal = model.reader(**told).reads, model.spec.data.decimal
        return Lines(texts, names, text=False, format="txt", decimal=decimal, path=Path("--text")).table()
    if data == "-":
        return lines_of(model, told).table()
    path = Path(data or "")
    if _reads_text(model) and not path.exists():
        raise DataError("there is no such file; --text answers for a text itself", path=path)
    return path


def _reads_numbers(model: Any) -> bool:
    from hitherto.codecs.series import SeriesCodec

    return isinstance(model.codecs.get("input"), SeriesCodec)


def _reads_text(model: Any) -> bool:
    from hitherto.codecs.text import TextCodec

    return isinstance(model.codecs.get("input", model.codecs.get("text")), TextCodec)


def lines_of(model: Any, told: dict[str, Any]) -> Any:
    """Standard input as lines of what the model reads."""
    from hitherto.data.lines import Lines

    if isinstance(sys.stdin, io.TextIOWrapper):
        try:
            sys.stdin.reconfigure(encoding=told.get("encoding") or "utf-8-sig", errors="strict")
        except LookupError as error:
            raise UsageError(
                f"there is no encoding {told['encoding']!r}; try utf-8, latin-1 or utf-16."
            ) from error
    source = model.reader(**told)
    asked: dict[str, Any] = {name: told.get(name) for name in ("format", "header", "delimiter")}
    asked["decimal"] = source.spec.data.decimal
    return Lines(sys.stdin, source.reads, text=not _reads_numbers(model), **asked)
