"""The choice between candidates by validation: each is trained briefly, and the training is that of the best one.

How many steps a trial takes follows from the length of the training, so that the same data and seed choose the same;
with a `budget` of time it follows from the time of the first steps. What was chosen is in the spec of the run.
"""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist

from hitherto.errors import UsageError
from hitherto.model.build import Module
from hitherto.plan import Plan
from hitherto.spec import Spec
from hitherto.tasks.base import AnySource, Examples, Options
from hitherto.training.loop import fit
from hitherto.training.optimizer import total_of
from hitherto.training.processes import Interrupted, processes
from hitherto.training.progress import Row, Show, grade
from hitherto.training.setup import complete, judge, metric_of, plan_of
from hitherto.training.step import Loss, evaluate

__all__ = ["search"]

FEWEST, MOST = 400, 2000  # steps of a trial in the first round, where there is no budget
SHARE = 4  # a quarter of the training, where that is more than the fewest and less than the most
AT_ONCE = (
    3  # so many candidates are compared in one round; of more, the better half goes on to twice the steps
)
PROBE = 5  # steps that tell how long a step takes
USEFUL = 20  # steps of a trial below which it tells nothing

Grade = tuple[bool, float, float]
Say = Callable[[str], None]
Begin = Callable[
    [AnySource, Plan, Examples, Say], tuple[Module, bool]
]  # the module with its first weights, and whether any is known


def search(
    source: AnySource,
    examples: Examples,
    valid: Examples | None,
    begin: Begin,
    say: Say,
    show: Show | None = None,
) -> tuple[Options, list[Row]]:
    """The options of the best candidate of a source, and a row for each trial; none where there is nothing to choose.

    The spec of the source is the user's, with all that is left open.
    """
    asked = source.spec
    budget = asked.train.budget_seconds
    choices = _open(asked, source.candidates(examples))
    if len(choices) < 2:
        if budget:
            raise UsageError(
                f"budget is the time to choose between candidates, and this {asked.task} has nothing to choose: leave "
                "it out."
            )
        return {}, []
    if valid is None or budget == 0:
        return {}, []
    candidates = [
        _Candidate.of(name, source, options, examples, valid, begin) for name, options in choices.items()
    ]
    total = max(candidate.total for candidate in candidates)
    if budget is None and total <= FEWEST:
        return {}, []  # a training of a moment is no measure for another one
    say(f"choosing between {len(candidates)} candidates by {candidates[0].metric}: {', '.join(choices)}")
    try:
        best, rows = _rounds(candidates, total, budget, say, show)
    except Interrupted as end:
        raise Interrupted(
            end.number,
            "stopped while candidates were tried: the training has not begun, and nothing was kept",
        ) from None
    if best is None:
        return {}, []
    options = choices[best.name]
    say(f"chosen: {best.name}{_listed(options)}")
    return options, rows


def _open(asked: Spec, candidates: dict[str, Options]) -> dict[str, Options]:
    """The candidates that the user's own options leave open, each once."""
    values, left = asked.values(), dict[str, Options]()
    for name, options in candidates.items():
        if all(values[key] is None or values[key] == value for key, value in options.items()):
            mine = {key: value for key, value in options.items() if values[key] is None}
            if mine not in left.values():
                left[name] = mine
    return left


def _listed(options: Options) -> str:
    return f" ({', '.join(f'{name} {value}' for name, value in options.items())})" if options else ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A source with the spec of a candidate, complete."""

    name: str
    source: AnySource
    examples: Examples
    valid: Examples
    begin: Begin
    total: int  # steps of its whole training

    @classmethod
    def of(
        cls,
        name: str,
        source: AnySource,
        options: Options,
        examples: Examples,
        valid: Examples,
        begin: Begin,
    ) -> "_Candidate":
        mine = copy.copy(source)
        mine.spec = source.spec.replace(**options)
        spec = mine.spec = complete(mine, examples, _quiet)
        per_epoch = -(-len(mine.schedule(examples, spec.train, 0)) // spec.train.accumulate)
        return cls(name, mine, examples, valid, begin, total_of(spec.train, per_epoch))

    @property
    def metric(self) -> str:
        return metric_of(self.source.spec)

    def trial(self, steps: int, say: Say, show: Show | None = None) -> "_Trial":
        """Train for so many steps, with a schedule of that length, and measure."""
        spec = self.source.spec.replace(steps=steps, epochs=None, patience=None, tensorboard=False)
        source = copy.copy(self.source)
        source.spec = spec
        plan = plan_of(source)
        module, _ = self.begin(source, plan, self.examples, _quiet)
        begun = time.monotonic()
        fit(spec, module, source, self.examples, None, metric=self.metric, say=say, show=show)
        trained, loss = time.monotonic(), Loss()
        metrics = evaluate(module, source, self.valid, loss).metrics
        judged = judge(spec, plan, source.codecs, self.valid)
        if judged is not None:
            metrics |= judged(module)
        return _Trial(
            self, steps, metrics[self.metric], loss.mean, trained - begun, time.monotonic() - trained
        )


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a brief training of a candidate gave."""

    candidate: _Candidate
    steps: int
    value: float
    loss: float | None
    training: float  # seconds
    measuring: float

    @property
    def grade(self) -> Grade:
        return grade(self.candidate.metric, self.value, self.loss)

    @property
    def row(self) -> Row:
        loss = None if self.loss is None or not math.isfinite(self.loss) else self.loss
        value = self.value if math.isfinite(self.value) else None
        return {"name": self.candidate.name, self.candidate.metric: value, "loss": loss, "steps": self.steps}


def _rounds(
    candidates: Sequence[_Candidate], total: int, budget: float | None, say: Say, show: Show | None
) -> tuple[_Candidate | None, list[Row]]:
    """The best candidate, by successive halving, and the rows of all trials; None where the time is too short."""
    left, rows = list(candidates), list[Row]()
    rounds = max(1, math.ceil(math.log2(len(left) / AT_ONCE)) + 1)
    costs = {} if budget is None else {candidate.name: candidate.trial(PROBE, say) for candidate in left}
    spent = sum(cost.training + cost.measuring for cost in costs.values())
    steps = min(max(total // (SHARE * len(left)), FEWEST), MOST)
    for number in range(rounds):
        if budget is not None:
            some = [costs[candidate.name] for candidate in left]
            seconds = (budget - spent) / rounds - sum(cost.measuring for cost in some)
            steps = _same(int(seconds / (sum(cost.training for cost in some) / PROBE)))
            if number == 0 and steps < min(USEFUL, total):
                say(
                    f"the budget of {budget:g} s is too short to choose: it is {max(0, steps)} steps for each of "
                    f"{len(left)} candidates; the defaults are used"
                )
                return None, []
        length = min(max(1, steps), total)
        trials = [candidate.trial(length, say, show) for candidate in left]
        for trial in trials:
            loss = "" if trial.loss is None else f", loss {trial.loss:.4g}"
            say(
                f"{trial.candidate.name}: {trial.candidate.metric} {trial.value:.4g}{loss} after {length:,} steps "
                f"({trial.training + trial.measuring:.0f} s)"
            )
        rows += [trial.row for trial in trials]
        trials.sort(key=lambda trial: trial.grade)
        left = [trial.candidate for trial in trials][: -(-len(trials) // 2)]
        steps *= 2
    return left[0], rows


def _quiet(_note: str) -> None:
    """Trials say nothing of how they begin."""


def _same(number: int) -> int:
    """The number of the first process, in all of them."""
    if processes()[1] == 1:
        return number
    told = torch.tensor([number])
    dist.broadcast(told, 0)
    return int(told)
