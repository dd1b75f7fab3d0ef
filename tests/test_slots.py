"""A saved state is checked whole when it is loaded: a stranger's blob is refused then, not at a later push."""

import json
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save as to_bytes

from hitherto.codecs.text import TextCodec
from hitherto.decode import CtcGreedy, PrefixBeam
from hitherto.errors import DataError, UsageError
from hitherto.plan import make, weights
from hitherto.slots import Slot, check_state, counter, text_slot
from hitherto.spec import ModelSpec, from_options
from hitherto.tasks.streams import _read, _sum


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 3)), "must be float32 of shape (n, 3), but is float64 of shape (2, 3)"),
        (np.zeros((2, 4), np.float32), "of shape (2, 4)"),
        (np.zeros((6, 3), np.float32), "of shape (6, 3)"),
        (np.zeros(3, np.float32), "of shape (3,)"),
        (np.full((1, 3), np.nan, np.float32), "not from 0 to 5"),
        (np.full((1, 3), 6, np.float32), "not from 0 to 5"),
    ],
)
def test_an_array_fits_its_slot_or_is_refused(array: Any, said: str) -> None:
    slots = {"a": Slot(np.float32, (range(6), 3), low=0, high=5)}
    check_state({"a": np.ones((5, 3), np.float32)}, slots)
    with pytest.raises(UsageError) as error:
        check_state({"a": array}, slots)
    assert said in str(error.value)


def test_all_arrays_are_there_and_no_others() -> None:
    slots = {"a": counter(1), "b": text_slot()}
    with pytest.raises(UsageError, match="lacks 'b'"):
        check_state({"a": np.zeros(1, np.int64)}, slots)
    with pytest.raises(UsageError, match="has 'c', which is none of it"):
        check_state({"a": np.zeros(1, np.int64), "b": np.zeros(0, np.uint8), "c": np.zeros(1)}, slots)
    with pytest.raises(UsageError, match="byte 2 is not UTF-8"):
        check_state({"a": np.zeros(1, np.int64), "b": np.array([65, 255], np.uint8)}, slots)


def model(task: str) -> Any:
    """A model of the task with drawn weights, made without a training."""
    from hitherto.trained import Model

    text = TextCodec.fit(["the cat sat."], tokens="chars", end=True)
    small = {"hidden_size": 4, "num_layers": 1, "embedding_size": 4, "dropout": 0.0}
    given = (
        {"bidirectional": False, "shared": True} if task in ("translate", "chat") else {"layout": "stream"}
    )
    named = (
        {"input": "turns"} if task == "chat" else {"input": "a", "output": "b"} if task == "translate" else {}
    )
    spec = from_options(task, **small, **given, **named)
    ids = {"kind": "ids", "size": text.size}
    form, inputs = ("many_to_many", {"x": ids}) if task == "lm" else ("seq2seq", {"source": ids, "x": ids})
    plan = make(ModelSpec(**small, bidirectional=False), form, inputs, "softmax", {"classes": text.size})
    random = np.random.default_rng(0)
    tensors = {n: random.normal(size=shape).astype(np.float32) for n, shape in weights(plan).items()}
    return Model(spec, plan, {"input": text}, tensors)


def changed(blob: bytes, **arrays: Any) -> bytes:
    """The blob with other arrays, its checksum made right again."""
    kept, said = _read(blob)
    kept = {**kept, **{name.replace("__", "."): array for name, array in arrays.items()}}
    kept = {name: np.array(array) for name, array in kept.items() if array is not None}
    return to_bytes(kept, metadata={"hitherto_session": json.dumps({**said, "sum": _sum(kept)})})


@pytest.mark.parametrize(
    ("task", "arrays", "said"),
    [
        ("lm", {"recurrent__h": np.zeros((1, 4))}, "'recurrent.h' must be float32"),
        ("lm", {"recurrent__h": np.full((1, 4), np.nan, np.float32)}, "'recurrent.h' has numbers"),
        ("lm", {"input__rest": np.array([255], np.uint8)}, "'input.rest' is no text"),
        ("lm", {"input__count": np.array(-1)}, "'input.count' has numbers"),
        ("lm", {"stream__next": np.zeros(3)}, "'stream.next' must be float64"),
        ("lm", {"stream__next": None}, "lacks 'stream.next'"),
        ("lm", {"more": np.zeros(3)}, "has 'more'"),
        ("translate", {"stream__memory": np.zeros((0, 4))}, "'stream.memory' must be float32"),
        ("translate", {"stream__ids": np.array([999])}, "'stream.ids' has numbers"),
        ("translate", {"stream__ids": np.array([1])}, "do not have the same number of steps"),
        ("chat", {"stream__history": np.frombuffer(b"[1]", np.uint8)}, "not a list of turns"),
        ("chat", {"stream__history": np.frombuffer(b"[" * 9999, np.uint8)}, "not a list of turns"),
        ("chat", {"stream__history": np.frombuffer(b'[["a", "\\ud800"]]', np.uint8)}, "not a list of turns"),
    ],
)
def test_a_blob_is_checked_whole(task: str, arrays: dict[str, Any], said: str) -> None:
    """A memory of another type was handed on as float32; the rest failed at the next push, untyped."""
    stream = model(task).stream()
    blob = stream.save()
    assert stream.load(changed(blob)).save() == blob
    with pytest.raises(DataError) as error:
        stream.load(changed(blob, **arrays))
    assert said in str(error.value)
    assert stream.save() == blob  # it goes on as it was


def test_a_probability_of_nothing_is_refused() -> None:
    stream = model("lm").stream()
    kept = stream.state["stream.next"]
    with pytest.raises(DataError, match="do not add up to 1"):
        stream.load(changed(stream.save(), stream__next=np.full_like(kept, -50.0)))


def test_numbers_as_python_has_them_are_taken_by_hand() -> None:
    stream = model("lm").stream()
    stream.state = {**stream.state, "recurrent.h": [[0.5, 0.0, 0.0, 0.0]]}
    assert stream.state["recurrent.h"].dtype == np.float32
    assert stream.state["recurrent.h"][0, 0] == 0.5


@pytest.mark.parametrize("made", [CtcGreedy, lambda: PrefixBeam(3)], ids=["greedy", "beam"])
def test_a_search_is_checked_too(made: Any) -> None:
    search, classes = made(), 4
    logs = np.log(np.random.default_rng(1).dirichlet(np.ones(classes), 9))
    search.push(logs)
    kept = {name: array.copy() for name, array in search.state.items()}

    def check(arrays: dict[str, Any]) -> None:
        check_state(arrays, search.slots(classes))
        search.sound(arrays, classes)

    check(kept)
    check(made().state)
    for change in (
        {"numbers": kept["numbers"] + np.array([0, 2, 0, 0, 0])},
        {"numbers": kept["numbers"] * np.array([0, 1, 1, 1, 1])},
        {"said": np.array([[9, 0]])},
        {"said": np.array([[0, 99]])},
        *([{"lengths": kept["lengths"] + 1}, {"times": kept["times"] + 99}] if "times" in kept else []),
    ):
        with pytest.raises(UsageError):
            check({**kept, **change})
