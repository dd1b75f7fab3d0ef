"""What a model that writes does: a decoder makes its texts."""

from collections.abc import Mapping

import numpy as np

from hitherto.decode import DecodeOptions, Hypothesis
from hitherto.runtime.writer import write
from hitherto.spec.tasks import TASKS
from hitherto.tasks.base import Results, Row
from hitherto.tasks.batching import heard
from hitherto.tasks.given import READING, inputs
from hitherto.tasks.opened import OpenModel
from hitherto.tasks.reading import Reading, row_of
from hitherto.tasks.writing.source import TextExamples, Texts

__all__ = ["decoding", "judge", "measure", "predict", "reading", "texts_of", "written"]


def texts_of(model: OpenModel) -> Texts:
    """The source of a model that writes."""
    assert isinstance(model.source, Texts)  # noqa: S101 - asked of these alone
    return model.source


def written(model: OpenModel, examples: TextExamples, **asked: object) -> list[list[Hypothesis]]:
    """Hypotheses for each example, in their order; `DecodeOptions` has what may be asked."""
    options = decoding(model, asked)
    hypotheses: list[list[Hypothesis]] = [[]] * len(examples)
    for batch in heard(texts_of(model).evaluation(examples)):
        rows = batch.rows
        assert rows is not None  # noqa: S101 - made by `evaluation`
        best = write(model.engine, batch.inputs["source"], batch.source_lengths, options, numbers=rows)
        for row, some in zip(rows, best, strict=True):
            hypotheses[row] = some
    return hypotheses


def decoding(model: OpenModel, asked: Mapping[str, object]) -> DecodeOptions:
    """The options of decoding: those that are asked for, and the defaults of the model's task."""
    source = texts_of(model)
    target = source.target
    defaults: dict[str, object] = {
        "max_new_tokens": (model.spec.data.max_output or 100) + 1,
        **TASKS[model.spec.task].decoding,
        "start_id": source.start_id,
        "stop_ids": (source.start_id,),
    }
    if target.tokens in ("chars", "bytes"):  # a text of letters repeats some of them
        defaults.pop("no_repeat_ngram", None)
    # Attention over a text tells which word an unknown one stands for: then it may be written.
    if target.unknown is not None and (source.sees or not model.engine.attends):
        defaults["banned"] = (target.unknown,)
    return DecodeOptions.chosen(asked, defaults)


def measure(model: OpenModel, examples: TextExamples, **asked: object) -> Results:
    """The loss of the right texts, and the metrics of the written ones."""
    likely = model.source.measure(examples, model.outputs(model.source.evaluation(examples)))
    judged = judge(model, examples, **asked)
    metrics = likely.metrics | judged.metrics
    in_order = {name: metrics[name] for name in TASKS[model.spec.task].metrics if name in metrics}
    return Results(in_order, likely.details | judged.details)


def judge(model: OpenModel, examples: TextExamples, **asked: object) -> Results:
    """Metrics of the texts that a model writes to these examples."""
    return model.source.judge(examples, written(model, examples, **asked))


def reading(model: OpenModel, value: object, row: int = 1, steps: int = 500, **options: object) -> Reading:
    """A source, and the text that the model writes to it: `options` may have those of decoding."""
    how = {name: v for name, v in options.items() if name not in READING}
    source = model.reader(**{name: v for name, v in options.items() if name in READING})
    examples = source.load(inputs(source, value), labelled=False)
    arrays, cut = row_of(source, examples, row, steps)
    text, start = texts_of(model), texts_of(model).start_id
    ((best, *_),) = write(model.engine, arrays["source"], None, decoding(model, how), numbers=[0])
    ids = np.array([start, *best.tokens])[:, None]
    names = {
        "source": model.codecs["input"].called(arrays["source"][:, 0]),
        "x": text.target.called(ids[:, 0]),
    }
    return Reading({"source": arrays["source"], "x": ids}, names, text.answer_names, cut)


def predict(
    model: OpenModel, source: Texts, examples: TextExamples, attention: bool = False, **asked: object
) -> list[Row]:
    """The text that is written to each example; with `attention` also the attention of each token."""
    return source.predictions(examples, written(model, examples, **asked), attention)
