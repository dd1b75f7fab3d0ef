"""What every row of every table promises: `checks` over all of them, with each of their options."""

import inspect

import numpy as np
import pytest

from hitherto import media
from hitherto.cells import CELLS
from hitherto.checks import check_cell, check_codec, check_head, check_task
from hitherto.codecs import CODECS
from hitherto.data.series import gather
from hitherto.decode import DECODERS, DecodeOptions
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.media.sound import Sound
from hitherto.metrics import METRICS
from hitherto.plan import OPS
from hitherto.spec import DataSpec
from hitherto.spec.tasks import FORMS, TASKS
from hitherto.tasks.families import FAMILIES, family_of, verb_of
from hitherto.tasks.streams import Stream

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


def _sounds():
    random = np.random.default_rng(0)
    return [
        Sound(random.normal(size=shape) / 5, rate)
        for shape, rate in ((4000, 8000), ((3000, 2), 11025), (7001, 16000), (1, 8000), (30, 44100))
    ]


def _drawings():
    random = np.random.default_rng(0)
    walks = [random.normal(size=(n, 2)).cumsum(0).round(2).tolist() for n in (1, 3, 30, 2, 17, 9, 1, 12)]
    return [walks[:3], walks[3:6], walks[6:], walks[:1]]


PICTURES = [np.random.default_rng(i).integers(0, 256, (9 + i, 14, 3), np.uint8) for i in range(4)]
VIDEOS = [np.random.default_rng(i).integers(0, 256, (5 + 4 * i, 6, 8, 3), np.uint8) for i in range(3)]


ROLLS = [
    [[48, 60, 64], [48, 60, 67], [], [50, 62, 65], *[[55]] * 12],
    [[74, 70, 65, 58], [60, 60], []] * 5,
    [],
    np.eye(128, dtype=bool)[50:70],
]

