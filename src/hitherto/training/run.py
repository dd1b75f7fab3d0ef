"""Train a model from data: `train`, from the options of a user to the model and its report."""

import datetime as dt
import json
import math
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

import hitherto
from hitherto import bundle, files
from hitherto import spec as specs
from hitherto.arrays import Array
from hitherto.errors import (
    CheckpointError,
    HithertoError,
    MissingExtra,
    UsageError,
)
from hitherto.plan import Plan, streams
from hitherto.progress import telling
from hitherto.runtime.executor import Batch, outputs
from hitherto.spec import Spec
from hitherto.tasks.base import AnySource, Examples, Options, Results
from hitherto.tasks.families import family_of
from hitherto.tasks.given import paired
from hitherto.tensors import open_tensors, write_tensors
from hitherto.trained import Model, Say, describe
from hitherto.training import checkpoint
from hitherto.training.baselines import Measured, beside, fitted, verdict
from hitherto.training.setup import (
    beginning,
    check_precision,
    complete,
    device_of,
    fits,
    judge,
    metric_of,
    module_of,
    plan_of,
    watcher,
)
from hitherto.training.transfer import Base, alone, thawing

if TYPE_CHECKING:  # training needs torch; reading what it may be told does not
    from hitherto.model.build import Module
    from hitherto.report.curves import Section
    from hitherto.training.progress import Progress, Row, Show

__all__ = ["complete", "train"]


def need_torch(what: str) -> None:
    if find_spec("torch") is None:
        raise MissingExtra(what, "torch", "train")


def train(
    task: str | Spec,
    data: object = None,
    y: object = None,
    *,
    out: str | Path | None = None,
    valid: object = None,
    resume: str | Path | None = None,
    base: str | Path | Model | None = None,
    tokenizer: object = None,
    say: Say | None = None,
    show: "Show | None" = None,
    **options: object,
) -> Model:
    """Train a model of `task` on `data` and return it; with `out` it is also saved there.

    `data` is a path, a frame of pandas or polars, a list of dicts or a dict of columns. With `y` it is the inputs
    alone: a list of texts, an array [rows, features] or [rows, steps, features]; `valid` may be such a pair, (x, y).
    `task` may be a whole `Spec`.
    `options` are those of the spec, by name; unset ones get defaults chosen from the data, and `say` lists them.
    `base` is a model to start from, opened or as a path: of the same task, which goes on with these data, or of a task
    that reads texts, as an lm, whose vocabulary, embedding and layers are taken.
    `resume` is the folder of a run that was interrupted, or that has ended: it continues, to the same bits.
    `spec.RESUMABLE` lists the options that may change then, such as `epochs`.
    """
    need_torch("training")
    if y is not None:
        data, names = paired(data, y)
        options = {**names, **options}
        valid = paired(*valid)[0] if isinstance(valid, tuple) and len(valid) == 2 else valid
    if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
        # Threads that wait give their cores away after microseconds, not milliseconds; libgomp reads this as it loads.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    from hitherto.training.processes import join

    say = say or (lambda _line: None)
    with join() as rank, ExitStack() as ours:
        if rank:
            say, show = (lambda _line: None), None
        run = None if resume is None else files.path_of(resume, "resume")
        start = None
        if base is not None:
            if run is not None:
                raise UsageError(
                    "a resumed run goes on from where it was: leave base out, or start a new run."
                )
            start = Base.of(base, task if isinstance(task, str) else task.task)
        spec = _asked(task, data, out, valid, run, options, start)
        _ready(spec)
        saved = None
        if run is not None:
            if rank == 0:
                ours.enter_context(files.held(run / "lock", f"the run {run}"))
            saved = _newest(run)
            if (run / BASE).exists():
                start = Base.of(run / BASE, spec.task)
        elif spec.out is not None:
            run = run_of(spec.out)
            if rank == 0:
                ours.enter_context(_claimed(Path(spec.out)))
        if start is None:
            alone(spec)
        return _Training(spec, run, saved, start, say, show, rank).train(data, valid, tokenizer)


