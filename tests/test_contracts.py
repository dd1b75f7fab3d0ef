"""What every row of every table promises: `checks.py` over all of them, with each of their options."""

import numpy as np
import pytest

from hitherto.cells import CELLS
from hitherto.checks import check_cell, check_codec, check_task
from hitherto.codecs import CODECS
from hitherto.codecs.series import gather
from hitherto.decode import DECODERS
from hitherto.heads import HEADS
from hitherto.metrics import METRICS
from hitherto.plan import OPS
from hitherto.tasks import FORMS, TASKS

OPTIONS = {
    "rnn": [{}, {"nonlinearity": "relu"}, {"layer_norm": True}],
    "lstm": [{}, {"proj_size": 3}, {"layer_norm": True}],
    "gru": [{}, {"reset": "before"}, {"layer_norm": True}, {"bias": False}],
}


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name in CELLS for options in OPTIONS[name]], ids=str
)
def test_a_cell_keeps_its_promises(name, options):
    quick = bool({"layer_norm", "proj_size"} & set(options))  # no kernel, so no sizes that matter to one
    broken = [(promise, detail) for promise, ok, detail in check_cell(name, quick, **options) if not ok]
    assert broken == []


def test_every_option_is_tried():
    for name, cell in CELLS.items():
        tried = {option for options in OPTIONS[name] for option in options} | {"bias"}
        assert set(cell.options) <= tried, name


TEXTS = [
    "The cat's hat, and  3.14 — naïve 🙂!\n\tTabs\n\nlines",
    "a b c",
    "",
    " leading and trailing ",
    "Zoë_x 北京\n",
] * 3


def _waves():
    random = np.random.default_rng(0)
    values = random.normal(size=(90, 2)).cumsum(0) + 50
    values[[3, 4, 20]] = np.nan
    rows = [
        {"t": str(np.datetime64("2024-01-01T00") + i), "a": values[i, 0], "b": values[i, 1]}
        for i in range(90)
    ]
    return gather(rows, target=["a", "b"], time="t")[0]


CODEC_CASES = {
    **{f"text {k} {end}": ("text", TEXTS, {"tokens": k, "end": end})
       for k in ("words", "chars", "bytes") for end in (False, True)},
    "text punctuation": ("text", TEXTS, {"tokens": "words", "split": "punctuation", "lower": True}),
    "text cut short": ("text", TEXTS, {"tokens": "chars", "max_length": 7}),
    **{f"series {s} {a}": ("series", _waves(), {"horizon": 5, "scaling": s, "anchor": a})
       for s in ("causal", "train", "counts", "none") for a in ("mean", "last", "season", "none")},
    "series as input": ("series", [np.arange(12.0).reshape(6, 2), np.ones((3, 2))], {}),
    "label": ("label", ["b", "a", "b"], {}),
    "labels at once": ("label", [["b", "a"], ["c"]], {"multi": True}),
}  # fmt: skip


@pytest.mark.parametrize("name", CODEC_CASES)
def test_a_codec_keeps_its_promises(name):
    kind, values, options = CODEC_CASES[name]
    codec = CODECS[kind].fit(values, **options)
    assert codec.kind == kind
    assert [(promise, detail) for promise, ok, detail in check_codec(codec, values) if not ok] == []


@pytest.mark.parametrize("end", [False, True])
def test_subwords_keep_theirs(end):
    pytest.importorskip("tokenizers")
    codec = CODECS["text"].fit(TEXTS * 20, tokens="subwords", vocab_size=300, end=end)
    assert [(promise, detail) for promise, ok, detail in check_codec(codec, TEXTS) if not ok] == []


def test_every_codec_is_tried():
    assert {kind for kind, _, _ in CODEC_CASES.values()} == set(CODECS)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_names_only_rows_that_exist(name):
    task = TASKS[name]
    assert task.name == name
    assert task.form in FORMS
    assert set(task.inputs) | {task.output} <= set(CODECS)
    assert set(task.heads) <= set(HEADS)
    assert set(task.metrics) <= set(METRICS)
    assert set(task.decoders) <= set(DECODERS)