CODEC_CASES = {
    **{f"text {k} {end}": ("text", TEXTS, {"tokens": k, "end": end})
       for k in ("words", "chars", "bytes") for end in (False, True)},
    "text punctuation": ("text", TEXTS, {"tokens": "words", "split": "punctuation", "lower": True}),
    "spelled": ("spelled", TEXTS, {}),
    "text cut short": ("text", TEXTS, {"tokens": "chars", "max_length": 7}),
    **{f"series {s} {a}": ("series", _waves(), {"horizon": 5, "scaling": s, "anchor": a})
       for s in ("causal", "train", "counts", "none") for a in ("mean", "last", "season", "none")},
    "series as input": ("series", [np.arange(12.0).reshape(6, 2), np.ones((3, 2))], {}),
    "audio": ("audio", _sounds(), {}),
    "audio joined": ("audio", _sounds(), {"rate": 11025, "bands": 20, "stack": 3, "max_length": 9}),
    "audio with slopes": ("audio", _sounds(), {"rate": 11025, "bands": 20, "stack": 2, "delta": 2}),
    "label": ("label", ["b", "a", "b"], {}),
    "labels at once": ("label", [["b", "a"], ["c"]], {"multi": True}),
    "a number": ("numbers", [3, "4.5", np.float32(-2)], {}),
    "numbers": ("numbers", [[3, 1e9], [4.5, "-1e9"], np.array([0.0, 3.0])], {}),
    "strokes": ("strokes", _drawings(), {}),
    "strokes in long steps, cut short": ("strokes", _drawings(), {"spacing": 0.5, "max_length": 5}),
    "strokes to write": ("strokes", _drawings(), {"writing": True}),
    "strokes to write, simplified": ("strokes", _drawings(), {"writing": True, "simplify": 0.5}),
    "image": ("image", PICTURES, {}),
    "image in gray": ("image", PICTURES, {"height": 5, "width": 5, "color": False}),
    "image by rows": ("image", PICTURES, {"reads": "rows"}),
    "image by columns": ("image", PICTURES, {"reads": "columns", "height": 6, "window": 4, "hop": 3}),
    "frames": ("frames", VIDEOS, {}),
    "frames, some of them": ("frames", VIDEOS, {"every": 2, "height": 4, "max_length": 4}),
    "notes": ("notes", ROLLS, {}),
    "notes cut short": ("notes", ROLLS, {"low": 40, "high": 80, "max_length": 9}),
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


@pytest.mark.parametrize("kind", CODECS)
def test_a_codec_declares_its_options(kind):
    codec, fields = CODECS[kind], DataSpec.__struct_fields__
    assert list(codec.options) == [name for name in inspect.signature(codec.fit).parameters if name in fields]


@pytest.mark.parametrize("kind", CODECS)
def test_the_tasks_of_a_codec_offer_its_options(kind):
    offered = {
        name for task in TASKS.values() if kind in (*task.inputs, task.output) for name in task.options
    }
    assert set(CODECS[kind].options) <= offered


def test_every_ending_belongs_to_one_codec():
    endings = [ending for codec in CODECS.values() for ending in codec.endings]
    assert len(endings) == len(set(endings))
    assert set(endings) == media.ENDINGS


def test_every_codec_is_tried():
    assert {kind for kind, _, _ in CODEC_CASES.values()} == set(CODECS)


HEAD_CASES = {
    "softmax": [{"classes": 5}],
    "pointer": [{"classes": 5}],
    "sigmoid": [{"labels": 5}],
    "chain": [{"labels": 7, "hidden": 5}, {"labels": 1, "hidden": 1}],
    "mixture": [{"components": 1}, {"components": 4, "ends": True}],
    "quantile": [{"levels": (0.1, 0.5, 0.9), "horizon": 3, "channels": 2}],
    **{name: [{"horizon": 3, "channels": 2}] for name in ("gaussian", "student_t", "negative_binomial")},
}


def test_every_head_is_tried():
    # these say something of all steps of a row, not at each: tests/test_heads.py and tests/test_crf.py have their own
    assert set(HEAD_CASES) == set(HEADS) - {"ctc", "crf"}


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name, cases in HEAD_CASES.items() for options in cases], ids=str
)
def test_a_head_keeps_its_promises(name, options):
    assert [(promise, detail) for promise, ok, detail in check_head(name, **options) if not ok] == []


@pytest.mark.parametrize("name", TASKS)
def test_a_task_names_only_rows_that_exist(name):
    task = TASKS[name]
    assert task.name == name
    assert task.form in FORMS
    assert set(task.inputs) | {task.output} <= set(CODECS)
    assert set(task.heads) <= set(HEADS)
    assert set(task.metrics) <= set(METRICS)
    assert set(task.decoders) <= set(DECODERS)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_in_the_row_of_its_family(name):
    family = family_of(name)
    assert issubclass(family.tasks[name]["stream"], Stream)
    assert [other for other, row in FAMILIES.items() if name in row.tasks] == [TASKS[name].source]
    assert family.source.judges == (family.judge is not None) == (family.decoding is not None)
    if family.source.continues:
        assert "generate" in family.tasks[name]


def test_a_verb_that_a_task_lacks_names_those_that_have_it():
    with pytest.raises(
        UsageError, match=r"steps is for compose and handwrite models; this one does tag\. Use predict"
    ):
        verb_of("tag", "steps")


@pytest.mark.parametrize("name", HEADS)
def test_a_head_has_a_loss_and_a_size(name):
    pytest.importorskip("torch")
    from hitherto.model.losses import LOSSES

    assert set(LOSSES) == set(HEADS)
    row = HEADS[name]
    assert row.name == name
    size = row.size(**HEAD_CASES.get(name, [{"classes": 3}])[0])
    assert isinstance(size, int)
    assert size > 0


