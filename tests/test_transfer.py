"""Starting from another model: what is taken, what is new, and what is refused."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitherto
from hitherto.cli.main import main
from hitherto.errors import UsageError
from hitherto.tasks.labels.source import Pairs
from hitherto.training.processes import Interrupted

SMALL: dict[str, Any] = {"hidden_size": 8, "embedding_size": 6, "threads": 1}
STILL: dict[str, Any] = {"steps": 1, "lr": 1e-9, "threads": 1}  # a training that moves nothing
LINES = ["a good fine film", "a bad poor film", "the plot is great", "the plot is awful", "fine acting"] * 8


def rows(labels: tuple[str, ...] = ("yes", "no"), count: int = 40) -> list[dict[str, str]]:
    words = {"yes": "good fine great", "no": "bad poor awful", "perhaps": "odd strange mixed"}
    random = np.random.default_rng(0)
    chosen = [labels[i % len(labels)] for i in range(count)]
    return [{"text": " ".join(random.choice(words[c].split(), 4)), "label": c} for c in chosen]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("base") / "yes-no.safetensors"
    hitherto.train("classify", rows(), out=out, epochs=2, bidirectional=False, skip=False, **SMALL)
    return out


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lm")
    (folder / "lines.txt").write_text("\n".join(LINES) + "\n")
    out = folder / "lm.safetensors"
    hitherto.train(
        "lm", folder / "lines.txt", out=out, tokens="words", layout="lines", epochs=2, cell="gru", **SMALL
    )
    return out


def test_a_branch_goes_on_with_new_labels(tmp_path: Path) -> None:
    """What a branch has a number of for each label is found by the label."""
    base = hitherto.train(
        "classify", rows(("yes", "no", "perhaps"), 60), epochs=2, bidirectional=False, **SMALL
    )
    said: list[str] = []
    new = [
        row | {"label": "a" if row["label"] == "perhaps" else row["label"]}
        for row in rows(("yes", "perhaps"))
    ]
    model = hitherto.train("classify", new, base=base, say=said.append, **STILL)
    assert base.classes == ["no", "perhaps", "yes"]
    assert model.classes == ["a", "no", "perhaps", "yes"]
    assert not any("begins anew" in line for line in said)
    before, after = base.tensors["bag.weight"], model.tensors["bag.weight"]
    np.testing.assert_allclose(after[:, 1:], before, atol=1e-6)
    assert np.abs(after[:, 0]).max() > 0.1  # of the new label, fitted to the new rows
    head, now = base.tensors["head.weight"], model.tensors["head.weight"]
    np.testing.assert_allclose(now[1:, :8], head[:, :8], atol=1e-6)
    np.testing.assert_allclose(now[1:, 9:], head[:, 8:], atol=1e-6)
    np.testing.assert_allclose(now[0, 8:], [1, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(now[1:, 8], 0, atol=1e-6)


def row_of(model: hitherto.Model, tensor: str, name: str) -> Any:
    _, names = model.source.rows()[tensor]
    return model.tensors[tensor][list(names).index(name)]


def test_the_same_task_goes_on_with_new_labels(classifier: Path) -> None:
    said: list[str] = []
    base = hitherto.open(classifier)
    model = hitherto.train("classify", rows(("yes", "perhaps")), base=classifier, say=said.append, **STILL)
    assert model.codecs["input"].to_json() == base.codecs["input"].to_json()
    assert model.source.rows()["embed.weight"] == base.source.rows()["embed.weight"], "the vocabulary is kept"
    assert model.classes == ["no", "perhaps", "yes"]
    assert any(line.startswith("1 new labels are learned beside 2 known ones: 'perhaps'") for line in said)
    for label in ("yes", "no"):
        np.testing.assert_allclose(
            row_of(model, "head.weight", label), row_of(base, "head.weight", label), atol=1e-6
        )
    for name in ("embed.weight", "recurrent.weight_ih_l0", "recurrent.weight_hh_l0", "recurrent.bias_hh_l0"):
        np.testing.assert_allclose(model.tensors[name], base.tensors[name], atol=1e-6)
    assert model.spec.model == base.spec.model
    assert (model.spec.data.input, model.spec.data.output) == (("text",), "label")
    assert model.made["base"] == {"digest": base.digest, "task": "classify"}
    assert any("head (2 of 3 rows)" in line for line in said)


def test_it_goes_on_from_an_opened_model_as_it_answered(classifier: Path) -> None:
    base = hitherto.open(classifier)
    model = hitherto.train("classify", rows(), base=base, **STILL)
    texts = [row["text"] for row in rows()]
    np.testing.assert_allclose(model.predict_proba(texts), base.predict_proba(texts), atol=1e-5)


def test_an_lm_gives_its_vocabulary_and_layers(language: Path) -> None:
    base = hitherto.open(language)
    said: list[str] = []
    model = hitherto.train("classify", rows(), base=language, say=said.append, **STILL)
    assert model.source.rows()["embed.weight"] == base.source.rows()["embed.weight"]
    assert (model.spec.model.cell, model.spec.model.hidden_size, model.spec.model.bidirectional) == (
        "gru",
        8,
        False,
    )
    for name in ("embed.weight", "recurrent.weight_ih_l0", "recurrent.weight_hh_l0"):
        np.testing.assert_allclose(model.tensors[name], base.tensors[name], atol=1e-6)
    assert model.tensors["head.weight"].shape[0] == 2, "the head is its own"
    assert any("new: head" in line for line in said)
    assert "lines.txt" not in str(model.made)


def test_a_vocabulary_of_its_own_gets_the_rows_of_the_same_tokens(language: Path) -> None:
    base = hitherto.open(language)
    model = hitherto.train("tag", tagged(), base=language, min_count=1, **STILL)
    _, names = model.source.rows()["embed.weight"]
    assert "zebra" in names
    assert list(names) != list(base.source.rows()["embed.weight"][1])
    for word in ("film", "good"):
        np.testing.assert_allclose(
            row_of(model, "embed.weight", word), row_of(base, "embed.weight", word), atol=1e-6
        )


def tagged() -> list[dict[str, list[str]]]:
    return [{"tokens": ["good", "film", "zebra"], "tags": ["A", "N", "N"]}] * 20


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        (
            "classify",
            {"hidden_size": 9},
            r"no layer of the model fits: recurrent.weight_ih_l0 is 36 x 6, and 32 x 6 in",
        ),
        (
            "classify",
            {"cell": "gru"},
            r"recurrent is gru .*, and lstm in the model.* Leave the options of the network",
        ),
        ("classify", {"tokens": "chars"}, r"tokens is None in the model .* and cannot be 'chars' now"),
        ("forecast", {}, r"a model of classify has nothing that forecast can start from"),
        ("classify", {"resume": "x"}, r"a resumed run goes on from where it was"),
    ],
)
def test_what_does_not_fit_is_said(
    classifier: Path, task: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        hitherto.train(task, rows(), base=classifier, **STILL, **options)


def test_a_run_resumes_with_the_codecs_that_it_took_over(
    classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"base": classifier, "epochs": 4, "batch_size": 8, "threads": 1}
    data = rows(("yes", "perhaps"))
    whole = hitherto.train("classify", data, **options)
    batch, calls = Pairs.batch, [0]

    def stopping(self: Pairs, *args: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] == 12:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(self, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Pairs, "batch", stopping)
        with pytest.raises(Interrupted):
            hitherto.train("classify", data, out=tmp_path / "m.safetensors", **options)
    rest = hitherto.train("classify", data, resume=tmp_path / "m.run")
    assert all(np.array_equal(rest.tensors[name], whole.tensors[name]) for name in whole.tensors)
    assert rest.made["base"] == whole.made["base"]
    assert rest.classes == ["no", "perhaps", "yes"]


def test_on_the_command_line_the_task_is_that_of_the_model(
    classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["text,label", *(f"{row['text']},{row['label']}" for row in rows())]
    Path("new.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(SystemExit) as end:
        main(
            [
                "train",
                "--from",
                str(classifier),
                "new.csv",
                "--epochs",
                "1",
                "--threads",
                "1",
                "--out",
                "m.safetensors",
            ]
        )
    assert end.value.code in (None, 0)
    assert "from the model of classify" in capsys.readouterr().err
    assert hitherto.open("m.safetensors").made["base"] == {
        "digest": hitherto.open(classifier).digest,
        "task": "classify",
    }


@pytest.mark.parametrize("labels", [("yes", "no"), ("yes", "no", "perhaps")])
def test_a_new_head_begins_with_what_the_layers_make_of_the_texts(
    language: Path, labels: tuple[str, ...]
) -> None:
    """Its answers are the mean of two regressions: on the branch, and on the layers' numbers, standardised."""
    import torch

    from hitherto.baselines import logistic
    from hitherto.baselines.rows import Dense
    from hitherto.model.build import build

    data, said = rows(labels, 60), list[str]()
    options = {**STILL, "valid": 0, "ngrams": 1, "say": said.append}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hitherto.tasks.labels.branches.STRENGTHS_OF_LAYERS", (1.0,))
        model = hitherto.train("classify", data, base=language, **options)
    assert any(line.startswith("the head begins as a regression on what the layers") for line in said)
    module = build(model.plan).eval()
    module.load(model.tensors)
    ids = [model.codecs["input"].encode(row["text"]) for row in data]
    with torch.no_grad():
        features = np.stack([
            module({"x": torch.from_numpy(x).reshape(-1, 1)}, None, None)[0][0].numpy() for x in ids
        ])  # fmt: skip
    made, width = features[:, :8], len(features[0]) - 8
    apart = len(labels) == 2
    y = np.eye(len(labels))[[model.classes.index(row["label"]) for row in data]]
    scaled = (made - made.mean(0)) / made.std(0)
    found = logistic.fit(Dense(scaled.astype(np.float32)), y, 1.0, apart=False, steps=200)
    weight, branch = model.tensors["head.weight"], np.eye(len(labels), width)
    if apart:
        assert weight.shape[0] in (1, 2)
    if weight.shape[0] == len(labels):
        np.testing.assert_allclose(weight[:, 8:], 0.5 * branch, atol=1e-5)
        expected = 0.5 * found.weights.T / made.std(0)
        np.testing.assert_allclose(weight[:, :8], expected, atol=0.05 * np.abs(expected).max())


