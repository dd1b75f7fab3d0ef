"""Labels and words for what is seen or drawn, and a pen that writes: trained, kept, predicted and streamed."""

import base64
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import hitherto
from hitherto.errors import DataError, UsageError
from hitherto.media.pictures import png

Array = np.ndarray[Any, Any]
COLOURS = {"red": (1.0, 0.1, 0.1), "green": (0.1, 1.0, 0.1), "blue": (0.1, 0.1, 1.0)}


def square(colour: str, row: int, column: int, seed: int = 0) -> Array:
    """A small square on a dark picture, [12, 16, 3]."""
    picture = 0.05 * np.random.default_rng(seed).random((12, 16, 3))
    picture[row : row + 4, column : column + 4] = COLOURS[colour]
    return picture.astype(np.float32)


def pictures(count: int, seed: int = 0) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        colour, left = str(random.choice(list(COLOURS))), bool(random.integers(2))
        where = "left" if left else "right"
        picture = square(
            colour, int(random.integers(0, 8)), int(random.integers(0, 3) + (0 if left else 9)), i
        )
        rows.append({"image": picture, "label": colour, "caption": f"a {colour} square on the {where}"})
    return rows


def films(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """A square that goes to the left or to the right, [T, 12, 16, 3]."""
    random = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        colour, steps = str(random.choice(list(COLOURS))), int(random.integers(5, 9))
        way = int(random.choice([-1, 1]))
        start = 0 if way > 0 else 12
        frames = [square(colour, 4, int(np.clip(start + 2 * way * t, 0, 12)), i + t) for t in range(steps)]
        where = "right" if way > 0 else "left"
        rows.append(
            {"video": np.stack(frames), "label": where, "caption": f"the {colour} one goes to the {where}"}
        )
    return rows


def gestures(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Circles and lines of a pen, as strokes of points."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        t = np.linspace(0, 1, int(random.integers(12, 30)))
        kind, size = str(random.choice(["circle", "line"])), random.uniform(20, 60)
        x, y = (np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)) if kind == "circle" else (t, 0.3 * t)
        points = np.stack([x, y], 1) * size + random.normal(0, 0.5, (len(t), 2)) + random.uniform(0, 90, 2)
        rows.append({"strokes": [points.tolist()], "label": kind})
    return rows


QUICK: dict[str, Any] = {"cell": "gru", "hidden_size": 24, "lr": 1e-2, "dropout": 0.0, "batch_size": 16}


@pytest.mark.parametrize("reads", ["whole", "columns"])
def test_pictures_have_labels(reads: str) -> None:
    model = hitherto.train(
        "classify", pictures(120), input="image", output="label", reads=reads, epochs=8, augment=0.2,
        conv=(6,) if reads == "whole" else (), bidirectional=False, **QUICK,
    )  # fmt: skip
    assert model.evaluate(pictures(40, seed=1))["accuracy"] > 0.95
    assert model.predict([square("blue", 2, 2)]) == ["blue"]
    stream = model.stream()
    stream.push(square("green", 3, 9))
    assert stream.finish()["label"] == "green"


def test_a_film_has_a_label_while_it_runs() -> None:
    model = hitherto.train(
        "classify",
        films(120),
        input="video",
        output="label",
        epochs=8,
        conv=(6,),
        bidirectional=False,
        **QUICK,
    )
    assert model.codecs["input"].kind == "frames"
    assert model.evaluate(films(40, seed=1))["accuracy"] > 0.95
    (film,) = films(1, seed=9)
    stream, seen = model.stream(), []
    for frame in film["video"]:
        stream.push(frame[None])
        seen.append(stream.peek())
        stream = model.stream(stream.save())
    (whole,) = model.predict([film["video"]], details=True)
    assert stream.finish() == seen[-1] == whole
    assert whole["label"] == film["label"]


def test_pen_strokes_have_labels() -> None:
    model = hitherto.train(
        "classify",
        gestures(100),
        input="strokes",
        output="label",
        epochs=8,
        augment=0.3,
        bidirectional=False,
        **QUICK,
    )
    assert model.codecs["input"].kind == "strokes"
    assert model.evaluate(gestures(40, seed=1))["accuracy"] > 0.95


@pytest.mark.parametrize("attention", ["none", "multiplicative"])
def test_a_picture_is_told(attention: str, tmp_path: Any) -> None:
    model = hitherto.train(
        "caption", pictures(200), input="image", output="caption", attention=attention, conv=(8, 12), epochs=30,
        embedding_size=16, **QUICK,
    )  # fmt: skip
    new = pictures(30, seed=1)
    said = model.predict([row["image"] for row in new])
    assert np.mean([a == row["caption"] for a, row in zip(said, new, strict=True)]) > 0.9
    stream = model.stream(num_beams=4)
    stream.push(new[0]["image"])
    assert stream.peek() == stream.finish() == model.predict([new[0]["image"]], details=True)[0]
    (tmp_path / "a.png").write_bytes(png(new[0]["image"]))
    (row,) = stream.line(f"{tmp_path / 'a.png'}\n")
    assert row["text"] == said[0]
    if attention != "none":
        (row,) = model.predict([new[0]["image"]], attention=True)
        assert len(row["attention"]["source"]) == 3 * 4  # places: 12 x 16, halved twice
    with pytest.raises(UsageError, match="there was no picture"):
        model.stream().finish()


def test_a_film_is_told() -> None:
    model = hitherto.train(
        "caption",
        films(200),
        input="video",
        output="caption",
        conv=(8,),
        epochs=12,
        embedding_size=16,
        **QUICK,
    )
    new = films(30, seed=1)
    said = model.predict([row["video"] for row in new])
    assert np.mean([a == row["caption"] for a, row in zip(said, new, strict=True)]) > 0.9
    stream = model.stream()
    for frame in new[0]["video"]:
        stream.push(frame[None])
    assert stream.finish()["text"] == said[0]


WRITTEN = {"l": [[0, 8, 0], [0, -8, 1]], "-": [[6, 0, 1]], "v": [[3, -6, 0], [3, 6, 1]]}


def pen(text: str, seed: int) -> list[list[float]]:
    """The strokes of a text of three letters: rows of dx, dy, lifted."""
    random = np.random.default_rng(seed)
    rows = [row for letter in text for row in (*WRITTEN[letter], [4, 0, 1])]
    return [[x + random.normal(0, 0.2), y + random.normal(0, 0.2), lifted] for x, y, lifted in rows]


def test_a_pen_writes_what_it_is_told() -> None:
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list(WRITTEN), random.integers(1, 5))) for _ in range(150)]
    rows = [{"text": text, "strokes": pen(text, i)} for i, text in enumerate(texts)]
    model = hitherto.train(
        "handwrite", rows, hidden_size=48, num_layers=2, epochs=15, lr=1e-2, dropout=0.0, mixtures=3, components=3,
        input_feeding=True, batch_size=16,
    )  # fmt: skip
    poor = hitherto.train("handwrite", rows, hidden_size=4, epochs=1, mixtures=1)
    assert model.evaluate(rows[:40])["nats"] < poor.evaluate(rows[:40])["nats"] - 1
    made = np.array(model.generate("lv", bias=3.0, seed=0))
    assert made.shape[1] == 3
    assert 3 <= len(made) <= 30
    assert np.array_equal(made, np.array(model.generate("lv", bias=3.0, seed=0)))
    stream = model.stream()
    stream.push("l")
    stream.push("v")
    drawn = list(stream.points())
    strokes = stream.finish()["strokes"]
    assert drawn[:-1] == strokes[:-1]
    assert strokes == model.generate("lv", seed=0)  # lifted where the pen is, not at every point
    with pytest.raises(UsageError, match="use generate"):
        model.predict(["lv"])
    with pytest.raises(UsageError, match="give one"):
        model.generate()
    for wrong in ({"bias": -1.0}, {"temperature": -1.0}, {"steps": 0}):
        with pytest.raises(UsageError, match=f"{next(iter(wrong))} must"):
            model.generate("lv", **wrong)


