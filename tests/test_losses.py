"""Losses: torch's own where torch has them, the heads' log-probabilities for the others; sparse embeddings."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.errors import InputError, UsageError
from hitherto.heads import CORRELATION, FLOOR, HEADS
from hitherto.model import kernels
from hitherto.model.embedding import embedding
from hitherto.model.losses import LOSSES, chain_loss, classes, misfits, mixture_loss, nll
from hitherto.model.losses import chain as chain_module
from hitherto.model.losses import chunks as chunks_module

LEVELS = (0.1, 0.5, 0.9)
FORECASTS: dict[str, dict[str, Any]] = {
    "quantile": {"levels": LEVELS},
    "gaussian": {},
    "student_t": {},
    "negative_binomial": {},
}
Layer = tuple[Tensor, Tensor, Tensor]


def layer(rows: int, width: int, outputs: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Layer:
    random = torch.Generator().manual_seed(seed)
    shapes = ((rows, width), (outputs, width), (outputs,))
    made = [torch.randn(shape, generator=random, dtype=dtype) for shape in shapes]
    return made[0].requires_grad_(), (made[1] * 0.3).requires_grad_(), made[2].requires_grad_()


def value(of: Tensor) -> float:
    return of.detach().item()


def integers(rows: int, classes: int, seed: int = 1) -> Tensor:
    return torch.randint(classes, (rows,), generator=torch.Generator().manual_seed(seed))


def gradients(total: Tensor, tensors: tuple[Tensor | None, ...]) -> list[Tensor]:
    return list(torch.autograd.grad(total, [t for t in tensors if t is not None]))


def close(ours: list[Tensor], theirs: list[Tensor], bound: float) -> bool:
    return all(
        value((a - b).abs().max()) <= bound * value(b.abs().max()) for a, b in zip(ours, theirs, strict=True)
    )


@pytest.fixture
def chunks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many bytes of params are made at a time."""

    def set_size(size: int) -> None:
        monkeypatch.setattr(chunks_module, "LARGE", size)
        monkeypatch.setattr(chunks_module, "CACHED", size)

    return set_size


# ---- softmax


@pytest.mark.parametrize("size", [1, 4 * 300 * 7, 1 << 20])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_softmax_is_cross_entropy(
    chunks: Callable[[int], None], size: int, bias: bool, dtype: torch.dtype
) -> None:
    chunks(size)
    x, w, b = layer(50, 20, 300, dtype)
    tensors = (x, w, b if bias else None)
    y = integers(50, 300)
    expected = F.cross_entropy(F.linear(*tensors), y, reduction="sum")
    total, count = LOSSES["softmax"](*tensors, {"y": y.int()}, classes=300)
    assert count == 50
    assert total.dtype == dtype
    assert value(total) == pytest.approx(value(expected), rel=1e-6)
    assert close(gradients(total, tensors), gradients(expected, tensors), 1e-5)


