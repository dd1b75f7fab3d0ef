"""`advance`, the stream as a pure function: to the bits of the stream, in any portions, and what it refuses."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.connect import advance
from hitherto.errors import DataError, UsageError

GOLDEN = Path(__file__).parent / "golden"


def path(name: str) -> str:
    return str(GOLDEN / f"{name}.safetensors")


def same(first: Any, second: Any) -> bool:
    return repr(first) == repr(second)


def rows_of(answer: Any) -> list[Any]:
    rows = answer if isinstance(answer, list) else [answer]
    return [row if isinstance(row, dict) else {"answer": row} for row in rows]


DAYS = [{"ds": t, "y": float(t * 7 % 11)} for t in range(12)]
VALUES: dict[str, list[Any]] = {
    "lm": ["the ", "cat s", "at on ", "", "the mat"],
    "tag": ["ann met ", "bo", "b"],
    "classify": ["good ", "film"],
    "classify-series": [[0.5], [1.5], [0.25]],
    "regress-several": [[0.5], [1.5], [0.25]],
    "forecast": DAYS,
    "compose": [[[60, 64]], [[62]], [[]]],
    "transcribe-one-way": [
        np.random.default_rng(i).normal(size=700).astype(np.float32) / 9 for i in range(5)
    ],
}


def pushed(stream: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return stream.observe(value["y"], value["ds"])
    return stream.push(value)


@pytest.mark.parametrize("name", VALUES)
def test_it_gives_the_bits_of_the_stream_in_any_portions(name: str) -> None:
    model: Any = hitherto.open(path(name))
    rng, values = random.Random(name), VALUES[name]
    stream = model.stream()
    wanted = [row for value in values for row in pushed(stream, value)]
    for _ in range(3):
        state, rows, rest = None, [], list(values)
        while rest:
            n = rng.randint(1, len(rest))
            before = state
            state, made = advance(path(name), before, rest[:n])
            assert same(advance(model, before, rest[:n]), (state, made))  # it is pure
            rows += made
            rest = rest[n:]
        assert same(rows, wanted)
        assert state == stream.save()
    assert same(advance(model, state, [], peek=True)[1], rows_of(stream.peek()))
    assert same(advance(model, state, [], finish=True)[1], rows_of(stream.finish()))


def test_rows_of_several_series_have_a_stream_each() -> None:
    rows = [{"unique_id": "ab"[t % 2], "ds": t, "y": float(t * 7 % 11)} for t in range(16)]
    state, made = None, []
    for i in range(0, 16, 3):
        state, some = advance(path("forecast"), state, rows[i : i + 3])
        made += some
    for name in "ab":
        alone = [row for row in rows if row["unique_id"] == name]
        assert same(
            [row for row in made if row["unique_id"] == name], advance(path("forecast"), None, alone)[1]
        )


def test_rows_with_the_columns_of_training() -> None:
    assert same(advance(path("lm"), None, ["the "]), advance(path("lm"), None, ["the "]))
    text = advance(path("classify"), None, [{"text": "good "}, {"text": "film", "more": 1}], peek=True)
    assert same(text, advance(path("classify"), None, ["good ", "film"], peek=True))
    numbers = advance(path("classify-one-step"), None, [{"n": np.float64(1), "g": 2}], peek=True)
    assert same(numbers, advance(path("classify-one-step"), None, [[1, 2]], peek=True))


def test_an_error_takes_nothing_and_says_what_came() -> None:
    state, _ = advance(path("forecast"), None, DAYS[:4])
    kept = bytes(state)
    with pytest.raises(DataError, match="not after the one before"):
        advance(path("forecast"), state, [DAYS[4], DAYS[1]])
    assert state == kept
    assert same(advance(path("forecast"), state, DAYS[4:]), advance(path("forecast"), state, DAYS[4:]))
    for name, row, why in (
        ("classify", {"review": "good"}, "expected 'text', but the row has 'review'"),
        ("classify-pictures", "/etc/passwd", "not the name of a file"),
        ("classify-pictures", {"image": "/etc/passwd"}, "not the name of a file"),
        ("classify-two-ways", "good", "both ends"),
    ):
        with pytest.raises(UsageError, match=why):
            advance(path(name), None, [row])
    with pytest.raises(UsageError, match="another model"):
        advance(path("forecast-steps"), state, DAYS[4:])
    with pytest.raises(DataError, match="cannot be read"):
        advance(path("forecast"), state[:-1], DAYS[4:])
    with pytest.raises(FileNotFoundError):
        advance(path("nothing"), None, [])


def test_a_bundle_that_is_replaced_is_opened_again(tmp_path: Path) -> None:
    bundle = tmp_path / "m.safetensors"
    bundle.write_bytes(Path(path("lm")).read_bytes())
    first = advance(bundle, None, ["the "])
    bundle.unlink()
    bundle.write_bytes(Path(path("lm-chars")).read_bytes())
    assert not same(advance(bundle, None, ["the "]), first)
    assert same(advance(bundle, None, ["the "]), advance(path("lm-chars"), None, ["the "]))
