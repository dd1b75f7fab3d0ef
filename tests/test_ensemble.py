"""Ensembles: members of several seeds are one model, whose numbers are the means of theirs."""

import math
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_segments

import hitherto
from hitherto.errors import UsageError
from hitherto.plan import make
from hitherto.plan import weights as shapes
from hitherto.plan.check import check
from hitherto.plan.ensemble import ensemble
from hitherto.runtime.engine import Engine
from hitherto.spec import from_options
from hitherto.tasks.forecast.source import Windows
from hitherto.training.processes import Interrupted

WORDS: Any = {"kind": "ids", "size": 30}
NUMBERS: Any = {"kind": "vectors", "size": 3}
NETWORK: dict[str, Any] = {"hidden_size": 5, "num_layers": 1, "embedding_size": 4, "bidirectional": False}
CASES: dict[str, tuple[Any, Any, str, dict[str, Any]]] = {
    "both directions": (WORDS, "many_to_one", "softmax", {"bidirectional": True, "num_layers": 2, "pool": "max"}),
    "a branch of words": (
        WORDS, "many_to_one", "softmax", {"skip": True, "ngrams": 2, "buckets": 16, "cell": "gru", "pool": "last"},
    ),
    "a branch of numbers": (NUMBERS, "many_to_one", "sigmoid", {"skip": True, "cell": "rnn", "pool": "mean"}),
    "projected": (NUMBERS, "many_to_many", "softmax", {"proj_size": 2, "num_layers": 2}),
}  # fmt: skip


def plan_of(case: str) -> Any:
    x, form, head, options = CASES[case]
    spec = from_options("classify", **{**NETWORK, **options})
    return make(spec.model, form, {"x": x}, head, {"labels" if head == "sigmoid" else "classes": 3})


def drawn(plan: Any, seed: int) -> Any:
    random = np.random.default_rng(seed)
    tensors = {n: random.normal(0, 0.5, s).astype(np.float32) for n, s in shapes(plan).items()}
    fixed = np.random.default_rng(99)  # what is fitted to the data is the same in all members
    for name in tensors.keys() & {"summary.shift", "summary.scale"}:
        tensors[name] = fixed.normal(0, 0.5, tensors[name].shape).astype(np.float32)
    return tensors


def answers(plan: Any, tensors: Any, x: Any, lengths: Any = None) -> Any:
    engine = Engine(plan, tensors)
    features, state = engine.forward({"x": x}, lengths)
    return engine.params(features), state


