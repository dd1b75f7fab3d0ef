"""Metrics: beside scikit-learn where it has them, beside examples worked by hand where it has not."""

import math
import sys
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from hitherto.errors import InputError, MissingExtra, UsageError
from hitherto.metrics import METRICS, best_threshold, confusion, entities, entity_report, report, signature


def value(name: str, **arrays: Any) -> float:
    return METRICS[name].compute(**arrays)


def classified(rows: int, K: int, seed: int = 0) -> tuple[Any, Any]:
    """Labels and probabilities that know something of them, with ties and a class that is never true."""
    random = np.random.default_rng(seed)
    labels = (
        random.choice(K, rows, p=np.array([*range(1, K), 0]) / sum(range(K)))
        if K > 2
        else random.random(rows) < 0.3
    )
    labels = labels.astype(np.int64)
    scores = random.normal(size=(rows, K)).round(1) + 1.5 * np.eye(K)[labels]
    return labels, np.exp(scores) / np.exp(scores).sum(1, keepdims=True)


def multi(rows: int = 60, K: int = 4) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    labels = (random.random((rows, K)) < [0.5, 0.2, 0.1, 0.4]).astype(np.float32)
    return labels, np.clip(0.35 * labels + random.random((rows, K)).round(2) * 0.6, 0, 1)


def test_rows_say_what_they_need() -> None:
    for name, row in METRICS.items():
        assert row.name == name
        assert row.better in ("higher", "lower") or (name, row.better) == ("coverage", None)
        with pytest.raises(TypeError):
            row.compute(**dict.fromkeys(row.needs[1:]))


# ---- classes


@pytest.mark.parametrize("positive", [0, 1])
def test_two_classes(positive: int) -> None:
    labels, p = classified(200, 2)
    arrays = {"labels": labels, "probabilities": p, "positive": positive, "multi": False}
    said = p.argmax(1)
    assert value("accuracy", **arrays) == pytest.approx(sk.accuracy_score(labels, said))
    assert value("f1", **arrays) == pytest.approx(sk.f1_score(labels, said, pos_label=positive))
    assert value("precision", **arrays) == pytest.approx(sk.precision_score(labels, said, pos_label=positive))
    assert value("recall", **arrays) == pytest.approx(sk.recall_score(labels, said, pos_label=positive))
    assert value("macro_f1", **arrays) == pytest.approx(sk.f1_score(labels, said, average="macro"))
    assert value("auc", **arrays) == pytest.approx(sk.roc_auc_score(labels == positive, p[:, positive]))
    assert value("log_loss", **arrays) == pytest.approx(sk.log_loss(labels, p))


def test_the_rarer_class_is_the_positive_one() -> None:
    labels, p = classified(200, 2)
    p[:, 1] += 1e-9  # no ties, which go to the first
    assert labels.mean() < 0.5
    for name in ("f1", "precision", "recall"):
        one = value(name, labels=labels, probabilities=p, positive=1)
        assert value(name, labels=labels, probabilities=p) == one
        assert value(name, labels=1 - labels, probabilities=p[:, ::-1]) == one


def test_many_classes() -> None:
    labels, p = classified(150, 5)
    arrays = {"labels": labels, "probabilities": p, "positive": None}
    said = p.argmax(1)
    assert 4 in said
    assert 4 not in labels
    macro = {"average": "macro", "zero_division": 0}
    assert value("accuracy", **arrays) == pytest.approx(sk.accuracy_score(labels, said))
    for name in ("f1", "macro_f1"):
        assert value(name, **arrays) == pytest.approx(sk.f1_score(labels, said, **macro))
    assert value("precision", **arrays) == pytest.approx(sk.precision_score(labels, said, **macro))
    assert value("recall", **arrays) == pytest.approx(sk.recall_score(labels, said, **macro))
    assert value("micro_f1", **arrays) == pytest.approx(sk.f1_score(labels, said, average="micro"))
    assert value("log_loss", **arrays) == pytest.approx(sk.log_loss(labels, p, labels=range(5)))
    areas = [sk.roc_auc_score(labels == k, p[:, k]) for k in range(4)]
    assert value("auc", **arrays) == pytest.approx(np.mean(areas))


