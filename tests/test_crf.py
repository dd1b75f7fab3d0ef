"""The head crf: beside all paths one by one; its loss, its streams, and the labels that it is the default of."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.errors import InputError, UsageError
from hitherto.heads import HEADS, crf_best
from hitherto.heads.crf import LAG, CrfLive, crf_answers
from hitherto.metrics import mark_spans

CRF = HEADS["crf"]


def weights(K: int, seed: int = 0, scale: float = 1.0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    shapes = {"transitions": (K, K), "start": (K,), "end": (K,)}
    return {name: random.normal(size=shape) * scale for name, shape in shapes.items()}


def every_path(params: Any, w: dict[str, Any]) -> dict[tuple[int, ...], float]:
    """The log-probability of every row of labels, by adding up all of them."""
    T, K = params.shape
    scores = {
        y: params[np.arange(T), list(y)].sum()
        + w["start"][y[0]]
        + w["end"][y[-1]]
        + sum(w["transitions"][a, b] for a, b in itertools.pairwise(y))
        for y in itertools.product(range(K), repeat=T)
    }
    total = np.log(np.exp(list(scores.values())).sum())
    return {y: score - total for y, score in scores.items()}


@pytest.mark.parametrize(("T", "K"), [(1, 2), (2, 4), (5, 3), (7, 2)])
def test_a_row_is_as_probable_as_its_share_of_all_paths(T: int, K: int) -> None:
    params, w = np.random.default_rng(T).normal(size=(T, K)) * 2, weights(K)
    paths = every_path(params, w)
    assert sum(np.exp(list(paths.values()))) == pytest.approx(1)
    shares = np.zeros((T, K))
    for y, log_prob in paths.items():
        assert CRF.log_prob(params, np.array(y), **w, classes=K) == pytest.approx(log_prob, abs=1e-10)
        shares[np.arange(T), list(y)] += np.exp(log_prob)
    assert CRF.mean(params, **w) == pytest.approx(shares, abs=1e-12)
    assert tuple(crf_best(params, **w)) == max(paths, key=lambda y: paths[y])
    drawn = CRF.sample(params, np.random.default_rng(1), count=20_000, **w)
    for y, log_prob in paths.items():
        assert (drawn == y).all(1).mean() == pytest.approx(np.exp(log_prob), abs=0.015)
    assert CRF.sample(params, np.random.default_rng(1), **w).shape == (T,)


def test_likelihood_marginals_and_paths_are_those_of_crfsuite(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that sklearn-crfsuite fits, whose weights are read from its file in full precision."""
    sklearn_crfsuite = pytest.importorskip("sklearn_crfsuite")
    monkeypatch.syspath_prepend(Path(__file__).resolve().parent.parent / "benchmarks")
    from tag_unseen import weights_of

    random = np.random.default_rng(0)
    labels = [["OAB"[k] for k in random.integers(0, 3, n)] for n in random.integers(1, 9, 40)]
    rows = [
        [
            {"w": random.choice([f"{label}{i}" for i in range(3)] + ["x", "y"]), "t": t % 2}
            for t, label in enumerate(y)
        ]
        for y in labels
    ]
    theirs = sklearn_crfsuite.CRF(c1=0.0, c2=0.5, all_possible_transitions=True).fit(rows, labels)
    info, (states, moves) = theirs.tagger_.info(), weights_of(theirs.modelfile.name)
    order, attributes = (
        {name: int(number) for name, number in some.items()} for some in (info.labels, info.attributes)
    )
    none = np.zeros(len(order))
    w = {"transitions": moves, "start": none, "end": none}
    marginals, paths = theirs.predict_marginals(rows), theirs.predict(rows)
    for row, y, shares, path in zip(rows, labels, marginals, paths, strict=True):
        params = np.array(
            [states[attributes[f"w:{step['w']}"]] + step["t"] * states[attributes["t"]] for step in row]
        )
        numbers = np.array([order[label] for label in y])
        theirs.tagger_.set(row)
        expected = np.log(theirs.tagger_.probability(y))
        assert abs(CRF.log_prob(params, numbers, **w) - expected) < 1e-6
        found = CRF.mean(params, **w)
        for name, k in order.items():
            np.testing.assert_allclose(found[:, k], [share[name] for share in shares], atol=1e-6)
        assert [order[label] for label in path] == crf_best(params, **w).tolist()


