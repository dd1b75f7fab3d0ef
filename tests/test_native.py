"""The extension by itself: what it refuses, and what it gives beside numpy. Torch is not needed."""

import threading
from typing import Any

import numpy as np
import pytest

from hitherto import _native
from hitherto.errors import UsageError

Array = np.ndarray[Any, Any]

(
    EMBED,
    RECURRENT,
    POOL,
    LINEAR,
    ATTEND,
    RECALL,
    KEEP,
    CONV,
    WINDOW,
    PEAKS,
    BAG,
    SUMMARY,
    JOIN,
    SPELL,
    SUBWORDS,
) = _native.OPS
I, M, S, R, STATE = 5, 7, 6, 3, 4  # of the attention below; its state is what additive attention asks


def stage(op: str, wide: int, out: int, **fields: Any) -> list[dict[str, Any]]:
    """A stage, alone in a list; its weights, in the order of their names, and its picture come as tuples."""
    weights, names = list(fields.pop("weights", ())), _native.WEIGHTS
    picture = dict(
        zip(("height", "width", "channels", "kernel", "stride"), fields.pop("picture", ()), strict=False)
    )
    by_name = [dict(zip(names, weights[d * 9 : d * 9 + 9], strict=False)) for d in range(2)]
    return [{"op": op, "I": wide, "O": out, "weights": by_name} | picture | fields]


def floats(*shape: int) -> Array:
    return np.zeros(shape, np.float32)


def attending(**more: Any) -> _native.Program:
    return _native.Program("float32", STATE, *stage(ATTEND, I, I + M, **{"H": I} | more))


def run(program: _native.Program, T: int = 1, B: int = 4, **changes: Any) -> tuple[Array, Array]:
    """Steps of rows beside a memory; what is None is missing."""
    random = np.random.default_rng(0)
    given: dict[str, Any] = {
        "keys": random.standard_normal((R, S, I), np.float32),
        "values": random.standard_normal((R, S, M), np.float32),
        "memory_lengths": np.array([S, 0, 2]), "memory_of": np.array([0, 0, 2, 1]),
    } | changes  # fmt: skip
    x = random.standard_normal((T, B, I), np.float32)
    places = S if given["values"] is None else given["values"].shape[1]
    y, attention = np.full((T, B, I + M), 9, np.float32), np.full((T, B, places), 9, np.float32)
    program.run(x, None, y, None, None, 0, 1, 1, *given.values(), attention)
    for t in range(T):
        for b in range(B):
            n = given["memory_lengths"][given["memory_of"][b]]
            keys, values = (given[k][given["memory_of"][b], :n] for k in ("keys", "values"))
            weights = np.exp(keys @ x[t, b])
            np.testing.assert_allclose(
                attention[t, b], [*weights / weights.sum(), *[0] * (places - n)], atol=1e-5
            )
            np.testing.assert_allclose(y[t, b], [*x[t, b], *(weights / weights.sum()) @ values], atol=1e-5)
    return y, attention


def test_a_program_attends() -> None:
    for T in (0, 1, 3):
        run(attending(), T)
    none = {"keys": np.zeros((R, 0, I), np.float32), "values": np.zeros((R, 0, M), np.float32)}
    y, _ = run(attending(), **none, memory_lengths=np.zeros(R, np.int64))
    assert not y[:, :, I:].any()


def test_a_memory_that_is_missing_or_does_not_fit_is_refused() -> None:
    program = attending()
    for missing in ("keys", "values", "memory_lengths"):
        with pytest.raises(ValueError, match="needs keys, values and memory_lengths"):
            run(program, **{missing: None})
    none = {"keys": np.zeros((0, S, I), np.float32), "values": np.zeros((0, S, M), np.float32)}
    with pytest.raises(ValueError, match="needs keys, values and memory_lengths"):
        run(program, **none, memory_lengths=np.zeros(0, np.int64))
    for wrong in (-1, R):
        with pytest.raises(ValueError, match=f"memory_of must be from 0 to 2, but row 3 has {wrong}"):
            run(program, memory_of=np.array([0, 1, 2, wrong]))
    for wrong in (-1, S + 1):
        with pytest.raises(ValueError, match=f"memory_lengths must be from 0 to 6, but memory 1 has {wrong}"):
            run(program, memory_lengths=np.array([1, wrong, 1]))
    with pytest.raises(ValueError, match="4 rows have 3 memories"):
        run(program, memory_of=None)
    with pytest.raises(TypeError, match="run: expected 13 arguments, got 12"):
        program.run(np.zeros((1, 1, I), np.float32), *[None] * 4, *range(3), *[None] * 4)  # type: ignore[call-arg]


