"""checks.py: right cells pass, and each kind of wrong cell is caught by the promise that it breaks."""

from dataclasses import replace

import numpy as np
import pytest

from hitherto.cells import CELLS
from hitherto.checks import check_cell
from hitherto.errors import UsageError

GOOD = CELLS["gru"]


def broken(step):
    return {promise for promise, ok, _ in check_cell(replace(GOOD, step=step)) if not ok}


def test_a_right_cell_of_ones_own_passes():
    assert broken(GOOD.step) == set()


def test_an_unknown_cell_is_refused():
    with pytest.raises(UsageError, match="gruu"):
        check_cell("gruu")


def test_a_step_that_writes_into_its_state_is_caught():
    def step(xp, params, x, state, **options):
        state[0][...] = 0
        return GOOD.step(xp, params, x, state, **options)

    assert "a step is a pure function" in broken(step)


def test_a_step_that_remembers_is_caught():
    calls = []

    def step(xp, params, x, state, **options):
        calls.append(0)
        return tuple(s + len(calls) for s in GOOD.step(xp, params, x, state, **options))

    assert {"a step is a pure function", "future input does not change past output"} <= broken(step)


def test_a_step_that_mixes_rows_is_caught():
    def step(xp, params, x, state, **options):
        (h,) = GOOD.step(xp, params, x, state, **options)
        return (h + h.mean(0),)

    assert "rows do not see each other" in broken(step)


def test_a_step_that_ignores_its_input_is_caught():
    def step(xp, params, x, state, **options):
        return GOOD.step(xp, params, x * 0, state, **options)

    assert "future input does not change past output" in broken(step)


def test_a_step_that_differs_between_numpy_and_torch_is_caught():
    def step(xp, params, x, state, **options):
        (h,) = GOOD.step(xp, params, x, state, **options)
        return (h * (1 if xp is np else 1.001),)

    assert broken(step) == {"numpy and torch agree"}


def test_a_step_that_raises_is_a_result():
    def step(xp, params, x, state, **options):
        raise ValueError("no")

    results = check_cell(replace(GOOD, step=step))
    assert not any(ok for _, ok, _ in results)
    assert all("ValueError: no" in detail for _, _, detail in results)


def test_a_layer_that_gives_nan_is_caught(monkeypatch):
    from hitherto.model.layers import LSTM

    right = LSTM.forward

    def forward(self, *args, **kwargs):
        y, (h, c) = right(self, *args, **kwargs)
        return y, (h, c * float("nan"))

    monkeypatch.setattr(LSTM, "forward", forward)
    broken = {promise for promise, ok, _ in check_cell("lstm", quick=True) if not ok}
    assert {"stepping equals unrolling", "layer equals cell, values and gradients"} <= broken
