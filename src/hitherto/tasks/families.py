"""The families of tasks: a row each. A row says how data become batches and answers, and what a model can do.

A row of `TASKS` names its family under `source`. To add a task to a family, add its row there, and the verbs of its
models to the row of the family here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hitherto.decode import DecodeOptions
from hitherto.errors import UsageError
from hitherto.report.curves import Section
from hitherto.spec.tasks import TASKS
from hitherto.tasks import verbs
from hitherto.tasks.base import AnySource, Results, Row, Value
from hitherto.tasks.caption.stream import CaptionStream
from hitherto.tasks.forecast import baselines as beside_forecasts
from hitherto.tasks.forecast import verbs as forecast
from hitherto.tasks.forecast.report import windows
from hitherto.tasks.forecast.source import Windows
from hitherto.tasks.forecast.stream import ForecastStream
from hitherto.tasks.labels import baselines as beside_labels
from hitherto.tasks.labels import verbs as labels
from hitherto.tasks.labels.amounts import Amounts
from hitherto.tasks.labels.report import amounts, pairs
from hitherto.tasks.labels.source import Pairs
from hitherto.tasks.labels.stream import LabelStream, TagStream
from hitherto.tasks.language import baselines as beside_texts
from hitherto.tasks.language import verbs as language
from hitherto.tasks.language.report import corpus
from hitherto.tasks.language.source import Corpus
from hitherto.tasks.language.stream import TextStream
from hitherto.tasks.reading import Reading, read
from hitherto.tasks.sequels import baselines as beside_sequels
from hitherto.tasks.sequels import verbs as sequels
from hitherto.tasks.sequels.report import sequels as sequels_shown
from hitherto.tasks.sequels.source import Sequels
from hitherto.tasks.sequels.stream import NotesStream, PenStream
from hitherto.tasks.transcribe import baselines as beside_transcripts
from hitherto.tasks.transcribe.report import transcripts
from hitherto.tasks.transcribe.source import Transcripts
from hitherto.tasks.transcribe.stream import TranscriptStream
from hitherto.tasks.writing import baselines as beside_writing
from hitherto.tasks.writing import verbs as writing
from hitherto.tasks.writing.report import texts_shown
from hitherto.tasks.writing.source import Texts
from hitherto.tasks.writing.stream import ChatStream, WriteStream

__all__ = ["FAMILIES", "Family", "family_of", "verb_of"]


# What a model of a task can do beside `predict` and `evaluate`, by the name of the method: functions of the model.
Verbs = Mapping[str, Callable[..., Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Tasks that share a source."""

    source: type[AnySource]
    tasks: dict[str, Verbs]  # by the task's name
    sections: Callable[..., list[Section]]  # (source, examples, results, watched): what a report shows
    measure: Callable[..., Results] = verbs.measure  # (model, examples, **options of decoding)
    predict: Callable[..., list[Row]] = verbs.predict  # (model, source, examples, **options)
    # Of sources that judge: all options of a decoder, and what its texts are worth.
    decoding: Callable[..., DecodeOptions] | None = None
    judge: Callable[..., Results] | None = None
    # (source, training or None, held, say): what is measured on `held` by each simple way to answer, with its name.
    # Without training data, only by those that need none.
    baselines: Callable[..., Iterator[tuple[str, Results]]] = verbs.no_baselines
    # (model, value, row=, steps=, **options): a user's value as the plan reads it, for an inspection.
    reading: Callable[..., Reading] = read
    advice: Callable[..., str] = verbs.no_advice  # (source): the options to try where one of them is better


_SEQUEL: Verbs = {"generate": sequels.generate, "steps": sequels.steps, "draw": sequels.draw}

FAMILIES: dict[str, Family] = {
    "pairs": Family(
        source=Pairs,
        tasks={
            "classify": {"stream": LabelStream, "predict_proba": labels.predict_proba},
            "tag": {"stream": TagStream},
        },
        sections=pairs,
        baselines=beside_labels.labelled,
        advice=beside_labels.advice,
    ),
    "amounts": Family(
        source=Amounts,
        tasks={"regress": {"stream": LabelStream}},
        sections=amounts,
        baselines=beside_labels.numbers,
        advice=beside_labels.advice_for_numbers,
    ),
    "corpus": Family(
        source=Corpus,
        tasks={
            "lm": {
                "stream": TextStream,
                "generate": language.generate,
                "pieces": language.pieces,
                "suggest": language.suggest,
            }
        },
        sections=corpus,
        measure=language.measure,
        reading=language.reading,
        baselines=beside_texts.smoothed,
        advice=beside_texts.advice,
    ),
    "windows": Family(
        source=Windows,
        tasks={"forecast": {"stream": ForecastStream, "anomalies": forecast.anomalies}},
        sections=windows,
        predict=forecast.predict,
        reading=forecast.reading,
        baselines=beside_forecasts.forecasts,
        advice=beside_forecasts.advice,
    ),
    "texts": Family(
        source=Texts,
        tasks={
            "translate": {"stream": WriteStream},
            "summarize": {"stream": WriteStream},
            "answer": {"stream": WriteStream},
            "chat": {"stream": ChatStream},
            "caption": {"stream": CaptionStream},
        },
        sections=texts_shown,
        measure=writing.measure,
        predict=writing.predict,
        decoding=writing.decoding,
        judge=writing.judge,
        reading=writing.reading,
        baselines=beside_writing.written,
        advice=beside_writing.advice,
    ),
    "transcripts": Family(
        source=Transcripts,
        tasks={"transcribe": {"stream": TranscriptStream}},
        sections=transcripts,
        baselines=beside_transcripts.guessed,
        advice=beside_transcripts.advice,
    ),
    "sequels": Family(
        source=Sequels,
        tasks={"compose": {"stream": NotesStream, **_SEQUEL}, "handwrite": {"stream": PenStream, **_SEQUEL}},
        sections=sequels_shown,
        reading=sequels.reading,
        baselines=beside_sequels.repeated,
        advice=beside_sequels.advice,
    ),
}


def family_of(task: str) -> Family:
    """The family that the row of a task names."""
    return FAMILIES[TASKS[task].source]


def verb_of(task: str, name: str) -> Callable[..., Value]:
    """What models of this task do under that name; a UsageError that says which models do, where these do not."""
    able = {
        able_task: verbs[name]
        for family in FAMILIES.values()
        for able_task, verbs in family.tasks.items()
        if name in verbs
    }
    if task in able:
        return able[task]
    *first, last = able
    tasks = f"{', '.join(first)} and {last}" if first else last
    instead = "generate" if family_of(task).source.continues else "predict"
    raise UsageError(f"{name} is for {tasks} models; this one does {task}. Use {instead}.")