def test_stages_that_do_not_fit_together_are_refused() -> None:
    query, v = floats(9, STATE), floats(9)
    fine = {"kind": "additive", "H": 9, "P": STATE, "weights": (query, v)}
    attending(**fine)
    attend = stage(ATTEND, I, I + M, H=I)
    linear = floats(I, I)
    for numbers in (
        stage(ATTEND, I, I + M, H=I + 1),  # a query is as wide as a key
        stage(ATTEND, I, I, H=I),  # something is found
        stage(ATTEND, I, I + M, H=I, kind="no such"),
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
        stage(POOL, 1, 1, kind="median"),
        [*stage(POOL, 1, 1, kind="median"), *stage(LINEAR, I, I, H=I, weights=(linear,))],
        stage(PEAKS, 4, 4),
        stage(BAG, 20, 20, H=1, P=1, buckets=5),  # no weights
        *(
            [*stage(BAG, 20, 20, **{"H": 1, "P": 1, "buckets": 5, "weights": (linear,)} | more), *behind]
            for behind in (stage(EMBED, 20, 1, weights=(floats(20),)),)
            for more in ({"P": 2}, {"P": 9}, {"h": 1}, {"buckets": 4}, {"buckets": 0}, {"H": 0}, {"D": 2})
        ),
        [
            *stage(BAG, 20, 20, H=1, P=1, buckets=5, weights=(linear,)),
            *stage(LINEAR, 20, 1, H=1, weights=(floats(20),)),
        ],  # which reads numbers
        stage(BAG, 20, 20, H=1, P=1, buckets=5, weights=(linear,)),  # nothing reads the ids
        stage(SUMMARY, 1, 1, weights=(floats(8), None, floats(8))),  # more states than there are
        stage(JOIN, 4, 4),
        stage(JOIN, I, I + STATE + 1),
        stage(JOIN, I, I + STATE, h=1),
        stage(LINEAR, I, I, H=I, weights=(linear,), activation="sine"),
    ):
        with pytest.raises(ValueError, match="do not fit together"):
            _native.Program("float32", STATE, *numbers)
    with pytest.raises(ValueError, match="do not fit together"):
        _native.Program("float32", STATE)
    for few in ((), ("float32",)):
        with pytest.raises(TypeError, match="Program: expected a precision, a number of states, and stages"):
            _native.Program(*few)
    for odd in (5, None, {}, {"I": 4}, [("op", "linear")]):
        with pytest.raises(TypeError, match="Program: expected a stage as a dict with an 'op'"):
            _native.Program("float32", 0, odd)
    for name, value in (("cell", "lstm2"), ("depth", 3), ("kind", "mean"), (7, 7), ("weights", ({}, {}, {}))):
        with pytest.raises(ValueError, match="do not fit together"):
            _native.Program("float32", 0, {"op": "linear", "I": 4, "O": 4, name: value})
    with pytest.raises(ValueError, match="there is no weight 'w'"):
        _native.Program("float32", 0, {"op": "linear", "I": 4, "O": 4, "weights": [{"w": floats(4, 4)}]})


