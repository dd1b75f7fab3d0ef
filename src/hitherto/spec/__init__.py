"""The options of a training: one `Spec`, the same in TOML, as flags and from Python.

A `Spec` is a task and three tables, [data], [model] and [train]. Their fields are the only list of options: the command
line, `hitherto.train` and the checks of a TOML file are made from it, so a name is spelled once. A field that is None
gets a default chosen from the data when training begins; the log lists it.

    >>> spec = from_options("lm", "text.txt", hidden_size=64, epochs=2)
    >>> spec.model.hidden_size, spec.train.epochs
    (64, 2)
    >>> from_toml(to_toml(spec)) == spec
    True
"""

from hitherto.spec.documents import (
    FLAGS,
    KEYWORDS,
    RESUMABLE,
    Voice,
    from_document,
    from_options,
    from_toml,
    over,
    read,
    resumed,
    to_document,
    to_toml,
    unused,
    useless,
    with_defaults,
)
from hitherto.spec.options import (
    TABLES,
    DataSpec,
    ModelSpec,
    Option,
    Spec,
    TrainSpec,
    choices,
    default_text,
    options,
)

__all__ = [
    "FLAGS",
    "KEYWORDS",
    "RESUMABLE",
    "TABLES",
    "DataSpec",
    "ModelSpec",
    "Option",
    "Spec",
    "TrainSpec",
    "Voice",
    "choices",
    "default_text",
    "from_document",
    "from_options",
    "from_toml",
    "options",
    "over",
    "read",
    "resumed",
    "to_document",
    "to_toml",
    "unused",
    "useless",
    "with_defaults",
]
