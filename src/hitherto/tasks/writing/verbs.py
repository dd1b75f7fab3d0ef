"""What a model that writes does: a decoder makes its texts."""

from collections.abc import Mapping
from typing import Any

from hitherto.decode import Hypothesis
from hitherto.errors import UsageError, nearest
from hitherto.runtime.writer import DRAWS, SEARCHES, write
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Results, Row
from hitherto.tasks.batching import heard
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.writing.source import TextExamples, Texts

__all__ = ["decoding", "judge", "measure", "predict", "written"]


def written(model: Any, examples: Any, **options: Any) -> list[list[Hypothesis]]:
    """Hypotheses for each example, in their order."""
    how = decoding(model, options)
    found: list[list[Hypothesis]] = [[]] * len(examples)
    for batch in heard(model.source.evaluation(examples)):
        made = write(model.engine, batch.inputs["source"], batch.source_lengths, numbers=batch.rows, **how)
        assert batch.rows is not None  # noqa: S101 - made by `evaluation`
        for row, hypotheses in zip(batch.rows, made, strict=True):
            found[row] = hypotheses
    return found


def decoding(model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """All that a decoder is told: what is given, and the task's own ways where nothing is.

    max_new_tokens, min_new_tokens, num_beams, n_best, length_penalty, coverage_penalty, no_repeat_ngram; or, to
    draw, temperature, top_k, top_p, repetition_penalty, seed.
    """
    known = ("max_new_tokens", *SEARCHES, *DRAWS)
    for name in given:
        if name not in known:
            raise UsageError(f"there is no option {name!r} of writing.{nearest(name, known)}")
    own = {**TASKS[model.spec.task].decoding}
    own["num_beams"] = max(own["num_beams"], given.get("n_best") or 1)
    if model.source.target.tokens in ("chars", "bytes"):  # which repeat as they must
        own.pop("no_repeat_ngram", None)
    draws = bool(given.get("temperature"))
    unknown = model.source.target.unknown
    return {
        "start": model.source.start_id,
        "stop": [model.source.start_id],
        "max_new_tokens": (model.spec.data.max_output or 100) + 1,
        # where it can be seen what an unknown word stands for, it may be said
        "banned": [] if unknown is None or (model.engine.attends and not model.source.sees) else [unknown],
        **({} if draws else own),
        **{name: value for name, value in given.items() if value is not None},
    }


def measure(model: OpenModel, examples: TextExamples, **options: object) -> Results:
    """How probable the right texts are, and what the written ones are worth."""
    likely = model.source.measure(examples, model.outputs(model.source.evaluation(examples)))
    judged = judge(model, examples, **options)
    metrics = likely.metrics | judged.metrics
    in_order = {name: metrics[name] for name in TASKS[model.spec.task].metrics if name in metrics}
    return Results(in_order, likely.details | judged.details)


def judge(model: OpenModel, examples: TextExamples, **options: object) -> Results:
    """What the texts are worth that a model writes to these examples."""
    return model.source.judge(examples, written(model, examples, **options))


def predict(
    model: OpenModel, source: Texts, examples: TextExamples, attention: bool = False, **options: object
) -> list[Row]:
    """The text that is written to each example; with `attention` also where the model looked."""
    return source.predictions(examples, written(model, examples, **options), attention)
