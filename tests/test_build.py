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
    from hitherto.model.build import TORCH_OPS

    op = made.plan["step"][0]
    x = torch.tensor([[0, 1], [1, 0], [2, 2]])
    made.train()
    torch.manual_seed(0)
    seen = set()
    for _ in range(20):
        y, _ = TORCH_OPS["embed"].run(made, op, x, None, None)
        kept = (y != 0).any(-1)
        assert kept[0, 0] == kept[1, 1]
        assert kept[0, 1] == kept[1, 0]
        seen.add(tuple(kept.flatten().tolist()))
    assert len(seen) > 1
    made.eval()
    y, _ = TORCH_OPS["embed"].run(made, op, x, None, None)
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
    slow = build(plan, init=init, init_range=0.1, chrono=100).tensors()
    total = slow["recurrent.bias_ih_l0"] + slow["recurrent.bias_hh_l0"]
    assert (total[6:12] > 0).all()
    assert len(set(total[6:12].tolist())) == 6
    assert (total[:6] == -total[6:12]).all()


# ---- an encoder and a decoder

WRITERS: list[dict[str, Any]] = [
    {"attention": a, "input_feeding": f, "bidirectional": b, "cell": c}
    for a, f in (
        ("multiplicative", False),
        ("multiplicative", True),
        ("additive", False),
        ("additive", True),
        ("none", False),
    )
    for b, c in ((True, "gru"), (False, "lstm"))
]


def writer(copy: bool = False, dropout: float = 0.0, **options: Any) -> Module:
    given = {"hidden_size": 6, "num_layers": 2, "embedding_size": 5, "dropout": dropout} | options
    inputs = {"source": {"kind": "ids", "size": 9}, "x": {"kind": "ids", "size": 9 if copy else 8}}
    head = ("pointer" if copy else "softmax", {"classes": inputs["x"]["size"]})
    return build(make(ModelSpec(**given), "seq2seq", inputs, *head), seed=1).eval()