def test_drawings_need_no_text() -> None:
    rows = [{"strokes": pen("lv", i)} for i in range(60)]
    model = hitherto.train(
        "handwrite", rows, hidden_size=32, epochs=15, lr=1e-2, dropout=0.0, mixtures=2, batch_size=8
    )
    made = np.array(model.generate(seed=1, bias=2.0))
    assert made.shape[1] == 3
    assert model.generate(seed=1) == model.generate(seed=1)
    with pytest.raises(UsageError, match="use generate"):
        model.stream()


def test_what_is_wrong_is_named() -> None:
    rows = pictures(20)
    rows[6]["image"] = np.full((12, 16, 3), np.nan)
    with pytest.raises(DataError, match="row 7"):
        hitherto.train("classify", rows, input="image", output="label", valid=0.2, seed=3)
    with pytest.raises(UsageError, match="bands is an option of audio"):
        hitherto.train("classify", pictures(20), input="image", output="label", bands=10)
    with pytest.raises(UsageError, match="caption reads image and frames"):
        hitherto.train("caption", [{"text": "abc", "caption": "d"}] * 20, input="text", output="caption")
    with pytest.raises(UsageError, match="augment changes sound, pictures"):
        hitherto.train("classify", [{"text": "ab", "label": c} for c in "xy"] * 9, augment=0.5)


