"""docs/commands.md, made from `--help`: `python tests/commands.py > docs/commands.md`."""

from collections.abc import Iterator

import click

from hitherto.cli.main import cli
from hitherto.cli.options import GROUPS, Flag
from hitherto.cli.train import train
from hitherto.spec.tasks import TASKS

BEGIN = """# Commands

Every verb and option of the command line. `hitherto VERB --help` prints the same: `python tests/commands.py` makes this
page from it, and a test compares them.

- A default "from the data" is chosen when training begins. The log lists it.
- Repeat an option that takes several values: `--input story --input question`.
- [tasks.md](tasks.md) explains the tasks, [running.md](running.md) trained models and streams.
"""


def help_of(command: click.Command, path: str) -> str:
    """What `--help` prints, 100 columns wide."""
    context = click.Context(command, info_name=path, terminal_width=100, help_option_names=["-h", "--help"])
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def page() -> Iterator[str]:
    """The lines of the page."""
    yield from BEGIN.splitlines()
    for name, verb in cli.commands.items():
        yield from ("", f"## {name}", "", "```text", *help_of(verb, f"hitherto {name}").splitlines(), "```")
        if verb is train:
            yield from _options_of_train()


def _options_of_train() -> Iterator[str]:
    """The options of all tasks in tables by group: what `hitherto train TASK --help` says of each."""
    rows: dict[str, dict[tuple[str, str], list[str]]] = {group: {} for group in GROUPS}
    for task in TASKS:
        command = train.get_command(click.Context(train), task)
        assert command is not None
        context = click.Context(command)
        for parameter in command.params:
            if isinstance(parameter, Flag):
                record = parameter.get_help_record(context)
                assert record is not None
                rows[parameter.group].setdefault(record, []).append(task)
    for group, heading in GROUPS.items():
        if rows[group]:
            yield from ("", f"### {heading} of train", "", "| option | help | tasks |", "|---|---|---|")
        for (option, about), tasks in sorted(rows[group].items(), key=lambda row: row[0]):
            cells = (f"`{option}`", about, "all" if len(tasks) == len(TASKS) else ", ".join(tasks))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    print("\n".join(page()))
