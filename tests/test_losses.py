"""Losses: torch's own where torch has them, the heads' log-probabilities for the others; sparse embeddings."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.errors import InputError, UsageError
from hitherto.heads import HEADS
from hitherto.model import kernels, losses
from hitherto.model.losses import LOSSES, embedding, nll

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
        monkeypatch.setattr(losses, "_LARGE", size)
        monkeypatch.setattr(losses, "_CACHED", size)

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
    chunked = losses._chunks

    def spy(*arguments: Any) -> Any:
        found = chunked(*arguments)
        made.append(found[2].data_ptr())
        return found

    monkeypatch.setattr(losses, "_chunks", spy)
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
    x, w, b = layer(0, 4, 6)
    shape = {"softmax": (0,), "pointer": (0,), "sigmoid": (0, 6)}.get(
        name, (0, 6 // {"quantile": 3, "student_t": 3}.get(name, 2), 1)
    )
    y = torch.zeros(shape, dtype=torch.int64 if len(shape) == 1 else torch.float32)
    options = FORECASTS.get(name, {}) | ({"horizon": shape[1]} if len(shape) == 3 else {})
    total, count = LOSSES[name](x, w, b, {"y": y}, **options)
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
    total, count = losses._sampled(*tensors, {"y": y, "frequencies": torch.ones(12)}, 5000, False)
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

    monkeypatch.setattr(losses, "embedding", spy)
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
