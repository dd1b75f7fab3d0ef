"""The tasks: one row each, of names only. A row combines an input codec, a form, a head, metrics and a decoder.

`source` is the name of its family (`FAMILIES` in `hitherto.tasks.families`), which says how data become examples;
everything else that a row names is a row of the table of its kind. To add a task, add a row here and its verbs there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["FORMS", "TASKS", "Task"]

# How inputs and outputs align in time.
FORMS: dict[str, str] = {
    "one_to_one": "a single step",
    "one_to_many": "a vector starts a generator",
    "many_to_one": "read all, answer once",
    "many_to_many": "an answer at every step",
    "seq2seq": "read all, then write",
}


@dataclass(frozen=True, slots=True)
class Task:
    """One row of `TASKS`."""

    name: str
    about: str
    form: str
    source: str
    inputs: tuple[str, ...]  # codecs of its input; the first is the default
    output: str
    heads: tuple[str, ...]  # the first is the default
    metrics: tuple[str, ...]  # the first selects the best model
    options: tuple[str, ...]  # those that not every task has
    defaults: Mapping[str, Any] = field(default_factory=dict)  # of options: their types differ
    decoders: tuple[str, ...] = ()
    decoding: Mapping[str, Any] = field(default_factory=dict)  # defaults of options of decoding
    example: str = ""
    then: str = (
        "predict {bundle} NEW-DATA"  # the verb to try after training; {text} is "TEXT " if it reads a text
    )
    line: str = ""  # what `hitherto stream` makes of a line of plain values
    converses: bool = False  # whether `hitherto chat` talks with it


_TEXT = ("tokens", "vocab_size", "min_count", "lower", "embedding_size", "embedding_dropout")

# Of audio, images and pen strokes.
_SENSES = (
    *("codec", "conv", "peaks", "rate", "bands", "stack", "delta", "augmentation", "window", "hop"),
    *("reads", "height", "width", "color", "fps", "spacing"),
)

_WRITE = (
    *(*_TEXT, "input", "source", "target", "valid_source", "valid_target"),
    *("group", "max_length", "max_output"),
    *("bidirectional", "attention", "input_feeding", "copy", "shared", "tied"),
    *("batch_tokens", "label_smoothing", "scheduled_sampling"),
)
_WRITER = Task(
    name="",
    about="",
    form="seq2seq",
    source="texts",
    inputs=("text",),
    output="text",
    heads=("softmax", "pointer"),
    metrics=(),
    options=_WRITE,
    decoders=("beam", "greedy", "sample"),
)

_SEQUEL = ("group", "max_length", "augment", "batch_tokens", "head")

TASKS: dict[str, Task] = {
    "classify": Task(
        name="classify",
        about="Text, numbers, audio, an image, pen strokes or a video -> a label, or several.",
        form="many_to_one",
        source="pairs",
        inputs=("text", "spelled", "series", "audio", "image", "strokes", "frames"),
        output="label",
        heads=("softmax", "sigmoid"),
        metrics=("accuracy", "f1", "macro_f1", "auc", "log_loss"),
        options=(
            *_TEXT,
            *(
                "input",
                "group",
                "id",
                "time",
                "max_length",
                "pool",
                "bidirectional",
                "scaling",
                "spelling",
                "vectors",
            ),
            *("time_format", "timezone", "decimal", "na"),
            *("multi", "separator", "balance", "positive", "batch_tokens", "label_smoothing", "bptt", "head"),
            *("augment", "skip", "ngrams", "buckets", "letter_buckets", "ensemble", *_SENSES),
        ),
        example="hitherto train classify sms.tsv --input text --output label --out spam.safetensors",
        line="text, or the numbers of a step -> the label so far; a file name, or JSON points -> its label",
    ),
    "regress": Task(
        name="regress",
        about="Text, numbers, audio, an image, pen strokes or a video -> a number, or several, with an interval.",
        form="many_to_one",
        source="amounts",
        inputs=("text", "series", "audio", "image", "strokes", "frames"),
        output="numbers",
        heads=("quantile", "gaussian", "student_t"),
        metrics=("rmse", "mae", "r2", "coverage"),
        options=(
            *_TEXT,
            *("input", "group", "id", "time", "max_length", "pool", "bidirectional", "scaling", "levels"),
            *("time_format", "timezone", "decimal", "na"),
            *("batch_tokens", "bptt", "head", "augment", "ensemble", *_SENSES),
        ),
        example="hitherto train regress flats.csv --input description --output rent --out rent.safetensors",
        line="text, or the numbers of a step -> the number so far; a file name, or JSON points -> its number",
    ),
    "tag": Task(
        name="tag",
        about="A sequence of tokens -> a label for each.",
        form="many_to_many",
        source="pairs",
        inputs=("text", "spelled"),
        output="label",
        heads=("softmax", "crf"),
        metrics=("accuracy", "entity_f1"),
        options=(
            *_TEXT,
            *(
                "input",
                "group",
                "time",
                "time_format",
                "timezone",
                "max_length",
                "bidirectional",
                "balance",
                "batch_tokens",
                "label_smoothing",
                "bptt",
                "head",
                "spelling",
                "letter_buckets",
                "vectors",
            ),
        ),
        defaults={"spelling": True},
        example="hitherto train tag entities.jsonl --input tokens --output tags --out tagger.safetensors",
        line="words -> a label for each",
    ),
    "lm": Task(
        name="lm",
        about="Text -> the next token: completion, suggestion, generation.",
        form="many_to_many",
        source="corpus",
        inputs=("text",),
        output="text",
        heads=("softmax",),
        metrics=("perplexity", "bits_per_character", "nats"),
        options=(
            *_TEXT,
            *(
                "input",
                "layout",
                "documents",
                "tied",
                "sampled",
                "label_smoothing",
                "batch_tokens",
                "bptt",
                "vary_bptt",
                "activation_penalty",
                "smoothness_penalty",
                "head",
            ),
        ),
        decoders=("sample", "greedy", "beam"),
        example="hitherto train lm book.txt --tokens chars --out book.safetensors",
        then="generate {bundle} 'The'",
        line="text -> how many bits it took, and the most probable continuations",
    ),
    "forecast": Task(
        name="forecast",
        about="Series, with what is known in advance -> the distribution of the next steps.",
        form="many_to_many",
        source="windows",
        inputs=("series",),
        output="series",
        heads=("quantile", "gaussian", "student_t", "negative_binomial"),
        metrics=("mase", "mae", "rmse", "mse", "smape", "crps", "coverage"),
        options=(
            *("id", "time", "horizon", "season", "scaling", "anchor", "known", "static", "freq", "calendar"),
            *("independent", "levels", "bptt", "head", "decimal", "na", "time_format", "timezone"),
            *("reader", "window", "segment", "linear", "ensemble"),
        ),
        example="hitherto train forecast sales.csv --time date --output sold --horizon 14 --out sales.safetensors",
        line='time,value, or {"ds": .., "y": ..} -> how surprising it is, and the forecast',
    ),
    "translate": replace(
        _WRITER,
        name="translate",
        about="A text -> the same in another language, or any text that follows from it.",
        metrics=("bleu", "chrf", "perplexity"),
        defaults={"tokens": "subwords"},
        decoding={"num_beams": 5},
        example="hitherto train translate --source train.de --target train.en --out de-en.safetensors",
        line="a text -> its translation",
    ),
    "summarize": replace(
        _WRITER,
        name="summarize",
        about="A long text -> a summary.",
        metrics=("rougeL", "rouge1", "rouge2", "perplexity"),
        defaults={"tokens": "subwords", "shared": True, "copy": True, "max_length": 400},
        decoding={"num_beams": 4, "no_repeat_ngram": 3},
        example="hitherto train summarize papers.jsonl --input abstract --output tldr --out tldr.safetensors",
        line="a text -> its summary",
    ),
    "chat": replace(
        _WRITER,
        name="chat",
        about="The turns of a conversation so far -> the next one.",
        metrics=("perplexity", "bleu", "distinct_1", "distinct_2"),
        options=(*_WRITE, "turns", "speaker"),
        defaults={"tokens": "subwords", "shared": True, "turns": 3, "max_length": 200},
        decoding={"num_beams": 4, "no_repeat_ngram": 4},
        example="hitherto train chat dialogues.jsonl --input turns --out helper.safetensors",
        then="chat {bundle}",
        line="a turn -> the reply",
        converses=True,
    ),
    "answer": replace(
        _WRITER,
        name="answer",
        about="A story and a question -> the answer.",
        metrics=("exact_match", "perplexity"),
        options=(*_WRITE, "by"),
        defaults={"tokens": "words", "shared": True},
        decoding={"num_beams": 1},
        example="hitherto train answer stories.jsonl --input story --input question --output answer",
        line="a story and a question, with a tab between -> the answer",
    ),
    "caption": Task(
        name="caption",
        about="An image, or the frames of a video -> a text that describes it.",
        form="one_to_many",
        source="texts",
        inputs=("image", "frames"),
        output="text",
        heads=("softmax",),
        metrics=("bleu", "chrf", "perplexity"),
        options=(
            *(*_TEXT, "input", "group"),
            *("max_length", "max_output", "bidirectional", "attention", "input_feeding", "tied"),
            *("batch_tokens", "label_smoothing", "scheduled_sampling", "by", "augment", *_SENSES),
        ),
        defaults={"tokens": "words"},
        decoders=("beam", "greedy", "sample"),
        decoding={"num_beams": 4},
        example="hitherto train caption captions.tsv --input file --output caption --conv 16 --conv 32",
        line="a file name -> its caption",
    ),
    "transcribe": Task(
        name="transcribe",
        about="Audio, an image of a line of text, or pen strokes -> the text.",
        form="many_to_many",
        source="transcripts",
        inputs=("audio", "image", "strokes"),
        output="text",
        heads=("ctc",),
        metrics=("cer", "wer"),
        options=(
            *("tokens", "vocab_size", "min_count", "lower", "input", "group", "max_length", "batch_tokens"),
            *("augment", "bidirectional", *_SENSES),
        ),
        decoders=("ctc_greedy", "ctc_beam"),
        decoding={"num_beams": 8},
        example="hitherto train transcribe recordings.csv --input file --output text --out speech.safetensors",
        line="a file name, or a JSON list of points -> the text; --audio reads sound",
    ),
    "compose": Task(
        name="compose",
        about="Notes -> the next notes: music of many voices, step by step.",
        form="many_to_many",
        source="sequels",
        inputs=("notes",),
        output="notes",
        heads=("chain", "sigmoid"),
        metrics=("nats",),
        options=(*_SEQUEL, "step", "low", "high", "chain"),
        example="hitherto train compose chorales.jsonl --output roll --out chorales.safetensors",
        then="generate {bundle} --out MUSIC.mid",
        line="the keys of a step -> how surprising they are, and the most probable next ones",
    ),
    "handwrite": Task(
        name="handwrite",
        about="A text -> the pen strokes that write it; or drawings without a text.",
        form="seq2seq",
        source="sequels",
        inputs=("text",),
        output="strokes",
        heads=("mixture",),
        metrics=("nats",),
        options=(*_SEQUEL, *_TEXT, "input", "simplify", "mixtures", "components", "input_feeding"),
        example="hitherto train handwrite notes.jsonl --input text --output strokes --out hand.safetensors",
        then="generate {bundle} {text}--out DRAWING.svg",
        line="a text -> pen strokes",
    ),
}
