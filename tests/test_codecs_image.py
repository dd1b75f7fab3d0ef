"""Pictures: Pillow is the oracle of resizing and decoding, and nothing in a file may do harm."""

import io
import json
import struct
import sys
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitherto.codecs.image import ImageCodec, augmented
from hitherto.errors import DataError, MissingExtra, UsageError
from hitherto.media.pictures import pixels, png, resized
from hitherto.report.sheets import sheet

Image = pytest.importorskip("PIL.Image")

RANDOM = np.random.default_rng(0)


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def kept(codec: ImageCodec) -> ImageCodec:
    return ImageCodec.from_json(json.loads(json.dumps(codec.to_json())), codec.parts())


def saved(image: Any, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


# ---- resizing


@pytest.mark.parametrize(
    ("before", "after"),
    [((17, 23), (17, 23)), ((40, 30), (8, 9)), ((7, 5), (32, 41)), ((100, 3), (9, 3)), ((1, 1), (4, 6)),
     ((64, 64), (1, 1)), ((300, 200), (7, 150)), ((13, 80), (29, 11))],
)  # fmt: skip
def test_resizing_is_that_of_pillow(before: tuple[int, int], after: tuple[int, int]) -> None:
    picture = RANDOM.random((*before, 1), np.float32)
    image = Image.fromarray(picture[..., 0]).resize(after[::-1], Image.Resampling.BILINEAR)
    np.testing.assert_allclose(resized(picture, *after)[..., 0], np.asarray(image), atol=2e-6)


def test_resizing_treats_channels_and_types_alike() -> None:
    picture = noise(50, 37)
    whole = resized(picture, 11, 20)
    for c in range(3):
        assert np.array_equal(
            whole[..., c : c + 1], resized(picture[..., c : c + 1].astype(np.float64), 11, 20)
        )
    constant = resized(np.full((31, 17, 1), 200, np.uint8), 9, 40)
    np.testing.assert_allclose(constant, 200, rtol=1e-6)


# ---- steps


def test_a_whole_picture_is_one_step_and_comes_back() -> None:
    pictures = [noise(8, 6, seed=i) for i in range(5)]
    codec = ImageCodec.fit(pictures)
    assert codec.shape == (8, 6, 3)
    assert codec.size == 144
    for picture in pictures:
        x = codec.encode(picture)
        assert x.shape == (1, 144)
        assert x.dtype == np.float32
        assert np.array_equal(codec.decode(x), picture)
    every = np.concatenate([codec.encode(p).reshape(-1, 3) for p in pictures])
    np.testing.assert_allclose(every.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(every.std(0), 1, atol=1e-5)


def test_the_order_of_a_step_is_height_width_channel() -> None:
    picture = noise(4, 5)
    codec = ImageCodec.fit([picture])
    x = codec.encode(picture).reshape(codec.shape)
    expected = (picture[2, 3, 1] / 255 - codec.look.mean[1]) / codec.look.deviation[1]
    assert x[2, 3, 1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("window", "hop", "sees"),
    [(None, None, (1, 1)), (5, 2, (5, 2)), (4, None, (4, 2)), (None, 3, (3, 3)), (6, 1, (6, 1))],
)  # fmt: skip
@pytest.mark.parametrize("width", [1, 2, 7, 16])
def test_columns_see_their_neighbourhood(
    window: int | None, hop: int | None, sees: tuple[int, int], width: int
) -> None:
    picture = noise(6, width, 1)
    codec = ImageCodec.fit([noise(6, 9, 1)], reads="columns", height=6, window=window, hop=hop)
    x = codec.encode(picture)
    wide, far = sees
    assert codec.shape == (6, wide, 1)
    T = int(np.ceil(width / far))
    assert x.shape == (T, codec.size)
    standard = codec.look.standard(picture / 255)
    edge = codec.look.standard(np.array(codec.look.background))
    for t in range(T):
        for j in range(wide):
            column = t * far - (wide - far) // 2 + j
            expected = standard[:, column] if 0 <= column < width else np.broadcast_to(edge, (6, 1))
            np.testing.assert_allclose(x[t].reshape(codec.shape)[:, j], expected, atol=1e-6)
    assert np.array_equal(codec.decode(x)[:, :width], picture)


def test_rows_are_columns_of_the_picture_turned() -> None:
    picture = noise(20, 8)
    rows = ImageCodec.fit([picture], reads="rows", width=8, window=3, hop=1)
    columns = ImageCodec.fit([picture.swapaxes(0, 1)], reads="columns", height=8, window=3, hop=1)
    ours = rows.encode(picture).reshape(20, *rows.shape)
    theirs = columns.encode(picture.swapaxes(0, 1)).reshape(20, *columns.shape)
    np.testing.assert_allclose(ours, theirs.swapaxes(1, 2), atol=1e-5)
    assert np.array_equal(rows.decode(rows.encode(picture)), picture)


def test_lines_are_scaled_to_one_height_and_keep_their_aspect() -> None:
    codec = ImageCodec.fit([noise(64, 300, 1)], reads="columns", height=32)
    assert [len(codec.encode(noise(h, w, 1))) for h, w in ((64, 300), (32, 100), (16, 10), (128, 3))] == [
        150,
        100,
        20,
        1,
    ]
    assert ImageCodec.fit([noise(400, 900, 1)], reads="columns").shape == (48, 1, 1)
    short = ImageCodec.fit([noise(32, 100, 1)], reads="columns", height=32, window=8, hop=4, max_length=7)
    whole = ImageCodec.fit([noise(32, 100, 1)], reads="columns", height=32, window=8, hop=4)
    assert np.array_equal(short.encode(noise(32, 100, 1)), whole.encode(noise(32, 100, 1))[:7])


@given(
    st.integers(1, 40),
    st.integers(1, 60),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from(["rows", "columns"]),
)
def test_any_picture_becomes_steps(height: int, width: int, window: int, hop: int, reads: str) -> None:
    hop = min(hop, window)
    sides = {"height": 10} if reads == "columns" else {"width": 10}
    codec = ImageCodec.fit([noise(12, 12)], reads=reads, window=window, hop=hop, **sides)
    x = codec.encode(noise(height, width))
    along, across = (width, height) if reads == "columns" else (height, width)
    assert x.shape == (-(-max(1, int(along * (10 / across) + 0.5)) // hop), codec.size)
    assert np.isfinite(x).all()


def test_the_aspect_is_kept_and_the_rest_is_background() -> None:
    dark = [
        np.pad(noise(10, 10, 1, i) // 2 + 100, ((5, 5), (5, 5), (0, 0)), constant_values=20) for i in range(3)
    ]
    codec = ImageCodec.fit(dark, height=20, width=40)
    picture = codec.picture(dark[0])
    np.testing.assert_allclose(picture[:, 10:30], dark[0] / 255, atol=1e-6)
    np.testing.assert_allclose(picture[:, :10], 20 / 255, atol=1e-6)
    np.testing.assert_allclose(picture[:, 30:], 20 / 255, atol=1e-6)
    assert codec.picture(noise(3, 300)).shape == (20, 40, 1)


def test_statistics_are_those_of_training_never_the_pictures_own() -> None:
    codec = ImageCodec.fit([np.full((4, 4), 100, np.uint8), np.full((4, 4), 200, np.uint8)])
    low, high = (codec.encode(np.full((4, 4), v, np.uint8)) for v in (100, 200))
    np.testing.assert_allclose(low, -1, atol=1e-5)
    np.testing.assert_allclose(high, 1, atol=1e-5)
    same = ImageCodec.fit([np.full((4, 4), 7, np.uint8)])
    np.testing.assert_allclose(same.encode(np.full((4, 4), 7, np.uint8)), 0, atol=1e-6)


# ---- what is guessed


def test_gray_is_guessed_and_colour_is_weighed_as_pillow_does() -> None:
    gray = [np.repeat(noise(5, 5, 1, i), 3, 2) for i in range(3)]
    codec = ImageCodec.fit(gray)
    assert codec.shape == (5, 5, 1)
    assert any("gray" in note for note in codec.notes)
    picture = noise(5, 5, seed=9)
    luma = np.asarray(Image.fromarray(picture).convert("L"))
    np.testing.assert_allclose(codec.picture(picture)[..., 0] * 255, luma, atol=1)
    assert ImageCodec.fit([*gray, picture]).shape == (5, 5, 3)
    assert ImageCodec.fit([picture], color=False).shape == (5, 5, 1)
    colored = ImageCodec.fit(gray, color=True)
    assert np.array_equal(colored.picture(gray[0][..., :1]), colored.picture(gray[0]))
    assert not any("gray" in note for note in colored.notes)


def test_sizes_are_guessed_from_the_middle_of_the_training_data() -> None:
    pictures = [noise(h, w) for h, w in ((10, 20), (12, 24), (50, 30))]
    codec = ImageCodec.fit(pictures)
    assert codec.shape == (12, 24, 3)
    assert any("12 x 24" in note for note in codec.notes)
    assert ImageCodec.fit(pictures, height=6).shape == (6, 12, 3)
    assert ImageCodec.fit([noise(400, 800)]).shape == (64, 128, 3)
    assert not any("pixels" in note for note in ImageCodec.fit(pictures, height=6, width=6).notes)


def test_plain_numbers_are_divided_by_the_largest_of_training() -> None:
    digits = RANDOM.integers(0, 17, (4, 8, 8))
    digits[0, 0, 0] = 16
    codec = ImageCodec.fit(digits.tolist())
    assert any("divided by 16" in note for note in codec.notes)
    for codec_of in (codec, kept(codec)):
        np.testing.assert_allclose(
            codec_of.picture(digits[1].astype(float).tolist())[..., 0], digits[1] / 16, atol=1e-6
        )
    with pytest.raises(DataError, match="reach 255, but white was 16 in training"):
        codec.encode(np.full((8, 8), 255.0))
    unit = ImageCodec.fit([np.eye(4)])
    assert np.array_equal(unit.picture(np.eye(4) > 0), unit.picture(np.eye(4)))
    assert np.array_equal(unit.picture(np.eye(4)), unit.picture((np.eye(4) * 65535).astype(np.uint16)))


def test_what_is_kept_gives_the_same_codec() -> None:
    for options in ({}, {"reads": "columns", "window": 4}, {"reads": "rows", "max_length": 3}):
        codec = ImageCodec.fit([noise(9, 14, seed=i) for i in range(3)], **options)
        again = kept(codec)
        assert again.to_json() == codec.to_json()
        assert np.array_equal(again.encode(noise(20, 30)), codec.encode(noise(20, 30)))


# ---- files


def test_a_file_its_bytes_and_its_array_are_the_same_bits(tmp_path: Path) -> None:
    picture = noise(30, 40)
    path = tmp_path / "a.png"
    path.write_bytes(png(picture))
    codec = ImageCodec.fit([path], height=12, width=16)
    expected = codec.encode(picture)
    for value in (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), Image.fromarray(picture)):
        assert np.array_equal(codec.encode(value), expected)


def test_every_mode_is_seen_as_pillow_shows_it() -> None:
    color, alpha = noise(9, 7), noise(9, 7, 1, 1)
    both = np.concatenate([color, alpha], 2)
    look = ImageCodec.fit([color], height=9, width=7)
    white = Image.new("RGBA", (7, 9), "white")
    over = np.asarray(Image.alpha_composite(white, Image.fromarray(both)).convert("RGB")) / 255

    def check(value: Any, expected: Any, within: float = 1e-6) -> None:
        np.testing.assert_allclose(look.picture(value), expected, atol=within)

    check(saved(Image.fromarray(both), "PNG"), over, 1.01 / 255)
    check(both, over, 1.01 / 255)
    check(both / 255.0, over, 1.01 / 255)
    gray = color[..., :1]
    check(saved(Image.fromarray(gray[..., 0]), "PNG"), np.repeat(gray / 255, 3, 2))
    pair = Image.merge("LA", [Image.fromarray(gray[..., 0]), Image.fromarray(alpha[..., 0])])
    of_pair = np.asarray(Image.alpha_composite(white, pair.convert("RGBA")).convert("RGB")) / 255
    check(saved(pair, "PNG"), of_pair, 1.01 / 255)
    bits = Image.fromarray(gray[..., 0] > 99)
    check(saved(bits, "PNG"), np.repeat((gray > 99) * 1.0, 3, 2))
    cmyk = Image.fromarray(color).convert("CMYK")
    check(saved(cmyk, "TIFF"), np.asarray(cmyk.convert("RGB")) / 255)
    palette = Image.fromarray(color).quantize(8)
    check(saved(palette, "PNG"), np.asarray(palette.convert("RGB")) / 255)
    seen = np.asarray(palette.convert("RGB")) / 255
    seen = np.where((np.asarray(palette) == 3)[..., None], 1.0, seen)
    check(saved(palette, "PNG", transparency=3), seen)
    deep = RANDOM.integers(0, 65536, (9, 7), np.uint16)
    check(saved(Image.fromarray(deep), "PNG"), np.repeat(deep[..., None] / 65535, 3, 2))
    check(
        saved(Image.fromarray((deep / 65535).astype(np.float32)), "TIFF"),
        np.repeat(deep[..., None] / 65535, 3, 2),
    )


def test_orientation_is_honoured() -> None:
    picture = noise(6, 4)
    turns = {1: picture, 2: picture[:, ::-1], 3: picture[::-1, ::-1], 4: picture[::-1], 5: picture.swapaxes(0, 1),
             6: np.rot90(picture, -1), 7: np.rot90(picture, 2).swapaxes(0, 1), 8: np.rot90(picture)}  # fmt: skip
    for orientation, expected in turns.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(Image.fromarray(picture), "PNG", exif=exif)
        codec = ImageCodec.fit([data])
        assert codec.shape == expected.shape
        assert np.array_equal(pixels(data)[0], expected)


def test_of_an_animation_the_first_picture_is_read() -> None:
    frames = [Image.fromarray(np.full((4, 4), v, np.uint8)) for v in (10, 200)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (pixels(data)[0] == 10).all()


def declared(width: int, height: int) -> bytes:
    """A PNG that says it has this size, and holds next to nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("width", "height"), [(8000, 7000), (60_000, 60_000), (2_000_000_000, 3), (70_000, 2), (2, 70_000)]
)
def test_a_bomb_is_refused_by_what_it_declares(width: int, height: int) -> None:
    with pytest.raises(DataError, match=r"at most 50,000,000|too large|exceeds limit"):
        pixels(declared(width, height))


def test_numbers_without_end_are_refused() -> None:
    with pytest.raises(DataError, match="70000"):
        pixels(np.zeros((1, 70_000), np.uint8))
    codec = ImageCodec.fit([noise(32, 32, 1)], reads="columns", height=2000)
    with pytest.raises(DataError, match="cut it into parts"):
        codec.encode(np.zeros((1, 60_000), np.uint8))
    with pytest.raises(DataError, match="too many"):
        ImageCodec.fit([noise(4, 4)], height=30_000, width=30_000)
    wide = ImageCodec.fit([noise(32, 32, 1)], reads="columns", height=32, window=2000, hop=1)
    with pytest.raises(DataError, match="too many"):
        wide.encode(np.zeros((32, 60_000), np.uint8))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_files_cut_short_are_refused(form: str, tmp_path: Path) -> None:
    data = saved(Image.fromarray(noise(40, 40)), form)
    codec = ImageCodec.fit([data])
    for size in (1, 10, 40, len(data) // 2, len(data) * 9 // 10):
        path = tmp_path / f"{size}.bin"
        path.write_bytes(data[:size])
        with pytest.raises(DataError, match=str(path)):
            codec.encode(path)


@given(st.data())
def test_damaged_files_are_refused_or_read(data: Any) -> None:
    whole = bytearray(
        saved(
            Image.fromarray(noise(12, 12)), data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "BMP"]))
        )
    )
    for _ in range(4):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        array, full = pixels(bytes(whole))
    except DataError:
        return
    assert array.ndim == 3
    assert full is not None


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "drawn.eps").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    )
    codec = ImageCodec.fit([np.zeros((3, 3))])
    for value, said in (
        (tmp_path / "empty.png", "empty.png: .*the file is empty"),
        (tmp_path / "text.png", "none that Pillow knows"),
        (tmp_path / "drawn.eps", "drawn by a program"),
        (tmp_path / "none.png", "no such file"),
        (tmp_path, "no such file"),
        ("x" * 5000, "expected the path of a picture"),
        ("a\0b", "expected the path of a picture"),
        (b"", "there are none"),
        (b"\x89PNG", "none that Pillow knows"),
        (None, "missing"),
        (float("nan"), "missing"),
        (3, "expected a path"),
        ({"a": 1}, "expected a path"),
        ([[1, 2], [3]], "as many numbers in each row"),
        ([["a", "b"]], "expected a path"),
        (np.zeros((3, 5, 5)), r"channels last, but got shape \(3, 5, 5\)"),
        (np.zeros((2, 5, 5, 3)), "shape"),
        (np.zeros(64), "shape"),
        (np.zeros((0, 5)), "empty"),
        (np.zeros((5, 5), complex), "complex"),
        (np.full((2, 2), np.nan), "not finite"),
        (np.full((2, 2), 1e300), "not finite"),
        (np.full((2, 2), -0.5), "black is 0"),
    ):
        with pytest.raises(DataError, match=said):
            codec.encode(value)
    with pytest.raises(DataError, match="no pictures to learn from"):
        ImageCodec.fit([])
    with pytest.raises(DataError, match=r"empty\.png"):
        ImageCodec.fit([np.zeros((3, 3)), tmp_path / "empty.png"])


def test_options_that_cannot_be_are_refused() -> None:
    for options, said in (
        ({"reads": "colums"}, "Did you mean 'columns'"),
        ({"window": 3}, "reads = 'columns'"),
        ({"reads": "columns", "window": 2, "hop": 3}, "window must be hop at least"),
        ({"height": 0}, "height must be a whole number"),
        ({"width": 2.5}, "width must be a whole number"),
        ({"max_length": -1}, "max_length must be"),
        ({"reads": "rows", "hop": "2"}, "must be a whole number"),
    ):
        with pytest.raises(UsageError, match=said):
            ImageCodec.fit([np.zeros((3, 3))], **options)


def test_arrays_need_no_pillow_and_files_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "PIL"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "PIL", None)
    codec = ImageCodec.fit([noise(9, 9)], height=4, width=4)
    assert codec.encode(noise(9, 9)).shape == (1, 48)
    with pytest.raises(MissingExtra, match=r"pip install 'hitherto\[image\]'"):
        codec.encode(png(noise(9, 9)))


# ---- augmentation


class Drawn:
    """A generator that draws what it was told, and no noise."""

    def __init__(self, *draws: float) -> None:
        self.draws = draws

    def uniform(self, low: float, high: float, size: int) -> Any:
        return np.array(self.draws)

    def normal(self, size: Any) -> Any:
        return np.zeros(size)


def test_nothing_drawn_changes_nothing() -> None:
    picture = RANDOM.random((9, 14, 3)).astype(np.float32)
    for line in (True, False):
        np.testing.assert_allclose(augmented(picture, Drawn(*[0.0] * 7), line=line), picture, atol=1e-6)
        np.testing.assert_allclose(
            augmented(picture, np.random.default_rng(0), strength=0, line=line), picture, atol=1e-6
        )


@pytest.mark.parametrize("line", [True, False])
def test_what_is_drawn_moves_the_picture_as_scipy_does(line: bool) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    picture = RANDOM.random((20, 40, 1)).astype(np.float32)
    draws = (0.5, -0.8, 0.7, 0.9, -0.6, 0.0, 0.0)
    found = augmented(picture, Drawn(*draws), background=0.25, line=line)
    high, wide, slant = 1.05, 1 - 0.12, 0.25 * 0.7
    width = round(40 * wide) if line else 40
    assert found.shape == (20, width, 1)
    # from the new pixel back to the old, about the middles, in pixels counted from their centres
    matrix = np.array([[1 / high, 0], [slant / high, 1 / wide]])
    middle, old = np.array([9.5, width / 2 - 0.5]), np.array([9.5, 19.5])
    offset = old - matrix @ (middle + np.array([0.05 * 20 * 0.9, -0.05 * 20 * 0.6]))
    expected = ndimage.affine_transform(
        picture[..., 0].astype(np.float64),
        matrix,
        offset,
        (20, width),
        order=1,
        mode="grid-constant",
        cval=0.25,
    )
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-5)


def test_strokes_become_thicker_and_thinner() -> None:
    picture = np.ones((9, 9, 1), np.float32)
    picture[4, 4] = 0
    thick = augmented(picture, Drawn(0, 0, 0, 0, 0, 1, 0))
    thin = augmented(picture, Drawn(0, 0, 0, 0, 0, -1, 0))
    assert thick.sum() < picture.sum() < thin.sum()
    assert thick[3, 4, 0] == pytest.approx(0.4)
    assert thick[3, 3, 0] == 1


def test_augmentation_follows_from_its_seed() -> None:
    codec = ImageCodec.fit([noise(32, 200, 1)], reads="columns", height=32, window=4)
    picture = codec.raw(noise(32, 200, 1))
    before = picture.copy()
    first, again, other = (codec.augmented(picture, np.random.default_rng((0, 1, i)), 1.0) for i in (7, 7, 8))
    assert np.array_equal(first, again)
    assert first.shape[1] == other.shape[1] == codec.size
    assert first.shape != other.shape  # a line may become wider or narrower
    assert np.array_equal(picture, before)
    assert np.array_equal(
        codec.augmented(picture, np.random.default_rng(0), 0.0), codec.encode(noise(32, 200, 1))
    )
    whole = ImageCodec.fit([noise(10, 12)])
    assert whole.augmented(whole.raw(noise(10, 12)), np.random.default_rng(0), 1.0).shape == (1, whole.size)


# ---- showing


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_is_read_back_by_pillow(channels: int) -> None:
    picture = noise(13, 7, channels)
    squeezed = picture[..., 0] if channels == 1 else picture
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), squeezed)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(squeezed / 255)))), squeezed)


def test_a_sheet_holds_all_that_it_shows() -> None:
    pictures = [noise(8, 8), noise(20, 300, 1), np.eye(5), noise(4, 4, 4)]
    captions = ["a <b> & 'c'", "x" * 500, "zero\0byte", ""]
    text = sheet(pictures, captions, columns=3)
    root = ET.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    images = root.findall(f".//{space}image")
    assert len(images) == 4
    assert all(image.get("href", "").startswith("data:image/png;base64,") for image in images)
    assert root.find(f".//{space}title").text == "a <b> & 'c'"  # type: ignore[union-attr]
    ratio = float(images[1].get("width", 0)) / float(images[1].get("height", 1))
    assert ratio == pytest.approx(15, rel=0.05)
    lines = [[line.text for line in group.iter(f"{space}text")] for group in root.findall(f".//{space}g")]
    assert [len(group) for group in lines] == [1, 2, 1, 0]
    assert lines[1][1].endswith("…")  # type: ignore[union-attr]
    assert ET.fromstring(sheet([], [])) is not None
    with pytest.raises(UsageError, match="a caption for each of 4"):
        sheet(pictures, captions[:2])
