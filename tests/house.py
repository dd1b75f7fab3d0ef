"""Counts of what makes the code hard to enter: `python tests/house.py [SRC]`; `--list NAME` lists the places.

any          uses of `typing.Any`
guesses      `hasattr` and `getattr`, which ask an object what it can do
comparisons  of a task, head, codec, operation or cell with its name, outside its own table or folder
vague        names that do not say what they hold
long         files of more than 600 lines, those of native/ included
"""

import argparse
import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 600
VAGUE = {"found", "given", "own", "said", "kept", "told", "taken"}
# Table -> its names. `test_house.py` compares them with the tables themselves.
TABLES = {
    "task": {
        *(
            "classify",
            "regress",
            "tag",
            "lm",
            "forecast",
            "translate",
            "summarize",
            "chat",
            "answer",
            "transcribe",
            "caption",
        ),
        *("compose", "handwrite"),
    },
    "head": {
        *(
            "softmax",
            "pointer",
            "sigmoid",
            "ctc",
            "crf",
            "chain",
            "mixture",
            "quantile",
            "gaussian",
            "student_t",
        ),
        "negative_binomial",
    },
    "codec": {
        "text",
        "spelled",
        "series",
        "label",
        "numbers",
        "audio",
        "image",
        "strokes",
        "notes",
        "frames",
    },
    "op": {
        *(
            "embed",
            "spell",
            "subwords",
            "recurrent",
            "pool",
            "linear",
            "conv",
            "peaks",
            "grid",
            "window",
            "attend",
            "recall",
            "bag",
            "summary",
            "join",
            "keep",
            "segments",
            "numbers",
        ),
        *("copy", "chain", "crf", "dropout", "bridge"),
    },
    "cell": {"rnn", "lstm", "gru"},
}
# Table -> the files that may compare with its names: where its rows stand.
HOMES = {
    "task": ("spec/tasks.py",),
    "head": ("heads/", "model/losses/"),
    "codec": ("codecs/",),
    "op": ("plan/ops.py", "model/build.py"),
    "cell": ("cells.py",),
}
# Folder of a family -> its tasks, which its files may compare with.
FAMILIES = {
    "labels": {"classify", "regress", "tag"},
    "language": {"lm"},
    "forecast": {"forecast"},
    "writing": {"translate", "summarize", "chat", "answer", "caption"},
    "caption": {"caption"},
    "transcribe": {"transcribe"},
    "sequels": {"compose", "handwrite"},
}
# What a comparison looks at, a variable, attribute or key -> the tables whose names it may hold.
HOLDERS = {
    "task": "task",
    "family": "task",
    "source": "task",
    "head": "head",
    "codec": "codec",
    "op": "op",
    "cell": "cell",
    "kind": "head codec op",
    "name": "task head codec op cell",
}
Place = tuple[str, int, str]


def files(src: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(src.rglob("*.py")):
        yield str(path.relative_to(src)), path.read_text(encoding="utf-8")


def holder(node: ast.expr) -> str:
    """The name of what an expression reads: a variable, an attribute, a key."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            return name
        case ast.Call(func=ast.Name(id="type")):
            return "type"
    return ""


def constants(node: ast.expr) -> set[str]:
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return set().union(*map(constants, items)) if items else set()
    return set()


def at_home(file: str, table: str, texts: set[str]) -> bool:
    """Whether a file may compare with these names of a table."""
    if file.startswith(HOMES[table]):
        return True
    parts = file.split("/")
    family = FAMILIES.get(parts[1], set()) if parts[0] == "tasks" and len(parts) > 2 else set()
    return table == "task" and texts & TABLES["task"] <= family


def strange(file: str, what: str, texts: set[str]) -> bool:
    """Whether what a comparison looks at may hold one of these names, and the file is at home in no such table."""
    tables = [table for table in HOLDERS.get(what, "").split() if texts & TABLES[table]]
    return bool(tables) and not any(at_home(file, table, texts) for table in tables)


def comparisons(tree: ast.AST, file: str) -> Iterator[tuple[int, str]]:
    """Line and text of each comparison with a name of a table, outside its table or folder."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for one, other in itertools.pairwise(sides):
                for side, against in ((one, other), (other, one)):
                    if strange(file, holder(side), constants(against)):
                        yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                texts = {
                    n.value.value
                    for n in ast.walk(case.pattern)
                    if isinstance(n, ast.MatchValue)
                    and isinstance(n.value, ast.Constant)
                    and isinstance(n.value.value, str)
                }
                if strange(file, holder(node.subject), texts):
                    yield (
                        case.pattern.lineno,
                        f"match {ast.unparse(node.subject)}: case {ast.unparse(case.pattern)}",
                    )


def counts(src: Path) -> dict[str, list[Place]]:
    """The places of each count, in a package and in the `native` beside its `src`."""
    places: dict[str, list[Place]] = {name: [] for name in ("any", "guesses", "comparisons", "vague", "long")}
    native = src.resolve().parent.parent / "native"
    for path in sorted(path for path in native.glob("*.*") if path.suffix in (".h", ".cpp", ".inc")):
        length = len(path.read_text(encoding="utf-8").splitlines())
        if length > LONGEST:
            places["long"].append((f"native/{path.name}", length, ""))
    for file, text in files(src):
        tree = ast.parse(text)
        lines = text.splitlines()
        if len(lines) > LONGEST:
            places["long"].append((file, len(lines), ""))
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == "Any":
                places["any"].append((file, node.lineno, lines[node.lineno - 1].strip()))
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("hasattr", "getattr")
            ):
                places["guesses"].append((file, node.lineno, ast.unparse(node)))
            if (
                isinstance(node, ast.Name | ast.arg)
                and (node.id if isinstance(node, ast.Name) else node.arg) in VAGUE
            ):
                places["vague"].append((file, node.lineno, lines[node.lineno - 1].strip()))
        places["comparisons"] += [(file, line, code) for line, code in comparisons(tree, file)]
    return places


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("src", nargs="?", type=Path, default=ROOT / "src" / "hitherto")
    parser.add_argument("--list", choices=("any", "guesses", "comparisons", "vague", "long"))
    options = parser.parse_args()
    result = counts(options.src)
    for name, listed in result.items():
        print(f"{name:12} {len(listed):5}")
    for file, line, text in result[options.list] if options.list else ():
        print(f"{file}:{line}: {text}")


if __name__ == "__main__":
    main()
