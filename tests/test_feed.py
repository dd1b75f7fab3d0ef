"""What training took, a stream takes: every kind of table, answered as `predict` answers it."""

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import hitherto
from hitherto import cli

SMALL: dict[str, Any] = {"hidden_size": 8, "num_layers": 1, "epochs": 1, "threads": 1, "bidirectional": False}
DRAWN = np.random.default_rng(0)
Command = Callable[..., tuple[int, list[dict[str, Any]], str]]


def reviews() -> list[dict[str, Any]]:
    words = ["good", "bad", "dull", "fine"]
    return [
        {"id": f"r{i}", "text": f'a {w} film, "so" they say; {i}', "label": "+-"[i % 2]}
        for i, w in enumerate(words * 8)
    ]


def series(days: int = 60, **more: Any) -> list[dict[str, Any]]:
    first = np.datetime64("2024-01-01")
    return [{**more, "ds": str(first + i), "y": round(10 + 3 * np.sin(i), 3)} for i in range(days)]


def moves() -> list[dict[str, Any]]:
    return [
        {
            "seq": f"s{s}",
            "t": t,
            "ax": round(s % 2 + DRAWN.normal(), 3),
            "ay": round(DRAWN.normal(), 3),
            "way": "ud"[s % 2],
        }
        for s in range(20)
        for t in range(4)
    ]


def wide() -> list[dict[str, Any]]:
    return [{"day": r["ds"], "a": r["y"], "b": 100 - r["y"], "price": i % 3} for i, r in enumerate(series())]


