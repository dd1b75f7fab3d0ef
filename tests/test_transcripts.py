"""Texts from what is heard, seen or drawn: the same whole and live, and a clear word where they cannot fit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import hitherto
from hitherto.codecs.text import TextCodec
from hitherto.errors import DataError, UsageError
from hitherto.media.sound import Sound, write_wav
from hitherto.tasks.transcribe.source import Transcripts

RATE = 2000
PITCHES = {"a": 150, "b": 300, "c": 500, "d": 750}


def spoken(text: str, seed: int) -> Sound:
    """A tone for each letter, some longer than others, with silence between them and a little noise."""
    random = np.random.default_rng(seed)
    parts = [np.zeros(300)]
    for letter in text:
        t = np.arange(random.integers(250, 400)) / RATE
        parts += [0.5 * np.sin(2 * np.pi * PITCHES[letter] * t), np.zeros(random.integers(80, 200))]
    sound = np.concatenate(parts)
    return Sound((sound + 0.01 * random.standard_normal(len(sound))).astype(np.float32), RATE)


def said(count: int, seed: int = 0) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice(list(PITCHES), random.integers(1, 6))) for _ in range(count)]
    return [{"sound": spoken(text, seed * 1000 + i), "text": text} for i, text in enumerate(texts)]


SMALL = {"hidden_size": 32, "num_layers": 1, "cell": "gru", "lr": 1e-2, "batch_size": 16, "dropout": 0.0,
         "bands": 12, "window": 0.064, "hop": 0.032}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> hitherto.Model:
    return hitherto.train(
        "transcribe",
        said(160),
        input="sound",
        output="text",
        bidirectional=False,
        epochs=20,
        augment=0.1,
        **SMALL,
    )


def test_it_hears_what_is_said(model: hitherto.Model) -> None:
    found = model.evaluate(said(40, seed=1))
    assert found["cer"] < 0.05
    assert model.evaluate(said(40, seed=1), num_beams=1)["cer"] < 0.05
    (row,) = model.predict([spoken("abca", 7)], details=True)
    assert row["text"] == "abca"
    assert len(row["at"]) == 4
    assert row["at"] == sorted(row["at"])
    assert 0.1 < row["at"][0] < 0.5  # seconds


@pytest.mark.parametrize("how", [{}, {"num_beams": 1}])
@pytest.mark.parametrize("piece", [1, 7, 160, 5000])
def test_a_recording_and_its_live_stream_give_the_same_text(
    model: hitherto.Model, piece: int, how: dict[str, Any]
) -> None:
    sound = spoken("dabbac", 3)
    (whole,) = model.predict([sound], details=True, **how)
    stream, rows = model.stream(), []
    stream.tell(**how)
    for start in range(0, len(sound), piece):
        rows += stream.push(sound[start : start + piece])
        if start // piece % 50 == 3:
            stream = model.stream(stream.save(), **how)
    assert stream.peek()["text"].startswith("".join(row["text"] for row in rows))
    rows += stream.finish()
    assert "".join(row["text"] for row in rows) == whole["text"] == "dabbac"
    assert [at for row in rows for at in row["at"]] == whole["at"]


def test_words_of_a_stream_are_parted_as_those_of_a_recording() -> None:
    rows = [{**row, "text": " ".join(row["text"])} for row in said(120)]
    model = hitherto.train(
        "transcribe",
        rows,
        input="sound",
        output="text",
        tokens="words",
        bidirectional=False,
        epochs=15,
        **SMALL,
    )
    sound, stream, found = spoken("dabbac", 3), model.stream(), []
    for start in range(0, len(sound), 500):
        found += stream.push(sound[start : start + 500])
    found += stream.finish()
    assert len(found) > 1
    assert "".join(row["text"] for row in found) == model.predict([sound])[0] == "d a b b a c"


def test_the_command_line_hears(model: hitherto.Model, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from hitherto.cli.main import cli

    sound, path, wav = spoken("dabbac", 3), tmp_path / "m.safetensors", tmp_path / "d.wav"
    model.save(path)
    write_wav(wav, sound.samples, RATE)

    def run(*words: str, given: bytes = b"") -> str:
        done = CliRunner().invoke(cli, ["stream", str(path), *words], given, catch_exceptions=False)
        return done.output

    assert run("--audio", str(wav)) == "dabbac\n"
    assert run("--audio", str(wav), "--num-beams", "1") == "dabbac\n"
    assert run(given=f"{wav}\n".encode()).split("\t")[0] == "dabbac"
    raw = (sound.samples * 32768).astype("<i2").tobytes()
    half, kept = len(raw) // 4 * 2, str(tmp_path / "kept")
    first = run("--audio", "-", "--save", kept, given=raw[:half])
    second = run("--audio", "-", "--load", kept, given=raw[half:])
    # what the first half only seemed to say is said by the second, which heard it all
    assert second.strip().endswith("c")
    assert "dabbac" in {first.strip()[:n] + second.strip() for n in range(len(first))}
    partial = [json.loads(line) for line in run("--audio", str(wav), "--json").splitlines()]
    assert partial[-1].keys() == {"text", "at"}
    assert any("partial" in row for row in partial)
    kept = tmp_path / "cut"  # in the middle of a sample: nothing that was heard is lost
    cut = CliRunner().invoke(cli, ["stream", str(path), "--audio", "-", "--save", str(kept)], raw + b"?")
    assert cut.output == run("--audio", "-", given=raw)
    assert "one byte of two" in str(cut.exception)
    assert kept.read_bytes()
    with pytest.raises(UsageError, match="--audio-rate is the rate of raw samples"):
        run("--audio-rate", "8000")
    with pytest.raises(UsageError, match="--top-k is for models that write"):
        run("--top-k", "3")


def test_a_stream_that_is_finished_hears_the_next(model: hitherto.Model) -> None:
    stream, texts = model.stream(), []
    for word in ("dabbac", "abc", "dabbac"):
        rows = stream.push(spoken(word, 3)) + stream.finish()
        texts.append("".join(row["text"] for row in rows))
    assert texts == model.predict([spoken(word, 3) for word in ("dabbac", "abc", "dabbac")])
    assert texts[0] == texts[2]


def test_what_no_search_knows_is_named(model: hitherto.Model) -> None:
    with pytest.raises(UsageError, match=r"no option 'num_beam' of decoding.*Did you mean 'num_beams'"):
        model.predict([spoken("a", 1)], num_beam=3)
    with pytest.raises(UsageError, match="a scorer is a model of lm; this is 'x'"):
        model.predict([spoken("a", 1)], scorer="x")


def test_what_is_unknown_has_no_place(model: hitherto.Model) -> None:
    unknown = model.codecs["output"].unknown
    known = next(i for i in range(model.codecs["output"].size) if i != unknown)
    found = model.source.said([(unknown, 3), (known, 5), (unknown, 7)])
    assert len(found["text"]) == len(found["at"]) == 1


def test_characters_of_several_bytes_become_whole(model: hitherto.Model) -> None:
    codec = TextCodec.fit(["äö"], tokens="bytes")
    stream = model.stream(num_beams=1)
    stream.source = Transcripts(model.spec, {**model.codecs, "output": codec})
    stream.decoder = codec.decoder()
    rows = []
    for step, i in enumerate(codec.encode("äö")):
        rows += stream._said([(int(i), step)])
    assert [row["text"] for row in rows] == ["", "ä", "", "ö"]


def test_lines_are_read_by_their_columns() -> None:
    random, told = np.random.default_rng(0), []
    rows = [{"image": np.pad(random.random((16, 40)), 2), "text": "ab"[: 1 + i % 2]} for i in range(20)]
    model = hitherto.train(
        "transcribe", rows, input="image", output="text", epochs=1, hidden_size=4, say=told.append
    )
    codec = model.codecs["input"]
    assert (codec.reads, codec.window, codec.hop, codec.look.height) == ("columns", 9, 3, 32)
    assert any("a line is read in steps of 3 columns, each sees 9" in line for line in told)


def test_a_saved_stream_is_told_the_same_again(model: hitherto.Model) -> None:
    stream = model.stream(num_beams=1)
    stream.push(spoken("dab", 3))
    with pytest.raises(DataError, match="saved with another way of decoding"):
        model.stream(stream.save())
    assert model.stream(stream.save(), num_beams=1).finish() == stream.finish()


def test_a_language_model_helps_to_choose(model: hitherto.Model) -> None:
    lines = ["abab"] * 40 + ["baba"] * 40
    scorer = hitherto.train("lm", lines, tokens="chars", hidden_size=16, epochs=8, layout="lines", lr=1e-2)
    sound = spoken("abab", 5)
    (plain,) = model.predict([sound], details=True, num_beams=8)
    (scored,) = model.predict([sound], details=True, num_beams=8, scorer=scorer, weight=0.5)
    assert plain["text"] == scored["text"] == "abab"
    (forced,) = model.predict([spoken("abcd", 5)], details=True, num_beams=8, scorer=scorer, weight=30.0)
    assert not set(forced["text"]) & {"c", "d"}  # of which the language model knows nothing
    with pytest.raises(UsageError, match="a scorer is a model of lm"):
        model.predict([sound], scorer=model)


def test_texts_that_cannot_fit_are_named_and_left_out() -> None:
    rows = said(30)
    rows[4] = {"sound": spoken("a", 1), "text": "abcdabcdabcdabcdabcdabcd" * 4}
    told: list[str] = []
    hitherto.train(
        "transcribe", rows, input="sound", output="text", valid=0.2, epochs=1, say=told.append, **SMALL
    )
    assert any("row 5: its text of 96 characters needs 96 steps" in line for line in told)
    with pytest.raises(DataError, match="no text fits its input"):
        hitherto.train(
            "transcribe", [rows[4]] * 5, valid=said(3), input="sound", output="text", epochs=1, **SMALL
        )


def test_files_are_found_from_where_their_table_lies(tmp_path: Path) -> None:
    lines = ["file,text"]
    for i, row in enumerate(said(20)):
        write_wav(tmp_path / f"{i}.wav", row["sound"].samples, RATE)
        lines.append(f"{i}.wav,{row['text']}")
    (tmp_path / "table.csv").write_text("\n".join(lines))
    model = hitherto.train("transcribe", tmp_path / "table.csv", epochs=1, **SMALL)
    assert model.codecs["input"].kind == "audio"
    assert model.predict(tmp_path / "3.wav") == model.predict([str(tmp_path / "3.wav")])
    with pytest.raises(UsageError, match="both ends"):
        model.stream()
    (tmp_path / "7.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"table\.csv, line 9.*file"):
        model.evaluate(tmp_path / "table.csv")


LETTERS = {"1": "010110010111", "4": "101101111001", "7": "111001010010", "0": "111101101111"}


def drawn(text: str, seed: int) -> np.ndarray[Any, Any]:
    """A line of digits, three pixels wide and four high, with gaps of different widths."""
    random = np.random.default_rng(seed)
    parts = [np.zeros((4, 1))]
    for letter in text:
        parts += [
            np.array([int(c) for c in LETTERS[letter]]).reshape(4, 3),
            np.zeros((4, random.integers(1, 4))),
        ]
    line = np.concatenate(parts, 1)
    return np.repeat(np.repeat(line, 2, 0), 2, 1).astype(np.float32)


def test_a_line_of_text_is_read_column_by_column() -> None:
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list(LETTERS), random.integers(1, 5))) for _ in range(200)]
    rows = [{"image": drawn(text, i), "text": text} for i, text in enumerate(texts)]
    model = hitherto.train(
        "transcribe", rows[:160], valid=rows[160:], reads="columns", height=8, window=6, hop=2, conv=(8,),
        hidden_size=24, num_layers=1, epochs=12, lr=1e-2, dropout=0.0, cell="gru", batch_size=16,
    )  # fmt: skip
    assert model.evaluate(rows[160:])["cer"] < 0.05
    assert model.predict([drawn("4710", 999)]) == ["4710"]