def test_several_labels_at_once() -> None:
    labels, p = multi()
    arrays = {"labels": labels, "probabilities": p, "positive": None, "multi": True}
    said = p >= 0.5
    assert (
        value("accuracy", **arrays)
        == value("exact", **arrays)
        == pytest.approx(sk.accuracy_score(labels, said))
    )
    for name in ("micro_f1", "f1"):
        assert value(name, **arrays) == pytest.approx(sk.f1_score(labels, said, average="micro"))
    assert value("macro_f1", **arrays) == pytest.approx(sk.f1_score(labels, said, average="macro"))
    assert value("auc", **arrays) == pytest.approx(sk.roc_auc_score(labels, p, average="macro"))
    expected = np.mean(
        [sk.log_loss(labels[:, k], np.clip(p[:, k], 1e-15, 1), labels=[0, 1]) for k in range(4)]
    )
    assert value("log_loss", **arrays) == pytest.approx(expected)
    lower = value("micro_f1", **arrays, threshold=0.3)
    assert lower == pytest.approx(sk.f1_score(labels, p >= 0.3, average="micro"))


def test_confusion_and_report() -> None:
    labels, p = classified(150, 5)
    said = p.argmax(1)
    assert np.array_equal(confusion(labels, said, 5), sk.confusion_matrix(labels, said, labels=range(5)))
    rows = report(labels, p, list("abcde"))
    expected = sk.classification_report(
        labels, said, labels=range(5), target_names=list("abcde"), output_dict=True, zero_division=0
    )
    for row in rows:
        theirs = expected[row["class"]]
        assert [row["precision"], row["recall"], row["f1"]] == pytest.approx(
            [theirs["precision"], theirs["recall"], theirs["f1-score"]]
        )
        assert row["support"] == theirs["support"]
    labels, p = multi()
    assert [row["support"] for row in report(labels, p, list("abcd"))] == labels.sum(0).tolist()
    with pytest.raises(InputError, match="4 classes need as many names, but 3 came"):
        report(labels, p, list("abc"))


@pytest.mark.parametrize("by", ["f1", "accuracy"])
def test_best_threshold_is_the_best(by: str) -> None:
    random = np.random.default_rng(0)
    labels = random.random(300) < 0.1
    scores = (random.normal(size=300) + 2 * labels).round(1)
    threshold, worth = best_threshold(labels, scores, by)
    score = {"f1": sk.f1_score, "accuracy": sk.accuracy_score}[by]
    assert score(labels, scores >= threshold) == pytest.approx(worth)
    assert worth == pytest.approx(max(score(labels, scores >= t) for t in np.unique(scores)))


def test_best_threshold_by_hand() -> None:
    assert best_threshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9]) == (pytest.approx(0.4), 1.0)
    assert best_threshold([1, 0], [0.2, 0.8]) == (0.2, pytest.approx(2 / 3))
    assert all(map(math.isnan, best_threshold([1, 1], [0.2, 0.8])))
    with pytest.raises(UsageError, match="accuracy"):
        best_threshold([1, 0], [0.2, 0.8], by="accurasy")


def test_degenerate_classes() -> None:
    none = {"labels": np.zeros(0, np.int64), "probabilities": np.zeros((0, 3))}
    for name in ("accuracy", "f1", "macro_f1", "micro_f1", "precision", "recall", "auc", "log_loss"):
        assert math.isnan(value(name, **none)), name
    one = {"labels": np.array([1, 1]), "probabilities": np.array([[0.2, 0.8], [0.4, 0.6]])}
    assert math.isnan(value("auc", **one))
    assert value("f1", **one, positive=1) == 1
    assert value("f1", **one, positive=0) == 0  # nothing there, nothing found
    sure = {"labels": np.array([0]), "probabilities": np.array([[0.0, 1.0]])}
    assert value("log_loss", **sure) == pytest.approx(-math.log(1e-15))