def by_hand(made: Module, source: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """What the head reads at every step for one source, from torch's own layers and the plan's words alone."""
    w = dict(made.named_parameters())
    ops = {op["name"]: op["options"] for part in ("encode", "step") for op in made.plan[part]}
    layer = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[ops["decoder"]["cell"]]

    def recurrent(name: str) -> Any:
        o = ops[name]
        own = layer(o["input_size"], o["hidden_size"], o["num_layers"], bidirectional=o["bidirectional"])
        own.load_state_dict({k.removeprefix(f"{name}."): v for k, v in w.items() if k.startswith(f"{name}.")})
        return own

    memory, ends = recurrent("encoder")(w["embed_source.weight"][source].unsqueeze(1))
    memory, ends = memory[:, 0], ends if isinstance(ends, tuple) else (ends,)
    D = 1 + ops["encoder"]["bidirectional"]
    state = []
    for name, end in zip(("h", "c"), ends, strict=False):
        rows = []
        for k in range(2):
            sides = torch.cat([end[k * D + d, 0] for d in range(D)])
            row = w[f"bridge_decoder_{name}.weight_{k}"] @ sides + w[f"bridge_decoder_{name}.bias_{k}"]
            rows.append(row if name == "c" else row.tanh())
        state.append(torch.stack(rows).unsqueeze(1))
    kept = torch.zeros(6)
    if "attend" not in ops:
        top = torch.cat([ends[0][2 * D - D + d, 0] for d in range(D)])
        kept = (w["bridge_recall_value.weight_0"] @ top + w["bridge_recall_value.bias_0"]).tanh()
    decoder, found = recurrent("decoder"), []
    for token in x:
        given = w["embed.weight"][token]
        if "recall" in ops:
            given = torch.cat([given, kept])
        if ops.get("attend", {}).get("kind") == "additive":
            keys = memory @ w["attend.weight_key"].T + w["attend.bias"]
            scores = (keys + w["attend.weight_query"] @ state[0][-1, 0]).tanh() @ w["attend.score"]
            given = torch.cat([given, scores.softmax(0) @ memory])
        y, after = decoder(given.reshape(1, 1, -1), tuple(state) if len(state) > 1 else state[0])
        y, state = y[0, 0], list(after) if len(state) > 1 else [after]
        if ops.get("attend", {}).get("kind") == "multiplicative":
            scores = memory @ w["attend.weight"].T @ y
            y = torch.cat([y, scores.softmax(0) @ memory])
        if "attend" in ops:
            y = (w["combine.weight"] @ y + w["combine.bias"]).tanh()
        if "keep" in ops:
            kept = y
        found.append(y)
    return torch.stack(found)


@pytest.mark.parametrize("options", WRITERS, ids=lambda o: " ".join(map(str, o.values())))
def test_a_writer_is_what_its_plan_says(options: dict[str, Any]) -> None:
    """Rows of different length in one batch, beside each alone by hand; whole, and a step at a time."""
    made = writer(**options)
    torch.manual_seed(0)
    source, x = torch.randint(0, 9, (7, 3)), torch.randint(0, 8, (5, 3))
    lengths, written = torch.tensor([7, 2, 4]), torch.tensor([5, 5, 3])
    with torch.no_grad():
        whole, after = made({"source": source, "x": x}, written, None, lengths)
        for b in range(3):
            n, own = int(written[b]), by_hand(made, source[: lengths[b], b], x[: written[b], b])
            torch.testing.assert_close(whole[:n, b], own, atol=1e-6, rtol=1e-5)
        state = made.encode(source, lengths)
        for t in range(3):
            one, new = made({"x": x[t : t + 1]}, None, state)
            torch.testing.assert_close(one[0], whole[t], atol=1e-6, rtol=1e-5)
            state = state | new
    if "attention" in after:
        inside = torch.arange(7) < lengths.unsqueeze(1)  # [B, S]
        assert not after["attention"][:3][:, ~inside].any()
        torch.testing.assert_close(after["attention"][:3].sum(-1), torch.ones(3, 3))


def test_an_empty_source_gives_numbers_and_gradients() -> None:
    for options in WRITERS:
        made = writer(**options).train()
        features, _ = made(
            {"source": torch.zeros((3, 2), dtype=torch.int64), "x": torch.ones((4, 2), dtype=torch.int64)},
            None,
            None,
            torch.tensor([3, 0]),
        )
        features.sum().backward()
        assert torch.isfinite(features).all()
        assert all(p.grad is None or torch.isfinite(p.grad).all() for p in made.parameters())


def test_sampling_reads_what_would_have_been_said() -> None:
    """With certainty instead of chance: each step reads the likeliest word after the one before."""
    made = writer(attention="multiplicative").train()
    made.sampling = 1 - 1e-9
    source, x = torch.randint(0, 9, (6, 2)), torch.randint(0, 8, (5, 2))
    with torch.no_grad():
        found, _ = made({"source": source, "x": x}, None, None)
        made.eval()
        read = x.clone()
        for t in range(1, 5):
            until, _ = made({"source": source, "x": read[:t]}, None, None)
            read[t] = made.params(until[-1]).argmax(-1)
        expected, _ = made({"source": source, "x": read}, None, None)
    assert not torch.equal(read, x)
    torch.testing.assert_close(found, expected)


def test_shared_weights_are_one() -> None:
    made = writer(copy=True, shared=True, tied=True, hidden_size=6, embedding_size=4)
    assert [n for n in dict(made.named_parameters()) if "embed" in n or "head" in n] == [
        "embed_source.weight",
        "head.bias",
    ]
    features, after = made(
        {"source": torch.zeros((3, 2), dtype=torch.int64), "x": torch.ones((4, 2), dtype=torch.int64)},
        None,
        None,
    )
    assert made.params(features).shape == (4, 2, 9)
    assert after["gate"].shape == (4, 2, 1)
