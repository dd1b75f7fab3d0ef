"""Words by their letters: the codec, its operation in torch, numpy and the extension, and models that read it."""

import json
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto import native
from hitherto.checks import check_codec
from hitherto.codecs import CODECS, SpelledCodec
from hitherto.codecs.spelled import BEGIN, END, FIRST, LENGTH, OTHER, SHAPES, shape_of
from hitherto.errors import BundleError, UsageError
from hitherto.plan import OPS, make
from hitherto.plan.check import check
from hitherto.runtime import pure
from hitherto.runtime.engine import Engine
from hitherto.runtime.stages import Stages
from hitherto.spec import ModelSpec

TEXTS = ["The cat's hat, and 3.14 USA", "", "McDonald went to the 1990s", "naïve Zoë 北京 A b", "x" * 60]


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("...", "no letter or digit"), ("1,234", "digits"), ("B2B", "letters and digits"), ("the", "lower case"),
        ("cat's", "lower case"), ("北京", "lower case"), ("Oslo", "Capital"), ("Élan", "Capital"), ("USA", "CAPITALS"),
        ("U.S.", "CAPITALS"), ("A", "one capital"), ("McDonald", "mIxEd"), ("iPhone", "mIxEd"),
    ],
)  # fmt: skip
def test_a_word_has_a_shape(word: str, shape: str) -> None:
    assert SHAPES[shape_of(word)] == shape


@pytest.mark.parametrize(
    "options", [{}, {"lower": False, "max_length": 3}, {"split": "punctuation", "min_count": 2}]
)
def test_the_codec_keeps_its_promises(options: dict[str, Any]) -> None:
    codec = SpelledCodec.fit(TEXTS, **options)
    assert CODECS[codec.kind] is SpelledCodec
    assert [(promise, detail) for promise, ok, detail in check_codec(codec, TEXTS) if not ok] == []


def test_a_step_is_a_word_its_shape_and_its_letters() -> None:
    codec = SpelledCodec.fit([["Oslo", "oslo", "is"], ["a"]])
    words, letters, shapes = codec.sizes
    assert (words, letters, shapes) == (4, FIRST + len("Osloia"), len(SHAPES))
    oslo, lower, new = codec.encode(["Oslo", "oslo", "Liz"])
    assert oslo[0] == lower[0] == codec.words.vocabulary.index("oslo")
    assert (SHAPES[int(oslo[1])], SHAPES[int(lower[1])]) == ("Capital", "lower case")
    code = {letter: FIRST + i for i, letter in enumerate(codec.letters)}
    assert oslo[2:8].tolist() == [BEGIN, *(code[letter] for letter in "Oslo"), END]
    assert not oslo[8:].any()
    assert new[:7].tolist() == [codec.words.unknown, 4, BEGIN, OTHER, code["i"], OTHER, END]
    (long,) = codec.encode(["is" * 30 + "a"])
    assert len(long) == codec.size == 2 + LENGTH
    assert [int(n) for n in long[[2, 3, -2, -1]]] == [BEGIN, code["i"], code["a"], END]
    assert SpelledCodec.fit([["Oslo", "oslo"]], lower=False).sizes[0] == 3
    more = SpelledCodec.fit([["a"]]).with_words(["b"])
    assert more.words.vocabulary == ["<unk>", "a", "b"]
    assert more.chances is not None
    assert more.chances.tolist() == [1.0, 0.2, 0.2]


def test_rare_words_are_forgotten_most() -> None:
    codec = SpelledCodec.fit([["a"] * 99, ["b"]])
    rows = np.concatenate([codec.encode(["a"] * 4000), codec.encode(["b"] * 4000)])
    changed = codec.forgetful(rows, np.random.default_rng(0))
    lost = (changed[:, 0] == codec.words.unknown).reshape(2, -1).mean(1)
    assert lost == pytest.approx([0.25 / 99.25, 0.2], abs=0.02)
    assert np.array_equal(changed[:, 1:], rows[:, 1:])
    again = SpelledCodec.from_json(codec.to_json(), codec.parts())
    assert np.array_equal(
        again.forgetful(rows, np.random.default_rng(0)), rows
    )  # a bundle's model trains no more


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"letters": ["a", "a"]}, "one character, and no other"),
        ({"letters": ["ab"]}, "one character"),
        ({"merges": []}, "a vocabulary and letters"),
        ({"vocabulary": ["a"]}, "lacks '<unk>'"),
    ],
)
def test_what_is_no_codec_is_refused(change: dict[str, list[str]], said: str) -> None:
    codec = SpelledCodec.fit(TEXTS)
    with pytest.raises(UsageError, match=said):
        SpelledCodec.from_json(codec.to_json(), codec.parts() | change)
    document: dict[str, Any] = codec.to_json()
    for wrong in ({"length": 3}, {"length": 257}, {"words": document["words"] | {"tokens": "chars"}}):
        with pytest.raises((UsageError, BundleError)):
            SpelledCodec.from_json(document | wrong, codec.parts())


