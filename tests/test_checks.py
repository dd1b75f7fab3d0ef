"""checks: right rows pass, and each kind of wrong one is caught by the promise that it breaks."""

from dataclasses import replace

import numpy as np
import pytest

from hitherto.cells import CELLS
from hitherto.checks import check_cell, check_head
from hitherto.errors import UsageError
from hitherto.heads import HEADS

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


# ---- heads


def promises(name, **wrong):
    options = {"mixture": {"components": 3}, "chain": {"labels": 4, "hidden": 3}}[name]
    results = check_head(replace(HEADS[name], **wrong), **options)
    assert len(results) == 8
    return {promise for promise, ok, _ in results if not ok}


def test_an_unknown_head_is_refused():
    with pytest.raises(UsageError, match="gausian"):
        check_head("gausian")


@pytest.mark.parametrize("name", ["mixture", "chain"])
def test_a_head_that_draws_something_else_is_caught(name):
    def sample(params, rng, **options):
        return HEADS[name].sample(params, rng, **{**options, "temperature": 0.7})

    assert "the loss is least where the head is right" in promises(name, sample=sample)


def test_a_head_that_draws_by_a_generator_of_its_own_is_caught():
    hidden = np.random.default_rng()

    def sample(params, rng, **options):
        return HEADS["mixture"].sample(params, hidden, **options)

    assert promises("mixture", sample=sample) == {"a seed says what is drawn"}


@pytest.mark.parametrize("name", ["mixture", "chain"])
def test_a_head_with_another_mean_is_caught(name):
    def mean(params, **options):
        return HEADS[name].mean(params, **options) + 0.1

    assert promises(name, mean=mean) == {"what is drawn has the mean"}


@pytest.mark.parametrize("name", ["mixture", "chain"])
def test_a_head_whose_log_probability_is_not_its_loss_is_caught(name):
    def log_prob(params, y, **options):
        return HEADS[name].log_prob(params, y, **options) - 1e-6

    assert promises(name, log_prob=log_prob) == {"the loss is minus the log-probability"}


def test_a_head_that_mixes_rows_is_caught():
    def log_prob(params, y, **options):
        found = HEADS["mixture"].log_prob(params, y, **options)
        return found + found.mean(0)

    assert "rows do not see each other" in promises("mixture", log_prob=log_prob)


@pytest.mark.parametrize(
    ("promise", "change"),
    [
        ("the loss's gradient is its slope", lambda total, x: total + (x.detach() ** 2).sum()),
        ("what is missing has no influence", lambda total, x: total + 1e-3 * x.square().sum()),
        ("wild params leave float32 finite", lambda total, x: total + 0 * x.exp().sum()),
    ],
)
def test_a_loss_that_is_wrong_is_caught(monkeypatch, promise, change):
    from hitherto.model import losses

    right = losses.LOSSES["mixture"]

    def wrong(x, *others, **options):
        total, count = right(x, *others, **options)
        return change(total, x), count

    monkeypatch.setitem(losses.LOSSES, "mixture", wrong)
    assert promise in promises("mixture")