def test_what_is_kept_is_recalled_a_step_later() -> None:
    weight = np.random.default_rng(0).standard_normal((STATE, I + STATE)).astype(np.float32)
    numbers = [
        *stage(RECALL, I, I + STATE),
        *stage(LINEAR, I + STATE, STATE, H=STATE, activation="tanh", weights=(weight,)),
        *stage(KEEP, STATE, STATE, P=STATE),
    ]
    state = np.full((1, STATE), 0.5, np.float32)
    x = np.random.default_rng(1).standard_normal((6, I)).astype(np.float32)
    said, expected = state[0].astype(float), []
    for one in x:
        said = np.tanh(weight @ np.concatenate([one, said]))
        expected.append(said)
    session = _native.Session(_native.Program("float32", STATE, *numbers), state)
    first = session.push(x[:2])
    np.testing.assert_allclose([*first, *(session.push(one) for one in x[2:])], expected, atol=1e-6)
    np.testing.assert_allclose(state[0], expected[-1], atol=1e-6)


@pytest.mark.parametrize("lengths", [None, [3, 1]], ids=["full", "lengths"])
def test_what_a_summary_gives_on_alone_are_its_inputs(lengths: list[int] | None) -> None:
    scale = (floats(15), None, floats(15))
    program = _native.Program("float32", 30, *stage(SUMMARY, 2, 2, weights=scale))
    x, y = np.arange(12, dtype=np.float32).reshape(3, 2, 2), np.full((3, 2, 2), 9, np.float32)
    steps(program, x, floats(2, 30), y, lengths=None if lengths is None else np.array(lengths))
    expected = x.copy()
    if lengths is not None:
        expected[1:, 1] = 0
    np.testing.assert_array_equal(y, expected)


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


# ---- what is checked again, whoever calls ---------------------------------------------------------------------------

X = 4  # the width of what goes into each of the stages below

# A stage of each operation with its weights, by name. States take 64 floats.
STAGES: dict[str, tuple[dict[str, Any], list[tuple[int, ...] | None]]] = {
    "embed": ({"op": EMBED, "wide": 10, "out": X}, [(10, X)]),
    "rnn": ({"op": RECURRENT, "wide": X, "out": 3, "H": 3, "P": 3}, [(3, X), (3, 3), (3,), (3,)]),
    "lstm": (
        {"op": RECURRENT, "wide": X, "out": 2, "cell": "lstm", "H": 3, "P": 2, "c": 8, "layer_norm": 1},
        [(12, X), (12, 2), (12,), (12,), (2, 3), (12,), (12,), (3,), (3,)],
    ),
    "gru": (
        {"op": RECURRENT, "wide": X, "out": 6, "cell": "gru", "H": 3, "P": 3, "D": 2},
        [(9, X), (9, 3), (9,), (9,), *[None] * 5, (9, X), (9, 3), (9,), (9,)],
    ),
    "linear": ({"op": LINEAR, "wide": X, "out": 5, "H": 5}, [(5, X), None, (5,)]),
    "attend": (
        {"op": ATTEND, "wide": X, "out": X + 3, "kind": "additive", "H": 5, "P": 6}, [(5, 6), (5,), (5,)],
    ),
    "conv": (
        {"op": CONV, "wide": 4, "out": 8, "H": 2, "picture": (2, 2, 1, 3, 1)}, [(2, 3, 3, 1), None, (2,)],
    ),
    "window": ({"op": WINDOW, "wide": X, "out": X + 3, "H": 6, "P": 2}, [(6, X), None, (6,)]),
}  # fmt: skip
BIASES = {"b_ih": 2, "b_hh": 3}  # which may be missing, but for a score's vector


def described(name: str) -> tuple[dict[str, Any], list[Array | None]]:
    numbers, shapes = STAGES[name]
    random = np.random.default_rng(0)
    return dict(numbers), [None if s is None else random.standard_normal(s, np.float32) for s in shapes]