# ---- the operation


def model(**options: Any) -> Any:
    """A plan that reads spelled words, its tensors, and some steps of three rows."""
    pytest.importorskip("torch")
    from hitherto.model.build import build

    codec = SpelledCodec.fit(TEXTS)
    x = {"kind": "vectors", "size": codec.size, "spelled": list(codec.sizes)}
    spec = ModelSpec(
        **({"hidden_size": 8, "num_layers": 1, "embedding_size": 12, "bidirectional": False} | options)
    )
    plan = make(spec, "many_to_many", {"x": x}, "softmax", {"classes": 3})
    module = build(plan, seed=1)
    words = codec.encode(" ".join(TEXTS))
    random = np.random.default_rng(0)
    steps = np.stack([words, random.normal(size=words.shape) * 20, np.zeros_like(words)], 1).astype(
        np.float32
    )
    steps[0, 1, :5] = [
        np.nan,
        np.inf,
        -np.inf,
        1e30,
        3.99,
    ]  # what no codec gives: nearest numbers that there are
    return plan, module.eval(), steps


@pytest.mark.parametrize(
    "options", [{}, {"letter_buckets": 64}, {"letter_buckets": 64, "embedding_size": 21}]
)
def test_torch_numpy_and_the_extension_read_alike(options: dict[str, Any]) -> None:
    import torch

    plan, module, x = model(**options)
    tensors = module.tensors()
    assert check(json.loads(json.dumps(plan)), tensors) == plan
    engine = Engine(plan, tensors)
    features, _ = engine.forward({"x": x}, None, None)
    theirs, _ = module({"x": torch.from_numpy(x)}, None, None)
    assert np.abs(features - theirs.detach().numpy()).max() < 1e-6
    read = engine.read(x, end=1)[0]
    assert np.isfinite(read).all()
    assert np.ptp(read[:, 0], 0).min() > 0
    stages = Stages(plan["step"], plan["inputs"]["x"], tensors, engine.places).rows
    program, out = pure.Program("float32", engine.size, *stages), np.empty_like(read)
    program.run(x, engine.block(3), out, None, None, 0, 1, 1, None, None, None, None, None)
    assert out == pytest.approx(read, abs=1e-6)
    if native.extension() is not None:
        assert not isinstance(engine.program, pure.Program)
    for t in range(len(x)):  # a step is what it is, whoever is beside it
        assert np.array_equal(engine.read(x[t : t + 1, :1], end=1)[0][0], read[t, :1])


def test_the_letters_are_a_convolution_and_its_maximum() -> None:
    import torch

    _, module, x = model()
    op = module.plan["step"][0]
    words, shapes, letters, conv, bias = module.tensors_of(op, "weight", "shapes", "letters", "conv", "bias")
    row = torch.from_numpy(x[0, 0])
    codes = row[2:].long()
    table = letters.clone()
    table[0] = 0  # no letter adds nothing
    seen = torch.nn.functional.conv1d(table[codes].t()[None], conv, bias, padding=1)[0]
    expected = torch.cat([words[int(row[0])], shapes[int(row[1])], seen[:, codes > 0].amax(1)])
    from hitherto.model.spelling import spell

    made = spell(torch.from_numpy(x[:1, :1]), (words, shapes, letters, conv, bias))
    torch.testing.assert_close(made[0, 0], expected)
    none = spell(torch.zeros(2, 1, x.shape[2]), (words, shapes, letters, conv, bias))
    assert not none[..., -len(bias) :].any()
    assert spell(torch.zeros(0, 3, x.shape[2]), (words, shapes, letters, conv, bias)).shape[:2] == (0, 3)


