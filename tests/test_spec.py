"""One vocabulary of options: TOML, flags and Python give the same spec, and wrong ones say what was meant."""

import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitherto import spec as specs
from hitherto.errors import UsageError
from hitherto.spec import Spec, from_document, from_options, from_toml, options, to_document, to_toml
from hitherto.spec.tasks import TASKS

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.toml"))


def test_options_go_to_their_tables() -> None:
    spec = from_options("lm", "a.txt", "a.safetensors", tokens="chars", hidden_size=32, epochs=3)
    assert (spec.data.path, spec.out) == ("a.txt", "a.safetensors")
    assert (spec.data.tokens, spec.model.hidden_size, spec.train.epochs) == ("chars", 32, 3)


def test_a_vocabulary_larger_than_libraries_can_count_is_refused() -> None:
    assert from_options("lm", "a.txt", vocab_size=2**31 - 1).data.vocab_size == 2**31 - 1
    for size in (0, 2**31, 10**20):
        with pytest.raises(UsageError, match="vocab_size"):
            from_options("lm", "a.txt", vocab_size=size)
    with pytest.raises(UsageError, match="vocab_size"):
        from_toml(f'task = "lm"\n[data]\nvocab_size = {10**20}\n')


def test_no_name_stands_in_two_tables() -> None:
    names = [option.name for option in options()]
    assert len(names) == len(set(names))


def test_every_option_has_a_sentence_and_a_type_that_a_flag_can_have() -> None:
    for option in options():
        assert option.about, option.name
        assert option.type in (str, int, float, bool), option.name


def test_a_flag_that_is_given_many_times_has_the_type_of_each() -> None:
    kinds = {option.name: option.type for option in options() if option.many}
    assert kinds["conv"] is int
    assert kinds["levels"] is float
    assert kinds["known"] is str


@pytest.mark.parametrize("task", TASKS)
def test_rows_name_only_options_that_exist(task: str) -> None:
    known = {option.name for option in options()}
    assert set(TASKS[task].options) <= known
    assert {option.name for option in options(task)} <= known


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "input": st.one_of(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1).map(tuple)),
            "valid": st.one_of(st.floats(0, 0.9), st.text(min_size=1)),
            "delimiter": st.text(string.printable, min_size=1, max_size=1),
            "hidden_size": st.integers(1, 2**40),
            "dropout": st.floats(0, 0.99),
            "tied": st.booleans(),
            "lr": st.floats(1e-9, 1e9),
            "epochs": st.integers(1, 1000),
        },
    )
)
def test_toml_gives_back_what_it_was_given(values: dict[str, object]) -> None:
    spec = from_options("lm", "some path", **values)
    assert from_toml(to_toml(spec)) == spec
    assert from_document(to_document(spec)) == spec


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            {"task": "lmm"},
            "compose, handwrite, but came as 'lmm'. Did you mean 'lm'",
        ),
        ({}, "compose, handwrite, but is missing"),
        ({"task": "lm", "modle": {}}, "there is no 'modle' at the top. Did you mean 'model'"),
        ({"task": "lm", "epochs": 3}, "It belongs under [train]"),
        ({"task": "lm", "data": {"inptu": "x"}}, "no option 'inptu' under [data]. Did you mean 'input'"),
        ({"task": "lm", "train": {"dropout": 0.1}}, "It belongs under [model]"),
        (
            {"task": "lm", "train": {"epochs": "many"}},
            "[train] epochs must be a whole number, at least 1, but came as 'many'",
        ),
        (
            {"task": "lm", "train": {"epochs": 0}},
            "[train] epochs must be a whole number, at least 1, but came as 0",
        ),
        (
            {"task": "lm", "train": {"lr": float("nan")}},
            "[train] lr must be a number, above 0, but came as nan",
        ),
        (
            {"task": "lm", "model": {"init_range": -1.0}},
            "[model] init_range must be a number, at least 0, but came as",
        ),
        (
            {"task": "lm", "model": {"forget_bias": float("nan")}},
            "[model] forget_bias must be a finite number, but",
        ),
        (
            {"task": "lm", "train": {"lr": float("inf")}},
            "[train] lr must be a finite number, but came as inf",
        ),
        (
            {"task": "forecast", "model": {"levels": [0.1, "a"]}},
            "[model] levels must be a list, each a number, but",
        ),
        (
            {"task": "lm", "train": {"seed": 2**64}},
            "[train] seed must be a whole number, at least 0 and at most",
        ),
        (
            {"task": "lm", "model": {"num_layers": 2**31}},
            "[model] num_layers must be a whole number, at least 1 and",
        ),
        (
            {"task": "lm", "train": {"metric": "perplexty"}},
            "lm has no metric 'perplexty'; it has perplexity, bits_per",
        ),
        (
            {"task": "tag", "train": {"metric": "bleu"}},
            "tag has no metric 'bleu'; it has accuracy, entity_f1.",
        ),
        ({"task": "lm", "model": {"dropout": 1.0}}, "[model] dropout"),
        ({"task": "lm", "model": {"cell": "lstn"}}, "Did you mean 'lstm'"),
        ({"task": "lm", "data": {"horizon": 3}}, "lm has no use for [data] horizon; it goes with forecast"),
        ({"task": "lm", "data": 3}, "[data] is a table, but came as 3"),
    ],
)
def test_wrong_specs_say_what_to_do(document: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as error:
        from_document(document, "my.toml")
    assert said in str(error.value)
    assert str(error.value).startswith("my.toml: ")


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        (specs.KEYWORDS, "batch_size must be a whole number, at least 1, but came as 0."),
        (specs.FLAGS, "--batch-size must be a whole number, at least 1, but came as 0."),
    ],
)
def test_an_error_names_an_option_as_it_was_given(voice: specs.Voice, said: str) -> None:
    with pytest.raises(UsageError) as error:
        from_options("lm", voice=voice, batch_size=0)
    assert str(error.value) == said
    with pytest.raises(UsageError, match=f"^lm has no use for {voice.name('data', 'horizon')}; it goes with"):
        from_options("lm", voice=voice, horizon=3)


