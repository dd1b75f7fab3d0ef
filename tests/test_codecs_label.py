"""Labels: numbers in a settled order, several at once, and unknown ones named."""

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
