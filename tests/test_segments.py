"""The operation `segments`: torch, the extension and numpy compute the same, in steps and in batches."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from hitherto.errors import BundleError
from hitherto.model.build import build
from hitherto.plan import make, weights
from hitherto.plan.check import check
from hitherto.runtime.engine import Engine
from hitherto.spec import from_options

HORIZON, CHANNELS = 5, 2
CASES = {
    "plain": ({}, {"mask": False, "beside": 0, "ahead": 0, "maps": 1}),
    "all": ({"cell": "lstm"}, {"mask": True, "beside": 3, "ahead": 10, "maps": 2}),
    "deep": ({"num_layers": 2, "residual": True}, {"mask": False, "beside": 2, "ahead": 0, "maps": 0}),
    "projected": ({"cell": "lstm", "proj_size": 4}, {"mask": False, "beside": 0, "ahead": 5, "maps": 1}),
    "normed": ({"cell": "rnn", "layer_norm": True}, {"mask": True, "beside": 0, "ahead": 0, "maps": 1}),
}


def made(case: str, head: str = "quantile", window: int = 13) -> tuple[Any, Any]:
    """A plan and its module, its weights all drawn."""
    chosen, sizes = CASES[case]
    linear = ("none", "shared", "own")[sizes["maps"]]
    sizes = {name: size for name, size in sizes.items() if name != "maps"}
    options = {
        "cell": "gru",
        "hidden_size": 6,
        "num_layers": 1,
        "segment": 3,
        "dropout": 0.0,
        "linear": linear,
        **chosen,
    }
    spec = from_options("forecast", **options)
    size = CHANNELS * window * (1 + sizes["mask"]) + sizes["beside"] + sizes["ahead"]
    x = {"kind": "vectors", "size": size, "lookback": {"window": window, **sizes}}
    of_head = {"horizon": HORIZON, "channels": CHANNELS} | (
        {"levels": [0.1, 0.5, 0.9]} if head == "quantile" else {}
    )
    plan = make(spec.model, "many_to_many", {"x": x}, head, of_head)
    module = build(plan, seed=1).eval()
    drawn = np.random.default_rng(0)
    module.load({n: drawn.normal(0, 0.4, v.shape).astype(np.float32) for n, v in module.tensors().items()})
    return plan, module


def inputs(plan: Any, T: int, B: int) -> Any:
    return np.random.default_rng(3).normal(size=(T, B, plan["inputs"]["x"]["size"])).astype(np.float32)


@pytest.mark.parametrize(("case", "head"), [*((c, "quantile") for c in CASES), ("all", "gaussian")])
def test_the_engine_computes_what_torch_does(case: str, head: str) -> None:
    plan, module = made(case, head)
    check(plan, module.tensors())
    x = inputs(plan, 3, 4)
    features, _ = module({"x": torch.from_numpy(x)}, None, None)
    expected = module.params(features).detach().numpy()
    engine = Engine(plan, module.tensors())
    found, state = engine.forward({"x": x})
    assert state == {}
    np.testing.assert_allclose(engine.params(found), expected, rtol=2e-5, atol=2e-5)
    rough = Engine(plan, module.tensors(), "int8").forward({"x": x})[0]
    assert np.abs(rough - expected).max() < 0.1 * np.abs(expected).max()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8"])
def test_a_row_alone_has_the_bits_that_it_has_in_a_batch(case: str, precision: str) -> None:
    plan, module = made(case)
    engine = Engine(plan, module.tensors(), precision)
    x = inputs(plan, 3, 5)
    whole, _ = engine.forward({"x": x})
    for t, b in itertools.product(range(3), range(5)):
        alone, _ = engine.step(None, x[t, b : b + 1])
        assert (alone[0] == whole[t, b]).all()


def test_the_skip_is_a_linear_map_of_the_window() -> None:
    plan, module = made("plain", "gaussian")
    tensors = {n: np.zeros_like(v) if "skip" not in n else v for n, v in module.tensors().items()}
    x = inputs(plan, 1, 2)
    y = Engine(plan, tensors).forward({"x": x})[0].reshape(2, HORIZON, CHANNELS, 2)
    A, b = tensors["segments.weight_skip"][0], tensors["segments.bias_skip"][0]
    series = x.reshape(2, CHANNELS, -1)
    np.testing.assert_allclose(y[..., 0], (series @ A.T).transpose(0, 2, 1) + b[:, :1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(y[..., 1], np.broadcast_to(b[:, 1:], y.shape[:3]), rtol=1e-6)


def test_a_later_value_of_the_window_moves_every_part_of_the_future() -> None:
    """All of the window is read, but for what a whole number of segments leaves at its beginning."""
    plan, module = made("deep")
    x = torch.from_numpy(inputs(plan, 1, 1)).requires_grad_()
    features, _ = module({"x": x}, None, None)
    (gradient,) = torch.autograd.grad(features.square().sum(), x)
    series = gradient[0, 0, : CHANNELS * 13].reshape(CHANNELS, 13)
    assert (series[:, :1] == 0).all()
    assert (series[:, 1:] != 0).all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"window": 12}, "reads"),
        ({"segment": 14}, "a segment at least"),
        ({"bidirectional": True}, "forwards"),
        ({"moved": 4}, "contradict"),
        ({"maps": 3}, "contradict"),
        ({"horizon": 4}, "head reads 30"),
    ],
)
def test_a_plan_that_is_not_sound_is_refused(change: dict[str, object], match: str) -> None:
    plan, module = made("plain")
    op, *rest = plan["step"]
    broken = {**plan, "step": [{**op, "options": {**op["options"], **change}}, *rest]}
    with pytest.raises(BundleError, match=match):
        check(broken)
    with pytest.raises(BundleError):
        check(broken, module.tensors())


def test_weights_are_those_of_the_row() -> None:
    for case in CASES:
        plan, module = made(case)
        assert weights(plan) == {name: value.shape for name, value in module.tensors().items()}
