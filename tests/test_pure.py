"""The runtime without the extension: numpy says the same within rounding, keeps bits, and warns once.

As a script, `python tests/test_pure.py OUT [--hidden]` writes what every golden bundle computes and answers there.
"""

import json
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "golden"))


class Hidden:
    """What hides the compiled file from an import."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        if name == "hitherto._native":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if __name__ == "__main__" and "--hidden" in sys.argv:  # before anything imports it
    sys.meta_path.insert(0, Hidden)  # type: ignore[arg-type]

import answers  # noqa: E402
from seeds import FORMS  # noqa: E402

import hitherto  # noqa: E402
from hitherto import bundle, cells, native  # noqa: E402
from hitherto.cells import CELLS, Cell  # noqa: E402
from hitherto.errors import UsageError  # noqa: E402
from hitherto.runtime import pure  # noqa: E402
from hitherto.runtime.chain import Chain  # noqa: E402
from hitherto.runtime.session import Session, Sessions  # noqa: E402
from hitherto.runtime.stages import WEIGHTS  # noqa: E402
from hitherto.runtime.weights import FLOAT32, Weight  # noqa: E402

BUNDLES = sorted((HERE / "golden").glob("*.safetensors"))
# Rounding is about 1e-6 here. In int8 a number that lies between two integers may become the other one.
CLOSE = {"float32": 1e-5, "bfloat16": 1e-4, "int8": 3e-3}


def numbers_of(path: Path, weights: str) -> dict[str, Any]:
    params, after = answers.batch(hitherto.open(path, weights=weights))
    return {f"{path.stem} {weights} {name}": value for name, value in {"params": params, **after}.items()}


def plain(value: Any) -> Any:
    """As JSON holds it, numbers in full."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | None) else repr(value)


def all_answers() -> dict[str, Any]:
    found = {}
    for path in BUNDLES:
        rows, live, _ = FORMS[path.stem.replace("-", " ")]
        found[path.stem] = plain(answers.said(hitherto.open(path), rows, live))
    return found


