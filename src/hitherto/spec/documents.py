"""From plain options and TOML to a `Spec`, and back; anything wrong is an error that says what to do."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

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
    "with_defaults",
]


@dataclass(frozen=True, slots=True)
class Voice:
    """How an error names an option: as the user wrote it."""

    begin: str  # of every sentence
    name: Callable[[str, str], str]  # of a table and an option


KEYWORDS = Voice("", lambda _table, name: name)
FLAGS = Voice("", lambda _table, name: "--" + name.replace("_", "-"))


def _keys(source: str) -> Voice:
    """As a TOML file has them."""
    return Voice(f"{source}: ", lambda table, name: f"[{table}] {name}")


def from_options(
    task: str, path: str | None = None, out: str | None = None, *, voice: Voice = KEYWORDS, **values: object
) -> Spec:
    """A spec from plain options, checked as a TOML file is."""
    return over({"task": task}, path, out, voice=voice, **values)


def over(
    base: Spec | Mapping[str, object],
    path: str | None = None,
    out: str | None = None,
    *,
    voice: Voice = KEYWORDS,
    **values: object,
) -> Spec:
    """`base` with these options in place of its own; an option that is None leaves the value of `base`."""
    document = dict(to_document(base) if isinstance(base, Spec) else base)
    if out is not None:
        document["out"] = str(out)
    for name, value in {"path": None if path is None else str(path), **values}.items():
        if value is not None:
            table = option_of(name).table
            document[table] = {**_table(document, table), name: _plain(value)}
    return from_document(document, voice=voice)


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A table of a document; empty where it is not there."""
    table = document.get(name, {})
    return table if isinstance(table, Mapping) else {}


def _plain(value: object) -> object:
    """A value as a TOML file could hold it."""
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
    document: Mapping[str, object], source: str = "the spec", *, voice: Voice | None = None
) -> Spec:
    """The spec that nested plain dicts hold; a wrong name or type is an error that says what to do.

    The error names `source` and its tables, unless another `voice` is given.
    """
    voice = voice or _keys(source)
    _check_names(document, voice)
    try:
        spec = msgspec.convert(document, Spec)
    except msgspec.ValidationError as error:
        raise _wrong_value(document, str(error), voice) from error
    row, values = TASKS[spec.task], spec.values()
    for option in options():
        value = values[option.name]
        if value == option.default:
            continue
        if option.name in SPECIAL and option.name not in row.options:
            raise UsageError(voice.begin + useless(spec.task, option.name, voice))
        if not all(
            math.isfinite(v) for v in (value if isinstance(value, tuple) else (value,)) if type(v) is float
        ):
            name = voice.name(option.table, option.name)
            raise UsageError(f"{voice.begin}{name} must be a finite number, but came as {value!r}.")
    for name in ("cell", "head", "metric", "codec"):
        _check_row(spec.task, name, values[name], voice)
    if spec.data.valid is not None and spec.data.valid_source is not None:
        raise UsageError(
            f"{voice.begin}validation data are given twice, as {voice.name('data', 'valid')} and as "
            f"{voice.name('data', 'valid_source')}; leave one out."
        )
    return spec


def _check_row(task: str, name: str, value: object, voice: Voice) -> None:
    """An error where an option names a row of a table that does not exist, or that the task does not have."""
    option = option_of(name)
    known, anywhere = choices(option, task), choices(option)
    if value is None or value in known:
        return
    if value in anywhere or name == "metric":
        message = f"{task} has no {name} {value!r}; it has {', '.join(known)}."
    else:
        where = voice.name(option.table, name)
        message = f"{where} must be one of {', '.join(known)}, but came as {value!r:.60}."
    raise UsageError(f"{voice.begin}{message}{nearest(str(value), known)}")


def useless(task: str, name: str, voice: Voice) -> str:
    """What is wrong with an option that only other tasks have."""
    having = ", ".join(other for other, row in TASKS.items() if name in row.options)
    return f"{task} has no use for {voice.name(option_of(name).table, name)}; it goes with {having}."


def _wrong_value(document: Mapping[str, object], message: str, voice: Voice) -> UsageError:
    """The error about a value that does not fit its type, from the message of the validation."""
    text, _, where = message.partition(" - at `$.")
    table, _, name = where.rstrip("`").partition(".")
    name = name.partition("[")[0]  # of a list it names the item
    if table not in TABLES or not name:
        return UsageError(f"{voice.begin}{where.rstrip('`') or 'the spec'}: {text[0].lower()}{text[1:]}.")
    value = _table(document, table)[name]
    hint = nearest(value, choices(option_of(name))) if isinstance(value, str) else ""
    wanted = _wanted(get_type_hints(TABLES[table], include_extras=True)[name])
    return UsageError(
        f"{voice.begin}{voice.name(table, name)} must be {wanted}, but came as {value!r:.60}.{hint}"
    )


_WORDS: dict[object, str] = {int: "a whole number", float: "a number", bool: "true or false"}


def _wanted(kind: object) -> str:
    """The values of a field's type, in words."""
    if get_origin(kind) is Annotated:
        base, *metas = get_args(kind)
        titles = [meta.title for meta in metas if meta.title]
        if titles:
            return str(titles[0])
        bounds = [
            f"{words} {bound:,}" for meta in metas for words, bound in _bounds(meta) if bound is not None
        ]
        return ", ".join([_wanted(base), " and ".join(bounds)] if bounds else [_wanted(base)])
    if is_union(kind):
        return " or ".join(_wanted(member) for member in get_args(kind) if member is not type(None))
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if get_origin(kind) is tuple:
        return f"a list, each {_wanted(get_args(kind)[0])}"
    return _WORDS.get(kind, "a text")