@pytest.mark.parametrize("name", STAGES)
def test_a_weight_of_another_size_is_refused(name: str) -> None:
    numbers, weights = described(name)
    _native.Program("float32", 64, *stage(**numbers, weights=weights))
    for i, weight in enumerate(weights):
        others: list[Any] = [floats(1)] if weight is None else [weight.ravel()[:-1], floats(weight.size + 1)]
        if weight is not None and i % 9 not in BIASES.values():
            others.append(None)
        for other in others:
            changed = [*weights[:i], other, *weights[i + 1 :]]
            with pytest.raises(
                ValueError, match=r"do not fit together: stage 0 \(\w+\) needs \d+ numbers as"
            ):
                _native.Program("float32", 64, *stage(**numbers, weights=changed))
    first = weights[0]
    assert first is not None
    for wrong in (first.astype(float), first.T if first.ndim > 1 and name != "conv" else first[::2], [1.0]):
        with pytest.raises((TypeError, ValueError, BufferError)):
            _native.Program("float32", 64, *stage(**numbers, weights=[wrong, *weights[1:]]))
    odd = np.frombuffer(b"x" + first.tobytes(), np.float32, offset=1, count=first.size)
    with pytest.raises(ValueError, match="aligned"):
        _native.Program("float32", 64, *stage(**numbers, weights=[odd, *weights[1:]]))


def test_an_embedding_stands_first() -> None:
    table, square = floats(X, X), floats(X, X)
    linear = stage(LINEAR, X, X, H=X, weights=(square,))
    with pytest.raises(ValueError, match="stage 1 \\(embed\\) cannot read"):
        _native.Program("float32", 0, *linear, *stage(EMBED, X, X, weights=(table,)))
    with pytest.raises(ValueError, match="stage 1 \\(linear\\) cannot read what stage 0 gives"):
        _native.Program("float32", 0, *linear, *stage(LINEAR, X + 1, X, H=X, weights=(floats(X, X + 1),)))


def test_what_keeps_states_does_not_stand_behind_a_pool() -> None:
    pool = stage(POOL, X, X, h=0, c=X)
    numbers, weights = described("rnn")
    with pytest.raises(ValueError, match="stage 1 \\(recurrent\\) stands behind a pool"):
        _native.Program("float32", 64, *pool, *stage(**numbers, weights=weights))
    with pytest.raises(ValueError, match="stage 0 is no operation"):
        _native.Program("float32", 64, *stage(POOL, X, X + 1, h=0, c=X))


def test_a_projection_and_a_residual_have_their_widths() -> None:
    gru = {"op": RECURRENT, "wide": X, "out": 2, "cell": "gru", "H": 3, "P": 2}
    with pytest.raises(ValueError, match="stage 0 is no operation"):  # it would read h past its end
        _native.Program(
            "float32", 64, *stage(**gru, weights=(floats(9, X), floats(9, 2), None, None, floats(2, 3)))
        )
    rnn, weights = described("rnn")
    with pytest.raises(ValueError, match="stage 0 is no operation"):
        _native.Program("float32", 64, *stage(**rnn, residual=1, weights=weights))


