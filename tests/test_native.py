"""The extension by itself: what it refuses, and what it gives beside numpy. Torch is not needed."""

from typing import Any

import numpy as np
import pytest

from hitherto import _native

Array = np.ndarray[Any, Any]

EMBED, RECURRENT, POOL, LINEAR, ATTEND, RECALL, KEEP, CONV, WINDOW = range(9)
I, M, S, R, STATE = 5, 7, 6, 3, 4  # of the attention below; its state is what additive attention asks


def stage(op: int, wide: int, out: int, **more: Any) -> list[int]:
    """A stage's 37 numbers; `weights` are arrays that the caller keeps."""
    names = ["cell", "kind", "activation", "layer_norm", "residual", "bounded"]
    weights = [w.ctypes.data for w in more.pop("weights", ())]
    sizes = [wide, out, *(more.pop(n, 0) for n in "HP"), more.pop("D", 1), *(more.pop(n, 0) for n in "hc")]
    sizes += more.pop("picture", (0, 0, 0, 0, 0))  # height, width, channels, kernel, stride
    found = [op, *(int(more.pop(n, 0)) for n in names), *sizes, *weights, *[0] * (18 - len(weights))]
    assert not more
    return found


def attending(**more: Any) -> _native.Program:
    return _native.Program(0, STATE, *stage(ATTEND, I, I + M, **{"H": I} | more))


def run(program: _native.Program, T: int = 1, B: int = 4, **changes: Any) -> tuple[Array, Array]:
    """Steps of rows beside a memory; what is None is missing."""
    random = np.random.default_rng(0)
    given: dict[str, Any] = {
        "keys": random.standard_normal((R, S, I), np.float32),
        "values": random.standard_normal((R, S, M), np.float32),
        "memory_lengths": np.array([S, 0, 2]), "memory_of": np.array([0, 0, 2, 1]), "R": R, "S": S,
    } | changes  # fmt: skip
    x = random.standard_normal((T, B, I), np.float32)
    y, attention = np.full((T, B, I + M), 9, np.float32), np.full((T, B, given["S"]), 9, np.float32)
    state = np.zeros((B, STATE), np.float32)
    at = {k: 0 if v is None else v if isinstance(v, int) else v.ctypes.data for k, v in given.items()}
    program.run(
        T, B, 0, 0, 0, x.ctypes.data, 0, state.ctypes.data, STATE, y.ctypes.data, 0, 1, 1, at["keys"], at["values"],
        at["memory_lengths"], at["memory_of"], at["R"], at["S"], attention.ctypes.data,
    )  # fmt: skip
    for t in range(T):
        for b in range(B):
            n = given["memory_lengths"][given["memory_of"][b]]
            keys, values = (given[k][given["memory_of"][b], :n] for k in ("keys", "values"))
            weights = np.exp(keys @ x[t, b])
            np.testing.assert_allclose(
                attention[t, b], [*weights / weights.sum(), *[0] * (given["S"] - n)], atol=1e-5
            )
            np.testing.assert_allclose(y[t, b], [*x[t, b], *(weights / weights.sum()) @ values], atol=1e-5)
    return y, attention


def test_a_program_attends() -> None:
    for T in (0, 1, 3):
        run(attending(), T)
    none = {"keys": np.zeros((R, 0, I), np.float32), "values": np.zeros((R, 0, M), np.float32)}
    y, _ = run(attending(), **none, S=0, memory_lengths=np.zeros(R, np.int64))
    assert not y[:, :, I:].any()


