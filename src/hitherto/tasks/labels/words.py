"""Texts of `classify` and `tag`: the codec of their words or other tokens, and vectors that words begin with."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from hitherto.arrays import Array
from hitherto.codecs.spelled import SpelledCodec
from hitherto.codecs.text import UNKNOWN, TextCodec
from hitherto.data import Table
from hitherto.data.vectors import read_vectors
from hitherto.errors import DataError, UsageError
from hitherto.plan import Plan, weights
from hitherto.progress import doing
from hitherto.spec import DataSpec
from hitherto.tasks.base import Arrays, Options, Value
from hitherto.tasks.columns import opened

__all__ = ["Rows", "expect_texts", "fit_texts", "table_of", "width_of"]

Rows = tuple[Array, Array]  # which rows of an embedding are known, and what they are
FIRST = 50_000  # words of a file of vectors that the vocabulary gets in any case: files begin with the frequent ones


def fit_texts(
    data: DataSpec, texts: Iterable[Value], options: Options, *, spelled: bool
) -> tuple[TextCodec | SpelledCodec, Rows | None]:
    """The codec of these texts by these options, and the rows of its words that a file of vectors has."""
    tokens = options["tokens"]
    if data.vectors is not None and tokens != "words":
        raise UsageError(f"vectors are of words, and tokens is {tokens}; leave one of them out.")
    texts = texts if data.vectors is None else list(texts)
    if spelled and tokens == "words":
        options = {name: value for name, value in options.items() if name != "tokens"}
        codec: TextCodec | SpelledCodec = SpelledCodec.fit(texts, **options)
    else:
        codec = TextCodec.fit(texts, **options)
    return (codec, None) if data.vectors is None else _with_vectors(codec, texts, data)


def expect_texts(table: Table, column: str, texts: Iterable[tuple[int, Value]]) -> None:
    """A DataError with its place for the first of these rows that is no text."""
    codec = TextCodec("words", [UNKNOWN])
    for i, text in texts:
        with opened(table, i, column):
            codec.cut(text)


def width_of(known: Rows | None, asked: int | None) -> int | None:
    """The width of these rows; a UsageError where an embedding of another is asked for."""
    if known is None:
        return None
    width = int(known[1].shape[1])
    if asked not in (None, width):
        raise UsageError(
            f"the vectors have {width} numbers each, but embedding_size is {asked}; leave it out."
        )
    return width


def table_of(plan: Plan, known: Rows, seed: int) -> Arrays:
    """The embedding of words, by its name in the plan: these rows, and others drawn as those of an embedding are."""
    (name, shape) = next(
        (name, s) for name, s in weights(plan).items() if name in ("spell.weight", "embed.weight")
    )
    rows, values = known
    table = np.random.default_rng(seed).normal(scale=0.1, size=shape).astype(np.float32)
    table[rows] = values
    return {name: table}


def _with_vectors(
    codec: TextCodec | SpelledCodec, texts: Iterable[Value], data: DataSpec
) -> tuple[TextCodec | SpelledCodec, Rows]:
    """The codec, with more words of the file: those of the texts that are rare, and the file's first ones."""
    path = Path(str(data.vectors))
    words = codec.words if isinstance(codec, SpelledCodec) else codec
    lower = words.lower
    seen = {word.lower() if lower else word for text in texts for word in codec.cut(text)} | {
        *words.vocabulary
    }

    def wanted(word: str, number: int) -> str | None:
        name = word.lower() if lower else word
        return name if name in seen or (number < FIRST and name and " " not in name) else None

    with doing(f"reading {path.name} for"):
        vectors = read_vectors(path, wanted, data.encoding)
    of_texts = len(seen & vectors.keys())
    if not of_texts:
        raise DataError("none of the words of the training data are in the file of vectors", path=path)
    known = {*words.vocabulary}
    more = [name for name in vectors if name not in known]
    if data.vocab_size is not None:
        more = more[: max(0, data.vocab_size - words.size)]
    made = codec.with_words(more)
    words = made.words if isinstance(made, SpelledCodec) else made
    numbers = [(i, vectors[word]) for i, word in enumerate(words.vocabulary) if word in vectors]
    made.notes = [
        *codec.notes,
        (
            f"{of_texts:,} of {len(seen):,} words of the training data have vectors in {path.name}; the vocabulary has "
            f"{len(more):,} words more of it"
        ),
    ]
    return made, (np.array([i for i, _ in numbers]), np.stack([vector for _, vector in numbers]))
