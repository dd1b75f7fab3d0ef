"""An ensemble: models of one plan that differ by their seeds, each trained by itself, then joined to one.

The first is the run's own. Each further one has a folder in the run's, with checkpoints and a log of its own, so that
a run resumes wherever it was stopped. All of them see the same training and validation data.
"""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from hitherto.model.build import Module
from hitherto.plan import Plan
from hitherto.plan.ensemble import ensemble
from hitherto.spec import Spec
from hitherto.tasks.base import AnySource, Examples
from hitherto.training import checkpoint
from hitherto.training.loop import fit
from hitherto.training.progress import Show
from hitherto.training.setup import metric_of

__all__ = ["MEMBER", "check", "further", "joined"]

MEMBER = "member-{}"  # the folder of a further member, in that of the run

Say = Callable[[str], None]
Begin = Callable[[AnySource, Plan, Examples, Say], tuple[Module, bool]]


def check(spec: Spec, plan: Plan, module: Module) -> None:
    """An error where no ensemble can be made of such models, before they are trained."""
    if spec.train.ensemble > 1:
        ensemble(plan, [module.tensors()] * 2)


def further(
    source: AnySource,
    plan: Plan,
    examples: Examples,
    valid: Examples | None,
    folder: Path | None,
    digest: str,
    begin: Begin,
    say: Say,
    show: Show | None,
) -> list[Module]:
    """The trained members after the first; none where the spec has one."""
    modules, spec, metric = list[Module](), source.spec, metric_of(source.spec)
    for number in range(1, spec.train.ensemble):
        mine = copy.copy(source)
        mine.spec = spec.replace(seed=spec.train.seed + number)
        say(f"member {number + 1} of {spec.train.ensemble}, with seed {mine.spec.train.seed}")
        module, begun = begin(mine, plan, examples, lambda _note: None)
        run = None if folder is None else folder / MEMBER.format(number)
        if run is not None:
            run.mkdir(exist_ok=True)
        saved = None if run is None else checkpoint.latest(run / "checkpoints")
        trained = fit(
            mine.spec, module, mine, examples, valid, run, metric=metric, digest=digest, resume=saved,
            show=show, say=say, begun=begun,
        )  # fmt: skip
        modules.append(trained.module)
    return modules


def joined(spec: Spec, plan: Plan, members: Sequence[Module]) -> tuple[Spec, Plan, Module]:
    """The members as one model, which the spec then describes: its layers are so much wider."""
    plan, tensors = ensemble(plan, [member.tensors() for member in members])
    with torch.random.fork_rng(devices=[]):
        module = Module(plan)
    module.load(tensors)
    model = spec.model
    wider = {
        name: size * len(members)
        for name, size in (
            ("hidden_size", model.hidden_size),
            ("embedding_size", model.embedding_size),
            ("proj_size", model.proj_size),
        )
        if size
    }
    return spec.replace(ensemble=1, **wider), plan, module.to(next(members[0].parameters()).device).eval()
