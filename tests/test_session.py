"""Live streams of every kind of model: a stream equals the whole, and its state is in the caller's hands."""

import gc
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from test_engine import SIZES, both, drawn, plan_of

import hitherto
from hitherto.errors import DataError, UsageError
from hitherto.runtime.engine import Engine
from hitherto.runtime.session import Session, Sessions
from hitherto.tasks.language import verbs
from hitherto.times import wall_of, zone_of

random = np.random.default_rng(0)
SMALL: dict[str, Any] = {"hidden_size": 16, "num_layers": 1, "epochs": 1}

TEXT = [
    f"the {a} {b} on the {c}."
    for a in ("cat", "dog")
    for b in ("sat", "ran", "slept")
    for c in ("mat", "rug")
] * 8
WORDS = (("good", "+"), ("great", "+"), ("bad", "-"), ("dull", "-"))
REVIEWS = [{"text": f"{word} film, {word} end", "label": label} for word, label in WORDS] * 10
TAGGED = [
    {"tokens": ["ann", "met", "bob"], "tags": ["P", "O", "P"]},
    {"tokens": ["cid", "ran"], "tags": ["P", "O"]},
] * 20
MOVES = [{"x": (random.standard_normal((9, 3)) + i % 2).tolist(), "label": str(i % 2)} for i in range(40)]
DAYS = [
    {
        "ds": str(np.datetime64("2024-01-01") + i),
        "y": None if i % 17 == 3 else 50 + 10 * np.sin(i / 3) + i % 5,
    }
    for i in range(120)
]


@pytest.fixture(scope="module")
def models() -> dict[str, hitherto.Model]:
    one_way, days = SMALL | {"bidirectional": False}, SMALL | {"horizon": 4, "season": 7}
    return {
        "classify": hitherto.train("classify", REVIEWS, input="text", output="label", **one_way),
        "moves": hitherto.train("classify", MOVES, input="x", output="label", pool="mean", **one_way),
        "tag": hitherto.train("tag", TAGGED, input="tokens", output="tags", **one_way),
        **{t: hitherto.train("lm", TEXT, tokens=t, **SMALL) for t in ("words", "chars", "subwords")},
        **{f"forecast {a}": hitherto.train("forecast", DAYS, time="ds", output="y", anchor=a, **days)
           for a in ("last", "season", "mean")},
    }  # fmt: skip


def pieces(text: str, seed: int) -> list[str]:
    cuts = sorted(np.random.default_rng(seed).integers(0, len(text) + 1, 5).tolist())
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


# ---- with values


def test_a_stream_of_text_equals_the_whole(models: dict[str, hitherto.Model]) -> None:
    model, text = models["classify"], "a good film, dull and good to the end"
    (whole,) = model.predict([text], details=True)
    for seed in range(5):
        with model.stream() as stream:
            for part in pieces(text, seed):
                assert stream.push(part) == []
            assert stream.peek() == whole
            assert stream.peek() == stream.fork().finish() == stream.finish() == whole


def test_a_stream_of_numbers_equals_the_whole(models: dict[str, hitherto.Model]) -> None:
    model, x = models["moves"], MOVES[3]["x"]
    (whole,) = model.predict([x], details=True)
    one, some = model.stream(), model.stream()
    for step in x:
        one.push(step)
    some.push(x[:4])
    some.push(x[4:])
    assert one.finish() == some.finish() == whole
    with pytest.raises(DataError, match="expected 3 channels"):
        one.push([1.0, 2.0])


def test_tags_come_with_their_words(models: dict[str, hitherto.Model]) -> None:
    model, text = models["tag"], "ann met cid bob"
    (labels,) = model.predict([text.split()])
    for seed in range(5):
        stream = model.stream()
        rows = [row for part in pieces(text, seed) for row in stream.push(part)]
        rows += stream.finish()
        assert [row["token"] for row in rows] == text.split()
        assert [row["label"] for row in rows] == labels
    assert model.predict([[], text.split()]) == [[], labels]
    assert model.predict([[]]) == [[]]  # a sentence of no token ended in a traceback
    stream = model.stream()
    assert [row["token"] for row in stream.push("ann me")] == ["ann"]
    assert [row["token"] for row in stream.peek()] == ["me"]
    assert [row["token"] for row in stream.push(["bob"])] == ["bob"]


