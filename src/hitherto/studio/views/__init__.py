"""The live views: a row for each task that has one. Its page in the browser has a row in `web/src/pages/table.ts`."""

from hitherto.studio.views.base import Call, View
from hitherto.studio.views.caption import Captions
from hitherto.studio.views.forecast import Forecasts
from hitherto.studio.views.labels import Labels
from hitherto.studio.views.language import Language
from hitherto.studio.views.sequels import Composing, Handwriting
from hitherto.studio.views.transcribe import Transcribing
from hitherto.studio.views.writing import Chatting, Writing

__all__ = ["VIEWS", "Call", "View"]

VIEWS: dict[str, type[View]] = {
    "classify": Labels,
    "regress": Labels,
    "tag": Labels,
    "lm": Language,
    "forecast": Forecasts,
    "translate": Writing,
    "summarize": Writing,
    "answer": Writing,
    "chat": Chatting,
    "caption": Captions,
    "transcribe": Transcribing,
    "compose": Composing,
    "handwrite": Handwriting,
}
