"""What the tasks of this family differ in; and which columns of a table are their input and output."""

from dataclasses import dataclass

from hitherto.data import Table
from hitherto.errors import UsageError
from hitherto.spec import Spec
from hitherto.tasks.columns import column_names, listed, untold

__all__ = ["WAYS", "Way", "columns"]

# Columns that are taken for the output where none is named.
_OUTPUTS = ("target", "tgt", "output", "summary", "reply", "response", "answer", "translation")


@dataclass(frozen=True, slots=True)
class Way:
    """How a task of this family reads. The columns are taken where none is named, the surest first."""

    inputs: tuple[str, ...] = (
        *("source", "src", "input", "text", "document", "article", "prompt", "dialogue", "turns"),
    )
    outputs: tuple[str, ...] = _OUTPUTS
    contexts: tuple[str, ...] = ()  # columns that a question is about
    question: str | None = None  # a column that is an input beside them
    images: bool = False  # the input is an image or a video, not a text
    turns: bool = False  # the input is the turns of a conversation, and each may be an output
    reads_end: bool = False  # of a long input the end is read, not the beginning
    leads: bool = False  # the first sentences of an input may already be the answer


WAYS: dict[str, Way] = {
    "translate": Way(),
    "summarize": Way(leads=True),
    "chat": Way(turns=True, reads_end=True),
    "answer": Way(contexts=("story", "context", "passage"), question="question", reads_end=True),
    "caption": Way(
        inputs=("image", "picture", "photo", "video", "frames", "file", "path"),
        outputs=("caption", "captions", "description", "sentence", "text"),
        images=True,
    ),
}


def columns(spec: Spec, table: Table, labelled: bool = True) -> tuple[Spec, list[str]]:
    """The spec with its columns, and notes of which were guessed; an output only where it is asked for."""
    data, notes, way = spec.data, list(table.notes), WAYS[spec.task]
    inputs, outputs = column_names(table, data.input), column_names(table, data.output)
    if len(outputs) > 1:
        raise UsageError(f"an output stands in one column, but --output names {len(outputs)}.")
    kinds = table.kinds() if not inputs or not outputs else {}
    used = {*inputs, *outputs, *(column_names(table, data.group)), *(column_names(table, data.by))}
    known = {c.lower(): c for c in table.columns if c not in used}
    texts = [c for c in known.values() if kinds.get(c) in ("text", "list", "label")]
    if not inputs:
        context = [known[c] for c in way.contexts if c in known][:1]
        question = [known[way.question]] if way.question in known else []
        usual = [known[c] for c in way.inputs if c in known]
        first = [c for c in texts if c.lower() not in _OUTPUTS]
        inputs = context + question or usual[:1] or first[:1]
        if not inputs:
            raise untold(table, "is the input", "input")
        notes.append(f"input is taken from {listed(inputs)}; --input says otherwise")
    if way.turns and len(inputs) > 1:
        raise UsageError(
            "a conversation stands in one column, of turns or of what is replied to, but --input names "
            f"{len(inputs)}; join them in a list."
        )
    turns = way.turns and kinds.get(inputs[0]) == "list"
    if not outputs and labelled:
        usual = [known[c] for c in way.outputs if c in known and known[c] not in inputs]
        others = [c for c in texts if c not in inputs]
        rest = [c for c in known.values() if c not in inputs]
        if not others and len(rest) == 1:  # of another type, dates for one, and the only one left
            others = rest
        outputs = usual[:1] or ([] if turns else others[:1])
        if outputs:
            notes.append(f"output is taken from column {outputs[0]!r}; --output says otherwise")
        elif not way.turns:
            raise untold(table, "is the output", "output")
    if set(inputs) & set(outputs):
        raise UsageError(f"column {outputs[0]!r} is both input and output. Say another --input or --output.")
    if data.speaker is not None and outputs:
        raise UsageError(
            "speaker chooses among the turns of a conversation; replies in a column are all learned."
        )
    by = None if data.by is None else table.column(data.by)
    return spec.replace(input=tuple(inputs), output=outputs[0] if outputs else None, by=by), notes