def _bounds(meta: msgspec.Meta) -> tuple[tuple[str, float | None], ...]:
    return ("at least", meta.ge), ("above", meta.gt), ("at most", meta.le), ("below", meta.lt)


def with_defaults(spec: Spec) -> Spec:
    """The spec with the defaults of its task."""
    values, defaults = spec.values(), TASKS[spec.task].defaults
    return spec.replace(**{name: value for name, value in defaults.items() if values[name] is None})


# Options that may change when a run is resumed. Weights, the order of data and the choice of the best do not depend on
# them.
RESUMABLE = frozenset({
    *("epochs", "steps", "patience", "lr", "clip", "non_finite"),
    *("evaluate_every", "checkpoint_every", "tensorboard", "threads", "device", "baselines"),
    "watch",
    *("path", "source", "target"),  # a checkpoint recognises its data
})  # fmt: skip

# Why the others may not.
_FIXED = {
    "data": "the training so far depends on how the data were read",
    "model": "the saved weights fit only the network that they were trained in",
    "train": "the steps so far, or the choice of the best model, depend on it",
}


def resumed(
    before: Spec,
    task: str | Spec = "",
    path: str | None = None,
    out: str | None = None,
    *,
    voice: Voice = KEYWORDS,
    **values: object,
) -> Spec:
    """The spec of a resumed run: `before` with the options given now. An option that may not change is an error."""
    if isinstance(task, Spec):
        document = to_document(task)
        settings = {name: value for table in TABLES for name, value in _table(document, table).items()}
        path, out = path or task.data.path, out or task.out
        settings.pop("path", None)
        task, values = task.task, {**settings, **values}
    if task and task != before.task:
        raise UsageError(f"{voice.begin}the run learns to {before.task}, not to {task}: leave the task out.")
    after = over(before, path, out, voice=voice, **values)
    old, new = before.values(), after.values()
    for option in options():
        was, now = old[option.name], new[option.name]
        if was != now and option.name not in RESUMABLE:
            having = ", ".join(o.name for o in options(before.task) if o.name in RESUMABLE)
            name = voice.name(option.table, option.name)
            raise UsageError(
                f"{voice.begin}{name} was {was!r} when the run began and cannot be {now!r} now: "
                f"{_FIXED[option.table]}. Start a new run for that. A resumed run may change {having} or out."
            )
    return after


# Options that have an effect only beside a certain value of another: (option, the other, its values).
_BESIDE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("momentum", "optimizer", ("sgd",)),
    ("decay", "schedule", ("decay", "plateau")),
    ("decay_after", "schedule", ("decay",)),
    ("init_range", "init", ("uniform",)),
    ("levels", "head", ("quantile",)),
    ("chain", "head", ("chain",)),
    ("documents", "layout", ("stream",)),
    ("vary_bptt", "layout", ("stream",)),
)


def unused(spec: Spec, voice: Voice = KEYWORDS) -> None:
    """An error where an option is set that another one makes useless. None counts as a fitting value.

    This is no part of what makes a spec valid: a model that was trained with such a spec still opens.
    """
    values = spec.values()
    if spec.train.schedule is None:  # its default
        values["schedule"] = "plateau" if spec.train.optimizer == "sgd" else "one-cycle"

    def name(option: str) -> str:
        return voice.name(option_of(option).table, option)

    for option, other, fitting in _BESIDE:
        if values[option] != option_of(option).default and values[other] not in (None, *fitting):
            wanted = " or ".join(f"{name(other)} {v}" for v in fitting)
            raise UsageError(
                f"{voice.begin}{name(option)} counts only with {wanted}; leave it out, or add that."
            )
    if spec.train.batch_size is not None and spec.train.batch_tokens is not None:
        raise UsageError(
            f"{voice.begin}{name('batch_size')} and {name('batch_tokens')} both say how large a batch is; leave one of "
            "them out."
        )
    if spec.train.average and spec.train.average_after is not None:
        raise UsageError(
            f"{voice.begin}{name('average')} and {name('average_after')} both average the weights; leave one of them "
            "out."
        )
    for option in ("label_smoothing", "balance"):
        if spec.data.multi and values[option]:
            raise UsageError(
                f"{voice.begin}{name(option)} is for one label per example, but {name('multi')} allows several; leave "
                "one of them out."
            )
    if spec.data.layout == "lines" and spec.train.bptt is not None:
        raise UsageError(
            f"{voice.begin}{name('bptt')} cuts one long stream, and with {name('layout')} lines each line is read "
            "whole; leave one of them out."
        )
    if spec.data.valid == 0 and spec.data.valid_source is None:
        for option in ("patience", "metric", "budget", "average_after", "watch"):
            if values[option] is not None:
                raise UsageError(
                    f"{voice.begin}{name(option)} needs validation data, and {name('valid')} sets none aside; leave "
                    "one of them out."
                )


def _check_names(document: Mapping[str, object], voice: Voice) -> None:
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


def to_document(spec: Spec) -> dict[str, object]:
    """Plain dicts of what differs from the defaults."""
    document: dict[str, object] = msgspec.to_builtins(spec)
    return document


def to_toml(spec: Spec) -> str:
    """The spec as TOML, without values that are defaults."""
    document = to_document(spec)
    lines = [f"{name} = {_toml(document[name])}" for name in ("task", "out") if name in document]
    for table in TABLES:
        if values := _table(document, table):
            lines += ["", f"[{table}]", *(f"{k} = {_toml(v)}" for k, v in values.items() if v is not None)]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """A TOML value; a JSON string is a TOML string too."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float):
        return repr(value)
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
