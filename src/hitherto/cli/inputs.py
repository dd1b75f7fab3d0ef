"""What a verb reads: a file, texts, or the lines of standard input."""

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hitherto.errors import DataError, UsageError

if TYPE_CHECKING:
    from hitherto import Model
    from hitherto.data import Table
    from hitherto.data.lines import Lines

__all__ = ["inputs_of", "lines_of"]


def inputs_of(
    model: "Model", data: str | None, texts: tuple[str, ...], columns: Mapping[str, object]
) -> "Path | Table | list[str]":
    """The inputs of `predict`: a path, the lines of standard input, or the texts themselves."""
    from hitherto.data.lines import Lines

    if texts:
        if not _reads_numbers(model):
            return list(texts)
        names, decimal = model.reader(**columns).reads, model.spec.data.decimal
        return Lines(texts, names, text=False, format="txt", decimal=decimal, path=Path("--text")).table()
    if data == "-":
        return lines_of(model, columns).table()
    path = Path(data or "")
    if _reads_text(model) and not path.exists():
        raise DataError("there is no such file; to predict for a text itself, use --text", path=path)
    return path


def _reads_numbers(model: "Model") -> bool:
    from hitherto.codecs.series import SeriesCodec

    return isinstance(model.codecs.get("input"), SeriesCodec)


def _reads_text(model: "Model") -> bool:
    codec = model.codecs.get("input", model.codecs.get("text"))
    return codec is not None and codec.reads_text


def lines_of(model: "Model", columns: Mapping[str, object]) -> "Lines":
    """Standard input as lines of what the model reads."""
    from hitherto.data.lines import Lines

    if isinstance(sys.stdin, io.TextIOWrapper):
        encoding = cast("str | None", columns.get("encoding"))
        try:
            sys.stdin.reconfigure(encoding=encoding or "utf-8-sig", errors="strict")
        except LookupError as error:
            raise UsageError(f"there is no encoding {encoding!r}; try utf-8, latin-1 or utf-16.") from error
    source = model.reader(**columns)
    return Lines(
        sys.stdin,
        source.reads,
        text=not _reads_numbers(model),
        format=cast("str | None", columns.get("format")),
        header=cast("bool | None", columns.get("header")),
        delimiter=cast("str | None", columns.get("delimiter")),
        decimal=source.spec.data.decimal,
    )