@pytest.mark.parametrize(
    ("task", "rows", "options", "said"),
    [
        (
            "classify",
            [{"text": "a b", "label": c} for c in "xy"],
            {"rate": 8000},
            "rate is an option of audio",
        ),
        ("classify", [{"text": "a b", "label": c} for c in "xy"], {"codec": "series"}, "reads numbers"),
        (
            "classify",
            [{"text": 1.0, "label": c} for c in "xy"],
            {"color": True},
            "color is an option of image",
        ),
        ("classify", pictures(4), {"input": "image", "lower": True}, "lower is an option of text"),
        ("classify", pictures(4), {"input": "image", "embedding_size": 4}, "embedding_size is of tokens"),
        ("handwrite", [{"strokes": pen("lv", 0)}], {"tokens": "words"}, "no column of texts"),
        ("handwrite", [{"strokes": pen("lv", 0)}], {"components": 3}, "no column of texts"),
        (
            "compose",
            [{"roll": [[60], [62]]}],
            {"head": "sigmoid", "chain": 7},
            "chain counts only with head chain",
        ),
    ],
)
def test_options_that_nothing_uses_are_refused(
    task: str, rows: list[dict[str, Any]], options: dict[str, Any], said: str
) -> None:
    output = {"classify": {"output": "label"}}.get(task, {})
    with pytest.raises(UsageError, match=said):
        hitherto.train(task, rows * 10, **output, **options)


def test_names_of_files_that_are_not_there_are_no_texts(tmp_path: Any) -> None:
    table = tmp_path / "table.csv"
    table.write_text("text,label\n" + "rec/1.wav,a\nrec/2.wav,b\n" * 10)
    with pytest.raises(DataError, match=r"line [23], .*there is no file .*rec/[12].wav"):
        hitherto.train("classify", table, input="text", output="label")
    table.write_text("text,label\n" + ".,a\na b,b\nsee a.wav,a\n" * 10)
    model = hitherto.train("classify", table, input="text", output="label", epochs=1, hidden_size=4)
    assert model.codecs["input"].kind == "text"


def test_a_text_that_is_missing_is_named() -> None:
    rows = [{"text": "l", "strokes": pen("l", 0)}] * 10
    with pytest.raises(DataError, match=r"row 4.*expected a text, but got None"):
        hitherto.train("handwrite", [*rows[:3], {**rows[0], "text": None}, *rows[4:]])


