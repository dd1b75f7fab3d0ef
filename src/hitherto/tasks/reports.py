"""What a report shows of a training, and what `evaluate` prints, by source."""

from collections.abc import Callable
from typing import Any

from hitherto.report.curves import Section
from hitherto.tasks.base import Results
from hitherto.tasks.forecast.report import windows
from hitherto.tasks.forecast.source import Windows
from hitherto.tasks.labels.report import pairs
from hitherto.tasks.labels.source import Pairs
from hitherto.tasks.language.report import corpus
from hitherto.tasks.language.source import Corpus
from hitherto.tasks.sequels.report import sequels
from hitherto.tasks.sequels.source import Sequels
from hitherto.tasks.transcribe.report import transcripts
from hitherto.tasks.transcribe.source import Transcripts
from hitherto.tasks.writing.report import texts_shown
from hitherto.tasks.writing.source import Texts

__all__ = ["sections"]


def sections(source: Any, examples: Any, results: Results, watched: list[dict[str, Any]]) -> list[Section]:
    """What there is to see of these results, by the kind of source."""
    return next(show for kind, show in SHOW.items() if isinstance(source, kind))(
        source, examples, results, watched
    )


SHOW: dict[type, Callable[..., list[Section]]] = {
    Pairs: pairs,
    Corpus: corpus,
    Windows: windows,
    Texts: texts_shown,
    Transcripts: transcripts,
    Sequels: sequels,
}
