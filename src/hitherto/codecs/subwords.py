"""Byte-level byte-pair encoding: names of bytes, pieces of text, merges. `tokenizers` learns, this file encodes."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain, pairwise

from hitherto.errors import MissingExtra

__all__ = ["BYTE_NAMES", "NAME_BYTES", "PIECE", "last_piece", "learn_merges", "merged", "ranks_of"]

# Byte pairs are merged within a piece. A blank joins the word that follows it. No piece is longer than 65 characters:
# text without blanks costs no more than other text, and a stream never holds back more than that.
PIECE = re.compile(r" ?[^\W\d_]{1,64}| ?\d{1,3}| ?[^\w\s]{1,64}| ?_{1,64}|\n{1,64}|[^\S\n]{1,64}")

NEVER = 1 << 30  # the rank of a pair that is not merged
SAMPLE = 5_000_000  # pieces that merges are learned from


def _byte_names() -> list[str]:
    """A visible character for every byte, so that merges are plain text: the usual table of byte-level pairs."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names, extra = {b: chr(b) for b in visible}, 256
    for b in range(256):
        if b not in names:
            names[b] = chr(extra)
            extra += 1
    return [names[b] for b in range(256)]


BYTE_NAMES = _byte_names()
NAME_BYTES = {name: b for b, name in enumerate(BYTE_NAMES)}


def learn_merges(counts: Counter[str], size: int) -> tuple[list[str], list[str]]:
    """The tokens that these pieces of text give, `size` at most, and the merges that make them, as `left right`."""
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtra("tokens = 'subwords'", "tokenizers", "train") from error
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=sorted(BYTE_NAMES)
    )
    # The text is already cut into pieces, so the library must not cut again: each piece is a text of its own.
    model.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    every = max(1, counts.total() // SAMPLE)
    repeated = chain.from_iterable([piece] * max(1, n // every) for piece, n in sorted(counts.items()))
    model.train_from_iterator(repeated, trainer)
    numbers = model.get_vocab()
    merges = json.loads(model.to_str())["model"]["merges"]
    return (
        sorted(numbers, key=lambda token: numbers[token]),
        [merge if isinstance(merge, str) else " ".join(merge) for merge in merges],
    )


def ranks_of(merges: Iterable[str]) -> dict[tuple[str, str], int]:
    """The rank of each pair of tokens: the lowest is merged first."""
    pairs = (merge.partition(" ") for merge in merges)
    return {(left, right): rank for rank, (left, _, right) in enumerate(pairs)}


def merged(piece: str, ranks: Mapping[tuple[str, str], int]) -> list[str]:
    """The tokens of one piece: its bytes, merged in the order of the ranks."""
    parts = [BYTE_NAMES[b] for b in piece.encode()]
    while len(parts) > 1:
        candidates = [ranks.get(pair, NEVER) for pair in pairwise(parts)]
        lowest = min(candidates)
        if lowest == NEVER:
            break
        at = candidates.index(lowest)
        best = (parts[at], parts[at + 1])
        joined, i = [], 0
        while i < len(parts):
            if i + 1 < len(parts) and (parts[i], parts[i + 1]) == best:
                joined.append(parts[i] + parts[i + 1])
                i += 2
            else:
                joined.append(parts[i])
                i += 1
        parts = joined
    return parts


def last_piece(text: str) -> int:
    """Where the last piece begins. The pieces before it stay the same, whatever follows the text."""
    # A piece begins where blanks begin, so nothing before the last blanks matters.
    begin = max(text.rfind(" "), text.rfind("\n"), 0)
    while begin > 0 and text[begin - 1].isspace():
        begin -= 1
    for piece in PIECE.finditer(text, begin):
        begin = piece.start()
    return begin
