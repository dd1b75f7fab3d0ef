"""The training loop, whole, in `fit`; what it calls stands around it in the order of use.

What makes a killed run resume to the bit: the order of batches is a function of (seed, epoch), every random draw of a
step is seeded from (seed, step, rank), and a checkpoint between two steps holds all the rest (`_Run.save`). What makes
several processes equal to one: batches are formed for all and shared by rows, and the gradient of the sum over all
tokens is divided by the count over all processes.
"""

import contextlib
import json
import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from hitherto import checkpoint, files, heads, native
from hitherto.decode import Hypothesis
from hitherto.errors import CheckpointError, HithertoError, TrainingError
from hitherto.metrics import METRICS
from hitherto.model.build import Module, State
from hitherto.model.losses import LOSSES, nll
from hitherto.sources import Batch, Results
from hitherto.spec import Spec, TrainSpec

__all__ = [
    "Interrupted",
    "Progress",
    "Trained",
    "evaluate",
    "fit",
    "forward",
    "join",
    "outputs",
    "rate",
    "rehearse",
]

CHECKPOINT_SECONDS = 60.0
LOG_SECONDS, LOG_ROWS = 2.0, 200  # a row every so often, and so many over a whole run


@dataclass
class Progress:
    """Everything about a run that is not weights: what a checkpoint holds beside them."""

    step: int = 0
    total: int = 0
    epoch: int = 0
    position: int = 0  # in the epoch's schedule
    skipped: int = 0  # steps whose loss or gradient was not finite
    tokens: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0  # of the steps since the last evaluation
    loss_count: int = 0
    factor: float = 1.0  # of the learning rate, by schedule plateau
    best: Any = None  # the metric that decides, once it was measured
    best_step: int = 0
    waited: int = 0  # evaluations since the best one
    history: list[dict[str, Any]] = field(default_factory=list)  # one row for each evaluation
    watched: list[dict[str, Any]] = field(default_factory=list)  # what `watch` gave at each


@dataclass
class Trained:
    """What a training leaves: the module with its best weights, and how it came to them."""

    module: Module
    progress: Progress


