"""What a report shows of `transcribe`."""

from typing import Any

from hitherto.report.curves import Section
from hitherto.report.sheets import contact_sheet
from hitherto.tasks.base import Results
from hitherto.tasks.transcribe.source import Transcripts

__all__ = ["transcripts"]


def transcripts(
    source: Transcripts, examples: Any, results: Results, _watched: list[dict[str, Any]]
) -> list[Section]:
    texts, truth = results.details["texts"], examples.texts
    wrong = [i for i in range(len(texts)) if texts[i] != truth[i]]
    some = [*wrong[:12], *[i for i in range(len(texts)) if texts[i] == truth[i]][:6]]
    rows = [[truth[i], texts[i]] for i in some]
    share = f"{len(texts) - len(wrong):,} of {len(texts):,} are right to the letter"
    found: list[Section] = [
        {"kind": "table", "title": f"Examples: {share}", "columns": ["expected", "understood"], "rows": rows}
    ]
    kind = source.codecs["input"].kind
    if kind == "image":
        found.append(
            contact_sheet(source.codecs["input"], [examples.x[i] for i in some], [texts[i] for i in some])
        )
    return found