def _asked(
    task: str | Spec,
    data: object,
    out: str | Path | None,
    valid: object,
    run: Path | None,
    options: Options,
    base: Base | None = None,
) -> Spec:
    """The spec that a user's arguments make, checked as far as it can be before data are read."""
    out = None if out is None else str(files.path_of(out, "out"))
    if isinstance(valid, str | Path | float | int):
        options = {**options, "valid": str(valid) if isinstance(valid, Path) else valid}
    for pair, names in ((data, ("source", "target")), (valid, ("valid_source", "valid_target"))):
        if isinstance(pair, tuple):
            options = {**options, **dict(zip(names, map(str, pair), strict=True))}
    path = str(data) if isinstance(data, str | Path) else None
    if run is not None:
        spec = specs.resumed(spec_of(run), task, path, out, **options)
    else:
        begun = task if isinstance(task, Spec) else {"task": task}
        spec = specs.over(begun, path, out, **({} if base is not None else options))
        spec = spec if base is None else base.spec(spec, options)
    specs.unused(spec)
    table = spec.data
    for first, second, pair in (
        ("source", "target", (table.source, table.target)),
        ("valid_source", "valid_target", (table.valid_source, table.valid_target)),
    ):
        if pair.count(None) == 1:
            raise UsageError(
                f"{first} and {second} belong together: give both files, or a table with both columns."
            )
    if spec.data.path is not None and spec.data.source is not None:
        raise UsageError("give the data as a table, or as two files (source and target), not both.")
    if spec.data.path is None and spec.data.source is None and data is None:
        if run is not None:
            raise UsageError(
                f"{run} was trained on rows in memory, and has none now: give the same data again."
            )
        raise UsageError("there is no data: give a path, a frame or rows; in a TOML file, [data] path.")
    metric_of(spec)  # refuses one that selects nothing
    _check_out(spec)
    try:
        bundle.plain(specs.to_document(spec), "the spec")  # which the model will hold
    except UsageError as error:
        raise UsageError(f"{error} Give the file a name in UTF-8.") from error
    return spec


def run_of(out: str | Path) -> Path:
    """Where a training that ends in `out` keeps its checkpoints, log and report."""
    return Path(out).with_suffix(".run")


def _check_out(spec: Spec) -> None:
    """An error where the model would overwrite its data or its run."""
    if spec.out is None:
        return
    out = Path(spec.out)
    try:
        folder = out.is_dir()
    except OSError as error:
        raise UsageError(f"out {spec.out!r:.80} cannot be made: {error.strerror}.") from error
    if not out.name or folder:
        raise UsageError(f"out {spec.out!r} is a folder: name a file in it.")
    if out.exists() and not out.is_file():
        raise UsageError(f"out {spec.out!r} is no plain file, so it cannot be replaced: say another out.")
    if out == run_of(out):
        raise UsageError(
            f"{out} is the name of a run's folder: call the model {out.stem}.safetensors, for example."
        )
    data = (spec.data.path, spec.data.source, spec.data.target, spec.data.valid, spec.data.valid_source)
    if out.exists() and any(isinstance(path, str) and out.samefile(path) for path in data if _there(path)):
        raise UsageError(f"{out} is the data: the model would take its place. Say another out.")


def _there(path: object) -> bool:
    return isinstance(path, str) and Path(path).exists()


def _ready(spec: Spec) -> None:
    """Check the device and packages before data are read, and set the number of threads."""
    import torch

    if spec.train.threads:
        torch.set_num_threads(spec.train.threads)
    check_precision(spec, device_of(spec.train.device))
    if spec.train.tensorboard and find_spec("tensorboard") is None:
        raise UsageError("tensorboard needs the package tensorboard: pip install tensorboard")


def spec_of(run: Path) -> Spec:
    """The spec of the run in this folder."""
    if not (run / "spec.toml").is_file():
        raise CheckpointError(
            f"{run} is no run: it has no spec.toml. Give the folder that a training wrote (NAME.run)."
        )
    return specs.read(run / "spec.toml")


def _newest(run: Path) -> checkpoint.Checkpoint:
    saved = checkpoint.latest(run / "checkpoints")
    if saved is None:
        raise CheckpointError(f"{run} has no checkpoint yet: the run ended before its first. Start it anew.")
    return saved


