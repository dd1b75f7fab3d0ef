"""From a table to batches, and from a model's outputs back to answers and metrics.

A source is what a task's row names under `source`: the one place that knows how its kind of data becomes arrays. The
training loop, the executors and the command line see only this contract:

    source, examples, valid = SOURCES[kind].prepare(spec, data, valid, extras)
                                                  fits codecs on training data alone, encodes, splits where need be
    examples = source.load(data)                  encodes other data with the same codecs
    source.digest(examples)                       by which a checkpoint knows its data again
    source.choose(examples) -> (options, notes)   what the spec leaves open, chosen from the data
    source.inputs(), source.head()                what the plan needs to know
    source.schedule(examples, train, epoch)       what an epoch consists of: a function of (seed, epoch) alone
    source.batch(examples, item, share)           one of these, or the rows of it that are one process's share
    source.evaluation(examples)                   batches that score everything once, in order
    source.measure(examples, outputs)             metrics, and what a report shows
    source.reads                                  the columns that an answer is made from, in an array's order: id and
                                                  time, where it has them, then values
    source.unnamed                                the format of a file to answer for whose name tells none

A source of texts to be written also has `judge(examples, written)`, metrics of what a decoder made.

`SOURCES` lists them. `source.answers` says what it needs of an executor: "params", what the head reads at every scored
place, or "nll", the loss there.
"""

from typing import Any

from hitherto.tasks.caption.stream import CaptionStream
from hitherto.tasks.forecast.source import Windows
from hitherto.tasks.forecast.stream import ForecastStream
from hitherto.tasks.labels.source import Pairs
from hitherto.tasks.labels.stream import LabelStream, TagStream
from hitherto.tasks.language.source import Corpus
from hitherto.tasks.language.stream import TextStream
from hitherto.tasks.sequels.source import Sequels
from hitherto.tasks.sequels.stream import NotesStream, PenStream
from hitherto.tasks.streams import Stream
from hitherto.tasks.transcribe.source import Transcripts
from hitherto.tasks.transcribe.stream import TranscriptStream
from hitherto.tasks.writing.source import Texts
from hitherto.tasks.writing.stream import ChatStream, WriteStream

__all__ = ["SOURCES", "STREAMS"]

SOURCES: dict[str, Any] = {
    "pairs": Pairs,
    "corpus": Corpus,
    "windows": Windows,
    "texts": Texts,
    "transcripts": Transcripts,
    "sequels": Sequels,
}

# How a live stream of each task takes values and answers.
STREAMS: dict[str, type[Stream]] = {
    "classify": LabelStream,
    "tag": TagStream,
    "lm": TextStream,
    "forecast": ForecastStream,
    "translate": WriteStream,
    "summarize": WriteStream,
    "answer": WriteStream,
    "chat": ChatStream,
    "caption": CaptionStream,
    "transcribe": TranscriptStream,
    "compose": NotesStream,
    "handwrite": PenStream,
}
