"""Fields and turns of an input, and the one text that they make."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hitherto.data import Table, read

__all__ = [
    "LISTS",
    "OURS",
    "SPEAKERS",
    "THEIRS",
    "TURN_TEXTS",
    "Text",
    "as_text",
    "fields_of",
    "is_conversation",
    "shown_as",
]

Text = str | list[str]  # a text, or its words

THEIRS, OURS = ">", "<"  # the marks of a turn, seen from the speaker who replies

LISTS = (list, tuple, np.ndarray)
TURN_TEXTS, SPEAKERS = (
    ("text", "utterance", "content", "value"),
    ("speaker", "role", "from"),
)  # keys of a turn


def fields_of(table: Table, names: Sequence[str]) -> Table:
    """The table of plain texts whose lines are the fields of an input."""
    rows = []
    for i, row in enumerate(table):
        parts = str(row["value"]).replace("\t", "\n").split("\n")
        if len(parts) != len(names):
            raise table.error(i, None, fields_expected(names, len(parts)))
        rows.append(dict(zip(names, parts, strict=True)))
    return read(rows)


def fields_expected(names: Sequence[str], count: int) -> str:
    """The error of a text that should have these fields, but has so many."""
    return f"expected {len(names)} fields between tabs or lines, {', '.join(names)}, but found {count}"


def shown_as(value: object, row: int) -> str:
    """How a report names an image."""
    return str(value) if isinstance(value, str | Path) else f"picture {row + 1}"


def as_text(value: Text) -> str:
    """An input as one text, also where it came as words."""
    return value if isinstance(value, str) else " ".join(value)


def is_conversation(data: object) -> bool:
    """Whether data is one conversation, a list of turns with their speakers, and not many inputs."""
    return (
        isinstance(data, list)
        and bool(data)
        and all(isinstance(turn, dict) and any(k in turn for k in SPEAKERS) for turn in data)
    )