def fit(
    spec: Spec,
    module: Module,
    source: Any,
    examples: Any,
    valid: Any,
    folder: Path | None = None,
    *,
    metric: str,
    digest: str = "",
    resume: checkpoint.Checkpoint | None = None,
    judge: Callable[[Module], dict[str, float]] | None = None,
    watch: Callable[[Module], dict[str, Any]] | None = None,
    show: Callable[[Progress, dict[str, Any]], None] | None = None,
    keep: Callable[[Module, Progress], None] | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Trained:
    """Train `module` as `spec.train` says, and leave it with the best weights that `valid` has seen.

    At every evaluation `judge` gives further metrics, from more than a look at `valid`; what `watch` gives is noted.
    `keep` is given the module with the best weights so far, at the first evaluation and, where there are better ones,
    with each checkpoint. SIGTERM or SIGINT saves after the step under way, and then raises Interrupted.
    """
    train = spec.train
    run = _Run(module, source, examples, train, digest, folder, keep)
    if resume is not None:
        run.restore(resume, say)
    progress, schedule = run.progress, None
    log = _Log(folder if run.rank == 0 else None, train, progress.step)
    with contextlib.closing(log), _interrupts(say) as interrupted, run.losing_nothing():
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
                log.write(row)
                if show is not None:
                    show(progress, row)
            if epoch_over:
                progress.epoch, progress.position, run.kept, schedule = progress.epoch + 1, 0, None, None
            if run.time_to_save():
                run.save()
            elif run.kept_step is None and progress.best is not None:
                run.keep_best()
        run.save()
    _use(module, run.best if run.best is not None else run.average)
    return Trained(module.eval(), progress)


class _Run:
    """A training between two steps: everything that a checkpoint holds, and what moves it on."""

    def __init__(
        self,
        module: Module,
        source: Any,
        examples: Any,
        train: TrainSpec,
        digest: str,
        folder: Path | None,
        keep: Callable[[Module, Progress], None] | None = None,
    ) -> None:
        self.module, self.source, self.examples, self.train = module, source, examples, train
        self.digest, self.folder, self.keep = digest, folder, keep
        self.kept_step: int | None = None  # of the weights that `keep` was given last
        self.rank, self.world = _processes()
        self.device = next(module.parameters()).device
        self.optimizer = Optimizer(module, train, self.world)
        self.progress = Progress()
        self.kept: State | None = None  # the state that the last batch carried to the next
        self.average = self._copy() if train.average else None
        self.best: dict[str, Tensor] | None = None
        per_epoch = -(-len(source.schedule(examples, train, 0)) // train.accumulate)
        self.progress.total = _total(train, per_epoch)
        self.saved = self.begun = time.monotonic()

    def _copy(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.module.named_parameters()}

    @property
    def waited_enough(self) -> bool:
        return self.train.patience is not None and self.progress.waited >= self.train.patience

    def step(self, items: Sequence[Any]) -> tuple[float, float, float]:
        """One step of the optimiser over some batches: mean loss, norm of the gradient, learning rate."""
        progress, train = self.progress, self.train
        torch.manual_seed(_seed(train.seed, progress.step, self.rank))
        if train.scheduled_sampling:  # more and more often, so that the first steps learn from what is true
            self.module.sampling = train.scheduled_sampling * progress.step / max(1, progress.total)
        losses: list[Tensor] = []
        counts: list[Tensor] = []
        for item in items:
            batch = self.source.batch(self.examples, item, (self.rank, self.world))
            total, count, self.kept = forward(self.module, batch, self.kept, train)
            total.backward()
            losses.append(total.detach())
            counts.append(count)
            progress.tokens += batch.steps * self.world
        loss, norm = self.optimizer.gradient(losses, counts)
        lr = rate(train, progress.step, progress.total, progress.epoch) * progress.factor
        if math.isfinite(loss) and math.isfinite(norm):
            self.optimizer.step(lr)
            progress.loss_sum, progress.loss_count = progress.loss_sum + loss, progress.loss_count + 1
        else:
            _not_finite(train, progress, loss, norm)
            if self.kept is not None:
                self.kept = {name: torch.zeros_like(value) for name, value in self.kept.items()}
        self.optimizer.clear()
        if self.average is not None:
            _blend(self.average, self.module, train.average, progress.step)
        progress.step += 1
        progress.position += len(items)
        return loss, norm, lr

    def evaluate(
        self,
        valid: Any,
        metric: str,
        lr: float,
        judge: Callable[[Module], dict[str, float]] | None,
        watch: Callable[[Module], dict[str, Any]] | None,
    ) -> dict[str, Any]:
        """Measure on `valid`, note it, and keep the weights if they are the best so far; gives the row noted."""
        progress = self.progress
        with _weights(self.module, self.average):
            loss = _Loss()
            metrics = evaluate(self.module, self.source, valid, loss).metrics
            if judge is not None:
                metrics |= judge(self.module)
            value, sign = metrics[metric], 1 if METRICS[metric].better == "higher" else -1
            # a best that is no number is worse than any
            if progress.best is None or (math.isfinite(value) and not sign * value <= sign * progress.best):
                progress.best, progress.best_step, progress.waited = value, progress.step, 0
                self.best = self._copy()
            else:
                progress.waited += 1
                if self.train.schedule == "plateau":
                    progress.factor *= self.train.decay
            if watch is not None:
                progress.watched.append({"step": progress.step, **watch(self.module)})
        self.module.train()
        mean = progress.loss_sum / progress.loss_count if progress.loss_count else None
        progress.loss_sum, progress.loss_count = 0.0, 0
        row = {
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
        """Give `keep` the best weights so far, or the last where nothing was measured yet; unless it has them."""
        step = self.progress.step if self.best is None else self.progress.best_step
        if self.keep is None or self.rank or step == self.kept_step:
            return
        with _weights(self.module, self.average if self.best is None else self.best):
            self.keep(self.module, self.progress)
        self.kept_step = step

    @contextlib.contextmanager
    def losing_nothing(self) -> Iterator[None]:
        """Whatever ends the run, the best weights are kept, if there were any."""
        try:
            yield
        except Exception:
            with contextlib.suppress(HithertoError):  # of the two errors the first says more
                if self.best is not None:
                    self.keep_best()
            raise

    def save(self) -> None:
        """A checkpoint, by the first process; and the best weights so far."""
        now = time.monotonic()
        self.progress.seconds += now - self.begun
        self.begun = self.saved = now
        if self.folder is None or self.rank:
            return
        tree = {
            "weights": _numpy(dict(self.module.named_parameters())),
            "optimizer": {i: _numpy(values) for i, values in self.optimizer.state().items()},
            "progress": vars(self.progress),
            "carried": _numpy(self.kept),
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
        self.kept, self.average, self.best = (
            None if part is None else _tensors(part, self.device)
            for part in (tree.carried, tree.average, tree.best)
        )

    def _fits(self, tree: "_Tree") -> bool:
        """Whether what was saved is of this module and this optimiser."""
        own = {name: tuple(value.shape) for name, value in self.module.named_parameters()}
        states = {name: tuple(value.shape) for name, value in self.module.zero_state(0).items()}
        weights = [part for part in (tree.weights, tree.average, tree.best) if part is not None]
        carried = {} if tree.carried is None else tree.carried
        progress = tree.progress
        return (
            all(_shapes(part) == own for part in weights)
            and all(value is not None and len(value) == 3 for value in _shapes(carried).values())
            and carried.keys() <= states.keys()
            and all(a[::2] == states[n][::2] for n, a in _shapes(carried).items() if a is not None)
            and len({a[1] for a in _shapes(carried).values() if a is not None}) <= 1
            and (tree.average is None) == (self.average is None)
            and self.optimizer.fits(tree.optimizer)
            and min(progress.step, progress.epoch, progress.position, progress.seconds) >= 0
            and isinstance(progress.best, int | float | np.number | None)
            and all({"step", "epoch", "lr", "train_loss"} <= row.keys() for row in progress.history)
        )


class _Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a checkpoint of a training holds."""

    weights: dict[str, Any]
    optimizer: dict[str, dict[str, Any]]
    progress: Progress
    carried: dict[str, Any] | None
    average: dict[str, Any] | None
    best: dict[str, Any] | None
    digest: str
    environment: dict[str, Any]

    @classmethod
    def of(cls, saved: checkpoint.Checkpoint) -> "_Tree":
        try:
            return msgspec.convert(checkpoint.unflatten(saved.arrays, saved.document), cls)
        except msgspec.ValidationError as error:
            raise CheckpointError(f"{saved.path} holds no training that was saved: {error}.") from error


def _shapes(arrays: Mapping[str, Any]) -> dict[str, tuple[int, ...] | None]:
    """The shape of each array of floats; None of what is none."""
    return {
        name: value.shape if isinstance(value, np.ndarray) and value.dtype.kind == "f" else None
        for name, value in arrays.items()
    }


# ------------------------------------------------------------------------------------------------- one step


def _tensors(arrays: Mapping[str, Any], device: torch.device) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(value)).to(device) for name, value in arrays.items()}


def _begin(batch: Batch, kept: State | None) -> State | None:
    """The state that the batch's rows begin with."""
    if batch.carry is None or kept is None:
        return None
    if (batch.carry == np.arange(next(iter(kept.values())).shape[1])).all():
        return kept
    at = torch.from_numpy(batch.carry)
    fresh = (at < 0).reshape(1, -1, 1)
    return {
        name: value[:, at.clamp(min=0).to(value.device)].masked_fill(fresh.to(value.device), 0)
        for name, value in kept.items()
    }


def _keep(batch: Batch, state: State) -> State | None:
    """What of the state after a batch is carried to the next."""
    if batch.keep is None:
        return None
    rows = next(iter(state.values())).shape[1]
    if len(batch.keep) == rows and (batch.keep == np.arange(rows)).all():
        return {name: value.detach() for name, value in state.items()}
    at = torch.from_numpy(batch.keep)
    return {name: value.detach()[:, at.to(value.device)] for name, value in state.items()}


def _scored(batch: Batch, features: Tensor) -> Tensor:
    """[N, F]: the features of every scored place."""
    flat = features.flatten(0, -2)
    return flat if batch.at is None else flat.index_select(0, torch.from_numpy(batch.at).to(flat.device))


def forward(
    module: Module, batch: Batch, kept: State | None, train: TrainSpec
) -> tuple[Tensor, Tensor, State | None]:
    """The sum of the losses of a batch, how many they are, and the state for the next batch."""
    device = next(module.parameters()).device
    state = _begin(batch, kept)
    if train.bptt and module.plan["form"] == "many_to_one":
        batch, state = _last_steps(module, batch, state, train.bptt, device)
    single = train.precision == "float32"
    with contextlib.nullcontext() if single else torch.autocast(device.type, torch.bfloat16):
        features, after = module(_tensors(batch.inputs, device), *_lengths(batch, state))
        options: dict[str, Any] = {}
        if module.plan["head"]["kind"] in ("softmax", "pointer"):
            options["label_smoothing"] = train.label_smoothing
        if module.plan["head"]["kind"] == "softmax":
            options["sampled"] = train.sampled
        total, count = _loss(module, batch, _scored(batch, features), after, **options)
    return total, count, _keep(batch, after)


def _loss(
    module: Module, batch: Batch, scored: Tensor, after: State, **options: Any
) -> tuple[Tensor, Tensor]:
    """The sum of the losses at the scored places of a batch, and how many they are."""
    head = module.plan["head"]
    return LOSSES[head["kind"]](
        scored,
        *module.head_weights(),
        {**_targets(batch, after, scored.device), **module.own_weights()},
        **head["options"],
        **options,
    )


def _lengths(batch: Batch, state: State | None) -> tuple[Tensor | None, State | None, Tensor | None]:
    """What a module wants beside the inputs: their lengths, the state that it begins with, the lengths of sources."""
    of_x, of_source = (
        None if known is None else torch.from_numpy(known) for known in (batch.lengths, batch.source_lengths)
    )
    return of_x, state, of_source


def _targets(batch: Batch, after: State, device: torch.device) -> dict[str, Tensor]:
    """What a loss compares with; where answers are copied, how much of the attention lies on what is true, too."""
    found = _tensors(batch.targets, device)
    if "gate" in after and "y" in found:
        attention = _scored(batch, after["attention"])  # [N, S]
        source = torch.from_numpy(batch.inputs["source"]).to(device).t()  # [B, S]
        rows = (
            torch.arange(len(attention), device=device)
            if batch.at is None
            else torch.from_numpy(batch.at).to(device)
        )
        same = source[rows % len(source)] == found["y"].unsqueeze(1)
        found |= {"copied": (attention * same).sum(1), "gate": _scored(batch, after["gate"])[:, 0]}
    return found


def _last_steps(
    module: Module, batch: Batch, state: State | None, steps: int, device: torch.device
) -> tuple[Batch, State | None]:
    """Run all but the last `steps` of every row without gradients; a batch of those is left, and the state there."""
    x = next(iter(batch.inputs.values()))
    T, B = x.shape[:2]
    lengths = np.full(B, T) if batch.lengths is None else batch.lengths
    cut = np.maximum(lengths - steps, 0)
    if cut.max(initial=0) == 0:
        return batch, state
    with torch.no_grad():
        _, state = module(_tensors(batch.inputs, device), torch.from_numpy(cut), state)
    left = lengths - cut
    at = np.minimum(cut + np.arange(int(left.max()))[:, None], T - 1)  # [steps, B]
    inputs = {name: value[at, np.arange(B)] for name, value in batch.inputs.items()}
    return Batch(inputs, left, batch.targets, batch.at, batch.carry, batch.keep, batch.rows), state


class Optimizer:
    """torch's optimisers with clipping; gradients come as sums and are divided by their count on the way.

    Plain SGD multiplies the divisor and the clipping into its step, so that no gradient is touched twice, and takes
    row-sparse gradients of embeddings, whose untouched rows would not move anyway.
    """

    def __init__(self, module: Module, train: TrainSpec, world: int) -> None:
        self.parameters = list(module.parameters())
        self.train = train
        self.world = world
        self.plain = train.optimizer == "sgd" and not train.momentum and not train.weight_decay
        module.sparse = self.plain and world == 1
        self.scale = 1.0
        kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {
            "adam": torch.optim.Adam,
            "adamw": torch.optim.AdamW,
            "sgd": torch.optim.SGD,
        }
        options: dict[str, Any] = {"weight_decay": train.weight_decay}
        if train.optimizer == "sgd":
            options["momentum"] = train.momentum
        self.torch = (
            None if self.plain else kinds[train.optimizer](self.parameters, lr=1.0, **options, fused=True)
        )

    def gradient(self, losses: Sequence[Tensor], counts: Sequence[Tensor]) -> tuple[float, float]:
        """Mean loss and gradient norm over all processes; how the gradients must be scaled is remembered."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        sums = torch.stack([torch.stack([t.double() for t in part]).sum().cpu() for part in (losses, counts)])
        if self.world > 1:
            dist.all_reduce(sums)
            for g in gradients:
                dist.all_reduce(g)
        loss, count = sums.tolist()
        count = max(count, 1e-12)
        squares = [(g._values() if g.is_sparse else g).norm() for g in gradients]
        norm = float(torch.stack(squares).norm()) / count if squares else 0.0
        self.scale = 1.0 / count
        if self.train.clip and norm > self.train.clip:
            self.scale *= self.train.clip / norm
        return loss / count, norm

    @torch.no_grad()
    def step(self, lr: float) -> None:
        if self.torch is None:
            for p in self.parameters:
                if p.grad is not None:
                    p.add_(p.grad, alpha=-lr * self.scale)
            return
        for group in self.torch.param_groups:
            group["lr"] = lr
        # what the fused optimisers divide gradients by as they read them
        self.torch.grad_scale = torch.tensor(1.0 / self.scale)  # type: ignore[attr-defined]
        self.torch.step()

    def clear(self) -> None:
        for p in self.parameters:
            p.grad = None

    def state(self) -> dict[str, Any]:
        if self.torch is None:
            return {}
        kept: dict[str, Any] = self.torch.state_dict()["state"]
        return {str(i): dict(values) for i, values in kept.items()}

    def fits(self, state: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether this is what `state` gives of the same parameters."""
        own = {str(i): tuple(p.shape) for i, p in enumerate(self.parameters)}
        names = {"momentum_buffer"} if self.train.optimizer == "sgd" else {"step", "exp_avg", "exp_avg_sq"}
        return not (self.torch is None and state) and all(
            i in own
            and values.keys() == names
            and all(shape == (() if name == "step" else own[i]) for name, shape in _shapes(values).items())
            for i, values in state.items()
        )

    def load(self, state: Mapping[str, Any]) -> None:
        if self.torch is not None:
            document = self.torch.state_dict()
            document["state"] = {
                int(i): {k: torch.as_tensor(v) for k, v in values.items()} for i, values in state.items()
            }
            self.torch.load_state_dict(document)


def rate(train: TrainSpec, step: int, total: int, epoch: int) -> float:
    """The learning rate of a step, before what schedule plateau takes from it."""
    lr = train.lr or 1e-3
    if train.warmup and step < train.warmup:
        return lr * (step + 1) / train.warmup
    share = min(1.0, (step - train.warmup) / max(1, total - train.warmup))
    if train.schedule == "cosine":
        return lr * 0.5 * (1 + math.cos(math.pi * share))
    if train.schedule == "one-cycle":  # up in a quarter, from a tenth; down to almost nothing
        if share < 0.25:
            return lr * (0.1 + 0.9 * share / 0.25)
        return lr * (0.002 + 0.998 * 0.5 * (1 + math.cos(math.pi * (share - 0.25) / 0.75)))
    if train.schedule == "decay":
        return lr * float(train.decay ** max(0, epoch - train.decay_after))
    return lr


def _total(train: TrainSpec, per_epoch: int) -> int:
    whole = (train.epochs or 1) * per_epoch
    return whole if train.steps is None else train.steps if train.epochs is None else min(whole, train.steps)


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _not_finite(train: TrainSpec, progress: Progress, loss: float, norm: float) -> None:
    progress.skipped += 1
    place = f"step {progress.step} (epoch {progress.epoch}, batch {progress.position})"
    what = f"{place}: loss {loss}, gradient norm {norm}"
    if train.non_finite == "stop":
        raise TrainingError(
            f"{what}; the weights were left as they were. Look at that batch, lower lr, or set non_finite = 'skip'."
        )
    if progress.skipped >= 100 and progress.skipped > progress.step // 2:
        raise TrainingError(f"{what}; {progress.skipped} steps were not finite. Lower lr or clip.")


def _blend(average: dict[str, Tensor], module: Module, decay: float, step: int) -> None:
    """The running average, warmed up so that the first weights do not stay in it."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        values = [value.detach() for value in module.parameters()]
        torch._foreach_lerp_(list(average.values()), values, 1 - decay)


def _use(module: Module, weights: Mapping[str, Tensor] | None) -> None:
    if weights is not None:
        with torch.no_grad():
            for name, value in module.named_parameters():
                value.copy_(weights[name])


@contextlib.contextmanager
def _weights(module: Module, average: Mapping[str, Tensor] | None) -> Iterator[None]:
    """The averaged weights in place of the module's own, for a while."""
    if average is None:
        yield
        return
    own = {name: value.detach().clone() for name, value in module.named_parameters()}
    _use(module, average)
    try:
        yield
    finally:
        _use(module, own)


# ---------------------------------------------------------------------------------------------- evaluation


@dataclass
class _Loss:
    """A loss that is summed up over batches."""

    total: float = 0.0
    count: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None


def outputs(
    module: Module, batches: Iterator[Batch], answers: str, loss: _Loss | None = None
) -> Iterator[tuple[Batch, np.ndarray[Any, Any]]]:
    """Every batch with what the module says at its scored places: the head's parameters, or the loss there.

    Where batches have targets, their loss, as training has it, is added to `loss`.
    """
    module.eval()
    device = next(module.parameters()).device
    kept: State | None = None
    for batch in batches:
        with torch.inference_mode():
            features, after = module(_tensors(batch.inputs, device), *_lengths(batch, _begin(batch, kept)))
            kept = _keep(batch, after)
            scored = _scored(batch, features)
            if answers == "params":
                found = module.params(scored)
            elif module.plan["head"]["kind"] not in ("softmax", "pointer"):
                found = _nll(module, module.params(scored), batch.targets["y"])
            else:
                targets = _targets(batch, after, device)
                parts = [slice(i, i + 512) for i in range(0, len(scored), 512)]
                found = torch.cat([
                    scored.new_zeros(0),
                    *(nll(module.params(scored[p]), {k: v[p] for k, v in targets.items()}) for p in parts),
                ])  # fmt: skip
            if loss is not None and answers != "params":
                loss.total, loss.count = loss.total + float(found.double().sum()), loss.count + len(found)
            elif loss is not None and "y" in batch.targets:
                total, count = _loss(module, batch, scored, after)
                loss.total, loss.count = loss.total + float(total), loss.count + float(count)
        yield batch, found.float().cpu().numpy()


def _nll(module: Module, params: Tensor, y: np.ndarray[Any, Any]) -> Tensor:
    """What the head says of y, [N]; in numpy, as it is defined."""
    head = module.plan["head"]
    own = {name: value.double().cpu().numpy() for name, value in module.own_weights().items()}
    parts = [slice(i, i + 512) for i in range(0, len(y), 512)]
    found = [
        heads.nll(head["kind"], params[p].double().cpu().numpy(), y[p], **head["options"], **own)
        for p in parts
    ]
    return torch.from_numpy(np.concatenate([np.zeros(0), *found]))


def evaluate(module: Module, source: Any, examples: Any, loss: _Loss | None = None) -> Results:
    """What the module is worth on these examples; where texts are searched for, quickly, without a search."""
    how = {"num_beams": 1} if getattr(source, "decodes", False) else {}
    made = outputs(module, source.evaluation(examples), source.answers, loss)
    found: Results = source.measure(examples, made, **how)
    return found


def rehearse(module: Module, source: Any, examples: Any) -> dict[str, float]:
    """What an evaluation will measure, and what is wrong with it, without the time that it takes.

    The module runs on the first batch alone; all others are taken to be answered alike, and so are the texts that it
    would write. Values are those of such a model.
    """
    how = {"num_beams": 1} if getattr(source, "decodes", False) else {}

    def alike() -> Iterator[tuple[Batch, np.ndarray[Any, Any]]]:
        answer: np.ndarray[Any, Any] | None = None
        for batch in source.evaluation(examples):
            T, B = batch.inputs["x"].shape[:2]
            whole = B if module.plan["form"] == "many_to_one" else T * B
            count = whole if batch.at is None else len(batch.at)
            if answer is None and count:
                answer = next(outputs(module, iter([batch]), source.answers))[1][:1]
            yield batch, np.zeros(0) if answer is None else np.repeat(answer, count, 0)

    found: Results = source.measure(examples, alike(), **how)
    if not hasattr(source, "judge"):
        return found.metrics
    silent: Results = source.judge(examples, [[Hypothesis([], 0.0, 0.0, None)]] * len(examples))
    return found.metrics | silent.metrics


# --------------------------------------------------------------------------------------------- checkpoints


def _numpy(tensors: Mapping[str, Tensor] | None) -> dict[str, Any] | None:
    return (
        None if tensors is None else {name: value.detach().cpu().numpy() for name, value in tensors.items()}
    )


def environment() -> dict[str, Any]:
    """What the bits of a run depend on beside its spec and data."""
    isa: Any = "reference"
    if extension := native.extension():
        isa = extension.info()["isa"]
    _, world = _processes()
    return {
        "threads": torch.get_num_threads(),
        "isa": isa,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "processes": world,
    }


def differences(saved: checkpoint.Checkpoint) -> list[str]:
    """What is not as it was when the checkpoint was taken, so that bits may differ."""
    then, now = _Tree.of(saved).environment, environment()
    return [
        f"{name} was {then.get(name)}, is {value}" for name, value in now.items() if then.get(name) != value
    ]


class _LogRow(msgspec.Struct):
    """What every line of a log says, and more."""

    step: int
    lr: float
    loss: float | None = None


class _Log:
    """log.jsonl, and TensorBoard's files on request. A resumed run takes back what came after its checkpoint."""

    def __init__(self, run: Path | None, train: TrainSpec, step: int) -> None:
        self.file = None
        self.board: Any = None
        self.last = (time.monotonic(), 0)
        self.tokens: int | None = None
        if run is None:
            return
        path = run / "log.jsonl"
        kept: list[str] = []
        with _writing(path):
            run.mkdir(parents=True, exist_ok=True)
            if step and path.exists():
                for line in path.read_bytes().splitlines():
                    # the last line may have been cut by a kill
                    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                        if msgspec.json.decode(line, type=_LogRow).step <= step:
                            kept.append(line.decode() + "\n")
            files.write(path, "".join(kept))
            self.file = path.open("a", encoding="utf-8")
            if train.tensorboard:
                from torch.utils.tensorboard import SummaryWriter

                self.board = SummaryWriter(str(run / "tensorboard"), purge_step=step or None)

    def step(self, progress: Progress, loss: float, norm: float, lr: float, show: Any) -> None:
        now = time.monotonic()
        if self.tokens is None:
            self.tokens = progress.tokens
        if now - self.last[0] < LOG_SECONDS and progress.step % max(1, progress.total // LOG_ROWS):
            return
        speed = (progress.tokens - (self.last[1] or self.tokens)) / max(now - self.last[0], 1e-9)
        self.last = (now, progress.tokens)
        row = {"step": progress.step, "epoch": progress.epoch, "loss": loss, "norm": norm, "lr": lr,
               "tokens_per_second": round(speed)}  # fmt: skip
        self.write(row)
        if show is not None:
            show(progress, row)

    def write(self, row: dict[str, Any]) -> None:
        if self.file is not None:
            plain = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
            with _writing(Path(self.file.name)):
                self.file.write(json.dumps(plain) + "\n")
                self.file.flush()
        if self.board is not None:
            for name, value in row.items():
                if isinstance(value, int | float) and name not in ("step", "epoch"):
                    self.board.add_scalar(name, value, row["step"])

    def close(self) -> None:
        if self.file is not None:
            with contextlib.suppress(OSError):  # what could not be written was said when it was
                self.file.close()
        if self.board is not None:
            self.board.close()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """A disk that is full, or a folder that is gone, as an error that says so."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written: {error.strerror or error}. Make room or check the folder, and go on from the "
            "last checkpoint (resume)."
        ) from error


@contextlib.contextmanager
def _interrupts(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT has come: the loop saves, and Interrupted follows. A second one ends at once."""
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)
        with contextlib.suppress(RuntimeError):  # where it comes amid another line, that one is enough
            say("stopping after the step or evaluation under way; once more stops at once")

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    except ValueError:  # not the main thread: signals are another's
        yield lambda: False
        return
    try:
        yield lambda: bool(seen)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if seen:
        raise Interrupted(seen[0])


class Interrupted(KeyboardInterrupt):
    """The run was told to end, and has saved itself; `said` has where."""

    def __init__(self, number: int, said: str = "") -> None:
        super().__init__(said)
        self.number = number


def _processes() -> tuple[int, int]:
    """(rank, how many): those of torchrun, once `join` has been called."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


@contextlib.contextmanager
def join() -> Iterator[int]:
    """Take part in the process group that torchrun describes, if it does; gives the rank."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield _processes()[0]
        return
    dist.init_process_group("gloo" if not torch.cuda.is_available() else "nccl")
    try:
        yield dist.get_rank()
    finally:
        dist.destroy_process_group()
