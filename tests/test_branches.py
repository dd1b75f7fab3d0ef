"""The branches beside the layers: n-grams of a text and statistics of a sequence, by their definitions."""

import copy
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hitherto
from hitherto.baselines import logistic
from hitherto.baselines.rows import Dense
from hitherto.errors import BundleError, UsageError
from hitherto.model.build import build
from hitherto.plan import make
from hitherto.plan.branches import gram_row
from hitherto.plan.check import check
from hitherto.runtime import pure
from hitherto.runtime.engine import Engine
from hitherto.spec import ModelSpec, from_options
from hitherto.tasks.families import FAMILIES
from hitherto.tasks.labels.branches import bag_rows, choices, first_weights, regression, statistics
from hitherto.training.setup import beginning, complete, plan_of

SIZE = 20


def plan_with(kind: str = "ids", classes: int = 4, **options: Any) -> Any:
    given: dict[str, Any] = {
        "hidden_size": 5, "num_layers": 1, "embedding_size": 6, "pool": "max", "skip": True, "ngrams": 3, "buckets": 50,
    }  # fmt: skip
    if kind == "vectors" and "ngrams" not in options:
        given |= {"ngrams": None, "buckets": None}
    model = ModelSpec(**(given | options))
    x = {"x": {"kind": kind, "size": SIZE}}
    return make(model, "many_to_one", x, "softmax", {"classes": classes})


def row_by_hand(ids: list[int], buckets: int) -> int:
    if len(ids) == 1:
        return ids[0]
    h = len(ids)
    for i in ids:
        h = (h ^ i) * 16777619 % 2**32
    h = (h ^ h >> 15) * 0x2C1B3C6D % 2**32
    h = (h ^ h >> 12) * 0x297A2D39 % 2**32
    return SIZE + (h ^ h >> 15) % buckets


def test_the_row_of_an_n_gram_is_fixed() -> None:
    """Bundles count on it."""
    assert [row_by_hand(ids, 1000) for ids in ([3], [3, 4], [4, 3], [3, 4, 5])] == [3, 638, 312, 47]
    large = [2**24 - 3, 0, 77]
    for ids in ([3], [3, 4], [4, 3], large, large * 2):
        arrays = [np.array([i]) for i in ids]
        assert gram_row(arrays, SIZE, 1000)[0] == row_by_hand(ids, 1000)
        tensors: Any = [torch.tensor([i]) for i in ids]
        assert gram_row(tensors, SIZE, 1000)[0] == row_by_hand(ids, 1000)


def test_a_bag_is_the_sum_of_its_rows_by_the_root_of_their_number() -> None:
    plan = plan_with()
    tensors = build(plan).tensors()
    engine, x = Engine(plan, tensors), np.random.default_rng(0).integers(0, SIZE, 9)
    rows = [row_by_hand(x[t - n + 1 : t + 1].tolist(), 50) for n in (1, 2, 3) for t in range(n - 1, len(x))]
    assert sorted(bag_rows(x, plan["step"][0]["options"]).tolist()) == sorted(rows)
    _, after = engine.forward({"x": x[:, None]})
    expected = tensors["bag.weight"].astype(np.float64)[rows].sum(0) / np.sqrt(len(rows))
    np.testing.assert_allclose(after["bag.value"][0, 0], expected, atol=1e-6)
    assert after["bag.count"][0, 0, 0] == len(rows)


