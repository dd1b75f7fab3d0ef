"""What a report shows of `lm`."""

from hitherto.report.curves import Section
from hitherto.tasks.base import Options, Results
from hitherto.tasks.language.source import Corpus, CorpusExamples

__all__ = ["corpus"]


def corpus(
    _source: Corpus, _examples: CorpusExamples, _results: Results, watched: list[Options]
) -> list[Section]:
    picked = (
        [watched[i] for i in sorted({0, len(watched) // 3, 2 * len(watched) // 3, len(watched) - 1})]
        if watched
        else []
    )
    items = [(f"after {row['step']:,} steps", row["sample"]) for row in picked if "sample" in row]
    return [{"kind": "texts", "title": "Samples", "items": items}] if items else []
