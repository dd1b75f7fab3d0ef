"""Inspections of a value, over the bundles of every task and form."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))

from seeds import FORMS  # noqa: E402
from test_inspect_trace import GOLDEN, Torch, close  # noqa: E402

from hitherto import trained  # noqa: E402
from hitherto.errors import UsageError  # noqa: E402
from hitherto.heads import HEADS  # noqa: E402
from hitherto.inspect import MEASURES  # noqa: E402
from hitherto.inspect.inspection import answers_of  # noqa: E402
from hitherto.tasks.families import family_of  # noqa: E402

Array = np.ndarray[Any, Any]
every = pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)


def opened(path: Path) -> tuple[Any, Any]:
    """A model, and a value that it reads."""
    model = trained.open(path)
    rows = FORMS[path.stem.replace("-", " ")][0]
    return model, "xyx" if model.source.continues and model.source.says else rows


def golden(name: str) -> tuple[Any, Any]:
    return opened(Path(__file__).parent / "golden" / f"{name}.safetensors")


@every
def test_what_answers_rest_on_is_what_torch_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, value = opened(path)
    row = (
        3 if path.stem == "classify-statistics" else 1
    )  # of a constant row torch has no gradient of the deviation
    seen = model.inspect(value, row=row, measure=["gradient"])
    reading = family_of(model.spec.task).reading(model, value, row=row)
    inputs = {name: np.ascontiguousarray(x) for name, x in reading.inputs.items()}
    if any(op["op"] == "bag" for op in model.plan["step"]):
        pytest.skip("n-grams are compared in test_inspect_trace")
    theirs = Torch(model.plan, model.tensors, inputs, monkeypatch)
    params = theirs.params.detach().numpy()
    last = params if params.ndim == 2 else params[-1]
    close(seen.params[-1], last[0])
    head = model.plan["head"]
    weights = np.zeros(params.shape, np.float32)
    weights[(0,) if params.ndim == 2 else (-1, 0)] = HEADS[head["kind"]].stands(last[0], **head["options"])
    gradients = theirs.gradients(weights)
    read = dict.fromkeys(gradients)
    for name, x in theirs.given.items():
        read[name] = x.detach().numpy() if x.requires_grad else None
    looked_up = [y.detach().numpy() for y in theirs.read]
    for name in ("source", "x"):
        if name in read and read[name] is None:
            count = len(gradients[name])
            parts: list[Array] = []
            while sum(map(len, parts)) < count:
                parts.append(looked_up.pop(0))
            read[name] = np.concatenate(parts)
        if name in read:
            close(seen.rests["gradient"][name][-1], (gradients[name] * read[name]).sum(-1)[:, 0])


@every
def test_answers_are_those_of_the_engine_and_all_of_it_is_plain(path: Path) -> None:
    model, value = opened(path)
    seen = model.inspect(value)
    reading = family_of(model.spec.task).reading(model, value)
    features, _ = model.engine.forward(reading.inputs)
    params = model.engine.params(features)
    assert np.array_equal(seen.params[-1], params[0] if model.engine.pools else params[-1, 0])
    assert len(seen.params) == len(seen.answers) == len(seen.said) == len(reading.inputs["x"])
    for layer in seen.layers:
        for values in (*layer.states.values(), *layer.gates.values()):
            assert values.ndim == 2
            assert np.isfinite(values).all()
        assert set(layer.saturation) <= set(layer.gates)
    assert set(seen.rests) == {"gradient", "integrated", "left_out"}
    for inputs in seen.rests.values():
        for name, values in inputs.items():
            assert values.shape == (len(seen.explained), len(seen.steps[name]))
    for name, length in seen.memory.items():
        assert 0 <= length <= len(seen.lags[name])
    if seen.attention is not None:
        assert len(seen.attention) == len(seen.params)
    assert json.loads(json.dumps(seen.to_json()))["task"] == model.spec.task
    file = BytesIO()
    np.savez(file, **seen.arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as again:
        assert set(again) == set(seen.arrays())
    with pytest.raises(AttributeError):
        seen.params = None


@pytest.mark.parametrize("name", ["classify-two-ways", "lm", "translate", "forecast-steps", "tag-two-ways"])
def test_integrated_gradients_add_up_to_the_whole(name: str) -> None:
    model, value = golden(name)
    seen = model.inspect(value, measure=["integrated"])
    reading = family_of(model.spec.task).reading(model, value)
    from hitherto.inspect.trace import trace

    zeros = {name: np.zeros((len(x), 1), np.float32) for name, x in reading.inputs.items()}
    empty = trace(model.plan, model.tensors, reading.inputs, zeros).params.value
    head = model.plan["head"]
    weights = HEADS[head["kind"]].stands(seen.params[-1], **head["options"])
    begun = ((empty if empty.ndim == 2 else empty[-1])[0] * weights).sum()
    total = sum(values[-1].sum() for values in seen.rests["integrated"].values())
    assert abs(total) > 1e-4
    np.testing.assert_allclose(total, seen.scores[-1] - begun, rtol=0.02, atol=2e-5)


def test_a_step_left_out_reads_zeros() -> None:
    model, value = golden("regress-several")
    seen = model.inspect(value, row=3, measure=["left_out"], of=1)
    x = family_of("regress").reading(model, value, row=3).inputs["x"]
    for t in range(len(x)):
        without = x.copy()
        without[t] = 0
        features, _ = model.engine.forward({"x": without})
        expected = seen.params[-1, 1] - model.engine.params(features)[0, 1]
        np.testing.assert_allclose(seen.rests["left_out"]["x"][-1, t], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["classify", "classify-two-ways", "lm-chars", "forecast"])
def test_the_context_is_cut_to_the_last_steps(name: str) -> None:
    model, value = golden(name)
    seen = model.inspect(value, measure=["context"])
    reading = family_of(model.spec.task).reading(model, value)
    for k, params in zip(seen.context["steps"], seen.context["params"], strict=True):
        features, _ = model.engine.forward({"x": reading.inputs["x"][-k:]})
        alone = model.engine.params(features)
        assert np.array_equal(params, alone[0] if model.engine.pools else alone[-1, 0])
    assert seen.context["steps"][-1] == len(reading.inputs["x"])
    assert seen.context["change"][-1] == 0


@pytest.mark.parametrize("name", ["classify-two-ways", "lm-chars", "translate-one-way", "forecast-window"])
def test_numpy_alone_says_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, value = golden(name)
    kernels = model.inspect(value).arrays()
    monkeypatch.setenv("HITHERTO_PURE", "1")
    monkeypatch.setattr("hitherto.native.warn_once", lambda _why: None)
    model, value = golden(name)
    numpy = model.inspect(value).arrays()
    assert set(numpy) == set(kernels)
    for key, values in numpy.items():
        if values.dtype.kind == "f" and not key.startswith("path"):  # an axis may point either way
            np.testing.assert_allclose(values, kernels[key], rtol=1e-3, atol=1e-4, err_msg=key)


def test_half_life_and_memory_length() -> None:
    from hitherto.inspect.measures import half_life, memory_length, path, saturation

    gate = np.array([[0.5, 0.9, 1.0], [0.5, 0.9, 1.0]])
    np.testing.assert_allclose(half_life(gate), [1, np.log(0.5) / np.log(0.9), np.inf])
    assert memory_length(np.array([9.5, 0.5, 1e-9])) == 1
    assert memory_length(np.array([5.0, 4.0, 1.0, 0.0])) == 2
    assert memory_length(np.array([0.0, 0.0])) == 0
    assert memory_length(np.ones(10)) == 9
    np.testing.assert_allclose(saturation(np.array([[0.05, 0.95], [0.5, 0.95]])), [[0.5, 0], [0, 1]])
    walk = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    layer = SimpleNamespace(states={"h": walk[:, None]}, cell=SimpleNamespace(states=("h",)))
    line = path(SimpleNamespace(layers=[layer]))["path"]
    np.testing.assert_allclose(line["shares"][:1], [1])
    np.testing.assert_allclose(np.abs(line["places"][:, 0]), [5, 0, 5], atol=1e-9)


def test_options() -> None:
    model, value = golden("classify")
    asked = model.inspect(value, of="+", measure=["gradient"])
    other = model.inspect(value, of=0, measure=["gradient"])
    assert np.array_equal(asked.rests["gradient"]["x"], other.rests["gradient"]["x"])
    plain = model.inspect(value, measure=())
    assert (plain.rests, plain.lags, plain.context, plain.path) == ({}, {}, {}, {})
    short = model.inspect(value, steps=3)
    assert short.cut
    assert len(short.steps["x"]) == 3
    assert set(MEASURES) == {"gradient", "integrated", "left_out", "context", "path"}
    for options, words in (
        ({"of": "x"}, "of is a class of the model.*classes are"),
        ({"of": 2}, "of must be a number from 0 to 1"),
        ({"row": 0}, "row must be from 1 to 12"),
        ({"row": 13}, "row must be from 1 to 12"),
        ({"measure": ["gradent"]}, "gradent.*gradient"),
        ({"steps": 0}, "steps must be 1 or more"),
        ({"colour": 1}, "colour"),
    ):
        with pytest.raises(UsageError, match=words):
            model.inspect(value, **options)


def test_what_is_not_inspected_loads_none_of_it() -> None:
    path = Path(__file__).parent / "golden" / "classify.safetensors"
    program = f"""
import sys, hitherto
model = hitherto.open({str(path)!r})
model.predict(["good film"])
model.stream().push("good ")
assert not [name for name in sys.modules if name.startswith("hitherto.inspect")]
model.inspect("good film")
assert "hitherto.inspect" in sys.modules and "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_pooling_model_answers_after_every_step() -> None:
    for name in ("classify", "classify-two-ways"):
        model, value = golden(name)
        reading = family_of("classify").reading(model, value)
        params, _ = answers_of(model.engine, reading)
        for t in range(len(params)):
            features, _ = model.engine.forward({"x": reading.inputs["x"][: t + 1]})
            assert np.array_equal(params[t], model.engine.params(features)[0])


def test_a_picture_shows_what_each_pixel_did() -> None:
    model, value = golden("classify-films")
    seen = model.inspect(value, measure=["gradient"])
    steps, shape = len(seen.steps["x"]), tuple(model.plan["inputs"]["x"]["shape"])
    assert seen.within["x"].shape == (steps, *shape)
    np.testing.assert_allclose(
        seen.within["x"].reshape(steps, -1).sum(-1), seen.rests["gradient"]["x"][-1], rtol=1e-3, atol=1e-6
    )
