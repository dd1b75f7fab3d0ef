"""The benchmarks' statistics, grid, roofline and report; a tiny point through --quick; data, baselines and the torch
script of those that write. No time is judged."""

from __future__ import annotations

import gzip
import importlib
import io
import itertools
import json
import math
import random
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitherto.model import kernels

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
bfloat16: Any = importlib.import_module("bfloat16")
common: Any = importlib.import_module("common")
layers: Any = importlib.import_module("layers")
report: Any = importlib.import_module("report")
roofline: Any = importlib.import_module("roofline")
writing: Any = importlib.import_module("writing")

TINY = {"cell": "gru", "hidden": 3, "batch": 2, "time": 4, "training": True, "ragged": True, "threads": 1}
CALIBRATION = {
    "torch_matmul": 100.0,
    "fma": 100.0,
    "barrier": 100.0,
    "read": {str(n): 200.0 if n <= 2**20 else 20.0 for n in roofline.READS},
}


# ---- statistics


@pytest.mark.parametrize("q", [0, 0.1, 0.25, 0.5, 0.75, 1])
@pytest.mark.parametrize("n", [1, 2, 5, 15])
def test_quantile_is_numpys(n: int, q: float) -> None:
    values = [random.Random(n).random() for _ in range(n)]
    assert common.quantile(values, q) == pytest.approx(np.quantile(values, q))


def test_median_interval_of_15_lies_between_the_4th_and_the_12th() -> None:
    values = random.Random(0).sample(range(1, 16), 15)
    low, high, coverage = common.median_interval(values)
    assert (low, high) == (4, 12)
    assert coverage == pytest.approx(0.9648, abs=1e-4)


def test_median_interval_of_few_values_is_their_range_and_says_what_it_covers() -> None:
    assert common.median_interval([3, 1, 2, 5, 4]) == (1, 5, 1 - 2 / 32)
    assert common.median_interval([1]) == (1, 1, 0)


def test_median_interval_covers_as_often_as_it_says() -> None:
    draw = random.Random(1)
    inside = 0
    for _ in range(2000):
        low, high, coverage = common.median_interval([draw.gauss(0, 1) for _ in range(15)])
        inside += low <= 0 <= high
    assert inside / 2000 == pytest.approx(coverage, abs=0.02)


def test_geometric_mean() -> None:
    assert common.geometric_mean([0.5, 2, 8]) == pytest.approx(2)
    with pytest.raises(ValueError, match="at least one"):
        common.geometric_mean([])


def test_ratios_are_taken_repetition_by_repetition() -> None:
    taken = {"torch": [2.0, 30.0, 4.0], "ours": [1.0, 10.0, 4.0]}
    assert common.ratios(taken, "ours")["torch"]["median"] == 2


def test_interleave_takes_turns_and_shrinks_only_for_the_limit() -> None:
    order: list[str] = []
    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    taken = common.interleave(calls, repetitions=4, least=0)
    assert [len(times) for times in taken.values()] == [4, 4]
    assert [name for name, _ in itertools.groupby(order[-16:])][-4:] == list("abab")
    taken = common.interleave(calls, repetitions=40, least=1e-4, limit=0)
    assert [len(times) for times in taken.values()] == [5, 5]


def test_steps_in_turn_see_how_far_losses_differ() -> None:
    order: list[str] = []

    def step(name: str, i: int) -> float:
        order.append(name)
        return i * (1.0 if name == "ours" else 1.5)

    row = common.steps_in_turn(lambda i: step("ours", i), lambda i: step("theirs", i), 16)
    assert order == ["ours", "theirs"] * 16
    assert row["largest_loss_difference"] == 7.5
    assert row["low"] <= row["time_ratio"] <= row["high"]


# ---- jobs by name


def test_named_jobs_are_run_in_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[tuple[str, Path]] = []
    jobs = {name: (lambda runs, name=name: done.append((name, runs))) for name in "abc"}
    monkeypatch.setattr(common, "DATA", tmp_path)
    runs = tmp_path / "new" / "runs"
    assert common.run_named("About.", jobs, "x.run", ["c", "a", "--runs", str(runs)]) == 0
    assert done == [("c", runs), ("a", runs)]
    assert runs.is_dir()
    assert common.run_named("About.", jobs, "x.run", ["all", "--runs", str(runs)]) == 0
    assert [name for name, _ in done[2:]] == ["a", "b", "c"]
    with pytest.raises(SystemExit):
        common.run_named("About.", jobs, "x.run", ["d"])
    monkeypatch.setattr(common, "DATA", tmp_path / "none")
    assert common.run_named("About.", jobs, "x.run", ["a", "--runs", str(runs)]) == 2
    assert "HITHERTO_DATA" in capsys.readouterr().err


