"""What a forecast is given at the end of its training."""

import math
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.errors import DataError
from hitherto.heads import HEADS
from hitherto.runtime.executor import Batch
from hitherto.spec import from_options
from hitherto.tasks.families import FAMILIES
from hitherto.tasks.forecast.intervals import blended, factors, widened

LEVELS = [0.1, 0.25, 0.5, 0.75, 0.9]
SCORES = np.array([-1.2816, -0.6745, 0, 0.6745, 1.2816])


def outputs(z: Any, v: Any) -> Any:
    return [(Batch({}, None, {"y": z}, None), v.reshape(len(z), math.prod(v.shape[1:])))]


def found(z: Any, v: Any, windows: float) -> Any:
    options = {"levels": LEVELS, "horizon": z.shape[1], "channels": z.shape[2]}
    return factors(HEADS["quantile"], options, outputs(z, v), windows)


@pytest.mark.parametrize("wide", [0.5, 1.0, 2.0])
def test_each_level_gets_the_share_of_values_that_it_says(wide: float) -> None:
    random = np.random.default_rng(0)
    centre = random.normal(size=(2000, 3, 2))
    z = centre + wide * random.normal(size=centre.shape)
    z[::7] = np.nan
    v = centre[..., None] + SCORES
    factor = found(z, v, 1e9)
    np.testing.assert_allclose(factor, [wide, wide, 1, wide, wide], rtol=0.1)
    moved = centre[..., None] + factor * SCORES
    below = np.mean((z[..., None] <= moved)[np.isfinite(z)], 0)
    np.testing.assert_allclose(below, LEVELS, atol=0.02)


def test_a_batch_without_targets_says_nothing() -> None:
    z = np.random.default_rng(0).normal(size=(200, 3, 2))
    v = np.broadcast_to(SCORES, (*z.shape, 5))
    options = {"levels": LEVELS, "horizon": 3, "channels": 2}
    empty = outputs(np.zeros((0, 3, 2)), np.zeros((0, 30)))
    alone, beside = (
        factors(HEADS["quantile"], options, some, 9.0) for some in (outputs(z, v), empty + outputs(z, v))
    )
    np.testing.assert_array_equal(alone, beside)
    assert factors(HEADS["quantile"], options, [(empty[0][0], np.zeros((0, 30)))], 9.0) is None


def test_few_windows_say_little_and_least_where_they_are_calm() -> None:
    random = np.random.default_rng(0)
    v = np.broadcast_to(SCORES, (500, 4, 1, 5))
    for wide in (0.25, 4.0):
        z = wide * random.normal(size=(500, 4, 1))
        few, many = found(z, v, 2.0)[0], found(z, v, 2000.0)[0]
        assert abs(np.log(few)) < 0.3 * abs(np.log(many))
        assert many == pytest.approx(wide, rel=0.1)
    calm, wild = (found(w * random.normal(size=(500, 4, 1)), v, 8.0)[0] for w in (0.5, 2.0))
    assert calm * wild > 1.2


def test_with_few_windows_intervals_are_as_wide_as_those_around_the_line() -> None:
    random = np.random.default_rng(0)
    z = random.normal(size=(2000, 4, 1))
    narrow, wide = (np.broadcast_to(w * SCORES, (2000, 4, 1, 5)) for w in (0.5, 1.5))
    options = {"levels": LEVELS, "horizon": 4, "channels": 1}
    for windows, width in ((0.01, 1.5), (1e9, 1.0)):
        factor = factors(HEADS["quantile"], options, outputs(z, narrow), windows, outputs(z, wide))
        np.testing.assert_allclose(0.5 * factor[[0, 1, 3, 4]], width, rtol=0.1)
    factor = factors(HEADS["quantile"], options, outputs(z, wide), 0.01, outputs(z, narrow))
    np.testing.assert_allclose(factor, 1, rtol=0.01)