def test_a_summary_is_the_statistics_of_its_steps() -> None:
    plan = plan_with("vectors")
    random = np.random.default_rng(0)
    module = build(plan)
    tensors = module.tensors()
    for name in ("summary.shift", "summary.scale"):
        tensors[name] = random.uniform(0.1, 1, tensors[name].shape).astype(np.float32)
    x = random.normal(3, 2, (40, 2, SIZE)).astype(np.float32)
    x[5, 0, 3] = 1e6  # cut, where it is far from all others
    for row in (0, 1):
        found = statistics(x[:, row])
        one = x[:, row].astype(np.float64)
        assert np.allclose(found[:SIZE], one.mean(0))
        assert np.allclose(found[SIZE : 2 * SIZE], np.sqrt(((one - one.mean(0)) ** 2).mean(0)))
        assert np.allclose(found[6 * SIZE : 7 * SIZE], np.mean([abs(b - a) for a, b in pairwise(one)], 0))
        assert found[-1] == np.log(41)
        expected = np.clip((found - tensors["summary.shift"]) * tensors["summary.scale"], -8, 8)
        _, after = Engine(plan, tensors).forward({"x": x[:, row : row + 1]})
        np.testing.assert_allclose(after["summary.value"][0, 0], expected, atol=2e-5)
    assert abs(expected).max() <= 8


@pytest.mark.parametrize("kind", ["ids", "vectors"])
def test_chunks_of_a_module_equal_the_whole(kind: str) -> None:
    module = build(plan_with(kind)).eval()
    x = torch.randint(0, SIZE, (9, 3)) if kind == "ids" else torch.randn(9, 3, SIZE)
    lengths = torch.tensor([9, 2, 5])
    with torch.inference_mode():
        whole, end = module({"x": x}, lengths, None)
        _, state = module({"x": x[:4]}, lengths.clamp(max=4), None)
        parts, after = module({"x": x[4:]}, (lengths - 4).clamp(min=0), state)
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(after, end)


