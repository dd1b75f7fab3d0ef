"""What `translate`, `summarize`, `chat`, `answer` and `caption` are compared with."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from hitherto.arrays import Array
from hitherto.baselines import nearest, steps, texts
from hitherto.baselines.rows import picked
from hitherto.tasks.base import Results
from hitherto.tasks.writing.conversations import as_text
from hitherto.tasks.writing.source import TextExamples, Texts

__all__ = ["advice", "written"]

Say = Callable[[str], None]

ROWS = 50_000  # to search, at most
NUMBERS = 50_000_000  # of images to search, at most
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def written(
    source: Texts, training: TextExamples | None, held: TextExamples, say: Say
) -> Iterator[tuple[str, Results]]:
    """What each baseline measures on `held`; without training data, those that need none."""
    if source.way.leads:
        for count, name in ((1, "first sentence"), (3, "first three sentences")):
            lead = [" ".join(_SENTENCE.split(as_text(text))[:count]) for text in held.texts]
            yield name, source.judged(held, lead)
    if training is None:
        return
    usual, often = Counter(some[0] for some in training.references).most_common(1)[0]
    if often > 1:
        yield "most frequent output", source.judged(held, [usual] * len(held))
    closest = _seen(training, held) if source.sees else _read(training, held, say)
    yield "output of the nearest input", source.judged(held, [training.references[i][0] for i in closest])


def _read(training: TextExamples, held: TextExamples, say: Say) -> Array:
    """The training row whose tokens are most alike, by tf-idf."""
    rows = picked(len(training), ROWS)
    if len(rows) < len(training):
        say(f"the nearest input is one of {len(rows):,} of {len(training):,}, spread evenly, for speed")
    grams = texts.tokens([training.x[i] for i in rows])
    vocabulary = grams.vocabulary()
    counts, asked = grams.counted(vocabulary), texts.tokens(held.x).counted(vocabulary)
    closest = nearest.alike(texts.weighted([asked], [counts]), texts.weighted([counts], [counts]))
    nearest_rows: Array = rows[closest]
    return nearest_rows


def _seen(training: TextExamples, held: TextExamples) -> Array:
    """The training row whose image or video is nearest."""
    places = steps.places(training.x, 4)
    width = steps.evened(training.x[:1], places).shape[1]
    rows = picked(len(training), max(100, NUMBERS // width))
    seen, asked = steps.standardised(
        steps.evened([training.x[i] for i in rows], places), steps.evened(held.x, places)
    )
    nearest_rows: Array = rows[nearest.nearest(asked, seen)[:, 0]]
    return nearest_rows


def advice(source: Texts) -> str:
    """What to try where one of them is better."""
    if source.sees:
        return "more --epochs, --conv 16 --conv 32, --dropout 0.3, or a smaller --hidden-size"
    return "more --epochs, --shared --copy where outputs repeat inputs, --tokens subwords, or a smaller --hidden-size"