def test_numbers_that_overflow_are_refused() -> None:
    big = 2**63 - 1
    fine, weights = described("lstm")
    for name in ("wide", "out", "H", "P", "D", "h", "c"):
        for value in (-1, -big - 1, big, big // 4 + 1, 2**24, 2**32 + fine.get(name, 0)):
            with pytest.raises(ValueError, match="do not fit together"):
                _native.Program("float32", 64, *stage(**fine | {name: value}, weights=weights))
    for precision, state in (("int4", 64), (0, 64), ("float32", big), ("float32", -1), ("float32", 2**30)):
        with pytest.raises(ValueError, match="do not fit together"):
            _native.Program(precision, state, *stage(**fine, weights=weights))
    with pytest.raises(OverflowError):
        _native.Program("float32", 64, *stage(**fine | {"wide": 2**70}, weights=weights))
    linear = stage(LINEAR, 1, 1, H=1, weights=(floats(1, 1),))
    _native.Program("float32", 0, *linear * 4096)
    with pytest.raises(ValueError, match="up to 4096 stages"):
        _native.Program("float32", 0, *linear * 4097)


def keeping() -> _native.Program:
    return _native.Program("float32", X, *stage(KEEP, X, X, P=X))


def steps(program: _native.Program, x: Array, states: Array | None, y: Array | None, **more: Any) -> None:
    attended = [more.pop(n, None) for n in ("keys", "values", "memory_lengths", "memory_of", "attention")]
    some = [more.pop(n, None) for n in ("lengths", "slots")]
    where = [more.pop("begin", 0), more.pop("end", 1), more.pop("threads", 1)]
    assert not more
    program.run(x, states, y, *some, *where, *attended)


def test_states_are_of_the_rows_that_come() -> None:
    x, y = floats(1, 3, X), floats(1, 3, X)
    for rows in (0, 2, 4):
        with pytest.raises(ValueError, match=f"states of {rows} rows, but inputs of 3"):
            steps(keeping(), x, floats(rows, 16), y)
    with pytest.raises(ValueError, match="as states, at least 4 in each, got"):
        steps(keeping(), x, floats(3, X - 1), y)
    with pytest.raises(ValueError, match="as states, at least 4 in each, got 0"):
        steps(keeping(), x, None, y)
    linear = _native.Program("float32", 0, *stage(LINEAR, X, X, H=X, weights=(floats(X, X),)))
    steps(linear, x, floats(0, 16), y)
    steps(linear, x, None, y)


def test_slots_and_lengths_lie_within() -> None:
    x, y, states = floats(1, 3, X), floats(1, 3, X), floats(5, 16)
    for slots in ([0, 1, 5], [0, -1, 1], [0, 2**40, 1]):
        with pytest.raises(ValueError, match="slots from 0 to 4, but row"):
            steps(keeping(), x, states, y, slots=np.array(slots))
    with pytest.raises(ValueError, match="slot 3 stands twice"):
        steps(keeping(), x, states, y, slots=np.array([3, 1, 3]))
    with pytest.raises(ValueError, match="expected 3 slots, got 2"):
        steps(keeping(), x, states, y, slots=np.array([0, 1]))
    with pytest.raises(ValueError, match="3 lengths, got 4"):
        steps(keeping(), x, floats(3, 16), y, lengths=np.zeros(4, np.int64))
    for lengths in ([0, 2, 0], [0, 0, -1]):
        with pytest.raises(ValueError, match="lengths from 0 to 1, but row"):
            steps(keeping(), x, floats(3, 16), y, lengths=np.array(lengths))
    steps(keeping(), x, states, y, slots=np.array([4, 0, 2]), lengths=np.array([0, 1, 0]))


def test_inputs_are_of_their_kind_and_size() -> None:
    embed = _native.Program("float32", 0, *stage(EMBED, 3, X, weights=(floats(3, X),)))
    y = floats(2, 3, X)
    steps(embed, np.array([[0, 1, 2], [2, 1, 0]]), None, y)
    for wrong in (-1, 3, 2**40):
        with pytest.raises(ValueError, match=f"ids from 0 to 2, got {wrong}"):
            steps(embed, np.array([[0, 1, 2], [2, wrong, 0]]), None, y)
    with pytest.raises(ValueError, match="expected 6 ids, got 0 and 24 other numbers"):
        steps(embed, floats(2, 3, X), None, y)
    with pytest.raises(ValueError, match="for stage 0, got 0 and 6 ids"):
        steps(keeping(), np.zeros((2, 3), np.int64), floats(3, 16), y)
    with pytest.raises(ValueError, match="expected 24 numbers for stage 0, got 30"):
        steps(keeping(), floats(2, 3, X + 1), floats(3, 16), y)
    x = floats(2, 3, X)
    for given in (x.astype(float), x[:, :, ::2], x.ravel(), x.astype(int), x.astype(complex)):
        with pytest.raises((ValueError, BufferError)):
            steps(keeping(), given, floats(3, 16), y)
    for size in (floats(2, 3, X - 1), floats(3, X), floats(0, 3, X)):
        with pytest.raises(ValueError, match="room for 24 numbers that come out"):
            steps(keeping(), x, floats(3, 16), size)
    for begin, end in ((0, 2), (1, 1), (-1, 1), (0, 0), (2**62, 2**63 - 1)):
        with pytest.raises(ValueError, match=r"stages within 0\.\.1, got"):
            steps(keeping(), x, floats(3, 16), y, begin=begin, end=end)


def test_what_is_read_only_is_not_written_to() -> None:
    x = floats(1, 3, X)
    for y, states in (
        (np.frombuffer(bytes(48), np.float32).reshape(1, 3, X), floats(3, 16)),
        (floats(1, 3, X), None),
    ):
        if states is None:
            states = floats(3, 16)
            states.flags.writeable = False
        with pytest.raises((ValueError, BufferError), match=r"read-only|writ"):
            steps(keeping(), x, states, y)


def test_any_number_of_threads_is_some() -> None:
    x, y = np.ones((40, 60, 64), np.float32), floats(40, 60, 64)
    weight = np.random.default_rng(0).standard_normal((64, 64), np.float32)
    linear = _native.Program("float32", 0, *stage(LINEAR, 64, 64, H=64, weights=(weight,)))
    steps(linear, x, None, y)
    for threads in (2**32, 2**32 - 1, 2**63 - 1, 1000):
        other = floats(40, 60, 64)
        steps(linear, x, None, other, threads=threads)
        assert np.array_equal(y, other)
    for none in (0, -1, -(2**63)):
        with pytest.raises(ValueError, match="1 thread or more"):
            steps(linear, x, None, y, threads=none)
        with pytest.raises(ValueError, match="1 thread or more"):
            _native.best(0, 0, 4, 2, 0, 0, 0, none)
    logits = np.random.default_rng(0).standard_normal((40, 4000), np.float32)
    assert all(np.array_equal(a, b) for a, b in zip(best(logits, 3, 2**32), best(logits, 3, 1), strict=True))


def test_an_address_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="best: an address is 0"):
        _native.best(0, 1, 4, 2, 0, 0, 0, 1)
    with pytest.raises(ValueError, match="activations: an address is 0"):
        _native.activations(0, 0, 0, 1)
    with pytest.raises(ValueError, match="entropy: the sizes do not fit"):
        _native.entropy(0, 1, 4, 0, 0, 0.0, 0, False, 1)
    w, u, y = floats(3, 2), floats(3, 3), floats(2, 3)
    # threads, cell, split, T, B, I, H, P, D, N, sizes, offsets, places, rows, mask
    sizes = [1, 0, 0, 2, 1, 2, 3, 3, 1, 2, 0, 0, 0, 2, 0]
    weights = [w.ctypes.data, u.ctypes.data, *[0] * 8]
    x, end = floats(2, 2), floats(1, 3)
    fine = [*sizes, *weights, x.ctypes.data, 0, 0, y.ctypes.data, end.ctypes.data, 0, 0, 0]
    _native.forward(*fine)
    for i, name in ((15, "w_ih"), (16, "w_hh"), (25, "x"), (28, "y"), (29, "hT")):
        with pytest.raises(ValueError, match=f"forward: {name} has no memory"):
            _native.forward(*fine[:i], 0, *fine[i + 1 :])
    for i, value in ((3, 2**62), (4, 2**62), (5, 2**60), (9, 2**62), (13, 2**62), (9, -1)):
        with pytest.raises(ValueError, match="forward: expected sizes that"):
            _native.forward(*fine[:i], value, *fine[i + 1 :])
    with pytest.raises(ValueError, match="forward: expected sizes that"):
        _native.forward(*fine[:6], 2**60, 2**60, *fine[8:])
    with pytest.raises(ValueError, match=r"backward: .* has no memory"):
        _native.backward(*sizes, *weights, *[0] * 24)