def fnv(codes: list[int], buckets: int) -> int:
    """The bucket of an n-gram, by hand."""
    h = len(codes)
    for code in codes:
        h = (h ^ code) * 16777619 % 2**32
    h = (h ^ (h >> 15)) * 0x2C1B3C6D % 2**32
    h = (h ^ (h >> 12)) * 0x297A2D39 % 2**32
    return (h ^ (h >> 15)) % buckets


def test_a_word_is_the_mean_of_its_row_and_those_of_its_n_grams() -> None:
    """As in fastText: n-grams of 3 to 6 letters, with the marks before and behind the word."""
    import torch

    _, module, x = model(letter_buckets=50)
    op = module.plan["step"][0]
    assert (op["op"], op["options"]["shortest"], op["options"]["longest"]) == ("subwords", 3, 6)
    table, shapes = (value.detach().numpy() for value in module.tensors_of(op, "weight", "shapes"))
    words = op["options"]["words"]
    assert table.shape == (words + 50, 12)
    from hitherto.model.build import torch_op

    made, _ = torch_op("subwords").run(module, op, torch.from_numpy(x[:, :1]), None, None)
    for row, y in zip(x[2:, 0], made[2:, 0].detach().numpy(), strict=True):
        codes = [int(code) for code in row[2:] if code]
        grams = [codes[i : i + n] for n in (3, 4, 5, 6) for i in range(len(codes) + 1 - n)]
        rows = [int(row[0]), *(words + fnv(gram, 50) for gram in grams)]
        np.testing.assert_allclose(y, np.concatenate([table[rows].mean(0), shapes[int(row[1])]]), atol=1e-6)
    none, _ = torch_op("subwords").run(module, op, torch.zeros(1, 1, x.shape[2]), None, None)
    np.testing.assert_allclose(none[0, 0].detach().numpy(), np.concatenate([table[0], shapes[0]]))
    with pytest.raises(UsageError, match="letter_buckets are of the letters of words"):
        make(ModelSpec(hidden_size=4, num_layers=1, letter_buckets=9), "many_to_many",
             {"x": {"kind": "ids", "size": 5}}, "softmax", {"classes": 3})  # fmt: skip


def test_words_that_share_letters_share_what_is_learned() -> None:
    """A word that training did not have is known by its stem, in a file and in a stream."""
    rows = [
        {"text": f"it is {word}", "label": label}
        for word, label in (("wonderful", "+"), ("wonders", "+"), ("dreadful", "-"), ("dreading", "-"))
    ] * 12
    model = hitherto.train(
        "classify", rows, spelling=True, letter_buckets=512, hidden_size=12, embedding_size=8, epochs=30, lr=0.02,
        bidirectional=False, threads=1, baselines=False,
    )  # fmt: skip
    assert model.plan["step"][0]["op"] == "subwords"
    assert model.predict(["it is wonderous", "it is dreadlike"]) == ["+", "-"]
    stream = model.stream()
    for piece in ("it is won", "derous"):
        stream.push(piece)
    assert stream.finish() == model.predict(["it is wonderous"], details=True)[0] | {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"length": 7}, "reads a word of 7 letters"),
        ({"kernel": 2}, "must be odd"),
        ({"letters": 0}, "letters"),
        ({"letter_buckets": 9, "length": 7}, "reads a word of 7 letters"),
        ({"letter_buckets": 9, "shortest": 1}, "n-grams of two letters or more"),
        ({"letter_buckets": 9, "longest": 2}, "n-grams of two letters or more"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(change: dict[str, int], said: str) -> None:
    options = {name: value for name, value in change.items() if name == "letter_buckets"}
    change = {name: value for name, value in change.items() if name not in options}
    plan = json.loads(json.dumps(model(**options)[0]))
    plan["step"][0]["options"] |= change
    with pytest.raises(BundleError, match=said):
        check(plan)


OF_BOTH = (
    {"P": 3},
    {"channels": 0},
    {"I": 2},
    {"height": 9},
)  # what a stage may not be, whichever reads letters


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, ({"kernel": 2}, {"O": 32 + len(SHAPES)})),
        (
            {"letter_buckets": 64},
            ({"kernel": 1}, {"stride": LENGTH + 1}, {"buckets": 0}, {"O": len(SHAPES)}, {"H": 1}),
        ),
    ],
)
def test_what_the_extension_gets_is_checked_again(options: dict[str, Any], changes: tuple[Any, ...]) -> None:
    if (extension := native.extension()) is None:
        pytest.skip("there is no extension here")
    plan, module, _ = model(**options)
    engine = Engine(plan, module.tensors())
    (row, *_) = Stages(plan["step"], plan["inputs"]["x"], module.tensors(), engine.places).rows
    extension.Program("float32", 0, row)
    for change in (*OF_BOTH, *changes):
        with pytest.raises(ValueError, match="do not fit together"):
            extension.Program("float32", 0, row | change)


