"""The counts of house.py do not grow: lower a bound here whenever a change makes its count smaller."""

import ast
from pathlib import Path

import house
import pytest

import hitherto
from hitherto.spec.tasks import TASKS

SRC = Path(hitherto.__file__).parent

AT_MOST = {"any": 66, "guesses": 30}

# File -> how many comparisons with a name of a table it may have, outside that table or its folder. Aim at none.
COMPARISONS: dict[str, int] = {}

LONG: set[str] = set()


@pytest.fixture(scope="module")
def counts() -> dict[str, list[house.Place]]:
    return house.counts(SRC)


@pytest.mark.parametrize("name", AT_MOST)
def test_a_count_does_not_grow(name: str, counts: dict[str, list[house.Place]]) -> None:
    assert len(counts[name]) <= AT_MOST[name], f"python tests/house.py --list {name} lists the places"


def test_names_of_a_table_are_compared_only_at_home(counts: dict[str, list[house.Place]]) -> None:
    by_file: dict[str, list[str]] = {}
    for file, line, code in counts["comparisons"]:
        by_file.setdefault(file, []).append(f"{file}:{line}: {code}")
    assert [
        p for file, places in by_file.items() if len(places) > COMPARISONS.get(file, 0) for p in places
    ] == []


def test_files_are_short(counts: dict[str, list[house.Place]]) -> None:
    assert {file for file, _, _ in counts["long"]} <= LONG


def test_the_names_are_those_of_the_tables() -> None:
    tables = {
        "task": TASKS,
        "head": hitherto.HEADS,
        "codec": hitherto.CODECS,
        "op": hitherto.OPS,
        "cell": hitherto.CELLS,
    }
    assert {name: set(rows) for name, rows in tables.items()} == house.TABLES


def test_every_task_has_a_folder() -> None:
    assert set().union(*house.FAMILIES.values()) == set(TASKS)
    folders = {path.parent.name for path in (SRC / "tasks").glob("*/__init__.py")}
    assert set(house.FAMILIES) == folders


@pytest.mark.parametrize(
    ("file", "code", "count"),
    [
        ("trained.py", "model.spec.task == 'lm'", 1),
        ("trained.py", "'lm' == task", 1),
        ("trained.py", "spec.task not in ('lm', 'other')", 1),
        ("trained.py", "op['op'] == 'attend'", 1),
        ("trained.py", "op.get('op') == 'attend'", 1),
        ("trained.py", "match head.name:\n    case 'softmax' | 'ctc': pass", 1),
        ("trained.py", "cell == 'lstm' and head == 'ctc'", 2),
        ("trained.py", "spec.task == 'nothing'", 0),
        ("trained.py", "title == 'lm'", 0),
        ("spec/tasks.py", "task == 'lm'", 0),
        ("tasks/language/source.py", "spec.task == 'lm'", 0),
        ("tasks/language/source.py", "spec.task == 'chat'", 1),
        ("tasks/feed.py", "spec.task == 'lm'", 1),
        ("heads/ctc.py", "kind == 'ctc'", 0),
        ("heads/ctc.py", "kind == 'audio'", 1),
        ("cells.py", "cell == 'gru'", 0),
    ],
)
def test_comparisons(file: str, code: str, count: int) -> None:
    assert len(list(house.comparisons(ast.parse(code), file))) == count
