"""From plain options and TOML to a `Spec`, and back; what is wrong is an error that says what to do."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from hitherto.errors import UsageError, nearest
from hitherto.spec.options import SPECIAL, TABLES, Spec, choices, is_union, option_of, options
from hitherto.spec.tasks import TASKS

__all__ = [
    "FLAGS",
    "KEYWORDS",
    "RESUMABLE",
    "Voice",
    "from_document",
    "from_options",
    "from_toml",
    "over",
    "read",
    "resumed",
    "to_document",
    "to_toml",
    "unused",
    "useless",
]


@dataclass(frozen=True, slots=True)
class Voice:
    """How an error names an option: as who gave it wrote it."""

    begin: str  # of every sentence
    name: Callable[[str, str], str]  # of a table and an option


KEYWORDS = Voice("", lambda _table, name: name)
FLAGS = Voice("", lambda _table, name: "--" + name.replace("_", "-"))


def _keys(source: str) -> Voice:
    """As a TOML file has them."""
    return Voice(f"{source}: ", lambda table, name: f"[{table}] {name}")


def from_options(
    task: str, path: str | None = None, out: str | None = None, *, voice: Voice = KEYWORDS, **values: Any
) -> Spec:
    """A spec from plain options, checked as a TOML file is."""
    return over({"task": task}, path, out, voice=voice, **values)


def over(
    base: Spec | Mapping[str, Any],
    path: str | None = None,
    out: str | None = None,
    *,
    voice: Voice = KEYWORDS,
    **values: Any,
) -> Spec:
    """`base` with these options in place of its own; one that is None leaves what was there."""
    document: dict[str, Any] = to_document(base) if isinstance(base, Spec) else dict(base)
    if out is not None:
        document["out"] = str(out)
    for name, value in {"path": None if path is None else str(path), **values}.items():
        if value is not None:
            document.setdefault(option_of(name).table, {})[name] = _plain(value)
    return from_document(document, voice=voice)


def _plain(value: Any) -> Any:
    """What a TOML file could hold in place of this value."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def from_toml(text: str, source: str = "the TOML text") -> Spec:
    """The spec that a TOML text holds."""
    import tomllib  # opening a model should be quick, and needs none

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source} is not TOML: {error}") from error
    return from_document(document, source)


