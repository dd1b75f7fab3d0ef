"""The page of commands is that of `--help`."""

from pathlib import Path

import commands

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"


def test_commands_are_those_of_help() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written.splitlines() == list(commands.page()), "python tests/commands.py > docs/commands.md"
