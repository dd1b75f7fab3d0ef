"""What a report shows of `transcribe`."""

from hitherto.codecs.image import ImageCodec
from hitherto.report.curves import Section
from hitherto.report.sheets import contact_sheet
from hitherto.tasks.base import Results, Row
from hitherto.tasks.transcribe.source import TranscriptExamples, Transcripts

__all__ = ["transcripts"]


def transcripts(
    source: Transcripts, examples: TranscriptExamples, results: Results, _watched: list[Row]
) -> list[Section]:
    texts, truth = results.details["texts"], examples.texts
    wrong = [i for i in range(len(texts)) if texts[i] != truth[i]]
    some = [*wrong[:12], *[i for i in range(len(texts)) if texts[i] == truth[i]][:6]]
    rows = [[truth[i], texts[i]] for i in some]
    share = f"{len(texts) - len(wrong):,} of {len(texts):,} are right to the letter"
    sections: list[Section] = [
        {"kind": "table", "title": f"Examples: {share}", "columns": ["expected", "understood"], "rows": rows}
    ]
    codec = source.codecs["input"]
    if isinstance(codec, ImageCodec):
        sections.append(contact_sheet(codec, [examples.x[i] for i in some], [texts[i] for i in some]))
    return sections
