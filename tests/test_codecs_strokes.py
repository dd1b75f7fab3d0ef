"""Strokes: one form for all that people have, steps of one length along them, the same in pieces, and pictures."""

import io
import json
import math
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitherto.codecs import hands
from hitherto.codecs import strokes as module
from hitherto.codecs.strokes import StrokesCodec, simplified
from hitherto.errors import BundleError, DataError, MissingExtra, UsageError
from hitherto.media import pens
from hitherto.media.pens import points, stroke3
from hitherto.report.drawings import draw, png

Array = np.ndarray[Any, Any]

# An L of two lines, a dot, and a slanted line.
LETTER = [[[10, 10], [10, 40], [30, 40]], [[20, 5]], [[0, 0], [3, 4]]]
ROWS = [[0, 30, 0], [20, 0, 1], [-10, -35, 1], [-20, -5, 0], [3, 4, 1]]


def drawing(seed: int, strokes: int = 4, longest: int = 40) -> list[list[list[float]]]:
    """Strokes of random walks, some of one point, some resting."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(strokes):
        n = int(random.integers(1, longest))
        moved = random.normal(size=(n, 2)) * random.choice([0.01, 1, 8]) * (random.random((n, 1)) < 0.8)
        found.append((random.normal(size=2) * 50 + moved.cumsum(0)).tolist())
    return found


TRAINING = [drawing(seed) for seed in range(20)]


def pushed(strokes: list[list[list[float]]]) -> list[list[float]]:
    """What a live pen sends: absolute points, and where it is lifted."""
    return [[*point[:2], int(i == len(stroke))] for stroke in strokes for i, point in enumerate(stroke, 1)]


# ---- from values to rows


def test_every_form_is_the_same_drawing(tmp_path: Path) -> None:
    timed = [[[*point, 7 * i] for i, point in enumerate(stroke)] for stroke in LETTER]
    up = ["START"]  # Omniglot's y points up
    for stroke in LETTER:
        up += [f"{x},{-y},{9 * i}" for i, (x, y) in enumerate(stroke)] + ["BREAK"]
    files = {"a.txt": "\n".join(up), "b.txt": "\r\n".join(up), "a.json": json.dumps(LETTER)}
    files["b.json"] = "\ufeff" + json.dumps(ROWS)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode())
    lists = [LETTER, timed, ROWS, [np.array(stroke) for stroke in LETTER], np.array(ROWS), stroke3(LETTER)]
    idle = [[0, 0, 0], [0, 0, 0], *ROWS]
    unlifted = [*ROWS[:-1], [3, 4, 0]]
    for form in [
        *lists,
        idle,
        unlifted,
        json.dumps(ROWS),
        *(tmp_path / f for f in files),
        str(tmp_path / "a.txt"),
    ]:
        found = stroke3(form)
        assert found.dtype == np.float32
        assert found.tolist() == ROWS, form
    assert [s.tolist() for s in points(LETTER)] == [
        [[0, 0], [0, 30], [20, 30]],
        [[10, -5]],
        [[-10, -10], [-7, -6]],
    ]


def test_a_dot_and_points_that_rest_are_drawings() -> None:
    assert stroke3([[[5, 5]]]).tolist() == [[0, 0, 1]]
    assert stroke3([[[5, 5]] * 3]).tolist() == [[0, 0, 1]]
    assert stroke3([[[5, 5]], [[6, 7], [6, 7]]]).tolist() == [[0, 0, 1], [1, 2, 0], [0, 0, 1]]
    for value in ([[[5, 5]]], [[[5, 5]] * 9, [[5, 5]]]):
        codec = StrokesCodec.fit([value])
        assert codec.encode(value)[:, 2].tolist() == [1] * len(value)
        assert np.isfinite(codec.encode(value)).all()
        assert StrokesCodec.fit([value], writing=True).decode(stroke3(value)) == stroke3(value).tolist()
        assert "<path" in draw(value)


def test_paths_of_svg(tmp_path: Path) -> None:
    def read(body: str) -> list[list[list[float]]]:
        (tmp_path / "a.svg").write_text(f'<?xml version="1.0"?><svg xmlns="x" viewBox="0 0 9 9">{body}</svg>')
        begin = [[0.0, 0.0], [0.0, 0.0]]  # shows where the first stroke begins
        return [np.round(s, 4).tolist() for s in points(tmp_path / "a.svg")] or begin

    square = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
    for d in (
        "M1 1H3V3H1Z",
        "m1,1h2v2h-2z",
        "M1,1 3,1L3 3 1 3z",
        "m1 1 2 0 0 2-2 0 0-2",
        "M1e0.1e1L3 1 3 3 1 3Z",
    ):
        assert read(f'<g id="a" stroke="black"><path\n class="x" d="{d}" id="b"/></g>') == [square], d
    assert read("<polyline points='1,1 3,1 3,3 1,3 1,1' />") == [square]
    two = [[[0, 0], [1, 1]], [[3, 0], [4, 1]]]
    assert read('<!-- <path d="M0 0L9 9"/> --><path d="M0 0L1 1M3 0l1 1M 7 7"/>') == two
    x, y = np.array(read('<path d="M1 0C1 .5523 .5523 1 0 1"/>')[0]).T  # a quarter of a circle
    np.testing.assert_allclose(np.hypot(x + 1, y), 1, atol=1e-3)
    assert (x[-1], y[-1]) == (-1, 1)
    parabola = np.array(read('<path d="M0 0Q1 2 2 0T4 0"/>')[0])
    x, y = parabola.T
    np.testing.assert_allclose(y, np.where(x < 2, 2 * x - x * x, -(2 * (x - 2) - (x - 2) ** 2)), atol=2e-4)
    assert len(x) == 33
    smooth = read('<path d="M0 0c1 0 2 1 2 2s1 2 2 2"/>')
    assert smooth == read('<path d="M0 0C1 0 2 1 2 2C2 3 3 4 4 4"/>')
    assert read('<path d="M0 0Q1 1 2 2S3 4 4 4"/>') == read('<path d="M0 0Q1 1 2 2C2 2 3 4 4 4"/>')


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "holds no strokes"),
        (np.zeros((0, 3)), "holds no strokes"),
        ([[]], "stroke 1, point 1: expected [x, y] or [x, y, milliseconds], but there is none"),
        ([[[1, 2]], []], "stroke 2, point 1"),
        ([[], [[1, 2]]], "stroke 1, point 1"),
        ([[[1, 2]], 5], "stroke 2, point 1: expected [x, y]"),
        ([[[1, 2], [3, math.nan]]], "stroke 1, point 2: every number must be finite, but it is [3.0, nan]"),
        ([[[1, 2]], [[math.inf, 2]]], "stroke 2, point 1: every number must be finite"),
        ([[[1, 2], [3, 4, 5]]], "stroke 1, point 2"),
        ([[[1, 2], [3]]], "stroke 1, point 2: expected [x, y]"),
        ([[[1, 2], "ab"]], "stroke 1, point 2: expected [x, y] or [x, y, milliseconds], all of one length"),
        ([[[1, 2, 3, 4]]], "stroke 1, point 1"),
        ([[[1, 2], [10**400, 3]]], "stroke 1, point 2"),
        ([[[1, 2], [1e300, 3]]], "lies too far from the one before"),
        ([[[-1.7e308, 2], [1.7e308, 3]]], "lies too far from the one before"),
        ([[1, 2], [3, 4]], "row 1: expected [dx, dy, lifted] (a single stroke stands in a list of its own"),
        ([[1, 2, 0], [3, 4, 16]], "row 2: lifted must be 0 or 1, but is 16 (a single stroke stands in"),
        ([[1, 2, 0], [3, math.nan, 1]], "row 2: every number must be finite"),
        ([[[[1, 2]]]], "expected a list of strokes"),
        ([1, 2, 3], "expected a list of strokes"),
        (7, "expected a list of strokes"),
        (None, "expected a list of strokes"),
        ({"x": [1]}, "expected a list of strokes"),
        ("no/such/file.json", "no/such/file.json: there is no such file"),
        ("a\0b", "there is no such file"),
        ("[[[1, 2], [3", "expected strokes as JSON, but"),
        ("[" * 100_000, "expected strokes as JSON"),
        ("[[[1, 2], [1e999, 3]]]", "stroke 1, point 2: every number must be finite"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(value: Any, said: str) -> None:
    with pytest.raises(DataError) as error:
        stroke3(value)
    assert said in str(error.value)
    with pytest.raises(DataError, match="drawing 2: "):
        StrokesCodec.fit([LETTER, value])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected JSON of strokes, Omniglot's text"),
        (b"\x00\xff\xfe" * 50, "expected JSON of strokes"),
        (b"START\n1,2,3\n4,5\nBREAK\n", "line 3: expected x,y,milliseconds or BREAK, but got '4,5'"),
        (b"START\n1,2,3\n4,five,6\nBREAK\n", "line 3"),
        (b"START\n1,2,3\nnan,5,6\nBREAK\n", "stroke 1, point 2: every number must be finite"),
        (b"START\n1,2,3\n", "cut short"),
        (b"START\n", "holds no strokes"),
        (b"START\nBREAK\n1,2,3\nBREAK\n", "stroke 1, point 1"),
        (b"<svg/>", "holds no strokes"),
        (b"<svg><path d='M0 0A1 1 0 0 0 5 5'/></svg>", "a path must be of M L H V C S Q T Z"),
        (b"<svg><path d='M0 0L1'/></svg>", "a path must be of"),
        (b"<svg><path d='L1 1'/></svg>", "a path must be of"),
        (b"<svg><path d='M0 0L1 1Z5 5'/></svg>", "a path must be of"),
        (b"<svg><path d='M0 0L1 #'/></svg>", "a path must be of"),
        (b"<svg><g transform='scale(2)'><path d='M0 0L1 1'/></g></svg>", "a <g> has a transform"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "drawing"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        stroke3(path)
    assert said in str(error.value)
    assert str(error.value).startswith(str(path))


def test_folders_and_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="no such file"):
        stroke3(tmp_path)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(LETTER))
    monkeypatch.setattr(pens, "LARGEST", 20)
    with pytest.raises(DataError, match="too large for one drawing"):
        stroke3(path)


# ---- reading


def resampled(strokes: list[Any], step: float) -> list[tuple[float, float, int]]:
    """Where the steps end and whether the pen is lifted, one at a time: the oracle."""
    found = []
    for stroke in strokes:
        at = np.array(stroke, float)[:, :2]
        along = np.r_[0, np.hypot(*np.diff(at, axis=0).T).cumsum()]
        k = 0
        while k * step < along[-1] - step / 2:
            found.append((*(np.interp(k * step, along, at[:, c]) for c in (0, 1)), 0))
            k += 1
        found.append((*at[-1], 1))
    return found


@given(st.integers(0, 10_000), st.sampled_from([0.02, 0.1, 0.7]))
def test_steps_have_one_length_along_the_strokes(seed: int, spacing: float) -> None:
    codec = StrokesCodec.fit(TRAINING, spacing=spacing)
    value = drawing(seed)
    steps = codec.encode(value).astype(np.float64)
    *places, lifted = np.array(resampled(value, codec.step)).T
    places = np.stack(places, 1)
    origin = np.array(value[0][0])
    assert len(steps) == len(places)
    assert (steps[:, 2] == lifted).all()
    np.testing.assert_allclose(steps[:, 5:] * codec.reach, places - origin, atol=1e-4)
    moved = np.diff(places, axis=0, prepend=origin[None])
    np.testing.assert_allclose(steps[:, :2] * codec.scale, moved, atol=1e-4)
    length = np.hypot(*moved.T)
    far = length > 0.1
    np.testing.assert_allclose(steps[far, 3:5], moved[far] / length[far, None], atol=1e-3)


def test_lengths_are_those_of_the_training_data() -> None:
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1) * 10
    codec = StrokesCodec.fit([[circle]] * 3)
    assert codec.size == 7
    assert 60 <= len(codec.encode([circle])) <= 68
    assert 120 <= len(codec.encode([circle * 2])) <= 136
    assert "of a median drawing's size" in codec.notes[0]
    fast = circle[::5]  # the speed of the pen does not matter much
    assert abs(len(codec.encode([fast])) - len(codec.encode([circle]))) <= 2
    steps = codec.encode([circle])
    np.testing.assert_allclose(steps, codec.encode([circle + 1024.0]), atol=1e-5)
    assert 15 <= len(StrokesCodec.fit([[circle]], spacing=0.2).encode([circle])) <= 17
    assert np.sqrt(np.mean(steps[:, :2].astype(float) ** 2)) == pytest.approx(1, rel=1e-5)
    line = [[[i, 0], [i, 10]] for i in range(0, 300, 5)]  # as wide as a line of text
    assert len(StrokesCodec.fit([line]).encode(line)) > 400


def test_drawings_of_other_units_are_refused_before_they_fill_the_memory() -> None:
    codec = StrokesCodec.fit(TRAINING)
    stream = codec.stream()
    stream.push([[0, 0]])
    before = {name: array.copy() for name, array in stream.state.items()}
    for call, value in ((codec.encode, [[[0, 0], [1e30, 0]]]), (stream.push, [[1e30, 0]])):
        with pytest.raises(DataError, match="1,000,000 are the most at once; are the units"):
            call(value)
    assert all(np.array_equal(before[name], array) for name, array in stream.state.items())
    many = np.random.default_rng(0).normal(size=(1_000_000, 2)) * codec.step * 0.1
    assert 100_000 < len(codec.encode([many.cumsum(0)])) < 200_000


# ---- writing


def test_what_is_written_comes_back() -> None:
    for rows in (ROWS, [[0.25, -0.017, 0], [12.5, 3, 1]], [[394, -1, 0], [0, 0, 0], [7, 7, 1]]):
        codec = StrokesCodec.fit([rows, ROWS], writing=True)
        assert codec.size == 3
        assert codec.restores(rows)
        assert codec.decode(codec.encode(rows)) == rows
        assert codec.encode(rows).shape == (len(rows), 3)
    scaled = StrokesCodec.fit([ROWS], writing=True).encode(ROWS)[:, :2]
    assert np.sqrt(np.mean(scaled.astype(float) ** 2)) == pytest.approx(1)
    codec = StrokesCodec.fit([ROWS], writing=True)
    for value in (
        LETTER,
        [[1 / 3, 0, 1]],
        [[1, 1, 0]],
        [[0, 0, 0], [1, 1, 1]],
        [[1e9, 0.001, 1]],
        "x",
        [[1, 2]],
        [],
    ):
        assert not codec.restores(value)
    assert not StrokesCodec.fit([ROWS], writing=True, simplify=1.0).restores(ROWS)
    assert not StrokesCodec.fit([ROWS], writing=True, max_length=2).restores(ROWS)
    assert not StrokesCodec.fit([ROWS]).restores(ROWS)
    assert codec.decode([[1, 1, 0.4], [0, 0, 0.6], [1, 0, 0]]) == [
        [pytest.approx(codec.scale, abs=1e-3)] * 2 + [0],
        [0, 0, 1],
        [pytest.approx(codec.scale, abs=1e-3), 0, 1],
    ]
    for array in ([[1, 2]], [1, 2, 3], [[1, 2, math.nan]], "abc"):
        with pytest.raises(DataError, match=r"expected finite numbers \[T, 3\]"):
            codec.decode(array)


def test_what_is_read_can_be_drawn_again() -> None:
    codec = StrokesCodec.fit(TRAINING, spacing=0.05)
    back = stroke3(codec.decode(codec.encode(LETTER)))
    np.testing.assert_allclose(back[:, :2].sum(0), stroke3(LETTER)[:, :2].sum(0), atol=1e-2)
    assert back[:, 2].sum() == 3


def ramer(at: Array, epsilon: float) -> list[int]:
    """Which points stay, by the definition."""
    if len(at) < 3:
        return list(range(len(at)))
    away = []
    for p in at[1:-1]:
        d = at[-1] - at[0]
        t = min(1, max(0, (p - at[0]) @ d / (d @ d))) if d @ d else 0.0
        away.append(math.dist(p, at[0] + t * d))
    far = 1 + int(np.argmax(away))
    if away[far - 1] <= epsilon:
        return [0, len(at) - 1]
    return ramer(at[: far + 1], epsilon)[:-1] + [far + i for i in ramer(at[far:], epsilon)]


@given(st.integers(0, 10_000), st.sampled_from([0.5, 4.0]))
def test_simplified_is_what_the_definition_says(seed: int, epsilon: float) -> None:
    value = stroke3(drawing(seed))
    expected = [s[ramer(s, epsilon)] for s in points(value)]
    found = points(simplified(value, epsilon))
    assert [len(s) for s in found[1:]] == [len(s) for s in expected[1:]]
    for a, b in zip(found, expected, strict=True):
        if len(a) == len(b):  # the first begins at the origin, which counts once where it has one point
            np.testing.assert_allclose(a, b, atol=1e-4)
        else:
            assert not np.any(a[0] - a[-1])
    codec = StrokesCodec.fit([value], writing=True, simplify=epsilon)
    back = codec.decode(codec.encode(value))
    np.testing.assert_allclose(np.array(back), simplified(value, epsilon), atol=1e-3 * max(1, codec.scale))


def test_long_strokes_are_simplified_in_bounded_time() -> None:
    turns = np.linspace(0, 60, 20_000)
    spiral = np.stack([np.cos(turns), np.sin(turns)], 1) * turns[:, None]
    found = points(simplified([spiral], 0.01))[0]
    assert 100 < len(found) < 5000
    at = np.interp(np.linspace(0, 1, 1000), np.linspace(0, 1, len(found)), np.hypot(*(found + spiral[0]).T))
    assert at.max() < 61


# ---- streams


OPTIONS: dict[str, dict[str, Any]] = {
    "reading": {},
    "reading in long steps": {"spacing": 0.9},
    "reading cut short": {"spacing": 0.05, "max_length": 11},
    "writing": {"writing": True},
    "writing cut short": {"writing": True, "max_length": 5},
    "writing simplified": {"writing": True, "simplify": 2.0},
}


@given(st.sampled_from(list(OPTIONS)), st.integers(0, 10_000), st.booleans())
def test_any_pieces_give_the_bits_of_the_whole(form: str, seed: int, ended: bool) -> None:
    random = np.random.default_rng(seed)
    codec = StrokesCodec.fit(TRAINING, **OPTIONS[form])
    value = drawing(seed)
    rows = pushed(value)
    if not ended:
        rows[-1][2] = 0  # the pen is still down: `finish` lifts it
    run = module.RUN
    module.RUN = 7  # so that strokes are longer than it
    try:
        whole = codec.encode(value)
        stream, found = codec.stream(), []
        while rows:
            size = int(random.integers(0, 9))
            piece, rows = rows[:size], rows[size:]
            found.append(stream.push([p[:2] for p in piece] if not any(p[2] for p in piece) else piece))
            state = {name: array.copy() for name, array in stream.state.items()}
            stream.finish()  # changes nothing that was kept
            stream = codec.stream()
            stream.state = state
        found.append(stream.finish())
        assert stream.finish().shape == (0, codec.size)
    finally:
        module.RUN = run
    joined = np.concatenate(found)
    assert joined.dtype == whole.dtype == np.float32
    assert np.array_equal(joined, whole)


def test_a_stream_takes_one_point_strokes_or_nothing() -> None:
    codec = StrokesCodec.fit(TRAINING)
    whole = codec.encode(LETTER)
    stream = codec.stream()
    found = [stream.push([]), stream.push(LETTER[:1])]
    found += [stream.push(np.array([20, 5, 1])), stream.push([0, 0]), stream.push((3, 4))]
    found += [stream.push([3, 4, 1]), stream.finish()]  # the pen goes up where it was
    assert np.array_equal(np.concatenate(found), whole)
    for options in OPTIONS.values():
        assert StrokesCodec.fit(TRAINING, **options).stream().finish().shape[0] == 0


def test_what_cannot_be_pushed_leaves_the_stream_as_it_was() -> None:
    stream = StrokesCodec.fit(TRAINING).stream()
    first = stream.push([[0, 0], [50, 0]])
    for rows, said in (
        ([[1, 2], [math.nan, 2]], "point 2: every number must be finite"),
        ([[1, 2, 3]], "lifted must be 0 or 1, but is 3"),
        ([[1, 2, 0, 0]], r"point 1: expected \[x, y\]"),
        ([[[1, 2]], []], "stroke 2, point 1"),
        ("abc", "expected"),
        (None, "expected"),
    ):
        with pytest.raises(DataError, match=said):
            stream.push(rows)
    codec = stream.codec
    rest = [stream.push([[50, 60, 1]]), stream.finish()]
    assert np.array_equal(np.concatenate([first, *rest]), codec.encode([[[0, 0], [50, 0], [50, 60]]]))


def test_a_stream_remembers_no_more_in_time() -> None:
    rows = np.random.default_rng(0).normal(size=(5000, 2)).cumsum(0)
    for options in OPTIONS.values():
        stream = StrokesCodec.fit(TRAINING, **options).stream()
        for piece in np.split(rows, 50):
            stream.push(piece)
        assert sum(array.size for array in stream.state.values()) <= 3 * module.RUN + 20


# ---- changes


def test_changes_of_the_whole_are_linear() -> None:
    value = drawing(3)
    rows = stroke3(value)
    codec = StrokesCodec(writing=True)
    one, again, other = (codec.augmented(rows, np.random.default_rng(seed), 0.5) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.array_equal(one[:, 2], rows[:, 2])
    matrix, left, *_ = np.linalg.lstsq(rows[:, :2].astype(float), one[:, :2].astype(float), rcond=None)
    assert left.max() < 1e-6 * (rows[:, :2] ** 2).sum()
    assert 0.7 < np.linalg.det(matrix) < 1.4
    same = codec.augmented(rows, np.random.default_rng(1), 0)
    np.testing.assert_allclose(same, rows, atol=1e-5)
    turned = codec.augmented(rows, np.random.default_rng(1), 1, ("turn",))
    np.testing.assert_allclose(np.hypot(*turned[:, :2].T), np.hypot(*rows[:, :2].T), rtol=1e-5, atol=1e-6)
    wide = codec.augmented(rows, np.random.default_rng(1), 1, ("stretch",))[:, :2]
    some = np.abs(rows[:, 0]) > 0.1
    assert np.ptp(wide[some, 0] / rows[some, 0]) < 1e-4
    leaning = codec.augmented(rows, np.random.default_rng(1), 1, ("slant",))
    np.testing.assert_allclose(leaning[:, 1], rows[:, 1], atol=1e-6)


@pytest.mark.parametrize("name", hands.CHANGES)
def test_a_change_follows_from_its_seed_and_is_small(name: str) -> None:
    value = [[[0, 0], [9, 1], [10, 10]], [[3, 3], [4, 8]], [[20, 5]], [[12, 0], [12, 9]]]
    codec = StrokesCodec.fit([value] * 3)
    raw = codec.raw(value)
    before = raw.copy()
    found = [codec.augmented(raw, np.random.default_rng((0, 1, i)), 1.0, (name,)) for i in range(30)]
    assert np.array_equal(found[0], codec.augmented(raw, np.random.default_rng((0, 1, 0)), 1.0, (name,)))
    assert np.array_equal(raw, before)
    assert len({one.tobytes() for one in found}) > 3
    assert all(one[:, 2].sum() == 4 for one in found)  # strokes stay strokes
    assert all(len(one) < 2 * len(codec.encode(value)) for one in found)
    np.testing.assert_allclose(
        codec.augmented(raw, np.random.default_rng(0), 0, (name,)), codec.encode(value)
    )


def test_order_keeps_every_point_and_place_keeps_the_form_of_a_stroke() -> None:
    rng = np.random.default_rng(0)
    strokes = [rng.normal(size=(n, 2)) for n in (3, 5, 2)]
    orders = {tuple(map(len, hands.order(strokes, np.random.default_rng(i), 1.0))) for i in range(60)}
    assert orders == {(3, 5, 2), (5, 3, 2), (3, 2, 5)}
    turned = [hands.order(strokes[:1], np.random.default_rng(i), 1.0)[0] for i in range(60)]
    back = [not np.array_equal(one, strokes[0]) for one in turned]
    assert 0 < sum(back) < 20
    assert np.array_equal(turned[back.index(True)], strokes[0][::-1])
    for moved, stroke in zip(hands.place(strokes, rng, 1.0), strokes, strict=True):
        ratio = np.ptp(moved, 0) / np.ptp(stroke, 0)
        assert ratio[0] == pytest.approx(ratio[1])
        assert 0.8 < ratio[0] < 1.25


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"spacing": 0}, "spacing must be a number above 0, but is 0"),
        ({"spacing": math.nan}, "spacing must be a number above 0"),
        ({"writing": True, "simplify": -1}, "simplify must be a number above 0"),
        ({"writing": True, "spacing": 0.1}, "spacing is for drawings that are read"),
        ({"simplify": 1.0}, "simplify for those that are written"),
        ({"max_length": 0}, "max_length must be a whole number of 1 at least"),
    ],
)
def test_options_that_cannot_be_served(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        StrokesCodec.fit([LETTER], **options)
    with pytest.raises(DataError, match="no drawings to learn from"):
        StrokesCodec.fit([])


# ---- pictures


def test_svg_is_sound_and_can_be_read_again(tmp_path: Path) -> None:
    text = draw(LETTER, tmp_path / "a.svg", size=400)
    assert (tmp_path / "a.svg").read_text() == text
    root = ET.fromstring(text)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    back = points(tmp_path / "a.svg")
    for a, b in zip(back, points(LETTER), strict=True):
        np.testing.assert_allclose(a[[0, -1]], b[[0, -1]] * 10, atol=0.02)
    assert 300 < width < 400 < height < 500
    sheet = ET.fromstring(draw([LETTER] * 5, columns=2, labels=["a", "<&>", "山", "", "e"]))
    space = "{http://www.w3.org/2000/svg}"
    assert [t.text or "" for t in sheet.iter(f"{space}text")] == ["a", "<&>", "山", "", "e"]
    assert len(list(sheet.iter(f"{space}path"))) == 15
    wide = draw([[[0, 0], [1000, 1]]], size=300)
    assert float(ET.fromstring(wide).attrib["height"]) < 60


def test_png_shows_what_svg_says(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    data = png([[[0, 0], [100, 0], [100, 100]]], tmp_path / "a.png", size=100, width=8)
    assert (tmp_path / "a.png").read_bytes() == data
    pixels = np.array(image.open(io.BytesIO(data)))
    root = ET.fromstring(draw([[[0, 0], [100, 0], [100, 100]]], size=100, width=8))
    assert pixels.shape == (int(root.attrib["height"]), int(root.attrib["width"]))
    dark = pixels < 128
    assert 8 * 200 - 100 < dark.sum() < 8 * 200 + 100
    rows, columns = np.nonzero(dark)
    assert abs(int(rows.min()) - int(columns.min())) <= 1  # the corner is above and to the right
    assert dark[rows.max(), columns.max() - 3]
    assert not dark[rows.max(), columns.min()]
    slanted = np.array(image.open(io.BytesIO(png([[[0, 0], [100, 37]]]))))
    assert len(np.unique(slanted)) > 4  # smooth edges
    sheet = np.array(image.open(io.BytesIO(png([LETTER] * 3, columns=2, labels=["a", "b", "山"], size=60))))
    assert sheet.shape[0] > 120


def test_pictures_that_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="there are no drawings"):
        draw([], columns=2)
    with pytest.raises(UsageError, match="2 drawings need as many labels, but 1 came"):
        draw([LETTER] * 2, columns=2, labels=["a"])
    with pytest.raises(UsageError, match="columns must be 1 at least"):
        draw([LETTER], columns=0)
    with pytest.raises(UsageError, match="size and width must be above 0"):
        draw(LETTER, size=0)
    if "PIL" in sys.modules or pytest.importorskip("PIL"):
        with pytest.raises(UsageError, match="is too large"):
            png([LETTER] * 100, columns=1, size=5000)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra, match="drawing a PNG needs pillow"):
        png(LETTER)


def test_a_text_is_no_file() -> None:
    with pytest.raises(DataError, match=r"cannot be read|no such file"):
        stroke3("x" * 5000)


@pytest.mark.parametrize("body", ["<line x1='0'/>", "<polygon points='1,1'/>", "<svg:circle r='3'/>"])
def test_forms_that_are_no_strokes_are_named(tmp_path: Path, body: str) -> None:
    (tmp_path / "a.svg").write_text(f'<svg><path d="M0 0L1 1"/>{body}</svg>')
    with pytest.raises(DataError, match="is not read: make a path of it first"):
        stroke3(tmp_path / "a.svg")


def test_a_sign_in_quotes_ends_no_element(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text('<svg><path id="a>b" d="M0 0L1 1"/></svg>')
    assert len(stroke3(tmp_path / "a.svg")) == 1


@pytest.mark.parametrize("changed", [{"scale": 0}, {"step": -1.0}, {"scale": "x"}, {"simplify": math.nan}])
def test_a_document_that_no_codec_wrote_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises((BundleError, UsageError)):
        StrokesCodec.from_json({**StrokesCodec().to_json(), **changed}, {})
