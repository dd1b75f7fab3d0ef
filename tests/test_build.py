"""The plan as a torch module: chunks equal the whole, padding is not data, weights are the bundle's."""

from typing import Any

import pytest
import torch

from hitherto.cells import CELLS
from hitherto.model.build import Module, build
from hitherto.plan import make, states, weights
from hitherto.spec import ModelSpec

T, B = 11, 4


def module(form: str = "many_to_many", kind: str = "ids", **options: Any) -> Module:
    spec = ModelSpec(**({"hidden_size": 6, "num_layers": 2, "embedding_size": 5} | options))
    inputs = {"x": {"kind": kind, "size": 9 if kind == "ids" else 3}}
    return build(make(spec, form, inputs, "softmax", {"classes": 9}), seed=1).eval()


def given(kind: str = "ids") -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randint(0, 9, (T, B)) if kind == "ids" else torch.randn(T, B, 3)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", ["ids", "vectors"])
@pytest.mark.parametrize("pool", ["last", "mean", "max"])
def test_chunks_equal_the_whole(cell: str, kind: str, pool: str) -> None:
    made, x = module("many_to_one", kind, cell=cell, pool=pool), given(kind)
    lengths = torch.tensor([11, 3, 7, 0])
    whole, state = made({"x": x}, lengths, None)
    chunked = None
    for start in range(0, T, 3):
        part = x[start : start + 3]
        found, chunked = made({"x": part}, (lengths - start).clamp(0, len(part)), chunked)
    torch.testing.assert_close(found, whole)
    assert chunked.keys() == state.keys() == states(made.plan).keys()
    for name, value in state.items():
        torch.testing.assert_close(chunked[name], value)


@pytest.mark.parametrize("pool", ["last", "mean", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_longer_neighbour_changes_nothing(pool: str, bidirectional: bool) -> None:
    made, x = module("many_to_one", pool=pool, bidirectional=bidirectional), given()
    lengths = torch.tensor([11, 3, 7, 1])
    together, _ = made({"x": x}, lengths, None)
    for b, n in enumerate(lengths.tolist()):
        alone, _ = made({"x": x[:n, b : b + 1]}, None, None)
        torch.testing.assert_close(alone[0], together[b])


def test_pooling_is_what_its_name_says() -> None:
    y, _ = torch.manual_seed(0), None
    x = given()
    every, _ = module("many_to_many")({"x": x}, None, None)
    for pool, expected in (("last", every[-1]), ("mean", every.mean(0)), ("max", every.amax(0))):
        found, _ = module("many_to_one", pool=pool)({"x": x}, None, None)
        torch.testing.assert_close(found, expected)
    assert y is not None


def test_params_are_the_heads_product() -> None:
    made = module()
    features, _ = made({"x": given()}, None, None)
    weight, bias = made.head_weights()
    assert bias is not None
    torch.testing.assert_close(made.params(features), features @ weight.T + bias)


def test_tied_weights_are_one_parameter_with_both_gradients() -> None:
    made = module(tied=True, embedding_size=6)
    assert set(dict(made.named_parameters())) == set(weights(made.plan))
    features, _ = made({"x": given()}, None, None)
    made.params(features).sum().backward()
    embed: Any = made.get_submodule("embed").weight
    assert made.head_weights()[0] is embed
    alone = torch.autograd.grad(made({"x": given()}, None, None)[0].sum(), embed)[0]
    assert not torch.allclose(embed.grad, alone)


def test_weights_come_from_the_seed_alone() -> None:
    torch.manual_seed(5)
    first = module().tensors()
    before = torch.random.get_rng_state()
    second = module().tensors()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all((first[name] == second[name]).all() for name in first)


def test_tensors_load_back() -> None:
    first, second = module(), build(module().plan, seed=2)
    second.load(first.tensors())
    x = {"x": given()}
    assert torch.equal(first(x, None, None)[0], second.eval()(x, None, None)[0])


def test_dropped_words_are_dropped_everywhere_and_only_in_training() -> None:
    spec = ModelSpec(hidden_size=6, num_layers=1, embedding_size=5, embedding_dropout=0.5)
    made = build(make(spec, "many_to_many", {"x": {"kind": "ids", "size": 9}}, "softmax", {"classes": 9}))
    from hitherto.model.build import RUN

    op = made.plan["step"][0]
    x = torch.tensor([[0, 1], [1, 0], [2, 2]])
    made.train()
    torch.manual_seed(0)
    seen = set()
    for _ in range(20):
        y, _ = RUN["embed"](made, op, x, None, None)
        kept = (y != 0).any(-1)
        assert kept[0, 0] == kept[1, 1]
        assert kept[0, 1] == kept[1, 0]
        seen.add(tuple(kept.flatten().tolist()))
    assert len(seen) > 1
    made.eval()
    y, _ = RUN["embed"](made, op, x, None, None)
    assert torch.equal(y, made.get_submodule("embed").weight[x])  # type: ignore[index]


@pytest.mark.parametrize(("init", "expected"), [("uniform", 0.1), ("orthogonal", None), ("torch", None)])
def test_initial_weights(init: str, expected: float | None) -> None:
    spec = ModelSpec(hidden_size=6, num_layers=1, embedding_size=5)
    plan = make(spec, "many_to_many", {"x": {"kind": "ids", "size": 9}}, "softmax", {"classes": 9})
    tensors = build(plan, init=init, init_range=0.1, forget_bias=2.0).tensors()
    if expected is not None:
        others = [v for name, v in tensors.items() if "bias" not in name]
        assert all(abs(v).max() <= expected for v in others)
        assert max(abs(v).max() for v in others) > 0.9 * expected
    if init == "orthogonal":
        gate = torch.from_numpy(tensors["recurrent.weight_hh_l0"][:6])
        torch.testing.assert_close(gate @ gate.T, torch.eye(6), atol=1e-5, rtol=0)
    total = tensors["recurrent.bias_ih_l0"] + tensors["recurrent.bias_hh_l0"]
    assert (total[6:12] == 2.0).all()