def test_classes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"labels \[3\] with \[2, 2\]|\[3\] with \[2, 2\]"):
        value("accuracy", labels=np.zeros(3, np.int64), probabilities=np.zeros((2, 2)))
    with pytest.raises(InputError, match=r"0\.\.1, but came as 0\.\.2"):
        value("f1", labels=np.array([0, 2]), probabilities=np.zeros((2, 2)))
    with pytest.raises(InputError, match="same shape"):
        confusion([0, 1], [0], 2)
    with pytest.raises(InputError, match=r"0\.\.1"):
        confusion([0, 2], [0, 1], 2)
    with pytest.raises(UsageError, match="probabilities or predicted"):
        value("accuracy", labels=np.zeros(3))


# ---- tags


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O O O", set()),
        ("B-PER I-PER O B-LOC", {("PER", 0, 1), ("LOC", 3, 3)}),
        ("B-PER B-PER I-PER", {("PER", 0, 0), ("PER", 1, 2)}),
        # IOB1: B only where it parts neighbours of one kind
        ("I-PER I-PER O I-LOC B-LOC I-LOC", {("PER", 0, 1), ("LOC", 3, 3), ("LOC", 4, 5)}),
        ("I-PER I-LOC", {("PER", 0, 0), ("LOC", 1, 1)}),
        ("B-PER I-LOC I-LOC", {("PER", 0, 0), ("LOC", 1, 2)}),
        # BIOES and its other names
        ("S-LOC B-PER I-PER E-PER S-LOC", {("LOC", 0, 0), ("PER", 1, 3), ("LOC", 4, 4)}),
        ("U-LOC B-PER L-PER", {("LOC", 0, 0), ("PER", 1, 2)}),
        ("E-PER E-PER I-PER", {("PER", 0, 0), ("PER", 1, 1), ("PER", 2, 2)}),
        ("S-PER I-PER", {("PER", 0, 0), ("PER", 1, 1)}),
        # No letter, no kind, kinds with a dash
        ("LOC LOC O LOC", {("LOC", 0, 1), ("LOC", 3, 3)}),
        ("B I I O B", {("", 0, 2), ("", 4, 4)}),
        ("B-a-b I-a-b I-a", {("a-b", 0, 1), ("a", 2, 2)}),
        ("", set()),
    ],
)
def test_entities(tags: str, expected: set[tuple[str, int, int]]) -> None:
    assert entities(tags.split()) == expected


def test_entity_f1() -> None:
    labels = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-ORG"], ["O"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["O", "B-LOC"], ["B-PER"]]
    # Right: the LOC of the first. True: PER, LOC, ORG. Predicted: PER (too short), LOC, LOC (another kind), PER.
    assert value("entity_f1", labels=labels, predicted=predicted) == pytest.approx(2 * 1 / (3 + 4))
    assert value("accuracy", labels=labels, predicted=predicted) == pytest.approx(4 / 7)
    assert value("entity_f1", labels=labels, predicted=labels) == 1
    assert value("entity_f1", labels=labels, predicted=[["O"] * len(s) for s in labels]) == 0
    assert math.isnan(value("entity_f1", labels=[["O"]], predicted=[["O"]]))
    assert math.isnan(value("accuracy", labels=[], predicted=[]))
    assert value("accuracy", labels=["a", "b"], predicted=["a", "a"]) == 0.5
    assert [list(row.values()) for row in entity_report(labels, predicted)] == [
        ["LOC", 0.5, 1.0, pytest.approx(2 / 3), 1],
        ["ORG", 0.0, 0.0, 0.0, 1],
        ["PER", 0.0, 0.0, 0.0, 1],
        ["all", 0.25, pytest.approx(1 / 3), pytest.approx(2 / 7), 3],
    ]
    assert entity_report([["O"]], [["O"]]) == []
    with pytest.raises(InputError, match="sequence 1 has 2 labels, but 1 were predicted"):
        value("entity_f1", labels=[["O"], ["O", "O"]], predicted=[["O"], ["O"]])
    with pytest.raises(InputError, match="2 sequences have labels, but 1"):
        value("accuracy", labels=[["O"], ["O"]], predicted=[["O"]])