def read(path: str | Path) -> Spec:
    """The spec in the TOML file at `path`."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read the spec {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not a TOML file: it is not UTF-8 text") from error
    return from_toml(text, str(path))


def from_document(
    document: Mapping[str, Any], source: str = "the spec", *, voice: Voice | None = None
) -> Spec:
    """The spec that nested plain dicts hold; a wrong name or type is an error that says what to do.

    The error speaks of `source` and its tables, unless another `voice` is given.
    """
    voice = voice or _keys(source)
    _check_names(document, voice)
    try:
        spec = msgspec.convert(document, Spec)
    except msgspec.ValidationError as error:
        raise _wrong_value(document, str(error), voice) from error
    row = TASKS[spec.task]
    for option in options():
        value = spec.value(option)
        if value == option.default:
            continue
        if option.name in SPECIAL and option.name not in row.options:
            raise UsageError(voice.begin + useless(spec.task, option.name, voice))
        if not all(
            math.isfinite(v) for v in (value if isinstance(value, tuple) else (value,)) if type(v) is float
        ):
            name = voice.name(option.table, option.name)
            raise UsageError(f"{voice.begin}{name} must be a finite number, but came as {value!r}.")
    _check_rows(spec, voice)
    if spec.data.valid is not None and spec.data.valid_source is not None:
        raise UsageError(
            f"{voice.begin}validation data are given twice, as {voice.name('data', 'valid')} and as "
            f"{voice.name('data', 'valid_source')}; leave one out."
        )
    return spec


def _check_rows(spec: Spec, voice: Voice) -> None:
    """An error where an option names a row of a table that is not there, or that the task does not have."""
    for name in ("cell", "head", "metric", "codec"):
        option = option_of(name)
        value, known = spec.value(option), choices(option, spec.task)
        if value is None or value in known:
            continue
        if value in choices(option) or name == "metric":
            raise UsageError(
                f"{voice.begin}{spec.task} has no {name} {value!r}; it has {', '.join(known)}."
                f"{nearest(str(value), known)}"
            )
        raise UsageError(
            f"{voice.begin}{voice.name(option.table, name)} must be one of {', '.join(known)}, but came as "
            f"{value!r:.60}.{nearest(str(value), known)}"
        )


def useless(task: str, name: str, voice: Voice) -> str:
    """What is wrong with an option that only other tasks have."""
    having = ", ".join(other for other, row in TASKS.items() if name in row.options)
    return f"{task} has no use for {voice.name(option_of(name).table, name)}; it goes with {having}."


def _wrong_value(document: Mapping[str, Any], said: str, voice: Voice) -> UsageError:
    """What is wrong with the value that a validation found fault with, from its own words."""
    text, _, where = said.partition(" - at `$.")
    table, _, name = where.rstrip("`").partition(".")
    name = name.partition("[")[0]  # of a list it names the item
    if table not in TABLES or not name:
        return UsageError(f"{voice.begin}{where.rstrip('`') or 'the spec'}: {text[0].lower()}{text[1:]}.")
    value, option = document[table][name], option_of(name)
    hint = nearest(value, choices(option)) if isinstance(value, str) else ""
    wanted = _wanted(get_type_hints(TABLES[table], include_extras=True)[name])
    return UsageError(
        f"{voice.begin}{voice.name(table, name)} must be {wanted}, but came as {value!r:.60}.{hint}"
    )


_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def _wanted(kind: Any) -> str:
    """What a value of a field's type is, in words."""
    if get_origin(kind) is Annotated:
        base, *metas = get_args(kind)
        bounds = [
            f"{words} {bound:,}" for meta in metas for side, words in _BOUNDS.items()
            if (bound := getattr(meta, side, None)) is not None
        ]  # fmt: skip
        return ", ".join([_wanted(base), " and ".join(bounds)] if bounds else [_wanted(base)])
    if is_union(kind):
        return " or ".join(_wanted(one) for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if get_origin(kind) is tuple:
        return f"a list, each {_wanted(get_args(kind)[0])}"
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "a text")


# What a run that goes on may be told anew: nothing that its weights, the order of its data or its best depend on.
RESUMABLE = frozenset({
    *("epochs", "steps", "patience", "lr", "clip", "non_finite"),
    *("evaluate_every", "checkpoint_every", "tensorboard", "threads", "device"),
    *("path", "source", "target"),  # a checkpoint knows its data again
})  # fmt: skip

_FIXED = {
    "data": "what was learned depends on how the data were read",
    "model": "the weights that it has saved are those of its network",
    "train": "the steps that it has taken, or what it calls its best, depend on it",
}


def resumed(
    found: Spec,
    task: str | Spec = "",
    path: str | None = None,
    out: str | None = None,
    *,
    voice: Voice = KEYWORDS,
    **values: Any,
) -> Spec:
    """The spec of a run that goes on, with what it is told now; an error where that cannot be another any more."""
    if isinstance(task, Spec):
        document = to_document(task)
        said = {name: value for table in TABLES for name, value in document.get(table, {}).items()}
        path, out = path or said.pop("path", None), out or task.out
        task, values = task.task, {**said, **values}
    if task and task != found.task:
        raise UsageError(f"{voice.begin}the run learns to {found.task}, not to {task}: leave the task out.")
    asked = over(found, path, out, voice=voice, **values)
    for option in options():
        was, now = (spec.value(option) for spec in (found, asked))
        if was != now and option.name not in RESUMABLE:
            having = ", ".join(o.name for o in options(found.task) if o.name in RESUMABLE)
            name = voice.name(option.table, option.name)
            raise UsageError(
                f"{voice.begin}{name} was {was!r} when the run began and cannot be {now!r} now: "
                f"{_FIXED[option.table]}. Start a run of its own for that; this one may have another {having} or out."
            )
    return asked


# Options that count only beside a certain value of another: (option, the other, its values).
_BESIDE: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("momentum", "optimizer", ("sgd",)),
    ("decay", "schedule", ("decay", "plateau")),
    ("decay_after", "schedule", ("decay",)),
    ("init_range", "init", ("uniform",)),
    ("levels", "head", ("quantile",)),
    ("chain", "head", ("chain",)),
    ("documents", "layout", ("stream",)),
)


