"""What a report shows of `compose`, `handwrite`."""

from hitherto.report import drawings, piano_roll
from hitherto.report.curves import Section
from hitherto.tasks.base import Results, Row
from hitherto.tasks.sequels.source import SequelExamples, Sequels

__all__ = ["sequels"]


def sequels(
    source: Sequels, _examples: SequelExamples, _results: Results, watched: list[Row]
) -> list[Section]:
    """What the model drew at some of the evaluations."""
    picked = [watched[i] for i in sorted({0, len(watched) // 2, len(watched) - 1})] if watched else []
    items = []
    for row in picked:
        if not row["sample"]:
            continue
        if source.way.music:
            svg = piano_roll.draw(source.music.score(row["sample"]))
        else:
            svg = drawings.draw(row["sample"], size=480)
        items.append((f"after {row['step']:,} steps" + (f": {row['text']}" if row.get("text") else ""), svg))
    return [{"kind": "pictures", "title": "Drawn by the model", "items": items}] if items else []