@pytest.mark.parametrize("case", CASES)
def test_its_numbers_are_the_means_of_the_members(case: str) -> None:
    plan = plan_of(case)
    members = [drawn(plan, seed) for seed in range(3)]
    whole, tensors = ensemble(plan, members)
    check(whole, tensors)
    assert {name: value.shape for name, value in tensors.items()} == shapes(whole)
    random = np.random.default_rng(1)
    x = random.integers(0, 30, (7, 4)).astype(np.int32)
    if plan["inputs"]["x"]["kind"] == "vectors":
        x = random.normal(size=(7, 4, 3)).astype(np.float32)
    lengths = np.array([7, 3, 1, 6])
    each = [answers(plan, member, x, lengths)[0] for member in members]
    assert np.ptp(each, 0).max() > 0.1, "the members differ"
    np.testing.assert_allclose(answers(whole, tensors, x, lengths)[0], np.mean(each, 0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", ["plain", "all", "deep", "projected"])
def test_windows_are_read_by_all_members(case: str) -> None:
    plan, _ = test_segments.made(case)
    members = [drawn(plan, seed) for seed in range(3)]
    whole, tensors = ensemble(plan, members)
    check(whole, tensors)
    x = test_segments.inputs(plan, 3, 4)
    each = [answers(plan, member, x)[0] for member in members]
    np.testing.assert_allclose(answers(whole, tensors, x)[0], np.mean(each, 0), rtol=1e-4, atol=1e-5)


SERIES = [{"value": math.sin(t / 4) + 0.1 * math.sin(t * t)} for t in range(160)]
FORECAST: dict[str, Any] = {
    "output": "value", "horizon": 3, "window": 12, "hidden_size": 6, "steps": 12, "batch_size": 8, "threads": 1,
    "evaluate_every": 4, "budget": "0", "patience": None, "baselines": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def three() -> hitherto.Model:
    return hitherto.train("forecast", SERIES, ensemble=3, seed=5, **FORECAST)


def test_members_have_seeds_of_their_own(three: hitherto.Model) -> None:
    """The first member is the model of that seed without an ensemble, up to what is settled after training."""
    assert three.spec.model.hidden_size == 18
    assert three.spec.train.ensemble == 1, "the bundle is one model"
    parts = [
        three.tensors["segments.layer.weight_hh_l0"].reshape(-1, 3, 6, 3, 6)[:, m, :, m] for m in range(3)
    ]
    one = hitherto.train("forecast", SERIES, seed=6, **FORECAST)
    np.testing.assert_array_equal(parts[1].reshape(-1, 6), one.tensors["segments.layer.weight_hh_l0"])
    assert not np.array_equal(parts[0], parts[1])
    assert not np.array_equal(parts[1], parts[2])


def test_it_streams_as_it_predicts_and_goes_on(three: hitherto.Model, tmp_path: Path) -> None:
    three.save(tmp_path / "m.safetensors")
    model = hitherto.open(tmp_path / "m.safetensors")
    stream = model.stream()
    for row in SERIES:
        stream.push(row["value"])
    ahead = model.predict(SERIES)
    peeked = stream.peek()
    assert len(ahead) == 3
    for one, other in zip(peeked, ahead, strict=True):
        assert {name: one[name] for name in ("y", "q0.1", "q0.9")} == {
            n: other[n] for n in ("y", "q0.1", "q0.9")
        }
    assert model.evaluate(SERIES)["mase"] > 0
    on = hitherto.train("forecast", SERIES, base=model, steps=1, lr=1e-9, threads=1, baselines=False)
    np.testing.assert_allclose(
        on.tensors["segments.layer.weight_hh_l0"], model.tensors["segments.layer.weight_hh_l0"], atol=1e-6
    )


@pytest.mark.parametrize("stop", [2, 20, 34])
def test_it_resumes_to_the_bit_in_any_member(
    three: hitherto.Model, stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line that it begins with is that of its beginning, though a resumed run has its choices in the spec."""
    batch, calls = Windows.batch, [0]

    def stopping(self: Windows, *args: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] == stop:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(self, *args, **more)

    out = tmp_path / "m.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr(Windows, "batch", stopping)
        with pytest.raises(Interrupted):
            hitherto.train("forecast", SERIES, ensemble=3, seed=5, out=out, **FORECAST)
    rest = hitherto.train("forecast", SERIES, resume=tmp_path / "m.run")
    assert rest.digest == three.digest
    assert all(np.array_equal(rest.tensors[name], three.tensors[name]) for name in three.tensors)
    hitherto.train("forecast", SERIES, out=out, **{**FORECAST, "steps": 1})
    assert not list((tmp_path / "m.run").glob("member-*")), "of the run before"


def test_what_cannot_be_joined_is_said_before_it_is_trained() -> None:
    with pytest.raises(UsageError, match=r"no ensemble can be made of layers with layer_norm"):
        hitherto.train("forecast", SERIES, ensemble=2, layer_norm=True, **FORECAST)
    rows = [{"text": "a b", "label": "x"}, {"text": "b c", "label": "y"}] * 10
    with pytest.raises(UsageError, match=r"no ensemble can be made of layers with residual"):
        hitherto.train(
            "classify",
            rows,
            ensemble=2,
            residual=True,
            num_layers=2,
            hidden_size=4,
            embedding_size=4,
            threads=1,
        )
    with pytest.raises(UsageError, match=r"no ensemble can be made of a model with spell"):
        hitherto.train(
            "classify", rows, ensemble=2, spelling=True, hidden_size=4, embedding_size=4, threads=1
        )