def main(out: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        arrays = {
            name: v
            for path in BUNDLES
            for weights in WEIGHTS
            for name, v in numbers_of(path, weights).items()
        }
        told = all_answers()
    np.savez(f"{out}.npz", **arrays)
    said = [str(w.message) for w in caught if "native kernels" in str(w.message)]
    loaded = native.load.cache_info().currsize > 0 and native.load()[0] is not None
    Path(f"{out}.json").write_text(json.dumps({"answers": told, "warnings": said, "loaded": loaded}))


def apart(out: Path, *flags: str, **environment: str) -> tuple[Any, Any]:
    """What this file says in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, str(out), *flags],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(np.load(f"{out}.npz")), json.loads(Path(f"{out}.json").read_text())


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    return apart(tmp_path_factory.mktemp("pure") / "out", HITHERTO_PURE="1")


@pytest.fixture
def in_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HITHERTO_PURE", "1")
    monkeypatch.setattr(native, "warn_once", lambda why: None)


# ------------------------------------------------------------------------------------------------ the same answers


@pytest.mark.parametrize("weights", WEIGHTS)
def test_every_golden_bundle_computes_the_same_within_rounding(weights: str, without: Any) -> None:
    found = without[0]
    for path in BUNDLES:
        for name, expected in numbers_of(path, weights).items():
            scale = max(1.0, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(
                found[name], expected, rtol=0, atol=CLOSE[weights] * scale, err_msg=name
            )


def alike(one: Any, other: Any, where: str) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            alike(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            alike(a, b, f"{where}.{i}")
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=1e-4, abs=1e-5, nan_ok=True), where
    else:
        assert one == other, where


def test_every_task_answers_the_same_within_rounding(without: Any) -> None:
    alike(all_answers(), without[1]["answers"], "")


def test_there_is_one_warning_and_the_extension_is_not_even_loaded(without: Any) -> None:
    (warning,) = without[1]["warnings"]
    assert "HITHERTO_PURE=1 is set" in warning
    assert "times as long" in warning
    assert without[1]["loaded"] is False


def test_without_the_compiled_file_it_is_the_same(tmp_path: Path, without: Any) -> None:
    arrays, told = apart(tmp_path / "out", "--hidden", HITHERTO_PURE="")
    assert arrays.keys() == without[0].keys()
    for name, value in arrays.items():
        np.testing.assert_array_equal(value, without[0][name], name)
    assert told["answers"] == without[1]["answers"]
    (warning,) = told["warnings"]
    assert "the extension hitherto._native did not load" in warning


def test_layers_and_models_share_the_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setenv("HITHERTO_PURE", "yes")
    native.warn_once.cache_clear()
    layer = hitherto.GRU(2, 3)
    with pytest.warns(UserWarning, match="HITHERTO_PURE=yes is set") as caught:
        _ = hitherto.open(BUNDLES[0]).engine, layer(torch.zeros(4, 1, 2))
    assert len(caught) == 1
    assert Path(caught[0].filename).parent == HERE  # where it was called, not where it is raised
    native.warn_once.cache_clear()


# -------------------------------------------------------------------------------------------------- the variable


@pytest.mark.parametrize(
    ("value", "wanted"), [("1", 1), ("Yes", 1), ("true", 1), ("ON", 1), ("0", 0), ("no", 0)]
)
def test_what_the_variable_takes(value: str, wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HITHERTO_PURE", value)
    assert (native.extension() is None) == bool(wanted)
    assert (native.why_not() is not None) == bool(wanted)


@pytest.mark.parametrize("value", ["2", "y", "numpy", " 1"])
def test_anything_else_is_an_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HITHERTO_PURE", value)
    with pytest.raises(UsageError, match="HITHERTO_PURE must be 1, yes, true or on"):
        hitherto.open(BUNDLES[0])


# -------------------------------------------------------------------------------------------------- the same bits


def chain_of(cell: str, weights: str, **options: Any) -> Chain:
    """A layer that is no multiple of anything, below a linear map."""
    I, H, draw = 37, 50, np.random.default_rng(3)
    o = {
        "cell": cell, "input_size": I, "hidden_size": H, "num_layers": 2, "bidirectional": False, "dropout": 0.0,
        "recurrent_dropout": 0.0, "layer_norm": False, "residual": False, **options,
    }  # fmt: skip
    own = {name: value for name, value in o.items() if name in CELLS[cell].options}
    P = CELLS[cell].state_sizes(H, **own)[0]
    tensors = {}
    for layer in range(2):
        for name, shape in CELLS[cell].params(P if layer else I, H, **own).items():
            tensors[f"r.{name}_l{layer}"] = draw.normal(0, 0.3, shape).astype(np.float32)
    tensors["p.weight"] = draw.normal(0, 0.3, (11, P)).astype(np.float32)
    steps = [
        {"op": "recurrent", "name": "r", "inputs": ["x"], "outputs": ["y"], "options": o},
        {"op": "linear", "name": "p", "inputs": ["y"], "outputs": ["z"],
         "options": {"input_size": P, "output_size": 11, "bias": False}},
    ]  # fmt: skip
    return Chain(steps, {"kind": "vectors", "size": I}, tensors, weights)


KINDS = [
    ("rnn", {"nonlinearity": "relu"}), ("lstm", {"proj_size": 9}), ("lstm", {"layer_norm": True}),
    ("gru", {"reset": "after"}), ("gru", {"reset": "before", "layer_norm": True}),
]  # fmt: skip


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(("cell", "options"), KINDS)
def test_each_cell_is_close_and_keeps_bits(
    cell: str, options: dict[str, Any], weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(1).normal(0, 1, (9, 5, 37)).astype(np.float32)
    lengths = np.array([9, 0, 3, 9, 7])
    expected, ends = chain_of(cell, weights, **options).read(x, lengths)
    monkeypatch.setenv("HITHERTO_PURE", "1")
    monkeypatch.setattr(native, "warn_once", lambda why: None)
    chain = chain_of(cell, weights, **options)
    assert isinstance(chain.program, pure.Program)
    found, after = chain.read(x, lengths)
    close = 0.05 if weights == "int8" else 1e-4  # integers that lie between two
    np.testing.assert_allclose(found, expected, atol=close, rtol=close)
    for name, value in ends.items():
        np.testing.assert_allclose(after[name], value, atol=close, rtol=close)
    many = Sessions(chain, 5)
    for b, length in enumerate(lengths):
        alone, _ = chain.read(x[:, b : b + 1], lengths[b : b + 1])
        np.testing.assert_array_equal(alone[:, 0], found[:, b])
        session = Session(chain)
        for t in range(length):
            np.testing.assert_array_equal(session.push(x[t, b]), found[t, b])
            np.testing.assert_array_equal(many.push([b], x[t, b : b + 1])[0], found[t, b])
        some = Session(chain)
        cut = length // 2
        parts = [some.push(x[:cut, b]), some.push(x[cut:length, b])]
        np.testing.assert_array_equal(np.concatenate(parts), found[:length, b])
        for name in after:
            np.testing.assert_array_equal(session.state[name], after[name][:, b])
            np.testing.assert_array_equal(some.state[name], after[name][:, b])
            np.testing.assert_array_equal(many.state[name][b], after[name][:, b])


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_a_row_has_the_bits_that_it_has_alone(path: Path, in_numpy: None) -> None:
    model = hitherto.open(path)
    inputs, lengths = answers.inputs_of(model), np.array([7, 4, 1])
    whole, _ = answers.batch(model)
    for b in range(3):
        row = {name: value[:, b : b + 1] for name, value in inputs.items()}
        own = lengths[b : b + 1]
        features, state = model.engine.forward(row, own, None, own if "source" in row else None)
        alone, axis = model.engine.params(features), 0 if model.engine.pools else 1
        np.testing.assert_array_equal(alone.take(0, axis), whole.take(b, axis))
        if model.engine.pools or model.engine.program.whole:  # type: ignore[attr-defined]
            continue
        state = model.engine.encode(row["source"], own) if "source" in row else None
        for t in range(lengths[b]):
            said, state = model.engine.step(state, row["x"][t])
            np.testing.assert_array_equal(said[0], whole[t, b])


# -------------------------------------------------------------------------------------------- what a session takes


def test_a_session_refuses_what_that_of_the_extension_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, floats = HERE / "golden/lm.safetensors", HERE / "golden/forecast.safetensors"
    wrong: list[tuple[Path, Any]] = [(ids, x) for x in (-1, 8, 2**70, 1.5, "a", [0, 9], [[1]], None)]
    wrong += [(floats, x) for x in (1.0, [1.0, 2.0], "a", [[1.0, 2.0]], [None], 1j)]
    told: list[list[str]] = [[], []]
    for kind in told:
        for path, x in wrong:
            with pytest.raises(UsageError) as caught:
                hitherto.open(path).session().push(x)
            kind.append(str(caught.value))
        with pytest.raises(UsageError, match="out must be a contiguous float32 array of"):
            hitherto.open(floats).session().push([1.0], out=np.zeros(1))
        pooling = hitherto.open(HERE / "golden/classify-series.safetensors").session()
        with pytest.raises(UsageError, match="answers at its end"):
            pooling.push([1.0], out=np.zeros(2, np.float32))
        assert pooling.push([1.0]) is None
        assert pooling.time([1.0], 2) > 0
        monkeypatch.setenv("HITHERTO_PURE", "1")
        monkeypatch.setattr(native, "warn_once", lambda why: None)
    assert told[0] == told[1]


# ------------------------------------------------------------------------------------------------- a cell of one's own


def mgu_params(input_size: int, hidden_size: int, *, bias: bool = True) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "forget": (hidden_size, input_size + hidden_size),
        "candidate": (hidden_size, input_size + hidden_size),
    }
    return shapes | ({"shift": (hidden_size,)} if bias else {})


def mgu_step(xp: Any, params: Any, x: Any, state: Any, **_options: Any) -> tuple[Any, ...]:
    """A minimal gated unit (Zhou et al. 2016)."""
    (h,) = state
    f = 1 / (1 + xp.exp(-(xp.concatenate([x, h], -1) @ params["forget"].T + params["shift"])))
    n = xp.tanh(xp.concatenate([x, f * h], -1) @ params["candidate"].T)
    return ((1 - f) * h + f * n,)


MGU = Cell("mgu", ("f", "n"), ("h",), {"bias": True}, mgu_params, mgu_step)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_cell_without_a_kernel_is_opened_and_streamed(
    weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CELLS, "mgu", MGU)
    old = bundle.read(HERE / "golden/forecast-gaussian.safetensors")
    plan = json.loads(json.dumps(old.plan))
    op = next(op for op in plan["step"] if op["op"] == "recurrent")
    op["options"]["cell"] = "mgu"
    del op["options"]["proj_size"]
    draw, H = np.random.default_rng(5), op["options"]["hidden_size"]
    tensors = {name: value for name, value in old.tensors.items() if not name.startswith("recurrent.")}
    params = {name: draw.normal(0, 0.5, shape).astype(np.float32) for name, shape in mgu_params(1, H).items()}
    tensors |= {f"recurrent.{name}_l0": value for name, value in params.items()}
    path = tmp_path / "mgu.safetensors"
    bundle.write(
        path, tensors=tensors, plan=plan, spec=old.spec, codecs={n: old.codec(n) for n in old.codecs},
        metrics=old.metrics, made=old.made,
    )  # fmt: skip
    model = hitherto.open(path, weights=weights)
    assert isinstance(model.engine.program, pure.Program)
    assert native.extension() is not None
    session, state = model.session(), (np.zeros(H),)
    for value in draw.normal(0, 1, 20):
        state = mgu_step(np, params, np.array([value]), state)
        expected = tensors["head.weight"] @ state[0] + tensors["head.bias"]
        close = {"float32": 1e-6, "bfloat16": 0.02, "int8": 0.05}[weights]
        np.testing.assert_allclose(session.push([value]), expected, atol=close)
    one, some = model.stream(), model.stream()
    values = draw.normal(0, 1, 6).tolist()
    rows = [row for value in values for row in one.push(value)]
    assert rows
    assert [row for value in values for row in some.push(value)] == rows
    one.load(some.save())
    assert one.peek() == some.peek()


@pytest.mark.parametrize("cell", list(CELLS))
def test_what_decides_is_the_row_and_not_the_name(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).normal(0, 1, (6, 3, 37)).astype(np.float32)
    expected, _ = chain_of(cell, "float32").read(x)
    monkeypatch.setitem(CELLS, cell, replace(CELLS[cell], kernels=()))
    chain = chain_of(cell, "float32")
    assert isinstance(chain.program, pure.Program)
    np.testing.assert_allclose(chain.read(x)[0], expected, atol=1e-5)


def test_weights_act_as_arrays_where_a_cell_does_more_with_them() -> None:
    w = np.random.default_rng(2).normal(0, 1, (3, 4)).astype(np.float32)
    x = np.random.default_rng(2).normal(0, 1, (2, 4)).astype(np.float32)
    held = Weight(w, FLOAT32)
    np.testing.assert_allclose(x @ held.T, x @ w.T, rtol=1e-5)
    np.testing.assert_allclose(np.matmul(x, held[1:].T), x @ w[1:].T, rtol=1e-5)
    np.testing.assert_allclose(np.dot(x, held.T), x @ w.T, rtol=1e-5)
    np.testing.assert_array_equal(held * 2, w * 2)
    np.testing.assert_array_equal(np.tanh(held.T), np.tanh(w.T))
    assert (held.shape, held.T.shape, held[1].shape) == ((3, 4), (4, 3), (4,))
    assert cells.CELLS["lstm"].kernel_of() == "lstm"


if __name__ == "__main__":
    main(sys.argv[1])
