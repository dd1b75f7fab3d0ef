"""What a report shows of `compose`, `handwrite`."""

from typing import Any

from hitherto.report import drawings, piano_roll
from hitherto.report.curves import Section
from hitherto.tasks.base import Results
from hitherto.tasks.sequels.source import Sequels

__all__ = ["sequels"]


def sequels(
    source: Sequels, _examples: Any, _results: Results, watched: list[dict[str, Any]]
) -> list[Section]:
    """What the model drew at some of the evaluations."""
    picked = [watched[i] for i in sorted({0, len(watched) // 2, len(watched) - 1})] if watched else []
    items = []
    for row in picked:
        if not row["sample"]:
            continue
        if source.spec.task == "compose":
            svg = piano_roll.draw(source.steps.score(row["sample"]))
        else:
            svg = drawings.draw(row["sample"], size=480)
        items.append((f"after {row['step']:,} steps" + (f": {row['text']}" if row.get("text") else ""), svg))
    return [{"kind": "pictures", "title": "Drawn by the model", "items": items}] if items else []