def test_a_memory_that_is_missing_or_does_not_fit_is_refused() -> None:
    program = attending()
    for missing in ("keys", "values", "memory_lengths"):
        with pytest.raises(ValueError, match="needs keys, values and memory_lengths"):
            run(program, **{missing: None})
    with pytest.raises(ValueError, match="needs keys, values and memory_lengths"):
        run(program, R=0)
    for wrong in (-1, R):
        with pytest.raises(ValueError, match=f"memory_of must be from 0 to 2, but row 3 has {wrong}"):
            run(program, memory_of=np.array([0, 1, 2, wrong]))
    for wrong in (-1, S + 1):
        with pytest.raises(ValueError, match=f"memory_lengths must be from 0 to 6, but memory 1 has {wrong}"):
            run(program, memory_lengths=np.array([1, wrong, 1]))
    with pytest.raises(ValueError, match="4 rows have 3 memories"):
        run(program, memory_of=None)
    with pytest.raises(ValueError, match="R and S of 0 or more"):
        run(program, R=-1)
    with pytest.raises(TypeError, match="run: expected 20 arguments, got 13"):
        program.run(*range(13))  # type: ignore[call-arg]


def test_stages_that_do_not_fit_together_are_refused() -> None:
    query, v = np.zeros((9, STATE), np.float32), np.zeros(9, np.float32)
    fine = {"kind": 1, "H": 9, "P": STATE, "weights": (query, v)}
    attending(**fine)
    attend = stage(ATTEND, I, I + M, H=I)
    linear = np.zeros((I, I), np.float32)
    for numbers in (
        stage(ATTEND, I, I + M, H=I + 1),  # a query is as wide as a key
        stage(ATTEND, I, I, H=I),  # something is found
        stage(ATTEND, I, I + M, H=I, kind=2),
        stage(ATTEND, I, I + M, H=I, D=2),
        stage(ATTEND, I, I + M, **fine | {"P": STATE + 1}),
        stage(ATTEND, I, I + M, **fine | {"h": 1}),
        stage(ATTEND, I, I + M, **fine | {"weights": (query,)}),
        [*attend, *stage(ATTEND, I + M, I + M + 1, H=I + M)],  # one memory has one kind of keys
        [*attend, *stage(POOL, I + M, I + M)],
        stage(RECALL, I, I),
        stage(RECALL, I, I + STATE + 1),
        stage(RECALL, I, I + STATE, h=1),
        stage(KEEP, 3, 4, P=3),
        stage(KEEP, 4, 4, P=4, h=1),
        stage(KEEP, 4, 4, P=5),
        stage(KEEP, 4, 4),
        stage(CONV, 12, 12, H=1, picture=(4, 3, 1, 3, 1)),  # no weights
        *(
            stage(CONV, 12, out, H=1, picture=picture, weights=(linear,))
            for out, picture in (
                (11, (4, 3, 1, 3, 1)),
                (12, (4, 3, 2, 3, 1)),
                (12, (4, 3, 1, 2, 1)),
                (12, (4, 3, 1, 3, 0)),
                (12, (0, 3, 1, 3, 1)),
                (6, (4, 3, 1, 3, 2**20)),
            )
        ),
        stage(WINDOW, 2, 5, H=6, P=2),  # no weights
        stage(WINDOW, 2, 5, H=5, P=2, weights=(linear,)),
        stage(WINDOW, 2, 2, H=6, P=2, weights=(linear,)),
        stage(WINDOW, 2, 5, H=6, P=2, h=STATE - 1, weights=(linear,)),
        stage(POOL, 1, 1, kind=3),
        [*stage(POOL, 1, 1, kind=3), *stage(LINEAR, I, I, H=I, weights=(linear,))],
        stage(WINDOW + 1, 4, 4),
        stage(LINEAR, I, I, H=I, weights=(linear,), activation=3),
    ):
        with pytest.raises(ValueError, match="do not fit together"):
            _native.Program(0, STATE, *numbers)
    with pytest.raises(ValueError, match="do not fit together"):
        _native.Program(0, STATE)
    for count in (0, 1, 3, 38, 40, 75):
        with pytest.raises(TypeError, match=r"Program: expected \d+ arguments, got"):
            _native.Program(*[0] * count)