# ---- text


def test_text() -> None:
    arrays = {"nll": 100 * math.log(8), "tokens": 100, "characters": 300}
    assert value("nats", **arrays) == pytest.approx(math.log(8))
    assert value("perplexity", **arrays) == pytest.approx(8)
    assert value("bits_per_character", **arrays) == pytest.approx(1)
    for name in ("nats", "perplexity", "bits_per_character"):
        assert math.isnan(value(name, nll=0.0, tokens=0, characters=0))
    assert value("perplexity", nll=1e6, tokens=1) == math.inf
    assert math.isnan(value("perplexity", nll=math.nan, tokens=3))


# ---- written texts

WRITTEN = ("bleu", "chrf", "rouge1", "rouge2", "rougeL", "exact_match")
SAID = ["A man in a blue shirt is standing on a ladder.", "Two dogs run.", "", "The same words!"]
TRUE = [
    "A man in a blue shirt stands on a ladder.",
    "Two brown dogs are running.",
    "Nobody.",
    "The same words!",
]


def test_bleu_and_chrf_are_sacrebleus() -> None:
    import sacrebleu

    for name, theirs in (("bleu", sacrebleu.corpus_bleu), ("chrf", sacrebleu.corpus_chrf)):
        ours = value(name, texts=SAID, references=TRUE)
        assert ours == pytest.approx(theirs(SAID, [TRUE]).score)
        assert 20 < ours < 90
        assert ours == value(name, texts=SAID, references=[[t] for t in TRUE], nll=3.0)
        assert value(name, texts=TRUE, references=TRUE) == pytest.approx(100)
        more = [[TRUE[0], "A man stands on a ladder."], "Two dogs run.", ("No one.", "Nobody.", ""), TRUE[3]]
        streams = [
            [TRUE[0], "Two dogs run.", "No one.", TRUE[3]],
            [more[0][1], None, "Nobody.", None],
            [None, None, "", None],
        ]
        assert value(name, texts=SAID, references=more) == pytest.approx(theirs(SAID, streams).score) != ours


def test_bleu_by_hand() -> None:
    # 4-grams 1 of 2, trigrams 2 of 3, pairs 3 of 4, words 4 of 5; as long as the reference
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert value("bleu", texts=["a b c d x"], references=["a b c d e"]) == pytest.approx(expected)


def test_the_signature_says_how_bleu_was_computed() -> None:
    assert signature(SAID, TRUE).startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert signature(SAID, [[t, t] for t in TRUE]).startswith("nrefs:2|")
    assert signature(SAID, [TRUE[:2], *TRUE[1:]]).startswith("nrefs:var|")
    assert signature([], []) == ""


def test_texts_that_look_tokenised_bring_no_advice(caplog: pytest.LogCaptureFixture) -> None:
    value("bleu", texts=["some words ."] * 200, references=["some words ."] * 200)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("said", "true", "one", "two", "longest"),
    [
        # shared 5 of 6 and 6 words, 3 of 5 and 5 pairs; the, cat, the, mat and either sat or on stay in order
        ("the cat sat on the mat", "the cat on the mat sat", 1, 3 / 5, 5 / 6),
        ("police killed the gunman", "police kill the gunman", 3 / 4, 1 / 3, 3 / 4),
        ("the gunman kill police", "police kill the gunman", 1, 1 / 3, 1 / 2),
        # each as often as it is in both: 2 of 4 and 2
        ("the the the the", "the the", 2 * 2 / 6, 2 * 1 / 4, 2 * 2 / 6),
        ("We've 2 cats!", "we ve 2 CATS", 1, 1, 1),
        ("snake_case, well-known", "snake case well known", 1, 1, 1),
        ("Schöne Grüße", "schöne grüße", 1, 1, 1),
        ("cats", "cat", 0, 0, 0),  # not stemmed
        ("word", "word", 1, 0, 1),  # no pair in either
        ("", "something", 0, 0, 0),
        ("...", "", 0, 0, 0),
    ],
)
def test_rouge_by_hand(said: str, true: str, one: float, two: float, longest: float) -> None:
    for name, expected in (("rouge1", one), ("rouge2", two), ("rougeL", longest)):
        assert value(name, texts=[said], references=[true]) == pytest.approx(100 * expected), name
        assert value(name, texts=[true], references=[said]) == pytest.approx(100 * expected), name