TABLES: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any]]] = {
    "texts": ("classify", reviews(), {"input": "text", "output": "label"}),
    "numbers": ("classify", moves(), {"input": ("ax", "ay"), "output": "way"}),
    "sequences": ("classify", moves(), {"input": ("ax", "ay"), "output": "way", "id": "seq", "time": "t"}),
    "tags": ("tag", [{"tokens": ["ann", "met", n], "tags": ["P", "O", "P"]} for n in ("bob", "cid") * 10], {}),
    "one": ("forecast", series(), {"horizon": 3}),
    "long": ("forecast", [*series(unique_id="u"), *series(50, unique_id="v")], {"horizon": 3}),
    "channels": ("forecast", wide(), {"horizon": 3, "output": ("a", "b")}),
    "independent": ("forecast", wide(), {"horizon": 3, "output": ("a", "b"), "independent": True}),
    "known": (
        "forecast", [{**r, "a": None} if i > 56 else r for i, r in enumerate(wide())],
        {"horizon": 3, "output": "a", "known": ("price",)},
    ),
    "pairs": ("translate", [{"de": f"ein {n}", "en": f"one {n}", "id": f"p{n}"} for n in range(20)],
              {"input": "de", "output": "en", "tokens": "chars"}),
    "turns": ("chat", [{"turns": ["hello, you", f"hi {n}", "bye"]} for n in "abcd" * 5], {"tokens": "words"}),
    "stories": ("answer", [{"story": f"{n} went home .", "question": "who ?", "answer": n} for n in ("ann", "bob") * 8],
                {"input": ("story", "question"), "output": "answer"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[hitherto.Model, Path]]:
    """Each model, trained on its table in a file."""
    folder, made = tmp_path_factory.mktemp("tables"), {}
    for name, (task, rows, options) in TABLES.items():
        lists = any(isinstance(value, list) for value in rows[0].values())
        path = folder / f"{name}.{'jsonl' if lists else 'csv'}"
        path.write_text(jsonl(rows) if lists else table(rows), encoding="utf-8")
        own = {k: v for k, v in SMALL.items() if task != "forecast" or k != "bidirectional"}
        model = hitherto.train(task, path, **own | options)
        model.save(folder / f"{name}.safetensors")
        made[name] = model, path
    return made


def table(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line on some standard input: its status, the JSON lines that it printed, and what it said."""

    def run(*args: Any, text: str | bytes = "") -> tuple[int, list[dict[str, Any]], str]:
        given = text if isinstance(text, bytes) else text.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as end:
            cli.main([*map(str, args), "--json"])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), [json.loads(line) for line in out.splitlines()], err

    return run


def bundle(model: hitherto.Model) -> str:
    return str(model.path)


def without_number(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "row"} for row in rows]


@pytest.mark.parametrize("name", ["texts", "numbers", "tags", "pairs", "turns", "stories"])
def test_a_row_is_answered_as_predict_answers_it(
    name: str, models: dict[str, tuple[hitherto.Model, Path]], command: Command
) -> None:
    model, path = models[name]
    expected = without_number(command("predict", bundle(model), path)[1])
    assert len(expected) >= len(TABLES[name][1])
    status, found, said = command("stream", bundle(model), text=path.read_text(encoding="utf-8"))
    assert (status, said) == (0, "")
    assert found == expected
    assert command("stream", bundle(model), text=jsonl(TABLES[name][1]))[1] == expected


@pytest.mark.parametrize("name", ["one", "long", "channels", "independent", "known"])
def test_a_forecast_of_each_series_is_that_of_predict(
    name: str, models: dict[str, tuple[hitherto.Model, Path]], command: Command
) -> None:
    model, path = models[name]
    rows = TABLES[name][1]
    expected = model.predict(path)
    for text in (path.read_text(encoding="utf-8"), jsonl(rows)):
        status, found, said = command("stream", bundle(model), text=text)
        assert (status, said) == (0, "")
        last = {row.get("unique_id"): row for row in found}
        answers = [
            (row["ds"], y)
            for answer in last.values()
            for c in range(model.codecs["input"].channels)
            for row in answer["forecast"]
            for y in [row["y"][c] if isinstance(row["y"], list) else row["y"]]
        ]
        assert sorted(answers) == sorted((row["ds"], row["y"]) for row in expected)
        if name in ("long", "independent"):
            assert [*last] == list(dict.fromkeys(row["unique_id"] for row in expected))
        else:
            assert [*last] == [None]
    # the values alone, in the order of the model's columns
    plain = "".join(
        ",".join(str(row[c] if row[c] is not None else "") for c in model.columns) + "\n" for row in rows
    )
    assert command("stream", bundle(model), text=plain)[1] == found


def test_sequences_of_rows_have_a_label_each(
    models: dict[str, tuple[hitherto.Model, Path]], command: Command
) -> None:
    model, path = models["sequences"]
    _, found, _ = command("stream", bundle(model), text=path.read_text())
    assert len(found) == len(TABLES["sequences"][1])
    expected = {row["seq"]: row for row in model.predict(path, keep=())}
    assert {row["seq"]: row["probabilities"] for row in found} == {
        seq: row["probabilities"] for seq, row in expected.items()
    }


@pytest.mark.parametrize("name", ["long", "independent", "known", "sequences"])
def test_many_streams_are_kept_and_go_on(
    name: str, models: dict[str, tuple[hitherto.Model, Path]], command: Command, tmp_path: Path
) -> None:
    model, path = models[name]
    header, *lines = path.read_text().splitlines(keepends=True)
    whole = command("stream", bundle(model), text=header + "".join(lines))[1]
    kept, half = tmp_path / "state.bin", len(lines) - 5
    first = command("stream", bundle(model), "--save", kept, text=header + "".join(lines[:half]))
    second = command("stream", bundle(model), "--load", kept, text=header + "".join(lines[half:]))
    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    assert second[1] == whole[-len(second[1]) :]
    blob = kept.read_bytes()
    for bad in (blob[:-1], blob.replace(b'"version', b'"virsion'), blob.replace(b"names", b"nomes")):
        kept.write_bytes(bad)
        status, _, said = command("stream", bundle(model), "--load", kept, text=header)
        assert (status, "Traceback" in said) == (3, False)


def test_lines_that_fit_nothing_are_named(
    models: dict[str, tuple[hitherto.Model, Path]], command: Command
) -> None:
    for name, text, said in (
        (
            "texts",
            "id,text\n1,a\n2\n",
            "standard input, line 3: expected 2 columns, as in line 1, but found 1",
        ),
        (
            "texts",
            '{"txt": "a"}\n',
            "line 1: expected the columns 'text', but there is no 'text' among 'txt'",
        ),
        ("one", "ds,y\n2024-01-01,1\n2024-01-02,x\n", "line 3, column 'y': expected a number, but got 'x'"),
        ("one", "ds,y\n2024-01-01,1\nmonday,1\n", "line 3: expected a time such as"),
        (
            "one",
            "day,load,place\n2024-01-01,1,x\n",
            "line 1: expected the columns 'ds', 'y', but there is no 'ds'",
        ),
        (
            "one",
            '{"load": 1}\n',
            "line 1: expected an object with 'ds', 'y', but there is no 'ds' among 'load'",
        ),
        ("long", '{"ds": 1, "y": 2}\n', "line 1: expected 'unique_id'"),
        ("independent", "2024-01-01,1\n", "line 1: expected day, a, b between commas, but got 2 values"),
        (
            "numbers",
            "ax,ay\n1,x\n",
            "line 2: 2 columns ('ax', 'ay'): expected a number, but got 'x'",
        ),
        ("tags", '{"tokens": 5}\n', "line 1"),
    ):
        status, _, err = command("stream", bundle(models[name][0]), text=text)
        assert (status, said in err, "Traceback" in err) == (3, True, False), err
    assert (
        "is not UTF-8; set its encoding with --encoding"
        in command("stream", bundle(models["texts"][0]), text=b"a\nb\xff\n")[2]
    )
    found = command("stream", bundle(models["texts"][0]), "--encoding", "latin-1", text=b"caf\xe9\n")
    assert (found[0], len(found[1])) == (0, 1)
    refused = command("stream", bundle(models["texts"][0]), "--encoding", "utf-9", text=b"a\n")
    assert refused[0] == 2
    assert "there is no encoding 'utf-9'" in refused[2]


def test_columns_of_another_name(models: dict[str, tuple[hitherto.Model, Path]], command: Command) -> None:
    model, path = models["texts"]
    expected = command("stream", bundle(model), text=path.read_text(encoding="utf-8"))[1]
    other = table([{"n": r["id"], "message": r["text"]} for r in reviews()], ";")
    found = command("stream", bundle(model), "--input", "message", text=other)[1]
    assert [row["probability"] for row in found] == [row["probability"] for row in expected]
    model, path = models["long"]
    expected = command("stream", bundle(model), text=path.read_text())[1]
    renamed = path.read_text().replace("unique_id,ds,y", "shop,day,sold")
    told = ("--id", "shop", "--time", "day", "--output", "sold")
    assert command("stream", bundle(model), *told, text=renamed)[1] == expected


def test_standard_input_is_predicted_as_a_file_is(
    models: dict[str, tuple[hitherto.Model, Path]], command: Command
) -> None:
    for name in ("texts", "numbers", "tags", "long", "sequences"):
        model, path = models[name]
        expected = command("predict", bundle(model), path)
        assert command("predict", bundle(model), "-", text=path.read_text(encoding="utf-8")) == expected
    plain = command("predict", bundle(models["texts"][0]), "-", text="a good film\na bad one, they say\n")[1]
    assert plain == models["texts"][0].predict(["a good film", "a bad one, they say"], details=True)


def test_lines_of_text_by_themselves_are_measured_as_predict_does(command: Command, tmp_path: Path) -> None:
    names = ["anna", "hannah", "nan"] * 10
    own = {k: v for k, v in SMALL.items() if k != "bidirectional"}
    model = hitherto.train("lm", names, tokens="chars", layout="lines", **own)
    model.save(tmp_path / "names.safetensors")
    found = command("stream", bundle(model), text="anna\nnan\nanna\n")[1]
    nats = [row["nats"] for row in model.predict(["anna", "nan", "anna"])]
    assert [row["bits"] * np.log(2) for row in found] == pytest.approx(nats, rel=1e-6)
    assert found[0] == found[2], "each line is a text of its own"


def test_music_is_heard_piece_by_piece(command: Command, tmp_path: Path) -> None:
    rolls = [{"roll": [[60, 64], [62 + i % 2], [], [60]]} for i in range(16)]
    own = {k: v for k, v in SMALL.items() if k != "bidirectional"}
    model = hitherto.train("compose", rolls, output="roll", **own)
    model.save(tmp_path / "music.safetensors")
    _, found, _ = command("stream", bundle(model), text=jsonl(rolls))
    assert len(found) == 4 * 16
    assert found[:4] == found[8:12], "each row is a piece of its own"
    nats = [row["nats"] for i, row in enumerate(found) if i % 4]
    assert np.mean(nats) == pytest.approx(model.evaluate(rolls)["nats"], rel=1e-5)
    status, _, said = command("stream", bundle(model), text="hello\n")
    assert (status, "line 1: expected the pitches of a step" in said) == (3, True), "no header of numbers"