def test_operations_have_weights_and_states_of_plain_shapes():
    import msgspec

    from hitherto.plan import make, operations
    from hitherto.spec import ModelSpec

    spec = ModelSpec(hidden_size=4, num_layers=2, embedding_size=3, dropout=0.1)
    used, plans = set(), []
    for form in ("many_to_one", "many_to_many"):
        plan = make(spec, form, {"x": {"kind": "ids", "size": 5}}, "softmax", {"classes": 2})
        plans.append(plan)
    for options in ({"attention": "additive", "input_feeding": True}, {"attention": "none"}, {}):
        inputs = {name: {"kind": "ids", "size": 5} for name in ("source", "x")}
        head = "softmax" if options else "pointer"
        plans.append(make(msgspec.structs.replace(spec, **options), "seq2seq", inputs, head, {"classes": 5}))
    for op in (op for plan in plans for op in operations(plan)):
        used.add(op["op"])
        row = OPS[op["op"]]
        for shape in (*row.weights(op["options"]).values(), *row.states(op["options"]).values()):
            assert all(isinstance(n, int) for n in shape)
    assert used == set(OPS)


REVIEWS = [
    {"text": f"{word} film, {word} " + "and so on " * (i % 5), "label": label}
    for i in range(15)
    for word, label in (("good", "+"), ("great", "+"), ("bad", "-"), ("dull", "-"))
]
TAGGED = [{"tokens": ["ann", "met", "bob"][:n], "tags": ["P", "O", "P"][:n]} for n in (1, 2, 3)] * 10
TEXT = "the cat sat on the mat.\n" * 60
DAYS = [{"unique_id": s, "ds": t, "y": (t * 7 + len(s)) % 11} for s in ("a", "bb") for t in range(90)]
PAIRS = [{"source": f"{a} {b} {n}", "target": f"{n} {b.upper()} {a}"}
         for a in ("ein", "kein") for b in ("hund", "haus") for n in range(8)]  # fmt: skip
TALKS = [
    {"turns": ["hello there", f"hi, {name}", "how are you?", f"well, {name}"]} for name in ("ann", "bob")
] * 8
STORIES = [
    {
        "story": f"{who} went to the {place}.",
        "question": f"where is {who}?",
        "answer": place,
        "kind": place[0],
    }
    for who in ("mary", "john", "sue")
    for place in ("hall", "garden", "office", "kitchen")
] * 3
NARROW = {"hidden_size": 12, "epochs": 1}
TASK_CASES = {
    "classify": (REVIEWS, {"input": "text", "output": "label", "bidirectional": False}),
    "classify from both ends": (
        REVIEWS,
        {"input": "text", "output": "label", "bidirectional": True, "pool": "max"},
    ),
    "tag": (TAGGED, {"input": "tokens", "output": "tags", "bidirectional": False, "cell": "gru"}),
    "lm": (TEXT.splitlines(), {"tokens": "words", "num_layers": 2, "tied": True, "embedding_size": 12}),
    "forecast": (
        DAYS,
        {"id": "unique_id", "time": "ds", "output": "y", "horizon": 3, "season": 11, "cell": "rnn"},
    ),
    "translate": (PAIRS, {"vocab_size": 280}),
    "translate reading one way": (
        PAIRS,
        {"tokens": "words", "bidirectional": False, "attention": "additive"},
    ),
    "translate through one vector": (PAIRS, {"tokens": "chars", "attention": "none", "cell": "gru"}),
    "summarize": (PAIRS, {"vocab_size": 280, "input_feeding": True, "max_length": 6}),
    "chat": (TALKS, {"input": "turns", "vocab_size": 280}),
    "answer": (STORIES, {"copy": True, "by": "kind"}),
}


@pytest.mark.parametrize("name", TASK_CASES)
def test_a_task_keeps_its_promises(name):
    pytest.importorskip("torch")
    import hitherto

    data, options = TASK_CASES[name]
    model = hitherto.train(name.split()[0], data, **NARROW, **options)
    assert [(promise, detail) for promise, ok, detail in check_task(model, data) if not ok] == []


def test_every_task_is_tried():
    assert {name.split()[0] for name in TASK_CASES} == set(TASKS)