# ---- sessions -------------------------------------------------------------------------------------------------------


def session(wide: int = X, out: int = 3, ids: bool = False) -> _native.Session:
    random = np.random.default_rng(0)
    table = [stage(EMBED, 9, wide, weights=(random.standard_normal((9, wide), np.float32),))] if ids else []
    w = random.standard_normal((out, wide), np.float32)
    numbers = [n for s in [*table, stage(LINEAR, wide, out, H=out, weights=(w,))] for n in s]
    return _native.Session(_native.Program("float32", 0, *numbers), floats(16))


def test_a_session_writes_only_where_it_may() -> None:
    kept = bytes(12)
    frozen = floats(3)
    frozen.flags.writeable = False
    for out in (np.frombuffer(kept, np.float32), memoryview(kept).cast("f"), frozen, frozen.view(), kept):
        with pytest.raises(UsageError, match="float32 array of 3 numbers that can be written to"):
            session().push(np.ones(X, np.float32), out=out)
    assert kept == bytes(12)
    out = floats(3)
    s = session()
    s.push(np.ones(X, np.float32), out=out)
    assert out.any()
    out[:] = 0
    out.flags.writeable = False  # between two steps
    with pytest.raises(UsageError, match="can be written to"):
        s.push(np.ones(X, np.float32), out=out)
    assert not out.any()


