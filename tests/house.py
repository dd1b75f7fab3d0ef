"""What makes the house hard to enter: `python tests/house.py [SRC]` counts it, and `--list NAME` says where it stands.

any          uses of `typing.Any`
guesses      `hasattr` and `getattr`, by which code asks an object what it can do
comparisons  of a task, head, codec, operation or cell with its name, outside the table or folder that it is of
vague        names that say nothing of what they hold
long         files of more than 600 lines
"""

import argparse
import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 600
VAGUE = {"found", "given", "own", "said", "kept", "told", "taken"}
# What holds a name of a table: the variable, attribute or key that a comparison looks at.
TABLES = {
    "task": {
        *(
            "classify",
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
            "sampled",
            "sigmoid",
            "ctc",
            "chain",
            "mixture",
            "quantile",
            "gaussian",
            "student_t",
        ),
        "negative_binomial",
    },
    "codec": {"text", "series", "label", "audio", "image", "strokes", "notes", "frames"},
    "op": {
        *(
            "embed",
            "recurrent",
            "pool",
            "linear",
            "conv",
            "peaks",
            "grid",
            "window",
            "attend",
            "recall",
            "keep",
        ),
        *("copy", "chain", "dropout", "bridge"),
    },
    "cell": {"rnn", "lstm", "gru"},
}
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


def named(what: str, texts: set[str]) -> bool:
    tables = HOLDERS.get(what, "").split()
    return any(texts & TABLES[table] for table in tables)


def comparisons(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for one, other in itertools.pairwise(sides):
                for side, against in ((one, other), (other, one)):
                    if named(holder(side), constants(against)):
                        yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                texts = {
                    n.value.value
                    for n in ast.walk(case.pattern)
                    if isinstance(n, ast.MatchValue) and isinstance(n.value, ast.Constant)
                }
                if named(holder(node.subject), texts):
                    yield (
                        case.pattern.lineno,
                        f"match {ast.unparse(node.subject)}: case {ast.unparse(case.pattern)}",
                    )


def counts(src: Path) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {name: [] for name in ("any", "guesses", "comparisons", "vague", "long")}
    for file, text in files(src):
        tree = ast.parse(text)
        lines = text.splitlines()
        if len(lines) > LONGEST:
            found["long"].append((file, len(lines), ""))
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == "Any":
                found["any"].append((file, node.lineno, lines[node.lineno - 1].strip()))
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("hasattr", "getattr")
            ):
                found["guesses"].append((file, node.lineno, ast.unparse(node)))
            if (
                isinstance(node, ast.Name | ast.arg)
                and (node.id if isinstance(node, ast.Name) else node.arg) in VAGUE
            ):
                found["vague"].append((file, node.lineno, lines[node.lineno - 1].strip()))
        found["comparisons"] += [(file, line, text) for line, text in comparisons(tree)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("src", nargs="?", type=Path, default=ROOT / "src" / "hitherto")
    parser.add_argument("--list", choices=("any", "guesses", "comparisons", "vague", "long"))
    options = parser.parse_args()
    result = counts(options.src)
    for name, places in result.items():
        print(f"{name:12} {len(places):5}")
    for file, line, text in result[options.list] if options.list else ():
        print(f"{file}:{line}: {text}")


if __name__ == "__main__":
    main()