GRADUAL: dict[str, Any] = {"epochs": 4, "batch_size": 8, "threads": 1, "skip": False, "schedule": "constant"}


def test_parts_are_trained_from_the_top_down(language: Path) -> None:
    """Two epochs train the head alone; the layer joins them, and the embedding last."""
    base, said = hitherto.open(language), list[str]()
    moved = {}
    for epochs in (2, 4, 5):
        options = {**GRADUAL, "epochs": epochs, "valid": 0, "unfreeze": 2}
        model = hitherto.train("classify", rows(), base=language, say=said.append, **options)
        moved[epochs] = {
            name for name in base.tensors if name != "head.weight" and name != "head.bias"
            and not np.array_equal(model.tensors[name], base.tensors[name])
        }  # fmt: skip
    assert "trained from the top down: recurrent 0 from epoch 3, embed from epoch 5" in said
    layer = {name for name in base.tensors if name.startswith("recurrent.")}
    assert moved == {2: set(), 4: layer, 5: layer | {"embed.weight"}}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_lower_parts_are_trained_more_slowly(language: Path, optimizer: str) -> None:
    """One step of SGD moves a part by its gradient times its rate; the rate of Adam is how far a step moves."""
    options = {
        **GRADUAL,
        "epochs": None,
        "steps": 1,
        "optimizer": optimizer,
        "clip": 0,
        "lr": 0.1,
        "valid": 0,
    }
    base, said = hitherto.open(language), list[str]()
    plain = hitherto.train("classify", rows(), base=language, **options).tensors
    slanted = hitherto.train("classify", rows(), base=language, slant=0.5, say=said.append, **options).tensors
    assert "rates fall from the top down, as shares: recurrent 0 0.5, embed 0.25" in said
    np.testing.assert_array_equal(slanted["head.weight"], plain["head.weight"])
    for name, share in (("recurrent.weight_hh_l0", 0.5), ("embed.weight", 0.25)):
        change, whole = (t[name] - base.tensors[name] for t in (slanted, plain))
        assert np.abs(whole).max() > 1e-5
        np.testing.assert_allclose(change, share * whole, rtol=1e-3, atol=1e-7)