def test_a_report_shows_what_was_wrong_of_every_sense(tmp_path: Any) -> None:
    from hitherto.media.sound import Sound

    random = np.random.default_rng(0)
    sounds = [{"sound": Sound(random.normal(size=900).astype(np.float32) / 9, 2000)} for _ in range(20)]
    senses: dict[str, list[dict[str, Any]]] = {
        "sound": sounds, "image": pictures(20), "video": films(20), "strokes": gestures(20),
    }  # fmt: skip
    for kind, rows in senses.items():
        out = tmp_path / f"{kind}.safetensors"
        rows = [{kind: row.get(kind, row.get("strokes")), "label": str(random.integers(2))} for row in rows]
        hitherto.train(
            "classify", rows, input=kind, output="label", out=out, valid=0.5, epochs=1, hidden_size=4
        )
        page = (out.with_suffix(".run") / "report.html").read_text()
        assert "Most wrong" in page
        assert "taken for" in page
        assert page.count("<svg") > 3 + (kind != "sound")


def test_a_contact_sheet_has_true_colours_and_some_frames_of_a_film() -> None:
    from hitherto.codecs.frames import FramesCodec
    from hitherto.codecs.image import ImageCodec
    from hitherto.media.pictures import png
    from hitherto.report.sheets import FRAMES, contact_sheet

    rng = np.random.default_rng(0)
    reds = [np.uint8([200, 30, 40]) + rng.integers(0, 20, (8, 9, 3), np.uint8) for _ in range(3)]
    codec = ImageCodec.fit(reds)
    ((_, svg),) = contact_sheet(codec, [codec.encode(red) for red in reds], ["a", "b", "c"])["items"]
    for red in reds:
        assert base64.b64encode(png(red)).decode() in svg
    films = [rng.integers(0, 255, (20, 6, 7, 3), np.uint8) for _ in range(2)]
    watched = FramesCodec.fit(films)
    ((_, svg),) = contact_sheet(watched, [watched.encode(film) for film in films], ["a", "b"])["items"]
    for film in films:
        some = film[np.linspace(0, 19, FRAMES).astype(int)]
        assert base64.b64encode(png(np.concatenate(list(some), 1))).decode() in svg


def test_convolutions_and_peaks_are_flags(tmp_path: Any) -> None:
    from hitherto import cli

    for i, row in enumerate(pictures(24)):
        folder = tmp_path / "seen" / row["label"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i}.png").write_bytes(png(row["image"]))
    out = str(tmp_path / "eyes.safetensors")
    flags = ["--conv", "4", "--conv", "6", "--peaks", "--epochs", "1", "--hidden-size", "4"]
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "classify", str(tmp_path / "seen"), "--out", out, *flags])
    assert not ended.value.code
    operations = [op["op"] for op in hitherto.open(out).plan["step"]]
    assert operations[:3] == ["conv", "conv", "peaks"]


def test_who_leaves_convolutions_out_is_told_of_them() -> None:
    rng, notes = np.random.default_rng(0), []
    for side in (12, 20):
        rows = [{"image": rng.random((side, side, 3)), "label": "ab"[i % 2]} for i in range(12)]
        said: list[str] = []
        hitherto.train(
            "classify", rows, input="image", output="label", epochs=1, hidden_size=4, say=said.append
        )
        notes.append(any("--conv" in line for line in said))
    assert notes == [False, True]


def test_a_drawing_that_is_none_is_named_with_its_line(tmp_path: Any) -> None:
    path = tmp_path / "drawings.jsonl"
    good = '{"text": "l", "strokes": [[[0, 0], [0, 1], [1, 1]]]}\n'
    for wrong in ("[[]]", "[[[0, 0], [NaN, 1]]]"):
        path.write_text(good * 30 + good.replace("[[[0, 0], [0, 1], [1, 1]]]", wrong) + good * 30)
        with pytest.raises(DataError, match=r"line 31, column 'strokes'"):
            hitherto.train("handwrite", path, input="text", output="strokes", epochs=1, hidden_size=4)