@dataclass
class _Training:
    """A training from its data to its model: what `train` does once its arguments are checked."""

    asked: Spec
    run: Path | None
    saved: checkpoint.Checkpoint | None
    base: Base | None
    say: Say
    show: "Show | None"
    rank: int

    def train(self, data: object, valid: object, tokenizer: object) -> Model:
        from hitherto.training import ensemble
        from hitherto.training.loop import differences, fit
        from hitherto.training.processes import Interrupted
        from hitherto.training.step import evaluate

        say, run = self.say, self.run
        source, examples, held_out = self.read(data, valid, tokenizer)
        tried = self.choose(source, examples, held_out)
        spec = source.spec = complete(source, examples, say)
        plan = plan_of(source)
        fits(spec, plan)
        module, begun = self.begin(source, plan, examples, say)
        ensemble.check(spec, plan, module)
        weights = sum(p.numel() for p in module.parameters())
        say(f"{describe(plan)}: {weights:,} weights; on {next(module.parameters()).device.type}")
        metric = metric_of(spec)
        if held_out is None:
            say("no data are set aside to validate on: the model has the last weights, not the best")
        elif self.saved is None:
            _rehearse(module, source, held_out, metric)
        if run is not None and self.rank == 0:
            self.note(run, spec, tried)
            if source.keeps_first and self.saved is None:
                write_tensors(run / FIRST, self.known(source, plan, examples), {})
        if self.saved is not None:
            for line in (*self.saved.notes, *differences(self.saved)):
                say(f"resuming: {line}; bits may differ" if line not in self.saved.notes else line)
        digest, whole = source.digest(examples), f":{json.dumps(plan, sort_keys=True)}"
        baselines: dict[str, Measured] = {}
        if held_out is not None and self.rank == 0 and spec.train.baselines:
            baselines = fitted(source, examples, held_out, metric, say)

        def model(module: "Module", progress: "Progress") -> Model:
            made = Model(spec, plan, source.codecs, module.tensors(), run=run)
            made.metrics = _measured(progress)
            extra = {"tried": tried, "base": None if self.base is None else self.base.made}
            made.made = _made(digest, progress, baselines) | {name: v for name, v in extra.items() if v}
            return made

        def keep(module: "Module", progress: "Progress") -> None:
            best = model(module, progress)
            assert run is not None  # noqa: S101 - `keep` is given with a run alone
            best.save(run / BEST)
            stopped.append(_so_far(run, progress, metric))

        stopped: list[str] = []  # where the best so far is, as often as it was kept
        try:
            trained = fit(
                spec, module, source, examples, held_out, run, metric=metric, resume=self.saved,
                digest=digest + whole, show=self.show, say=say,
                judge=judge(spec, plan, source.codecs, held_out), watch=watcher(spec, plan, source, held_out),
                keep=None if run is None else keep, begun=begun,
            )  # fmt: skip
            others = ensemble.further(
                source, plan, examples, held_out, run, digest + whole, self.begin, say, self.show
            )
        except Interrupted as end:
            raise Interrupted(end.number, _stopped(run, stopped)) from None
        except HithertoError:
            for line in stopped[-1:]:
                say(line)
            raise
        module, metrics = trained.module, dict[str, float]()
        if others:
            spec, plan, module = ensemble.joined(spec, plan, [module, *others])
            metrics = {} if held_out is None else _finite(evaluate(module, source, held_out).metrics)
            say(f"{1 + len(others)} members are one model: {describe(plan)}")
        settled = self.settle(module, source, plan, examples, held_out)
        result = model(module, trained.progress)
        result.metrics = {**(metrics or result.metrics), **settled}
        if self.rank == 0:
            self.finish(result, source, trained.progress, held_out, metric, baselines)
        return result

    def read(
        self, data: object, valid: object, tokenizer: object
    ) -> tuple[AnySource, Examples, Examples | None]:
        """The source, fitted; its examples, and those to validate on, or None."""
        asked = specs.with_defaults(self.asked)
        table = asked.data
        kind = family_of(asked.task).source
        extras: Options = {} if tokenizer is None else {"tokenizer": tokenizer}
        if self.base is not None:
            extras["codecs"] = self.base.codecs(asked)
        if kind.keeps_tokens:
            name = f"tokens-{self.rank}" if self.rank else "tokens"
            extras["folder"] = None if self.run is None else self.run / name
        held_out = valid if valid is not None and not isinstance(valid, float | int) else None
        if held_out is None and table.valid_source is not None:
            held_out = (table.valid_source, table.valid_target)
        if held_out is None and isinstance(table.valid, str):
            held_out = table.valid
        if data is None and table.source is not None:
            data = (table.source, table.target)
        with telling(None if self.rank else self.say):
            source, examples, others = kind.prepare(
                asked, table.path if data is None else data, held_out, extras
            )
        for note in dict.fromkeys(source.notes):
            self.say(note)
        return source, examples, others

    def known(self, source: AnySource, plan: Plan, examples: Examples) -> Mapping[str, Array]:
        """The weights that a training begins with, where data say them.

        A run whose source chooses among more than its own spec leaves open has them in a file, to resume with.
        """
        path = None if self.run is None or not source.keeps_first else self.run / FIRST
        if path is not None and self.saved is not None and path.exists():
            return dict(open_tensors(path)[1])
        return beginning(source, plan, examples)

    def begin(self, source: AnySource, plan: Plan, examples: Examples, say: Say) -> "tuple[Module, bool]":
        """The module with its first weights, those of the base among them; and whether some are known already."""
        first = self.known(source, plan, examples)
        module = module_of(source.spec, plan, first)
        if self.base is not None:
            notes = self.base.put_into(module, plan, source, examples)  # a checkpoint then takes its place
            if self.saved is None:
                for note in (*notes, *thawing(module.depths, source.spec.train)):
                    say(note)
        measured = bool(first) and source.begins_known
        return module, measured or (self.base is not None and self.base.goes_on)

    def note(self, run: Path, spec: Spec, tried: "list[Row]") -> None:
        """Write down what a resumed run begins with."""
        files.write(run / "spec.toml", specs.to_toml(spec))
        files.write(run / TRIED, json.dumps(tried))
        if self.base is None:
            (run / BASE).unlink(missing_ok=True)  # of a run that never began
        elif self.saved is None:
            self.base.model.save(run / BASE)

    def choose(self, source: AnySource, examples: Examples, held_out: Examples | None) -> "list[Row]":
        """Give the source the options of its best candidate; a row for each trial. A resumed run has chosen before."""
        from hitherto.training.progress import Row
        from hitherto.training.search import search

        if self.saved is None:
            options, tried = search(source, examples, held_out, self.begin, self.say, self.show)
            source.spec = source.spec.replace(**options)
            return tried
        try:
            assert self.run is not None  # noqa: S101 - where its checkpoint is
            before: list[Row] = msgspec.json.decode((self.run / TRIED).read_bytes(), type=list[Row])
        except (OSError, msgspec.MsgspecError):  # of an older version, which tried nothing
            return []
        return before

    def settle(
        self, module: "Module", source: AnySource, plan: Plan, examples: Examples, held_out: Examples | None
    ) -> dict[str, float]:
        """Change the last weights as the source says, and measure again; nothing where it says nothing."""
        from hitherto.training.step import TorchExecutor, evaluate

        if held_out is None:
            return {}
        weights = {name: np.array(value) for name, value in module.tensors().items()}

        def made(some: Mapping[str, Array], batches: Iterator[Batch]) -> Iterator[tuple[Batch, Array]]:
            module.load(dict(some))
            return outputs(TorchExecutor(module), batches, source.answers)

        changed = source.settled(self.known(source, plan, examples), weights, (examples, held_out), made)
        module.load({**weights, **changed})
        if not changed:
            return {}
        metrics, metric = _finite(evaluate(module, source, held_out).metrics), metric_of(source.spec)
        if metric in metrics:
            self.say(f"{source.settles}: {metric} {metrics[metric]:.4g}")
        return metrics

    def finish(
        self,
        model: Model,
        source: AnySource,
        progress: "Progress",
        held_out: Examples | None,
        metric: str,
        baselines: dict[str, Measured],
    ) -> None:
        """Save the model, compare it with its baselines, and write the report of the run."""
        say, run, out = self.say, self.run, self.asked.out
        if out is not None:
            model.save(out)
            say(f"the model is {out}")
        if streams(model.plan):
            say(CANNOT_STREAM)
        results = Results(model.metrics)
        if held_out is not None and run is not None:
            results = model.measure(held_out)
        measured = Measured.of(results)
        lines = verdict(source, metric, measured, baselines)
        for line in lines:
            say(line)
        if run is None:
            return
        (run / BEST).unlink(missing_ok=True)  # the model is the same
        sections: list[Section] = beside(source, metric, measured, baselines)
        if held_out is not None:
            sections = (
                family_of(model.spec.task).sections(source, held_out, results, progress.watched) + sections
            )
        if held_out is not None:
            lines = [*lines, VALIDATED]
        _report(run, model, progress, metric, sections, lines)
        say(f"the report is {run / 'report.html'}")