def test_options_over_a_spec_replace_its_own_even_by_a_default() -> None:
    base = from_toml('task = "lm"\n[model]\ntied = true\ncell = "gru"\n[train]\nepochs = 3\n')
    spec = specs.over(base, "a.txt", tied=False, epochs=None, momentum=np.float64(0.5))
    assert (spec.model.tied, spec.model.cell, spec.train.epochs) == (False, "gru", 3)
    assert (spec.data.path, spec.train.momentum) == ("a.txt", 0.5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"momentum": 0.9}, None),  # the optimiser is adam by default
        ({"momentum": 0.9, "optimizer": "sgd"}, ""),
        ({"init_range": 0.2}, "init_range counts only with init uniform"),
        ({"decay": 0.1}, "decay counts only with schedule decay"),  # one-cycle is chosen
        ({"decay": 0.1, "optimizer": "sgd"}, ""),  # plateau is
        ({"layout": "lines", "documents": True}, "documents counts only with layout stream"),
        ({"layout": "lines", "bptt": 5}, "bptt cuts one long stream"),
        ({"decay": 0.1, "schedule": "cosine"}, "decay counts only with schedule decay or schedule plateau"),
        ({"batch_size": 3, "batch_tokens": 100}, "batch_size and batch_tokens both say how large a batch is"),
        ({"patience": 3, "valid": 0.0}, "patience needs validation data, and valid sets none aside"),
        ({"patience": 3, "valid": 0.1}, ""),
    ],
)
def test_an_option_that_another_makes_useless_is_an_error(
    options: dict[str, object], said: str | None
) -> None:
    spec = from_options("lm", **options)
    if said == "":
        specs.unused(spec)
        return
    with pytest.raises(UsageError, match=said or "momentum counts only with optimizer sgd"):
        specs.unused(spec)


def test_an_unknown_option_in_python_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no option 'hidden'"):
        from_options("lm", hidden=3)
    with pytest.raises(UsageError, match="Did you mean 'hidden_size'"):
        from_options("lm", hiden_size=3)
    with pytest.raises(UsageError, match="Did you mean 'epochs'"):
        Spec("lm").replace(epoch=3)


@pytest.mark.parametrize("text", ["task = ", "\x00", "[[data]]\n"])
def test_what_is_not_a_spec_in_toml_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        from_toml(text, "my.toml")


def test_reading_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.toml"):
        specs.read(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        specs.read(tmp_path / "binary.toml")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configs_are_sound(path: Path) -> None:
    assert specs.read(path).task in TASKS


def test_every_task_has_a_config() -> None:
    assert {specs.read(path).task for path in CONFIGS} == set(TASKS)


def test_choices_are_the_rows_of_tables_that_a_task_has() -> None:
    by_name = {option.name: option for option in options()}
    assert specs.choices(by_name["head"], "classify") == ("softmax", "sigmoid")
    assert specs.choices(by_name["codec"], "caption") == ("image", "frames")
    assert specs.choices(by_name["metric"], "tag") == ("accuracy", "entity_f1")
    assert specs.choices(by_name["cell"], "lm") == specs.choices(by_name["cell"]) == ("rnn", "lstm", "gru")
    assert specs.choices(by_name["optimizer"], "lm") == ("adam", "adamw", "sgd")
    assert specs.choices(by_name["path"], "lm") == ()
    assert {option.group for option in options()} == {"data", "model", "training"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"task": "tag", "model": {"head": "sigmoid"}}, "tag has no head 'sigmoid'; it has softmax, crf."),
        ({"task": "caption", "data": {"codec": "audio"}}, "caption has no codec 'audio'; it has image, frames."),
        ({"task": "lm", "model": {"head": "softmx"}}, "head must be one of softmax, but came as 'softmx'. Did you"),
    ],
)  # fmt: skip
def test_a_row_that_the_task_does_not_have_is_an_error(document: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as error:
        from_document(document)
    assert message in str(error.value)


def test_help_shows_the_default_of_the_task() -> None:
    by_name = {option.name: option for option in options()}
    assert specs.default_text(by_name["tokens"], "caption") == "words"
    assert specs.default_text(by_name["encoding"], "lm") == "utf-8"
    assert specs.default_text(by_name["levels"], "forecast") == "0.1 0.25 0.5 0.75 0.9"
    assert specs.default_text(by_name["hidden_size"], "lm") == "from the data"