def test_dropout_of_words_leaves_letters() -> None:
    import torch

    _, module, x = model(embedding_dropout=0.9, dropout=0.0)
    assert OPS["spell"].options["dropout"]
    torch.manual_seed(0)
    module.train()
    steps = torch.from_numpy(x[:, :1])
    op = module.plan["step"][0]
    from hitherto.model.build import torch_op

    made, _ = torch_op("spell").run(module, op, steps, None, None)
    plain, _ = torch_op("spell").run(module.eval(), op, steps, None, None)
    width = op["options"]["width"]
    gone = (made[..., :width] == 0).all(-1)
    assert 0 < int(gone.sum()) < len(steps) + 1
    assert torch.equal(made[..., width:], plain[..., width:])


# ---- models


def endings(seed: int, rows: int) -> list[dict[str, list[str]]]:
    """Words that are new every time: their ending is their part, and a capital makes a name."""
    random, made = np.random.default_rng(seed), []
    parts = {"ing": "V", "ly": "A", "er": "N"}
    for _ in range(rows):
        tokens, tags = [], []
        for _ in range(int(random.integers(2, 6))):
            stem = "".join(random.choice([*"abdegklmnoprstuz"], 4))
            ending = str(random.choice([*parts]))
            name = random.random() < 0.25
            tokens.append((stem + ending).capitalize() if name else stem + ending)
            tags.append("P" if name else parts[ending])
        made.append({"tokens": tokens, "tags": tags})
    return made


def test_words_never_seen_are_read_by_letters(tmp_path: Any) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "parts.safetensors"
    quick: dict[str, Any] = {
        "hidden_size": 16,
        "embedding_size": 16,
        "epochs": 8,
        "batch_size": 8,
        "lr": 0.02,
    }
    hitherto.train("tag", endings(0, 120), out=path, bidirectional=False, **quick)
    model = hitherto.open(path)
    assert model.codecs["input"].kind == "spelled"
    assert model.evaluate(endings(1, 60))["accuracy"] > 0.95
    row = endings(2, 1)[0]
    stream = model.stream()
    rows = [*stream.push(" ".join(row["tokens"])), *stream.finish()]
    (whole,) = model.predict([row["tokens"]], details=True)
    assert [r["label"] for r in rows] == whole["labels"]
    plain = hitherto.train("tag", endings(0, 120), spelling=False, **quick)
    assert plain.codecs["input"].kind == "text"
    assert plain.evaluate(endings(1, 60))["accuracy"] < 0.6


def test_classify_reads_letters_where_it_is_told_to() -> None:
    pytest.importorskip("torch")
    rows = [{"text": f"we {word}ing, {n}", "label": "v"} for n, word in enumerate(["go", "see", "do"] * 8)]
    rows += [{"text": f"my {word}er, {n}", "label": "n"} for n, word in enumerate(["go", "see", "do"] * 8)]
    made = hitherto.train(
        "classify", rows, spelling=True, bidirectional=False, hidden_size=8, epochs=4, lr=0.02
    )
    codec = made.codecs["input"]
    assert isinstance(codec, SpelledCodec)
    assert codec.words.split == "punctuation"
    stream = made.stream()
    for piece in ("we g", "oing", ", 7"):
        stream.push(piece)
    assert stream.finish()["label"] == made.predict(["we going, 7"])[0]
    assert hitherto.train("classify", rows, hidden_size=8, epochs=1).codecs["input"].kind == "text"