def _next(state, tokens):
    """The log-probabilities of 5 tokens after any others: none is equal to another."""
    scores = -np.arange(5.0)[None] - (state + tokens[:, None]) % 3
    return scores - np.log(np.exp(scores).sum(1, keepdims=True)), state + 1


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_gives_the_same_tokens_again_and_changes_nothing(name):
    steps = _next(np.arange(12)[:, None], np.arange(12))[0]
    if name.startswith("ctc"):
        arguments, options = (steps,), {}
    else:
        drawn = {"temperature": 1.0, "seed": 1} if name == "sample" else {}
        arguments = (_next, np.zeros((1, 1)), steps[:1], DecodeOptions(max_new_tokens=6, **drawn))
        options = {"pick": lambda state, rows: state[rows]} if name == "beam" else {}
    kept = steps.copy()
    said = list(DECODERS[name](*arguments, **options))
    assert said == list(DECODERS[name](*arguments, **options))
    assert said
    assert all(type(token) is int and 0 <= token < 5 for token in said)
    assert np.array_equal(steps, kept)


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
    picture = {"kind": "vectors", "size": 24, "shape": [2, 4, 3], "single": True}
    seen = msgspec.structs.replace(spec, conv=(2,))
    words, pen = {"kind": "ids", "size": 5}, {"kind": "vectors", "size": 3}
    plans.append(make(seen, "one_to_many", {"source": picture, "x": words}, "softmax", {"classes": 5}))
    peaks = msgspec.structs.replace(seen, peaks=True, pool="max")
    plans.append(make(peaks, "many_to_one", {"x": picture}, "softmax", {"classes": 2}))
    plans.append(make(spec, "seq2seq", {"source": words, "x": pen}, "chain", {"labels": 3, "hidden": 2}))
    plans.append(make(spec, "many_to_many", {"x": words}, "crf", {"classes": 3}))
    beside = msgspec.structs.replace(spec, skip=True, ngrams=2, buckets=9)
    plans.append(make(beside, "many_to_one", {"x": words}, "softmax", {"classes": 2}))
    beside = msgspec.structs.replace(spec, skip=True)
    plans.append(make(beside, "many_to_one", {"x": pen}, "softmax", {"classes": 2}))
    window = {"window": 4, "mask": True, "beside": 0, "ahead": 0}
    series = {"kind": "vectors", "size": 9, "lookback": window}
    levels = {"horizon": 2, "channels": 1, "levels": [0.5]}
    plans.append(make(spec, "many_to_many", {"x": series}, "quantile", levels))
    spelled = {"kind": "vectors", "size": 9, "spelled": [5, 6, 2]}
    both = spec, msgspec.structs.replace(spec, letter_buckets=9)
    plans += [make(how, "many_to_many", {"x": spelled}, "softmax", {"classes": 3}) for how in both]
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
RATED = [
    {
        "text": row["text"],
        "stars": {"great": 5, "good": 4, "bad": 2, "dull": 1}[row["text"].split()[0]],
        "length": len(row["text"]),
    }
    for row in REVIEWS
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
TUNES = [
    {"roll": [[60 + (s + t) % 5, 64 + t % 3, 67][: 1 + t % 3] for t in range(12 + s)]} for s in range(12)
]
SEEN = [
    {
        "image": np.random.default_rng(i).random((6, 8, 3)).astype(np.float32),
        "film": np.random.default_rng(i).random((3 + i % 3, 6, 8)).astype(np.float32),
        "caption": f"a {word} one",
        "label": word,
    }
    for i, word in enumerate(["red", "dark", "small"] * 6)
]
HEARD = [
    {
        "sound": Sound(np.random.default_rng(i).normal(size=900 + 90 * i) / 5, 2000),
        "text": "abcab"[: 1 + i % 4],
    }
    for i in range(16)
]
INKED = [
    {
        "strokes": np.random.default_rng(i).normal(size=(2, 4 + i % 5, 2)).cumsum(1).tolist(),
        "text": "xyzx"[: 1 + i % 4],
    }
    for i in range(16)
]
NARROW = {"hidden_size": 12, "epochs": 1}
TASK_CASES = {
    "classify": (REVIEWS, {"input": "text", "output": "label", "bidirectional": False}),
    "classify spelled words": (REVIEWS, {"input": "text", "output": "label", "spelling": True}),
    "classify from both ends": (
        REVIEWS,
        {"input": "text", "output": "label", "bidirectional": True, "pool": "max"},
    ),
    "regress": (RATED, {"input": "text", "output": "stars", "bidirectional": False}),
    "regress several": (
        RATED,
        {"input": "text", "output": ["stars", "length"], "head": "student_t", "cell": "gru"},
    ),
    "tag": (TAGGED, {"input": "tokens", "output": "tags", "bidirectional": False, "cell": "gru"}),
    "tag rows as a whole": (TAGGED, {"input": "tokens", "output": "tags", "head": "crf"}),
    "lm": (TEXT.splitlines(), {"tokens": "words", "num_layers": 2, "tied": True, "embedding_size": 12}),
    "forecast": (
        DAYS,
        {"id": "unique_id", "time": "ds", "output": "y", "horizon": 3, "season": 11, "cell": "rnn"},
    ),
    "forecast step by step": (
        DAYS,
        {"id": "unique_id", "time": "ds", "output": "y", "horizon": 3, "reader": "steps", "cell": "gru"},
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
    "classify pictures": (SEEN, {"input": "image", "output": "label", "conv": (3,), "bidirectional": False}),
    "classify films": (
        SEEN,
        {
            "input": "film",
            "output": "label",
            "bidirectional": False,
            "pool": "mean",
            "conv": (4,),
            "peaks": True,
        },
    ),
    "caption": (SEEN, {"input": "image", "output": "caption", "conv": (3, 4), "embedding_size": 6}),
    "caption through one vector": (SEEN, {"input": "image", "output": "caption", "attention": "none"}),
    "caption a film": (SEEN, {"input": "film", "output": "caption", "conv": (3,), "augment": 0.0}),
    "transcribe": (HEARD, {"input": "sound", "output": "text", "bands": 5, "augment": 0.5}),
    "transcribe as it comes": (
        HEARD,
        {"input": "sound", "output": "text", "bands": 5, "bidirectional": False},
    ),
    "transcribe strokes": (INKED, {"input": "strokes", "output": "text", "spacing": 0.2, "augment": 0.5}),
    "handwrite": (INKED, {"input_feeding": True, "mixtures": 2, "components": 3, "embedding_size": 5}),
    "handwrite all at once": (INKED, {"mixtures": 2, "components": 3, "num_layers": 3}),
    "compose": (TUNES, {"augment": 0.5, "chain": 8}),
    "compose each key apart": (TUNES, {"head": "sigmoid", "cell": "gru"}),
}


@pytest.mark.parametrize("name", TASK_CASES)
def test_a_task_keeps_its_promises(name):
    pytest.importorskip("torch")
    import hitherto

    data, options = TASK_CASES[name]
    model = hitherto.train(name.split()[0], data, **NARROW, **options)
    assert [(promise, detail) for promise, ok, detail in check_task(model, data) if not ok] == []
    if name in TASKS:
        _goes_on(model, data)


def _goes_on(base, data):
    """A training that starts from a model has its codecs, its plan and its weights."""
    import hitherto

    still = {"steps": 1, "lr": 1e-9, "baselines": False}
    model = hitherto.train(base.spec.task, data, base=base, **still)
    assert model.plan == base.plan
    assert {n: c.parts() for n, c in model.codecs.items()} == {n: c.parts() for n, c in base.codecs.items()}
    for tensor, value in base.tensors.items():
        np.testing.assert_allclose(model.tensors[tensor], value, atol=1e-6, err_msg=tensor)


def test_every_task_is_tried():
    assert {name.split()[0] for name in TASK_CASES} == set(TASKS)