@pytest.mark.parametrize("tokens", ["words", "chars", "subwords"])
def test_text_gets_its_probabilities(models: dict[str, hitherto.Model], tokens: str) -> None:
    model, text = models[tokens], "the cat slept on the mat.\nthe dog"
    whole = model.stream()
    expected = whole.push(text) + whole.finish()
    ids = model.codecs["input"].encode(text)
    state, log_probs = verbs.advance(model, np.array([model.source.start_id]))
    for row, token in zip(expected, ids, strict=True):
        assert row["probability"] == pytest.approx(float(np.exp(log_probs[0, token])))
        log_probs, state = verbs.step(model, state, np.array([token]))
    for seed in range(4):
        stream = model.stream()
        rows = [row for part in pieces(text, seed) for row in stream.push(part)]
        assert rows + stream.finish() == expected
    stream = model.stream()
    stream.push("the ca")
    assert stream.peek() == stream.fork().peek()
    assert len(stream.peek(k=2)) <= 2
    if tokens != "chars":
        assert stream.peek() == model.suggest("the ca")


@pytest.mark.parametrize("anchor", ["last", "season", "mean"])
def test_forecasts_follow_the_observations(models: dict[str, hitherto.Model], anchor: str) -> None:
    model = models[f"forecast {anchor}"]
    stream = model.stream()
    rows = [stream.push(day["y"], day["ds"])[0] for day in DAYS]
    future = model.predict(DAYS)
    assert [(r["ds"], r["y"]) for r in rows[-1]["forecast"]] == [(r["ds"], r["y"]) for r in future]
    assert rows[-1]["forecast"][2]["q0.1"] == future[2]["q0.1"]
    surprises = model.anomalies(DAYS, last=5)
    for row, found in zip(rows[-5:], surprises, strict=True):
        if row["y"] is not None:
            assert (row["expected"], row["score"]) == (found["expected"], found["score"])
    assert rows[0]["score"] is None
    gap = next(row for row in rows[1:] if row["y"] is None)
    assert gap["score"] is None
    assert gap["forecast"][0]["y"] is not None
    kept = stream.save()
    with pytest.raises(DataError, match="is not after the one before"):
        stream.push(1.0, "2024-01-05")
    with pytest.raises(UsageError, match="expected 1 number"):
        stream.push([1.0, 2.0], "2025-01-05")
    with pytest.raises(DataError, match="infinite"):
        stream.push(float("inf"), "2025-01-05")
    assert stream.save() == kept, "what was refused has changed nothing"
    assert stream.push(3.0, "2024-04-30")[0]["ds"] == "2024-04-30", "what was refused has changed nothing"


def test_steps_that_do_not_come_are_missing_as_in_a_table(models: dict[str, hitherto.Model]) -> None:
    model = models["forecast last"]
    some = [day for i, day in enumerate(DAYS[:60]) if i not in (20, 21, 22, 40)]
    stream = model.stream()
    rows = [stream.push(day["y"], day["ds"])[0] for day in some]
    future = model.predict(some)
    assert [(r["ds"], r["y"]) for r in rows[-1]["forecast"]] == [(r["ds"], r["y"]) for r in future]
    assert rows[0]["forecast"][0]["ds"] == "2024-01-02", "the step is known from the start"
    kept = stream.save()
    with pytest.raises(DataError, match="steps of 1 day lie between this time and the one before"):
        stream.push(1.0, "9990-01-01")
    assert stream.save() == kept


BERLIN = zone_of("Europe/Berlin")
HOURS = [
    {"ds": str(wall)[:16].replace("T", " "), "y": f"{10 + i % 24},5" if i % 11 else "-999"}
    for i, wall in enumerate(
        wall_of(np.datetime64("2024-10-20T22", "us") + np.arange(24 * 9) * np.timedelta64(3600, "s"), BERLIN)
    )
]


@pytest.fixture(scope="module")
def hourly() -> hitherto.Model:
    return hitherto.train(
        "forecast", HOURS, horizon=3, timezone="Europe/Berlin", decimal=",", na=[-999], **SMALL
    )