def test_rouge_is_the_mean_over_rows_of_the_best_reference() -> None:
    arrays = {"texts": ["a b c", "d"], "references": [["a", "a b c d", "x"], "e"]}
    assert value("rouge1", **arrays) == pytest.approx(100 * (6 / 7 + 0) / 2)
    assert value("rouge2", **arrays) == pytest.approx(100 * (4 / 5 + 0) / 2)
    assert value("rougeL", **arrays) == pytest.approx(100 * (6 / 7 + 0) / 2)


def test_the_longest_common_subsequence_is_that_of_the_table() -> None:
    def table(a: list[str], b: list[str]) -> int:
        lengths = np.zeros((len(a) + 1, len(b) + 1), int)
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                lengths[i + 1, j + 1] = (
                    lengths[i, j] + 1 if x == y else max(lengths[i, j + 1], lengths[i + 1, j])
                )
        return int(lengths[-1, -1])

    random = np.random.default_rng(0)
    for _ in range(200):
        a, b = (random.choice(list("abcd"), random.integers(1, 90)).tolist() for _ in range(2))
        found = value("rougeL", texts=[" ".join(a)], references=[" ".join(b)])
        assert found == pytest.approx(200 * table(a, b) / (len(a) + len(b)))


def test_exact_match() -> None:
    arrays = {
        "texts": ["Bath  room", " kitchen\n", "milk,apple", "STRASSE", "hall"],
        "references": ["bath room", "Kitchen", ["apple", "milk, apple"], ["office", "straße"], "hallway"],
    }
    assert value("exact_match", **arrays) == 3 / 5


def test_distinct() -> None:
    texts = ["I don't know", "i know", "."]
    # i don t know i know: 4 words of 6; i-don don-t t-know i-know: no pair across the texts
    assert value("distinct_1", texts=texts) == pytest.approx(4 / 6)
    assert value("distinct_2", texts=texts) == 1
    assert value("distinct_2", texts=[*texts, "I know!"]) == pytest.approx(4 / 5)
    for name in ("distinct_1", "distinct_2"):
        assert math.isnan(value(name, texts=[]))
        assert math.isnan(value(name, texts=["", "..."]))
    assert math.isnan(value("distinct_2", texts=["one", "two"]))


def test_texts_that_are_none_or_do_not_fit() -> None:
    for name in WRITTEN:
        assert math.isnan(value(name, texts=[], references=[]))
        for texts, references, said in (
            (["a", "b"], ["a"], "2 texts need as many references, but 1 came"),
            (["a", "b"], ["a", []], "text 1 has no reference"),
            (["a"], "a", "one string came"),
            ("a", ["a"], "one string came"),
            (["a"], [["a", None]], "references must be strings, but NoneType came"),
            ([3], ["a"], "texts must be strings, but int came"),
        ):
            with pytest.raises(InputError, match=said):
                value(name, texts=texts, references=references)
    with pytest.raises(InputError, match="one string came"):
        value("distinct_1", texts="a b")


def test_without_sacrebleu_the_pip_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    for name in ("bleu", "chrf"):
        with pytest.raises(MissingExtra, match=rf"{name} needs sacrebleu.*'hitherto\[train\]'"):
            value(name, texts=SAID, references=TRUE)
    assert value("rouge1", texts=SAID, references=TRUE) > 0