def test_heads_without_quantiles_are_left_as_they_are() -> None:
    z = np.zeros((5, 2, 1))
    assert (
        factors(HEADS["gaussian"], {"horizon": 2, "channels": 1}, outputs(z, np.zeros((5, 2, 1, 2))), 9)
        is None
    )
    assert found(np.full((5, 2, 1), np.nan), np.zeros((5, 2, 1, 5)), 9) is None


def test_the_last_weights_move_every_number_from_the_one_in_the_middle() -> None:
    random = np.random.default_rng(0)
    weights = {
        "segments.weight_out": random.normal(size=(3 * 5, 4)).astype(np.float32),
        "segments.bias_out": random.normal(size=15).astype(np.float32),
        "segments.bias_skip": random.normal(size=(2, 6, 5)).astype(np.float32),
        "segments.weight_in": np.zeros((4, 3), np.float32),
    }
    factor = np.array([2.0, 3.0, 1.0, 0.5, 4.0])
    made = widened(weights, factor, 2)
    assert sorted(made) == ["segments.bias_out", "segments.bias_skip", "segments.weight_out"]
    state = random.normal(size=4)

    def numbers(some: Any) -> Any:
        out = some["segments.weight_out"] @ state + some["segments.bias_out"]
        return out.reshape(3, 5) + some["segments.bias_skip"][:, :3]

    before, after = numbers(weights), numbers(made)
    middle = before[..., 2:3]
    np.testing.assert_allclose(after, middle + factor * (before - middle), rtol=1e-5, atol=1e-6)


def test_the_fewer_the_values_the_more_of_the_line_is_left() -> None:
    first = {"segments.weight_skip": np.zeros((1, 2, 3), np.float32)}
    weights = {"segments.weight_skip": np.ones((1, 2, 3), np.float32), "segments.weight_out": np.ones((4, 2))}
    for values, share in ((0, 0.0), (300, 0.5), (1e9, 1.0)):
        made = blended(weights, first, values)
        np.testing.assert_allclose(made["segments.weight_skip"], share, atol=1e-6)
        np.testing.assert_allclose(made["segments.weight_out"], share, atol=1e-6)


def test_intervals_of_a_training_cover_later_noise() -> None:
    """The noise of the last part is three times that of the part that is learned from."""
    random = np.random.default_rng(0)
    noise = random.normal(size=1200) * np.where(np.arange(1200) < 800, 1, 3)
    data = [{"ds": t, "y": float(v)} for t, v in enumerate(10 + noise)]
    options: dict[str, Any] = {
        "horizon": 2,
        "season": 1,
        "hidden_size": 4,
        "threads": 1,
        "steps": 20,
        "window": 8,
    }
    model = hitherto.train("forecast", data[:1000], valid=0.2, **options)
    assert 0.72 < model.metrics["coverage"] < 0.88
    assert 0.7 < model.evaluate(data, start=1000)["coverage"] < 0.9
    stream = model.stream()
    for row in data:
        stream.push(row["y"], row["ds"])
    told = [[row[name] for name in ("q0.1", "y", "q0.9")] for row in stream.peek()]
    rows = [[row[name] for name in ("q0.1", "y", "q0.9")] for row in model.predict(data)]
    assert told == rows, "a stream gives the bits of a file"


def test_a_series_too_short_to_validate_on_is_learned_from_whole() -> None:
    data = [
        {"unique_id": name, "ds": t, "y": float(t % 5)} for name, T in (("a", 40), ("b", 9)) for t in range(T)
    ]
    spec = from_options("forecast", horizon=4)
    source, training, held = FAMILIES["windows"].source.prepare(spec, data, None, {})
    assert [len(s.values) for s in training.series] == [36, 9]
    assert [len(held.origins(i, 4)) for i in range(2)] == [1, 0]
    with pytest.raises(DataError, match="too few to learn"):
        FAMILIES["windows"].source.prepare(spec, data[40:], None, {})
    assert source.horizon == 4