def unused(spec: Spec, voice: Voice = KEYWORDS) -> None:
    """An error where an option is given that another one makes useless; one that is None may be chosen fittingly.

    Not a part of what makes a spec sound: a model that was trained so before still opens.
    """
    known = {option.name: (option, spec.value(option)) for option in options()}
    if spec.train.schedule is None:  # what is chosen in its place
        chosen = "plateau" if spec.train.optimizer == "sgd" else "one-cycle"
        known["schedule"] = (known["schedule"][0], chosen)

    def name(of: str) -> str:
        return voice.name(known[of][0].table, of)

    for given, other, values in _BESIDE:
        option, value = known[given]
        if value != option.default and known[other][1] not in (None, *values):
            wanted = " or ".join(f"{name(other)} {v}" for v in values)
            raise UsageError(
                f"{voice.begin}{name(given)} counts only with {wanted}; leave it out, or add that."
            )
    for one, two in (("batch_size", "batch_tokens"),):
        if known[one][1] is not None and known[two][1] is not None:
            raise UsageError(
                f"{voice.begin}{name(one)} and {name(two)} both say how large a batch is; leave one of them out."
            )
    for given in ("label_smoothing", "balance"):
        if spec.data.multi and known[given][1]:
            raise UsageError(
                f"{voice.begin}{name(given)} is for one label of many, and with {name('multi')} several hold at once; "
                "leave one of them out."
            )
    if spec.data.layout == "lines" and spec.train.bptt is not None:
        raise UsageError(
            f"{voice.begin}{name('bptt')} cuts one long stream, and with {name('layout')} lines each line is read "
            "whole; leave one of them out."
        )
    if spec.data.valid == 0 and spec.data.valid_source is None:
        for given in ("patience", "metric"):
            if known[given][1] is not None:
                raise UsageError(
                    f"{voice.begin}{name(given)} needs validation data, and {name('valid')} sets none aside; leave one "
                    "of them out."
                )


def _check_names(document: Mapping[str, Any], voice: Voice) -> None:
    """Unknown tables and options, with the name that was probably meant."""
    top = ["task", "out", *TABLES]
    for name, value in document.items():
        if name not in top:
            elsewhere = [o for o in options() if o.name == name]
            hint = f" It belongs under [{elsewhere[0].table}]." if elsewhere else nearest(name, top)
            raise UsageError(f"{voice.begin}there is no {name!r} at the top.{hint}")
        if name in TABLES:
            if not isinstance(value, Mapping):
                raise UsageError(f"{voice.begin}[{name}] is a table, but came as {value!r}")
            fields = TABLES[name].__struct_fields__
            for key in value:
                if key not in fields:
                    elsewhere = [o for o in options() if o.name == key]
                    hint = f" It belongs under [{elsewhere[0].table}]." if elsewhere else nearest(key, fields)
                    raise UsageError(f"{voice.begin}there is no option {key!r} under [{name}].{hint}")
    task = document.get("task")
    if not isinstance(task, str) or task not in TASKS:
        came = "is missing" if task is None else f"came as {task!r}"
        hint = nearest(task, TASKS) if isinstance(task, str) else ""
        raise UsageError(f"{voice.begin}task must be one of {', '.join(TASKS)}, but {came}.{hint}")


def to_document(spec: Spec) -> dict[str, Any]:
    """Plain dicts of what differs from the defaults."""
    document: dict[str, Any] = msgspec.to_builtins(spec)
    return document


def to_toml(spec: Spec) -> str:
    """The spec as TOML, without what is as it would be anyway."""
    document = to_document(spec)
    lines = [f"{name} = {_toml(document[name])}" for name in ("task", "out") if name in document]
    for table in TABLES:
        if document.get(table):
            lines += [
                "",
                f"[{table}]",
                *(f"{k} = {_toml(v)}" for k, v in document[table].items() if v is not None),
            ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A TOML value; a JSON string is a TOML string too."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float):
        return repr(value)
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
