"""The engine beside the torch module on the same plans: values, and the bits that the runtime promises."""

import json
import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from limits import bounded  # noqa: E402

from hitherto import _native  # noqa: E402
from hitherto.errors import UsageError  # noqa: E402
from hitherto.model.build import build  # noqa: E402
from hitherto.plan import make  # noqa: E402
from hitherto.plan.check import check  # noqa: E402
from hitherto.runtime.chain import Chain  # noqa: E402
from hitherto.runtime.engine import Engine  # noqa: E402
from hitherto.runtime.stages import WEIGHTS  # noqa: E402
from hitherto.spec import ModelSpec  # noqa: E402

Array = np.ndarray[Any, Any]

SIZES = 7  # kinds of tokens, or numbers in a step

# What each cell is tried with, beside widths that end within a vector and others that do not.
VARIANTS: list[dict[str, Any]] = [
    *({"cell": c, **more} for c in ("rnn", "lstm", "gru") for more in (
        {}, {"bidirectional": True}, {"residual": True, "num_layers": 3}, {"layer_norm": True}, {"hidden_size": 37},
        {"hidden_size": 64, "num_layers": 1}, {"pool": "max"}, {"pool": "mean"}, {"pool": "max", "bidirectional": True},
    )),
    {"cell": "gru", "pool": "max", "skip": True},
    {"cell": "lstm", "pool": "last", "bidirectional": True, "skip": True},
    {"cell": "rnn", "nonlinearity": "relu"},
    {"cell": "lstm", "proj_size": 6},
    {"cell": "lstm", "proj_size": 6, "bidirectional": True, "layer_norm": True},
    {"cell": "gru", "reset": "before"},
    {"cell": "gru", "reset": "before", "layer_norm": True},
]  # fmt: skip


def plan_of(kind: str = "vectors", **options: Any) -> dict[str, Any]:
    form = "many_to_one" if "pool" in options else "many_to_many"
    given = {"hidden_size": 20, "num_layers": 2, "embedding_size": 9, "dropout": 0.1} | options
    if options.get("skip") and kind == "ids":
        given |= {"ngrams": 3, "buckets": 40}
    return make(ModelSpec(**given), form, {"x": {"kind": kind, "size": SIZES}}, "softmax", {"classes": 5})


def both(plan: dict[str, Any], weights: str = "float32") -> tuple[Engine, Any]:
    module = build(plan, seed=3).eval()
    return Engine(plan, module.tensors(), weights), module


def drawn(kind: str, T: int, B: int, seed: int = 0) -> Array:
    random = np.random.default_rng(seed)
    return (
        random.integers(0, SIZES, (T, B))
        if kind == "ids"
        else random.standard_normal((T, B, SIZES)).astype("f4")
    )


def start(engine: Engine, rows: int) -> dict[str, Array]:
    """A state as some past would leave it; a pool and a branch that have seen nothing."""
    random = np.random.default_rng(1)
    state = engine.zero_state(rows)
    return {
        k: v if k.startswith(("pool", "bag", "summary")) else random.uniform(-0.9, 0.9, v.shape).astype("f4")
        for k, v in state.items()
    }


def same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a[0], b[0]) and all(np.array_equal(a[1][k], b[1][k]) for k in a[1]))


