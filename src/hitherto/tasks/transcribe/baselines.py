"""What `transcribe` is compared with."""

from collections import Counter
from collections.abc import Callable, Iterator

from hitherto.baselines import nearest, steps
from hitherto.baselines.rows import picked
from hitherto.tasks.base import Results
from hitherto.tasks.transcribe.source import TranscriptExamples, Transcripts

__all__ = ["advice", "guessed"]

NUMBERS = 50_000_000  # of the inputs to search, at most


def guessed(
    source: Transcripts,
    training: TranscriptExamples | None,
    held: TranscriptExamples,
    say: Callable[[str], None],
) -> Iterator[tuple[str, Results]]:
    """The most frequent text, and the text of the nearest input."""
    if training is None:
        return
    usual = Counter(training.texts).most_common(1)[0][0]
    yield "most frequent text", source.judged(held, [usual] * len(held))
    places = steps.places(training.x)
    width = steps.evened(training.x[:1], places).shape[1]
    rows = picked(len(training), max(100, NUMBERS // width))
    if len(rows) < len(training):
        say(f"the nearest input is one of {len(rows):,} of {len(training):,}, spread evenly, for speed")
    seen, asked = steps.standardised(
        steps.evened([training.x[i] for i in rows], places), steps.evened(held.x, places)
    )
    closest = rows[nearest.nearest(asked, seen)[:, 0]]
    yield "text of the nearest input", source.judged(held, [training.texts[i] for i in closest])


def advice(source: Transcripts) -> str:  # noqa: ARG001 - the same for all inputs
    """What to try where one of them is better."""
    return "more --epochs: such a model writes nothing at first; or --augment 0.5, or a higher --lr"
