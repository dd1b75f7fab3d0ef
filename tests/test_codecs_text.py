"""Text to tokens and back: lossless where promised, the same in pieces as whole, and wrong input named."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.codecs.subwords import PIECE
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
    given = again.with_tokenizer(lambda text: text.replace("-", " ").split())
    assert given.encode("a-b").tolist() == codec.encode("a-b").tolist()
    with pytest.raises(UsageError, match="makes its words itself"):
        TextCodec.fit(["a"], tokens="words").with_tokenizer(str.split)
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


SIGNS = "abcdon't stop THE 0123456789..,!?__\u00b2\u2167\n\t\r\u2003\u00e9\u5317\u4eac\U0001f642\u0301"
ANY_TEXT = st.text(alphabet=st.one_of(st.sampled_from(SIGNS), st.characters(codec="utf-8")), max_size=60)


def library(codec: TextCodec) -> Any:
    """The same merges, done by the library."""
    tokenizers = pytest.importorskip("tokenizers")
    whole = tokenizers.Tokenizer(
        tokenizers.models.BPE(
            {token: i for i, token in enumerate(codec.vocabulary)},
            [tuple(merge.split(" ", 1)) for merge in codec.merges],
        )
    )
    whole.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return whole


# Two letters at random: nearly every piece can be merged in several ways, and the order decides.
_DRAW = random.Random(0)
OVERLAPPING = TextCodec.fit(
    ["".join(_DRAW.choice("aab ") for _ in range(3000))], tokens="subwords", vocab_size=330
)


@given(st.one_of(ANY_TEXT, st.text(alphabet="ab ", max_size=60)))
@settings(deadline=None, max_examples=300)
def test_own_merging_equals_the_library_on_any_text(text: str) -> None:
    pieces = PIECE.findall(text)
    assert "".join(pieces) == text  # our pattern cuts, and loses nothing
    for codec in (SUBWORDS, OVERLAPPING):
        whole = library(codec)
        assert codec.encode(text).tolist() == [i for piece in pieces for i in whole.encode(piece).ids]


@given(ANY_TEXT, st.integers(0, 100))
@settings(deadline=None, max_examples=150)
def test_any_text_in_pieces_equals_the_whole(text: str, seed: int) -> None:
    draw = random.Random(seed)
    for codec in ANY:
        stream, found, place = codec.stream(), [], 0
        while place < len(text):
            size = draw.randint(1, 5)
            found += stream.push(text[place : place + size]).tolist()
            place += size
            state = {name: array.copy() for name, array in stream.state.items()}
            stream = codec.stream()
            stream.state = state
        assert found + stream.finish().tolist() == codec.encode(text).tolist()
        if codec.restores(text):
            assert codec.decode(codec.encode(text)) == text
        elif codec.tokens in ("bytes", "subwords"):
            assert text != text.lower()


ANY = [
    TextCodec.fit(
        [RAW + "ΑΣ İI"], tokens=tokens, end=end, lower=lower, vocab_size=300 if tokens == "subwords" else None
    )
    for tokens in ("words", "chars", "bytes", "subwords")
    for end, lower in ((False, False), (True, True))
]


@given(st.lists(st.sampled_from([*"abc.,!?'()$-_", "don't", "3", "<unk>", "\u2019"]), max_size=12))
@settings(deadline=None, max_examples=200)
def test_words_put_together_fall_apart_again(words: list[str]) -> None:
    codec = TextCodec.fit(
        [["a", "b", "c", "don't", "3", *".,!?'()$-_\u2019"]], tokens="words", split="punctuation"
    )
    ids = codec.encode(" ".join(words))
    assert codec.encode(codec.decode(ids)).tolist() == ids.tolist()


def test_capitals_are_folded_alike_in_pieces() -> None:
    for tokens in ("chars", "bytes"):
        codec = TextCodec.fit(["ΟΔΟΣ ςσ"], tokens=tokens, lower=True)
        stream = codec.stream()
        pushed = [i for c in "ΟΔΟΣ" for i in stream.push(c).tolist()]
        assert pushed == codec.encode("ΟΔΟΣ").tolist() == codec.encode("οδοσ").tolist()


def test_ends_of_lines_part_subwords() -> None:
    codec = TextCodec.fit(["ab\n\ncd\n"] * 300, tokens="subwords", vocab_size=300, end=True)
    assert codec.merges == ["a b", "c d"]
    assert [codec.vocabulary[i] for i in codec.encode("ab\n\ncd")] == ["ab", "<eos>", "<eos>", "cd"]


def test_an_end_of_line_is_final_at_once() -> None:
    for tokens in ("words", "chars", "bytes", "subwords"):
        codec = TextCodec.fit(
            ["ab cd\n"], tokens=tokens, end=True, vocab_size=300 if tokens == "subwords" else None
        )
        stream = codec.stream()
        assert stream.push("ab cd\n").tolist() == codec.encode("ab cd\n").tolist()
        assert stream.finish().tolist() == []


def test_text_without_blanks_is_held_back_no_longer_than_a_piece() -> None:
    stream = SUBWORDS.stream()
    for _ in range(50):
        stream.push("ACGT" * 25)
        assert len(stream.state["rest"]) <= 65


def test_a_tokenizer_of_ones_own_sees_whole_lines() -> None:
    for end in (False, True):
        codec = TextCodec.fit(["a b"], tokens="words", tokenizer=lambda line: [line], end=end)
        text = "a b\na c\n"
        assert [t for part in codec.encode_all(text) for t in part] == codec.encode(text).tolist()
    assert [codec.vocabulary[i] for i in codec.encode("a b\n")] == ["a b", "<eos>"]


def test_ends_of_lines_where_no_higher_character_is_known() -> None:
    codec = TextCodec.fit(["\t\t"], tokens="chars", end=True)
    assert [codec.vocabulary[i] for i in codec.encode("x\t\n")] == ["<unk>", "\t", "<eos>"]


def test_surrogates_are_no_text() -> None:
    for codec in CODECS:
        with pytest.raises(DataError, match="character 3 is half of a pair"):
            codec.encode("ab\ud800")
        with pytest.raises(DataError, match="half of a pair"):
            codec.stream().push("\udc00")
    for tokens in ("words", "chars", "subwords"):
        with pytest.raises(DataError, match="half of a pair"):
            TextCodec.fit(["a\ud800"], tokens=tokens)


@pytest.mark.parametrize("word", [None, float("nan"), np.float32("nan"), "\ud800", b"a"])
def test_a_list_of_words_holds_words(word: object) -> None:
    codec = TextCodec.fit([["a", "b"]], tokens="words")
    for call in (lambda: codec.encode(["a", word]), lambda: TextCodec.fit([["a", word]], tokens="words")):
        with pytest.raises(DataError):
            call()
    with pytest.raises(DataError, match="list of words"):
        BYTES.encode(["a"])


@pytest.mark.parametrize("option", ["vocab_size", "min_count", "max_length"])
def test_options_below_one(option: str) -> None:
    with pytest.raises(UsageError, match=f"{option} must be 1"):
        TextCodec.fit(["a"], tokens="words", **{option: 0})


def test_one_text_is_a_list_of_one() -> None:
    assert TextCodec.fit("a bc", tokens="words").vocabulary == ["<unk>", "a", "bc"]