@pytest.mark.parametrize("kind", ["ids", "vectors"])
def test_a_state_from_anywhere_is_safe(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids of a state are looked at before a row of the table is read by them."""
    plan = plan_with(kind)
    tensors = build(plan).tensors()
    x = np.ones((3, 1), np.int64) if kind == "ids" else np.ones((3, 1, SIZE), np.float32)
    native = Engine(plan, tensors)
    monkeypatch.setattr("hitherto.runtime.chain.program", lambda w, size, rows: pure.Program(w, size, *rows))
    other = Engine(plan, tensors)
    for bad in (np.nan, np.inf, -np.inf, 1e30, -3, 0.5, SIZE + 1):
        state = {name: np.full_like(value, bad) for name, value in native.zero_state(1).items()}
        one, two = (engine.forward({"x": x}, None, state)[1] for engine in (native, other))
        for name in ("bag.last", "bag.sum") if kind == "ids" else ("summary.parts",):
            np.testing.assert_allclose(one[name], two[name], rtol=1e-5)
    if kind == "ids":
        fresh = native.forward({"x": x})[1]
        state = native.zero_state(1) | {"bag.last": np.full((1, 1, 3), SIZE + 1, np.float32)}
        assert np.array_equal(native.forward({"x": x}, None, state)[1]["bag.sum"], fresh["bag.sum"])


# ---------------------------------------------------------------------------------------------------------- plans


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p["step"].insert(2, p["step"].pop(4) | {"inputs": ["embedded"]}), "join must stand behind a pool"),
        (lambda p: p["step"][4]["options"].update(state="bag.nothing"), "join names no state: 'bag.nothing'"),
        (lambda p: p["step"][4]["options"].update(state="bag.count"), "join does not fit the state bag.count"),
        (lambda p: p["step"][4]["options"].update(size=5), "join does not fit the state bag.value"),
        (lambda p: p["step"][0]["options"].update(size=21), "bag reads 21 ids, but gets 20"),
        (lambda p: p["step"][0]["options"].update(grams=9), "`int` <= 8"),
        (lambda p: p["step"][0]["options"].update(buckets=2**25), "`int` <= 16777216"),
        (lambda p: p["step"].insert(2, p["step"].pop(0) | {"inputs": ["embedded"]}), "embed reads 'read'"),
        (lambda p: p.update(step=[p["step"][0], p["step"][-1] | {"inputs": ["read"]}]), "a linear reads vectors"),
    ],
)  # fmt: skip
def test_branches_that_are_not_sound_are_refused(change: Any, said: str) -> None:
    plan = plan_with()
    assert [op["op"] for op in plan["step"]] == ["bag", "embed", "recurrent", "pool", "join", "linear"]
    check(plan, build(plan).tensors())
    bad = copy.deepcopy(plan)
    change(bad)
    with pytest.raises(BundleError, match="not sound") as error:
        check(json.loads(json.dumps(bad)))
    assert said in str(error.value)


def test_a_branch_needs_a_sequence() -> None:
    image = {"kind": "vectors", "size": 24, "shape": [4, 3, 2]}
    for x, what in (
        (image, "an image per step"),
        ({"kind": "vectors", "size": 3, "single": True}, "a single step"),
    ):
        with pytest.raises(UsageError, match=what):
            make(ModelSpec(hidden_size=4, skip=True), "many_to_one", {"x": x}, "softmax", {"classes": 2})


def test_options_of_a_branch_that_is_not_there_are_refused() -> None:
    with pytest.raises(UsageError, match="ngrams and buckets are of a text"):
        plan_with(skip=False)
    with pytest.raises(UsageError, match="ngrams and buckets are of a text"):
        plan_with("vectors", ngrams=2)


def test_buckets_are_as_many_as_there_are_longer_n_grams() -> None:
    text: Any = {"kind": "ids", "size": 9}
    steps = np.array([3, 100, 7])
    skip = ModelSpec(skip=True)
    assert choices(skip, text, steps, 2) == {"ngrams": 2, "buckets": 256}
    assert choices(ModelSpec(skip=True, ngrams=3), text, steps, 2)["buckets"] == 256
    assert choices(skip, text, np.full(10_000, 900), 2)["buckets"] == 1 << 20
    assert choices(skip, text, np.full(10_000, 900), 100)["buckets"] == 1 << 15
    assert choices(ModelSpec(skip=False), text, steps, 2) == {"skip": False}
    assert choices(ModelSpec(), {"kind": "vectors", "size": 9}, steps, 2) == {"skip": False}


# --------------------------------------------------------------------------------------------------- first weights


@pytest.mark.parametrize("apart", [False, True])
def test_a_regression_is_that_of_its_definition(apart: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same loss, minimised by torch in float64, gives the same numbers."""
    monkeypatch.setattr("hitherto.tasks.labels.branches.STRENGTHS", (30.0,))
    random = np.random.default_rng(1)
    rows = [random.integers(0, 8, n) for n in (3, 0, 5, 2, 6, 1, 4, 4)]
    labels = (random.random((8, 3)) < 0.4) if apart else np.eye(3)[random.integers(0, 3, 8)]
    table, bias = regression(rows, 10, labels.astype(np.float32), apart)
    assert (table[8:] == 0).all()

    used = np.unique(np.concatenate(rows))
    df = np.array([sum(u in row for row in rows) for u in used])
    idf = 1 + np.log(9 / (1 + df))
    every = np.concatenate([idf[np.searchsorted(used, row)] for row in rows])
    idf /= np.sqrt((every**2).mean())
    alone = np.where(df > 1, 1.0, 0.5)  # what one example has counts half
    assert set(alone) == {0.5, 1.0}
    features = np.zeros((8, len(used)))
    for i, row in enumerate(rows):
        for r in row:
            k = int(np.searchsorted(used, r))
            features[i, k] += alone[k] * idf[k] / np.sqrt(len(row))
    w = torch.zeros(len(used), 3, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([w, b], max_iter=500, tolerance_change=1e-12, line_search_fn="strong_wolfe")

    def closure() -> Any:
        solver.zero_grad()
        z, y = torch.from_numpy(features) @ w + b, torch.from_numpy(labels.astype(np.float64))
        if apart:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum")
        else:
            loss = -(y * z.log_softmax(1)).sum()
        loss = loss + (w**2).sum() / 60
        loss.backward()
        return loss.detach()

    solver.step(closure)
    np.testing.assert_allclose(table[used], w.detach().numpy() * idf[:, None], atol=0.1)
    best = float(closure())
    with torch.no_grad():
        w.copy_(torch.from_numpy(table[used] / idf[:, None]))
        b.copy_(torch.from_numpy(bias))
    assert float(closure()) - best < 1e-3 * best


def test_words_share_the_weights_of_their_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is that of a regression on rows that have both: the words, and their runs of letters."""
    monkeypatch.setattr("hitherto.tasks.labels.branches.STRENGTHS", (100.0,))
    names = ["<unk>", "boring", "bored", "finest", "fine", "so"]
    rows = [np.array(some) for some in ([1, 5], [3, 5], [1], [3], [5, 1, 5], [3, 6, 5])]  # 6 is of a pair
    labels = np.array([[1.0], [0.0], [1.0], [0.0], [1.0], [0.0]], np.float32)
    alone, _ = regression(rows, 8, labels, True)
    table, bias = regression(rows, 8, labels, True, names)
    assert (table[[0, 2, 4, 7]] == 0).all()  # in no example
    assert table[1] > 0 > table[3]

    used = [1, 3, 5, 6]
    grams = [
        [f" {names[u]} "[i : i + n] for n in (3, 4, 5) for i in range(len(names[u]) + 3 - n)] if u < 6 else []
        for u in used
    ]
    every = [[f" {name} "[i : i + n] for n in (3, 4, 5) for i in range(len(name) + 3 - n)] for name in names]
    shared = sorted({g for some in every for g in some if sum(g in other for other in every) > 1})
    parts = np.array([[some.count(g) for g in shared] for some in grams], np.float64)
    parts *= 1.5 / np.sqrt((parts**2).sum() / 3)
    df = np.array([sum(u in row for row in rows) for u in used])
    idf = 1 + np.log(7 / (1 + df))
    idf /= np.sqrt(np.mean([idf[used.index(r)] ** 2 for row in rows for r in row]))
    half = [1.0, 1.0, 1.0, 0.5]  # the pair is in one example alone
    counts = np.array(
        [
            [(row == u).sum() * half[k] * idf[k] / np.sqrt(len(row)) for k, u in enumerate(used)]
            for row in rows
        ]
    )
    features = Dense(counts @ np.concatenate([np.eye(4), parts], 1))
    found = logistic.fit(features, labels, 100.0, apart=True, steps=200)
    expected = (found.weights[:4] + parts @ found.weights[4:]) * idf[:, None]
    np.testing.assert_allclose(table[used], expected, atol=0.03)
    np.testing.assert_allclose(bias, found.bias, atol=0.03)
    assert np.abs(table[used] - alone[used]).max() > 0.1


def test_a_model_begins_as_good_as_its_branch_and_components_hold_many_classes() -> None:
    """Before the first step the layers say nothing, and the head gives the logits of the regression."""
    plan = plan_with(classes=70, buckets=200, ngrams=2)
    assert plan["step"][0]["options"]["width"] == 64
    labels = np.arange(140) % 70
    xs = [np.array([k % SIZE, k // SIZE, k % 7]) for k in labels]
    tensors = build(plan).tensors() | first_weights(plan, xs, np.eye(70, dtype=np.float32)[labels], False)
    engine = Engine(plan, tensors)
    guessed = [engine.params(engine.forward({"x": x[:, None]})[0])[0].argmax() for x in xs]
    assert np.mean(np.array(guessed) == labels) > 0.95


# ------------------------------------------------------------------------------------------------------ whole runs


def order_matters(count: int, seed: int) -> list[dict[str, str]]:
    """The label is whether `b` ever follows `a`: in the pairs, not in the words."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        words = random.choice(list("abcdefgh"), 8).tolist()
        rows.append({"text": " ".join(words), "label": "yes" if "a b" in " ".join(words) else "no"})
    yes = [row for row in rows if row["label"] == "yes"]
    return [*yes, *[row for row in rows if row["label"] == "no"][: len(yes)]]


QUICK: dict[str, Any] = {"hidden_size": 4, "bidirectional": False, "lr": 0.01, "threads": 1, "batch_size": 16}


def test_a_text_with_a_branch_streams_as_it_predicts(tmp_path: Path) -> None:
    rows = order_matters(700, 0)
    out = tmp_path / "m.safetensors"
    options = {"input": "text", "output": "label", "epochs": 3, "skip": True, **QUICK}
    hitherto.train("classify", rows, valid=order_matters(400, 1), out=out, **options)
    log = [json.loads(line) for line in (tmp_path / "m.run" / "log.jsonl").read_text().splitlines()]
    assert log[0]["step"] == 0  # measured before the first step
    assert log[0]["accuracy"] > 0.9
    model = hitherto.open(out)
    assert [op["op"] for op in model.plan["step"]][:2] == ["bag", "embed"]
    assert model.evaluate(order_matters(400, 2))["accuracy"] > 0.97
    text = rows[0]["text"]
    stream = model.stream()
    for piece in (text[:3], text[3:8], text[8:]):
        stream.push(piece)
    kept = model.stream(stream.save())
    (answer,) = model.predict([text], details=True)
    assert stream.finish() == kept.finish()
    assert stream.finish()["probabilities"] == answer["probabilities"]


@pytest.mark.parametrize(
    "more", [{"multi": True}, {"head": "sigmoid"}, {"balance": True, "label_smoothing": 0.1}]
)
def test_every_kind_of_answer_has_a_branch(more: dict[str, Any]) -> None:
    rows: list[dict[str, Any]] = [dict(row) for row in order_matters(300, 0)]
    if "multi" in more:
        rows = [row | {"label": [row["label"], "any"]} for row in rows]
    options = {"input": "text", "output": "label", "epochs": 1, "skip": True, **QUICK}
    model = hitherto.train("classify", rows, valid=0.2, **options, **more)
    assert model.metrics["accuracy"] > 0.9


def test_a_sequence_with_a_branch_learns_and_resumes(tmp_path: Path) -> None:
    """The label is in how much the numbers change; `bptt` sees the last steps alone, and the branch has seen all."""
    random = np.random.default_rng(0)
    rows = []
    for i in range(80):
        v = np.cumsum(random.normal(0, 1 + i % 2, 30))
        v[15:] = v[14]
        rows.append({"v": v.round(3).tolist(), "label": "wild" if i % 2 else "calm"})
    out = tmp_path / "m.safetensors"
    options = {"input": "v", "output": "label", "epochs": 8, "bptt": 5, "skip": True, **QUICK}
    model = hitherto.train("classify", rows, valid=rows, out=out, **options)
    assert model.metrics["accuracy"] > 0.9
    part = tmp_path / "part.safetensors"
    hitherto.train(
        "classify", rows, valid=rows, out=part, **(options | {"epochs": 3, "schedule": "constant"})
    )
    whole = hitherto.train("classify", rows, valid=rows, **(options | {"epochs": 4, "schedule": "constant"}))
    again = hitherto.train("classify", rows, valid=rows, resume=tmp_path / "part.run", epochs=4)
    assert all(np.array_equal(again.tensors[name], value) for name, value in whole.tensors.items())


def test_first_weights_are_a_function_of_the_training_data() -> None:
    given = from_options("classify", input="text", output="label", skip=True, **QUICK)
    source, examples, _ = FAMILIES["pairs"].source.prepare(given, order_matters(200, 0), None, {})
    source.spec = complete(source, examples, lambda _note: None)
    plan = plan_of(source)
    one, two = (beginning(source, plan, examples) for _ in range(2))
    assert one.keys() == {"bag.weight", "head.weight", "head.bias"}
    assert all(np.array_equal(one[name], value) for name, value in two.items())
    assert np.abs(one["bag.weight"]).max() > 0.1
    known = {"bag.weight": one["bag.weight"] + 1}  # of another model, which goes on
    source.first = lambda _plan: known  # type: ignore[method-assign]
    assert beginning(source, plan, examples) is known
    source.first = lambda _plan: {"embed.weight": known["bag.weight"]}  # type: ignore[method-assign]
    assert beginning(source, plan, examples).keys() == {"embed.weight", *one}
    without = type(source)(given.replace(skip=False), source.codecs)
    assert beginning(without, plan, examples) == {}
