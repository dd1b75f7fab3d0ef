"""Text and its tokens: characters, bytes, words, or subwords learned from the text; whole, or as a stream.

`chars`     every character that occurs; another one is `<unk>`.
`bytes`     the 256 bytes of UTF-8: nothing is unknown.
`words`     what stands between blanks, `<unk>` for what is rare. Of text that is not tokenised already, punctuation
            is parted from words first; `decode` puts it back where English has it.
`subwords`  byte-level byte-pair encoding, nothing unknown. The `tokenizers` library trains it; encoding is done here.

decode(encode(text)) is the text for chars (of known characters), bytes and subwords. With `end`, every end of line is
the token `<eos>`. A stream gives what `encode` gives of the whole, whatever its pieces: a token is final when nothing
that may follow can change it.
"""

import codecs as byte_codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, repeat
from typing import Literal, Protocol, cast

import msgspec
import numpy as np

from hitherto.arrays import Array
from hitherto.bounds import Count, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.codecs.subwords import BYTE_NAMES, NAME_BYTES, PIECE, last_piece, learn_merges, merged, ranks_of
from hitherto.codecs.text_stream import TextStream
from hitherto.errors import DataError, UsageError
from hitherto.progress import begin
from hitherto.slots import Slot, Slots, text_slot

__all__ = ["END", "TextCodec", "TextDecoder"]

UNKNOWN, END = "<unk>", "<eos>"

# A run of letters and digits (with ' or - inside), or one other sign: what `words` are of text as people write it.
_WORD = re.compile("<unk>|<eos>|[^\\W_]+(?:['\u2019\\-][^\\W_]+)*|_+|[^\\w\\s]")
_NO_BLANK_BEFORE = set(".,!?;:%)]}'\u2019\u201d\u2026")
_NO_BLANK_AFTER = set("([{$#\u201c\u2018")


class TextDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of a `TextCodec` in a bundle, without its vocabulary."""

    tokens: Literal["words", "chars", "bytes", "subwords"]
    end: bool
    lower: bool
    split: Literal["space", "punctuation", "auto"]
    max_length: Count | None
    outside: bool


class TextCodec(Codec):
    """A vocabulary and how text is cut into it."""

    kind = "text"
    options = ("tokens", "vocab_size", "min_count", "lower", "max_length")
    Document = TextDocument
    streams = True
    restores_values = True
    writes_text = True
    reads_text = True

    def __init__(
        self,
        tokens: str,
        vocabulary: Sequence[str],
        *,
        end: bool = False,
        lower: bool = False,
        split: str = "space",
        max_length: int | None = None,
        merges: Sequence[str] = (),
        outside: bool = False,
        tokenizer: Callable[[str], Iterable[object]] | None = None,
    ) -> None:
        self.tokens = tokens
        self.vocabulary = list(vocabulary)
        self.lower = lower
        self.split = split
        self.max_length = max_length
        self.merges = list(merges)
        self.outside = outside  # words come from a tokenizer of the user's own
        self.tokenizer = tokenizer
        self.notes = []
        self._number = {token: i for i, token in enumerate(self.vocabulary)}
        self._pieces: dict[int, str] = {}
        self.unknown: int | None = self._number.get(UNKNOWN)
        self.end = end
        self.end_id: int | None = self._number.get(END) if end else None
        if tokens == "chars":
            self._table = self._character_table()
        if tokens == "subwords":
            self._prepare_merges()

    @property
    def size(self) -> int:
        return len(self.vocabulary)

    # ---- fitting

    @classmethod
    def fit(
        cls,
        texts: Iterable[object],
        *,
        tokens: str = "words",
        vocab_size: int | None = None,
        min_count: int = 1,
        lower: bool = False,
        split: str = "auto",
        tokenizer: object = None,
        max_length: int | None = None,
        end: bool = False,
    ) -> "TextCodec":
        """The codec of these texts, or of a text that comes in pieces."""
        if tokens not in ("words", "chars", "bytes", "subwords"):
            raise UsageError(f"tokens must be words, chars, bytes or subwords, but came as {tokens!r}.")
        if tokenizer is not None and tokens != "words":
            raise UsageError(f"a tokenizer makes words; with tokens = {tokens!r} it has no use.")
        for name, value in (("vocab_size", vocab_size), ("min_count", min_count), ("max_length", max_length)):
            if value is not None and value < 1:
                raise UsageError(f"{name} must be 1 at least, but is {value}.")
        if min_count > 1 and tokens in ("bytes", "subwords"):
            raise UsageError(f"min_count is for words and characters; of {tokens} none is left out.")
        if vocab_size is not None and tokens == "bytes":
            raise UsageError("there are 256 bytes: leave vocab_size out, or choose other tokens.")
        if isinstance(texts, str):
            texts = [texts]
        special = ([] if tokens in ("bytes", "subwords") else [UNKNOWN]) + ([END] if end else [])
        notes: list[str] = []
        make = partial(cls, tokens, end=end, lower=lower, max_length=max_length)
        if tokens == "bytes":
            vocabulary = [*special, *(BYTE_NAMES[b] for b in range(256))]
            codec = make(vocabulary)
        elif tokens == "subwords":
            codec, notes = cls._fit_subwords(texts, vocab_size, make(special), make)
        else:
            if tokens == "words":
                if tokenizer is None:
                    texts, split = _split_of(texts, split)
                    make = partial(make, split=split)
                else:
                    make = partial(make, outside=True, tokenizer=_callable(tokenizer))
            probe = make(special)
            counts: Counter[str] = Counter()
            for part in probe._words_of(texts):
                counts.update(part)
            for name in special:
                counts.pop(name, None)
            ranked = sorted((w for w, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w))
            room = None if vocab_size is None else max(0, vocab_size - len(special))
            codec = make([*special, *ranked[:room]])
            if tokens == "words":
                left = len(counts) - len(ranked[:room])
                rarer = f"; {left:,} rarer ones are {UNKNOWN}" if left else ""
                notes.append(f"the vocabulary has {codec.size:,} words{rarer}")
        codec.notes = notes
        return codec

    def _words_of(self, texts: Iterable[object]) -> Iterator[Iterable[str]]:
        """What is counted, text by text; a word may be cut only where a text ends."""
        if self.tokens == "chars":
            for text in texts:
                text = self.checked(text)
                yield text.replace("\n", "") if self.end else text
            return
        rest = ""
        for text in texts:
            if isinstance(text, list | tuple):
                yield [self.checked(word) for word in text]
                continue
            text = rest + self.checked(text)
            # pieces of one text may be cut inside a word; whole texts end wherever they end
            cut = len(text) if len(text) < 1 << 16 else max(text.rfind(" "), text.rfind("\n")) + 1
            cut = cut or len(text)  # no blank at all: what is held must not grow without end
            text, rest = text[:cut], text[cut:]
            yield self._words(text)
        if rest:
            yield self._words(rest)

    @classmethod
    def _fit_subwords(
        cls,
        texts: Iterable[object],
        vocab_size: int | None,
        probe: "TextCodec",
        make: Callable[..., "TextCodec"],
    ) -> tuple["TextCodec", list[str]]:
        special = probe.vocabulary
        counts: Counter[str] = Counter()
        total = 0
        for text in texts:
            text = probe.checked(text)
            total += len(text)
            counts.update(PIECE.findall(text))
        if probe.end:  # ends of lines are tokens of their own, and what they part stays apart
            counts = Counter({piece: n for piece, n in counts.items() if piece[0] != "\n"})
        chosen = vocab_size or int(np.clip(total // 400, 512, 8000))
        if chosen < 256 + len(special):
            raise UsageError(
                f"subwords need the 256 bytes: vocab_size must be {256 + len(special)} at least, but is {chosen}."
            )
        begin(f"learning {chosen:,} subwords from {len(counts):,} pieces of words")
        learned, merges = learn_merges(counts, chosen - len(special))
        vocabulary = special + learned
        notes = (
            []
            if vocab_size
            else [
                f"subwords: {len(vocabulary):,} kinds, by the size of the text; --vocab-size says otherwise"
            ]
        )
        return make(vocabulary, merges=merges), notes

    # ---- encoding

    def example(self) -> str:
        words = [word for word in self.vocabulary if word.isalpha()] if self.tokens == "words" else []
        return " ".join(words[:4]) or "The "

    def encode(self, value: object) -> Array:
        """The tokens of a text, [T] int32; a list of words is taken as it is cut."""
        if isinstance(value, list | tuple | np.ndarray):
            if self.tokens != "words":
                raise DataError(f"a list of words needs tokens = 'words'; this codec has {self.tokens}")
            ids = self._numbers(self.checked(word) for word in value)
        else:
            ids = self.read(self.checked(value))
        return ids if self.max_length is None else ids[: self.max_length]

    def checked(self, text: object) -> str:
        """A text as it is read; a DataError where it is none."""
        if not isinstance(text, str):
            if text is None or (isinstance(text, float | np.floating) and np.isnan(text)):
                raise DataError("the text is missing; give one or drop the row")
            if isinstance(text, int | float | np.number):
                text = str(text)
            else:
                raise DataError(f"expected text, but got {text!r:.60}")
        checked: str = text
        try:
            checked.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"character {error.start + 1} is half of a pair, {checked[error.start]!a}, which stands for nothing"
            ) from error
        # lower() alone asks what follows a capital sigma, which a stream does not know yet
        return checked.replace("\u03a3", "\u03c3").lower() if self.lower else checked

    def read(self, text: str) -> Array:
        """The tokens of a checked text, however many."""
        if self.tokens == "chars":
            return self._encode_characters(text)
        if self.tokens == "bytes":
            return self._encode_bytes(text)
        if self.tokens == "subwords":
            return self._encode_subwords(text)
        return self._numbers(self._words(text))

    def _numbers(self, words: Iterable[str]) -> Array:
        unknown = -1 if self.unknown is None else self.unknown
        return np.fromiter(map(self._number.get, words, repeat(unknown)), np.int32)

    def _words(self, text: str) -> list[str]:
        if self.outside and self.tokenizer is None:
            raise UsageError(
                "this model was trained with a tokenizer of its own: give lists of words, or pass tokenizer= to open."
            )
        if self.end and "\n" in text:
            if self.tokenizer is None:  # a word of its own is what it is
                return self._words_in_line(text.replace("\n", f" {END} "))
            parts = [self._words_in_line(line) for line in text.split("\n")]
            return [w for i, part in enumerate(parts) for w in ([*part, END] if i < len(parts) - 1 else part)]
        return self._words_in_line(text)

    def _words_in_line(self, text: str) -> list[str]:
        if self.tokenizer is not None:
            return [] if not text else [str(word) for word in self.tokenizer(text)]
        return text.split() if self.split == "space" else _WORD.findall(text)

    def _character_table(self) -> Array:
        """Code point -> number, as far as the highest character known."""
        single = [(ord(token), i) for token, i in self._number.items() if len(token) == 1]
        table = np.full(
            max([10, *(c for c, _ in single)]) + 2, -1 if self.unknown is None else self.unknown, np.int32
        )
        for character, number in single:
            table[character] = number
        if self.end_id is not None:
            table[10] = self.end_id
        return table

    def _encode_characters(self, text: str) -> Array:
        points = np.frombuffer(text.encode("utf-32-le"), "<u4")
        ids: Array = self._table.take(points, mode="clip")  # the last one stands for all beyond the table
        return ids

    def _encode_bytes(self, text: str) -> Array:
        data = np.frombuffer(text.encode(), np.uint8).astype(np.int32)
        first = self.size - 256
        ids = data + first
        if self.end_id is not None:
            ids[data == 10] = self.end_id
        return ids

    def _prepare_merges(self) -> None:
        self._rank = ranks_of(self.merges)
        self._piece = lru_cache(1 << 17)(self._merge)

    def _merge(self, piece: str) -> tuple[int, ...]:
        """The numbers of one piece: bytes, merged in the order of the merges' ranks."""
        if self.end_id is not None and piece[0] == "\n":
            return (self.end_id,) * len(piece)
        return tuple(self._number[part] for part in merged(piece, self._rank))

    def _encode_subwords(self, text: str) -> Array:
        return np.fromiter(chain.from_iterable(map(self._piece, PIECE.findall(text))), np.int32)

    def encode_all(self, pieces: Iterable[str]) -> Iterator[Array]:
        """The tokens of a text that comes in pieces cut anywhere; all of them equal `encode` of the whole."""
        stream = TextStream(self)
        for piece in pieces:
            if len(ids := stream.push(piece)):
                yield ids
        if len(rest := stream.finish()):
            yield rest

    def stream(self) -> TextStream:
        return TextStream(self)

    def settled(self, text: str) -> int:
        """How much of `text` is encoded the same whatever follows it."""
        if self.tokens in ("chars", "bytes"):
            return len(text)
        if self.tokens == "words":
            # a tokenizer of the user's own sees whole lines where lines end, and otherwise the whole text
            blanks = (" ", "\n", "\t") if not self.outside else ("\n",) if self.end else ()
            return max((text.rfind(blank) + 1 for blank in blanks), default=0)
        cut = last_piece(text)
        return len(text) if self.end and text[cut:].startswith("\n") else cut

    def cut(self, text: object) -> list[str]:
        """What each token of `encode(text)` stands for in the text, where some may be unknown: words, characters."""
        if self.tokens == "chars":
            return list(self.checked(text))
        if isinstance(text, Iterable) and not isinstance(text, str):
            return [self.checked(word) for word in text]
        return self._words(self.checked(text))

    # ---- decoding

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """Each token by itself, for who looks at them."""
        return [self.vocabulary[i] if i in (self.end_id, self.unknown) else self.decode([i]) for i in ids]

    @property
    def names(self) -> list[str]:
        return self.pieces(range(self.size))

    def decode(self, array: Iterable[int]) -> str:
        decoder = TextDecoder(self)
        return "".join(decoder.push(int(i)) for i in array) + decoder.finish()

    def piece(self, token: int) -> str:
        """`decode` of one token, which a stream asks for at every step."""
        text = self._pieces.get(token)
        if text is None:
            text = self._pieces[token] = self.decode([token])
        return text

    def decoder(self) -> "TextDecoder":
        return TextDecoder(self)

    def is_word_start(self, token: int) -> bool:
        """Whether a new word begins with this token, or it stands between words."""
        if self.tokens == "words" or token == self.end_id:
            return True
        text = self.vocabulary[token]
        if self.tokens == "chars":
            return not (text.isalnum() or text in "'\u2019-") or len(text) > 1
        first = NAME_BYTES.get(text[0], 0)
        return not (chr(first).isalnum() or first >= 128 or first == 39)

    def restores(self, value: object) -> bool:
        """Whether decode(encode(value)) gives `value` back."""
        if not isinstance(value, str) or self.checked(value) != value or self.outside:
            return False
        if self.tokens == "words":
            lines = value.split("\n") if self.end else [value]
            if self.split != "space" or any(line != " ".join(line.split()) for line in lines):
                return False
        ids = self.read(value)
        return (self.max_length is None or len(ids) <= self.max_length) and (
            self.unknown is None or not bool(np.any(ids == self.unknown))
        )

    def with_tokenizer(self, tokenizer: object) -> "TextCodec":
        """The same vocabulary, its words made by this tokenizer: the one that it was fitted with."""
        if not self.outside:
            raise UsageError("this model makes its words itself; leave tokenizer= out.")
        return TextCodec(
            self.tokens, self.vocabulary, end=self.end, lower=self.lower, split=self.split,
            max_length=self.max_length, outside=True, tokenizer=_callable(tokenizer),
        )  # fmt: skip

    def with_words(self, more: Sequence[str]) -> "TextCodec":
        """The codec of words with these in its vocabulary too, behind its own."""
        return TextCodec(
            self.tokens, [*self.vocabulary, *more], end=self.end, lower=self.lower, split=self.split,
            max_length=self.max_length, outside=self.outside, tokenizer=self.tokenizer,
        )  # fmt: skip

    # ---- keeping

    def to_json(self) -> dict[str, object]:
        return {
            "tokens": self.tokens, "end": self.end, "lower": self.lower, "split": self.split,
            "max_length": self.max_length, "outside": self.outside,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {"vocabulary": self.vocabulary} | ({"merges": self.merges} if self.merges else {})

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "TextCodec":
        if not {"vocabulary"} <= parts.keys() <= {"vocabulary", "merges"}:
            raise UsageError(
                f"a text codec has a vocabulary and perhaps merges, but not {', '.join(parts) or 'none'}."
            )
        codec = cls(
            vocabulary=parts["vocabulary"],
            merges=parts.get("merges", []),
            **fields_of(document, TextDocument),
        )
        codec._check()
        return codec

    def _check(self) -> None:
        """The vocabulary is one that `fit` could give: what it must have is there, and each token can be said."""
        needed = {"words": [UNKNOWN], "chars": [UNKNOWN]}.get(self.tokens, BYTE_NAMES) + [END] * self.end
        missing = [token for token in needed if token not in self._number]
        special = {UNKNOWN, END} if self.tokens in ("words", "chars") else {END} if self.end else set()
        others = self._number.keys() - special
        if missing:
            raise UsageError(f"its vocabulary lacks {missing[0]!r}.")
        if len(self._number) != self.size or "" in self._number:
            raise UsageError("its vocabulary has a token twice, or one of nothing.")
        if self.tokens == "chars" and any(len(token) != 1 for token in others):
            raise UsageError("a token of characters is one character.")
        if self.tokens == "bytes" and self.vocabulary[-256:] != BYTE_NAMES:
            raise UsageError("the tokens of bytes are the 256 bytes, in their order.")
        if self.tokens == "bytes" and self.size != 256 + self.end:
            raise UsageError(f"bytes have {256 + self.end} tokens, but it has {self.size:,}.")
        if self.tokens == "subwords" and not all(NAME_BYTES.keys() >= set(token) for token in others):
            raise UsageError("subwords are made of bytes, but it has one that is not.")
        if self.merges and self.tokens != "subwords":
            raise UsageError(f"merges are for subwords, not for {self.tokens}.")
        for merge in self.merges:
            left, _, right = merge.partition(" ")
            if not (left in others and right in others and left + right in others):
                raise UsageError(f"the merge {merge!r:.60} is not of tokens that it has.")


class TextDecoder:
    """Makes text of tokens as they come. It holds back the bytes of a character that is not complete."""

    def __init__(self, codec: TextCodec) -> None:
        self.codec = codec
        self._bytes = byte_codecs.getincrementaldecoder("utf-8")("replace")
        self._last = ""  # the word before, where words are parted by blanks

    def push(self, token: int) -> str:
        codec = self.codec
        if not 0 <= token < codec.size:
            raise DataError(f"there is no token {token}; there are {codec.size}")
        text = codec.vocabulary[token]
        if token == codec.end_id:
            self._last = ""
            return self._bytes.decode(b"", final=True) + "\n"
        if codec.tokens == "chars":
            return "" if token == codec.unknown else text
        if codec.tokens == "words":
            return self._word(text)
        return self._bytes.decode(bytes(NAME_BYTES[c] for c in text))

    def word(self, word: str) -> str:
        """A word that is no token, in the place of one that is unknown."""
        return self._word(word) if self.codec.tokens == "words" else word

    def _word(self, word: str) -> str:
        last, self._last = self._last, word
        if not last:
            return word
        if self.codec.split == "punctuation" and (word[0] in _NO_BLANK_BEFORE or last[-1] in _NO_BLANK_AFTER):
            return word
        return " " + word

    def finish(self) -> str:
        return self._bytes.decode(b"", final=True)

    @property
    def slots(self) -> Slots:
        return {"bytes": Slot(np.uint8, (range(4),)), "last": text_slot()}

    @property
    def state(self) -> dict[str, Array]:
        held, _ = self._bytes.getstate()
        return {
            "bytes": np.frombuffer(held, np.uint8).copy(),
            "last": np.frombuffer(self._last.encode(), np.uint8).copy(),
        }

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        self._bytes.setstate((value["bytes"].tobytes(), 0))
        self._last = value["last"].tobytes().decode()


def _split_of(texts: Iterable[object], split: str) -> tuple[Iterable[object], str]:
    """How words are parted: at blanks only, where the first texts stand tokenised already."""
    if split not in ("auto", "space", "punctuation"):
        raise UsageError(f"split must be auto, space or punctuation, but came as {split!r}.")
    if split != "auto":
        return texts, split
    held: list[object] = []
    rest = iter(texts)
    alone = joined = size = 0
    for text in rest:
        held.append(text)
        if isinstance(text, str):
            some = text[: 1 << 18]
            alone += 10**9 * (UNKNOWN in some) + len(re.findall(r"(?:^|\s)[^\w\s](?=\s|$)", some))
            joined += len(re.findall(r"\w(?:[,!?;:](?=\s|$)|\.(?=\s+[A-Z]|\s*$))", some))
            size += len(some)
        if size > 1 << 18:
            break
    # Text without any sign between words is parted the same either way; lists are parted already.
    return chain(held, rest), "space" if joined <= alone or joined == 0 else "punctuation"


class _Token(Protocol):
    """A token of spaCy's, which knows its text."""

    @property
    def text(self) -> str: ...
    @property
    def is_space(self) -> bool: ...


def _callable(tokenizer: object) -> Callable[[str], Iterable[object]] | None:
    """A function from text to words: any callable, spaCy's pipelines and NLTK's tokenizers."""
    if tokenizer is None:
        return None
    tokenize: Callable[[str], Iterable[object]] | None = getattr(tokenizer, "tokenize", None)  # NLTK
    if tokenize is not None:
        return tokenize
    if not callable(tokenizer):
        raise UsageError(
            f"a tokenizer is a function from text to words, but came as {type(tokenizer).__name__}."
        )
    make_doc: Callable[[str], Iterable[_Token]] | None = getattr(tokenizer, "make_doc", None)  # spaCy
    if make_doc is not None:
        return lambda text: [token.text for token in make_doc(text) if not token.is_space]
    return cast("Callable[[str], Iterable[object]]", tokenizer)
