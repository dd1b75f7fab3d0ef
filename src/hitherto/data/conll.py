"""CoNLL and its kin: a token a line, its fields in columns, a blank line after each sentence.

    columns, rows, notes = read(path)     # rows() gives (line, {"form": [...], "upos": [...]}) for each sentence
    looks_like(path)                      # whether a file has this shape, whatever it is called

Columns are separated by tabs, or else by blanks. CoNLL-U has ten, which have names; a first comment
`# global.columns = ID FORM UPOS` names those of another file; otherwise they are numbered. Comments, `-DOCSTART-`
lines, ranges of tokens (1-2) and empty nodes (1.1) are left out.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from hitherto.data import textfile
from hitherto.errors import DataError

__all__ = ["ENDINGS", "looks_like", "read"]

ENDINGS = (
    "conll",
    "conllu",
    "conllup",
    "conll2000",
    "conll2002",
    "conll2003",
    "iob",
    "iob1",
    "iob2",
    "bio",
    "bio2",
    "bioes",
)

CONLL_U: tuple[str, ...] = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
SAMPLE = 2000  # lines that are looked at

_COMMENT = re.compile(r"# +\S+ *=|# +(id|sent_id|newdoc|newpar|text)\b|# *$")
_GLOBAL = re.compile(r"#\s*global\.columns\s*=\s*(.+)")
_NUMBERED = re.compile(r"[0-9]+([-.][0-9]+)?$")
_LEFT_OUT = re.compile(r"[0-9]+[-.][0-9]+")
_BLANKS = re.compile("[ \t]+")

Sentence = tuple[int, list[list[str]]]  # the line that it begins at, and the fields of each token


class _Shape:
    """The columns of a file."""

    def __init__(self, tabs: bool, names: list[str], universal: bool) -> None:
        self.tabs, self.names, self.universal = tabs, names, universal

    def fields(self, line: str) -> list[str]:
        """A no-break space is part of a token."""
        if self.tabs:
            return line.split("\t")
        return line.split() if line.isascii() else _BLANKS.split(line.strip(" \t"))


def read(
    path: Path, encoding: str | None = None
) -> tuple[list[str], Callable[[], Iterator[tuple[int, dict[str, object]]]], list[str]]:
    """Names of the columns, the sentences, and what was recognised."""
    shape = _shape(list(islice(textfile.lines(path, encoding), SAMPLE)))
    if shape is None:
        raise DataError("the file is empty: it holds no token", path=path)
    if len(set(shape.names)) < len(shape.names):
        raise DataError(f"two columns have the same name: {', '.join(shape.names)}", path=path)

    def rows() -> Iterator[tuple[int, dict[str, object]]]:
        for line, tokens in _sentences(path, encoding, shape):
            yield line, dict(zip(shape.names, map(list, zip(*tokens, strict=True)), strict=True))

    what = "CoNLL-U" if shape.universal else "CoNLL"
    named = f"the columns are {', '.join(shape.names)}"
    if shape.names[0] == "1":
        count = len(shape.names)
        named = f"the columns are 1 to {count}" if count > 1 else "there is one column"
    between = "tabs" if shape.tabs else "blanks"
    note = (
        f"the file is read as {what}: a token a line, columns between {between}, a blank line after each sentence; "
        f"{named}; --format says otherwise"
    )
    return shape.names, rows, [note]


def looks_like(path: Path, encoding: str | None = None) -> bool:
    """Whether the first lines are tokens in sentences: two fields or more, the same number, and blank lines between."""
    sample = list(islice(textfile.lines(path, encoding), SAMPLE))
    shape = _shape(sample)
    if shape is None or len(shape.names) < 2:
        return False
    blank = [not line.strip() for _, line in sample]
    groups = sum(1 for i, is_blank in enumerate(blank) if not is_blank and (i == 0 or blank[i - 1]))
    tokens = [shape.fields(line) for line in _tokens(sample, shape.universal)]
    same = all(len(fields) == len(shape.names) for fields in tokens)
    # a label has no blanks; what has is a sentence, and its line a row of a table
    return (
        groups > 1
        and len(tokens) > groups
        and same
        and not any(" " in fields[-1].strip() for fields in tokens)
    )


def _tokens(sample: list[tuple[int, str]], universal: bool) -> Iterator[str]:
    begins = True
    for _, line in sample:
        if not line.strip():
            begins = True
        elif not _is_apart(line, begins, universal):
            begins = False
            yield line


def _is_apart(line: str, begins: bool, universal: bool) -> bool:
    """Whether a line is a comment before a sentence or the mark of a document, and not a token."""
    if line.startswith("#"):
        return universal or (begins and _COMMENT.match(line) is not None)
    return line.startswith("-DOCSTART-")


def _shape(sample: list[tuple[int, str]]) -> _Shape | None:
    """What the columns are, by the first lines; None where there is no token."""
    declared = next((match for _, line in sample[:100] if (match := _GLOBAL.match(line))), None)
    tokens = list(_tokens(sample, declared is not None and declared[1].lower().startswith("id")))
    if not tokens:
        return None
    shape = _Shape(2 * sum("\t" in line for line in tokens) > len(tokens), [], False)
    first = shape.fields(tokens[0])
    shape.names = [str(i + 1) for i in range(len(first))]
    if declared is not None:
        shape.names = [name.lower() for name in declared[1].split()]
        shape.universal = shape.names[0] == "id"
    elif len(first) == len(CONLL_U) and _NUMBERED.match(first[0]):
        shape.names = list(CONLL_U)
        shape.universal = True
    return shape


def _sentences(path: Path, encoding: str | None, shape: _Shape) -> Iterator[Sentence]:
    tokens: list[list[str]] = []
    begin = 0
    for number, line in textfile.lines(path, encoding):
        if not line.strip() or line.startswith("-DOCSTART-"):
            if tokens:
                yield begin, tokens
            tokens = []
            continue
        if _is_apart(line, not tokens, shape.universal):
            continue
        fields = shape.fields(line)
        if len(fields) != len(shape.names):
            raise DataError(
                f"expected {len(shape.names)} fields between {'tabs' if shape.tabs else 'blanks'}, but found "
                f"{len(fields)}: {line!r:.60}",
                path=path, line=number,
            )  # fmt: skip
        if shape.universal and _LEFT_OUT.fullmatch(fields[0]):
            continue
        if not tokens:
            begin = number
        tokens.append(fields)
    if tokens:
        yield begin, tokens
