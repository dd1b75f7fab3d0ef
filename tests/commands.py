"""docs/commands.md, made of what `--help` says: `python tests/commands.py` prints it, `make fix` writes it."""

from collections.abc import Iterator

import click

from hitherto.cli.main import cli
from hitherto.cli.options import GROUPS, Flag
from hitherto.cli.train import train
from hitherto.spec.tasks import TASKS

BEGIN = """# Commands

What you can do after reading this page: find each verb and each option of the command line. `hitherto VERB --help`
prints the same. This page is made from it by `python tests/commands.py > docs/commands.md`, and a test compares them.

- A default "from the data" is chosen when training begins; the log lists it.
- An option that takes several values is repeated: `--input story --input question`.
- `docs/tasks.md` explains the tasks, [docs/running.md](running.md) trained models.
""".replace("`docs/tasks.md`", "[docs/tasks.md](tasks.md)")


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
            yield from ("", f"### {heading} of train", "", "| option | | tasks |", "|---|---|---|")
        for (option, about), tasks in sorted(rows[group].items(), key=lambda row: row[0]):
            cells = (f"`{option}`", about, "all" if len(tasks) == len(TASKS) else ", ".join(tasks))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    print("\n".join(page()))