def test_what_is_kept_is_recalled_a_step_later() -> None:
    weight = np.random.default_rng(0).standard_normal((STATE, I + STATE)).astype(np.float32)
    numbers = [
        *stage(RECALL, I, I + STATE),
        *stage(LINEAR, I + STATE, STATE, H=STATE, activation=1, weights=(weight,)),
        *stage(KEEP, STATE, STATE, P=STATE),
    ]
    state = np.full((1, STATE), 0.5, np.float32)
    x = np.random.default_rng(1).standard_normal((6, I)).astype(np.float32)
    said, expected = state[0].astype(float), []
    for one in x:
        said = np.tanh(weight @ np.concatenate([one, said]))
        expected.append(said)
    session = _native.Session(_native.Program(0, STATE, *numbers), state)
    first = session.push(x[:2])
    np.testing.assert_allclose([*first, *(session.push(one) for one in x[2:])], expected, atol=1e-6)
    np.testing.assert_allclose(state[0], expected[-1], atol=1e-6)


def test_a_session_has_no_source_to_attend_to() -> None:
    with pytest.raises(ValueError, match="attends to a source, and a session has none"):
        _native.Session(attending(), np.zeros(STATE, np.float32))


def best(logits: Array, k: int, threads: int = 2) -> tuple[Array, Array, Array]:
    rows, V = logits.shape
    values, ids, totals = np.empty((rows, k), np.float32), np.empty((rows, k), np.int64), np.empty(rows)
    _native.best(
        logits.ctypes.data, rows, V, k, values.ctypes.data, ids.ctypes.data, totals.ctypes.data, threads
    )
    return values, ids, totals


@pytest.mark.parametrize("V", [1, 30, 5000, 33333])
def test_the_best_beside_numpy(V: int) -> None:
    random = np.random.default_rng(V)
    logits = (random.standard_normal((13, V)) * 10).astype(np.float32)
    logits[1] = np.round(logits[1])
    logits[2, ::2] = -np.inf
    logits[3] = -np.inf
    logits[4] = np.arange(V)
    with np.errstate(divide="ignore"):
        exact = np.log(np.exp(logits - logits.max(-1, keepdims=True).clip(-1e30)).sum(-1, dtype=float))
    exact += logits.max(-1)
    for k in {1, min(V, 7), min(V, 64), V}:
        values, ids, totals = best(logits, k)
        order = np.argsort(-logits, axis=-1, kind="stable")[:, :k]
        assert np.array_equal(ids, order)
        assert np.array_equal(values, np.take_along_axis(logits, order, 1))
        np.testing.assert_allclose(totals, exact, rtol=1e-6, atol=1e-6)
        for row in (0, 4, 12):
            alone = best(logits[row : row + 1].copy(), k, threads=1)
            assert all(
                np.array_equal(a[0], b[row]) for a, b in zip(alone, (values, ids, totals), strict=True)
            )


def test_the_best_of_odd_numbers() -> None:
    logits = np.zeros((3, 50), np.float32)
    logits[0, 20] = np.nan
    logits[1, 30] = np.inf
    values, ids, totals = best(logits, 3)
    assert np.isnan(totals[0])
    assert (ids >= 0).all()
    assert (ids < 50).all()
    assert totals[1] == np.inf
    assert ids[1].tolist() == [30, 0, 1]
    assert totals[2] == pytest.approx(np.log(50))
    assert values[2].tolist() == [0, 0, 0]
    assert best(np.zeros((0, 4), np.float32), 2)[1].shape == (0, 2)
    for rows, V, k in ((1, 4, 5), (1, 4, 0), (1, 0, 0), (-1, 4, 2)):
        with pytest.raises(ValueError, match="k from 1 to V"):
            _native.best(0, rows, V, k, 0, 0, 0, 1)
    with pytest.raises(TypeError, match="expected 8 arguments"):
        _native.best(0, 1, 2)  # type: ignore[call-arg]
