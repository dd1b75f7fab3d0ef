"""Data that the benchmarks draw themselves, each from a seed: lines of text, video clips, a pen's handwriting."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    Array = np.ndarray[Any, Any]
    Point = tuple[float, float]
    Stroke = list[Point]

# ---- lines of text, as pictures

# Of the fonts that matplotlib carries, those with all letters; two are never learned from.
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic")),
    *("cmr10", "cmb10", "cmss10", "cmti10"),
)
HELD_OUT_FONTS = ("DejaVuSerif-Italic", "STIXGeneralBolIta")


def font_file(name: str) -> Path:
    from pathlib import Path

    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"


def line_image(text: str, font: str, rng: np.random.Generator) -> Array:
    """A line of text as a scanner sees it: [H, W] uint8, of any size, a little turned, grey and noisy."""
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    face = ImageFont.truetype(str(font_file(font)), int(rng.integers(22, 34)))
    left, top, right, bottom = (int(v) for v in face.getbbox(text))
    around = rng.integers(2, 8, 4)
    size = (right - left + int(around[0] + around[1]), bottom - top + int(around[2] + around[3]))
    paper, ink = int(rng.integers(200, 256)), int(rng.integers(0, 90))
    image = Image.new("L", size, paper)
    ImageDraw.Draw(image).text((int(around[0]) - left, int(around[2]) - top), text, ink, font=face)
    image = image.rotate(rng.normal() * 0.4, Image.Resampling.BILINEAR, fillcolor=paper)
    image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.9))))
    noisy = np.asarray(image, np.float64) + rng.normal(size=image.size[::-1]) * rng.uniform(0, 12)
    return np.clip(noisy, 0, 255).astype(np.uint8)


# ---- clips of two shapes, one moving after the other

COLOURS = {"red": (220, 40, 40), "green": (40, 170, 60), "blue": (50, 80, 220), "yellow": (235, 200, 40)}
SHAPES = ("circle", "square", "triangle")
MOTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
SIDE, FRAMES, FPS = 64, 24, 8
# What moves how: these are in no clip that is learned from, and every test clip has one.
HELD_OUT_ACTS = {
    ("red", "circle", "left"), ("green", "square", "up"), ("blue", "triangle", "right"),
    ("yellow", "circle", "down"), ("red", "triangle", "up"), ("blue", "square", "left"),
}  # fmt: skip

Act = tuple[str, str, str]


def clip_acts(rng: np.random.Generator, held_out: bool) -> tuple[Act, Act]:
    """What the two shapes do, in their order; they differ in colour and in shape."""
    while True:
        colours, shapes = rng.permutation(list(COLOURS))[:2], rng.permutation(SHAPES)[:2]
        motions = rng.choice(list(MOTIONS), 2)
        first, second = ((str(c), str(s), str(m)) for c, s, m in zip(colours, shapes, motions, strict=True))
        if bool({first, second} & HELD_OUT_ACTS) == held_out:
            return first, second


def clip_frames(acts: Sequence[Act], rng: np.random.Generator) -> Array:
    """[T, H, W, 3] uint8: the first shape moves in the first half of the clip, the second in the second."""
    from PIL import Image, ImageDraw

    background = tuple(int(v) for v in rng.integers(225, 256, 3))
    sizes, far = rng.uniform(5.5, 8, 2), rng.uniform(12, 17, 2)
    halves = rng.permutation(
        2
    )  # which half of the picture each keeps to, so that they do not hide each other
    aside = bool(rng.integers(2))
    begins = []
    for k, (_, _, motion) in enumerate(acts):
        way = np.array(MOTIONS[motion])
        room = np.array([16.0, 32.0]) if aside else np.array([32.0, 16.0])
        centre = room + (np.array([32.0, 0]) if aside else np.array([0, 32.0])) * halves[k]
        begins.append(centre - way * far[k] / 2 + rng.uniform(-2, 2, 2))
    frames = []
    for t in range(FRAMES):
        image = Image.new("RGB", (4 * SIDE, 4 * SIDE), background)
        pen = ImageDraw.Draw(image)
        for k, (colour, shape, motion) in enumerate(acts):
            moved = np.clip(2 * t / FRAMES - k, 0, 1) * far[k]
            x, y = 4 * (begins[k] + moved * np.array(MOTIONS[motion]))
            r = 4 * sizes[k]
            if shape == "circle":
                pen.ellipse((x - r, y - r, x + r, y + r), fill=COLOURS[colour])
            elif shape == "square":
                pen.rectangle((x - 0.9 * r, y - 0.9 * r, x + 0.9 * r, y + 0.9 * r), fill=COLOURS[colour])
            else:
                pen.polygon([(x, y - r), (x + r, y + 0.8 * r), (x - r, y + 0.8 * r)], fill=COLOURS[colour])
        frames.append(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)))
    return np.stack(frames)


def write_clip(path: Path, frames: Array) -> None:
    """An mp4 file, H.264."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "18"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def clip_caption(acts: Sequence[Act]) -> str:
    (colour, shape, motion), (other, form, way) = acts
    return f"the {colour} {shape} moves {motion} , then the {other} {form} moves {way}"


# ---- a pen's handwriting

