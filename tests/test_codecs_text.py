"""Text to tokens and back: lossless where promised, the same in pieces as whole, and wrong input named."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.codecs.text import TextCodec
from hitherto.errors import DataError, UsageError

RAW = "Don't stop! The cat, the dog; and (perhaps) a well-known hat. 3.5 is a number.\nA new line?\n" * 30
PTB = "mr. <unk> is chairman of <unk> n.v. the dutch group\nno it was n't black monday\n" * 10


def test_tokenised_text_is_split_at_blanks_exactly() -> None:
    codec = TextCodec.fit([PTB], tokens="words", end=True)
    assert codec.split == "space"
    line = "mr. <unk> is chairman of <unk> n.v. the dutch group"
    ids = codec.encode(line + "\n")
    assert [codec.vocabulary[i] for i in ids] == [*line.split(), "<eos>"]
    assert codec.decode(ids) == line + "\n"


def test_raw_text_has_its_punctuation_parted_and_put_back() -> None:
    codec = TextCodec.fit([RAW], tokens="words")
    assert codec.split == "punctuation"
    ids = codec.encode("Don't stop! The cat, (perhaps) a well-known hat.")
    words = [codec.vocabulary[i] for i in ids]
    assert words == [
        "Don't",
        "stop",
        "!",
        "The",
        "cat",
        ",",
        "(",
        "perhaps",
        ")",
        "a",
        "well-known",
        "hat",
        ".",
    ]
    assert codec.decode(ids) == "Don't stop! The cat, (perhaps) a well-known hat."


def test_rare_words_become_unknown() -> None:
    codec = TextCodec.fit(["a a a b b c"], tokens="words", min_count=2)
    assert codec.vocabulary == ["<unk>", "a", "b"]
    assert codec.encode("a c d").tolist() == [1, 0, 0]
    assert TextCodec.fit(["a a a b b c"], tokens="words", vocab_size=2).vocabulary == ["<unk>", "a"]


@given(st.text(max_size=80))
@settings(deadline=None, max_examples=200)
def test_bytes_and_subwords_lose_nothing(text: str) -> None:
    assert BYTES.decode(BYTES.encode(text)) == text
    assert SUBWORDS.decode(SUBWORDS.encode(text)) == text


BYTES = TextCodec.fit([], tokens="bytes")
SUBWORDS = TextCodec.fit([RAW], tokens="subwords", vocab_size=320)


def test_subwords_merge_as_the_library_does() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.models.BPE(
        {token: i for i, token in enumerate(SUBWORDS.vocabulary)},
        [tuple(merge.split(" ", 1)) for merge in SUBWORDS.merges],
    )
    whole = tokenizers.Tokenizer(model)
    whole.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    pieces = ["Don", " stop", " perhaps", " the", "北京", " naïve", "\n", " (", "!!!", " 🙂"]
    for piece in pieces:
        assert SUBWORDS.encode(piece).tolist() == whole.encode(piece).ids, piece


@given(st.text(alphabet="ab \n.!é", max_size=60), st.integers(0, 100))
@settings(deadline=None, max_examples=100)
def test_pieces_cut_anywhere_equal_the_whole(text: str, seed: int) -> None:
    draw = random.Random(seed)
    for codec in CODECS:
        stream, found, place = codec.stream(), [], 0
        while place < len(text):
            size = draw.randint(1, 6)
            found += stream.push(text[place : place + size]).tolist()
            place += size
        found += stream.finish().tolist()
        assert found == codec.encode(text).tolist()
        assert [t for part in codec.encode_all(iter([text[:3], text[3:]])) for t in part] == found


CODECS = [
    TextCodec.fit(["ab ab. a! b\né"], tokens=tokens, end=end)
    for tokens in ("words", "chars", "bytes")
    for end in (False, True)
] + [SUBWORDS]


def test_what_is_final_comes_at_once() -> None:
    codec = TextCodec.fit(["one two three"], tokens="words")
    stream = codec.stream()
    assert stream.push("one tw").tolist() == codec.encode("one").tolist()
    assert stream.push("o ").tolist() == codec.encode("two").tolist()
    assert stream.finish().tolist() == []


def test_partial_characters_are_held_back_in_decoding() -> None:
    decoder = BYTES.decoder()
    data = "é🙂".encode()
    out = [decoder.push(b) for b in data]
    assert out == ["", "é", "", "", "", "🙂"]
    state = BYTES.decoder()
    state.push(data[0])
    again = BYTES.decoder()
    again.state = state.state
    assert again.push(data[1]) == "é"


def test_word_starts() -> None:
    words = TextCodec.fit(["a b"], tokens="words")
    assert all(map(words.is_word_start, range(words.size)))
    chars = TextCodec.fit(["don't stop."], tokens="chars")
    assert [c for i, c in enumerate(chars.vocabulary) if chars.is_word_start(i)] == ["<unk>", " ", "."]
    space = SUBWORDS.encode(" the")[0]
    assert SUBWORDS.is_word_start(int(space))


def test_case_length_and_lists() -> None:
    codec = TextCodec.fit(["A b C"], tokens="words", lower=True, max_length=2)
    assert codec.encode("a B c").tolist() == codec.encode("A b").tolist()
    assert codec.encode(["A", "b"]).tolist() == codec.encode("a b").tolist()


def test_a_tokenizer_of_ones_own() -> None:
    codec = TextCodec.fit(["a-b c"], tokens="words", tokenizer=lambda text: text.replace("-", " ").split())
    assert codec.size == 4
    again = TextCodec.from_json(codec.to_json(), codec.parts())
    assert again.encode(["a", "b"]).tolist() == codec.encode("a-b").tolist()
    with pytest.raises(UsageError, match="tokenizer of its own"):
        again.encode("a-b")
    nltk = pytest.importorskip("nltk.tokenize")
    assert TextCodec.fit(["Don't go"], tokens="words", tokenizer=nltk.WordPunctTokenizer()).size == 5


@pytest.mark.parametrize("value", [None, float("nan"), {"a": 1}, b"bytes"])
def test_what_is_no_text_is_an_error(value: object) -> None:
    for codec in CODECS:
        with pytest.raises(DataError):
            codec.encode(value)


def test_wrong_options() -> None:
    with pytest.raises(UsageError, match="tokens must be"):
        TextCodec.fit(["a"], tokens="letters")
    with pytest.raises(UsageError, match="256 at least"):
        TextCodec.fit(["a"], tokens="subwords", vocab_size=100)
    with pytest.raises(DataError):
        BYTES.encode("\ud800")
    with pytest.raises(DataError, match="no token 999"):
        BYTES.decode(np.array([999]))
