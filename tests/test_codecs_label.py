"""Labels: numbers in a settled order, several at once, and unknown ones named."""

import json
import random

import numpy as np
import pytest

from hitherto.codecs.label import LabelCodec
from hitherto.errors import DataError, UsageError


def test_classes_are_sorted_numbers_before_words() -> None:
    codec = LabelCodec.fit(["b", 10, "9", "a", 2.0, "b"])
    assert codec.classes == ["2", "9", "10", "a", "b"]
    assert codec.counts.tolist() == [1, 1, 1, 1, 2]
    assert int(codec.encode("10")) == int(codec.encode(10)) == int(codec.encode(10.0)) == 2
    assert codec.decode(np.int64(4)) == "b"
    assert codec.decode([0, 3]) == ["2", "a"]


def test_several_labels_at_once() -> None:
    codec = LabelCodec.fit(["x|y", "y", "", "z|x"], multi=True)
    assert codec.separator == "|"
    assert codec.notes
    assert codec.encode("z|x").tolist() == [1, 0, 1]
    assert codec.encode(["y"]).tolist() == [0, 1, 0]
    assert codec.encode("").tolist() == [0, 0, 0]
    assert codec.decode([0.9, 0.2, 0.5]) == ["x", "z"]


def test_unknown_labels_name_the_known_and_the_nearest() -> None:
    codec = LabelCodec.fit(["good", "bad"])
    with pytest.raises(
        DataError, match=r"'godo' did not occur in training; known are 'bad', 'good'\. Did you mean 'good'"
    ):
        codec.encode("godo")
    for missing in (None, float("nan")):
        with pytest.raises(DataError, match="missing"):
            codec.encode(missing)
    with pytest.raises(DataError, match="multi = true"):
        codec.encode(["good", "bad"])


def test_balanced_weights_let_classes_count_alike() -> None:
    codec = LabelCodec.fit(["a"] * 30 + ["b"] * 10)
    weights = codec.weights("balanced")
    assert weights.tolist() == pytest.approx([2 / 3, 2])
    assert (weights * codec.counts).sum() == pytest.approx(40)
    with pytest.raises(UsageError):
        codec.weights("heavy")


def test_numbers_stand_before_words_whatever_the_order() -> None:
    names = ["10", "9", "nan", "b", "a", "inf", "-1"]
    for seed in range(20):
        random.Random(seed).shuffle(names)
        assert LabelCodec.fit(names).classes == ["-1", "9", "10", "a", "b", "inf", "nan"]


def test_one_and_one_point_zero_are_the_same() -> None:
    codec = LabelCodec.fit([1, 1.0, np.float32(1), np.int64(1), "1", 2.5])
    assert codec.classes == ["1", "2.5"]
    assert codec.counts.tolist() == [5, 1]
    assert LabelCodec.fit([True, False]).classes == ["False", "True"]


def test_a_label_for_every_token() -> None:
    codec = LabelCodec.fit(["N", "V", "N"])
    ids = codec.encode_sequence(["V", "N", "N"])
    assert (ids.dtype, ids.tolist()) == (np.int32, [1, 0, 0])
    assert codec.decode(ids) == ["V", "N", "N"]
    assert codec.encode_sequence([]).shape == (0,)
    assert codec.decode([]) == []


@pytest.mark.parametrize(
    ("values", "separator"),
    [(["a;b"], ";"), (["a,b"], ","), (["a,b|c"], "|"), (["a b"], None), ([["a"]], None)],
)
def test_the_separator_is_guessed(values: list[object], separator: str | None) -> None:
    codec = LabelCodec.fit(values, multi=True)
    assert codec.separator == separator
    assert bool(codec.notes) == (separator is not None)


def test_a_separator_that_is_given_is_not_guessed() -> None:
    codec = LabelCodec.fit(["a, b;c"], multi=True, separator=";")
    assert codec.classes == ["a, b", "c"]
    assert codec.notes == []


@pytest.mark.parametrize("value", [None, float("nan"), np.float32("nan"), "", "  "])
def test_a_missing_label_is_an_error(value: object) -> None:
    with pytest.raises(DataError, match="missing"):
        LabelCodec.fit([value, "a"])
    with pytest.raises(DataError, match="missing"):
        LabelCodec.fit(["a", "b"]).encode(value)


@pytest.mark.parametrize("number", [-1, 2, 0.7, [0, -1], [[0]]])
def test_what_is_no_number_of_a_label(number: object) -> None:
    with pytest.raises(DataError, match="0 to 1"):
        LabelCodec.fit(["a", "b"]).decode(number)
    with pytest.raises(DataError, match="expected 2 numbers"):
        LabelCodec.fit([["a", "b"]], multi=True).decode([1])


@pytest.mark.parametrize("multi", [False, True])
def test_what_is_kept_gives_the_same_codec(multi: bool) -> None:
    codec = LabelCodec.fit(["b;c" if multi else "b", "a"], multi=multi)
    again = LabelCodec.from_json(json.loads(json.dumps(codec.to_json())), codec.parts())
    assert again.to_json() == codec.to_json()
    assert again.parts() == codec.parts()
    assert again.encode("b").tolist() == codec.encode("b").tolist()
    assert again.restores(["a", "b"] if multi else "a")
    assert not again.restores("x")


def test_no_label_at_all_is_an_answer_where_several_are() -> None:
    codec = LabelCodec.fit(["a|b"], multi=True)
    for nothing in (None, float("nan"), np.float32("nan"), []):
        assert codec.encode(nothing).tolist() == [0, 0]