def test_a_model_of_the_same_task_is_unfrozen_from_its_head(classifier: Path) -> None:
    """Nothing is new then, so the head is the first part."""
    base = hitherto.open(classifier)
    options = {**GRADUAL, "epochs": 1, "valid": 0, "unfreeze": 1}
    after = hitherto.train("classify", rows(), base=classifier, **options).tensors
    same = {name for name in base.tensors if np.array_equal(after[name], base.tensors[name])}
    assert same == {name for name in base.tensors if not name.startswith("head.")}


def test_a_gradual_run_resumes_to_the_bit(
    language: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {**GRADUAL, "base": language, "unfreeze": 1, "slant": 0.4}
    whole = hitherto.train("classify", rows(), **options)
    batch, calls = Pairs.batch, [0]

    def stopping(self: Pairs, *args: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] == 12:  # in the second epoch, when some parts have no state of the optimiser yet
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(self, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Pairs, "batch", stopping)
        with pytest.raises(Interrupted):
            hitherto.train("classify", rows(), out=tmp_path / "m.safetensors", **options)
    rest = hitherto.train("classify", rows(), resume=tmp_path / "m.run")
    assert all(np.array_equal(rest.tensors[name], whole.tensors[name]) for name in whole.tensors)


@pytest.mark.parametrize("option", [{"unfreeze": 1}, {"slant": 0.5}])
def test_options_of_transfer_need_a_model(option: dict[str, Any]) -> None:
    with pytest.raises(
        UsageError, match=r"is of the parts of another model, and this training starts from none"
    ):
        hitherto.train("classify", rows(), **STILL, **option)
