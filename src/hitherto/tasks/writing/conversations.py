"""Fields and turns of an input: who said what, and one text of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hitherto.data import Table, read
from hitherto.spec import Spec
from hitherto.spec.tasks import TASKS

__all__ = [
    "LISTS",
    "OURS",
    "SAID",
    "THEIRS",
    "WHO",
    "as_text",
    "fields_of",
    "is_conversation",
    "shown_as",
    "with_defaults",
]

THEIRS, OURS = ">", "<"  # who said a turn, seen from who replies

LISTS = (list, tuple, np.ndarray)
SAID, WHO = ("text", "utterance", "content", "value"), ("speaker", "role", "from")  # the keys of a turn


def fields_of(table: Table, names: Sequence[str]) -> Table:
    """The table of plain texts whose lines are the fields of an input."""
    rows = []
    for i, row in enumerate(table):
        parts = str(row["value"]).replace("\t", "\n").split("\n")
        if len(parts) != len(names):
            raise table.error(i, None, fields_expected(names, len(parts)))
        rows.append(dict(zip(names, parts, strict=True)))
    return read(rows)


def fields_expected(names: Sequence[str], found: int) -> str:
    """What is wrong with a text that should have these fields."""
    return (
        f"expected {len(names)} fields between tabs or lines, {', '.join(map(str, names))}, but found {found}"
    )


def shown_as(value: Any, row: int) -> str:
    """How a report names a picture."""
    return str(value) if isinstance(value, str | Path) else f"picture {row + 1}"


def as_text(value: Any) -> str:
    """An input as one text, also where it came as words."""
    return value if isinstance(value, str) else " ".join(value)


def is_conversation(data: Any) -> bool:
    """Whether a list is one conversation of turns with their speakers, not many inputs."""
    return (
        isinstance(data, list)
        and bool(data)
        and all(isinstance(turn, dict) and any(k in turn for k in WHO) for turn in data)
    )


def with_defaults(spec: Spec) -> Spec:
    """The spec with what its task has where nothing is said."""
    known = msgspec.structs.asdict(spec.data) | msgspec.structs.asdict(spec.model)
    given = TASKS[spec.task].defaults
    return spec.replace(**{name: value for name, value in given.items() if known[name] is None})
