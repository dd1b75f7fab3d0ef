"""The training loop: all of it is in `fit`, and what it calls follows in the order of use.

A killed run resumes to the bit. The order of batches is a function of (seed, epoch), every random draw of a step is
seeded from (seed, step, rank), and a checkpoint between two steps holds all the rest (`_Run.save`). Several processes
equal one: batches are formed for all and shared by rows, and the gradient of the sum over all tokens is divided by the
count over all processes.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
import torch
from torch import Tensor

from hitherto import native
from hitherto.errors import CheckpointError, HithertoError
from hitherto.model.build import Module, State
from hitherto.spec import Spec, TrainSpec
from hitherto.tasks.base import AnySource, Examples
from hitherto.training import checkpoint
from hitherto.training.log import Log
from hitherto.training.optimizer import (
    Optimizer,
    blend,
    include,
    not_finite,
    rate,
    seed,
    shapes,
    total_of,
    use,
    weights_of,
)
from hitherto.training.processes import interrupts, processes
from hitherto.training.progress import Progress, Row, Show, Trained, grade
from hitherto.training.step import Loss, evaluate, forward, tensors_on

__all__ = ["fit"]

CHECKPOINT_SECONDS = 60.0
Tensors: TypeAlias = dict[str, Any]  # arrays by name, as a checkpoint claims; `_Run._fits` looks at each
Environment = dict[str, int | str]  # what the bits of a run depend on, by name


def fit(
    spec: Spec,
    module: Module,
    source: AnySource,
    examples: Examples,
    valid: Examples | None,
    folder: Path | None = None,
    *,
    metric: str,
    digest: str = "",
    resume: checkpoint.Checkpoint | None = None,
    judge: Callable[[Module], dict[str, float]] | None = None,
    watch: Callable[[Module], Row] | None = None,
    show: Show | None = None,
    keep: Callable[[Module, Progress], None] | None = None,
    say: Callable[[str], None] = lambda _line: None,
    begun: bool = False,
) -> Trained:
    """Train `module` by `spec.train`. It ends with the weights that were best on `valid`, or with the last ones.

    At every evaluation `judge` gives further metrics, and `watch` what to note in `progress.watched`. `keep` gets the
    module with the best weights so far: at the first evaluation and, where there are better ones, at each checkpoint.
    Where the module has `begun` to know, its first weights are measured too.
    SIGTERM or SIGINT saves after the current step, and then raises Interrupted.
    """
    train = spec.train
    run = _Run(module, source, examples, train, digest, folder, keep)
    if resume is not None:
        run.restore(resume, say)
    progress, schedule, first = run.progress, None, run.progress.step
    log = Log(folder if run.rank == 0 else None, train, progress.step)
    with contextlib.closing(log), interrupts(say) as interrupted, run.losing_nothing():
        if begun and valid is not None and not progress.step:
            log.evaluation(progress, run.evaluate(valid, metric, 0.0, judge, watch), show)
        while progress.step < progress.total and not run.waited_enough and not interrupted():
            if schedule is None:
                schedule = source.schedule(examples, train, progress.epoch)
                module.train()
            items = schedule[progress.position : progress.position + train.accumulate]
            loss, norm, lr = run.step(items)
            log.step(progress, loss, norm, lr, show)
            epoch_over = progress.position >= len(schedule)
            due = progress.step % train.evaluate_every == 0 if train.evaluate_every else epoch_over
            if valid is not None and (due or progress.step == progress.total):
                row = run.evaluate(valid, metric, lr, judge, watch)
                if len(progress.history) == 1 and not math.isfinite(row[metric]):
                    say(
                        f"on validation data {metric} is {row[metric]}: the last weights are kept until it is a number"
                    )
                log.evaluation(progress, row, show)
            if epoch_over:
                progress.epoch, progress.position, run.carried, schedule = progress.epoch + 1, 0, None, None
            if run.time_to_save():
                run.save()
            elif run.best_kept_step is None and progress.best is not None:
                run.keep_best()
        run.save()
    if run.waited_enough and progress.step > first:
        best = (
            f"its best is of step {progress.best_step:,}"
            if progress.best_step
            else "what it began with is best"
        )
        say(
            f"no better evaluation in the last {progress.waited}: the training ends at step {progress.step:,} of "
            f"{progress.total:,}, and {best}"
        )
    use(module, run.best if run.best is not None else run.average)
    return Trained(module.eval(), progress)


class _Run:
    """The state of a training between two steps, which is what a checkpoint holds, and the steps."""

    def __init__(
        self,
        module: Module,
        source: AnySource,
        examples: Examples,
        train: TrainSpec,
        digest: str,
        folder: Path | None,
        keep: Callable[[Module, Progress], None] | None = None,
    ) -> None:
        self.module, self.source, self.examples, self.train = module, source, examples, train
        self.digest, self.folder, self.keep = digest, folder, keep
        self.best_kept_step: int | None = None  # of the weights that `keep` was given last
        self.rank, self.world = processes()
        self.device = next(module.parameters()).device
        self.optimizer = Optimizer(module, train, self.world)
        self.progress = Progress()
        self.carried: State | None = None  # the state that the last batch carried to the next
        self.average = self._copy() if train.average else None
        self.best: dict[str, Tensor] | None = None
        per_epoch = -(-len(source.schedule(examples, train, 0)) // train.accumulate)
        self.progress.total = total_of(train, per_epoch)
        self.saved = self.begun = time.monotonic()

    def _copy(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.module.named_parameters()}

    @property
    def waited_enough(self) -> bool:
        return self.train.patience is not None and self.progress.waited >= self.train.patience

    def step(self, items: Sequence[object]) -> tuple[float, float, float]:
        """One step of the optimiser over some batches: mean loss, norm of the gradient, learning rate."""
        progress, train = self.progress, self.train
        torch.manual_seed(seed(train.seed, progress.step, self.rank))
        self.optimizer.thaw(progress.epoch)
        if train.scheduled_sampling:  # more and more often, so that the first steps learn from what is true
            self.module.sampling = train.scheduled_sampling * progress.step / max(1, progress.total)
        pace = 0.0
        losses: list[Tensor] = []
        counts: list[Tensor] = []
        for item in items:
            batch = self.source.batch(self.examples, item, (self.rank, self.world))
            total, count, self.carried = forward(self.module, batch, self.carried, train)
            total.backward()
            losses.append(total.detach())
            counts.append(count)
            pace += batch.pace
            progress.tokens += batch.steps * self.world
        loss, norm = self.optimizer.gradient(losses, counts)
        lr = rate(train, progress.step, progress.total, progress.epoch) * progress.factor * pace / len(items)
        if math.isfinite(loss) and math.isfinite(norm):
            self.optimizer.step(lr)
            progress.loss_sum, progress.loss_count = progress.loss_sum + loss, progress.loss_count + 1
        else:
            not_finite(train, progress, loss, norm)
            if self.carried is not None:
                self.carried = {name: torch.zeros_like(value) for name, value in self.carried.items()}
        self.optimizer.clear()
        if self.average is not None and train.average_after:
            progress.averaged += 1
            include(self.average, self.module, 1 / progress.averaged)
        elif self.average is not None:
            blend(self.average, self.module, train.average, progress.step)
        progress.step += 1
        progress.position += len(items)
        return loss, norm, lr

    def evaluate(
        self,
        valid: Examples,
        metric: str,
        lr: float,
        judge: Callable[[Module], dict[str, float]] | None,
        watch: Callable[[Module], Row] | None,
    ) -> Row:
        """Measure on `valid`, add a row to the history, and keep the weights if they are the best so far."""
        progress = self.progress
        with weights_of(self.module, self.average):
            loss = Loss()
            metrics = evaluate(self.module, self.source, valid, loss).metrics
            if judge is not None:
                metrics |= judge(self.module)
            now = grade(metric, metrics[metric], loss.mean)
            if progress.best is None or now < grade(metric, progress.best, progress.best_loss):
                progress.best, progress.best_loss = metrics[metric], loss.mean
                progress.best_step, progress.waited = progress.step, 0
                self.best = self._copy()
            else:
                progress.waited += 1
                if self.train.schedule == "plateau":
                    progress.factor *= self.train.decay
                if self.average is None and progress.waited == self.train.average_after:
                    self.average, progress.waited = self._copy(), 0
            if watch is not None:
                progress.watched.append({"step": progress.step, **watch(self.module)})
        self.module.train()
        mean = progress.loss_sum / progress.loss_count if progress.loss_count else None
        progress.loss_sum, progress.loss_count = 0.0, 0
        row: Row = {
            "step": progress.step,
            "epoch": progress.epoch,
            "train_loss": mean,
            "valid_loss": loss.mean,
            "lr": lr,
        }
        row |= metrics
        progress.history.append(row)
        return row

    def time_to_save(self) -> bool:
        every = self.train.checkpoint_every
        return (
            self.progress.step % every == 0 if every else time.monotonic() - self.saved > CHECKPOINT_SECONDS
        )

    def keep_best(self) -> None:
        """Give `keep` the best weights so far, or the last ones before an evaluation, unless it has them."""
        step = self.progress.step if self.best is None else self.progress.best_step
        if self.keep is None or self.rank or step == self.best_kept_step:
            return
        with weights_of(self.module, self.average if self.best is None else self.best):
            self.keep(self.module, self.progress)
        self.best_kept_step = step

    @contextlib.contextmanager
    def losing_nothing(self) -> Iterator[None]:
        """Keep the best weights, if there are any, whatever error ends the run."""
        try:
            yield
        except Exception:
            with contextlib.suppress(HithertoError):  # of the two errors the first says more
                if self.best is not None:
                    self.keep_best()
            raise

    def save(self) -> None:
        """The first process saves a checkpoint, and the best weights so far."""
        now = time.monotonic()
        self.progress.seconds += now - self.begun
        self.begun = self.saved = now
        if self.folder is None or self.rank:
            return
        tree = {
            "weights": _numpy(dict(self.module.named_parameters())),
            "optimizer": {i: _numpy(values) for i, values in self.optimizer.state().items()},
            "progress": vars(self.progress),
            "carried": _numpy(self.carried),
            "average": _numpy(self.average),
            "best": _numpy(self.best),
            "digest": self.digest,
            "environment": environment(),
        }
        arrays, document = checkpoint.flatten(tree)
        checkpoint.save(self.folder / "checkpoints", self.progress.step, arrays, document)
        self.keep_best()

    def restore(self, saved: checkpoint.Checkpoint, say: Callable[[str], None]) -> None:
        tree = _Tree.of(saved)
        if tree.digest != self.digest:
            raise CheckpointError(
                f"{saved.path} belongs to other data or to another model than the run's spec now describes. "
                "Restore the data as it was, or start a new run."
            )
        if not self._fits(tree):
            raise CheckpointError(
                f"{saved.path} is damaged: it does not hold what its run needs to go on. Delete it; training resumes "
                "from the one before it, if there is one."
            )
        self.module.load(tree.weights)
        self.optimizer.load(tree.optimizer)
        total, before = self.progress.total, tree.progress.total
        self.progress = replace(tree.progress, total=total)
        if total != before:
            say(f"the run was to take {before:,} steps and is to take {total:,} now; so does its schedule")
        if self.waited_enough or self.progress.step >= total:
            what = "patience" if self.waited_enough else "epochs or steps"
            say(f"the run has ended at step {self.progress.step:,}; with more {what} it goes on")
        self.carried, self.average, self.best = (
            None if part is None else tensors_on(part, self.device)
            for part in (tree.carried, tree.average, tree.best)
        )

    def _fits(self, tree: "_Tree") -> bool:
        """Whether a checkpoint is of this module and this optimiser."""
        expected = {name: tuple(value.shape) for name, value in self.module.named_parameters()}
        states = {name: tuple(value.shape) for name, value in self.module.zero_state(0).items()}
        weights = [part for part in (tree.weights, tree.average, tree.best) if part is not None]
        carried = {} if tree.carried is None else tree.carried
        progress = tree.progress
        return (
            all(shapes(part) == expected for part in weights)
            and all(value is not None and len(value) == 3 for value in shapes(carried).values())
            and carried.keys() <= states.keys()
            and all(a[::2] == states[n][::2] for n, a in shapes(carried).items() if a is not None)
            and len({a[1] for a in shapes(carried).values() if a is not None}) <= 1
            and (bool(self.train.average_after) or (tree.average is None) == (self.average is None))
            and self.optimizer.fits(tree.optimizer)
            and min(progress.step, progress.epoch, progress.position, progress.seconds) >= 0
            and isinstance(progress.best, int | float | np.number | None)
            and all({"step", "epoch", "lr", "train_loss"} <= row.keys() for row in progress.history)
        )


class _Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a checkpoint of a training holds."""

    weights: Tensors
    optimizer: dict[str, Tensors]
    progress: Progress
    carried: Tensors | None
    average: Tensors | None
    best: Tensors | None
    digest: str
    environment: Environment

    @classmethod
    def of(cls, saved: checkpoint.Checkpoint) -> "_Tree":
        try:
            return msgspec.convert(checkpoint.unflatten(saved.arrays, saved.document), cls)
        except msgspec.ValidationError as error:
            raise CheckpointError(f"{saved.path} holds no training that was saved: {error}.") from error


# --------------------------------------------------------------------------------------------- checkpoints


def _numpy(tensors: Mapping[str, Tensor] | None) -> Tensors | None:
    return (
        None if tensors is None else {name: value.detach().cpu().numpy() for name, value in tensors.items()}
    )


def environment() -> Environment:
    """What the bits of a run depend on beside its spec and data."""
    extension = native.extension()
    isa = "reference" if extension is None else str(extension.info()["isa"])
    _, world = processes()
    return {
        "threads": torch.get_num_threads(),
        "isa": isa,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "processes": world,
    }


def differences(saved: checkpoint.Checkpoint) -> list[str]:
    """What differs from when the checkpoint was taken, so that bits may differ."""
    then, now = _Tree.of(saved).environment, environment()
    return [
        f"{name} was {then.get(name)}, is {value}" for name, value in now.items() if then.get(name) != value
    ]