# ---- forecasts


def forecasts() -> dict[str, Any]:
    """Two origins, two steps, one channel."""
    actual = np.array([[[1.0], [2.0]], [[3.0], [np.nan]]])
    median = np.array([[[2.0], [2.0]], [[1.0], [9.0]]])
    mean = np.array([[[2.0], [4.0]], [[1.0], [9.0]]])
    levels = (0.1, 0.5, 0.9)
    quantiles = median[..., None] + np.array([-1.5, 0, 1.5])
    return {"actual": actual, "mean": mean, "median": median, "quantiles": quantiles, "levels": levels,
            "naive_scale": np.array([2.0])}  # fmt: skip


def test_forecasts_by_hand() -> None:
    arrays = forecasts()
    assert value("mae", **arrays) == pytest.approx((1 + 0 + 2) / 3)
    assert value("mse", **arrays) == pytest.approx((1 + 4 + 4) / 3)
    assert value("rmse", **arrays) == pytest.approx(math.sqrt(3))
    assert value("mase", **arrays) == pytest.approx(0.5)
    assert value("smape", **arrays) == pytest.approx(200 * (1 / 3 + 0 + 2 / 4) / 3)
    # Errors at the three levels: (0.5, -1, -2.5), (1.5, 0, -1.5), (3.5, 2, 0.5), times level or level - 1.
    pinball = (0.05 + 0.5 + 0.25) + (0.15 + 0 + 0.15) + (0.35 + 1 + 0.45)
    assert value("crps", **arrays) == pytest.approx(2 * pinball / 9)
    assert value("coverage", **arrays) == pytest.approx(2 / 3)


def test_crps_comes_near_the_closed_form_of_a_gaussian() -> None:
    from statistics import NormalDist

    normal = NormalDist()
    levels = (np.arange(500) + 0.5) / 500
    actual = np.array([[[-1.2], [0.3]]])
    quantiles = np.broadcast_to([normal.inv_cdf(v) for v in levels], (1, 2, 1, 500))
    expected = np.mean(
        [y * (2 * normal.cdf(y) - 1) + 2 * normal.pdf(y) - 1 / math.sqrt(math.pi) for y in (-1.2, 0.3)]
    )
    assert value("crps", actual=actual, quantiles=quantiles, levels=levels) == pytest.approx(
        expected, abs=1e-3
    )


def test_mase_leaves_out_what_never_changed() -> None:
    arrays = forecasts() | {"naive_scale": np.array([[[4.0]], [[0.0]]])}
    assert value("mase", **arrays) == pytest.approx((1 / 4 + 0) / 2)
    assert math.isnan(value("mase", **forecasts() | {"naive_scale": np.zeros(1)}))
    assert math.isnan(value("mase", **forecasts() | {"naive_scale": np.array([np.nan])}))


def test_smape_of_nothing_for_nothing() -> None:
    zeros = np.zeros((1, 2, 1))
    assert value("smape", actual=zeros, median=zeros) == 0
    assert value("smape", actual=zeros, median=np.array([[[0.0], [5.0]]])) == pytest.approx(100)


def test_coverage_of_a_level() -> None:
    random = np.random.default_rng(0)
    actual = random.uniform(size=(500, 4, 2))
    levels = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    arrays = {"actual": actual, "quantiles": np.broadcast_to(levels, (500, 4, 2, 7)), "levels": levels}
    assert value("coverage", **arrays) == pytest.approx(0.8, abs=0.02)
    for level in (0.5, 0.8, 0.9):
        assert value("coverage", **arrays, level=level) == pytest.approx(level, abs=0.02)
    with pytest.raises(UsageError, match=r"of 0\.7; those they bound: 0\.5, 0\.8, 0\.9"):
        value("coverage", **arrays, level=0.7)
    widest = {**arrays, "quantiles": arrays["quantiles"][..., 2:5], "levels": levels[2:5]}
    assert value("coverage", **widest) == value("coverage", **arrays, level=0.5)
    assert math.isnan(value("coverage", **{**arrays, "quantiles": actual[..., None], "levels": (0.5,)}))