def test_a_stream_reads_times_zones_and_numbers_as_training_did(hourly: hitherto.Model) -> None:
    model, future = hourly, hourly.predict(HOURS)
    assert [row["ds"] for row in future] == [f"2024-10-{t}:00:00+01:00" for t in ("29 23", "30 00", "30 01")]
    stream, lines = model.stream(), model.stream()
    rows = [stream.push(hour["y"], hour["ds"])[0] for hour in HOURS]
    said = [lines.line(f"{hour['ds']};{hour['y']}\n")[0] for hour in HOURS]
    assert rows == said
    assert [(r["ds"], r["y"]) for r in rows[-1]["forecast"]] == [(r["ds"], r["y"]) for r in future]
    twice = [row["ds"] for row in rows if "2024-10-27 02" in row["ds"]]
    assert twice == ["2024-10-27 02:00:00+02:00", "2024-10-27 02:00:00+01:00"]
    assert [row["y"] for row in rows[:2]] == [None, 11.5]
    again = model.stream(stream.save())
    assert again.peek() == stream.peek()
    assert again.push("3,5", future[0]["ds"][:16]) == stream.push("3,5", future[0]["ds"])
    kept = stream.save()
    for time, said_ in (
        ("2025-03-30 02:00", "there was no 2025-03-30 02:00:00 in Europe/Berlin"), ("soon", "got 'soon'"),
        (7, "is a number, but those before are not"), (None, "push times"), (future[0]["ds"], "is not after"),
        (1e300, r"got 1e\+300"), ("10000-01-01", "got '10000"), ("2024-10-30 23:59:60", "leap second"),
    ):  # fmt: skip
        with pytest.raises((DataError, UsageError), match=said_):
            stream.push("1,5", time)
        assert stream.save() == kept, "what was refused has changed nothing"
    with pytest.raises(DataError, match=r"got '1\.5'; numbers are written with a comma"):
        stream.push("1.5", future[1]["ds"])


def test_a_session_saved_with_times_in_seconds_goes_on(hourly: hitherto.Model) -> None:
    stream = hourly.stream()
    for hour in HOURS[:30]:
        stream.push(hour["y"], hour["ds"])
    old = dict(stream.state)
    old["stream.times"] = old["stream.times"] // 1_000_000
    old["stream.dates"] = np.array([1, *old["stream.dates"][1:]])
    before = hourly.stream()
    before.state = old
    assert before.peek() == stream.peek()
    assert before.push("3,5", HOURS[30]["ds"]) == stream.push("3,5", HOURS[30]["ds"])


FEEDS: dict[str, list[Any]] = {
    "classify": [["a good "], ["fil"], ["m"]], "moves": [[row] for row in MOVES[0]["x"][:3]],
    "tag": [["ann m"], ["et "]],
    **{t: [["the c"], ["at s"], ["at"]] for t in ("words", "chars", "subwords")},
    **{f"forecast {a}": [[d["y"], d["ds"]] for d in DAYS[:9]] for a in ("last", "season", "mean")},
}  # fmt: skip


@pytest.mark.parametrize("name", FEEDS)
def test_a_session_is_saved_forked_and_reset(models: dict[str, hitherto.Model], name: str) -> None:
    model, feed = models[name], FEEDS[name]
    for cut in range(len(feed)):
        stream = model.stream()
        for given in feed[:cut]:
            stream.push(*given)
        copy, back = stream.fork(), model.stream(stream.save())
        for given in feed[cut:]:
            assert stream.push(*given) == copy.push(*given) == back.push(*given)
        assert stream.peek() == copy.peek() == back.peek()
        assert stream.save() == back.save()
        stream.reset()
        assert stream.save() == model.stream().save()


