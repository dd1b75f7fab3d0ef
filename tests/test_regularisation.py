"""Dropouts of layers and plans, penalties, varied truncation, and averages that start by themselves."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_training import Counting, _Stopping, module_of, run, same, spec_of
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import hitherto
from hitherto.errors import UsageError
from hitherto.plan import make
from hitherto.plan.check import check
from hitherto.spec import from_options, unused
from hitherto.tasks.base import Batch
from hitherto.tasks.families import FAMILIES
from hitherto.training import checkpoint
from hitherto.training.processes import Interrupted
from hitherto.training.setup import complete
from hitherto.training.setup import module_of as module_from
from hitherto.training.setup import plan_of as plan_of_source
from hitherto.training.step import evaluate, forward

T, B, IN, H = 7, 3, 5, 6
KINDS = ("RNN", "LSTM", "GRU")
WORDS = ["the cat sat on the mat", "the dog sat on the log", "a cat and a dog sat"] * 30
REGULAR: dict[str, Any] = {
    "tokens": "words", "hidden_size": 8, "num_layers": 2, "embedding_size": 8, "tied": True, "dropout": 0.3,
    "input_dropout": 0.1, "output_dropout": 0.2, "locked_dropout": True, "weight_dropout": 0.4,
    "embedding_dropout": 0.1, "activation_penalty": 2.0, "smoothness_penalty": 1.0, "batch_size": 4, "bptt": 12,
    "vary_bptt": True, "threads": 1,
}  # fmt: skip


# ---- layers


@pytest.mark.parametrize("kind", KINDS)
def test_weight_dropout_is_one_mask_on_the_recurrent_weights(kind: str) -> None:
    layer = getattr(hitherto, kind)(IN, H, 2, bidirectional=True, weight_dropout=0.5)
    plain = getattr(hitherto, kind)(IN, H, 2, bidirectional=True)
    x = torch.randn(T, B, IN)
    masks: dict[str, Tensor] = {}
    torch.manual_seed(4)
    y, _ = layer(x, lengths=[3, 7, 5])
    y.square().sum().backward()
    torch.manual_seed(4)
    for name, weight in layer.named_parameters():
        masks[name] = (
            F.dropout(torch.ones_like(weight), 0.5) if "weight_hh" in name else torch.ones_like(weight)
        )
    plain.load_state_dict({name: weight * masks[name] for name, weight in layer.state_dict().items()})
    expected, _ = plain(x, lengths=[3, 7, 5])
    expected.square().sum().backward()
    torch.testing.assert_close(y, expected)
    for (name, ours), theirs in zip(layer.named_parameters(), plain.parameters(), strict=True):
        assert ours.grad is not None
        torch.testing.assert_close(ours.grad, theirs.grad * masks[name], msg=name)
        assert ("weight_hh" in name) == bool((ours.grad == 0).any())
    assert hitherto.explain_path(layer, x).startswith("kernels")
    layer.eval()
    plain.load_state_dict(layer.state_dict())
    assert torch.equal(layer(x)[0], plain(x)[0])


@pytest.mark.parametrize("form", ["full", "lengths", "batch first", "packed"])
@pytest.mark.parametrize("path", ["kernels", "reference"])
def test_locked_dropout_is_one_mask_a_row_for_all_steps(form: str, path: str) -> None:
    """A second layer that only adds up shows what it reads: zero at every step of a row, or never."""
    first = form == "batch first"
    more = {"layer_norm": True} if path == "reference" else {}
    layer = hitherto.RNN(IN, H, 2, "relu", dropout=0.5, locked_dropout=True, batch_first=first, **more)
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.fill_(0.0 if "bias" in name or name.endswith("weight_hh_l1") else 1.0)
        layer.weight_ih_l1.copy_(torch.eye(H))
    x, lengths = torch.rand(B, T, IN) + 0.5, [3, 7, 5]
    x = x if first else x.transpose(0, 1)
    if path == "reference":  # a normed layer hides sizes, not which units are zero
        for name, weight in layer.named_parameters():
            if name.startswith("shift_"):
                weight.data.fill_(3.0)
    if form == "packed":
        y, _ = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
        y, _ = pad_packed_sequence(y)
    else:
        y, _ = layer(x, lengths=None if form == "full" else lengths)
    y = y.transpose(0, 1) if first else y  # [T, B, H]
    if path == "kernels":
        for b, n in enumerate([T] * B if form == "full" else lengths):
            zero = y[:n, b] == 0
            assert (zero == zero[:1]).all()
            assert (y[n:, b] == 0).all()
        assert 0 < (y[0] == 0).sum() < B * H
        assert len({tuple(row.tolist()) for row in (y[0] == 0)}) > 1  # each row has its own


def test_options_of_dropout_are_checked_and_shown() -> None:
    with pytest.raises(UsageError, match="weight_dropout should be a number in range"):
        hitherto.LSTM(IN, H, weight_dropout=2)
    with pytest.raises(TypeError, match="locked_dropout should be of type bool"):
        hitherto.LSTM(IN, H, 2, dropout=0.1, locked_dropout=1)  # type: ignore[arg-type]
    layer = hitherto.LSTM(IN, H, 2, dropout=0.1, locked_dropout=True, weight_dropout=0.2)
    assert "weight_dropout=0.2, locked_dropout=True" in repr(layer)
    for ours in (layer, hitherto.LSTM(IN, H, weight_dropout=0.2)):
        with pytest.raises(UsageError, match=r"torch\.nn has nothing"):
            hitherto.to_torch(ours.eval())


# ---- plans


def plan_of(**options: Any) -> Any:
    spec = from_options(
        "lm", "x", **{"hidden_size": 8, "num_layers": 2, "embedding_size": 8, "dropout": 0.3} | options
    )
    inputs = {"x": {"kind": "ids", "size": 9}}
    return make(spec.model, "many_to_many", inputs, "softmax", {"classes": 9})


def test_a_plan_has_only_the_dropouts_that_are_set() -> None:
    plain = {op["name"]: op["options"] for op in plan_of()["step"]}
    assert plain["drop_in"] == plain["drop_out"] == {"rate": 0.3}
    assert not {"weight_dropout", "locked_dropout"} & plain["recurrent"].keys()
    plan = plan_of(locked_dropout=True, weight_dropout=0.4, input_dropout=0.1, output_dropout=0.0)
    options = {op["name"]: op["options"] for op in plan["step"]}
    assert options["drop_in"] == {"rate": 0.1, "locked": True}
    assert "drop_out" not in options
    assert (options["recurrent"]["dropout"], options["recurrent"]["weight_dropout"]) == (0.3, 0.4)
    assert options["recurrent"]["locked_dropout"] is True
    assert check(plan)["step"] == plan["step"]


def test_a_step_has_its_masks_and_an_evaluation_has_none() -> None:
    module = module_of(spec_of(), dropout=0.5, locked_dropout=True, weight_dropout=0.5)
    x = {"x": torch.zeros(T, B, dtype=torch.int64)}
    module.train()
    torch.manual_seed(0)
    one = module(x, None, None)[0]
    torch.manual_seed(0)
    assert torch.equal(module(x, None, None)[0], one)
    assert not torch.equal(module(x, None, None)[0], one)
    assert ((one == 0) == (one[:1] == 0)).all()
    module.eval()
    assert torch.equal(module(x, None, None)[0], module(x, None, None)[0])


@pytest.mark.parametrize("name", ["weight_dropout", "locked_dropout"])
def test_what_goes_step_by_step_has_no_mask_for_a_sequence(name: str) -> None:
    ids = {"kind": "ids", "size": 9}
    model = from_options(
        "translate", "x", hidden_size=8, num_layers=2, embedding_size=8, dropout=0.1, attention="additive",
        **{name: True if name == "locked_dropout" else 0.1},
    ).model  # fmt: skip
    with pytest.raises(UsageError, match=f"{name} keeps one mask"):
        make(model, "seq2seq", {"source": ids, "x": ids}, "softmax", {"classes": 9})


# ---- penalties


def test_penalties_are_those_of_their_formulas_and_skip_padding() -> None:
    module = module_of(spec_of(), dropout=0.0).train()
    rng = np.random.default_rng(0)
    x, lengths = rng.integers(0, 7, (T, B)), np.array([4, 7, 5])
    at = np.flatnonzero(np.arange(T)[:, None] < lengths)
    batch = Batch({"x": x}, lengths, {"y": x.reshape(-1)[at]}, at)
    plain, count, _ = forward(module, batch, None, spec_of().train)
    both = spec_of(activation_penalty=2.0, smoothness_penalty=3.0).train
    total, again, _ = forward(module, batch, None, both)
    assert int(count) == int(again) == 16
    expected = 0.0
    for b, n in enumerate(lengths):
        y = module({"x": torch.from_numpy(x[:n, b : b + 1])}, None, None)[0].detach()  # what the head reads
        expected += 2 * float(y.square().mean(-1).sum()) + 3 * float((y[1:] - y[:-1]).square().mean(-1).sum())
    assert float((total - plain).detach()) == pytest.approx(expected, rel=1e-5)
    total.backward()  # type: ignore[no-untyped-call]
    assert module.outputs is None


# ---- varied truncation


def corpus(tmp_path: Path, **options: Any) -> Any:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(WORDS * 3), encoding="utf-8")
    spec = from_options("lm", str(path), **({"tokens": "chars", "batch_size": 3, "bptt": 20} | options))
    source, examples, _ = FAMILIES["corpus"].source.prepare(spec, str(path), None, {})
    return source, examples, spec.train


@pytest.mark.parametrize("documents", [False, True])
def test_spans_vary_with_seed_and_epoch_and_cover_every_lane(tmp_path: Path, documents: bool) -> None:
    source, examples, train = corpus(tmp_path, vary_bptt=True, documents=documents)
    lane = len(examples) // 3
    count = len(corpus(tmp_path, documents=documents)[0].schedule(examples, corpus(tmp_path)[2], 0))
    epochs = [source.schedule(examples, train, epoch) for epoch in (0, 1, 0)]
    assert epochs[0] == epochs[2] != epochs[1]
    other = source.schedule(examples, corpus(tmp_path, vary_bptt=True, seed=1)[2], 0)
    assert other != epochs[0]
    for items in (*epochs, other):
        assert len(items) == count  # so that the number of steps is known before
        assert items[0][1] == 0
        assert items[-1][2] == lane
        assert all(a[2] == b[1] for a, b in pairwise(items))
        sizes = [stop - start for _, start, stop in items]
        assert min(sizes) > 0
        assert max(sizes) < 2 * 20
        assert len(set(sizes)) > 3
        for item, size in zip(items, sizes, strict=True):
            assert source.batch(examples, item).pace == size / 20
    plain, examples, train = corpus(tmp_path, documents=documents)
    assert {plain.batch(examples, item).pace for item in plain.schedule(examples, train, 0)} == {1.0}


def test_the_rate_follows_the_length() -> None:
    class Paced(Counting):
        def batch(self, examples: Any, item: Any, share: tuple[int, int] = (0, 1)) -> Batch:
            batch = super().batch(examples, item, share)
            batch.pace = 0.5
            return batch

    options: dict[str, Any] = {"optimizer": "sgd", "schedule": "constant", "clip": 0.0}
    half = run(spec_of(lr=0.2, **options), source=Paced())
    assert same(half.module, run(spec_of(lr=0.1, **options)).module)


# ---- averages that start by themselves


# What jumps about and does not improve: a rate far too large.
JUMPING: dict[str, Any] = {
    "optimizer": "sgd",
    "lr": 20.0,
    "schedule": "constant",
    "average_after": 2,
    "epochs": 12,
}


def test_an_average_begins_when_nothing_improves_and_is_the_mean_of_the_steps_since() -> None:
    weights: list[list[Tensor]] = []

    class Noting(Counting):
        def batch(self, examples: Any, item: Any, share: tuple[int, int] = (0, 1)) -> Batch:
            weights.append([p.detach().clone() for p in module.parameters()])
            return super().batch(examples, item, share)

        def evaluation(self, examples: Any) -> Any:
            return Counting().evaluation(examples)

    module = module_of(spec_of(), dropout=0.0)
    averages: list[list[Tensor]] = []
    found = run(
        spec_of(**JUMPING), None, Noting(), module=module,
        watch=lambda m: averages.append([p.detach().clone() for p in m.parameters()]) or {},  # type: ignore[func-returns-value]
    )  # fmt: skip
    progress = found.progress
    assert 0 < progress.averaged < progress.step
    since = progress.step - progress.averaged  # the step after which it began
    assert since % 3 == 0  # an evaluation, at the end of an epoch of three steps
    values = [row["perplexity"] for row in progress.history[: since // 3]]
    best = int(np.argmin(values))
    assert best == len(values) - 1 - 2  # two evaluations without a better one
    last = since // 3 + 2
    after = weights[since + 1 : since + 7]  # as they were after each of the six steps
    for i, average in enumerate(averages[last - 1]):
        torch.testing.assert_close(average, torch.stack([w[i] for w in after]).mean(0))


@pytest.mark.parametrize("stop", [6, 23, 33])
def test_a_run_that_averages_resumes_to_the_bit(tmp_path: Path, stop: int) -> None:
    spec = spec_of(**JUMPING)
    whole = run(spec)
    with pytest.raises(Interrupted):
        run(spec, tmp_path / "part", _Stopping(stop=stop))
    saved = checkpoint.latest(tmp_path / "part" / "checkpoints")
    assert saved is not None
    rest = run(spec, tmp_path / "part", resume=saved)
    assert same(rest.module, whole.module)
    assert rest.progress.history == whole.progress.history
    assert rest.progress.averaged == whole.progress.averaged > 0


def test_options_that_need_others_say_so() -> None:
    for options, said in (
        ({"average": 0.9, "average_after": 2}, "both average the weights"),
        ({"average_after": 2, "valid": 0.0}, "average_after needs validation data"),
        ({"vary_bptt": True, "layout": "lines"}, "vary_bptt counts only with layout stream"),
    ):
        with pytest.raises(UsageError, match=said):
            unused(from_options("lm", "x", **options))


# ---- defaults


def chosen(tokens: str, words: int = 3000, **options: Any) -> Any:
    """The complete spec of a training on a text of so many words."""
    text = " ".join(f"w{i % words}" for i in range(4 * words))
    source, examples, _ = FAMILIES["corpus"].source.prepare(
        from_options("lm", tokens=tokens, **options), [text], None, {}
    )
    return complete(source, examples, lambda _line: None)


def test_words_are_tied_where_the_sizes_allow_and_characters_are_not() -> None:
    model = chosen("words").model
    assert model.tied
    assert model.embedding_size == model.hidden_size
    assert chosen("words", hidden_size=40).model.embedding_size == 40
    assert chosen("words", hidden_size=40, proj_size=8).model.embedding_size == 8
    for options in ({"tied": False}, {"embedding_size": 40}, {"embedding_size": 40, "hidden_size": 30}):
        assert not chosen("words", **options).model.tied
    assert not chosen("chars").model.tied
    assert chosen("chars", tied=True, hidden_size=40).model.embedding_size == 40


def test_plain_descent_has_a_rate_for_the_mean_of_a_token() -> None:
    train = chosen("words", optimizer="sgd").train
    assert (train.lr, train.schedule, train.clip) == (20.0, "plateau", 0.25)
    for optimizer in ("sgd", "adam"):  # an average takes the place of a rate that falls
        assert chosen("words", optimizer=optimizer, average_after=3).train.schedule == "constant"


def test_a_model_begins_with_the_frequencies_of_the_tokens() -> None:
    losses = {}
    for init in ("torch", "uniform"):
        spec = chosen("words", hidden_size=4, init=init)
        source, examples, _ = FAMILIES["corpus"].source.prepare(spec, WORDS, None, {})
        source.spec = complete(source, examples, lambda _line: None)
        counts = np.bincount(examples.tokens.ids(0, len(examples)), minlength=source.codec.size)
        assert np.array_equal(source.frequencies, counts)
        plan = plan_of_source(source)
        module = module_from(source.spec, plan, source.first(plan))
        losses[init] = evaluate(module, source, examples).metrics["nats"]
    shares = counts / counts.sum()
    entropy = -float((shares * np.log(np.maximum(shares, 1e-9))).sum())
    assert losses["torch"] == pytest.approx(entropy, abs=0.05)
    assert losses["uniform"] == pytest.approx(np.log(len(counts)), abs=0.1)
    assert entropy < np.log(len(counts)) - 0.15


# ---- all of it


def test_a_regularised_model_trains_resumes_opens_and_streams(tmp_path: Path) -> None:
    """Stopped in the middle of an epoch and resumed, it has the bits of a training in one go."""
    path = tmp_path / "text.txt"
    path.write_text("\n".join(WORDS), encoding="utf-8")
    options: dict[str, Any] = {
        **REGULAR, "optimizer": "sgd", "lr": 5.0, "clip": 0.25, "average_after": 1, "evaluate_every": 7,
    }  # fmt: skip
    whole, part, other = (tmp_path / f"{name}.safetensors" for name in ("whole", "part", "other"))
    digests = [hitherto.train("lm", path, out=whole, steps=21, **options).digest]
    stopped = hitherto.train("lm", path, out=part, steps=7, **options)
    digests.append(hitherto.train("lm", resume=tmp_path / "part.run", steps=21).digest)
    digests.append(hitherto.train("lm", path, out=other, steps=21, **options, seed=1).digest)
    assert digests[0] == digests[1] != digests[2]
    assert stopped.digest != digests[0]
    opened = hitherto.open(part)
    stream = opened.stream()
    rows = stream.push("the cat sat on the mat\n") + stream.finish()
    nats = -sum(np.log(row["probability"]) for row in rows)
    assert opened.evaluate(["the cat sat on the mat"])["nats"] == pytest.approx(nats / len(rows), rel=1e-5)