def test_a_result_is_kept_with_what_made_it(tmp_path: Path) -> None:
    common.keep(tmp_path / "writing.jsonl", "copy", exact=0.5)
    (row,) = common.read_rows(tmp_path / "writing.jsonl")
    assert row["name"] == "copy"
    assert row["exact"] == 0.5
    assert row["command"].startswith("python benchmarks/writing.py")
    assert {"commit", "cpu", "when"} <= row.keys()
    assert common.finite({"a": 0.123456789, "b": math.nan, "c": "x", "d": 3}) == {"a": 0.12346}


# ---- files


def test_rows_survive_a_kill_in_the_middle_of_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "rows.jsonl"
    assert common.read_rows(path) == []
    common.append_row(path, {"a": 1})
    with path.open("a") as file:
        file.write('{"a": 2, "b')
    common.append_row(path, {"a": 3})
    assert common.read_rows(path) == [{"a": 1}, {"a": 3}]
    assert "line 2" in capsys.readouterr().err


# ---- data of those that write


def archive(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as out:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            out.addfile(member, io.BytesIO(text.encode()))
    return path


BABI = """1 Mary moved to the bathroom.
2 John went to the hallway.
3 Where is Mary? \tbathroom\t1
4 Daniel went back to the hallway.
5 Where is Daniel? \thallway\t4
1 The office is east of the hallway.
2 How do you go from the kitchen to the garden?\ts,e\t2 4
"""


def test_stories_are_all_before_the_question(tmp_path: Path) -> None:
    first, second, third = writing.stories(BABI.splitlines(), 7)
    assert first == {
        "task": 7,
        "group": "7-1",
        "story": "mary moved to the bathroom. john went to the hallway.",
        "question": "where is mary?",
        "answer": "bathroom",
    }
    assert second["story"] == first["story"] + " daniel went back to the hallway."
    assert second["group"] == "7-1"
    assert (third["group"], third["story"], third["answer"]) == (
        "7-2", "the office is east of the hallway.", "s e"
    )  # fmt: skip
    names = [f"en/qa{task}_some-facts_{split}.txt" for task in (10, 2) for split in ("test", "train")]
    packed = archive(tmp_path / "babi.tar.gz", {"en/README": "x", **dict.fromkeys(names, BABI)})
    for path in writing.babi(tmp_path / "runs", packed):
        assert [row["task"] for row in writing.read_rows(path)] == [2, 2, 2, 10, 10, 10]


def test_multi30k_is_unpacked_once(tmp_path: Path) -> None:
    for split, language in itertools.product(("train", "val", "test_2016_flickr"), ("de", "en")):
        (tmp_path / f"{split}.{language}.gz").write_bytes(gzip.compress(f"{split} ä {language}\n".encode()))
    files = writing.multi30k(tmp_path / "runs", tmp_path)
    assert files["val", "de"].read_text(encoding="utf-8") == "val ä de\n"
    files["val", "de"].write_text("as it was")
    assert writing.multi30k(tmp_path / "runs", tmp_path)["val", "de"].read_text() == "as it was"


def test_abstracts_keep_all_their_summaries(tmp_path: Path) -> None:
    paper = {"source": ["We do  this. ", "It works.\n"], "target": ["This works.", "It\ndoes."], "title": "t"}
    expected = {
        "source": "We do this. It works.",
        "target": ["This works.", "It does."],
        "lead": "We do this.",
    }
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.jsonl.gz").write_bytes(gzip.compress(json.dumps(paper).encode()))
    for path in writing.scitldr(tmp_path / "runs", tmp_path).values():
        assert writing.read_rows(path) == [expected]


def test_sgd_validates_and_tests_on_other_files(tmp_path: Path) -> None:
    def text(name: str) -> str:
        turns = [{"speaker": "USER", "utterance": f"{name} "}, {"speaker": "SYSTEM", "utterance": "yes"}]
        return json.dumps([{"turns": turns, "services": []}])

    names = ["train/d_001.json", *(f"dev/d_00{i}.json" for i in (1, 2, 3, 4)), "LICENSE.txt"]
    packed = archive(tmp_path / "sgd.tar.gz", {name: text(name) for name in names})
    files = writing.sgd_dialogues(tmp_path / "runs", packed)
    heard = {s: [row["turns"][0]["text"] for row in writing.read_rows(p)] for s, p in files.items()}
    assert heard == {"train": names[:1], "valid": names[1:3], "test": names[3:5]}
    assert writing.read_rows(files["test"])[0]["turns"][1] == {"speaker": "system", "text": "yes"}


def test_chatterbot_has_each_conversation_once(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    lines = ["categories:", "- x", "conversations:"]
    for i in range(40):
        lines += 2 * [f"- - 'question {i}'", f"  - an answer: {i}".replace(":", ""), "  - and?"]
    packed = archive(tmp_path / "c.tar.gz", {"english/a.yml": "\n".join(lines), "english/b.txt": ":"})
    files = writing.chatterbot_corpus(tmp_path / "runs", packed)
    rows = {split: writing.read_rows(path) for split, path in files.items()}
    assert [len(own) for own in rows.values()] == [36, 2, 2]
    every = [json.dumps(row) for own in rows.values() for row in own]
    assert len(set(every)) == 40
    assert [t["speaker"] for t in rows["test"][0]["turns"]] == ["user", "bot", "user"]
    assert writing.chatterbot_corpus(tmp_path / "again", packed).keys() == files.keys()
    assert [
        json.dumps(r) for s in files for r in writing.read_rows(tmp_path / f"again/chatterbot/{s}.jsonl")
    ] == every


def test_strings_are_copied_and_reversed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TO_LEARN", 50)
    monkeypatch.setattr(writing, "OF_EACH_LENGTH", 2)
    for kind, turned in (("copy", 1), ("reverse", -1)):
        for path in writing.letters(tmp_path, kind).values():
            for row in writing.read_rows(path):
                assert row["target"] == row["source"][::turned]
                assert row["source"].isalpha()
        assert [len(row["source"]) for row in writing.read_rows(path)] == sorted([*range(1, 101)] * 2)


def test_what_is_right_of_each_length() -> None:
    # of up to 5: abc is right, ab has a letter too many; of up to 10: half of the letters are in their place
    found = writing.right(["abc", "ab", "abcdefgh"], ["abc", "abx", "abcdhgfe"])
    assert found == [[5, 0.5, common.rounded(5 / 6, 4)], [10, 0.0, 0.5]]


def test_bleu_by_length() -> None:
    inputs, texts = ["a b", "a b c d e", "a b c d e f"], ["w x y z"] * 3
    found = writing.by_length(inputs, texts, [["w x y z"], ["v x y z"], ["w x y z"]], bounds=(5, 10))
    assert found["6-10"] == [1, pytest.approx(100)]
    assert found["1-5"][0] == 2
    assert 0 < found["1-5"][1] < 100
    assert "11 and more" not in found


# ---- baselines


def test_the_most_frequent_answer_of_a_task() -> None:
    train = [{"task": t, "answer": a} for t, a in ((1, "no"), (1, "yes"), (1, "yes"), (2, "b"), (2, "a"))]
    test = [{"task": t, "answer": a} for t, a in ((2, "b"), (1, "yes"), (1, "no"))]
    said = writing.most_frequent(train, test)
    assert said == ["b", "yes", "yes"]
    assert writing.by_task(test, said) == [50.0, 100.0]


def test_the_nearest_prompt_is_that_of_the_largest_cosine() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    draw = random.Random(0)
    words = [f"w{i}" for i in range(30)]

    def text() -> str:
        return " ".join(draw.choices(words, range(30, 0, -1), k=draw.randint(1, 9)))

    prompts, asked = [text() for _ in range(200)], [text() for _ in range(100)]
    found = writing.nearest(prompts, [str(i) for i in range(200)], asked)
    vectors = TfidfVectorizer(token_pattern=r"\w+").fit(prompts)
    similar = (vectors.transform(asked) @ vectors.transform(prompts).T).toarray()
    for i, answer in enumerate(found):
        assert similar[i, int(answer)] == pytest.approx(similar[i].max())
    assert writing.nearest(["Hello there!", "bye"], ["hi", "goodbye"], ["HELLO", "???"]) == ["hi", "hi"]


# ---- the torch script beside them


def translators(seed: int = 0, V: int = 4, **options: Any) -> tuple[Any, Any]:
    """A module of ours and the torch script's, both with the same weights, strong enough to be of some opinion."""
    import torch_seq2seq

    from hitherto.model.build import build
    from hitherto.plan import make
    from hitherto.spec import ModelSpec

    given = {
        "cell": "lstm",
        "num_layers": 1,
        "hidden_size": 8,
        "embedding_size": 6,
        "bidirectional": True,
        **options,
    }
    ids = {"kind": "ids", "size": V}
    plan = make(ModelSpec(**given), "seq2seq", {"source": ids, "x": ids}, "softmax", {"classes": V})
    module = build(plan, seed=seed)
    draw = np.random.default_rng(seed)
    module.load(
        {name: 0.7 * draw.normal(size=v.shape).astype(np.float32) for name, v in module.tensors().items()}
    )
    return module, torch_seq2seq.Translator(plan).take(module.tensors())


@pytest.mark.filterwarnings("default")  # without the extension a warning says how slow the reference is
@pytest.mark.parametrize(
    "options",
    [{}, {"cell": "gru"}, {"num_layers": 2}, {"shared": True, "tied": True}, {"bidirectional": False}],
    ids=str,
)
def test_the_torch_script_takes_the_steps_that_we_take(options: dict[str, Any]) -> None:
    import torch_seq2seq

    from hitherto.spec import TrainSpec
    from hitherto.tasks.base import Batch
    from hitherto.tasks.batching import pad
    from hitherto.training.optimizer import Optimizer

    V, draw = 9, np.random.default_rng(1)

    def batch() -> Any:
        source, lengths = pad([draw.integers(1, V, n) for n in (3, 1, 6, 4)])
        y = [np.append(draw.integers(1, V, n), 0) for n in (2, 0, 4, 4)]
        x, of_x = pad([np.concatenate([[0], own[:-1]]) for own in y])
        at = np.flatnonzero(np.arange(len(x))[:, None] < of_x)
        return Batch(
            {"source": source, "x": x}, of_x, {"y": pad(y)[0].reshape(-1)[at]}, at, source_lengths=lengths
        )

    module, peer = translators(V=V, **options)
    module.train()
    batches, train = [batch() for _ in range(12)], TrainSpec(lr=1e-2, clip=0.5, label_smoothing=0.1)
    optimizer = Optimizer(module, train, 1)
    theirs = torch_seq2seq.steps(peer, [torch_seq2seq.Pairs.of(b) for b in batches], 1e-2, 0.5, 0.1)
    for i, own in enumerate(batches):
        loss, _ = common.our_step(module, optimizer, own, train, lr=1e-2)
        assert theirs(i) == pytest.approx(loss, rel=1e-4)


def test_what_the_torch_script_does_not_have_is_refused() -> None:
    for options in ({"attention": "none"}, {"attention": "additive"}, {"input_feeding": True}):
        with pytest.raises(ValueError, match="multiplicative attention and nothing else"):
            translators(**options)


@pytest.mark.parametrize("penalty", [0.0, 1.0, 1.5])
@pytest.mark.parametrize("seed", range(3))
def test_a_beam_as_wide_as_all_there_is_finds_the_best(seed: int, penalty: float) -> None:
    """Beside every sequence of up to four tokens, the end among them."""
    import torch
    import torch_seq2seq

    V, longest, end = 4, 4, 0
    _, peer = translators(seed, V)
    words = [w for n in range(longest + 1) for w in itertools.product(range(1, V), repeat=n)]
    sequences = [(*w, end)[:longest] for w in words]
    sources = [np.array(s) for s in ([1], [3, 2, 1], [2, 2, 1, 3, 3])]
    best = []
    for source in sources:
        with torch.inference_mode():
            x = torch.zeros((longest, len(sequences)), dtype=torch.int64)
            y = torch.zeros_like(x)
            for b, own in enumerate(sequences):
                y[: len(own), b] = torch.tensor(own)
            x[1:] = y[:-1]
            wide = torch.from_numpy(source)[:, None].expand(-1, len(sequences))
            scores = peer(wide, torch.full((len(sequences),), len(source)), x).log_softmax(-1)
            taken = scores.gather(2, y.t()[:, :, None])[:, :, 0]
        totals = [float(t[: len(s)].sum()) / len(s) ** penalty for t, s in zip(taken, sequences, strict=True)]
        best.append(list(words[int(np.argmax(totals))]))
    options = {"num_beams": 300, "length_penalty": penalty, "max_new_tokens": longest}
    for batch_size in (1, 64):
        assert torch_seq2seq.translate(peer, sources, end, batch_size, **options) == best


@pytest.mark.parametrize("num_beams", [2, 5])
def test_the_torch_script_searches_as_we_do(num_beams: int) -> None:
    import torch
    import torch_seq2seq

    from hitherto.decode import DecodeOptions, beams
    from hitherto.tasks.batching import pad

    V, draw = 30, np.random.default_rng(2)
    _, peer = translators(V=V)
    sources = [draw.integers(1, V, n) for n in draw.integers(1, 9, 12)]
    padded, lengths = (torch.from_numpy(a) for a in pad(sources))

    def step(state: dict[str, Any], tokens: Any) -> tuple[Any, dict[str, Any]]:
        said = np.concatenate([state["said"], tokens[None, :, None]], 2)
        which = torch.from_numpy(state["which"][0, :, 0])
        with torch.inference_mode():
            logits = peer(padded[:, which], lengths[which], torch.from_numpy(said[0].T.copy()))
        return logits.log_softmax(-1)[:, -1].numpy(), {**state, "said": said}

    state = {"said": np.zeros((1, 12, 0), np.int64), "which": np.arange(12)[None, :, None]}
    options = {"max_new_tokens": 9, "num_beams": num_beams, "length_penalty": 1.0}
    found = beams(step, state, np.zeros(12), DecodeOptions(stop_ids=(0,), **options))
    for batch_size in (1, 5, 64):
        assert torch_seq2seq.translate(peer, sources, 0, batch_size, **options) == [
            h[0].tokens for h in found
        ]


# ---- jobs that write, on made-up data

TINY_MODEL = {"hidden_size": 8, "embedding_size": 6, "epochs": 1, "batch_size": 8, "vocab_size": 300}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The rows that jobs with tiny models keep, by name."""
    path = tmp_path / "writing.jsonl"
    monkeypatch.setattr(writing, "RESULTS", path)
    monkeypatch.setattr(writing, "PICTURE", tmp_path / "lengths.svg")
    monkeypatch.setattr(writing, "keep", lambda name, **row: common.keep(path, name, **row))
    for name in ("TRANSLATE", "SUMMARIZE", "CHAT", "STRINGS", "ANSWER"):
        monkeypatch.setattr(writing, name, {**getattr(writing, name), **TINY_MODEL})
    return lambda: {row["name"]: row for row in common.read_rows(path)}


@pytest.mark.filterwarnings("default")
def test_translation_and_its_decoding(tmp_path: Path, kept: Any) -> None:
    pytest.importorskip("tokenizers")
    (tmp_path / "multi30k").mkdir()
    for split, rows in (("train", 40), ("val", 8), (writing.TEST, 6)):
        for language, words in (("de", ("ein", "Hund", "rennt")), ("en", ("a", "dog", "runs"))):
            lines = [" ".join([*words * (1 + i % 3), str(i % 5)]) + ".\n" for i in range(rows)]
            (tmp_path / "multi30k" / f"{split}.{language}").write_text("".join(lines), encoding="utf-8")
    writing.translation(tmp_path, "multi30k-de-en", "de", "en", writing.TRANSLATE)
    writing.decoding(tmp_path)
    found = kept()
    assert found["multi30k-de-en"]["signature"].startswith("nrefs:1|")
    assert sum(n for n, _ in found["multi30k-de-en"]["by_length"].values()) == 6
    assert set(found["translate-decoding"]["equal"].values()) == {1.0}
    assert "Translation" in report.report(tmp_path)


@pytest.mark.filterwarnings("default")
def test_strings_of_a_tiny_model(tmp_path: Path, kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LONGEST", 10), ("TO_LEARN", 40), ("TO_CHOOSE", 8), ("OF_EACH_LENGTH", 1)):
        monkeypatch.setattr(writing, name, value)
    writing.strings(tmp_path, "reverse")
    for way in ("attention", "fixed"):
        assert [end for end, _, _ in kept()[f"reverse-{way}"]["by_length"]] == [5, 10]
    assert (tmp_path / "lengths.svg").exists()


@pytest.mark.filterwarnings("default")
def test_dialogues_of_a_tiny_model(tmp_path: Path, kept: Any) -> None:
    pytest.importorskip("tokenizers")

    def dialogue(i: int) -> dict[str, Any]:
        texts = [f"may I have {i} apples", f"here are {i} apples", "thank you", "you are welcome"]
        return {"turns": [{"speaker": ("user", "system")[n % 2], "text": t} for n, t in enumerate(texts)]}

    files = {
        split: writing.write_rows(tmp_path / f"{split}.jsonl", map(dialogue, rows))
        for split, rows in (("train", range(20)), ("valid", range(3)), ("test", (3, 7)))
    }
    writing.dialogues(tmp_path, "sgd", files, "system", {**writing.CHAT, "tokens": "words"})
    row = kept()["sgd"]
    assert row["replies"] == 4
    assert row["nearest"]["bleu"] == pytest.approx(100)
    assert {"perplexity", "bleu", "distinct_1", "distinct_2"} <= row.keys()
    assert "> may I have" in row["examples"][0][0]


# ---- grid


def test_grids() -> None:
    full, headline = layers.grid("full", [1, 2]), layers.grid("headline", [1, 2])
    names = [layers.key(p) for p in full]
    assert len(names) == len(set(names)) == 3 * 6 * 5 * 3 * 2 * 2 * 2
    assert {layers.key(p) for p in headline} <= set(names)
    assert {p["hidden"] for p in headline} == set(layers.HIDDEN)
    assert {p["time"] for p in headline if p["hidden"] >= 512} == {50}


def test_an_interrupted_grid_is_a_balanced_sample() -> None:
    points = layers.grid("headline", [1, 2])
    kinds = [(p["cell"], p["hidden"], p["training"], p["ragged"], p["threads"]) for p in points]
    n = len(set(kinds))
    assert len(set(kinds[:n])) == n
    assert len(set(kinds[n : 2 * n])) == n


# ---- measuring


@pytest.mark.filterwarnings("default")  # without the extension a warning says how slow the reference is
def test_quick_measures_a_tiny_point_and_gives_one_line_of_json() -> None:
    row = layers.quick([TINY], repetitions=2, least=0)
    assert row["points"] == "1 of 1"
    assert row["faster_than_torch"]["training ragged"]["gru"] > 0
    assert "\n" not in json.dumps(row)


def test_options_are_timed_on_both_paths() -> None:
    rows = layers.options([TINY, TINY | {"cell": "lstm"}], repetitions=1, least=0)
    assert [row["option"] for row in rows] == ["recurrent_dropout", "recurrent_dropout", "proj_size"]
    assert all(set(row["seconds"]) == {"kernels", "reference", "hitherto", "torch"} for row in rows)
    assert "`proj_size`" in report.options(rows)


@pytest.mark.parametrize("cell", layers.CELLS)
@pytest.mark.parametrize(("training", "ragged"), list(itertools.product([False, True], repeat=2)))
def test_contenders_agree(cell: str, training: bool, ragged: bool) -> None:
    point = {**TINY, "cell": cell, "training": training, "ragged": ragged}
    row = layers.measure(point, ours="itself", peers=["torch", "onnxruntime"], repetitions=1, least=0)
    assert row["n"] == 1
    assert row["tokens"] <= 8
    assert set(row["seconds"]) >= {"torch", "itself"}


def test_a_wrong_contender_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(point: Any, given: Any) -> Any:
        call, read = layers.make_torch(point, given)
        return call, lambda output: [2 * array for array in read(output)]

    monkeypatch.setitem(layers.CONTENDERS, "itself", wrong)
    with pytest.raises(layers.MismatchError, match="output 0 is off"):
        layers.measure(TINY, ours="itself", peers=["torch"], repetitions=1, least=0)


def test_compare_refuses_nan_and_shapes() -> None:
    one = np.ones((2, 2), np.float32)
    layers.compare("same", [one], [one, one])
    with pytest.raises(layers.MismatchError, match="off by"):
        layers.compare("nan", [one * np.nan], [one])
    with pytest.raises(layers.MismatchError, match="shape"):
        layers.compare("shape", [one[:1]], [one])


# ---- roofline


def test_flops_count_true_tokens_only() -> None:
    point = {**TINY, "cell": "lstm", "hidden": 8, "training": False}
    assert roofline.flops(point, 10) == 2 * 10 * 4 * 8 * 16
    assert roofline.flops({**point, "training": True}, 10) == 3 * 2 * 10 * 4 * 8 * 16


def test_the_bound_names_the_term_that_binds() -> None:
    point = {**TINY, "cell": "rnn", "hidden": 256, "batch": 128, "time": 100, "ragged": False, "threads": 2}
    wide = roofline.bound(point, 128 * 100, 100, CALIBRATION)
    assert wide["term"] == "operations of products"
    assert wide["seconds"] >= roofline.flops(point, 128 * 100) / 100e9 * 0.999
    narrow = roofline.bound({**point, "hidden": 1024, "batch": 1}, 100, 100, CALIBRATION)
    assert narrow["term"] == "bytes of weights"
    assert roofline.bound(point, 128 * 100, 100, {"torch_matmul": 100.0}) is None


# ---- report


def test_the_report_says_what_was_lost_and_what_was_not_run(tmp_path: Path) -> None:
    assert "Nothing has been measured yet" in report.report(tmp_path)
    tag = {"code": "new", "cpu": "here", "commit": "abc"}
    run = {
        "kind": "run",
        **tag,
        "command": "python benchmarks/layers.py",
        "started": "today",
        "machine": {
            "cpu": "here",
            "cores": 2,
            "caches": {"L2": "1M"},
            "system": "Linux",
            "python": "3",
            "load": 0.0,
        },
        "versions": {"torch": "2", "jax": None},
        "native": {"isa": "avx512"},
        "torch_capability": "AVX512",
        "calibration": {"1": CALIBRATION, "2": CALIBRATION},
    }
    path = tmp_path / "layers-avx512.jsonl"
    common.append_row(path, run)
    for point, slow in ((layers.grid("headline", [2])[0], 0.5), (layers.grid("headline", [1])[-1], 2.0)):
        times = {"torch": [slow] * 15, "hitherto": [1.0] * 15}
        row = {**point, "tokens": 5, "longest": 5, "n": 15, "seconds": times}
        row |= {"ratio": common.ratios(times, "hitherto"), "gflops": {"torch": 1.0, "hitherto": 2.0}}
        common.append_row(path, {"kind": "point", **tag, "code": "old", **row})
        common.append_row(path, {"kind": "point", **tag, **row})
    page = report.report(tmp_path)
    assert "1 of 2 points are lost" in page
    assert "Of the 576 points of the headline grid, 2 were run" in page
    assert "Not installed, so not measured: onnxruntime, jax, keras." in page
    assert math.isclose(report.ratio(report.newest(path)[1][0]), 2.0) or report.lost(
        report.newest(path)[1][0]
    )


def test_the_page_of_those_that_write_lists_what_was_not_run(tmp_path: Path) -> None:
    path = tmp_path / "writing.jsonl"
    path.touch()
    page = report.report(tmp_path)
    for line in (
        "multi30k-en-de | not run",
        "Not run: babi.",
        "Not run: scitldr.",
        "Not run: sgd, chatterbot.",
    ):
        assert line in page
    common.keep(
        path, "multi30k-de-en", bleu=35.04, chrf=60.0, perplexity=5.0, signature="nrefs:1", num_beams=5, minutes=9.0,
        by_length={"1-5": [3, 40.0], "21 and more": [1, 9.0]}, examples=[["ein `Hund`", "a dog\n", ""]],
    )  # fmt: skip
    common.keep(
        path, "babi", mean=61.9, above_weston=17, by_task=[60.0] * 20, most_frequent=[1.0] * 20, minutes=1.0
    )
    common.keep(path, "scitldr", rouge1=20.0, rouge2=5.0, rougeL=18.0, minutes=1.0, examples=[["a", "b", "c"]],
                lead={"rouge1": 26.0, "rouge2": 9.0, "rougeL": 21.0})  # fmt: skip
    common.keep(path, "sgd", replies=1200, perplexity=4.0, bleu=12.0, distinct_1=0.1, distinct_2=0.2, minutes=1.0,
                nearest={"bleu": 9.0, "distinct_1": 0.3, "distinct_2": 0.4},
                true={"distinct_1": 0.3, "distinct_2": 0.5},
                examples=[["> a\n< b\n> c", "d", "e", "f"]])  # fmt: skip
    common.keep(path, "copy-attention", exact=0.995, strings=9, by_length=[[5, 1.0, 1.0], [20, 0.9, 0.98]])
    common.keep(
        path, "translate-speed-lstm", time_ratio=0.61, low=0.6, high=0.62, largest_loss_difference=1e-6
    )
    common.keep(path, "translate-decoding", sentences=1000, num_beams=5, threads=2, equal={"torch": 0.999},
                per_second={"hitherto": 900.0, "torch": 300.0}, faster={"torch": {"median": 3.0}})  # fmt: skip
    common.keep(path, "step-costs", milliseconds={"default": 80.0, "copying": 160.0},
                times={"default": 1.0, "copying": 2.0})  # fmt: skip
    page = report.report(tmp_path)
    for line in (
        "| multi30k-de-en | 35.0 | 60.0 | 5.00 | BLEU at least 34: reached |",
        "| multi30k-de-en | 40.0 (3) | 9.0 (1) |",
        "- source: `ein 'Hund'`<br>\n  model: `a dog`<br>\n  true: ` `\n",
        "at least 62 set out: **missed**",
        "on\n17 of tasks 1 to 19; at least 17 set out: reached",
        "| 1 | **60.0** | 1.0 | 50.0 | 52.1 |",
        "| 20 | 60.0 | 1.0 |  |  |",
        "| first sentence | 26.0 | 9.0 | 21.0 |",
        "| sgd, 1,200 replies | model | 4.00 | 12.0 | 0.100 | 0.200 |",
        "- so far: `> a / < b / > c`<br>",
        "| copy-attention | 0.995; 0.99 reached | 0.980 |",
        "| translate-speed-lstm | 0.61 (0.60 to 0.62) | 0.6 **missed** |",
        "| torch | 300 | 3.00 | 0.999 |",
        "| copying | 160 | 2.00 |",
        "Not run: chatterbot.",
        "Not run: copy-fixed, reverse-attention, reverse-fixed.",
        "Not run: translate-speed-gru.",
    ):
        assert line in page, line


def test_forecasts_of_the_plain_command_and_of_competitions_are_shown(tmp_path: Path) -> None:
    assert "plain command" not in report.report(tmp_path)
    row = {"task": "forecast", "metric": "mase", "model": 0.9, "best": "ridge", "best_baseline": 0.8, "gain": -0.1,
           "error": 0.05, "metrics": {"coverage": 0.791}, "seconds": 3.0}  # fmt: skip
    path = tmp_path / "defaults.jsonl"
    for name, extra in (("births", {}), ("quick", {"quick": True}), ("early", {"develop": True})):
        common.keep(path, name, **{"quick": False, **row, **extra})
    one = {"median": 1.1, "mean": 1.4}
    common.keep(tmp_path / "competitions.jsonl", "m3-yearly", series=645, mase=one, coverage=0.8, minutes=2.0,
                seasonal_naive={"median": 1.0, "mean": 1.2}, last_value=one)  # fmt: skip
    common.keep(
        tmp_path / "competitions.jsonl", "m3-yearly-peers", series=645, AutoETS={"median": 1.05, "mean": 1.3}
    )
    page = report.report(tmp_path)
    assert "| births | forecast | mase 0.9 | **ridge 0.8** | -0.1 | 0.05 | 0.79 | 3 |" in page
    assert "| m3-yearly | 645 | 1.1 (1.4) | 1 (1.2) | 1.1 (1.4) | 1.05 (1.3) |  | 0.80 | 2 |" in page
    assert "| quick |" not in page
    assert "| early |" not in page
    (line,) = report.default_headlines(tmp_path)
    assert line.miss() == "Forecast, plain command, births: MASE: 0.9; better: ridge 0.8"
    (line,) = report.competition_headlines(tmp_path)
    assert line.cells()[1:] == (
        "1.1",
        "below the seasonal naive forecast's 1: **missed**",
        "**AutoETS 1.05**",
    )


def test_the_picture_is_drawn_of_what_there_is(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [{"name": "copy-attention", "by_length": [[5, 1.0, 1.0], [10, 0.9, 0.95]]},
            {"name": "copy-fixed", "by_length": [[5, 0.9, 0.9], [10, 0.1, 0.4]]}]  # fmt: skip
    for name in ("a.svg", "b.svg"):
        writing.draw(rows, tmp_path / name)
    drawn = (tmp_path / "a.svg").read_bytes()
    assert drawn == (tmp_path / "b.svg").read_bytes()
    for text in (b"one vector", b"attention", b"reverse"):
        assert text in drawn


def test_texts_and_tags_stand_beside_their_peers(tmp_path: Path) -> None:
    """The later row of a name or a seed counts, and a peer that is better is a miss."""
    texts = {"name": "sst2", "seeds": 5, "naive_bayes": 0.81, "nb_svm": 0.83}
    write_jsonl(tmp_path / "classify.jsonl", [texts | {"accuracy": 0.5}, texts | {"accuracy": 0.82}])
    write_jsonl(tmp_path / "tasks.jsonl", [{"name": "sst2", "naive_bayes": 0.825}])
    (line,) = report.text_headlines(tmp_path)
    assert line.cells()[1:3] == ("82 %", "at least the best peer: **missed**")
    assert line.miss().endswith("better: NB-SVM 83 %, naive Bayes of tasks.py 82.5 %")
    rows = [
        ("pos defaults", 0, 0.5),
        ("pos defaults", 0, 0.9),
        ("pos defaults", 1, 0.94),
        ("pos before", 0, 0.825),
    ]
    tags: list[dict[str, Any]] = [{"name": n, "seed": s, "accuracy": a} for n, s, a in rows]
    write_jsonl(tmp_path / "tag_unseen.jsonl", [*tags, {"name": "likelihood"}])
    (line,) = report.tag_headlines(tmp_path)
    assert line.what == "Parts of speech: accuracy, mean of 2 seeds"
    assert (line.measured, line.reached) == ("92 %", False)
    assert report.text_headlines(tmp_path / "none") == report.tag_headlines(tmp_path / "none") == []


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.skipif(not kernels.multiplies_bfloat16(), reason="this processor lacks AVX512-BF16")
def test_bfloat16_is_timed_beside_float32_and_torch() -> None:
    row = bfloat16.measure(TINY | {"threads": 1, "ragged": False}, repetitions=1)
    assert set(row["ratio"]) == {"hitherto float32", "torch float32", "torch bfloat16"}
    about = {"command": "c", "cpu": "p", "by": "amx", "commit": "x", "load": [1.0]}
    assert layers.key(row) in report.bfloat16([row | about])