# Each stroke's points, "xy": the line of writing is at 2, small letters reach 6, tall ones 9, and tails 0. The pen goes
# through them on a smooth curve, and turns sharply where a point stands twice.
GLYPHS = {
    "a": "45 26 04 22 43 / 46 42", "b": "09 02 / 05 26 44 22 03", "c": "45 26 04 22 43",
    "d": "45 26 04 22 43 / 49 42", "e": "04 44 44 45 26 04 22 43", "f": "38 29 17 12 / 06 36",
    "g": "45 26 04 22 43 / 46 41 20 01", "h": "09 02 / 04 26 45 42", "i": "06 02 / 08 07",
    "j": "26 21 10 00 / 28 27", "k": "09 02 / 36 04 04 32", "l": "09 03 12 22",
    "m": "06 02 / 04 16 25 22 / 24 36 45 42", "n": "06 02 / 04 26 45 42", "o": "26 04 22 44 26",
    "p": "06 00 / 05 26 44 22 03", "q": "45 26 04 22 43 / 46 40 40 51", "r": "06 02 / 04 16 36",
    "s": "45 26 05 24 43 22 03", "t": "18 13 22 32 / 06 36", "u": "06 03 22 43 / 46 42",
    "v": "06 22 22 46", "w": "06 12 12 25 25 32 32 46", "x": "06 42 / 46 02", "y": "06 23 / 46 00",
    "z": "06 46 46 02 02 42", "0": "29 07 04 22 44 47 29", "1": "07 29 29 22",
    "2": "07 29 47 34 02 02 42", "3": "08 29 47 26 26 44 22 03", "4": "39 04 04 44 / 36 32",
    "5": "49 09 09 06 06 26 44 22 03", "6": "39 16 03 22 44 25 04", "7": "09 49 49 12",
    "8": "26 08 29 48 26 04 22 44 26", "9": "47 25 07 29 47 47 32",
}  # fmt: skip
SPACE, GAP = 4.0, 2.0  # how wide nothing is, and what lies between letters
REACH = 3.5  # as far as a pen goes to the next letter without being lifted
APART = 1.2  # of two points that the pen goes through


def pen_string(rng: np.random.Generator) -> str:
    """4 to 10 letters and digits, sometimes parted by a space."""
    letters = rng.choice(list(string.ascii_lowercase), 10)
    digits = rng.choice(list(string.digits), 10)
    drawn = np.where(rng.random(10) < 0.2, digits, letters)[: rng.integers(4, 11)]
    if len(drawn) > 5 and rng.random() < 0.4:
        drawn[rng.integers(2, len(drawn) - 2)] = " "
    return "".join(drawn)


def written(text: str, rng: np.random.Generator) -> list[list[list[float]]]:
    """The strokes of a text by one hand: its size, slant, jitter, and how often it does not lift between letters."""
    slant, size, wide = rng.normal() * 0.15, rng.uniform(0.85, 1.15), rng.uniform(0.9, 1.1)
    joins, shaken = rng.choice([0, 0.6]), rng.uniform(0.05, 0.2)
    strokes: list[Array] = []
    x, lifted = 0.0, True
    for letter in text:
        if letter == " ":
            x, lifted = x + SPACE, True
            continue
        given = [[(float(p[0]), float(p[1])) for p in part.split()] for part in GLYPHS[letter].split("/")]
        across = max(px for part in given for px, _ in part)
        grown = rng.uniform(0.92, 1.08)
        for k, part in enumerate(given):
            points = np.array(part) + rng.normal(size=(len(part), 2)) * shaken
            for i in range(1, len(part)):
                if part[i] == part[i - 1]:
                    points[i] = points[i - 1]  # a sharp turn stays one
            line = curve(points)
            line = np.stack([x + wide * line[:, 0], grown * (line[:, 1] - 2)], 1)
            near = strokes and np.hypot(*(line[0] - strokes[-1][-1])) < REACH
            if k == 0 and near and not lifted and rng.random() < joins:
                strokes[-1] = np.concatenate([strokes[-1], line])
            else:
                strokes.append(line)
        x, lifted = x + wide * across + GAP * rng.uniform(0.8, 1.2), False
    found = []
    for line in strokes:
        even = spaced(line, APART)
        moved = np.stack([even[:, 0] + slant * even[:, 1], -even[:, 1]], 1) * size
        found.append(np.round(moved, 3).tolist())
    return found


def curve(points: Array, between: int = 6) -> Array:
    """A Catmull-Rom spline through the points."""
    ends = np.concatenate([points[:1], points, points[-1:]])
    t = np.arange(between)[:, None] / between
    parts = []
    for p, q, r, s in zip(ends[:-3], ends[1:-2], ends[2:-1], ends[3:], strict=True):
        parts.append(
            0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t**2 + (3 * q - p - 3 * r + s) * t**3)
        )
    return np.concatenate([*parts, points[-1:]])


def spaced(line: Array, apart: float) -> Array:
    """The line by points at even distances, about `apart`, its ends among them."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = max(1, round(along[-1] / apart))
    at = np.linspace(0, along[-1], count + 1)
    return np.stack([np.interp(at, along, line[:, k]) for k in (0, 1)], 1)


def handwriting(count: int, seed: int, but: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
    """So many rows of a text and its strokes; no text twice, and none of `but`."""
    rng, seen = np.random.default_rng(seed), set(but)
    while count:
        text = pen_string(rng)
        if text not in seen:
            seen.add(text)
            count -= 1
            yield {"text": text, "strokes": written(text, rng)}