def test_forecasts_that_are_missing_or_do_not_fit() -> None:
    arrays = forecasts()
    unknown = {**arrays, "actual": np.full((2, 2, 1), np.nan)}
    broken = {**arrays, "mean": arrays["mean"] * np.nan, "median": arrays["median"] * np.nan}
    broken["quantiles"] = arrays["quantiles"] * np.nan
    wrong = {**arrays, "actual": arrays["actual"][:1]}
    for name in ("mae", "mse", "rmse", "mase", "smape", "crps", "coverage"):
        assert math.isnan(value(name, **unknown)), name
        assert math.isnan(value(name, **broken)), name  # a forecast that is NaN is not left out
        with pytest.raises(InputError, match="same shape"):
            value(name, **wrong)


# ---- error rates


def edits(a: Any, b: Any) -> int:
    """The table of distances, cell by cell."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def test_error_rates_count_edits() -> None:
    random = np.random.default_rng(0)
    for letters in ("ab", "abcdef", "abcdefghijklmnopqrstuvwxyz"):
        texts, true = (
            [" ".join(random.choice(list(letters), n)) for n in random.integers(0, 90, 25)] for _ in "12"
        )
        words = sum(edits(t.split(), s.split()) for s, t in zip(texts, true, strict=True))
        assert value("wer", texts=texts, references=true) == pytest.approx(
            words / sum(len(t.split()) for t in true)
        )
        signs = sum(edits(t, s) for s, t in zip(texts, true, strict=True))
        assert value("cer", texts=texts, references=true) == pytest.approx(signs / sum(map(len, true)))


def test_error_rates_are_jiwers() -> None:
    jiwer = pytest.importorskip("jiwer")
    texts = ["the cat sat", "", "a b c d e", "Hello, World", "x y"]
    true = ["the cat sat on the mat", "nothing", "b c x e", "hello world", "x y"]
    assert value("wer", texts=texts, references=true) == pytest.approx(jiwer.wer(true, texts))
    assert value("cer", texts=texts, references=true) == pytest.approx(jiwer.cer(true, texts))


@pytest.mark.parametrize(
    ("said", "true", "words", "characters"),
    [
        ("a b c", "a b c", 0, 0),
        ("a c", "a b c", 1 / 3, 2 / 5),
        (" a  b\n", "a b", 0, 0),  # blanks part words, however many
        ("a b c d", "x", 4, 7),  # more may be wrong than there is
        ("", "two words", 1, 1),
        ("A.", "a", 1, 2),
    ],
)
def test_error_rates_by_hand(said: str, true: str, words: float, characters: float) -> None:
    assert value("wer", texts=[said], references=[true]) == pytest.approx(words)
    assert value("cer", texts=[said], references=[[true]]) == pytest.approx(characters)


def test_error_rates_of_long_texts() -> None:
    random = np.random.default_rng(1)
    true = list("".join(random.choice(list("abcdefgh"), 20_000)))
    said = true.copy()
    for at in range(500, 20_000, 1000):  # far apart, each is an edit of its own
        said[at] = "X"
    del said[12_345]
    said.insert(17_777, "Y")
    found = value("cer", texts=["".join(said)], references=["".join(true)])
    assert found == pytest.approx(22 / 20_000)


def test_error_rates_that_mean_nothing() -> None:
    assert math.isnan(value("wer", texts=[], references=[]))
    assert math.isnan(value("cer", texts=["a"], references=[" "]))
    assert METRICS["wer"].better == METRICS["cer"].better == "lower"
    with pytest.raises(InputError, match="one reference, but text 1 has 2"):
        value("wer", texts=["a", "b"], references=["a", ["b", "c"]])
