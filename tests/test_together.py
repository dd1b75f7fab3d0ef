"""Streams that are stepped together: each to the bits that it has alone, and what is saved of it too."""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.errors import HithertoError, UsageError
from hitherto.runtime import session
from hitherto.runtime.session import Session, together
from hitherto.tasks import streams
from hitherto.tasks.streams import Running, step
from hitherto.tensors import from_bytes, to_bytes

GOLDEN = Path(__file__).parent / "golden"
sys.path.insert(0, str(GOLDEN))

from answers import FORMS, plain  # noqa: E402

NAMES = sorted(path.stem for path in GOLDEN.glob("*.safetensors"))


def opened(name: str) -> Any:
    return hitherto.open(GOLDEN / f"{name}.safetensors")


def pushes(name: str, model: Any) -> list[Any]:
    """Inputs of a stream of this bundle, as its digest pushes them."""
    _, live, _ = FORMS[name.replace("-", " ")]
    return [value[0] if model.spec.data.independent else value for value in live]


def taken(running: list[Running[Any]]) -> list[Any]:
    left = step(running)
    while left:
        left = step(left)
    return [str(one.error) if one.error is not None else plain(one.value) for one in running]


def by_itself(call: Callable[[], Any]) -> Any:
    try:
        return plain(call())
    except HithertoError as error:
        return str(error)


@pytest.mark.parametrize("name", NAMES)
def test_streams_that_are_stepped_together_say_what_they_say_alone(name: str) -> None:
    model = opened(name)
    live = pushes(name, model)
    try:
        alone = [model.stream() for _ in range(5)]
    except UsageError:
        pytest.skip("it does not stream")
    beside = [model.stream() for _ in alone]
    for turn in range(4):
        # each has an input of its own, some the same, and some none
        chosen = [(i, live[(i * turn + i) % len(live)]) for i in range(5) if live and (i + turn) % 4]
        said = taken([Running(beside[i], beside[i].pushing(value)) for i, value in chosen])
        assert said == [by_itself(partial(alone[i].push, value)) for i, value in chosen]
        for one, other in zip(beside, alone, strict=True):
            assert one.save() == other.save()
    said = taken([Running(stream, stream.finishing()) for stream in beside])
    assert said == [by_itself(stream.finish) for stream in alone]


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_state_is_the_file_that_its_arrays_make(name: str) -> None:
    model = opened(name)
    try:
        stream = model.stream()
    except UsageError:
        pytest.skip("it does not stream")
    for value in [None, *pushes(name, model)]:
        if value is not None:
            by_itself(partial(stream.push, value))
        blob = stream.save()
        about, arrays = from_bytes(blob)
        assert blob == to_bytes({name: np.array(array) for name, array in stream.state.items()}, about)
        assert json.loads(about["hitherto_session"])["sum"] == streams._sum(arrays)


@pytest.mark.parametrize("name", ["lm", "forecast", "classify", "transcribe-one-way"])
@pytest.mark.parametrize("few", [1, 3])
def test_steps_of_any_lengths_are_those_of_each_session(
    name: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "FEW", few)
    monkeypatch.setattr(session, "MOST", 4)
    engine = opened(name).engine
    rng = np.random.default_rng(0)
    alone, beside = ([Session(engine) for _ in range(9)] for _ in range(2))
    for _ in range(5):
        lengths = rng.integers(0, 7, 9)
        xs = [
            rng.normal(size=(n, engine.input_size)).astype(np.float32)
            if engine.ids is None
            else rng.integers(0, engine.ids, n)
            for n in lengths
        ]
        answers, wanted = together(beside, xs), [one.push(x) for one, x in zip(alone, xs, strict=True)]
        for answer, want, one, other in zip(answers, wanted, beside, alone, strict=True):
            assert (answer is None) == (want is None)
            assert want is None or np.array_equal(np.asarray(answer), want)
            assert all(np.array_equal(view, other.state[key]) for key, view in one.state.items())


def test_an_error_is_of_its_own_session_and_moves_nothing() -> None:
    engine = opened("lm").engine
    beside = [Session(engine) for _ in range(4)]
    alone = Session(engine)
    good = np.array([1, 2])
    wrong = np.array([1, engine.ids])
    answers = together(beside, [good, wrong, good, np.array([1.5])])
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False, True]
    want = alone.push(good)
    assert all(np.array_equal(np.asarray(answers[i]), want) for i in (0, 2))
    assert not any(view.any() for i in (1, 3) for view in beside[i].state.values())


def test_many_steps_are_taken_in_parts_and_an_error_reaches_its_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = opened("lm")
    text = "the cat sat on the mat. " * 20
    want = model.stream()
    rows = want.push(text)
    monkeypatch.setattr(streams, "PART", 7)
    beside = [model.stream() for _ in range(4)]
    running = [Running(one, one.pushing(text[: 30 * i] if i else text)) for i, one in enumerate(beside)]
    turns, left = 0, running
    while left:
        left, turns = step(left), turns + 1
    assert turns > 10
    assert running[0].value == rows
    assert beside[0].save() == want.save()

    def failing(catch: Callable[[Exception], Any]) -> Any:
        try:
            yield np.array([model.engine.ids])
        except UsageError as error:
            return catch(error)

    caught = [Running(one, failing(str)) for one in beside]
    assert step(caught) == []
    assert all("expected" in str(one.value) for one in caught)
    with pytest.raises(UsageError):
        beside[0].alone(failing(lambda error: (_ for _ in ()).throw(error)))
