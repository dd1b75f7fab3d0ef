"""What a report shows of `lm`."""

from typing import Any

from hitherto.report.curves import Section
from hitherto.tasks.base import Results
from hitherto.tasks.language.source import Corpus

__all__ = ["corpus"]


def corpus(
    _source: Corpus, _examples: Any, _results: Results, watched: list[dict[str, Any]]
) -> list[Section]:
    picked = (
        [watched[i] for i in sorted({0, len(watched) // 3, 2 * len(watched) // 3, len(watched) - 1})]
        if watched
        else []
    )
    items = [(f"after {row['step']:,} steps", row["sample"]) for row in picked if "sample" in row]
    return [{"kind": "texts", "title": "Samples", "items": items}] if items else []
