"""What an inspection computes without torch, beside torch's autograd, over the bundles of every task and form."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hitherto import native, trained  # noqa: E402
from hitherto.cells import CELLS  # noqa: E402
from hitherto.inspect import layers, tape  # noqa: E402
from hitherto.inspect.steps import STEPS  # noqa: E402
from hitherto.inspect.trace import trace  # noqa: E402
from hitherto.model import build as torch_build  # noqa: E402
from hitherto.model.build import TORCH_OPS, build  # noqa: E402
from hitherto.plan import OPS, make, operations  # noqa: E402
from hitherto.spec import ModelSpec  # noqa: E402

Array = np.ndarray[Any, Any]
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.safetensors"))
ROWS = 3


def drawn(plan: Any, steps: int = 7) -> dict[str, Array]:
    """Rows of one length."""
    draw = np.random.default_rng(7)
    inputs = {}
    for name, given in plan["inputs"].items():
        T = 1 if given.get("single") else steps
        if "spelled" in given:
            words, letters, shapes = given["spelled"]
            sizes = np.array([words, shapes, *[letters] * (given["size"] - 2)])
            inputs[name] = (draw.random((T, ROWS, given["size"])) * sizes).astype(np.int64).astype(np.float32)
        elif given["kind"] == "ids":
            inputs[name] = draw.integers(0, given["size"], (T, ROWS))
        else:
            inputs[name] = draw.normal(0, 0.5, (T, ROWS, given["size"])).astype(np.float32)
    return inputs


class Torch:
    """The plan in torch, with the gradients of what its steps read."""

    def __init__(self, plan: Any, tensors: Any, inputs: dict[str, Array], patch: pytest.MonkeyPatch) -> None:
        self.read: list[Any] = []
        module = build(plan).eval()
        module.load(tensors)
        patch.setattr(
            torch, "no_grad", contextlib.nullcontext
        )  # statistics pass gradients on, as they do here
        for name in ("embedding", "read_words"):
            patch.setattr(torch_build, name, self.watched(getattr(torch_build, name)))
        given = {}
        for name, x in inputs.items():
            given[name] = torch.from_numpy(x)
            if plan["inputs"][name]["kind"] != "ids" and "spelled" not in plan["inputs"][name]:
                given[name].requires_grad_()
        self.given = given
        features, self.after = module(given, None, None, None)
        self.params = module.params(features)
        self.module = module

    def watched(self, function: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            y = function(*args, **options)
            y.retain_grad()
            self.read.append(y)
            return y

        return call

    def gradients(self, weights: Array) -> dict[str, Array]:
        (self.params * torch.from_numpy(weights)).sum().backward()
        found = {name: x.grad.numpy() for name, x in self.given.items() if x.requires_grad}
        looked_up = [name for name in ("source", "x") if name in self.given and name not in found]
        per_name = {name: [] for name in looked_up}
        for y in self.read:  # step by step, where the plan goes so; the source comes first
            name = looked_up[0] if len(looked_up) == 1 or not per_name[looked_up[0]] else looked_up[1]
            per_name[name].append(np.zeros(y.shape, np.float32) if y.grad is None else y.grad.numpy())
        return found | {name: np.concatenate(parts) for name, parts in per_name.items()}


def close(a: Array, b: Array) -> None:
    scale = max(
        1e-2, float(np.abs(b).max())
    )  # what is far smaller than the params is equal by rounding alone
    np.testing.assert_allclose(a / scale, b / scale, atol=1e-4)


def compare(plan: Any, tensors: Any, patch: pytest.MonkeyPatch, steps: int = 7, pure: str = "") -> None:
    inputs = drawn(plan, steps)
    theirs = Torch(plan, tensors, inputs, patch)
    patch.setenv("HITHERTO_PURE", pure)
    seen = trace(plan, tensors, inputs)
    close(seen.params.value, theirs.params.detach().numpy())
    weights = np.random.default_rng(1).normal(size=seen.params.shape).astype(np.float32)
    tape.backward(seen.params, weights)
    expected = theirs.gradients(weights)
    assert set(expected) == set(seen.leaves)
    for name, gradient in expected.items():
        close(seen.gradients(name), gradient)
    if seen.attention:
        close(np.concatenate(seen.attention), theirs.after["attention"].detach().numpy())
    for layer in (layer for layer in seen.layers if layer.program == "step" and "." not in layer.place[1]):
        for state, values in layer.states.items():
            name = f"{layer.place[1]}.{state}"
            if name in theirs.after and not layer.direction and "bidirectional" not in layer.label:
                ways = len(theirs.after[name]) // max(
                    1, sum(o.place[1] == layer.place[1] and not o.direction for o in seen.layers)
                )
                close(values[-1], theirs.after[name][layer.place[2] * ways].detach().numpy())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_params_and_gradients_are_those_of_torch(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained.open(path)
    compare(model.plan, model.tensors, monkeypatch)


@pytest.mark.parametrize("pure", ["", "1"], ids=["kernels", "numpy"])
@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm", "bidirectional": True, "num_layers": 2, "pool": "max"},
        {"cell": "lstm", "proj_size": 3, "residual": True, "num_layers": 3},
        {"cell": "lstm", "proj_size": 3, "layer_norm": True, "bidirectional": True, "pool": "last"},
        {"cell": "gru", "reset": "before", "pool": "mean", "hidden_size": 19},
        {"cell": "gru", "layer_norm": True, "num_layers": 2},
        {"cell": "lstm", "layer_norm": True, "bidirectional": True, "pool": "mean", "hidden_size": 17},
        {"cell": "rnn", "layer_norm": True, "pool": "last"},
        {"cell": "rnn", "nonlinearity": "relu", "bidirectional": True, "pool": "last", "skip": True},
        {"cell": "rnn", "residual": True, "num_layers": 2},
    ],
    ids=lambda o: "-".join(f"{v}" for v in o.values()),
)
def test_cells(options: dict[str, Any], pure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    form = "many_to_one" if "pool" in options else "many_to_many"
    sizes = {"hidden_size": 6, "embedding_size": 5, "num_layers": 1}
    plan = make(
        ModelSpec(**{**sizes, **options}),
        form,
        {"x": {"kind": "vectors", "size": 4}},
        "softmax",
        {"classes": 3},
    )
    tensors = build(plan, seed=2).tensors()
    slow = options.get("layer_norm") and "proj_size" in options
    if (
        native.extension() is not None and not pure and not slow
    ):  # what has a kernel takes no steps on the tape
        monkeypatch.setattr(layers, "_on_tape", lambda *_given: pytest.fail("a step was taken on the tape"))
    compare(plan, tensors, monkeypatch, 9, pure)


def test_the_bag_of_n_grams(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make(
        ModelSpec(hidden_size=4, num_layers=1, pool="mean", skip=True, ngrams=3, buckets=40, embedding_size=3),
        "many_to_one", {"x": {"kind": "ids", "size": 9}}, "softmax", {"classes": 3},
    )  # fmt: skip
    tensors = build(plan, seed=2).tensors()
    inputs = drawn(plan)
    theirs, seen = Torch(plan, tensors, inputs, monkeypatch), trace(plan, tensors, inputs)
    close(seen.params.value, theirs.params.detach().numpy())
    weights = np.random.default_rng(1).normal(size=seen.params.shape).astype(np.float32)
    tape.backward(seen.params, weights)
    theirs.gradients(weights)
    bag = next(op["name"] for op in plan["step"] if op["name"] == "bag")
    table = theirs.module.get_submodule(bag).weight
    beside = [leaf for leaf in seen.leaves["x"] if not leaf.main]
    assert len(beside) == 3
    close(sum(leaf.product().sum() for leaf in beside), (table.grad * table).sum().item())
    close(sum((leaf.var.grad * leaf.var.value).sum() for leaf in beside), (table.grad * table).sum().item())


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_a_kernel_shows_the_gates_of_the_cell(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make(
        ModelSpec(cell=cell, hidden_size=5, num_layers=2, bidirectional=True),
        "many_to_many", {"x": {"kind": "vectors", "size": 4}}, "softmax", {"classes": 3},
    )  # fmt: skip
    tensors, inputs = build(plan, seed=2).tensors(), drawn(plan)
    by_kernel = trace(plan, tensors, inputs)
    monkeypatch.setenv("HITHERTO_PURE", "1")
    in_numpy = trace(plan, tensors, inputs)
    assert len(by_kernel.layers) == len(in_numpy.layers) == 4
    for one, other in zip(by_kernel.layers, in_numpy.layers, strict=True):
        assert one.label == other.label
        assert tuple(one.gates) == CELLS[cell].gates
        assert tuple(one.states) == CELLS[cell].states
        for name in one.gates:
            np.testing.assert_allclose(one.gates[name], other.gates[name], atol=2e-6)
        for name in one.states:
            np.testing.assert_allclose(one.states[name], other.states[name], atol=2e-6)


@pytest.mark.parametrize(("buckets", "op"), [(None, "spell"), (20, "subwords")])
def test_spelled_words(buckets: int | None, op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make(
        ModelSpec(hidden_size=4, num_layers=1, bidirectional=True, letter_buckets=buckets),
        "many_to_many", {"x": {"kind": "vectors", "size": 8, "spelled": [9, 12, 4]}}, "softmax", {"classes": 3},
    )  # fmt: skip
    assert plan["step"][0]["op"] == op
    compare(plan, build(plan, seed=2).tensors(), monkeypatch)


def test_every_operation_has_a_row() -> None:
    assert set(STEPS) | {"bridge", "numbers"} == set(TORCH_OPS)
    used = {op["op"] for path in GOLDEN for op in operations(trained.open(path).plan)}
    assert used | {"spell", "subwords"} == set(OPS), (
        "a golden bundle has each operation, but for those tested above"
    )


def test_weights_of_another_precision_live_as_long_as_the_gradient_needs_them() -> None:
    plan = make(
        ModelSpec(hidden_size=64, num_layers=2), "many_to_many", {"x": {"kind": "vectors", "size": 4}},
        "softmax", {"classes": 3},
    )  # fmt: skip
    tensors, inputs = build(plan, seed=2).tensors(), drawn(plan)
    wide = {name: value.astype(np.float64) for name, value in tensors.items()}
    gradients = []
    for held in (tensors, wide):
        seen = trace(plan, held, inputs)
        for _ in range(50):  # what was freed is written over
            np.full((256, 64), np.nan, np.float32)
        tape.backward(seen.params, np.ones(seen.params.shape, np.float32))
        gradients.append(seen.gradients("x"))
    assert np.array_equal(*gradients)