def test_rows_of_a_batch_are_those_rows_alone_to_the_bit() -> None:
    lengths, w = np.array([4, 9, 0, 1, 6]), weights(3)
    params = np.random.default_rng(0).normal(size=(9, 5, 3))
    for b, n in enumerate(lengths):
        params[n:, b] = np.nan  # padding is not data
    together = crf_answers(params, lengths, **w)
    for b, n in enumerate(lengths):
        alone = crf_answers(params[:n, b : b + 1], lengths[b : b + 1], **w)
        assert np.array_equal(alone[:, 0], together[:n, b])
        assert np.array_equal(together[:n, b, -1], crf_best(params[:n, b], **w))


def test_what_does_not_fit_is_refused() -> None:
    w = weights(3)
    with pytest.raises(UsageError, match="at least 2"):
        CRF.size(classes=1)
    with pytest.raises(UsageError, match="no quantiles"):
        CRF.quantile(np.zeros((4, 3)), 0.5)
    with pytest.raises(InputError, match="one row"):
        CRF.mean(np.zeros((2, 4, 3)), **w)
    with pytest.raises(InputError, match=r"transitions \[4, 4\]"):
        CRF.mean(np.zeros((2, 4)), **w)
    for y in ([0, 1], [0, 1, 3], [0, -1, 2]):
        with pytest.raises(InputError, match="labels from 0 to 2"):
            CRF.log_prob(np.zeros((3, 3)), y, **w)
    assert CRF.log_prob(np.zeros((0, 3)), [], **w) == 0


@pytest.mark.parametrize("scale", [0.5, 2.0, 6.0])
def test_a_stream_decides_what_the_whole_row_says(scale: float) -> None:
    random, w = np.random.default_rng(2), weights(4, 3, scale)
    params = random.normal(size=(200, 4))
    live, answers, first = CrfLive(**w), [], 0
    while first < len(params):
        some = int(random.integers(1, 6))
        answers.append(live.push(params[first : first + some]))
        first += some
        assert 0 < len(live.state["steps"]) <= LAG
        assert all(slot.misfit(live.state[name]) == "" for name, slot in live.slots.items())
    answers.append(live.finish())
    made = np.concatenate(answers)
    assert np.array_equal(made[:, -1], crf_best(params, **w))
    assert made[:, :-1].sum(1) == pytest.approx(np.ones(200))
    assert len(answers[-1]) < 20  # most labels were final before the end
    assert len(live.finish()) == len(live.state["steps"]) == 0
    last = CRF.mean(params, **w)[-1]  # nothing follows the last step: it is given what the whole row is
    assert made[-1, :-1] == pytest.approx(last)


def test_a_label_waits_for_so_many_steps_and_no_more() -> None:
    """Where each label stays as it is, and no step says which it is, nothing is final before the end."""
    w = weights(3) | {"transitions": np.eye(3) * 1000}
    params = np.random.default_rng(0).normal(size=(3 * LAG, 3)) * 1e-3
    live = CrfLive(**w)
    assert len(live.push(params[:LAG])) == 0
    assert len(live.push(params[LAG : LAG + 1])) == 1
    made = np.concatenate([live.push(params[LAG + 1 :]), live.finish()])
    assert len(made) == 3 * LAG - 1
    assert len(set(made[:, -1])) == 1  # what was decided holds for what follows


# ---- its loss


def test_the_loss_is_the_heads_log_probability_and_its_slope() -> None:
    torch = pytest.importorskip("torch")
    from hitherto.model.losses import LOSSES

    lengths, K, F = [4, 1, 0, 6, 6, 3], 4, 5
    w, random = weights(K), np.random.default_rng(1)
    places = [(t, b) for t in range(max(lengths)) for b, n in enumerate(lengths) if t < n]
    x, W, bias = (random.normal(size=shape) for shape in ((len(places), F), (K, F), (K,)))
    y = random.integers(0, K, len(places))

    def by_head(values: list[Any]) -> float:
        x, W, bias, *own = values
        named = dict(zip(w, own, strict=True))
        params = x @ W.T + bias
        rows = [[i for i, (_, b) in enumerate(places) if b == row] for row in range(len(lengths))]
        return -sum(float(CRF.log_prob(params[row], y[row], **named)) for row in rows)

    arrays = [x, W, bias, *w.values()]
    tensors = [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]
    targets = {
        "y": torch.from_numpy(y),
        "lengths": torch.tensor(lengths),
        **dict(zip(w, tensors[3:], strict=True)),
    }
    total, count = LOSSES["crf"](*tensors[:3], targets, classes=K)
    assert int(count) == len(places)
    assert float(total.detach()) == pytest.approx(by_head(arrays), abs=1e-9)
    for i, gradient in enumerate(torch.autograd.grad(total, tensors)):
        way = random.normal(size=gradient.shape)
        up, down = (
            by_head([a + s * way if j == i else a for j, a in enumerate(arrays)]) for s in (1e-6, -1e-6)
        )
        assert float((gradient.numpy() * way).sum()) == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-6)
    with pytest.raises(InputError, match="rows of 21 steps in all came with labels of 20"):
        LOSSES["crf"](*tensors[:3], targets | {"lengths": torch.tensor([*lengths, 1])}, classes=K)
    large = [t.detach().float() * 1000 for t in tensors]
    wild = targets | dict(zip(w, large[3:], strict=True))
    assert bool(LOSSES["crf"](*large[:3], wild, classes=K)[0].isfinite())