@pytest.mark.parametrize("kind", ["vectors", "ids"])
@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: " ".join(f"{k}={v}" for k, v in o.items()))
def test_it_gives_what_the_torch_module_gives(options: dict[str, Any], kind: str) -> None:
    engine, module = both(plan_of(kind, **options))
    for (T, B), ragged in product([(1, 1), (9, 3), (30, 50), (1, 70), (0, 2)], [False, True]):
        x, state = drawn(kind, T, B), start(engine, B)
        lengths = np.random.default_rng(T).integers(0, T + 1, B) if ragged else None
        features, after = engine.forward({"x": x}, lengths, state)
        with torch.inference_mode():
            expected, expected_after = module(
                {"x": torch.from_numpy(x)},
                None if lengths is None else torch.from_numpy(lengths),
                {k: torch.from_numpy(v) for k, v in state.items()},
            )
            params = module.params(expected).numpy()
        # a norm divides by a small deviation at the first steps, and differences grow from there
        bound = 1e-3 if options.get("layer_norm") else 1e-5
        np.testing.assert_allclose(features, expected.numpy(), atol=bound, rtol=0)
        np.testing.assert_allclose(engine.params(features), params, atol=bound, rtol=0)
        for name, value in after.items():
            np.testing.assert_allclose(
                value, expected_after[name].numpy(), atol=bound * 5, rtol=0, err_msg=name
            )


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: " ".join(f"{k}={v}" for k, v in o.items()))
def test_bits_depend_on_nothing_but_the_row(
    options: dict[str, Any], weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on who else is in the batch, nor on padding, chunks or threads."""
    for kind in ("vectors", "ids"):
        engine, _ = both(plan_of(kind, **options), weights)
        T, B = 13, 53
        x, state = drawn(kind, T, B), start(engine, B)
        lengths = np.random.default_rng(5).integers(0, T + 1, B)
        whole = engine.forward({"x": x}, lengths, state)
        for row in (0, 7, B - 1):
            own = {k: v[:, row : row + 1] for k, v in state.items()}
            cut = x[: lengths[row], row : row + 1]
            features, after = engine.forward({"x": cut}, None, own)
            expected = whole[0][row : row + 1] if engine.pools else whole[0][: lengths[row], row : row + 1]
            assert np.array_equal(features, expected)
            assert all(np.array_equal(after[k], whole[1][k][:, row : row + 1]) for k in after)
        if not options.get("bidirectional"):
            parts, now = [], state
            for a, b in ((0, 1), (1, 2), (2, 9), (9, 9), (9, T)):
                some = np.clip(lengths - a, 0, b - a)
                features, now = engine.forward({"x": x[a:b]}, some, now)
                parts.append(features)
            assert same((parts[-1] if engine.pools else np.concatenate(parts), now), whole)
        monkeypatch.setenv("HITHERTO_NUM_THREADS", "3")
        assert same(engine.forward({"x": x}, lengths, state), whole)
        monkeypatch.setenv("HITHERTO_NUM_THREADS", "1")
        assert same(engine.forward({"x": x}, lengths, state), whole)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_narrow_weights_cost_little(cell: str) -> None:
    plan = plan_of("ids", cell=cell, hidden_size=64)
    exact, _ = both(plan)
    x = drawn("ids", 40, 8)
    expected, _ = exact.forward({"x": x})
    off = {}
    for weights in WEIGHTS:
        engine, _ = both(plan, weights)
        off[weights] = float(np.abs(engine.forward({"x": x})[0] - expected).max())
        assert (
            engine.program.bytes
            < {"float32": 1.0, "bfloat16": 0.6, "int8": 0.4}[weights] * 1.2 * exact.program.bytes
        )
    assert off["float32"] == 0
    assert 0 < off["bfloat16"] < 0.02
    assert 0 < off["int8"] < 0.05


def test_what_is_not_finite_is_not_hidden() -> None:
    for weights, value in product(WEIGHTS, (np.nan, np.inf)):
        engine, _ = both(plan_of(cell="lstm"), weights)
        x = drawn("vectors", 6, 3)
        x[2, 1, 4] = value
        features, _ = engine.forward({"x": x})
        assert np.isfinite(features[:, [0, 2]]).all()
        assert np.isfinite(features[:2, 1]).all()
        if np.isnan(value):
            assert np.isnan(features[2:, 1]).any(-1).all(), weights


@pytest.mark.parametrize("pool", ["last", "mean", "max"])
def test_a_pool_hides_no_nan(pool: str) -> None:
    engine, _ = both(plan_of(pool=pool))
    x = drawn("vectors", 6, 3)
    x[3, 1, 0] = np.nan
    features, _ = engine.forward({"x": x})
    assert np.isnan(features).any(-1).tolist() == [False, True, False]


def test_a_peak_hides_no_nan() -> None:
    engine, _ = both(seer_of("a label of the peaks of pictures"))
    x = drawn_for(PICTURE, 6, 3, 0)
    x[3, 1, 7] = np.nan
    features, _ = engine.forward({"x": x})
    assert np.isnan(features).any(-1).tolist() == [False, True, False]


def test_tied_weights_and_big_vocabularies() -> None:
    spec = ModelSpec(cell="lstm", hidden_size=24, num_layers=1, embedding_size=24, tied=True)
    plan = make(spec, "many_to_many", {"x": {"kind": "ids", "size": 3001}}, "softmax", {"classes": 3001})
    engine, module = both(plan)
    x = np.random.default_rng(0).integers(0, 3001, (5, 4))
    features, _ = engine.forward({"x": x})
    with torch.inference_mode():
        expected = module.params(module({"x": torch.from_numpy(x)}, None, None)[0])
    np.testing.assert_allclose(engine.params(features), expected.numpy(), atol=1e-5)
    whole = engine.run(x, engine.block(4))
    assert np.array_equal(whole, engine.params(features))


def test_states_that_fade_do_not_slow_down_and_stay_zero() -> None:
    """Denormal numbers, which are slow on every processor, do not arise."""
    plan = plan_of(cell="gru", hidden_size=16, num_layers=1)
    _, module = both(plan)
    quiet = Engine(plan, {k: v * (0 if "bias" in k else 1) for k, v in module.tensors().items()})
    state = {k: np.full(v.shape, 1e-38, np.float32) for k, v in quiet.zero_state(1).items()}
    x = np.zeros((300, 1, SIZES), np.float32)
    _, after = quiet.forward({"x": x}, None, state)
    tiny = np.abs(after["recurrent.h"])
    assert ((tiny == 0) | (tiny >= np.finfo(np.float32).tiny)).all()
    assert np.float32(1e-40) * np.float32(0.5) != 0, "the caller's own arithmetic is as it was"


def test_bad_input_is_refused() -> None:
    engine, _ = both(plan_of("ids", cell="gru"))
    for beyond in (7, 9):  # the table has 7 rows
        with pytest.raises(UsageError, match=f"ids from 0 to 6, got 0 to {beyond}"):
            engine.forward({"x": np.array([[0], [beyond]])})
    with pytest.raises(UsageError, match="ids from 0 to 6, got -1"):
        engine.forward({"x": np.array([[-1]])})
    with pytest.raises(UsageError, match=r"shape \[T, B\]"):
        engine.forward({"x": np.zeros((2, 3, 4), np.int64)})
    engine, module = both(plan_of(cell="gru"))
    with pytest.raises(UsageError, match=r"shape \[T, B, 7\], got \(2, 3, 8\)"):
        engine.forward({"x": np.zeros((2, 3, 8), np.float32)})
    with pytest.raises(UsageError, match="lengths must be 3 numbers from 0 to 2"):
        engine.forward({"x": np.zeros((2, 3, 7), np.float32)}, np.array([1, 2, 3]))
    with pytest.raises(UsageError, match="float32, bfloat16, int8, but came as 'int4'"):
        Engine(engine.plan, module.tensors(), "int4")
    with pytest.raises(TypeError, match="run: expected"):
        engine.program.run(1, 2)
    with pytest.raises(ValueError, match="do not fit together"):
        _native.Program("float32", 4, {"op": "linear", "I": 9, "O": 9})


def test_a_fork_of_a_session_goes_on_alike_and_by_itself() -> None:
    from hitherto.runtime.session import Session

    engine, _ = both(plan_of(cell="lstm"))
    x = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)
    one = Session(engine)
    one.push(x[0])
    other = one.fork()
    expected = one.push(x[1])
    one.push(x[2])
    assert np.array_equal(other.push(x[1]), expected)
    assert any(not np.array_equal(value, other.state[name]) for name, value in one.state.items())


PROGRAM = """
import sys; sys.path.insert(0, {tests!r})
from test_engine import *
from hitherto import _native
assert _native.info()["isa"] == {isa!r}, _native.info()
for options in VARIANTS:
    for kind in ("vectors", "ids"):
        test_it_gives_what_the_torch_module_gives(options, kind)
for options in VARIANTS[::4]:
    for weights in WEIGHTS:
        test_bits_depend_on_nothing_but_the_row(options, weights, pytest.MonkeyPatch())
for cell in ("rnn", "lstm", "gru"):
    test_narrow_weights_cost_little(cell)
test_what_is_not_finite_is_not_hidden()
"""


@pytest.mark.parametrize("isa", ["avx512_vnni", "avx512", "avx2", "base"])
def test_other_instruction_sets(isa: str) -> None:
    if isa not in _native.info()["isas"]:
        pytest.skip(f"this machine has no {isa}")
    import os
    from pathlib import Path

    code = PROGRAM.format(tests=str(Path(__file__).parent), isa=isa)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "HITHERTO_ISA": isa},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


# ---- an encoder and a decoder

WRITERS: list[dict[str, Any]] = [
    {"attention": a, "input_feeding": f, "bidirectional": b, "cell": c, "hidden_size": h}
    for a, f in (
        ("multiplicative", False),
        ("multiplicative", True),
        ("additive", False),
        ("additive", True),
        ("none", False),
    )
    for b, c, h in ((True, "gru", 36), (False, "lstm", 20), (True, "rnn", 6))
] + [{"copy": True, "shared": True, "tied": True, "embedding_size": 9, "hidden_size": 24}]


def writer_of(**options: Any) -> dict[str, Any]:
    given = {"hidden_size": 20, "num_layers": 2, "embedding_size": 9, "dropout": 0.1, "bidirectional": True}
    inputs = {name: {"kind": "ids", "size": SIZES} for name in ("source", "x")}
    head = "pointer" if options.get("copy") else "softmax"
    return make(ModelSpec(**(given | options)), "seq2seq", inputs, head, {"classes": SIZES})


def named(options: dict[str, Any]) -> str:
    return " ".join(f"{k}={v}" for k, v in options.items())


@pytest.mark.parametrize("options", WRITERS, ids=named)
def test_a_writer_gives_what_the_torch_module_gives(options: dict[str, Any]) -> None:
    engine, module = both(writer_of(**options))
    for S, T, B in [(1, 1, 1), (12, 9, 5), (40, 7, 50), (0, 3, 2)]:
        source, x = drawn("ids", S, B), drawn("ids", T, B, seed=1)
        lengths = np.random.default_rng(S).integers(0, S + 1, B)
        features, after = engine.forward({"source": source, "x": x}, None, None, lengths)
        with torch.inference_mode():
            expected, expected_after = module(
                {"source": torch.from_numpy(source), "x": torch.from_numpy(x)},
                None,
                None,
                torch.from_numpy(lengths),
            )
            params = module.params(expected).numpy()
        np.testing.assert_allclose(features, expected.numpy(), atol=1e-5, rtol=0)
        np.testing.assert_allclose(engine.params(features), params, atol=1e-5, rtol=0)
        for name in engine.places:
            np.testing.assert_allclose(
                after[name], expected_after[name].numpy(), atol=5e-5, rtol=0, err_msg=name
            )
        if engine.attends:
            np.testing.assert_allclose(
                after["attention"], expected_after["attention"].numpy(), atol=1e-5, rtol=0
            )
        if engine.gate is not None:
            gates = expected_after["gate"][..., 0].numpy()
            np.testing.assert_allclose(after["gate"], gates, atol=1e-5, rtol=0)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("options", WRITERS, ids=named)
def test_a_writers_bits_depend_on_nothing_but_the_row(options: dict[str, Any], weights: str) -> None:
    """Neither on other rows, nor on padding of the source, nor on how steps come; and rows may share a source."""
    engine, _ = both(writer_of(**options), weights)
    S, T, B = 11, 6, 53
    source, x = drawn("ids", S, B), drawn("ids", T, B, seed=1)
    lengths = np.random.default_rng(5).integers(0, S + 1, B)
    whole, after = engine.forward({"source": source, "x": x}, None, None, lengths)
    for row in (0, 7, B - 1):
        alone, own = engine.forward(
            {"source": source[: lengths[row], row : row + 1], "x": x[:, row : row + 1]}
        )
        assert np.array_equal(alone[:, 0], whole[:, row])
        assert all(np.array_equal(own[name][:, 0], after[name][:, row]) for name in engine.places)
    state = engine.encode(source, lengths)
    rows = np.array([3, 3, 0, 52, 7])
    some = engine.pick(state, rows)
    if engine.attends:
        assert len(some["attend.lengths"]) == 4
    for t in range(T):
        one, some = engine.forward({"x": x[t : t + 1, rows]}, None, some)
        assert np.array_equal(one[0], whole[t, rows])
    if engine.attends:
        assert not after["attention"][:, np.arange(S) >= lengths[:, None]].any()
        np.testing.assert_allclose(
            after["attention"].sum(-1), np.broadcast_to(lengths > 0, (T, B)), atol=1e-5
        )


def test_the_loss_of_a_pointer_is_that_of_the_torch_module() -> None:
    from hitherto.runtime.executor import Batch, outputs
    from hitherto.training.step import TorchExecutor

    engine, module = both(writer_of(**WRITERS[-1]))
    source, x = drawn("ids", 8, 5), drawn("ids", 6, 5, seed=1)
    lengths = np.array([8, 3, 0, 5, 8])
    at = np.flatnonzero(np.random.default_rng(2).random(30) < 0.7)
    targets = {"y": np.random.default_rng(3).integers(0, SIZES, len(at))}
    batch = Batch({"source": source, "x": x}, None, targets, at, source_lengths=lengths)
    ((_, ours),) = outputs(engine, [batch], "nll")
    ((_, theirs),) = outputs(TorchExecutor(module), [batch], "nll")
    np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)
    assert np.isfinite(ours).all()


# ---- pictures, and windows

PICTURE = {"kind": "vectors", "size": 70, "shape": [7, 5, 2]}
IDS = {"kind": "ids", "size": SIZES}
PEN = {"kind": "vectors", "size": 3}

SEERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a label of pictures": ("many_to_one", {"x": PICTURE}, {"conv": (6, 9), "pool": "mean"}),
    "a label of pictures from both ends": (
        "many_to_one",
        {"x": PICTURE},
        {"conv": (4,), "bidirectional": True},
    ),
    "words for a picture": (
        "one_to_many",
        {"source": PICTURE | {"single": True}, "x": IDS},
        {"conv": (4, 6), "attention": "none"},
    ),
    "a label of the peaks of pictures": ("many_to_one", {"x": PICTURE}, {"conv": (6, 19), "peaks": True}),
    "words for the peaks of a picture": (
        "one_to_many",
        {"source": PICTURE | {"single": True}, "x": IDS},
        {"conv": (5,), "peaks": True, "attention": "none"},
    ),
    "words for the places of a picture": (
        "one_to_many",
        {"source": PICTURE | {"single": True}, "x": IDS},
        {"conv": (4,), "attention": "multiplicative", "cell": "gru"},
    ),
    "words for the dots of a picture": (
        "one_to_many",
        {"source": PICTURE | {"single": True}, "x": IDS},
        {"attention": "additive", "input_feeding": True},
    ),
    "words for many pictures": (
        "seq2seq",
        {"source": PICTURE, "x": IDS},
        {"conv": (4,), "bidirectional": True, "attention": "additive"},
    ),
    "a pen that looks back": (
        "seq2seq",
        {"source": IDS, "x": PEN},
        {"input_feeding": True},
    ),
    "a pen": (
        "seq2seq",
        {"source": IDS, "x": PEN},
        {"components": 3, "num_layers": 3},
    ),
    "a pen of one layer": ("seq2seq", {"source": IDS, "x": PEN}, {"num_layers": 1}),
}


def seer_of(name: str) -> dict[str, Any]:
    form, inputs, options = SEERS[name]
    given = {"hidden_size": 20, "num_layers": 2, "embedding_size": 9, "dropout": 0.1} | options
    return check(
        json.loads(json.dumps(make(ModelSpec(**given), form, inputs, "softmax", {"classes": SIZES})))
    )


def drawn_for(given: dict[str, Any], T: int, B: int, seed: int) -> Array:
    T = 1 if given.get("single") else T
    random = np.random.default_rng(seed)
    if given["kind"] == "ids":
        return random.integers(0, SIZES, (T, B))
    return random.standard_normal((T, B, given["size"])).astype("f4")


@pytest.mark.parametrize("name", SEERS)
def test_a_seer_gives_what_the_torch_module_gives(name: str) -> None:
    engine, module = both(seer_of(name))
    given = engine.plan["inputs"]
    for S, T, B in [(1, 1, 1), (12, 9, 5), (40, 7, 50)]:
        inputs = {key: drawn_for(value, {"source": S, "x": T}[key], B, 4) for key, value in given.items()}
        random = np.random.default_rng(S)
        lengths = random.integers(0, T + 1, B) if engine.pools else None
        read = (
            random.integers(0, S + 1, B) if "source" in given and not given["source"].get("single") else None
        )
        features, after = engine.forward(inputs, lengths, None, read)
        with torch.inference_mode():
            expected, expected_after = module(
                {key: torch.from_numpy(value) for key, value in inputs.items()},
                None if lengths is None else torch.from_numpy(lengths),
                None,
                None if read is None else torch.from_numpy(read),
            )
        np.testing.assert_allclose(features, expected.numpy(), atol=2e-5, rtol=0)
        for key in [*engine.places, *(["attention"] if engine.attends else [])]:
            np.testing.assert_allclose(
                after[key], expected_after[key].numpy(), atol=5e-5, rtol=0, err_msg=key
            )


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", SEERS)
def test_a_seers_bits_depend_on_nothing_but_the_row(name: str, weights: str) -> None:
    engine, _ = both(seer_of(name), weights)
    given = engine.plan["inputs"]
    S, T, B = 11, 6, 53
    inputs = {key: drawn_for(value, {"source": S, "x": T}[key], B, 4) for key, value in given.items()}
    single = given.get("source", {}).get("single")
    read = np.random.default_rng(5).integers(0, S + 1, B) if "source" in given and not single else None
    whole, after = engine.forward(inputs, None, None, read)
    for row in (0, 7, B - 1):
        own = {key: value[:, row : row + 1] for key, value in inputs.items()}
        if read is not None:
            own["source"] = own["source"][: read[row]]
        alone, ends = engine.forward(own)
        assert np.array_equal(alone[..., 0, :], whole[..., row, :])
        assert all(np.array_equal(ends[key][:, 0], after[key][:, row]) for key in engine.places)
    if "source" not in given:
        return
    rows = np.array([3, 3, 0, 52, 7])
    state = engine.pick(engine.encode(inputs["source"], read), rows)
    for t in range(T):
        one, state = engine.forward({"x": inputs["x"][t : t + 1, rows]}, None, state)
        assert np.array_equal(one[0], whole[t, rows])


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_large_kernel_reads_a_picture_part_by_part(weights: str) -> None:
    # the patches of all places would be 600 times the picture: 51 MB
    size, kernel, filters = 90, 39, 2
    random = np.random.default_rng(0)
    weight = random.normal(size=(filters, 1, kernel, kernel)).astype(np.float32) / kernel
    bias = random.normal(size=filters).astype(np.float32)
    options = {"height": size, "width": size, "channels": 1, "filters": filters, "kernel": kernel}
    conv: Any = {
        "op": "conv",
        "name": "conv",
        "inputs": ["x"],
        "outputs": ["y"],
        "options": {**options, "stride": 1, "activation": ""},
    }
    tensors = {"conv.weight": weight, "conv.bias": bias}
    chain = Chain([conv], {"kind": "vectors", "size": size * size}, tensors, weights)
    x = random.normal(size=(1, 2, size * size)).astype(np.float32)
    y = chain.apply(x).reshape(2, size, size, filters)
    pictures = torch.tensor(x).reshape(2, 1, size, size)
    wanted = torch.conv2d(pictures, torch.tensor(weight), torch.tensor(bias), padding=kernel // 2)
    atol = {"float32": 1e-5, "bfloat16": 0.05, "int8": 0.1}[weights]
    np.testing.assert_allclose(y, wanted.permute(0, 2, 3, 1).numpy(), atol=atol)
    np.testing.assert_array_equal(chain.apply(x[:, 1:]), chain.apply(x)[:, 1:])


def test_a_wide_stage_takes_its_steps_in_parts() -> None:
    # all at once, the numbers of 600 steps of 4 rows would take 1.2 GB
    random, width = np.random.default_rng(0), 1 << 16
    weight = random.normal(size=(width, 1)).astype(np.float32)
    wide: Any = {"op": "linear", "name": "wide", "inputs": ["x"], "outputs": ["w"]}
    wide["options"] = {"input_size": 1, "output_size": width, "bias": False, "activation": ""}
    pool: Any = {"op": "pool", "name": "pool", "inputs": ["w"], "outputs": ["y"]}
    pool["options"] = {"kind": "max", "size": width, "bidirectional": False}
    chain = Chain([wide, pool], {"kind": "vectors", "size": 1}, {"wide.weight": weight}, "float32")
    x = random.normal(size=(600, 4, 1)).astype(np.float32)
    with bounded(memory=256 << 20):
        _, ends = chain.read(x, np.array([600, 2, 599, 600]))
    value = ends["pool.value"][0]
    for row, length in enumerate([600, 2, 599, 600]):
        np.testing.assert_array_equal(value[row], (weight[:, 0] * x[:length, row]).max(0))


def test_a_window_only_moves_on() -> None:
    engine, _ = both(seer_of("a pen"))
    x = np.random.default_rng(0).standard_normal((30, 2, 3)).astype("f4")
    source, places = drawn("ids", 8, 2), []
    state = engine.encode(source, np.array([8, 3]))
    for t in range(len(x)):
        _, state = engine.forward({"x": x[t : t + 1]}, None, state)
        places.append(state["window.place"][0])
        assert not state["attention"][0, 1, 3:].any()  # nothing is seen behind the end of a source
    moved = np.diff(np.stack(places), axis=0)
    assert (moved > 0).all()
    assert (moved < 1).all()
