"""What a training begins with: the spec with all its defaults, the plan, and the module with its first weights."""

import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from hitherto.arrays import Array
from hitherto.codecs.base import Codec
from hitherto.errors import UsageError
from hitherto.inspect.memory import memory
from hitherto.inspect.steps import step_of
from hitherto.metrics import METRICS
from hitherto.plan import Plan, make, operations
from hitherto.plan import weights as shapes
from hitherto.spec import Spec
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import AnySource, Examples
from hitherto.tasks.families import family_of
from hitherto.trained import Model, Say, describe

if TYPE_CHECKING:
    import torch

    from hitherto.model.build import Module
    from hitherto.training.progress import Row

__all__ = [
    "beginning",
    "check_precision",
    "complete",
    "device_of",
    "fits",
    "judge",
    "metric_of",
    "module_of",
    "plan_of",
    "watcher",
]


def complete(source: AnySource, examples: Examples, say: Say) -> Spec:
    """The spec with every unset option at its default, chosen from the data; `say` lists them."""
    spec = source.spec
    chosen, notes = source.choose(examples)
    for note in notes:
        say(note)
    if spec.train.steps is not None:
        chosen.pop("epochs", None)
    if spec.train.batch_tokens is not None:
        chosen.pop("batch_size", None)
    if spec.data.valid == 0 and spec.data.valid_source is None:
        chosen.pop("patience", None)
    planned = chosen.get("schedule") not in ("decay", "plateau")  # to its end
    if planned and spec.train.patience is not None:
        chosen["schedule"] = "constant"  # one that is planned to its end is not to be stopped before it
    if spec.train.optimizer == "sgd":
        chosen |= source.descent
    if spec.train.average_after is not None:
        chosen["schedule"] = "constant"  # the average takes the place of a rate that falls
    options: dict[str, object] = {}
    for table in (spec.data, spec.model, spec.train):
        options |= msgspec.structs.asdict(table)
    defaults = {name: value for name, value in chosen.items() if options[name] is None and value is not None}
    if defaults:
        listed = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in defaults.items()
        )
        say(f"defaults chosen from the data: {listed}")
    return spec.replace(**defaults)


def metric_of(spec: Spec) -> str:
    """The metric that selects the best weights."""
    metrics = TASKS[spec.task].metrics
    name = spec.train.metric or metrics[0]
    if METRICS[name].better is None:
        others = ", ".join(m for m in metrics if METRICS[m].better)
        raise UsageError(f"{name} has no best value, so it cannot select a model; choose one of {others}.")
    return name


def plan_of(source: AnySource) -> Plan:
    """The plan of a source whose spec is complete."""
    spec = source.spec
    return make(spec.model, TASKS[spec.task].form, source.inputs(), *source.head())


def beginning(source: AnySource, plan: Plan, examples: Examples) -> Mapping[str, Array]:
    """The weights that a training begins with, where they are not random: known ones, or fitted to the data."""
    first, fitted = source.first(plan), source.fitted(plan, examples)
    return first if fitted.keys() & first.keys() else {**fitted, **first}


def module_of(spec: Spec, plan: Plan, known: Mapping[str, Array]) -> "Module":
    """The module with its first weights, some of which may be known, where it is to be trained."""
    from hitherto.model.build import build

    module = build(
        plan, seed=spec.train.seed, init=spec.model.init, init_range=spec.model.init_range,
        forget_bias=spec.model.forget_bias, chrono=spec.model.chrono,
    )  # fmt: skip
    module.load({**module.tensors(), **known})
    return module.to(device_of(spec.train.device))


def fits(spec: Spec, plan: Plan) -> None:
    """An error where weights, gradients and optimiser need more memory than this machine has."""
    copies = {"adam": 2, "adamw": 2, "sgd": 1 if spec.train.momentum else 0}[spec.train.optimizer]
    copies += (
        3 if spec.train.average or spec.train.average_after else 2
    )  # themselves, the best so far, their average
    count = sum(math.prod(shape) for shape in shapes(plan).values())
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return
    need = 4 * count * (copies + 1)  # and their gradients
    if need > memory:
        raise UsageError(
            f"{describe(plan)} has {count:,} weights: with gradients, {spec.train.optimizer} and the best so far they "
            f"take {need / 2**30:,.0f} GiB, and this machine has {memory / 2**30:,.0f}. Choose a smaller hidden_size, "
            "num_layers or vocabulary."
        )


def device_of(name: str) -> "torch.device":
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(
            f"device {name!r} cannot be used here ({str(error).splitlines()[0]}); use cpu."
        ) from error
    return device


def check_precision(spec: Spec, device: "torch.device") -> None:
    """An error where the processor does not multiply the numbers of the precision."""
    from hitherto.model import kernels

    if spec.train.precision == "bfloat16" and device.type == "cpu" and not kernels.multiplies_bfloat16():
        why = kernels.unavailable_reason() or "this processor has neither AMX nor AVX512-BF16"
        raise UsageError(
            f"--precision bfloat16 on a CPU needs our kernels and a processor that multiplies such numbers, but {why}; "
            "leave --precision out to train in float32, or train on a GPU."
        )


def judge(
    spec: Spec, plan: Plan, codecs: Mapping[str, Codec], valid: Examples | None
) -> "Callable[[Module], dict[str, float]] | None":
    """Metrics of the texts that a model in training writes: quickly, without a search."""
    if not family_of(spec.task).source.judges or valid is None:
        return None

    def judged(module: "Module") -> dict[str, float]:
        model = Model(spec, plan, dict(codecs), module.tensors())
        return model.judge(valid, num_beams=1, n_best=1).metrics

    return judged


def watcher(
    spec: Spec, plan: Plan, source: AnySource, valid: Examples | None
) -> "Callable[[Module], Row] | None":
    """What to note at every evaluation: a sample of a model that continues what it is given; and its memory."""
    sample, batch = source.sampler(valid), None
    if spec.train.watch is not None and valid is not None:
        for op in operations(plan):
            step_of(op["op"])  # one that cannot be looked into is an error now, not after an epoch
        batch = next(iter(source.evaluation(valid)), None)
    if sample is None and batch is None:
        return None

    def watch(module: "Module") -> "Row":
        tensors = module.tensors()
        row: Row = {}
        if sample is not None:
            row |= sample(Model(spec, plan, source.codecs, tensors))
        if batch is not None:
            row["memory"] = memory(plan, tensors, batch)
        return row

    return watch
