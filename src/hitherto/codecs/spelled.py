"""Words and how they are spelled: each step is a word's number, its shape, and its letters.

A word that training did not have is `<unk>` by its number, but its letters and its shape still say what it may be. The
numbers of a step are [word, shape, letters..]: `SHAPES` lists the shapes, and letters have numbers from `FIRST` on,
with a mark before and behind them. Of a long word the middle is left out. Words are looked up in lower case unless the
codec keeps case; letters always keep theirs.

A stream gives what `encode` gives of the whole, whatever its pieces.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.bounds import Count, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.codecs.text import UNKNOWN, TextCodec, TextDocument
from hitherto.codecs.text_stream import TextStream
from hitherto.errors import UsageError

__all__ = ["FIRST", "LENGTH", "SHAPES", "SpelledCodec", "shape_of"]

NOTHING, OTHER, BEGIN, END = range(4)  # in the place of letters; OTHER is a letter that training did not have
FIRST = 4
LENGTH = 24  # letters of a word, both marks counted
RARE = 0.25  # a word that occurs n times is <unk> in RARE of RARE + n readings

SHAPES = (
    "no letter or digit",
    "digits",
    "letters and digits",
    "lower case",
    "Capital",
    "CAPITALS",
    "one capital",
    "mIxEd",
)


def shape_of(word: str) -> int:
    """The number of a word's shape."""
    digits = any(c.isdigit() for c in word)
    letters = [c for c in word if c.isalpha()]
    if not letters:
        return 1 if digits else 0
    if digits:
        return 2
    capital = [c.isupper() or c.istitle() for c in letters]
    if not any(capital):
        return 3
    if len(letters) == 1:
        return 6
    return 5 if all(capital) else 4 if capital[0] and not any(capital[1:]) else 7


class SpelledDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of a `SpelledCodec` in a bundle, without its vocabularies."""

    words: TextDocument
    length: Count


class SpelledCodec(Codec):
    """A vocabulary of words, and one of letters."""

    kind = "spelled"
    options = ("vocab_size", "min_count", "lower", "max_length")
    Document = SpelledDocument
    streams = True
    reads_text = True

    def __init__(self, words: TextCodec, letters: Iterable[str], length: int = LENGTH) -> None:
        self.words = words
        self.letters = list(letters)
        self.length = length
        self.outside = words.outside
        self.max_length = words.max_length
        self.notes = []
        self.chances: Array | None = (
            None  # of each word to be <unk> in training: those that are rare most of all
        )
        self._code = {letter: FIRST + i for i, letter in enumerate(self.letters)}
        self._row = lru_cache(1 << 16)(self._spell)
        # It cuts text into words as they stand; `words` looks them up.
        self._cutter = TextCodec(
            "words", [UNKNOWN], split=words.split, outside=words.outside, tokenizer=words.tokenizer
        )

    @property
    def size(self) -> int:
        return 2 + self.length

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many words, letters and shapes there are: each number of a step is below one of these."""
        return self.words.size, FIRST + len(self.letters), len(SHAPES)

    @classmethod
    def fit(
        cls,
        texts: Iterable[object],
        *,
        vocab_size: int | None = None,
        min_count: int = 1,
        lower: bool = True,
        split: str = "auto",
        tokenizer: object = None,
        max_length: int | None = None,
    ) -> "SpelledCodec":
        """The codec of these texts, or lists of words."""
        texts = list(texts)
        words = TextCodec.fit(
            texts, tokens="words", vocab_size=vocab_size, min_count=min_count, lower=lower, split=split,
            tokenizer=tokenizer, max_length=max_length,
        )  # fmt: skip
        probe = cls(words, ())
        counts = Counter(letter for text in texts for word in probe.cut(text) for letter in word)
        codec = cls(words, sorted(counts))
        numbers = [words.encode([word])[0] for text in texts for word in probe.cut(text)]
        codec.chances = RARE / (RARE + np.bincount(numbers, minlength=words.size))
        codec.notes = [
            f"the vocabulary has {words.size:,} words; of all others the model reads the {len(codec.letters)} letters"
        ]
        return codec

    def cut(self, text: object) -> list[str]:
        """The words of a text, as they stand."""
        return self._cutter.cut(text)

    def checked(self, text: object) -> str:
        """A text; a DataError where it is none."""
        return self._cutter.checked(text)

    # ---- encoding

    def example(self) -> str:
        return self.words.example()

    def encode(self, value: object) -> Array:
        """The numbers of the words of a text, or of a list of them, [T, size] float32."""
        return self.rows(self.cut(value))[: self.max_length]

    def read(self, text: str) -> Array:
        """The numbers of the words of a checked text, however many."""
        return self.rows(self.cut(text))

    def rows(self, words: Iterable[str]) -> Array:
        """The numbers of these words, however many."""
        rows = [self._row(word) for word in words]
        return np.stack(rows) if rows else np.zeros((0, self.size), np.float32)

    def called(self, steps: Array) -> list[str]:
        """The letters of each word, as far as they are read; one that is not known is a dot."""
        letters = {FIRST + i: letter for i, letter in enumerate(self.letters)} | {OTHER: "\u00b7"}
        return ["".join(letters.get(int(code), "") for code in step[2:]) for step in steps]

    def _spell(self, word: str) -> Array:
        """[size]"""
        row = np.zeros(self.size, np.float32)
        row[:2] = self.words.encode([word])[0], shape_of(word)
        codes = [BEGIN, *(self._code.get(letter, OTHER) for letter in word), END]
        if len(codes) > self.length:
            half = self.length // 2
            codes = [*codes[: self.length - half], *codes[-half:]]
        row[2 : 2 + len(codes)] = codes
        return row

    def forgetful(self, rows: Array, rng: np.random.Generator) -> Array:
        """The steps of an example in training: some words are <unk>, so that the model learns to read letters."""
        if self.chances is None:
            return rows
        lost = rng.random(len(rows)) < self.chances[rows[:, 0].astype(np.int64)]
        changed = rows.copy()
        changed[lost, 0] = self.words.unknown
        return changed

    def settled(self, text: str) -> int:
        """How much of `text` is encoded the same whatever follows it."""
        return self._cutter.settled(text)

    def stream(self) -> TextStream:
        return TextStream(self)

    def with_words(self, more: Sequence[str]) -> "SpelledCodec":
        """The codec with these words in its vocabulary too, behind its own."""
        made = SpelledCodec(self.words.with_words(more), self.letters, self.length)
        if self.chances is not None:  # what was rare, and is a word now, is as rare as words come
            made.chances = np.concatenate([self.chances, np.full(len(more), RARE / (RARE + 1))])
        return made

    def with_tokenizer(self, tokenizer: object) -> "SpelledCodec":
        return SpelledCodec(self.words.with_tokenizer(tokenizer), self.letters, self.length)

    # ---- keeping

    def to_json(self) -> dict[str, object]:
        return {"words": self.words.to_json(), "length": self.length}

    def parts(self) -> dict[str, list[str]]:
        return {"vocabulary": self.words.vocabulary, "letters": self.letters}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "SpelledCodec":
        fields = fields_of(document, SpelledDocument)
        if parts.keys() != {"vocabulary", "letters"}:
            raise UsageError(
                f"a codec of spelled words has a vocabulary and letters, but not {', '.join(parts) or 'none'}."
            )
        words = TextCodec.from_json(msgspec.to_builtins(fields["words"]), {"vocabulary": parts["vocabulary"]})
        letters = parts["letters"]
        if words.tokens != "words" or words.end:
            raise UsageError(f"it spells words, but its text has {words.tokens}.")
        if len(set(letters)) != len(letters) or any(len(letter) != 1 for letter in letters):
            raise UsageError("each of its letters is one character, and no other.")
        if not 4 <= fields["length"] <= 256:
            raise UsageError(f"it reads from 4 to 256 letters of a word, not {fields['length']:,}.")
        return cls(words, letters, fields["length"])