def test_a_session_follows_an_array_that_moves() -> None:
    s, x, out = session(64, 64), np.ones(64, np.float32), floats(64)
    s.push(x, out=out)
    expected = out.copy()
    for array in (x, out):
        array.resize(2**16, refcheck=False)
        array.resize(4, refcheck=False)
    kept = [np.full(64, 7, np.float32) for _ in range(100)]  # where they stood
    with pytest.raises(UsageError, match="float32 for a step"):
        s.push(x, out=out)
    with pytest.raises(UsageError, match="out must be"):
        s.push(np.ones(64, np.float32), out=out)
    assert all((k == 7).all() for k in kept)
    x.resize(64, refcheck=False)
    x[:] = 1
    assert np.array_equal(s.push(x), expected)


def test_nothing_but_digits_is_lost_on_the_way_in() -> None:
    s, x = session(), np.arange(X)
    expected = s.push(x.astype(np.float32))
    for given in (x.tolist(), x, x.astype(float), x.astype("f2"), np.stack([x, x], 1)[:, 0], x.astype("u1")):
        assert np.array_equal(s.push(given), expected)
    odd = np.frombuffer(b"x" + x.astype(np.float32).tobytes(), np.float32, offset=1)
    assert np.array_equal(s.push(odd), expected)
    for wrong in (
        x + 1j,
        (x + 1j).astype(np.complex64),
        ["a"] * X,
        np.array(["1"] * X),
        None,
        x.astype(object),
    ):
        with pytest.raises(UsageError, match="expected real numbers, got"):
            s.push(wrong)
    for wrong in (x[:3], 1.0, [], np.zeros((1, 1, X)), np.zeros((2, X + 1))):
        with pytest.raises(UsageError, match=r"expected 4 float32 for a step, or \[T, 4\] for some"):
            s.push(wrong)
    s = session(ids=True)
    assert s.push([]).shape == (0, 3)
    assert np.array_equal(s.push(np.array([1, 2], np.uint8)), s.push([1, 2]))
    assert np.array_equal(s.push(True), s.push(1))
    for wrong in (9, -1, 2**70, -(2**70), [0, 9], np.array([2**63], np.uint64)):
        with pytest.raises(UsageError, match=r"expected an id in 0\.\.8, got"):
            s.push(wrong)
    for wrong in ([1.5], np.zeros(2, np.float32), "a", [1j]):
        with pytest.raises(UsageError, match="expected whole numbers, got"):
            s.push(wrong)
    with pytest.raises(UsageError, match="expected an id, or an array of them"):
        s.push([[1]])


def test_a_session_is_used_by_one_at_a_time() -> None:
    s = session()

    class Again:
        def __array__(self, *_: Any, **__: Any) -> Array:
            return np.asarray(s.push(floats(X)))

    with pytest.raises(UsageError, match="in use: it takes steps for one thread at a time; fork"):
        s.push(Again())
    s.push(floats(X))  # and is free again

    wide = session(600, 600)
    x = np.random.default_rng(0).standard_normal((50, 600))  # converted, and long enough to let the lock go
    expected = wide.push(x)
    outcomes: list[Any] = []

    def use() -> None:
        for _ in range(20):
            try:
                outcomes.append(wide.push(x))
            except UsageError as error:
                outcomes.append(str(error))

    users = [threading.Thread(target=use) for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    said = [o for o in outcomes if isinstance(o, str)]
    assert all("in use" in o for o in said)
    assert all(np.array_equal(o, expected) for o in outcomes if not isinstance(o, str))
    assert len(said) < len(outcomes)