BASE = "base.safetensors"  # in a run's folder: the model that it started from, whose codecs it has
FIRST = "first.safetensors"  # in a run's folder: the weights that it began with
TRIED = "tried.json"  # in a run's folder: the candidates that were tried before it began
BEST = "best.safetensors"  # in a run's folder: the best weights so far, as a model

VALIDATED = "metrics are of the validation data, which also chose the weights; on other data expect slightly worse ones"
CANNOT_STREAM = (
    "this model cannot stream: it reads its input from both ends; --no-bidirectional trains one that can"
)


def _rehearse(module: "Module", source: AnySource, held_out: Examples, metric: str) -> None:
    """Raise the errors of an evaluation now, not after an epoch."""
    from hitherto.training.step import rehearse

    metrics = rehearse(module, source, held_out)
    if metric not in metrics:
        raise UsageError(f"the validation data have no metric {metric!r}; they have {', '.join(metrics)}.")


def _measured(progress: "Progress") -> dict[str, float]:
    """The metrics of the best evaluation; none where there was none."""
    best: Row = next((r for r in progress.history if r["step"] == progress.best_step), {})
    return {k: v for k, v in best.items() if k not in ("step", "epoch", "lr") and v is not None}


def _made(digest: str, progress: "Progress", baselines: Mapping[str, Measured]) -> dict[str, object]:
    import torch

    made: dict[str, object] = {
        "hitherto": hitherto.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "data": digest,
        "steps": progress.step,
        "seconds": round(progress.seconds, 1),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }
    simple = {name: _finite(r.metrics) for name, r in baselines.items()}
    return made | ({"baselines": simple} if simple else {})


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _so_far(run: Path, progress: "Progress", metric: str) -> str:
    """Where the best model of a run is so far."""
    if progress.best is None:
        return f"the model so far, not measured yet, is {run / BEST}"
    return (
        f"the best model so far is {run / BEST} ({metric} {progress.best:.4g} at step {progress.best_step:,})"
    )


