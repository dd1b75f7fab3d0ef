"""What `lm` is compared with."""

from collections.abc import Callable, Iterator

import numpy as np

from hitherto.baselines import kneser_ney
from hitherto.tasks.base import Results
from hitherto.tasks.language.source import Corpus, CorpusExamples

__all__ = ["advice", "smoothed"]

ORDER = 5
TOKENS = 2_000_000  # to learn from, at most


def smoothed(
    source: Corpus, training: CorpusExamples | None, held: CorpusExamples, say: Callable[[str], None]
) -> Iterator[tuple[str, Results]]:
    """Interpolated Kneser-Ney smoothing of runs of five tokens, the same as the model's."""
    if training is None:
        return
    count = min(len(training), TOKENS)
    if count < len(training):
        say(f"Kneser-Ney learns from the first {count:,} of {len(training):,} tokens, for speed")
    starts = np.zeros(1, np.int64) if training.starts is None else training.starts[training.starts < count]
    model = kneser_ney.fit(training.tokens.ids(0, count), starts, source.codec.size, ORDER)
    nll, place = 0.0, 0
    begins = np.zeros(1, np.int64) if held.starts is None else held.starts
    while place < len(held):  # a part at a time, which begins with the tokens before it, or with a text
        stop = min(len(held), place + TOKENS)
        before = place if place in begins else max(0, place - ORDER + 1)
        inside = begins[(begins > before) & (begins < stop)] - before
        ids = held.tokens.ids(before, stop)
        logs = model.log_probabilities(ids, np.concatenate([[0], inside]))
        nll -= float(logs[place - before :].sum())
        place = stop
    yield "Kneser-Ney 5-gram", source.measured(held, nll, len(held))


def advice(source: Corpus) -> str:
    """What to try where it is better."""
    tied = ", --tied" if source.codec.size > 1000 else ""
    return f"more --epochs, --dropout 0.4, a smaller --hidden-size for a short text{tied}, or --num-layers 2"
