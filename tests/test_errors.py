"""Hints: what is offered in place of a name that is not there, and what is not."""

from pathlib import Path

import pytest

from hitherto.errors import nearest, nearest_file


@pytest.mark.parametrize(
    ("asked", "there", "offered"),
    [
        ("spma.safetensors", "spam.safetensors", True),  # swapped
        ("spm.safetensors", "spam.safetensors", False),  # a short word may be another
        ("revews.csv", "reviews.csv", True),
        ("reviewss.csv", "reviews.csv", True),
        ("reviems.csv", "reviews.csv", True),
        ("Reviews.CSV", "reviews.csv", True),
        ("reviews", "reviews.csv", True),  # without its ending
        ("sms_trian.tsv", "sms_train.tsv", True),
        ("reviews.tsv", "reviews.csv", False),
        ("m1.safetensors", "m2.safetensors", False),
        ("model-10.safetensors", "model-100.safetensors", False),
        ("sms-a.safetensors", "sms-b.safetensors", False),
        ("de-en.safetensors", "en-de.safetensors", False),
        ("spam-lstm.safetensors", "spam-gru.safetensors", False),
        ("spam.safetensors", "spam-words.safetensors", False),
        ("reviews.csv", "rivals.csv", False),
    ],
)
def test_a_file_is_offered_for_a_slip_of_the_hand_alone(
    tmp_path: Path, asked: str, there: str, offered: bool
) -> None:
    (tmp_path / there).touch()
    if (tmp_path / asked).exists():  # where case is no difference
        return
    assert nearest_file(tmp_path / asked) == (f" Did you mean {there!r}?" if offered else "")
    assert nearest_file(tmp_path / "none" / asked) == ""


def test_a_folder_is_not_offered_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").mkdir()
    assert nearest_file(tmp_path / "revews.csv") == ""


def test_the_nearest_word() -> None:
    assert nearest("hiden_size", ["epochs", "hidden_size"]) == " Did you mean 'hidden_size'?"
    assert nearest("x", ["epochs"]) == ""
