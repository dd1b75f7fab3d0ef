"""The loop: it resumes to the bit, shares batches exactly, and lets nothing that is not finite near the weights.

The data here are numbers made on the spot by a source of a few lines, as the loop knows no other.
"""

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hitherto
from hitherto.errors import CheckpointError, TrainingError, UsageError
from hitherto.model import kernels
from hitherto.model.build import Module, build
from hitherto.plan import make
from hitherto.spec import Spec, from_options, with_defaults
from hitherto.tasks.base import Batch, Results
from hitherto.tasks.families import FAMILIES
from hitherto.training import checkpoint
from hitherto.training.loop import fit
from hitherto.training.optimizer import blend, rate
from hitherto.training.processes import Interrupted
from hitherto.training.progress import Progress, Trained
from hitherto.training.step import evaluate, forward, rehearse

CLASSES, STEPS = 7, 12


@dataclass
class Counting:
    """Rows that count upwards modulo 7, of different lengths; the next number is the answer at every step."""

    rows: int = 24
    lanes: bool = False  # carry the state from batch to batch
    poison: int | None = None  # a position whose targets make the loss infinite
    seen: list[Any] = field(default_factory=list)
    answers: str = "nll"
    decodes: bool = False
    judges: bool = False

    def schedule(self, examples: Any, train: Any, epoch: int) -> list[np.ndarray[Any, Any]]:
        order = np.random.default_rng([train.seed, epoch]).permutation(self.rows)
        return [np.sort(order[i : i + 8]) for i in range(0, self.rows, 8)]

    def batch(self, examples: Any, item: Any, share: tuple[int, int] = (0, 1)) -> Batch:
        rank, size = share
        own = item[rank * len(item) // size : (rank + 1) * len(item) // size]
        lengths = np.array([STEPS - int(r) % 5 for r in own], np.int64)
        T = int(lengths.max())
        x = (np.arange(T)[:, None] + own) % CLASSES
        at = np.flatnonzero(np.arange(T)[:, None] < lengths)
        every = np.arange(len(own)) if self.lanes else None
        self.seen.append(own)
        return Batch({"x": x}, lengths, {"y": ((x + 1) % CLASSES).reshape(-1)[at]}, at, every, every, own)

    def evaluation(self, examples: Any) -> Iterator[Batch]:
        for start in range(0, self.rows, 8):
            yield self.batch(None, np.arange(start, start + 8))

    def measure(self, examples: Any, outputs: Any) -> Results:
        found = [nll for _, nll in outputs]
        return Results({"perplexity": float(np.exp(np.mean(np.concatenate(found))))})


def spec_of(**options: Any) -> Spec:
    return from_options("lm", "none", **({"epochs": 3, "lr": 0.01, "clip": 1.0, "threads": 1} | options))


def module_of(spec: Spec, **model: Any) -> Module:
    options = {"hidden_size": 16, "num_layers": 2, "embedding_size": 8, "dropout": 0.2} | model
    chosen = spec.replace(**options)
    inputs = {"x": {"kind": "ids", "size": CLASSES}}
    return build(make(chosen.model, "many_to_many", inputs, "softmax", {"classes": CLASSES}), seed=3)


def run(spec: Spec, folder: Path | None = None, source: Any = None, **given: Any) -> Trained:
    source = source or Counting()
    model = given.pop("module", None) or module_of(spec)
    return fit(spec, model, source, None, source, folder, **({"metric": "perplexity"} | given))


def same(a: Module, b: Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_it_learns() -> None:
    found = run(spec_of(epochs=40, lr=0.02), module=module_of(spec_of(), dropout=0.0))
    assert found.progress.history[0]["perplexity"] > 4
    assert found.progress.best is not None
    assert found.progress.best < 1.2


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    first, second, other = (run(spec_of(seed=s)).module for s in (0, 0, 1))
    assert same(first, second)
    assert not same(first, other)


WAYS: dict[str, dict[str, Any]] = {
    "adam": {"optimizer": "adam"},
    "adamw with one-cycle": {"optimizer": "adamw", "schedule": "one-cycle", "weight_decay": 0.01},
    "sgd": {"optimizer": "sgd", "lr": 0.5},
    "momentum, plateau": {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "schedule": "plateau"},
    "accumulated, averaged": {"accumulate": 2, "average": 0.9},
    "warm-up, cosine": {"warmup": 4, "schedule": "cosine"},
    "bfloat16": {"precision": "bfloat16"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("lanes", [False, True], ids=["rows", "lanes"])
def test_a_stopped_run_resumes_to_the_bit(tmp_path: Path, way: str, lanes: bool) -> None:
    spec = spec_of(checkpoint_every=1, epochs=4, evaluate_every=2, **WAYS[way])
    whole = run(spec, tmp_path / "whole", Counting(lanes=lanes))
    for stop in (1, 5, 8):
        with pytest.raises(Interrupted):
            run(spec, tmp_path / f"part{stop}", _Stopping(lanes=lanes, stop=stop))
        saved = checkpoint.latest(tmp_path / f"part{stop}" / "checkpoints")
        assert saved is not None
        assert 0 < saved.step < whole.progress.step
        rest = run(spec, tmp_path / f"part{stop}", Counting(lanes=lanes), resume=saved)
        assert same(rest.module, whole.module)
        assert [r["perplexity"] for r in rest.progress.history] == [
            r["perplexity"] for r in whole.progress.history
        ]
        assert [r["train_loss"] for r in rest.progress.history] == [
            r["train_loss"] for r in whole.progress.history
        ]
        steps = [
            json.loads(line)["step"]
            for line in (tmp_path / f"part{stop}" / "log.jsonl").read_text().splitlines()
        ]
        assert steps == sorted(steps)


@dataclass
class _Stopping(Counting):
    """Tells its own process to end when so many batches were asked for."""

    stop: int = 0

    def batch(self, examples: Any, item: Any, share: tuple[int, int] = (0, 1)) -> Batch:
        if len(self.seen) == self.stop:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().batch(examples, item, share)


@dataclass
class _StoppingTied(_Stopping):
    def measure(self, examples: Any, outputs: Any) -> Results:
        return Results(super().measure(examples, outputs).metrics | {"accuracy": 1.0})


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    run(spec_of(), tmp_path, digest="one")
    saved = checkpoint.latest(tmp_path / "checkpoints")
    with pytest.raises(CheckpointError, match="other data or to another model"):
        run(spec_of(), tmp_path, digest="two", resume=saved)


PROGRAM = textwrap.dedent("""
    import os, sys
    sys.path.insert(0, {tests!r})
    from pathlib import Path
    import torch
    torch.set_num_threads(1)
    import test_training as t
    folder = Path(sys.argv[1])
    spec = t.spec_of(checkpoint_every=1, epochs=30, accumulate=2, average=0.9, evaluate_every=5)
    saved = checkpoint.latest(folder / "checkpoints") if (folder / "checkpoints").is_dir() else None
    print("ready", flush=True)
    found = t.run(spec, folder, t.Counting(lanes=True), resume=saved)
    torch.save  # never used: weights are compared as plain bytes
    sys.stdout.write(b"".join(v.tobytes() for v in found.module.tensors().values()).hex())
""").replace("    torch.save  # never used: weights are compared as plain bytes\n", "")


def _process(folder: Path) -> "subprocess.Popen[str]":
    code = PROGRAM.format(tests=str(Path(__file__).parent))
    return subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)


def _finish(folder: Path) -> str:
    process = _process(folder)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return out.removeprefix("ready\n")


def _killed(tmp_path: Path, kills: int) -> None:
    whole = _finish(tmp_path / "whole")
    random = np.random.default_rng(kills)
    folder = tmp_path / "killed"
    for _ in range(kills):
        with _process(folder) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(float(random.uniform(0.0, 0.4)))
            process.kill()
    assert _finish(folder) == whole


def test_a_killed_run_resumes_to_the_bit(tmp_path: Path) -> None:
    _killed(tmp_path, 3)


@pytest.mark.soak
def test_a_run_killed_many_times_resumes_to_the_bit(tmp_path: Path) -> None:
    _killed(tmp_path, 50)


SHARED = textwrap.dedent("""
    import sys
    sys.path.insert(0, {tests!r})
    import torch
    torch.set_num_threads(1)
    import test_training as t
    from hitherto.training.processes import join
    seed, seeds = torch.manual_seed, []
    torch.manual_seed = lambda value: [seeds.append(value), seed(value)][1]
    with join() as rank:
        spec = t.spec_of(epochs=3, optimizer=sys.argv[1], lr=float(sys.argv[2]))
        found = t.run(spec, None, t.Counting(lanes=True), module=t.module_of(spec, dropout=0.0))
        sys.stdout.write(b"".join(v.tobytes() for v in found.module.tensors().values()).hex())
        sys.stdout.write(chr(10) + " ".join(map(str, seeds)))
""")


@pytest.mark.parametrize(("optimizer", "lr"), [("adam", "0.01"), ("sgd", "0.5")])
def test_two_processes_equal_one(optimizer: str, lr: str) -> None:
    code = SHARED.format(tests=str(Path(__file__).parent))
    base = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE")}

    def start(**env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code, optimizer, lr],
            stdout=subprocess.PIPE,
            text=True,
            env=base | env,
        )

    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    processes = [start(), start(RANK="0", **address), start(RANK="1", **address)]
    out = [p.communicate(timeout=300)[0] for p in processes]
    assert [p.returncode for p in processes] == [0, 0, 0]
    parts = [text.split("\n") for text in out]
    one, two, other = (np.frombuffer(bytes.fromhex(weights), np.float32) for weights, _ in parts)
    assert one.size > 100
    np.testing.assert_allclose(two, one, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(two, other)
    alone, first, second = (seeds.split() for _, seeds in parts)
    assert alone == first
    assert first[0] == second[0]  # draws the weights
    assert not set(first[1:]) & set(second[1:])  # draw the dropout of each process's rows


def test_accumulated_batches_are_one_large_batch() -> None:
    small = spec_of(accumulate=3, epochs=2, optimizer="sgd", lr=0.5)
    found = run(small, module=module_of(small, dropout=0.0))

    class Large(Counting):
        def schedule(self, examples: Any, train: Any, epoch: int) -> list[np.ndarray[Any, Any]]:
            return [np.concatenate(super().schedule(examples, train, epoch))]

    large = spec_of(epochs=2, optimizer="sgd", lr=0.5)
    other = run(large, source=Large(), module=module_of(large, dropout=0.0))
    for a, b in zip(found.module.parameters(), other.module.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


@dataclass
class _Poisoned(Counting):
    bad: int = 2
    asked: int = 0

    def batch(self, examples: Any, item: Any, share: tuple[int, int] = (0, 1)) -> Batch:
        batch = super().batch(examples, item, share)
        self.asked += 1
        if self.asked == self.bad:
            batch.targets["weight"] = np.full(len(batch.targets["y"]), np.nan, np.float32)
        return batch


def test_what_is_not_finite_never_reaches_the_weights() -> None:
    found = run(spec_of(epochs=2), source=_Poisoned())
    assert found.progress.skipped == 1
    assert all(bool(torch.isfinite(p).all()) for p in found.module.parameters())
    clean = run(spec_of(epochs=2))
    assert clean.progress.skipped == 0


def test_or_it_ends_the_run_with_the_batch_named() -> None:
    spec = spec_of(epochs=2, non_finite="stop")
    module = module_of(spec)
    with pytest.raises(TrainingError, match=r"step 1 \(epoch 0, batch 1\): loss nan"):
        run(spec, source=_Poisoned(), module=module)
    assert all(bool(torch.isfinite(p).all()) for p in module.parameters())


def test_early_stopping_keeps_the_best_weights() -> None:
    spec = spec_of(
        epochs=50, patience=2, lr=3.0, optimizer="sgd", clip=0.0
    )  # far too much: it gets worse soon
    found = run(spec)
    values = [r["perplexity"] for r in found.progress.history]
    assert found.progress.step < found.progress.total
    assert found.progress.best == min(v for v in values if math.isfinite(v))
    again = evaluate(found.module, Counting(), None).metrics["perplexity"]
    assert again == pytest.approx(found.progress.best, rel=1e-6)


@dataclass
class _Tied(Counting):
    """Its metric is the same at every evaluation, though the loss is not."""

    def measure(self, examples: Any, outputs: Any) -> Results:
        return Results(super().measure(examples, outputs).metrics | {"accuracy": 1.0})


def test_equal_metrics_are_told_apart_by_the_loss(tmp_path: Path) -> None:
    said: list[str] = []
    spec = spec_of(epochs=6, lr=0.02, patience=3, checkpoint_every=1)
    trained = run(spec, source=_Tied(), metric="accuracy", say=said.append)
    losses = [row["valid_loss"] for row in trained.progress.history]
    assert losses[-1] == min(losses) < losses[0]
    assert trained.progress.best == 1.0
    assert trained.progress.best_step == trained.progress.step == trained.progress.total == 18
    assert trained.progress.waited == 0, "patience waits for a better loss, too"
    assert not said
    with pytest.raises(Interrupted):
        run(spec, tmp_path / "part", _StoppingTied(stop=24), metric="accuracy")
    saved = checkpoint.latest(tmp_path / "part" / "checkpoints")
    assert saved is not None
    rest = run(spec, tmp_path / "part", _Tied(), metric="accuracy", resume=saved)
    assert 0 < saved.step < 18
    assert same(rest.module, trained.module)
    assert rest.progress.best_loss == trained.progress.best_loss == losses[-1]


def test_a_worse_loss_does_not_take_the_place_of_an_equal_metric() -> None:
    spec = spec_of(epochs=50, patience=2, lr=3.0, optimizer="sgd", clip=0.0)
    said: list[str] = []
    trained = run(spec, source=_Tied(), metric="accuracy", say=said.append)
    losses = [row["valid_loss"] for row in trained.progress.history]
    best = trained.progress.best_step // 3 - 1
    assert losses[best] == min(v for v in losses if math.isfinite(v))
    assert trained.progress.step < trained.progress.total == 150
    assert [line.partition(":")[0] for line in said] == ["no better evaluation in the last 2"]


@dataclass
class _Blind(Counting):
    """What it measures is no number at first."""

    measured: int = 0

    def measure(self, examples: Any, outputs: Any) -> Results:
        found = super().measure(examples, outputs)
        self.measured += 1
        return found if self.measured > 2 else Results({"perplexity": math.nan})


def test_a_best_that_is_no_number_gives_way_to_one_that_is() -> None:
    said: list[str] = []
    found = run(spec_of(epochs=4, patience=2), source=_Blind(), say=said.append)
    assert [math.isnan(row["perplexity"]) for row in found.progress.history] == [True, True, False, False]
    assert found.progress.best == found.progress.history[-1]["perplexity"]
    assert said == ["on validation data perplexity is nan: the last weights are kept until it is a number"]


@dataclass
class _Failing(Counting):
    """Its data cannot be read any more when so many batches were asked for."""

    stop: int = 0

    def batch(self, examples: Any, item: Any, share: tuple[int, int] = (0, 1)) -> Batch:
        if len(self.seen) == self.stop:
            raise OSError("gone")
        return super().batch(examples, item, share)


def test_the_best_weights_are_kept_from_the_first_evaluation_on(tmp_path: Path) -> None:
    kept: list[tuple[int, int, list[torch.Tensor]]] = []

    def keep(module: Module, progress: Progress) -> None:
        kept.append((progress.step, progress.best_step, [p.detach().clone() for p in module.parameters()]))

    spec = spec_of(epochs=4, lr=0.02)
    whole = run(spec, tmp_path / "whole", keep=keep)
    assert [step for step, _, _ in kept] == [3, 12], "once it was measured, and at the end"
    assert all(torch.equal(a, b) for a, b in zip(kept[-1][2], whole.module.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(kept[0][2], kept[-1][2], strict=True))
    kept.clear()
    with pytest.raises(Interrupted):  # after two evaluations of 3 batches
        run(spec, tmp_path / "part", _Stopping(stop=13), keep=keep)
    assert [row[:2] for row in kept] == [(3, 3), (8, 6)]
    kept.clear()
    with pytest.raises(Interrupted):
        run(spec, tmp_path / "early", _Stopping(stop=1), keep=keep)
    assert [row[:2] for row in kept] == [(2, 0)], "nothing was measured: as it is now"
    kept.clear()
    with pytest.raises(OSError, match="gone"):
        run(spec, tmp_path / "failed", _Failing(stop=13), keep=keep)
    assert [row[:2] for row in kept] == [(3, 3), (7, 6)], "the best is kept, whatever ends the run"


def test_keeping_changes_nothing(tmp_path: Path) -> None:
    spec = spec_of(average=0.9, checkpoint_every=1)
    plain = run(spec, tmp_path / "a")
    watched = run(spec, tmp_path / "b", keep=lambda module, progress: None)
    assert same(plain.module, watched.module)


def test_the_loss_on_validation_data_is_measured_too() -> None:
    found = run(spec_of(epochs=2))
    for row in found.progress.history:
        assert row["valid_loss"] == pytest.approx(math.log(row["perplexity"]), rel=1e-5)
    spec, source, examples, module = classifier()
    found = fit(spec, module, source, examples, examples, metric="accuracy")
    for row in found.progress.history:
        assert row["valid_loss"] == pytest.approx(row["log_loss"], rel=1e-5)


def classifier() -> tuple[Spec, Any, Any, Module]:
    rows = [{"text": "a b c"[: 1 + i % 5], "label": "xy"[i % 2]} for i in range(20)]
    spec = from_options("classify", "none", input="text", output="label", hidden_size=8, embedding_size=4,
                        num_layers=1, pool="max", epochs=2, batch_size=8, lr=0.01, valid=0.0)  # fmt: skip
    source, examples, _ = FAMILIES["pairs"].source.prepare(spec, rows, None, {})
    return (
        source.spec,
        source,
        examples,
        build(make(spec.model, "many_to_one", source.inputs(), *source.head())),
    )


def test_a_rehearsal_measures_all_that_an_evaluation_does_with_one_batch() -> None:
    for spec, source, examples, module in (classifier(), writer()):
        calls: list[int] = []
        module.register_forward_hook(lambda *_given, calls=calls: calls.append(1))
        rehearsed = rehearse(module, source, examples)
        assert len(calls) == 1
        names = set(evaluate(module, source, examples).metrics)
        assert names <= rehearsed.keys() <= names | {"bleu", "chrf"}
        assert spec.task != "translate" or {"bleu", "chrf"} <= rehearsed.keys()
    assert rehearse(module_of(spec_of()), Counting(), None).keys() == {"perplexity"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_log_on_a_full_disk_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=r"log.jsonl cannot be written: No space left"):
        run(spec_of(), tmp_path)


def test_a_run_that_goes_on_may_be_longer(tmp_path: Path) -> None:
    run(spec_of(epochs=2), tmp_path)
    saved = checkpoint.latest(tmp_path / "checkpoints")
    longer = run(spec_of(epochs=5), tmp_path, resume=saved)
    assert (longer.progress.step, longer.progress.total) == (15, 15)
    assert same(longer.module, run(spec_of(epochs=5)).module), (
        "its rate is constant: as if it was so from the start"
    )


def test_clipping_bounds_what_a_step_moves() -> None:
    spec = spec_of(epochs=1, optimizer="sgd", lr=1.0, clip=1e-3, steps=1)
    module = module_of(spec)
    before = [p.detach().clone() for p in module.parameters()]
    run(spec, module=module)
    pairs = zip(module.parameters(), before, strict=True)
    moved = math.sqrt(sum(float((p.detach() - b).pow(2).sum()) for p, b in pairs))
    assert moved == pytest.approx(1e-3, rel=1e-3)


def test_plain_sgd_with_row_sparse_gradients_is_torchs_sgd() -> None:
    spec = spec_of(epochs=2, optimizer="sgd", lr=0.5, clip=0.0)
    found = run(spec, module=module_of(spec, dropout=0.0))
    module, source = module_of(spec, dropout=0.0), Counting()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    module.train()
    for epoch in range(2):
        for item in source.schedule(None, spec.train, epoch):
            batch = source.batch(None, item)
            features, _ = module(
                {"x": torch.from_numpy(batch.inputs["x"])}, torch.from_numpy(batch.lengths), None
            )
            scored = features.reshape(-1, features.shape[-1])[torch.from_numpy(batch.at)]
            loss = torch.nn.functional.cross_entropy(
                module.params(scored), torch.from_numpy(batch.targets["y"])
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    # the best weights are the last here: the loss falls
    for a, b in zip(found.module.parameters(), module.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_the_gradient_goes_back_through_the_last_steps_only() -> None:
    spec = spec_of(bptt=3)
    plan = make(spec.replace(hidden_size=6, num_layers=1, embedding_size=4).model, "many_to_one",
                {"x": {"kind": "ids", "size": CLASSES}}, "softmax", {"classes": CLASSES})  # fmt: skip
    module = build(plan).train()
    x = np.arange(10).reshape(10, 1) % CLASSES
    x = np.concatenate([x, x + 0], 1) % CLASSES
    batch = Batch({"x": x}, np.array([10, 5]), {"y": np.array([1, 2])})
    total, _, _ = forward(module, batch, None, spec.train)
    total.backward()  # type: ignore[no-untyped-call]
    grad = module.get_submodule("embed").weight.grad.abs().sum(1)  # type: ignore[union-attr, operator]
    # the last three of the first row are 0 1 2, of the second 2 3 4
    assert set(np.flatnonzero(grad.numpy()).tolist()) == {0, 1, 2, 3, 4}
    whole, _, _ = forward(module, batch, None, spec_of().train)
    assert float(total.detach()) == pytest.approx(float(whole.detach()), rel=1e-6)


def test_schedules() -> None:
    def rates(**options: Any) -> list[float]:
        train = spec_of(lr=1.0, **options).train
        return [rate(train, step, 100, step // 10) for step in range(100)]

    assert rates() == [1.0] * 100
    assert rates(warmup=4)[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    cosine = rates(schedule="cosine")
    assert cosine == sorted(cosine, reverse=True)
    assert cosine[0] == 1.0
    assert cosine[-1] < 1e-3
    cycle = rates(schedule="one-cycle")
    assert max(cycle) == pytest.approx(1.0)
    assert cycle.index(max(cycle)) == 25
    decay = rates(schedule="decay", decay=0.5, decay_after=2)
    assert [decay[i] for i in (0, 20, 29, 30, 40)] == [1.0, 1.0, 1.0, 0.5, 0.25]


def test_average_weights_are_what_is_kept() -> None:
    spec = spec_of(average=0.9, epochs=1)
    found = run(spec)
    plain = run(spec_of(epochs=1))
    assert not same(found.module, plain.module)


@pytest.mark.parametrize(("step", "share"), [(0, 0.9), (10, 1 - 11 / 20), (10_000, 0.1)])
def test_the_average_follows_fast_at_first(step: int, share: float) -> None:
    module: Any = torch.nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(1.0)
    average = {"weight": torch.zeros(1, 1)}
    blend(average, module, 0.9, step)
    assert average["weight"].item() == pytest.approx(share)


def test_bfloat16_trains() -> None:
    spec = spec_of(precision="bfloat16", epochs=2)
    found = run(spec)
    assert found.progress.skipped == 0
    assert all(p.dtype == torch.float32 for p in found.module.parameters())


def test_bfloat16_is_refused_where_the_processor_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "multiplies_bfloat16", lambda: False)
    rows = {"text": ["a", "b"] * 20, "label": ["x", "y"] * 20}
    with pytest.raises(UsageError, match="leave --precision out to train in float32"):
        hitherto.train("classify", rows, precision="bfloat16", device="cpu")


# ---- models that write

PAIRS = [{"source": " ".join("abcde"[: 1 + i % 5]), "target": " ".join("edcba"[i % 4 :])} for i in range(23)]


def writer(**options: Any) -> tuple[Spec, Any, Any, Module]:
    """A spec, its source, its examples and a module for them."""
    given = {"tokens": "words", "hidden_size": 8, "embedding_size": 6, "num_layers": 1, "bidirectional": True}
    more = {"epochs": 3, "batch_size": 8, "lr": 0.01, "threads": 1, "checkpoint_every": 1, "valid": 0.0}
    spec = from_options("translate", "none", **(given | more | options))
    source, examples, _ = FAMILIES["texts"].source.prepare(with_defaults(spec), PAIRS, None, {})
    plan = make(spec.model, "seq2seq", source.inputs(), *source.head())
    return source.spec, source, examples, build(plan, seed=3)


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.3},
        {"dropout": 0.3, "scheduled_sampling": 0.5, "attention": "additive", "input_feeding": True},
        {
            "dropout": 0.3,
            "shared": True,
            "copy": True,
            "tied": True,
            "embedding_size": 8,
            "label_smoothing": 0.1,
        },
    ],
)
def test_a_writer_that_was_stopped_resumes_to_the_bit(tmp_path: Path, options: dict[str, Any]) -> None:
    spec, source, examples, module = writer(**options)
    whole = fit(spec, module, source, examples, examples, tmp_path / "whole", metric="perplexity")
    assert whole.progress.step == 9
    for stop in (1, 5):
        _, source, examples, fresh = writer(**options)
        plain, taken = source.batch, iter(range(100))

        def batch(*given: Any, plain: Any = plain, taken: Any = taken, stop: int = stop) -> Batch:
            if len(given) == 3 and next(taken) == stop:  # a step's, not an evaluation's
                os.kill(os.getpid(), signal.SIGTERM)
            return plain(*given)

        source.batch = batch
        folder = tmp_path / f"{stop}"
        with pytest.raises(Interrupted):
            fit(spec, fresh, source, examples, examples, folder, metric="perplexity")
        saved = checkpoint.latest(folder / "checkpoints")
        assert saved is not None
        assert saved.step == stop + 1
        _, source, examples, again = writer(**options)
        fit(spec, again, source, examples, examples, folder, metric="perplexity", resume=saved)
        assert same(again, whole.module)


@pytest.mark.parametrize(
    "options",
    [
        {"shared": True, "copy": True, "label_smoothing": 0.1},
        {"attention": "additive", "input_feeding": True},
    ],
)
def test_shares_of_a_writers_batch_are_the_whole(options: dict[str, Any]) -> None:
    """Of nine processes, two of which have no row: losses, counts and gradients add up."""
    spec, source, examples, module = writer(**options)
    rows = np.arange(7)

    def gradients(*shares: tuple[int, int]) -> tuple[float, float, list[torch.Tensor]]:
        module.zero_grad()
        total = count = 0.0
        for share in shares:
            loss, of, _ = forward(module, source.batch(examples, (rows, 0), share), None, spec.train)
            loss.backward()
            total, count = total + float(loss.detach()), count + float(of)
        return total, count, [p.grad.clone() for p in module.parameters() if p.grad is not None]

    whole, parts = (
        gradients((0, 1)),
        gradients((0, 9), *((i, 9) for i in range(1, 9))),
    )  # two have no row at all
    assert parts[0] == pytest.approx(whole[0], rel=1e-6)
    assert parts[1] == whole[1]
    for a, b in zip(parts[2], whole[2], strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tree: tree.pop("digest"), "holds no training that was saved"),
        (lambda tree: tree["progress"].update(step="3"), "holds no training that was saved"),
        (lambda tree: tree["weights"].popitem(), "does not hold what its run needs"),
        (lambda tree: tree["best"].update(dict.fromkeys(tree["best"], np.zeros(1))), "does not hold what"),
        (lambda tree: tree["optimizer"]["0"].pop("exp_avg"), "does not hold what its run needs"),
        (lambda tree: tree["progress"]["history"].append({}), "does not hold what its run needs"),
    ],
)
def test_a_checkpoint_that_is_whole_but_makes_no_sense_is_refused(tmp_path, change, said):
    """Its digest is right: it is another's, or a stranger's."""
    import hitherto

    rows = [{"text": word, "label": label} for word, label in (("good", "+"), ("bad", "-"))] * 6
    out = tmp_path / "model.safetensors"
    hitherto.train("classify", rows, out=out, hidden_size=3, epochs=2, threads=1, valid=0.3)
    saved = checkpoint.latest(tmp_path / "model.run" / "checkpoints")
    tree = checkpoint.unflatten(saved.arrays, saved.document)
    change(tree)
    checkpoint.save(saved.path.parent, saved.step, *checkpoint.flatten(tree))
    with pytest.raises(CheckpointError, match=said):
        hitherto.train("", rows, resume=tmp_path / "model.run")