def test_bad_blobs_are_refused_and_lose_nothing(models: dict[str, hitherto.Model]) -> None:
    _model, stream = models["words"], models["words"].stream()
    stream.push("the cat ")
    blob = stream.save()
    for bad in (
        b"",
        b"x",
        blob[:-1],
        blob[: len(blob) // 2],
        blob + b"1",
        b"\x80\x04pickle",
        bytes(len(blob)),
        7,
    ):
        with pytest.raises(DataError, match="saved session cannot be read"):
            stream.load(bad)  # type: ignore[arg-type]
    for at in range(0, len(blob), 7):
        changed = bytearray(blob)
        changed[at] ^= 4
        with pytest.raises((DataError, UsageError)):
            stream.load(bytes(changed))
    with pytest.raises(UsageError, match="saved with another model"):
        stream.load(models["chars"].stream().save())
    assert stream.save() == blob


def test_the_state_is_readable_and_writable(models: dict[str, hitherto.Model]) -> None:
    stream = models["words"].stream()
    stream.push("the cat ")
    h = stream.state["recurrent.h"]
    assert h.shape == (1, 16)
    before = stream.peek()
    h[:] = 0
    assert (stream.state["recurrent.h"] == 0).all(), "it is the state itself, not a copy"
    stream.core.push(1)
    other = models["words"].stream()
    other.state = stream.state
    assert other.save() == stream.save()
    assert before is not None
    with pytest.raises(
        UsageError, match=r"must be float32 of shape \(1, 16\), but is float.. of shape \(1, 3\)"
    ):
        stream.state = {**stream.state, "recurrent.h": np.zeros((1, 3))}
    kept = stream.save()
    with pytest.raises(UsageError, match=r"lacks 'input\.rest'"):
        stream.state = {k: v * 0 for k, v in stream.state.items() if not k.startswith("input")}
    assert stream.save() == kept, "what was refused has changed nothing"


def test_a_model_that_reads_from_both_ends_says_why_not() -> None:
    model = hitherto.train("classify", REVIEWS, input="text", output="label", bidirectional=True, **SMALL)
    for make in (model.stream, model.session, lambda: model.sessions(3)):
        with pytest.raises(UsageError, match="bidirectional"):
            make()


# ---- with arrays


@pytest.mark.parametrize("weights", ["float32", "int8"])
@pytest.mark.parametrize("kind", ["vectors", "ids"])
@pytest.mark.parametrize("options", [{}, {"pool": "max"}], ids=str)
def test_steps_chunks_and_batches_give_the_same_bits(
    options: dict[str, Any], kind: str, weights: str
) -> None:
    engine, _ = both(plan_of(kind, cell="lstm", **options), weights)
    x = drawn(kind, 40, 1)
    expected = engine.run(x, engine.block(1))[:, 0] if not options else engine.run(x, engine.block(1))[0]
    one, some = Session(engine), Session(engine)
    steps = [one.push(int(v) if kind == "ids" else v) for v in x[:, 0]]
    parts = [some.push(x[a:b, 0]) for a, b in ((0, 3), (3, 3), (3, 4), (4, 40))]
    if options:
        assert steps == [None] * 40
        assert np.array_equal(one.peek(), expected)
        assert np.array_equal(some.peek(), expected)
    else:
        assert np.array_equal(np.stack(steps), expected)
        assert np.array_equal(np.concatenate(parts), expected)
        assert one.peek() is None
    if options:
        with pytest.raises(ValueError, match="answers at its end"):
            one.push(x[0, 0], out=np.empty(5, np.float32))
        with pytest.raises(UsageError, match="answers at its end"):
            Sessions(engine, 2).push([0], x[0, :1], out=np.empty((1, 5), np.float32))
    assert all(np.array_equal(v, some.state[k]) for k, v in one.state.items())


def test_push_writes_where_it_is_told() -> None:
    engine, _ = both(plan_of(cell="gru"))
    x = drawn("vectors", 3, 1)[:, 0]
    session, twin, out = Session(engine), Session(engine), np.empty(5, np.float32)
    assert session.push(x[0], out=out) is out
    assert np.array_equal(out, twin.push(x[0]))
    first = out.copy()
    made = twin.push(x[1])
    session.push(x[1], out=out)
    assert np.array_equal(out, made)
    assert not np.array_equal(out, first)
    fresh = twin.push(x[2])
    assert fresh is not made
    assert not np.array_equal(fresh, made), "an array that was given away is not written again"
    session.push(x[2], out=out)
    assert np.array_equal(session.push(x[0].astype(np.float64)), twin.push(list(map(float, x[0]))))
    wide = np.zeros((2 * SIZES,), np.float32)
    wide[::2] = x[1]
    assert np.array_equal(session.push(wide[::2]), twin.push(x[1]))
    assert np.array_equal(session.push(x[2].astype(">f4")), twin.push(x[2]))
    assert np.array_equal(session.push(x), twin.push(np.asfortranarray(x)))
    for bad, says in (
        (x[0][:3], "expected 7 float32 for a step"),
        (np.zeros((2, 2, 7), np.float32), "expected 7 float32"),
        ("text", "expected real numbers"),
        (None, "expected real numbers"),
    ):
        with pytest.raises((ValueError, TypeError), match=says):
            session.push(bad)
        with pytest.raises((ValueError, TypeError), match=says):
            session.push(bad)
    for wrong in (
        np.empty(4, np.float32),
        np.empty(5),
        np.empty(10, np.float32)[::2],
        b"12345678901234567890",
    ):
        with pytest.raises((ValueError, BufferError, TypeError)):
            session.push(x[0], out=wrong)
    with pytest.raises(TypeError, match="one input"):
        session.push(x[0], x[1])
    with pytest.raises(TypeError, match="one input and out="):
        session.push(x[0], to=out)
    with pytest.raises(ValueError, match=r"an id in 0\.\.6, got 9"):
        Session(both(plan_of("ids", cell="gru"))[0]).push(9)


@pytest.mark.parametrize("options", [{}, {"pool": "mean"}, {"num_layers": 1, "hidden_size": 64}], ids=str)
@pytest.mark.parametrize("kind", ["vectors", "ids"])
def test_many_sessions_are_each_as_one_alone(
    kind: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = both(plan_of(kind, cell="gru", **options))
    n, draws = 130, np.random.default_rng(4)
    many, alone = Sessions(engine, n), [Session(engine) for _ in range(n)]
    for t in range(6):
        monkeypatch.setenv("HITHERTO_NUM_THREADS", str(1 + t % 3))
        ids = draws.permutation(n)[: draws.integers(1, n + 1)]
        x = drawn(kind, 1, len(ids), seed=t)[0]
        found = many.push(ids, x)
        for place, i in enumerate(ids):
            own = alone[i].push(int(x[place]) if kind == "ids" else x[place])
            assert engine.pools or np.array_equal(found[place], own)
        if t == 3:
            some = ids[: len(ids) // 2]
            many.reset(some)
            for i in some:
                alone[i].reset()
    for name, views in many.state.items():
        assert all(np.array_equal(views[i], alone[i].state[name]) for i in range(n))
    if engine.pools:
        assert np.array_equal(many.peek(np.arange(n))[5], alone[5].peek())
    out = np.empty((3, 5), np.float32)
    if not engine.pools:
        assert many.push([4, 2, 9], drawn(kind, 1, 3)[0], out=out) is out
    with pytest.raises(UsageError, match="id 7 stands twice"):
        many.push([7, 3, 7], drawn(kind, 1, 3)[0])
    with pytest.raises(UsageError, match=r"0\.\.129, but 3\.\.130 came"):
        many.push([3, 130], drawn(kind, 1, 2)[0])
    with pytest.raises(UsageError, match="2 ids, but 3 inputs"):
        many.push([3, 1], drawn(kind, 1, 3)[0])
    with pytest.raises(UsageError, match="whole numbers"):
        many.push([0.5], drawn(kind, 1, 1)[0])
    assert len(many.push([], drawn(kind, 1, 0)[0]) if not engine.pools else many.peek([])) == 0


WRONG: list[tuple[str, Any, str]] = [
    ("vectors", [[1j] * SIZES], "expected real numbers, got dtype\\('complex128'\\)"),
    ("vectors", [["1"] * SIZES], "expected real numbers, got dtype\\('<U1'\\)"),
    ("vectors", [[None] * SIZES], "expected real numbers, got dtype\\('O'\\)"),
    ("vectors", [[1.0], [1.0, 2.0]], "expected real numbers, got"),
    ("vectors", np.zeros((1, SIZES), "m8[s]"), "expected real numbers"),
    ("vectors", [[1e300] * SIZES], "numbers that float32 can hold, got 1e\\+300"),
    ("vectors", np.zeros((1, 3)), "expected an input of shape \\(1, 7\\), a row for each id, got \\(1, 3\\)"),
    ("vectors", 5.0, "expected an input of shape"),
    ("ids", [1.5], "expected whole numbers, got dtype\\('float64'\\)"),
    ("ids", [1j], "expected whole numbers"),
    ("ids", ["a"], "expected whole numbers"),
    ("ids", [None], "expected whole numbers"),
    ("ids", [10**30], "expected whole numbers"),
    ("ids", [[1, 2]], "expected an input of shape \\(1,\\)"),
    ("ids", [9], "expected ids from 0 to 6, got 9 to 9"),
]


@pytest.mark.parametrize(("kind", "x", "says"), WRONG, ids=range(len(WRONG)))
def test_what_many_sessions_cannot_take_is_said_and_changes_nothing(kind: str, x: Any, says: str) -> None:
    engine, _ = both(plan_of(kind, cell="gru"))
    many = Sessions(engine, 3)
    many.push([0, 1, 2], drawn(kind, 1, 3)[0])
    before = {name: views.copy() for name, views in many.state.items()}
    with pytest.raises(UsageError, match=says):
        many.push([1], x)
    assert all(np.array_equal(views, before[name]) for name, views in many.state.items())


def test_numbers_of_sessions_are_whole_and_few_enough() -> None:
    engine, _ = both(plan_of(cell="gru"))
    for n in (0, -1, 1.5, "3", None):
        with pytest.raises(UsageError, match="one session at least"):
            Sessions(engine, n)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="1,000,000,000,000,000 sessions need"):
        Sessions(engine, 10**15)
    many, x = Sessions(engine, 2), drawn("vectors", 1, 1)[0]
    for ids in (["a"], [None], [True], [1j], np.array([2**63], np.uint64), 1, [[1]], [2**32], [-1]):
        with pytest.raises(UsageError, match=r"whole numbers|must lie in 0\.\.1"):
            many.push(ids, x)
        with pytest.raises(UsageError, match=r"whole numbers|must lie in 0\.\.1"):
            many.reset(ids)
    with pytest.raises(UsageError, match="out must be an array to write to, but came as list"):
        many.push([1], x, out=[0.0] * 5)  # type: ignore[arg-type]


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage")
def test_memory_does_not_grow_with_the_stream() -> None:
    plan = plan_of(cell="lstm", hidden_size=16, num_layers=1)
    engine = Engine(plan, both(plan)[1].tensors())
    session, x, out = Session(engine), drawn("vectors", 1, 1)[0, 0], np.empty(5, np.float32)
    session.time(x, 1000)
    session.push(x, out=out)
    gc.collect()
    before = peak()
    session.time(x, 1_000_000)
    for _ in range(100_000):
        session.push(x)
    assert peak() - before < 2048, "KiB in 1,100,000 steps"
    assert np.isfinite(session.push(x)).all()


def test_streams_open_from_a_file_in_every_precision(
    models: dict[str, hitherto.Model], tmp_path: Path
) -> None:
    path = tmp_path / "words.safetensors"
    models["words"].save(path)
    exact = hitherto.open(path).stream().push("the cat sat on ")
    for weights in ("bfloat16", "int8"):
        found = hitherto.open(path, weights=weights).stream().push("the cat sat on ")
        assert [r["token"] for r in found] == [r["token"] for r in exact]
        for a, b in zip(found, exact, strict=True):
            assert a["probability"] == pytest.approx(b["probability"], rel=0.1)
    saved = hitherto.open(path).stream().save()
    assert saved == models["words"].stream().save(), "a model that was never saved has the same digest"


# ---- models that write

PAIRS = [
    {"source": f"{a} {b} {n}", "target": f"{n} {b.upper()} {a}"}
    for a in ("ein", "kein")
    for b in ("hund", "haus")
    for n in range(8)
]
TALKS = [
    {"turns": ["hello there", f"hi, {name}", "how are you?", f"well, {name}"]} for name in ("ann", "bob")
] * 8


@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_source_comes_in_pieces(bidirectional: bool) -> None:
    model = hitherto.train(
        "translate", PAIRS, tokens="chars", bidirectional=bidirectional, max_length=9, **SMALL | {"epochs": 3}
    )
    for text in ("kein hund 3", "", "ein"):
        (whole,) = model.predict([text], details=True, num_beams=3)
        for seed in range(3):
            stream = model.stream(num_beams=3)
            for part in pieces(text, seed):
                assert stream.push(part) == []
                stream = model.stream(stream.save(), num_beams=3)
            assert stream.fork().peek() == stream.peek() == whole
            assert stream.finish() == whole
            assert stream.line("ein haus 1\n") == model.predict(["ein haus 1"], details=True, num_beams=3)
    with pytest.raises(UsageError, match="expected text"):
        model.stream().push(["a"])
    with pytest.raises(DataError, match="half of a character at 2"):
        model.stream().push("a\ud800")
    with pytest.raises(UsageError, match="no session of arrays"):
        model.session()
    with pytest.raises(UsageError, match="no option 'beams' of writing"):
        model.stream(beams=3)


def test_a_conversation_keeps_its_turns() -> None:
    model = hitherto.train("chat", TALKS, input="turns", vocab_size=280, turns=3, **SMALL | {"epochs": 2})
    live, said = model.stream(), []
    for turn in ("hello there", "how\nare you?", "well"):
        live.push(turn[:4])
        live.push(turn[4:])
        kept = model.stream(live.save())
        row = live.finish()
        assert kept.finish() == row
        said.append((" ".join(turn.split("\n")), row["text"]))
    turns = [said[0][1], said[1][0], said[1][1], said[2][0]][-3:]
    assert model.predict([turns]) == [said[2][1]]
    assert [text for _, text in live.history] == [*turns[1:], said[2][1]]
    live.reset()
    assert live.line("hello there\n")[0]["text"] == said[0][1]
    drawn = [model.stream(temperature=1.0, seed=s).line("hello there")[0]["text"] for s in (1, 1, 2, 3, 4)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1