def _stopped(run: Path | None, notes: list[str]) -> str:
    """The message of a run that was stopped: what it saved, and how to continue."""
    if run is None:
        return "stopped; nothing was kept, as there is no out"
    return "\n".join(["stopped and saved", *notes[-1:], f"go on with: hitherto train --resume {run}"])


def _report(
    run: Path, model: Model, progress: "Progress", metric: str, sections: "list[Section]", verdicts: list[str]
) -> None:
    """report.html in the run's folder."""
    from hitherto import report
    from hitherto.report.curves import curves, remembered, table_of

    log = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    plain = ("train_loss", "valid_loss")
    shown = [(name, value) for name, value in model.metrics.items() if name not in plain][:6]
    summary = [
        ("model", describe(model.plan)),
        *shown,
        ("steps", progress.step),
        ("minutes", progress.seconds / 60),
    ]
    title = f"{model.spec.task}: {Path(model.spec.out or '').name}"
    notes = [*verdicts, *([CANNOT_STREAM] if streams(model.plan) else [])]
    parts = [*sections, *curves(progress.history, log, metric, progress.best_step)]
    parts += remembered(progress.watched)
    if model.made.get("tried"):
        parts.append(table_of("Candidates, each trained briefly", model.made["tried"], "candidate"))
    report.write(run / "report.html", title, summary, parts, notes)


@contextmanager
def _claimed(out: Path) -> Iterator[None]:
    """Claim the folder of the run that ends in `out`; a folder with an unfinished run is an error.

    A training that fails before its first step leaves no folder that was not there.
    """
    run = run_of(out)
    try:
        made = files.make_folder(run)
    except OSError as error:
        raise UsageError(f"out {out}: the folder {run} cannot be made: {error.strerror}.") from error
    try:
        files.place(out, "out")
        with files.held(run / "lock", f"the run {run}"):
            try:
                _clear(run, out)
            except OSError as error:
                raise UsageError(
                    f"out {out}: the folder {run} cannot be cleared: {error.strerror}."
                ) from error
            yield
    except BaseException:
        if made and not (run / "checkpoints").exists() and not _holds(run / "log.jsonl"):
            shutil.rmtree(run, ignore_errors=True)
            for folder in made[1:]:
                with suppress(OSError):
                    folder.rmdir()
        raise


def _holds(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _clear(run: Path, out: Path) -> None:
    """Delete the checkpoints of a run that has ended; an unfinished run is an error."""
    checkpoints = run / "checkpoints"
    old = list(checkpoints.iterdir()) if checkpoints.is_dir() else []
    if not old:
        return
    newest = max(path.stat().st_mtime for path in old)
    if not out.exists() or out.stat().st_mtime < newest:
        raise UsageError(
            f"{run} holds a run that has not ended. Go on with it (--resume {run}), remove the folder, or choose "
            "another --out."
        )
    for path in (*old, run / BEST, run / BASE, run / FIRST):
        path.unlink(missing_ok=True)
    for folder in run.glob("member-*"):  # of an ensemble
        shutil.rmtree(folder)
    for folder in (checkpoints, run):  # none of them comes back beside the next spec.toml
        files.sync_folder(folder)