def test_softmax_in_its_usual_size() -> None:
    tensors, y = layer(300, 64, 10_000), integers(300, 10_000)
    expected = F.cross_entropy(F.linear(*tensors), y)
    total, count = LOSSES["softmax"](*tensors, {"y": y})
    assert value(total / count) == pytest.approx(value(expected), rel=1e-6)
    assert close(gradients(total / count, tensors), gradients(expected, tensors), 1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("by_row", [False, True])
def test_softmax_weights_and_smoothing(
    chunks: Callable[[int], None], smoothing: float, by_class: bool, by_row: bool
) -> None:
    chunks(4 * 9 * 10)
    tensors, y = layer(40, 6, 9), integers(40, 9)
    of_class = torch.linspace(0.1, 3, 9) if by_class else None
    of_row = torch.linspace(0, 2, 40) if by_row else torch.ones(40)
    each = F.cross_entropy(
        F.linear(*tensors), y, weight=of_class, label_smoothing=smoothing, reduction="none"
    )
    expected = (each * of_row).sum()
    targets = {"y": y} | ({"class_weight": of_class} if of_class is not None else {})
    targets |= {"weight": of_row} if by_row else {}
    total, count = LOSSES["softmax"](*tensors, targets, label_smoothing=smoothing)
    assert value(total) == pytest.approx(value(expected), rel=1e-6)
    assert close(gradients(total, tensors), gradients(expected, tensors), 1e-5)
    plain = 1.0 if of_class is None else of_class[y]
    assert value(count) == pytest.approx(value((plain * of_row).sum()))
    if not by_row:  # the mean is torch's mean
        mean = F.cross_entropy(F.linear(*tensors), y, weight=of_class, label_smoothing=smoothing)
        assert value(total / count) == pytest.approx(value(mean), rel=1e-6)


def test_softmax_where_probabilities_vanish() -> None:
    x = torch.tensor([[200.0], [1.0], [-200.0]], requires_grad=True)
    w, b = torch.tensor([[1.0], [-1.0]], requires_grad=True), torch.zeros(2)
    y = torch.tensor([1, 1, 1])
    total, _ = LOSSES["softmax"](x, w, b, {"y": y})
    expected = F.cross_entropy(F.linear(x, w, b), y, reduction="sum")
    assert value(total) == pytest.approx(value(expected))
    assert close(gradients(total, (x, w)), gradients(expected, (x, w)), 1e-6)


def test_what_is_not_finite_shows() -> None:
    tensors, y = layer(5, 4, 3), integers(5, 3)
    with torch.no_grad():
        tensors[0][2, 1] = math.nan
    assert LOSSES["softmax"](*tensors, {"y": y})[0].isnan()


def test_without_gradients_the_loss_is_the_same(chunks: Callable[[int], None]) -> None:
    chunks(4 * 30 * 4)
    tensors, y = layer(11, 6, 30), integers(11, 30)
    with_gradients, _ = LOSSES["softmax"](*tensors, {"y": y})
    with torch.no_grad():
        without, _ = LOSSES["softmax"](*tensors, {"y": y})
    assert not without.requires_grad
    assert torch.equal(with_gradients.detach(), without)
    with torch.inference_mode():
        assert torch.equal(LOSSES["softmax"](*tensors, {"y": y})[0], without)


@pytest.mark.parametrize("needs", [(True, False, False), (False, True, False), (False, False, True)])
def test_only_the_gradients_that_are_needed(needs: tuple[bool, bool, bool]) -> None:
    tensors = tuple(t.detach().requires_grad_(need) for t, need in zip(layer(8, 5, 6), needs, strict=True))
    y = integers(8, 6)
    total, _ = LOSSES["softmax"](*tensors, {"y": y})
    wanted = tuple(t for t in tensors if t.requires_grad)
    expected = F.cross_entropy(F.linear(*tensors), y, reduction="sum")
    assert close(gradients(total, wanted), gradients(expected, wanted), 1e-5)


def test_gradients_go_on_through_features_and_add_up() -> None:
    x, w, b = layer(8, 5, 6)
    y = integers(8, 6)
    for f in (
        lambda x: LOSSES["softmax"](x, w, b, {"y": y})[0],
        lambda x: -F.linear(x, w, b)[range(8), y].sum(),
    ):
        x.grad = w.grad = None
        (2 * f(x.tanh())).backward()
        (3 * f(x.tanh())).backward()
        once = gradients(f(x.tanh()), (x, w))
        assert x.grad is not None
        assert w.grad is not None
        assert torch.allclose(x.grad, 5 * once[0], rtol=1e-5, atol=1e-6)
        assert torch.allclose(w.grad, 5 * once[1], rtol=1e-5, atol=1e-6)


def test_gradients_are_handed_over_without_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    chunked = chunks_module._chunks

    def spy(*arguments: Any) -> Any:
        found = chunked(*arguments)
        made.append(found[2].data_ptr())
        return found

    monkeypatch.setattr(chunks_module, "_chunks", spy)
    x, w, b = layer(8, 5, 6)
    LOSSES["softmax"](x, w, b, {"y": integers(8, 6)})[0].backward()
    assert w.grad is not None
    assert made == [w.grad.data_ptr()]


def test_a_second_derivative_is_refused() -> None:
    x, w, b = layer(8, 5, 6)
    total, _ = LOSSES["softmax"](x, w, b, {"y": integers(8, 6)})
    with pytest.raises(UsageError, match="create_graph"):
        torch.autograd.grad(total, x, create_graph=True)
    torch.autograd.grad(total, x, retain_graph=True)
    with pytest.raises(UsageError, match="only once"):
        total.backward()
    y = embedding(torch.tensor([1]), w, sparse=True)
    with pytest.raises(UsageError, match="create_graph"):
        torch.autograd.grad(y.square().sum(), w, create_graph=True)


def test_logits_never_exist_all_at_once(chunks: Callable[[int], None]) -> None:
    chunks(1 << 16)
    (x, w, b), y = layer(512, 4, 1000), integers(512, 1000)
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal largest
            out = func(*args, **(kwargs or {}))
            if isinstance(out, Tensor) and out.dim() == 2:
                largest = max(largest, out.numel())
            return out

    with Watch():
        LOSSES["softmax"](x, w, b, {"y": y})
    assert 4000 <= largest <= 1 << 14


def test_bfloat16_by_autocast() -> None:
    (x, w, b), y = layer(64, 32, 50), integers(64, 50)
    exact = F.cross_entropy(F.linear(x, w, b), y, reduction="sum")
    with torch.autocast("cpu", torch.bfloat16):
        theirs = F.cross_entropy(F.linear(x, w, b), y, reduction="sum")
        ours, _ = LOSSES["softmax"](x, w, b, {"y": y})
    assert ours.dtype == torch.float32
    assert value(ours) == pytest.approx(value(theirs), rel=1e-2)
    assert 0 < abs(value(ours) - value(exact)) < 1e-2 * value(exact)  # it did compute with less
    found = gradients(ours, (x, w, b))
    assert [g.dtype for g in found] == [torch.float32] * 3
    assert close(found, gradients(exact, (x, w, b)), 2e-2)


@pytest.mark.parametrize("name", LOSSES)
def test_no_rows_no_loss(name: str) -> None:
    x, w, b = layer(0, 4, 7 if name == "mixture" else 6)
    shapes = {
        "softmax": (0,),
        "pointer": (0,),
        "ctc": (0,),
        "sigmoid": (0, 6),
        "chain": (0, 4),
        "mixture": (0, 3),
        "crf": (0,),
    }
    shape = shapes.get(name, (0, 6 // {"quantile": 3, "student_t": 3}.get(name, 2), 1))
    targets = {"y": torch.zeros(shape, dtype=torch.int64 if len(shape) == 1 else torch.float32)}
    targets |= {"W": torch.ones(4, 2), "V": torch.ones(4, 2)} if name == "chain" else {}
    options = FORECASTS.get(name, {}) | ({"horizon": shape[1]} if len(shape) == 3 else {})
    targets |= {"y_lengths": targets["y"]} if name == "ctc" else {}
    if name == "crf":
        targets |= {"transitions": torch.ones(6, 6), "start": torch.ones(6), "end": torch.ones(6)}
    options |= {"components": 1} if name == "mixture" else {}
    total, count = LOSSES[name](x, w, b, targets, **options)
    assert (value(total), value(count)) == (0, 0)
    assert all(not g.any() for g in gradients(total, (x, w, b)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [1, 5, 16, 1000, 2051])
def test_the_kernel_is_torchs_cross_entropy(classes: int, weighted: bool, smoothing: float) -> None:
    """Beside torch in float64; the same bits for any threads and neighbours."""
    if not kernels.available():
        pytest.skip("there are no kernels here")
    scores = torch.randn(37, classes, generator=torch.Generator().manual_seed(1)) * 20
    y, weights = integers(37, classes), torch.rand(37) if weighted else None
    wide = scores.double().requires_grad_()
    each = F.cross_entropy(wide, y, reduction="none", label_smoothing=smoothing)
    each = each if weights is None else each * weights
    (expected,) = torch.autograd.grad(each.sum(), wide)
    gradient = scores.clone()
    found = kernels.cross_entropy_(gradient, y, weights, smoothing, True)
    torch.testing.assert_close(found.double(), each.detach(), atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(gradient.double(), expected, atol=1e-6, rtol=1e-4)
    alone = scores[20:21].clone()
    own = kernels.cross_entropy_(
        alone, y[20:21], None if weights is None else weights[20:21], smoothing, True
    )
    assert torch.equal(alone[0], gradient[20])
    assert torch.equal(own[0], found[20])
    plain = scores.clone()
    assert torch.equal(kernels.cross_entropy_(plain, y, weights, smoothing, False), found)
    assert torch.equal(plain, scores)


def test_the_kernel_loses_no_nan_and_bears_large_scores() -> None:
    if not kernels.available():
        pytest.skip("there are no kernels here")
    scores = torch.tensor(
        [[1e4, -1e4, 0.0], [-1e30, -1e30, 3e38], [0.0, math.nan, 1.0], [0.0, -math.inf, 1.0]]
    )
    found = kernels.cross_entropy_(scores.clone(), torch.tensor([1, 2, 0, 0]), None, 0.0, True)
    torch.testing.assert_close(found[[0, 1, 3]], torch.tensor([2e4, 0.0, math.log1p(math.e)]))
    assert found[2].isnan()


def test_a_pointer_writes_or_copies() -> None:
    """Beside the mixture written out in probabilities, values and gradients; and as the head says it in numpy."""
    x, w, b = layer(9, 5, 7)
    y = integers(9, 7)
    gate = torch.randn(9, requires_grad=True)
    copied = torch.rand(9).masked_fill(torch.arange(9) % 3 == 0, 0.0).requires_grad_()
    own = torch.sigmoid(gate)
    p = F.linear(x, w, b).softmax(1)
    mixed = own * p[torch.arange(9), y] + (1 - own) * copied
    for smoothing in (0.0, 0.1):
        expected = -(1 - smoothing) * mixed.log().sum() - smoothing * p.log().mean(1).sum()
        total, count = LOSSES["pointer"](
            x, w, b, {"y": y, "gate": gate, "copied": copied}, classes=7, label_smoothing=smoothing
        )
        assert value(count) == 9
        assert value(total) == pytest.approx(value(expected), rel=1e-5)
        parts = (x, w, b, gate)
        assert close(gradients(total, parts), torch.autograd.grad(expected, parts, retain_graph=True), 1e-5)
    weighted, mass = LOSSES["pointer"](
        x, w, b, {"y": y, "gate": gate, "copied": copied, "weight": torch.arange(9.0)}, classes=7
    )
    assert value(weighted) == pytest.approx(value(-(mixed.log() * torch.arange(9.0)).sum()), rel=1e-5)
    assert value(mass) == 36
    in_numpy = HEADS["pointer"].log_prob(
        F.linear(x, w, b).detach().numpy(),
        y.numpy(),
        gate=gate.detach().numpy(),
        copied=copied.detach().numpy(),
    )
    assert in_numpy.sum() == pytest.approx(value(mixed.log().sum()), rel=1e-5)
    without = nll(F.linear(x, w, b), {"y": y})
    assert torch.allclose(without, -p[torch.arange(9), y].log(), atol=1e-6)


def test_what_does_not_fit_is_refused() -> None:
    x, w, b = layer(8, 5, 6)
    with pytest.raises(InputError, match=r"7 classes, but the last layer makes 6"):
        LOSSES["softmax"](x, w, b, {"y": integers(8, 6)}, classes=7)
    with pytest.raises(InputError, match=r"8 scored places.*\[7\]"):
        LOSSES["softmax"](x, w, b, {"y": integers(7, 6)})
    with pytest.raises(InputError, match=r"features \[N, F\]"):
        LOSSES["softmax"](x.T, w, b, {"y": integers(5, 6)})
    with pytest.raises(InputError, match=r"12 numbers, but the last layer makes 6"):
        LOSSES["gaussian"](x, w, b, {"y": torch.zeros(8, 3, 2)}, horizon=3, channels=2)
    with pytest.raises(InputError, match=r"\[8, 3\]"):
        LOSSES["gaussian"](x, w, b, {"y": torch.zeros(8, 3)}, horizon=3)
    with pytest.raises(UsageError, match="levels must be"):
        LOSSES["quantile"](x, w, b, {"y": torch.zeros(8, 3, 1)}, horizon=3, levels=(0.9, 0.1))
    with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
        LOSSES["softmax"](x, w, b, {"y": torch.full((8,), 6)})


# ---- sampled softmax


def test_sampled_softmax_with_every_class_is_the_full_one() -> None:
    """Where each class is drawn for sure, corrections vanish and the loss is that of all classes."""
    tensors, y = layer(30, 6, 12), integers(30, 12)
    torch.manual_seed(0)
    total, count = classes._sampled(*tensors, {"y": y, "frequencies": torch.ones(12)}, 5000, False)
    expected = F.cross_entropy(F.linear(*tensors), y, reduction="sum")
    assert count == 30
    assert value(total) == pytest.approx(value(expected), rel=1e-6)
    assert close(gradients(total, tensors), gradients(expected, tensors), 1e-5)


@pytest.mark.parametrize("counted", [True, False])
def test_sampled_softmax_comes_close_on_average(counted: bool) -> None:
    """Its gradient, averaged over draws, is near the full one."""
    x, w, b = (t.detach() for t in layer(64, 4, 200))
    rank = torch.arange(200.0)
    frequencies = (100 / (rank + 1)).round() if counted else torch.log1p(1 / (rank + 1))
    y = torch.multinomial(frequencies, 64, replacement=True, generator=torch.Generator().manual_seed(0))
    targets = {"y": y} | ({"frequencies": frequencies} if counted else {})
    b.requires_grad_()
    torch.manual_seed(1)
    mean = torch.zeros(200)
    for _ in range(600):
        mean += gradients(LOSSES["softmax"](x, w, b, targets, sampled=100)[0], (b,))[0] / 600
    (full,) = gradients(F.cross_entropy(F.linear(x, w, b), y, reduction="sum"), (b,))
    assert value((mean - full).norm() / full.norm()) < 0.12


def test_sampled_softmax_is_seeded_and_only_for_training() -> None:
    tensors, y = layer(30, 6, 500), integers(30, 500)
    full = F.cross_entropy(F.linear(*tensors), y, reduction="sum")

    def loss(seed: int) -> float:
        torch.manual_seed(seed)
        return value(LOSSES["softmax"](*tensors, {"y": y}, sampled=50)[0])

    assert loss(1) == loss(1)
    assert loss(1) != loss(2)
    assert abs(loss(1) - value(full)) > 0.01
    with torch.no_grad():
        assert loss(1) == pytest.approx(value(full), rel=1e-6)
    # As many as there are, or more, is all of them.
    total, _ = LOSSES["softmax"](*tensors, {"y": y}, sampled=500)
    assert value(total) == pytest.approx(value(full), rel=1e-6)
    with pytest.raises(UsageError, match="label_smoothing"):
        LOSSES["softmax"](*tensors, {"y": y}, sampled=50, label_smoothing=0.1)


def test_sampled_softmax_draws_by_zipf_or_by_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Tensor] = []

    def spy(ids: Tensor, weight: Tensor, sparse: bool = False) -> Tensor:
        seen.append(ids[1:])
        return embedding(ids, weight, sparse)

    monkeypatch.setattr(classes, "embedding", spy)
    tensors, y = layer(1, 3, 1000), torch.tensor([999])
    torch.manual_seed(0)
    for _ in range(2000):
        LOSSES["softmax"](*tensors, {"y": y}, sampled=1)
    share = torch.bincount(torch.cat(seen), minlength=1000) / 2000
    expected = torch.log1p(1 / (torch.arange(1000.0) + 1)) / math.log(1001)
    assert (share - expected)[:50].abs().max() < 0.03
    seen.clear()
    counts = torch.zeros(1000)
    counts[[3, 700]] = torch.tensor([1.0, 3.0])
    for _ in range(500):
        LOSSES["softmax"](*tensors, {"y": y, "frequencies": counts}, sampled=1)
    share = torch.bincount(torch.cat(seen), minlength=1000) / 500
    assert share[700] == pytest.approx(0.75, abs=0.06)
    assert share[3] == pytest.approx(0.25, abs=0.06)


def test_sampled_softmax_can_have_sparse_gradients() -> None:
    (x, w, b), y = layer(30, 6, 5000), integers(30, 5000)

    def found(sparse: bool) -> Tensor:
        torch.manual_seed(0)
        total, _ = LOSSES["softmax"](x, w, b, {"y": y}, sampled=50, sparse=sparse)
        return gradients(total, (w,))[0]

    assert found(True).is_sparse
    assert found(True).is_coalesced()
    assert torch.allclose(found(True).to_dense(), found(False), rtol=1e-5, atol=1e-7)
    assert len(found(True)._values()) <= 80


# ---- the other heads


def example(
    name: str, rows: int = 7, horizon: int = 4, channels: int = 3
) -> tuple[Layer, Tensor, dict[str, Any]]:
    """In float64, with some values missing."""
    if name == "sigmoid":
        tensors = layer(rows, 5, 6, torch.float64)
        y = torch.randint(2, (rows, 6), generator=torch.Generator().manual_seed(3)).double()
        y[2, 1] = math.nan
        return tensors, y, {"labels": 6}
    options = {"horizon": horizon, "channels": channels, **FORECASTS[name]}
    tensors = layer(rows, 5, HEADS[name].size(**options), torch.float64)
    y = torch.randn(rows, horizon, channels, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    y = y.abs() if name == "negative_binomial" else y
    y[2, 1] = math.nan
    y[5, 3, 0] = math.nan
    return tensors, y, options


@pytest.mark.parametrize("name", ["sigmoid", "gaussian", "student_t", "negative_binomial"])
def test_losses_are_the_log_probabilities_of_the_heads(chunks: Callable[[int], None], name: str) -> None:
    chunks(8 * 20 * 3)
    tensors, y, options = example(name)
    targets, told = {"y": y}, dict(options)
    expected_y = y.numpy()
    if name == "negative_binomial":
        scale = torch.linspace(2, 30, 7 * 3, dtype=torch.float64).reshape(7, 1, 3)
        targets["scale"], told["scale"] = scale, scale.numpy()
        expected_y = np.rint(y.numpy() * scale.numpy())
    total, count = LOSSES[name](*tensors, targets, **options)
    params = F.linear(*tensors).detach().numpy()
    expected = HEADS[name].log_prob(params, expected_y, **told)
    assert count == (~np.isnan(expected)).sum() == (~y.isnan()).sum()
    assert value(total) == pytest.approx(-np.nansum(expected), rel=1e-9)


def test_quantile_loss_is_the_pinball_loss() -> None:
    tensors, y, options = example("quantile")
    total, count = LOSSES["quantile"](*tensors, {"y": y}, **options)
    params = F.linear(*tensors).detach().numpy().reshape(7, 4, 3, 3)
    expected = 0.0
    for place in np.ndindex(7, 4, 3):
        actual = value(y[place])
        if not math.isnan(actual):
            for level, said in zip(LEVELS, params[place], strict=True):
                expected += level * (actual - said) if actual > said else (1 - level) * (said - actual)
    assert value(total) == pytest.approx(expected)
    assert count == 7 * 12 - 4


@pytest.mark.parametrize("name", ["sigmoid", *FORECASTS])
@pytest.mark.parametrize("size", [8 * 30, 1 << 20])
def test_gradients_are_right_and_miss_what_is_missing(
    chunks: Callable[[int], None], name: str, size: int
) -> None:
    chunks(size)
    (x, w, b), y, options = example(name)
    weights = torch.linspace(0.2, 2, 7, dtype=torch.float64)
    targets = {"y": y, "weight": weights}

    def loss(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return LOSSES[name](x, w, b, targets, **options)[0]

    found = gradients(loss(x, w, b), (x, w, b))
    assert all(g.isfinite().all() for g in found)
    for at, gradient in enumerate(found):  # beside differences along a random direction
        random = torch.Generator().manual_seed(at)
        way = torch.randn(gradient.shape, generator=random, dtype=torch.float64)
        with torch.no_grad():
            up, down = (
                loss(*(t + step * way if i == at else t for i, t in enumerate((x, w, b))))
                for step in (1e-6, -1e-6)
            )
        assert value((gradient * way).sum()) == pytest.approx(value((up - down) / 2e-6), rel=1e-5)
    _, count = LOSSES[name](x, w, b, targets, **options)
    assert value(count) == pytest.approx(value(((~y.isnan()) * weights.view(-1, *[1] * (y.dim() - 1))).sum()))
    # A row with nothing known has no influence at all.
    y = y.clone()
    y[4] = math.nan
    targets = {"y": y}
    (dx,) = gradients(loss(x, w, b), (x,))
    assert not dx[4].any()
    assert dx[3].any()


@pytest.mark.parametrize("name", ["sigmoid", *FORECASTS])
def test_float32_is_near_float64(name: str) -> None:
    (x, w, b), y, options = example(name)
    exact, _ = LOSSES[name](x, w, b, {"y": y}, **options)
    less = tuple(t.detach().float().requires_grad_() for t in (x, w, b))
    total, _ = LOSSES[name](*less, {"y": y.float()}, **options)
    assert total.dtype == torch.float32
    assert value(total) == pytest.approx(value(exact), rel=1e-5)
    assert close(gradients(total, less), [g.float() for g in gradients(exact, (x, w, b))], 1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _ = LOSSES[name](*less, {"y": y.float()}, **options)
    assert value(rough) == pytest.approx(value(exact), rel=0.05)
    assert all(g.isfinite().all() for g in gradients(rough, less))


def test_large_counts_keep_their_digits() -> None:
    params = torch.tensor([[1.0, -12.0]], requires_grad=True)  # nearly Poisson
    w, scale = torch.eye(2), torch.full((1, 1, 1), 1e5)
    y = torch.tensor([[[1.23456]]])
    total, _ = LOSSES["negative_binomial"](params, w, None, {"y": y, "scale": scale})
    expected = HEADS["negative_binomial"].log_prob(
        params.detach().numpy(), np.array([[[123456.0]]]), scale=1e5
    )
    assert value(total) == pytest.approx(-expected.item(), rel=1e-6)


def test_sigmoid_with_positive_weights() -> None:
    (x, w, b), y, _ = example("sigmoid")
    y = y.nan_to_num(0.0)
    positive = torch.linspace(1, 4, 6, dtype=torch.float64)
    expected = F.binary_cross_entropy_with_logits(F.linear(x, w, b), y, pos_weight=positive)
    for given_y in (y, y.long()):
        total, count = LOSSES["sigmoid"](x, w, b, {"y": given_y, "positive_weight": positive}, labels=6)
        assert value(total / count) == pytest.approx(value(expected))


# ---- ctc


TEXTS = ([0, 1, 1, 2], [], [2, 2], [1])
STEPS = (9, 4, 3, 6)


def texts(*rows: list[int]) -> dict[str, Tensor]:
    return {
        "y": torch.tensor([c for row in rows for c in row], dtype=torch.int64),
        "y_lengths": torch.tensor([len(row) for row in rows]),
    }


def grid(T: int, B: int, K: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Layer:
    """Features of all steps of all rows, and the last layer."""
    return layer(T * B, 5, K, dtype, seed)


def by_head(tensors: Layer, rows: list[list[int]], lengths: list[int]) -> float:
    """The sum of what `HEADS` says of every row alone."""
    params = F.linear(*tensors).detach().numpy()
    B = len(rows)
    own = [params[b::B][: lengths[b]] for b in range(B)]
    return -sum(
        float(HEADS["ctc"].log_prob(p, np.array(y, np.int64))) for p, y in zip(own, rows, strict=True)
    )


def test_ctc_is_the_heads_log_probability_and_its_slope() -> None:
    tensors = grid(9, 4, 4)
    targets = texts(*TEXTS) | {"lengths": torch.tensor(STEPS)}
    total, count = LOSSES["ctc"](*tensors, targets, classes=4)
    assert value(total) == pytest.approx(by_head(tensors, [*TEXTS], [*STEPS]), rel=1e-9)
    assert value(count) == 4 + 1 + 2 + 1  # an empty text counts as one
    found = gradients(total, tensors)
    step = 1e-6
    for tensor, gradient in zip(tensors, found, strict=True):
        flat, slopes = tensor.detach().view(-1), gradient.reshape(-1)
        for i in range(0, len(flat), max(1, len(flat) // 12)):
            around = []
            for sign in (1, -1):
                flat[i] += sign * step
                around.append(by_head(tensors, [*TEXTS], [*STEPS]))
                flat[i] -= sign * step
            assert value(slopes[i]) == pytest.approx((around[0] - around[1]) / (2 * step), abs=2e-7)


def test_ctc_is_the_sum_over_all_alignments() -> None:
    T, K = 4, 3
    tensors = grid(T, 1, K)
    p = F.linear(*tensors).softmax(-1)  # [T, K]
    sums: dict[tuple[int, ...], Tensor] = {}
    for path in itertools.product(range(K), repeat=T):
        text = tuple(c for c, _ in itertools.groupby(path) if c != K - 1)
        way = torch.stack([p[t, c] for t, c in enumerate(path)]).prod()
        sums[text] = sums.get(text, torch.zeros((), dtype=torch.float64)) + way
    assert len(sums) > 10
    for text, every in sums.items():
        total, _ = LOSSES["ctc"](*tensors, texts([*text]), classes=K)
        assert value(total) == pytest.approx(-math.log(value(every)), rel=1e-9)
        theirs = torch.autograd.grad(-every.log(), tensors, retain_graph=True)
        for a, b in zip(gradients(total, tensors), theirs, strict=True):
            assert torch.allclose(a, b, rtol=1e-8, atol=1e-10)


def test_ctc_in_single_precision() -> None:
    tensors = grid(200, 3, 30, torch.float32)
    rows = [integers(n, 29, n).tolist() for n in (40, 25, 0)]
    targets = texts(*rows) | {"lengths": torch.tensor([200, 120, 7], dtype=torch.int32)}
    total, count = LOSSES["ctc"](*tensors, targets)
    assert total.dtype == torch.float32
    assert count == 66
    assert value(total) == pytest.approx(by_head(tensors, rows, [200, 120, 7]), rel=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        half, _ = LOSSES["ctc"](*tensors, targets)
    assert half.dtype == torch.float32
    assert value(half) == pytest.approx(value(total), rel=1e-2)


def test_padding_changes_no_row() -> None:
    """Whatever stands past a row's end, and however long its neighbours are."""
    x, w, b = grid(9, 4, 4, torch.float32)
    spoiled = x.detach().clone()
    for row, steps in enumerate(STEPS):
        spoiled[steps * 4 + row :: 4] = math.nan
    spoiled.requires_grad_()
    targets = texts(*TEXTS) | {"lengths": torch.tensor(STEPS)}
    total, _ = LOSSES["ctc"](spoiled, w, b, targets)
    found = gradients(total, (spoiled, w, b))
    alone, sums = 0.0, [torch.zeros_like(w), torch.zeros_like(b)]
    for row, steps in enumerate(STEPS):
        own = x.detach()[row::4][:steps].requires_grad_()
        each, _ = LOSSES["ctc"](own, w, b, texts(TEXTS[row]))
        alone += value(each)
        slope, *others = gradients(each, (own, w, b))
        assert torch.allclose(found[0][row::4][:steps], slope, rtol=1e-5, atol=1e-7)
        assert not found[0][row::4][steps:].any()
        sums = [a + o for a, o in zip(sums, others, strict=True)]
    assert value(total) == pytest.approx(alone, rel=1e-6)
    assert close(found[1:], sums, 1e-6)
    # another batch, longer by what is no data: the same to the bit
    longer = torch.cat([spoiled.detach(), torch.full((5 * 4, 5), math.inf)]).requires_grad_()
    again, _ = LOSSES["ctc"](longer, w, b, targets)
    assert torch.equal(again, total)
    assert torch.equal(gradients(again, (longer,))[0][: len(spoiled)], found[0])


def test_texts_that_do_not_fit_are_left_out_and_counted() -> None:
    rows, steps = ([1, 1], [0, 1, 2], [2], []), (2, 3, 0, 0)
    targets = texts(*rows) | {"lengths": torch.tensor(steps)}
    assert misfits(targets, 5).tolist() == [True, False, True, False]
    assert misfits(texts(*rows), 2).tolist() == [True, True, False, False]
    tensors = grid(5, 4, 4)
    total, count = LOSSES["ctc"](*tensors, targets)
    own = tensors[0].detach()[1::4][:3].requires_grad_()
    expected, _ = LOSSES["ctc"](own, *tensors[1:], texts(rows[1]))
    assert value(total) == pytest.approx(value(expected))
    assert value(count) == 3 + 1
    found = gradients(total, tensors)
    assert all(g.isfinite().all() for g in found)
    assert not found[0].view(5, 4, 5)[:, [0, 2, 3]].any()
    nothing, none = LOSSES["ctc"](*tensors, texts(*[[1, 1, 1, 2]] * 4) | {"lengths": torch.full((4,), 4)})
    assert (value(nothing), value(none)) == (0, 0)
    assert not any(g.any() for g in gradients(nothing, tensors))


def test_ctc_rows_have_weights() -> None:
    tensors = grid(6, 3, 4)
    rows = ([0, 1], [2], [])
    each = [value(LOSSES["ctc"](tensors[0][b::3], *tensors[1:], texts(rows[b]))[0]) for b in range(3)]
    weights = torch.tensor([1.0, 0.5, 0.0])
    total, count = LOSSES["ctc"](*tensors, texts(*rows) | {"weight": weights})
    assert value(total) == pytest.approx(each[0] + 0.5 * each[1])
    assert value(count) == 2 + 0.5


@pytest.mark.parametrize("shape", [(0, 3), (4, 0)])
def test_ctc_of_nothing(shape: tuple[int, int]) -> None:
    tensors = grid(*shape, 4)
    total, count = LOSSES["ctc"](*tensors, texts(*[[]] * shape[1]))
    assert (value(total), value(count)) == (0, 0)
    assert not any(g.any() for g in gradients(total, tensors))


def test_wrong_texts_are_refused() -> None:
    x, w, b = grid(4, 3, 4)
    good = texts([0], [1], [2])
    for wrong, words in (
        (good | {"y": torch.tensor([0, 1, 3])}, "3 is the blank"),
        (good | {"y": torch.tensor([0, 1, -1])}, "from 0 to 2"),
        (good | {"y": torch.tensor([0, 1])}, "3 characters in all"),
        (good | {"lengths": torch.tensor([4, 5, 4])}, "from 0 to 4"),
        (good | {"lengths": torch.tensor([4, 4])}, "lengths of 3 rows"),
        (texts([0], [1], [2], [0], [1]), "a multiple of 5"),
    ):
        with pytest.raises(InputError, match=words):
            LOSSES["ctc"](x, w, b, wrong)
    with pytest.raises(InputError, match="9 classes"):
        LOSSES["ctc"](x, w, b, good, classes=9)


def test_ctc_shows_what_is_not_finite() -> None:
    x, w, b = grid(4, 1, 3)
    with torch.no_grad():
        x[2, 1] = math.nan
    assert LOSSES["ctc"](x, w, b, texts([0]))[0].isnan()


def test_sigmoid_adds_up_the_labels_of_a_place() -> None:
    """The total is of all labels and the count counts labels: total / places is in nats for a place."""
    x, w, b = layer(9, 5, 6)
    y = torch.randint(2, (9, 6), generator=torch.Generator().manual_seed(3))
    total, count = LOSSES["sigmoid"](x, w, b, {"y": y}, labels=6)
    by_place = HEADS["sigmoid"].log_prob(F.linear(x, w, b).detach().numpy(), y.numpy()).sum(-1)
    assert value(total) == pytest.approx(-by_place.sum(), rel=1e-6)
    assert value(count) == 9 * 6


# ---- mixture


def points(rows: int, ends: bool, seed: int = 3) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    pen = torch.randint(2, (rows, 1 + ends), generator=random).double()
    return torch.cat([torch.randn(rows, 2, generator=random, dtype=torch.float64), pen], 1)


def as_torch_has_it(params: Tensor, y: Tensor, components: int) -> Tensor:
    """The log-probability by torch.distributions."""
    D = torch.distributions
    weights, *means, sx, sy, r = params[:, : 6 * components].unflatten(1, (6, components)).unbind(1)
    deviations = torch.stack([sx, sy], -1).exp() + FLOOR
    correlation = CORRELATION * r.tanh()
    one = torch.ones_like(correlation)
    matrix = torch.stack([one, correlation, correlation, one], -1).unflatten(-1, (2, 2))
    covariance = matrix * deviations.unsqueeze(-1) * deviations.unsqueeze(-2)
    offsets = D.MixtureSameFamily(
        D.Categorical(logits=weights), D.MultivariateNormal(torch.stack(means, -1), covariance)
    )
    pen = D.Bernoulli(logits=params[:, 6 * components :])
    return offsets.log_prob(y[:, :2]) + pen.log_prob(y[:, 2:]).sum(1)


@pytest.mark.parametrize(("components", "ends"), [(1, False), (5, True), (20, False)])
def test_mixture_is_what_torch_and_numpy_say(
    chunks: Callable[[int], None], components: int, ends: bool
) -> None:
    chunks(8 * 122 * 4)
    options = {"components": components, "ends": ends}
    (x, w, b), y = layer(11, 5, HEADS["mixture"].size(**options), torch.float64), points(11, ends)
    params = F.linear(x, w, b)
    expected = as_torch_has_it(params, y, components)
    in_numpy = HEADS["mixture"].log_prob(params.detach().numpy(), y.numpy(), **options)
    assert in_numpy == pytest.approx(expected.detach().numpy(), rel=1e-10)
    torch.testing.assert_close(mixture_loss(params, y), -expected)
    total, count = LOSSES["mixture"](x, w, b, {"y": y}, **options)
    assert value(count) == 11
    assert value(total) == pytest.approx(value(-expected.sum()), rel=1e-12)
    assert close(gradients(total, (x, w, b)), gradients(-expected.sum(), (x, w, b)), 1e-10)


def test_mixture_gradients_in_float64() -> None:
    params = torch.randn(4, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(mixture_loss, (params.requires_grad_(), points(4, True)))


def test_mixture_weighs_places_and_leaves_out_what_is_missing() -> None:
    (x, w, b), y = layer(7, 5, 13, torch.float64), points(7, False)
    each = -as_torch_has_it(F.linear(x, w, b), y, 2)
    y = y.clone()
    y[2, 1], y[4] = math.nan, math.nan
    kept = [0, 1, 3, 5, 6]
    weights = torch.linspace(0.5, 2, 7, dtype=torch.float64)
    for of_row, given in ((torch.ones(7).double(), {}), (weights, {"weight": weights})):
        total, count = LOSSES["mixture"](x, w, b, {"y": y, **given}, components=2)
        expected = (each * of_row)[kept].sum()
        assert value(count) == pytest.approx(value(of_row[kept].sum()))
        assert value(total) == pytest.approx(value(expected))
        found = gradients(total, (x, w, b))
        assert close(found, list(torch.autograd.grad(expected, (x, w, b), retain_graph=True)), 1e-10)
        assert not found[0][[2, 4]].any()


def test_mixture_in_float32_bears_what_is_far_off() -> None:
    """Ten thousand deviations away, deviations at their floor or beyond all bounds: finite, and near float64."""
    params = torch.randn(6, 31, generator=torch.Generator().manual_seed(0))
    y = points(6, False).float()
    y[0, 0] = 1e4
    y[1, :2] = -1e4
    params[2, 15:25], y[2, :2] = -1e4, 10.0  # deviations of FLOOR, and ten thousand of them away
    params[3, 15:25] = 1e4
    params[4, 25:30] = 1e4  # the largest correlation, across it
    y[4, :2] = torch.tensor([1e3, -1e3])
    params[5, 30] = -1e4
    y[5, 2] = 1
    params.requires_grad_()
    loss = mixture_loss(params, y)
    (found,) = torch.autograd.grad(loss.sum(), params)
    assert loss.isfinite().all()
    assert found.isfinite().all()
    wide = params.detach().double().requires_grad_()
    exact = mixture_loss(wide, y.double())
    (expected,) = torch.autograd.grad(exact.sum(), wide)
    torch.testing.assert_close(loss.double(), exact, rtol=2e-5, atol=1e-5)
    for ours, theirs in zip(found.double(), expected, strict=True):
        assert value((ours - theirs).abs().max()) < 1e-3 * value(theirs.abs().max())
    assert found[:3].abs().amax(1).min() > 1e3  # it pulls as hard as it is far


def test_mixture_with_less_precision() -> None:
    (x, w, b), y = layer(64, 32, 31), points(64, False).float()
    exact, _ = LOSSES["mixture"](x, w * 0.2, b, {"y": y}, components=5)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _ = LOSSES["mixture"](x, w * 0.2, b, {"y": y}, components=5)
    assert rough.dtype == torch.float32
    assert 0 < abs(value(rough) - value(exact)) < 0.05 * abs(value(exact))
    assert all(g.isfinite().all() for g in gradients(rough, (x, w, b)))


# ---- chain


def chain(rows: int, labels: int, hidden: int, share: float = 0.3) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Params, y, W and V, in float64; `share` of y is 1, the first row of it all 1 and the second all 0."""
    random = torch.Generator().manual_seed(5)
    y = (torch.rand(rows, labels, generator=random) < share).double()
    y[:1], y[1:2] = 1, 0
    shapes = ((rows, labels + hidden), (labels, hidden), (labels, hidden))
    params, W, V = (torch.randn(s, generator=random, dtype=torch.float64).requires_grad_() for s in shapes)
    return params, y, W, V


def label_by_label(params: Tensor, y: Tensor, W: Tensor, V: Tensor) -> Tensor:
    K = len(W)
    a, loss = params[:, K:], torch.zeros(len(y), dtype=params.dtype)
    for k in range(K):
        p = torch.sigmoid(params[:, k] + torch.sigmoid(a) @ V[k])
        loss = loss - torch.where(y[:, k] == 1, p, 1 - p).log()
        a = a + y[:, k : k + 1] * W[k]
    return loss


@pytest.mark.parametrize("size", [1, 8 * 200, 1 << 20])
@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_chain_is_label_by_label(chunks: Callable[[int], None], size: int, share: float) -> None:
    chunks(size)
    params, y, W, V = chain(13, 10, 4, share)
    expected = label_by_label(params, y, W, V)
    found = chain_loss(params, y.long(), W, V)
    torch.testing.assert_close(found, expected)
    way = torch.linspace(-1, 2, 13, dtype=torch.float64)
    own = torch.autograd.grad((found * way).sum(), (params, W, V))
    theirs = torch.autograd.grad((expected * way).sum(), (params, W, V))
    for ours, other in zip(own, theirs, strict=True):
        torch.testing.assert_close(ours, other)
    with torch.no_grad():
        torch.testing.assert_close(chain_loss(params, y, W, V), expected)
    in_numpy = HEADS["chain"].log_prob(
        params.detach().numpy(), y.numpy(), W=W.detach().numpy(), V=V.detach().numpy()
    )
    assert in_numpy == pytest.approx(-expected.detach().numpy(), rel=1e-10)


@pytest.mark.parametrize("size", [8 * 100, 1 << 20])
def test_chain_gradients_in_float64(chunks: Callable[[int], None], size: int) -> None:
    chunks(size)
    params, y, W, V = chain(5, 4, 3)
    assert torch.autograd.gradcheck(lambda *given: chain_loss(given[0], y, *given[1:]), (params, W, V))


def test_chain_of_a_last_layer() -> None:
    (x, w, b), (_, y, W, V) = layer(9, 5, 14, torch.float64), chain(9, 10, 4)
    each = label_by_label(F.linear(x, w, b), y, W, V)
    y = y.clone()
    y[3, 2] = math.nan
    kept = [0, 1, 2, 4, 5, 6, 7, 8]
    weights = torch.linspace(0.5, 2, 9, dtype=torch.float64)
    parts = (x, w, b, W, V)
    for of_row, given in ((torch.ones(9).double(), {}), (weights, {"weight": weights})):
        total, count = LOSSES["chain"](x, w, b, {"y": y, "W": W, "V": V, **given}, labels=10, hidden=4)
        expected = (each * of_row)[kept].sum()
        assert value(count) == pytest.approx(value(of_row[kept].sum()))
        assert value(total) == pytest.approx(value(expected))
        found = gradients(total, parts)
        assert close(found, list(torch.autograd.grad(expected, parts, retain_graph=True)), 1e-10)
        assert not found[0][3].any()


def test_chain_that_hides_nothing_is_sigmoid() -> None:
    (x, w, b), (_, y, W, V) = layer(9, 5, 14, torch.float64), chain(9, 10, 4)
    total, count = LOSSES["chain"](x, w, b, {"y": y, "W": W, "V": V * 0}, labels=10, hidden=4)
    expected, labels = LOSSES["sigmoid"](x, w[:10], b[:10], {"y": y}, labels=10)
    assert value(total) == pytest.approx(value(expected))
    assert (value(count), value(labels)) == (9, 90)


def test_chain_holds_little_at_a_time(chunks: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []

    def spy(params: Tensor, y: Tensor, W: Tensor, V: Tensor) -> Tensor:
        runs.append(len(y) + int(y.sum()))
        return steps(params, y, W, V)

    steps = chain_module._chain_steps
    monkeypatch.setattr(chain_module, "_chain_steps", spy)
    params, y, W, V = chain(600, 20, 8, 0.2)
    chain_loss(params, y, W, V).sum().backward()
    whole = runs.pop()
    assert runs == []
    assert whole == 600 + value(y.sum())
    chunks(1 << 16)
    loss = chain_loss(params, y, W, V)
    assert len(runs) > 5
    assert sum(runs) == whole
    assert max(runs) <= (1 << 16) / (8 * 28) + 21
    loss.sum().backward()  # made a second time, not kept
    assert sum(runs) == 2 * whole


def test_chain_with_less_precision() -> None:
    (x, w, b), (_, y, W, V) = layer(64, 32, 14), (t.detach().float() for t in chain(64, 10, 4))
    W.requires_grad_()
    exact, _ = LOSSES["chain"](x, w, b, {"y": y, "W": W, "V": V}, labels=10, hidden=4)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _ = LOSSES["chain"](x, w, b, {"y": y, "W": W, "V": V}, labels=10, hidden=4)
    assert rough.dtype == torch.float32
    assert 0 < abs(value(rough) - value(exact)) < 0.05 * value(exact)
    assert all(g.isfinite().all() for g in gradients(rough, (x, w, b, W)))


def test_mixtures_and_chains_that_do_not_fit_are_refused() -> None:
    params, y, W, V = chain(6, 5, 3)
    for wrong in ((params[:, 1:], y, W, V), (params, y[:, 1:], W, V), (params, y, W, V[1:])):
        with pytest.raises(InputError, match="chain reads params"):
            chain_loss(*wrong)
    for odd in (0.5, 2.0, -1.0, math.nan):
        with pytest.raises(InputError, match="0 or 1"):
            chain_loss(params, y * odd, W, V)
    x, w, b = layer(6, 5, 8)
    with pytest.raises(InputError, match=r"9 numbers, but the last layer makes 8"):
        LOSSES["chain"](x, w, b, {"y": y, "W": W, "V": V}, labels=5, hidden=4)
    with pytest.raises(InputError, match=r"7 numbers, but the last layer makes 8"):
        LOSSES["mixture"](x, w, b, {"y": y[:, :3]}, components=1)
    with pytest.raises(InputError, match=r"\[6, 4\], but y came as \[6, 3\]"):
        LOSSES["mixture"](x, w, b, {"y": y[:, :3]}, components=1, ends=True)


# ---- embedding


def test_sparse_embedding_is_the_dense_one() -> None:
    w = torch.randn(500, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
    ids = torch.randint(60, (20, 7), generator=torch.Generator().manual_seed(1))
    gradient = torch.randn(20, 7, 8, generator=torch.Generator().manual_seed(2))
    for own in (ids, ids.int()):
        dense, sparse = embedding(own, w), embedding(own, w, sparse=True)
        assert torch.equal(dense, F.embedding(own, w))
        assert torch.equal(sparse, dense)
        (expected,) = torch.autograd.grad(dense, w, gradient)
        (found,) = torch.autograd.grad(sparse, w, gradient)
        assert not expected.is_sparse
        assert found.is_sparse
        assert found.is_coalesced()
        assert torch.equal(found._indices()[0], ids.unique())
        assert torch.equal(found.to_dense(), expected)
        assert value(found._values().norm()) == pytest.approx(value(expected.norm()))


def test_sparse_embedding_under_sgd() -> None:
    """Clipped by the norm over all gradients, some steps on; the same weights, and untouched rows untouched."""
    after = []
    for sparse in (False, True):
        random = torch.Generator().manual_seed(0)
        w = torch.randn(100, 8, generator=random, requires_grad=True)
        v = torch.randn(3, 8, generator=random, requires_grad=True)
        start = w.detach().clone()
        for _ in range(4):
            w.grad = v.grad = None
            ids = torch.randint(20, (5, 6), generator=random)
            F.linear(embedding(ids, w, sparse), v).square().sum().backward()
            assert w.grad is not None
            assert v.grad is not None
            norms = [(g._values() if g.is_sparse else g).norm() for g in (w.grad, v.grad)]
            factor = 0.5 / value(torch.stack(norms).norm())
            with torch.no_grad():
                w.add_(w.grad, alpha=-factor)
                v.add_(v.grad, alpha=-factor)
        assert torch.equal(w[20:], start[20:])
        after.append(w.detach())
    assert torch.allclose(after[0], after[1], rtol=1e-6, atol=1e-7)
    assert not torch.equal(after[0][:20], start[:20])


def test_sparse_embedding_tied_to_the_last_layer() -> None:
    found = []
    for sparse in (False, True):
        w = torch.randn(30, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
        ids, y = integers(12, 30), integers(12, 30, 2)
        total, _ = LOSSES["softmax"](embedding(ids, w, sparse), w, None, {"y": y})
        total.backward()
        assert w.grad is not None
        found.append(w.grad.to_dense() if w.grad.is_sparse else w.grad)
    assert torch.allclose(found[0], found[1], rtol=1e-5, atol=1e-7)


def test_sparse_embedding_of_nothing() -> None:
    w = torch.randn(30, 8, requires_grad=True)
    y = embedding(torch.zeros(0, 3, dtype=torch.int64), w, sparse=True)
    assert y.shape == (0, 3, 8)
    (found,) = torch.autograd.grad(y.sum(), w)
    assert not found.to_dense().any()
    with torch.no_grad():
        assert not embedding(torch.tensor([3]), w, sparse=True).requires_grad