# ---- models


def test_labels_of_spans_are_told_from_others() -> None:
    assert mark_spans(["O", "B-PER", "I-PER"])
    assert mark_spans(["I-PER", "O"])
    assert mark_spans(["B-PER", "I-PER", "E-PER", "S-PER", "L-X", "U-X"])
    assert not mark_spans(["O"])
    assert not mark_spans(["NOUN", "VERB"])
    assert not mark_spans(["B-PER", "NOUN"])
    assert not mark_spans(["S-X", "O"])


def told(seed: int, rows: int = 60) -> list[dict[str, list[str]]]:
    """A kind of entity by the word before it: only labels together tell where one goes on."""
    random, made = np.random.default_rng(seed), []
    for _ in range(rows):
        tokens, tags = ["so"], ["O"]
        for _ in range(int(random.integers(1, 4))):
            before, kind = (("mr", "PER"), ("in", "LOC"))[int(random.integers(2))]
            n = int(random.integers(1, 4))
            tokens += [before, *(f"n{i}" for i in random.integers(0, 9, n)), "and"]
            tags += ["O", f"B-{kind}", *[f"I-{kind}"] * (n - 1), "O"]
        made.append({"tokens": tokens, "tags": tags})
    return made


SMALL: dict[str, Any] = {"hidden_size": 12, "embedding_size": 8, "epochs": 20, "batch_size": 8, "lr": 0.02}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> hitherto.Model:
    pytest.importorskip("torch")
    path = tmp_path_factory.mktemp("crf") / "spans.safetensors"
    said: list[str] = []
    hitherto.train("tag", told(0), out=path, bidirectional=False, say=said.append, **SMALL)
    assert any("head crf, metric entity_f1" in line for line in said)
    return hitherto.open(path)


def test_labels_of_spans_are_learned_together(model: hitherto.Model) -> None:
    assert model.plan["head"]["kind"] == "crf"
    assert model.evaluate(told(1))["entity_f1"] > 0.95
    row = told(2, 1)[0]
    (answer,) = model.predict([row["tokens"]], details=True)
    assert answer["labels"] == row["tags"]
    assert all(0 < p <= 1 for p in answer["probabilities"])
    assert model.predict([[], row["tokens"]]) == [[], row["tags"]]


def test_a_stream_gives_the_labels_of_the_whole(model: hitherto.Model) -> None:
    for row in told(3, 12):
        (labels,) = model.predict([row["tokens"]])
        stream, rows = model.stream(), []
        for i, token in enumerate(row["tokens"]):
            rows += stream.push([token])
            if i == 2:
                stream = model.stream(stream.save())
            assert [r["token"] for r in rows + stream.peek()] == row["tokens"][: i + 1]
        before = len(rows)
        rows += stream.finish()
        assert before < len(rows)  # the last label waits for the end
        assert [r["token"] for r in rows] == row["tokens"]
        assert [r["label"] for r in rows] == labels
    stream.reset()
    assert stream.finish() == []


def test_a_state_that_does_not_fit_itself_is_refused(model: hitherto.Model) -> None:
    stream = model.stream()
    stream.push(["so", "mr"])
    for tokens in (b'["mr", "so", "in"]', b"[1]", b"no list"):
        wrong = stream.state | {"stream.tokens": np.frombuffer(tokens, np.uint8)}
        with pytest.raises(UsageError, match="do not fit"):
            model.stream().state = wrong


def test_a_loss_of_single_steps_takes_another_head() -> None:
    pytest.importorskip("torch")
    rows = told(0, 30)
    quick = SMALL | {"epochs": 1}
    for option in ({"balance": True}, {"label_smoothing": 0.1}, {"bptt": 4}):
        assert hitherto.train("tag", rows, **quick, **option).plan["head"]["kind"] == "softmax"
        with pytest.raises(UsageError, match=f"head = crf labels a row as a whole, so {next(iter(option))}"):
            hitherto.train("tag", rows, head="crf", **quick, **option)
    assert hitherto.train("tag", rows, head="softmax", **quick).plan["head"]["kind"] == "softmax"
